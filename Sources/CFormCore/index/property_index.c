// The writer's side of property indexes. See property_index.h for the invariants.
#include "property_index.h"

#include <assert.h>
#include <string.h>

#include "property_internal.h"

// ---- Versions ----------------------------------------------------------------------------------

fc_index_version *fc_index_version_allocate(fc_arena *arena, uint32_t run_capacity) {
    fc_index_version *version =
        fc_arena_allocate(arena, sizeof *version + run_capacity * sizeof version->runs[0]);
    if (version != NULL)
        *version = (fc_index_version){.references = 1, .run_capacity = run_capacity};
    return version;
}

// Drops one reference; returns `garbage` with what nobody holds any more. REQUIRES: the lock.
static void *drop_version(fc_index_version *version, void *garbage) {
    if (version == NULL || --version->references > 0) return garbage;
    for (uint32_t i = 0; i < version->run_count; i++)
        if (--version->runs[i]->references == 0)
            garbage = fc_arena_list_push(garbage, version->runs[i]);
    return fc_arena_list_push(garbage, version);
}

void fc_index_publish(fc_property_index *index, fc_index_version *version, uint32_t covered_end) {
    fc_memtable *table = index->table;
    version->covered_end = covered_end;
    uint64_t bytes = 0;
    for (unsigned i = FC_LEVELS_MAX; i-- > 0;) {
        const fc_index_level *level = &index->levels[i];
        if (level->resident != NULL) version->runs[version->run_count++] = level->resident;
        for (fc_index_run *run = level->queue_first; run != NULL; run = run->next)
            version->runs[version->run_count++] = run;
    }
    assert(version->run_count <= version->run_capacity);
    for (uint32_t i = 0; i < version->run_count; i++) {
        bytes += fc_index_run_bytes(version->runs[i]);
        if (version->runs[i]->serial == 0) version->runs[i]->serial = ++index->run_serial;
    }
    fc_versions_lock(&table->versions);
    for (uint32_t i = 0; i < version->run_count; i++)
        version->runs[i]->references++;
    void *garbage = drop_version(index->current, NULL);
    index->current = version;
    fc_versions_unlock(&table->versions);
    fc_arena_release_list(table->arena, garbage);
    index->run_bytes = bytes;
}

void fc_index_release_version(fc_memtable *table, fc_index_version *version) {
    fc_versions_lock(&table->versions);
    void *garbage = drop_version(version, NULL);
    fc_versions_unlock(&table->versions);
    fc_arena_release_list(table->arena, garbage);
}

// ---- Create and drop ---------------------------------------------------------------------------

// Whether the rows of the chunk were freed, and with them the column's chunk.
static bool is_freed(const fc_memtable *table, uint32_t chunk_index) {
    return chunk_index < table->columns.chunks.count &&
           fc_pointer_table_get(&table->columns.chunks, chunk_index) == NULL;
}

static void destroy_index(fc_property_index *index) {
    fc_memtable *table = index->table;
    const fc_allocator *memory = &table->os->memory;
    fc_index_levels_clear(index);
    assert(index->current == NULL || index->current->references == 1);
    fc_arena_release_list(table->arena, drop_version(index->current, NULL));
    for (uint32_t i = 0; i < index->chunks.count; i++)
        if (!is_freed(table, i))
            fc_arena_release(table->arena, fc_pointer_table_get(&index->chunks, i));
    fc_pointer_table_deinit(&index->chunks, table->arena);
    fc_property_destroy(memory, index->property);
    memory->release(memory->context, (void *)(uintptr_t)index->encoded.data, index->encoded.length);
    memory->release(memory->context, index, sizeof *index);
}

// Room for the row at `position` in the column. The table's rows before it have theirs, or come with a build.
static fc_status reserve_chunk(fc_property_index *index, uint32_t position) {
    fc_memtable *table = index->table;
    while (index->chunks.count <= position >> FC_CHUNK_LOG2) {
        fc_status status = fc_pointer_table_reserve(&index->chunks, &table->versions);
        if (status != FC_STATUS_OK) return status;
        fc_index_chunk *chunk = NULL;
        if (index->chunks.count == position >> FC_CHUNK_LOG2) {
            chunk = fc_index_chunk_allocate(table->arena);
            if (chunk == NULL) return FC_STATUS_OUT_OF_MEMORY;
        }
        fc_pointer_table_add(&index->chunks, chunk);
    }
    return FC_STATUS_OK;
}

