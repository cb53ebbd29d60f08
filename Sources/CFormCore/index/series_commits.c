// Commit marks: how many points and deletes each sequence sees; and making views from them.
#include <string.h>

#include "series_internal.h"

#define MARKS_FIRST 2u

static void lock(const fc_series *series) {
    series->os->mutex_lock(series->os->context, series->mutex);
}
static void unlock(const fc_series *series) {
    series->os->mutex_unlock(series->os->context, series->mutex);
}

// Folds the marks that the horizon has reached into the base. REQUIRES: the lock.
static void marks_merge(fc_series *series) {
    uint64_t horizon =
        series->horizon != NULL ? atomic_load_explicit(series->horizon, memory_order_acquire) : 0;
    while (series->mark_start < series->mark_count &&
           series->marks[series->mark_start].sequence <= horizon)
        series->base = series->marks[series->mark_start++];
    if (series->mark_start == series->mark_count) series->mark_start = series->mark_count = 0;
}

bool fc_series_reserve_commit(fc_series *series) {
    if (series->mark_count < series->mark_capacity) return true;
    size_t kept = series->mark_count - series->mark_start;
    if (series->mark_start > 0 && kept <= series->mark_capacity / 2) {
        lock(series);
        memmove(series->marks, series->marks + series->mark_start, kept * sizeof *series->marks);
        series->mark_start = 0;
        series->mark_count = kept;
        unlock(series);
        return true;
    }
    size_t capacity = series->mark_capacity == 0 ? MARKS_FIRST : series->mark_capacity * 2;
    fc_series_commit_mark *grown = fc_series_allocate(series, capacity * sizeof *grown);
    if (grown == NULL) return false;
    fc_series_commit_mark *old = series->marks;
    size_t old_size = series->mark_capacity * sizeof *old;
    lock(series);
    if (kept > 0) memcpy(grown, old + series->mark_start, kept * sizeof *grown);
    series->marks = grown;
    series->mark_start = 0;
    series->mark_count = kept;
    series->mark_capacity = capacity;
    unlock(series);
    fc_series_free(series, old, old_size);
    return true;
}

void fc_series_push_commit(fc_series *series, uint64_t sequence) {
    fc_series_commit_mark mark = {sequence, series->length, series->late_length, series->deletes};
    bool has_changed = mark.length != series->committed.length ||
                       mark.late_length != series->committed.late_length ||
                       mark.deletes != series->committed.deletes;
    lock(series);
    marks_merge(series);
    if (has_changed) series->marks[series->mark_count++] = mark; // reserved by what changed
    unlock(series);
    if (has_changed) series->committed = mark;
}

// ---- Views -------------------------------------------------------------------------------------

// The newest mark at or below the sequence. REQUIRES: the lock.
static fc_series_commit_mark mark_at(const fc_series *series, uint64_t sequence) {
    size_t below = series->mark_start, above = series->mark_count;
    while (below < above) {
        size_t middle = below + (above - below) / 2;
        if (series->marks[middle].sequence <= sequence)
            below = middle + 1;
        else
            above = middle;
    }
    return below == series->mark_start ? series->base : series->marks[below - 1];
}

static fc_status view_create(fc_series *series, const uint64_t *sequence, fc_series_view **out) {
    fc_series_view *view = series->memory->allocate(series->memory->context, sizeof *view);
    if (view == NULL) return FC_STATUS_OUT_OF_MEMORY;
    lock(series);
    fc_series_commit_mark mark;
    if (sequence != NULL) {
        mark = mark_at(series, *sequence);
    } else {
        mark = (fc_series_commit_mark){0, series->length, series->late_length, series->deletes};
    }
    fc_series_late *late = mark.late_length > 0 ? fc_series_late_retain(series->late) : NULL;
    const fc_series_directory *directory = series->directory;
    unlock(series);
    *view = (fc_series_view){
        .series = series,
        .order = {directory != NULL ? directory->entries : NULL, mark.length, series->first_log2,
                  series->full_log2},
        .late = late,
        .late_length = mark.late_length,
        .deletes = mark.deletes,
        .field_count = series->field_count,
        .has_metadata = atomic_load_explicit(&series->has_metadata, memory_order_relaxed),
        .is_writers = sequence == NULL,
    };
    atomic_fetch_add_explicit(&series->views, 1, memory_order_relaxed);
    *out = view;
    return FC_STATUS_OK;
}

fc_status fc_series_view_at(fc_series *series, uint64_t sequence, fc_series_view **out) {
    return view_create(series, &sequence, out);
}

fc_status fc_series_writer_view(fc_series *series, uint64_t sequence, fc_series_view **out) {
    (void)sequence;
    return view_create(series, NULL, out);
}

void fc_series_view_release(fc_series_view *view) {
    if (view == NULL) return;
    fc_series *series = view->series;
    fc_series_late_release(series, view->late);
    series->memory->release(series->memory->context, view, sizeof *view);
    atomic_fetch_sub_explicit(&series->views, 1, memory_order_release);
}

fc_series_counters fc_series_read_counters(const fc_series *series) {
    lock(series);
    const fc_series_commit_mark mark = mark_at(series, UINT64_MAX);
    unlock(series);
    return (fc_series_counters){
        .points_in_order = mark.length,
        .points_late = mark.late_length,
        .late_merges = atomic_load_explicit(&series->late_merges, memory_order_relaxed),
        .tombstones = atomic_load_explicit(&series->tombstones, memory_order_relaxed),
        .aborts = atomic_load_explicit(&series->aborts, memory_order_relaxed),
        .bytes = atomic_load_explicit(&series->bytes, memory_order_relaxed),
    };
}
