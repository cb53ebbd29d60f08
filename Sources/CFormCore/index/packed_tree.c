#include "packed_tree.h"

#include <assert.h>
#include <math.h>
#include <string.h>

fc_tree *fc_tree_allocate(fc_arena *arena, uint32_t capacity, uint32_t lanes, uint32_t key_domain) {
    assert(capacity >= 1 && (lanes == 2 || lanes == 4 || lanes == 6));
    uint32_t blocks[FC_TREE_LEVELS_MAX];
    unsigned level_count = 0;
    size_t header_bytes = (sizeof(fc_tree) + 63) & ~(size_t)63, floats = 0;
    uint64_t below = capacity;
    do {
        blocks[level_count] = (uint32_t)((below + FC_NODE - 1) / FC_NODE);
        below = blocks[level_count];
        floats += (size_t)blocks[level_count] * (lanes + (level_count == 0 ? FC_LEAF_EXTRA : 0)) *
                  FC_NODE;
        level_count++;
    } while (below > 1);
    assert(level_count <= FC_TREE_LEVELS_MAX);
    // Merges read ahead: some keys more, and behind the last leaf as much as one has.
    size_t key_bytes = ((size_t)capacity + FC_KEYS_SLACK) * sizeof(uint32_t);
    size_t leaf_bytes = (size_t)(lanes + FC_LEAF_EXTRA) * FC_NODE * sizeof(float);
    if (key_bytes < leaf_bytes) key_bytes = leaf_bytes;
    fc_tree *tree =
        fc_arena_allocate_roomy(arena, header_bytes + floats * sizeof(float) + key_bytes);
    if (tree == NULL) return NULL;
    *tree = (fc_tree){.lanes = lanes, .key_domain = key_domain, .all_timed = true};
    for (unsigned lane = 0; lane < FC_LANES_MAX; lane++)
        tree->bounds[lane] = INFINITY;
    float *next = (float *)((uint8_t *)tree + header_bytes);
    for (unsigned level = 0; level < level_count; level++) {
        tree->levels[level] = next;
        next += (size_t)blocks[level] * (lanes + (level == 0 ? FC_LEAF_EXTRA : 0)) * FC_NODE;
    }
    tree->keys = (uint32_t *)next;
    return tree;
}

void fc_tree_release(fc_arena *arena, fc_tree *tree) {
    fc_arena_release(arena, tree);
}

size_t fc_tree_bytes(const fc_tree *tree) {
    return fc_arena_block_bytes(tree);
}

// The least of each lane of a block, of its first `count` entries, into a lane of the block above.
static inline void sum_up(const float *block, uint32_t lanes, unsigned count, float *out) {
    for (uint32_t lane = 0; lane < lanes; lane++, block += FC_NODE) {
        float least[8];
        if (count == FC_NODE) {
            for (unsigned i = 0; i < 8; i++)
                least[i] = block[i] < block[i + 8] ? block[i] : block[i + 8];
            for (unsigned i = 0; i < 4; i++)
                least[i] = least[i] < least[i + 4] ? least[i] : least[i + 4];
            least[0] = least[0] < least[2] ? least[0] : least[2];
            least[1] = least[1] < least[3] ? least[1] : least[3];
            least[0] = least[0] < least[1] ? least[0] : least[1];
        } else {
            least[0] = block[0];
            for (unsigned i = 1; i < count; i++)
                least[0] = block[i] < least[0] ? block[i] : least[0];
        }
        out[(size_t)lane * FC_NODE] = least[0];
    }
}

// Block `block` of `level`, with `count` entries, is complete: its bounds go one level up.
static void close_at(fc_tree *tree, unsigned level, uint32_t block, unsigned count) {
    size_t stride = level == 0 ? fc_tree_leaf_stride(tree) : fc_tree_inner_stride(tree);
    float *above = tree->levels[level + 1] + fc_tree_inner_stride(tree) * (block / FC_NODE);
    sum_up(tree->levels[level] + stride * block, tree->lanes, count, above + block % FC_NODE);
}

// The blocks above `block` of a level, if it was the last of one of them.
static void close_above(fc_tree *tree, unsigned level, uint32_t block) {
    while (block % FC_NODE == FC_NODE - 1 && ++level + 1 < FC_TREE_LEVELS_MAX) {
        block /= FC_NODE;
        if (tree->levels[level + 1] == NULL) break; // room for this one block only
        close_at(tree, level, block, FC_NODE);
    }
}

void fc_tree_close_block(fc_tree *tree) {
    uint32_t block = tree->count / FC_NODE - 1;
    if (tree->levels[1] == NULL) return; // room for this one block only
    close_at(tree, 0, block, FC_NODE);
    close_above(tree, 0, block);
}

void fc_tree_close_bounded(fc_tree *tree, const float *bounds) {
    uint32_t block = tree->count / FC_NODE - 1;
    if (tree->levels[1] == NULL) return;
    float *above = tree->levels[1] + fc_tree_inner_stride(tree) * (block / FC_NODE);
    for (uint32_t lane = 0; lane < tree->lanes; lane++)
        above[(size_t)lane * FC_NODE + block % FC_NODE] = bounds[lane];
    close_above(tree, 0, block);
}

static void pad(float *block, uint32_t lanes, unsigned count) {
    for (uint32_t lane = 0; lane < lanes; lane++)
        for (unsigned i = count; i < FC_NODE; i++)
            block[(size_t)lane * FC_NODE + i] = NAN;
}

// Positions and ids that are not there.
static void clear_rest(float *positions, unsigned count) {
    for (unsigned extra = 0; extra < FC_LEAF_EXTRA; extra++)
        memset(positions + (size_t)extra * FC_NODE + count, 0, (FC_NODE - count) * sizeof(float));
}

void fc_tree_finish(fc_tree *tree) {
    assert(tree->count >= 1 && tree->level_count == 0);
    for (uint32_t i = 0; i < FC_KEYS_SLACK; i++)
        tree->keys[tree->count + i] = UINT32_MAX;
    uint32_t below = tree->count;
    for (unsigned level = 0;; level++) {
        uint32_t blocks = (uint32_t)(((uint64_t)below + FC_NODE - 1) / FC_NODE);
        unsigned rest = below % FC_NODE;
        size_t stride = level == 0 ? fc_tree_leaf_stride(tree) : fc_tree_inner_stride(tree);
        float *last = tree->levels[level] + stride * (blocks - 1);
        tree->block_counts[level] = blocks;
        tree->level_count = level + 1;
        if (rest != 0) pad(last, tree->lanes, rest);
        if (level == 0 && rest != 0) clear_rest(last + (size_t)tree->lanes * FC_NODE, rest);
        if (blocks == 1) {
            float bounds[FC_LANES_MAX * FC_NODE];
            sum_up(last, tree->lanes, rest == 0 ? FC_NODE : rest, bounds);
            for (uint32_t lane = 0; lane < tree->lanes; lane++)
                tree->bounds[lane] = bounds[(size_t)lane * FC_NODE];
            return;
        }
        // Again even when it is whole: its last child may have been completed only here.
        close_at(tree, level, blocks - 1, rest == 0 ? FC_NODE : rest);
        below = blocks;
    }
}
