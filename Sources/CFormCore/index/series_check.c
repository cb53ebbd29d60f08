// The walk of a series' invariants.
#include <stdio.h>
#include <stdlib.h>

#include "series_internal.h"

static void expect(bool holds, const char *invariant) {
    if (holds) return;
    fprintf(stderr, "fc_series_check: %s\n", invariant);
    abort();
}

// Marks of a block whose first `count` points are in use.
static void check_marks(const fc_series_block *block, size_t count, uint32_t deletes) {
    size_t dead_count = 0;
    uint32_t newest = atomic_load(&block->newest_mark);
    for (size_t i = 0; i < block->capacity; i++) {
        uint32_t mark = fc_series_block_mark(block, i);
        bool is_whole = mark != 0 && atomic_load(&block->whole_mark) == mark;
        expect(mark <= newest && newest <= deletes, "a mark is above the newest");
        expect(i < count || mark == 0 || is_whole, "a mark beyond the points");
        if (i < count) dead_count += mark != 0;
    }
    expect(dead_count == block->dead_count, "the dead are miscounted");
}

static void check_order(const fc_series *series) {
    fc_series_order order = fc_series_writer_order(series);
    int64_t before_us = INT64_MIN;
    uint64_t from = 0;
    for (size_t k = 0; k < series->chunk_count; k++) {
        const fc_series_block *chunk = order.entries[k].chunk;
        size_t capacity = fc_series_chunk_capacity(k, order.first_log2, order.full_log2);
        uint64_t start = fc_series_chunk_start(k, order.first_log2, order.full_log2);
        expect(chunk->capacity == capacity && start == from, "a chunk is out of place");
        size_t count = 0;
        if (series->length > start)
            count = series->length - start < capacity ? (size_t)(series->length - start) : capacity;
        expect(count == 0 || order.entries[k].first_us == chunk->times_us[0],
               "the directory has another first time than the chunk");
        for (size_t i = 0; i < count; i++) {
            expect(fc_series_chunk_of(start + i, order.first_log2, order.full_log2) == k,
                   "a point is in another chunk than its index says");
            expect(chunk->times_us[i] >= before_us, "S1: in-order points out of order");
            before_us = chunk->times_us[i];
        }
        check_marks(chunk, count, series->deletes);
        from += capacity;
    }
    expect(from >= series->length, "points beyond the chunks");
    expect(series->newest_us == before_us, "the newest time is not the last point's");
}

static void check_run(const fc_series *series, const fc_series_block *run) {
    expect(run->count > 0 && run->count <= run->capacity, "an empty run");
    for (size_t i = 0; i < run->count; i++) {
        expect(run->arrivals[i] < run->arrival_end, "an arrival beyond the run's end");
        if (i == 0) continue;
        expect(run->times_us[i - 1] < run->times_us[i] ||
                   (run->times_us[i - 1] == run->times_us[i] &&
                    run->arrivals[i - 1] < run->arrivals[i]),
               "S3: a run out of order");
    }
    check_marks(run, run->count, series->deletes);
}

static void check_late(const fc_series *series) {
    const fc_series_late *late = series->late;
    expect(late != NULL || series->late_length == 0, "late points without a state");
    if (late == NULL) return;
    expect(late->run_count <= FC_SERIES_RUNS_MAX, "too many runs");
    expect(late->tail_base <= series->late_length, "the tail begins beyond the late points");
    for (uint32_t i = 0; i < late->run_count; i++) {
        check_run(series, late->runs[i]);
        expect(late->runs[i]->arrival_end <= late->tail_base, "a run overlaps the tail");
    }
    size_t tail_count = fc_series_tail_count(late, series->late_length);
    expect(tail_count == 0 || (late->tail != NULL && tail_count <= late->tail->capacity),
           "a tail longer than its capacity");
    for (size_t i = 0; i < tail_count; i++)
        expect(late->tail->times_us[i] < series->newest_us, "S1: a late point that is not late");
    if (late->tail != NULL) check_marks(late->tail, tail_count, series->deletes);
}

static void check_rows(const fc_series_rows *rows, uint64_t length) {
    expect((length == 0) == (rows->count == 0), "points without row ids");
    for (size_t i = 0; i < rows->count; i++) {
        expect(rows->runs[i].index < length, "row ids beyond the points");
        if (i == 0)
            expect(rows->runs[i].index == 0, "row ids begin late");
        else
            expect(rows->runs[i - 1].index < rows->runs[i].index, "row ids out of order");
    }
}

static void check_commits(const fc_series *series) {
    const fc_series_commit_mark *before = &series->base;
    for (size_t i = series->mark_start; i < series->mark_count; i++) {
        const fc_series_commit_mark *mark = &series->marks[i];
        expect(before->sequence <= mark->sequence && before->length <= mark->length &&
                   before->late_length <= mark->late_length && before->deletes <= mark->deletes,
               "S2: commit marks out of order");
        before = mark;
    }
    expect(before->length <= series->length && before->late_length <= series->late_length &&
               before->deletes <= series->deletes,
           "S2: more is committed than there is");
}

void fc_series_check(const fc_series *series) {
    check_order(series);
    check_late(series);
    check_rows(&series->order_rows, series->length);
    check_rows(&series->late_rows, series->late_length);
    check_commits(series);
}
