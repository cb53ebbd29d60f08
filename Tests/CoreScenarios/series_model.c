#include "series_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)

fc_bytes series_metadata(uint32_t number) {
    static const uint8_t bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (number == 0) return (fc_bytes){NULL, 0};
    return (fc_bytes){bytes + number * 7 % 20, 1 + number % 12};
}

// Values of one temper for each series: plain, wide, with infinities, about to overflow, zeros.
static double random_value(series_model *model) {
    model_chance *chance = &model->chance;
    const uint64_t kind = chance_below(chance, 60);
    switch (model->value_kind) {
    case 0:
        return (double)(int64_t)chance_below(chance, 20000) / 100 - 100;
    case 1:
        if (kind < 2) return NAN;
        if (kind < 6) return kind < 4 ? -0.0 : 0.0;
        if (kind < 8) return 5e-324;
        return ldexp((double)(int64_t)chance_bits(chance), (int)chance_below(chance, 40) - 60);
    case 2:
        if (kind < 2) return kind == 0 ? INFINITY : -INFINITY;
        if (kind < 8) return NAN;
        if (kind < 24) return kind < 16 ? -0.0 : 0.0;
        return (double)(int64_t)chance_below(chance, 100) - 50;
    case 3: {
        const double sign = chance_one_in(chance, 2) ? 1 : -1;
        if (kind < 36) return sign * 1.7e308 * chance_unit(chance);
        return sign * ldexp(1 + (double)chance_below(chance, 1000),
                            (int)chance_below(chance, 2000) - 1070);
    }
    default:
        return kind < 15 ? NAN : kind < 40 ? 0.0 : kind < 50 ? -0.0 : 1.0;
    }
}

// Times of one temper: in order, mostly, not at all, anywhere, backwards.
static int64_t next_time(series_model *model) {
    model_chance *chance = &model->chance;
    switch (model->order_kind) {
    case 0:
        return model->clock_us += (int64_t)chance_below(chance, 4);
    case 1:
        if (chance_one_in(chance, 10)) return model->clock_us - (int64_t)chance_below(chance, 300);
        return model->clock_us += (int64_t)chance_below(chance, 5);
    case 2:
        return (int64_t)chance_below(chance, 3000) - 1500;
    case 3:
        if (chance_one_in(chance, 50)) return INT64_MIN;
        if (chance_one_in(chance, 1500)) return INT64_MAX;
        return (int64_t)chance_bits(chance) >> chance_below(chance, 40);
    default:
        return model->clock_us -= (int64_t)chance_below(chance, 3);
    }
}

int64_t series_random_time(series_model *model) {
    model_chance *chance = &model->chance;
    const uint64_t kind = chance_below(chance, 12);
    if (kind == 0) return INT64_MIN;
    if (kind == 1) return INT64_MAX;
    if (model->points.count == 0 || kind > 9)
        return (int64_t)chance_bits(chance) >> chance_below(chance, 60);
    const int64_t time = model->points.data[chance_below(chance, model->points.count)].time_us;
    if (time < INT64_MIN + 2 || time > INT64_MAX - 2) return time;
    return time + (int64_t)chance_below(chance, 5) - 2;
}

fc_time_range series_random_range(series_model *model) {
    fc_time_range range = {.start_is_open = chance_one_in(&model->chance, 4),
                           .end_is_open = chance_one_in(&model->chance, 4),
                           .start_us = series_random_time(model),
                           .end_us = series_random_time(model)};
    if (range.start_us > range.end_us && !chance_one_in(&model->chance, 8)) {
        const int64_t kept = range.start_us;
        range.start_us = range.end_us;
        range.end_us = kept;
    }
    return range;
}

static void insert_point(series_points *points, const series_point *point) {
    if (points->count == points->capacity) {
        points->capacity = points->capacity * 2 + 1024;
        points->data = realloc(points->data, points->capacity * sizeof *points->data);
        if (points->data == NULL) abort();
    }
    size_t at = points->count++;
    while (at > 0 && points->data[at - 1].time_us > point->time_us)
        at--;
    memmove(points->data + at + 1, points->data + at,
            (points->count - 1 - at) * sizeof *points->data);
    points->data[at] = *point;
}

// Points on their way into the series, in columns.
typedef struct point_columns {
    uint32_t count;
    int64_t times[SERIES_BATCH_MAX];
    double values[SERIES_FIELDS_MAX][SERIES_BATCH_MAX];
    uint32_t metadata[SERIES_BATCH_MAX], metadata_ends[SERIES_BATCH_MAX];
    uint8_t metadata_bytes[SERIES_BATCH_MAX * 16];
    bool has_metadata;
} point_columns;

