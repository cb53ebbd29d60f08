// Creating and dropping property indexes, and building them after the commit.
#include "../base/bytes.h"
#include "store_internal.h"

// The index of a property as the writer sees it; false when there is none.
static bool find_index(const fc_apply_call *call, fc_entry *collection, fc_bytes property,
                       uint32_t *out_id) {
    fc_index_description index;
    for (size_t n = 0;
         fc_memtable_index_at(collection->memtable, call->transaction->sequence, n, &index); n++) {
        if (index.property.length != property.length ||
            memcmp(index.property.data, property.data, property.length) != 0)
            continue;
        *out_id = index.id;
        return true;
    }
    return false;
}

static fc_status encode(const fc_apply_call *call, fc_operation_tag tag, uint32_t id) {
    const fc_apply_operation *operation = call->operation;
    fc_operation_writer *writer = &call->transaction->store->operation_writer;
    fc_status status = fc_operation_begin(writer, tag, operation->target);
    if (status != FC_STATUS_OK) return status;
    uint8_t head[8];
    fc_store_u32(head, id);
    fc_store_u32(head + 4, (uint32_t)operation->property.length);
    status = fc_buffer_append(&writer->payload, head, sizeof head);
    if (status == FC_STATUS_OK)
        status = fc_buffer_append(&writer->payload, operation->property.data,
                                  operation->property.length);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    return fc_operation_end(writer, operation->provenance);
}

// What create and drop share: the collection, and whether the property has an index.
static fc_status prepare(const fc_apply_call *call, fc_entry **out_collection, bool *out_has,
                         uint32_t *out_id) {
    *out_collection = fc_apply_target(call, FC_TARGET_COLLECTION);
    if (!*out_collection) return FC_STATUS_NOT_FOUND;
    const fc_status status = fc_property_check(call->operation->property, call->detail);
    if (status == FC_STATUS_CORRUPT && call->detail)
        return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT,
                       "a property has 1 to %d names, from the outermost object inwards",
                       FC_PROPERTY_KEYS_MAX);
    if (status == FC_STATUS_OK)
        *out_has = find_index(call, *out_collection, call->operation->property, out_id);
    return status == FC_STATUS_CORRUPT ? FC_STATUS_INVALID_ARGUMENT : status;
}

fc_status fc_apply_create_index(const fc_apply_call *call) {
    fc_transaction *transaction = call->transaction;
    fc_store *store = transaction->store;
    fc_entry *collection;
    bool has;
    uint32_t id;
    fc_status status = prepare(call, &collection, &has, &id);
    if (status != FC_STATUS_OK) return status;
    if (has)
        return fc_fail(call->detail, FC_STATUS_ALREADY_EXISTS, "the property has an index already");
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    id = fc_memtable_next_index_id(collection->memtable);
    status = encode(call, FC_OPERATION_CREATE_INDEX, id);
    if (status != FC_STATUS_OK) return status;
    status = fc_effect_create_index(store, collection, id, call->operation->property,
                                    transaction->sequence, call->detail);
    if (status != FC_STATUS_OK) {
        fc_operation_writer_restore(&store->operation_writer, &mark);
        return status;
    }
    transaction->creates_index = true;
    call->out->target = id;
    return FC_STATUS_OK;
}

fc_status fc_apply_drop_index(const fc_apply_call *call) {
    fc_transaction *transaction = call->transaction;
    fc_store *store = transaction->store;
    fc_entry *collection;
    bool has;
    uint32_t id;
    fc_status status = prepare(call, &collection, &has, &id);
    if (status != FC_STATUS_OK) return status;
    if (!has) return fc_fail(call->detail, FC_STATUS_NOT_FOUND, "the property has no index");
    const fc_operation_mark mark = fc_operation_writer_mark(&store->operation_writer);
    status = encode(call, FC_OPERATION_DROP_INDEX, id);
    if (status != FC_STATUS_OK) return status;
    status = fc_effect_drop_index(store, collection, id, transaction->sequence);
    if (status != FC_STATUS_OK) fc_operation_writer_restore(&store->operation_writer, &mark);
    return status;
}

// ---- Building ----------------------------------------------------------------------------------

// Reads beside everybody, then waits for the writer lock to put the result in place.
static fc_status build_index(fc_store *store, fc_memtable *table, uint32_t id, uint64_t sequence) {
    fc_index_build *build;
    fc_status status = fc_index_build_create(table, id, sequence, &build);
    if (status != FC_STATUS_OK || build == NULL) return status;
    status = fc_store_take_writer_lock(store);
    if (status == FC_STATUS_OK) {
        status = fc_index_build_install(build);
        fc_store_give_writer_lock(store);
    }
    fc_index_build_destroy(build);
    return status;
}

void fc_build_indexes(fc_store *store, uint64_t sequence) {
    atomic_store(&store->has_unbuilt, false);
    // What the flag stood for may be later than this commit.
    fc_store_lock(store);
    if (store->published > sequence) sequence = store->published;
    fc_store_unlock(store);
    const uint32_t count = fc_catalog_count(store->catalog, FC_TARGET_COLLECTION);
    for (uint32_t id = 1; id <= count; id++) {
        const fc_entry *entry = fc_catalog_get(store->catalog, FC_TARGET_COLLECTION, id, sequence);
        fc_index_description index;
        uint32_t tried = 0; // ids rise
        for (size_t n = 0; entry && fc_memtable_index_at(entry->memtable, sequence, n, &index);) {
            if (index.is_ready || index.id <= tried) {
                n++;
                continue;
            }
            tried = index.id;
            n = 0; // while one is built, one before it may go
            const fc_status status = build_index(store, entry->memtable, index.id, sequence);
            if (status == FC_STATUS_CLOSED) return; // nobody will read it
            if (status != FC_STATUS_OK) atomic_store(&store->has_unbuilt, true);
        }
    }
}
