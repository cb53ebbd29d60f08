// The nine calls on a real disk, from as many threads as there are writers.
#include <stdio.h>
#include <stdlib.h>

#include "bench_commits.h"
#include "questions.h"

enum { SERIES_MAX = 4096 };

struct bench_commits {
    fc_store *store;
    uint32_t ids[SERIES_MAX]; // of the store, by the benchmark's number
};

static const uint8_t no_provenance[] = {0xa0}; // an empty CBOR map

static fc_status begin(bench_commits *commits, fc_begin_mode mode, fc_transaction **out) {
    fc_bytes provenance = {no_provenance, sizeof no_provenance};
    return fc_begin(commits->store, mode, provenance, out, NULL);
}

static fc_status end(fc_transaction *transaction, fc_status status) {
    if (status != FC_STATUS_OK) {
        fc_abort(transaction);
        return status;
    }
    fc_commit_result result;
    return fc_commit(transaction, &result, NULL);
}

static fc_bytes series_name(char text[static 32], uint32_t number) {
    int length = snprintf(text, 32, "series/%u", (unsigned)number);
    return (fc_bytes){(const uint8_t *)text, (size_t)length};
}

fc_status bench_commits_open(const char *path, bench_commits **out) {
    bench_commits *commits = calloc(1, sizeof *commits);
    if (commits == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_store_options options = {
        .os = fc_os_posix(), .path = path, .create = true, .durability = FC_DURABILITY_FULL};
    fc_status status = fc_open(&options, &commits->store, NULL);
    if (status != FC_STATUS_OK) {
        free(commits);
        return status;
    }
    *out = commits;
    return FC_STATUS_OK;
}

void bench_commits_close(bench_commits *commits) {
    if (commits == NULL) return;
    fc_store_release(commits->store);
    free(commits);
}

fc_status bench_commits_create_series(bench_commits *commits, uint32_t first, uint32_t count) {
    fc_transaction *transaction;
    fc_status status = begin(commits, FC_BEGIN_WRITE, &transaction);
    if (status != FC_STATUS_OK) return status;
    fc_bytes field = {(const uint8_t *)"value", 5};
    for (uint32_t i = first; status == FC_STATUS_OK && i < first + count; i++) {
        char name[32];
        fc_apply_operation create = {.kind = FC_APPLY_CREATE,
                                     .target_kind = FC_TARGET_SERIES,
                                     .name = series_name(name, i),
                                     .field_names = &field,
                                     .field_count = 1};
        fc_applied applied;
        status = i < SERIES_MAX ? fc_apply(transaction, &create, &applied, NULL)
                                : FC_STATUS_INVALID_ARGUMENT;
        if (status == FC_STATUS_OK) commits->ids[i] = applied.target;
    }
    return end(transaction, status);
}

typedef struct commit_run {
    bench_commits *commits;
    const bench_commit_load *load;
} commit_run;

static int run_writer(void *context, size_t writer) {
    const commit_run *run = context;
    const bench_commit_load *load = run->load;
    const uint32_t series = run->commits->ids[load->first_series + writer];
    uint64_t row = load->first_row;
    fc_status status = FC_STATUS_OK;
    for (uint64_t n = 0; status == FC_STATUS_OK && n < load->commits_each; n++) {
        fc_transaction *transaction;
        status = begin(run->commits, FC_BEGIN_WRITE, &transaction);
        if (status != FC_STATUS_OK) break;
        for (uint64_t i = 0; status == FC_STATUS_OK && i < load->rows_per_commit; i++, row++) {
            int64_t time_us = bench_commit_time_us(row);
            double value = bench_commit_value(row);
            const double *field = &value;
            fc_points point = {
                .point_count = 1, .field_count = 1, .times_us = &time_us, .fields = &field};
            fc_apply_operation append = {
                .kind = FC_APPLY_APPEND, .target = series, .points = &point};
            fc_applied applied;
            status = fc_apply(transaction, &append, &applied, NULL);
        }
        status = end(transaction, status);
    }
    return (int)status;
}

fc_status bench_commits_run(bench_commits *commits, const bench_commit_load *load,
                            uint64_t *out_ns) {
    commit_run run = {commits, load};
    int result = bench_run_threads(load->writers, run_writer, &run, out_ns);
    return result < 0 ? FC_STATUS_OUT_OF_MEMORY : (fc_status)result;
}

fc_status bench_commits_sum(bench_commits *commits, uint32_t first, uint32_t count,
                            bench_series_answer *out) {
    fc_transaction *transaction;
    bench_series_answer answer = {0};
    fc_status status = begin(commits, FC_BEGIN_READ, &transaction);
    if (status != FC_STATUS_OK) return status;
    const fc_time_range always = {.start_us = INT64_MIN, .end_us = INT64_MAX};
    for (uint32_t i = first; status == FC_STATUS_OK && i < first + count; i++) {
        char name[32];
        uint32_t id, fields;
        const fc_series_view *view;
        status = fc_resolve(transaction, FC_TARGET_SERIES, series_name(name, i), &id, &fields);
        if (status == FC_STATUS_OK) status = fc_points_of(transaction, id, &view);
        if (status == FC_STATUS_OK)
            status = fc_series_scan(view, &always, false, add_stretch, &answer);
    }
    fc_abort(transaction);
    *out = answer;
    return status;
}
