// A walk over every invariant of a memtable, for tests.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "property_internal.h"

#define CHECK(CONDITION, POSITION)                                                                 \
    do {                                                                                           \
        if (!(CONDITION)) fail(#CONDITION, (POSITION), __LINE__);                                  \
    } while (0)

static _Noreturn void fail(const char *condition, uint64_t position, int line) {
    fprintf(stderr, "fc_memtable_check: line %d, position or index %llu: %s\n", line,
            (unsigned long long)position, condition);
    abort();
}

static bool same_floats(const float *a, size_t a_stride, const float *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(&a[i * a_stride], &b[i], sizeof(float)) != 0) return false;
    return true;
}

static void check_entry(const fc_memtable *table, uint32_t lanes, const float *entry, size_t stride,
                        uint32_t position) {
    const fc_columns *columns = &table->columns;
    CHECK(position < columns->rows, position);
    CHECK(fc_columns_chunk(columns, position) != NULL, position);
    unsigned flags = fc_columns_flags(columns, position);
    float expected[FC_LANES_MAX], *times = lanes == FC_LANES_TIME ? expected : expected + 4;
    if (lanes != FC_LANES_TIME) {
        CHECK(flags & FC_ROW_BOX, position);
        fc_box_lanes(fc_columns_box(columns, position), table->options.planar, false, expected);
    }
    if (flags & FC_ROW_TIME)
        fc_time_lanes(fc_columns_time(columns, position), times);
    else
        times[0] = times[1] = INFINITY;
    if (lanes == FC_LANES_TIME) CHECK(flags & FC_ROW_TIME, position);
    if (lanes == FC_LANES_PLACE) CHECK(!(flags & FC_ROW_TIME), position);
    CHECK(same_floats(entry, stride, expected, lanes), position);
}

static void check_bounds(const fc_tree *tree, unsigned level, uint32_t block) {
    uint32_t below = level == 0 ? tree->count : tree->block_counts[level - 1];
    uint32_t rest = below - block * FC_NODE, count = rest < FC_NODE ? rest : FC_NODE;
    const float *lanes = fc_tree_block(tree, level, block);
    for (uint32_t lane = 0; lane < tree->lanes; lane++) {
        float least = INFINITY;
        for (uint32_t i = 0; i < FC_NODE; i++) {
            float value = lanes[lane * FC_NODE + i];
            if (i >= count)
                CHECK(isnan(value), block);
            else
                CHECK(!isnan(value), block);
            if (value < least) least = value;
        }
        float above = tree->bounds[lane];
        if (level + 1 < tree->level_count)
            above =
                fc_tree_block(tree, level + 1, block / FC_NODE)[lane * FC_NODE + block % FC_NODE];
        CHECK(above == least, block);
    }
}

static void check_tree(const fc_memtable *table, const fc_tree *tree, uint8_t *seen) {
    CHECK(tree->count > 0 && tree->level_count > 0, tree->count);
    bool all_timed = tree->lanes != FC_LANES_PLACE;
    for (uint32_t n = 0; n < tree->count; n++) {
        uint32_t position = fc_tree_positions(tree, n / FC_NODE)[n % FC_NODE];
        const float *entry = fc_tree_block(tree, 0, n / FC_NODE) + n % FC_NODE;
        check_entry(table, tree->lanes, entry, FC_NODE, position);
        uint64_t id = fc_ids_at(fc_tree_ids(tree, n / FC_NODE), n % FC_NODE);
        CHECK(id == fc_columns_raw_id(&table->columns, position), position);
        if (!(fc_columns_flags(&table->columns, position) & FC_ROW_TIME)) all_timed = false;
        CHECK(n == 0 || tree->keys[n - 1] <= tree->keys[n], n);
        CHECK(position <= tree->position_max, position);
        CHECK(seen[position]++ == 0, position);
    }
    CHECK(!tree->all_timed || all_timed, 0);
    uint32_t below = tree->count;
    for (unsigned level = 0; level < tree->level_count; level++) {
        CHECK(tree->block_counts[level] == (below - 1) / FC_NODE + 1, level);
        below = tree->block_counts[level];
        for (uint32_t block = 0; block < below; block++)
            check_bounds(tree, level, block);
    }
    CHECK(below == 1, below);
}

static void check_tail(const fc_memtable *table, unsigned flag, uint8_t *seen) {
    const fc_tail *tail = table->tail;
    CHECK(tail->first + tail->count == table->columns.rows, tail->first);
    for (uint32_t i = 0; i < tail->count; i++) {
        uint32_t position = tail->first + i;
        unsigned flags = fc_columns_flags(&table->columns, position);
        if (flags & FC_ROW_BOX) {
            // A row without a time is checked like an entry of six lanes.
            uint32_t lanes = table->timed ? FC_LANES_BOTH : FC_LANES_PLACE;
            check_entry(table, lanes, tail->lanes + i, tail->capacity, position);
        } else {
            CHECK(isnan(tail->lanes[i]), position);
        }
        if (flags & flag) CHECK(seen[position]++ == 0, position);
    }
}

