// Closing: all that was appended made durable, the file trimmed, the clean mark set.
#include "log_internal.h"

void fc_log_release(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_log_stop_gathering(log);
    fc_log_direct_stop(log);
    if (log->file != NULL) os->close_file(os->context, log->file);
    if (log->lock_file != NULL) os->close_file(os->context, log->lock_file); // gives the lock back
    fc_buffer_deinit(&log->draft);
    fc_buffer_deinit(&log->pending);
    fc_buffer_deinit(&log->flying);
    fc_manifest_deinit(&log->manifest);
    if (log->direct.wanted != NULL) os->condition_destroy(os->context, log->direct.wanted);
    if (log->reserved != NULL) os->condition_destroy(os->context, log->reserved);
    if (log->gather != NULL) os->condition_destroy(os->context, log->gather);
    if (log->landed[1] != NULL) os->condition_destroy(os->context, log->landed[1]);
    if (log->landed[0] != NULL) os->condition_destroy(os->context, log->landed[0]);
    if (log->idle != NULL) os->condition_destroy(os->context, log->idle);
    if (log->mutex != NULL) os->mutex_destroy(os->context, log->mutex);
    os->memory.release(os->memory.context, log, sizeof *log);
}

// The mark says that the file ends exactly here: so first the file ends here, durably.
static fc_status set_mark(fc_log *log, fc_detail *detail) {
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    fc_status status = fc_log_disk_truncate(log->disk, log->file, name, log->end, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync(log->disk, log->file, name, detail);
    if (status != FC_STATUS_OK) return status;
    fc_manifest next;
    bool changed = false;
    fc_manifest_init(&next, &log->disk.os->memory);
    status = fc_manifest_copy(&log->manifest, &next);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory for a clean close");
    next.floor_sequence = log->durable_sequence;
    next.floor_id = log->durable_id;
    next.clean_number = log->file_header.number;
    next.clean_end = log->end;
    status = fc_log_replace_manifest(log, &next, &changed, detail);
    fc_manifest_deinit(&next);
    return status;
}

fc_status fc_log_close(fc_log *log, fc_detail *detail) {
    fc_detail own_detail;
    if (detail == NULL) detail = &own_detail;
    if (fc_log_is_read_only(log)) {
        fc_log_release(log);
        return FC_STATUS_OK;
    }
    fc_log_stop_gathering(log);
    fc_log_lock(log);
    fc_log_take_busy(log);
    fc_log_fly(log, true);
    fc_status status = log->poisoned ? fc_log_fail_poisoned(log, detail) : FC_STATUS_OK;
    fc_log_give_busy(log);
    fc_log_unlock(log);
    fc_log_direct_stop(log); // before the file is trimmed
    // Nothing was written since the mark: it still holds.
    if (status == FC_STATUS_OK && log->manifest.clean_number == 0) status = set_mark(log, detail);
    fc_log_release(log);
    return status;
}