static void fill_columns(series_model *model, point_columns *columns) {
    model_chance *chance = &model->chance;
    columns->count = 1;
    if (chance_one_in(chance, 3))
        columns->count += (uint32_t)chance_below(
            chance, chance_one_in(chance, 4) ? model->options.batch_points : 12);
    columns->has_metadata = model->uses_metadata && chance_one_in(chance, 2);
    uint32_t end = 0;
    for (uint32_t i = 0; i < columns->count; i++) {
        columns->times[i] = next_time(model);
        for (uint32_t f = 0; f < model->field_count; f++)
            columns->values[f][i] = random_value(model);
        const uint32_t number = (uint32_t)chance_below(chance, 30);
        columns->metadata[i] = columns->has_metadata && number % 3 != 0 ? number : 0;
        const fc_bytes bytes = series_metadata(columns->metadata[i]);
        if (bytes.length > 0) memcpy(columns->metadata_bytes + end, bytes.data, bytes.length);
        end += (uint32_t)bytes.length;
        columns->metadata_ends[i] = end;
    }
}

static bool out_of_memory(series_model *model, fc_status status) {
    if (status != FC_STATUS_OUT_OF_MEMORY || !model->memory.was_hit) return false;
    model->counts->faults++;
    return true;
}

static bool append(series_model *model) {
    point_columns *columns = malloc(sizeof *columns);
    if (columns == NULL) abort();
    const int64_t clock = model->clock_us;
    fill_columns(model, columns);
    const double *fields[SERIES_FIELDS_MAX];
    for (int f = 0; f < SERIES_FIELDS_MAX; f++)
        fields[f] = columns->values[f];
    const fc_points points = {.point_count = columns->count,
                              .field_count = model->field_count,
                              .times_us = columns->times,
                              .fields = fields,
                              .metadata_ends =
                                  columns->has_metadata ? columns->metadata_ends : NULL,
                              .metadata = columns->metadata_bytes};
    if (chance_one_in(&model->chance, 5)) model->next_row_id += chance_below(&model->chance, 9);
    const fc_status status = fc_series_append(model->series, &points, model->next_row_id);
    for (uint32_t i = 0; status == FC_STATUS_OK && i < columns->count; i++) {
        series_point point = {.time_us = columns->times[i],
                              .metadata = columns->metadata[i],
                              .created = model->running,
                              .deleted = UINT64_MAX};
        for (uint32_t f = 0; f < model->field_count; f++)
            point.values[f] = columns->values[f][i];
        insert_point(&model->points, &point);
    }
    if (status == FC_STATUS_OK) model->next_row_id += columns->count;
    if (status != FC_STATUS_OK) model->clock_us = clock;
    free(columns);
    HOLDS(status == FC_STATUS_OK || out_of_memory(model, status));
    return true;
}

static bool delete_range(series_model *model) {
    model_chance *chance = &model->chance;
    const int64_t start = series_random_time(model);
    int64_t end = series_random_time(model);
    if (chance_one_in(chance, 2) && start < INT64_MAX - 300)
        end = start + (int64_t)chance_below(chance, chance_one_in(chance, 2) ? 2 : 300);
    const bool is_open = chance_one_in(chance, 20);
    uint64_t deleted = 77, expected = 0;
    const fc_status status =
        fc_series_delete(model->series, start, end, is_open, model->running, &deleted);
    if (status != FC_STATUS_OK) {
        HOLDS(out_of_memory(model, status) && deleted == 77);
        return true;
    }
    for (size_t i = 0; i < model->points.count; i++) {
        series_point *point = &model->points.data[i];
        if (point->deleted != UINT64_MAX || point->time_us < start ||
            !(is_open || point->time_us < end))
            continue;
        point->deleted = model->running;
        expected++;
    }
    HOLDS(deleted == expected);
    model->counts->deleted += deleted;
    return true;
}

static void raise_horizon(series_model *model) {
    uint64_t horizon = model->published;
    for (int i = 0; i < SERIES_VIEWS_MAX; i++)
        if (model->views[i].view != NULL && model->views[i].sequence < horizon)
            horizon = model->views[i].sequence;
    if (horizon > model->horizon) atomic_store(&model->horizon, horizon);
}

// Neither can fail: there is no memory at all.
static bool commit_or_abort(series_model *model) {
    model_memory_arm(&model->memory, 0, true);
    if (!chance_one_in(&model->chance, 4)) {
        fc_series_commit(model->series, model->running);
        model->published = model->running;
        model->running += 1 + chance_below(&model->chance, 3);
        raise_horizon(model);
    } else {
        fc_series_abort(model->series);
        size_t kept = 0;
        for (size_t i = 0; i < model->points.count; i++) {
            series_point point = model->points.data[i];
            if (point.created == model->running) continue;
            if (point.deleted == model->running) point.deleted = UINT64_MAX;
            model->points.data[kept++] = point;
        }
        model->points.count = kept;
        model->counts->aborts++;
    }
    model_memory_disarm(&model->memory);
    HOLDS(!model->memory.was_hit);
    return true;
}

