#include <stdlib.h>

#include "questions.h"

struct bench_series {
    fc_series *series;
    _Atomic uint64_t horizon;
    uint64_t sequence, next_row_id;
};

fc_status bench_series_create(bench_series **out) {
    bench_series *series = calloc(1, sizeof *series);
    if (series == NULL) return FC_STATUS_OUT_OF_MEMORY;
    series->next_row_id = 1;
    fc_series_options options = {.field_count = 1, .horizon = &series->horizon};
    fc_status status = fc_series_create(fc_os_posix(), &options, &series->series);
    if (status != FC_STATUS_OK) {
        free(series);
        return status;
    }
    *out = series;
    return FC_STATUS_OK;
}

void bench_series_destroy(bench_series *series) {
    if (series == NULL) return;
    fc_series_destroy(series->series);
    free(series);
}

static void commit(bench_series *series) {
    series->sequence++;
    fc_series_commit(series->series, series->sequence);
    atomic_store_explicit(&series->horizon, series->sequence, memory_order_release);
}

fc_status bench_series_append(bench_series *series, const int64_t *times_us, const double *values,
                              size_t count, size_t per_commit) {
    for (size_t i = 0; i < count; i++) {
        const double *field = &values[i];
        fc_points point = {
            .point_count = 1, .field_count = 1, .times_us = &times_us[i], .fields = &field};
        fc_status status = fc_series_append(series->series, &point, series->next_row_id++);
        if (status != FC_STATUS_OK) return status;
        if ((i + 1) % per_commit == 0 || i + 1 == count) commit(series);
    }
    return FC_STATUS_OK;
}

fc_status bench_series_append_columns(bench_series *series, const int64_t *times_us,
                                      const double *values, size_t count, size_t per_commit) {
    for (size_t i = 0; i < count; i += per_commit) {
        const double *field = &values[i];
        fc_points points = {.point_count = count - i > per_commit ? per_commit : count - i,
                            .field_count = 1,
                            .times_us = &times_us[i],
                            .fields = &field};
        fc_status status = fc_series_append(series->series, &points, series->next_row_id);
        if (status != FC_STATUS_OK) return status;
        series->next_row_id += points.point_count;
        commit(series);
    }
    return FC_STATUS_OK;
}

fc_status bench_series_ranges(bench_series *series, const int64_t *starts_us, size_t count,
                              int64_t length_us, bench_series_answer *out) {
    fc_series_view *view;
    bench_series_answer answer = {0};
    fc_status status = fc_series_view_at(series->series, series->sequence, &view);
    if (status != FC_STATUS_OK) return status;
    for (size_t i = 0; status == FC_STATUS_OK && i < count; i++) {
        fc_time_range range = {.start_us = starts_us[i], .end_us = starts_us[i] + length_us};
        status = fc_series_scan(view, &range, false, add_stretch, &answer);
    }
    fc_series_view_release(view);
    *out = answer;
    return status;
}

fc_status bench_series_delete(bench_series *series, const int64_t *times_us, size_t count,
                              size_t per_commit, uint64_t *out_count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t deleted = 0;
        fc_status status = fc_series_delete(series->series, times_us[i], times_us[i] + 1, false,
                                            series->sequence + 1, &deleted);
        if (status != FC_STATUS_OK) return status;
        total += deleted;
        if ((i + 1) % per_commit == 0 || i + 1 == count) commit(series);
    }
    *out_count = total;
    return FC_STATUS_OK;
}
