// Tests of sixteen boxes at once: a scalar form, AVX2 and NEON. A block is `lanes` groups of 16
// floats, `stride` apart (16 in trees, see packed_tree.h); results are bit masks, bit i for entry
// i. NaN lanes never pass a test.
#ifndef FC_INDEX_KERNELS_H
#define FC_INDEX_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FC_NODE = 16, FC_NODE_FULL = 0xFFFF };

// The nearest question, prepared for float32: squared lower bounds of distances.
typedef struct fc_nearest_lanes {
    float x_down, x_up, y_down, y_up;
} fc_nearest_lanes;

// Shrinks a squared distance by more than its four roundings could have added.
#define FC_DISTANCE_SHRINK 0.9999995f
// What overflows stays finite: infinite means "left out".
#define FC_DISTANCE_MAX 3.40282347e+38f

// ---- Scalar ------------------------------------------------------------------------------------

// Entries with every lane <= its limit.
static inline uint32_t fc_scalar_le(const float *block, size_t stride, const float *limits,
                                    unsigned lanes) {
    uint32_t mask = FC_NODE_FULL;
    for (unsigned lane = 0; lane < lanes; lane++, block += stride) {
        uint32_t bits = 0;
        for (unsigned i = 0; i < FC_NODE; i++)
            bits |= (uint32_t)(block[i] <= limits[lane]) << i;
        mask &= bits;
    }
    return mask;
}

// The first of `count` entries, a multiple of 16, in whose block of 16 one may have all four lanes <= its
// limit; `count` when there is none.
static inline uint32_t fc_scalar_skip(const float *lanes, size_t stride, const float *limits,
                                      uint32_t count) {
    for (uint32_t first = 0; first < count; first += FC_NODE)
        if (fc_scalar_le(lanes + first, stride, limits, 4) != 0) return first;
    return count;
}

static inline uint32_t fc_scalar_lt(const float *block, size_t stride, const float *limits,
                                    unsigned lanes) {
    uint32_t mask = FC_NODE_FULL;
    for (unsigned lane = 0; lane < lanes; lane++, block += stride) {
        uint32_t bits = 0;
        for (unsigned i = 0; i < FC_NODE; i++)
            bits |= (uint32_t)(block[i] < limits[lane]) << i;
        mask &= bits;
    }
    return mask;
}

static inline uint32_t fc_scalar_ge(const float *block, size_t stride, const float *limits,
                                    unsigned lanes) {
    uint32_t mask = FC_NODE_FULL;
    for (unsigned lane = 0; lane < lanes; lane++, block += stride) {
        uint32_t bits = 0;
        for (unsigned i = 0; i < FC_NODE; i++)
            bits |= (uint32_t)(block[i] >= limits[lane]) << i;
        mask &= bits;
    }
    return mask;
}

static inline uint32_t fc_scalar_gt(const float *block, size_t stride, const float *limits,
                                    unsigned lanes) {
    uint32_t mask = FC_NODE_FULL;
    for (unsigned lane = 0; lane < lanes; lane++, block += stride) {
        uint32_t bits = 0;
        for (unsigned i = 0; i < FC_NODE; i++)
            bits |= (uint32_t)(block[i] > limits[lane]) << i;
        mask &= bits;
    }
    return mask;
}

// Squared lower bounds of the distances; NaN for NaN lanes. Returns those <= bound.
static inline uint32_t fc_scalar_distances(const float *block, size_t stride,
                                           const fc_nearest_lanes *at, float bound, float *out) {
    uint32_t mask = 0;
    for (unsigned i = 0; i < FC_NODE; i++) {
        float low_x = block[i] - at->x_up, high_x = at->x_down + block[2 * stride + i];
        float low_y = block[stride + i] - at->y_up, high_y = at->y_down + block[3 * stride + i];
        float x = low_x > high_x ? low_x : high_x, y = low_y > high_y ? low_y : high_y;
        x = 0 > x ? 0 : x; // keeps a NaN
        y = 0 > y ? 0 : y;
        float squared = (x * x + y * y) * FC_DISTANCE_SHRINK;
        out[i] = FC_DISTANCE_MAX < squared ? FC_DISTANCE_MAX : squared;
        mask |= (uint32_t)(out[i] <= bound) << i;
    }
    return mask;
}

