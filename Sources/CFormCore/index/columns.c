#include "columns.h"

#include <assert.h>
#include <string.h>

enum { SLAB_BYTES_MIN = 4096, SLAB_BYTES_MAX = 1 << 20, LENGTH_BYTES = 8 };

void fc_columns_init(fc_columns *columns, fc_versions *versions) {
    *columns = (fc_columns){.versions = versions};
}

static void release_chunk(fc_arena *arena, fc_chunk *chunk) {
    if (chunk == NULL) return;
    fc_arena_release_list(arena, chunk->blocks);
    fc_arena_release(arena, chunk);
}

void fc_columns_deinit(fc_columns *columns) {
    fc_arena *arena = columns->versions->arena;
    for (uint32_t i = 0; i < columns->chunks.count; i++)
        release_chunk(arena, fc_pointer_table_get(&columns->chunks, i));
    fc_pointer_table_deinit(&columns->chunks, arena);
}

enum {
    WORDS = FC_CHUNK_ROWS / 64,
    WORDS_BYTES = WORDS * sizeof(uint64_t),
    TIME_BYTES = FC_CHUNK_ROWS * sizeof(int64_t)
};
static const size_t chunk_bytes = (size_t)FC_CHUNK_ROWS * (sizeof(fc_box) + 8 + 1) + WORDS_BYTES;

static fc_chunk *allocate_chunk(fc_columns *columns) {
    fc_arena *arena = columns->versions->arena;
    fc_chunk *chunk = fc_arena_allocate(arena, sizeof *chunk);
    if (chunk == NULL) return NULL;
    uint8_t *block = fc_arena_allocate(arena, chunk_bytes);
    if (block == NULL) {
        fc_arena_release(arena, chunk);
        return NULL;
    }
    memset(chunk, 0, sizeof *chunk);
    chunk->blocks = fc_arena_list_push(NULL, block);
    chunk->boxes = (fc_box *)block;
    chunk->ids = (uint64_t *)(chunk->boxes + FC_CHUNK_ROWS);
    chunk->last_deleted = (_Atomic uint64_t *)(chunk->ids + FC_CHUNK_ROWS);
    chunk->flags = (uint8_t *)chunk->last_deleted + WORDS_BYTES;
    for (unsigned i = 0; i < WORDS; i++) {
        atomic_init(&chunk->dead[i], 0);
        atomic_init(&chunk->last_deleted[i], 0);
    }
    chunk->column_bytes = chunk_bytes + sizeof chunk->dead;
    columns->bytes_columns += chunk->column_bytes;
    return chunk;
}

// A further block for the chunk, released with it.
static void *chunk_block(fc_columns *columns, fc_chunk *chunk, size_t bytes) {
    void *block = fc_arena_allocate(columns->versions->arena, bytes);
    if (block != NULL) chunk->blocks = fc_arena_list_push(chunk->blocks, block);
    return block;
}

static void *column_block(fc_columns *columns, fc_chunk *chunk, size_t bytes) {
    void *block = chunk_block(columns, chunk, bytes);
    if (block == NULL) return NULL;
    columns->bytes_columns += bytes;
    chunk->column_bytes += bytes;
    return block;
}

fc_status fc_columns_reserve_older(fc_columns *columns) {
    fc_chunk *chunk = fc_columns_chunk(columns, columns->rows);
    if (chunk->older != NULL) return FC_STATUS_OK;
    chunk->older = column_block(columns, chunk, FC_CHUNK_ROWS * sizeof *chunk->older);
    return chunk->older == NULL ? FC_STATUS_OUT_OF_MEMORY : FC_STATUS_OK;
}

fc_status fc_columns_reserve_deleted(fc_columns *columns, uint32_t position) {
    fc_chunk *chunk = fc_columns_chunk(columns, position);
    if (atomic_load_explicit(&chunk->deleted, memory_order_relaxed) != NULL) return FC_STATUS_OK;
    _Atomic uint64_t *deleted = column_block(columns, chunk, FC_CHUNK_ROWS * sizeof *deleted);
    if (deleted == NULL) return FC_STATUS_OUT_OF_MEMORY;
    for (uint32_t word = 0; word < WORDS; word++) { // the aborted ones
        uint64_t dead = atomic_load_explicit(&chunk->dead[word], memory_order_relaxed);
        for (; dead != 0; dead &= dead - 1)
            atomic_init(&deleted[word * 64 + (uint32_t)__builtin_ctzll(dead)], 0);
    }
    atomic_store_explicit(&chunk->deleted, deleted, memory_order_release);
    return FC_STATUS_OK;
}

static size_t stored_bytes(fc_bytes bytes) {
    return bytes.length == 0 ? 0 : LENGTH_BYTES + ((bytes.length + 7) & ~(size_t)7);
}

