// What every engine of the series and commit workloads is asked and answers, and the threads that
// drive them. For C and C++.
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
// What a batch of time ranges found: points, the sum of their times (modulo 2^64) and of values.
typedef struct bench_series_answer {
    uint64_t hits, time_sum;
    double value_sum;
} bench_series_answer;

// Row `i` of a series. The values are multiples of a quarter: their sums are exact in any order.
static inline int64_t bench_commit_time_us(uint64_t i) {
    return INT64_C(1704067200000000) + (int64_t)i * 1000000; // from 2024 on, one a second
}
static inline double bench_commit_value(uint64_t i) {
    return (double)(i % 1000) * 0.25;
}

// What is asked of an engine: each of `writers` threads makes `commits_each` transactions of
// `rows_per_commit` rows, one call a row, and returns from each when it is durable. Thread w writes
// rows first_row, first_row + 1, … of the series number first_series + w.
typedef struct bench_commit_load {
    uint32_t first_series, writers;
    uint64_t commits_each, rows_per_commit, first_row;
} bench_commit_load;

// One integer for a series and a time, in their order, for engines whose keys are one integer.
// REQUIRES: series < 2^12, 0 <= time < 2^51.
static inline uint64_t bench_commit_key(uint32_t series, int64_t time_us) {
    return (uint64_t)series << 51 | (uint64_t)time_us;
}
static inline int64_t bench_commit_key_time_us(uint64_t key) {
    return (int64_t)(key & ((UINT64_C(1) << 51) - 1));
}

// Runs body(context, 0 … count - 1), each on a thread of its own; all start together. *out_ns is the
// time from the start to the end of the last. Returns the first result that is not 0; -1 when a
// thread could not be started.
int bench_run_threads(size_t count, int (*body)(void *context, size_t index), void *context,
                      uint64_t *out_ns);
#ifdef __cplusplus
}
#endif
#endif
