#include "log_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/bytes.h"

enum {
    MAGIC_AT = 0,
    VERSION_AT = 8,
    ALIGNMENT_AT = 12,
    STORE_ID_AT = 16,
    NUMBER_AT = 32,
    EPOCH_AT = 40,
    SALT_AT = 48,
    FIRST_SEQUENCE_AT = 56,
    PREVIOUS_ID_AT = 64,
    PREVIOUS_NUMBER_AT = 80,
    PREVIOUS_END_AT = 88,
    USED_BYTES = 96,
    CHECKSUM_AT = FC_LOG_FILE_HEADER_BYTES - 8,
};

static const uint8_t magic[8] = {'F', 'o', 'r', 'm', 'D', 'B', 'L', 'g'};
static const char prefix[] = "log-";
static const char suffix[] = ".fdb";
enum { DIGITS = 20 };

void fc_log_file_name(uint64_t number, char *out) {
    snprintf(out, FC_LOG_FILE_NAME_BYTES, "%s%020" PRIu64 "%s", prefix, number, suffix);
}

bool fc_log_file_parse_name(const char *name, uint64_t *out_number) {
    if (strncmp(name, prefix, 4) != 0 || strlen(name) != 4 + DIGITS + 4) return false;
    if (strcmp(name + 4 + DIGITS, suffix) != 0) return false;
    uint64_t number = 0;
    for (const char *digit = name + 4; digit < name + 4 + DIGITS; digit++) {
        if (*digit < '0' || *digit > '9') return false;
        uint64_t value = (uint64_t)(*digit - '0');
        if (number > (UINT64_MAX - value) / 10) return false;
        number = number * 10 + value;
    }
    if (number == 0) return false;
    *out_number = number;
    return true;
}

void fc_log_file_encode_header(const fc_log_file_header *header, uint8_t *out) {
    memset(out, 0, FC_LOG_FILE_HEADER_BYTES);
    memcpy(out + MAGIC_AT, magic, sizeof magic);
    fc_store_u16(out + VERSION_AT, FC_LOG_FILE_VERSION);
    fc_store_u32(out + ALIGNMENT_AT, header->alignment);
    memcpy(out + STORE_ID_AT, header->store_id, 16);
    fc_store_u64(out + NUMBER_AT, header->number);
    fc_store_u64(out + EPOCH_AT, header->epoch);
    fc_store_u64(out + SALT_AT, header->salt);
    fc_store_u64(out + FIRST_SEQUENCE_AT, header->first_sequence);
    memcpy(out + PREVIOUS_ID_AT, header->previous_id.bytes, 16);
    fc_store_u64(out + PREVIOUS_NUMBER_AT, header->previous_number);
    fc_store_u64(out + PREVIOUS_END_AT, header->previous_end);
    fc_store_u64(out + CHECKSUM_AT, fc_hash64(out, CHECKSUM_AT, 0));
}

static fc_status check_version(const uint8_t *bytes, fc_detail *detail) {
    unsigned version = fc_load_u16(bytes + VERSION_AT);
    if (version > FC_LOG_FILE_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_NEW,
                       "the log file has format version %u; this program knows %d", version,
                       FC_LOG_FILE_VERSION);
    if (version < FC_LOG_FILE_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_OLD,
                       "the log file has format version %u, which is no longer read", version);
    return FC_STATUS_OK;
}

// What can be said of a header by itself.
static bool is_consistent(const fc_log_file_header *header) {
    uint32_t alignment = header->alignment;
    if (alignment < FC_LOG_FILE_ALIGNMENT || alignment > FC_LOG_FILE_ALIGNMENT_MAX ||
        (alignment & (alignment - 1)) != 0)
        return false;
    if (header->number == 0 || header->first_sequence == 0) return false;
    if (header->epoch == 0 || header->epoch == UINT64_MAX) return false;
    if (header->previous_number != header->number - 1) return false;
    if (header->number == 1) return header->previous_end == 0 && header->first_sequence == 1;
    return header->previous_end >= FC_LOG_FILE_ALIGNMENT &&
           header->previous_end % FC_LOG_FILE_ALIGNMENT == 0;
}

fc_status fc_log_file_decode_header(const uint8_t *bytes, fc_log_file_header *out_header,
                                    fc_detail *detail) {
    if (memcmp(bytes + MAGIC_AT, magic, sizeof magic) != 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "the file does not begin as a log file does");
    if (fc_load_u64(bytes + CHECKSUM_AT) != fc_hash64(bytes, CHECKSUM_AT, 0))
        return fc_fail(detail, FC_STATUS_CORRUPT, "the log file's header checksum does not match");
    fc_status status = check_version(bytes, detail);
    if (status != FC_STATUS_OK) return status;

    fc_log_file_header header = {
        .alignment = fc_load_u32(bytes + ALIGNMENT_AT),
        .number = fc_load_u64(bytes + NUMBER_AT),
        .epoch = fc_load_u64(bytes + EPOCH_AT),
        .salt = fc_load_u64(bytes + SALT_AT),
        .first_sequence = fc_load_u64(bytes + FIRST_SEQUENCE_AT),
        .previous_number = fc_load_u64(bytes + PREVIOUS_NUMBER_AT),
        .previous_end = fc_load_u64(bytes + PREVIOUS_END_AT),
    };
    memcpy(header.store_id, bytes + STORE_ID_AT, 16);
    memcpy(header.previous_id.bytes, bytes + PREVIOUS_ID_AT, 16);
    bool zeros = fc_load_u16(bytes + VERSION_AT + 2) == 0;
    for (size_t i = USED_BYTES; i < CHECKSUM_AT; i++)
        zeros = zeros && bytes[i] == 0;
    if (!zeros || !is_consistent(&header))
        return fc_fail(detail, FC_STATUS_CORRUPT, "the log file's header contradicts itself");
    *out_header = header;
    return FC_STATUS_OK;
}

fc_group_place fc_log_file_place(const fc_log_file_header *header, uint64_t offset) {
    fc_group_place place = {
        .file_number = header->number,
        .salt = header->salt,
        .epoch = header->epoch,
        .offset = offset,
        .alignment = header->alignment,
    };
    memcpy(place.store_id, header->store_id, 16);
    return place;
}
