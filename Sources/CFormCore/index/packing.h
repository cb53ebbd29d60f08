// A packed tree of many entries that come in any order.
//
// Entries are put into buckets by the leading bits of their keys, and each bucket, small enough for the
// processor's cache, is sorted by itself. So memory is read and written from one end to the other: sorting keys
// alone and then fetching each row's box and id, two random accesses a row, took twice as long.
//
// How to: fc_packing_begin; fc_packing_keys of all entries; fc_packing_place; from fc_packing_start to fc_packing_stop
// fc_packing_put for each, in the same order; fc_packing_finish. Whatever fails, fc_packing_end.
#ifndef FC_INDEX_PACKING_H
#define FC_INDEX_PACKING_H

#include <string.h>

#include "packed_tree.h"

enum { FC_PACKING_BUCKETS_MAX = 1024 };

typedef struct fc_packing {
    fc_arena *arena;
    size_t count, key_count, put_count;
    unsigned bucket_bits;
    uint32_t lanes, stride; // of an entry, in words: its lanes, key, position and id
    uint32_t *keys;         // in the order in which they came
    uint32_t *entries;      // by bucket
    uint32_t next[FC_PACKING_BUCKETS_MAX + 1]; // where each bucket's next entry goes
} fc_packing;

// REQUIRES: 1 <= count < 2^32.
FC_MUST_USE fc_status fc_packing_begin(fc_packing *packing, fc_arena *arena, size_t count);
// Makes room for entries of so many lanes. REQUIRES: all keys are there.
FC_MUST_USE fc_status fc_packing_place(fc_packing *packing, uint32_t lanes);
// NULL when there is no memory. REQUIRES: all entries are there.
fc_tree *fc_packing_finish(fc_packing *packing, uint32_t key_domain);
void fc_packing_end(fc_packing *packing);

static inline uint32_t fc_packing_bucket(unsigned bucket_bits, uint32_t key) {
    return (uint32_t)((uint64_t)key << bucket_bits >> 32);
}

// The keys of `count` more entries.
static inline void fc_packing_keys(fc_packing *packing, const uint32_t *keys, uint32_t count) {
    const unsigned bits = packing->bucket_bits;
    memcpy(packing->keys + packing->key_count, keys, count * sizeof *keys);
    packing->key_count += count;
    for (uint32_t i = 0; i < count; i++)
        packing->next[fc_packing_bucket(bits, keys[i]) + 1]++;
}

// What putting needs, in the caller's registers: an entry that is stored could change the packing for all that
// the compiler knows.
typedef struct fc_packing_cursor {
    const uint32_t *key; // of the next entry
    uint32_t *next, *entries;
    unsigned bucket_bits;
} fc_packing_cursor;

static inline fc_packing_cursor fc_packing_start(fc_packing *packing) {
    return (fc_packing_cursor){.key = packing->keys,
                               .next = packing->next,
                               .entries = packing->entries,
                               .bucket_bits = packing->bucket_bits};
}

static inline void fc_packing_put(fc_packing_cursor *cursor, const float *lanes,
                                  uint32_t lane_count, uint32_t position, uint64_t id) {
    const uint32_t key = *cursor->key++;
    const uint32_t place = cursor->next[fc_packing_bucket(cursor->bucket_bits, key)]++;
    uint32_t *entry = cursor->entries + (size_t)place * (lane_count + 4);
    memcpy(entry, lanes, lane_count * sizeof(float));
    entry[lane_count] = key;
    entry[lane_count + 1] = position;
    memcpy(entry + lane_count + 2, &id, sizeof id);
}

static inline void fc_packing_stop(fc_packing *packing, const fc_packing_cursor *cursor) {
    packing->put_count = (size_t)(cursor->key - packing->keys);
}
#endif
