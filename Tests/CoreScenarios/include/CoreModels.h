// Parts of the core beside naive models of them. In a report: `runs` counts what was done, `images` what was
// compared.
#ifndef CORE_MODELS_H
#define CORE_MODELS_H

#include <stdbool.h>
#include <stdint.h>

struct scenario_report;

typedef struct memtable_model_options {
    uint64_t seed;
    uint32_t transactions;
    bool planar;       // else longitudes
    bool scalar;       // the scalar kernels
    bool tiny;         // small tails and merge ratios
    bool journal_only; // dead chunks are freed
    bool failing;      // allocations fail
    bool sparse;       // questions after few of the transactions: for long runs
} memtable_model_options;

typedef struct memtable_model_counts {
    uint64_t rows, questions, questions_with_hits, hits, crossing, nearest, offenders;
    uint64_t seals, merges, dropped, aborts_after_merge, freed_chunks, faults, id_runs;
} memtable_model_counts;

// Random transactions on a collection in memory, aborted ones included; views that are held across merges; every
// question compared with a scan of all rows. Adds to *counts.
void scenario_memtable_model(const memtable_model_options *options, memtable_model_counts *counts,
                             struct scenario_report *report);

// With history in the journal only: a chunk of rows is freed, and a view that has its last rows in its tail, all
// of them ended, is asked. `runs` is 1 when that came about and nothing was found.
void scenario_freed_chunk(bool scalar, struct scenario_report *report);

// `count` ids below 2^32 in no order, then as many above (`in_bulk`: in order, and at once): each is found, and no other is. Enough of them that tags that are
// not as different as the ids would meet.
void scenario_id_model(uint64_t seed, uint32_t count, bool in_bulk, struct scenario_report *report);

typedef struct property_model_options {
    uint64_t seed;
    uint32_t transactions;
    bool tiny;         // small tails and merge ratios
    bool journal_only; // dead chunks are freed
    bool failing;      // allocations fail
    bool numbers_only; // in two of the three properties
} property_model_options;

typedef struct property_model_counts {
    uint64_t rows, creations, builds, merges, freed_chunks, faults;
    uint64_t questions, hits, walks;
} property_model_counts;

// Random transactions on a collection with property indexes that come, go and are built between them; views
// that are held; ranges, orders, different values and aggregates compared with a plain list. Adds to *counts.
void scenario_property_model(const property_model_options *options, property_model_counts *counts,
                             struct scenario_report *report);

typedef struct series_model_options {
    uint64_t seed;
    uint32_t steps;
    uint32_t chunk_points; // 0: the default
    uint32_t batch_points; // of the largest append
    bool failing;          // allocations fail
} series_model_options;

typedef struct series_model_counts {
    uint64_t points, late_points, late_merges, deleted, aborts, faults;
    uint64_t questions, questions_with_points, windows;
} series_model_counts;

// Random appends, in order and late, deletes, commits and aborts on a series; views of any sequence, held;
// scans, copies, ends and windows compared with a plain array, sums with exact ones. Adds to *counts.
void scenario_series_model(const series_model_options *options, series_model_counts *counts,
                           struct scenario_report *report);

// Columns of every temper, summed by both kernels and cut at random, against exact sums.
void scenario_sum_model(uint64_t seed, uint32_t columns, struct scenario_report *report);
// Point batches encoded, decoded, and changed at every bit and length (`images`; `refused` of them).
void scenario_batch_model(uint64_t seed, uint32_t batches, struct scenario_report *report);
typedef struct record_model_counts {
    uint64_t with_box, crossing, without_memory;
} record_model_counts;

// Feature records of every kind of geometry: their bounding boxes against ones found in whole numbers, and every
// `changed_stride`-th record changed at every bit and length (`images`; `refused` of them). Adds to *counts.
void scenario_record_model(uint64_t seed, uint32_t records, uint32_t changed_stride,
                           record_model_counts *counts, struct scenario_report *report);

// The in-memory disk itself, on which all crashes are tried: few operations, some synced, some of those lying;
// every crash image must be one of the subsets that a model allows, and nearly every subset must occur.
// `images` counts the crashes, `distinct_images` the subsets reached, `runs` the disks.
void scenario_disk_model(uint64_t seed, uint32_t disks, uint64_t *out_subsets,
                         struct scenario_report *report);
// A torn write keeps any of its units, at absolute offsets, and all, some or none of the growth.
void scenario_torn_writes(uint64_t seeds, struct scenario_report *report);
#endif
