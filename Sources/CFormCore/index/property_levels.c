// Levelled merging of the runs of a property index, in bounded steps: as levels.c does for trees.
#include <assert.h>
#include <string.h>

#include "property_internal.h"

static uint64_t level_capacity(const fc_memtable *table, unsigned level) {
    uint64_t capacity = (uint64_t)table->options.tail_rows * table->options.merge_ratio_first;
    for (unsigned i = 0; i < level; i++)
        capacity *= table->options.merge_ratio;
    return capacity;
}

static void enqueue(fc_index_level *level, fc_index_run *run) {
    run->next = NULL;
    if (level->queue_last != NULL)
        level->queue_last->next = run;
    else
        level->queue_first = run;
    level->queue_last = run;
    level->queue_count++;
}

static fc_index_run *dequeue(fc_index_level *level) {
    fc_index_run *run = level->queue_first;
    level->queue_first = run->next;
    if (level->queue_first == NULL) level->queue_last = NULL;
    level->queue_count--;
    run->next = NULL;
    return run;
}

void fc_index_levels_add(fc_property_index *index, fc_index_run *run) {
    enqueue(&index->levels[0], run);
}

void fc_index_levels_put_packed(fc_property_index *index, fc_index_run *run) {
    unsigned at = 0;
    while (at + 1 < FC_LEVELS_MAX && run->count >= level_capacity(index->table, at))
        at++;
    enqueue(&index->levels[at], run);
}

uint32_t fc_index_levels_count(const fc_property_index *index) {
    uint32_t count = 0;
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++)
        count += index->levels[i].queue_count + (index->levels[i].resident != NULL);
    return count;
}

static void release_merge(fc_arena *arena, fc_index_merge *merge) {
    fc_arena_release(arena, merge->chunk_drops);
    fc_arena_release(arena, merge);
}

void fc_index_levels_clear(fc_property_index *index) {
    fc_arena *arena = index->table->arena;
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++) {
        fc_index_merge *merge = index->levels[i].merge;
        if (merge != NULL) {
            fc_arena_release(arena, merge->out);
            release_merge(arena, merge);
        }
        index->levels[i] = (fc_index_level){.resident = NULL};
    }
}

