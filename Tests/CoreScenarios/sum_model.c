// Sums of columns against exact ones: both kernels bit for bit alike, and however the column is cut.
#include "../../Sources/CFormCore/index/series_sum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact_sum.h"
#include "model_support.h"

#define VALUES_MAX 20000
#define HOLDS(condition) MODEL_HOLDS(report, seed, condition)

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static double random_value(model_chance *chance, uint64_t kind, int shift, double sign) {
    const double integer = (double)(int64_t)chance_bits(chance);
    switch (kind) {
    case 0:
        return ldexp(integer, (int)chance_below(chance, 100) + shift);
    case 1:
        return sign * 1.7e308 * ((double)chance_below(chance, 1000) / 1000); // overflows
    case 2:
        return ldexp((double)(chance_bits(chance) >> 12), -1074); // subnormal
    case 3:
        return ldexp(integer, shift); // cancels: see fill
    case 4:
        return chance_one_in(chance, 5) ? NAN : ldexp(integer, (int)chance_below(chance, 60));
    case 5:
        return 1;
    case 6:
        return chance_one_in(chance, 2) ? 0x1p53 : chance_one_in(chance, 2) ? 1 : -0x1p53;
    case 7:
        return sign * 1.7976931348623157e308;
    default:
        if (chance_one_in(chance, 2)) return -0.0;
        return chance_one_in(chance, 3) ? NAN : chance_one_in(chance, 2) ? 0.0 : 5e-324;
    }
}

static void fill(model_chance *chance, double *values, size_t count) {
    const uint64_t kind = chance_below(chance, 9);
    const int shift = (int)chance_below(chance, 600) - 300;
    const double sign = chance_one_in(chance, 2) ? 1 : -1;
    for (size_t i = 0; i < count; i++)
        values[i] =
            kind == 3 && i % 2 == 1 ? -values[i - 1] : random_value(chance, kind, shift, sign);
    if (kind != 3 || count < 3) return;
    values[count - 1] = 1; // what is left when all else cancels
    for (size_t i = count - 1; i > 0; i--) {
        const size_t other = (size_t)chance_below(chance, i + 1);
        const double kept = values[i];
        values[i] = values[other];
        values[other] = kept;
    }
}

// The column again, cut into pieces that are summed apart or together.
static void add_in_pieces(model_chance *chance, const double *values, size_t count, fc_sum *out) {
    for (size_t at = 0; at < count;) {
        size_t length = 1 + (size_t)chance_below(chance, chance_one_in(chance, 2) ? 5 : 3000);
        if (length > count - at) length = count - at;
        fc_sum piece;
        fc_sum_init(&piece);
        fc_sum_add(chance_one_in(chance, 2) ? &piece : out, values + at, length);
        fc_sum_merge(out, &piece);
        at += length;
    }
}

static bool check_sum(const fc_sum *sum, const exact_sum *exact, const exact_sum *magnitudes,
                      uint64_t seed, scenario_report *report) {
    const double total = fc_sum_total(sum), mean = fc_sum_mean(sum);
    if (sum->count == 0) {
        HOLDS(total == 0 && isnan(mean));
        return true;
    }
    const long double value = exact_sum_value(exact), count = (long double)sum->count;
    const long double slack = count * 0x1p-100L * exact_sum_value(magnitudes);
    if (isinf(total)) {
        HOLDS(fabsl(value) >= 0x1.fffffffffffff7cp1023L - slack && (value > 0) == (total > 0));
    } else {
        exact_sum difference = *exact;
        exact_sum_add(&difference, -total);
        HOLDS(fabsl(exact_sum_value(&difference)) <= exact_unit(total) + slack);
    }
    HOLDS(isfinite(mean));
    HOLDS(fabsl(value / count - mean) <= exact_unit(mean) + slack / count + 0x1p-1074L);
    return true;
}

static bool compare(uint64_t seed, double *values, scenario_report *report) {
    model_chance chance = {.state = seed};
    size_t count = (size_t)chance_below(&chance, chance_one_in(&chance, 8) ? VALUES_MAX : 70);
    if (chance_one_in(&chance, 4)) count = (size_t)chance_below(&chance, 5000);
    fill(&chance, values, count);
    fc_sum best, portable, pieces;
    fc_sum_init(&best);
    fc_sum_init(&portable);
    fc_sum_init(&pieces);
    fc_sum_add(&best, values, count);
    fc_sum_add_portable(&portable, values, count);
    add_in_pieces(&chance, values, count, &pieces);
    HOLDS(best.count == portable.count && best.has_huge == portable.has_huge);
    HOLDS(same_bits(best.high, portable.high) && same_bits(best.low, portable.low));
    HOLDS(same_bits(best.huge_high, portable.huge_high) &&
          same_bits(best.huge_low, portable.huge_low));
    HOLDS(same_bits(best.minimum, portable.minimum) && same_bits(best.maximum, portable.maximum));
    HOLDS(best.count == pieces.count);
    HOLDS(best.count == 0 ||
          (same_bits(best.minimum, pieces.minimum) && same_bits(best.maximum, pieces.maximum)));
    exact_sum exact = {{0}}, magnitudes = {{0}};
    uint64_t numbers = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        numbers++;
        exact_sum_add(&exact, values[i]);
        exact_sum_add(&magnitudes, fabs(values[i]));
    }
    HOLDS(best.count == numbers);
    return check_sum(&best, &exact, &magnitudes, seed, report) &&
           check_sum(&pieces, &exact, &magnitudes, seed, report);
}

void scenario_sum_model(uint64_t seed, uint32_t columns, scenario_report *report) {
    double *values = malloc(VALUES_MAX * sizeof *values);
    if (values == NULL) abort();
    for (uint32_t i = 0; i < columns && compare(seed + i, values, report); i++)
        report->runs++;
    free(values);
}
