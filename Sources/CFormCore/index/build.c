// From rows to packed trees: sealing a tail, bulk loading, packing.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "property_internal.h"

uint32_t fc_memtable_tree_count(const fc_memtable *table) {
    return fc_levels_tree_count(&table->place) + fc_levels_tree_count(&table->time);
}

void fc_memtable_publish(fc_memtable *table, fc_version *version) {
    version->tail = table->tail;
    version->place_count = fc_levels_list(&table->place, version->trees);
    version->time_count = fc_levels_list(&table->time, version->trees + version->place_count);
    assert(version->place_count + version->time_count <= version->tree_capacity);
    fc_versions_publish(&table->versions, version);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < version->place_count + version->time_count; i++)
        bytes += fc_tree_bytes(version->trees[i]);
    table->counters.bytes_runs = bytes;
    bytes += fc_levels_merging_bytes(&table->place) + fc_levels_merging_bytes(&table->time);
    if (bytes > table->counters.bytes_runs_peak) table->counters.bytes_runs_peak = bytes;
}

// In a plane the domain of the keys follows the data: a new one whenever they have left the present
// one.
static void fit_domain(fc_memtable *table, const float bounds[4]) {
    fc_key_domain *domain = &table->domain;
    if (!table->options.planar || !(bounds[0] <= -bounds[2])) return;
    if (domain->number != 0 && fc_key_domain_holds(domain, bounds)) return;
    float wider[4] = {bounds[0], bounds[1], bounds[2], bounds[3]};
    if (domain->number != 0) {
        float size = 65536 / domain->scale;
        wider[0] = fminf(wider[0], domain->x - size / 2);
        wider[1] = fminf(wider[1], domain->y - size / 2);
        wider[2] = fminf(wider[2], -(domain->x + 1.5f * size));
        wider[3] = fminf(wider[3], -(domain->y + 1.5f * size));
    }
    *domain = fc_key_domain_around(wider, domain->number + 1);
}

static void widen(float bounds[4], const float lanes[4]) {
    for (unsigned lane = 0; lane < 4; lane++)
        if (lanes[lane] < bounds[lane]) bounds[lane] = lanes[lane];
}

// ---- Sealing -----------------------------------------------------------------------------------

// The tail's rows with a box, as (key, index) in order; *out_lanes is what their tree needs.
static uint64_t *sort_places(fc_memtable *table, uint64_t horizon, uint32_t *out_count,
                             uint32_t *out_lanes) {
    const fc_tail *tail = table->tail;
    uint64_t *pairs = table->seal_pairs;
    float bounds[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
    for (unsigned lane = 0; lane < 4; lane++) {
        const float *values = fc_tail_lane(tail, lane);
        float least = INFINITY;
        for (uint32_t i = 0; i < tail->count; i++)
            least = values[i] < least ? values[i] : least; // passes over NaN
        bounds[lane] = least;
    }
    fit_domain(table, bounds);
    fc_hilbert_keys(&table->domain, tail->lanes, tail->capacity, tail->count, table->seal_keys);
    uint32_t count = 0;
    bool any_timed = false;
    for (uint32_t i = 0; i < tail->count; i++) {
        if (isnan(tail->lanes[i])) continue;
        if (fc_columns_is_dropped(&table->columns, tail->first + i, horizon)) continue;
        pairs[count++] = (uint64_t)table->seal_keys[i] << 32 | i;
        any_timed |= table->timed && fc_tail_lane(tail, 4)[i] < INFINITY;
    }
    *out_count = count;
    *out_lanes = any_timed ? FC_LANES_BOTH : FC_LANES_PLACE;
    return fc_sort_pairs(pairs, pairs + tail->capacity, count);
}

static uint64_t *sort_times(fc_memtable *table, uint64_t horizon, uint32_t *out_count) {
    const fc_tail *tail = table->tail;
    uint64_t *pairs = table->seal_pairs;
    uint32_t count = 0;
    for (uint32_t i = 0; table->timed && i < tail->count; i++) {
        float start = fc_tail_lane(tail, 4)[i];
        if (!(start < INFINITY)) continue;
        if (fc_columns_is_dropped(&table->columns, tail->first + i, horizon)) continue;
        pairs[count++] = (uint64_t)fc_time_key(start) << 32 | i;
    }
    *out_count = count;
    return fc_sort_pairs(pairs, pairs + tail->capacity, count);
}

// A tree of the tail's rows in the order of `pairs`; its first lane is the tail's lane `lane`.
// *out is NULL when there are none.
static fc_status tree_of_tail(fc_memtable *table, const uint64_t *pairs, uint32_t count,
                              unsigned lane, uint32_t lanes, fc_tree **out) {
    const fc_tail *tail = table->tail;
    *out = NULL;
    if (count == 0) return FC_STATUS_OK;
    uint32_t domain = lanes == FC_LANES_TIME ? 0 : table->domain.number;
    fc_tree *tree = fc_tree_allocate(table->arena, count, lanes, domain);
    if (tree == NULL) return FC_STATUS_OUT_OF_MEMORY;
    tree->position_max = tail->first + tail->count - 1;
    tree->all_timed = lanes != FC_LANES_PLACE;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = (uint32_t)pairs[n];
        fc_tree_slot slot = fc_tree_next_slot(tree);
        for (uint32_t l = 0; l < lanes; l++)
            slot.lanes[(size_t)l * FC_NODE] = fc_tail_lane(tail, lane + l)[i];
        if (lanes == FC_LANES_BOTH && slot.lanes[4 * FC_NODE] == INFINITY) tree->all_timed = false;
        *slot.position = tail->first + i;
        *slot.id = fc_columns_raw_id(&table->columns, tail->first + i);
        fc_tree_added(tree, (uint32_t)(pairs[n] >> 32));
    }
    fc_tree_finish(tree);
    *out = tree;
    return FC_STATUS_OK;
}

