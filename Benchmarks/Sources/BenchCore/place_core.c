#include "place_core.h"

// One arena for the whole process, as a store has one for its life: from the second run on, memory
// is warm and recycled.
static fc_arena *shared_arena(void) {
    static fc_arena *arena;
    if (arena == NULL && fc_arena_create(fc_os_posix(), &arena) != FC_STATUS_OK) arena = NULL;
    return arena;
}

static fc_status create(bool planar, bool journal_only, bench_core **out) {
    fc_arena *arena = shared_arena();
    bench_core *core = calloc(1, sizeof *core);
    if (arena == NULL || core == NULL) {
        free(core);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    core->next_id = 1;
    fc_memtable_options options = {
        .planar = planar, .journal_only = journal_only, .horizon = &core->horizon};
    fc_status status = fc_memtable_create(fc_os_posix(), arena, &options, &core->table);
    if (status != FC_STATUS_OK) {
        free(core);
        return status;
    }
    *out = core;
    return FC_STATUS_OK;
}

fc_status bench_core_create(bool planar, bench_core **out) {
    return create(planar, false, out);
}

fc_status bench_core_create_journal_only(bench_core **out) {
    return create(false, true, out);
}

void bench_core_destroy(bench_core *core) {
    if (core == NULL) return;
    for (size_t i = 0; i < core->held_count; i++)
        fc_view_release(core->held[i]);
    fc_memtable_destroy(core->table);
    free(core);
}

fc_status bench_core_insert_timed(bench_core *core, const bench_boxes *boxes,
                                  const int64_t *times_us, bool are_points, size_t per_commit) {
    for (size_t i = 0; i < boxes->count;) {
        size_t end = boxes->count - i > per_commit ? i + per_commit : boxes->count;
        fc_status status = core_begin(core);
        for (; status == FC_STATUS_OK && i < end; i++)
            status = core_insert_one(core, boxes, times_us, i, are_points);
        if (status != FC_STATUS_OK) return status;
        core_commit(core);
    }
    return FC_STATUS_OK;
}

fc_status bench_core_insert(bench_core *core, const bench_boxes *boxes, bool are_points,
                            size_t per_commit) {
    return bench_core_insert_timed(core, boxes, NULL, are_points, per_commit);
}

fc_status bench_core_insert_scattered(bench_core *core, const bench_boxes *boxes, bool are_points,
                                      size_t per_commit) {
    fc_status status = core_begin(core);
    for (size_t i = 0; status == FC_STATUS_OK && i < boxes->count; i++) {
        // A permutation of 32 bits.
        core->next_id = (int64_t)((uint32_t)i * UINT32_C(0x9E3779B1));
        status = core_insert_one(core, boxes, NULL, i, are_points);
        if (status == FC_STATUS_OK && ((i + 1) % per_commit == 0 || i + 1 == boxes->count)) {
            core_commit(core);
            status = core_begin(core);
        }
    }
    return status;
}

fc_status bench_core_build_timed(bench_core *core, const bench_boxes *boxes,
                                 const int64_t *times_us, bool are_points) {
    fc_memtable_begin_bulk(core->table);
    fc_status status = core_begin(core);
    for (size_t i = 0; status == FC_STATUS_OK && i < boxes->count; i++)
        status = core_insert_one(core, boxes, times_us, i, are_points);
    if (status != FC_STATUS_OK) return status;
    core_commit(core);
    return fc_memtable_end_bulk(core->table);
}

fc_status bench_core_build(bench_core *core, const bench_boxes *boxes, bool are_points) {
    return bench_core_build_timed(core, boxes, NULL, are_points);
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
        if ((i + 1) % per_commit == 0 || i + 1 == count) core_commit(core);
    }
    return FC_STATUS_OK;
}

uint64_t bench_core_index_bytes(const bench_core *core) {
    fc_memtable_counters counters = fc_memtable_read_counters(core->table);
    return counters.bytes_columns + counters.bytes_runs + counters.bytes_id_map;
}

uint64_t bench_core_index_bytes_peak(const bench_core *core) {
    fc_memtable_counters counters = fc_memtable_read_counters(core->table);
    return counters.bytes_columns + counters.bytes_runs_peak + counters.bytes_id_map;
}

uint64_t bench_core_time_bytes(const bench_core *core) {
    return fc_memtable_read_counters(core->table).bytes_times;
}
