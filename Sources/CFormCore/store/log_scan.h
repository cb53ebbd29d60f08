// Reading one log file: its header, its groups by offset, the blocks in a group. Everything is
// checked; hostile bytes end in FC_STATUS_CORRUPT. A scan reads with read_at, never mapped.
#ifndef FC_STORE_LOG_SCAN_H
#define FC_STORE_LOG_SCAN_H

#include "../format/block.h"
#include "../format/group.h"
#include "../format/log_file.h"
#include "log_disk.h"

// OWNERSHIP: opened into the caller's storage, closed by fc_log_scan_close (also when zeroed).
typedef struct fc_log_scan {
    fc_log_disk disk;
    fc_file *file;
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_header header;
    uint64_t size;    // of the file when it was opened
    fc_buffer window; // bytes of the file from `window_offset` on
    uint64_t window_offset;
    uint64_t hashed_in_vain; // bytes of groups whose body was wrong: bounds a hostile scan
} fc_log_scan;

// Opens the file and checks its header: its number, and the store id unless `store_id` is NULL.
// FC_STATUS_MISSING_FILE when there is none.
FC_MUST_USE fc_status fc_log_scan_open(fc_log_scan *scan, fc_log_disk disk, uint64_t number,
                                       const uint8_t *store_id, fc_detail *detail);
void fc_log_scan_close(fc_log_scan *scan);

// Whether a valid group lies at `offset` and ends by `end`. *out_bytes is borrowed until the next
// call.
FC_MUST_USE fc_status fc_log_scan_group(fc_log_scan *scan, uint64_t offset, uint64_t end,
                                        bool *out_valid, fc_group_header *out_header,
                                        const uint8_t **out_bytes, fc_detail *detail);

// Whether a group's valid header lies at `offset`, its body not looked at: for passing over groups.
FC_MUST_USE fc_status fc_log_scan_group_header(fc_log_scan *scan, uint64_t offset, uint64_t end,
                                               bool *out_valid, fc_group_header *out_header,
                                               fc_detail *detail);

// What lies from an offset to the end of the file.
typedef struct fc_log_rest {
    uint64_t nonzero_end;     // behind the last byte that is not zero; the offset itself if none
    uint64_t durable_through; // the largest of the valid groups; 0 when there is none
} fc_log_rest;

// Looks for groups at every multiple of the alignment. COST: O(size).
FC_MUST_USE fc_status fc_log_scan_rest(fc_log_scan *scan, uint64_t offset, fc_log_rest *out,
                                       fc_detail *detail);

// How far the chain of blocks has been followed.
typedef struct fc_log_chain {
    uint8_t store_id[16];
    uint64_t last_sequence;
    fc_hash128 last_id;
} fc_log_chain;

// The blocks of a valid group, in order.
typedef struct fc_log_blocks {
    const uint8_t *bytes;
    size_t length, at;
    uint32_t left;
} fc_log_blocks;

fc_log_blocks fc_log_blocks_of(const uint8_t *group, const fc_group_header *header);
// The next block, checked, and that it continues *chain, which moves on to it. *out_found is false
// at the end of the group; then the rest of it was zeros. `scratch` takes a compressed payload.
FC_MUST_USE fc_status fc_log_blocks_next(fc_log_blocks *blocks, fc_log_chain *chain,
                                         fc_buffer *scratch, bool *out_found, fc_block *out_block,
                                         fc_detail *detail);
#endif
