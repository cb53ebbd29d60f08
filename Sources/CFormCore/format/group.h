// Groups: what one write and one sync make durable, in a log file. Little-endian.
// SOURCE: docs/FORMAT.md, "Group".
//
//   0   4  magic "FGrp"
//   4   4  block count, at least 1
//   8   8  number of the group in its file, from 1
//   16  8  epoch, that of the file
//   24  8  sequence of the first block
//   32  8  durable_through: the last sequence known durable when the group was written
//   40  8  length of the group, a multiple of the file's alignment
//   48  8  body checksum: XXH3-64, seeded with the file's salt, of bytes [64, length)
//   56  8  header checksum: XXH3-64, seeded with the file's salt, of the store id, the file's
//          number, the group's offset (8 bytes each but the id) and bytes [0, 56)
//   64  …  blocks, then zeros up to the length
//
// The header checksum covers the body's, so every byte of a group is bound to its store, file,
// offset and salt; and a scan can reject what is no group by reading 64 bytes of it.
#ifndef FC_FORMAT_GROUP_H
#define FC_FORMAT_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FC_GROUP_HEADER_BYTES 64

typedef struct fc_group_header {
    uint32_t block_count;
    uint64_t number;
    uint64_t epoch;
    uint64_t first_sequence;
    uint64_t durable_through;
    uint64_t length;
} fc_group_header;

// Where a group lies: what its checksums are bound to.
typedef struct fc_group_place {
    uint8_t store_id[16];
    uint64_t file_number;
    uint64_t salt;
    uint64_t epoch;
    uint64_t offset;
    uint64_t alignment;
} fc_group_place;

// Writes the header over the first 64 bytes of `group`, which holds header->length bytes: room
// for the header, blocks, zeros.
void fc_group_seal(uint8_t *group, const fc_group_header *header, const fc_group_place *place);
// Whether 64 bytes are the header of a group at this place that is at most `room` bytes long.
bool fc_group_header_check(const uint8_t *bytes, const fc_group_place *place, uint64_t room,
                           fc_group_header *out_header);
// Whether the rest of the group is what the header says. REQUIRES: the header was accepted, and
// header->length bytes at `group`.
bool fc_group_body_check(const uint8_t *group, const fc_group_header *header,
                         const fc_group_place *place);
#endif
