// How many rows start in each window: rows of a view, straight from the column of times.
#ifndef FC_INDEX_WINDOW_COUNTS_H
#define FC_INDEX_WINDOW_COUNTS_H

#include "row_test.h"
#include "windowing.h"

enum { FC_WINDOW_COUNTS_MAX = 1 << 20 };

// Windows first … first + count - 1. OWNERSHIP: deinit releases `rows`.
typedef struct fc_window_counts {
    const fc_allocator *memory;
    int64_t first;
    size_t count;
    uint32_t *rows;
} fc_window_counts;

// Counts the rows of a walk that have a time; a start before `from_us` counts as that, and an open one not at all.
// *out_fits false (and nothing counted) when the rows span more than FC_WINDOW_COUNTS_MAX windows.
// `is_cancelled` (may be NULL) is asked every 65,536 rows: FC_STATUS_CANCELLED. THREADS: a reader's.
// COST: a walk over the column, two where trees and question leave it open how far the times reach.
FC_MUST_USE fc_status fc_window_counts_init(fc_window_counts *counts, const fc_row_walk *rows,
                                            const fc_windowing *windowing, int64_t from_us,
                                            bool (*is_cancelled)(void *context),
                                            void *cancel_context, bool *out_fits);
void fc_window_counts_deinit(fc_window_counts *counts);
#endif
