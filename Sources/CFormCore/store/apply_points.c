// Append, replace and delete of series points. Points appended a few at a time to one series are
// gathered into one batch operation: in memory at once, in the payload when another operation
// comes, at commit, or when the batch is large enough.
#include <stdlib.h>

#include "../base/bytes.h"
#include "../format/block.h"
#include "store_internal.h"

#define PENDING_POINTS_FIRST 64
#define PENDING_POINTS_MAX 65536
#define DIRECT_POINTS_MIN 1024 // batches of this size are encoded without gathering

// What a batch of this many points may take in the payload, at most, with its header.
static uint64_t batch_bound(uint64_t point_count, uint64_t field_count, uint64_t metadata_bytes) {
    return FC_OPERATION_HEADER_BYTES + 16 + 8 * (field_count + 2) +
           point_count * 8 * (field_count + 1) + point_count * 4 + metadata_bytes + 64;
}

static fc_status check_room(const fc_transaction *transaction, uint64_t bytes) {
    const fc_operation_writer *writer = &transaction->store->operation_writer;
    const fc_pending_points *pending = &transaction->pending;
    const uint64_t used =
        writer->payload.length + writer->runs.length + writer->provenances.length +
        (pending->count > 0 ? batch_bound(pending->count, pending->field_count, 0) : 0);
    return used + bytes <= FC_PAYLOAD_LENGTH_MAX ? FC_STATUS_OK : FC_STATUS_TOO_LARGE;
}

static fc_status encode_batch(fc_transaction *transaction, const fc_entry *series,
                              const fc_points *points, uint32_t provenance) {
    fc_operation_writer *writer = &transaction->store->operation_writer;
    fc_status status = fc_operation_begin(writer, FC_OPERATION_APPEND, series->id);
    if (status != FC_STATUS_OK) return status;
    status = fc_batch_encode(points, &writer->payload);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    return fc_operation_end(writer, provenance);
}

// ---- Gathering ---------------------------------------------------------------------------------

void fc_pending_deinit(fc_transaction *transaction) {
    fc_pending_points *pending = &transaction->pending;
    const fc_allocator *memory = &transaction->store->os->memory;
    memory->release(memory->context, pending->allocation, pending->allocation_size);
    *pending = (fc_pending_points){0};
}

fc_status fc_flush_pending(fc_transaction *transaction) {
    fc_pending_points *pending = &transaction->pending;
    if (pending->count == 0) return FC_STATUS_OK;
    const double *fields[FC_SERIES_FIELDS_MAX];
    for (uint32_t field = 0; field < pending->field_count; field++)
        fields[field] = pending->values + field * pending->capacity;
    const fc_points points = {.point_count = (uint32_t)pending->count,
                              .field_count = pending->field_count,
                              .times_us = pending->times_us,
                              .fields = fields};
    const fc_status status =
        encode_batch(transaction, pending->entry, &points, pending->provenance);
    if (status == FC_STATUS_OK) pending->count = 0;
    return status;
}

// Room for `additional` points of the series; the columns keep what they hold.
static fc_status reserve_pending(fc_transaction *transaction, uint32_t field_count,
                                 size_t additional) {
    fc_pending_points *pending = &transaction->pending;
    if (pending->field_count == field_count && pending->capacity - pending->count >= additional)
        return FC_STATUS_OK;
    size_t capacity = PENDING_POINTS_FIRST;
    while (capacity < pending->count + additional)
        capacity *= 2;
    const size_t size = capacity * 8 * (field_count + 1);
    const fc_allocator *memory = &transaction->store->os->memory;
    uint8_t *allocation = memory->allocate(memory->context, size);
    if (!allocation) return FC_STATUS_OUT_OF_MEMORY;
    int64_t *times = (int64_t *)(void *)allocation;
    double *values = (double *)(void *)(allocation + capacity * 8);
    if (pending->count > 0) { // then the field count is the same
        memcpy(times, pending->times_us, pending->count * 8);
        for (uint32_t field = 0; field < field_count; field++)
            memcpy(values + field * capacity, pending->values + field * pending->capacity,
                   pending->count * 8);
    }
    memory->release(memory->context, pending->allocation, pending->allocation_size);
    pending->allocation = allocation;
    pending->allocation_size = size;
    pending->times_us = times;
    pending->values = values;
    pending->capacity = capacity;
    pending->field_count = field_count;
    return FC_STATUS_OK;
}

