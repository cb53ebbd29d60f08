// What the files of a series share. Not for others: the contract is series.h.
//
//   in order   a directory of chunks; point i lies at a fixed place in chunk k:
//                k    0      1      2       …   g            g + 1   g + 2  …
//                from 0      f      2f          2^(g-1)·f    c       2c         (f first, c full)
//              so that a short series stays small, and no chunk ever moves.
//   late       runs sorted by (time, arrival), each more than twice as long as all after it when it
//              was made, and an append-only tail in order of arrival
//   deletes    every deleting transaction of the series has an ordinal, from 1; a point's mark is the
//              ordinal that deleted it, 0 while it lives. A view knows how many ordinals it sees.
//              Marks are kept per block, and only in blocks where something was deleted: deleting costs
//              what it deletes, reading what it reads, and no list of tombstones has to be sorted.
//
// Sharing. What a view may read is written before the view is made, under the series' lock: columns
// up to its lengths, directory and late state. Beside that only marks, metadata pointers and
// statistics change under it, which are atomic. Marks above the view's ordinal mean nothing to it.
#ifndef FC_INDEX_SERIES_INTERNAL_H
#define FC_INDEX_SERIES_INTERNAL_H

#include "series.h"
#include "series_sum.h"

#define FC_SERIES_CHUNK_BYTES 65536u // the default chunk is at most this large (and 4,096 points)
#define FC_SERIES_CHUNK_POINTS 4096u
#define FC_SERIES_FIRST_LOG2 4u // the first chunk's points, as a power of two
#define FC_SERIES_TAIL_POINTS 256u
#define FC_SERIES_RUNS_MAX 64u

typedef _Atomic uint32_t fc_series_mark;

// One field of a full chunk, summed once: a seqlock whose words are atomic, see series_statistics.c.
#define FC_SERIES_STATISTIC_WORDS 11u
typedef struct fc_series_statistic {
    _Atomic uint64_t version; // odd: being written; 0: never written
    _Atomic uint64_t words[FC_SERIES_STATISTIC_WORDS];
} fc_series_statistic;

// Columns of points: a chunk, a late run or a late tail.
typedef struct fc_series_block {
    _Atomic uint32_t references; // by late states; a chunk has one
    fc_series_mark whole_mark;   // deletes every point that has no mark of its own
    fc_series_mark newest_mark;  // the largest mark in the block
    uint32_t prior_mark;         // newest_mark before the running transaction (writer's)
    size_t capacity;             // the stride of `values`
    size_t count;                // of a run
    size_t dead_count;           // points with a mark (writer's)
    uint64_t arrival_end;        // one more than the largest arrival (runs)
    uint64_t *arrivals;          // of a run: position in order of arrival; else NULL
    double *values;              // field_count columns
    _Atomic(fc_bytes *) metadata;
    _Atomic(fc_series_mark *) marks;
    _Atomic(fc_series_statistic *) statistics; // field_count, of a chunk
    int64_t times_us[];
} fc_series_block;

typedef struct fc_series_entry {
    int64_t first_us; // the chunk's first point; set when there is one
    fc_series_block *chunk;
} fc_series_entry;

typedef struct fc_series_directory {
    struct fc_series_directory *retired; // the one before: views may still read it
    size_t capacity;
    fc_series_entry entries[];
} fc_series_directory;

// The in-order points that somebody sees.
typedef struct fc_series_order {
    const fc_series_entry *entries;
    uint64_t length;
    uint32_t first_log2, full_log2;
} fc_series_order;

// The late points' structure. Immutable but for the reference count (and the tail's unseen part).
typedef struct fc_series_late {
    _Atomic uint32_t references;
    uint32_t run_count;
    uint64_t tail_base;    // the arrival of the tail's first point
    fc_series_block *tail; // or NULL
    fc_series_block *runs[];
} fc_series_late;

typedef struct fc_series_commit_mark {
    uint64_t sequence, length, late_length;
    uint32_t deletes;
} fc_series_commit_mark;

