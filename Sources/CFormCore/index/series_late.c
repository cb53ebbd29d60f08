// The late buffer: sorted runs and a short append-only tail.
//
// A change of structure makes a new state aside and publishes it whole; the old one lives as long as a
// view, or the running transaction's undo, holds it. So an abort, also one after merges, just goes back
// to the state that the transaction found, and arrivals can be given again.
#include <assert.h>
#include <string.h>

#include "series_internal.h"

#define TAIL_FIRST 16u

static size_t late_size(uint32_t run_count) {
    return sizeof(fc_series_late) + run_count * sizeof(fc_series_block *);
}

fc_series_late *fc_series_late_retain(fc_series_late *late) {
    if (late != NULL) atomic_fetch_add_explicit(&late->references, 1, memory_order_relaxed);
    return late;
}

void fc_series_late_release(fc_series *series, fc_series_late *late) {
    if (late == NULL) return;
    if (atomic_fetch_sub_explicit(&late->references, 1, memory_order_acq_rel) != 1) return;
    for (uint32_t i = 0; i < late->run_count; i++)
        fc_series_block_release(series, late->runs[i]);
    fc_series_block_release(series, late->tail);
    fc_series_free(series, late, late_size(late->run_count));
}

// A state that shares the first `shared` runs of `old` (NULL: none), with room for one more.
// Without memory NULL. `run` and `tail` are taken over, both may be NULL; on failure they are the caller's.
static fc_series_late *late_create(fc_series *series, const fc_series_late *old, uint32_t shared,
                                   fc_series_block *run, fc_series_block *tail,
                                   uint64_t tail_base) {
    uint32_t run_count = shared + (run != NULL ? 1 : 0);
    fc_series_late *late = fc_series_allocate(series, late_size(run_count));
    if (late == NULL) return NULL;
    atomic_init(&late->references, 1);
    late->run_count = run_count;
    late->tail_base = tail_base;
    late->tail = tail;
    for (uint32_t i = 0; i < shared; i++) {
        late->runs[i] = old->runs[i];
        atomic_fetch_add_explicit(&old->runs[i]->references, 1, memory_order_relaxed);
    }
    if (run != NULL) late->runs[shared] = run;
    return late;
}

// ---- Building runs -----------------------------------------------------------------------------

typedef struct late_key {
    int64_t time_us;
    size_t from; // the tail's points first, then the batch's: in order of arrival
} late_key;

// Stable, by time. Short stretches by insertion, then merged bottom-up through `scratch`.
static void keys_sort(late_key *keys, late_key *scratch, size_t count) {
    enum { STRETCH = 12 };
    for (size_t start = 0; start < count; start += STRETCH) {
        size_t end = count - start < STRETCH ? count : start + STRETCH;
        for (size_t i = start + 1; i < end; i++) {
            late_key key = keys[i];
            size_t k = i;
            for (; k > start && keys[k - 1].time_us > key.time_us; k--)
                keys[k] = keys[k - 1];
            keys[k] = key;
        }
    }
    late_key *from = keys, *to = scratch;
    for (size_t width = STRETCH; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = count - start < width ? count : start + width;
            size_t end = count - middle < width ? count : middle + width;
            size_t a = start, b = middle;
            for (size_t k = start; k < end; k++) {
                bool take_b = a == middle || (b < end && from[b].time_us < from[a].time_us);
                to[k] = take_b ? from[b++] : from[a++];
            }
        }
        late_key *swapped = from;
        from = to;
        to = swapped;
    }
    if (from != keys) memcpy(keys, from, count * sizeof *keys);
}

// Appends a point to a run; one that is deleted for every open and future view is left out.
static void run_put(fc_series *series, fc_series_block *run, const fc_series_block *from,
                    size_t position, uint64_t arrival) {
    uint32_t mark = fc_series_block_mark(from, position);
    if (mark != 0 && mark <= series->base.deletes) return;
    size_t at = run->count++;
    fc_series_block_copy(series, run, at, from, position);
    run->arrivals[at] = arrival;
    if (arrival >= run->arrival_end) run->arrival_end = arrival + 1;
    if (mark == 0) return;
    fc_series_mark *marks = atomic_load_explicit(&run->marks, memory_order_relaxed);
    atomic_store_explicit(&marks[at], mark, memory_order_relaxed);
    run->dead_count++;
    if (mark > atomic_load_explicit(&run->newest_mark, memory_order_relaxed))
        atomic_store_explicit(&run->newest_mark, mark, memory_order_relaxed);
}

