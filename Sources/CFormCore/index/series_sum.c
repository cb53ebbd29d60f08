#include "series_sum.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A fused multiply-add would break the error-free transformations below.
#pragma STDC FP_CONTRACT OFF

#define PIECE_VALUES 4096u
#define LANES 8u
#define HUGE_BOUND 0x1p900
#define HUGE_SCALE 0x1p-128
#define HUGE_UNSCALE 0x1p128

typedef struct piece {
    uint64_t count;
    double sum, error; // unnormalised: the exact sum is about sum + error
    double minimum, maximum;
} piece;

typedef struct pair {
    double high, low;
} pair;

static inline pair two_sum(double a, double b) {
    double sum = a + b;
    double b_part = sum - a;
    return (pair){sum, (a - (sum - b_part)) + (b - b_part)};
}

// REQUIRES: |a| >= |b|, or a is 0.
static inline pair fast_two_sum(double a, double b) {
    double sum = a + b;
    return (pair){sum, b - (sum - a)};
}

static pair pair_add(pair x, pair y) {
    pair s = two_sum(x.high, y.high);
    pair t = two_sum(x.low, y.low);
    pair v = fast_two_sum(s.high, s.low + t.high);
    return fast_two_sum(v.high, t.low + v.low);
}

static pair pair_add_value(pair x, double y) {
    pair s = two_sum(x.high, y);
    return fast_two_sum(s.high, x.low + s.low);
}

// Folds four lanes (k with k + 2, then 0 with 1): one order for every kernel.
static void piece_fold(piece *out, const double sums[4], const double errors[4]) {
    pair a = two_sum(sums[0], sums[2]);
    pair b = two_sum(sums[1], sums[3]);
    double a_error = (errors[0] + errors[2]) + a.low;
    double b_error = (errors[1] + errors[3]) + b.low;
    pair total = two_sum(a.high, b.high);
    out->sum = total.high;
    out->error = (a_error + b_error) + total.low;
}

// Lanes that a compiler can keep in vector registers.
typedef struct lanes8 {
    double sums[LANES], errors[LANES], minima[LANES], maxima[LANES], counts[LANES];
} lanes8;

static inline void lanes8_add(lanes8 *lanes, const double values[LANES]) {
    for (size_t k = 0; k < LANES; k++) {
        double x = values[k];
        bool is_value = x == x;
        double y = is_value ? x : 0.0;
        double sum = lanes->sums[k] + y;
        double y_part = sum - lanes->sums[k];
        lanes->errors[k] += (lanes->sums[k] - (sum - y_part)) + (y - y_part);
        lanes->sums[k] = sum;
        lanes->counts[k] += is_value ? 1.0 : 0.0;
        lanes->minima[k] = x < lanes->minima[k] ? x : lanes->minima[k];
        lanes->maxima[k] = x > lanes->maxima[k] ? x : lanes->maxima[k];
    }
}

static void piece_of_portable(const double *values, size_t count, piece *out) {
    lanes8 lanes = {.counts = {0}};
    for (size_t k = 0; k < LANES; k++) {
        lanes.minima[k] = INFINITY;
        lanes.maxima[k] = -INFINITY;
    }
    size_t i = 0;
    for (; count - i >= LANES; i += LANES)
        lanes8_add(&lanes, values + i);
    if (i < count) {
        double rest[LANES];
        for (size_t k = 0; k < LANES; k++)
            rest[k] = k < count - i ? values[i + k] : NAN;
        lanes8_add(&lanes, rest);
    }
    double counted = lanes.counts[0];
    out->minimum = lanes.minima[0];
    out->maximum = lanes.maxima[0];
    for (size_t k = 1; k < LANES; k++) {
        counted += lanes.counts[k];
        if (lanes.minima[k] < out->minimum) out->minimum = lanes.minima[k];
        if (lanes.maxima[k] > out->maximum) out->maximum = lanes.maxima[k];
    }
    for (size_t k = 0; k < 4; k++) {
        pair s = two_sum(lanes.sums[k], lanes.sums[k + 4]);
        lanes.sums[k] = s.high;
        lanes.errors[k] = (lanes.errors[k] + lanes.errors[k + 4]) + s.low;
    }
    piece_fold(out, lanes.sums, lanes.errors);
    out->count = (uint64_t)counted;
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))

typedef struct lanes4 {
    __m256d sum, error, minimum, maximum;
    __m256i count;
} lanes4;

AVX2 static inline __m256d lanes_two_sum(__m256d a, __m256d b, __m256d *error) {
    __m256d sum = _mm256_add_pd(a, b);
    __m256d b_part = _mm256_sub_pd(sum, a);
    __m256d a_error = _mm256_sub_pd(a, _mm256_sub_pd(sum, b_part));
    *error = _mm256_add_pd(a_error, _mm256_sub_pd(b, b_part));
    return sum;
}

