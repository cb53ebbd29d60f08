// The writer's side of a series: creating, appending, and what appending reserves.
#include "series.h"

#include <assert.h>
#include <string.h>

#include "series_internal.h"

#define ARENA_BLOCK_BYTES 4096u

static uint32_t log2_of(uint32_t power) {
    return (uint32_t)__builtin_ctz(power);
}

// The largest power of two up to FC_SERIES_CHUNK_POINTS whose columns fit FC_SERIES_CHUNK_BYTES.
static uint32_t default_chunk_points(uint32_t field_count) {
    uint32_t points = FC_SERIES_CHUNK_POINTS;
    while (points > 128 && points * 8 * (field_count + 1) > FC_SERIES_CHUNK_BYTES)
        points /= 2;
    return points;
}

fc_status fc_series_create(const fc_os *os, const fc_series_options *options, fc_series **out) {
    uint32_t points = options->chunk_points;
    if (options->field_count == 0 || options->field_count > FC_SERIES_FIELDS_MAX)
        return FC_STATUS_INVALID_ARGUMENT;
    if (points == 0) points = default_chunk_points(options->field_count);
    if (points < 8 || (points & (points - 1)) != 0 || points > (1u << 24))
        return FC_STATUS_INVALID_ARGUMENT;
    fc_series *series = os->memory.allocate(os->memory.context, sizeof *series);
    if (series == NULL) return FC_STATUS_OUT_OF_MEMORY;
    memset(series, 0, sizeof *series);
    series->os = os;
    series->memory = &os->memory;
    series->horizon = options->horizon;
    series->field_count = options->field_count;
    series->full_log2 = log2_of(points);
    series->first_log2 =
        series->full_log2 < FC_SERIES_FIRST_LOG2 ? series->full_log2 : FC_SERIES_FIRST_LOG2;
    series->tail_points = points < FC_SERIES_TAIL_POINTS ? points : FC_SERIES_TAIL_POINTS;
    series->newest_us = INT64_MIN;
    atomic_init(&series->bytes, sizeof *series);
    fc_status status = os->mutex_create(os->context, &series->mutex);
    if (status != FC_STATUS_OK) {
        os->memory.release(os->memory.context, series, sizeof *series);
        return status;
    }
    *out = series;
    return FC_STATUS_OK;
}

// ---- Metadata bytes ----------------------------------------------------------------------------

static void arena_cut(fc_series *series, fc_series_arena_block *block, size_t used) {
    while (series->arena != block) {
        fc_series_arena_block *before = series->arena->before;
        fc_series_free(series, series->arena, sizeof *before + series->arena->capacity);
        series->arena = before;
    }
    if (block != NULL) block->used = used;
}

static uint8_t *arena_copy(fc_series *series, const uint8_t *bytes, size_t length) {
    fc_series_arena_block *block = series->arena;
    if (block == NULL || length > block->capacity - block->used) {
        size_t capacity = length > ARENA_BLOCK_BYTES ? length : ARENA_BLOCK_BYTES;
        block = fc_series_allocate(series, sizeof *block + capacity);
        if (block == NULL) return NULL;
        block->before = series->arena;
        block->capacity = capacity;
        block->used = 0;
        series->arena = block;
    }
    uint8_t *copy = block->bytes + block->used;
    memcpy(copy, bytes, length);
    block->used += length;
    return copy;
}

// ---- Row ids -----------------------------------------------------------------------------------

bool fc_series_rows_reserve(fc_series *series, fc_series_rows *rows, size_t count) {
    if (count <= rows->capacity - rows->count) return true;
    size_t capacity = rows->capacity == 0 ? 1 : rows->capacity * 2;
    while (capacity - rows->count < count)
        capacity *= 2;
    fc_series_row_run *runs = fc_series_allocate(series, capacity * sizeof *runs);
    if (runs == NULL) return false;
    if (rows->count > 0) memcpy(runs, rows->runs, rows->count * sizeof *runs);
    fc_series_free(series, rows->runs, rows->capacity * sizeof *runs);
    rows->runs = runs;
    rows->capacity = capacity;
    return true;
}

void fc_series_rows_put(fc_series_rows *rows, uint64_t index, uint64_t row_id) {
    if (rows->count > 0) {
        const fc_series_row_run *last = &rows->runs[rows->count - 1];
        if (last->row_id + (index - last->index) == row_id) return;
    }
    assert(rows->count < rows->capacity);
    rows->runs[rows->count++] = (fc_series_row_run){index, row_id};
}

void fc_series_rows_cut(fc_series_rows *rows, uint64_t length) {
    while (rows->count > 0 && rows->runs[rows->count - 1].index >= length)
        rows->count--;
}

