// Insert, upsert, update and delete of features. The flow of a put: record into the payload →
// checks against what is there → encoded operation → row in memory.
#include "../base/bytes.h"
#include "store_internal.h"

#define GENERATED_ID_MAX ((int64_t)9007199254740991) // 2^53 - 1
#define RECORD_FLAGS_OFFSET 6
#define RECORD_ID_OFFSET 8
// Below this an amend would save nothing worth the second look at the record before.
#define AMEND_GEOMETRY_BYTES_MIN 64

static fc_status check_mode(const fc_apply_call *call, bool is_live) {
    const fc_apply_kind kind = call->operation->kind;
    if (kind == FC_APPLY_INSERT && is_live)
        return fc_fail(call->detail, FC_STATUS_ALREADY_EXISTS,
                       "a feature with this id exists already");
    if (kind == FC_APPLY_UPDATE && !is_live)
        return fc_fail(call->detail, FC_STATUS_NOT_FOUND, "there is no feature with this id");
    return FC_STATUS_OK;
}

// The reserved collection describes series: nothing may be described that does not exist.
static fc_status check_reserved(const fc_apply_call *call, const fc_entry *collection,
                                bool is_live) {
    if (is_live) return FC_STATUS_OK;
    const fc_bytes name = fc_catalog_name_writing(collection, call->transaction->sequence);
    const size_t length = sizeof FC_SERIES_COLLECTION_NAME - 1;
    if (name.length != length || memcmp(name.data, FC_SERIES_COLLECTION_NAME, length) != 0)
        return FC_STATUS_OK;
    return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                   "features of " FC_SERIES_COLLECTION_NAME
                   " come and go with their series; only existing ones can be changed");
}

static fc_status generate_id(const fc_apply_call *call, const fc_entry *collection,
                             uint8_t *record) {
    if (collection->largest_id >= GENERATED_ID_MAX)
        return fc_fail(call->detail, FC_STATUS_IDS_EXHAUSTED,
                       "the collection has used every id that can be generated");
    if (record[RECORD_FLAGS_OFFSET] & FC_RECORD_TEXT_ID)
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a generated id replaces an integer id, not a text");
    fc_store_i64(record + RECORD_ID_OFFSET, collection->largest_id + 1);
    return FC_STATUS_OK;
}

// Whether the log can keep the geometry by reference to the version before.
static bool keeps_geometry(const fc_record *record, const fc_record *previous) {
    return record->geometry.length >= AMEND_GEOMETRY_BYTES_MIN &&
           record->geometry.length == previous->geometry.length && record->kind == previous->kind &&
           ((record->flags ^ previous->flags) & FC_RECORD_HAS_Z) == 0 &&
           memcmp(record->geometry.data, previous->geometry.data, record->geometry.length) == 0;
}

// Encodes a put, or an amend where that says the same in less.
static fc_status encode(const fc_apply_call *call, const fc_entry *collection,
                        const fc_record *record, bool is_live, uint32_t previous_position) {
    fc_operation_writer *writer = &call->transaction->store->operation_writer;
    fc_record previous;
    bool amends = false;
    if (is_live && record->geometry.length >= AMEND_GEOMETRY_BYTES_MIN) {
        fc_record_read(fc_memtable_record(collection->memtable, previous_position).data, &previous);
        amends = keeps_geometry(record, &previous);
    }
    fc_status status =
        fc_operation_begin(writer, amends ? FC_OPERATION_AMEND : FC_OPERATION_PUT, collection->id);
    if (status != FC_STATUS_OK) return status;
    status = amends ? fc_record_without_geometry(record, &writer->payload)
                    : fc_buffer_append(&writer->payload, record->bytes.data, record->bytes.length);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    return fc_operation_end(writer, call->operation->provenance);
}

static fc_status put_checked(const fc_apply_call *call, fc_entry *collection,
                             const fc_record *record, bool is_live, uint32_t position) {
    fc_store *store = call->transaction->store;
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    fc_status status = encode(call, collection, record, is_live, position);
    if (status != FC_STATUS_OK) return status;
    status = fc_effect_put(store, collection, record, call->transaction->sequence);
    if (status != FC_STATUS_OK) fc_operation_writer_restore(&store->operation_writer, &mark);
    return status;
}