// min_pd and max_pd return their second operand when the first is NaN.
AVX2 static inline __attribute__((always_inline)) void lanes_add(lanes4 *lanes, __m256d x) {
    __m256d is_value = _mm256_cmp_pd(x, x, _CMP_ORD_Q);
    __m256d error;
    lanes->sum = lanes_two_sum(lanes->sum, _mm256_and_pd(x, is_value), &error);
    lanes->error = _mm256_add_pd(lanes->error, error);
    lanes->minimum = _mm256_min_pd(x, lanes->minimum);
    lanes->maximum = _mm256_max_pd(x, lanes->maximum);
    lanes->count = _mm256_sub_epi64(lanes->count, _mm256_castpd_si256(is_value));
}

// The last 1 to 3 values, the other lanes NaN.
AVX2 static inline __m256d load_rest(const double *values, size_t count) {
    __m256i wanted =
        _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)count), _mm256_setr_epi64x(0, 1, 2, 3));
    __m256d x = _mm256_maskload_pd(values, wanted);
    return _mm256_blendv_pd(_mm256_set1_pd(NAN), x, _mm256_castsi256_pd(wanted));
}

AVX2 static void piece_of_avx2(const double *values, size_t count, piece *out) {
    lanes4 even = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_set1_pd(INFINITY),
                   _mm256_set1_pd(-INFINITY), _mm256_setzero_si256()};
    lanes4 odd = even;
    size_t i = 0;
    for (; count - i >= LANES; i += LANES) {
        lanes_add(&even, _mm256_loadu_pd(values + i));
        lanes_add(&odd, _mm256_loadu_pd(values + i + 4));
    }
    lanes4 *rest_lanes = &even;
    if (count - i >= 4) {
        lanes_add(&even, _mm256_loadu_pd(values + i));
        i += 4;
        rest_lanes = &odd;
    }
    if (count - i > 0) lanes_add(rest_lanes, load_rest(values + i, count - i));
    __m256d error;
    __m256d sum = lanes_two_sum(even.sum, odd.sum, &error);
    error = _mm256_add_pd(_mm256_add_pd(even.error, odd.error), error);
    __m256d minimum = _mm256_min_pd(even.minimum, odd.minimum);
    __m256d maximum = _mm256_max_pd(even.maximum, odd.maximum);
    __m128d minimum2 =
        _mm_min_pd(_mm256_castpd256_pd128(minimum), _mm256_extractf128_pd(minimum, 1));
    __m128d maximum2 =
        _mm_max_pd(_mm256_castpd256_pd128(maximum), _mm256_extractf128_pd(maximum, 1));
    double sums[4], errors[4];
    uint64_t counts[4];
    _mm256_storeu_pd(sums, sum);
    _mm256_storeu_pd(errors, error);
    _mm256_storeu_si256((__m256i *)(void *)counts, _mm256_add_epi64(even.count, odd.count));
    piece_fold(out, sums, errors);
    out->count = counts[0] + counts[1] + counts[2] + counts[3];
    out->minimum = _mm_cvtsd_f64(_mm_min_sd(minimum2, _mm_unpackhi_pd(minimum2, minimum2)));
    out->maximum = _mm_cvtsd_f64(_mm_max_sd(maximum2, _mm_unpackhi_pd(maximum2, maximum2)));
}
#endif

static double min_of(double a, double b) {
    return b < a || (b == a && signbit(b)) ? b : a;
}

static double max_of(double a, double b) {
    return b > a || (b == a && !signbit(b)) ? b : a;
}

// Whether one of the values has these bits, without a branch: of data with many zeros every piece is looked at.
static inline __attribute__((always_inline)) bool holds_bits(const double *values, size_t count,
                                                             uint64_t wanted) {
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        found |= bits == wanted;
    }
    return found != 0;
}

#if defined(__x86_64__)
AVX2 static bool holds_bits_avx2(const double *values, size_t count, uint64_t wanted) {
    return holds_bits(values, count, wanted);
}
#endif

// The comparisons above take -0 and +0 for equal; an extreme of 0 gets its sign from a second look.
static double zero_of(const double *values, size_t count, bool wanted_sign, bool portable) {
    const uint64_t wanted = wanted_sign ? UINT64_C(1) << 63 : 0;
    bool found;
#if defined(__x86_64__)
    if (!portable && __builtin_cpu_supports("avx2"))
        found = holds_bits_avx2(values, count, wanted);
    else
        found = holds_bits(values, count, wanted);
#else
    (void)portable;
    found = holds_bits(values, count, wanted);
#endif
    return found == wanted_sign ? -0.0 : 0.0;
}

static void sum_add_huge(fc_sum *sum, const double *values, size_t count) {
    pair total = {sum->huge_high, sum->huge_low};
    for (size_t i = 0; i < count; i++) {
        if (fabs(values[i]) <= DBL_MAX) total = pair_add_value(total, values[i] * HUGE_SCALE);
    }
    sum->has_huge = true;
    sum->huge_high = total.high;
    sum->huge_low = total.low;
}

