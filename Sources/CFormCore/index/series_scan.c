// Handing out points: lent in stretches, or copied.
#include <string.h>

#include "series_internal.h"

#define SCRATCH_POINTS 1024u
// Shorter spans go through the scratch buffer when something late or deleted is near.
#define DIRECT_POINTS 128u
#define FIELDS_ON_STACK 16u

typedef struct scan {
    const fc_series_view *view;
    bool (*visit)(void *visitor, const fc_stretch *stretch);
    void *visitor;
    bool backwards;
    const double **fields; // field_count pointers for the stretch that is lent
    size_t gathered;       // points in the scratch columns below
    int64_t *times_us;     // NULL until needed
    double *values;
    fc_bytes *metadata;
} scan;

static size_t scratch_size(const fc_series_view *view) {
    size_t point = 8 + 8 * (size_t)view->field_count + (view->has_metadata ? sizeof(fc_bytes) : 0);
    return SCRATCH_POINTS * point;
}

static bool scratch_need(scan *scan) {
    const fc_series_view *view = scan->view;
    if (scan->times_us != NULL) return true;
    uint8_t *scratch = fc_series_allocate(view->series, scratch_size(view));
    if (scratch == NULL) return false;
    scan->times_us = (int64_t *)(void *)scratch;
    scan->values = (double *)(void *)(scan->times_us + SCRATCH_POINTS);
    if (view->has_metadata)
        scan->metadata =
            (fc_bytes *)(void *)(scan->values + SCRATCH_POINTS * (size_t)view->field_count);
    return true;
}

// Lends what is gathered; false when the visitor wants no more.
static bool scratch_flush(scan *scan) {
    if (scan->gathered == 0) return true;
    for (size_t f = 0; f < scan->view->field_count; f++)
        scan->fields[f] = scan->values + f * SCRATCH_POINTS;
    fc_stretch stretch = {scan->gathered, scan->times_us, scan->fields, scan->metadata};
    scan->gathered = 0;
    return scan->visit(scan->visitor, &stretch);
}

static bool lend(scan *scan, const fc_series_span *span) {
    const fc_series_block *block = span->block;
    for (size_t f = 0; f < scan->view->field_count; f++)
        scan->fields[f] = block->values + f * block->capacity + span->from;
    const fc_bytes *metadata = scan->view->has_metadata ? fc_series_block_metadata(block) : NULL;
    fc_stretch stretch = {span->count, block->times_us + span->from, scan->fields,
                          metadata != NULL ? metadata + span->from : NULL};
    return scan->visit(scan->visitor, &stretch);
}

static void reverse_times(int64_t *to, const int64_t *from, size_t count) {
    for (size_t i = 0; i < count; i++)
        to[i] = from[count - 1 - i];
}

static void reverse_values(double *to, const double *from, size_t count) {
    for (size_t i = 0; i < count; i++)
        to[i] = from[count - 1 - i];
}

static void gather_metadata(scan *scan, const fc_series_block *block, size_t from, size_t count) {
    const fc_bytes *metadata = fc_series_block_metadata(block);
    fc_bytes *to = scan->metadata + scan->gathered;
    for (size_t i = 0; i < count; i++) {
        size_t position = scan->backwards ? from + count - 1 - i : from + i;
        to[i] = metadata != NULL ? metadata[position] : (fc_bytes){NULL, 0};
    }
}

// Copies `count` points from position `from` on into the scratch columns, in the scan's direction.
static void gather(scan *scan, const fc_series_block *block, size_t from, size_t count) {
    size_t at = scan->gathered;
    if (scan->backwards)
        reverse_times(scan->times_us + at, block->times_us + from, count);
    else
        memcpy(scan->times_us + at, block->times_us + from, count * sizeof(int64_t));
    for (size_t f = 0; f < scan->view->field_count; f++) {
        double *to = scan->values + f * SCRATCH_POINTS + at;
        const double *values = block->values + f * block->capacity + from;
        if (scan->backwards)
            reverse_values(to, values, count);
        else
            memcpy(to, values, count * sizeof(double));
    }
    if (scan->metadata != NULL) gather_metadata(scan, block, from, count);
    scan->gathered += count;
}

