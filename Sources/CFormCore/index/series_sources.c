// The late points of a range, per run and tail.
#include <string.h>

#include "series_internal.h"

bool fc_series_range_close(const fc_time_range *range, int64_t *out_from_us, int64_t *out_to_us) {
    *out_from_us = range->start_is_open ? INT64_MIN : range->start_us;
    *out_to_us = INT64_MAX;
    if (range->end_is_open) return true;
    if (range->end_us == INT64_MIN) return false;
    *out_to_us = range->end_us - 1;
    return *out_from_us <= *out_to_us;
}

static bool is_seen(const fc_series_sources *sources, const fc_series_source *source,
                    size_t position) {
    if (source->block->arrivals != NULL &&
        source->block->arrivals[position] >= sources->late_length)
        return false;
    if (sources->deletes == 0) return true;
    uint32_t mark = fc_series_block_mark(source->block, position);
    return mark == 0 || mark > sources->deletes;
}

bool fc_series_source_settle(const fc_series_sources *sources, fc_series_source *source) {
    if (source->order != NULL) return source->at < source->end;
    while (source->at < source->end && !is_seen(sources, source, source->at))
        source->at++;
    return source->at < source->end;
}

bool fc_series_source_settle_back(const fc_series_sources *sources, fc_series_source *source) {
    if (source->order != NULL) return source->at < source->end;
    while (source->at < source->end && !is_seen(sources, source, source->end - 1))
        source->end--;
    return source->at < source->end;
}

bool fc_series_source_take(const fc_series_sources *sources, fc_series_source *source,
                           int64_t to_us, size_t *out_from, size_t *out_count) {
    if (!fc_series_source_settle(sources, source)) return false;
    size_t position = fc_series_source_position(source, source->at);
    if (source->block->times_us[position] > to_us) return false;
    *out_from = position;
    size_t end = ++source->at;
    if (source->order == NULL) {
        while (end < source->end && source->block->times_us[end] <= to_us &&
               is_seen(sources, source, end))
            end++;
        source->at = end;
    }
    *out_count = source->order == NULL ? end - position : 1;
    return true;
}

// The visible points of the tail in the range, sorted by insertion: at most 256, often nearly in order.
static void tail_init(fc_series_sources *sources, const fc_series_block *tail, size_t tail_count,
                      int64_t from_us, int64_t to_us) {
    fc_series_source source = {tail, 0, 0, sources->tail_order};
    uint16_t *order = sources->tail_order;
    for (size_t i = 0; i < tail_count; i++) {
        int64_t time_us = tail->times_us[i];
        if (time_us < from_us || time_us > to_us || !is_seen(sources, &source, i)) continue;
        size_t below = source.end;
        if (below > 0 && tail->times_us[order[below - 1]] > time_us) {
            size_t low = 0; // the first place whose time is later
            while (low < below) {
                size_t middle = low + (below - low) / 2;
                if (tail->times_us[order[middle]] <= time_us)
                    low = middle + 1;
                else
                    below = middle;
            }
            memmove(order + low + 1, order + low, (source.end - low) * sizeof *order);
        }
        order[below] = (uint16_t)i;
        source.end++;
    }
    if (source.end > 0) sources->items[sources->count++] = source;
}

void fc_series_sources_init(fc_series_sources *sources, const fc_series_view *view, int64_t from_us,
                            int64_t to_us) {
    const fc_series_late *late = view->late;
    sources->late_length = view->late_length;
    sources->deletes = view->deletes;
    sources->count = 0;
    if (late == NULL) return;
    sources->tail_base = late->tail_base;
    for (uint32_t i = 0; i < late->run_count; i++) {
        const fc_series_block *run = late->runs[i];
        fc_series_source source = {run, 0, run->count, NULL};
        if (from_us != INT64_MIN)
            source.at = fc_series_lower_bound(run->times_us, run->count, from_us);
        if (to_us != INT64_MAX)
            source.end = fc_series_lower_bound(run->times_us, run->count, to_us + 1);
        if (fc_series_source_settle(sources, &source)) sources->items[sources->count++] = source;
    }
    if (late->tail != NULL)
        tail_init(sources, late->tail, fc_series_tail_count(late, view->late_length), from_us,
                  to_us);
}
