// Windows: totals of in-order and late points between boundaries.
#include <math.h>

#include "series_internal.h"

// One window, both ends in it, clipped to the range.
typedef struct bounds {
    int64_t from_us, to_us;
    bool is_partial;
} bounds;

typedef struct windows {
    const fc_series_view *view;
    const fc_window_options *options;
    int64_t from_us, to_us; // the range, both ends in it
    uint64_t at, end;       // in-order points still to come
    fc_series_sources sources;
} windows;

// ---- Totals ------------------------------------------------------------------------------------

// The first and last values of late points; arrival decides between equal times.
typedef struct late_ends {
    bool has_value;
    double first, last;
    int64_t first_us, last_us;
    uint64_t first_arrival, last_arrival;
} late_ends;

static void late_ends_offer(late_ends *ends, double value, int64_t time_us, uint64_t arrival) {
    if (value != value) return;
    if (!ends->has_value || time_us < ends->first_us ||
        (time_us == ends->first_us && arrival < ends->first_arrival)) {
        ends->first = value;
        ends->first_us = time_us;
        ends->first_arrival = arrival;
    }
    if (!ends->has_value || time_us > ends->last_us ||
        (time_us == ends->last_us && arrival > ends->last_arrival)) {
        ends->last = value;
        ends->last_us = time_us;
        ends->last_arrival = arrival;
    }
    ends->has_value = true;
}

// Points of one source that lie together, `at` being the first one's place in the source.
static void add_late(fc_series_totals *totals, late_ends *ends, const windows *windows,
                     const fc_series_source *source, size_t at, size_t from, size_t count) {
    const fc_series_block *block = source->block;
    const double *values = block->values + windows->options->field * block->capacity;
    totals->points += count;
    fc_sum_add(&totals->sum, values + from, count);
    size_t first = 0, last = count - 1;
    while (first < last && values[from + first] != values[from + first])
        first++;
    while (last > first && values[from + last] != values[from + last])
        last--;
    late_ends_offer(ends, values[from + first], block->times_us[from + first],
                    fc_series_source_arrival(&windows->sources, source, at + first));
    late_ends_offer(ends, values[from + last], block->times_us[from + last],
                    fc_series_source_arrival(&windows->sources, source, at + last));
}

// Adds up the window's points and takes them off.
static void window_take(windows *windows, const bounds *bounds, fc_series_totals *out_totals) {
    uint64_t to = windows->end;
    if (bounds->to_us < windows->to_us)
        to = fc_series_order_seek(&windows->view->order, windows->at, bounds->to_us + 1);
    fc_series_totals_init(out_totals);
    fc_series_totals_add(out_totals, windows->view, windows->options->field, windows->at, to);
    windows->at = to;
    if (windows->sources.count == 0) return;
    bool has_order = out_totals->sum.count > 0;
    late_ends ends = {.has_value = false};
    for (size_t i = windows->sources.count; i-- > 0;) {
        fc_series_source *source = &windows->sources.items[i];
        size_t at = source->at, from, count;
        while (fc_series_source_take(&windows->sources, source, bounds->to_us, &from, &count)) {
            // A run's place is its position; the tail's is one before where the source is now.
            at = source->order != NULL ? source->at - 1 : from;
            add_late(out_totals, &ends, windows, source, at, from, count);
        }
        if (source->at == source->end) *source = windows->sources.items[--windows->sources.count];
    }
    if (!ends.has_value) return;
    // In-order points arrived before late ones of the same time.
    if (!has_order || ends.first_us < out_totals->first_us) out_totals->first = ends.first;
    if (!has_order || ends.last_us >= out_totals->last_us) out_totals->last = ends.last;
}

static void window_fill(const fc_series_totals *totals, const bounds *bounds, fc_window *out) {
    const fc_sum *sum = &totals->sum;
    bool has_values = sum->count > 0;
    *out = (fc_window){
        .start_us = bounds->from_us,
        // The one instant that a half-open end cannot pass is taken as included.
        .end_us = bounds->to_us == INT64_MAX ? INT64_MAX : bounds->to_us + 1,
        .is_partial = bounds->is_partial,
        .points = totals->points,
        .count = sum->count,
        .sum = fc_sum_total(sum),
        .minimum = has_values ? sum->minimum : NAN,
        .maximum = has_values ? sum->maximum : NAN,
        .mean = fc_sum_mean(sum),
        .first = has_values ? totals->first : NAN,
        .last = has_values ? totals->last : NAN,
    };
}

// ---- Boundaries --------------------------------------------------------------------------------

static bounds bounds_clip(const windows *windows, __int128 from, __int128 to) {
    bounds bounds = {windows->from_us, windows->to_us, false};
    if (from >= windows->from_us)
        bounds.from_us = (int64_t)from;
    else
        bounds.is_partial = true;
    if (to <= windows->to_us)
        bounds.to_us = (int64_t)to;
    else
        bounds.is_partial = true;
    return bounds;
}

// The window of length_us that holds the instant.
static bounds bounds_fixed(const windows *windows, int64_t time_us) {
    int64_t length = windows->options->length_us, offset, into;
    if (!__builtin_sub_overflow(time_us, windows->options->origin_us, &offset))
        into = offset % length;
    else
        into = (int64_t)(((__int128)time_us - windows->options->origin_us) % length);
    if (into < 0) into += length;
    __int128 from = (__int128)time_us - into;
    return bounds_clip(windows, from, from + length - 1);
}

