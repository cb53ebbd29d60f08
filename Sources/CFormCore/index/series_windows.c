// Windows: totals of in-order and late points between boundaries.
#include <math.h>

#include "series_internal.h"

// One window, both ends in it, clipped to the range.
typedef struct bounds {
    int64_t from_us, to_us;
    bool is_partial;
} bounds;

// The points of one series that are still to come.
typedef struct windows {
    const fc_series_view *view;
    uint32_t field;
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
    const double *values = block->values + windows->field * block->capacity;
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
    fc_series_totals_add(out_totals, windows->view, windows->field, windows->at, to);
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
    if (!has_order || ends.first_us < out_totals->first_us) {
        out_totals->first = ends.first;
        out_totals->first_us = ends.first_us;
    }
    if (!has_order || ends.last_us >= out_totals->last_us) {
        out_totals->last = ends.last;
        out_totals->last_us = ends.last_us;
    }
}

// Adds the totals of a later series: of equal times its points come after those of earlier ones.
static void totals_join(fc_series_totals *totals, const fc_series_totals *later) {
    bool has_values = totals->sum.count > 0;
    totals->points += later->points;
    if (later->sum.count == 0) return;
    if (!has_values || later->first_us < totals->first_us) {
        totals->first = later->first;
        totals->first_us = later->first_us;
    }
    if (!has_values || later->last_us >= totals->last_us) {
        totals->last = later->last;
        totals->last_us = later->last_us;
    }
    fc_sum_merge(&totals->sum, &later->sum);
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

typedef struct layout {
    const fc_window_options *options;
    int64_t from_us, to_us; // the range, both ends in it
} layout;

static bounds bounds_clip(const layout *layout, __int128 from, __int128 to) {
    bounds bounds = {layout->from_us, layout->to_us, false};
    if (from >= layout->from_us)
        bounds.from_us = (int64_t)from;
    else
        bounds.is_partial = true;
    if (to <= layout->to_us)
        bounds.to_us = (int64_t)to;
    else
        bounds.is_partial = true;
    return bounds;
}

// The window of length_us that holds the instant.
static bounds bounds_fixed(const layout *layout, int64_t time_us) {
    int64_t length = layout->options->length_us, offset, into;
    if (!__builtin_sub_overflow(time_us, layout->options->origin_us, &offset))
        into = offset % length;
    else
        into = (int64_t)(((__int128)time_us - layout->options->origin_us) % length);
    if (into < 0) into += length;
    __int128 from = (__int128)time_us - into;
    return bounds_clip(layout, from, from + length - 1);
}

// The window between edges. REQUIRES: the first edge <= time_us < the last edge.
static bounds bounds_between(const layout *layout, int64_t time_us) {
    const fc_window_options *options = layout->options;
    size_t next = fc_series_lower_bound(options->edges, options->edge_count, time_us + 1);
    return bounds_clip(layout, options->edges[next - 1], (__int128)options->edges[next] - 1);
}

static bounds bounds_at(const layout *layout, int64_t time_us) {
    return layout->options->edges != NULL ? bounds_between(layout, time_us)
                                          : bounds_fixed(layout, time_us);
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

static bool options_are_valid(const fc_window_source *sources, size_t count,
                              const fc_window_options *options) {
    for (size_t i = 0; i < count; i++)
        if (sources[i].field >= sources[i].view->field_count) return false;
    if (options->edges == NULL) return options->length_us > 0;
    if (options->edge_count < 2) return false;
    for (size_t i = 1; i < options->edge_count; i++) {
        if (options->edges[i] <= options->edges[i - 1]) return false;
    }
    return true;
}

// Clips open ends to the visible points of all series; false when nothing is left.
static fc_status range_clip(const fc_window_source *sources, size_t count,
                            const fc_time_range *range, int64_t *out_from_us, int64_t *out_to_us,
                            bool *out_has_range) {
    *out_has_range = fc_series_range_close(range, out_from_us, out_to_us);
    if (!*out_has_range || (!range->start_is_open && !range->end_is_open)) return FC_STATUS_OK;
    int64_t first_us = INT64_MAX, last_us = INT64_MIN;
    *out_has_range = false;
    for (size_t i = 0; i < count; i++) {
        bool found;
        int64_t time_us;
        fc_status status = fc_series_first(sources[i].view, range, &found, &time_us, NULL, NULL);
        if (status != FC_STATUS_OK) return status;
        if (!found) continue;
        *out_has_range = true;
        if (time_us < first_us) first_us = time_us;
        status = fc_series_last(sources[i].view, range, &found, &time_us, NULL, NULL);
        if (status != FC_STATUS_OK) return status;
        if (time_us > last_us) last_us = time_us;
    }
    if (range->start_is_open) *out_from_us = first_us;
    if (range->end_is_open) *out_to_us = last_us;
    return FC_STATUS_OK;
}

static void windows_init(windows *windows, const fc_window_source *source, int64_t from_us,
                         int64_t to_us) {
    windows->view = source->view;
    windows->field = source->field;
    windows->from_us = from_us;
    windows->to_us = to_us;
    fc_series_order_range(source->view, from_us, to_us, &windows->at, &windows->end);
    windows->sources.count = 0;
    if (source->view->late != NULL)
        fc_series_sources_init(&windows->sources, source->view, from_us, to_us);
}

// The time of the next point of any series.
static bool next_of_all(windows *parts, size_t count, int64_t *out_time_us) {
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        int64_t time_us;
        if (!next_time(&parts[i], &time_us) || (found && time_us >= *out_time_us)) continue;
        *out_time_us = time_us;
        found = true;
    }
    return found;
}

static void take_of_all(windows *parts, size_t count, const bounds *bounds,
                        fc_series_totals *out_totals) {
    window_take(&parts[0], bounds, out_totals);
    for (size_t i = 1; i < count; i++) {
        fc_series_totals later;
        window_take(&parts[i], bounds, &later);
        totals_join(out_totals, &later);
    }
}

static void visit_windows(windows *parts, size_t count, const layout *layout,
                          bool (*visit)(void *visitor, const fc_window *window), void *visitor) {
    int64_t time_us = layout->from_us;
    while (layout->options->with_empty || next_of_all(parts, count, &time_us)) {
        bounds bounds = bounds_at(layout, time_us);
        fc_series_totals totals;
        take_of_all(parts, count, &bounds, &totals);
        if (layout->options->with_empty || totals.points > 0) {
            fc_window window;
            window_fill(&totals, &bounds, &window);
            if (!visit(visitor, &window)) return;
        }
        if (bounds.to_us == layout->to_us) return;
        time_us = bounds.to_us + 1;
    }
}

fc_status fc_series_windows_of_all(const fc_window_source *sources, size_t count,
                                   const fc_time_range *range, const fc_window_options *options,
                                   bool (*visit)(void *visitor, const fc_window *window),
                                   void *visitor) {
    if (!options_are_valid(sources, count, options)) return FC_STATUS_INVALID_ARGUMENT;
    layout layout = {.options = options};
    bool has_range;
    fc_status status =
        range_clip(sources, count, range, &layout.from_us, &layout.to_us, &has_range);
    if (status != FC_STATUS_OK || !has_range || count == 0) return status;
    if (options->edges != NULL) {
        int64_t last_us = options->edges[options->edge_count - 1] - 1;
        if (layout.from_us < options->edges[0]) layout.from_us = options->edges[0];
        if (layout.to_us > last_us) layout.to_us = last_us;
        if (layout.from_us > layout.to_us) return FC_STATUS_OK;
    }
    windows one, *parts = &one;
    if (count > 1) {
        if (count > SIZE_MAX / sizeof *parts) return FC_STATUS_OUT_OF_MEMORY;
        parts = fc_series_allocate(sources[0].view->series, count * sizeof *parts);
        if (parts == NULL) return FC_STATUS_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        windows_init(&parts[i], &sources[i], layout.from_us, layout.to_us);
    visit_windows(parts, count, &layout, visit, visitor);
    if (parts != &one) fc_series_free(sources[0].view->series, parts, count * sizeof *parts);
    return FC_STATUS_OK;
}

fc_status fc_series_windows(const fc_series_view *view, const fc_time_range *range,
                            const fc_window_options *options,
                            bool (*visit)(void *visitor, const fc_window *window), void *visitor) {
    const fc_window_source source = {view, options->field};
    return fc_series_windows_of_all(&source, 1, range, options, visit, visitor);
}

fc_status fc_series_aggregate(const fc_series_view *view, const fc_time_range *range,
                              uint32_t field, fc_window *out) {
    const fc_window_source source = {view, field};
    if (field >= view->field_count) return FC_STATUS_INVALID_ARGUMENT;
    int64_t from_us, to_us;
    bool has_range;
    fc_status status = range_clip(&source, 1, range, &from_us, &to_us, &has_range);
    if (status != FC_STATUS_OK) return status;
    fc_series_totals totals;
    fc_series_totals_init(&totals);
    bounds bounds = {from_us, to_us, false};
    if (has_range) {
        windows windows;
        windows_init(&windows, &source, from_us, to_us);
        window_take(&windows, &bounds, &totals);
    }
    window_fill(&totals, &bounds, out);
    if (has_range) return FC_STATUS_OK;
    out->start_us = range->start_is_open ? INT64_MIN : range->start_us;
    out->end_us = range->end_is_open ? INT64_MAX : range->end_us;
    return FC_STATUS_OK;
}
