// Views: what a snapshot, or the running transaction, sees of a memtable.
#include <assert.h>
#include <math.h>

#include "property_internal.h"

static fc_status make_view(fc_memtable *table, uint64_t sequence, bool is_writer, fc_view **out) {
    assert(!table->is_bulk);
    const fc_allocator *memory = &table->os->memory;
    fc_view *view = memory->allocate(memory->context, sizeof *view);
    if (view == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_versions_lock(&table->versions);
    fc_version *version = fc_versions_acquire(&table->versions);
    const fc_marks *marks = &table->marks;
    *view = (fc_view){.table = table, .version = version, .sequence = sequence};
    view->timed = table->timed;
    view->mark_count = marks->count + (is_writer ? marks->pending_count : 0);
    view->limit =
        is_writer ? table->columns.rows : fc_marks_limit(marks, sequence, table->committed_rows);
    fc_versions_unlock(&table->versions);
    const fc_tail *tail = version->tail;
    if (view->limit > tail->first) {
        view->tail_count = view->limit - tail->first;
        if (view->tail_count > tail->capacity) view->tail_count = tail->capacity;
    }
    *out = view;
    return FC_STATUS_OK;
}

fc_status fc_memtable_view(fc_memtable *table, uint64_t sequence, fc_view **out) {
    return make_view(table, sequence, false, out);
}

fc_status fc_memtable_writer_view(fc_memtable *table, uint64_t sequence, fc_view **out) {
    return make_view(table, sequence, true, out);
}

void fc_view_release(fc_view *view) {
    if (view == NULL) return;
    fc_memtable *table = view->table;
    fc_versions_release(&table->versions, view->version);
    table->os->memory.release(table->os->memory.context, view, sizeof *view);
}

void fc_view_probe(const fc_view *view, const fc_question *question, fc_probe *probe) {
    const fc_memtable *table = view->table;
    fc_probe_init(probe, question, table->options.planar,
                  atomic_load_explicit(&table->west, memory_order_relaxed),
                  atomic_load_explicit(&table->east, memory_order_relaxed));
}

bool fc_view_find(const fc_view *view, const fc_feature_id *id, uint32_t *out_position) {
    const fc_memtable *table = view->table;
    const fc_columns *columns = &table->columns;
    uint32_t first = fc_id_map_find(&table->map, id), position = first;
    // Newer versions than the view's, and aborted ones, are passed over. A chunk that was freed
    // held only versions that no view sees, and so did everything older.
    while (position != FC_NO_POSITION) {
        const fc_chunk *chunk = fc_columns_chunk(columns, position);
        if (chunk == NULL) {
            if (position < view->limit) return false;
            // An aborted version's, freed since the map was asked: what was before it may be seen.
            const uint32_t now = fc_id_map_find(&table->map, id);
            if (now == first) return false;
            first = position = now;
            continue;
        }
        if (position < view->limit) {
            uint64_t deleted = fc_chunk_deleted(chunk, position);
            if (deleted > view->sequence) {
                *out_position = position;
                return true;
            }
            if (deleted != 0) return false;
        }
        position = fc_chunk_older(chunk, position);
    }
    return false;
}

bool fc_view_matches(const fc_view *view, uint32_t position, const fc_question *question) {
    if (!fc_view_sees(view, position)) return false;
    fc_probe probe;
    fc_view_probe(view, question, &probe);
    return fc_probe_matches(&probe, &view->table->columns, position);
}

fc_bytes fc_view_record(const fc_view *view, uint32_t position) {
    return fc_columns_record(&view->table->columns, position);
}

void fc_view_prefetch(const fc_view *view, const uint32_t *positions, size_t count) {
    const fc_columns *columns = &view->table->columns;
    // All columns first, so that their misses overlap; then the records that they point at.
    for (size_t i = 0; i < count; i++) {
        const uint8_t **records = fc_chunk_records(fc_columns_chunk(columns, positions[i]));
        if (records != NULL) __builtin_prefetch(&records[positions[i] & FC_CHUNK_MASK]);
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t **records = fc_chunk_records(fc_columns_chunk(columns, positions[i]));
        const uint8_t *record = records == NULL ? NULL : records[positions[i] & FC_CHUNK_MASK];
        if (record == NULL) continue;
        __builtin_prefetch(record);
        __builtin_prefetch(record + 64);
    }
}

fc_feature_id fc_view_id(const fc_view *view, uint32_t position) {
    return fc_columns_id(&view->table->columns, position);
}

fc_feature_id fc_view_neighbor_id(const fc_view *view, const fc_neighbor *neighbor) {
    return fc_columns_id_of_raw(&view->table->columns, neighbor->position, neighbor->raw_id);
}

bool fc_view_integer_ids_at(const fc_view *view, const uint32_t *positions, size_t count,
                            int64_t *out_ids) {
    const fc_columns *columns = &view->table->columns;
    const bool any_text = atomic_load_explicit(&columns->any_text, memory_order_relaxed);
    bool all_are_integers = true;
    for (size_t i = 0; i < count; i++) {
        // One by one a row here and there among a million took 70 ns, so it takes 20.
        enum { AHEAD = 16 };
        if (i + AHEAD < count) {
            const fc_chunk *next = fc_columns_chunk(columns, positions[i + AHEAD]);
            if (any_text) __builtin_prefetch(&next->flags[positions[i + AHEAD] & FC_CHUNK_MASK]);
            __builtin_prefetch(&next->ids[positions[i + AHEAD] & FC_CHUNK_MASK]);
        }
        const fc_chunk *chunk = fc_columns_chunk(columns, positions[i]);
        const uint32_t row = positions[i] & FC_CHUNK_MASK;
        if (any_text) all_are_integers &= !(chunk->flags[row] & FC_ROW_TEXT_ID);
        out_ids[i] = (int64_t)chunk->ids[row];
    }
    return all_are_integers;
}

bool fc_view_box(const fc_view *view, uint32_t position, fc_box *out_box) {
    const fc_columns *columns = &view->table->columns;
    if (!(fc_columns_flags(columns, position) & FC_ROW_BOX)) return false;
    *out_box = *fc_columns_box(columns, position);
    return true;
}

bool fc_view_time(const fc_view *view, uint32_t position, int64_t *out_start_us,
                  int64_t *out_end_us) {
    const fc_columns *columns = &view->table->columns;
    if (!(fc_columns_flags(columns, position) & FC_ROW_TIME)) return false;
    fc_row_time time = fc_columns_time(columns, position);
    *out_start_us = time.start_us;
    *out_end_us = time.end_us;
    return true;
}

void fc_view_life(const fc_view *view, uint32_t position, uint64_t *out_created,
                  uint64_t *out_deleted, uint64_t *out_row_id) {
    assert(position < view->limit && view->mark_count > 0);
    const fc_mark *mark = fc_marks_of(&view->table->marks, view->mark_count, position);
    *out_created = mark->sequence;
    *out_row_id = mark->row_id + (position - mark->first);
    *out_deleted = fc_columns_deleted(&view->table->columns, position);
}

static int64_t time_of_float(float value) {
    if (value >= 0x1p63f) return INT64_MAX;
    return value <= -0x1p63f ? INT64_MIN : (int64_t)value;
}

fc_view_estimate fc_view_read_estimate(const fc_view *view) {
    const fc_version *version = view->version;
    fc_view_estimate estimate = {.rows = view->limit, .tail_rows = view->tail_count};
    estimate.runs = version->place_count + version->time_count;
    float least[FC_LANES_MAX];
    for (unsigned lane = 0; lane < FC_LANES_MAX; lane++)
        least[lane] = INFINITY;
    for (uint32_t i = 0; i < version->place_count + version->time_count; i++) {
        const fc_tree *tree = version->trees[i];
        for (uint32_t lane = 0; lane < tree->lanes; lane++) {
            float *into = &least[tree->lanes == FC_LANES_TIME ? lane + 4 : lane];
            if (tree->bounds[lane] < *into) *into = tree->bounds[lane];
        }
    }
    for (unsigned lane = 0; lane < (view->timed ? 6u : 4u); lane++) {
        const float *values = fc_tail_lane(version->tail, lane);
        for (uint32_t i = 0; i < view->tail_count; i++)
            if (values[i] < least[lane]) least[lane] = values[i]; // passes over NaN
    }
    estimate.has_bounds = least[0] < INFINITY;
    if (estimate.has_bounds) {
        estimate.bounds = (fc_box){least[0], least[1], -least[2], -least[3]};
    }
    estimate.has_times = least[4] < INFINITY;
    if (estimate.has_times) {
        estimate.time_min_us = time_of_float(least[4]);
        estimate.time_max_us = time_of_float(-least[5]);
    }
    return estimate;
}

fc_memtable_counters fc_memtable_read_counters(const fc_memtable *table) {
    fc_memtable_counters counters = table->counters;
    counters.rows = table->columns.rows;
    counters.bytes_columns = table->columns.bytes_columns;
    counters.bytes_records = table->columns.bytes_records;
    counters.bytes_times = table->columns.bytes_times;
    counters.bytes_id_map = fc_id_map_bytes(&table->map);
    counters.map_grows = table->map.grow_count;
    counters.id_runs = atomic_load_explicit(&table->map.runs.count, memory_order_relaxed);
    fc_versions_lock(&table->versions);
    for (const fc_property_index *index = table->indexes; index != NULL; index = index->next)
        counters.bytes_indexes +=
            index->run_bytes + (uint64_t)index->chunks.count * sizeof(fc_index_chunk);
    fc_versions_unlock(&table->versions);
    return counters;
}
