#include "packing.h"

#include <assert.h>
#include <string.h>

#include "sort_keys.h"

enum { BUCKET_ENTRIES = 2048 };

fc_status fc_packing_begin(fc_packing *packing, fc_arena *arena, size_t count) {
    assert(count >= 1 && count < UINT32_MAX);
    memset(packing, 0, sizeof *packing);
    packing->arena = arena;
    packing->count = count;
    while (count >> packing->bucket_bits > BUCKET_ENTRIES &&
           1u << packing->bucket_bits < FC_PACKING_BUCKETS_MAX)
        packing->bucket_bits++;
    packing->keys = fc_arena_allocate(arena, count * sizeof *packing->keys);
    return packing->keys == NULL ? FC_STATUS_OUT_OF_MEMORY : FC_STATUS_OK;
}

fc_status fc_packing_place(fc_packing *packing, uint32_t lanes) {
    assert(packing->key_count == packing->count);
    packing->lanes = lanes;
    packing->stride = lanes + 4;
    // next[b + 1] has counted bucket b.
    for (uint32_t b = 1; b <= 1u << packing->bucket_bits; b++)
        packing->next[b] += packing->next[b - 1];
    size_t bytes = packing->count * packing->stride * sizeof *packing->entries;
    packing->entries = fc_arena_allocate(packing->arena, bytes);
    return packing->entries == NULL ? FC_STATUS_OUT_OF_MEMORY : FC_STATUS_OK;
}

// Adds the entries `order` says to the tree; the lanes are constant at each call.
static inline __attribute__((always_inline)) void emit(fc_tree *tree, const uint32_t *entries,
                                                       const uint64_t *order, uint32_t count,
                                                       uint32_t lanes) {
    for (uint32_t n = 0; n < count; n++) {
        const uint32_t *entry = entries + (size_t)(uint32_t)order[n] * (lanes + 4);
        fc_tree_slot slot = fc_tree_next_slot(tree);
        for (uint32_t lane = 0; lane < lanes; lane++)
            memcpy(&slot.lanes[(size_t)lane * FC_NODE], &entry[lane], sizeof(float));
        uint32_t position = entry[lanes + 1];
        *slot.position = position;
        uint64_t id;
        memcpy(&id, entry + lanes + 2, sizeof id);
        fc_tree_put_id(tree, &slot, id);
        if (position > tree->position_max) tree->position_max = position;
        fc_tree_added(tree, (uint32_t)(order[n] >> 32));
    }
}

static void emit_bucket(fc_tree *tree, const uint32_t *entries, uint64_t *scratch, uint32_t count) {
    const uint32_t lanes = tree->lanes;
    for (uint32_t n = 0; n < count; n++)
        scratch[n] = (uint64_t)entries[(size_t)n * (lanes + 4) + lanes] << 32 | n;
    const uint64_t *order = fc_sort_pairs(scratch, scratch + count, count);
    if (lanes == FC_LANES_PLACE)
        emit(tree, entries, order, count, FC_LANES_PLACE);
    else if (lanes == FC_LANES_BOTH)
        emit(tree, entries, order, count, FC_LANES_BOTH);
    else
        emit(tree, entries, order, count, FC_LANES_TIME);
}

fc_tree *fc_packing_finish(fc_packing *packing, uint32_t key_domain) {
    assert(packing->put_count == packing->count);
    // Now next[b] is the end of bucket b, and so the start of the one after it.
    uint32_t largest = 0, start = 0;
    for (uint32_t b = 0; b < 1u << packing->bucket_bits; b++) {
        if (packing->next[b] - start > largest) largest = packing->next[b] - start;
        start = packing->next[b];
    }
    fc_tree *tree =
        fc_tree_allocate(packing->arena, (uint32_t)packing->count, packing->lanes, key_domain);
    uint64_t *scratch = fc_arena_allocate(packing->arena, 2 * (size_t)largest * sizeof *scratch);
    if (tree == NULL || scratch == NULL) {
        fc_tree_release(packing->arena, tree);
        fc_arena_release(packing->arena, scratch);
        return NULL;
    }
    start = 0;
    for (uint32_t b = 0; b < 1u << packing->bucket_bits; b++) {
        const uint32_t *entries = packing->entries + (size_t)start * packing->stride;
        emit_bucket(tree, entries, scratch, packing->next[b] - start);
        start = packing->next[b];
    }
    fc_arena_release(packing->arena, scratch);
    fc_tree_finish(tree);
    return tree;
}

void fc_packing_end(fc_packing *packing) {
    fc_arena_release(packing->arena, packing->keys);
    fc_arena_release(packing->arena, packing->entries);
}
