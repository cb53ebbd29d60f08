// The in-order buffer: a directory of chunks that never move.
#include <assert.h>
#include <string.h>

#include "series_internal.h"

#define DIRECTORY_FIRST 2u
#define INTERPOLATE_POINTS_MIN 64u

size_t fc_series_lower_bound(const int64_t *times_us, size_t count, int64_t time_us) {
    const int64_t *base = times_us;
    while (count > 1) {
        size_t half = count / 2;
        base += base[half - 1] < time_us ? half : 0;
        count -= half;
    }
    return (size_t)(base - times_us) + (count == 1 && *base < time_us);
}

// The same from `from` on, by doubling steps: cheap when the answer is near.
static size_t gallop(const int64_t *times_us, size_t from, size_t count, int64_t time_us) {
    size_t step = 8;
    while (step < count - from && times_us[from + step - 1] < time_us) {
        from += step;
        step *= 2;
    }
    if (step > count - from) step = count - from;
    return from + fc_series_lower_bound(times_us + from, step, time_us);
}

// The same within a chunk, from where the time would lie if points came evenly: mostly one guess, and
// never more than twice the steps of a plain search.
static size_t chunk_lower_bound(const int64_t *times_us, size_t count, int64_t time_us) {
    if (count < INTERPOLATE_POINTS_MIN) return fc_series_lower_bound(times_us, count, time_us);
    int64_t first_us = times_us[0], last_us = times_us[count - 1];
    if (time_us <= first_us) return 0;
    if (time_us > last_us) return count;
    double share = (double)((uint64_t)time_us - (uint64_t)first_us) /
                   (double)((uint64_t)last_us - (uint64_t)first_us);
    size_t guess = (size_t)(share * (double)(count - 1));
    if (guess >= count) guess = count - 1;
    if (times_us[guess] < time_us) return gallop(times_us, guess, count, time_us);
    size_t step = 8;
    while (step < guess && times_us[guess - step] >= time_us) {
        guess -= step;
        step *= 2;
    }
    if (step > guess) step = guess;
    return guess - step + fc_series_lower_bound(times_us + guess - step, step, time_us);
}

fc_series_order fc_series_writer_order(const fc_series *series) {
    return (fc_series_order){series->directory != NULL ? series->directory->entries : NULL,
                             series->length, series->first_log2, series->full_log2};
}

static size_t order_chunk_of(const fc_series_order *order, uint64_t index) {
    return fc_series_chunk_of(index, order->first_log2, order->full_log2);
}

static fc_series_part order_part_of(const fc_series_order *order, size_t k, uint64_t from,
                                    uint64_t to) {
    uint64_t start = fc_series_chunk_start(k, order->first_log2, order->full_log2);
    size_t capacity = fc_series_chunk_capacity(k, order->first_log2, order->full_log2);
    fc_series_part part = {.chunk = order->entries[k].chunk};
    part.from = from > start ? (size_t)(from - start) : 0;
    part.to = to - start < capacity ? (size_t)(to - start) : capacity;
    part.is_whole = part.from == 0 && part.to == capacity;
    return part;
}

fc_series_part fc_series_order_part(const fc_series_order *order, uint64_t from, uint64_t to) {
    return order_part_of(order, order_chunk_of(order, from), from, to);
}

fc_series_part fc_series_order_last_part(const fc_series_order *order, uint64_t from, uint64_t to) {
    return order_part_of(order, order_chunk_of(order, to - 1), from, to);
}

int64_t fc_series_order_time(const fc_series_order *order, uint64_t index) {
    size_t k = order_chunk_of(order, index);
    uint64_t start = fc_series_chunk_start(k, order->first_log2, order->full_log2);
    return order->entries[k].chunk->times_us[index - start];
}

uint64_t fc_series_order_seek(const fc_series_order *order, uint64_t from, int64_t time_us) {
    if (from >= order->length) return order->length;
    size_t k = order_chunk_of(order, from);
    size_t last = order_chunk_of(order, order->length - 1);
    bool is_near = k == last || order->entries[k + 1].first_us >= time_us;
    if (!is_near) {
        // The last chunk that begins before the time: the answer is in it, or is the next one's start.
        size_t below = k + 1, above = last + 1;
        while (above - below > 1) {
            size_t middle = below + (above - below) / 2;
            if (order->entries[middle].first_us < time_us)
                below = middle;
            else
                above = middle;
        }
        k = below;
    }
    uint64_t start = fc_series_chunk_start(k, order->first_log2, order->full_log2);
    size_t capacity = fc_series_chunk_capacity(k, order->first_log2, order->full_log2);
    size_t count = order->length - start < capacity ? (size_t)(order->length - start) : capacity;
    const int64_t *times_us = order->entries[k].chunk->times_us;
    if (from > start) return start + gallop(times_us, (size_t)(from - start), count, time_us);
    return start + chunk_lower_bound(times_us, count, time_us);
}

// ---- Writing -----------------------------------------------------------------------------------

