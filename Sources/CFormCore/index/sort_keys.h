// The order in which packed trees hold their entries: keys along a Hilbert curve for places, by
// start for times, and the sort.
#ifndef FC_INDEX_SORT_KEYS_H
#define FC_INDEX_SORT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The square that the curve fills: what lies outside counts as on its rim, so that any domain is
// correct, and a good one is fast. Keys of different domains do not compare.
typedef struct fc_key_domain {
    float x, y;  // the low corner
    float scale; // cells per unit: 65,536 cells along each side
    uint32_t number;
} fc_key_domain;

// The domain of longitudes and latitudes: square cells of 0.0055 degrees.
fc_key_domain fc_key_domain_sphere(void);
// A domain around the bounds, with room on every side. Bounds as in a tree: maxima negated.
fc_key_domain fc_key_domain_around(const float bounds[4], uint32_t number);
bool fc_key_domain_holds(const fc_key_domain *domain, const float bounds[4]);

// Keys of boxes given as lanes (min x, min y, -max x, -max y), `stride` floats apart.
void fc_hilbert_keys(const fc_key_domain *domain, const float *lanes, size_t stride, size_t count,
                     uint32_t *out_keys);
// A key that orders as the number does. REQUIRES: not a NaN.
static inline uint32_t fc_time_key(float start) {
    union {
        float number;
        uint32_t bits;
    } u = {start};
    return u.bits >> 31 ? ~u.bits : u.bits | UINT32_C(0x80000000);
}

// Sorts pairs (key << 32 | value) by key, stably; returns where the result lies: `pairs` or
// `scratch`.
uint64_t *fc_sort_pairs(uint64_t *pairs, uint64_t *scratch, size_t count);
#endif