// M3: whatever can be seen from the horizon on is there, once.
static void check_index(const fc_memtable *table, unsigned flag, uint32_t first_tree,
                        uint32_t tree_count, uint32_t *indexed) {
    const fc_columns *columns = &table->columns;
    uint64_t horizon = fc_memtable_horizon(table);
    uint8_t *seen = calloc((size_t)columns->rows + 1, 1);
    if (seen == NULL) return;
    for (uint32_t i = 0; i < tree_count; i++)
        check_tree(table, table->versions.current->trees[first_tree + i], seen);
    check_tail(table, flag, seen);
    for (uint32_t position = 0; position < columns->rows; position++) {
        if (fc_columns_chunk(columns, position) == NULL) continue;
        if (!(fc_columns_flags(columns, position) & flag))
            CHECK(seen[position] == 0, position);
        else if (fc_columns_deleted(columns, position) > horizon)
            CHECK(seen[position] == 1, position);
    }
    if (table->options.journal_only)
        for (uint32_t position = 0; position < columns->rows; position++)
            indexed[position >> FC_CHUNK_LOG2] += seen[position];
    free(seen);
}

static void check_rows(const fc_memtable *table) {
    const fc_columns *columns = &table->columns;
    uint64_t live = 0;
    for (uint32_t position = 0; position < columns->rows; position++) {
        const fc_chunk *chunk = fc_columns_chunk(columns, position);
        if (chunk == NULL) continue;
        uint64_t deleted = fc_columns_deleted(columns, position);
        uint32_t older = fc_columns_older(columns, position);
        fc_feature_id id = fc_columns_id(columns, position);
        CHECK((deleted != FC_LIVE) == fc_chunk_may_be_dead(chunk, position), position);
        CHECK(deleted == FC_LIVE || fc_chunk_all_ended(chunk, position, UINT64_MAX - 1), position);
        CHECK(deleted == 0 || !fc_chunk_all_ended(chunk, position, deleted - 1) ||
                  deleted == FC_LIVE,
              position);
        CHECK(older == FC_NO_POSITION || older < position, position);
        if (older != FC_NO_POSITION && fc_columns_chunk(columns, older) != NULL) {
            CHECK(fc_columns_id_is(columns, older, &id), position);
            if (deleted != 0) {
                CHECK(fc_columns_deleted(columns, older) <= deleted, position);
                CHECK(fc_columns_deleted(columns, older) != FC_LIVE, position);
            }
        }
        if (deleted != FC_LIVE) continue;
        live++;
        uint32_t newest;
        CHECK(fc_memtable_find(table, &id, &newest), position);
        CHECK(newest == position, position);
    }
    CHECK(live == table->counters.live_rows, live);
}

static void check_marks(const fc_memtable *table) {
    const fc_marks *marks = &table->marks;
    uint32_t end = 0;
    uint64_t sequence = 0;
    for (uint32_t i = 0; i < marks->count + marks->pending_count; i++) {
        const fc_mark *mark = fc_marks_get(marks, i);
        CHECK(mark->first >= end && mark->count > 0, i);
        CHECK(mark->sequence >= sequence, i);
        end = mark->first + mark->count;
        sequence = mark->sequence;
    }
    CHECK(end <= table->columns.rows && table->committed_rows <= table->columns.rows, end);
}

// Runs ascend, apart from each other, and each id is at its position.
static void check_runs(const fc_memtable *table) {
    const fc_id_runs *runs = &table->map.runs;
    uint32_t end = 0;
    for (uint32_t i = 0; i < atomic_load(&runs->count); i++) {
        const fc_id_run *run = fc_id_runs_get(runs, i);
        const uint32_t count = atomic_load(&run->count);
        CHECK(count > 0 && run->first >= end && run->first + count <= table->columns.rows, i);
        end = run->first + count;
        if (i > 0) {
            const fc_id_run *before = fc_id_runs_get(runs, i - 1);
            CHECK(run->first_id >= before->first_id + (int64_t)atomic_load(&before->count), i);
        }
        for (uint32_t n = 0; n < count; n++) {
            const fc_feature_id id = {.integer = run->first_id + n};
            if (fc_columns_chunk(&table->columns, run->first + n) == NULL) continue;
            CHECK(fc_columns_id_is(&table->columns, run->first + n, &id), run->first + n);
            CHECK(fc_id_runs_find(runs, id.integer) == run->first + n, run->first + n);
        }
    }
}

void fc_memtable_check(const fc_memtable *table) {
    check_rows(table);
    check_marks(table);
    check_runs(table);
    if (table->is_bulk) return;
    const fc_version *version = table->versions.current;
    CHECK(version->tail == table->tail, 0);
    uint32_t *indexed = calloc((size_t)table->columns.chunks.count + 1, sizeof *indexed);
    if (indexed == NULL) return;
    check_index(table, FC_ROW_BOX, 0, version->place_count, indexed);
    if (table->timed)
        check_index(table, FC_ROW_TIME, version->place_count, version->time_count, indexed);
    // A chunk goes when none of its rows is in an index, neither sooner nor later.
    for (uint32_t i = 0; table->options.journal_only && i < table->columns.chunks.count; i++) {
        const fc_chunk *chunk = fc_pointer_table_get(&table->columns.chunks, i);
        CHECK(chunk == NULL || chunk->indexed_count == indexed[i], i);
    }
    free(indexed);
    fc_property_indexes_check(table);
}
