#include <stdlib.h>
#include <string.h>

#include "series_model.h"

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)

// Any bits, NaN and the sign of zero included.
static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool in_range(const fc_time_range *range, int64_t time) {
    return (range->start_is_open || time >= range->start_us) &&
           (range->end_is_open || time < range->end_us);
}

static bool same_metadata(const series_point *point, fc_bytes metadata) {
    const fc_bytes expected = series_metadata(point->metadata);
    return metadata.length == expected.length &&
           (metadata.length == 0 || memcmp(metadata.data, expected.data, metadata.length) == 0);
}

static bool check_got(series_model *model, const series_point *point, size_t i,
                      bool with_metadata) {
    HOLDS(point->time_us == model->got_times[i]);
    for (uint32_t f = 0; f < model->field_count; f++)
        HOLDS(same_bits(point->values[f], model->got_values[f][i]));
    HOLDS(!with_metadata || same_metadata(point, model->got_metadata[i]));
    return true;
}

static void make_room(series_model *model, size_t count) {
    if (count <= model->got_capacity) return;
    model->got_capacity = count * 2;
    model->got_times = realloc(model->got_times, model->got_capacity * sizeof(int64_t));
    model->got_metadata = realloc(model->got_metadata, model->got_capacity * sizeof(fc_bytes));
    if (model->got_times == NULL || model->got_metadata == NULL) abort();
    for (int f = 0; f < SERIES_FIELDS_MAX; f++) {
        model->got_values[f] = realloc(model->got_values[f], model->got_capacity * sizeof(double));
        if (model->got_values[f] == NULL) abort();
    }
}

void series_check_free(series_model *model) {
    free(model->got_times);
    free(model->got_metadata);
    for (int f = 0; f < SERIES_FIELDS_MAX; f++)
        free(model->got_values[f]);
}

static bool collect(void *visitor, const fc_stretch *stretch) {
    series_model *model = visitor;
    const size_t at = model->got_count, count = stretch->count;
    if (count == 0) scenario_failed(model->report, "a scan lent a stretch of no points");
    make_room(model, at + count + 1);
    memcpy(model->got_times + at, stretch->times_us, count * sizeof(int64_t));
    for (uint32_t f = 0; f < model->field_count; f++)
        memcpy(model->got_values[f] + at, stretch->fields[f], count * sizeof(double));
    for (size_t i = 0; i < count; i++)
        model->got_metadata[at + i] =
            stretch->metadata != NULL ? stretch->metadata[i] : (fc_bytes){NULL, 0};
    model->got_count += count;
    return model->got_count < model->stop_at;
}

// Forwards and backwards, to the end or stopped on the way.
static bool check_scans(series_model *model, const fc_series_view *view, const fc_time_range *range,
                        const series_point *const *expected, size_t count) {
    for (int reversed = 0; reversed < 2; reversed++) {
        model->got_count = 0;
        model->stop_at = SIZE_MAX;
        if (chance_one_in(&model->chance, 5))
            model->stop_at = 1 + (size_t)chance_below(&model->chance, count + 1);
        HOLDS(fc_series_scan(view, range, reversed != 0, collect, model) == FC_STATUS_OK);
        HOLDS(model->got_count <= count);
        HOLDS(model->got_count == count || model->got_count >= model->stop_at);
        for (size_t i = 0; i < model->got_count; i++)
            if (!check_got(model, expected[reversed ? count - 1 - i : i], i, true)) return false;
    }
    return true;
}

static bool check_copy(series_model *model, const fc_series_view *view, const fc_time_range *range,
                       const series_point *const *expected, size_t count) {
    model_chance *chance = &model->chance;
    const size_t skip = (size_t)chance_below(chance, count + 3);
    const size_t capacity =
        chance_one_in(chance, 3) ? (size_t)chance_below(chance, count + 2) : count + 1;
    make_room(model, count + 3);
    double *columns[SERIES_FIELDS_MAX];
    for (int f = 0; f < SERIES_FIELDS_MAX; f++)
        columns[f] = model->got_values[f];
    size_t copied = 0;
    HOLDS(fc_series_copy(view, range, skip, capacity, model->got_times, columns, &copied) ==
          FC_STATUS_OK);
    const size_t left = skip < count ? count - skip : 0;
    HOLDS(copied == (left < capacity ? left : capacity));
    for (size_t i = 0; i < copied; i++)
        if (!check_got(model, expected[skip + i], i, false)) return false;
    return true;
}

static bool check_ends(series_model *model, const fc_series_view *view, const fc_time_range *range,
                       const series_point *const *expected, size_t count) {
    for (int last = 0; last < 2; last++) {
        bool found;
        int64_t time;
        double values[SERIES_FIELDS_MAX];
        fc_bytes metadata;
        const fc_status status =
            last ? fc_series_last(view, range, &found, &time, values, &metadata)
                 : fc_series_first(view, range, &found, &time, values, &metadata);
        HOLDS(status == FC_STATUS_OK && found == (count > 0));
        if (!found) continue;
        const series_point *point = expected[last ? count - 1 : 0];
        HOLDS(time == point->time_us && same_metadata(point, metadata));
        for (uint32_t f = 0; f < model->field_count; f++)
            HOLDS(same_bits(values[f], point->values[f]));
    }
    return true;
}

static bool check_all(series_model *model, const fc_series_view *view, uint64_t sequence,
                      const fc_time_range *range, const series_point **expected) {
    size_t count = 0;
    for (size_t i = 0; i < model->points.count; i++) {
        const series_point *point = &model->points.data[i];
        if (series_point_is_visible(point, sequence) && in_range(range, point->time_us))
            expected[count++] = point;
    }
    uint64_t counted = 0;
    HOLDS(fc_series_count(view, range, &counted) == FC_STATUS_OK && counted == count);
    model->counts->questions++;
    model->counts->questions_with_points += count > 0;
    return check_scans(model, view, range, expected, count) &&
           check_copy(model, view, range, expected, count) &&
           check_ends(model, view, range, expected, count) &&
           series_check_windows(model, view, sequence, range, expected, count);
}

bool series_check_view(series_model *model, const fc_series_view *view, uint64_t sequence) {
    fc_time_range range = {.start_is_open = true, .end_is_open = true};
    if (!chance_one_in(&model->chance, 4)) range = series_random_range(model);
    const series_point **expected = malloc((model->points.count + 1) * sizeof(series_point *));
    if (expected == NULL) abort();
    const bool holds = check_all(model, view, sequence, &range, expected);
    free(expected);
    return holds;
}
