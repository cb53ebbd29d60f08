// New files: log files and manifests, each written, synced, renamed, and the directory synced; and
// the rotation, which does so in the one order that recovery relies on.
#include <stdio.h>
#include <string.h>

#include "log_internal.h"

fc_status fc_log_new_salt(const fc_os *os, uint64_t *out, fc_detail *detail) {
    uint8_t bytes[8];
    fc_status status = os->random_bytes(os->context, bytes, sizeof bytes);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "the system gives no random bytes");
    *out = fc_load_u64(bytes);
    return FC_STATUS_OK;
}

fc_status fc_log_file_draft_prepare(fc_log_disk disk, uint64_t number, uint64_t reserve_bytes,
                                    fc_log_file_draft *out, fc_detail *detail) {
    fc_log_file_draft draft = {.file = NULL};
    fc_log_file_name(number, draft.name);
    snprintf(draft.temporary_name, sizeof draft.temporary_name, "%s.tmp", draft.name);
    fc_status status =
        fc_log_disk_create_temporary(disk, draft.temporary_name, &draft.file, detail);
    if (status == FC_STATUS_OK)
        status =
            fc_log_disk_reserve(disk, draft.file, draft.temporary_name, 0, reserve_bytes, detail);
    if (status != FC_STATUS_OK) {
        fc_log_file_draft_discard(disk, &draft);
        return status;
    }
    *out = draft;
    return FC_STATUS_OK;
}

fc_status fc_log_file_draft_write_header(fc_log_disk disk, const fc_log_file_draft *draft,
                                         const fc_log_file_header *header, fc_detail *detail) {
    uint8_t bytes[FC_LOG_FILE_HEADER_BYTES];
    fc_log_file_encode_header(header, bytes);
    return fc_log_disk_write(disk, draft->file, draft->temporary_name, 0, bytes, sizeof bytes,
                             detail);
}

