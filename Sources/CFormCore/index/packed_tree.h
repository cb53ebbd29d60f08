// A packed tree: entries in key order, nodes of 16, children implicit, bounds as
// structure-of-arrays.
//
// Level 0 holds the entries, level n the bounds of the blocks of level n - 1, up to one block. A
// block:
//
//   lanes x 16 float32   lane by lane; each is a minimum rounded down, maxima are negated first
//   16 x u32             level 0 only: positions
//   16 x u32, 16 x u32   level 0 only: lower and upper halves of ids as the columns have them, so that a question for
//                        ids does not gather them row by row (W2, 10,000 hits: 60 us then, 13 us now), and reads
//                        upper halves only in trees where one is not zero: a line less of six
//
// Lanes: place  min x, min y, -max x, -max y
//        time   start, -end
//        place with times: all six; an entry without a time has +infinity in both.
// Lanes beyond the last entry are NaN. Block b of level n has its bounds in lane b % 16 of block b
// / 16 of level n + 1. SOURCE: docs/ARCHITECTURE.md, "Packed trees".
#ifndef FC_INDEX_PACKED_TREE_H
#define FC_INDEX_PACKED_TREE_H

#include "arena.h"
#include "kernels.h"

enum {
    FC_LANES_TIME = 2,
    FC_LANES_PLACE = 4,
    FC_LANES_BOTH = 6,
    FC_LANES_MAX = 6,
    FC_TREE_LEVELS_MAX = 8, // 16^8 = 2^32
    FC_KEYS_SLACK = 8,      // keys beyond the last one that may be read
    FC_LEAF_EXTRA = 3       // a position and an id's halves lie behind the lanes like lanes
};

typedef struct fc_tree {
    uint32_t lanes;
    uint32_t count; // entries
    uint32_t level_count;
    uint32_t block_counts[FC_TREE_LEVELS_MAX];
    float *levels[FC_TREE_LEVELS_MAX];
    uint32_t *keys;             // of the entries
    float bounds[FC_LANES_MAX]; // the least of each lane
    bool all_timed;             // every entry has a time (lanes 2 and 6)
    uint32_t upper_bits;        // of ids: all that are set in any upper half
    uint32_t key_domain;        // the keys' domain
    uint32_t position_max;
    uint32_t references;  // of versions; guarded by their mutex
    struct fc_tree *next; // in a queue of the writer's
} fc_tree;

static inline size_t fc_tree_leaf_stride(const fc_tree *tree) {
    return (size_t)(tree->lanes + FC_LEAF_EXTRA) * FC_NODE;
}
static inline size_t fc_tree_inner_stride(const fc_tree *tree) {
    return (size_t)tree->lanes * FC_NODE;
}
static inline const float *fc_tree_block(const fc_tree *tree, unsigned level, uint32_t block) {
    size_t stride = level == 0 ? fc_tree_leaf_stride(tree) : fc_tree_inner_stride(tree);
    return tree->levels[level] + stride * block;
}
static inline const uint32_t *fc_tree_positions(const fc_tree *tree, uint32_t block) {
    return (const uint32_t *)(fc_tree_block(tree, 0, block) + (size_t)tree->lanes * FC_NODE);
}

// The ids of a block's rows; `upper` is NULL where all upper halves are zero.
typedef struct fc_ids {
    const uint32_t *lower, *upper;
} fc_ids;
static inline fc_ids fc_tree_ids(const fc_tree *tree, uint32_t block) {
    const uint32_t *lower = fc_tree_positions(tree, block) + FC_NODE;
    return (fc_ids){lower, tree->upper_bits == 0 ? NULL : lower + FC_NODE};
}
static inline uint64_t fc_ids_at(fc_ids ids, unsigned i) {
    return ids.lower[i] | (ids.upper == NULL ? 0 : (uint64_t)ids.upper[i] << 32);
}

// Room for up to `capacity` entries (>= 1), none yet. NULL when there is no memory.
fc_tree *fc_tree_allocate(fc_arena *arena, uint32_t capacity, uint32_t lanes, uint32_t key_domain);
void fc_tree_release(fc_arena *arena, fc_tree *tree); // may be NULL
size_t fc_tree_bytes(const fc_tree *tree);

// Building: the caller writes entry `tree->count` into lanes, position and id (fc_tree_slot, fc_tree_put_id), then
// calls fc_tree_added; whole blocks are summed up on the way, so that no step is long. Keys must
// not fall.
typedef struct fc_tree_slot {
    float *lanes; // 16 apart
    uint32_t *position, *lower, *upper;
} fc_tree_slot;
static inline fc_tree_slot fc_tree_next_slot(const fc_tree *tree) {
    float *block = tree->levels[0] + fc_tree_leaf_stride(tree) * (tree->count / FC_NODE);
    unsigned lane = tree->count % FC_NODE;
    uint32_t *position = (uint32_t *)(block + (size_t)tree->lanes * FC_NODE) + lane;
    return (fc_tree_slot){block + lane, position, position + FC_NODE,
                          position + (size_t)2 * FC_NODE};
}
static inline void fc_tree_put_id(fc_tree *tree, const fc_tree_slot *slot, uint64_t id) {
    *slot->lower = (uint32_t)id;
    *slot->upper = (uint32_t)(id >> 32);
    tree->upper_bits |= (uint32_t)(id >> 32);
}
void fc_tree_close_block(fc_tree *tree); // after each 16th entry
void fc_tree_close_bounded(fc_tree *tree,
                           const float *bounds); // the same, with the least of each lane
static inline void fc_tree_added(fc_tree *tree, uint32_t key) {
    tree->keys[tree->count++] = key;
    if (tree->count % FC_NODE == 0) fc_tree_close_block(tree);
}
// Sums up what is left. REQUIRES: count >= 1.
void fc_tree_finish(fc_tree *tree);
#endif
