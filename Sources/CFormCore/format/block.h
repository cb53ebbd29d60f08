// Blocks: one transaction's effects, as they lie in the log. Little-endian.
// SOURCE: docs/FORMAT.md, "Block".
//
//   identity header (88 bytes): what the block's id is computed from
//   0   2  format version, 1
//   2   2  0
//   4   4  operation count
//   8   16 store id
//   24  8  sequence
//   32  8  wall time, µs since 1970 UTC
//   40  16 previous block's id (zeros before the first)
//   56  8  length of the canonical payload
//   64  16 XXH3-128 of the canonical payload
//   80  8  row count: how many row ids the block's operations take
//   storage header (24 bytes)
//   88  1  encoding (fc_block_encoding)
//   89  7  0
//   96  8  stored length
//   104 8  XXH3-64 of bytes [0, 104) and the stored bytes
//   stored bytes, then zeros up to a multiple of 8
//
// The block's id is the XXH3-128 of the identity header.
#ifndef FC_FORMAT_BLOCK_H
#define FC_FORMAT_BLOCK_H

#include "../base/hash.h"
#include "../base/memory.h"
#include "../base/status.h"

#define FC_BLOCK_VERSION 1
#define FC_BLOCK_IDENTITY_BYTES 88
#define FC_BLOCK_HEADER_BYTES 112
#define FC_PAYLOAD_LENGTH_MAX (1u << 30)

typedef enum fc_block_encoding {
    FC_BLOCK_RAW = 0,
    FC_BLOCK_LZ4 = 1,      // LZ4 block format; taken only when smaller
    FC_BLOCK_REDACTED = 2, // stored bytes: the 32-byte SHA-256 of the payload
    FC_BLOCK_PRUNED = 3,   // likewise
} fc_block_encoding;

typedef struct fc_block_header {
    uint32_t operation_count;
    uint8_t store_id[16];
    uint64_t sequence;
    int64_t wall_time_us;
    fc_hash128 previous_id;
    uint64_t payload_length;
    fc_hash128 payload_hash;
    uint64_t row_count;
    // storage
    fc_block_encoding encoding;
    uint64_t stored_length;
    // computed
    fc_hash128 id;
} fc_block_header;

// A whole block, opened: header and canonical payload (empty when redacted or pruned).
typedef struct fc_block {
    fc_block_header header;
    fc_bytes payload;
    fc_bytes stored; // the whole block as stored (headers, stored bytes, padding)
} fc_block;

// Appends the block to `out` (at a multiple of 8). The caller fills operation_count, store_id,
// sequence, wall_time_us, previous_id and row_count of *header; the rest is filled in here.
FC_MUST_USE fc_status fc_block_encode(fc_block_header *header, fc_bytes payload, bool compress,
                                      fc_buffer *out);
// The length that the block at the start of `bytes` claims, padding included, checked against
// limits and bytes.length; and its header, checksum checked. FC_STATUS_CORRUPT, FC_STATUS_TOO_NEW.
FC_MUST_USE fc_status fc_block_check(fc_bytes bytes, fc_block_header *out_header,
                                     size_t *out_length, fc_detail *detail);
// Checks as above, decodes the payload (into `scratch` when compressed) and checks its hash.
FC_MUST_USE fc_status fc_block_open(fc_bytes bytes, fc_buffer *scratch, fc_block *out_block,
                                    size_t *out_length, fc_detail *detail);
#endif
