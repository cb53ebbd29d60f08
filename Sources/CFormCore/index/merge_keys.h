// Merging two rising lists of keys, a stretch at a time: which entry comes next, and its key. A scalar
// form and AVX2; equal keys of `a` come before those of `b`.
//
// An entry is told as its index, with FC_PICK_B set for the second list. The vectors look at eight keys
// of `a` for each key of `b`: entry by entry each step waits for the one before, which was most of what
// an insert cost (the lists differ in length by the merge ratio, so stretches of `a` are long).
#ifndef FC_INDEX_MERGE_KEYS_H
#define FC_INDEX_MERGE_KEYS_H

#include "packed_tree.h"

#define FC_PICK_B UINT32_C(0x80000000)

enum { FC_PICKS = 64 };

// A list of keys, and the next of them. Keys can be read (not used) up to FC_KEYS_SLACK beyond `count`.
typedef struct fc_key_list {
    const uint32_t *keys;
    uint32_t next, count; // < 2^31
} fc_key_list;

typedef struct fc_picks {
    uint32_t entries[FC_PICKS + FC_KEYS_SLACK], keys[FC_PICKS + FC_KEYS_SLACK];
} fc_picks;

// Picks `count` entries. REQUIRES: count <= FC_PICKS, and so many are left.
static inline void fc_scalar_pick(fc_key_list *a, fc_key_list *b, uint32_t count, fc_picks *out) {
    uint32_t i = a->next, j = b->next;
    for (uint32_t n = 0; n < count; n++) {
        bool is_b = i == a->count || (j < b->count && b->keys[j] < a->keys[i]);
        out->entries[n] = is_b ? j | FC_PICK_B : i;
        out->keys[n] = is_b ? b->keys[j] : a->keys[i];
        i += !is_b;
        j += is_b;
    }
    a->next = i;
    b->next = j;
}

#if defined(__x86_64__)
FC_AVX2 void fc_avx2_pick(fc_key_list *a, fc_key_list *b, uint32_t count, fc_picks *out) {
    const __m256i steps = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    uint32_t i = a->next, j = b->next, n = 0;
    while (n < count) {
        bool has_b = j < b->count;
        uint32_t key_b = has_b ? b->keys[j] : UINT32_MAX;
        __m256i keys = _mm256_loadu_si256((const __m256i *)(a->keys + i));
        __m256i limit = _mm256_set1_epi32((int)key_b);
        // As unsigned: a <= b when the larger of both is b.
        __m256i before = _mm256_cmpeq_epi32(_mm256_max_epu32(keys, limit), limit);
        uint32_t mask = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(before));
        uint32_t stretch = (uint32_t)__builtin_ctz(~mask);
        if (stretch > a->count - i) stretch = a->count - i;
        _mm256_storeu_si256((__m256i *)(out->entries + n),
                            _mm256_add_epi32(_mm256_set1_epi32((int)i), steps));
        _mm256_storeu_si256((__m256i *)(out->keys + n), keys);
        if (stretch > count - n) stretch = count - n;
        n += stretch;
        i += stretch;
        // Whether the key of `b` is next is known only when the stretch ended before it.
        if (stretch < FC_KEYS_SLACK && has_b && n < count) {
            out->entries[n] = j | FC_PICK_B;
            out->keys[n] = key_b;
            n++;
            j++;
        }
    }
    a->next = i;
    b->next = j;
}
#endif
#endif
