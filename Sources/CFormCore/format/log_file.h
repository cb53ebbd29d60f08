// A log file's name and its header sector. Little-endian. SOURCE: docs/FORMAT.md, "Log file".
//
//   0    8  magic "FormDBLg"
//   8    2  format version needed to read the file, 1
//   10   2  0
//   12   4  alignment of groups: a power of two from 4096 to 65536
//   16   16 store id
//   32   8  number of the file, from 1
//   40   8  epoch, from 1 to 2^64 - 2
//   48   8  salt, random
//   56   8  sequence of the first block
//   64   16 id of the block before it (zeros when there is none)
//   80   8  number of the previous file, or 0
//   88   8  end of the previous file: the offset behind its last group that counts, or 0
//   96   …  zeros
//   4088 8  XXH3-64 of bytes [0, 4088)
//
// The first group begins at offset `alignment`.
#ifndef FC_FORMAT_LOG_FILE_H
#define FC_FORMAT_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/hash.h"
#include "../base/status.h"
#include "group.h"

#define FC_LOG_FILE_VERSION 1
#define FC_LOG_FILE_HEADER_BYTES 4096
#define FC_LOG_FILE_ALIGNMENT 4096
#define FC_LOG_FILE_ALIGNMENT_MAX 65536
#define FC_LOG_FILE_NAME_BYTES 32 // enough for the name, ".tmp" and the NUL are included

typedef struct fc_log_file_header {
    uint32_t alignment;
    uint8_t store_id[16];
    uint64_t number;
    uint64_t epoch;
    uint64_t salt;
    uint64_t first_sequence;
    fc_hash128 previous_id;
    uint64_t previous_number;
    uint64_t previous_end;
} fc_log_file_header;

// "log-<20 digits>.fdb"; out has FC_LOG_FILE_NAME_BYTES.
void fc_log_file_name(uint64_t number, char *out);
// Whether `name` is exactly such a name, of a number from 1.
bool fc_log_file_parse_name(const char *name, uint64_t *out_number);

// Fills FC_LOG_FILE_HEADER_BYTES at `out`.
void fc_log_file_encode_header(const fc_log_file_header *header, uint8_t *out);
// Checks FC_LOG_FILE_HEADER_BYTES. FC_STATUS_CORRUPT, FC_STATUS_TOO_NEW, FC_STATUS_TOO_OLD.
FC_MUST_USE fc_status fc_log_file_decode_header(const uint8_t *bytes,
                                                fc_log_file_header *out_header, fc_detail *detail);
// The place of a group at `offset` in this file.
fc_group_place fc_log_file_place(const fc_log_file_header *header, uint64_t offset);
#endif
