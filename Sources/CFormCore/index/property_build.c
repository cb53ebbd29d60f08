// Building an index over the rows that were there before it, beside writers and readers.
#include <assert.h>
#include <string.h>

#include "property_internal.h"

struct fc_index_build {
    fc_property_index *index;
    fc_view *view; // keeps what the sweep could free
    fc_index_run *run;
    // Chunks of the column, for positions below the index's first. The last one is the index's own when that lies
    // within a chunk: there the writer fills rows beside the build.
    fc_index_chunk **chunks;
    uint32_t chunk_count, own_count; // own: those that the build allocated
    bool is_installed;
};

// The index, marked as being built; NULL when there is nothing to do.
static fc_property_index *claim(fc_memtable *table, uint32_t id, uint64_t sequence) {
    fc_versions_lock(&table->versions);
    fc_property_index *index = table->indexes;
    while (index != NULL && index->id != id)
        index = index->next;
    // One that is being dropped may be kept after all.
    if (index != NULL && (index->created > sequence || index->deleted <= sequence ||
                          index->is_ready || index->is_building))
        index = NULL;
    if (index != NULL) index->is_building = true;
    fc_versions_unlock(&table->versions);
    return index;
}

static fc_status fill(fc_index_build *build) {
    fc_property_index *index = build->index;
    fc_memtable *table = index->table;
    const uint32_t end = index->first_position;
    build->own_count = end >> FC_CHUNK_LOG2;
    build->chunk_count = build->own_count + 1;
    build->chunks =
        fc_allocate_cleared(&table->os->memory, build->chunk_count, sizeof *build->chunks);
    if (build->chunks == NULL) return FC_STATUS_OUT_OF_MEMORY;
    build->chunks[build->own_count] = fc_pointer_table_get(&index->chunks, build->own_count);
    for (uint32_t position = 0; position < end; position++) {
        // A sweep that had begun before the index was created may free it meanwhile; the view keeps it.
        const fc_chunk *rows = fc_columns_chunk(&table->columns, position);
        if (rows == NULL) {
            position |= FC_CHUNK_MASK;
            continue;
        }
        fc_index_chunk **chunk = &build->chunks[position >> FC_CHUNK_LOG2];
        if (*chunk == NULL) *chunk = fc_index_chunk_allocate(table->arena);
        if (*chunk == NULL) return FC_STATUS_OUT_OF_MEMORY;
        fc_index_chunk_fill(index, *chunk, rows, position);
    }
    const fc_index_column column = {.index = index, .chunks = build->chunks};
    return fc_index_run_build(&column, 0, end, fc_memtable_horizon(table), &build->run);
}

fc_status fc_index_build_create(fc_memtable *table, uint32_t id, uint64_t sequence,
                                fc_index_build **out) {
    *out = NULL;
    fc_index_build *build = fc_allocate_cleared(&table->os->memory, 1, sizeof *build);
    if (build == NULL) return FC_STATUS_OUT_OF_MEMORY;
    build->index = claim(table, id, sequence);
    if (build->index == NULL) {
        table->os->memory.release(table->os->memory.context, build, sizeof *build);
        return FC_STATUS_OK;
    }
    fc_status status = fc_memtable_view(table, sequence, &build->view);
    if (status == FC_STATUS_OK) status = fill(build);
    if (status != FC_STATUS_OK) {
        fc_index_build_destroy(build);
        return status;
    }
    *out = build;
    return FC_STATUS_OK;
}

// Counts what the run holds of each chunk, where chunks may be freed.
static void count_entries(fc_index_build *build) {
    const fc_index_run *run = build->run;
    for (uint32_t i = 0; i < run->count; i++)
        build->chunks[run->positions[i] >> FC_CHUNK_LOG2]->entry_count++;
}

fc_status fc_index_build_install(fc_index_build *build) {
    fc_property_index *index = build->index;
    fc_memtable *table = index->table;
    assert(!table->is_open && !build->is_installed);
    if (index->deleted != FC_LIVE) return FC_STATUS_OK;
    fc_index_version *version =
        fc_index_version_allocate(table->arena, fc_index_levels_count(index) + 1);
    if (version == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (table->options.journal_only) count_entries(build);
    for (uint32_t i = 0; i < build->own_count; i++) {
        // A sweep that had begun before the index was created has freed the rows: none of them is in the run.
        if (fc_pointer_table_get(&table->columns.chunks, i) == NULL)
            fc_arena_release(table->arena, build->chunks[i]);
        else if (build->chunks[i] != NULL)
            fc_pointer_table_set(&index->chunks, i, build->chunks[i]);
    }
    build->is_installed = true;
    if (build->run->count > 0) {
        fc_index_levels_put_packed(index, build->run);
        build->run = NULL;
    }
    fc_index_publish(index, version, index->current->covered_end);
    fc_versions_lock(&table->versions);
    index->is_ready = true;
    fc_versions_unlock(&table->versions);
    return FC_STATUS_OK;
}

void fc_index_build_destroy(fc_index_build *build) {
    if (build == NULL) return;
    fc_property_index *index = build->index;
    fc_memtable *table = index->table;
    const fc_allocator *memory = &table->os->memory;
    fc_arena_release(table->arena, build->run);
    for (uint32_t i = 0; build->chunks != NULL && !build->is_installed && i < build->own_count; i++)
        fc_arena_release(table->arena, build->chunks[i]);
    memory->release(memory->context, build->chunks, build->chunk_count * sizeof *build->chunks);
    fc_view_release(build->view);
    fc_versions_lock(&table->versions);
    index->is_building = false;
    fc_versions_unlock(&table->versions);
    memory->release(memory->context, build, sizeof *build);
}