// A rank: a bound of 0 or more, rounded down by its last four bits, and in their place where it stands among
// sixteen. As integers ranks sort like bounds, so that the least and its place come out of one reduction (as
// floats, with comparisons to find the place, it took three times as long and was half of a search).
#define FC_RANK_NONE UINT32_MAX
enum { FC_RANK_PLACE = FC_NODE - 1 };

static inline float fc_rank_bound(uint32_t rank) {
    uint32_t bits = rank & ~(uint32_t)FC_RANK_PLACE;
    float bound;
    memcpy(&bound, &bits, sizeof bound);
    return bound;
}

// Ranks of the mask's bounds; the others are FC_RANK_NONE.
static inline void fc_scalar_rank(const float *bounds, uint32_t mask, uint32_t *out) {
    for (unsigned i = 0; i < FC_NODE; i++) {
        uint32_t bits;
        memcpy(&bits, &bounds[i], sizeof bits);
        out[i] = mask >> i & 1 ? (bits & ~(uint32_t)FC_RANK_PLACE) | i : FC_RANK_NONE;
    }
}

static inline uint32_t fc_scalar_least(const uint32_t *ranks) {
    uint32_t least = FC_RANK_NONE;
    for (unsigned i = 0; i < FC_NODE; i++)
        least = ranks[i] < least ? ranks[i] : least;
    return least;
}

// Puts a rank in its place. (Vectors are stored whole in the other forms: one that is loaded just after a part
// of it was stored has to wait.)
static inline void fc_scalar_set(uint32_t *ranks, unsigned place, uint32_t rank) {
    ranks[place] = rank;
}

// Stores the positions of the mask's bits; returns how many. There is room for 16.
static inline unsigned fc_scalar_select(const uint32_t *positions, uint32_t mask, uint32_t *out) {
    unsigned count = 0;
    for (; mask != 0; mask &= mask - 1)
        out[count++] = positions[__builtin_ctz(mask)];
    return count;
}

// The same of ids that lie as two halves; without upper ones those are 0.
static inline unsigned fc_scalar_select_ids(const uint32_t *lower, const uint32_t *upper,
                                            uint32_t mask, uint64_t *out) {
    unsigned count = 0;
    for (; mask != 0; mask &= mask - 1) {
        const unsigned i = (unsigned)__builtin_ctz(mask);
        out[count++] = lower[i] | (upper == NULL ? 0 : (uint64_t)upper[i] << 32);
    }
    return count;
}

// ---- AVX2 --------------------------------------------------------------------------------------

#if defined(__x86_64__)
#include <immintrin.h>

#define FC_AVX2 __attribute__((target("avx2,bmi,lzcnt,popcnt"))) static inline

static inline bool fc_avx2_is_there(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("popcnt");
}

// For each mask of eight: the indices of its bits, a byte each.
extern const uint64_t fc_select_table[256];

#define FC_AVX2_TEST(NAME, PREDICATE)                                                              \
    FC_AVX2 uint32_t NAME(const float *block, size_t stride, const float *limits,                  \
                          unsigned lanes) {                                                        \
        __m256 limit = _mm256_broadcast_ss(limits);                                                \
        __m256 low = _mm256_cmp_ps(_mm256_loadu_ps(block), limit, PREDICATE);                      \
        __m256 high = _mm256_cmp_ps(_mm256_loadu_ps(block + 8), limit, PREDICATE);                 \
        for (unsigned lane = 1; lane < lanes; lane++) {                                            \
            block += stride;                                                                       \
            limit = _mm256_broadcast_ss(limits + lane);                                            \
            low = _mm256_and_ps(low, _mm256_cmp_ps(_mm256_loadu_ps(block), limit, PREDICATE));     \
            high =                                                                                 \
                _mm256_and_ps(high, _mm256_cmp_ps(_mm256_loadu_ps(block + 8), limit, PREDICATE));  \
        }                                                                                          \
        return (uint32_t)_mm256_movemask_ps(low) | (uint32_t)_mm256_movemask_ps(high) << 8;        \
    }
FC_AVX2_TEST(fc_avx2_le, _CMP_LE_OQ)
FC_AVX2_TEST(fc_avx2_lt, _CMP_LT_OQ)
FC_AVX2_TEST(fc_avx2_ge, _CMP_GE_OQ)
FC_AVX2_TEST(fc_avx2_gt, _CMP_GT_OQ)
#undef FC_AVX2_TEST

