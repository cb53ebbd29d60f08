// The memtable: all rows of one collection in memory, with its place and time indexes and id map.
// Log-structured: append-only columns by *position*, a SIMD-scanned tail, immutable packed runs
// merged in levels by bounded steps. SOURCE: docs/ARCHITECTURE.md, "Memtable".
//
// Invariants
//  M1. A position is given once, in the order of application, and never moves or comes back, aborted
//      ones included. Position order is commit order.
//  M2. `deleted` is FC_LIVE, the sequence that superseded or deleted the row, or 0 (aborted).
//      Snapshot s sees a row if it was created at or before s (its position is below the limit that the
//      commit marks give for s) and `deleted` > s.
//  M3. Every row that a snapshot >= horizon can see is in the tail or in exactly one run (of the place
//      tree when it has a box, of the time tree when it has a time). Merges drop only rows with
//      `deleted` <= horizon.
//  M4. Tails and runs never change once readers can hold them, but for rows appended to the open tail
//      beyond the length that a reader has seen.
//  M5. The id map points at the newest applied version of an id, deleted ones included; `older`
//      leads from it to the versions before.
// THREADS: one writer at a time (the caller's writer lock) beside any number of readers. Readers take
// a short lock to make a view, none to search.
#ifndef FC_INDEX_MEMTABLE_H
#define FC_INDEX_MEMTABLE_H

#include <stdatomic.h>

#include "../codec/record.h"
#include "../os/os.h"

#define FC_LIVE UINT64_MAX
#define FC_NO_POSITION UINT32_MAX

typedef struct fc_memtable fc_memtable;
typedef struct fc_view fc_view;
typedef struct fc_arena fc_arena; // pre-faulted, recycled blocks shared by a store's memtables

FC_MUST_USE fc_status fc_arena_create(const fc_os *os, fc_arena **out);
void fc_arena_destroy(fc_arena *arena); // REQUIRES: everything allocated from it is released
typedef struct fc_arena_statistics {
    uint64_t bytes_in_use, bytes_recycled, bytes_peak;
} fc_arena_statistics;
fc_arena_statistics fc_arena_read_statistics(fc_arena *arena);

typedef enum fc_kernels {
    FC_KERNELS_BEST = 0, // chosen at run time
    FC_KERNELS_SCALAR = 1,
} fc_kernels;

typedef struct fc_memtable_options {
    bool planar;        // x is a plain number, not a longitude modulo 360; west <= east
    bool journal_only;  // free dead chunks of rows (Configuration.history = .journalOnly)
    uint32_t tail_rows; // 0: 512; a power of two >= 8
    uint32_t merge_ratio_first, merge_ratio; // 0: 32 and 8; >= 2
    uint32_t id_streak;                      // 0: 64; ids in a row before a run of the map begins
    fc_kernels kernels;
    // Rows with `deleted` <= *horizon are invisible to every open and future snapshot. It only grows.
    const _Atomic uint64_t *horizon;
} fc_memtable_options;

FC_MUST_USE fc_status fc_memtable_create(const fc_os *os, fc_arena *arena,
                                         const fc_memtable_options *options, fc_memtable **out);
void fc_memtable_destroy(fc_memtable *table); // REQUIRES: no views

// ---- Writer's side. REQUIRES: the writer lock. -------------------------------------------------

typedef struct fc_row {
    fc_feature_id id;
    bool has_box, has_time;
    bool is_point; // Point or MultiPoint: nearest in metres can measure it
    fc_box box;
    int64_t time_start_us, time_end_us; // closed
    fc_bytes record;                    // copied; may be empty (index-only use)
} fc_row;

// Looks up the newest applied version of an id, also within the running transaction. Returns whether
// there is a live one; *out_position is the newest version, dead ones included, or FC_NO_POSITION.
bool fc_memtable_find(const fc_memtable *table, const fc_feature_id *id, uint32_t *out_position);
// Adds a row as the newest version of its id; a live version before gets deleted = sequence.
// `sequence` is the running transaction's. Whole or not at all: after an error nothing has changed.
FC_MUST_USE fc_status fc_memtable_put(fc_memtable *table, const fc_row *row, uint64_t sequence,
                                      uint32_t *out_position);
// Marks a live row as deleted by `sequence`. Cannot fail once it has been checked live, but for the
// memory of the undo list.
FC_MUST_USE fc_status fc_memtable_delete(fc_memtable *table, uint32_t position, uint64_t sequence);
// Ends the transaction. Neither can fail. `first_row_id` is the row id of the first of this
// table's rows in the transaction when its rows are consecutive; see fc_memtable_put_row_id.
void fc_memtable_commit(fc_memtable *table, uint64_t sequence);
void fc_memtable_abort(fc_memtable *table);
// The rows put since the last commit or abort get row ids from `row_id` on, one by one; called before
// a put whenever its row id does not follow its predecessor's. (Row ids are dense over the store, so a
// transaction that alternates between collections calls it at each switch. An abort takes the row id
// back to where it was before the transaction.)
FC_MUST_USE fc_status fc_memtable_set_row_id(fc_memtable *table, uint64_t row_id);

