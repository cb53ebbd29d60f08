// Ways to answer a question about place, time and properties, written by hand over the core's calls: what a plan of
// FormDB's is held against, with no planner and no executor in between. As bench.h says of threads and errors.
#ifndef BENCH_PATHS_H
#define BENCH_PATHS_H

#include "bench.h"

typedef enum bench_path {
    BENCH_PATH_PLACE,       // the tree of places, then the time
    BENCH_PATH_TIME,        // the tree of times, then the place
    BENCH_PATH_BOTH,        // one walk for both
    BENCH_PATH_SCAN,        // all rows
    BENCH_PATH_INDEX,       // ranges of a property
    BENCH_PATH_TIME_ORDER,  // all rows by time, sorted beforehand, until there are enough
    BENCH_PATH_INDEX_ORDER, // an index in order, until there are enough
} bench_path;

typedef enum bench_order {
    BENCH_ORDER_NONE,
    BENCH_ORDER_ID,
    BENCH_ORDER_TIME,
    BENCH_ORDER_PROPERTY,
} bench_order;

// A question; what does not belong to it is left zero. `predicate` is what a path other than by index tests,
// `rest` what is left of it after the index.
typedef struct bench_question {
    const fc_view *view;
    bool has_box, has_time;
    double west, south, east, north;
    int64_t start_us, end_us;
    const fc_predicate *predicate, *rest;
    bool has_index;
    uint32_t index_id;
    const fc_value_range *ranges;
    size_t range_count;
    bench_order order;
    bool descending;
    size_t limit; // 0: none
    // All rows with a time, in order of it, ties by id: by bench_rows_by_time.
    const uint32_t *by_time;
    size_t by_time_count;
} bench_question;

// Whether the path can answer the question.
bool bench_path_answers(const bench_question *question, bench_path path);
// The ids of the answer, in its order.
FC_MUST_USE fc_status bench_path_ids(const bench_question *question, bench_path path,
                                     int64_t *out_ids, size_t capacity, size_t *out_count);
// The positions of all visible rows with a time by its start, ties by id; freed by the caller.
FC_MUST_USE fc_status bench_rows_by_time(const fc_view *view, uint32_t **out, size_t *out_count);

#endif
