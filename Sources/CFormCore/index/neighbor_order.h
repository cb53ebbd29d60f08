// The order of the nearest: by distance, and of equal distances by id.
#ifndef FC_INDEX_NEIGHBOR_ORDER_H
#define FC_INDEX_NEIGHBOR_ORDER_H

#include "memtable_internal.h"

// Puts the first `wanted` of `count` in front, in order; what follows them is of no use any more.
void fc_neighbors_sort(const fc_columns *columns, fc_neighbor *data, size_t count, size_t wanted);

#endif
