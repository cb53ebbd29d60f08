// Walking canonical payloads. Every byte is checked here, once: replay and journal trust what
// comes out.
#include "../base/bytes.h"
#include "../codec/property.h"
#include "operations.h"

#define RUN_BYTES 8
#define PROVENANCE_HEADER_BYTES 8

static bool is_zero(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != 0) return false;
    return true;
}

// Text or bytes of `length` at the end of a body, padded with zeros to a multiple of 8.
static bool ends_padded(fc_bytes body, size_t offset, size_t length) {
    if (offset > body.length || length > body.length - offset) return false;
    const size_t end = offset + length;
    return body.length - end < 8 && is_zero(body.data + end, body.length - end);
}

static fc_status check_provenances(fc_operation_reader *reader, fc_detail *detail) {
    const fc_bytes payload = reader->payload;
    size_t offset = reader->provenance_offset;
    for (uint32_t index = 0; index < reader->provenance_count; index++) {
        if (payload.length - offset < PROVENANCE_HEADER_BYTES)
            return fc_fail(detail, FC_STATUS_CORRUPT, "the provenance table is cut short");
        const uint32_t length = fc_load_u32(payload.data + offset);
        const bool reserved_is_zero = fc_load_u32(payload.data + offset + 4) == 0;
        offset += PROVENANCE_HEADER_BYTES;
        const uint64_t padded = fc_align_up(length, 8);
        if (!reserved_is_zero || padded > payload.length - offset ||
            !is_zero(payload.data + offset + length, (size_t)padded - length))
            return fc_fail(detail, FC_STATUS_CORRUPT, "provenance %u has a bad length or padding",
                           index);
        const fc_bytes cbor = {payload.data + offset, length};
        const fc_status status = fc_cbor_check(cbor, true, detail);
        if (status != FC_STATUS_OK) return status;
        offset += (size_t)padded;
    }
    if (offset != payload.length)
        return fc_fail(detail, FC_STATUS_CORRUPT, "bytes follow the provenance table");
    return FC_STATUS_OK;
}

static fc_status check_runs(const fc_operation_reader *reader, fc_detail *detail) {
    for (uint32_t index = 0; index < reader->run_count; index++) {
        const uint8_t *run = reader->runs + (size_t)index * RUN_BYTES;
        const bool same_as_before =
            index > 0 && fc_load_u32(run - RUN_BYTES + 4) == fc_load_u32(run + 4);
        if (fc_load_u32(run) == 0 || fc_load_u32(run + 4) >= reader->provenance_count ||
            same_as_before)
            return fc_fail(detail, FC_STATUS_CORRUPT, "provenance run %u is not valid", index);
    }
    return FC_STATUS_OK;
}

fc_status fc_operation_reader_init(fc_operation_reader *reader, fc_bytes payload,
                                   fc_detail *detail) {
    *reader = (fc_operation_reader){.payload = payload, .offset = FC_PAYLOAD_HEADER_BYTES};
    if (payload.length < FC_PAYLOAD_HEADER_BYTES)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a payload of %zu bytes has no header",
                       payload.length);
    const uint64_t operations_length = fc_load_u64(payload.data);
    reader->provenance_count = fc_load_u32(payload.data + 8);
    reader->run_count = fc_load_u32(payload.data + 12);
    size_t remaining = payload.length - FC_PAYLOAD_HEADER_BYTES;
    if (operations_length > remaining || operations_length % 8 != 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "operations of %llu bytes do not fit",
                       (unsigned long long)operations_length);
    reader->operations_end = FC_PAYLOAD_HEADER_BYTES + (size_t)operations_length;
    remaining -= (size_t)operations_length;
    if (reader->run_count > remaining / RUN_BYTES || reader->provenance_count == 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "the payload's tables do not fit");
    reader->runs = payload.data + reader->operations_end;
    reader->provenance_offset = reader->operations_end + (size_t)reader->run_count * RUN_BYTES;
    const fc_status status = check_provenances(reader, detail);
    return status == FC_STATUS_OK ? check_runs(reader, detail) : status;
}

fc_bytes fc_operation_provenance(const fc_operation_reader *reader, uint32_t index) {
    if (index >= reader->provenance_count) return (fc_bytes){0};
    size_t offset = reader->provenance_offset;
    for (uint32_t i = 0; i < index; i++)
        offset += PROVENANCE_HEADER_BYTES +
                  (size_t)fc_align_up(fc_load_u32(reader->payload.data + offset), 8);
    return (fc_bytes){reader->payload.data + offset + PROVENANCE_HEADER_BYTES,
                      fc_load_u32(reader->payload.data + offset)};
}

