// Rows in the order of their positions, straight from the columns: without trees, and row by row exact.
#include <math.h>

#include "memtable_internal.h"

// What most rows can be told by, without turns of 360 degrees. A row whose box lies within ±180 and does not
// cross matches a box that lies strictly within them if and only if it does so in the plane.
typedef struct quick_box {
    bool is_usable;
    double west, south, east, north;
} quick_box;

static quick_box quick_box_of(const fc_probe *probe) {
    const fc_box *box = &probe->box;
    return (quick_box){.is_usable = probe->has_box && !probe->within && !probe->planar &&
                                    box->west <= box->east && box->west > -180 && box->east < 180,
                       .west = box->west,
                       .south = box->south,
                       .east = box->east,
                       .north = box->north};
}

// Which of `count` rows from `row` on meet the box in the plane; *out_turned: rows that only the exact test can
// tell, because they reach beyond ±180 or cross.
static uint64_t meet_quickly(const quick_box *quick, const fc_chunk *chunk, uint32_t row,
                             uint32_t count, uint64_t *out_turned) {
    uint64_t meets = 0, turned = 0;
    const fc_box *boxes = chunk->boxes + row;
    const uint8_t *flags = chunk->flags + row;
    for (uint32_t i = 0; i < count; i++) {
        const fc_box *box = &boxes[i];
        bool here = (box->west <= quick->east) & (box->east >= quick->west) &
                    (box->south <= quick->north) & (box->north >= quick->south);
        bool plain = (box->west >= -180) & (box->east <= 180) & (box->west <= box->east);
        bool has_box = flags[i] & FC_ROW_BOX;
        meets |= (uint64_t)(here & plain & has_box) << i;
        turned |= (uint64_t)(!plain & has_box) << i;
    }
    *out_turned = turned;
    return meets;
}

static uint64_t meet_time(const fc_probe *probe, const fc_chunk *chunk, uint32_t row,
                          uint32_t count) {
    int64_t first = probe->start_is_open ? INT64_MIN : probe->time_first_us;
    int64_t last = probe->end_is_open ? INT64_MAX : probe->time_last_us;
    const uint8_t *flags = chunk->flags + row;
    uint64_t timed = 0, spans = 0, meets = 0;
    for (uint32_t i = 0; i < count; i++) {
        timed |= (uint64_t)((flags[i] & FC_ROW_TIME) != 0) << i;
        spans |= (uint64_t)((flags[i] & FC_ROW_SPAN) != 0) << i;
    }
    // A chunk without a timed row has no column of times.
    if (timed == 0) return 0;
    const int64_t *starts_us = chunk->starts_us + row;
    for (uint32_t i = 0; i < count; i++)
        meets |= (uint64_t)((starts_us[i] <= last) & (starts_us[i] >= first)) << i;
    for (spans &= timed; spans != 0; spans &= spans - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(spans);
        bool here = starts_us[i] <= last && chunk->ends_us[row + i] >= first;
        meets = (meets & ~(UINT64_C(1) << i)) | (uint64_t)here << i;
    }
    return meets & timed;
}

static uint64_t matching_rows(const fc_view *view, const fc_probe *probe, const quick_box *quick,
                              const fc_chunk *chunk, uint32_t first, uint32_t count) {
    uint64_t rows = fc_view_visible_rows(view, chunk, first, count);
    uint32_t row = first & FC_CHUNK_MASK;
    if (probe->has_time && rows != 0) rows &= meet_time(probe, chunk, row, count);
    if (!probe->has_box || rows == 0) return rows;
    uint64_t meets = 0, turned = rows;
    if (quick->is_usable) meets = meet_quickly(quick, chunk, row, count, &turned);
    for (turned &= rows; turned != 0; turned &= turned - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(turned);
        bool matches = (chunk->flags[row + i] & FC_ROW_BOX) &&
                       fc_probe_box_matches(probe, &chunk->boxes[row + i]);
        meets |= (uint64_t)matches << i;
    }
    return rows & meets;
}

static fc_status make_room(fc_positions *list, size_t additional) {
    if (list->capacity - list->count >= additional) return FC_STATUS_OK;
    size_t capacity = list->capacity < 256 ? 256 : 2 * list->capacity;
    uint32_t *data = list->memory->reallocate(
        list->memory->context, list->data, list->capacity * sizeof *data, capacity * sizeof *data);
    if (data == NULL) return FC_STATUS_OUT_OF_MEMORY;
    list->data = data;
    list->capacity = capacity;
    return FC_STATUS_OK;
}

fc_status fc_view_scan(const fc_view *view, const fc_question *question, uint32_t first,
                       uint32_t end, size_t limit, fc_positions *out, uint32_t *out_next) {
    fc_probe probe;
    fc_view_probe(view, question, &probe);
    if (end > view->limit) end = view->limit;
    if (probe.is_empty) first = end;
    quick_box quick = quick_box_of(&probe);
    size_t count_before = out->count;
    while (first < end && out->count - count_before < limit) {
        const fc_chunk *chunk = fc_columns_chunk(&view->table->columns, first);
        uint32_t chunk_end = (first | FC_CHUNK_MASK) + 1;
        if (chunk == NULL) { // freed: nobody sees a row of it
            first = chunk_end < end && chunk_end != 0 ? chunk_end : end;
            continue;
        }
        uint32_t count = 64 - first % 64;
        if (count > end - first) count = end - first;
        fc_status status = make_room(out, 64);
        if (status != FC_STATUS_OK) return status;
        // A group that begins inside a word of the bitmap is looked at from the word's beginning.
        uint32_t word = first & ~UINT32_C(63), before = first - word;
        uint64_t rows = matching_rows(view, &probe, &quick, chunk, word, before + count);
        for (rows &= UINT64_MAX << before; rows != 0; rows &= rows - 1) {
            if (out->count - count_before == limit) break;
            out->data[out->count++] = word + (uint32_t)__builtin_ctzll(rows);
        }
        if (rows != 0) {
            first = word + (uint32_t)__builtin_ctzll(rows);
            break;
        }
        first += count;
    }
    *out_next = first < end ? first : end;
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