// Rows of the tail that went into no tree are counted as out of it.
static void count_seal(fc_memtable *table, uint64_t horizon) {
    const fc_tail *tail = table->tail;
    for (uint32_t i = 0; i < tail->count; i++) {
        uint32_t position = tail->first + i;
        if (!fc_columns_is_dropped(&table->columns, position, horizon)) continue;
        unsigned flags = fc_columns_flags(&table->columns, position);
        uint32_t count = !!(flags & FC_ROW_BOX) + !!(flags & FC_ROW_TIME);
        fc_columns_chunk(&table->columns, position)->indexed_count -= count;
        table->counters.dropped_rows += count;
    }
}

fc_status fc_memtable_seal(fc_memtable *table) {
    fc_tree *place = NULL, *time = NULL;
    uint64_t horizon = fc_memtable_horizon(table); // one for all: what is left out is counted once
    uint32_t count = 0, lanes = 0;
    const uint64_t *pairs = sort_places(table, horizon, &count, &lanes);
    fc_status status = tree_of_tail(table, pairs, count, 0, lanes, &place);
    if (status == FC_STATUS_OK) {
        pairs = sort_times(table, horizon, &count);
        status = tree_of_tail(table, pairs, count, 4, FC_LANES_TIME, &time);
    }
    fc_tail *tail = NULL;
    fc_version *version = NULL;
    if (status == FC_STATUS_OK) {
        tail = fc_tail_allocate(table->arena, table->columns.rows, table->tail->capacity);
        version = fc_version_allocate(&table->versions, fc_memtable_tree_count(table) + 2);
        if (tail == NULL || version == NULL) status = FC_STATUS_OUT_OF_MEMORY;
    }
    if (status == FC_STATUS_OK) status = fc_property_indexes_prepare_seal(table, horizon);
    if (status != FC_STATUS_OK) {
        fc_tree_release(table->arena, place);
        fc_tree_release(table->arena, time);
        fc_tail_release(table->arena, tail);
        fc_version_discard(&table->versions, version);
        return status;
    }
    if (atomic_load_explicit(&table->columns.dead_marks, memory_order_relaxed) != 0)
        count_seal(table, horizon);
    if (place != NULL) fc_levels_add(&table->place, place);
    if (time != NULL) fc_levels_add(&table->time, time);
    table->tail = tail;
    table->counters.seals++;
    if (table->is_open) table->sealed_in_transaction = true;
    fc_memtable_publish(table, version);
    fc_property_indexes_finish_seal(table);
    return FC_STATUS_OK;
}

// ---- Bulk loading and packing ------------------------------------------------------------------