static fc_status start_merge(fc_property_index *index, fc_index_level *level) {
    const fc_memtable *table = index->table;
    fc_index_merge *merge = fc_arena_allocate(table->arena, sizeof *merge);
    if (merge == NULL) return FC_STATUS_OUT_OF_MEMORY;
    *merge = (fc_index_merge){.inputs = {level->resident, level->queue_first}};
    uint32_t entries = level->resident->count + level->queue_first->count;
    merge->out = fc_index_run_allocate(table->arena, entries);
    if (table->options.journal_only) {
        size_t bytes = table->columns.chunks.count * sizeof *merge->chunk_drops;
        merge->chunk_drops = fc_arena_allocate(table->arena, bytes);
        if (merge->chunk_drops != NULL) memset(merge->chunk_drops, 0, bytes);
    }
    if (merge->out == NULL || (table->options.journal_only && merge->chunk_drops == NULL)) {
        fc_arena_release(table->arena, merge->out);
        release_merge(table->arena, merge);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    uint32_t end0 = merge->inputs[0]->position_end, end1 = merge->inputs[1]->position_end;
    merge->out->position_end = end0 > end1 ? end0 : end1;
    level->merge = merge;
    return FC_STATUS_OK;
}

// ---- Moving entries ----------------------------------------------------------------------------
//
// Entries of one input that come before the next one of the other move as a stretch. Values behind equal keys
// are compared once a group of equal values, because `same` tells where a group ends.

typedef struct mover {
    fc_property_index *index;
    fc_index_column column;
    fc_index_merge *merge;
    uint64_t horizon;
    bool may_drop;
} mover;

static fc_value head_value(const mover *mover, unsigned input, uint32_t i) {
    return fc_index_column_value(&mover->column, mover->merge->inputs[input]->positions[i]);
}

// How the values of the two heads compare.
static int compare_heads(const mover *mover) {
    fc_index_merge *merge = mover->merge;
    if (merge->order_is_known) return merge->order;
    uint32_t i = merge->next[0], j = merge->next[1];
    uint64_t a = merge->inputs[0]->keys[i], b = merge->inputs[1]->keys[j];
    int order = a < b ? -1 : a > b;
    if (order == 0 && fc_key_is_cut(merge->section, a)) {
        fc_value x = head_value(mover, 0, i), y = head_value(mover, 1, j);
        order = fc_value_compare(&x, &y);
    }
    merge->order = order;
    merge->order_is_known = true;
    return order;
}

// Whether entry `i` of `input` equals the last entry that was put out.
static bool equals_last(const mover *mover, unsigned input, uint32_t i) {
    const fc_index_merge *merge = mover->merge;
    if (!merge->has_last) return false;
    const fc_index_run *run = merge->inputs[input], *out = merge->out;
    if (merge->last_input == input) {
        // What lies between was dropped; values rise, so one step up among them is enough.
        for (uint32_t n = i; n > merge->last_index; n--)
            if (!fc_index_run_same(run, n)) return false;
        return true;
    }
    if (out->keys[out->count - 1] != run->keys[i]) return false;
    if (!fc_key_is_cut(merge->section, run->keys[i])) return true;
    if (merge->tied_index == i) return merge->last_is_tied;
    fc_value x = fc_index_column_value(&mover->column, out->positions[out->count - 1]);
    fc_value y = head_value(mover, input, i);
    return fc_value_compare(&x, &y) == 0;
}

static void set_same(fc_index_run *run, uint32_t i, bool same) {
    uint64_t bit = UINT64_C(1) << (i % 64);
    run->same[i / 64] = same ? run->same[i / 64] | bit : run->same[i / 64] & ~bit;
}

// Copies bits, up to 64 at a time. What lies beyond them in the output is overwritten later.
static void copy_same(fc_index_run *out, uint32_t at, const fc_index_run *run, uint32_t first,
                      uint32_t count) {
    while (count > 0) {
        uint64_t bits = run->same[first / 64] >> (first % 64);
        if (first % 64 != 0) bits |= run->same[first / 64 + 1] << (64 - first % 64);
        uint32_t room = 64 - at % 64, part = count < room ? count : room;
        uint64_t kept = out->same[at / 64] & ((UINT64_C(1) << (at % 64)) - 1);
        out->same[at / 64] = kept | bits << (at % 64);
        at += part;
        first += part;
        count -= part;
    }
}

// Puts out `count` entries that all stay.
static void put_stretch(const mover *mover, unsigned input, uint32_t first, uint32_t count) {
    if (count == 0) return;
    fc_index_merge *merge = mover->merge;
    const fc_index_run *run = merge->inputs[input];
    fc_index_run *out = merge->out;
    bool same = equals_last(mover, input, first);
    memcpy(out->keys + out->count, run->keys + first, count * sizeof *run->keys);
    memcpy(out->positions + out->count, run->positions + first, count * sizeof *run->positions);
    copy_same(out, out->count, run, first, count);
    set_same(out, out->count, same);
    out->count += count;
    merge->has_last = true;
    merge->last_input = input;
    merge->last_index = first + count - 1;
    merge->tied_index = merge->next[!input];
    merge->last_is_tied = merge->order_is_known && merge->order == 0;
}

// Takes `count` entries, without those that no snapshot can see any more.
static void take(const mover *mover, unsigned input, uint32_t count) {
    fc_index_merge *merge = mover->merge;
    const fc_index_run *run = merge->inputs[input];
    const fc_columns *columns = &mover->index->table->columns;
    uint32_t first = merge->next[input], end = first + count, kept = first;
    for (uint32_t i = first; mover->may_drop && i < end; i++) {
        uint32_t position = run->positions[i];
        if (!fc_columns_is_dropped(columns, position, mover->horizon)) continue;
        put_stretch(mover, input, kept, i - kept);
        kept = i + 1;
        merge->dropped++;
        if (merge->chunk_drops != NULL) merge->chunk_drops[position >> FC_CHUNK_LOG2]++;
    }
    put_stretch(mover, input, kept, end - kept);
    merge->next[input] = end;
    // Of equal values the next may be equal too; else the heads have to be compared again.
    bool goes_on =
        merge->order == 0 && end < run->section_ends[merge->section] && fc_index_run_same(run, end);
    if (!goes_on) merge->order_is_known = false;
}

// How many entries of `input` come before the head of the other input, up to `most`.
static uint32_t stretch_of(const fc_index_merge *merge, unsigned input, int order, uint32_t most) {
    const fc_index_run *run = merge->inputs[input], *other = merge->inputs[!input];
    uint32_t first = merge->next[input], head = merge->next[!input], count = 1;
    if (order == 0) {
        uint32_t position = other->positions[head];
        while (count < most && fc_index_run_same(run, first + count) &&
               run->positions[first + count] < position)
            count++;
        return count;
    }
    uint64_t key = other->keys[head];
    while (count < most && run->keys[first + count] < key)
        count++;
    while (count < most && fc_index_run_same(run, first + count))
        count++; // the others of a group whose key is the head's, and that comes before it
    return count;
}

static uint32_t move_some(const mover *mover, uint32_t most) {
    fc_index_merge *merge = mover->merge;
    uint32_t left[2];
    for (unsigned i = 0; i < 2; i++) {
        left[i] = merge->inputs[i]->section_ends[merge->section] - merge->next[i];
        if (left[i] > most) left[i] = most;
    }
    if (left[0] == 0 || left[1] == 0) {
        unsigned input = left[0] == 0;
        merge->order_is_known = false;
        take(mover, input, left[input]);
        return left[input];
    }
    int order = compare_heads(mover);
    unsigned input = order > 0;
    if (order == 0)
        input = merge->inputs[0]->positions[merge->next[0]] >
                merge->inputs[1]->positions[merge->next[1]];
    uint32_t count = stretch_of(merge, input, order, left[input]);
    take(mover, input, count);
    return count;
}

// Ends sections that are done. Returns false when all are.
static bool enter_section(fc_index_merge *merge) {
    while (merge->section < FC_SECTIONS &&
           merge->next[0] == merge->inputs[0]->section_ends[merge->section] &&
           merge->next[1] == merge->inputs[1]->section_ends[merge->section]) {
        merge->out->section_ends[merge->section++] = merge->out->count;
        merge->has_last = merge->order_is_known = false;
    }
    return merge->section < FC_SECTIONS;
}

// Returns whether the merge is done.
static bool advance(fc_property_index *index, fc_index_merge *merge, uint32_t budget) {
    const fc_columns *columns = &index->table->columns;
    const mover mover = {.index = index,
                         .column = {.index = index},
                         .merge = merge,
                         .horizon = fc_memtable_horizon(index->table),
                         .may_drop =
                             atomic_load_explicit(&columns->dead_marks, memory_order_relaxed) != 0};
    while (enter_section(merge)) {
        if (budget == 0) return false;
        budget -= move_some(&mover, budget);
    }
    return true;
}

// ---- Levels ------------------------------------------------------------------------------------

static void promote(fc_property_index *index, unsigned at) {
    fc_index_level *level = &index->levels[at];
    if (level->resident == NULL || level->merge != NULL || at + 1 == FC_LEVELS_MAX) return;
    if (level->resident->count < level_capacity(index->table, at)) return;
    enqueue(&index->levels[at + 1], level->resident);
    level->resident = NULL;
}

static void count_drops(fc_property_index *index, const fc_index_merge *merge) {
    if (merge->chunk_drops == NULL) return;
    uint32_t end = (merge->out->position_end - 1) >> FC_CHUNK_LOG2;
    for (uint32_t i = 0; merge->out->position_end > 0 && i <= end; i++) {
        if (merge->chunk_drops[i] == 0) continue;
        fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, i);
        assert(chunk->entry_count >= merge->chunk_drops[i]);
        chunk->entry_count -= merge->chunk_drops[i];
    }
}