// Takes a view at any sequence that the horizon allows, or asks one that was held and lets it go.
static bool turn_view(series_model *model) {
    series_held_view *held = &model->views[chance_below(&model->chance, SERIES_VIEWS_MAX)];
    if (held->view == NULL) {
        const uint64_t sequence =
            model->horizon + chance_below(&model->chance, model->published - model->horizon + 1);
        const fc_status status = fc_series_view_at(model->series, sequence, &held->view);
        HOLDS(status == FC_STATUS_OK || out_of_memory(model, status));
        if (status != FC_STATUS_OK) held->view = NULL;
        held->sequence = sequence;
        return true;
    }
    model_memory_disarm(&model->memory);
    const bool holds = series_check_view(model, held->view, held->sequence);
    fc_series_view_release(held->view);
    held->view = NULL;
    raise_horizon(model);
    return holds;
}

static bool check_held(series_model *model) {
    model_memory_disarm(&model->memory);
    const series_held_view *held = &model->views[chance_below(&model->chance, SERIES_VIEWS_MAX)];
    return held->view == NULL || series_check_view(model, held->view, held->sequence);
}

static bool check_writer(series_model *model) {
    fc_series_view *view;
    model_memory_disarm(&model->memory);
    HOLDS(fc_series_writer_view(model->series, model->running, &view) == FC_STATUS_OK);
    const bool holds = series_check_view(model, view, model->running);
    fc_series_view_release(view);
    return holds;
}

static bool step(series_model *model, uint64_t delete_share) {
    model_chance *chance = &model->chance;
    const uint64_t kind = chance_below(chance, 100);
    if (model->options.failing)
        model_memory_arm(&model->memory, chance_below(chance, 12), chance_one_in(chance, 2));
    bool holds;
    if (kind < 50)
        holds = append(model);
    else if (kind < 50 + delete_share)
        holds = delete_range(model);
    else if (kind < 80)
        holds = commit_or_abort(model);
    else if (kind < 88)
        holds = turn_view(model);
    else if (kind < 94)
        holds = check_held(model);
    else
        holds = check_writer(model);
    model_memory_disarm(&model->memory);
    if (chance_one_in(chance, 10)) fc_series_check(model->series);
    return holds;
}

static bool end(series_model *model) {
    bool holds = true;
    for (int i = 0; i < SERIES_VIEWS_MAX; i++) {
        series_held_view *held = &model->views[i];
        holds =
            holds && (held->view == NULL || series_check_view(model, held->view, held->sequence));
        fc_series_view_release(held->view);
    }
    if (model->series != NULL) {
        fc_series_check(model->series);
        const fc_series_counters counters = fc_series_read_counters(model->series);
        model->counts->late_points += counters.points_late;
        model->counts->late_merges += counters.late_merges;
        model->counts->points += model->points.count;
        fc_series_destroy(model->series);
    }
    free(model->points.data);
    series_check_free(model);
    HOLDS(model->memory.live_count == 0);
    return holds;
}

void scenario_series_model(const series_model_options *options, series_model_counts *counts,
                           scenario_report *report) {
    series_model *model = calloc(1, sizeof *model);
    if (model == NULL) abort();
    model->options = *options;
    if (model->options.batch_points > SERIES_BATCH_MAX - 1)
        model->options.batch_points = SERIES_BATCH_MAX - 1;
    model->counts = counts;
    model->report = report;
    model->chance.state = options->seed * 0x9E3779B97F4A7C15ull + 7;
    model_memory_init(&model->memory);
    model->field_count = 1 + (uint32_t)chance_below(&model->chance, SERIES_FIELDS_MAX);
    model->value_kind = (uint32_t)chance_below(&model->chance, 5);
    model->order_kind = (uint32_t)chance_below(&model->chance, 5);
    model->uses_metadata = chance_one_in(&model->chance, 2);
    model->clock_us = (int64_t)chance_below(&model->chance, 2000) - 3000;
    model->next_row_id = model->running = 1;
    const uint64_t delete_share = 6 * chance_below(&model->chance, 4);
    const uint64_t questions = counts->questions;
    const fc_series_options series = {.field_count = model->field_count,
                                      .chunk_points = options->chunk_points,
                                      .horizon = &model->horizon};
    bool holds = fc_series_create(&model->memory.os, &series, &model->series) == FC_STATUS_OK;
    if (!holds) scenario_failed(report, "no series can be made");
    for (uint32_t i = 0; holds && i < options->steps; i++) {
        holds = step(model, delete_share);
        report->runs++;
    }
    end(model);
    report->images += counts->questions - questions;
    free(model);
}
