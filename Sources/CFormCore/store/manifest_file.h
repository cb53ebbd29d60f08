// The MANIFEST file: read whole, replaced whole. A new one is written in two steps, so that what
// can fail for want of room or memory fails before anything else has changed.
#ifndef FC_STORE_MANIFEST_FILE_H
#define FC_STORE_MANIFEST_FILE_H

#include "../format/manifest.h"
#include "log_disk.h"

// FC_STATUS_MISSING_FILE when there is none; else the statuses of fc_manifest_decode, FC_STATUS_IO.
FC_MUST_USE fc_status fc_manifest_file_read(fc_log_disk disk, fc_manifest *out, fc_detail *detail);

// A manifest on its way to the disk.
typedef struct fc_manifest_draft {
    fc_file *file; // NULL: nothing to discard
    fc_buffer bytes;
} fc_manifest_draft;

// Encodes and opens the temporary file, with its room reserved. After an error there is nothing to
// discard and the store is as it was.
FC_MUST_USE fc_status fc_manifest_draft_prepare(fc_log_disk disk, const fc_manifest *manifest,
                                                fc_manifest_draft *out, fc_detail *detail);
// Write, sync, rename, sync the directory. Whatever it returns, the draft is used up. After an
// error it is not known which manifest the disk has.
FC_MUST_USE fc_status fc_manifest_draft_publish(fc_log_disk disk, fc_manifest_draft *draft,
                                                fc_detail *detail);
void fc_manifest_draft_discard(fc_log_disk disk, fc_manifest_draft *draft);
#endif
