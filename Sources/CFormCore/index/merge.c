#include "merge.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "memtable_internal.h"

void fc_merge_release(fc_memtable *table, fc_merge *merge) {
    if (merge == NULL) return;
    fc_tree_release(table->arena, merge->out);
    for (unsigned i = 0; i < 2; i++)
        fc_tree_release(table->arena, merge->stand_ins[i]);
    fc_arena_release(table->arena, merge->chunk_drops);
    fc_arena_release(table->arena, merge);
}

// Trees of another key domain take part under new keys.
static fc_status take_input(fc_memtable *table, fc_merge *merge, unsigned which, fc_tree *tree) {
    merge->inputs[which] = tree;
    if (tree->lanes == FC_LANES_TIME || tree->key_domain == table->domain.number)
        return FC_STATUS_OK;
    merge->stand_ins[which] = fc_memtable_rekey(table, tree);
    merge->inputs[which] = merge->stand_ins[which];
    return merge->inputs[which] == NULL ? FC_STATUS_OUT_OF_MEMORY : FC_STATUS_OK;
}

fc_status fc_merge_start(fc_memtable *table, fc_tree *first, fc_tree *second, fc_merge **out) {
    fc_merge *merge = fc_arena_allocate(table->arena, sizeof *merge);
    if (merge == NULL) return FC_STATUS_OUT_OF_MEMORY;
    *merge = (fc_merge){.entries = (uint64_t)first->count + second->count};
    fc_status status = take_input(table, merge, 0, first);
    if (status == FC_STATUS_OK) status = take_input(table, merge, 1, second);
    if (status == FC_STATUS_OK) {
        uint32_t lanes = merge->inputs[0]->lanes;
        if (merge->inputs[1]->lanes > lanes) lanes = merge->inputs[1]->lanes;
        uint32_t domain = lanes == FC_LANES_TIME ? 0 : table->domain.number;
        merge->out = fc_tree_allocate(table->arena, (uint32_t)merge->entries, lanes, domain);
        if (merge->out == NULL) status = FC_STATUS_OUT_OF_MEMORY;
    }
    if (status == FC_STATUS_OK && table->options.journal_only) {
        merge->chunk_count = table->columns.chunks.count;
        size_t bytes = merge->chunk_count * sizeof(uint32_t);
        merge->chunk_drops = fc_arena_allocate(table->arena, bytes);
        if (merge->chunk_drops != NULL)
            memset(merge->chunk_drops, 0, bytes);
        else
            status = FC_STATUS_OUT_OF_MEMORY;
    }
    if (status != FC_STATUS_OK) {
        fc_merge_release(table, merge);
        return status;
    }
    uint32_t max0 = merge->inputs[0]->position_max, max1 = merge->inputs[1]->position_max;
    merge->out->position_max = max0 > max1 ? max0 : max1;
    merge->out->upper_bits = merge->inputs[0]->upper_bits | merge->inputs[1]->upper_bits;
    *out = merge;
    return FC_STATUS_OK;
}

// ---- Moving entries ----------------------------------------------------------------------------
//
// Stretches of an input that come next as a whole go into a block that has room beyond its end, so that
// every copy is of FC_STRETCH entries, whatever the stretch's length; what is beyond is overwritten by the
// next. The inputs differ in size by the merge ratio, so stretches of the larger one are long. (Entry
// by entry, a copy is twelve loads and stores and each step waits for the one before: an insert took 1.3
// times as long.)

// Takes `count` <= FC_STRETCH entries from one block of an input.
static inline __attribute__((always_inline)) void stage_entries(fc_merge *merge,
                                                                const fc_tree *tree, uint32_t first,
                                                                uint32_t count, uint32_t from,
                                                                uint32_t lanes) {
    fc_stage *stage = &merge->stage;
    uint32_t at = stage->count, in_block = first % FC_NODE;
    const float *block =
        tree->levels[0] + (size_t)(from + FC_LEAF_EXTRA) * FC_NODE * (first / FC_NODE);
    for (uint32_t lane = 0; lane < from; lane++)
        memcpy(stage->lanes[lane] + at, block + (size_t)lane * FC_NODE + in_block,
               FC_STRETCH * sizeof(float));
    for (uint32_t lane = from; lane < lanes; lane++)
        for (uint32_t n = 0; n < FC_STRETCH; n++)
            stage->lanes[lane][at + n] = INFINITY; // no time
    for (uint32_t extra = 0; extra < FC_LEAF_EXTRA; extra++)
        memcpy(stage->lanes[lanes + extra] + at,
               block + (size_t)(from + extra) * FC_NODE + in_block, FC_STRETCH * sizeof(float));
    memcpy(merge->out->keys + merge->out->count + at, tree->keys + first,
           FC_STRETCH * sizeof(uint32_t));
    stage->count = at + count;
    if (stage->count >= FC_NODE) fc_merge_put_block(merge, lanes);
}

typedef struct mover {
    fc_merge *merge;
    const fc_columns *columns;
    uint64_t horizon;
    bool may_drop;
} mover;

// The same, without those that are to be dropped.
static inline __attribute__((always_inline)) void take(const mover *mover, const fc_tree *tree,
                                                       uint32_t first, uint32_t count,
                                                       uint32_t from, uint32_t lanes) {
    fc_merge *merge = mover->merge;
    const uint32_t end = first + count;
    uint32_t kept = first; // what is kept and not yet taken begins here
    for (uint32_t i = first; mover->may_drop && i < end; i++) {
        uint32_t position = fc_tree_positions(tree, i / FC_NODE)[i % FC_NODE];
        if (!fc_columns_is_dropped(mover->columns, position, mover->horizon)) continue;
        fc_merge_count_dropped(merge, &position, 1);
        if (i > kept) stage_entries(merge, tree, kept, i - kept, from, lanes);
        kept = i + 1;
    }
    if (end > kept) stage_entries(merge, tree, kept, end - kept, from, lanes);
}

