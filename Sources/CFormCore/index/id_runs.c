#include "id_runs.h"

#include <assert.h>

void fc_id_runs_deinit(fc_id_runs *runs, fc_arena *arena) {
    for (uint32_t i = 0; i < runs->blocks.count; i++)
        fc_arena_release(arena, fc_pointer_table_get(&runs->blocks, i));
    fc_pointer_table_deinit(&runs->blocks, arena);
}

size_t fc_id_runs_bytes(const fc_id_runs *runs) {
    return (size_t)runs->blocks.count * FC_ID_RUNS_A_BLOCK * sizeof(fc_id_run);
}

uint32_t fc_id_runs_find(const fc_id_runs *runs, int64_t id) {
    // The last run that begins at or before the id.
    uint32_t low = 0, high = atomic_load_explicit(&runs->count, memory_order_acquire);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (fc_id_runs_get(runs, middle)->first_id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return FC_NO_POSITION;
    const fc_id_run *run = fc_id_runs_get(runs, low - 1);
    uint64_t behind = (uint64_t)id - (uint64_t)run->first_id;
    if (behind >= atomic_load_explicit(&run->count, memory_order_acquire)) return FC_NO_POSITION;
    return run->first + (uint32_t)behind;
}

fc_status fc_id_runs_reserve(fc_id_runs *runs, fc_versions *versions) {
    uint32_t count = atomic_load_explicit(&runs->count, memory_order_relaxed);
    if (count / FC_ID_RUNS_A_BLOCK < runs->blocks.count) return FC_STATUS_OK;
    fc_status status = fc_pointer_table_reserve(&runs->blocks, versions);
    if (status != FC_STATUS_OK) return status;
    fc_id_run *block = fc_arena_allocate(versions->arena, FC_ID_RUNS_A_BLOCK * sizeof *block);
    if (block == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_pointer_table_add(&runs->blocks, block);
    return FC_STATUS_OK;
}

void fc_id_runs_begin(fc_id_runs *runs, int64_t id, uint32_t position, uint32_t count) {
    uint32_t run_count = atomic_load_explicit(&runs->count, memory_order_relaxed);
    fc_id_run *run = fc_id_runs_get(runs, run_count);
    run->first_id = id;
    run->first = position;
    atomic_init(&run->count, count);
    atomic_store_explicit(&runs->count, run_count + 1, memory_order_release);
    runs->next_id = (int64_t)((uint64_t)id + count);
    runs->next_position = position + count;
    runs->streak = runs->least_streak;
    runs->open = run;
}
