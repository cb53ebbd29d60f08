#include "levels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "memtable_internal.h"

enum { STRETCH = FC_KEYS_SLACK }; // entries that are moved at once

static uint64_t level_capacity(const fc_memtable *table, unsigned level) {
    uint64_t capacity = (uint64_t)table->options.tail_rows * table->options.merge_ratio_first;
    for (unsigned i = 0; i < level; i++)
        capacity *= table->options.merge_ratio;
    return capacity;
}

static void enqueue(fc_level *level, fc_tree *tree) {
    tree->next = NULL;
    if (level->queue_last != NULL)
        level->queue_last->next = tree;
    else
        level->queue_first = tree;
    level->queue_last = tree;
    level->queue_count++;
}

static fc_tree *dequeue(fc_level *level) {
    fc_tree *tree = level->queue_first;
    level->queue_first = tree->next;
    if (level->queue_first == NULL) level->queue_last = NULL;
    level->queue_count--;
    tree->next = NULL;
    return tree;
}

void fc_levels_add(fc_levels *levels, fc_tree *tree) {
    enqueue(&levels->levels[0], tree);
}

static void release_merge(fc_memtable *table, fc_merge *merge) {
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

static fc_status start_merge(fc_levels *levels, fc_level *level) {
    fc_memtable *table = levels->table;
    fc_merge *merge = fc_arena_allocate(table->arena, sizeof *merge);
    if (merge == NULL) return FC_STATUS_OUT_OF_MEMORY;
    *merge = (fc_merge){.entries = (uint64_t)level->resident->count + level->queue_first->count};
    fc_status status = take_input(table, merge, 0, level->resident);
    if (status == FC_STATUS_OK) status = take_input(table, merge, 1, level->queue_first);
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
        fc_tree_release(table->arena, merge->out);
        release_merge(table, merge);
        return status;
    }
    uint32_t max0 = merge->inputs[0]->position_max, max1 = merge->inputs[1]->position_max;
    merge->out->position_max = max0 > max1 ? max0 : max1;
    level->merge = merge;
    return FC_STATUS_OK;
}

// ---- Moving entries ----------------------------------------------------------------------------
//
// Stretches of an input that come next as a whole go into a block that has room beyond its end, so that
// every copy is of STRETCH entries, whatever the stretch's length; what is beyond is overwritten by the
// next. The inputs differ in size by the merge ratio, so stretches of the larger one are long. (Entry
// by entry, a copy is twelve loads and stores and each step waits for the one before: an insert took 1.3
// times as long.)

// The rest of the block that the output has begun, and what came after it.
static inline __attribute__((always_inline)) void put_block(fc_merge *merge, uint32_t lanes) {
    fc_tree *out = merge->out;
    fc_stage *stage = &merge->stage;
    fc_tree_slot slot = fc_tree_next_slot(out);
    for (uint32_t lane = 0; lane < lanes; lane++) {
        memcpy(slot.lanes + (size_t)lane * FC_NODE, stage->lanes[lane], FC_NODE * sizeof(float));
        memcpy(stage->lanes[lane], stage->lanes[lane] + FC_NODE, STRETCH * sizeof(float));
    }
    memcpy(slot.position, stage->positions, FC_NODE * sizeof(uint32_t));
    memcpy(stage->positions, stage->positions + FC_NODE, STRETCH * sizeof(uint32_t));
    memcpy(slot.id, stage->ids, FC_NODE * sizeof(uint64_t));
    memcpy(stage->ids, stage->ids + FC_NODE, STRETCH * sizeof(uint64_t));
    uint32_t count = stage->count < FC_NODE ? stage->count : FC_NODE;
    stage->count -= count;
    out->count += count;
    if (count == FC_NODE) fc_tree_close_block(out);
}