// Row ids, run-length: point `index` on (in order of its buffer) has row_id, row_id + 1, …
typedef struct fc_series_row_run {
    uint64_t index, row_id;
} fc_series_row_run;
typedef struct fc_series_rows {
    fc_series_row_run *runs;
    size_t count, capacity;
} fc_series_rows;

typedef struct fc_series_arena_block {
    struct fc_series_arena_block *before;
    size_t capacity, used;
    uint8_t bytes[];
} fc_series_arena_block;

struct fc_series {
    const fc_os *os;
    const fc_allocator *memory;
    const _Atomic uint64_t *horizon;
    fc_mutex *mutex; // guards directory, late and the commit marks against readers
    uint32_t field_count, tail_points;
    uint32_t first_log2, full_log2;

    // Appending (writer's).
    uint64_t length, late_length;
    int64_t newest_us;           // of the newest in-order point; INT64_MIN without one
    fc_series_block *open_chunk; // where point `length` goes, or NULL before it is reserved
    uint64_t open_start, open_end;
    uint64_t next_row_id; // that the last run of order_rows expects
    bool open_is_plain;   // the open chunk has no metadata
    _Atomic bool has_metadata;
    size_t chunk_count;
    fc_series_directory *directory;
    fc_series_rows order_rows, late_rows;
    fc_series_arena_block *arena;

    fc_series_late *late; // or NULL
    // As the running transaction found it, from its first change of structure on.
    fc_series_late *undo_late;
    bool has_undo_late;

    // Commit marks above the base, oldest first, from mark_start on.
    fc_series_commit_mark base, committed;
    fc_series_commit_mark *marks;
    size_t mark_start, mark_count, mark_capacity;
    fc_series_arena_block *committed_arena;
    size_t committed_arena_used;
    uint32_t deletes;              // ordinals in use, the running transaction's included
    uint64_t committed_tombstones; // delete calls that deleted something

    _Atomic uint64_t bytes, tombstones, late_merges, aborts, views;
};

struct fc_series_view {
    fc_series *series;
    fc_series_order order;
    fc_series_late *late; // NULL when no late point is visible
    uint64_t late_length;
    uint32_t deletes, field_count;
    bool has_metadata;
    bool is_writers; // sees the running transaction: leaves the statistics alone
};

// ---- series_block.c: memory and blocks ---------------------------------------------------------

void *fc_series_allocate(fc_series *series, size_t size); // NULL when there is no memory
void fc_series_free(fc_series *series, void *block, size_t size);
// An empty block; NULL when there is no memory.
fc_series_block *fc_series_block_create(fc_series *series, size_t capacity, bool is_run);
void fc_series_block_release(fc_series *series, fc_series_block *block); // may be NULL
bool fc_series_block_need_marks(fc_series *series, fc_series_block *block);
bool fc_series_block_need_metadata(fc_series *series, fc_series_block *block);
// The mark of a point, the whole block's included.
uint32_t fc_series_block_mark(const fc_series_block *block, size_t position);
// Notes that the running transaction (ordinal `mark`) deletes in the block.
void fc_series_block_touch(fc_series_block *block, uint32_t mark);
void fc_series_block_unmark(fc_series_block *block, uint32_t mark); // an abort
void fc_series_block_copy(fc_series *series, fc_series_block *to, size_t to_position,
                          const fc_series_block *from, size_t from_position);
// The first stretch of points in [from, to) that somebody who sees `deletes` ordinals sees; false
// when there is none. Backwards: the last one.
bool fc_series_block_live(const fc_series_block *block, uint32_t deletes, size_t from, size_t to,
                          bool backwards, size_t *out_from, size_t *out_to);
// The first (or, backwards, the last) such point.
bool fc_series_block_find(const fc_series_block *block, uint32_t deletes, size_t from, size_t to,
                          bool backwards, size_t *out_position);
uint64_t fc_series_block_count(const fc_series_block *block, uint32_t deletes, size_t from,
                               size_t to);

static inline const fc_bytes *fc_series_block_metadata(const fc_series_block *block) {
    return atomic_load_explicit(&block->metadata, memory_order_acquire);
}

// ---- series_chunks.c: the in-order buffer ------------------------------------------------------

