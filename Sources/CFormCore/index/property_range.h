// Ranges of values: what a question asks of an indexed property.
#ifndef FC_INDEX_PROPERTY_RANGE_H
#define FC_INDEX_PROPERTY_RANGE_H

#include "../codec/value.h"

typedef struct fc_value_bound {
    bool is_open; // as far as values of the range's kind go
    bool is_inclusive;
    fc_value value; // of the range's kind
} fc_value_bound;

// Values of one kind. Nulls and missing values have no bounds (theirs are not looked at).
typedef struct fc_value_range {
    fc_value_kind kind;
    fc_value_bound lower, upper;
} fc_value_range;

// Sorts ranges, joins those that overlap or touch and leaves out empty ones, in place; returns how many are left.
// Whatever takes several ranges REQUIRES them like this. COST: O(count log count).
size_t fc_value_ranges_normalize(fc_value_range *ranges, size_t count);
// Whether the value lies in the range.
bool fc_value_range_contains(const fc_value_range *range, const fc_value *value);
#endif