static fc_status fill_index(fc_property_index *index, fc_bytes property, fc_detail *detail) {
    fc_memtable *table = index->table;
    const fc_allocator *memory = &table->os->memory;
    fc_status status = fc_property_decode(memory, property, &index->property, detail);
    if (status != FC_STATUS_OK) return status;
    uint8_t *copy = memory->allocate(memory->context, property.length);
    if (copy != NULL) {
        memcpy(copy, property.data, property.length);
        index->encoded = (fc_bytes){copy, property.length};
        index->current = fc_index_version_allocate(table->arena, 0);
    }
    if (copy == NULL || index->current == NULL) return FC_STATUS_OUT_OF_MEMORY;
    index->current->covered_end = index->first_position;
    // Even without a row: a build shares the chunk with the rows that come.
    return reserve_chunk(index, index->first_position);
}

static bool exists(const fc_property_index *index) { // for the writer
    return index->deleted == FC_LIVE;
}

static fc_property_index *find_index(const fc_memtable *table, uint32_t id) {
    fc_property_index *index = table->indexes;
    while (index != NULL && index->id != id)
        index = index->next;
    return index;
}

uint32_t fc_memtable_next_index_id(const fc_memtable *table) {
    return table->index_count + 1;
}

static bool is_of(const fc_property_index *index, fc_bytes property) {
    return exists(index) && index->encoded.length == property.length &&
           memcmp(index->encoded.data, property.data, property.length) == 0;
}

static bool is_taken(const fc_memtable *table, fc_bytes property) {
    const fc_property_index *index = table->indexes;
    while (index != NULL && !is_of(index, property))
        index = index->next;
    return index != NULL;
}

bool fc_memtable_index_is(const fc_memtable *table, uint32_t id, fc_bytes property) {
    const fc_property_index *index = find_index(table, id);
    return index != NULL && is_of(index, property);
}

fc_status fc_memtable_create_index(fc_memtable *table, uint32_t id, fc_bytes property,
                                   uint64_t sequence, fc_detail *detail) {
    assert(id == fc_memtable_next_index_id(table));
    if (is_taken(table, property))
        return fc_fail(detail, FC_STATUS_ALREADY_EXISTS, "the property has an index already");
    fc_property_index *index = fc_allocate_cleared(&table->os->memory, 1, sizeof *index);
    if (index == NULL) return FC_STATUS_OUT_OF_MEMORY;
    index->table = table;
    index->id = id;
    index->created = sequence;
    index->deleted = FC_LIVE;
    index->first_position = table->columns.rows;
    fc_status status = fill_index(index, property, detail);
    if (status != FC_STATUS_OK) {
        destroy_index(index);
        return status;
    }
    fc_memtable_open_transaction(table, sequence);
    fc_property_index **link = &table->indexes;
    while (*link != NULL)
        link = &(*link)->next;
    fc_versions_lock(&table->versions);
    *link = index;
    fc_versions_unlock(&table->versions);
    table->index_count++;
    return FC_STATUS_OK;
}

fc_status fc_memtable_drop_index(fc_memtable *table, uint32_t id, uint64_t sequence) {
    fc_property_index *index = find_index(table, id);
    if (index == NULL || !exists(index)) return FC_STATUS_NOT_FOUND;
    fc_memtable_open_transaction(table, sequence);
    fc_versions_lock(&table->versions);
    index->deleted = sequence;
    fc_versions_unlock(&table->versions);
    return FC_STATUS_OK;
}

// Takes an index off the list. REQUIRES: nobody reads it.
static void remove_index(fc_memtable *table, fc_property_index *index) {
    fc_property_index **link = &table->indexes;
    while (*link != index)
        link = &(*link)->next;
    fc_versions_lock(&table->versions);
    *link = index->next;
    fc_versions_unlock(&table->versions);
    destroy_index(index);
}

// Those that were dropped and that no snapshot can see go.
void fc_property_indexes_commit(fc_memtable *table) {
    uint64_t horizon = fc_memtable_horizon(table);
    for (fc_property_index *index = table->indexes, *next; index != NULL; index = next) {
        next = index->next;
        if (exists(index)) continue;
        fc_versions_lock(&table->versions);
        bool is_building = index->is_building;
        fc_versions_unlock(&table->versions);
        if (index->deleted <= horizon && !is_building) remove_index(table, index);
    }
}

