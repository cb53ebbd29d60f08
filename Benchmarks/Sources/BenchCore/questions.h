// One question to a view, added to an answer: shared by the core's and the store's loops.
#ifndef BENCH_QUESTIONS_H
#define BENCH_QUESTIONS_H

#include <stdlib.h>

#include "bench.h"

typedef struct question_scratch {
    int64_t *ids;
    size_t capacity;
} question_scratch;

static inline void question_scratch_deinit(question_scratch *scratch) {
    free(scratch->ids);
    *scratch = (question_scratch){NULL, 0};
}

static inline fc_question window_question(const bench_boxes *windows, size_t i) {
    return (fc_question){
        .has_box = true,
        .box = {windows->west[i], windows->south[i], windows->east[i], windows->north[i]},
    };
}

static inline fc_status ask_ids(const fc_view *view, const fc_question *question,
                                question_scratch *scratch, bench_answer *answer) {
    size_t count = 0;
    for (;;) {
        fc_status status =
            fc_view_integer_ids(view, question, scratch->ids, scratch->capacity, &count);
        if (status != FC_STATUS_OK) return status;
        if (count <= scratch->capacity) break;
        free(scratch->ids);
        scratch->capacity = count < 65536 ? 65536 : count * 2;
        scratch->ids = malloc(scratch->capacity * sizeof *scratch->ids);
        if (scratch->ids == NULL) return FC_STATUS_OUT_OF_MEMORY;
    }
    answer->hits += count;
    for (size_t n = 0; n < count; n++)
        answer->id_sum += (uint64_t)scratch->ids[n];
    return FC_STATUS_OK;
}

static inline fc_status ask_window(const fc_view *view, const bench_boxes *windows, size_t i,
                                   question_scratch *scratch, bench_answer *answer) {
    fc_question question = window_question(windows, i);
    return ask_ids(view, &question, scratch, answer);
}

// A window and a time [start_us, end_us) as one question.
static inline fc_status ask_window_during(const fc_view *view, const bench_boxes *windows, size_t i,
                                          int64_t start_us, int64_t end_us,
                                          question_scratch *scratch, bench_answer *answer) {
    fc_question question = window_question(windows, i);
    question.has_time = true;
    question.time_start_us = start_us;
    question.time_end_us = end_us;
    return ask_ids(view, &question, scratch, answer);
}

// The same by the window alone, looking at the time of each row that it found.
static inline fc_status ask_window_then_filter(const fc_view *view, const bench_boxes *windows,
                                               size_t i, int64_t start_us, int64_t end_us,
                                               fc_positions *positions, bench_answer *answer) {
    fc_question question = window_question(windows, i);
    positions->count = 0;
    fc_status status = fc_view_search(view, &question, SIZE_MAX, positions);
    if (status != FC_STATUS_OK) return status;
    for (size_t n = 0; n < positions->count; n++) {
        int64_t first_us, last_us;
        if (!fc_view_time(view, positions->data[n], &first_us, &last_us)) continue;
        if (first_us >= end_us || last_us < start_us) continue;
        answer->hits++;
        answer->id_sum += (uint64_t)fc_view_id(view, positions->data[n]).integer;
    }
    return FC_STATUS_OK;
}

static inline fc_status ask_nearest(const fc_view *view, const bench_points *points, size_t i,
                                    size_t k, bool in_metres, fc_neighbors *neighbors,
                                    bench_answer *answer) {
    uint32_t offender;
    neighbors->count = 0;
    fc_status status = in_metres ? fc_view_nearest_m(view, points->x[i], points->y[i], k, 1.0 / 0.0,
                                                     NULL, neighbors, &offender)
                                 : fc_view_nearest_planar(view, points->x[i], points->y[i], k,
                                                          1.0 / 0.0, NULL, neighbors);
    if (status != FC_STATUS_OK) return status;
    answer->hits += neighbors->count;
    for (size_t n = 0; n < neighbors->count; n++)
        answer->id_sum += (uint64_t)fc_view_neighbor_id(view, &neighbors->data[n]).integer;
    return FC_STATUS_OK;
}

// A visitor for fc_series_scan: counts points, sums times and values.
static inline bool add_stretch(void *visitor, const fc_stretch *stretch) {
    bench_series_answer *answer = visitor;
    uint64_t time_sum = 0;
    double value_sum = 0;
    for (size_t i = 0; i < stretch->count; i++) {
        time_sum += (uint64_t)stretch->times_us[i];
        value_sum += stretch->fields[0][i];
    }
    answer->hits += stretch->count;
    answer->time_sum += time_sum;
    answer->value_sum += value_sum;
    return true;
}
#endif
