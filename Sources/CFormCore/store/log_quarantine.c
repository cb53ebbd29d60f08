// What recovery drops is copied first: evidence is never deleted.
#include <inttypes.h>
#include <stdio.h>

#include "log_internal.h"

#define COPY_BYTES (256u << 10)

static fc_status copy_range(fc_log_scan *scan, fc_log_disk to, fc_file *file, const char *name,
                            uint64_t offset, uint64_t end, fc_detail *detail) {
    fc_buffer buffer;
    fc_buffer_init(&buffer, &to.os->memory);
    fc_status status = fc_buffer_reserve(&buffer, COPY_BYTES);
    if (status != FC_STATUS_OK) fc_fail(detail, status, "no memory to copy to quarantine");
    for (uint64_t at = offset; status == FC_STATUS_OK && at < end;) {
        size_t length = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
        status = fc_log_disk_read(scan->disk, scan->file, scan->name, at, buffer.data, length,
                                  &length, detail);
        if (status != FC_STATUS_OK || length == 0) break;
        status = fc_log_disk_write(to, file, name, at - offset, buffer.data, length, detail);
        at += length;
    }
    fc_buffer_deinit(&buffer);
    return status;
}

fc_status fc_log_quarantine(fc_log_scan *scan, uint64_t offset, uint64_t end, fc_detail *detail) {
    const fc_os *os = scan->disk.os;
    fc_log_disk to = {.os = os, .directory = NULL};
    fc_status status = os->open_subdirectory(os->context, scan->disk.directory,
                                             FC_LOG_QUARANTINE_NAME, true, &to.directory);
    if (status != FC_STATUS_OK)
        return fc_fail(detail, status, "cannot open the quarantine directory");
    // The salt tells this file from one that had its number before or has it later.
    char name[96], temporary_name[104];
    snprintf(name, sizeof name, "log-%020" PRIu64 "-%016" PRIx64 "-%020" PRIu64 ".torn",
             scan->header.number, scan->header.salt, offset);
    snprintf(temporary_name, sizeof temporary_name, "%s.tmp", name);
    fc_file *file = NULL;
    status = fc_log_disk_create_temporary(to, temporary_name, &file, detail);
    if (status == FC_STATUS_OK) {
        status = copy_range(scan, to, file, temporary_name, offset, end, detail);
        if (status == FC_STATUS_OK) status = fc_log_disk_sync(to, file, temporary_name, detail);
        os->close_file(os->context, file);
    }
    if (status == FC_STATUS_OK) status = fc_log_disk_rename(to, temporary_name, name, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync_directory(to, detail);
    os->close_directory(os->context, to.directory);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync_directory(scan->disk, detail);
    return status;
}