static void sum_add_piece(fc_sum *sum, const double *values, size_t count, bool portable) {
    piece part;
#if defined(__x86_64__)
    if (!portable && __builtin_cpu_supports("avx2"))
        piece_of_avx2(values, count, &part);
    else
        piece_of_portable(values, count, &part);
#else
    (void)portable;
    piece_of_portable(values, count, &part);
#endif
    if (part.count == 0) return;
    // Where a zero isn't the extreme of all, its sign says nothing.
    if (part.minimum == 0 && sum->minimum >= 0)
        part.minimum = zero_of(values, count, true, portable);
    if (part.maximum == 0 && sum->maximum <= 0)
        part.maximum = zero_of(values, count, false, portable);
    sum->count += part.count;
    sum->minimum = min_of(sum->minimum, part.minimum);
    sum->maximum = max_of(sum->maximum, part.maximum);
    if (part.minimum <= -HUGE_BOUND || part.maximum >= HUGE_BOUND) {
        sum_add_huge(sum, values, count);
        return;
    }
    pair total = two_sum(part.sum, part.error); // cancellation can leave the error the larger
    if (sum->high != 0 || sum->low != 0) total = pair_add((pair){sum->high, sum->low}, total);
    sum->high = total.high;
    sum->low = total.low;
}

void fc_sum_init(fc_sum *sum) {
    *sum = (fc_sum){.minimum = INFINITY, .maximum = -INFINITY};
}

static void sum_add_value(fc_sum *sum, double value) {
    if (value != value) return;
    sum->count++;
    sum->minimum = min_of(sum->minimum, value);
    sum->maximum = max_of(sum->maximum, value);
    if (fabs(value) >= HUGE_BOUND) {
        sum_add_huge(sum, &value, 1);
        return;
    }
    pair total = pair_add_value((pair){sum->high, sum->low}, value);
    sum->high = total.high;
    sum->low = total.low;
}

void fc_sum_add(fc_sum *sum, const double *values, size_t count) {
    if (count == 1) {
        sum_add_value(sum, *values);
        return;
    }
    for (size_t i = 0; i < count; i += PIECE_VALUES)
        sum_add_piece(sum, values + i, count - i < PIECE_VALUES ? count - i : PIECE_VALUES, false);
}

void fc_sum_add_portable(fc_sum *sum, const double *values, size_t count) {
    if (count == 1) {
        sum_add_value(sum, *values);
        return;
    }
    for (size_t i = 0; i < count; i += PIECE_VALUES)
        sum_add_piece(sum, values + i, count - i < PIECE_VALUES ? count - i : PIECE_VALUES, true);
}

void fc_sum_merge(fc_sum *sum, const fc_sum *other) {
    if (other->count == 0) return;
    sum->count += other->count;
    sum->minimum = min_of(sum->minimum, other->minimum);
    sum->maximum = max_of(sum->maximum, other->maximum);
    pair total = pair_add((pair){sum->high, sum->low}, (pair){other->high, other->low});
    sum->high = total.high;
    sum->low = total.low;
    if (!other->has_huge) return;
    total =
        pair_add((pair){sum->huge_high, sum->huge_low}, (pair){other->huge_high, other->huge_low});
    sum->has_huge = true;
    sum->huge_high = total.high;
    sum->huge_low = total.low;
}

// Both parts together, scaled by *out_unscale.
static pair sum_parts(const fc_sum *sum, double *out_unscale) {
    pair normal = {sum->high, sum->low};
    *out_unscale = 1;
    if (!sum->has_huge) return normal;
    *out_unscale = HUGE_UNSCALE;
    return pair_add((pair){sum->huge_high, sum->huge_low},
                    (pair){normal.high * HUGE_SCALE, normal.low * HUGE_SCALE});
}

static bool sum_is_infinite(const fc_sum *sum, double *out_total) {
    bool has_positive = sum->count > 0 && sum->maximum == INFINITY;
    bool has_negative = sum->count > 0 && sum->minimum == -INFINITY;
    if (!has_positive && !has_negative) return false;
    *out_total = has_positive && has_negative ? NAN : has_positive ? INFINITY : -INFINITY;
    return true;
}

double fc_sum_total(const fc_sum *sum) {
    double infinite, unscale;
    if (sum_is_infinite(sum, &infinite)) return infinite;
    pair total = sum_parts(sum, &unscale);
    return total.high * unscale;
}

// a * b exactly, by Dekker's splitting. REQUIRES: no overflow (|a|, |b| < 2^990).
static pair two_product(double a, double b) {
    const double splitter = 0x1p27 + 1;
    double a_big = splitter * a, b_big = splitter * b;
    double a_high = a_big - (a_big - a), b_high = b_big - (b_big - b);
    double a_low = a - a_high, b_low = b - b_high;
    double product = a * b;
    double error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return (pair){product, error};
}

double fc_sum_mean(const fc_sum *sum) {
    double infinite, unscale;
    if (sum->count == 0) return NAN;
    if (sum_is_infinite(sum, &infinite)) return infinite;
    pair total = sum_parts(sum, &unscale);
    double divisor = (double)sum->count;
    double quotient = total.high / divisor;
    pair back = two_product(quotient, divisor);
    double rest = ((total.high - back.high) - back.low) + total.low;
    return (quotient + rest / divisor) * unscale;
}