// Puts the merged run in its inputs' place. Without memory for the version it is tried again later.
static void finish_merge(fc_property_index *index, fc_index_level *level) {
    fc_memtable *table = index->table;
    fc_index_version *version =
        fc_index_version_allocate(table->arena, fc_index_levels_count(index));
    if (version == NULL) return;
    fc_index_merge *merge = level->merge;
    count_drops(index, merge);
    fc_index_run *run = merge->out;
    if (run->count == 0) {
        fc_arena_release(table->arena, run);
        run = NULL;
    }
    dequeue(level);
    level->resident = run;
    level->merge = NULL;
    table->counters.index_merges++;
    fc_index_publish(index, version, index->current->covered_end);
    release_merge(table->arena, merge);
}

static void step_level(fc_property_index *index, unsigned at, uint32_t puts) {
    const fc_memtable *table = index->table;
    fc_index_level *level = &index->levels[at];
    if (level->merge == NULL && level->queue_count != 0) {
        if (level->resident == NULL)
            level->resident = dequeue(level);
        else if (start_merge(index, level) != FC_STATUS_OK)
            return; // another time
    }
    fc_index_merge *merge = level->merge;
    if (merge != NULL) {
        // Runs arrive after as many rows as they have; be done after three quarters of that.
        uint64_t arrival = at == 0 ? table->options.tail_rows : level_capacity(table, at - 1);
        uint64_t entries = (uint64_t)merge->inputs[0]->count + merge->inputs[1]->count;
        uint64_t budget = entries * puts * 4 * level->queue_count / (3 * arrival) + 16;
        if (advance(index, merge, budget > UINT32_MAX ? UINT32_MAX : (uint32_t)budget))
            finish_merge(index, level);
    }
    promote(index, at);
}

void fc_index_levels_step(fc_property_index *index, uint32_t puts) {
    for (unsigned i = 0; i < FC_LEVELS_MAX; i++)
        step_level(index, i, puts);
}
