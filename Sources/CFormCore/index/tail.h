// The tail: the newest rows as unsorted lanes, scanned from end to end. Row i of the tail is at
// position `first` + i, whether it has a box or not.
// THREADS: the writer appends; a reader looks at the rows that its view's limit admits, no further.
#ifndef FC_INDEX_TAIL_H
#define FC_INDEX_TAIL_H

#include "arena.h"

typedef struct fc_tail {
    uint32_t first, count, capacity;
    uint32_t references; // of versions; guarded by their mutex
    // Six lanes of `capacity` floats, as in a tree: NaN where there is no box, +infinity where
    // there is no time. The last two are written only in a timed table.
    float *lanes;
} fc_tail;

fc_tail *fc_tail_allocate(fc_arena *arena, uint32_t first, uint32_t capacity);
void fc_tail_release(fc_arena *arena, fc_tail *tail); // may be NULL
static inline float *fc_tail_lane(const fc_tail *tail, unsigned lane) {
    return tail->lanes + (size_t)tail->capacity * lane;
}
#endif