// With the limits in registers.
FC_AVX2 uint32_t fc_avx2_skip(const float *lanes, size_t stride, const float *limits,
                              uint32_t count) {
    const float *a = lanes, *b = a + stride, *c = b + stride, *d = c + stride;
    __m256 a_limit = _mm256_broadcast_ss(limits), b_limit = _mm256_broadcast_ss(limits + 1);
    __m256 c_limit = _mm256_broadcast_ss(limits + 2), d_limit = _mm256_broadcast_ss(limits + 3);
    for (uint32_t i = 0; i < count; i += FC_NODE) {
        __m256 any = _mm256_setzero_ps();
        for (uint32_t at = i; at < i + FC_NODE; at += 8) {
            __m256 x = _mm256_and_ps(_mm256_cmp_ps(_mm256_loadu_ps(a + at), a_limit, _CMP_LE_OQ),
                                     _mm256_cmp_ps(_mm256_loadu_ps(c + at), c_limit, _CMP_LE_OQ));
            __m256 y = _mm256_and_ps(_mm256_cmp_ps(_mm256_loadu_ps(b + at), b_limit, _CMP_LE_OQ),
                                     _mm256_cmp_ps(_mm256_loadu_ps(d + at), d_limit, _CMP_LE_OQ));
            any = _mm256_or_ps(any, _mm256_and_ps(x, y));
        }
        if (_mm256_movemask_ps(any) != 0) return i;
    }
    return count;
}

FC_AVX2 unsigned fc_avx2_select(const uint32_t *positions, uint32_t mask, uint32_t *out) {
    unsigned low_mask = mask & 0xFF, high_mask = mask >> 8;
    unsigned low_count = (unsigned)__builtin_popcount(low_mask);
    __m256i low = _mm256_loadu_si256((const __m256i *)positions);
    __m256i high = _mm256_loadu_si256((const __m256i *)(positions + 8));
    __m256i low_order =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&fc_select_table[low_mask]));
    __m256i high_order =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&fc_select_table[high_mask]));
    _mm256_storeu_si256((__m256i *)out, _mm256_permutevar8x32_epi32(low, low_order));
    _mm256_storeu_si256((__m256i *)(out + low_count),
                        _mm256_permutevar8x32_epi32(high, high_order));
    return low_count + (unsigned)__builtin_popcount(high_mask);
}

FC_AVX2 void fc_avx2_store_ids(__m256i lower, __m256i upper, uint64_t *out) {
    __m256i first = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(lower));
    __m256i last = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(lower, 1));
    __m256i first_upper = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(upper));
    __m256i last_upper = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(upper, 1));
    first = _mm256_or_si256(first, _mm256_slli_epi64(first_upper, 32));
    last = _mm256_or_si256(last, _mm256_slli_epi64(last_upper, 32));
    _mm256_storeu_si256((__m256i *)out, first);
    _mm256_storeu_si256((__m256i *)(out + 4), last);
}

FC_AVX2 unsigned fc_avx2_select_ids(const uint32_t *lower, const uint32_t *upper, uint32_t mask,
                                    uint64_t *out) {
    const uint64_t *start = out;
    for (unsigned half = 0; half < FC_NODE; half += 8, mask >>= 8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)&fc_select_table[mask & 0xFF]);
        __m256i order = _mm256_cvtepu8_epi32(bytes), above = _mm256_setzero_si256();
        __m256i below = _mm256_loadu_si256((const __m256i *)(lower + half));
        below = _mm256_permutevar8x32_epi32(below, order);
        if (upper != NULL) {
            above = _mm256_loadu_si256((const __m256i *)(upper + half));
            above = _mm256_permutevar8x32_epi32(above, order);
        }
        fc_avx2_store_ids(below, above, out);
        out += __builtin_popcount(mask & 0xFF);
    }
    return (unsigned)(out - start);
}

