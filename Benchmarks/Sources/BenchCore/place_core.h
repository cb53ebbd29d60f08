// What the loops over the memtable share.
#ifndef BENCH_PLACE_CORE_H
#define BENCH_PLACE_CORE_H

#include <stdlib.h>

#include "bench_place.h"
#include "questions.h"

struct bench_core {
    fc_memtable *table;
    _Atomic uint64_t horizon; // the last commit, or the oldest snapshot that is held
    uint64_t sequence;        // of the last commit
    int64_t next_id;
    fc_view *held[BENCH_CORE_HELD_MAX];
    size_t held_count;
};

static inline fc_row core_row(const bench_boxes *boxes, const int64_t *times_us, size_t i,
                              int64_t id, bool is_point) {
    return (fc_row){
        .id = {.integer = id},
        .has_box = true,
        .has_time = times_us != NULL,
        .is_point = is_point,
        .box = {boxes->west[i], boxes->south[i], boxes->east[i], boxes->north[i]},
        .time_start_us = times_us != NULL ? times_us[i] : 0,
        .time_end_us = times_us != NULL ? times_us[i] : 0,
    };
}

static inline fc_status core_insert_one(bench_core *core, const bench_boxes *boxes,
                                        const int64_t *times_us, size_t i, bool is_point) {
    uint32_t position;
    fc_row row = core_row(boxes, times_us, i, core->next_id++, is_point);
    return fc_memtable_put(core->table, &row, core->sequence + 1, &position);
}

// Row ids are told at the start of each transaction, as the store tells them.
static inline fc_status core_begin(bench_core *core) {
    return fc_memtable_set_row_id(core->table, (uint64_t)core->next_id);
}

static inline void core_commit(bench_core *core) {
    core->sequence++;
    fc_memtable_commit(core->table, core->sequence);
    if (core->held_count == 0)
        atomic_store_explicit(&core->horizon, core->sequence, memory_order_release);
}
#endif
