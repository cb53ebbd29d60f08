// Many ids in one collection, beside arithmetic: the id map's tags tell small integers apart by themselves.
#include <stdlib.h>

#include "CoreModels.h"
#include "model_support.h"

typedef struct id_model {
    fc_memtable *table;
    uint64_t seed;
    scenario_report *report;
    bool in_bulk; // the large ones, which rise then
    uint32_t rows;
} id_model;

#define HOLDS(condition) MODEL_HOLDS(model->report, model->seed, condition)

// A permutation of 32 bits, so that ids come in no order.
static uint32_t scattered(uint32_t i, uint64_t seed) {
    i = (i ^ (uint32_t)seed) * UINT32_C(0x9E3779B1);
    return (i ^ i >> 16) * UINT32_C(0x85EBCA6B);
}

static fc_feature_id id_of(const id_model *model, uint32_t i, uint64_t high) {
    const uint32_t low = high != 0 && model->in_bulk ? i * 4099 : scattered(i, model->seed);
    return (fc_feature_id){.integer = (int64_t)(high << 32 | low)};
}

// `count` new rows with ids of these upper bits, one commit.
static bool put_all(id_model *model, uint32_t count, uint64_t high) {
    const uint64_t sequence = high + 1;
    const bool in_bulk = high != 0 && model->in_bulk;
    if (in_bulk) fc_memtable_begin_bulk(model->table);
    for (uint32_t i = 0; i < count; i++) {
        const fc_row row = {.id = id_of(model, i, high)};
        uint32_t position;
        HOLDS(fc_memtable_put(model->table, &row, sequence, &position) == FC_STATUS_OK);
        HOLDS(position == model->rows++);
    }
    fc_memtable_commit(model->table, sequence);
    if (in_bulk) HOLDS(fc_memtable_end_bulk(model->table) == FC_STATUS_OK);
    // None was taken for another one's newer version.
    HOLDS(fc_memtable_read_counters(model->table).live_rows == model->rows);
    return true;
}

// Those of the first `there` numbers are found, and none of as many others.
static bool find_all(id_model *model, uint32_t there, uint32_t others, uint64_t high,
                     uint32_t first) {
    for (uint32_t i = 0; i < there + others; i++) {
        const fc_feature_id id = id_of(model, i, high);
        uint32_t position;
        const bool is_there = fc_memtable_find(model->table, &id, &position);
        HOLDS(is_there == (i < there));
        HOLDS(!is_there || position == first + i);
        model->report->images++;
    }
    return true;
}

static bool run(id_model *model, uint32_t count) {
    const uint64_t negative = UINT32_MAX; // below all others: they are looked up
    return put_all(model, count, 0) && find_all(model, count, count, 0, 0) &&
           find_all(model, 0, count, negative, 0) && put_all(model, count, 1) &&
           find_all(model, count, count, 0, 0) && find_all(model, count, count, 1, count);
}

void scenario_id_model(uint64_t seed, uint32_t count, bool in_bulk, scenario_report *report) {
    id_model model = {.seed = seed, .report = report, .in_bulk = in_bulk};
    const fc_os *os = fc_os_posix();
    fc_arena *arena;
    if (fc_arena_create(os, &arena) != FC_STATUS_OK) abort();
    const fc_memtable_options options = {.planar = true};
    if (fc_memtable_create(os, arena, &options, &model.table) != FC_STATUS_OK) abort();
    (void)run(&model, count);
    fc_memtable_destroy(model.table);
    fc_arena_destroy(arena);
}
