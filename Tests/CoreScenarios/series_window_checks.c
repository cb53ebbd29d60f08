#include <float.h>
#include <math.h>
#include <string.h>

#include "series_model.h"

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)
#define EDGES_MAX 8
#define WINDOWS_VISITED_MAX 40

// Times beyond int64 occur as the ends of windows.
typedef __int128 wide_time;

// What a window's values come to, exactly.
typedef struct window_answer {
    uint64_t points, count;
    double minimum, maximum, first, last;
    bool has_infinity, has_negative_infinity;
    exact_sum sum, magnitudes;
} window_answer;

static void add_value(window_answer *answer, double value) {
    answer->points++;
    if (isnan(value)) return;
    if (answer->count++ == 0) answer->minimum = answer->maximum = answer->first = value;
    answer->last = value;
    // -0 orders before +0.
    if (value < answer->minimum || (value == answer->minimum && signbit(value)))
        answer->minimum = value;
    if (value > answer->maximum || (value == answer->maximum && !signbit(value)))
        answer->maximum = value;
    if (isinf(value)) {
        *(value > 0 ? &answer->has_infinity : &answer->has_negative_infinity) = true;
    } else {
        exact_sum_add(&answer->sum, value);
        exact_sum_add(&answer->magnitudes, fabs(value));
    }
}

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

// A finite sum is within one unit in the last place (and n · 2^-100 of the magnitudes); an infinite one
// would not fit; the mean stays finite where only the sum overflows.
static bool check_finite_sums(series_model *model, const fc_window *window,
                              const window_answer *answer) {
    const long double sum = exact_sum_value(&answer->sum), count = (long double)answer->count;
    const long double allowed = exact_sum_value(&answer->magnitudes) * count * 0x1p-100L;
    if (isinf(window->sum)) {
        // Summed in double-double: what rounds beyond the largest finite number.
        HOLDS((window->sum > 0) == (sum > 0));
        HOLDS(fabsl(sum) >= 0x1.fffffffffffffp1023L - allowed);
    } else {
        exact_sum difference = answer->sum;
        exact_sum_add(&difference, -window->sum);
        HOLDS(fabsl(exact_sum_value(&difference)) <= exact_unit(window->sum) + allowed);
    }
    HOLDS(isfinite(window->mean));
    const long double mean = sum / count;
    // Where long double is no wider than double, the mean it is held against is rounded too.
    const long double units = LDBL_MANT_DIG > DBL_MANT_DIG ? 1.001L : 2;
    HOLDS(fabsl(mean - window->mean) <=
          exact_unit(window->mean) * units + allowed / count + 0x1p-1074L);
    return true;
}

// `start` and `end` are where the window begins and ends, in time without bounds.
static bool check_window(series_model *model, const fc_window *window, uint64_t sequence,
                         uint32_t field, wide_time start, wide_time end, bool is_partial) {
    window_answer answer = {.points = 0};
    for (size_t i = 0; i < model->points.count; i++) {
        const series_point *point = &model->points.data[i];
        if (point->time_us >= start && point->time_us < end &&
            series_point_is_visible(point, sequence))
            add_value(&answer, point->values[field]);
    }
    model->counts->windows++;
    HOLDS(window->start_us == start && window->is_partial == is_partial);
    HOLDS(window->end_us == (end > INT64_MAX ? INT64_MAX : end));
    HOLDS(window->points == answer.points && window->count == answer.count);
    if (answer.count == 0) {
        HOLDS(window->sum == 0 && isnan(window->mean) && isnan(window->minimum));
        HOLDS(isnan(window->maximum) && isnan(window->first) && isnan(window->last));
        return true;
    }
    HOLDS(same_bits(window->minimum, answer.minimum) && same_bits(window->maximum, answer.maximum));
    HOLDS(same_bits(window->first, answer.first) && same_bits(window->last, answer.last));
    if (answer.has_infinity && answer.has_negative_infinity) {
        HOLDS(isnan(window->sum) && isnan(window->mean));
    } else if (answer.has_infinity || answer.has_negative_infinity) {
        const double infinite = answer.has_infinity ? INFINITY : -INFINITY;
        HOLDS(window->sum == infinite && window->mean == infinite);
    } else {
        return check_finite_sums(model, window, &answer);
    }
    return true;
}

// One call for windows, as its visitor follows it.
typedef struct window_walk {
    series_model *model;
    const fc_window_options *options;
    uint64_t sequence;
    wide_time range_start, range_end, next;
    size_t visited;
    uint64_t points;
    bool holds;
} window_walk;

