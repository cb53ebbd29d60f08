// Blocks: the columns of a chunk, a late run or a late tail, with their marks.
#include <assert.h>
#include <string.h>

#include "series_internal.h"

void *fc_series_allocate(fc_series *series, size_t size) {
    void *block = series->memory->allocate(series->memory->context, size);
    if (block != NULL) atomic_fetch_add_explicit(&series->bytes, size, memory_order_relaxed);
    return block;
}

void fc_series_free(fc_series *series, void *block, size_t size) {
    if (block == NULL) return;
    atomic_fetch_sub_explicit(&series->bytes, size, memory_order_relaxed);
    series->memory->release(series->memory->context, block, size);
}

// Header | times | values by field | arrivals (runs).
static bool block_size(const fc_series *series, size_t capacity, bool is_run, size_t *out_size) {
    size_t columns = (size_t)series->field_count + 1 + (is_run ? 1 : 0);
    if (capacity > (SIZE_MAX - sizeof(fc_series_block)) / 8 / columns) return false;
    *out_size = sizeof(fc_series_block) + capacity * columns * 8;
    return true;
}

fc_series_block *fc_series_block_create(fc_series *series, size_t capacity, bool is_run) {
    size_t size;
    if (!block_size(series, capacity, is_run, &size)) return NULL;
    fc_series_block *block = fc_series_allocate(series, size);
    if (block == NULL) return NULL;
    memset(block, 0, sizeof *block);
    atomic_init(&block->references, 1);
    block->capacity = capacity;
    block->values = (double *)(void *)(block->times_us + capacity);
    if (is_run)
        block->arrivals = (uint64_t *)(void *)(block->values + capacity * series->field_count);
    return block;
}

void fc_series_block_release(fc_series *series, fc_series_block *block) {
    if (block == NULL) return;
    if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) != 1) return;
    fc_series_free(series, atomic_load(&block->metadata), block->capacity * sizeof(fc_bytes));
    fc_series_free(series, atomic_load(&block->marks), block->capacity * sizeof(fc_series_mark));
    fc_series_free(series, atomic_load(&block->statistics),
                   series->field_count * sizeof(fc_series_statistic));
    size_t size = 0;
    bool fits = block_size(series, block->capacity, block->arrivals != NULL, &size);
    assert(fits);
    (void)fits;
    fc_series_free(series, block, size);
}

bool fc_series_block_need_marks(fc_series *series, fc_series_block *block) {
    if (atomic_load_explicit(&block->marks, memory_order_relaxed) != NULL) return true;
    size_t size = block->capacity * sizeof(fc_series_mark);
    fc_series_mark *marks = fc_series_allocate(series, size);
    if (marks == NULL) return false;
    memset((void *)marks, 0, size);
    atomic_store_explicit(&block->marks, marks, memory_order_release);
    return true;
}

bool fc_series_block_need_metadata(fc_series *series, fc_series_block *block) {
    if (atomic_load_explicit(&block->metadata, memory_order_relaxed) != NULL) return true;
    size_t size = block->capacity * sizeof(fc_bytes);
    fc_bytes *metadata = fc_series_allocate(series, size);
    if (metadata == NULL) return false;
    memset(metadata, 0, size);
    atomic_store_explicit(&block->metadata, metadata, memory_order_release);
    return true;
}

static fc_series_mark *block_marks(const fc_series_block *block) {
    return atomic_load_explicit(&block->marks, memory_order_acquire);
}

static uint32_t mark_at(const fc_series_mark *marks, size_t position) {
    return atomic_load_explicit(&marks[position], memory_order_relaxed);
}

uint32_t fc_series_block_mark(const fc_series_block *block, size_t position) {
    const fc_series_mark *marks = block_marks(block);
    uint32_t mark = marks == NULL ? 0 : mark_at(marks, position);
    return mark != 0 ? mark : atomic_load_explicit(&block->whole_mark, memory_order_relaxed);
}

