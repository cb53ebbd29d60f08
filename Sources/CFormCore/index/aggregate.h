// Aggregates of the rows of a view: per group of a property's value, per window of the rows' time, or both.
//
// A row counts in one window: that of its time's start, or of `from_us` if it began before. Rows without a time, and
// those in no window or with an open start, don't count where windows are asked for.
// THREADS: any, one aggregate each. OWNERSHIP: values in groups borrow from records: good until the view is
// released (a writer's: until the next operation).
#ifndef FC_INDEX_AGGREGATE_H
#define FC_INDEX_AGGREGATE_H

#include "../codec/property.h"
#include "memtable.h"
#include "series_sum.h"
#include "windowing.h"

// Where the values of a property come from, in batches. `read` fills out[i] with the value at positions[i];
// values borrow for as long as the view.
typedef struct fc_value_reader {
    fc_status (*read)(const void *context, const fc_view *view, const uint32_t *positions,
                      size_t count, fc_value *out);
    const void *context;
} fc_value_reader;
// Reads them from the records. OWNERSHIP: borrows the property.
fc_value_reader fc_value_reader_of_records(const fc_property *property);

typedef struct fc_aggregate_options {
    const fc_value_reader *keys;   // NULL: not grouped by a property
    const fc_value_reader *values; // NULL: rows are only counted
    const fc_windowing *windowing; // NULL: no windows
    int64_t from_us;               // INT64_MIN: none
    // Asked every 65,536 rows; true ends with FC_STATUS_CANCELLED. May be NULL.
    bool (*is_cancelled)(void *context);
    void *cancel_context;
} fc_aggregate_options;

typedef struct fc_aggregate_group {
    fc_value key;         // FC_VALUE_MISSING when not grouped by a property
    int64_t window;       // fc_window_place.number; 0 without windows
    uint64_t row_count;   // rows
    uint64_t value_count; // rows with a number
    fc_sum sum;           // of the numbers; its count and extremes are not those of the numbers
    // Of numbers, texts and booleans, -0 before 0; FC_VALUE_MISSING when there is none.
    fc_value minimum, maximum;
} fc_aggregate_group;

typedef struct fc_aggregate fc_aggregate;

// Of these rows. REQUIRES: positions that the view returned.
FC_MUST_USE fc_status fc_view_aggregate(const fc_view *view, const fc_aggregate_options *options,
                                        const uint32_t *positions, size_t count,
                                        fc_aggregate **out);
// Of all visible rows that answer a question (NULL: all), without a list of them: every row of the table is
// looked at. COST: O(rows of the table).
FC_MUST_USE fc_status fc_view_aggregate_all(const fc_view *view,
                                            const fc_aggregate_options *options,
                                            const fc_question *question, fc_aggregate **out);
void fc_aggregate_destroy(fc_aggregate *aggregate); // may be NULL

// Groups in order of key (fc_value_compare), then window. Without a grouping and windows there is one, always.
size_t fc_aggregate_group_count(const fc_aggregate *aggregate);
const fc_aggregate_group *fc_aggregate_group_at(const fc_aggregate *aggregate, size_t index);
// The rounded sum (0 for no numbers) and mean (NAN) of a group.
double fc_aggregate_group_sum(const fc_aggregate_group *group);
double fc_aggregate_group_mean(const fc_aggregate_group *group);
#endif
