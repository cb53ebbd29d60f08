// The journal: blocks read back from the files, every checksum and link checked again.
#include <string.h>

#include "log_internal.h"

struct fc_log_cursor {
    fc_log_disk disk; // not the log, which may be closed before: the block that was lent is read on
    fc_manifest files; // as they were when the cursor was opened
    uint64_t active_end;
    uint64_t since, limit;
    fc_hash128 limit_id;
    size_t file_index; // of `scan`, or the next to open when `scan` is closed
    fc_log_scan scan;
    uint64_t offset, end, group_number;
    fc_log_blocks blocks; // left == 0 and length == 0: no group open
    uint64_t group_offset;
    fc_log_chain chain;
    bool has_chain;       // false until the first block's predecessor is known
    bool link_is_unknown; // groups were passed over: the next group's first link is believed
    fc_buffer scratch;
    fc_status failed; // an error stays
};

// What is published is in the files after this. REQUIRES: mutex held.
static fc_status flush(fc_log *log, fc_detail *detail) {
    if (fc_log_is_read_only(log) || log->options.durability == FC_DURABILITY_FULL)
        return FC_STATUS_OK;
    if (log->pending_count == 0 && log->written_sequence == log->last_sequence) return FC_STATUS_OK;
    fc_log_fly(log, false);
    return log->poisoned ? fc_log_fail_poisoned(log, detail) : FC_STATUS_OK;
}

// The file that holds the block before the first one wanted, so that its link can be checked.
static size_t first_file(const fc_manifest *files, uint64_t since) {
    size_t index = 0;
    while (index + 1 < files->file_count && files->files[index + 1].first_sequence <= since)
        index++;
    return index;
}

fc_status fc_log_cursor_open(fc_log *log, uint64_t since, fc_log_cursor **out, fc_detail *detail) {
    const fc_allocator *memory = &log->disk.os->memory;
    fc_log_cursor *cursor = fc_allocate_cleared(memory, 1, sizeof *cursor);
    if (cursor == NULL)
        return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory to read the journal");
    cursor->disk = log->disk;
    cursor->since = since;
    fc_manifest_init(&cursor->files, memory);
    fc_buffer_init(&cursor->scratch, memory);

    fc_log_lock(log);
    fc_log_take_busy(log); // nobody changes the files meanwhile
    fc_status status = flush(log, detail);
    if (status == FC_STATUS_OK) {
        status = fc_manifest_copy(&log->manifest, &cursor->files);
        if (status != FC_STATUS_OK) fc_fail(detail, status, "no memory to read the journal");
    }
    cursor->active_end = log->end;
    bool is_full = log->options.durability == FC_DURABILITY_FULL;
    cursor->limit = is_full ? log->settled_sequence : log->written_sequence;
    cursor->limit_id = is_full ? log->durable_id : log->written_id;
    fc_log_give_busy(log);
    fc_log_unlock(log);
    if (status != FC_STATUS_OK) {
        fc_log_cursor_close(cursor);
        return status;
    }
    memcpy(cursor->chain.store_id, cursor->files.store_id, 16);
    cursor->file_index = first_file(&cursor->files, since);
    *out = cursor;
    return FC_STATUS_OK;
}

static fc_status open_file(fc_log_cursor *cursor, fc_detail *detail) {
    const fc_manifest *files = &cursor->files;
    const fc_manifest_log_file *file = &files->files[cursor->file_index];
    bool is_active = cursor->file_index + 1 == files->file_count;
    fc_status status =
        fc_log_scan_open(&cursor->scan, cursor->disk, file->number, files->store_id, detail);
    if (status != FC_STATUS_OK) return status;
    const fc_log_file_header *header = &cursor->scan.header;
    bool continues = header->first_sequence == file->first_sequence;
    if (cursor->has_chain)
        continues = continues && header->first_sequence - 1 == cursor->chain.last_sequence &&
                    fc_hash128_equal(&header->previous_id, &cursor->chain.last_id);
    if (!continues) {
        fc_fail(detail, FC_STATUS_CORRUPT, "the log file does not continue the one before it");
        return fc_log_fail_at(detail, FC_STATUS_CORRUPT, cursor->scan.name, 0, 0);
    }
    cursor->chain.last_sequence = header->first_sequence - 1;
    cursor->chain.last_id = header->previous_id;
    cursor->has_chain = true;
    cursor->offset = header->alignment;
    cursor->end = is_active ? cursor->active_end : file->end_offset;
    cursor->group_number = 0;
    return FC_STATUS_OK;
}

static fc_status fail_at_group(fc_log_cursor *cursor, const char *what, fc_detail *detail) {
    fc_fail(detail, FC_STATUS_CORRUPT, "%s", what);
    return fc_log_fail_at(detail, FC_STATUS_CORRUPT, cursor->scan.name, cursor->offset, 0);
}

