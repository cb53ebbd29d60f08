// A chunk that goes while an old view's tail, and the runs of its index, still name its rows.
#include <math.h>

#include "memtable_model.h"

enum { CHUNK_ROWS = 1 << 16, LATER_ROWS = 4096, LATER_TRANSACTIONS = 40 };

typedef struct freed_chunk {
    scenario_report *report;
    model_memory memory;
    _Atomic uint64_t horizon;
    fc_arena *arena;
    fc_memtable *table;
    fc_view *before;   // when every row of the chunk had ended, and its last ones were in the tail
    fc_aggregate *sum; // of the index, as it was then
    uint64_t sequence;
} freed_chunk;

#define HOLDS(condition) MODEL_HOLDS(test->report, 0, condition)

// With one indexed property, a number.
static fc_row point(int64_t id, double x, double y) {
    static const uint8_t record[FC_RECORD_HEADER_BYTES + 8] = {sizeof record,
                                                               [4] = FC_RECORD_VERSION,
                                                               [20] = 4,
                                                               [FC_RECORD_HEADER_BYTES] = 0xA1,
                                                               0x61,
                                                               'a',
                                                               7};
    return (fc_row){.id.integer = id,
                    .has_box = true,
                    .is_point = true,
                    .box = {x, y, x, y},
                    .record = {record, sizeof record}};
}

static bool create_index(freed_chunk *test) {
    static const uint8_t property[] = {0x82, 0, 0x61, 'a'};
    const uint64_t running = ++test->sequence;
    fc_index_build *build = NULL;
    fc_detail detail;
    HOLDS(fc_memtable_create_index(test->table, 1, (fc_bytes){property, sizeof property}, running,
                                   &detail) == FC_STATUS_OK);
    fc_memtable_commit(test->table, running);
    HOLDS(fc_index_build_create(test->table, 1, running, &build) == FC_STATUS_OK && build != NULL);
    const fc_status status = fc_index_build_install(build);
    fc_index_build_destroy(build);
    HOLDS(status == FC_STATUS_OK);
    return true;
}

// One feature put again and again until its versions fill the chunk, and deleted.
static bool fill_chunk(freed_chunk *test) {
    uint32_t position = FC_NO_POSITION;
    const uint64_t running = ++test->sequence;
    for (int i = 0; i < CHUNK_ROWS; i++) {
        const fc_row row = point(1, i % 100, i / 100 % 80);
        HOLDS(fc_memtable_put(test->table, &row, running, &position) == FC_STATUS_OK);
    }
    fc_memtable_commit(test->table, running);
    HOLDS(position == CHUNK_ROWS - 1);
    HOLDS(fc_memtable_delete(test->table, position, ++test->sequence) == FC_STATUS_OK);
    fc_memtable_commit(test->table, test->sequence);
    test->horizon = test->sequence;
    return true;
}

// Rows that come after, until the chunk is in no tail and no tree, and gone.
static bool add_later_rows(freed_chunk *test) {
    for (int i = 0; i < LATER_TRANSACTIONS; i++) {
        const uint64_t running = ++test->sequence;
        for (int k = 0; k < LATER_ROWS; k++) {
            const fc_row row = point(2 + i * LATER_ROWS + k, k % 100, k / 100);
            uint32_t position;
            HOLDS(fc_memtable_put(test->table, &row, running, &position) == FC_STATUS_OK);
        }
        fc_memtable_commit(test->table, running);
    }
    HOLDS(fc_memtable_read_counters(test->table).freed_chunks == 1);
    return true;
}

static bool look_before(freed_chunk *test) {
    const fc_aggregate_options options = {.values.index_id = 1, .from_us = INT64_MIN};
    HOLDS(fc_memtable_view(test->table, test->sequence, &test->before) == FC_STATUS_OK);
    HOLDS(fc_aggregate_create(test->before, &options, &test->sum) == FC_STATUS_OK);
    return true;
}

// Its index, as it was then, has no row to sum up.
static bool check_sum(freed_chunk *test) {
    const fc_value_range all = {
        .kind = FC_VALUE_NUMBER, .lower.is_open = true, .upper.is_open = true};
    HOLDS(fc_aggregate_add_ranges(test->sum, &all, 1) == FC_STATUS_OK);
    HOLDS(fc_aggregate_finish(test->sum) == FC_STATUS_OK);
    HOLDS(fc_aggregate_group_count(test->sum) == 1);
    HOLDS(fc_aggregate_group_at(test->sum, 0)->row_count == 0);
    return true;
}

// The view from before sees nothing, however it is asked.
static bool check_before(freed_chunk *test) {
    const fc_allocator *memory = &test->memory.os.memory;
    fc_neighbors neighbors;
    fc_positions positions;
    fc_neighbors_init(&neighbors, memory);
    fc_positions_init(&positions, memory);
    const fc_question question = {.has_box = true, .box = {-10, -10, 110, 85}};
    const fc_feature_id id = {.integer = 1};
    uint32_t offender, found;
    int64_t ids[64];
    size_t id_count = 1;
    uint64_t count = 1;
    const bool holds =
        fc_view_nearest_planar(test->before, 50, 40, 10, INFINITY, NULL, &neighbors) ==
            FC_STATUS_OK &&
        fc_view_nearest_planar(test->before, 50, 40, SIZE_MAX, 9, &question, &neighbors) ==
            FC_STATUS_OK &&
        fc_view_nearest_m(test->before, 50, 40, 10, INFINITY, NULL, &neighbors, &offender) ==
            FC_STATUS_OK &&
        neighbors.count == 0 &&
        fc_view_search(test->before, &question, SIZE_MAX, &positions) == FC_STATUS_OK &&
        positions.count == 0 && !fc_view_find(test->before, &id, &found) &&
        fc_view_integer_ids(test->before, &question, ids, 64, &id_count) == FC_STATUS_OK &&
        id_count == 0 && fc_view_count(test->before, &question, &count) == FC_STATUS_OK &&
        count == 0;
    fc_neighbors_deinit(&neighbors);
    fc_positions_deinit(&positions);
    HOLDS(holds);
    return true;
}

void scenario_freed_chunk(bool scalar, scenario_report *report) {
    freed_chunk state = {.report = report}, *test = &state;
    model_memory_init(&test->memory);
    const fc_memtable_options options = {.journal_only = true,
                                         .kernels = scalar ? FC_KERNELS_SCALAR : FC_KERNELS_BEST,
                                         .horizon = &test->horizon};
    const fc_os *os = &test->memory.os;
    if (fc_arena_create(os, &test->arena) != FC_STATUS_OK ||
        fc_memtable_create(os, test->arena, &options, &test->table) != FC_STATUS_OK) {
        scenario_failed(report, "no table");
        return;
    }
    if (create_index(test) && fill_chunk(test) && look_before(test) && add_later_rows(test) &&
        check_before(test) && check_sum(test))
        report->runs++;
    fc_aggregate_destroy(test->sum);
    fc_view_release(test->before);
    fc_memtable_destroy(test->table);
    fc_arena_destroy(test->arena);
}
