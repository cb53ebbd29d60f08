// Sums of float64 without any rounding: what the series' sums are held against.
#ifndef EXACT_SUM_H
#define EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#define EXACT_DIGITS 80
// A fixed-point number: digits of 32 bits, the lowest worth 2^-1126, carries not yet taken.
typedef struct exact_sum {
    int64_t digits[EXACT_DIGITS];
} exact_sum;

void exact_sum_add(exact_sum *sum, double value); // REQUIRES: finite
// The nearest long double, or on a system where that is a double, thereabouts.
long double exact_sum_value(const exact_sum *sum);
double exact_unit(double value); // unit in the last place of a finite value
#endif
