// One time series in memory: an in-order and a late buffer of points, tombstones, and windows over
// them. SOURCE: docs/ARCHITECTURE.md, "Series".
//
// Invariants
//  S1. A point that is not older than the newest in-order point goes to the in-order buffer, any other
//      to the late buffer. Chunks never move and are never overwritten while a view can see them.
//  S2. Commit marks (sequence, in-order length, late length, tombstone count) give a snapshot its
//      lengths; what lies beyond is invisible to it. Marks at or below the horizon are merged into one.
//  S3. Points come in time order, equal timestamps in order of arrival.
//  S4. A tombstone [start, end) deletes the points that had arrived before it, for snapshots at or above its
//      sequence.
// THREADS: one writer (the caller's writer lock) beside any number of readers.
#ifndef FC_INDEX_SERIES_H
#define FC_INDEX_SERIES_H

#include <stdatomic.h>

#include "../codec/batch.h"
#include "../os/os.h"

typedef struct fc_series fc_series;
typedef struct fc_series_view fc_series_view;

typedef struct fc_series_options {
    uint32_t field_count;
    uint32_t chunk_points;           // 0: the default; a power of two >= 8 (tests use 8)
    const _Atomic uint64_t *horizon; // as fc_memtable_options
} fc_series_options;

FC_MUST_USE fc_status fc_series_create(const fc_os *os, const fc_series_options *options,
                                       fc_series **out);
void fc_series_destroy(fc_series *series); // REQUIRES: no views

// ---- Writer's side -----------------------------------------------------------------------------

// Appends all points or none; their row ids are first_row_id, first_row_id + 1, …
// COST: O(1) a point in time order; late points O(log n) amortised.
FC_MUST_USE fc_status fc_series_append(fc_series *series, const fc_points *points,
                                       uint64_t first_row_id);
// Deletes the points in [start, end) that are visible to the writer; *out_count says how many
// that are (0: nothing was added). `end_is_open`: up to and with INT64_MAX.
FC_MUST_USE fc_status fc_series_delete(fc_series *series, int64_t start_us, int64_t end_us,
                                       bool end_is_open, uint64_t sequence, uint64_t *out_count);
void fc_series_commit(fc_series *series, uint64_t sequence); // cannot fail
void fc_series_abort(fc_series *series);                     // cannot fail

// ---- Readers' side -----------------------------------------------------------------------------

FC_MUST_USE fc_status fc_series_view_at(fc_series *series, uint64_t sequence, fc_series_view **out);
// What the running transaction sees; valid until its next change.
FC_MUST_USE fc_status fc_series_writer_view(fc_series *series, uint64_t sequence,
                                            fc_series_view **out);
void fc_series_view_release(fc_series_view *view); // may be NULL

// A half-open range of time; open ends reach INT64_MIN and INT64_MAX (included).
typedef struct fc_time_range {
    bool start_is_open, end_is_open;
    int64_t start_us, end_us;
} fc_time_range;

FC_MUST_USE fc_status fc_series_count(const fc_series_view *view, const fc_time_range *range,
                                      uint64_t *out_count);

// A stretch of points in time order, lent until the visitor returns. Columns lie in the series' own
// memory wherever no late point or tombstone is in the way, else in a scratch buffer.
typedef struct fc_stretch {
    size_t count;
    const int64_t *times_us;
    const double *const *fields; // field_count columns
    const fc_bytes *metadata;    // NULL, or `count` entries ({NULL, 0}: none)
} fc_stretch;
// Visits the points in the range in time order (or reversed: stretches come newest first, and the points in
// each stretch are in *descending* order); stops early when the visitor returns false.
FC_MUST_USE fc_status fc_series_scan(const fc_series_view *view, const fc_time_range *range,
                                     bool reversed,
                                     bool (*visit)(void *visitor, const fc_stretch *stretch),
                                     void *visitor);
// Copies out up to `capacity` points of the range from `skip` on (for cursors and reused buffers); `fields` may be NULL, or hold
// NULL columns that are not wanted.
FC_MUST_USE fc_status fc_series_copy(const fc_series_view *view, const fc_time_range *range,
                                     uint64_t skip, size_t capacity, int64_t *out_times_us,
                                     double *const *out_fields, size_t *out_count);
// The earliest or latest visible point of the range; *out_found false when there is none. `out_values` takes
// field_count values. Of equal timestamps: first the earliest arrived, last the latest arrived.
// COST: O(log n) without late points or tombstones at that end.
FC_MUST_USE fc_status fc_series_first(const fc_series_view *view, const fc_time_range *range,
                                      bool *out_found, int64_t *out_time_us, double *out_values,
                                      fc_bytes *out_metadata);
FC_MUST_USE fc_status fc_series_last(const fc_series_view *view, const fc_time_range *range,
                                     bool *out_found, int64_t *out_time_us, double *out_values,
                                     fc_bytes *out_metadata);

// One window's answer for one field. count = values that are not NaN; points = points.
// Sums are double-double (sum + sum_error), SEMANTICS "Series". Where count is 0: sum 0, the rest NaN with
// `count` telling; first and last are the first and last *value* (not NaN).
typedef struct fc_window {
    int64_t start_us, end_us; // clipped to the range; half-open
    bool is_partial;          // clipped: shorter than the window's own length
    uint64_t points, count;
    double sum, minimum, maximum, mean, first, last;
} fc_window;
// Windows of `length_us` aligned to `origin_us` over a closed-ended range, or between explicit `edges` (edge_count >= 2,
// strictly rising; window i is [edges[i], edges[i+1]) clipped to the range). Only windows with points are
// visited unless `with_empty`. An open range is first clipped to the visible points.
typedef struct fc_window_options {
    int64_t length_us, origin_us; // length_us > 0, or 0 when edges are given
    const int64_t *edges;
    size_t edge_count;
    bool with_empty;
    uint32_t field;
} fc_window_options;
FC_MUST_USE fc_status fc_series_windows(const fc_series_view *view, const fc_time_range *range,
                                        const fc_window_options *options,
                                        bool (*visit)(void *visitor, const fc_window *window),
                                        void *visitor);
// A field of a series, as one of several whose points are taken together.
typedef struct fc_window_source {
    const fc_series_view *view;
    uint32_t field;
} fc_window_source;
// The same over the points of several series at once; the field of `options` is not looked at. Of equal times the
// points of earlier series come first. COST: that of the windows of each.
FC_MUST_USE fc_status
fc_series_windows_of_all(const fc_window_source *sources, size_t count, const fc_time_range *range,
                         const fc_window_options *options,
                         bool (*visit)(void *visitor, const fc_window *window), void *visitor);
// The whole range as one window.
FC_MUST_USE fc_status fc_series_aggregate(const fc_series_view *view, const fc_time_range *range,
                                          uint32_t field, fc_window *out);

typedef struct fc_series_counters {
    uint64_t points_in_order, points_late, late_merges, tombstones, aborts, bytes;
} fc_series_counters;
fc_series_counters fc_series_read_counters(const fc_series *series);
void fc_series_check(const fc_series *series); // walks the invariants; aborts when one is broken
#endif
