// The memtable's insides, for the files of the memtable only.
#ifndef FC_INDEX_MEMTABLE_INTERNAL_H
#define FC_INDEX_MEMTABLE_INTERNAL_H

#include "id_map.h"
#include "levels.h"
#include "question.h"
#include "sort_keys.h"

// One commit's rows with consecutive row ids.
typedef struct fc_mark {
    uint64_t sequence, row_id;
    uint32_t first, count;
} fc_mark;

enum { FC_MARKS_A_BLOCK = 1024 };

typedef struct fc_marks {
    fc_pointer_table blocks;
    uint32_t count;         // of commits that are done; guarded by the versions' mutex
    uint32_t pending_count; // the running transaction's, behind them; the writer's
} fc_marks;

static inline fc_mark *fc_marks_get(const fc_marks *marks, uint32_t index) {
    fc_mark *block = fc_pointer_table_get(&marks->blocks, index / FC_MARKS_A_BLOCK);
    return &block[index % FC_MARKS_A_BLOCK];
}
FC_MUST_USE fc_status fc_marks_reserve(fc_marks *marks, fc_versions *versions);
void fc_marks_deinit(fc_marks *marks, fc_arena *arena);
// The mark of a position among the first `count`. REQUIRES: it was committed (or is the writer's).
const fc_mark *fc_marks_of(const fc_marks *marks, uint32_t count, uint32_t position);
// The first position that snapshot `sequence` does not see. REQUIRES: the lock.
uint32_t fc_marks_limit(const fc_marks *marks, uint64_t sequence, uint32_t committed_rows);

// Positions of rows with a box that are neither Point nor MultiPoint, ascending.
enum { FC_SHAPES_A_BLOCK = 4096 };
typedef struct fc_shapes {
    fc_pointer_table blocks;
    _Atomic uint32_t count;
} fc_shapes;

typedef struct fc_undo {
    uint32_t *positions; // deleted by the running transaction, by fc_memtable_delete
    size_t count, capacity;
} fc_undo;

struct fc_memtable {
    uint64_t number; // of this memtable alone
    const fc_os *os;
    fc_arena *arena;
    fc_memtable_options options;
    bool use_simd;
    fc_versions versions;
    fc_columns columns;
    fc_id_map map;
    int64_t
        largest_id; // of the integer ids that ever came: a larger one needs no look-up. INT64_MIN: none yet
    // In bulk the map takes rows with larger and larger ids only at the end: those from here on. They are found by
    // bisection.
    uint32_t unmapped_first;
    fc_marks marks;
    fc_shapes shapes;
    fc_levels place, time;
    struct fc_property_index
        *indexes;         // by creation; changed by the writer under the versions' mutex
    uint32_t index_count; // ids that were given
    fc_tail *tail;
    bool timed;              // a row has had a time; guarded by the versions' mutex
    uint32_t committed_rows; // likewise
    // Bounds in longitude (unwrapped, rounded outwards) of all rows ever put.
    _Atomic float west, east;
    fc_key_domain domain; // number 0: none yet
    uint32_t *seal_keys;  // room to sort a tail
    uint64_t *seal_pairs;
    size_t seal_bytes;
    // The running transaction.
    bool is_open, is_bulk, mark_breaks, sealed_in_transaction;
    uint32_t first_position;
    uint64_t sequence, next_row_id, row_id_before;
    fc_undo undo;
    uint32_t puts_until_step, puts_until_index_step;
    struct {
        uint32_t chunk, row; // where the sweep that frees chunks stands
        bool is_sweeping;
    } sweep;
    fc_memtable_counters counters;
};

struct fc_view {
    fc_memtable *table;
    fc_version *version;
    uint64_t sequence;
    uint32_t limit; // rows at or beyond it are not seen
    uint32_t mark_count;
    uint32_t tail_count; // rows of the tail below the limit
    bool timed;
};

static inline uint64_t fc_memtable_horizon(const fc_memtable *table) {
    const _Atomic uint64_t *horizon = table->options.horizon;
    return horizon == NULL ? 0 : atomic_load_explicit(horizon, memory_order_acquire);
}

// Fills a version from the levels and the tail and makes it current. REQUIRES: room in `version`
// for fc_memtable_tree_count trees.
uint32_t fc_memtable_tree_count(const fc_memtable *table);
void fc_memtable_publish(fc_memtable *table, fc_version *version);
// Gives back what was made for a version that can't be published; each may be NULL.
void fc_memtable_discard(fc_memtable *table, fc_tree *place, fc_tree *time, fc_tail *tail,
                         fc_version *version);
// Sorts the full tail into trees and takes a fresh one. All or nothing.
FC_MUST_USE fc_status fc_memtable_seal(fc_memtable *table);
// Replaces tail, levels and merges by one tree of each kind.
FC_MUST_USE fc_status fc_memtable_rebuild(fc_memtable *table);
// In a plane the domain of the keys follows the data: a new one whenever they have left the present one.
void fc_memtable_fit_domain(fc_memtable *table, const float bounds[4]);
// Takes bounds (as in a tree) into those of all rows.
void fc_memtable_widen_longitudes(fc_memtable *table, const float lanes[4]);
// A tree like `tree`, with the keys of the table's present domain; NULL when there is no memory.
fc_tree *fc_memtable_rekey(fc_memtable *table, const fc_tree *tree);
// Begins the running transaction if none is.
void fc_memtable_open_transaction(fc_memtable *table, uint64_t sequence);
// Frees chunks of dead rows, a bounded step. REQUIRES: no running transaction.
void fc_memtable_sweep(fc_memtable *table, uint32_t rows_budget);

// Has the map take all rows.
FC_MUST_USE fc_status fc_memtable_map_rows(fc_memtable *table);

// Counts nodes; whether the search is to end. `watch` may be NULL.
static inline bool fc_watch_ends(fc_watch *watch, uint64_t nodes) {
    if (watch == NULL) return false;
    watch->nodes += nodes;
    if (watch->nodes < watch->next_look) return false;
    watch->next_look = watch->nodes + FC_WATCH_NODES;
    return watch->is_due != NULL && watch->is_due(watch->context);
}

static inline bool fc_view_sees(const fc_view *view, uint32_t position) {
    if (position >= view->limit) return false;
    const fc_chunk *chunk = fc_columns_chunk(&view->table->columns, position);
    if (chunk == NULL) return false;
    return !fc_chunk_has_ended(chunk, position, view->sequence);
}
// The visible ones of the `count` rows from `first` on, as bits; `first` is a multiple of 64, `count` at most 64.
static inline uint64_t fc_view_visible_rows(const fc_view *view, const fc_chunk *chunk,
                                            uint32_t first, uint32_t count) {
    uint64_t rows = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    uint64_t dead =
        atomic_load_explicit(&chunk->dead[(first & FC_CHUNK_MASK) / 64], memory_order_acquire);
    if (dead != 0 && fc_chunk_all_ended(chunk, first, view->sequence)) return rows & ~dead;
    for (uint64_t doubtful = dead & rows; doubtful != 0; doubtful &= doubtful - 1) {
        uint32_t row = (uint32_t)__builtin_ctzll(doubtful);
        if (fc_chunk_deleted(chunk, first + row) <= view->sequence) rows &= ~(UINT64_C(1) << row);
    }
    return rows;
}
void fc_view_probe(const fc_view *view, const fc_question *question, fc_probe *probe);
#endif
