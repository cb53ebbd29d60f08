// Rows in order: by id, by time or by a property; all of them, or the first few.
//
// The orders (SEMANTICS.md): ids are integers before texts; times go by their start, rows without one come last;
// properties by fc_value_compare, null and then missing last. Equal ones come by id. Descending turns times and
// values around, but neither what comes last nor the order by id among equal ones; descending ids turn around.
#ifndef FC_INDEX_ORDER_H
#define FC_INDEX_ORDER_H

#include "../codec/property.h"
#include "memtable.h"

typedef enum fc_order_kind {
    FC_ORDER_ID = 0,
    FC_ORDER_TIME = 1,
    FC_ORDER_PROPERTY = 2
} fc_order_kind;

typedef struct fc_order {
    fc_order_kind kind;
    bool descending;
    const fc_property *property; // of FC_ORDER_PROPERTY; borrowed
} fc_order;

// A place in an order: that of a row, or where a page of an answer ended. Borrows from what it was made of.
typedef struct fc_order_key {
    bool has_time;
    int64_t time_us;
    fc_value value;
    fc_feature_id id;
} fc_order_key;

fc_order_key fc_view_order_key(const fc_view *view, const fc_order *order, uint32_t position);
// Negative, zero or positive; zero only for equal ids.
int fc_order_compare(const fc_order *order, const fc_order_key *a, const fc_order_key *b);

// Gathers rows of one view, and then has them in order: the first `limit` of those after `after` (NULL: of all).
// THREADS: one at a time. OWNERSHIP: borrows view, order and `after` to its end. COST: 24 bytes a row that it
// keeps (at most `limit`).
typedef struct fc_sorter fc_sorter;
FC_MUST_USE fc_status fc_sorter_create(const fc_view *view, const fc_order *order, size_t limit,
                                       const fc_order_key *after, const fc_allocator *memory,
                                       fc_sorter **out);
void fc_sorter_destroy(fc_sorter *sorter); // may be NULL
// REQUIRES: no step was made. COST: O(count log limit).
FC_MUST_USE fc_status fc_sorter_add(fc_sorter *sorter, const uint32_t *positions, size_t count);
// Goes on with sorting, by moves of about `budget` rows, so that a caller can give up in between.
FC_MUST_USE fc_status fc_sorter_step(fc_sorter *sorter, size_t budget, bool *out_done);
// Appends the rows in order. REQUIRES: a step said that it was done.
FC_MUST_USE fc_status fc_sorter_take(const fc_sorter *sorter, fc_positions *out);
#endif
