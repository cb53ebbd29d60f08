// Group commit. One flight at a time takes what is pending, writes it as one group and syncs it.
// A committing thread that finds nobody busy leads the next flight; the others wait for it, and
// what they have enqueued meanwhile becomes the flight after it.
#include <string.h>

#include "log_internal.h"

void fc_log_take_busy(fc_log *log) {
    const fc_os *os = log->options.os;
    log->idle_waiters++;
    while (log->busy)
        os->condition_wait(os->context, log->idle, log->mutex, UINT64_MAX);
    log->idle_waiters--;
    log->busy = true;
}

void fc_log_give_busy(fc_log *log) {
    const fc_os *os = log->options.os;
    log->busy = false;
    fc_condition *landed = log->landed[log->flight_number & 1];
    // One of those whose blocks are pending becomes the next leader: called first, the disk is idle.
    fc_condition *next =
        log->idle_waiters > 0 ? log->idle : log->landed[(log->flight_number + 1) & 1];
    // Called without the mutex: else each of them wakes only to wait for it.
    fc_log_unlock(log);
    os->condition_signal(os->context, next);
    os->condition_broadcast(os->context, landed);
    fc_log_lock(log);
}

void fc_log_poison(fc_log *log, fc_status status, int error) {
    const fc_os *os = log->options.os;
    if (!log->poisoned) {
        log->poisoned = true;
        log->poison_status = status;
        log->poison_error = error;
    }
    os->condition_broadcast(os->context, log->landed[0]);
    os->condition_broadcast(os->context, log->landed[1]);
    os->condition_broadcast(os->context, log->gather);
}

fc_status fc_log_fail_poisoned(fc_log *log, fc_detail *detail) {
    fc_fail(detail, FC_STATUS_POISONED,
            "an earlier write or sync failed (%s, system error %d): close the store and open it "
            "again to recover",
            fc_status_name(log->poison_status), log->poison_error);
    if (detail != NULL) detail->system_error = log->poison_error;
    return FC_STATUS_POISONED;
}

// What one flight carries.
struct flight {
    fc_group_header header; // block_count 0: nothing to write
    uint64_t offset;
    uint64_t last_sequence;
    fc_hash128 last_id;
    bool sync;
    bool direct; // one direct write does it
};

// Takes what is pending. REQUIRES: mutex held, busy holder.
static struct flight take_off(fc_log *log, bool sync) {
    struct flight flight = {.offset = log->end, .sync = sync};
    flight.last_sequence = log->written_sequence;
    flight.last_id = log->written_id;
    if (log->pending_count == 0) return flight;

    fc_buffer blocks = log->pending;
    log->pending = log->flying;
    log->flying = blocks;
    fc_buffer_clear(&log->pending);
    flight.header = (fc_group_header){
        .block_count = log->pending_count,
        .number = ++log->group_number,
        .epoch = log->file_header.epoch,
        .first_sequence = log->pending_first,
        .durable_through = log->durable_sequence,
        .length = fc_log_group_length(log, blocks.length),
    };
    flight.last_sequence = log->last_sequence;
    flight.last_id = log->last_id;
    flight.direct = sync && log->direct.file != NULL &&
                    flight.header.length <= FC_LOG_DIRECT_BYTES_MAX &&
                    log->durable_sequence == log->written_sequence;
    log->pending_count = 0;
    log->gathered_since_ns = 0;
    log->end += flight.header.length;
    log->flight_number++;
    log->flight_last = flight.last_sequence;
    return flight;
}

// REQUIRES: busy holder, mutex not held. The padding's room was allocated by the appender.
static fc_status carry(fc_log *log, const struct flight *flight, fc_detail *detail) {
    fc_status status = FC_STATUS_OK;
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    if (flight->header.block_count > 0) {
        fc_buffer *group = &log->flying;
        memset(group->data + group->length, 0, (size_t)flight->header.length - group->length);
        group->length = (size_t)flight->header.length;
        fc_group_place place = fc_log_file_place(&log->file_header, flight->offset);
        fc_group_seal(group->data, &flight->header, &place);
        if (flight->direct)
            status =
                fc_log_direct_write(log, name, flight->offset, group->data, group->length, detail);
        else
            status = fc_log_disk_write(log->disk, log->file, name, flight->offset, group->data,
                                       group->length, detail);
        if (group->capacity > FC_LOG_BUFFER_BYTES_KEPT) fc_buffer_deinit(group);
    }
    if (status == FC_STATUS_OK && flight->sync && !flight->direct)
        status = fc_log_disk_sync(log->disk, log->file, name, detail);
    return status;
}