static bool has_marks(const fc_series_block *block) {
    return block->dead_count > 0;
}

// An empty run with the columns that points of `a` and `b` (may be NULL) need.
static fc_series_block *run_create(fc_series *series, size_t capacity, const fc_series_block *a,
                                   const fc_series_block *b, bool with_metadata) {
    fc_series_block *run = fc_series_block_create(series, capacity, true);
    if (run == NULL) return NULL;
    with_metadata = with_metadata || (a != NULL && fc_series_block_metadata(a) != NULL) ||
                    (b != NULL && fc_series_block_metadata(b) != NULL);
    bool with_marks = (a != NULL && has_marks(a)) || (b != NULL && has_marks(b));
    if ((with_metadata && !fc_series_block_need_metadata(series, run)) ||
        (with_marks && !fc_series_block_need_marks(series, run))) {
        fc_series_block_release(series, run);
        return NULL;
    }
    return run;
}

static void batch_copy(fc_series *series, fc_series_block *to, size_t at,
                       const fc_series_late_batch *batch, size_t index) {
    uint32_t i = batch->indexes[index];
    to->times_us[at] = batch->points->times_us[i];
    for (size_t f = 0; f < series->field_count; f++)
        to->values[f * to->capacity + at] = batch->points->fields[f][i];
    fc_bytes *metadata = atomic_load_explicit(&to->metadata, memory_order_relaxed);
    if (metadata != NULL)
        metadata[at] = fc_series_points_metadata(batch->points, batch->metadata, i);
}

// One run of the tail's points and the batch's.
static fc_series_block *run_build(fc_series *series, const fc_series_late_batch *batch,
                                  size_t tail_count) {
    const fc_series_late *late = series->late;
    const fc_series_block *tail = late != NULL ? late->tail : NULL;
    uint64_t base = series->late_length - tail_count;
    size_t count = tail_count + batch->count;
    if (count > SIZE_MAX / 2 / sizeof(late_key)) return NULL;
    size_t keys_size = 2 * count * sizeof(late_key);
    late_key *keys = fc_series_allocate(series, keys_size);
    if (keys == NULL) return NULL;
    fc_series_block *run = run_create(series, count, tail, NULL, batch->metadata != NULL);
    if (run != NULL) {
        for (size_t i = 0; i < tail_count; i++)
            keys[i] = (late_key){tail->times_us[i], i};
        for (size_t i = 0; i < batch->count; i++)
            keys[tail_count + i] =
                (late_key){batch->points->times_us[batch->indexes[i]], tail_count + i};
        keys_sort(keys, keys + count, count);
        for (size_t i = 0; i < count; i++) {
            size_t from = keys[i].from;
            if (from < tail_count) {
                run_put(series, run, tail, from, base + from);
                continue;
            }
            batch_copy(series, run, run->count, batch, from - tail_count);
            run->arrivals[run->count++] = base + from;
        }
        if (batch->count > 0) run->arrival_end = base + count;
    }
    fc_series_free(series, keys, keys_size);
    return run;
}

static fc_series_block *runs_merge(fc_series *series, const fc_series_block *a,
                                   const fc_series_block *b) {
    fc_series_block *run = run_create(series, a->count + b->count, a, b, false);
    if (run == NULL) return NULL;
    size_t i = 0, k = 0;
    while (i < a->count || k < b->count) {
        bool take_b = i == a->count;
        if (!take_b && k < b->count) {
            take_b = b->times_us[k] != a->times_us[i] ? b->times_us[k] < a->times_us[i]
                                                      : b->arrivals[k] < a->arrivals[i];
        }
        if (take_b) {
            run_put(series, run, b, k, b->arrivals[k]);
            k++;
        } else {
            run_put(series, run, a, i, a->arrivals[i]);
            i++;
        }
    }
    atomic_fetch_add_explicit(&series->late_merges, 1, memory_order_relaxed);
    return run;
}

