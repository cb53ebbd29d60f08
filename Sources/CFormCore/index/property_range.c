#include "property_range.h"

#include <stdlib.h>

// Where lower bounds begin: an open one first, of equal values the inclusive one.
static int compare_lower(const fc_value_bound *a, const fc_value_bound *b) {
    if (a->is_open || b->is_open) return (int)b->is_open - (int)a->is_open;
    int order = fc_value_compare(&a->value, &b->value);
    return order != 0 ? order : (int)b->is_inclusive - (int)a->is_inclusive;
}

// Where upper bounds end: an open one last, of equal values the inclusive one.
static int compare_upper(const fc_value_bound *a, const fc_value_bound *b) {
    if (a->is_open || b->is_open) return (int)a->is_open - (int)b->is_open;
    int order = fc_value_compare(&a->value, &b->value);
    return order != 0 ? order : (int)a->is_inclusive - (int)b->is_inclusive;
}

static int compare_ranges(const void *a, const void *b) {
    const fc_value_range *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return compare_lower(&x->lower, &y->lower);
}

static bool is_empty(const fc_value_range *range) {
    if (range->lower.is_open || range->upper.is_open) return false;
    int order = fc_value_compare(&range->lower.value, &range->upper.value);
    return order > 0 || (order == 0 && !(range->lower.is_inclusive && range->upper.is_inclusive));
}

// Whether nothing lies between the end of one range and the beginning of a later one.
static bool meets(const fc_value_bound *upper, const fc_value_bound *lower) {
    if (upper->is_open || lower->is_open) return true;
    int order = fc_value_compare(&lower->value, &upper->value);
    return order < 0 || (order == 0 && (lower->is_inclusive || upper->is_inclusive));
}

size_t fc_value_ranges_normalize(fc_value_range *ranges, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        fc_value_range range = ranges[i];
        if (range.kind >= FC_VALUE_NULL) range.lower.is_open = range.upper.is_open = true;
        if (!is_empty(&range)) ranges[kept++] = range;
    }
    if (kept < 2) return kept;
    qsort(ranges, kept, sizeof *ranges, compare_ranges);
    size_t last = 0;
    for (size_t i = 1; i < kept; i++) {
        fc_value_range *before = &ranges[last];
        if (before->kind == ranges[i].kind && meets(&before->upper, &ranges[i].lower)) {
            if (compare_upper(&ranges[i].upper, &before->upper) > 0)
                before->upper = ranges[i].upper;
        } else {
            ranges[++last] = ranges[i];
        }
    }
    return last + 1;
}

bool fc_value_range_contains(const fc_value_range *range, const fc_value *value) {
    if (range->kind != value->kind) return false;
    if (range->kind >= FC_VALUE_NULL) return true;
    if (!range->lower.is_open) {
        int order = fc_value_compare(value, &range->lower.value);
        if (order < 0 || (order == 0 && !range->lower.is_inclusive)) return false;
    }
    if (range->upper.is_open) return true;
    int order = fc_value_compare(value, &range->upper.value);
    return order < 0 || (order == 0 && range->upper.is_inclusive);
}
