// Opening, appending, and what the log says of itself.
#include "log.h"

#include <string.h>

#include "log_internal.h"

// Reserves room for a group that ends at `needed`: with `step` a larger one when the disk has it,
// so that most commits make no extra call. REQUIRES: appender, mutex held; returns with it held.
static fc_status reserve(fc_log *log, uint64_t needed, uint64_t step, fc_detail *detail) {
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    uint64_t from = log->reserved_end;
    uint64_t target = from + step;
    if (target > fc_log_file_bytes(log)) target = fc_log_file_bytes(log);
    if (target < needed) target = needed;
    log->reserving = true;
    fc_log_unlock(log);
    fc_status status = fc_log_disk_reserve(log->disk, log->file, name, from, target - from, detail);
    if (status == FC_STATUS_NO_SPACE && target > needed) {
        target = needed;
        status = fc_log_disk_reserve(log->disk, log->file, name, from, target - from, detail);
    }
    fc_log_lock(log);
    log->reserving = false;
    if (status == FC_STATUS_OK) log->reserved_end = target;
    log->options.os->condition_broadcast(log->options.os->context, log->reserved);
    return status;
}

// One step towards room for a group of `length` bytes that ends at `needed`. As reserve.
static fc_status reserve_or_fill(fc_log *log, uint64_t needed, uint64_t length, fc_detail *detail) {
    const fc_os *os = log->options.os;
    if (log->reserving) {
        os->condition_wait(os->context, log->reserved, log->mutex, UINT64_MAX);
        return FC_STATUS_OK;
    }
    if (fc_log_direct_is_untried(log)) return reserve(log, needed, 0, detail);
    if (length > FC_LOG_DIRECT_BYTES_MAX || !fc_log_direct_can_fill(log))
        return reserve(log, needed, FC_LOG_RESERVE_STEP_BYTES, detail);
    fc_log_direct_fill(log);
    return FC_STATUS_OK;
}

// Makes sure that the drafted block has its place in the file and in memory. Returns with the
// mutex held, whatever it returns.
static fc_status make_room(fc_log *log, fc_detail *detail) {
    uint64_t block_bytes = log->draft.length - FC_GROUP_HEADER_BYTES;
    fc_log_lock(log);
    for (;;) {
        if (log->poisoned) return fc_log_fail_poisoned(log, detail);
        fc_status status = FC_STATUS_OK;
        if (log->manifest.clean_number != 0) {
            status = fc_log_remove_mark(log, detail);
            if (status != FC_STATUS_OK) return status;
            continue;
        }
        bool is_first = log->pending_count == 0;
        uint64_t bytes = is_first ? FC_GROUP_HEADER_BYTES : log->pending.length;
        uint64_t needed = log->end + fc_log_group_length(log, bytes + block_bytes);
        bool is_empty = is_first && log->end == log->file_header.alignment;
        if (needed > fc_log_file_bytes(log) && !is_empty) {
            status = fc_log_rotate(
                log, fc_log_group_length(log, FC_GROUP_HEADER_BYTES + block_bytes), detail);
            if (status != FC_STATUS_OK) return status;
            continue;
        }
        if (needed > log->reserved_end) {
            status = reserve_or_fill(log, needed, needed - log->end, detail);
            if (status != FC_STATUS_OK) return status;
            continue;
        }
        if (fc_log_direct_is_untried(log)) {
            fc_log_unlock(log);
            status = fc_log_direct_begin(log, detail);
            fc_log_lock(log);
            if (status != FC_STATUS_OK) return status;
            continue;
        }
        // Padding too: a flight allocates nothing.
        if (is_first) return FC_STATUS_OK;
        status = fc_buffer_reserve(&log->pending, (size_t)block_bytes + log->file_header.alignment);
        if (status != FC_STATUS_OK) fc_fail(detail, status, "no memory to enqueue a block");
        return status;
    }
}

// REQUIRES: appender, mutex held, room made. Cannot fail.
static void enqueue(fc_log *log, const fc_block_header *header) {
    if (log->pending_count == 0) {
        fc_buffer empty = log->pending;
        log->pending = log->draft;
        log->draft = empty;
        log->pending_first = header->sequence;
    } else {
        size_t length = log->draft.length - FC_GROUP_HEADER_BYTES;
        memcpy(log->pending.data + log->pending.length, log->draft.data + FC_GROUP_HEADER_BYTES,
               length);
        log->pending.length += length;
    }
    log->pending_count++;
    log->last_sequence = header->sequence;
    log->last_id = header->id;
}