// The state after sealing tail and batch into a run, merged with the runs before it that are not more
// than twice as long as all that comes after them: O(log n) copies a point in all.
static fc_series_late *late_seal(fc_series *series, const fc_series_late_batch *batch,
                                 size_t tail_count) {
    const fc_series_late *old = series->late;
    fc_series_block *run = run_build(series, batch, tail_count);
    uint32_t shared = old != NULL ? old->run_count : 0;
    while (run != NULL && shared > 0 && old->runs[shared - 1]->count / 2 <= run->count) {
        fc_series_block *merged = runs_merge(series, old->runs[shared - 1], run);
        fc_series_block_release(series, run);
        run = merged;
        shared--;
    }
    if (run == NULL) return NULL;
    assert(shared < FC_SERIES_RUNS_MAX);
    fc_series_block *kept = run->count > 0 ? run : NULL;
    fc_series_late *state =
        late_create(series, old, shared, kept, NULL, series->late_length + batch->count);
    if (state == NULL || kept == NULL) fc_series_block_release(series, run);
    return state;
}

// ---- The tail ----------------------------------------------------------------------------------

// The state with a tail of at least `needed` points, the old one's copied.
static fc_series_late *late_grow_tail(fc_series *series, size_t tail_count, size_t needed,
                                      bool with_metadata) {
    const fc_series_late *old = series->late;
    const fc_series_block *tail = old != NULL ? old->tail : NULL;
    bool is_first = (old == NULL || old->run_count == 0) && TAIL_FIRST < series->tail_points;
    size_t capacity = is_first ? TAIL_FIRST : series->tail_points;
    while (capacity < needed)
        capacity *= 2;
    fc_series_block *grown = fc_series_block_create(series, capacity, false);
    if (grown == NULL) return NULL;
    with_metadata = with_metadata || (tail != NULL && fc_series_block_metadata(tail) != NULL);
    bool with_marks = tail != NULL && has_marks(tail);
    fc_series_late *state = NULL;
    if ((!with_metadata || fc_series_block_need_metadata(series, grown)) &&
        (!with_marks || fc_series_block_need_marks(series, grown)))
        state = late_create(series, old, old != NULL ? old->run_count : 0, NULL, grown,
                            series->late_length - tail_count);
    if (state == NULL) {
        fc_series_block_release(series, grown);
        return NULL;
    }
    for (size_t i = 0; i < tail_count; i++)
        fc_series_block_copy(series, grown, i, tail, i);
    for (size_t i = 0; with_marks && i < tail_count; i++)
        atomic_store_explicit(&grown->marks[i], fc_series_block_mark(tail, i),
                              memory_order_relaxed);
    if (with_marks) {
        grown->dead_count = tail->dead_count;
        grown->prior_mark = tail->prior_mark;
        atomic_store_explicit(&grown->newest_mark, atomic_load(&tail->newest_mark),
                              memory_order_relaxed);
    }
    return state;
}

fc_status fc_series_late_prepare(fc_series *series, const fc_series_late_batch *batch,
                                 fc_series_late **out_state) {
    *out_state = NULL;
    const fc_series_late *late = series->late;
    size_t tail_count = late != NULL ? fc_series_tail_count(late, series->late_length) : 0;
    size_t capacity = late != NULL && late->tail != NULL ? late->tail->capacity : 0;
    if (batch->count <= capacity - tail_count) {
        bool fits = batch->metadata == NULL || fc_series_block_need_metadata(series, late->tail);
        return fits ? FC_STATUS_OK : FC_STATUS_OUT_OF_MEMORY;
    }
    if (batch->count <= series->tail_points - tail_count)
        *out_state =
            late_grow_tail(series, tail_count, tail_count + batch->count, batch->metadata != NULL);
    else
        *out_state = late_seal(series, batch, tail_count);
    return *out_state != NULL ? FC_STATUS_OK : FC_STATUS_OUT_OF_MEMORY;
}

void fc_series_late_apply(fc_series *series, const fc_series_late_batch *batch,
                          fc_series_late *state) {
    if (state != NULL) {
        fc_series_late *old = series->late;
        series->os->mutex_lock(series->os->context, series->mutex);
        series->late = state;
        series->os->mutex_unlock(series->os->context, series->mutex);
        if (series->has_undo_late) {
            fc_series_late_release(series, old);
        } else {
            series->undo_late = old;
            series->has_undo_late = true;
        }
    }
    fc_series_block *tail = series->late->tail;
    size_t at = fc_series_tail_count(series->late, series->late_length);
    // A sealed state has taken the batch's points in already.
    for (size_t i = 0; tail != NULL && i < batch->count; i++)
        batch_copy(series, tail, at + i, batch, i);
    series->late_length += batch->count;
}