static size_t directory_size(size_t capacity) {
    return sizeof(fc_series_directory) + capacity * sizeof(fc_series_entry);
}

static bool directory_grow(fc_series *series) {
    size_t capacity = series->directory == NULL ? DIRECTORY_FIRST : series->directory->capacity * 2;
    if (capacity > SIZE_MAX / 2 / sizeof(fc_series_entry)) return false;
    fc_series_directory *grown = fc_series_allocate(series, directory_size(capacity));
    if (grown == NULL) return false;
    grown->retired = series->directory;
    grown->capacity = capacity;
    if (series->chunk_count > 0)
        memcpy(grown->entries, series->directory->entries,
               series->chunk_count * sizeof(fc_series_entry));
    series->os->mutex_lock(series->os->context, series->mutex);
    series->directory = grown;
    series->os->mutex_unlock(series->os->context, series->mutex);
    return true;
}

// Points open_chunk at the chunk of point `length`, if there is one.
static void order_open(fc_series *series) {
    size_t k = fc_series_chunk_of(series->length, series->first_log2, series->full_log2);
    series->open_chunk = NULL;
    series->open_start = series->open_end = series->length;
    series->open_is_plain = false;
    if (k >= series->chunk_count) return;
    series->open_chunk = series->directory->entries[k].chunk;
    series->open_start = fc_series_chunk_start(k, series->first_log2, series->full_log2);
    series->open_end =
        series->open_start + fc_series_chunk_capacity(k, series->first_log2, series->full_log2);
    series->open_is_plain = fc_series_block_metadata(series->open_chunk) == NULL;
}

bool fc_series_order_reserve(fc_series *series, uint64_t count, bool with_metadata) {
    if (count == 0) return true;
    size_t first = fc_series_chunk_of(series->length, series->first_log2, series->full_log2);
    size_t last =
        fc_series_chunk_of(series->length + count - 1, series->first_log2, series->full_log2);
    for (size_t k = series->chunk_count; k <= last; k++) {
        if ((series->directory == NULL || k == series->directory->capacity) &&
            !directory_grow(series))
            return false;
        size_t capacity = fc_series_chunk_capacity(k, series->first_log2, series->full_log2);
        fc_series_block *chunk = fc_series_block_create(series, capacity, false);
        if (chunk == NULL) return false;
        series->directory->entries[k] = (fc_series_entry){0, chunk};
        series->chunk_count = k + 1;
    }
    for (size_t k = first; with_metadata && k <= last; k++) {
        if (!fc_series_block_need_metadata(series, series->directory->entries[k].chunk))
            return false;
    }
    order_open(series);
    return true;
}

fc_bytes fc_series_points_metadata(const fc_points *points, const uint8_t *metadata, uint32_t i) {
    if (metadata == NULL) return (fc_bytes){NULL, 0};
    uint32_t from = i == 0 ? 0 : points->metadata_ends[i - 1];
    uint32_t length = points->metadata_ends[i] - from;
    return length == 0 ? (fc_bytes){NULL, 0} : (fc_bytes){metadata + from, length};
}

void fc_series_order_put(fc_series *series, const fc_points *points, uint32_t from, uint32_t count,
                         const uint8_t *metadata) {
    if (count == 0) return;
    uint32_t end = from + count;
    while (from < end) {
        if (series->length == series->open_end) order_open(series);
        fc_series_block *chunk = series->open_chunk;
        assert(chunk != NULL);
        size_t at = (size_t)(series->length - series->open_start);
        size_t part = end - from;
        if (part > chunk->capacity - at) part = chunk->capacity - at;
        memcpy(chunk->times_us + at, points->times_us + from, part * sizeof(int64_t));
        for (size_t f = 0; f < series->field_count; f++)
            memcpy(chunk->values + f * chunk->capacity + at, points->fields[f] + from,
                   part * sizeof(double));
        fc_bytes *column = atomic_load_explicit(&chunk->metadata, memory_order_relaxed);
        for (size_t i = 0; column != NULL && i < part; i++)
            column[at + i] = fc_series_points_metadata(points, metadata, from + (uint32_t)i);
        if (at == 0) {
            size_t k = fc_series_chunk_of(series->length, series->first_log2, series->full_log2);
            series->directory->entries[k].first_us = chunk->times_us[0];
        }
        from += (uint32_t)part;
        series->length += part;
    }
    series->newest_us = points->times_us[end - 1];
}

void fc_series_order_cut(fc_series *series, uint64_t length) {
    series->length = length;
    fc_series_order order = fc_series_writer_order(series);
    series->newest_us = length == 0 ? INT64_MIN : fc_series_order_time(&order, length - 1);
    order_open(series);
}

void fc_series_order_destroy(fc_series *series) {
    for (size_t k = 0; k < series->chunk_count; k++)
        fc_series_block_release(series, series->directory->entries[k].chunk);
    while (series->directory != NULL) {
        fc_series_directory *retired = series->directory->retired;
        fc_series_free(series, series->directory, directory_size(series->directory->capacity));
        series->directory = retired;
    }
}