// The block, with room for a group's header before it and its padding behind it.
static fc_status encode_draft(fc_log *log, const fc_block_draft *draft, fc_block_header *header,
                              fc_detail *detail) {
    if (draft->payload.length > FC_PAYLOAD_LENGTH_MAX)
        return fc_fail(detail, FC_STATUS_TOO_LARGE,
                       "a transaction's payload of %llu bytes is larger than 1 GiB",
                       (unsigned long long)draft->payload.length);
    *header = (fc_block_header){
        .operation_count = draft->operation_count,
        .sequence = log->last_sequence + 1,
        .wall_time_us = draft->wall_time_us,
        .previous_id = log->last_id,
        .row_count = draft->row_count,
    };
    memcpy(header->store_id, log->file_header.store_id, 16);
    if (log->draft.capacity > FC_LOG_BUFFER_BYTES_KEPT) fc_buffer_deinit(&log->draft);
    fc_buffer_clear(&log->draft);
    fc_status status = fc_buffer_append_zeros(&log->draft, FC_GROUP_HEADER_BYTES);
    if (status == FC_STATUS_OK)
        status = fc_block_encode(header, draft->payload, log->options.compress, &log->draft);
    if (status == FC_STATUS_OK) status = fc_buffer_reserve(&log->draft, log->file_header.alignment);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory to encode a block");
    return FC_STATUS_OK;
}

fc_status fc_log_append(fc_log *log, const fc_block_draft *draft, fc_block_header *out_header,
                        fc_detail *detail) {
    fc_detail own_detail;
    if (detail == NULL) detail = &own_detail;
    if (fc_log_is_read_only(log))
        return fc_fail(detail, FC_STATUS_READ_ONLY, "the store was opened read-only");
    fc_block_header header;
    fc_status status = encode_draft(log, draft, &header, detail);
    if (status != FC_STATUS_OK) return status;
    status = make_room(log, detail);
    if (status != FC_STATUS_OK) {
        fc_log_unlock(log);
        return status;
    }
    enqueue(log, &header);
    fc_log_direct_ask(log);
    *out_header = header;
    bool gathers = log->options.durability != FC_DURABILITY_FULL;
    fc_log_unlock(log);
    if (!gathers) return FC_STATUS_OK;
    if (log->options.publish != NULL) log->options.publish(log->options.context, header.sequence);
    fc_log_lock(log);
    fc_log_gather(log);
    fc_log_unlock(log);
    return FC_STATUS_OK;
}

fc_log_state fc_log_read_state(fc_log *log) {
    fc_log_lock(log);
    fc_log_state state = log->counters;
    memcpy(state.store_id, log->manifest.store_id, 16);
    state.last_sequence = log->last_sequence;
    state.durable_sequence = log->durable_sequence;
    state.last_id = log->last_id;
    state.is_poisoned = log->poisoned;
    state.is_direct = log->direct.file != NULL;
    state.is_read_only = fc_log_is_read_only(log);
    state.poison_error = log->poison_error;
    state.file_number = log->file_header.number;
    state.file_offset = log->end;
    fc_log_unlock(log);
    return state;
}

static fc_status create_locks(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_status status = os->mutex_create(os->context, &log->mutex);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &log->idle);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &log->landed[0]);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &log->landed[1]);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &log->gather);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &log->reserved);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &log->direct.wanted);
    return status;
}

fc_status fc_log_open(const fc_log_options *options, fc_log **out, fc_detail *detail) {
    fc_detail own_detail;
    if (detail == NULL) detail = &own_detail;
    const fc_allocator *memory = &options->os->memory;
    fc_log *log = fc_allocate_cleared(memory, 1, sizeof *log);
    if (log == NULL) return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory to open the log");
    log->options = *options;
    log->disk = (fc_log_disk){options->os, options->directory};
    fc_buffer_init(&log->draft, memory);
    fc_buffer_init(&log->pending, memory);
    fc_buffer_init(&log->flying, memory);
    fc_manifest_init(&log->manifest, memory);
    fc_status status = create_locks(log);
    if (status != FC_STATUS_OK) {
        fc_fail(detail, status, "no memory for the log's locks");
    } else {
        switch (options->access) {
        case FC_ACCESS_READ_WRITE:
            status = fc_log_open_read_write(log, detail);
            break;
        case FC_ACCESS_READ_ONLY:
            status = fc_log_open_read_only(log, detail);
            break;
        case FC_ACCESS_READ_ONLY_PREFIX:
            status = fc_log_open_prefix(log, detail);
            break;
        }
    }
    if (status == FC_STATUS_OK) status = fc_log_start_gathering(log, detail);
    if (status != FC_STATUS_OK) {
        fc_log_release(log);
        return status;
    }
    *out = log;
    return FC_STATUS_OK;
}
