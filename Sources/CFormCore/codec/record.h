// Feature records: the one encoding of a feature, in memory, in the journal and in segments, read
// in place. Little-endian. SOURCE: docs/FORMAT.md, "Feature record".
//
//   offset size
//   0      4    length of the whole record, a multiple of 8, at most FC_RECORD_LENGTH_MAX
//   4      1    version, 1
//   5      1    geometry kind (enum fc_geometry_kind)
//   6      1    flags (FC_RECORD_*)
//   7      1    0
//   8      8    id: the integer, or the length in bytes of the text (1…65,535)
//   16     4    geometry bytes, a multiple of 8
//   20     4    properties bytes: one deterministic CBOR map; 0 when properties are null
//   24     4    extras bytes: one deterministic CBOR map with integer keys; 0 when there is none
//   28     4    0
//   32     16   time: start, end (int64 µs, closed, start <= end), only with FC_RECORD_HAS_TIME
//   …           geometry, properties, extras, id text, zeros up to a multiple of 8
//
// Geometry, by kind (a position is 2 float64, or 3 with FC_RECORD_HAS_Z, where the canonical NaN
// 0x7ff8000000000000 as third number means "this position has two"):
//   none                             0 bytes
//   Point                            0 bytes (empty) or one position
//   LineString, MultiPoint           positions
//   Polygon, MultiLineString         u32 part_count, u32 part_end[part_count] (running position
//                                    counts), zeros to 8, positions
//   MultiPolygon                     u32 polygon_count, u32 ring_count, u32 polygon_end[polygon_count]
//                                    (running ring counts), u32 ring_end[ring_count], zeros to 8,
//                                    positions
//   GeometryCollection               u32 count, u32 0, then per member: u32 kind, u32 bytes
//                                    (multiple of 8), its geometry; at most FC_GEOMETRY_DEPTH_MAX deep
//   Rectangle                        two positions without a third number: south-west, north-east
// A Polygon or MultiLineString with part_count 0 is 8 bytes (count and padding).
#ifndef FC_CODEC_RECORD_H
#define FC_CODEC_RECORD_H

#include "../base/memory.h"
#include "../base/status.h"

#define FC_RECORD_VERSION 1
#define FC_RECORD_HEADER_BYTES 32
#define FC_RECORD_LENGTH_MAX (256u << 20)
#define FC_RECORD_ID_BYTES_MAX 65535
#define FC_GEOMETRY_DEPTH_MAX 32

enum fc_record_flag {
    FC_RECORD_HAS_Z = 1,
    FC_RECORD_HAS_TIME = 2,
    FC_RECORD_TEXT_ID = 4,
    // Only inside an AMEND operation: the geometry is that of the version before; kind NONE, 0 bytes.
    FC_RECORD_KEEPS_GEOMETRY = 8,
    FC_RECORD_KNOWN_FLAGS = 15
};

typedef enum fc_geometry_kind {
    FC_GEOMETRY_NONE = 0,
    FC_GEOMETRY_POINT = 1,
    FC_GEOMETRY_LINE_STRING = 2,
    FC_GEOMETRY_POLYGON = 3,
    FC_GEOMETRY_MULTI_POINT = 4,
    FC_GEOMETRY_MULTI_LINE_STRING = 5,
    FC_GEOMETRY_MULTI_POLYGON = 6,
    FC_GEOMETRY_COLLECTION = 7,
    // A Polygon that is a box: its ring from the south-western corner, counterclockwise. Never in a collection.
    FC_GEOMETRY_RECTANGLE = 8
} fc_geometry_kind;

// A feature's id. `text.data` is NULL for an integer.
typedef struct fc_feature_id {
    int64_t integer;
    fc_bytes text;
} fc_feature_id;

// Integers before text; text by bytes. < 0, 0, > 0.
int fc_feature_id_compare(const fc_feature_id *a, const fc_feature_id *b);
uint64_t fc_feature_id_hash(const fc_feature_id *id);

// A bounding box. `west` > `east` means that it crosses the antimeridian (the box runs from west
// to east + 360). In a plane (no longitudes) west <= east always.
typedef struct fc_box {
    double west, south, east, north;
} fc_box;

// A record taken apart; every pointer borrows from the record's bytes.
typedef struct fc_record {
    fc_bytes bytes; // the whole record
    fc_geometry_kind kind;
    uint8_t flags;
    bool has_time;
    int64_t time_start_us, time_end_us; // when has_time
    fc_feature_id id;
    fc_bytes geometry, properties, extras;
} fc_record;

// Checks every byte of `bytes` (one record, exactly) and takes it apart: lengths, flags, kind,
// counts, coordinates finite with |latitude| <= 90 and |longitude| <= 540, UTF-8 of the id, CBOR
// well-formed, deterministic and a map (fc_cbor_check), zero padding. FC_STATUS_CORRUPT,
// FC_STATUS_INVALID_COORDINATE or FC_STATUS_TOO_NEW (version, kind, flags) otherwise. `bytes.data` needs
// no alignment. COST: O(bytes).
FC_MUST_USE fc_status fc_record_check(fc_bytes bytes, fc_record *out_record, fc_detail *detail);
// Takes apart a record that fc_record_check accepted before. COST: O(1).
void fc_record_read(const uint8_t *bytes, fc_record *out_record);

// The feature's bounding box (SEMANTICS.md "Place"): latitude from minimum to maximum, in longitude the
// complement of the largest gap that the parts' intervals leave on the circle (ties: the westernmost
// start). Returns false when there is none (null or empty geometry). REQUIRES: checked record.
// Longitudes outside [-180, 180] are reduced for the gap search; a box whose parts lie within
// [-180, 180] has the coordinates' own bits as edges. A feature that spans ≥ 360° gives (-180, 180).
// ERRORS: FC_STATUS_OUT_OF_MEMORY (many parts need a sort buffer).
FC_MUST_USE fc_status fc_record_bounding_box(const fc_record *record, const fc_allocator *memory,
                                             bool *out_has_box, fc_box *out_box);
// Calls `visit` with each position of a Point or MultiPoint (false for other kinds: not visited).
bool fc_record_visit_points(const fc_record *record,
                            void (*visit)(void *visitor, double longitude, double latitude),
                            void *visitor);
// The record `amended` (KEEPS_GEOMETRY) with the geometry of `previous`, appended to `out`.
FC_MUST_USE fc_status fc_record_with_geometry_of(const fc_record *amended,
                                                 const fc_record *previous, fc_buffer *out);
// The record `whole` without its geometry (KEEPS_GEOMETRY), appended to `out`.
FC_MUST_USE fc_status fc_record_without_geometry(const fc_record *whole, fc_buffer *out);

// Whether `bytes` is exactly one well-formed, deterministic CBOR item (RFC 8949 §4.2.1: shortest
// heads, definite lengths, keys sorted bytewise and unique) of the kinds that JSON has: integers,
// UTF-8 text, arrays, maps, false, true, null, finite floats in shortest form; depth at most
// FC_CBOR_DEPTH_MAX. `text_keys`: map keys must be text at every level (properties); else the
// outermost map's keys are unsigned integers (extras), with text keys below.
#define FC_CBOR_DEPTH_MAX 128
FC_MUST_USE fc_status fc_cbor_check(fc_bytes bytes, bool text_keys, fc_detail *detail);
// Whether the bytes are well-formed UTF-8 (RFC 3629).
bool fc_utf8_check(const uint8_t *bytes, size_t length);
#endif
