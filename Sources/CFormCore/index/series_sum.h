// Sums, counts and extremes of float64 columns, exact enough to be the same however data were cut
// into chunks. SOURCE: T. Ogita, S. M. Rump, S. Oishi, "Accurate sum and dot product", SIAM J. Sci.
// Comput. 26 (2005), algorithm Sum2, in eight lanes and pieces of 4,096; M. Joldes, J.-M. Muller,
// V. Popescu, "Tight and rigorous error bounds for basic building blocks of double-word
// arithmetic", ACM TOMS 44 (2017), algorithm 6, between pieces.
//
// The sum is within one unit in the last place of the exact sum, plus n·2^-100·Σ|x|: a piece of n
// values in eight lanes errs by at most (n/8)²·2^-106·Σ|x|, which is below the bound up to 4,096.
// NaN is no value. Infinities are values. -0 orders before +0.
#ifndef FC_INDEX_SERIES_SUM_H
#define FC_INDEX_SERIES_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fc_sum {
    uint64_t count;             // values that are not NaN
    double high, low;           // double-double, of the pieces whose values are below 2^900
    bool has_huge;              // the others, scaled by 2^-128 so that no partial sum overflows
    double huge_high, huge_low; // (their infinities left out: the extremes tell)
    double minimum, maximum;    // +infinity and -infinity while count is 0
} fc_sum;

void fc_sum_init(fc_sum *sum);
// Adds `count` values. The result is the same, bit for bit, on every machine.
void fc_sum_add(fc_sum *sum, const double *values, size_t count);
// The same through the portable kernel alone, for tests.
void fc_sum_add_portable(fc_sum *sum, const double *values, size_t count);
void fc_sum_merge(fc_sum *sum, const fc_sum *other);
// The rounded sum (0 for no values; infinite when it overflows; both infinities give NaN).
double fc_sum_total(const fc_sum *sum);
// The rounded mean, of the unrounded sum: it stays finite where only the sum overflows. NaN for no
// values.
double fc_sum_mean(const fc_sum *sum);
#endif