// The positions of all rows that are to be in a tree, with their keys, in order. *out is to be
// released with the arena (it is *out_block); count 0 gives NULL.
typedef struct key_pass {
    fc_memtable *table;
    uint64_t horizon;
    uint64_t *pairs;
    size_t count;
    bool any_timed, all_timed;
    uint32_t batch_count;
    uint32_t positions[256], keys[256];
    float lanes[4 * 256];
} key_pass;

static void flush_batch(key_pass *pass) {
    fc_hilbert_keys(&pass->table->domain, pass->lanes, 256, pass->batch_count, pass->keys);
    for (uint32_t i = 0; i < pass->batch_count; i++)
        pass->pairs[pass->count++] = (uint64_t)pass->keys[i] << 32 | pass->positions[i];
    pass->batch_count = 0;
}

static bool belongs(const fc_memtable *table, const fc_chunk *chunk, uint32_t position,
                    unsigned flag, uint64_t horizon) {
    (void)table;
    return (chunk->flags[position & FC_CHUNK_MASK] & flag) &&
           !fc_chunk_has_ended(chunk, position, horizon);
}

static size_t count_rows(const fc_memtable *table, unsigned flag, uint64_t horizon,
                         float bounds[4]) {
    size_t count = 0;
    for (uint32_t position = 0; position < table->columns.rows; position++) {
        const fc_chunk *chunk = fc_columns_chunk(&table->columns, position);
        if (chunk == NULL) {
            position |= FC_CHUNK_MASK;
            continue;
        }
        if (!belongs(table, chunk, position, flag, horizon)) continue;
        count++;
        if (table->options.planar && flag == FC_ROW_BOX) {
            float lanes[4];
            fc_box_lanes(&chunk->boxes[position & FC_CHUNK_MASK], true, lanes);
            widen(bounds, lanes);
        }
    }
    return count;
}

static void key_rows(key_pass *pass, unsigned flag) {
    const fc_memtable *table = pass->table;
    for (uint32_t position = 0; position < table->columns.rows; position++) {
        const fc_chunk *chunk = fc_columns_chunk(&table->columns, position);
        if (chunk == NULL) {
            position |= FC_CHUNK_MASK;
            continue;
        }
        if (!belongs(table, chunk, position, flag, pass->horizon)) continue;
        uint32_t i = position & FC_CHUNK_MASK;
        bool has_time = chunk->flags[i] & FC_ROW_TIME;
        pass->any_timed |= has_time;
        pass->all_timed &= has_time;
        if (flag == FC_ROW_TIME) {
            uint32_t key = fc_time_key(fc_round_down_i64(chunk->starts_us[i]));
            pass->pairs[pass->count++] = (uint64_t)key << 32 | position;
            continue;
        }
        float lanes[4];
        fc_box_lanes(&chunk->boxes[i], table->options.planar, lanes);
        for (unsigned lane = 0; lane < 4; lane++)
            pass->lanes[lane * 256 + pass->batch_count] = lanes[lane];
        pass->positions[pass->batch_count++] = position;
        if (pass->batch_count == 256) flush_batch(pass);
    }
    if (flag == FC_ROW_BOX) flush_batch(pass);
}

static void row_lanes(const fc_memtable *table, uint32_t position, uint32_t lanes, float *out) {
    const fc_chunk *chunk = fc_columns_chunk(&table->columns, position);
    uint32_t i = position & FC_CHUNK_MASK;
    if (lanes != FC_LANES_TIME) {
        fc_box_lanes(&chunk->boxes[i], table->options.planar, out);
        out += 4;
    }
    if (lanes == FC_LANES_PLACE) return;
    out[0] = out[1] = INFINITY;
    if (chunk->flags[i] & FC_ROW_TIME) fc_time_lanes(fc_chunk_time(chunk, i), out);
}

static void prefetch_row(const fc_memtable *table, uint32_t position, uint32_t lanes) {
    const fc_chunk *chunk = fc_columns_chunk(&table->columns, position);
    uint32_t i = position & FC_CHUNK_MASK;
    if (lanes != FC_LANES_TIME) __builtin_prefetch(&chunk->boxes[i]);
    __builtin_prefetch(&chunk->ids[i]);
    if (lanes == FC_LANES_PLACE || chunk->starts_us == NULL) return;
    __builtin_prefetch(&chunk->starts_us[i]);
    if (chunk->ends_us != NULL) __builtin_prefetch(&chunk->ends_us[i]);
}

