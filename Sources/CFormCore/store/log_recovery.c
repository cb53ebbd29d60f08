// Opening for writing after a clean close, or recovery after an unclean stop.
//
// Recovery never calls durable what it only read: the page cache may hold what a failed sync has
// lost. So the groups that are not known to be durable are copied into a new file, from the bytes
// that were checked; the file is made durable, then a manifest that names it and whose floor is
// its last block. Only then does the log go on, in the new file.
#include <string.h>

#include "log_internal.h"

// Goes on in the newest file, which was closed cleanly.
static fc_status resume(fc_log *log, fc_log_walk *walk, fc_detail *detail) {
    fc_status status =
        fc_log_disk_open(log->disk, walk->newest.name, FC_OPEN_READ_WRITE, &log->file, detail);
    if (status != FC_STATUS_OK) return status;
    log->file_header = walk->newest.header;
    log->end = walk->newest_end;
    log->reserved_end = walk->newest_end;
    log->group_number = walk->newest_group_count;
    log->manifest = walk->found;
    fc_manifest_init(&walk->found, walk->found.memory);
    return FC_STATUS_OK;
}

// The header of the file that recovery writes: the successor of the newest, or the newest again
// when no manifest names it.
static fc_log_file_header plan_header(const fc_log_walk *walk, bool is_named) {
    fc_log_file_header header = walk->newest.header;
    header.epoch++;
    if (!is_named) return header;
    header.previous_number = header.number;
    header.number++;
    header.previous_end = walk->newest_end;
    header.first_sequence = walk->chain.last_sequence + 1;
    header.previous_id = walk->chain.last_id;
    if (walk->kept_count > 0) {
        header.previous_end = walk->kept[0].offset;
        header.first_sequence = walk->kept[0].header.first_sequence;
        header.previous_id = walk->kept[0].previous_id;
    }
    return header;
}

// Writes the kept groups behind the header, sealed for their new place.
static fc_status copy_groups(fc_log_walk *walk, const fc_log_file_draft *draft,
                             const fc_log_file_header *header, uint64_t *out_end,
                             fc_detail *detail) {
    uint64_t offset = header->alignment;
    for (size_t i = 0; i < walk->kept_count; i++) {
        fc_log_kept_group *group = &walk->kept[i];
        group->header.number = i + 1;
        group->header.epoch = header->epoch;
        group->header.durable_through = walk->durable < group->header.first_sequence
                                            ? walk->durable
                                            : group->header.first_sequence - 1;
        fc_group_place place = fc_log_file_place(header, offset);
        fc_group_seal(group->bytes, &group->header, &place);
        fc_status status = fc_log_disk_write(walk->disk, draft->file, draft->temporary_name, offset,
                                             group->bytes, (size_t)group->header.length, detail);
        if (status != FC_STATUS_OK) return status;
        offset += group->header.length;
    }
    *out_end = offset;
    return FC_STATUS_OK;
}

// The manifest that names the new file, its floor at the file's last block.
static fc_status plan_manifest(fc_log_walk *walk, const fc_log_file_header *header, bool is_named,
                               fc_detail *detail) {
    fc_manifest *manifest = &walk->found;
    if (is_named) {
        fc_manifest_log_file *sealed = fc_manifest_active_file(manifest);
        sealed->last_sequence = header->first_sequence - 1;
        sealed->last_id = header->previous_id;
        sealed->end_offset = header->previous_end;
        fc_manifest_log_file active = {
            .number = header->number,
            .first_sequence = header->first_sequence,
        };
        fc_status status = fc_manifest_add_file(manifest, &active);
        if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory for a manifest");
    }
    manifest->floor_sequence = walk->chain.last_sequence;
    manifest->floor_id = walk->chain.last_id;
    manifest->clean_number = 0;
    manifest->clean_end = 0;
    return FC_STATUS_OK;
}

// Makes the manifest that was read durable, without its mark: what a process that was killed
// renamed last may be visible and yet be lost to a power cut. Without this the disk could come to
// hold two files that its manifest does not name.
static fc_status renew_manifest(fc_log *log, fc_log_walk *walk, fc_detail *detail) {
    fc_manifest same;
    bool changed = false;
    fc_manifest_init(&same, walk->found.memory);
    walk->found.clean_number = 0;
    walk->found.clean_end = 0;
    fc_status status = fc_manifest_copy(&walk->found, &same);
    if (status != FC_STATUS_OK)
        fc_fail(detail, status, "no memory for a manifest");
    else
        status = fc_log_replace_manifest(log, &same, &changed, detail);
    fc_manifest_deinit(&same);
    walk->found.number++;
    return status;
}