static fc_status append_gathered(const fc_apply_call *call, fc_entry *series,
                                 const fc_points *points) {
    fc_transaction *transaction = call->transaction;
    fc_pending_points *pending = &transaction->pending;
    fc_status status = FC_STATUS_OK;
    if (pending->count > 0 &&
        (pending->entry != series || pending->provenance != call->operation->provenance ||
         pending->count + points->point_count > PENDING_POINTS_MAX))
        status = fc_flush_pending(transaction);
    if (status == FC_STATUS_OK)
        status = reserve_pending(transaction, series->field_count, points->point_count);
    if (status == FC_STATUS_OK)
        status = fc_effect_append(transaction->store, series, points, transaction->sequence);
    if (status != FC_STATUS_OK) return status;
    const size_t bytes = points->point_count * sizeof(double);
    memcpy(pending->times_us + pending->count, points->times_us, bytes);
    for (uint32_t field = 0; field < series->field_count; field++)
        memcpy(pending->values + field * pending->capacity + pending->count, points->fields[field],
               bytes);
    pending->entry = series;
    pending->provenance = call->operation->provenance;
    pending->count += points->point_count;
    return FC_STATUS_OK;
}

static fc_status append_directly(const fc_apply_call *call, fc_entry *series,
                                 const fc_points *points) {
    fc_transaction *transaction = call->transaction;
    fc_operation_writer *writer = &transaction->store->operation_writer;
    fc_status status = fc_flush_pending(transaction);
    if (status != FC_STATUS_OK) return status;
    const fc_operation_mark mark = fc_operation_writer_mark(writer);
    status = encode_batch(transaction, series, points, call->operation->provenance);
    if (status != FC_STATUS_OK) return status;
    status = fc_effect_append(transaction->store, series, points, transaction->sequence);
    if (status != FC_STATUS_OK) fc_operation_writer_restore(writer, &mark);
    return status;
}

// ---- The operations ----------------------------------------------------------------------------

static fc_status check_metadata(const fc_apply_call *call, const fc_points *points) {
    if (!points->metadata_ends) return FC_STATUS_OK;
    uint32_t start = 0;
    for (uint32_t index = 0; index < points->point_count; index++) {
        const uint32_t end = points->metadata_ends[index];
        if (end < start)
            return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT, "metadata ends go backwards");
        const fc_bytes cbor = {points->metadata + start, end - start};
        if (cbor.length > 0) {
            const fc_status status = fc_cbor_check(cbor, true, call->detail);
            if (status != FC_STATUS_OK) return status;
        }
        start = end;
    }
    return FC_STATUS_OK;
}

static fc_status check_points(const fc_apply_call *call, const fc_entry *series) {
    const fc_points *points = call->operation->points;
    if (!points || points->point_count > FC_BATCH_POINTS_MAX)
        return fc_fail(call->detail, FC_STATUS_TOO_LARGE, "at most %u points fit one operation",
                       FC_BATCH_POINTS_MAX);
    if (points->field_count != series->field_count)
        return fc_fail(call->detail, FC_STATUS_FIELD_MISMATCH,
                       "the points have %u fields, the series has %u", points->field_count,
                       series->field_count);
    const uint64_t metadata = points->metadata_ends && points->point_count > 0
                                  ? points->metadata_ends[points->point_count - 1]
                                  : 0;
    const fc_status status = check_room(
        call->transaction, batch_bound(points->point_count, points->field_count, metadata));
    if (status != FC_STATUS_OK)
        return fc_fail(call->detail, status, "a transaction holds at most 1 GiB");
    return check_metadata(call, points);
}

static fc_status append(const fc_apply_call *call, fc_entry *series) {
    const fc_points *points = call->operation->points;
    if (points->point_count == 0) return FC_STATUS_OK;
    const bool directly = points->metadata_ends || points->point_count >= DIRECT_POINTS_MIN;
    const fc_status status =
        directly ? append_directly(call, series, points) : append_gathered(call, series, points);
    if (status == FC_STATUS_OK) call->out->count = points->point_count;
    return status;
}

