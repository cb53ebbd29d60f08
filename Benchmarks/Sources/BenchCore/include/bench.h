// The loops of the benchmark that run over FormDB's C core, and the reference that every engine's
// answers are held against. Each call takes a whole batch, so that a caller in another language
// costs nothing.
//
// THREADS: one. ERRORS: a call that fails leaves its object good for destroying only. Ids are
// 1, 2, 3, … in the order of the rows.
#ifndef BENCH_H
#define BENCH_H

#include <CFormCore.h>

#include "bench_load.h"
#include "bench_types.h"

// ---- formdb-core: the memtable with its id map, read through views, no journal ------------------

typedef struct bench_core bench_core;
FC_MUST_USE fc_status bench_core_create(bool planar, bench_core **out);
void bench_core_destroy(bench_core *core);
// Rows with ids from `first` + 1, committed `per_commit` at a time.
FC_MUST_USE fc_status bench_core_insert(bench_core *core, const bench_boxes *boxes, bool are_points,
                                        size_t per_commit);
FC_MUST_USE fc_status bench_core_build(bench_core *core, const bench_boxes *boxes, bool are_points);
FC_MUST_USE fc_status bench_core_pack(bench_core *core);
FC_MUST_USE fc_status bench_core_windows(bench_core *core, const bench_boxes *windows,
                                         bench_answer *out);
FC_MUST_USE fc_status bench_core_nearest(bench_core *core, const bench_points *points, size_t k,
                                         bool in_metres, bench_answer *out);
FC_MUST_USE fc_status bench_core_delete(bench_core *core, const int64_t *ids, size_t count,
                                        size_t per_commit);
// Bytes of the index alone: boxes, ids, deleted, runs, id map; no records.
uint64_t bench_core_index_bytes(const bench_core *core);

// ---- formdb-store: the nine calls on an in-memory file table ------------------------------------

typedef struct bench_store bench_store;
FC_MUST_USE fc_status bench_store_create(bench_store **out);
void bench_store_destroy(bench_store *store);
FC_MUST_USE fc_status bench_store_insert(bench_store *store, const bench_boxes *boxes,
                                         bool are_points, size_t per_commit);
// A snapshot for each question.
FC_MUST_USE fc_status bench_store_windows(bench_store *store, const bench_boxes *windows,
                                          bench_answer *out);
FC_MUST_USE fc_status bench_store_nearest(bench_store *store, const bench_points *points, size_t k,
                                          bool in_metres, bench_answer *out);
FC_MUST_USE fc_status bench_store_delete(bench_store *store, const int64_t *ids, size_t count,
                                         size_t per_commit);
FC_MUST_USE fc_status bench_store_append(bench_store *store, const int64_t *times_us,
                                         const double *values, size_t count, size_t per_commit);
// Ranges [starts_us[i], starts_us[i] + length_us).
FC_MUST_USE fc_status bench_store_ranges(bench_store *store, const int64_t *starts_us, size_t count,
                                         int64_t length_us, bench_series_answer *out);
// Deletes the points at each time, one call each; *out_count is how many there were.
FC_MUST_USE fc_status bench_store_delete_points(bench_store *store, const int64_t *times_us,
                                                size_t count, size_t per_commit,
                                                uint64_t *out_count);

// ---- formdb-core, series ------------------------------------------------------------------------

typedef struct bench_series bench_series;
FC_MUST_USE fc_status bench_series_create(bench_series **out);
void bench_series_destroy(bench_series *series);
FC_MUST_USE fc_status bench_series_append(bench_series *series, const int64_t *times_us,
                                          const double *values, size_t count, size_t per_commit);
// The same with `per_commit` points a call.
FC_MUST_USE fc_status bench_series_append_columns(bench_series *series, const int64_t *times_us,
                                                  const double *values, size_t count,
                                                  size_t per_commit);
FC_MUST_USE fc_status bench_series_ranges(bench_series *series, const int64_t *starts_us,
                                          size_t count, int64_t length_us,
                                          bench_series_answer *out);
FC_MUST_USE fc_status bench_series_delete(bench_series *series, const int64_t *times_us,
                                          size_t count, size_t per_commit, uint64_t *out_count);

// ---- The reference: plain arrays ----------------------------------------------------------------

typedef struct bench_reference bench_reference;
// With `float32` the boxes are first widened to float32 as SQLite's R*Tree does, so that its extra
// hits can be told from wrong ones. Copies the boxes. NULL when there is no memory.
bench_reference *bench_reference_create(const bench_boxes *boxes, bool float32);
void bench_reference_destroy(bench_reference *reference);
void bench_reference_delete(bench_reference *reference, const int64_t *ids, size_t count);
bench_answer bench_reference_windows(const bench_reference *reference, const bench_boxes *windows);
// By plane distance to the box; ties in order of id. REQUIRES: k <= 64. COST: points · rows.
bench_answer bench_reference_nearest(const bench_reference *reference, const bench_points *points,
                                     size_t k);

// ---- The system ---------------------------------------------------------------------------------

uint64_t bench_wall_ns(void);
// The processor time of all threads of this process so far.
uint64_t bench_processor_ns(void);
// The processor time of all other threads of this process so far.
uint64_t bench_other_threads_ns(void);
// Has the heap tidy up now what was freed so far. Else the next who asks for a large block does, whoever freed:
// an answer of 2 ms took 20 after SQLite had sorted a million rows.
void bench_settle_heap(void);
// Whether the directory lies on a file system that is only memory.
bool bench_is_memory_disk(const char *path);
#endif
