// Point batches: columns of one timestamp and one or more fields for many points, each column with
// a codec tag; in the journal now, in segments later. Little-endian. SOURCE: docs/FORMAT.md, "Point batch".
//
//   offset size
//   0      4    length of the whole batch, a multiple of 8
//   4      2    version, 1
//   6      2    field count (1…FC_SERIES_FIELDS_MAX)
//   8      4    point count (1…FC_BATCH_POINTS_MAX)
//   12     4    flags (FC_BATCH_HAS_METADATA)
//   16     8·c  column table: per column u8 codec, 3 zero bytes, u32 bytes (a multiple of 8), for the
//               time column, each field, and the metadata column if flagged
//   …           the columns
//
// Codecs. Time: 0 raw int64; 1 line: int64 first, int64 step (t_i = first + i·step, no overflow).
// Fields: 0 raw float64 (any bits, NaN included); 1 constant: one float64.
// Metadata: 0: u32 end[point_count] (running byte counts; equal to the one before = none), zeros to 8,
// CBOR maps, zeros to 8.
// An encoder picks the smallest, of equally small ones the lower number; a batch in other than its
// smallest codecs is refused (deterministic).
#ifndef FC_CODEC_BATCH_H
#define FC_CODEC_BATCH_H

#include "../base/memory.h"
#include "../base/status.h"

#define FC_BATCH_VERSION 1
#define FC_SERIES_FIELDS_MAX 1024
#define FC_BATCH_POINTS_MAX (1u << 24)
enum { FC_BATCH_HAS_METADATA = 1 };

// The decoded columns of a batch take at most this: a few hostile bytes must not claim memory at will.
#define FC_BATCH_DECODED_BYTES_MAX (1u << 30)

// Points as the caller has them. `fields[i]` points at point_count float64.
// `metadata_ends` is NULL, or running byte counts into `metadata` (CBOR maps).
typedef struct fc_points {
    uint32_t point_count;
    uint32_t field_count;
    const int64_t *times_us;
    const double *const *fields;
    const uint32_t *metadata_ends;
    const uint8_t *metadata;
} fc_points;

// Appends the encoded batch to `out` (16-aligned data, and out->length a multiple of 8).
FC_MUST_USE fc_status fc_batch_encode(const fc_points *points, fc_buffer *out);

// A checked batch; borrows from its bytes.
typedef struct fc_batch {
    fc_bytes bytes;
    uint32_t point_count, field_count;
    bool has_metadata;
    uint8_t time_codec;
    const uint8_t *time_column;
    const uint8_t *metadata_column;
} fc_batch;

// Checks every byte. FC_STATUS_CORRUPT, or FC_STATUS_TOO_NEW for an unknown codec, by name and number.
FC_MUST_USE fc_status fc_batch_check(fc_bytes bytes, fc_batch *out_batch, fc_detail *detail);
// Decodes into the caller's columns of point_count elements.
void fc_batch_times(const fc_batch *batch, int64_t *out_times_us);
void fc_batch_field(const fc_batch *batch, uint32_t field, double *out_values);
// The metadata of point `index`: {NULL, 0} when it has none.
fc_bytes fc_batch_metadata(const fc_batch *batch, uint32_t index);
#endif