fc_status fc_apply_put_record(const fc_apply_call *call, fc_entry *collection, fc_bytes bytes) {
    fc_record record;
    fc_record_read(bytes.data, &record);
    uint32_t position;
    const bool is_live = fc_memtable_find(collection->memtable, &record.id, &position);
    return put_checked(call, collection, &record, is_live, position);
}

static fc_status take_record(const fc_apply_call *call, fc_bytes bytes, fc_record *out) {
    if (call->operation->record_is_trusted) {
        fc_record_read(bytes.data, out);
        return FC_STATUS_OK;
    }
    const fc_status status = fc_record_check(bytes, out, call->detail);
    if (status == FC_STATUS_OK && (out->flags & FC_RECORD_KEEPS_GEOMETRY))
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a record without its geometry cannot be applied");
    return status;
}

fc_status fc_apply_put(const fc_apply_call *call) {
    const fc_apply_operation *operation = call->operation;
    fc_store *store = call->transaction->store;
    fc_entry *collection = fc_apply_target(call, FC_TARGET_COLLECTION);
    if (!collection) return FC_STATUS_NOT_FOUND;
    if (operation->generate_id && operation->kind != FC_APPLY_INSERT)
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT, "only an insert generates an id");
    fc_record record;
    fc_status status = take_record(call, operation->record, &record);
    if (status != FC_STATUS_OK) return status;
    fc_buffer patched;
    fc_buffer_init(&patched, &store->os->memory);
    if (operation->generate_id) {
        status = fc_buffer_append(&patched, record.bytes.data, record.bytes.length);
        if (status == FC_STATUS_OK) status = generate_id(call, collection, patched.data);
        if (status == FC_STATUS_OK) {
            fc_record_read(patched.data, &record);
            call->out->generated_id = record.id.integer;
        }
    }
    uint32_t position = FC_NO_POSITION;
    const bool is_live =
        status == FC_STATUS_OK && fc_memtable_find(collection->memtable, &record.id, &position);
    if (status == FC_STATUS_OK) status = check_mode(call, is_live);
    if (status == FC_STATUS_OK) status = check_reserved(call, collection, is_live);
    if (status == FC_STATUS_OK) status = put_checked(call, collection, &record, is_live, position);
    fc_buffer_deinit(&patched);
    if (status == FC_STATUS_OK) call->out->count = 1;
    return status;
}

static fc_status encode_delete(const fc_apply_call *call, const fc_entry *collection,
                               const fc_feature_id *id, uint32_t position) {
    fc_operation_writer *writer = &call->transaction->store->operation_writer;
    fc_status status = fc_operation_begin(writer, FC_OPERATION_DELETE, collection->id);
    if (status != FC_STATUS_OK) return status;
    uint8_t fixed[16] = {0};
    uint8_t integer[8];
    fc_store_u64(fixed, fc_memtable_row_id(collection->memtable, position));
    fc_store_u32(fixed + 8, (uint32_t)id->text.length);
    fc_store_i64(integer, id->integer);
    status = fc_buffer_append(&writer->payload, fixed, sizeof fixed);
    if (status == FC_STATUS_OK)
        status = id->text.data ? fc_buffer_append(&writer->payload, id->text.data, id->text.length)
                               : fc_buffer_append(&writer->payload, integer, sizeof integer);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    return fc_operation_end(writer, call->operation->provenance);
}

fc_status fc_apply_delete_row(const fc_apply_call *call, fc_entry *collection,
                              const fc_feature_id *id, uint32_t position) {
    fc_store *store = call->transaction->store;
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    fc_status status = encode_delete(call, collection, id, position);
    if (status != FC_STATUS_OK) return status;
    status = fc_effect_delete(store, collection, position, call->transaction->sequence);
    if (status != FC_STATUS_OK) fc_operation_writer_restore(&store->operation_writer, &mark);
    return status;
}

fc_status fc_apply_delete_feature(const fc_apply_call *call) {
    fc_entry *collection = fc_apply_target(call, FC_TARGET_COLLECTION);
    if (!collection) return FC_STATUS_NOT_FOUND;
    uint32_t position;
    const fc_feature_id *id = &call->operation->id;
    if (!fc_memtable_find(collection->memtable, id, &position)) return FC_STATUS_OK;
    fc_status status = check_reserved(call, collection, false);
    if (status == FC_STATUS_OK) status = fc_apply_delete_row(call, collection, id, position);
    if (status == FC_STATUS_OK) call->out->count = 1;
    return status;
}