// What the writer needs of a row in memory: its record, and its row id (also of rows of the running
// transaction). REQUIRES: a position from fc_memtable_find or fc_memtable_put. Also while bulk loading.
fc_bytes fc_memtable_record(const fc_memtable *table, uint32_t position);
uint64_t fc_memtable_row_id(const fc_memtable *table, uint32_t position);

// Bulk loading, for recovery and builds: between the two calls rows only go to the columns and the id
// map, and no view may be taken; end_bulk sorts them into one packed run.
void fc_memtable_begin_bulk(fc_memtable *table);
FC_MUST_USE fc_status fc_memtable_end_bulk(fc_memtable *table);
// Finishes every pending merge and folds all runs into one ("packed").
FC_MUST_USE fc_status fc_memtable_pack(fc_memtable *table);

// ---- Readers' side -----------------------------------------------------------------------------

// What snapshot `sequence` sees. THREADS: any. COST: one short lock, O(log commits).
FC_MUST_USE fc_status fc_memtable_view(fc_memtable *table, uint64_t sequence, fc_view **out);
// What the running transaction sees: all applied rows and its own. Valid until its next change.
FC_MUST_USE fc_status fc_memtable_writer_view(fc_memtable *table, uint64_t sequence, fc_view **out);
void fc_view_release(fc_view *view); // may be NULL

// Watches over a search: counts the nodes of trees that it looks at, and may end it.
typedef struct fc_watch {
    // May be NULL. Asked from time to time, after a fraction of a millisecond's work; true ends the search with
    // FC_STATUS_CANCELLED.
    bool (*is_due)(void *context);
    void *context;
    uint64_t nodes;     // so far
    uint64_t next_look; // when there have been so many
} fc_watch;
enum { FC_WATCH_NODES = 4096 }; // from one look to the next

// A question. Absent parts match everything; place and time must both hold.
typedef struct fc_question {
    bool has_box;
    bool within; // the row's box lies within `box`; else intersects it
    fc_box box;
    bool has_time;
    bool start_is_open, end_is_open;
    int64_t time_start_us, time_end_us; // half-open [start, end)
    fc_watch *watch;                    // how it is asked: may be NULL
} fc_question;

// A growable list of positions in the caller's storage.
typedef struct fc_positions {
    uint32_t *data;
    size_t count, capacity;
    const fc_allocator *memory;
} fc_positions;
void fc_positions_init(fc_positions *positions, const fc_allocator *memory);
void fc_positions_deinit(fc_positions *positions);
// Room for `additional` more behind `count`; at least doubles when it grows.
FC_MUST_USE fc_status fc_positions_reserve(fc_positions *positions, size_t additional);

// Appends the positions of up to `limit` visible rows, in no order, each once.
FC_MUST_USE fc_status fc_view_search(const fc_view *view, const fc_question *question, size_t limit,
                                     fc_positions *out);
FC_MUST_USE fc_status fc_view_count(const fc_view *view, const fc_question *question,
                                    uint64_t *out_count);
// Integer ids straight into the caller's array of `capacity`; *out_count is how many there are in
// all (which may exceed it). Rows with text ids make it FC_STATUS_UNSUPPORTED.
FC_MUST_USE fc_status fc_view_integer_ids(const fc_view *view, const fc_question *question,
                                          int64_t *out_ids, size_t capacity, size_t *out_count);

typedef struct fc_neighbor {
    double distance; // metres, or plane units
    uint64_t raw_id; // see fc_view_neighbor_id
    uint32_t position;
} fc_neighbor;
typedef struct fc_neighbors {
    fc_neighbor *data;
    size_t count, capacity;
    const fc_allocator *memory;
} fc_neighbors;
void fc_neighbors_init(fc_neighbors *neighbors, const fc_allocator *memory);
void fc_neighbors_deinit(fc_neighbors *neighbors);

// The k nearest of the rows that answer `question` (may be NULL), at most `max_distance` away
// (closed; INFINITY for no bound), sorted by distance, then id. k = SIZE_MAX: all within. Planar: distance to the
// row's box. In metres: to the nearest point of a Point or MultiPoint (fc_geodesic_distance_m); a visible row that
// has a box, answers `question` and is neither is FC_STATUS_UNSUPPORTED_GEOMETRY with its position in
// *out_offender, wherever it lies.
FC_MUST_USE fc_status fc_view_nearest_planar(const fc_view *view, double x, double y, size_t k,
                                             double max_distance, const fc_question *question,
                                             fc_neighbors *out);
