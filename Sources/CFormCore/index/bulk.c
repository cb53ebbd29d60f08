// Bulk loading and packing: one tree of all rows.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "packing.h"
#include "property_internal.h"

enum { BATCH = 256 };

// Keys of boxes, many at once.
typedef struct key_batch {
    const fc_key_domain *domain;
    fc_packing *packing;
    uint32_t count;
    uint32_t keys[BATCH];
    float lanes[4 * BATCH];
} key_batch;

static void flush(key_batch *batch) {
    fc_hilbert_keys(batch->domain, batch->lanes, BATCH, batch->count, batch->keys);
    fc_packing_keys(batch->packing, batch->keys, batch->count);
    batch->count = 0;
}

static inline void add_box(key_batch *batch, const float lanes[4]) {
    for (unsigned lane = 0; lane < 4; lane++)
        batch->lanes[lane * BATCH + batch->count] = lanes[lane];
    if (++batch->count == BATCH) flush(batch);
}

static inline void widen(float bounds[4], const float lanes[4]) {
    for (unsigned lane = 0; lane < 4; lane++)
        bounds[lane] = lanes[lane] < bounds[lane] ? lanes[lane] : bounds[lane];
}

// ---- The rows of a table -----------------------------------------------------------------------

// All rows that have what `flag` says and may be seen by somebody, by position: what is gone over more than once.
typedef struct row_pass {
    const fc_memtable *table;
    unsigned flag;
    uint64_t horizon;
    bool is_clean; // no row has ended
    // The block of rows that the pass stands at.
    const fc_chunk *chunk;
    uint32_t first, row, count; // its position, its place in the chunk, and how many rows it has
    bool has_all;               // every row of the block is one
    float lanes[BATCH][4];      // of their boxes, where there are
} row_pass;

static void start(row_pass *pass) {
    pass->first = 0;
    pass->count = 0;
}

static bool has_all(const row_pass *pass) {
    unsigned flags = pass->is_clean ? pass->flag : 0;
    for (uint32_t i = 0; i < pass->count; i++)
        flags &= pass->chunk->flags[pass->row + i];
    return flags != 0;
}

// Goes to the next block; false at the end.
static bool next_block(row_pass *pass, bool with_boxes) {
    const fc_columns *columns = &pass->table->columns;
    pass->first += pass->count;
    while (pass->first < columns->rows) {
        pass->chunk = fc_columns_chunk(columns, pass->first);
        uint32_t left = columns->rows - pass->first;
        pass->row = pass->first & FC_CHUNK_MASK;
        pass->count = left < BATCH ? left : BATCH; // chunks are multiples
        if (pass->chunk != NULL) {
            pass->has_all = has_all(pass);
            if (with_boxes)
                fc_box_lanes_of_many(&pass->chunk->boxes[pass->row], pass->count,
                                     pass->table->options.planar, pass->table->use_simd,
                                     pass->lanes);
            return true;
        }
        pass->first += pass->count;
    }
    return false;
}

// Whether row `i` of the block is one.
static inline bool belongs(const row_pass *pass, uint32_t i) {
    if (pass->has_all) return true;
    return pass->chunk->flags[pass->row + i] & pass->flag &&
           (pass->is_clean || !fc_chunk_has_ended(pass->chunk, pass->row + i, pass->horizon));
}

typedef struct row_count {
    size_t count, timed;
} row_count;

static row_count count_rows(row_pass *pass) {
    row_count rows = {0, 0};
    for (start(pass); next_block(pass, false);) {
        for (uint32_t i = 0; i < pass->count; i++) {
            const bool is_one = belongs(pass, i);
            rows.count += is_one;
            rows.timed += is_one & (pass->chunk->flags[pass->row + i] / FC_ROW_TIME & 1);
        }
    }
    return rows;
}

// The boxes of a block whose rows all belong, into the bounds. (Taking whole blocks at once, here and where they are
// keyed, is a tenth of a build.)
static void widen_by_all(const row_pass *pass, float bounds[4]) {
    // Four at a time, so that no minimum waits for the one before.
    enum { APART = 4 };
    float least[APART][4];
    for (unsigned n = 0; n < APART; n++)
        memcpy(least[n], bounds, sizeof least[n]);
    uint32_t i = 0;
    for (; i + APART <= pass->count; i += APART)
        for (unsigned n = 0; n < APART; n++)
            for (unsigned lane = 0; lane < 4; lane++) {
                const float edge = pass->lanes[i + n][lane];
                least[n][lane] = edge < least[n][lane] ? edge : least[n][lane];
            }
    for (; i < pass->count; i++)
        widen(bounds, pass->lanes[i]);
    for (unsigned n = 0; n < APART; n++)
        widen(bounds, least[n]);
}

static void bound_boxes(row_pass *pass, float bounds[4]) {
    for (start(pass); next_block(pass, true);) {
        if (pass->has_all) {
            widen_by_all(pass, bounds);
            continue;
        }
        for (uint32_t i = 0; i < pass->count; i++)
            if (belongs(pass, i)) widen(bounds, pass->lanes[i]);
    }
}

