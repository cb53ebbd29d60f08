// Footprints: what the last commits changed in one collection or series, so that an answer that was
// kept can be told to be right still. A bounded ring; what it has lost counts as everything.
//
// Invariants
//  F1. The footprints of a commit are in the ring before the commit is published.
//  F2. For every commit above `known_from` each changed row has a footprint that covers it: where it
//      was and where it came to lie. Aborted transactions leave none.
//  F3. A transaction of many rows has footprints that each cover several of them, so that one import
//      does not fill the ring.
// THREADS: one writer at a time (the caller's writer lock) beside any number of readers; one short
// lock at commit and at each check.
#ifndef FC_INDEX_FOOTPRINTS_H
#define FC_INDEX_FOOTPRINTS_H

#include "memtable.h"

typedef struct fc_footprints fc_footprints;

// What an answer depends on: a row belongs to it that meets all of its parts. Absent parts match
// everything, present ones nothing that lacks them. The box is closed, longitudes modulo 360.
typedef struct fc_region {
    bool has_box, has_time;
    bool start_is_open, end_is_open;
    bool shapes_only; // rows with a box that are neither Point nor MultiPoint
    fc_box box;
    int64_t time_start_us, time_end_us; // half-open [start, end)
    const uint64_t *ids;                // fc_footprint_id of each id, ascending; NULL: any
    size_t id_count;
} fc_region;

typedef enum fc_change {
    FC_CHANGE_NONE = 0,    // nothing in the region changed
    FC_CHANGE_SOME = 1,    // something may have
    FC_CHANGE_UNKNOWN = 2, // the ring no longer tells, or does not yet
} fc_change;

// Faults that tests plant, to see that they are found out.
enum fc_footprint_fault {
    FC_FOOTPRINT_LATE = 1,         // a commit's footprints come with the next commit's
    FC_FOOTPRINT_OLD_MISSING = 2,  // where a row was is not noted
    FC_FOOTPRINT_EDGE_OPEN = 4,    // boxes that only touch do not meet
    FC_FOOTPRINT_WRAP_IGNORED = 8, // what was lost counts as nothing
    FC_FOOTPRINT_TIME_OPEN = 16,   // the first microsecond of a range is left out
    FC_FOOTPRINT_SERIES_MISSING = 32,
};

typedef struct fc_footprints_options {
    bool is_series;
    uint32_t capacity; // 0: 4,096; a power of two >= 16
    uint32_t faults;   // of fc_footprint_fault
} fc_footprints_options;

FC_MUST_USE fc_status fc_footprints_create(const fc_os *os, const fc_footprints_options *options,
                                           fc_footprints **out);
void fc_footprints_destroy(fc_footprints *footprints); // may be NULL
// Commits at or below `sequence` are unknown. REQUIRES: no reader yet.
void fc_footprints_forget(fc_footprints *footprints, uint64_t sequence);

// What a region's `ids` hold for an id.
uint64_t fc_footprint_id(const fc_feature_id *id);

// ---- Writer's side; none can fail, all take NULL for a collection that nobody watches -----------

// A row was put at `position` by `sequence`; the version that it supersedes is noted too.
void fc_footprints_put(fc_footprints *footprints, const fc_memtable *table, uint32_t position,
                       uint64_t sequence);
void fc_footprints_delete(fc_footprints *footprints, const fc_memtable *table, uint32_t position);
// Points came or went between two times (both included).
void fc_footprints_points(fc_footprints *footprints, int64_t first_us, int64_t last_us);
void fc_footprints_commit(fc_footprints *footprints, uint64_t sequence);
void fc_footprints_abort(fc_footprints *footprints);

// ---- Readers' side -----------------------------------------------------------------------------

// Whether a commit with `from` < sequence <= `to` touched the region.
// COST: O(footprints above `from`), 2 to 5 ns each.
fc_change fc_footprints_check(fc_footprints *footprints, uint64_t from, uint64_t to,
                              const fc_region *region);
#endif