void fc_log_fly(fc_log *log, bool sync) {
    if (log->poisoned) return;
    if (log->pending_count == 0 && (!sync || log->durable_sequence == log->written_sequence))
        return;
    struct flight flight = take_off(log, sync);
    fc_log_unlock(log);
    fc_detail detail = {.system_error = 0};
    fc_status status = carry(log, &flight, &detail);
    fc_log_lock(log);
    if (status != FC_STATUS_OK) {
        fc_log_poison(log, status, detail.system_error);
        return;
    }
    log->written_sequence = flight.last_sequence;
    log->written_id = flight.last_id;
    if (flight.header.block_count > 0) {
        log->counters.groups++;
        log->counters.bytes_written += flight.header.length;
    }
    if (!sync) return;
    if (flight.direct)
        log->counters.direct_groups++;
    else
        log->counters.syncs++;
    log->durable_sequence = flight.last_sequence;
    log->durable_id = flight.last_id;
    // Blocks appended since then are younger than this; the gatherer may come early, never late.
    if (log->durable_sequence == log->last_sequence)
        log->unsynced_since_ns = 0;
    else if (log->gathered_since_ns != 0)
        log->unsynced_since_ns = log->gathered_since_ns;
    if (log->options.durability == FC_DURABILITY_FULL && log->options.publish != NULL) {
        // In order, because only the busy holder comes here; before any waiter is let go.
        fc_log_unlock(log);
        log->options.publish(log->options.context, flight.last_sequence);
        fc_log_lock(log);
    }
    log->settled_sequence = flight.last_sequence;
}

void fc_log_call_landed(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_condition *landed = log->landed[log->flight_number & 1];
    fc_log_unlock(log);
    os->condition_broadcast(os->context, landed);
    fc_log_lock(log);
}

// REQUIRES: poisoned.
static fc_status fail_unknown(fc_log *log, uint64_t sequence, const fc_hash128 *block_id,
                              fc_detail *detail) {
    fc_fail(detail, FC_STATUS_COMMIT_OUTCOME_UNKNOWN,
            "the write or sync of transaction %llu failed (system error %d): whether it happened "
            "shows after closing and opening the store again",
            (unsigned long long)sequence, log->poison_error);
    if (detail != NULL) {
        detail->sequence = sequence;
        if (block_id != NULL) memcpy(detail->block, block_id->bytes, 16);
        detail->system_error = log->poison_error;
    }
    return FC_STATUS_COMMIT_OUTCOME_UNKNOWN;
}

fc_status fc_log_wait(fc_log *log, uint64_t sequence, const fc_hash128 *block_id,
                      fc_detail *detail) {
    const fc_os *os = log->options.os;
    fc_status status = FC_STATUS_OK;
    fc_log_lock(log);
    if (sequence > log->last_sequence)
        status = fc_fail(detail, FC_STATUS_INVALID_ARGUMENT, "there is no block %llu to wait for",
                         (unsigned long long)sequence);
    while (status == FC_STATUS_OK && log->settled_sequence < sequence) {
        if (log->poisoned) {
            status = fail_unknown(log, sequence, block_id, detail);
        } else if (!log->busy) {
            log->busy = true;
            fc_log_fly(log, true);
            fc_log_give_busy(log);
        } else {
            uint64_t flight = log->flight_number + (sequence > log->flight_last ? 1 : 0);
            os->condition_wait(os->context, log->landed[flight & 1], log->mutex, UINT64_MAX);
        }
    }
    fc_log_unlock(log);
    return status;
}

fc_status fc_log_sync(fc_log *log, fc_detail *detail) {
    fc_detail own_detail;
    if (detail == NULL) detail = &own_detail;
    if (fc_log_is_read_only(log))
        return fc_fail(detail, FC_STATUS_READ_ONLY, "the store was opened read-only");
    fc_log_lock(log);
    fc_log_take_busy(log);
    fc_log_fly(log, true);
    fc_log_call_landed(log);
    fc_status status = log->poisoned ? fc_log_fail_poisoned(log, detail) : FC_STATUS_OK;
    if (status == FC_STATUS_OK && log->manifest.floor_sequence < log->durable_sequence) {
        uint64_t sequence = log->durable_sequence;
        fc_hash128 id = log->durable_id;
        fc_log_unlock(log);
        fc_manifest next;
        bool changed = false;
        fc_manifest_init(&next, &log->disk.os->memory);
        status = fc_manifest_copy(&log->manifest, &next);
        if (status != FC_STATUS_OK) {
            fc_fail(detail, status, "no memory to raise the manifest's floor");
        } else {
            next.floor_sequence = sequence;
            next.floor_id = id;
            status = fc_log_replace_manifest(log, &next, &changed, detail);
        }
        fc_manifest_deinit(&next);
        fc_log_lock(log);
        if (status != FC_STATUS_OK && changed) fc_log_poison(log, status, detail->system_error);
    }
    fc_log_give_busy(log);
    fc_log_unlock(log);
    return status;
}