// The window that begins at or before `start`, not clipped.
static void whole_window(const fc_window_options *options, int64_t start, wide_time *out_start,
                         wide_time *out_end) {
    if (options->edges != NULL) {
        size_t i = 0;
        while (i + 2 < options->edge_count && options->edges[i + 1] <= start)
            i++;
        *out_start = options->edges[i];
        *out_end = options->edges[i + 1];
        return;
    }
    const wide_time distance = (wide_time)start - options->origin_us;
    wide_time number = distance / options->length_us;
    if (distance % options->length_us < 0) number--;
    *out_start = options->origin_us + number * options->length_us;
    *out_end = *out_start + options->length_us;
}

static bool follow(window_walk *walk, const fc_window *window) {
    series_model *model = walk->model;
    wide_time start, end;
    whole_window(walk->options, window->start_us, &start, &end);
    const bool is_partial = start < walk->range_start || end > walk->range_end;
    if (start < walk->range_start) start = walk->range_start;
    if (end > walk->range_end) end = walk->range_end;
    HOLDS(walk->options->with_empty ? start == walk->next
                                    : start >= walk->next && window->points > 0);
    walk->next = end;
    walk->points += window->points;
    walk->visited++;
    return check_window(model, window, walk->sequence, walk->options->field, start, end,
                        is_partial);
}

static bool visit(void *visitor, const fc_window *window) {
    window_walk *walk = visitor;
    walk->holds = walk->holds && follow(walk, window);
    return walk->holds && walk->visited < WINDOWS_VISITED_MAX;
}

// Fixed lengths from small to huge about any origin, or given edges.
static fc_window_options random_options(series_model *model, int64_t *edges) {
    model_chance *chance = &model->chance;
    fc_window_options options = {.field = (uint32_t)chance_below(chance, model->field_count),
                                 .with_empty = chance_one_in(chance, 3)};
    if (chance_one_in(chance, 3)) {
        for (size_t wanted = 2 + (size_t)chance_below(chance, EDGES_MAX - 2), i = 0; i < wanted;
             i++) {
            const int64_t edge = series_random_time(model);
            size_t at = options.edge_count;
            while (at > 0 && edges[at - 1] > edge)
                at--;
            if (at > 0 && edges[at - 1] == edge) continue;
            memmove(edges + at + 1, edges + at, (options.edge_count - at) * sizeof *edges);
            edges[at] = edge;
            options.edge_count++;
        }
    }
    if (options.edge_count >= 2) {
        options.edges = edges;
        return options;
    }
    options.edge_count = 0;
    options.length_us = 1 + (int64_t)chance_below(chance, 200);
    if (chance_one_in(chance, 4))
        options.length_us = (int64_t)(chance_bits(chance) >> (1 + chance_below(chance, 62))) | 1;
    options.origin_us = chance_one_in(chance, 3) ? (int64_t)chance_bits(chance)
                                                 : (int64_t)chance_below(chance, 100) - 50;
    return options;
}

bool series_check_windows(series_model *model, const fc_series_view *view, uint64_t sequence,
                          const fc_time_range *range, const series_point *const *visible,
                          size_t count) {
    // An open end is clipped to the points; without any there is nothing.
    wide_time start = range->start_us, end = range->end_us;
    if (range->start_is_open) start = count > 0 ? visible[0]->time_us : INT64_MIN;
    if (range->end_is_open)
        end = count > 0 ? (wide_time)visible[count - 1]->time_us + 1 : INT64_MAX;
    const uint32_t field = (uint32_t)chance_below(&model->chance, model->field_count);
    fc_window whole;
    HOLDS(fc_series_aggregate(view, range, field, &whole) == FC_STATUS_OK);
    if (!check_window(model, &whole, sequence, field, start, end, false)) return false;

    int64_t edges[EDGES_MAX + 1];
    const fc_window_options options = random_options(model, edges);
    if (options.edges != NULL && edges[0] > start) start = edges[0];
    if (options.edges != NULL && edges[options.edge_count - 1] < end)
        end = edges[options.edge_count - 1];
    window_walk walk = {.model = model, .options = &options, .sequence = sequence, .holds = true};
    walk.range_start = walk.next = start;
    walk.range_end = end;
    HOLDS(fc_series_windows(view, range, &options, visit, &walk) == FC_STATUS_OK);
    if (!walk.holds) return false;
    const bool is_empty =
        start >= end || (count == 0 && (range->start_is_open || range->end_is_open));
    if (is_empty) {
        HOLDS(walk.visited == 0);
    } else if (walk.visited < WINDOWS_VISITED_MAX) { // all of them: none was left out
        uint64_t points = 0;
        for (size_t i = 0; i < count; i++)
            points += visible[i]->time_us >= start && visible[i]->time_us < end;
        HOLDS(walk.points == points);
        HOLDS(!options.with_empty || walk.next == end ||
              (end > INT64_MAX && walk.next >= INT64_MAX));
    }
    return true;
}
