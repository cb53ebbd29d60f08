// Levelled merging of packed trees, in bounded steps.
//
// Level n holds one resident tree and a queue of trees that came from above (sealed tails come to
// level 0). A merge takes the resident and the first of the queue into a new resident; a resident
// that has reached the level's size moves on to the next level. Each step finishes the first level's merge
// and moves so many entries for each row put since the last in those below, the first of them first, so that merges are
// soon done; and however large a tree is, it is done before the next one arrives.
// THREADS: the writer's. Readers hold the trees through versions.
#ifndef FC_INDEX_LEVELS_H
#define FC_INDEX_LEVELS_H

#include "merge.h"

enum { FC_LEVELS_MAX = 8 };

typedef struct fc_level {
    fc_tree *resident, *queue_first, *queue_last;
    uint32_t queue_count;
    fc_merge *merge; // or NULL
} fc_level;

typedef struct fc_levels {
    fc_memtable *table;
    fc_level levels[FC_LEVELS_MAX];
} fc_levels;

// Queues a sealed tail's tree. Cannot fail.
void fc_levels_add(fc_levels *levels, fc_tree *tree);
// A step for `puts` rows. What cannot be had for want of memory is tried again at a later step.
void fc_levels_step(fc_levels *levels, uint32_t puts);
// Gives up all merges and forgets all trees (versions hold them).
void fc_levels_clear(fc_levels *levels);
// The one tree there is, at the level that fits its size.
void fc_levels_put_packed(fc_levels *levels, fc_tree *tree);
uint32_t fc_levels_tree_count(const fc_levels *levels);
// Appends the trees, the largest levels first; returns how many.
uint32_t fc_levels_list(const fc_levels *levels, fc_tree **out);
size_t fc_levels_merging_bytes(const fc_levels *levels);
#endif