FC_MUST_USE fc_status fc_view_nearest_m(const fc_view *view, double longitude, double latitude,
                                        size_t k, double max_distance_m,
                                        const fc_question *question, fc_neighbors *out,
                                        uint32_t *out_offender);
// What fc_view_id says of its position, without a look at the columns unless there are texts.
fc_feature_id fc_view_neighbor_id(const fc_view *view, const fc_neighbor *neighbor);

// The version of an id that the view sees; false when there is none.
bool fc_view_find(const fc_view *view, const fc_feature_id *id, uint32_t *out_position);
// Whether the row at `position` answers the question exactly and is visible.
bool fc_view_matches(const fc_view *view, uint32_t position, const fc_question *question);

// A row's parts. Borrowed until the view is released. REQUIRES: a position that this view returned.
fc_bytes fc_view_record(const fc_view *view, uint32_t position);
// Starts to load the records of `count` rows into the cache, for a caller that will read them in turn: on
// data larger than the cache a record is a miss or two. A hint, no more.
void fc_view_prefetch(const fc_view *view, const uint32_t *positions, size_t count);
fc_feature_id fc_view_id(const fc_view *view, uint32_t position);
// The integer ids of `count` rows; false when one is a text. COST: the misses overlap.
bool fc_view_integer_ids_at(const fc_view *view, const uint32_t *positions, size_t count,
                            int64_t *out_ids);
bool fc_view_box(const fc_view *view, uint32_t position, fc_box *out_box);
bool fc_view_time(const fc_view *view, uint32_t position, int64_t *out_start_us,
                  int64_t *out_end_us);
// `created`, `deleted` (FC_LIVE), row id.
void fc_view_life(const fc_view *view, uint32_t position, uint64_t *out_created,
                  uint64_t *out_deleted, uint64_t *out_row_id);

// What the view holds, for planner and tests: visible rows are at most `rows`.
typedef struct fc_view_estimate {
    uint64_t rows, runs, tail_rows;
    bool has_bounds, has_times;
    fc_box bounds; // unwrapped: east may exceed 180
    int64_t time_min_us, time_max_us;
} fc_view_estimate;
fc_view_estimate fc_view_read_estimate(const fc_view *view);

// ---- Parts of a source, for the planner and what carries out its plans -------------------------

// Appends the positions of up to `limit` visible rows of [first, end) that answer, ascending, straight from the
// columns. *out_next: where to go on; `end` (or the view's last row) when all were looked at. COST: about a
// nanosecond a row looked at.
FC_MUST_USE fc_status fc_view_scan(const fc_view *view, const fc_question *question, uint32_t first,
                                   uint32_t end, size_t limit, fc_positions *out,
                                   uint32_t *out_next);
// Keeps those of the positions that lie in [first, end) and answer, exactly, in their order. REQUIRES: visible
// rows.
void fc_view_restrict(const fc_view *view, const fc_question *question, uint32_t first,
                      uint32_t end, fc_positions *in_out);

typedef struct fc_sampled_row {
    uint32_t position;
    bool has_box, has_time;
    fc_box box;
    int64_t time_start_us, time_end_us;
} fc_sampled_row;
// Visible rows from all over [first, end), at most `capacity`, the same ones each time; *out_looked_at: of how
// many rows these are the visible ones (all of them when there are no more than `capacity`).
size_t fc_view_sample(const fc_view *view, uint32_t first, uint32_t end, size_t capacity,
                      fc_sampled_row *out, uint64_t *out_looked_at);

// What no row of [first, end) reaches beyond, whether it is seen or not (so it holds for every snapshot). `box`
// is unwrapped: east may exceed 180, and is rounded where it was. COST: O(rows).
typedef struct fc_row_bounds {
    bool has_box, has_time;
    fc_box box;
    int64_t time_min_us, time_max_us;
} fc_row_bounds;
fc_row_bounds fc_view_bounds(const fc_view *view, uint32_t first, uint32_t end);

// How far a collection has come: positions that the view spans, and how often a row of it ended.
typedef struct fc_view_size {
    // Another for each memtable of the process. (A collection's number comes again where its creation is undone.)
    uint64_t table;
    uint32_t positions;
    uint64_t dead_marks;
} fc_view_size;
fc_view_size fc_view_read_size(const fc_view *view);

// ---- For tests and benchmarks ------------------------------------------------------------------

typedef struct fc_memtable_counters {
    uint64_t rows, live_rows, seals, merges[8], dropped_rows, aborts, aborts_after_merge, map_grows,
        id_runs, freed_chunks, index_merges;
    uint64_t bytes_columns, bytes_records, bytes_runs, bytes_runs_peak, bytes_id_map, bytes_times,
        bytes_indexes;
} fc_memtable_counters;
fc_memtable_counters fc_memtable_read_counters(const fc_memtable *table);
// Walks every invariant; aborts the process with a message when one does not hold. COST: O(n log n).
void fc_memtable_check(const fc_memtable *table);
#endif