// Moves about `budget` entries in the order of their keys, equal ones of the first input first. The
// lanes of the inputs are constant at each call, so that each case is compiled by itself.
static inline __attribute__((always_inline)) void move_entries(const mover *mover, uint32_t budget,
                                                               uint32_t lanes_a, uint32_t lanes_b) {
    fc_merge *merge = mover->merge;
    const fc_tree *a = merge->inputs[0], *b = merge->inputs[1];
    const uint32_t lanes = lanes_a > lanes_b ? lanes_a : lanes_b;
    uint32_t i = merge->next[0], j = merge->next[1];
    for (uint32_t moved = 0; moved < budget && (i < a->count || j < b->count);) {
        if (i == a->count) { // what is left of the other input comes as it is
            uint32_t room = FC_NODE - j % FC_NODE, left = b->count - j;
            if (room > FC_STRETCH) room = FC_STRETCH;
            if (room > left) room = left;
            take(mover, b, j, room, lanes_b, lanes);
            j += room;
            moved += room;
            continue;
        }
        bool has_b = j < b->count;
        uint32_t key_b = has_b ? b->keys[j] : UINT32_MAX, stretch = 0;
        // Keys rise; those beyond the end are the largest there are (fc_tree_finish).
        for (uint32_t n = 0; n < FC_STRETCH; n++)
            stretch += a->keys[i + n] <= key_b;
        uint32_t room = FC_NODE - i % FC_NODE, left = a->count - i;
        if (room > FC_STRETCH) room = FC_STRETCH;
        if (room > left) room = left;
        bool is_whole = stretch < room || left == room; // b's key, if it has one, comes after it
        if (stretch > room) stretch = room;
        if (stretch > 0) take(mover, a, i, stretch, lanes_a, lanes);
        i += stretch;
        moved += stretch;
        if (!is_whole || !has_b || (i < a->count && a->keys[i] <= key_b)) continue;
        take(mover, b, j, 1, lanes_b, lanes);
        j++;
        moved++;
    }
    merge->next[0] = i;
    merge->next[1] = j;
}

static inline __attribute__((always_inline)) void move_by_lanes(const mover *mover,
                                                                uint32_t budget) {
    uint32_t a = mover->merge->inputs[0]->lanes, b = mover->merge->inputs[1]->lanes;
    if (a == FC_LANES_PLACE && b == FC_LANES_PLACE)
        move_entries(mover, budget, FC_LANES_PLACE, FC_LANES_PLACE);
    else if (a == FC_LANES_BOTH && b == FC_LANES_BOTH)
        move_entries(mover, budget, FC_LANES_BOTH, FC_LANES_BOTH);
    else if (a == FC_LANES_TIME)
        move_entries(mover, budget, FC_LANES_TIME, FC_LANES_TIME);
    else if (a == FC_LANES_PLACE)
        move_entries(mover, budget, FC_LANES_PLACE, FC_LANES_BOTH);
    else
        move_entries(mover, budget, FC_LANES_BOTH, FC_LANES_PLACE);
}

#if defined(__x86_64__)
// Half as many loads and stores: a fifth of an insert into a large collection.
__attribute__((target("avx2"))) static void move_by_avx2(const mover *mover, uint32_t budget) {
    move_by_lanes(mover, budget);
}
#endif

uint32_t fc_merge_advance(fc_memtable *table, fc_merge *merge, uint32_t budget) {
    const fc_columns *columns = &table->columns;
    const mover mover = {
        .merge = merge,
        .columns = columns,
        .horizon = fc_memtable_horizon(table),
        .may_drop = atomic_load_explicit(&columns->dead_marks, memory_order_relaxed) != 0,
    };
    const uint32_t before = merge->next[0] + merge->next[1];
#if defined(__x86_64__)
    if (table->use_simd) {
        bool alike = merge->inputs[0]->lanes == merge->inputs[1]->lanes;
        if (alike) fc_merge_advance_avx2(table, merge, budget, !mover.may_drop);
        uint32_t moved = merge->next[0] + merge->next[1] - before;
        if (moved < budget) move_by_avx2(&mover, budget - moved);
        return merge->next[0] + merge->next[1] - before;
    }
#endif
    move_by_lanes(&mover, budget);
    return merge->next[0] + merge->next[1] - before;
}

// Rows that stayed behind are counted as out of the index.
static void count_drops(fc_memtable *table, const fc_merge *merge) {
    table->counters.dropped_rows += merge->dropped;
    for (uint32_t i = 0; merge->chunk_drops != NULL && i < merge->chunk_count; i++) {
        if (merge->chunk_drops[i] == 0) continue;
        fc_chunk *chunk = fc_pointer_table_get(&table->columns.chunks, i);
        assert(chunk != NULL && chunk->indexed_count >= merge->chunk_drops[i]);
        chunk->indexed_count -= merge->chunk_drops[i];
    }
}

fc_tree *fc_merge_take(fc_memtable *table, fc_merge *merge) {
    assert(fc_merge_is_done(merge));
    count_drops(table, merge);
    fc_tree *out = merge->out;
    if (merge->stage.count > 0) fc_merge_put_block(merge, out->lanes);
    if (out->count == 0) return NULL; // released with the merge
    fc_tree_finish(out);
    bool all_timed = merge->inputs[0]->all_timed && merge->inputs[1]->all_timed;
    bool alike = merge->inputs[0]->lanes == merge->inputs[1]->lanes;
    out->all_timed = all_timed && alike && out->lanes != FC_LANES_PLACE;
    merge->out = NULL;
    return out;
}
