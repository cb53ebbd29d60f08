#include "levels.h"

#include "memtable_internal.h"

// What a step may move for each put in the levels below the first, whatever is due: merges end soon, and questions find
// fewer trees (W2, 100 hits: three where there were five, 0.75 of the time). With three times as many a step in memory
// that was never used before was a pause of up to 1 ms, from page faults.
enum { ENTRIES_A_PUT = 64 };

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
    fc_tree *merged = fc_merge_take(table, merge);
    dequeue(level);
    level->resident = merged;
    level->merge = NULL;
    table->counters.merges[index < 8 ? index : 7]++;
    if (table->is_open) table->sealed_in_transaction = true;
    fc_memtable_publish(table, version);
    fc_merge_release(table, merge);
    return true;
}

// Returns how many entries it moved.
static uint32_t step_level(fc_levels *levels, unsigned index, uint32_t puts, uint32_t allowance) {
    fc_memtable *table = levels->table;
    fc_level *level = &levels->levels[index];
    if (level->merge == NULL && level->queue_count != 0) {
        if (level->resident == NULL)
            level->resident = dequeue(level);
        else if (fc_merge_start(table, level->resident, level->queue_first, &level->merge) !=
                 FC_STATUS_OK)
            return 0; // another time
    }
    fc_merge *merge = level->merge;
    uint32_t moved = 0;
    if (merge != NULL) {
        // Trees arrive after as many rows as they have; be done after three quarters of that at the latest.
        uint64_t arrival = index == 0 ? table->options.tail_rows : level_capacity(table, index - 1);
        uint64_t least = merge->entries * puts * 4 * level->queue_count / (3 * arrival) + 16;
        if (least > UINT32_MAX) least = UINT32_MAX;
        moved = fc_merge_advance(table, merge, least > allowance ? (uint32_t)least : allowance);
        if (fc_merge_is_done(merge) && !finish_merge(levels, index)) return moved;
    }
    promote(levels, index);
    return moved;
}

void fc_levels_step(fc_levels *levels, uint32_t puts) {
    (void)step_level(levels, 0, puts, UINT32_MAX); // at once: it is small
    uint32_t allowance = ENTRIES_A_PUT * puts;
    for (unsigned i = 1; i < FC_LEVELS_MAX; i++) {
        uint32_t moved = step_level(levels, i, puts, allowance);
        allowance -= moved < allowance ? moved : allowance;
    }
}

void fc_levels_clear(fc_levels *levels) {
    fc_memtable *table = levels->table;
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++) {
        fc_merge_release(table, levels->levels[i].merge);
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
