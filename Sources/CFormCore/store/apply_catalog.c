// Create, rename and drop. Creating a series also writes the feature that describes it.
#include "../base/bytes.h"
#include "store_internal.h"

#define RECORD_ID_OFFSET 8

static fc_status check_name(const fc_apply_call *call, fc_bytes name) {
    if (name.length < 1 || name.length > FC_NAME_BYTES_MAX ||
        !fc_utf8_check(name.data, name.length))
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a name has 1 to %d bytes of UTF-8", FC_NAME_BYTES_MAX);
    if (name.data[0] == '_')
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "names that begin with an underscore are reserved");
    return FC_STATUS_OK;
}

static fc_status append_u32(fc_buffer *buffer, uint32_t value) {
    uint8_t bytes[4];
    fc_store_u32(bytes, value);
    return fc_buffer_append(buffer, bytes, sizeof bytes);
}

static fc_status encode_create_body(fc_buffer *payload, const fc_apply_operation *operation) {
    fc_status status = append_u32(payload, (uint32_t)operation->target_kind);
    if (status == FC_STATUS_OK) status = append_u32(payload, (uint32_t)operation->name.length);
    if (status == FC_STATUS_OK) status = append_u32(payload, operation->field_count);
    if (status == FC_STATUS_OK) status = append_u32(payload, (uint32_t)operation->options.length);
    if (status == FC_STATUS_OK)
        status = fc_buffer_append(payload, operation->name.data, operation->name.length);
    for (uint32_t i = 0; i < operation->field_count && status == FC_STATUS_OK; i++) {
        status = append_u32(payload, (uint32_t)operation->field_names[i].length);
        if (status == FC_STATUS_OK)
            status = fc_buffer_append(payload, operation->field_names[i].data,
                                      operation->field_names[i].length);
    }
    if (status == FC_STATUS_OK)
        status = fc_buffer_append(payload, operation->options.data, operation->options.length);
    return status;
}

// Logs and does one create; what the log holds is what is read back and executed.
static fc_status create(const fc_apply_call *call, const fc_apply_operation *operation,
                        fc_entry **out) {
    fc_transaction *transaction = call->transaction;
    fc_store *store = transaction->store;
    fc_operation_writer *writer = &store->operation_writer;
    const fc_operation_mark mark = fc_operation_writer_mark(writer);
    const uint32_t id = fc_catalog_next_id(store->catalog, operation->target_kind);
    fc_status status = fc_operation_begin(writer, FC_OPERATION_CREATE, id);
    if (status != FC_STATUS_OK) return status;
    status = encode_create_body(&writer->payload, operation);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    status = fc_operation_end(writer, operation->provenance);
    if (status != FC_STATUS_OK) return status;
    const uint8_t *body = writer->payload.data + mark.payload_length + FC_OPERATION_HEADER_BYTES;
    size_t fields_offset = 16 + operation->name.length;
    size_t options_offset = fields_offset;
    for (uint32_t i = 0; i < operation->field_count; i++)
        options_offset += 4 + operation->field_names[i].length;
    const fc_operation encoded = {.tag = FC_OPERATION_CREATE,
                                  .target = id,
                                  .target_kind = operation->target_kind,
                                  .name = {body + 16, operation->name.length},
                                  .fields = body + fields_offset,
                                  .field_count = operation->field_count,
                                  .options = {body + options_offset, operation->options.length}};
    status = fc_effect_create(store, &encoded, transaction->sequence, out);
    if (status != FC_STATUS_OK) fc_operation_writer_restore(writer, &mark);
    return status;
}

