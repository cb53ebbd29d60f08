#include "log_scan.h"

#include <string.h>

#include "../base/bytes.h"

// What one read asks for: enough that small groups cost no call each.
#define WINDOW_BYTES (1u << 20)
// Groups never overlap, so what a crash leaves can make a scan hash each byte of the file once in
// vain. More than a few times that is a file made to keep us busy.
#define VAIN_FACTOR 4

// Makes [offset, offset + length) available, as far as the file reaches.
static fc_status borrow(fc_log_scan *scan, uint64_t offset, uint64_t length,
                        const uint8_t **out_bytes, uint64_t *out_length, fc_detail *detail) {
    uint64_t room = offset < scan->size ? scan->size - offset : 0;
    if (length > room) length = room;
    uint64_t window_end = scan->window_offset + scan->window.length;
    if (offset < scan->window_offset || offset > window_end || length > window_end - offset) {
        uint64_t wanted = length > WINDOW_BYTES ? length : WINDOW_BYTES;
        if (wanted > room) wanted = room;
        fc_buffer_clear(&scan->window);
        fc_status status = fc_buffer_reserve(&scan->window, (size_t)wanted + 1);
        if (status != FC_STATUS_OK)
            return fc_fail(detail, status, "no memory to read %llu bytes of the log",
                           (unsigned long long)wanted);
        scan->window_offset = offset;
        status = fc_log_disk_read(scan->disk, scan->file, scan->name, offset, scan->window.data,
                                  (size_t)wanted, &scan->window.length, detail);
        if (status != FC_STATUS_OK) {
            scan->window.length = 0;
            return status;
        }
        window_end = offset + scan->window.length;
    }
    *out_bytes = scan->window.data + (offset - scan->window_offset);
    *out_length = length < window_end - offset ? length : window_end - offset;
    return FC_STATUS_OK;
}

static fc_status read_header(fc_log_scan *scan, uint64_t number, const uint8_t *store_id,
                             fc_detail *detail) {
    fc_status status = fc_log_disk_size(scan->disk, scan->file, scan->name, &scan->size, detail);
    const uint8_t *bytes = NULL;
    uint64_t length = 0;
    if (status == FC_STATUS_OK)
        status = borrow(scan, 0, FC_LOG_FILE_HEADER_BYTES, &bytes, &length, detail);
    if (status != FC_STATUS_OK) return status;
    if (length < FC_LOG_FILE_HEADER_BYTES)
        status = fc_fail(detail, FC_STATUS_CORRUPT, "the log file is shorter than its header");
    if (status == FC_STATUS_OK) status = fc_log_file_decode_header(bytes, &scan->header, detail);
    if (status == FC_STATUS_OK && scan->header.number != number)
        status = fc_fail(detail, FC_STATUS_CORRUPT, "the log file says that its number is %llu",
                         (unsigned long long)scan->header.number);
    if (status == FC_STATUS_OK && store_id != NULL &&
        memcmp(store_id, scan->header.store_id, 16) != 0)
        status = fc_fail(detail, FC_STATUS_CORRUPT, "the log file belongs to another store");
    if (status != FC_STATUS_OK) return fc_log_fail_at(detail, status, scan->name, 0, 0);
    return FC_STATUS_OK;
}

fc_status fc_log_scan_open(fc_log_scan *scan, fc_log_disk disk, uint64_t number,
                           const uint8_t *store_id, fc_detail *detail) {
    memset(scan, 0, sizeof *scan);
    scan->disk = disk;
    fc_buffer_init(&scan->window, &disk.os->memory);
    fc_log_file_name(number, scan->name);
    fc_status status = fc_log_disk_open(disk, scan->name, FC_OPEN_READ, &scan->file, detail);
    if (status == FC_STATUS_OK) status = read_header(scan, number, store_id, detail);
    if (status != FC_STATUS_OK) fc_log_scan_close(scan);
    return status;
}

void fc_log_scan_close(fc_log_scan *scan) {
    if (scan->file != NULL) scan->disk.os->close_file(scan->disk.os->context, scan->file);
    scan->file = NULL;
    if (scan->window.memory != NULL) fc_buffer_deinit(&scan->window);
}

fc_status fc_log_scan_group_header(fc_log_scan *scan, uint64_t offset, uint64_t end,
                                   bool *out_valid, fc_group_header *out_header,
                                   fc_detail *detail) {
    *out_valid = false;
    const uint8_t *bytes = NULL;
    uint64_t length = 0;
    fc_status status = borrow(scan, offset, scan->header.alignment, &bytes, &length, detail);
    if (status != FC_STATUS_OK || length < FC_GROUP_HEADER_BYTES) return status;
    fc_group_place place = fc_log_file_place(&scan->header, offset);
    uint64_t limit = end < scan->size ? end : scan->size;
    uint64_t room = limit > offset ? limit - offset : 0;
    *out_valid = fc_group_header_check(bytes, &place, room, out_header);
    return FC_STATUS_OK;
}

