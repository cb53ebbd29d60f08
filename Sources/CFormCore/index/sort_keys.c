#include "sort_keys.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { CELLS = 65536 };

fc_key_domain fc_key_domain_sphere(void) {
    return (fc_key_domain){.x = -180, .y = -180, .scale = CELLS / 360.0f, .number = 1};
}

static float clamp_finite(float value) {
    if (!(value > -FLT_MAX / 8)) return -FLT_MAX / 8;
    return value < FLT_MAX / 8 ? value : FLT_MAX / 8;
}

fc_key_domain fc_key_domain_around(const float bounds[4], uint32_t number) {
    float x0 = clamp_finite(bounds[0]), x1 = clamp_finite(-bounds[2]);
    float y0 = clamp_finite(bounds[1]), y1 = clamp_finite(-bounds[3]);
    float size = x1 - x0 > y1 - y0 ? x1 - x0 : y1 - y0;
    if (!(size > FLT_MIN)) size = FLT_MIN * CELLS;
    float margin = size / 4;
    fc_key_domain domain = {.x = x0 - margin, .y = y0 - margin, .number = number};
    domain.scale = (float)CELLS / (size + 2 * margin);
    return domain;
}

bool fc_key_domain_holds(const fc_key_domain *domain, const float bounds[4]) {
    float size = (float)CELLS / domain->scale;
    return clamp_finite(bounds[0]) >= domain->x && clamp_finite(bounds[1]) >= domain->y &&
           clamp_finite(-bounds[2]) <= domain->x + size &&
           clamp_finite(-bounds[3]) <= domain->y + size;
}

static inline uint32_t interleave(uint32_t value) {
    value = (value | (value << 8)) & UINT32_C(0x00FF00FF);
    value = (value | (value << 4)) & UINT32_C(0x0F0F0F0F);
    value = (value | (value << 2)) & UINT32_C(0x33333333);
    return (value | (value << 1)) & UINT32_C(0x55555555);
}

// The distance along the curve of cell (x, y), without branches, so that compilers vectorise it.
// SOURCE: the prefix-scan form of the curve's state machine (four states as two bit planes),
// doubling the reach of the scan from 1 to 2, 4 and 8 levels.
static inline uint32_t hilbert(uint32_t x, uint32_t y) {
    uint32_t a = x ^ y, b = 0xFFFF ^ a, c = 0xFFFF ^ (x | y), d = x & (y ^ 0xFFFF);
    uint32_t A = a | (b >> 1), B = (a >> 1) ^ a;
    uint32_t C = ((c >> 1) ^ (b & (d >> 1))) ^ c, D = ((a & (c >> 1)) ^ (d >> 1)) ^ d;
    for (int reach = 2; reach <= 4; reach *= 2) {
        a = A, b = B, c = C, d = D;
        A = (a & (a >> reach)) ^ (b & (b >> reach));
        B = (a & (b >> reach)) ^ (b & ((a ^ b) >> reach));
        C ^= (a & (c >> reach)) ^ (b & (d >> reach));
        D ^= (b & (c >> reach)) ^ ((a ^ b) & (d >> reach));
    }
    a = A, b = B, c = C, d = D;
    C ^= (a & (c >> 8)) ^ (b & (d >> 8));
    D ^= (b & (c >> 8)) ^ ((a ^ b) & (d >> 8));
    a = C ^ (C >> 1);
    b = D ^ (D >> 1);
    uint32_t low = x ^ y, high = b | (0xFFFF ^ (low | a));
    return (interleave(high) << 1) | interleave(low);
}

static inline uint32_t cell(float value, float origin, float scale) {
    float scaled = (value - origin) * scale;
    scaled = scaled > 0 ? scaled : 0; // a NaN becomes 0
    scaled = scaled < CELLS - 1 ? scaled : CELLS - 1;
    return (uint32_t)(int32_t)scaled;
}

static inline void keys_of(const fc_key_domain *domain, const float *lanes, size_t stride,
                           size_t count, uint32_t *out_keys) {
    const float *min_x = lanes, *min_y = lanes + stride;
    const float *negated_max_x = lanes + 2 * stride, *negated_max_y = lanes + 3 * stride;
    float x = domain->x, y = domain->y, scale = domain->scale;
    for (size_t i = 0; i < count; i++)
        out_keys[i] = hilbert(cell((min_x[i] - negated_max_x[i]) * 0.5f, x, scale),
                              cell((min_y[i] - negated_max_y[i]) * 0.5f, y, scale));
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void keys_avx2(const fc_key_domain *domain,
                                                      const float *lanes, size_t stride,
                                                      size_t count, uint32_t *out_keys) {
    keys_of(domain, lanes, stride, count, out_keys);
}
#endif

void fc_hilbert_keys(const fc_key_domain *domain, const float *lanes, size_t stride, size_t count,
                     uint32_t *out_keys) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        keys_avx2(domain, lanes, stride, count, out_keys);
        return;
    }
#endif
    keys_of(domain, lanes, stride, count, out_keys);
}

enum { DIGIT_BITS_SMALL = 8, DIGIT_BITS_LARGE = 11, SMALL_COUNT = 1 << 14 };

uint64_t *fc_sort_pairs(uint64_t *pairs, uint64_t *scratch, size_t count) {
    uint32_t counts[4][1 << DIGIT_BITS_LARGE];
    unsigned bits = count <= SMALL_COUNT ? DIGIT_BITS_SMALL : DIGIT_BITS_LARGE;
    unsigned passes = (32 + bits - 1) / bits;
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    for (unsigned pass = 0; pass < passes; pass++)
        memset(counts[pass], 0, sizeof(uint32_t) << bits);
    for (size_t i = 0; i < count; i++) {
        uint64_t key = pairs[i] >> 32;
        for (unsigned pass = 0; pass < passes; pass++)
            counts[pass][(key >> (pass * bits)) & mask]++;
    }
    for (unsigned pass = 0; pass < passes; pass++) {
        unsigned shift = 32 + pass * bits;
        if (count == 0 || counts[pass][(pairs[0] >> shift) & mask] == count) continue; // all alike
        uint32_t start = 0;
        for (size_t digit = 0; digit <= mask; digit++) {
            uint32_t here = counts[pass][digit];
            counts[pass][digit] = start;
            start += here;
        }
        for (size_t i = 0; i < count; i++)
            scratch[counts[pass][(pairs[i] >> shift) & mask]++] = pairs[i];
        uint64_t *swap = pairs;
        pairs = scratch;
        scratch = swap;
    }
    return pairs;
}