static fc_status check_fields(const fc_apply_call *call) {
    const fc_apply_operation *operation = call->operation;
    const bool is_series = operation->target_kind == FC_TARGET_SERIES;
    if (is_series ? operation->field_count < 1 || operation->field_count > FC_SERIES_FIELDS_MAX
                  : operation->field_count != 0)
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a series has 1 to %d fields, a collection none", FC_SERIES_FIELDS_MAX);
    for (uint32_t i = 0; i < operation->field_count; i++) {
        const fc_bytes name = operation->field_names[i];
        if (name.length < 1 || name.length > FC_NAME_BYTES_MAX ||
            !fc_utf8_check(name.data, name.length))
            return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                           "a field's name has 1 to %d bytes of UTF-8", FC_NAME_BYTES_MAX);
        for (uint32_t j = 0; j < i; j++)
            if (operation->field_names[j].length == name.length &&
                memcmp(operation->field_names[j].data, name.data, name.length) == 0)
                return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                               "two fields of a series have the same name");
    }
    if (operation->options.length == 0) return FC_STATUS_OK;
    return fc_cbor_check(operation->options, true, call->detail);
}

// The reserved collection, made by the first series.
static fc_status series_collection(const fc_apply_call *call, fc_entry **out) {
    static const uint8_t name[] = FC_SERIES_COLLECTION_NAME;
    const fc_bytes name_bytes = {name, sizeof name - 1};
    fc_transaction *transaction = call->transaction;
    *out = fc_catalog_find(transaction->store->catalog, FC_TARGET_COLLECTION, name_bytes,
                           transaction->sequence);
    if (*out) return FC_STATUS_OK;
    const fc_apply_operation operation = {.kind = FC_APPLY_CREATE,
                                          .target_kind = FC_TARGET_COLLECTION,
                                          .provenance = call->operation->provenance,
                                          .name = name_bytes};
    return create(call, &operation, out);
}

// The describing feature: the caller's record, or an empty one, with the series' id.
static fc_status describe_series(const fc_apply_call *call, fc_entry *collection,
                                 const fc_entry *series) {
    fc_buffer record;
    fc_buffer_init(&record, &call->transaction->store->os->memory);
    const fc_bytes given = call->operation->record;
    fc_status status;
    if (given.length > 0) {
        status = fc_buffer_append(&record, given.data, given.length);
    } else {
        uint8_t empty[FC_RECORD_HEADER_BYTES + 8] = {0};
        fc_store_u32(empty, sizeof empty);
        empty[4] = FC_RECORD_VERSION;
        fc_store_u32(empty + 20, 1);          // properties: one byte,
        empty[FC_RECORD_HEADER_BYTES] = 0xA0; // the CBOR map {}
        status = fc_buffer_append(&record, empty, sizeof empty);
    }
    if (status == FC_STATUS_OK) {
        fc_store_i64(record.data + RECORD_ID_OFFSET, series->id);
        status = fc_apply_put_record(call, collection, (fc_bytes){record.data, record.length});
    }
    fc_buffer_deinit(&record);
    return status;
}

static fc_status check_description(const fc_apply_call *call) {
    const fc_bytes given = call->operation->record;
    if (given.length == 0) return FC_STATUS_OK;
    fc_record record;
    const fc_status status = fc_record_check(given, &record, call->detail);
    if (status != FC_STATUS_OK) return status;
    if (record.flags & (FC_RECORD_TEXT_ID | FC_RECORD_KEEPS_GEOMETRY))
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a series' description takes the series' number as its id");
    return FC_STATUS_OK;
}

// Takes back what a failed create left in the catalog. A collection that goes must not be
// remembered as touched; one that stays keeps its mark, which is harmless.
static void undo_create(fc_store *store, const fc_operation_mark *mark, size_t catalog_mark,
                        uint32_t collections_before) {
    size_t kept = 0;
    for (size_t index = 0; index < store->touched_count; index++) {
        fc_entry *entry = store->touched[index];
        if (entry->kind == FC_TARGET_SERIES || entry->id <= collections_before)
            store->touched[kept++] = entry;
    }
    store->touched_count = kept;
    fc_operation_writer_restore(&store->operation_writer, mark);
    fc_catalog_restore(store->catalog, catalog_mark);
}

