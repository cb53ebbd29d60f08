// What the values of an indexed property come to: their sum, least and greatest, straight from the index's column
// or runs.
//
// THREADS: one at a time. OWNERSHIP: borrows the reader. About 33 KB: not for the stack.
#ifndef FC_INDEX_PROPERTY_TALLY_H
#define FC_INDEX_PROPERTY_TALLY_H

#include "property_internal.h"
#include "series_sum.h"

enum { FC_TALLY_ROWS = 4096 };

typedef struct fc_tally {
    const fc_index_reader *reader;
    uint64_t row_count;
    fc_sum sum;     // of numbers that are their float64
    fc_sum inexact; // of the others: their float64, and what they are more than it
    uint64_t inexact_count;
    fc_value minimum,
        maximum; // of numbers, texts and booleans, -0 before 0; FC_VALUE_MISSING: none
    // Rows side by side that are not added yet, NaN where one isn't wanted or has no number.
    uint32_t held_first, held;
    uint64_t held_rows[FC_TALLY_ROWS / 64];
    double numbers[FC_TALLY_ROWS];
} fc_tally;

// A number as two float64 that are it exactly; the second is 0 for all but integers beyond 2^53.
double fc_number_split(const fc_value *number, double *out_rest);

void fc_tally_init(fc_tally *tally, const fc_index_reader *reader);
// Rows as bits: first … first + 63; `first` is a multiple of 64. COST: 0.8 ns a row, wanted or not.
void fc_tally_add_rows(fc_tally *tally, uint32_t first, uint64_t rows);
// REQUIRES: positions that the view returned. COST: 2 to 5 ns a row.
void fc_tally_add_positions(fc_tally *tally, const uint32_t *positions, size_t count);
// All visible rows whose value is in a range (normalized). Numbers are read off the sorted runs.
// `is_cancelled` (may be NULL) is asked every 65,536 rows: FC_STATUS_CANCELLED. COST: 0.7 ns a row.
FC_MUST_USE fc_status fc_tally_add_ranges(fc_tally *tally, const fc_value_range *ranges,
                                          size_t range_count, bool (*is_cancelled)(void *context),
                                          void *cancel_context);
// Adds what is held. *out_count: of the numbers in *out_sum, whose own count and extremes mean nothing.
void fc_tally_finish(fc_tally *tally, fc_sum *out_sum, uint64_t *out_count);
#endif
