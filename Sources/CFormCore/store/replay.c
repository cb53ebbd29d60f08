// Recovery's way into memory: the operations of each block, in order, through the same effects as
// live writes. Blocks hold effects, never questions, so nothing is evaluated here.
#include <string.h>

#include "../base/bytes.h"
#include "store_internal.h"

static fc_entry *live_entry(fc_store *store, fc_target_kind kind, uint32_t id, uint64_t sequence) {
    return fc_catalog_get(store->catalog, kind, id, sequence);
}

static fc_status no_target(const fc_operation *operation, fc_detail *detail) {
    return fc_fail(detail, FC_STATUS_CORRUPT,
                   "an operation with tag %d names target %u, which does not exist",
                   (int)operation->tag, operation->target);
}

static fc_status replay_put(fc_store *store, fc_entry *entry, const fc_operation *operation,
                            uint64_t sequence, fc_detail *detail) {
    if (operation->tag == FC_OPERATION_PUT)
        return fc_effect_put(store, entry, &operation->record, sequence);
    uint32_t position;
    if (!fc_memtable_find(entry->memtable, &operation->record.id, &position))
        return fc_fail(detail, FC_STATUS_CORRUPT, "an amend finds no feature to amend");
    fc_record previous, whole;
    fc_record_read(fc_memtable_record(entry->memtable, position).data, &previous);
    fc_buffer buffer;
    fc_buffer_init(&buffer, &store->os->memory);
    fc_status status = fc_record_with_geometry_of(&operation->record, &previous, &buffer);
    if (status == FC_STATUS_OK) {
        fc_record_read(buffer.data, &whole);
        status = fc_effect_put(store, entry, &whole, sequence);
    }
    fc_buffer_deinit(&buffer);
    return status;
}

static fc_status replay_delete(fc_store *store, fc_entry *entry, const fc_operation *operation,
                               uint64_t sequence, fc_detail *detail) {
    uint32_t position;
    if (!fc_memtable_find(entry->memtable, &operation->id, &position) ||
        fc_memtable_row_id(entry->memtable, position) != operation->row_id)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a delete names row %llu, which is not live",
                       (unsigned long long)operation->row_id);
    return fc_effect_delete(store, entry, position, sequence);
}

static fc_status replay_append(fc_store *store, fc_entry *entry, const fc_batch *batch,
                               uint64_t sequence, fc_detail *detail) {
    if (batch->field_count != entry->field_count)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a batch has %u fields, its series %u",
                       batch->field_count, entry->field_count);
    const size_t column = (size_t)batch->point_count * 8;
    const size_t table = batch->field_count * sizeof(double *);
    const size_t size = column * (batch->field_count + 1) + table;
    const fc_allocator *memory = &store->os->memory;
    uint8_t *block = memory->allocate(memory->context, size);
    if (!block) return FC_STATUS_OUT_OF_MEMORY;
    int64_t *times = (int64_t *)(void *)block;
    const double **fields = (const double **)(void *)(block + column * (batch->field_count + 1));
    fc_batch_times(batch, times);
    for (uint32_t field = 0; field < batch->field_count; field++) {
        double *values = (double *)(void *)(block + column * (field + 1));
        fc_batch_field(batch, field, values);
        fields[field] = values;
    }
    fc_points points = {.point_count = batch->point_count,
                        .field_count = batch->field_count,
                        .times_us = times,
                        .fields = fields};
    if (batch->has_metadata) {
        points.metadata_ends = (const uint32_t *)(const void *)batch->metadata_column;
        points.metadata = batch->metadata_column + fc_align_up((uint64_t)batch->point_count * 4, 8);
    }
    const fc_status status = fc_effect_append(store, entry, &points, sequence);
    memory->release(memory->context, block, size);
    return status;
}

static fc_status replay_catalog(fc_store *store, const fc_operation *operation, uint64_t sequence,
                                fc_detail *detail) {
    const fc_target_kind kind = operation->target_kind;
    if (operation->tag == FC_OPERATION_CREATE) {
        if (operation->target != fc_catalog_next_id(store->catalog, kind))
            return fc_fail(detail, FC_STATUS_CORRUPT, "a create gives id %u out of order",
                           operation->target);
        fc_entry *entry;
        const fc_status status = fc_effect_create(store, operation, sequence, &entry);
        return status != FC_STATUS_ALREADY_EXISTS
                   ? status
                   : fc_fail(detail, FC_STATUS_CORRUPT, "a create gives a name that is taken");
    }
    fc_entry *entry = live_entry(store, kind, operation->target, sequence);
    if (!entry) return no_target(operation, detail);
    if (operation->tag == FC_OPERATION_DROP)
        return fc_catalog_drop(store->catalog, entry, sequence);
    const fc_status status = fc_catalog_rename(store->catalog, entry, operation->name, sequence);
    return status != FC_STATUS_ALREADY_EXISTS
               ? status
               : fc_fail(detail, FC_STATUS_CORRUPT, "a rename gives a name that is taken");
}

