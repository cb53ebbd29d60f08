#include "manifest_file.h"

#include <string.h>

fc_status fc_manifest_file_read(fc_log_disk disk, fc_manifest *out, fc_detail *detail) {
    fc_file *file = NULL;
    fc_status status = fc_log_disk_open(disk, FC_MANIFEST_NAME, FC_OPEN_READ, &file, detail);
    if (status != FC_STATUS_OK) return status;

    fc_buffer bytes;
    fc_buffer_init(&bytes, &disk.os->memory);
    uint64_t size = 0;
    size_t length = 0;
    status = fc_log_disk_size(disk, file, FC_MANIFEST_NAME, &size, detail);
    if (status == FC_STATUS_OK && size > FC_MANIFEST_LENGTH_MAX)
        status = fc_fail(detail, FC_STATUS_CORRUPT, "the manifest is longer than any can be");
    if (status == FC_STATUS_OK) {
        status = fc_buffer_reserve(&bytes, (size_t)size + 1);
        if (status != FC_STATUS_OK) fc_fail(detail, status, "no memory to read the manifest");
    }
    if (status == FC_STATUS_OK)
        status = fc_log_disk_read(disk, file, FC_MANIFEST_NAME, 0, bytes.data, (size_t)size,
                                  &length, detail);
    if (status == FC_STATUS_OK) {
        status = fc_manifest_decode((fc_bytes){bytes.data, length}, out, detail);
        if (status != FC_STATUS_OK) fc_log_fail_at(detail, status, FC_MANIFEST_NAME, 0, 0);
    }
    fc_buffer_deinit(&bytes);
    disk.os->close_file(disk.os->context, file);
    return status;
}

fc_status fc_manifest_draft_prepare(fc_log_disk disk, const fc_manifest *manifest,
                                    fc_manifest_draft *out, fc_detail *detail) {
    fc_manifest_draft draft = {.file = NULL};
    fc_buffer_init(&draft.bytes, &disk.os->memory);
    fc_status status = fc_manifest_encode(manifest, &draft.bytes);
    if (status != FC_STATUS_OK) fc_fail(detail, status, "no memory to encode the manifest");
    if (status == FC_STATUS_OK)
        status =
            fc_log_disk_create_temporary(disk, FC_MANIFEST_TEMPORARY_NAME, &draft.file, detail);
    if (status == FC_STATUS_OK)
        status = fc_log_disk_reserve(disk, draft.file, FC_MANIFEST_TEMPORARY_NAME, 0,
                                     draft.bytes.length, detail);
    if (status != FC_STATUS_OK) {
        fc_manifest_draft_discard(disk, &draft);
        return status;
    }
    *out = draft;
    return FC_STATUS_OK;
}

static void release(fc_log_disk disk, fc_manifest_draft *draft) {
    if (draft->file != NULL) disk.os->close_file(disk.os->context, draft->file);
    draft->file = NULL;
    fc_buffer_deinit(&draft->bytes);
}

fc_status fc_manifest_draft_publish(fc_log_disk disk, fc_manifest_draft *draft, fc_detail *detail) {
    const char *name = FC_MANIFEST_TEMPORARY_NAME;
    fc_status status = fc_log_disk_write(disk, draft->file, name, 0, draft->bytes.data,
                                         draft->bytes.length, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync(disk, draft->file, name, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_rename(disk, name, FC_MANIFEST_NAME, detail);
    if (status == FC_STATUS_OK) status = fc_log_disk_sync_directory(disk, detail);
    release(disk, draft);
    return status;
}

void fc_manifest_draft_discard(fc_log_disk disk, fc_manifest_draft *draft) {
    if (draft->file != NULL) fc_log_disk_remove(disk, FC_MANIFEST_TEMPORARY_NAME);
    release(disk, draft);
}