static fc_tree *tree_of_pairs(const fc_memtable *table, const uint64_t *pairs, size_t count,
                              uint32_t lanes) {
    enum { AHEAD = 24 };
    uint32_t domain = lanes == FC_LANES_TIME ? 0 : table->domain.number;
    fc_tree *tree = fc_tree_allocate(table->arena, (uint32_t)count, lanes, domain);
    if (tree == NULL) return NULL;
    for (size_t n = 0; n < count; n++) {
        if (n + AHEAD < count) prefetch_row(table, (uint32_t)pairs[n + AHEAD], lanes);
        uint32_t position = (uint32_t)pairs[n];
        fc_tree_slot slot = fc_tree_next_slot(tree);
        float values[FC_LANES_MAX];
        row_lanes(table, position, lanes, values);
        for (uint32_t lane = 0; lane < lanes; lane++)
            slot.lanes[(size_t)lane * FC_NODE] = values[lane];
        *slot.position = position;
        *slot.id = fc_columns_raw_id(&table->columns, position);
        if (position > tree->position_max) tree->position_max = position;
        fc_tree_added(tree, (uint32_t)(pairs[n] >> 32));
    }
    fc_tree_finish(tree);
    return tree;
}

// One tree of all rows that have what `flag` says; *out is NULL when there are none.
static fc_status tree_of_all(fc_memtable *table, unsigned flag, uint64_t horizon, fc_tree **out) {
    *out = NULL;
    float bounds[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
    size_t count = count_rows(table, flag, horizon, bounds);
    if (count == 0) return FC_STATUS_OK;
    if (flag == FC_ROW_BOX) fit_domain(table, bounds);
    uint64_t *pairs = fc_arena_allocate(table->arena, 2 * count * sizeof *pairs);
    if (pairs == NULL) return FC_STATUS_OUT_OF_MEMORY;
    key_pass pass = {.table = table, .horizon = horizon, .pairs = pairs, .all_timed = true};
    key_rows(&pass, flag);
    assert(pass.count == count);
    uint32_t lanes = FC_LANES_TIME;
    if (flag == FC_ROW_BOX) lanes = pass.any_timed ? FC_LANES_BOTH : FC_LANES_PLACE;
    fc_tree *tree = tree_of_pairs(table, fc_sort_pairs(pairs, pairs + count, count), count, lanes);
    fc_arena_release(table->arena, pairs);
    if (tree == NULL) return FC_STATUS_OUT_OF_MEMORY;
    tree->all_timed = lanes != FC_LANES_PLACE && pass.all_timed;
    *out = tree;
    return FC_STATUS_OK;
}

fc_tree *fc_memtable_rekey(fc_memtable *table, const fc_tree *tree) {
    size_t count = tree->count;
    uint64_t *pairs = fc_arena_allocate(table->arena, 2 * count * sizeof *pairs);
    if (pairs == NULL) return NULL;
    key_pass pass = {.table = table, .pairs = pairs};
    for (uint32_t n = 0; n < count; n++) {
        uint32_t position = fc_tree_positions(tree, n / FC_NODE)[n % FC_NODE];
        const float *entry = fc_tree_block(tree, 0, n / FC_NODE) + n % FC_NODE;
        for (unsigned lane = 0; lane < 4; lane++)
            pass.lanes[lane * 256 + pass.batch_count] = entry[(size_t)lane * FC_NODE];
        pass.positions[pass.batch_count++] = position;
        if (pass.batch_count == 256) flush_batch(&pass);
    }
    flush_batch(&pass);
    fc_tree *result =
        tree_of_pairs(table, fc_sort_pairs(pairs, pairs + count, count), count, tree->lanes);
    fc_arena_release(table->arena, pairs);
    if (result != NULL) result->all_timed = tree->all_timed;
    return result;
}

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
        fc_tree_release(table->arena, place);
        fc_tree_release(table->arena, time);
        fc_tail_release(table->arena, tail);
        fc_version_discard(&table->versions, version);
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
    fc_status status = fc_memtable_rebuild(table);
    if (status == FC_STATUS_OK) table->is_bulk = false;
    return status;
}

fc_status fc_memtable_pack(fc_memtable *table) {
    assert(!table->is_bulk);
    return fc_memtable_rebuild(table);
}
