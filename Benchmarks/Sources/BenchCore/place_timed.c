// Rows with a time, rows put again by id, held snapshots, and single calls by the clock.
#include "place_core.h"

fc_status bench_core_windows_during(bench_core *core, const bench_boxes *windows,
                                    const int64_t *starts_us, int64_t length_us, bool filters_after,
                                    bench_answer *out) {
    fc_view *view;
    question_scratch scratch = {0};
    bench_answer answer = {0, 0};
    fc_status status = fc_memtable_view(core->table, core->sequence, &view);
    if (status != FC_STATUS_OK) return status;
    fc_positions positions;
    fc_positions_init(&positions, &fc_os_posix()->memory);
    for (size_t i = 0; status == FC_STATUS_OK && i < windows->count; i++) {
        const int64_t start_us = starts_us[i], end_us = start_us + length_us;
        status =
            filters_after
                ? ask_window_then_filter(view, windows, i, start_us, end_us, &positions, &answer)
                : ask_window_during(view, windows, i, start_us, end_us, &scratch, &answer);
    }
    fc_positions_deinit(&positions);
    question_scratch_deinit(&scratch);
    fc_view_release(view);
    *out = answer;
    return status;
}

fc_status bench_core_upsert(bench_core *core, const int64_t *ids, const bench_boxes *boxes,
                            const int64_t *times_us, bool are_points, size_t per_commit) {
    for (size_t i = 0; i < boxes->count;) {
        size_t end = boxes->count - i > per_commit ? i + per_commit : boxes->count;
        for (; i < end; i++) {
            uint32_t position;
            fc_row row = core_row(boxes, times_us, i, ids[i], are_points);
            fc_status status = fc_memtable_put(core->table, &row, core->sequence + 1, &position);
            if (status != FC_STATUS_OK) return status;
        }
        core_commit(core);
    }
    return FC_STATUS_OK;
}

fc_status bench_core_hold(bench_core *core) {
    if (core->held_count == BENCH_CORE_HELD_MAX) return FC_STATUS_UNSUPPORTED;
    fc_status status = fc_memtable_view(core->table, core->sequence, &core->held[core->held_count]);
    if (status == FC_STATUS_OK) core->held_count++;
    return status;
}

static fc_status ask_all(const fc_view *view, const bench_boxes *windows, uint32_t *out_ns,
                         bench_answer *out) {
    question_scratch scratch = {0};
    bench_answer answer = {0, 0};
    fc_status status = FC_STATUS_OK;
    bench_stopwatch watch = bench_stopwatch_start();
    for (size_t i = 0; status == FC_STATUS_OK && i < windows->count; i++) {
        status = ask_window(view, windows, i, &scratch, &answer);
        if (out_ns != NULL) out_ns[i] = bench_stopwatch_lap(&watch);
    }
    question_scratch_deinit(&scratch);
    *out = answer;
    return status;
}

fc_status bench_core_windows_held(bench_core *core, size_t held, const bench_boxes *windows,
                                  bench_answer *out) {
    if (held >= core->held_count) return FC_STATUS_NOT_FOUND;
    return ask_all(core->held[held], windows, NULL, out);
}

fc_status bench_core_window_latencies(bench_core *core, const bench_boxes *windows,
                                      uint32_t *out_ns, bench_answer *out) {
    fc_view *view;
    fc_status status = fc_memtable_view(core->table, core->sequence, &view);
    if (status != FC_STATUS_OK) return status;
    status = ask_all(view, windows, out_ns, out);
    fc_view_release(view);
    return status;
}

fc_status bench_core_insert_latencies(bench_core *core, const bench_boxes *boxes, bool are_points,
                                      size_t per_commit, uint32_t *out_ns) {
    fc_status status = core_begin(core);
    bench_stopwatch watch = bench_stopwatch_start();
    for (size_t i = 0; status == FC_STATUS_OK && i < boxes->count; i++) {
        status = core_insert_one(core, boxes, NULL, i, are_points);
        if (status == FC_STATUS_OK && ((i + 1) % per_commit == 0 || i + 1 == boxes->count)) {
            core_commit(core);
            status = core_begin(core);
        }
        out_ns[i] = bench_stopwatch_lap(&watch);
    }
    return status;
}