static fc_status replay_index(fc_store *store, const fc_operation *operation, uint64_t sequence,
                              fc_detail *detail) {
    fc_entry *entry = live_entry(store, FC_TARGET_COLLECTION, operation->target, sequence);
    if (!entry) return no_target(operation, detail);
    fc_status status = FC_STATUS_NOT_FOUND;
    if (operation->tag == FC_OPERATION_CREATE_INDEX) {
        if (operation->index_id == fc_memtable_next_index_id(entry->memtable))
            status = fc_effect_create_index(store, entry, operation->index_id, operation->property,
                                            sequence, detail);
    } else if (fc_memtable_index_is(entry->memtable, operation->index_id, operation->property)) {
        status = fc_effect_drop_index(store, entry, operation->index_id, sequence);
    }
    return status != FC_STATUS_NOT_FOUND && status != FC_STATUS_ALREADY_EXISTS
               ? status
               : fc_fail(detail, FC_STATUS_CORRUPT, "an operation names index %u out of order",
                         operation->index_id);
}

static fc_status replay_operation(fc_store *store, const fc_operation *operation, uint64_t sequence,
                                  fc_detail *detail) {
    if (operation->tag >= FC_OPERATION_CREATE_INDEX)
        return replay_index(store, operation, sequence, detail);
    if (operation->tag >= FC_OPERATION_CREATE)
        return replay_catalog(store, operation, sequence, detail);
    const bool is_series =
        operation->tag == FC_OPERATION_APPEND || operation->tag == FC_OPERATION_TOMBSTONE;
    fc_entry *entry = live_entry(store, is_series ? FC_TARGET_SERIES : FC_TARGET_COLLECTION,
                                 operation->target, sequence);
    if (!entry) return no_target(operation, detail);
    switch (operation->tag) {
    case FC_OPERATION_PUT:
    case FC_OPERATION_AMEND:
        return replay_put(store, entry, operation, sequence, detail);
    case FC_OPERATION_DELETE:
        return replay_delete(store, entry, operation, sequence, detail);
    case FC_OPERATION_APPEND:
        return replay_append(store, entry, &operation->batch, sequence, detail);
    default:
        break;
    }
    if (operation->row_id != store->next_row_id)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a tombstone's row bound does not fit");
    const fc_time_range range = {.start_us = operation->start_us,
                                 .end_us = operation->end_us,
                                 .end_is_open = operation->end_is_open};
    uint64_t count;
    return fc_effect_tombstone(store, entry, &range, sequence, &count);
}

static fc_status replay_operations(fc_store *store, const fc_block *block, fc_detail *detail) {
    const uint64_t sequence = block->header.sequence;
    fc_operation_reader reader;
    fc_status status = fc_operation_reader_init(&reader, block->payload, detail);
    uint32_t count = 0;
    while (status == FC_STATUS_OK) {
        bool found;
        fc_operation operation;
        status = fc_operation_next(&reader, &found, &operation, detail);
        if (status != FC_STATUS_OK || !found) break;
        status = replay_operation(store, &operation, sequence, detail);
        count++;
    }
    if (status == FC_STATUS_OK && count != block->header.operation_count)
        return fc_fail(detail, FC_STATUS_CORRUPT, "a block of %u operations holds %u",
                       block->header.operation_count, count);
    return status;
}

fc_status fc_replay_block(void *context, const fc_block *block, fc_detail *detail) {
    fc_store *store = context;
    const fc_block_header *header = &block->header;
    const uint64_t first_row_id = store->next_row_id;
    const bool has_payload =
        header->encoding != FC_BLOCK_REDACTED && header->encoding != FC_BLOCK_PRUNED;
    fc_status status = FC_STATUS_OK;
    if (has_payload) {
        status = replay_operations(store, block, detail);
        if (status == FC_STATUS_OK && store->next_row_id != first_row_id + header->row_count)
            status = fc_fail(detail, FC_STATUS_CORRUPT, "a block's row count does not fit");
    } else {
        store->next_row_id = first_row_id + header->row_count;
    }
    if (status != FC_STATUS_OK) {
        fc_effects_abort(store, first_row_id);
        if (detail) {
            detail->sequence = header->sequence;
            memcpy(detail->block, header->id.bytes, sizeof detail->block);
        }
        return status;
    }
    fc_effects_commit(store, header->sequence);
    store->applied = header->sequence;
    return FC_STATUS_OK;
}

fc_status fc_replay_finish(fc_store *store) {
    store->is_replaying = false;
    const uint32_t count = fc_catalog_count(store->catalog, FC_TARGET_COLLECTION);
    for (uint32_t id = 1; id <= count; id++) {
        fc_entry *entry = fc_catalog_entry(store->catalog, FC_TARGET_COLLECTION, id, FC_LIVE);
        const fc_status status = fc_memtable_end_bulk(entry->memtable);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}