// Keys in the table's domain, and the bounds.
static void key_boxes(row_pass *pass, fc_packing *packing, float bounds[4]) {
    key_batch batch = {.domain = &pass->table->domain, .packing = packing};
    for (start(pass); next_block(pass, true);) {
        if (pass->has_all) {
            flush(&batch);
            widen_by_all(pass, bounds);
            for (uint32_t i = 0; i < pass->count; i++)
                for (unsigned lane = 0; lane < 4; lane++)
                    batch.lanes[lane * BATCH + i] = pass->lanes[i][lane];
            batch.count = pass->count;
            continue;
        }
        for (uint32_t i = 0; i < pass->count; i++) {
            if (!belongs(pass, i)) continue;
            widen(bounds, pass->lanes[i]);
            add_box(&batch, pass->lanes[i]);
        }
    }
    flush(&batch);
}

static void key_times(row_pass *pass, fc_packing *packing) {
    for (start(pass); next_block(pass, false);) {
        for (uint32_t i = 0; i < pass->count; i++) {
            if (!belongs(pass, i)) continue;
            int64_t start_us = pass->chunk->starts_us[pass->row + i];
            const uint32_t key = fc_time_key(fc_round_down_i64(start_us));
            fc_packing_keys(packing, &key, 1);
        }
    }
}

static void time_lanes(const row_pass *pass, uint32_t i, float out[2]) {
    out[0] = out[1] = INFINITY;
    if (pass->chunk->flags[pass->row + i] & FC_ROW_TIME)
        fc_time_lanes(fc_chunk_time(pass->chunk, pass->row + i), out);
}

static void put_places(row_pass *pass, fc_packing *packing) {
    fc_packing_cursor cursor = fc_packing_start(packing);
    for (start(pass); next_block(pass, true);) {
        const uint64_t *ids = pass->chunk->ids + pass->row;
        for (uint32_t i = 0; i < pass->count; i++)
            if (belongs(pass, i))
                fc_packing_put(&cursor, pass->lanes[i], FC_LANES_PLACE, pass->first + i, ids[i]);
    }
    fc_packing_stop(packing, &cursor);
}

static void put_timed_places(row_pass *pass, fc_packing *packing) {
    fc_packing_cursor cursor = fc_packing_start(packing);
    for (start(pass); next_block(pass, true);) {
        for (uint32_t i = 0; i < pass->count; i++) {
            if (!belongs(pass, i)) continue;
            float lanes[FC_LANES_BOTH];
            memcpy(lanes, pass->lanes[i], sizeof pass->lanes[i]);
            time_lanes(pass, i, lanes + FC_LANES_PLACE);
            fc_packing_put(&cursor, lanes, FC_LANES_BOTH, pass->first + i,
                           pass->chunk->ids[pass->row + i]);
        }
    }
    fc_packing_stop(packing, &cursor);
}

static void put_times(row_pass *pass, fc_packing *packing) {
    fc_packing_cursor cursor = fc_packing_start(packing);
    for (start(pass); next_block(pass, false);) {
        for (uint32_t i = 0; i < pass->count; i++) {
            if (!belongs(pass, i)) continue;
            float lanes[FC_LANES_TIME];
            time_lanes(pass, i, lanes);
            fc_packing_put(&cursor, lanes, FC_LANES_TIME, pass->first + i,
                           pass->chunk->ids[pass->row + i]);
        }
    }
    fc_packing_stop(packing, &cursor);
}

static void put_rows(row_pass *pass, fc_packing *packing) {
    if (packing->lanes == FC_LANES_PLACE)
        put_places(pass, packing);
    else if (packing->lanes == FC_LANES_BOTH)
        put_timed_places(pass, packing);
    else
        put_times(pass, packing);
}

