// More loops over the memtable: rows with a time, rows that are moved by id, snapshots that are held,
// single calls timed, readers beside a writer. As bench.h says of threads, errors and ids.
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include "bench.h"

// `journal_only`: superseded rows are given back (Configuration.history). bench_core_create keeps them.
FC_MUST_USE fc_status bench_core_create_journal_only(bench_core **out);

// ---- Rows with an instant each (microseconds) ---------------------------------------------------

FC_MUST_USE fc_status bench_core_insert_timed(bench_core *core, const bench_boxes *boxes,
                                              const int64_t *times_us, bool are_points,
                                              size_t per_commit);
// `times_us` may be NULL.
FC_MUST_USE fc_status bench_core_build_timed(bench_core *core, const bench_boxes *boxes,
                                             const int64_t *times_us, bool are_points);
// Window i together with the time [starts_us[i], starts_us[i] + length_us). With `filters_after` only
// the box is asked for, and the time of each row found is looked at afterwards.
FC_MUST_USE fc_status bench_core_windows_during(bench_core *core, const bench_boxes *windows,
                                                const int64_t *starts_us, int64_t length_us,
                                                bool filters_after, bench_answer *out);
FC_MUST_USE fc_status bench_store_insert_timed(bench_store *store, const bench_boxes *boxes,
                                               const int64_t *times_us, bool are_points,
                                               size_t per_commit);
FC_MUST_USE fc_status bench_store_windows_during(bench_store *store, const bench_boxes *windows,
                                                 const int64_t *starts_us, int64_t length_us,
                                                 bool filters_after, bench_answer *out);

// ---- Rows that are put again by id, and snapshots that are held ----------------------------------

// Row ids[i] becomes boxes[i], at times_us[i] when that is not NULL.
FC_MUST_USE fc_status bench_core_upsert(bench_core *core, const int64_t *ids,
                                        const bench_boxes *boxes, const int64_t *times_us,
                                        bool are_points, size_t per_commit);
// Holds a snapshot of the last commit, and the horizon with it, until the core is destroyed.
enum { BENCH_CORE_HELD_MAX = 16 };
FC_MUST_USE fc_status bench_core_hold(bench_core *core);
// Asks the snapshot that was held as number `held`, from 0.
FC_MUST_USE fc_status bench_core_windows_held(bench_core *core, size_t held,
                                              const bench_boxes *windows, bench_answer *out);

// ---- Single calls, timed ------------------------------------------------------------------------

#define BENCH_INTERRUPTED UINT32_MAX
typedef struct bench_stopwatch {
    uint64_t before_ns, preemptions;
} bench_stopwatch;
bench_stopwatch bench_stopwatch_start(void);
// Nanoseconds since the last lap; BENCH_INTERRUPTED when the system gave the processor to another thread
// meanwhile (known on Linux), or it was more than can be told.
uint32_t bench_stopwatch_lap(bench_stopwatch *watch);

// As bench_core_insert, with ids in no order.
FC_MUST_USE fc_status bench_core_insert_scattered(bench_core *core, const bench_boxes *boxes,
                                                  bool are_points, size_t per_commit);

// out_ns[i] is what the insert of row i took, the commit after it and one look at the clock included;
// or BENCH_INTERRUPTED.
FC_MUST_USE fc_status bench_core_insert_latencies(bench_core *core, const bench_boxes *boxes,
                                                  bool are_points, size_t per_commit,
                                                  uint32_t *out_ns);
FC_MUST_USE fc_status bench_core_window_latencies(bench_core *core, const bench_boxes *windows,
                                                  uint32_t *out_ns, bench_answer *out);

// ---- Readers beside a writer ---------------------------------------------------------------------

typedef struct bench_readers_result {
    uint64_t windows; // answered, by all readers together
    uint64_t wrong;   // of them
    uint64_t rows;    // written meanwhile
    double seconds;
} bench_readers_result;
enum { BENCH_READERS_MAX = 16 };
// For `duration_ns`, `readers` threads ask one window after the other, each with a view of its own of
// the newest commit, while this thread puts every row again where it is (`boxes`, ids 1, 2, 3, …) in
// scattered order, when `writes`. So the answers never change: expected[i] is window i's.
// REQUIRES: nothing is held.
FC_MUST_USE fc_status bench_core_readers(bench_core *core, const bench_boxes *boxes,
                                         bool are_points, const bench_boxes *windows,
                                         const bench_answer *expected, unsigned readers,
                                         bool writes, size_t per_commit, uint64_t duration_ns,
                                         bench_readers_result *out);

// ---- Sizes ---------------------------------------------------------------------------------------

// What bench_core_index_bytes counts, with the runs at their largest, while merging; and the times.
uint64_t bench_core_index_bytes_peak(const bench_core *core);
uint64_t bench_core_time_bytes(const bench_core *core);
// Memory of this process that is resident now (on systems that do not tell, the most that ever was).
uint64_t bench_resident_bytes(void);

// ---- The reference -------------------------------------------------------------------------------

// Rows with an instant each, in any unit. With `float32` times are widened like boxes.
bench_reference *bench_reference_create_timed(const bench_boxes *boxes, const double *times,
                                              bool float32);
bench_answer bench_reference_windows_during(const bench_reference *reference,
                                            const bench_boxes *windows, const double *starts,
                                            double length);
// The squared distances of the k nearest rows of each point, k a point, in rising order.
void bench_reference_nearest_distances(const bench_reference *reference, const bench_points *points,
                                       size_t k, double *out);
// The same for the rows that an engine named, k ids a point: a row that is not there, or twice, is
// infinitely far.
void bench_distances_of_ids(const bench_boxes *boxes, const bench_points *points, size_t k,
                            const int64_t *ids, double *out);
#endif