uint64_t fc_series_rows_find(const fc_series_rows *rows, uint64_t index) {
    size_t below = 0, above = rows->count;
    while (above - below > 1) {
        size_t middle = below + (above - below) / 2;
        if (rows->runs[middle].index <= index)
            below = middle;
        else
            above = middle;
    }
    return rows->runs[below].row_id + (index - rows->runs[below].index);
}

static uint64_t rows_next(const fc_series_rows *rows, uint64_t length) {
    return rows->count == 0 ? UINT64_MAX : fc_series_rows_find(rows, length);
}

// ---- Appending ---------------------------------------------------------------------------------

// How a batch divides: points of each buffer, and stretches of each.
typedef struct division {
    uint32_t late_count;
    size_t order_stretches, late_stretches;
} division;

static division divide(const fc_series *series, const fc_points *points) {
    division division = {0, 0, 0};
    int64_t newest_us = series->newest_us;
    bool was_late = false;
    for (uint32_t i = 0; i < points->point_count; i++) {
        bool is_late = points->times_us[i] < newest_us;
        if (!is_late) newest_us = points->times_us[i];
        division.late_count += is_late;
        if (i == 0 || is_late != was_late) {
            division.order_stretches += !is_late;
            division.late_stretches += is_late;
        }
        was_late = is_late;
    }
    return division;
}

static bool metadata_is_valid(const fc_points *points) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < points->point_count; i++) {
        if (points->metadata_ends[i] < end) return false;
        end = points->metadata_ends[i];
    }
    return end == 0 || points->metadata != NULL;
}

// Puts the points into their buffers, stretch by stretch; `late_indexes` gets the late ones'.
// REQUIRES: everything is reserved.
static void append_apply(fc_series *series, const fc_points *points, const uint8_t *metadata,
                         uint64_t first_row_id) {
    uint64_t late_length = series->late_length;
    uint32_t from = 0;
    while (from < points->point_count) {
        bool is_late = points->times_us[from] < series->newest_us;
        int64_t newest_us = is_late ? series->newest_us : points->times_us[from];
        uint32_t to = from + 1;
        for (; to < points->point_count && (points->times_us[to] < newest_us) == is_late; to++) {
            if (!is_late) newest_us = points->times_us[to];
        }
        uint64_t row_id = first_row_id + from;
        if (is_late) {
            fc_series_rows_put(&series->late_rows, late_length, row_id);
            late_length += to - from;
        } else {
            fc_series_rows_put(&series->order_rows, series->length, row_id);
            fc_series_order_put(series, points, from, to - from, metadata);
        }
        from = to;
    }
}

static void list_late(const fc_series *series, const fc_points *points, uint32_t *out_indexes) {
    int64_t newest_us = series->newest_us;
    size_t count = 0;
    for (uint32_t i = 0; i < points->point_count; i++) {
        if (points->times_us[i] < newest_us)
            out_indexes[count++] = i;
        else
            newest_us = points->times_us[i];
    }
}

// Reserves, then applies; what a failed reservation leaves is room, not content.
static fc_status append_divided(fc_series *series, const fc_points *points, const uint8_t *metadata,
                                uint64_t first_row_id) {
    division division = divide(series, points);
    if (!fc_series_rows_reserve(series, &series->order_rows, division.order_stretches) ||
        !fc_series_rows_reserve(series, &series->late_rows, division.late_stretches) ||
        !fc_series_order_reserve(series, points->point_count - division.late_count,
                                 metadata != NULL))
        return FC_STATUS_OUT_OF_MEMORY;
    if (division.late_count == 0) {
        append_apply(series, points, metadata, first_row_id);
        return FC_STATUS_OK;
    }
    uint32_t one;
    size_t indexes_size = division.late_count * sizeof(uint32_t);
    uint32_t *indexes = division.late_count == 1 ? &one : fc_series_allocate(series, indexes_size);
    if (indexes == NULL) return FC_STATUS_OUT_OF_MEMORY;
    list_late(series, points, indexes);
    fc_series_late_batch late = {points, metadata, indexes, division.late_count};
    fc_series_late *state;
    fc_status status = fc_series_late_prepare(series, &late, &state);
    if (status == FC_STATUS_OK) {
        append_apply(series, points, metadata, first_row_id);
        fc_series_late_apply(series, &late, state);
    }
    if (indexes != &one) fc_series_free(series, indexes, indexes_size);
    return status;
}

