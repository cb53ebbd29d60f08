// Merging two trees into one, a part at a time.
//
// THREADS: the writer's.
#ifndef FC_INDEX_MERGE_H
#define FC_INDEX_MERGE_H

#include <string.h>

#include "columns.h"

enum { FC_STRETCH = FC_KEYS_SLACK }; // entries that are moved at once

// Entries on their way: the block that the output has begun, with room beyond its end.
typedef struct fc_stage {
    float lanes[FC_LANES_MAX + FC_LEAF_EXTRA][2 * FC_NODE]; // the output's, then its extra ones
    uint32_t count;
} fc_stage;

typedef struct fc_merge {
    fc_tree *inputs[2];    // or stand-ins with the right keys
    fc_tree *stand_ins[2]; // to be released; or NULL
    uint32_t next[2];
    fc_tree *out; // whole blocks, until the end
    fc_stage stage;
    uint64_t entries; // of both inputs
    uint32_t dropped;
    uint32_t *chunk_drops; // by chunk; only when chunks are freed
    uint32_t chunk_count;
} fc_merge;

// Of equal keys, those of the first tree come first.
FC_MUST_USE fc_status fc_merge_start(fc_memtable *table, fc_tree *first, fc_tree *second,
                                     fc_merge **out);
// Moves about `budget` entries; returns how many. Rows that nobody can see any more stay behind.
uint32_t fc_merge_advance(fc_memtable *table, fc_merge *merge, uint32_t budget);
static inline bool fc_merge_is_done(const fc_merge *merge) {
    return merge->next[0] == merge->inputs[0]->count && merge->next[1] == merge->inputs[1]->count;
}
// The merged tree; NULL when nothing is left. REQUIRES: done, and not taken before.
fc_tree *fc_merge_take(fc_memtable *table, fc_merge *merge);
// May be NULL. What was not taken is given up.
void fc_merge_release(fc_memtable *table, fc_merge *merge);

// The stage's first block, to the output. REQUIRES: one entry at least.
static inline __attribute__((always_inline)) void fc_merge_put_block(fc_merge *merge,
                                                                     uint32_t lanes) {
    fc_tree *out = merge->out;
    fc_stage *stage = &merge->stage;
    fc_tree_slot slot = fc_tree_next_slot(out);
    for (uint32_t lane = 0; lane < lanes + FC_LEAF_EXTRA; lane++) {
        memcpy(slot.lanes + (size_t)lane * FC_NODE, stage->lanes[lane], FC_NODE * sizeof(float));
        memcpy(stage->lanes[lane], stage->lanes[lane] + FC_NODE, FC_STRETCH * sizeof(float));
    }
    uint32_t count = stage->count < FC_NODE ? stage->count : FC_NODE;
    stage->count -= count;
    out->count += count;
    if (count == FC_NODE) fc_tree_close_block(out);
}

// Entries that stay behind: those of `positions` whose bits are set.
static inline void fc_merge_count_dropped(fc_merge *merge, const uint32_t *positions,
                                          unsigned dropped) {
    merge->dropped += (uint32_t)__builtin_popcount(dropped);
    if (merge->chunk_drops == NULL) return;
    for (; dropped != 0; dropped &= dropped - 1)
        merge->chunk_drops[positions[__builtin_ctz(dropped)] >> FC_CHUNK_LOG2]++;
}

#if defined(__x86_64__)
// Moves about `budget` entries, or as long as the first input has more than a few. `all_stay`: none is to be dropped.
// REQUIRES: inputs of the same lanes; AVX2.
void fc_merge_advance_avx2(const fc_memtable *table, fc_merge *merge, uint32_t budget,
                           bool all_stay);
#endif
#endif