// The record lies at the start of the body and fills it.
static fc_status read_record(fc_operation *operation, bool keeps_geometry, fc_detail *detail) {
    const fc_status status = fc_record_check(operation->body, &operation->record, detail);
    if (status != FC_STATUS_OK) return status;
    if (((operation->record.flags & FC_RECORD_KEEPS_GEOMETRY) != 0) != keeps_geometry)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a record's geometry flag does not fit its tag");
    return FC_STATUS_OK;
}

static fc_status read_delete(fc_operation *operation, fc_detail *detail) {
    const fc_bytes body = operation->body;
    if (body.length < 24 || fc_load_u32(body.data + 12) != 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a delete operation is malformed");
    operation->row_id = fc_load_u64(body.data);
    const uint32_t text_length = fc_load_u32(body.data + 8);
    if (text_length == 0) {
        if (body.length != 24)
            return fc_fail(detail, FC_STATUS_CORRUPT, "a delete operation is malformed");
        operation->id = (fc_feature_id){.integer = fc_load_i64(body.data + 16)};
        return FC_STATUS_OK;
    }
    if (!ends_padded(body, 16, text_length) || text_length > FC_RECORD_ID_BYTES_MAX ||
        !fc_utf8_check(body.data + 16, text_length))
        return fc_fail(detail, FC_STATUS_CORRUPT, "a delete operation's id is malformed");
    operation->id = (fc_feature_id){.text = {body.data + 16, text_length}};
    return FC_STATUS_OK;
}

static fc_status read_tombstone(fc_operation *operation, fc_detail *detail) {
    const fc_bytes body = operation->body;
    if (body.length != 32 || fc_load_u32(body.data + 16) > 1 || fc_load_u32(body.data + 20) != 0)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a tombstone is malformed");
    operation->start_us = fc_load_i64(body.data);
    operation->end_us = fc_load_i64(body.data + 8);
    operation->end_is_open = fc_load_u32(body.data + 16) == 1;
    operation->row_id = fc_load_u64(body.data + 24);
    return FC_STATUS_OK;
}

static fc_status read_kind(fc_operation *operation, fc_detail *detail) {
    if (operation->body.length < 8 || fc_load_u32(operation->body.data) > FC_TARGET_SERIES)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a catalog operation has an unknown target kind");
    operation->target_kind = (fc_target_kind)fc_load_u32(operation->body.data);
    return FC_STATUS_OK;
}

static bool is_name(const uint8_t *text, uint32_t length) {
    return length >= 1 && length <= FC_NAME_BYTES_MAX && fc_utf8_check(text, length);
}

static fc_status read_create(fc_operation *operation, fc_detail *detail) {
    const fc_bytes body = operation->body;
    if (body.length < 16) return fc_fail(detail, FC_STATUS_CORRUPT, "a create is cut short");
    const uint32_t name_length = fc_load_u32(body.data + 4);
    operation->field_count = fc_load_u32(body.data + 8);
    const uint32_t options_length = fc_load_u32(body.data + 12);
    size_t offset = 16;
    if (name_length > body.length - offset || !is_name(body.data + offset, name_length))
        return fc_fail(detail, FC_STATUS_CORRUPT, "a create has a bad name");
    operation->name = (fc_bytes){body.data + offset, name_length};
    offset += name_length;
    const bool is_series = operation->target_kind == FC_TARGET_SERIES;
    if ((is_series && operation->field_count == 0) || (!is_series && operation->field_count > 0) ||
        operation->field_count > FC_SERIES_FIELDS_MAX)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a create has a bad field count");
    operation->fields = body.data + offset;
    for (uint32_t index = 0; index < operation->field_count; index++) {
        if (body.length - offset < 4) goto bad_field;
        const uint32_t length = fc_load_u32(body.data + offset);
        offset += 4;
        if (length > body.length - offset || !is_name(body.data + offset, length)) goto bad_field;
        offset += length;
    }
    if (!ends_padded(body, offset, options_length))
        return fc_fail(detail, FC_STATUS_CORRUPT, "a create has bad options or padding");
    operation->options = (fc_bytes){body.data + offset, options_length};
    if (options_length == 0) return FC_STATUS_OK;
    return fc_cbor_check(operation->options, true, detail);
bad_field:
    return fc_fail(detail, FC_STATUS_CORRUPT, "a create has a bad field name");
}

fc_bytes fc_operation_field(const fc_operation *operation, uint32_t index) {
    const uint8_t *at = operation->fields;
    for (uint32_t i = 0; i < index; i++)
        at += 4 + fc_load_u32(at);
    return (fc_bytes){at + 4, fc_load_u32(at)};
}

static fc_status read_rename(fc_operation *operation, fc_detail *detail) {
    const fc_bytes body = operation->body;
    const uint32_t length = fc_load_u32(body.data + 4);
    if (!ends_padded(body, 8, length) || !is_name(body.data + 8, length))
        return fc_fail(detail, FC_STATUS_CORRUPT, "a rename has a bad name");
    operation->name = (fc_bytes){body.data + 8, length};
    return FC_STATUS_OK;
}

static fc_status read_index(fc_operation *operation, fc_detail *detail) {
    const fc_bytes body = operation->body;
    if (body.length < 8 || !ends_padded(body, 8, fc_load_u32(body.data + 4)))
        return fc_fail(detail, FC_STATUS_CORRUPT, "an operation on an index is malformed");
    operation->index_id = fc_load_u32(body.data);
    operation->property = (fc_bytes){body.data + 8, fc_load_u32(body.data + 4)};
    return fc_property_check(operation->property, detail);
}

static fc_status read_body(fc_operation *operation, fc_detail *detail) {
    fc_status status = FC_STATUS_OK;
    switch (operation->tag) {
    case FC_OPERATION_PUT:
        return read_record(operation, false, detail);
    case FC_OPERATION_AMEND:
        return read_record(operation, true, detail);
    case FC_OPERATION_DELETE:
        return read_delete(operation, detail);
    case FC_OPERATION_APPEND:
        return fc_batch_check(operation->body, &operation->batch, detail);
    case FC_OPERATION_TOMBSTONE:
        return read_tombstone(operation, detail);
    case FC_OPERATION_CREATE:
        status = read_kind(operation, detail);
        return status == FC_STATUS_OK ? read_create(operation, detail) : status;
    case FC_OPERATION_RENAME:
        status = read_kind(operation, detail);
        return status == FC_STATUS_OK ? read_rename(operation, detail) : status;
    case FC_OPERATION_DROP:
        status = read_kind(operation, detail);
        if (status == FC_STATUS_OK &&
            (operation->body.length != 8 || fc_load_u32(operation->body.data + 4) != 0))
            status = fc_fail(detail, FC_STATUS_CORRUPT, "a drop is malformed");
        return status;
    case FC_OPERATION_CREATE_INDEX:
    case FC_OPERATION_DROP_INDEX:
        return read_index(operation, detail);
    }
    return fc_fail(detail, FC_STATUS_TOO_NEW,
                   "operation tag %d is not known to this version; a later FormDB wrote it",
                   (int)operation->tag);
}

// The provenance of the next operation, by the runs.
static bool next_provenance(fc_operation_reader *reader, uint32_t *out) {
    if (reader->run_index == reader->run_count) return false;
    const uint8_t *run = reader->runs + (size_t)reader->run_index * RUN_BYTES;
    *out = fc_load_u32(run + 4);
    if (++reader->run_used == fc_load_u32(run)) {
        reader->run_index++;
        reader->run_used = 0;
    }
    return true;
}

fc_status fc_operation_next(fc_operation_reader *reader, bool *out_found, fc_operation *out,
                            fc_detail *detail) {
    const size_t remaining = reader->operations_end - reader->offset;
    if (remaining == 0) {
        if (reader->run_index != reader->run_count)
            return fc_fail(detail, FC_STATUS_CORRUPT, "provenance runs outnumber the operations");
        *out_found = false;
        return FC_STATUS_OK;
    }
    const uint8_t *header = reader->payload.data + reader->offset;
    if (remaining < FC_OPERATION_HEADER_BYTES)
        return fc_fail(detail, FC_STATUS_CORRUPT, "an operation header is cut short");
    const uint32_t length = fc_load_u32(header);
    if (length < FC_OPERATION_HEADER_BYTES || length % 8 != 0 || length > remaining)
        return fc_fail(detail, FC_STATUS_CORRUPT, "an operation of %u bytes does not fit", length);
    if (!is_zero(header + 5, 3) || fc_load_u32(header + 12) != 0)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "an operation has flags of a later version");
    fc_operation operation = {
        .tag = (fc_operation_tag)header[4],
        .target = fc_load_u32(header + 8),
        .body = {header + FC_OPERATION_HEADER_BYTES, length - FC_OPERATION_HEADER_BYTES}};
    if (!next_provenance(reader, &operation.provenance))
        return fc_fail(detail, FC_STATUS_CORRUPT, "an operation has no provenance run");
    const fc_status status = read_body(&operation, detail);
    if (status != FC_STATUS_OK) return status;
    reader->offset += length;
    *out_found = true;
    *out = operation;
    return FC_STATUS_OK;
}
