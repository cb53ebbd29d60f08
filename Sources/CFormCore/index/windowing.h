// Which window an instant lies in: windows of one length from an origin, or between rising edges.
//
// THREADS: immutable once made. OWNERSHIP: borrows the edges.
#ifndef FC_INDEX_WINDOWING_H
#define FC_INDEX_WINDOWING_H

#include "../base/memory.h"

typedef struct fc_windowing {
    int64_t length_us, origin_us; // when `edges` is NULL; length_us > 0
    const int64_t *edges;         // window i is [edges[i], edges[i + 1])
    size_t edge_count;            // >= 2
    uint64_t reciprocal;          // floor((2^64 - 1) / length_us)
} fc_windowing;

// False for what is no windowing: no length, fewer than two edges, edges that don't rise.
bool fc_windowing_init(fc_windowing *windowing, int64_t length_us, int64_t origin_us,
                       const int64_t *edges, size_t edge_count);

// dividend / length_us by a multiplication. The reciprocal is short of 2^64 / length_us by at most 1, so the estimate
// of the quotient by less than 1 before it is cut, and by at most 1 then.
static inline uint64_t fc_windowing_divide(const fc_windowing *windowing, uint64_t dividend) {
    uint64_t length = (uint64_t)windowing->length_us;
    uint64_t quotient = (uint64_t)(((unsigned __int128)dividend * windowing->reciprocal) >> 64);
    return quotient + (dividend - quotient * length >= length);
}

// A window and where it lies, both ends included, clipped to 64 bits.
typedef struct fc_window_place {
    int64_t number; // counted from the origin, or the index of its first edge
    int64_t first_us, last_us;
} fc_window_place;
// False when the instant lies outside all edges. COST: O(1) by length, a binary search by edges.
bool fc_windowing_find(const fc_windowing *windowing, int64_t time_us, fc_window_place *out);
#endif
