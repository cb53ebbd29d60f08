// The manifest: which files make up a store, and how far its log must reach. Little-endian.
// SOURCE: docs/FORMAT.md, "Manifest".
//
//   0    8  magic "FormDBMf"
//   8    2  format version needed to read the store, 1
//   10   2  format version needed to write to it, 1
//   12   4  length of the manifest
//   16   8  XXH3-64 of all of it, with these 8 bytes as zeros
//   24   16 store id
//   40   8  number of the manifest: one more than the one it replaces
//   48   8  floor: a sequence that the log must reach
//   56   16 the floor's block id (zeros at 0)
//   72   8  clean mark: number of the newest log file after a clean close, or 0
//   80   8  clean mark: its exact end, or 0
//   88   4  count of log files, at least 1
//   92   4  0
//   96   48 per log file, in order of numbers from 1:
//        0  8  number
//        8  8  sequence of its first block
//        16 8  sequence of its last block (the first less 1 when it has none); 0 in the active file
//        24 8  end offset; 0 in the active file
//        32 16 id of its last block, or of the one before its first; zeros in the active file
//
// The last log file is the active one; all others are sealed.
#ifndef FC_FORMAT_MANIFEST_H
#define FC_FORMAT_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "../base/hash.h"
#include "../base/memory.h"
#include "../base/status.h"

#define FC_MANIFEST_NAME "MANIFEST"
#define FC_MANIFEST_TEMPORARY_NAME "MANIFEST.tmp"
#define FC_MANIFEST_VERSION 1
#define FC_MANIFEST_HEADER_BYTES 96
#define FC_MANIFEST_LOG_FILE_BYTES 48
#define FC_MANIFEST_LENGTH_MAX (256u << 20)

typedef struct fc_manifest_log_file {
    uint64_t number;
    uint64_t first_sequence;
    uint64_t last_sequence; // sealed only
    uint64_t end_offset;    // sealed only; 0: active
    fc_hash128 last_id;     // sealed only
} fc_manifest_log_file;

// OWNERSHIP: init/deinit the caller's storage; `files` belongs to the manifest.
typedef struct fc_manifest {
    const fc_allocator *memory;
    uint16_t version_to_read, version_to_write;
    uint8_t store_id[16];
    uint64_t number;
    uint64_t floor_sequence;
    fc_hash128 floor_id;
    uint64_t clean_number, clean_end;
    fc_manifest_log_file *files;
    size_t file_count, file_capacity;
} fc_manifest;

void fc_manifest_init(fc_manifest *manifest, const fc_allocator *memory);
void fc_manifest_deinit(fc_manifest *manifest);
// A copy in *out, which must be initialised and empty. On an error *out stays empty.
FC_MUST_USE fc_status fc_manifest_copy(const fc_manifest *manifest, fc_manifest *out);
FC_MUST_USE fc_status fc_manifest_add_file(fc_manifest *manifest, const fc_manifest_log_file *file);
// The active file's entry. REQUIRES: file_count > 0.
fc_manifest_log_file *fc_manifest_active_file(const fc_manifest *manifest);

// Appends the encoding to `out`.
FC_MUST_USE fc_status fc_manifest_encode(const fc_manifest *manifest, fc_buffer *out);
// Checks every byte. FC_STATUS_NOT_OURS, FC_STATUS_CORRUPT, FC_STATUS_TOO_NEW, FC_STATUS_TOO_OLD.
// A store that this version may read but not write decodes, with version_to_write above
// FC_MANIFEST_VERSION. *out must be initialised and empty; on an error it stays empty.
FC_MUST_USE fc_status fc_manifest_decode(fc_bytes bytes, fc_manifest *out, fc_detail *detail);
#endif
