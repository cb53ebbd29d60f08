// What operations do to the rows in memory: the one place where live writes and replay meet.
#include "store_internal.h"

#define GENERATED_ID_MAX ((int64_t)9007199254740991) // 2^53 - 1

// NULL while nobody has asked: a plain load, so that databases without a cache pay nothing.
static fc_footprints *footprints_of(fc_entry *entry) {
    return atomic_load_explicit(&entry->footprints, memory_order_acquire);
}

fc_status fc_touch(fc_store *store, fc_entry *entry, uint64_t sequence) {
    if (entry->touched_by == sequence) return FC_STATUS_OK;
    if (store->touched_count == store->touched_capacity) {
        const size_t capacity = store->touched_capacity * 2 + 16;
        const fc_allocator *memory = &store->os->memory;
        fc_entry **grown =
            memory->reallocate(memory->context, store->touched,
                               store->touched_capacity * sizeof *grown, capacity * sizeof *grown);
        if (!grown) return FC_STATUS_OUT_OF_MEMORY;
        store->touched = grown;
        store->touched_capacity = capacity;
    }
    store->touched[store->touched_count++] = entry;
    entry->touched_by = sequence;
    entry->largest_id_before = entry->largest_id;
    return FC_STATUS_OK;
}

fc_status fc_effect_put(fc_store *store, fc_entry *entry, const fc_record *whole,
                        uint64_t sequence) {
    fc_row row = {.id = whole->id,
                  .has_time = whole->has_time,
                  .is_point =
                      whole->kind == FC_GEOMETRY_POINT || whole->kind == FC_GEOMETRY_MULTI_POINT,
                  .time_start_us = whole->time_start_us,
                  .time_end_us = whole->time_end_us,
                  .record = whole->bytes};
    fc_status status = fc_record_bounding_box(whole, &store->os->memory, &row.has_box, &row.box);
    if (status != FC_STATUS_OK) return status;
    status = fc_touch(store, entry, sequence);
    if (status != FC_STATUS_OK) return status;
    if (entry->next_row_id != store->next_row_id) {
        status = fc_memtable_set_row_id(entry->memtable, store->next_row_id);
        if (status != FC_STATUS_OK) return status;
        entry->next_row_id = store->next_row_id;
    }
    uint32_t position;
    status = fc_memtable_put(entry->memtable, &row, sequence, &position);
    if (status != FC_STATUS_OK) return status;
    fc_footprints_put(footprints_of(entry), entry->memtable, position, sequence);
    store->next_row_id++;
    entry->next_row_id++;
    if (!whole->id.text.data && whole->id.integer > entry->largest_id &&
        whole->id.integer <= GENERATED_ID_MAX)
        entry->largest_id = whole->id.integer;
    return FC_STATUS_OK;
}

fc_status fc_effect_delete(fc_store *store, fc_entry *entry, uint32_t position, uint64_t sequence) {
    fc_status status = fc_touch(store, entry, sequence);
    if (status == FC_STATUS_OK) status = fc_memtable_delete(entry->memtable, position, sequence);
    if (status == FC_STATUS_OK)
        fc_footprints_delete(footprints_of(entry), entry->memtable, position);
    return status;
}

static void note_points(fc_footprints *footprints, const fc_points *points) {
    if (!footprints || points->point_count == 0) return;
    int64_t first = points->times_us[0], last = first;
    for (uint32_t i = 1; i < points->point_count; i++) {
        if (points->times_us[i] < first) first = points->times_us[i];
        if (points->times_us[i] > last) last = points->times_us[i];
    }
    fc_footprints_points(footprints, first, last);
}

fc_status fc_effect_append(fc_store *store, fc_entry *entry, const fc_points *points,
                           uint64_t sequence) {
    fc_status status = fc_touch(store, entry, sequence);
    if (status != FC_STATUS_OK) return status;
    status = fc_series_append(entry->series, points, store->next_row_id);
    if (status != FC_STATUS_OK) return status;
    note_points(footprints_of(entry), points);
    store->next_row_id += points->point_count;
    return FC_STATUS_OK;
}