void fc_series_block_touch(fc_series_block *block, uint32_t mark) {
    uint32_t newest = atomic_load_explicit(&block->newest_mark, memory_order_relaxed);
    if (newest == mark) return;
    block->prior_mark = newest;
    atomic_store_explicit(&block->newest_mark, mark, memory_order_relaxed);
}

void fc_series_block_unmark(fc_series_block *block, uint32_t mark) {
    if (atomic_load_explicit(&block->newest_mark, memory_order_relaxed) != mark) return;
    // A whole mark of an earlier transaction would have left nothing to delete.
    atomic_store_explicit(&block->whole_mark, 0, memory_order_relaxed);
    fc_series_mark *marks = block_marks(block);
    block->dead_count = 0;
    // All of the capacity: what the transaction appended and deleted itself left marks, too.
    for (size_t i = 0; marks != NULL && i < block->capacity; i++) {
        uint32_t found = mark_at(marks, i);
        block->dead_count += found != 0 && found != mark;
        if (found == mark) atomic_store_explicit(&marks[i], 0, memory_order_relaxed);
    }
    atomic_store_explicit(&block->newest_mark, block->prior_mark, memory_order_relaxed);
}

void fc_series_block_copy(fc_series *series, fc_series_block *to, size_t to_position,
                          const fc_series_block *from, size_t from_position) {
    to->times_us[to_position] = from->times_us[from_position];
    for (size_t f = 0; f < series->field_count; f++)
        to->values[f * to->capacity + to_position] =
            from->values[f * from->capacity + from_position];
    const fc_bytes *metadata = fc_series_block_metadata(from);
    fc_bytes *to_metadata = atomic_load_explicit(&to->metadata, memory_order_relaxed);
    if (to_metadata != NULL)
        to_metadata[to_position] = metadata != NULL ? metadata[from_position] : (fc_bytes){NULL, 0};
}

static bool is_live(const fc_series_mark *marks, uint32_t deletes, size_t position) {
    uint32_t mark = mark_at(marks, position);
    return mark == 0 || mark > deletes;
}

// Whether the block as a whole is dead.
static bool is_dead(const fc_series_block *block, uint32_t deletes) {
    uint32_t whole = atomic_load_explicit(&block->whole_mark, memory_order_relaxed);
    return whole != 0 && whole <= deletes;
}

bool fc_series_block_find(const fc_series_block *block, uint32_t deletes, size_t from, size_t to,
                          bool backwards, size_t *out_position) {
    if (from >= to || is_dead(block, deletes)) return false;
    const fc_series_mark *marks = deletes == 0 ? NULL : block_marks(block);
    if (backwards) {
        while (marks != NULL && to > from && !is_live(marks, deletes, to - 1))
            to--;
    } else {
        while (marks != NULL && from < to && !is_live(marks, deletes, from))
            from++;
    }
    *out_position = backwards ? to - 1 : from;
    return from < to;
}

bool fc_series_block_live(const fc_series_block *block, uint32_t deletes, size_t from, size_t to,
                          bool backwards, size_t *out_from, size_t *out_to) {
    size_t at;
    if (!fc_series_block_find(block, deletes, from, to, backwards, &at)) return false;
    const fc_series_mark *marks = deletes == 0 ? NULL : block_marks(block);
    size_t end = at + 1;
    if (marks == NULL) {
        at = from;
        end = to;
    } else if (backwards) {
        while (at > from && is_live(marks, deletes, at - 1))
            at--;
    } else {
        while (end < to && is_live(marks, deletes, end))
            end++;
    }
    *out_from = at;
    *out_to = end;
    return true;
}

uint64_t fc_series_block_count(const fc_series_block *block, uint32_t deletes, size_t from,
                               size_t to) {
    if (from >= to || is_dead(block, deletes)) return 0;
    const fc_series_mark *marks = deletes == 0 ? NULL : block_marks(block);
    if (marks == NULL) return to - from;
    uint64_t count = 0;
    for (size_t i = from; i < to; i++)
        count += is_live(marks, deletes, i);
    return count;
}
