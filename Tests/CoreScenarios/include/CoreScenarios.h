// Scenarios that break the disk under a store and look at what is left. Written in C so that a hundred
// thousand crashes take seconds; driven and judged by the Swift tests.
#ifndef CORE_SCENARIOS_H
#define CORE_SCENARIOS_H

#include <stdbool.h>
#include <stdint.h>

#include "AllocationCount.h"
#include "CoreModels.h"
#include "LogRules.h"

// What a scenario did, and the first thing that went wrong (empty: nothing did).
typedef struct scenario_report {
    uint64_t runs;            // workloads run, whole or cut
    uint64_t images;          // crash images, flips or faults tried
    uint64_t distinct_images; // by content
    uint64_t recovered;       // stores that opened
    uint64_t refused;         // stores that were refused as corrupt
    uint64_t ambiguous;       // losses of the kind that ENGINE's rules leave open
    uint64_t io_calls;        // of the uncut workload
    uint64_t rotations, quarantined;
    uint64_t direct_groups; // of the uncut workload
    uint32_t direct;        // set before a log rule: as scenario_options.direct
    char failure[512];
} scenario_report;

typedef struct scenario_options {
    uint64_t seed;
    int durability;        // fc_durability
    uint32_t transactions; // of the workload
    uint64_t log_file_bytes;
    uint32_t seeds_per_cut; // random subsets tried for each cut
    uint32_t io_stride;     // 1: every I/O call; n: every n-th (a subset for quick runs)
    bool compress;
    uint32_t direct; // the alignment of the disk's direct writes; 0: it has none
} scenario_options;

// Cuts the workload at every I/O call; for each cut, every crash mode and tear size. Recovered must be
// a prefix that holds what was acknowledged (full) or synced (batched, none), must take new writes, and must
// open again.
void scenario_crash(const scenario_options *options, scenario_report *report);
// Crashes once in the workload, then cuts recovery at each of its I/O calls, `depth` times over.
void scenario_crash_in_recovery(const scenario_options *options, uint32_t depth,
                                scenario_report *report);
// Each call of each kind fails: EIO, ENOSPC, EINTR, short; once, and for good. Afterwards reads go on,
// nothing unpublished was seen, and a reopened store holds what was acknowledged.
void scenario_io_faults(const scenario_options *options, scenario_report *report);
// Each sync of a file or directory, and each direct write, fails and what it should have kept is lost for
// good.
void scenario_lying_syncs(const scenario_options *options, scenario_report *report);
// Every allocation fails once.
void scenario_allocation_faults(const scenario_options *options, scenario_report *report);
// Flips each bit of each file of a small store (`bit_stride` 1: each), truncates each file to each
// length (`length_stride`), removes and swaps files. `clean`: after a clean close, where nothing may be
// ambiguous; else as after a kill.
void scenario_flips(const scenario_options *options, bool clean, uint32_t bit_stride,
                    uint32_t length_stride, scenario_report *report);
// Foreign, stale, swapped, repeated and nested groups and files.
void scenario_foreign_parts(const scenario_options *options, scenario_report *report);
// A full disk at the reservation of one transaction: that one fails, nothing else does.
void scenario_full_disk(const scenario_options *options, scenario_report *report);
// `threads` writers wait on one sync (or one direct write, when `direct` is its alignment) that fails: all must
// be told; nothing of theirs is ever seen.
void scenario_failed_group(uint32_t threads, uint32_t direct, scenario_report *report);
// Eight writers commit while zeros are written ahead of them and files are rotated: all that was acknowledged is
// there after a power cut, and after closing.
void scenario_writers_beside_filler(scenario_report *report);
// Opens a snapshot of stores with 0 and `series` series; nanoseconds each, medians.
void scenario_snapshot_cost(uint32_t series, double *out_empty_ns, double *out_full_ns,
                            scenario_report *report);
#endif
