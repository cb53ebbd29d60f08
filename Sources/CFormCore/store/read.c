// Reading through a transaction: names, descriptions, views of rows and points.
#include <assert.h>
#include <string.h>

#include "store_internal.h"

// ---- Borrowed views ----------------------------------------------------------------------------

static size_t slot_of(const fc_transaction *transaction, uint64_t key) {
    const size_t mask = transaction->view_capacity - 1;
    size_t slot = (size_t)(key * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (transaction->views[slot].key != 0 && transaction->views[slot].key != key)
        slot = (slot + 1) & mask;
    return slot;
}

// The first table is emptied instead: it will be used again.
static void release_table(fc_transaction *transaction, fc_touched_view *views, size_t capacity) {
    const fc_allocator *memory = &transaction->store->os->memory;
    if (views == transaction->first_views)
        memset(views, 0, sizeof transaction->first_views);
    else
        memory->release(memory->context, views, capacity * sizeof *views);
}

// Room for one more at a load of at most 3/4. REQUIRES: the lock of the views.
static fc_status reserve_view(fc_transaction *transaction) {
    if ((transaction->view_count + 1) * 4 <= transaction->view_capacity * 3) return FC_STATUS_OK;
    const size_t old_capacity = transaction->view_capacity, capacity = old_capacity * 2;
    fc_touched_view *old = transaction->views;
    fc_touched_view *grown =
        fc_allocate_cleared(&transaction->store->os->memory, capacity, sizeof *grown);
    if (!grown) return FC_STATUS_OUT_OF_MEMORY;
    transaction->views = grown;
    transaction->view_capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key != 0) grown[slot_of(transaction, old[i].key)] = old[i];
    release_table(transaction, old, old_capacity);
    return FC_STATUS_OK;
}

static void release_view(const fc_touched_view *touched) {
    fc_view_release(touched->view);
    fc_series_view_release(touched->series_view);
}

void fc_release_views(fc_transaction *transaction) {
    if (transaction->view_count == 0) return;
    for (size_t i = 0; transaction->view_count > 0 && i < transaction->view_capacity; i++) {
        if (transaction->views[i].key == 0) continue;
        release_view(&transaction->views[i]);
        transaction->view_count--;
    }
    release_table(transaction, transaction->views, transaction->view_capacity);
    transaction->views = transaction->first_views;
    transaction->view_capacity = FC_FIRST_VIEWS;
}

static fc_status make_view(fc_transaction *transaction, fc_entry *entry, fc_touched_view *out) {
    const uint64_t sequence = transaction->sequence;
    if (entry->kind == FC_TARGET_COLLECTION)
        return transaction->is_write
                   ? fc_memtable_writer_view(entry->memtable, sequence, &out->view)
                   : fc_memtable_view(entry->memtable, sequence, &out->view);
    return transaction->is_write ? fc_series_writer_view(entry->series, sequence, &out->series_view)
                                 : fc_series_view_at(entry->series, sequence, &out->series_view);
}

// Adds a view that was made, or gives that of another thread which was faster.
static fc_status add_view(fc_transaction *transaction, const fc_touched_view *made,
                          fc_touched_view *out) {
    fc_short_lock_take(&transaction->views_lock);
    fc_status status = reserve_view(transaction);
    bool is_added = false;
    if (status == FC_STATUS_OK) {
        fc_touched_view *slot = &transaction->views[slot_of(transaction, made->key)];
        is_added = slot->key == 0;
        if (is_added) {
            *slot = *made;
            transaction->view_count++;
        }
        *out = *slot;
    }
    fc_short_lock_give(&transaction->views_lock);
    if (!is_added) release_view(made);
    return status;
}

static fc_status find_view(fc_transaction *transaction, fc_target_kind kind, uint32_t id,
                           fc_touched_view *out) {
    const uint64_t key = ((uint64_t)kind << 32 | id) + 1;
    fc_short_lock_take(&transaction->views_lock);
    *out = transaction->views[slot_of(transaction, key)];
    fc_short_lock_give(&transaction->views_lock);
    if (out->key == key) return FC_STATUS_OK;
    fc_entry *entry = fc_catalog_get(transaction->store->catalog, kind, id, transaction->sequence);
    if (!entry) return FC_STATUS_NOT_FOUND;
    fc_touched_view made = {.key = key};
    const fc_status status = make_view(transaction, entry, &made);
    return status == FC_STATUS_OK ? add_view(transaction, &made, out) : status;
}

fc_status fc_features(fc_transaction *transaction, uint32_t collection, const fc_view **out) {
    fc_touched_view found;
    const fc_status status = find_view(transaction, FC_TARGET_COLLECTION, collection, &found);
    if (status == FC_STATUS_OK) *out = found.view;
    return status;
}