void fc_property_indexes_abort(fc_memtable *table) {
    for (fc_property_index *index = table->indexes, *next; index != NULL; index = next) {
        next = index->next;
        if (index->created == table->sequence) {
            remove_index(table, index); // only the transaction itself could see it
            table->index_count--;
        } else if (index->deleted == table->sequence) {
            fc_versions_lock(&table->versions);
            index->deleted = FC_LIVE;
            fc_versions_unlock(&table->versions);
        }
    }
}

void fc_property_indexes_destroy(fc_memtable *table) {
    while (table->indexes != NULL) {
        fc_property_index *index = table->indexes;
        table->indexes = index->next;
        destroy_index(index);
    }
}

bool fc_memtable_index_at(fc_memtable *table, uint64_t sequence, size_t n,
                          fc_index_description *out) {
    bool found = false;
    fc_versions_lock(&table->versions);
    for (fc_property_index *index = table->indexes; index != NULL && !found; index = index->next) {
        if (index->created > sequence || index->deleted <= sequence || n-- > 0) continue;
        *out = (fc_index_description){.id = index->id,
                                      .property = index->encoded,
                                      .created = index->created,
                                      .is_ready = index->is_ready};
        found = true;
    }
    fc_versions_unlock(&table->versions);
    return found;
}

bool fc_view_find_index(const fc_view *view, fc_bytes property, uint32_t *out_id) {
    fc_memtable *table = view->table;
    uint32_t id = 0;
    fc_versions_lock(&table->versions);
    for (fc_property_index *index = table->indexes; index != NULL && id == 0; index = index->next)
        if (index->created <= view->sequence && index->deleted > view->sequence &&
            index->encoded.length == property.length &&
            memcmp(index->encoded.data, property.data, property.length) == 0)
            id = index->id;
    fc_versions_unlock(&table->versions);
    if (id == 0 || !fc_view_has_index(view, id)) return false;
    *out_id = id;
    return true;
}

// ---- Rows --------------------------------------------------------------------------------------

// An index that a transaction still dropped goes on taking rows until that is committed, and then none: whoever
// can see it cannot see them.
static bool takes_rows(const fc_property_index *index) {
    return exists(index) || (index->table->is_open && index->deleted == index->table->sequence);
}

fc_status fc_property_indexes_reserve(fc_memtable *table) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (!takes_rows(index)) continue;
        fc_status status = reserve_chunk(index, table->columns.rows);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

void fc_property_indexes_put(fc_memtable *table, uint32_t position) {
    const fc_chunk *rows = fc_columns_chunk(&table->columns, position);
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (!takes_rows(index)) continue;
        fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, position >> FC_CHUNK_LOG2);
        fc_index_chunk_fill(index, chunk, rows, position);
        if (!table->is_bulk) chunk->entry_count++;
    }
}

void fc_property_indexes_step(fc_memtable *table, uint32_t puts) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next)
        if (takes_rows(index)) fc_index_levels_step(index, puts);
}

// ---- Sealing -----------------------------------------------------------------------------------

void fc_property_indexes_discard(fc_memtable *table) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        fc_arena_release(table->arena, index->prepared_run);
        fc_arena_release(table->arena, index->prepared_version);
        index->prepared_run = NULL;
        index->prepared_version = NULL;
    }
}

static fc_status prepare_run(fc_property_index *index, uint32_t first, uint64_t horizon,
                             uint32_t run_capacity) {
    fc_memtable *table = index->table;
    const fc_index_column column = {.index = index};
    fc_status status =
        fc_index_run_build(&column, first, table->columns.rows, horizon, &index->prepared_run);
    if (status != FC_STATUS_OK) return status;
    index->prepared_version = fc_index_version_allocate(table->arena, run_capacity);
    return index->prepared_version == NULL ? FC_STATUS_OUT_OF_MEMORY : FC_STATUS_OK;
}

fc_status fc_property_indexes_prepare_seal(fc_memtable *table, uint64_t horizon) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (!takes_rows(index)) continue;
        fc_status status = prepare_run(index, index->current->covered_end, horizon,
                                       fc_index_levels_count(index) + 1);
        if (status != FC_STATUS_OK) {
            fc_property_indexes_discard(table);
            return status;
        }
    }
    return FC_STATUS_OK;
}

// Takes what was prepared; NULL when the run is empty.
static fc_index_run *take_prepared(fc_property_index *index, fc_index_version **out_version) {
    fc_index_run *run = index->prepared_run;
    *out_version = index->prepared_version;
    index->prepared_run = NULL;
    index->prepared_version = NULL;
    if (run->count > 0) return run;
    fc_arena_release(index->table->arena, run);
    return NULL;
}