static fc_status append_any(fc_series *series, const fc_points *points, uint64_t first_row_id) {
    if (points->field_count != series->field_count) return FC_STATUS_FIELD_MISMATCH;
    if (points->point_count == 0) return FC_STATUS_OK;
    if (points->metadata_ends != NULL && !metadata_is_valid(points))
        return FC_STATUS_INVALID_ARGUMENT;
    if (!fc_series_reserve_commit(series)) return FC_STATUS_OUT_OF_MEMORY;
    fc_series_arena_block *arena = series->arena;
    size_t arena_used = arena != NULL ? arena->used : 0;
    size_t length =
        points->metadata_ends != NULL ? points->metadata_ends[points->point_count - 1] : 0;
    const uint8_t *metadata = NULL;
    if (length > 0) {
        metadata = arena_copy(series, points->metadata, length);
        if (metadata == NULL) return FC_STATUS_OUT_OF_MEMORY;
    }
    fc_status status = append_divided(series, points, metadata, first_row_id);
    if (status != FC_STATUS_OK) {
        arena_cut(series, arena, arena_used);
        return status;
    }
    if (metadata != NULL) atomic_store_explicit(&series->has_metadata, true, memory_order_relaxed);
    series->next_row_id = rows_next(&series->order_rows, series->length);
    // The chunk that the next point goes to may have been given a metadata column.
    series->open_is_plain =
        series->open_chunk != NULL && fc_series_block_metadata(series->open_chunk) == NULL;
    return FC_STATUS_OK;
}

fc_status fc_series_append(fc_series *series, const fc_points *points, uint64_t first_row_id) {
    // One point in time order, into an open chunk, with the row id that follows.
    bool is_simple = points->point_count == 1 && points->field_count == series->field_count &&
                     series->length < series->open_end && series->length > series->open_start &&
                     series->open_is_plain && points->metadata_ends == NULL &&
                     points->times_us[0] >= series->newest_us &&
                     first_row_id == series->next_row_id &&
                     series->mark_count < series->mark_capacity;
    if (!is_simple) return append_any(series, points, first_row_id);
    fc_series_block *chunk = series->open_chunk;
    size_t at = (size_t)(series->length - series->open_start);
    chunk->times_us[at] = series->newest_us = points->times_us[0];
    for (size_t f = 0; f < points->field_count; f++)
        chunk->values[f * chunk->capacity + at] = points->fields[f][0];
    series->length++;
    series->next_row_id++;
    return FC_STATUS_OK;
}

// ---- Ending ------------------------------------------------------------------------------------

static void release_undo(fc_series *series) {
    fc_series_late *undo = series->undo_late;
    bool had_undo = series->has_undo_late;
    series->undo_late = NULL;
    series->has_undo_late = false;
    if (had_undo) fc_series_late_release(series, undo);
}

void fc_series_commit(fc_series *series, uint64_t sequence) {
    fc_series_push_commit(series, sequence);
    series->committed_arena = series->arena;
    series->committed_arena_used = series->arena != NULL ? series->arena->used : 0;
    series->committed_tombstones = atomic_load_explicit(&series->tombstones, memory_order_relaxed);
    release_undo(series);
}

void fc_series_abort(fc_series *series) {
    if (series->has_undo_late) {
        fc_series_late *dropped = series->late;
        series->os->mutex_lock(series->os->context, series->mutex);
        series->late = series->undo_late;
        series->os->mutex_unlock(series->os->context, series->mutex);
        series->undo_late = dropped;
        release_undo(series);
    }
    fc_series_undo_deletes(series);
    series->late_length = series->committed.late_length;
    fc_series_order_cut(series, series->committed.length);
    fc_series_rows_cut(&series->order_rows, series->length);
    fc_series_rows_cut(&series->late_rows, series->late_length);
    series->next_row_id = rows_next(&series->order_rows, series->length);
    arena_cut(series, series->committed_arena, series->committed_arena_used);
    atomic_store_explicit(&series->tombstones, series->committed_tombstones, memory_order_relaxed);
    atomic_fetch_add_explicit(&series->aborts, 1, memory_order_relaxed);
}

void fc_series_destroy(fc_series *series) {
    if (series == NULL) return;
    assert(atomic_load(&series->views) == 0);
    release_undo(series);
    fc_series_late_release(series, series->late);
    fc_series_order_destroy(series);
    fc_series_free(series, series->order_rows.runs,
                   series->order_rows.capacity * sizeof(fc_series_row_run));
    fc_series_free(series, series->late_rows.runs,
                   series->late_rows.capacity * sizeof(fc_series_row_run));
    fc_series_free(series, series->marks, series->mark_capacity * sizeof(fc_series_commit_mark));
    arena_cut(series, NULL, 0);
    assert(atomic_load(&series->bytes) == sizeof *series);
    const fc_os *os = series->os;
    os->mutex_destroy(os->context, series->mutex);
    os->memory.release(os->memory.context, series, sizeof *series);
}
