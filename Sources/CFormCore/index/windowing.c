#include "windowing.h"

bool fc_windowing_init(fc_windowing *windowing, int64_t length_us, int64_t origin_us,
                       const int64_t *edges, size_t edge_count) {
    *windowing = (fc_windowing){length_us, origin_us, edges, edge_count, 0};
    if (edges == NULL) {
        if (length_us <= 0) return false;
        windowing->reciprocal = UINT64_MAX / (uint64_t)length_us;
        return true;
    }
    if (edge_count < 2) return false;
    for (size_t i = 1; i < edge_count; i++)
        if (edges[i] <= edges[i - 1]) return false;
    return true;
}

static bool find_fixed(const fc_windowing *windowing, int64_t time_us, fc_window_place *out) {
    // The distance fits 64 bits without a sign; the number of a window fits with one, unless it is of 1 µs and
    // farther than 2^63 away, where the number is clipped.
    bool is_before = time_us < windowing->origin_us;
    uint64_t distance = is_before ? (uint64_t)windowing->origin_us - (uint64_t)time_us - 1
                                  : (uint64_t)time_us - (uint64_t)windowing->origin_us;
    uint64_t quotient = fc_windowing_divide(windowing, distance);
    if (quotient > INT64_MAX) return false;
    out->number = is_before ? -1 - (int64_t)quotient : (int64_t)quotient;
    __int128 first = (__int128)out->number * windowing->length_us + windowing->origin_us;
    __int128 last = first + windowing->length_us - 1;
    out->first_us = first < INT64_MIN ? INT64_MIN : (int64_t)first;
    out->last_us = last > INT64_MAX ? INT64_MAX : (int64_t)last;
    return true;
}

bool fc_windowing_find(const fc_windowing *windowing, int64_t time_us, fc_window_place *out) {
    if (windowing->edges == NULL) return find_fixed(windowing, time_us, out);
    const int64_t *edges = windowing->edges;
    size_t low = 0, high = windowing->edge_count - 1;
    if (time_us < edges[0] || time_us >= edges[high]) return false;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (edges[middle] <= time_us)
            low = middle;
        else
            high = middle;
    }
    *out = (fc_window_place){(int64_t)low, edges[low], edges[low + 1] - 1};
    return true;
}