// The window between edges. REQUIRES: the first edge <= time_us < the last edge.
static bounds bounds_between(const windows *windows, int64_t time_us) {
    const fc_window_options *options = windows->options;
    size_t next = fc_series_lower_bound(options->edges, options->edge_count, time_us + 1);
    return bounds_clip(windows, options->edges[next - 1], (__int128)options->edges[next] - 1);
}

static bounds bounds_at(const windows *windows, int64_t time_us) {
    return windows->options->edges != NULL ? bounds_between(windows, time_us)
                                           : bounds_fixed(windows, time_us);
}

// The time of the next point that may be visible; false when there is none.
static bool next_time(windows *windows, int64_t *out_time_us) {
    bool has_time = windows->at < windows->end;
    if (has_time) *out_time_us = fc_series_order_time(&windows->view->order, windows->at);
    for (size_t i = 0; i < windows->sources.count; i++) {
        const fc_series_source *source = &windows->sources.items[i];
        int64_t time_us = source->block->times_us[fc_series_source_position(source, source->at)];
        if (!has_time || time_us < *out_time_us) *out_time_us = time_us;
        has_time = true;
    }
    return has_time;
}

// ---- The questions -----------------------------------------------------------------------------

static bool options_are_valid(const fc_series_view *view, const fc_window_options *options) {
    if (options->field >= view->field_count) return false;
    if (options->edges == NULL) return options->length_us > 0;
    if (options->edge_count < 2) return false;
    for (size_t i = 1; i < options->edge_count; i++) {
        if (options->edges[i] <= options->edges[i - 1]) return false;
    }
    return true;
}

// Clips open ends to the visible points; false when nothing is left.
static fc_status range_clip(const fc_series_view *view, const fc_time_range *range,
                            int64_t *out_from_us, int64_t *out_to_us, bool *out_has_range) {
    *out_has_range = fc_series_range_close(range, out_from_us, out_to_us);
    fc_status status = FC_STATUS_OK;
    if (*out_has_range && range->start_is_open)
        status = fc_series_first(view, range, out_has_range, out_from_us, NULL, NULL);
    if (status == FC_STATUS_OK && *out_has_range && range->end_is_open)
        status = fc_series_last(view, range, out_has_range, out_to_us, NULL, NULL);
    return status;
}

static void windows_init(windows *windows, const fc_series_view *view,
                         const fc_window_options *options, int64_t from_us, int64_t to_us) {
    windows->view = view;
    windows->options = options;
    windows->from_us = from_us;
    windows->to_us = to_us;
    fc_series_order_range(view, from_us, to_us, &windows->at, &windows->end);
    windows->sources.count = 0;
    if (view->late != NULL) fc_series_sources_init(&windows->sources, view, from_us, to_us);
}

fc_status fc_series_windows(const fc_series_view *view, const fc_time_range *range,
                            const fc_window_options *options,
                            bool (*visit)(void *visitor, const fc_window *window), void *visitor) {
    if (!options_are_valid(view, options)) return FC_STATUS_INVALID_ARGUMENT;
    int64_t from_us, to_us;
    bool has_range;
    fc_status status = range_clip(view, range, &from_us, &to_us, &has_range);
    if (status != FC_STATUS_OK || !has_range) return status;
    if (options->edges != NULL) {
        int64_t last_us = options->edges[options->edge_count - 1] - 1;
        if (from_us < options->edges[0]) from_us = options->edges[0];
        if (to_us > last_us) to_us = last_us;
        if (from_us > to_us) return FC_STATUS_OK;
    }
    windows windows;
    windows_init(&windows, view, options, from_us, to_us);
    int64_t time_us = from_us;
    while (options->with_empty || next_time(&windows, &time_us)) {
        bounds bounds = bounds_at(&windows, time_us);
        fc_series_totals totals;
        window_take(&windows, &bounds, &totals);
        if (options->with_empty || totals.points > 0) {
            fc_window window;
            window_fill(&totals, &bounds, &window);
            if (!visit(visitor, &window)) return FC_STATUS_OK;
        }
        if (bounds.to_us == to_us) break;
        time_us = bounds.to_us + 1;
    }
    return FC_STATUS_OK;
}

fc_status fc_series_aggregate(const fc_series_view *view, const fc_time_range *range,
                              uint32_t field, fc_window *out) {
    fc_window_options options = {.field = field};
    if (field >= view->field_count) return FC_STATUS_INVALID_ARGUMENT;
    int64_t from_us, to_us;
    bool has_range;
    fc_status status = range_clip(view, range, &from_us, &to_us, &has_range);
    if (status != FC_STATUS_OK) return status;
    fc_series_totals totals;
    fc_series_totals_init(&totals);
    bounds bounds = {from_us, to_us, false};
    if (has_range) {
        windows windows;
        windows_init(&windows, view, &options, from_us, to_us);
        window_take(&windows, &bounds, &totals);
    }
    window_fill(&totals, &bounds, out);
    if (has_range) return FC_STATUS_OK;
    out->start_us = range->start_is_open ? INT64_MIN : range->start_us;
    out->end_us = range->end_is_open ? INT64_MAX : range->end_us;
    return FC_STATUS_OK;
}