// Passes over the groups that end before block `since`, by their headers.
static fc_status skip_groups(fc_log_cursor *cursor, fc_detail *detail) {
    bool skipped = false;
    for (;;) {
        bool valid = false;
        fc_group_header header = {.block_count = 0};
        fc_status status = fc_log_scan_group_header(&cursor->scan, cursor->offset, cursor->end,
                                                    &valid, &header, detail);
        if (status != FC_STATUS_OK) return status;
        // What does not fit is left to the full check.
        uint64_t last = cursor->chain.last_sequence + header.block_count;
        if (!valid || header.number != cursor->group_number + 1 ||
            header.first_sequence - 1 != cursor->chain.last_sequence || last >= cursor->since ||
            header.length >= cursor->end - cursor->offset)
            break;
        cursor->group_number++;
        cursor->chain.last_sequence = last;
        cursor->offset += header.length;
        skipped = true;
    }
    if (skipped) cursor->link_is_unknown = true;
    return FC_STATUS_OK;
}

// The block that the group begins with follows one that was passed over: its link is believed.
// Links are checked from block `since` on, and that block is in this group.
static void adopt_link(fc_log_cursor *cursor) {
    const fc_log_blocks *blocks = &cursor->blocks;
    fc_bytes rest = {blocks->bytes + blocks->at, blocks->length - blocks->at};
    fc_block_header header;
    size_t length = 0;
    if (fc_block_check(rest, &header, &length, NULL) == FC_STATUS_OK)
        cursor->chain.last_id = header.previous_id;
    cursor->link_is_unknown = false;
}

// Opens the group at the offset.
static fc_status open_group(fc_log_cursor *cursor, fc_detail *detail) {
    bool valid = false;
    fc_group_header header;
    const uint8_t *bytes = NULL;
    fc_status status = FC_STATUS_OK;
    if (cursor->chain.last_sequence < cursor->since) status = skip_groups(cursor, detail);
    if (status != FC_STATUS_OK) return status;
    status = fc_log_scan_group(&cursor->scan, cursor->offset, cursor->end, &valid, &header, &bytes,
                               detail);
    if (status != FC_STATUS_OK) return status;
    if (!valid) return fail_at_group(cursor, "a group's checksum does not match", detail);
    if (header.number != ++cursor->group_number ||
        header.first_sequence - 1 != cursor->chain.last_sequence)
        return fail_at_group(cursor, "a group does not continue the one before it", detail);
    cursor->blocks = fc_log_blocks_of(bytes, &header);
    cursor->group_offset = cursor->offset;
    cursor->offset += header.length;
    if (cursor->link_is_unknown) adopt_link(cursor);
    return FC_STATUS_OK;
}

// The next block of the chain, whether it is wanted or not.
static fc_status next_block(fc_log_cursor *cursor, bool *out_found, fc_block *out_block,
                            fc_detail *detail) {
    for (;;) {
        if (cursor->blocks.length > 0) {
            uint64_t at = cursor->group_offset + cursor->blocks.at;
            fc_status status = fc_log_blocks_next(&cursor->blocks, &cursor->chain, &cursor->scratch,
                                                  out_found, out_block, detail);
            if (status != FC_STATUS_OK)
                return fc_log_fail_at(detail, status, cursor->scan.name, at, 0);
            if (*out_found) return FC_STATUS_OK;
            cursor->blocks = (fc_log_blocks){0};
        }
        fc_status status = FC_STATUS_OK;
        if (cursor->scan.file == NULL) {
            status = open_file(cursor, detail);
        } else if (cursor->offset < cursor->end) {
            status = open_group(cursor, detail);
        } else if (cursor->file_index + 1 < cursor->files.file_count) {
            fc_log_scan_close(&cursor->scan);
            cursor->file_index++;
        } else {
            return fail_at_group(cursor, "the journal ends before its last block", detail);
        }
        if (status != FC_STATUS_OK) return status;
    }
}

fc_status fc_log_cursor_next(fc_log_cursor *cursor, bool *out_found, fc_block *out_block,
                             fc_detail *detail) {
    if (cursor->failed != FC_STATUS_OK)
        return fc_fail(detail, cursor->failed, "the journal could not be read further");
    *out_found = false;
    if (cursor->since >= cursor->limit) return FC_STATUS_OK;
    while (!cursor->has_chain || cursor->chain.last_sequence < cursor->limit) {
        bool found = false;
        fc_status status = next_block(cursor, &found, out_block, detail);
        if (status == FC_STATUS_OK && out_block->header.sequence == cursor->limit &&
            !fc_hash128_equal(&out_block->header.id, &cursor->limit_id))
            status =
                fail_at_group(cursor, "the last block is not the one that was written", detail);
        if (status != FC_STATUS_OK) {
            cursor->failed = status;
            return status;
        }
        if (out_block->header.sequence <= cursor->since) continue;
        *out_found = true;
        return FC_STATUS_OK;
    }
    return FC_STATUS_OK;
}

void fc_log_cursor_close(fc_log_cursor *cursor) {
    if (cursor == NULL) return;
    const fc_allocator *memory = &cursor->disk.os->memory;
    fc_log_scan_close(&cursor->scan);
    fc_manifest_deinit(&cursor->files);
    fc_buffer_deinit(&cursor->scratch);
    memory->release(memory->context, cursor, sizeof *cursor);
}