static inline size_t fc_series_chunk_of(uint64_t index, uint32_t first_log2, uint32_t full_log2) {
    if (index >> full_log2 != 0) return full_log2 - first_log2 + (size_t)(index >> full_log2);
    uint64_t units = index >> first_log2;
    return units == 0 ? 0 : (size_t)(64 - __builtin_clzll(units));
}
static inline uint64_t fc_series_chunk_start(size_t chunk, uint32_t first_log2,
                                             uint32_t full_log2) {
    if (chunk == 0) return 0;
    if (chunk > full_log2 - first_log2)
        return (uint64_t)(chunk - (full_log2 - first_log2)) << full_log2;
    return (uint64_t)1 << (first_log2 + chunk - 1);
}
static inline size_t fc_series_chunk_capacity(size_t chunk, uint32_t first_log2,
                                              uint32_t full_log2) {
    if (chunk == 0) return (size_t)1 << first_log2;
    if (chunk > full_log2 - first_log2) return (size_t)1 << full_log2;
    return (size_t)1 << (first_log2 + chunk - 1);
}

// A place in the in-order buffer: a chunk and the part of it that an index range covers.
typedef struct fc_series_part {
    fc_series_block *chunk;
    size_t from, to;
    bool is_whole; // the chunk is full, and all of it is covered
} fc_series_part;
// The part of [from, to) in the chunk that holds `from`. REQUIRES: from < to <= length.
fc_series_part fc_series_order_part(const fc_series_order *order, uint64_t from, uint64_t to);
// The same for the chunk that holds to - 1.
fc_series_part fc_series_order_last_part(const fc_series_order *order, uint64_t from, uint64_t to);
int64_t fc_series_order_time(const fc_series_order *order, uint64_t index);
// The first index >= from whose time is >= time_us, or `length`.
uint64_t fc_series_order_seek(const fc_series_order *order, uint64_t from, int64_t time_us);
fc_series_order fc_series_writer_order(const fc_series *series);
// The first of `count` rising times that is >= time_us.
size_t fc_series_lower_bound(const int64_t *times_us, size_t count, int64_t time_us);

// Makes room for `count` more points (with metadata columns where asked); false without memory.
bool fc_series_order_reserve(fc_series *series, uint64_t count, bool with_metadata);
// Appends points [from, from + count) of the batch. REQUIRES: reserved. `metadata` is the copied bytes, or NULL.
void fc_series_order_put(fc_series *series, const fc_points *points, uint32_t from, uint32_t count,
                         const uint8_t *metadata);
// Cuts back to `length`.
void fc_series_order_cut(fc_series *series, uint64_t length);
void fc_series_order_destroy(fc_series *series);
fc_bytes fc_series_points_metadata(const fc_points *points, const uint8_t *metadata, uint32_t i);

// ---- series_late.c: the late buffer ------------------------------------------------------------

// The late points of a batch: `count` indexes into it.
typedef struct fc_series_late_batch {
    const fc_points *points;
    const uint8_t *metadata;
    const uint32_t *indexes;
    size_t count;
} fc_series_late_batch;
// Does all that can fail of adding the batch: *out_state is the state to change to, or NULL when the
// tail has room.
FC_MUST_USE fc_status fc_series_late_prepare(fc_series *series, const fc_series_late_batch *batch,
                                             fc_series_late **out_state);
void fc_series_late_apply(fc_series *series, const fc_series_late_batch *batch,
                          fc_series_late *state);
fc_series_late *fc_series_late_retain(fc_series_late *late); // may be NULL
void fc_series_late_release(fc_series *series, fc_series_late *late);
static inline size_t fc_series_tail_count(const fc_series_late *late, uint64_t late_length) {
    return late_length > late->tail_base ? (size_t)(late_length - late->tail_base) : 0;
}

// ---- series.c, series_tombstones.c, series_commits.c -------------------------------------------