fc_status fc_apply_append(const fc_apply_call *call) {
    fc_entry *series = fc_apply_target(call, FC_TARGET_SERIES);
    if (!series) return FC_STATUS_NOT_FOUND;
    const fc_status status = check_points(call, series);
    return status == FC_STATUS_OK ? append(call, series) : status;
}

static fc_status encode_tombstone(const fc_apply_call *call, const fc_entry *series,
                                  const fc_time_range *range) {
    fc_store *store = call->transaction->store;
    fc_operation_writer *writer = &store->operation_writer;
    fc_status status = fc_operation_begin(writer, FC_OPERATION_TOMBSTONE, series->id);
    if (status != FC_STATUS_OK) return status;
    uint8_t body[32] = {0};
    fc_store_i64(body, range->start_us);
    fc_store_i64(body + 8, range->end_us);
    fc_store_u32(body + 16, range->end_is_open ? 1 : 0);
    fc_store_u64(body + 24, store->next_row_id);
    status = fc_buffer_append(&writer->payload, body, sizeof body);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    return fc_operation_end(writer, call->operation->provenance);
}

// Logs and does one tombstone, unless nothing lies in the range. `range` has a definite start.
static fc_status delete_range(const fc_apply_call *call, fc_entry *series,
                              const fc_time_range *range) {
    fc_transaction *transaction = call->transaction;
    fc_operation_writer *writer = &transaction->store->operation_writer;
    const fc_operation_mark mark = fc_operation_writer_mark(writer);
    fc_status status = encode_tombstone(call, series, range);
    if (status != FC_STATUS_OK) return status;
    uint64_t count = 0;
    status = fc_effect_tombstone(transaction->store, series, range, transaction->sequence, &count);
    if (status != FC_STATUS_OK || count == 0) fc_operation_writer_restore(writer, &mark);
    if (status == FC_STATUS_OK) call->out->count += count;
    return status;
}

fc_status fc_apply_delete_points(const fc_apply_call *call) {
    fc_entry *series = fc_apply_target(call, FC_TARGET_SERIES);
    if (!series) return FC_STATUS_NOT_FOUND;
    fc_time_range range = call->operation->range;
    if (range.start_is_open) {
        range.start_is_open = false;
        range.start_us = INT64_MIN;
    }
    if (range.end_is_open) range.end_us = INT64_MAX;
    if (!range.end_is_open && range.end_us <= range.start_us) return FC_STATUS_OK;
    return delete_range(call, series, &range);
}

static int compare_times(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

fc_status fc_apply_replace_points(const fc_apply_call *call) {
    fc_transaction *transaction = call->transaction;
    fc_entry *series = fc_apply_target(call, FC_TARGET_SERIES);
    if (!series) return FC_STATUS_NOT_FOUND;
    fc_status status = check_points(call, series);
    if (status != FC_STATUS_OK) return status;
    const fc_points *points = call->operation->points;
    const fc_allocator *memory = &transaction->store->os->memory;
    const size_t size = points->point_count * sizeof(int64_t);
    if (size == 0) return FC_STATUS_OK;
    int64_t *times = memory->allocate(memory->context, size);
    if (!times) return FC_STATUS_OUT_OF_MEMORY;
    memcpy(times, points->times_us, size);
    qsort(times, points->point_count, sizeof *times, compare_times);
    for (uint32_t i = 0; i < points->point_count && status == FC_STATUS_OK; i++) {
        if (i > 0 && times[i] == times[i - 1]) continue;
        const bool is_last_instant = times[i] == INT64_MAX;
        const fc_time_range instant = {.start_us = times[i],
                                       .end_us = is_last_instant ? INT64_MAX : times[i] + 1,
                                       .end_is_open = is_last_instant};
        status = delete_range(call, series, &instant);
    }
    memory->release(memory->context, times, size);
    const uint64_t deleted = call->out->count;
    if (status == FC_STATUS_OK) status = append(call, series);
    // Tombstones that already fell cannot be taken back one by one.
    if (status != FC_STATUS_OK && deleted > 0) transaction->doomed = status;
    return status;
}
