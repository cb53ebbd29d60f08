// Conditions on properties, tested on the rows of a view.
// THREADS: any; a predicate may be shared. REQUIRES: positions that the view returned.
#ifndef FC_INDEX_VIEW_FILTER_H
#define FC_INDEX_VIEW_FILTER_H

#include "../codec/predicate.h"
#include "memtable.h"

// Keeps the positions, in their order, whose properties make the predicate true.
// COST: a test each; records are loaded into the cache ahead.
void fc_view_filter(const fc_view *view, const fc_predicate *predicate, fc_positions *in_out);
// Whether the row at `position` does.
bool fc_view_meets(const fc_view *view, const fc_predicate *predicate, uint32_t position);
#endif
