#include "exact_sum.h"

#include <math.h>

#define BASE_EXPONENT 1126

void exact_sum_add(exact_sum *sum, double value) {
    if (value == 0) return;
    int exponent;
    const double fraction = frexp(value, &exponent);
    // value = significand · 2^(exponent - 53)
    const int64_t significand = (int64_t)ldexp(fraction, 53);
    const bool is_negative = significand < 0;
    uint64_t magnitude = is_negative ? 0 - (uint64_t)significand : (uint64_t)significand;
    const int place = exponent - 53 + BASE_EXPONENT, shift = place % 32;
    const uint64_t low = magnitude << shift;
    const uint64_t high = shift == 0 ? 0 : magnitude >> (64 - shift);
    const uint64_t parts[4] = {low & UINT32_MAX, low >> 32, high & UINT32_MAX, high >> 32};
    for (int i = 0; i < 4; i++)
        sum->digits[place / 32 + i] += is_negative ? -(int64_t)parts[i] : (int64_t)parts[i];
}

// Takes the carries: every digit but the highest in [0, 2^32).
static void normalize(exact_sum *sum) {
    int64_t carry = 0;
    for (int i = 0; i < EXACT_DIGITS; i++) {
        const int64_t digit = sum->digits[i] + carry;
        carry = digit >> 32;
        sum->digits[i] = i + 1 < EXACT_DIGITS ? digit & UINT32_MAX : digit;
    }
}

// Makes it the magnitude; whether it was negative.
static bool make_magnitude(exact_sum *sum) {
    normalize(sum);
    if (sum->digits[EXACT_DIGITS - 1] >= 0) return false;
    for (int i = 0; i < EXACT_DIGITS; i++)
        sum->digits[i] = -sum->digits[i];
    normalize(sum);
    return true;
}

long double exact_sum_value(const exact_sum *sum) {
    exact_sum copy = *sum;
    const bool is_negative = make_magnitude(&copy);
    long double value = 0;
    for (int i = EXACT_DIGITS; i-- > 0;)
        value += ldexpl((long double)copy.digits[i], i * 32 - BASE_EXPONENT);
    return is_negative ? -value : value;
}

double exact_unit(double value) {
    const double magnitude = fabs(value), next = nextafter(magnitude, INFINITY);
    return isinf(next) ? magnitude - nextafter(magnitude, 0) : next - magnitude;
}
