// Sealing a tail: its rows become trees, and a fresh one takes its place.
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

void fc_memtable_discard(fc_memtable *table, fc_tree *place, fc_tree *time, fc_tail *tail,
                         fc_version *version) {
    fc_tree_release(table->arena, place);
    fc_tree_release(table->arena, time);
    fc_tail_release(table->arena, tail);
    fc_version_discard(&table->versions, version);
}

void fc_memtable_fit_domain(fc_memtable *table, const float bounds[4]) {
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
    fc_memtable_fit_domain(table, bounds);
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
        fc_tree_put_id(tree, &slot, fc_columns_raw_id(&table->columns, tail->first + i));
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
        fc_memtable_discard(table, place, time, tail, version);
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
