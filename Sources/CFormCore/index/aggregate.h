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
#include "property_range.h"
#include "series_sum.h"
#include "windowing.h"

// Where the values of a property come from.
typedef struct fc_aggregate_property {
    uint32_t index_id;           // the column of this index, or 0:
    const fc_property *property; // the records; borrowed. NULL too: no property
} fc_aggregate_property;

typedef struct fc_aggregate_options {
    fc_aggregate_property keys;    // none: not grouped by a property
    fc_aggregate_property values;  // none: rows are only counted
    const fc_windowing *windowing; // NULL: no windows; borrowed
    int64_t from_us;               // INT64_MIN: none
    // Asked every few thousand rows; true ends with FC_STATUS_CANCELLED. May be NULL.
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

// ERRORS: NOT_FOUND when the view can't use an index.
FC_MUST_USE fc_status fc_aggregate_create(const fc_view *view, const fc_aggregate_options *options,
                                          fc_aggregate **out);
void fc_aggregate_destroy(fc_aggregate *aggregate); // may be NULL

// Rows are added in parts, each row once. After an error nothing but destroying is left.

// These rows. REQUIRES: positions that the view returned. COST: without keys and windows, and with an index for
// the values, 2 to 5 ns a row; else what reading records costs.
FC_MUST_USE fc_status fc_aggregate_add(fc_aggregate *aggregate, const uint32_t *positions,
                                       size_t count);
// All visible rows of [first, end) that answer a question (NULL: all), without a list of them.
// COST: 1 to 3 ns a row looked at, where no record is read.
FC_MUST_USE fc_status fc_aggregate_add_matching(fc_aggregate *aggregate,
                                                const fc_question *question, uint32_t first,
                                                uint32_t end);
// All visible rows whose value in the index that the values come from is in a range (normalized).
// REQUIRES: no keys, no windows. COST: 0.7 ns a row.
FC_MUST_USE fc_status fc_aggregate_add_ranges(fc_aggregate *aggregate, const fc_value_range *ranges,
                                              size_t count);
// All visible rows, group by group as the index of the keys has them: no key is read, hashed or compared for a row.
// REQUIRES: keys from an index, values from one or none, no windows; nothing else is added. COST: 5 to 20 ns a row.
FC_MUST_USE fc_status fc_aggregate_add_by_key(fc_aggregate *aggregate);
// No more rows: puts groups in order of key (fc_value_compare), then window. Without a grouping and windows there
// is one, always.
FC_MUST_USE fc_status fc_aggregate_finish(fc_aggregate *aggregate);

size_t fc_aggregate_group_count(const fc_aggregate *aggregate);
const fc_aggregate_group *fc_aggregate_group_at(const fc_aggregate *aggregate, size_t index);
// The rounded sum (0 for no numbers) and mean (NAN) of a group.
double fc_aggregate_group_sum(const fc_aggregate_group *group);
double fc_aggregate_group_mean(const fc_aggregate_group *group);
#endif
