// The canonical payload of a block: operations, then runs and provenance. Little-endian.
// SOURCE: docs/FORMAT.md, "Payload and operations".
//
//   0   8  length of the operations, a multiple of 8
//   8   4  provenance count (>= 1)
//   12  4  run count (>= 1 when there are operations)
//   16  …  operations
//   …   8  per run: u32 operation count (>= 1), u32 provenance index; neighbours differ in provenance
//   …      per provenance: u32 length, u32 0, CBOR map, zeros up to a multiple of 8
//
// An operation: u32 length (header included, a multiple of 8), u8 tag, u8 flags (0), u16 0, u32 target
// (collection or series id), u32 0, then the body:
//   1 put        a feature record (codec/record.h); supersedes a live version of its id
//   2 amend      a feature record with FC_RECORD_KEEPS_GEOMETRY; there is a live version
//   3 delete     u64 row id of the version that ends, u32 text length, u32 0, i64 integer id or
//                the text, zeros to 8
//   4 append     a point batch (codec/batch.h)
//   5 tombstone  i64 start, i64 end (half-open), u32 flags (1: end is open), u32 0, u64 row id bound:
//                only rows below it
//   16 create    u32 target kind, u32 name bytes, u32 field count, u32 options bytes, then name,
//                fields (u32 bytes + text each), options (CBOR map or none), zeros to 8; target: new id
//   17 rename    u32 target kind, u32 name bytes, name, zeros to 8
//   18 drop      u32 target kind, u32 0
//   19 create index, 20 drop index
//                u32 index id, u32 property bytes, the property (codec/property.h), zeros to 8
#ifndef FC_STORE_OPERATIONS_H
#define FC_STORE_OPERATIONS_H

#include "../codec/batch.h"
#include "../codec/record.h"

#define FC_PAYLOAD_HEADER_BYTES 16
#define FC_OPERATION_HEADER_BYTES 16
#define FC_NAME_BYTES_MAX 255

typedef enum fc_target_kind { FC_TARGET_COLLECTION = 0, FC_TARGET_SERIES = 1 } fc_target_kind;

typedef enum fc_operation_tag {
    FC_OPERATION_PUT = 1,
    FC_OPERATION_AMEND = 2,
    FC_OPERATION_DELETE = 3,
    FC_OPERATION_APPEND = 4,
    FC_OPERATION_TOMBSTONE = 5,
    FC_OPERATION_CREATE = 16,
    FC_OPERATION_RENAME = 17,
    FC_OPERATION_DROP = 18,
    FC_OPERATION_CREATE_INDEX = 19,
    FC_OPERATION_DROP_INDEX = 20,
} fc_operation_tag;

// An operation taken apart; borrows from the payload.
typedef struct fc_operation {
    fc_operation_tag tag;
    uint32_t target;
    uint32_t provenance; // index into the table
    fc_bytes body;
    // by tag
    fc_record record;           // put, amend
    fc_batch batch;             // append
    fc_feature_id id;           // delete
    uint64_t row_id;            // delete: the row; tombstone: the bound
    int64_t start_us, end_us;   // tombstone
    bool end_is_open;           // tombstone
    fc_target_kind target_kind; // create, rename, drop
    fc_bytes name, options;     // create, rename
    const uint8_t *fields;      // create: walk with fc_operation_field
    uint32_t field_count;
    uint32_t index_id; // create and drop of an index
    fc_bytes property; // likewise: encoded
} fc_operation;

// Walks a payload. Everything is checked: lengths, tags (unknown: FC_STATUS_TOO_NEW, by number), bodies,
// runs, provenance.
typedef struct fc_operation_reader {
    fc_bytes payload;
    size_t offset, operations_end;
    const uint8_t *runs;
    uint32_t run_count, run_index, run_used;
    uint32_t provenance_count;
    size_t provenance_offset;
} fc_operation_reader;

FC_MUST_USE fc_status fc_operation_reader_init(fc_operation_reader *reader, fc_bytes payload,
                                               fc_detail *detail);
FC_MUST_USE fc_status fc_operation_next(fc_operation_reader *reader, bool *out_found,
                                        fc_operation *out, fc_detail *detail);
// The provenance with this index: a CBOR map. {NULL, 0} when there is none.
fc_bytes fc_operation_provenance(const fc_operation_reader *reader, uint32_t index);
// Field `index` of a create operation.
fc_bytes fc_operation_field(const fc_operation *operation, uint32_t index);

// Writes payloads: operations are appended one after another, the tables at the end.
typedef struct fc_operation_writer {
    fc_buffer payload; // header and operations
    fc_buffer runs, provenances;
    uint32_t run_count, provenance_count, operation_count;
    size_t reserved_length; // payload length before the operation that is open
} fc_operation_writer;

void fc_operation_writer_init(fc_operation_writer *writer, const fc_allocator *memory);
void fc_operation_writer_deinit(fc_operation_writer *writer);
FC_MUST_USE fc_status fc_operation_writer_reset(fc_operation_writer *writer, fc_bytes provenance);
FC_MUST_USE fc_status fc_operation_writer_add_provenance(fc_operation_writer *writer, fc_bytes cbor,
                                                         uint32_t *out_index);
// Opens an operation: header written, the caller appends the body to writer->payload. Then either `end`
// (pads, fills the length, counts the run) or `cancel`. FC_STATUS_TOO_LARGE beyond FC_PAYLOAD_LENGTH_MAX.
FC_MUST_USE fc_status fc_operation_begin(fc_operation_writer *writer, fc_operation_tag tag,
                                         uint32_t target);
FC_MUST_USE fc_status fc_operation_end(fc_operation_writer *writer, uint32_t provenance);
void fc_operation_cancel(fc_operation_writer *writer);
// Takes back the last ended operation, while `mark` was read before its begin.
typedef struct fc_operation_mark {
    size_t payload_length, runs_length;
    uint32_t run_count, operation_count, last_run_count;
} fc_operation_mark;
fc_operation_mark fc_operation_writer_mark(const fc_operation_writer *writer);
void fc_operation_writer_restore(fc_operation_writer *writer, const fc_operation_mark *mark);
// Completes the payload; borrowed until the next change of the writer.
FC_MUST_USE fc_status fc_operation_writer_finish(fc_operation_writer *writer, fc_bytes *out);
#endif