// Room for `bytes` in the chunk's slab. A slab that is too full for them is left as it is.
static fc_status reserve_slab(fc_columns *columns, fc_chunk *chunk, size_t bytes) {
    if (chunk->slab_bytes - chunk->slab_used >= bytes) return FC_STATUS_OK;
    size_t size = 2 * chunk->slab_bytes;
    if (size < SLAB_BYTES_MIN) size = SLAB_BYTES_MIN;
    if (size > SLAB_BYTES_MAX) size = SLAB_BYTES_MAX;
    if (size < bytes) size = bytes;
    uint8_t *slab = chunk_block(columns, chunk, size);
    if (slab == NULL) return FC_STATUS_OUT_OF_MEMORY;
    columns->bytes_records += size;
    chunk->record_bytes += size;
    chunk->slab = slab;
    chunk->slab_used = 0;
    chunk->slab_bytes = size;
    return FC_STATUS_OK;
}

static int64_t *time_block(fc_columns *columns, fc_chunk *chunk) {
    int64_t *block = chunk_block(columns, chunk, TIME_BYTES);
    if (block != NULL) columns->bytes_times += TIME_BYTES;
    return block;
}

static fc_status reserve_time(fc_columns *columns, fc_chunk *chunk, bool is_span) {
    if (chunk->starts_us == NULL) chunk->starts_us = time_block(columns, chunk);
    if (chunk->starts_us == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (is_span && chunk->ends_us == NULL) chunk->ends_us = time_block(columns, chunk);
    return is_span && chunk->ends_us == NULL ? FC_STATUS_OUT_OF_MEMORY : FC_STATUS_OK;
}

fc_status fc_columns_reserve(fc_columns *columns, const fc_row *row) {
    if (columns->rows >= FC_NO_POSITION - FC_CHUNK_ROWS) return FC_STATUS_TOO_LARGE;
    if (columns->rows >> FC_CHUNK_LOG2 == columns->chunks.count) {
        fc_status status = fc_pointer_table_reserve(&columns->chunks, columns->versions);
        if (status != FC_STATUS_OK) return status;
        fc_chunk *chunk = allocate_chunk(columns);
        if (chunk == NULL) return FC_STATUS_OUT_OF_MEMORY;
        fc_pointer_table_add(&columns->chunks, chunk);
    }
    fc_chunk *chunk = fc_columns_chunk(columns, columns->rows);
    if (row->has_time) {
        fc_status status = reserve_time(columns, chunk, row->time_start_us != row->time_end_us);
        if (status != FC_STATUS_OK) return status;
    }
    if (row->record.length != 0 && fc_chunk_records(chunk) == NULL) {
        const size_t bytes = FC_CHUNK_ROWS * sizeof(uint8_t *);
        const uint8_t **records = chunk_block(columns, chunk, bytes);
        if (records == NULL) return FC_STATUS_OUT_OF_MEMORY;
        for (uint32_t i = 0; i < (columns->rows & FC_CHUNK_MASK); i++)
            records[i] = NULL;
        columns->bytes_records += bytes;
        chunk->record_bytes += bytes;
        atomic_store_explicit(&chunk->records, records, memory_order_release);
    }
    size_t bytes = stored_bytes(row->record);
    if (row->id.text.data != NULL) bytes += LENGTH_BYTES + ((row->id.text.length + 7) & ~(size_t)7);
    return bytes == 0 ? FC_STATUS_OK : reserve_slab(columns, chunk, bytes);
}

// Copies `bytes` into the slab behind its length. REQUIRES: room.
static const uint8_t *store(fc_chunk *chunk, fc_bytes bytes) {
    uint8_t *at = chunk->slab + chunk->slab_used;
    uint64_t length = bytes.length;
    memcpy(at, &length, LENGTH_BYTES);
    if (length != 0) memcpy(at + LENGTH_BYTES, bytes.data, bytes.length);
    chunk->slab_used += LENGTH_BYTES + ((bytes.length + 7) & ~(size_t)7);
    assert(chunk->slab_used <= chunk->slab_bytes);
    return at + LENGTH_BYTES;
}

static fc_bytes stored(const uint8_t *data) {
    uint64_t length;
    memcpy(&length, data - LENGTH_BYTES, LENGTH_BYTES);
    return (fc_bytes){data, (size_t)length};
}

uint32_t fc_columns_append(fc_columns *columns, const fc_row *row, uint32_t older) {
    uint32_t position = columns->rows, i = position & FC_CHUNK_MASK;
    fc_chunk *chunk = fc_columns_chunk(columns, position);
    unsigned flags = 0;
    if (row->has_box) {
        flags |= FC_ROW_BOX;
        chunk->boxes[i] = row->box;
    }
    if (row->is_point) flags |= FC_ROW_POINT;
    if (row->has_time) {
        flags |= FC_ROW_TIME;
        chunk->starts_us[i] = row->time_start_us;
        if (row->time_start_us != row->time_end_us) {
            flags |= FC_ROW_SPAN;
            chunk->ends_us[i] = row->time_end_us;
        }
    }
    if (row->id.text.data != NULL) {
        flags |= FC_ROW_TEXT_ID;
        atomic_store_explicit(&columns->any_text, true, memory_order_relaxed);
        chunk->ids[i] = (uint64_t)(uintptr_t)store(chunk, row->id.text);
    } else {
        chunk->ids[i] = (uint64_t)row->id.integer;
    }
    const uint8_t **records = fc_chunk_records(chunk);
    if (records != NULL) records[i] = row->record.length != 0 ? store(chunk, row->record) : NULL;
    if (older != FC_NO_POSITION) {
        flags |= FC_ROW_OLDER;
        chunk->older[i] = older;
    }
    chunk->flags[i] = (uint8_t)flags;
    columns->rows = position + 1;
    return position;
}

void fc_columns_set_deleted(fc_columns *columns, uint32_t position, uint64_t sequence) {
    fc_chunk *chunk = fc_columns_chunk(columns, position);
    uint32_t i = position & FC_CHUNK_MASK;
    _Atomic uint64_t *deleted = atomic_load_explicit(&chunk->deleted, memory_order_relaxed);
    assert(deleted != NULL || sequence == 0);
    if (deleted != NULL) atomic_store_explicit(&deleted[i], sequence, memory_order_release);
    _Atomic uint64_t *word = &chunk->dead[i / 64];
    uint64_t bits = atomic_load_explicit(word, memory_order_relaxed);
    uint64_t bit = UINT64_C(1) << (i % 64);
    if (sequence == FC_LIVE) {
        atomic_store_explicit(word, bits & ~bit, memory_order_release);
        return;
    }
    if (sequence > atomic_load_explicit(&chunk->last_deleted[i / 64], memory_order_relaxed))
        atomic_store_explicit(&chunk->last_deleted[i / 64], sequence, memory_order_relaxed);
    if (sequence > atomic_load_explicit(&columns->last_deleted, memory_order_relaxed))
        atomic_store_explicit(&columns->last_deleted, sequence, memory_order_relaxed);
    if (bits & bit) return;
    atomic_store_explicit(word, bits | bit, memory_order_release);
    uint64_t marks = atomic_load_explicit(&columns->dead_marks, memory_order_relaxed);
    atomic_store_explicit(&columns->dead_marks, marks + 1, memory_order_release);
}

// A look at the flags is a cache miss: only where there may be texts. (Who finds a position with a text finds
// `any_text` set.)
static inline bool may_be_text(const fc_columns *columns) {
    return atomic_load_explicit(&columns->any_text, memory_order_relaxed);
}

fc_feature_id fc_columns_id_of_raw(const fc_columns *columns, uint32_t position, uint64_t raw_id) {
    if (!may_be_text(columns) || !(fc_columns_flags(columns, position) & FC_ROW_TEXT_ID))
        return (fc_feature_id){.integer = (int64_t)raw_id};
    return (fc_feature_id){.text = stored((const uint8_t *)(uintptr_t)raw_id)};
}

fc_feature_id fc_columns_id(const fc_columns *columns, uint32_t position) {
    return fc_columns_id_of_raw(columns, position, fc_columns_raw_id(columns, position));
}

bool fc_columns_id_is(const fc_columns *columns, uint32_t position, const fc_feature_id *id) {
    const fc_chunk *chunk = fc_columns_chunk(columns, position);
    if (chunk == NULL) return false;
    uint32_t i = position & FC_CHUNK_MASK;
    const bool is_text = may_be_text(columns) && chunk->flags[i] & FC_ROW_TEXT_ID;
    if (is_text != (id->text.data != NULL)) return false;
    if (!is_text) return chunk->ids[i] == (uint64_t)id->integer;
    fc_bytes text = stored((const uint8_t *)(uintptr_t)chunk->ids[i]);
    return text.length == id->text.length &&
           (text.length == 0 || memcmp(text.data, id->text.data, text.length) == 0);
}

fc_bytes fc_chunk_record(const fc_chunk *chunk, uint32_t position) {
    const uint8_t **records = fc_chunk_records(chunk);
    const uint8_t *record = records == NULL ? NULL : records[position & FC_CHUNK_MASK];
    return record == NULL ? (fc_bytes){NULL, 0} : stored(record);
}

fc_bytes fc_columns_record(const fc_columns *columns, uint32_t position) {
    return fc_chunk_record(fc_columns_chunk(columns, position), position);
}

fc_row_time fc_columns_time(const fc_columns *columns, uint32_t position) {
    const fc_chunk *chunk = fc_columns_chunk(columns, position);
    assert(chunk->flags[position & FC_CHUNK_MASK] & FC_ROW_TIME);
    return fc_chunk_time(chunk, position);
}

void fc_columns_free_chunk(fc_columns *columns, uint32_t chunk_index) {
    fc_chunk *chunk = fc_pointer_table_get(&columns->chunks, chunk_index);
    fc_pointer_table_clear(&columns->chunks, chunk_index);
    columns->bytes_columns -= chunk->column_bytes;
    columns->bytes_records -= chunk->record_bytes;
    columns->bytes_times -= ((chunk->starts_us != NULL) + (chunk->ends_us != NULL)) * TIME_BYTES;
    void *blocks = chunk->blocks;
    // The list's links are taken by the retired list, so each block is moved by itself.
    while (blocks != NULL) {
        void *next = fc_arena_list_next(blocks);
        fc_versions_retire(columns->versions, blocks);
        blocks = next;
    }
    fc_versions_retire(columns->versions, chunk);
}
