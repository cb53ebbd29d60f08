// Counting, and the first and the last point of a range.
#include <string.h>

#include "series_internal.h"

void fc_series_order_range(const fc_series_view *view, int64_t from_us, int64_t to_us,
                           uint64_t *out_from, uint64_t *out_to) {
    *out_from = fc_series_order_seek(&view->order, 0, from_us);
    *out_to = to_us == INT64_MAX ? view->order.length
                                 : fc_series_order_seek(&view->order, *out_from, to_us + 1);
}

static uint64_t count_run(const fc_series_view *view, const fc_series_block *run, int64_t from_us,
                          int64_t to_us) {
    size_t from = fc_series_lower_bound(run->times_us, run->count, from_us);
    size_t to = to_us == INT64_MAX ? run->count
                                   : fc_series_lower_bound(run->times_us, run->count, to_us + 1);
    if (run->arrival_end <= view->late_length)
        return fc_series_block_count(run, view->deletes, from, to);
    uint64_t count = 0;
    for (size_t i = from; i < to; i++) {
        if (run->arrivals[i] < view->late_length)
            count += fc_series_block_count(run, view->deletes, i, i + 1);
    }
    return count;
}

static uint64_t count_tail(const fc_series_view *view, int64_t from_us, int64_t to_us) {
    const fc_series_block *tail = view->late->tail;
    size_t tail_count = fc_series_tail_count(view->late, view->late_length);
    uint64_t count = 0;
    for (size_t i = 0; tail != NULL && i < tail_count; i++) {
        if (tail->times_us[i] >= from_us && tail->times_us[i] <= to_us)
            count += fc_series_block_count(tail, view->deletes, i, i + 1);
    }
    return count;
}

fc_status fc_series_count(const fc_series_view *view, const fc_time_range *range,
                          uint64_t *out_count) {
    int64_t from_us, to_us;
    uint64_t from, to, count = 0;
    *out_count = 0;
    if (!fc_series_range_close(range, &from_us, &to_us)) return FC_STATUS_OK;
    fc_series_order_range(view, from_us, to_us, &from, &to);
    if (view->deletes == 0) {
        count = to - from;
        from = to;
    }
    while (from < to) {
        fc_series_part part = fc_series_order_part(&view->order, from, to);
        count += fc_series_block_count(part.chunk, view->deletes, part.from, part.to);
        from += part.to - part.from;
    }
    if (view->late != NULL) {
        for (uint32_t i = 0; i < view->late->run_count; i++)
            count += count_run(view, view->late->runs[i], from_us, to_us);
        count += count_tail(view, from_us, to_us);
    }
    *out_count = count;
    return FC_STATUS_OK;
}

// ---- First and last ----------------------------------------------------------------------------

typedef struct found {
    const fc_series_block *block; // NULL: none
    size_t position;
    int64_t time_us;
} found;

static found order_first(const fc_series_view *view, uint64_t from, uint64_t to) {
    while (from < to) {
        fc_series_part part = fc_series_order_part(&view->order, from, to);
        size_t at;
        if (fc_series_block_find(part.chunk, view->deletes, part.from, part.to, false, &at))
            return (found){part.chunk, at, part.chunk->times_us[at]};
        from += part.to - part.from;
    }
    return (found){NULL, 0, 0};
}

static found order_last(const fc_series_view *view, uint64_t from, uint64_t to) {
    while (from < to) {
        fc_series_part part = fc_series_order_last_part(&view->order, from, to);
        size_t at;
        if (fc_series_block_find(part.chunk, view->deletes, part.from, part.to, true, &at))
            return (found){part.chunk, at, part.chunk->times_us[at]};
        to -= part.to - part.from;
    }
    return (found){NULL, 0, 0};
}

// The first (or last) late point of a closed range.
static found late_end(const fc_series_view *view, int64_t from_us, int64_t to_us, bool is_last) {
    fc_series_sources sources;
    fc_series_sources_init(&sources, view, from_us, to_us);
    found best = {NULL, 0, 0};
    uint64_t best_arrival = 0;
    for (size_t i = 0; i < sources.count; i++) {
        fc_series_source *source = &sources.items[i];
        if (is_last && !fc_series_source_settle_back(&sources, source)) continue;
        size_t at = is_last ? source->end - 1 : source->at;
        size_t position = fc_series_source_position(source, at);
        int64_t time_us = source->block->times_us[position];
        uint64_t arrival = fc_series_source_arrival(&sources, source, at);
        bool is_earlier =
            time_us < best.time_us || (time_us == best.time_us && arrival < best_arrival);
        if (best.block != NULL && is_earlier == is_last) continue;
        best = (found){source->block, position, time_us};
        best_arrival = arrival;
    }
    return best;
}

static void give(const fc_series_view *view, const found *point, bool *out_found,
                 int64_t *out_time_us, double *out_values, fc_bytes *out_metadata) {
    const fc_series_block *block = point->block;
    *out_found = block != NULL;
    if (block == NULL) return;
    if (out_time_us != NULL) *out_time_us = point->time_us;
    for (size_t f = 0; out_values != NULL && f < view->field_count; f++)
        out_values[f] = block->values[f * block->capacity + point->position];
    if (out_metadata == NULL) return;
    const fc_bytes *metadata = view->has_metadata ? fc_series_block_metadata(block) : NULL;
    *out_metadata = metadata != NULL ? metadata[point->position] : (fc_bytes){NULL, 0};
}

fc_status fc_series_first(const fc_series_view *view, const fc_time_range *range, bool *out_found,
                          int64_t *out_time_us, double *out_values, fc_bytes *out_metadata) {
    int64_t from_us, to_us;
    *out_found = false;
    if (!fc_series_range_close(range, &from_us, &to_us)) return FC_STATUS_OK;
    uint64_t from, to;
    fc_series_order_range(view, from_us, to_us, &from, &to);
    found point = order_first(view, from, to);
    if (view->late != NULL && (point.block == NULL || point.time_us > from_us)) {
        // Only an earlier late point comes before: in-order points arrived before late ones.
        found late =
            late_end(view, from_us, point.block != NULL ? point.time_us - 1 : to_us, false);
        if (late.block != NULL) point = late;
    }
    give(view, &point, out_found, out_time_us, out_values, out_metadata);
    return FC_STATUS_OK;
}

fc_status fc_series_last(const fc_series_view *view, const fc_time_range *range, bool *out_found,
                         int64_t *out_time_us, double *out_values, fc_bytes *out_metadata) {
    int64_t from_us, to_us;
    *out_found = false;
    if (!fc_series_range_close(range, &from_us, &to_us)) return FC_STATUS_OK;
    uint64_t from, to;
    fc_series_order_range(view, from_us, to_us, &from, &to);
    found point = order_last(view, from, to);
    // Every late point is older than the newest in-order point.
    bool is_newest = point.block != NULL && to == view->order.length &&
                     point.time_us == fc_series_order_time(&view->order, to - 1);
    if (view->late != NULL && !is_newest) {
        found late = late_end(view, point.block != NULL ? point.time_us : from_us, to_us, true);
        if (late.block != NULL) point = late;
    }
    give(view, &point, out_found, out_time_us, out_values, out_metadata);
    return FC_STATUS_OK;
}
