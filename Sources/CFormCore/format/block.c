#include "block.h"

#include <string.h>

#include "../base/bytes.h"
#include "compression.h"

enum {
    VERSION_AT = 0,
    OPERATIONS_AT = 4,
    STORE_ID_AT = 8,
    SEQUENCE_AT = 24,
    WALL_TIME_AT = 32,
    PREVIOUS_ID_AT = 40,
    PAYLOAD_LENGTH_AT = 56,
    PAYLOAD_HASH_AT = 64,
    ROWS_AT = 80,
    ENCODING_AT = FC_BLOCK_IDENTITY_BYTES,
    STORED_LENGTH_AT = 96,
    CHECKSUM_AT = 104,
};

#define DIGEST_BYTES 32
// Below this LZ4 gains nothing worth its call.
#define COMPRESS_BYTES_MIN 128

static uint64_t block_checksum(const uint8_t *header, const uint8_t *stored, size_t length) {
    const struct fc_hash_piece pieces[2] = {{header, CHECKSUM_AT}, {stored, length}};
    return fc_hash64_pieces(pieces, 2, 0);
}

static void encode_identity(const fc_block_header *header, uint8_t *out) {
    memset(out, 0, FC_BLOCK_HEADER_BYTES);
    fc_store_u16(out + VERSION_AT, FC_BLOCK_VERSION);
    fc_store_u32(out + OPERATIONS_AT, header->operation_count);
    memcpy(out + STORE_ID_AT, header->store_id, 16);
    fc_store_u64(out + SEQUENCE_AT, header->sequence);
    fc_store_i64(out + WALL_TIME_AT, header->wall_time_us);
    memcpy(out + PREVIOUS_ID_AT, header->previous_id.bytes, 16);
    fc_store_u64(out + PAYLOAD_LENGTH_AT, header->payload_length);
    memcpy(out + PAYLOAD_HASH_AT, header->payload_hash.bytes, 16);
    fc_store_u64(out + ROWS_AT, header->row_count);
}

fc_status fc_block_encode(fc_block_header *header, fc_bytes payload, bool compress,
                          fc_buffer *out) {
    if (payload.length > FC_PAYLOAD_LENGTH_MAX) return FC_STATUS_TOO_LARGE;
    fc_status status = fc_buffer_reserve(out, FC_BLOCK_HEADER_BYTES + payload.length + 8);
    if (status != FC_STATUS_OK) return status;

    uint8_t *bytes = out->data + out->length;
    uint8_t *stored = bytes + FC_BLOCK_HEADER_BYTES;
    size_t stored_length = payload.length;
    // One byte less than the payload: LZ4 is taken only when it is smaller.
    if (compress && payload.length >= COMPRESS_BYTES_MIN &&
        fc_lz4_compress(payload.data, payload.length, stored, payload.length - 1, &stored_length)) {
        header->encoding = FC_BLOCK_LZ4;
    } else {
        header->encoding = FC_BLOCK_RAW;
        if (payload.length > 0) memcpy(stored, payload.data, payload.length);
    }
    header->payload_length = payload.length;
    header->payload_hash = fc_hash128_of(payload.data, payload.length);
    header->stored_length = stored_length;

    encode_identity(header, bytes);
    header->id = fc_hash128_of(bytes, FC_BLOCK_IDENTITY_BYTES);
    bytes[ENCODING_AT] = (uint8_t)header->encoding;
    fc_store_u64(bytes + STORED_LENGTH_AT, stored_length);
    fc_store_u64(bytes + CHECKSUM_AT, block_checksum(bytes, stored, stored_length));

    size_t padded = (size_t)fc_align_up(stored_length, 8);
    memset(stored + stored_length, 0, padded - stored_length);
    out->length += FC_BLOCK_HEADER_BYTES + padded;
    return FC_STATUS_OK;
}

static void decode_header(const uint8_t *bytes, fc_block_header *out) {
    memset(out, 0, sizeof *out);
    out->operation_count = fc_load_u32(bytes + OPERATIONS_AT);
    memcpy(out->store_id, bytes + STORE_ID_AT, 16);
    out->sequence = fc_load_u64(bytes + SEQUENCE_AT);
    out->wall_time_us = fc_load_i64(bytes + WALL_TIME_AT);
    memcpy(out->previous_id.bytes, bytes + PREVIOUS_ID_AT, 16);
    out->payload_length = fc_load_u64(bytes + PAYLOAD_LENGTH_AT);
    memcpy(out->payload_hash.bytes, bytes + PAYLOAD_HASH_AT, 16);
    out->row_count = fc_load_u64(bytes + ROWS_AT);
    out->encoding = (fc_block_encoding)bytes[ENCODING_AT];
    out->stored_length = fc_load_u64(bytes + STORED_LENGTH_AT);
    out->id = fc_hash128_of(bytes, FC_BLOCK_IDENTITY_BYTES);
}

