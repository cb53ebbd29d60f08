// Directed rounding to float32, and comparisons in real arithmetic.
//
// Why filters on float32 are exact: rounding down is monotone. With f = down(m) of a row's minimum
// and q' = down(q) of the question's edge, f < q' means m < q and f > q' means m > q, surely; only
// f = q' leaves it open, and then the float64 columns are asked. Maxima are negated, so that the
// same holds.
#ifndef FC_INDEX_ROUNDING_H
#define FC_INDEX_ROUNDING_H

#include <stdint.h>
#include <string.h>

static inline float fc_float_below(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if (value == 0)
        bits = UINT32_C(0x80000001);
    else
        bits += bits >> 31 ? 1u : UINT32_MAX;
    memcpy(&value, &bits, 4);
    return value;
}

// The largest float32 <= value (infinities included). Without branches, which would be taken at
// random: one less in the order of the floats as integers, where rounding went up. (A negative
// number that is rounded to zero gives -0, so that one less is below zero.)
static inline float fc_round_down(double value) {
    float rounded = (float)value;
    int32_t order;
    memcpy(&order, &rounded, 4);
    order ^= (order >> 31) & INT32_MAX;
    order -= (double)rounded > value;
    order ^= (order >> 31) & INT32_MAX;
    memcpy(&rounded, &order, 4);
    return rounded;
}

// The smallest float32 >= value.
static inline float fc_round_up(double value) {
    return -fc_round_down(-value);
}

static inline float fc_round_down_i64(int64_t value) {
    float rounded = (float)value;
    if (rounded >= 0x1p63f || (int64_t)rounded > value) rounded = fc_float_below(rounded);
    return rounded;
}

// down(-value), which is -up(value).
static inline float fc_round_down_negated_i64(int64_t value) {
    float rounded = (float)value;
    if (rounded < 0x1p63f && (int64_t)rounded < value) return fc_float_below(-rounded);
    return -rounded;
}

// A sum of two float64 without loss: sum + error, |error| at most half a unit of sum.
typedef struct fc_two_sum {
    double sum, error;
} fc_two_sum;

static inline fc_two_sum fc_add_exactly(double a, double b) {
    double sum = a + b;
    double b_part = sum - a;
    double a_part = sum - b_part;
    return (fc_two_sum){sum, (a - a_part) + (b - b_part)};
}

// The sign of (a + 360 turns) - b in real arithmetic.
static inline int fc_compare_turned(double a, int turns, double b) {
    if (turns == 0) return (a > b) - (a < b);
    fc_two_sum sum = fc_add_exactly(a, 360.0 * turns);
    // Rounding to nearest is monotone: where the rounded sum differs from b, the sum does, alike.
    if (sum.sum != b) return sum.sum > b ? 1 : -1;
    return (sum.error > 0) - (sum.error < 0);
}

// down(a + 360 turns).
static inline float fc_round_down_turned(double a, int turns) {
    if (turns == 0) return fc_round_down(a);
    fc_two_sum sum = fc_add_exactly(a, 360.0 * turns);
    float rounded = fc_round_down(sum.sum);
    return (double)rounded == sum.sum && sum.error < 0 ? fc_float_below(rounded) : rounded;
}
#endif
