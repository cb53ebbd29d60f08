// What engines are given and give back; also read by peers in C++.
#ifndef BENCH_TYPES_H
#define BENCH_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_boxes {
    const double *west, *south, *east, *north;
    size_t count;
} bench_boxes;

typedef struct bench_points {
    const double *x, *y;
    size_t count;
} bench_points;

// What a batch of questions found: how many rows and the sum of their ids.
typedef struct bench_answer {
    uint64_t hits, id_sum;
} bench_answer;
#endif