fc_status fc_log_scan_group(fc_log_scan *scan, uint64_t offset, uint64_t end, bool *out_valid,
                            fc_group_header *out_header, const uint8_t **out_bytes,
                            fc_detail *detail) {
    bool has_header = false;
    fc_group_header header, again;
    *out_valid = false;
    fc_status status = fc_log_scan_group_header(scan, offset, end, &has_header, &header, detail);
    if (status != FC_STATUS_OK || !has_header) return status;

    const uint8_t *bytes = NULL;
    uint64_t length = 0;
    status = borrow(scan, offset, header.length, &bytes, &length, detail);
    if (status != FC_STATUS_OK || length < header.length) return status;
    // The header again: a file that changes while we read it must not outrun the check.
    fc_group_place place = fc_log_file_place(&scan->header, offset);
    if (!fc_group_header_check(bytes, &place, header.length, &again) ||
        !fc_group_body_check(bytes, &again, &place)) {
        scan->hashed_in_vain += header.length;
        if (scan->hashed_in_vain / VAIN_FACTOR > scan->size) {
            fc_fail(detail, FC_STATUS_CORRUPT, "the log file holds more damaged groups than fit");
            return fc_log_fail_at(detail, FC_STATUS_CORRUPT, scan->name, offset, 0);
        }
        return FC_STATUS_OK;
    }
    *out_valid = true;
    *out_header = again;
    *out_bytes = bytes;
    return FC_STATUS_OK;
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

fc_status fc_log_scan_rest(fc_log_scan *scan, uint64_t offset, fc_log_rest *out,
                           fc_detail *detail) {
    fc_log_rest rest = {.nonzero_end = offset};
    while (offset < scan->size) {
        const uint8_t *bytes = NULL;
        uint64_t length = 0;
        fc_status status = borrow(scan, offset, scan->header.alignment, &bytes, &length, detail);
        if (status != FC_STATUS_OK) return status;
        if (length == 0) break; // the file has been cut meanwhile
        if (is_zero(bytes, (size_t)length)) {
            offset += scan->header.alignment;
            continue;
        }
        while (bytes[length - 1] == 0)
            length--;
        bool valid = false;
        fc_group_header header;
        rest.nonzero_end = offset + length;
        status = fc_log_scan_group(scan, offset, scan->size, &valid, &header, &bytes, detail);
        if (status != FC_STATUS_OK) return status;
        if (!valid) {
            offset += scan->header.alignment;
            continue;
        }
        if (header.durable_through > rest.durable_through)
            rest.durable_through = header.durable_through;
        offset += header.length;
        rest.nonzero_end = offset;
    }
    *out = rest;
    return FC_STATUS_OK;
}

fc_log_blocks fc_log_blocks_of(const uint8_t *group, const fc_group_header *header) {
    return (fc_log_blocks){
        .bytes = group,
        .length = (size_t)header->length,
        .at = FC_GROUP_HEADER_BYTES,
        .left = header->block_count,
    };
}

fc_status fc_log_blocks_next(fc_log_blocks *blocks, fc_log_chain *chain, fc_buffer *scratch,
                             bool *out_found, fc_block *out_block, fc_detail *detail) {
    fc_bytes rest = {blocks->bytes + blocks->at, blocks->length - blocks->at};
    *out_found = false;
    if (blocks->left == 0) {
        if (is_zero(rest.data, rest.length)) return FC_STATUS_OK;
        return fc_fail(detail, FC_STATUS_CORRUPT, "a group goes on behind its last block");
    }
    fc_block block;
    size_t length = 0;
    fc_status status = fc_block_open(rest, scratch, &block, &length, detail);
    if (status != FC_STATUS_OK) return status;
    if (memcmp(block.header.store_id, chain->store_id, 16) != 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block belongs to another store");
    if (block.header.sequence - 1 != chain->last_sequence ||
        !fc_hash128_equal(&block.header.previous_id, &chain->last_id))
        return fc_fail(detail, FC_STATUS_CORRUPT, "block %llu does not continue block %llu",
                       (unsigned long long)block.header.sequence,
                       (unsigned long long)chain->last_sequence);
    chain->last_sequence = block.header.sequence;
    chain->last_id = block.header.id;
    blocks->at += length;
    blocks->left--;
    *out_found = true;
    *out_block = block;
    return FC_STATUS_OK;
}
