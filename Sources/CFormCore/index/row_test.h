// Which rows, side by side in the columns, a view sees and a question matches: 64 at a time, as bits.
// THREADS: a reader's.
#ifndef FC_INDEX_ROW_TEST_H
#define FC_INDEX_ROW_TEST_H

#include "memtable_internal.h"

// What most rows can be told by, without turns of 360 degrees. A row whose box lies within ±180 and does not
// cross matches a box that lies strictly within them if and only if it does so in the plane.
typedef struct fc_plain_box {
    bool is_usable;
    double west, south, east, north;
} fc_plain_box;

// A walk over the rows of [next, end).
typedef struct fc_row_walk {
    const fc_view *view;
    fc_probe probe;
    fc_plain_box plain;
    uint32_t next, end;
} fc_row_walk;

typedef struct fc_row_block {
    const fc_chunk *chunk;
    uint32_t first; // a multiple of 64
    uint64_t rows;  // bit i: row first + i is seen and matches
} fc_row_block;

// `question` may be NULL; `end` is cut to the rows that the view sees.
void fc_row_walk_init(fc_row_walk *walk, const fc_view *view, const fc_question *question,
                      uint32_t first, uint32_t end);
// False at the end. Blocks without a matching row come too, those of freed chunks don't.
// COST: without a box about 0.5 ns a row, with one 1 to 2.
bool fc_row_walk_next(fc_row_walk *walk, fc_row_block *out);
// Those of the block's rows that have a time.
uint64_t fc_row_walk_timed(const fc_row_walk *walk, const fc_row_block *block);

// Loads eight bytes a row of what comes 256 rows after `values`, which are 64 rows of a chunk from `row` on: what
// the machine loads ahead by itself ends with each page, every 512 rows (a sixth of a walk over a column).
static inline void fc_prefetch_rows(const void *values, uint32_t row) {
    if (row + 320 > FC_CHUNK_ROWS) return;
    const char *ahead = (const char *)values + 256 * 8;
    for (unsigned i = 0; i < 512; i += 64)
        __builtin_prefetch(ahead + i);
}
#endif