FC_AVX2 uint32_t fc_avx2_distances(const float *block, size_t stride, const fc_nearest_lanes *at,
                                   float bound, float *out) {
    __m256 x_up = _mm256_set1_ps(at->x_up), x_down = _mm256_set1_ps(at->x_down);
    __m256 y_up = _mm256_set1_ps(at->y_up), y_down = _mm256_set1_ps(at->y_down);
    __m256 zero = _mm256_setzero_ps(), limit = _mm256_set1_ps(bound);
    uint32_t mask = 0;
    for (unsigned half = 0; half < FC_NODE; half += 8) {
        const float *b = block + half;
        __m256 x = _mm256_max_ps(_mm256_sub_ps(_mm256_loadu_ps(b), x_up),
                                 _mm256_add_ps(_mm256_loadu_ps(b + 2 * stride), x_down));
        __m256 y = _mm256_max_ps(_mm256_sub_ps(_mm256_loadu_ps(b + stride), y_up),
                                 _mm256_add_ps(_mm256_loadu_ps(b + 3 * stride), y_down));
        x = _mm256_max_ps(zero, x); // in this order a NaN stays
        y = _mm256_max_ps(zero, y);
        __m256 squared = _mm256_add_ps(_mm256_mul_ps(x, x), _mm256_mul_ps(y, y));
        squared = _mm256_mul_ps(squared, _mm256_set1_ps(FC_DISTANCE_SHRINK));
        squared = _mm256_min_ps(_mm256_set1_ps(FC_DISTANCE_MAX), squared);
        _mm256_storeu_ps(out + half, squared);
        mask |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(squared, limit, _CMP_LE_OQ)) << half;
    }
    return mask;
}

FC_AVX2 void fc_avx2_rank(const float *bounds, uint32_t mask, uint32_t *out) {
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    for (unsigned half = 0; half < FC_NODE; half += 8) {
        __m256i bound = _mm256_castps_si256(_mm256_loadu_ps(bounds + half));
        __m256i rank = _mm256_andnot_si256(_mm256_set1_epi32(FC_RANK_PLACE), bound);
        rank = _mm256_or_si256(rank, _mm256_or_si256(places, _mm256_set1_epi32((int)half)));
        __m256i wanted = _mm256_and_si256(_mm256_set1_epi32((int)(mask >> half)), bits);
        __m256i others = _mm256_cmpeq_epi32(wanted, _mm256_setzero_si256());
        _mm256_storeu_si256((__m256i *)(out + half), _mm256_or_si256(rank, others));
    }
}

FC_AVX2 void fc_avx2_set(uint32_t *ranks, unsigned place, uint32_t rank) {
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i *half = (__m256i *)(ranks + (place & 8));
    __m256i here = _mm256_cmpeq_epi32(places, _mm256_set1_epi32((int)(place & 7)));
    __m256i value = _mm256_set1_epi32((int)rank);
    _mm256_storeu_si256(half, _mm256_blendv_epi8(_mm256_loadu_si256(half), value, here));
}

FC_AVX2 uint32_t fc_avx2_least(const uint32_t *ranks) {
    __m256i halves = _mm256_min_epu32(_mm256_loadu_si256((const __m256i *)ranks),
                                      _mm256_loadu_si256((const __m256i *)(ranks + 8)));
    __m128i least =
        _mm_min_epu32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    least = _mm_min_epu32(least, _mm_shuffle_epi32(least, 0x4E));
    least = _mm_min_epu32(least, _mm_shuffle_epi32(least, 0xB1));
    return (uint32_t)_mm_cvtsi128_si32(least);
}
#endif

// ---- NEON --------------------------------------------------------------------------------------

#if defined(__aarch64__)
#include <arm_neon.h>

static inline uint32_t fc_neon_bits(uint32x4_t a, uint32x4_t b, uint32x4_t c, uint32x4_t d) {
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint16x8_t low = vcombine_u16(vmovn_u32(a), vmovn_u32(b));
    uint16x8_t high = vcombine_u16(vmovn_u32(c), vmovn_u32(d));
    uint8x16_t bytes = vcombine_u8(vmovn_u16(low), vmovn_u16(high));
    bytes = vandq_u8(bytes, vld1q_u8(weights));
    return (uint32_t)vaddv_u8(vget_low_u8(bytes)) | (uint32_t)vaddv_u8(vget_high_u8(bytes)) << 8;
}

#define FC_NEON_TEST(NAME, COMPARE)                                                                \
    static inline uint32_t NAME(const float *block, size_t stride, const float *limits,            \
                                unsigned lanes) {                                                  \
        uint32x4_t masks[4];                                                                       \
        for (unsigned part = 0; part < 4; part++)                                                  \
            masks[part] = COMPARE(vld1q_f32(block + 4 * part), vdupq_n_f32(limits[0]));            \
        for (unsigned lane = 1; lane < lanes; lane++) {                                            \
            block += stride;                                                                       \
            float32x4_t limit = vdupq_n_f32(limits[lane]);                                         \
            for (unsigned part = 0; part < 4; part++)                                              \
                masks[part] = vandq_u32(masks[part], COMPARE(vld1q_f32(block + 4 * part), limit)); \
        }                                                                                          \
        return fc_neon_bits(masks[0], masks[1], masks[2], masks[3]);                               \
    }
