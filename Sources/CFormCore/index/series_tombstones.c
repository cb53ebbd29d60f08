// Deleting: marks on the points that a time range holds.
#include "series_internal.h"

// A stretch of one block that is to be deleted.
typedef struct doomed {
    fc_series_block *block;
    size_t from, to;
    bool is_whole;
} doomed;

typedef struct deletion {
    fc_series *series;
    uint32_t mark;
    uint64_t count;
} deletion;

static bool deletion_count_part(deletion *deletion, const doomed *part) {
    fc_series_block *block = part->block;
    if (part->is_whole) {
        deletion->count += part->to - block->dead_count;
        return true;
    }
    uint64_t count = block->dead_count == 0
                         ? part->to - part->from
                         : fc_series_block_count(block, UINT32_MAX, part->from, part->to);
    deletion->count += count;
    return count == 0 || fc_series_block_need_marks(deletion->series, block);
}

static bool deletion_apply_part(deletion *deletion, const doomed *part) {
    fc_series_block *block = part->block;
    if (part->is_whole) {
        if (block->dead_count == part->to) return true;
        fc_series_block_touch(block, deletion->mark);
        atomic_store_explicit(&block->whole_mark, deletion->mark, memory_order_relaxed);
        block->dead_count = part->to;
        return true;
    }
    fc_series_mark *marks = atomic_load_explicit(&block->marks, memory_order_relaxed);
    if (marks == NULL || atomic_load_explicit(&block->whole_mark, memory_order_relaxed) != 0)
        return true; // counted before: nothing lives here
    fc_series_block_touch(block, deletion->mark);
    for (size_t i = part->from; i < part->to; i++) {
        if (atomic_load_explicit(&marks[i], memory_order_relaxed) != 0) continue;
        atomic_store_explicit(&marks[i], deletion->mark, memory_order_relaxed);
        block->dead_count++;
    }
    return true;
}

static bool late_for_each(deletion *deletion, int64_t from_us, int64_t to_us,
                          bool (*act)(struct deletion *, const doomed *)) {
    const fc_series *series = deletion->series;
    const fc_series_late *late = series->late;
    for (uint32_t i = 0; late != NULL && i < late->run_count; i++) {
        fc_series_block *run = late->runs[i];
        doomed part = {.block = run, .to = run->count};
        part.from = fc_series_lower_bound(run->times_us, run->count, from_us);
        if (to_us != INT64_MAX)
            part.to = fc_series_lower_bound(run->times_us, run->count, to_us + 1);
        part.is_whole = part.from == 0 && part.to == run->count;
        if (part.from < part.to && !act(deletion, &part)) return false;
    }
    size_t tail_count = late != NULL ? fc_series_tail_count(late, series->late_length) : 0;
    for (size_t i = 0; i < tail_count; i++) {
        doomed part = {.block = late->tail, .from = i, .to = i + 1};
        int64_t time_us = late->tail->times_us[i];
        if (time_us >= from_us && time_us <= to_us && !act(deletion, &part)) return false;
    }
    return true;
}

static bool order_for_each(deletion *deletion, uint64_t from, uint64_t to,
                           bool (*act)(struct deletion *, const doomed *)) {
    fc_series_order order = fc_series_writer_order(deletion->series);
    while (from < to) {
        fc_series_part at = fc_series_order_part(&order, from, to);
        doomed part = {at.chunk, at.from, at.to, at.is_whole};
        if (!act(deletion, &part)) return false;
        from += at.to - at.from;
    }
    return true;
}

// First everything is counted and every mark's memory taken; then nothing can fail.
fc_status fc_series_delete(fc_series *series, int64_t start_us, int64_t end_us, bool end_is_open,
                           uint64_t sequence, uint64_t *out_count) {
    (void)sequence; // the commit mark relates the ordinal to it
    fc_time_range range = {false, end_is_open, start_us, end_us};
    int64_t from_us, to_us;
    if (!fc_series_range_close(&range, &from_us, &to_us)) {
        *out_count = 0;
        return FC_STATUS_OK;
    }
    if (series->committed.deletes >= UINT32_MAX - 1) return FC_STATUS_TOO_LARGE;
    if (!fc_series_reserve_commit(series)) return FC_STATUS_OUT_OF_MEMORY;
    fc_series_order order = fc_series_writer_order(series);
    uint64_t from = fc_series_order_seek(&order, 0, from_us);
    uint64_t to = to_us == INT64_MAX ? order.length : fc_series_order_seek(&order, from, to_us + 1);
    deletion deletion = {series, series->committed.deletes + 1, 0};
    if (!order_for_each(&deletion, from, to, deletion_count_part) ||
        (series->late_length > 0 && !late_for_each(&deletion, from_us, to_us, deletion_count_part)))
        return FC_STATUS_OUT_OF_MEMORY;
    *out_count = deletion.count;
    if (deletion.count == 0) return FC_STATUS_OK;
    (void)order_for_each(&deletion, from, to, deletion_apply_part);
    if (series->late_length > 0)
        (void)late_for_each(&deletion, from_us, to_us, deletion_apply_part);
    series->deletes = deletion.mark;
    atomic_fetch_add_explicit(&series->tombstones, 1, memory_order_relaxed);
    return FC_STATUS_OK;
}

void fc_series_undo_deletes(fc_series *series) {
    if (series->deletes == series->committed.deletes) return;
    uint32_t mark = series->deletes;
    for (size_t k = 0; k < series->chunk_count; k++)
        fc_series_block_unmark(series->directory->entries[k].chunk, mark);
    const fc_series_late *late = series->late;
    for (uint32_t i = 0; late != NULL && i < late->run_count; i++)
        fc_series_block_unmark(late->runs[i], mark);
    if (late != NULL && late->tail != NULL) fc_series_block_unmark(late->tail, mark);
    series->deletes = series->committed.deletes;
}
