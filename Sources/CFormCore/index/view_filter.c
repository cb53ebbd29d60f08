#include "view_filter.h"

enum { AHEAD = 16 }; // rows whose records are on their way while one is tested

static bool meets(const fc_view *view, const fc_predicate *predicate, uint32_t position,
                  fc_predicate_hints *hints) {
    fc_record record;
    fc_record_read(fc_view_record(view, position).data, &record);
    return fc_predicate_meets(predicate, record.properties, hints);
}

static void prefetch(const fc_view *view, const fc_positions *positions, size_t start) {
    if (start >= positions->count) return;
    size_t count = positions->count - start;
    fc_view_prefetch(view, positions->data + start, count < AHEAD ? count : AHEAD);
}

void fc_view_filter(const fc_view *view, const fc_predicate *predicate, fc_positions *in_out) {
    fc_predicate_hints hints = {0};
    size_t kept = 0;
    prefetch(view, in_out, 0);
    for (size_t i = 0; i < in_out->count; i++) {
        if (i % AHEAD == 0) prefetch(view, in_out, i + AHEAD);
        uint32_t position = in_out->data[i];
        in_out->data[kept] = position; // without a branch that could be mispredicted
        kept += meets(view, predicate, position, &hints);
    }
    in_out->count = kept;
}

bool fc_view_meets(const fc_view *view, const fc_predicate *predicate, uint32_t position) {
    fc_predicate_hints hints = {0};
    return meets(view, predicate, position, &hints);
}