// Makes sure that the next commit finds room for its mark; false without memory.
bool fc_series_reserve_commit(fc_series *series);
// Notes what `sequence` has committed. REQUIRES: reserved, if anything has changed.
void fc_series_push_commit(fc_series *series, uint64_t sequence);
// Takes back the running transaction's marks. REQUIRES: the late state is the one that will stay.
void fc_series_undo_deletes(fc_series *series);
// The row id of in-order point `index`, or of late arrival `index`. REQUIRES: the writer lock.
uint64_t fc_series_rows_find(const fc_series_rows *rows, uint64_t index);
bool fc_series_rows_reserve(fc_series *series, fc_series_rows *rows, size_t count);
void fc_series_rows_put(fc_series_rows *rows, uint64_t index, uint64_t row_id);
void fc_series_rows_cut(fc_series_rows *rows, uint64_t length);

// ---- series_sources.c, series_merge.c: reading -------------------------------------------------

// A time range with both ends in it. False when it holds no time.
bool fc_series_range_close(const fc_time_range *range, int64_t *out_from_us, int64_t *out_to_us);

// The late points of a range, per run (in order of time, then arrival) and the tail (sorted).
typedef struct fc_series_source {
    const fc_series_block *block;
    size_t at, end;        // positions still to come (or, of the tail, places in `tail_order`)
    const uint16_t *order; // the tail's positions, NULL for a run
} fc_series_source;
typedef struct fc_series_sources {
    uint64_t late_length, tail_base;
    uint32_t deletes;
    size_t count;
    fc_series_source items[FC_SERIES_RUNS_MAX + 1];
    uint16_t tail_order[FC_SERIES_TAIL_POINTS];
} fc_series_sources;
void fc_series_sources_init(fc_series_sources *sources, const fc_series_view *view, int64_t from_us,
                            int64_t to_us);
// Skips points that the view does not see; false (and the source ends) when none is left.
bool fc_series_source_settle(const fc_series_sources *sources, fc_series_source *source);
// The next visible points up to to_us that lie together, taken off the source; false when there are none.
bool fc_series_source_take(const fc_series_sources *sources, fc_series_source *source,
                           int64_t to_us, size_t *out_from, size_t *out_count);
bool fc_series_source_settle_back(const fc_series_sources *sources, fc_series_source *source);
static inline size_t fc_series_source_position(const fc_series_source *source, size_t at) {
    return source->order != NULL ? source->order[at] : at;
}
static inline uint64_t fc_series_source_arrival(const fc_series_sources *sources,
                                                const fc_series_source *source, size_t at) {
    return source->order != NULL ? sources->tail_base + source->order[at]
                                 : source->block->arrivals[at];
}

// The visible points of a range in order (or backwards), in spans of one block's columns.
typedef struct fc_series_merge {
    const fc_series_view *view;
    bool backwards;
    uint64_t at, end; // in-order points still to come: [at, end)
    uint64_t limit;   // in-order points up to here (backwards: from here) precede the late point
    fc_series_source *top; // the source of the next late point, or NULL
    int64_t top_us;
    bool is_top_due; // `limit` is the top's: it comes once the in-order points up to there are out
    bool has_second; // the nearest late point of another source is at second_us
    int64_t second_us;
    fc_series_sources sources;
} fc_series_merge;
typedef struct fc_series_span {
    const fc_series_block *block;
    size_t from, count; // backwards: to be taken from the last on
    bool is_direct;     // nothing late or deleted is near
} fc_series_span;
void fc_series_order_range(const fc_series_view *view, int64_t from_us, int64_t to_us,
                           uint64_t *out_from, uint64_t *out_to);
void fc_series_merge_init(fc_series_merge *merge, const fc_series_view *view, int64_t from_us,
                          int64_t to_us, bool backwards);
bool fc_series_merge_next(fc_series_merge *merge, fc_series_span *out_span);

// ---- series_statistics.c -----------------------------------------------------------------------

// What a window needs of some in-order points of one field, in time order.
typedef struct fc_series_totals {
    fc_sum sum;
    uint64_t points;
    double first, last; // values; while sum.count is 0 meaningless
    int64_t first_us, last_us;
} fc_series_totals;
void fc_series_totals_init(fc_series_totals *totals);
// Adds the visible points of [from, to), which are not older than those before.
void fc_series_totals_add(fc_series_totals *totals, const fc_series_view *view, uint32_t field,
                          uint64_t from, uint64_t to);
#endif
