// Runs of ids: integer ids that came one after another, in rows one after another. Id `first_id + n` is at
// position `first + n`: sixteen bytes say so for all of them, where the hash table of the id map takes
// thirteen for each, and a random access.
//
// A run begins when so many ids as the streak says have come so, and takes only ids larger than any before, so that runs ascend
// and an id that comes again is in no run. It is never changed but at its end.
// THREADS: the writer's; readers find without a lock.
#ifndef FC_INDEX_ID_RUNS_H
#define FC_INDEX_ID_RUNS_H

#include "pointer_table.h"

typedef struct fc_id_run {
    int64_t first_id;
    uint32_t first;
    _Atomic uint32_t count;
} fc_id_run;

enum { FC_ID_RUNS_A_BLOCK = 256 };

typedef struct fc_id_runs {
    fc_pointer_table blocks;
    _Atomic uint32_t count;
    // The writer's: the id and position that would go on with what came last, and how many have.
    int64_t next_id;
    uint32_t next_position, streak;
    uint32_t least_streak; // shorter runs would cost a search more than they save
    fc_id_run *open;       // the last run, if it would go on with them; or NULL
} fc_id_runs;

// REQUIRES: an index below a count that the caller has learnt of.
static inline fc_id_run *fc_id_runs_get(const fc_id_runs *runs, uint32_t index) {
    fc_id_run *block = fc_pointer_table_get(&runs->blocks, index / FC_ID_RUNS_A_BLOCK);
    return &block[index % FC_ID_RUNS_A_BLOCK];
}

void fc_id_runs_deinit(fc_id_runs *runs, fc_arena *arena); // REQUIRES: no readers
size_t fc_id_runs_bytes(const fc_id_runs *runs);

// The id's position; FC_NO_POSITION when it is in no run. THREADS: any.
uint32_t fc_id_runs_find(const fc_id_runs *runs, int64_t id);

// Whether a row with a new largest id goes into a run at this position.
static inline bool fc_id_runs_await(const fc_id_runs *runs, int64_t id, uint32_t position) {
    return runs->streak >= runs->least_streak && id == runs->next_id &&
           position == runs->next_position;
}
// Room for one more run.
FC_MUST_USE fc_status fc_id_runs_reserve(fc_id_runs *runs, fc_versions *versions);
// Takes `count` rows from one on, whose ids follow one another and are larger than any before, into a new run. REQUIRES: room.
void fc_id_runs_begin(fc_id_runs *runs, int64_t id, uint32_t position, uint32_t count);
// Takes the next `count` rows into the last run. REQUIRES: it is open.
static inline void fc_id_runs_extend(fc_id_runs *runs, uint32_t count) {
    uint32_t before = atomic_load_explicit(&runs->open->count, memory_order_relaxed);
    atomic_store_explicit(&runs->open->count, before + count, memory_order_release);
    runs->next_id = (int64_t)((uint64_t)runs->next_id + count);
    runs->next_position += count;
}
// A row came that is in no run.
static inline void fc_id_runs_pass(fc_id_runs *runs, int64_t id, uint32_t position) {
    bool goes_on = id == runs->next_id && position == runs->next_position;
    runs->streak = goes_on ? runs->streak + 1 : 1;
    runs->next_id = (int64_t)((uint64_t)id + 1);
    runs->next_position = position + 1;
    runs->open = NULL;
}
#endif
