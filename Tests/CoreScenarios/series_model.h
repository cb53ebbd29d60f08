// A series beside a plain array of all its points, with exact sums.
#ifndef SERIES_MODEL_H
#define SERIES_MODEL_H

#include "exact_sum.h"
#include "model_support.h"

#define SERIES_FIELDS_MAX 3
#define SERIES_VIEWS_MAX 16
#define SERIES_BATCH_MAX 5000

typedef struct series_point {
    int64_t time_us;
    double values[SERIES_FIELDS_MAX];
    uint32_t metadata; // what series_metadata makes of it; 0: none
    uint64_t created, deleted;
} series_point;

// A series' points, rising in time, equal times in order of arrival.
typedef struct series_points {
    series_point *data;
    size_t count, capacity;
} series_points;

typedef struct series_held_view {
    fc_series_view *view; // NULL: none
    uint64_t sequence;
} series_held_view;

typedef struct series_model {
    series_model_options options;
    series_model_counts *counts;
    scenario_report *report;
    model_chance chance;
    model_memory memory;
    uint32_t field_count, value_kind, order_kind;
    bool uses_metadata;
    fc_series *series;
    _Atomic uint64_t horizon;
    uint64_t published, running;
    series_points points;
    series_held_view views[SERIES_VIEWS_MAX];
    int64_t clock_us;
    uint64_t next_row_id;
    // What a scan has given.
    size_t got_count, got_capacity, stop_at;
    int64_t *got_times;
    double *got_values[SERIES_FIELDS_MAX];
    fc_bytes *got_metadata;
} series_model;

static inline bool series_point_is_visible(const series_point *point, uint64_t sequence) {
    return point->created <= sequence && sequence < point->deleted;
}
fc_bytes series_metadata(uint32_t number);
// A time at or about a point's, or an extreme.
int64_t series_random_time(series_model *model);
fc_time_range series_random_range(series_model *model);

// series_checks.c: asks a view everything.
bool series_check_view(series_model *model, const fc_series_view *view, uint64_t sequence);
void series_check_free(series_model *model);
// series_window_checks.c
bool series_check_windows(series_model *model, const fc_series_view *view, uint64_t sequence,
                          const fc_time_range *range, const series_point *const *visible,
                          size_t count);
#endif