fc_status fc_points_of(fc_transaction *transaction, uint32_t series, const fc_series_view **out) {
    fc_touched_view found;
    const fc_status status = find_view(transaction, FC_TARGET_SERIES, series, &found);
    if (status == FC_STATUS_OK) *out = found.series_view;
    return status;
}

// ---- Names and descriptions --------------------------------------------------------------------

fc_status fc_resolve(fc_transaction *transaction, fc_target_kind kind, fc_bytes name,
                     uint32_t *out_id, uint32_t *out_field_count) {
    const fc_entry *entry =
        fc_catalog_find(transaction->store->catalog, kind, name, transaction->sequence);
    if (!entry) return FC_STATUS_NOT_FOUND;
    *out_id = entry->id;
    if (out_field_count) *out_field_count = entry->field_count;
    return FC_STATUS_OK;
}

static fc_description describe(fc_transaction *transaction, const fc_entry *entry) {
    return (fc_description){
        .kind = entry->kind,
        .id = entry->id,
        .name = fc_catalog_name(transaction->store->catalog, entry, transaction->sequence),
        .field_names = entry->field_names,
        .field_count = entry->field_count,
        .options = entry->options,
        .created = entry->created};
}

fc_status fc_describe(fc_transaction *transaction, fc_target_kind kind, uint32_t id,
                      fc_description *out) {
    const fc_entry *entry =
        fc_catalog_get(transaction->store->catalog, kind, id, transaction->sequence);
    if (!entry) return FC_STATUS_NOT_FOUND;
    *out = describe(transaction, entry);
    return FC_STATUS_OK;
}

fc_status fc_describe_index(fc_transaction *transaction, uint32_t collection, size_t n,
                            bool *out_found, fc_index_description *out) {
    const fc_entry *entry = fc_catalog_get(transaction->store->catalog, FC_TARGET_COLLECTION,
                                           collection, transaction->sequence);
    if (!entry) return FC_STATUS_NOT_FOUND;
    *out_found = fc_memtable_index_at(entry->memtable, transaction->sequence, n, out);
    return FC_STATUS_OK;
}

fc_status fc_schema(fc_transaction *transaction,
                    bool (*visit)(void *visitor, const fc_description *description),
                    void *visitor) {
    for (int kind = 0; kind < 2; kind++) {
        const uint32_t count = fc_catalog_count(transaction->store->catalog, (fc_target_kind)kind);
        for (uint32_t id = 1; id <= count; id++) {
            const fc_entry *entry = fc_catalog_get(transaction->store->catalog,
                                                   (fc_target_kind)kind, id, transaction->sequence);
            if (!entry) continue;
            const fc_description description = describe(transaction, entry);
            if (!visit(visitor, &description)) return FC_STATUS_OK;
        }
    }
    return FC_STATUS_OK;
}

// ---- What was touched --------------------------------------------------------------------------

static fc_status watch(fc_store *store, fc_entry *entry, fc_footprints **out) {
    fc_footprints_options options = {.is_series = entry->kind == FC_TARGET_SERIES,
                                     .capacity = store->options.footprints,
                                     .faults = store->options.footprint_faults};
    fc_footprints *made;
    const fc_status status = fc_footprints_create(store->os, &options, &made);
    if (status != FC_STATUS_OK) return status;
    fc_store_lock(store);
    fc_footprints *found = atomic_load_explicit(&entry->footprints, memory_order_relaxed);
    if (!found) {
        // A transaction that is running notes some of its rows or none; the next ones, which come
        // by this lock, all of them.
        fc_footprints_forget(made, store->applied + store->has_writer);
        atomic_store_explicit(&entry->footprints, made, memory_order_release);
    }
    fc_store_unlock(store);
    if (found) fc_footprints_destroy(made);
    *out = found ? found : made;
    return FC_STATUS_OK;
}

fc_status fc_touched(fc_transaction *reader, fc_target_kind kind, uint32_t id,
                     uint64_t from_sequence, const fc_region *region, fc_change *out) {
    fc_entry *entry = fc_catalog_get(reader->store->catalog, kind, id, reader->sequence);
    if (!entry) return FC_STATUS_NOT_FOUND;
    if (reader->is_write) {
        *out = FC_CHANGE_UNKNOWN;
        return FC_STATUS_OK;
    }
    fc_footprints *footprints = atomic_load_explicit(&entry->footprints, memory_order_acquire);
    if (!footprints) {
        const fc_status status = watch(reader->store, entry, &footprints);
        if (status != FC_STATUS_OK) return status;
    }
    *out = fc_footprints_check(footprints, from_sequence, reader->sequence, region);
    return FC_STATUS_OK;
}