FC_NEON_TEST(fc_neon_le, vcleq_f32)
FC_NEON_TEST(fc_neon_lt, vcltq_f32)
FC_NEON_TEST(fc_neon_ge, vcgeq_f32)
FC_NEON_TEST(fc_neon_gt, vcgtq_f32)
#undef FC_NEON_TEST

static inline uint32_t fc_neon_skip(const float *lanes, size_t stride, const float *limits,
                                    uint32_t count) {
    for (uint32_t first = 0; first < count; first += FC_NODE)
        if (fc_neon_le(lanes + first, stride, limits, 4) != 0) return first;
    return count;
}

static inline unsigned fc_neon_select(const uint32_t *positions, uint32_t mask, uint32_t *out) {
    return fc_scalar_select(positions, mask, out);
}

static inline unsigned fc_neon_select_ids(const uint32_t *lower, const uint32_t *upper,
                                          uint32_t mask, uint64_t *out) {
    return fc_scalar_select_ids(lower, upper, mask, out);
}

static inline uint32_t fc_neon_distances(const float *block, size_t stride,
                                         const fc_nearest_lanes *at, float bound, float *out) {
    float32x4_t zero = vdupq_n_f32(0), limit = vdupq_n_f32(bound);
    uint32x4_t masks[4];
    for (unsigned part = 0; part < 4; part++) {
        const float *b = block + 4 * part;
        float32x4_t x = vmaxq_f32(vsubq_f32(vld1q_f32(b), vdupq_n_f32(at->x_up)),
                                  vaddq_f32(vld1q_f32(b + 2 * stride), vdupq_n_f32(at->x_down)));
        float32x4_t y = vmaxq_f32(vsubq_f32(vld1q_f32(b + stride), vdupq_n_f32(at->y_up)),
                                  vaddq_f32(vld1q_f32(b + 3 * stride), vdupq_n_f32(at->y_down)));
        x = vmaxq_f32(zero, x); // vmaxq keeps a NaN
        y = vmaxq_f32(zero, y);
        float32x4_t squared = vaddq_f32(vmulq_f32(x, x), vmulq_f32(y, y));
        squared = vmulq_f32(squared, vdupq_n_f32(FC_DISTANCE_SHRINK));
        squared = vminq_f32(vdupq_n_f32(FC_DISTANCE_MAX), squared);
        vst1q_f32(out + 4 * part, squared);
        masks[part] = vcleq_f32(squared, limit);
    }
    return fc_neon_bits(masks[0], masks[1], masks[2], masks[3]);
}

static inline void fc_neon_rank(const float *bounds, uint32_t mask, uint32_t *out) {
    static const uint32_t places[4] = {0, 1, 2, 3};
    uint32x4_t place = vld1q_u32(places),
               bit = vshlq_u32(vdupq_n_u32(1), vreinterpretq_s32_u32(place));
    for (unsigned part = 0; part < FC_NODE; part += 4) {
        uint32x4_t bound = vreinterpretq_u32_f32(vld1q_f32(bounds + part));
        uint32x4_t rank = vbicq_u32(bound, vdupq_n_u32(FC_RANK_PLACE));
        rank = vorrq_u32(rank, vorrq_u32(place, vdupq_n_u32(part)));
        uint32x4_t wanted = vtstq_u32(vdupq_n_u32(mask >> part), bit);
        vst1q_u32(out + part, vornq_u32(rank, wanted));
    }
}

static inline void fc_neon_set(uint32_t *ranks, unsigned place, uint32_t rank) {
    static const uint32_t places[4] = {0, 1, 2, 3};
    uint32_t *part = ranks + (place & 12);
    uint32x4_t here = vceqq_u32(vld1q_u32(places), vdupq_n_u32(place & 3));
    vst1q_u32(part, vbslq_u32(here, vdupq_n_u32(rank), vld1q_u32(part)));
}

static inline uint32_t fc_neon_least(const uint32_t *ranks) {
    uint32x4_t low = vminq_u32(vld1q_u32(ranks), vld1q_u32(ranks + 4));
    uint32x4_t high = vminq_u32(vld1q_u32(ranks + 8), vld1q_u32(ranks + 12));
    return vminvq_u32(vminq_u32(low, high));
}
#endif
#endif