fc_status fc_apply_create(const fc_apply_call *call) {
    const fc_apply_operation *operation = call->operation;
    fc_status status = check_name(call, operation->name);
    if (status == FC_STATUS_OK) status = check_fields(call);
    if (status == FC_STATUS_OK) status = check_description(call);
    if (status != FC_STATUS_OK) return status;
    fc_store *store = call->transaction->store;
    if (fc_catalog_find(store->catalog, operation->target_kind, operation->name,
                        call->transaction->sequence))
        return fc_fail(call->detail, FC_STATUS_ALREADY_EXISTS, "the name is taken");
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    const size_t catalog_mark = fc_catalog_mark(store->catalog);
    const uint32_t collections_before = fc_catalog_count(store->catalog, FC_TARGET_COLLECTION);
    fc_entry *entry = NULL, *collection = NULL;
    const bool is_series = operation->target_kind == FC_TARGET_SERIES;
    if (is_series) status = series_collection(call, &collection);
    if (status == FC_STATUS_OK) status = create(call, operation, &entry);
    if (status == FC_STATUS_OK && is_series) status = describe_series(call, collection, entry);
    if (status != FC_STATUS_OK) {
        undo_create(store, &mark, catalog_mark, collections_before);
        return status;
    }
    call->out->target = entry->id;
    return FC_STATUS_OK;
}

static fc_status catalog_target(const fc_apply_call *call, fc_entry **out) {
    fc_entry *entry = fc_apply_target(call, call->operation->target_kind);
    if (!entry) return FC_STATUS_NOT_FOUND;
    const fc_bytes name =
        fc_catalog_name(call->transaction->store->catalog, entry, call->transaction->sequence);
    if (name.data[0] == '_')
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a reserved collection cannot be renamed or dropped");
    *out = entry;
    return FC_STATUS_OK;
}

static fc_status encode_kind_and_name(const fc_apply_call *call, fc_operation_tag tag,
                                      fc_bytes name) {
    fc_operation_writer *writer = &call->transaction->store->operation_writer;
    fc_status status = fc_operation_begin(writer, tag, call->operation->target);
    if (status != FC_STATUS_OK) return status;
    status = append_u32(&writer->payload, (uint32_t)call->operation->target_kind);
    if (status == FC_STATUS_OK) status = append_u32(&writer->payload, (uint32_t)name.length);
    if (status == FC_STATUS_OK) status = fc_buffer_append(&writer->payload, name.data, name.length);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    return fc_operation_end(writer, call->operation->provenance);
}

fc_status fc_apply_rename(const fc_apply_call *call) {
    fc_store *store = call->transaction->store;
    fc_status status = check_name(call, call->operation->name);
    fc_entry *entry;
    if (status == FC_STATUS_OK) status = catalog_target(call, &entry);
    if (status != FC_STATUS_OK) return status;
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    status = encode_kind_and_name(call, FC_OPERATION_RENAME, call->operation->name);
    if (status != FC_STATUS_OK) return status;
    status = fc_catalog_rename(store->catalog, entry, call->operation->name,
                               call->transaction->sequence);
    if (status != FC_STATUS_OK) fc_operation_writer_restore(&store->operation_writer, &mark);
    if (status == FC_STATUS_ALREADY_EXISTS)
        return fc_fail(call->detail, status, "the name is taken");
    return status;
}

fc_status fc_apply_drop(const fc_apply_call *call) {
    fc_transaction *transaction = call->transaction;
    fc_store *store = transaction->store;
    fc_entry *entry;
    fc_status status = catalog_target(call, &entry);
    if (status != FC_STATUS_OK) return status;
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    const size_t catalog_mark = fc_catalog_mark(store->catalog);
    status = encode_kind_and_name(call, FC_OPERATION_DROP, (fc_bytes){0});
    if (status == FC_STATUS_OK)
        status = fc_catalog_drop(store->catalog, entry, transaction->sequence);
    if (status == FC_STATUS_OK && entry->kind == FC_TARGET_SERIES) {
        fc_entry *collection;
        status = series_collection(call, &collection);
        const fc_feature_id id = {.integer = entry->id};
        uint32_t position;
        if (status == FC_STATUS_OK && fc_memtable_find(collection->memtable, &id, &position))
            status = fc_apply_delete_row(call, collection, &id, position);
    }
    if (status != FC_STATUS_OK) {
        fc_operation_writer_restore(&store->operation_writer, &mark);
        fc_catalog_restore(store->catalog, catalog_mark);
    }
    return status;
}
