#include <stdlib.h>

#include "questions.h"

struct bench_core {
    fc_memtable *table;
    _Atomic uint64_t horizon; // nothing here keeps an old snapshot: always the last commit
    uint64_t sequence;        // of the last commit
    int64_t next_id;
};

// One arena for the whole process, as a store has one for its life: from the second run on, memory
// is warm and recycled.
static fc_arena *shared_arena(void) {
    static fc_arena *arena;
    if (arena == NULL && fc_arena_create(fc_os_posix(), &arena) != FC_STATUS_OK) arena = NULL;
    return arena;
}

fc_status bench_core_create(bool planar, bench_core **out) {
    fc_arena *arena = shared_arena();
    bench_core *core = calloc(1, sizeof *core);
    if (arena == NULL || core == NULL) {
        free(core);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    core->next_id = 1;
    fc_memtable_options options = {.planar = planar, .horizon = &core->horizon};
    fc_status status = fc_memtable_create(fc_os_posix(), arena, &options, &core->table);
    if (status != FC_STATUS_OK) {
        free(core);
        return status;
    }
    *out = core;
    return FC_STATUS_OK;
}

void bench_core_destroy(bench_core *core) {
    if (core == NULL) return;
    fc_memtable_destroy(core->table);
    free(core);
}

static void commit(bench_core *core) {
    core->sequence++;
    fc_memtable_commit(core->table, core->sequence);
    atomic_store_explicit(&core->horizon, core->sequence, memory_order_release);
}

static inline fc_status put(bench_core *core, const bench_boxes *boxes, size_t i, bool is_point) {
    uint32_t position;
    fc_row row = {
        .id = {.integer = core->next_id},
        .has_box = true,
        .is_point = is_point,
        .box = {boxes->west[i], boxes->south[i], boxes->east[i], boxes->north[i]},
    };
    core->next_id++;
    return fc_memtable_put(core->table, &row, core->sequence + 1, &position);
}

// Row ids are told at the start of each transaction, as the store tells them.
static fc_status begin(bench_core *core) {
    return fc_memtable_set_row_id(core->table, (uint64_t)core->next_id);
}

fc_status bench_core_insert(bench_core *core, const bench_boxes *boxes, bool are_points,
                            size_t per_commit) {
    for (size_t i = 0; i < boxes->count;) {
        size_t end = boxes->count - i > per_commit ? i + per_commit : boxes->count;
        fc_status status = begin(core);
        for (; status == FC_STATUS_OK && i < end; i++)
            status = put(core, boxes, i, are_points);
        if (status != FC_STATUS_OK) return status;
        commit(core);
    }
    return FC_STATUS_OK;
}

fc_status bench_core_insert_pause(bench_core *core, const bench_boxes *boxes, bool are_points,
                                  size_t per_commit, uint64_t *out_longest_ns) {
    uint64_t longest = 0, before = bench_wall_ns();
    fc_status status = begin(core);
    for (size_t i = 0; status == FC_STATUS_OK && i < boxes->count; i++) {
        status = put(core, boxes, i, are_points);
        if (status == FC_STATUS_OK && ((i + 1) % per_commit == 0 || i + 1 == boxes->count)) {
            commit(core);
            status = begin(core);
        }
        uint64_t now = bench_wall_ns();
        if (now - before > longest) longest = now - before;
        before = now;
    }
    *out_longest_ns = longest;
    return status;
}

fc_status bench_core_build(bench_core *core, const bench_boxes *boxes, bool are_points) {
    fc_memtable_begin_bulk(core->table);
    fc_status status = begin(core);
    for (size_t i = 0; status == FC_STATUS_OK && i < boxes->count; i++)
        status = put(core, boxes, i, are_points);
    if (status != FC_STATUS_OK) return status;
    commit(core);
    return fc_memtable_end_bulk(core->table);
}

fc_status bench_core_pack(bench_core *core) {
    return fc_memtable_pack(core->table);
}

fc_status bench_core_windows(bench_core *core, const bench_boxes *windows, bench_answer *out) {
    fc_view *view;
    question_scratch scratch = {0};
    bench_answer answer = {0, 0};
    fc_status status = fc_memtable_view(core->table, core->sequence, &view);
    if (status != FC_STATUS_OK) return status;
    for (size_t i = 0; status == FC_STATUS_OK && i < windows->count; i++)
        status = ask_window(view, windows, i, &scratch, &answer);
    question_scratch_deinit(&scratch);
    fc_view_release(view);
    *out = answer;
    return status;
}

fc_status bench_core_nearest(bench_core *core, const bench_points *points, size_t k, bool in_metres,
                             bench_answer *out) {
    fc_view *view;
    bench_answer answer = {0, 0};
    fc_status status = fc_memtable_view(core->table, core->sequence, &view);
    if (status != FC_STATUS_OK) return status;
    fc_neighbors neighbors;
    fc_neighbors_init(&neighbors, &fc_os_posix()->memory);
    for (size_t i = 0; status == FC_STATUS_OK && i < points->count; i++)
        status = ask_nearest(view, points, i, k, in_metres, &neighbors, &answer);
    fc_neighbors_deinit(&neighbors);
    fc_view_release(view);
    *out = answer;
    return status;
}

fc_status bench_core_delete(bench_core *core, const int64_t *ids, size_t count, size_t per_commit) {
    for (size_t i = 0; i < count; i++) {
        fc_feature_id id = {.integer = ids[i]};
        uint32_t position;
        if (!fc_memtable_find(core->table, &id, &position)) return FC_STATUS_NOT_FOUND;
        fc_status status = fc_memtable_delete(core->table, position, core->sequence + 1);
        if (status != FC_STATUS_OK) return status;
        if ((i + 1) % per_commit == 0 || i + 1 == count) commit(core);
    }
    return FC_STATUS_OK;
}

uint64_t bench_core_index_bytes(const bench_core *core) {
    fc_memtable_counters counters = fc_memtable_read_counters(core->table);
    return counters.bytes_columns + counters.bytes_runs + counters.bytes_id_map;
}
