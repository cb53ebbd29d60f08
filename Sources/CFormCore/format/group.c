#include "group.h"

#include <string.h>

#include "../base/bytes.h"
#include "../base/hash.h"

enum {
    MAGIC_AT = 0,
    COUNT_AT = 4,
    NUMBER_AT = 8,
    EPOCH_AT = 16,
    FIRST_SEQUENCE_AT = 24,
    DURABLE_AT = 32,
    LENGTH_AT = 40,
    BODY_CHECKSUM_AT = 48,
    HEADER_CHECKSUM_AT = 56,
};

static const uint8_t magic[4] = {'F', 'G', 'r', 'p'};

static uint64_t header_checksum(const uint8_t *group, const fc_group_place *place) {
    uint8_t covered[32 + HEADER_CHECKSUM_AT];
    memcpy(covered, place->store_id, 16);
    fc_store_u64(covered + 16, place->file_number);
    fc_store_u64(covered + 24, place->offset);
    memcpy(covered + 32, group, HEADER_CHECKSUM_AT);
    return fc_hash64(covered, sizeof covered, place->salt);
}

static uint64_t body_checksum(const uint8_t *group, uint64_t length, const fc_group_place *place) {
    return fc_hash64(group + FC_GROUP_HEADER_BYTES, (size_t)(length - FC_GROUP_HEADER_BYTES),
                     place->salt);
}

void fc_group_seal(uint8_t *group, const fc_group_header *header, const fc_group_place *place) {
    memcpy(group + MAGIC_AT, magic, 4);
    fc_store_u32(group + COUNT_AT, header->block_count);
    fc_store_u64(group + NUMBER_AT, header->number);
    fc_store_u64(group + EPOCH_AT, header->epoch);
    fc_store_u64(group + FIRST_SEQUENCE_AT, header->first_sequence);
    fc_store_u64(group + DURABLE_AT, header->durable_through);
    fc_store_u64(group + LENGTH_AT, header->length);
    fc_store_u64(group + BODY_CHECKSUM_AT, body_checksum(group, header->length, place));
    fc_store_u64(group + HEADER_CHECKSUM_AT, header_checksum(group, place));
}

bool fc_group_header_check(const uint8_t *bytes, const fc_group_place *place, uint64_t room,
                           fc_group_header *out_header) {
    if (memcmp(bytes + MAGIC_AT, magic, 4) != 0) return false;
    if (fc_load_u64(bytes + HEADER_CHECKSUM_AT) != header_checksum(bytes, place)) return false;
    fc_group_header header = {
        .block_count = fc_load_u32(bytes + COUNT_AT),
        .number = fc_load_u64(bytes + NUMBER_AT),
        .epoch = fc_load_u64(bytes + EPOCH_AT),
        .first_sequence = fc_load_u64(bytes + FIRST_SEQUENCE_AT),
        .durable_through = fc_load_u64(bytes + DURABLE_AT),
        .length = fc_load_u64(bytes + LENGTH_AT),
    };
    if (header.length < place->alignment || header.length % place->alignment != 0 ||
        header.length > room)
        return false;
    if (header.block_count == 0 || header.number == 0 || header.first_sequence == 0) return false;
    if (header.epoch != place->epoch || header.durable_through >= header.first_sequence)
        return false;
    *out_header = header;
    return true;
}

bool fc_group_body_check(const uint8_t *group, const fc_group_header *header,
                         const fc_group_place *place) {
    return fc_load_u64(group + BODY_CHECKSUM_AT) == body_checksum(group, header->length, place);
}