// Counts the rows [first, end) as the run has them.
static void count_entries(fc_property_index *index, const fc_index_run *run, uint32_t first,
                          uint32_t end) {
    for (uint32_t position = first; position < end; position++) {
        fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, position >> FC_CHUNK_LOG2);
        if (chunk != NULL) chunk->entry_count--;
    }
    for (uint32_t i = 0; run != NULL && i < run->count; i++) {
        uint32_t chunk_index = run->positions[i] >> FC_CHUNK_LOG2;
        fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, chunk_index);
        chunk->entry_count++;
    }
}

void fc_property_indexes_finish_seal(fc_memtable *table) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (index->prepared_version == NULL) continue;
        fc_index_version *version;
        fc_index_run *run = take_prepared(index, &version);
        uint32_t first = index->current->covered_end, end = table->columns.rows;
        if (table->options.journal_only) count_entries(index, run, first, end);
        if (run != NULL) fc_index_levels_add(index, run);
        fc_index_publish(index, version, end);
    }
}

// ---- Rebuilding --------------------------------------------------------------------------------

// The rows before the index's first, into chunks of its own column. REQUIRES: no build under way.
static fc_status fill_older_rows(fc_property_index *index) {
    fc_memtable *table = index->table;
    for (uint32_t position = 0; position < index->first_position; position++) {
        const fc_chunk *rows = fc_columns_chunk(&table->columns, position);
        if (rows == NULL) {
            position |= FC_CHUNK_MASK;
            continue;
        }
        uint32_t i = position >> FC_CHUNK_LOG2;
        fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, i);
        if (chunk == NULL) {
            chunk = fc_index_chunk_allocate(table->arena);
            if (chunk == NULL) return FC_STATUS_OUT_OF_MEMORY;
            fc_pointer_table_set(&index->chunks, i, chunk);
        }
        fc_index_chunk_fill(index, chunk, rows, position);
    }
    return FC_STATUS_OK;
}

static bool is_rebuilt(const fc_memtable *table, const fc_property_index *index) {
    fc_versions_lock(&table->versions);
    bool is_building = index->is_building;
    fc_versions_unlock(&table->versions);
    return takes_rows(index) && !is_building;
}

fc_status fc_property_indexes_prepare_rebuild(fc_memtable *table, uint64_t horizon) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (!is_rebuilt(table, index)) continue;
        fc_status status = index->is_ready ? FC_STATUS_OK : fill_older_rows(index);
        if (status == FC_STATUS_OK) status = prepare_run(index, 0, horizon, 1);
        if (status != FC_STATUS_OK) {
            fc_property_indexes_discard(table);
            return status;
        }
    }
    return FC_STATUS_OK;
}

static void set_ready(fc_property_index *index) {
    fc_versions_lock(&index->table->versions);
    index->is_ready = true;
    fc_versions_unlock(&index->table->versions);
}

void fc_property_indexes_finish_rebuild(fc_memtable *table) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (index->prepared_version == NULL) continue;
        fc_index_version *version;
        fc_index_run *run = take_prepared(index, &version);
        for (uint32_t i = 0; i < index->chunks.count; i++) {
            fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, i);
            if (chunk != NULL && !is_freed(table, i)) chunk->entry_count = 0;
        }
        if (table->options.journal_only) count_entries(index, run, 0, 0);
        fc_index_levels_clear(index);
        if (run != NULL) fc_index_levels_put_packed(index, run);
        fc_index_publish(index, version, table->columns.rows);
        set_ready(index);
    }
}

// ---- Freeing chunks ----------------------------------------------------------------------------

bool fc_property_indexes_hold(const fc_memtable *table, uint32_t chunk_index) {
    for (const fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        // Dropped ones too: an old snapshot may still search their runs. Whoever builds an index reads all older rows.
        if (!index->is_ready) return true;
        if (chunk_index >= index->chunks.count) continue;
        const fc_index_chunk *chunk = fc_pointer_table_get(&index->chunks, chunk_index);
        if (chunk != NULL && chunk->entry_count > 0) return true;
    }
    return false;
}

void fc_property_indexes_free_chunk(fc_memtable *table, uint32_t chunk_index) {
    for (fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        if (chunk_index >= index->chunks.count) continue;
        fc_versions_retire(&table->versions, fc_pointer_table_get(&index->chunks, chunk_index));
    }
}
