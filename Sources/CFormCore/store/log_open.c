// Opening for writing: the directory's lock, then creation if there is no store yet, then recovery.
#include <string.h>

#include "log_internal.h"

static fc_status take_lock(fc_log *log, fc_detail *detail) {
    const fc_os *os = log->options.os;
    fc_status status =
        fc_log_disk_open(log->disk, FC_LOG_LOCK_NAME, FC_OPEN_CREATE, &log->lock_file, detail);
    if (status != FC_STATUS_OK) return status;
    int error = 0;
    status = os->lock_file(os->context, log->lock_file, &error);
    if (status == FC_STATUS_LOCKED)
        fc_fail(detail, status, "another writer has the store open");
    else if (status != FC_STATUS_OK)
        fc_fail(detail, status, "cannot lock the store (system error %d)", error);
    if (status != FC_STATUS_OK) return fc_log_fail_at(detail, status, FC_LOG_LOCK_NAME, 0, error);
    return FC_STATUS_OK;
}

// Log 1, then the manifest that names it, each written, synced, renamed, the directory synced.
static fc_status create_store(fc_log *log, fc_detail *detail) {
    const fc_os *os = log->options.os;
    fc_log_file_header header = {
        .alignment = FC_LOG_FILE_ALIGNMENT,
        .number = 1,
        .epoch = 1,
        .first_sequence = 1,
    };
    fc_status status = os->random_bytes(os->context, header.store_id, sizeof header.store_id);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "the system gives no random bytes");
    status = fc_log_new_salt(os, &header.salt, detail);
    if (status != FC_STATUS_OK) return status;

    fc_log_file_draft file;
    status = fc_log_file_draft_prepare(log->disk, 1, FC_LOG_FILE_HEADER_BYTES, &file, detail);
    if (status != FC_STATUS_OK) return status;
    status = fc_log_file_draft_write_header(log->disk, &file, &header, detail);
    if (status == FC_STATUS_OK) status = fc_log_file_draft_publish(log->disk, &file, detail);
    os->close_file(os->context, file.file);
    if (status != FC_STATUS_OK) return status;

    // A store that was never written to is as good as one that was closed cleanly.
    fc_manifest manifest;
    fc_manifest_init(&manifest, &os->memory);
    memcpy(manifest.store_id, header.store_id, 16);
    manifest.clean_number = 1;
    manifest.clean_end = header.alignment;
    fc_manifest_log_file entry = {.number = 1, .first_sequence = 1};
    bool changed = false;
    status = fc_manifest_add_file(&manifest, &entry);
    if (status != FC_STATUS_OK) fc_fail(detail, status, "no memory for a manifest");
    if (status == FC_STATUS_OK) status = fc_log_replace_manifest(log, &manifest, &changed, detail);
    fc_manifest_deinit(&manifest);
    fc_manifest_deinit(&log->manifest); // recovery reads what is on the disk
    return status;
}

// Makes a store if the directory holds none and that is wanted.
static fc_status ensure_store(fc_log *log, bool may_create, fc_detail *detail) {
    fc_log_listing listing;
    fc_status status = fc_log_listing_read(log->disk, &listing, detail);
    if (status != FC_STATUS_OK) return status;
    if (!listing.has_manifest) {
        status = fc_log_listing_judge_creation(&listing, log->disk, detail);
        if (status == FC_STATUS_OK && !log->options.create)
            status = fc_fail(detail, FC_STATUS_MISSING_FILE, "the directory holds no store");
        if (status == FC_STATUS_OK && may_create) status = create_store(log, detail);
    }
    fc_log_listing_deinit(&listing);
    return status;
}

fc_status fc_log_open_read_write(fc_log *log, fc_detail *detail) {
    const fc_os *os = log->options.os;
    // Once before the lock, so that a directory that isn't ours stays untouched; and once with it.
    fc_status status = ensure_store(log, false, detail);
    if (status == FC_STATUS_OK) status = take_lock(log, detail);
    if (status == FC_STATUS_OK) status = ensure_store(log, true, detail);
    if (status == FC_STATUS_OK) status = fc_log_recover(log, detail);
    if (status == FC_STATUS_OK) status = fc_log_direct_check(log, detail);
    if (status == FC_STATUS_OK && log->last_sequence == 0) {
        // Nobody has been promised anything yet, so creation may have stopped short of this.
        int error = 0;
        status = os->sync_parent_directory(os->context, log->disk.directory, &error);
        if (status != FC_STATUS_OK) {
            fc_fail(detail, status, "cannot sync the parent directory (system error %d)", error);
            if (detail != NULL) detail->system_error = error;
        }
    }
    return status;
}
