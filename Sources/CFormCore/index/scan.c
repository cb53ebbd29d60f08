// Rows in the order of their positions, straight from the columns: without trees, and row by row exact.
#include <math.h>

#include "row_test.h"

fc_status fc_view_scan(const fc_view *view, const fc_question *question, uint32_t first,
                       uint32_t end, size_t limit, fc_positions *out, uint32_t *out_next) {
    fc_row_walk walk;
    fc_row_walk_init(&walk, view, question, first, end);
    size_t wanted = limit;
    fc_row_block block;
    while (wanted > 0 && fc_row_walk_next(&walk, &block)) {
        fc_status status = fc_positions_reserve(out, 64);
        if (status != FC_STATUS_OK) return status;
        uint64_t rows = block.rows;
        for (; rows != 0 && wanted > 0; rows &= rows - 1, wanted--)
            out->data[out->count++] = block.first + (uint32_t)__builtin_ctzll(rows);
        if (rows != 0) walk.next = block.first + (uint32_t)__builtin_ctzll(rows);
    }
    *out_next = walk.next;
    return FC_STATUS_OK;
}

void fc_view_restrict(const fc_view *view, const fc_question *question, uint32_t first,
                      uint32_t end, fc_positions *in_out) {
    enum { AHEAD = 16 };
    fc_probe probe;
    fc_view_probe(view, question, &probe);
    const fc_columns *columns = &view->table->columns;
    size_t kept = 0;
    bool asks = probe.has_box || probe.has_time;
    for (size_t i = 0; i < in_out->count && !probe.is_empty; i++) {
        if (asks && i + AHEAD < in_out->count) {
            uint32_t later = in_out->data[i + AHEAD];
            const fc_chunk *chunk = fc_columns_chunk(columns, later);
            if (probe.has_box) __builtin_prefetch(&chunk->boxes[later & FC_CHUNK_MASK]);
            if (probe.has_time && chunk->starts_us != NULL)
                __builtin_prefetch(&chunk->starts_us[later & FC_CHUNK_MASK]);
        }
        uint32_t position = in_out->data[i];
        if (position < first || position >= end) continue;
        if (!asks || fc_probe_matches(&probe, columns, position)) in_out->data[kept++] = position;
    }
    in_out->count = kept;
}

// ---- Samples -----------------------------------------------------------------------------------

static void sample_row(const fc_chunk *chunk, uint32_t position, fc_sampled_row *out) {
    uint32_t row = position & FC_CHUNK_MASK;
    unsigned flags = chunk->flags[row];
    *out = (fc_sampled_row){
        .position = position, .has_box = flags & FC_ROW_BOX, .has_time = flags & FC_ROW_TIME};
    if (out->has_box) out->box = chunk->boxes[row];
    if (!out->has_time) return;
    fc_row_time time = fc_chunk_time(chunk, position);
    out->time_start_us = time.start_us;
    out->time_end_us = time.end_us;
}

size_t fc_view_sample(const fc_view *view, uint32_t first, uint32_t end, size_t capacity,
                      fc_sampled_row *out, uint64_t *out_looked_at) {
    if (end > view->limit) end = view->limit;
    uint64_t rows = first < end ? end - first : 0;
    uint64_t tries = rows < capacity ? rows : capacity;
    // One row of each stretch of the same length, anywhere in it, so that no period in the data shows.
    uint64_t random = 0x9E3779B97F4A7C15u;
    size_t count = 0;
    for (uint64_t i = 0; i < tries; i++) {
        uint64_t from = rows * i / tries, to = rows * (i + 1) / tries;
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t position = first + (uint32_t)(from + (random >> 33) % (to - from));
        if (!fc_view_sees(view, position)) continue;
        sample_row(fc_columns_chunk(&view->table->columns, position), position, &out[count++]);
    }
    *out_looked_at = tries;
    return count;
}

fc_view_size fc_view_read_size(const fc_view *view) {
    return (fc_view_size){
        .table = view->table->number,
        .positions = view->limit,
        .dead_marks = atomic_load_explicit(&view->table->columns.dead_marks, memory_order_relaxed)};
}

fc_row_bounds fc_view_bounds(const fc_view *view, uint32_t first, uint32_t end) {
    fc_row_bounds bounds = {.box = {INFINITY, INFINITY, -INFINITY, -INFINITY},
                            .time_min_us = INT64_MAX,
                            .time_max_us = INT64_MIN};
    if (end > view->limit) end = view->limit;
    for (uint32_t position = first; position < end; position++) {
        const fc_chunk *chunk = fc_columns_chunk(&view->table->columns, position);
        uint32_t row = position & FC_CHUNK_MASK;
        if (chunk == NULL) {
            position |= FC_CHUNK_MASK;
            continue;
        }
        if (chunk->flags[row] & FC_ROW_BOX) {
            const fc_box *box = &chunk->boxes[row];
            double east = box->west > box->east ? box->east + 360 : box->east;
            if (box->west < bounds.box.west) bounds.box.west = box->west;
            if (east > bounds.box.east) bounds.box.east = east;
            if (box->south < bounds.box.south) bounds.box.south = box->south;
            if (box->north > bounds.box.north) bounds.box.north = box->north;
            bounds.has_box = true;
        }
        if (chunk->flags[row] & FC_ROW_TIME) {
            fc_row_time time = fc_chunk_time(chunk, position);
            if (time.start_us < bounds.time_min_us) bounds.time_min_us = time.start_us;
            if (time.end_us > bounds.time_max_us) bounds.time_max_us = time.end_us;
            bounds.has_time = true;
        }
    }
    return bounds;
}