// Whether the two lengths agree with the encoding.
static fc_status check_lengths(const fc_block_header *header, fc_detail *detail) {
    uint64_t payload = header->payload_length, stored = header->stored_length;
    if (payload > FC_PAYLOAD_LENGTH_MAX)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block's payload is longer than the limit");
    bool fits = false;
    switch (header->encoding) {
    case FC_BLOCK_RAW:
        fits = stored == payload;
        break;
    case FC_BLOCK_LZ4:
        fits = stored < payload && payload / FC_LZ4_EXPANSION_MAX <= stored;
        break;
    case FC_BLOCK_REDACTED:
    case FC_BLOCK_PRUNED:
        fits = stored == DIGEST_BYTES;
        break;
    }
    if (fits) return FC_STATUS_OK;
    return fc_fail(detail, FC_STATUS_CORRUPT, "a block's stored length does not fit its encoding");
}

static bool all_zero(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0) return false;
    return true;
}

fc_status fc_block_check(fc_bytes bytes, fc_block_header *out_header, size_t *out_length,
                         fc_detail *detail) {
    if (bytes.length < FC_BLOCK_HEADER_BYTES)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block's header is cut short");
    const uint8_t *stored = bytes.data + FC_BLOCK_HEADER_BYTES;
    size_t room = bytes.length - FC_BLOCK_HEADER_BYTES;
    uint64_t stored_length = fc_load_u64(bytes.data + STORED_LENGTH_AT);
    if (stored_length > room || fc_align_up(stored_length, 8) > room)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block is cut short");
    if (fc_load_u64(bytes.data + CHECKSUM_AT) !=
        block_checksum(bytes.data, stored, (size_t)stored_length))
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block's checksum does not match");

    // The version and the encoding are believed only now that the checksum holds.
    uint16_t version = fc_load_u16(bytes.data + VERSION_AT);
    if (version > FC_BLOCK_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "a block has version %u; this program knows %u",
                       (unsigned)version, FC_BLOCK_VERSION);
    if (version == 0) return fc_fail(detail, FC_STATUS_CORRUPT, "a block has version 0");
    uint8_t encoding = bytes.data[ENCODING_AT];
    if (encoding > FC_BLOCK_PRUNED)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "a block has the unknown encoding %u",
                       (unsigned)encoding);
    size_t padding = (size_t)(fc_align_up(stored_length, 8) - stored_length);
    if (!all_zero(bytes.data + 2, 2) || !all_zero(bytes.data + ENCODING_AT + 1, 7) ||
        !all_zero(stored + stored_length, padding))
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block's padding is not zero");

    fc_block_header header;
    decode_header(bytes.data, &header);
    if (header.sequence == 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block has the sequence number 0");
    fc_status status = check_lengths(&header, detail);
    if (status != FC_STATUS_OK) return status;
    *out_header = header;
    *out_length = FC_BLOCK_HEADER_BYTES + (size_t)stored_length + padding;
    return FC_STATUS_OK;
}

fc_status fc_block_open(fc_bytes bytes, fc_buffer *scratch, fc_block *out_block, size_t *out_length,
                        fc_detail *detail) {
    fc_block_header header;
    size_t length = 0;
    fc_status status = fc_block_check(bytes, &header, &length, detail);
    if (status != FC_STATUS_OK) return status;

    fc_bytes payload = {NULL, 0};
    const uint8_t *stored = bytes.data + FC_BLOCK_HEADER_BYTES;
    if (header.encoding == FC_BLOCK_RAW) {
        payload = (fc_bytes){stored, (size_t)header.stored_length};
    } else if (header.encoding == FC_BLOCK_LZ4) {
        fc_buffer_clear(scratch);
        status = fc_buffer_reserve(scratch, (size_t)header.payload_length);
        if (status != FC_STATUS_OK)
            return fc_fail(detail, status, "no memory for a payload of %llu bytes",
                           (unsigned long long)header.payload_length);
        if (!fc_lz4_decompress(stored, (size_t)header.stored_length, scratch->data,
                               (size_t)header.payload_length))
            return fc_fail(detail, FC_STATUS_CORRUPT, "a block's LZ4 bytes are malformed");
        scratch->length = (size_t)header.payload_length;
        payload = (fc_bytes){scratch->data, scratch->length};
    }
    if (header.encoding == FC_BLOCK_RAW || header.encoding == FC_BLOCK_LZ4) {
        fc_hash128 hash = fc_hash128_of(payload.data, payload.length);
        if (!fc_hash128_equal(&hash, &header.payload_hash))
            return fc_fail(detail, FC_STATUS_CORRUPT, "a block's payload hash does not match");
    }
    out_block->header = header;
    out_block->payload = payload;
    out_block->stored = (fc_bytes){bytes.data, length};
    *out_length = length;
    return FC_STATUS_OK;
}