fc_status fc_effect_tombstone(fc_store *store, fc_entry *entry, const fc_time_range *range,
                              uint64_t sequence, uint64_t *out_count) {
    fc_status status = fc_touch(store, entry, sequence);
    if (status != FC_STATUS_OK) return status;
    status = fc_series_delete(entry->series, range->start_us, range->end_us, range->end_is_open,
                              sequence, out_count);
    if (status == FC_STATUS_OK && *out_count > 0)
        fc_footprints_points(footprints_of(entry), range->start_us,
                             range->end_is_open ? INT64_MAX : range->end_us - 1);
    return status;
}

static fc_status make_rows(fc_store *store, fc_entry *entry) {
    if (entry->kind == FC_TARGET_SERIES) {
        const fc_series_options options = {.field_count = entry->field_count,
                                           .chunk_points = store->options.series_chunk_points,
                                           .horizon = &store->horizon};
        return fc_series_create(store->os, &options, &entry->series);
    }
    const fc_memtable_options options = {.journal_only = store->options.journal_only,
                                         .tail_rows = store->options.tail_rows,
                                         .merge_ratio_first = store->options.merge_ratio_first,
                                         .merge_ratio = store->options.merge_ratio,
                                         .id_streak = store->options.id_streak,
                                         .kernels = store->options.kernels,
                                         .horizon = &store->horizon};
    const fc_status status =
        fc_memtable_create(store->os, store->arena, &options, &entry->memtable);
    if (status == FC_STATUS_OK && store->is_replaying) fc_memtable_begin_bulk(entry->memtable);
    return status;
}

fc_status fc_effect_create(fc_store *store, const fc_operation *create, uint64_t sequence,
                           fc_entry **out) {
    const size_t mark = fc_catalog_mark(store->catalog);
    fc_entry *entry;
    fc_status status = fc_catalog_add(store->catalog, create, sequence, &entry);
    if (status != FC_STATUS_OK) return status;
    status = make_rows(store, entry);
    if (status != FC_STATUS_OK) {
        fc_catalog_restore(store->catalog, mark);
        return status;
    }
    *out = entry;
    return FC_STATUS_OK;
}

fc_status fc_effect_create_index(fc_store *store, fc_entry *entry, uint32_t id, fc_bytes property,
                                 uint64_t sequence, fc_detail *detail) {
    const fc_status status = fc_touch(store, entry, sequence);
    return status == FC_STATUS_OK
               ? fc_memtable_create_index(entry->memtable, id, property, sequence, detail)
               : status;
}

fc_status fc_effect_drop_index(fc_store *store, fc_entry *entry, uint32_t id, uint64_t sequence) {
    const fc_status status = fc_touch(store, entry, sequence);
    return status == FC_STATUS_OK ? fc_memtable_drop_index(entry->memtable, id, sequence) : status;
}

void fc_effects_commit(fc_store *store, uint64_t sequence) {
    for (size_t index = 0; index < store->touched_count; index++) {
        fc_entry *entry = store->touched[index];
        if (entry->kind == FC_TARGET_COLLECTION)
            fc_memtable_commit(entry->memtable, sequence);
        else
            fc_series_commit(entry->series, sequence);
        fc_footprints_commit(footprints_of(entry), sequence);
    }
    store->touched_count = 0;
    fc_catalog_commit(store->catalog);
}

void fc_effects_abort(fc_store *store, uint64_t first_row_id) {
    for (size_t index = 0; index < store->touched_count; index++) {
        fc_entry *entry = store->touched[index];
        entry->touched_by = 0;
        entry->largest_id = entry->largest_id_before;
        entry->next_row_id = UINT64_MAX;
        if (entry->kind == FC_TARGET_COLLECTION)
            fc_memtable_abort(entry->memtable);
        else
            fc_series_abort(entry->series);
        fc_footprints_abort(footprints_of(entry));
    }
    store->touched_count = 0;
    fc_catalog_restore(store->catalog, 0); // frees entries that the transaction made
    store->next_row_id = first_row_id;
}