static void key_rows(row_pass *pass, fc_memtable *table, fc_packing *packing) {
    if (pass->flag == FC_ROW_TIME) {
        key_times(pass, packing);
        return;
    }
    float bounds[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
    if (table->options.planar) {
        bound_boxes(pass, bounds); // the domain is made to fit
        fc_memtable_fit_domain(table, bounds);
    }
    key_boxes(pass, packing, bounds);
    fc_memtable_widen_longitudes(table, bounds);
}

// One tree of all rows that have what `flag` says; *out is NULL when there are none.
static fc_status tree_of_all(fc_memtable *table, unsigned flag, uint64_t horizon, fc_tree **out) {
    *out = NULL;
    row_pass pass; // with room for a block's boxes, which nothing clears
    pass.table = table;
    pass.flag = flag;
    pass.horizon = horizon;
    pass.is_clean = atomic_load_explicit(&table->columns.dead_marks, memory_order_relaxed) == 0;
    const row_count rows = count_rows(&pass);
    if (rows.count == 0) return FC_STATUS_OK;
    uint32_t lanes = FC_LANES_TIME;
    if (flag == FC_ROW_BOX) lanes = rows.timed > 0 ? FC_LANES_BOTH : FC_LANES_PLACE;
    fc_packing packing;
    fc_status status = fc_packing_begin(&packing, table->arena, rows.count);
    if (status == FC_STATUS_OK) {
        key_rows(&pass, table, &packing);
        status = fc_packing_place(&packing, lanes);
    }
    if (status == FC_STATUS_OK) {
        put_rows(&pass, &packing);
        *out = fc_packing_finish(&packing, flag == FC_ROW_BOX ? table->domain.number : 0);
        if (*out == NULL) status = FC_STATUS_OUT_OF_MEMORY;
    }
    fc_packing_end(&packing);
    if (*out != NULL) (*out)->all_timed = lanes != FC_LANES_PLACE && rows.timed == rows.count;
    return status;
}

fc_tree *fc_memtable_rekey(fc_memtable *table, const fc_tree *tree) {
    fc_packing packing;
    fc_tree *result = NULL;
    fc_status status = fc_packing_begin(&packing, table->arena, tree->count);
    if (status == FC_STATUS_OK) {
        key_batch batch = {.domain = &table->domain, .packing = &packing};
        for (uint32_t n = 0; n < tree->count; n++) {
            const float *entry = fc_tree_block(tree, 0, n / FC_NODE) + n % FC_NODE;
            const float lanes[4] = {entry[0], entry[FC_NODE], entry[2 * FC_NODE],
                                    entry[3 * FC_NODE]};
            add_box(&batch, lanes);
        }
        flush(&batch);
        status = fc_packing_place(&packing, tree->lanes);
    }
    fc_packing_cursor cursor = fc_packing_start(&packing);
    for (uint32_t n = 0; status == FC_STATUS_OK && n < tree->count; n++) {
        const float *entry = fc_tree_block(tree, 0, n / FC_NODE) + n % FC_NODE;
        float lanes[FC_LANES_MAX];
        for (uint32_t lane = 0; lane < tree->lanes; lane++)
            lanes[lane] = entry[(size_t)lane * FC_NODE];
        fc_packing_put(&cursor, lanes, tree->lanes,
                       fc_tree_positions(tree, n / FC_NODE)[n % FC_NODE],
                       fc_ids_at(fc_tree_ids(tree, n / FC_NODE), n % FC_NODE));
    }
    if (status == FC_STATUS_OK) {
        fc_packing_stop(&packing, &cursor);
        result = fc_packing_finish(&packing, table->domain.number);
    }
    fc_packing_end(&packing);
    if (result != NULL) result->all_timed = tree->all_timed;
    return result;
}

// ---- A table of one tree -----------------------------------------------------------------------

// After a rebuild: how often the rows of each chunk are in a tree.
static void count_indexed(fc_memtable *table) {
    for (uint32_t i = 0; i < table->columns.chunks.count; i++) {
        fc_chunk *chunk = fc_pointer_table_get(&table->columns.chunks, i);
        if (chunk != NULL) chunk->indexed_count = 0;
    }
    const fc_version *version = table->versions.current;
    for (uint32_t i = 0; i < version->place_count + version->time_count; i++) {
        const fc_tree *tree = version->trees[i];
        for (uint32_t n = 0; n < tree->count; n++) {
            uint32_t position = fc_tree_positions(tree, n / FC_NODE)[n % FC_NODE];
            fc_columns_chunk(&table->columns, position)->indexed_count++;
        }
    }
}

fc_status fc_memtable_rebuild(fc_memtable *table) {
    uint64_t horizon = fc_memtable_horizon(table);
    fc_tree *place = NULL, *time = NULL;
    fc_status status = tree_of_all(table, FC_ROW_BOX, horizon, &place);
    if (status == FC_STATUS_OK && table->timed)
        status = tree_of_all(table, FC_ROW_TIME, horizon, &time);
    fc_tail *tail = NULL;
    fc_version *version = NULL;
    if (status == FC_STATUS_OK) {
        tail = fc_tail_allocate(table->arena, table->columns.rows, table->options.tail_rows);
        version = fc_version_allocate(&table->versions, 2);
        if (tail == NULL || version == NULL) status = FC_STATUS_OUT_OF_MEMORY;
    }
    if (status == FC_STATUS_OK) status = fc_property_indexes_prepare_rebuild(table, horizon);
    if (status != FC_STATUS_OK) {
        fc_memtable_discard(table, place, time, tail, version);
        return status;
    }
    fc_levels_clear(&table->place);
    fc_levels_clear(&table->time);
    if (place != NULL) fc_levels_put_packed(&table->place, place);
    if (time != NULL) fc_levels_put_packed(&table->time, time);
    table->tail = tail;
    if (table->is_open) table->sealed_in_transaction = true;
    fc_memtable_publish(table, version);
    fc_property_indexes_finish_rebuild(table);
    if (table->options.journal_only) count_indexed(table);
    return FC_STATUS_OK;
}

void fc_memtable_begin_bulk(fc_memtable *table) {
    table->is_bulk = true;
}

fc_status fc_memtable_end_bulk(fc_memtable *table) {
    fc_status status = fc_memtable_map_rows(table);
    if (status == FC_STATUS_OK) status = fc_memtable_rebuild(table);
    if (status == FC_STATUS_OK) table->is_bulk = false;
    return status;
}

fc_status fc_memtable_pack(fc_memtable *table) {
    assert(!table->is_bulk);
    return fc_memtable_rebuild(table);
}