// Takes `count` <= STRETCH entries from one block of an input.
static inline __attribute__((always_inline)) void stage_entries(fc_merge *merge,
                                                                const fc_tree *tree, uint32_t first,
                                                                uint32_t count, uint32_t from,
                                                                uint32_t lanes) {
    fc_stage *stage = &merge->stage;
    uint32_t at = stage->count, in_block = first % FC_NODE;
    const float *block =
        tree->levels[0] + (size_t)(from + FC_LEAF_EXTRA) * FC_NODE * (first / FC_NODE);
    const uint32_t *positions = (const uint32_t *)(block + (size_t)from * FC_NODE);
    const uint64_t *ids = (const uint64_t *)(positions + FC_NODE);
    for (uint32_t lane = 0; lane < from; lane++)
        memcpy(stage->lanes[lane] + at, block + (size_t)lane * FC_NODE + in_block,
               STRETCH * sizeof(float));
    for (uint32_t lane = from; lane < lanes; lane++)
        for (uint32_t n = 0; n < STRETCH; n++)
            stage->lanes[lane][at + n] = INFINITY; // no time
    memcpy(stage->positions + at, positions + in_block, STRETCH * sizeof(uint32_t));
    memcpy(stage->ids + at, ids + in_block, STRETCH * sizeof(uint64_t));
    memcpy(merge->out->keys + merge->out->count + at, tree->keys + first,
           STRETCH * sizeof(uint32_t));
    stage->count = at + count;
    if (stage->count >= FC_NODE) put_block(merge, lanes);
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
        merge->dropped++;
        if (merge->chunk_drops != NULL) merge->chunk_drops[position >> FC_CHUNK_LOG2]++;
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
        bool has_b = j < b->count;
        uint32_t key_b = has_b ? b->keys[j] : UINT32_MAX, stretch = 0;
        // Keys rise; those beyond the end are the largest there are (fc_tree_finish).
        for (uint32_t n = 0; n < STRETCH; n++)
            stretch += a->keys[i + n] <= key_b;
        uint32_t room = FC_NODE - i % FC_NODE, left = a->count - i;
        if (room > STRETCH) room = STRETCH;
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

static void advance_merge(fc_memtable *table, fc_merge *merge, uint32_t budget) {
    const fc_columns *columns = &table->columns;
    const mover mover = {
        .merge = merge,
        .columns = columns,
        .horizon = fc_memtable_horizon(table),
        .may_drop = atomic_load_explicit(&columns->dead_marks, memory_order_relaxed) != 0,
    };
#if defined(__x86_64__)
    if (table->use_simd) {
        move_by_avx2(&mover, budget);
        return;
    }
#endif
    move_by_lanes(&mover, budget);
}

static bool is_merged(const fc_merge *merge) {
    return merge->next[0] == merge->inputs[0]->count && merge->next[1] == merge->inputs[1]->count;
}

// A resident that has reached the level's size goes to the next one.
static void promote(fc_levels *levels, unsigned index) {
    fc_level *level = &levels->levels[index];
    if (level->resident == NULL || level->merge != NULL || index + 1 == FC_LEVELS_MAX) return;
    if (level->resident->count < level_capacity(levels->table, index)) return;
    enqueue(&levels->levels[index + 1], level->resident);
    level->resident = NULL;
}

// Puts the merged tree in its inputs' place. Returns false when there is no memory for the version.
static bool finish_merge(fc_levels *levels, unsigned index) {
    fc_memtable *table = levels->table;
    fc_level *level = &levels->levels[index];
    fc_merge *merge = level->merge;
    fc_version *version = fc_version_allocate(&table->versions, fc_memtable_tree_count(table));
    if (version == NULL) return false;
    fc_tree *out = merge->out;
    if (merge->stage.count > 0) put_block(merge, out->lanes);
    if (out->count == 0) {
        fc_tree_release(table->arena, out);
        out = NULL;
    } else {
        fc_tree_finish(out);
        bool all_timed = merge->inputs[0]->all_timed && merge->inputs[1]->all_timed;
        bool alike = merge->inputs[0]->lanes == merge->inputs[1]->lanes;
        out->all_timed = all_timed && alike && out->lanes != FC_LANES_PLACE;
    }
    dequeue(level);
    level->resident = out;
    level->merge = NULL;
    table->counters.merges[index < 8 ? index : 7]++;
    table->counters.dropped_rows += merge->dropped;
    for (uint32_t i = 0; merge->chunk_drops != NULL && i < merge->chunk_count; i++) {
        if (merge->chunk_drops[i] == 0) continue;
        fc_chunk *chunk = fc_pointer_table_get(&table->columns.chunks, i);
        assert(chunk != NULL && chunk->indexed_count >= merge->chunk_drops[i]);
        chunk->indexed_count -= merge->chunk_drops[i];
    }
    if (table->is_open) table->sealed_in_transaction = true;
    fc_memtable_publish(table, version);
    release_merge(table, merge);
    return true;
}

static void step_level(fc_levels *levels, unsigned index, uint32_t puts) {
    fc_memtable *table = levels->table;
    fc_level *level = &levels->levels[index];
    if (level->merge == NULL && level->queue_count != 0) {
        if (level->resident == NULL)
            level->resident = dequeue(level);
        else if (start_merge(levels, level) != FC_STATUS_OK)
            return; // another time
    }
    fc_merge *merge = level->merge;
    if (merge != NULL) {
        // Trees arrive after as many rows as they have; be done after three quarters of that.
        uint64_t arrival = index == 0 ? table->options.tail_rows : level_capacity(table, index - 1);
        uint64_t budget = merge->entries * puts * 4 * level->queue_count / (3 * arrival) + 16;
        advance_merge(table, merge, budget > UINT32_MAX ? UINT32_MAX : (uint32_t)budget);
        if (is_merged(merge) && !finish_merge(levels, index)) return;
    }
    promote(levels, index);
}

void fc_levels_step(fc_levels *levels, uint32_t puts) {
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++)
        step_level(levels, i, puts);
}

void fc_levels_clear(fc_levels *levels) {
    fc_memtable *table = levels->table;
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++) {
        fc_merge *merge = levels->levels[i].merge;
        if (merge != NULL) {
            fc_tree_release(table->arena, merge->out);
            release_merge(table, merge);
        }
        levels->levels[i] = (fc_level){.resident = NULL};
    }
}

void fc_levels_put_packed(fc_levels *levels, fc_tree *tree) {
    unsigned index = 0;
    while (index + 1 < FC_LEVELS_MAX && tree->count >= level_capacity(levels->table, index))
        index++;
    levels->levels[index].resident = tree;
}

uint32_t fc_levels_tree_count(const fc_levels *levels) {
    uint32_t count = 0;
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++)
        count += levels->levels[i].queue_count + (levels->levels[i].resident != NULL);
    return count;
}

uint32_t fc_levels_list(const fc_levels *levels, fc_tree **out) {
    uint32_t count = 0;
    for (unsigned i = FC_LEVELS_MAX; i-- > 0;) {
        if (levels->levels[i].resident != NULL) out[count++] = levels->levels[i].resident;
        for (fc_tree *tree = levels->levels[i].queue_first; tree != NULL; tree = tree->next)
            out[count++] = tree;
    }
    return count;
}

size_t fc_levels_merging_bytes(const fc_levels *levels) {
    size_t bytes = 0;
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++)
        if (levels->levels[i].merge != NULL) bytes += fc_tree_bytes(levels->levels[i].merge->out);
    return bytes;
}