// *out_goes_on false when the visitor wants no more.
static fc_status scan_span(scan *scan, fc_series_span *span, bool *out_goes_on) {
    bool is_direct = span->is_direct || span->count >= DIRECT_POINTS;
    if (is_direct && !scan->backwards) {
        *out_goes_on = scratch_flush(scan) && lend(scan, span);
        return FC_STATUS_OK;
    }
    if (!scratch_need(scan)) return FC_STATUS_OUT_OF_MEMORY;
    while (span->count > 0) {
        size_t room = SCRATCH_POINTS - scan->gathered;
        size_t count = span->count < room ? span->count : room;
        size_t from = scan->backwards ? span->from + span->count - count : span->from;
        gather(scan, span->block, from, count);
        span->count -= count;
        if (!scan->backwards) span->from += count;
        if (scan->gathered == SCRATCH_POINTS && !scratch_flush(scan)) {
            *out_goes_on = false;
            return FC_STATUS_OK;
        }
    }
    *out_goes_on = true;
    return FC_STATUS_OK;
}

// Without late points and deletes: chunk by chunk.
static void scan_plain(scan *scan, int64_t from_us, int64_t to_us) {
    const fc_series_order *order = &scan->view->order;
    uint64_t from, to;
    fc_series_order_range(scan->view, from_us, to_us, &from, &to);
    while (from < to) {
        fc_series_part part = fc_series_order_part(order, from, to);
        fc_series_span span = {part.chunk, part.from, part.to - part.from, true};
        if (!lend(scan, &span)) return;
        from += span.count;
    }
}

static fc_status scan_merged(scan *scan, int64_t from_us, int64_t to_us) {
    fc_series_merge merge;
    fc_series_merge_init(&merge, scan->view, from_us, to_us, scan->backwards);
    fc_status status = FC_STATUS_OK;
    fc_series_span span;
    bool goes_on = true;
    while (goes_on && status == FC_STATUS_OK && fc_series_merge_next(&merge, &span))
        status = scan_span(scan, &span, &goes_on);
    if (status == FC_STATUS_OK && goes_on) (void)scratch_flush(scan);
    fc_series_free(scan->view->series, scan->times_us, scratch_size(scan->view));
    return status;
}

fc_status fc_series_scan(const fc_series_view *view, const fc_time_range *range, bool reversed,
                         bool (*visit)(void *visitor, const fc_stretch *stretch), void *visitor) {
    int64_t from_us, to_us;
    if (!fc_series_range_close(range, &from_us, &to_us)) return FC_STATUS_OK;
    const double *few[FIELDS_ON_STACK];
    scan scan = {
        .view = view, .visit = visit, .visitor = visitor, .backwards = reversed, .fields = few};
    size_t fields_size = view->field_count * sizeof *scan.fields;
    if (view->field_count > FIELDS_ON_STACK) {
        scan.fields = fc_series_allocate(view->series, fields_size);
        if (scan.fields == NULL) return FC_STATUS_OUT_OF_MEMORY;
    }
    fc_status status = FC_STATUS_OK;
    if (!reversed && view->late == NULL && view->deletes == 0)
        scan_plain(&scan, from_us, to_us);
    else
        status = scan_merged(&scan, from_us, to_us);
    if (scan.fields != few) fc_series_free(view->series, scan.fields, fields_size);
    return status;
}

// ---- Copying -----------------------------------------------------------------------------------

static void copy_span(const fc_series_view *view, const fc_series_span *span, size_t skip,
                      size_t count, size_t at, int64_t *out_times_us, double *const *out_fields) {
    const fc_series_block *block = span->block;
    size_t from = span->from + skip;
    if (out_times_us != NULL)
        memcpy(out_times_us + at, block->times_us + from, count * sizeof(int64_t));
    for (size_t f = 0; out_fields != NULL && f < view->field_count; f++) {
        if (out_fields[f] == NULL) continue;
        memcpy(out_fields[f] + at, block->values + f * block->capacity + from,
               count * sizeof(double));
    }
}

fc_status fc_series_copy(const fc_series_view *view, const fc_time_range *range, uint64_t skip,
                         size_t capacity, int64_t *out_times_us, double *const *out_fields,
                         size_t *out_count) {
    int64_t from_us, to_us;
    *out_count = 0;
    if (capacity == 0 || !fc_series_range_close(range, &from_us, &to_us)) return FC_STATUS_OK;
    fc_series_merge merge;
    fc_series_merge_init(&merge, view, from_us, to_us, false);
    if (view->late == NULL && view->deletes == 0) {
        uint64_t left = merge.end - merge.at;
        merge.at += skip < left ? skip : left;
        skip = 0;
    }
    size_t copied = 0;
    fc_series_span span;
    while (copied < capacity && fc_series_merge_next(&merge, &span)) {
        size_t skipped = skip < span.count ? (size_t)skip : span.count;
        skip -= skipped;
        size_t count = span.count - skipped;
        if (count > capacity - copied) count = capacity - copied;
        copy_span(view, &span, skipped, count, copied, out_times_us, out_fields);
        copied += count;
    }
    *out_count = copied;
    return FC_STATUS_OK;
}