fc_status fc_log_file_draft_publish(fc_log_disk disk, const fc_log_file_draft *draft,
                                    fc_detail *detail) {
    fc_status status = fc_log_disk_sync(disk, draft->file, draft->temporary_name, detail);
    if (status == FC_STATUS_OK)
        status = fc_log_disk_rename(disk, draft->temporary_name, draft->name, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync_directory(disk, detail);
    return status;
}

void fc_log_file_draft_discard(fc_log_disk disk, fc_log_file_draft *draft) {
    if (draft->file == NULL) return;
    disk.os->close_file(disk.os->context, draft->file);
    draft->file = NULL;
    fc_log_disk_remove(disk, draft->temporary_name);
}

static void swap_manifests(fc_manifest *a, fc_manifest *b) {
    fc_manifest old = *a;
    *a = *b;
    *b = old;
}

fc_status fc_log_replace_manifest(fc_log *log, fc_manifest *manifest, bool *out_changed,
                                  fc_detail *detail) {
    *out_changed = false;
    manifest->number++;
    fc_manifest_draft draft;
    fc_status status = fc_manifest_draft_prepare(log->disk, manifest, &draft, detail);
    if (status != FC_STATUS_OK) return status;
    *out_changed = true;
    status = fc_manifest_draft_publish(log->disk, &draft, detail);
    if (status != FC_STATUS_OK) return status;
    fc_log_lock(log);
    swap_manifests(&log->manifest, manifest);
    fc_log_unlock(log);
    return status;
}

fc_status fc_log_remove_mark(fc_log *log, fc_detail *detail) {
    fc_log_take_busy(log);
    fc_status status = FC_STATUS_OK;
    bool changed = false;
    if (log->manifest.clean_number != 0) {
        fc_log_unlock(log);
        fc_manifest next;
        fc_manifest_init(&next, &log->disk.os->memory);
        status = fc_manifest_copy(&log->manifest, &next);
        if (status != FC_STATUS_OK) {
            fc_fail(detail, status, "no memory to remove the manifest's clean mark");
        } else {
            next.clean_number = 0;
            next.clean_end = 0;
            status = fc_log_replace_manifest(log, &next, &changed, detail);
        }
        fc_manifest_deinit(&next);
        fc_log_lock(log);
    }
    if (status != FC_STATUS_OK && changed) {
        fc_log_poison(log, status, detail->system_error);
        status = fc_log_fail_poisoned(log, detail);
    }
    fc_log_give_busy(log);
    return status;
}

// Everything that a rotation needs and that can be refused: room, memory, a salt.
struct rotation {
    fc_log_file_header header;
    fc_log_file_draft file;
    uint64_t reserved_end;
    fc_manifest manifest;
    fc_manifest_draft manifest_draft;
};

// The manifest that names the old file as sealed and the new one as active.
static fc_status plan_manifest(fc_log *log, struct rotation *rotation) {
    fc_manifest *manifest = &rotation->manifest;
    fc_status status = fc_manifest_copy(&log->manifest, manifest);
    if (status != FC_STATUS_OK) return status;
    fc_manifest_log_file *sealed = fc_manifest_active_file(manifest);
    sealed->last_sequence = log->durable_sequence;
    sealed->last_id = log->durable_id;
    sealed->end_offset = log->end;
    fc_manifest_log_file active = {
        .number = rotation->header.number,
        .first_sequence = rotation->header.first_sequence,
    };
    manifest->number++;
    manifest->floor_sequence = log->durable_sequence;
    manifest->floor_id = log->durable_id;
    manifest->clean_number = 0;
    manifest->clean_end = 0;
    return fc_manifest_add_file(manifest, &active);
}

// REQUIRES: busy holder, mutex not held, nothing pending, all durable. An error changes nothing.
static fc_status prepare(fc_log *log, uint64_t group_length, struct rotation *rotation,
                         fc_detail *detail) {
    memset(rotation, 0, sizeof *rotation);
    fc_manifest_init(&rotation->manifest, &log->disk.os->memory);
    fc_log_file_header *header = &rotation->header;
    *header = log->file_header;
    header->number++;
    header->first_sequence = log->durable_sequence + 1;
    header->previous_id = log->durable_id;
    header->previous_number = log->file_header.number;
    header->previous_end = log->end;
    fc_status status = fc_log_new_salt(log->disk.os, &header->salt, detail);
    if (status != FC_STATUS_OK) return status;
    status = plan_manifest(log, rotation);
    if (status != FC_STATUS_OK)
        return fc_fail(detail, status, "no memory for the manifest of a new log file");
    rotation->reserved_end = header->alignment + group_length;
    status = fc_log_file_draft_prepare(log->disk, header->number, rotation->reserved_end,
                                       &rotation->file, detail);
    if (status != FC_STATUS_OK) return status;
    status = fc_manifest_draft_prepare(log->disk, &rotation->manifest, &rotation->manifest_draft,
                                       detail);
    if (status != FC_STATUS_OK) fc_log_file_draft_discard(log->disk, &rotation->file);
    return status;
}

// From the first step on, a failure leaves it unknown what the disk has.
static fc_status carry_out(fc_log *log, struct rotation *rotation, fc_detail *detail) {
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    fc_log_direct_end(log);
    fc_status status = fc_log_disk_truncate(log->disk, log->file, name, log->end, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync(log->disk, log->file, name, detail);
    if (status == FC_STATUS_OK)
        status =
            fc_log_file_draft_write_header(log->disk, &rotation->file, &rotation->header, detail);
    if (status == FC_STATUS_OK)
        status = fc_log_file_draft_publish(log->disk, &rotation->file, detail);
    if (status == FC_STATUS_OK)
        status = fc_manifest_draft_publish(log->disk, &rotation->manifest_draft, detail);
    else
        fc_manifest_draft_discard(log->disk, &rotation->manifest_draft);
    if (status == FC_STATUS_OK) return status;
    log->disk.os->close_file(log->disk.os->context, rotation->file.file);
    rotation->file.file = NULL;
    return status;
}

fc_status fc_log_rotate(fc_log *log, uint64_t group_length, fc_detail *detail) {
    fc_log_take_busy(log);
    fc_log_fly(log, true);
    fc_log_call_landed(log);
    if (log->poisoned) {
        fc_log_give_busy(log);
        return fc_log_fail_poisoned(log, detail);
    }
    fc_log_unlock(log);
    struct rotation rotation;
    fc_status status = prepare(log, group_length, &rotation, detail);
    bool carried = status == FC_STATUS_OK;
    if (carried) status = carry_out(log, &rotation, detail);
    fc_log_lock(log);
    if (status == FC_STATUS_OK) {
        log->disk.os->close_file(log->disk.os->context, log->file);
        log->file = rotation.file.file;
        log->file_header = rotation.header;
        log->end = rotation.header.alignment;
        log->reserved_end = rotation.reserved_end;
        log->group_number = 0;
        swap_manifests(&log->manifest, &rotation.manifest);
        log->counters.rotations++;
    } else if (carried) {
        fc_log_poison(log, status, detail->system_error);
        status = fc_log_fail_poisoned(log, detail);
    }
    fc_manifest_deinit(&rotation.manifest);
    fc_log_give_busy(log);
    return status;
}
