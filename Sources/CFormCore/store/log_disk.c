#include "log_disk.h"

#include <errno.h>
#include <stdio.h>

// Groups start at multiples of this; so do continued writes.
#define WRITE_ALIGNMENT 4096

fc_status fc_log_fail_at(fc_detail *detail, fc_status status, const char *file, uint64_t offset,
                         int system_error) {
    if (detail != NULL) {
        snprintf(detail->file, sizeof detail->file, "%s", file);
        detail->offset = offset;
        detail->system_error = system_error;
    }
    return status;
}

static bool interrupted(fc_status status, int error) {
    return status == FC_STATUS_IO && error == EINTR;
}

// What every failed call says.
static fc_status fail(fc_detail *detail, fc_status status, const char *what, const char *name,
                      uint64_t offset, int error) {
    fc_fail(detail, status, "cannot %s %s (system error %d)", what, name, error);
    return fc_log_fail_at(detail, status, name, offset, error);
}

fc_status fc_log_disk_open(fc_log_disk disk, const char *name, fc_open_mode mode, fc_file **out,
                           fc_detail *detail) {
    for (;;) {
        int error = 0;
        fc_file *file = NULL;
        fc_status status =
            disk.os->open_file(disk.os->context, disk.directory, name, mode, &file, &error);
        if (interrupted(status, error)) continue;
        if (status != FC_STATUS_OK) return fail(detail, status, "open", name, 0, error);
        *out = file;
        return FC_STATUS_OK;
    }
}

fc_status fc_log_disk_create_temporary(fc_log_disk disk, const char *name, fc_file **out,
                                       fc_detail *detail) {
    int error = 0;
    fc_status status = FC_STATUS_OK;
    do {
        error = 0;
        status = disk.os->remove_file(disk.os->context, disk.directory, name, &error);
    } while (interrupted(status, error));
    if (status != FC_STATUS_OK && status != FC_STATUS_MISSING_FILE)
        return fail(detail, status, "remove a left-over", name, 0, error);
    return fc_log_disk_open(disk, name, FC_OPEN_CREATE_NEW, out, detail);
}

fc_status fc_log_disk_read(fc_log_disk disk, fc_file *file, const char *name, uint64_t offset,
                           void *bytes, size_t length, size_t *out_length, fc_detail *detail) {
    int error = 0;
    fc_status status = fc_os_read_all(disk.os, file, offset, bytes, length, out_length, &error);
    if (status != FC_STATUS_OK) return fail(detail, status, "read", name, offset, error);
    return status;
}

fc_status fc_log_disk_write(fc_log_disk disk, fc_file *file, const char *name, uint64_t offset,
                            const void *bytes, size_t length, fc_detail *detail) {
    int error = 0;
    fc_status status =
        fc_os_write_all(disk.os, file, offset, bytes, length, WRITE_ALIGNMENT, &error);
    if (status != FC_STATUS_OK) return fail(detail, status, "write", name, offset, error);
    return status;
}

fc_status fc_log_disk_size(fc_log_disk disk, fc_file *file, const char *name, uint64_t *out_size,
                           fc_detail *detail) {
    int error = 0;
    fc_status status = FC_STATUS_OK;
    do {
        status = disk.os->file_size(disk.os->context, file, out_size, &error);
    } while (interrupted(status, error));
    if (status != FC_STATUS_OK) return fail(detail, status, "ask for the size of", name, 0, error);
    return status;
}

fc_status fc_log_disk_reserve(fc_log_disk disk, fc_file *file, const char *name, uint64_t offset,
                              uint64_t length, fc_detail *detail) {
    int error = 0;
    fc_status status = FC_STATUS_OK;
    do {
        error = 0;
        status = disk.os->reserve_file(disk.os->context, file, offset, length, &error);
    } while (interrupted(status, error));
    if (status != FC_STATUS_OK) return fail(detail, status, "reserve room in", name, offset, error);
    return status;
}

fc_status fc_log_disk_truncate(fc_log_disk disk, fc_file *file, const char *name, uint64_t size,
                               fc_detail *detail) {
    int error = 0;
    fc_status status = FC_STATUS_OK;
    do {
        error = 0;
        status = disk.os->truncate_file(disk.os->context, file, size, &error);
    } while (interrupted(status, error));
    if (status != FC_STATUS_OK) return fail(detail, status, "trim", name, size, error);
    return status;
}

fc_status fc_log_disk_sync(fc_log_disk disk, fc_file *file, const char *name, fc_detail *detail) {
    int error = 0;
    fc_status status = fc_os_sync(disk.os, file, &error);
    if (status != FC_STATUS_OK) return fail(detail, status, "sync", name, 0, error);
    return status;
}

fc_status fc_log_disk_rename(fc_log_disk disk, const char *from, const char *to,
                             fc_detail *detail) {
    int error = 0;
    fc_status status = FC_STATUS_OK;
    do {
        error = 0;
        status = disk.os->rename_file(disk.os->context, disk.directory, from, to, &error);
    } while (interrupted(status, error));
    if (status != FC_STATUS_OK) return fail(detail, status, "rename a new file to", to, 0, error);
    return status;
}

fc_status fc_log_disk_sync_directory(fc_log_disk disk, fc_detail *detail) {
    int error = 0;
    fc_status status = FC_STATUS_OK;
    do {
        error = 0;
        status = disk.os->sync_directory(disk.os->context, disk.directory, &error);
    } while (interrupted(status, error));
    if (status != FC_STATUS_OK) return fail(detail, status, "sync", "the directory", 0, error);
    return status;
}

void fc_log_disk_remove(fc_log_disk disk, const char *name) {
    int error = 0;
    (void)disk.os->remove_file(disk.os->context, disk.directory, name, &error);
}