static fc_status rebuild(fc_log *log, fc_log_walk *walk, fc_detail *detail) {
    bool is_named = walk->found.file_count == walk->named_count;
    if (is_named) {
        fc_status renewed = renew_manifest(log, walk, detail);
        if (renewed != FC_STATUS_OK) return renewed;
    }
    fc_log_file_header header = plan_header(walk, is_named);
    fc_status status = fc_log_new_salt(log->disk.os, &header.salt, detail);
    if (status != FC_STATUS_OK) return status;
    fc_log_file_draft draft;
    status = fc_log_file_draft_prepare(log->disk, header.number, FC_LOG_FILE_HEADER_BYTES, &draft,
                                       detail);
    if (status != FC_STATUS_OK) return status;
    log->file = draft.file; // closed with the log, whatever happens
    status = fc_log_file_draft_write_header(log->disk, &draft, &header, detail);
    if (status == FC_STATUS_OK) status = copy_groups(walk, &draft, &header, &log->end, detail);
    if (status == FC_STATUS_OK) status = fc_log_file_draft_publish(log->disk, &draft, detail);
    if (status == FC_STATUS_OK) status = plan_manifest(walk, &header, is_named, detail);
    bool changed = false;
    if (status == FC_STATUS_OK)
        status = fc_log_replace_manifest(log, &walk->found, &changed, detail);
    if (status != FC_STATUS_OK) return status;
    log->file_header = header;
    log->reserved_end = log->end;
    log->group_number = walk->kept_count;
    for (size_t i = 0; i < walk->kept_count; i++)
        log->counters.recovered_blocks += walk->kept[i].header.block_count;
    return FC_STATUS_OK;
}

static fc_status recover(fc_log *log, fc_log_walk *walk, fc_detail *detail) {
    fc_log_rest rest;
    fc_status status = fc_log_walk_files(walk, detail);
    if (status == FC_STATUS_OK) status = fc_log_walk_judge_rest(walk, &rest, detail);
    if (status != FC_STATUS_OK) return status;
    bool is_named = walk->found.file_count == walk->named_count;
    bool is_clean = is_named && walk->found.clean_number == walk->newest.header.number &&
                    walk->found.clean_end == walk->newest_end &&
                    rest.nonzero_end == walk->newest_end;
    if (is_clean) return resume(log, walk, detail);
    if (rest.nonzero_end > walk->newest_end) {
        status = fc_log_quarantine(&walk->newest, walk->newest_end, rest.nonzero_end, detail);
        if (status != FC_STATUS_OK) return status;
        log->counters.quarantined_bytes = rest.nonzero_end - walk->newest_end;
    }
    return rebuild(log, walk, detail);
}

fc_status fc_log_recover(fc_log *log, fc_detail *detail) {
    fc_log_walk walk;
    fc_log_walk_init(&walk, log);
    fc_status status = fc_log_walk_read_manifest(&walk, detail);
    if (status == FC_STATUS_OK && walk.found.version_to_write > FC_MANIFEST_VERSION)
        status = fc_fail(detail, FC_STATUS_TOO_NEW,
                         "the store may be written by format version %u and later; this program "
                         "knows %d and may open it read-only",
                         (unsigned)walk.found.version_to_write, FC_MANIFEST_VERSION);
    fc_log_listing listing;
    if (status == FC_STATUS_OK) {
        status = fc_log_listing_read(log->disk, &listing, detail);
        // A second unnamed file cannot be: the first one's manifest is durable before it.
        if (status == FC_STATUS_OK) {
            status = fc_log_walk_add_unnamed(&walk, &listing, 1, detail);
            fc_log_listing_deinit(&listing);
        }
    }
    if (status == FC_STATUS_OK) {
        walk.keep_all = walk.found.file_count > walk.named_count;
        status = recover(log, &walk, detail);
    }
    if (status == FC_STATUS_OK) {
        log->last_sequence = walk.chain.last_sequence;
        log->last_id = walk.chain.last_id;
        log->written_sequence = log->durable_sequence = log->settled_sequence = log->last_sequence;
        log->flight_last = log->last_sequence;
        log->written_id = log->durable_id = log->last_id;
    }
    fc_log_walk_deinit(&walk);
    return status;
}
