// The rows of a memtable by position, in chunks of 65,536 that never move: exact box, time, id,
// record, `deleted`, `older`.
// THREADS: the writer fills a position once, before anything leads readers to it. After that only
// `deleted` changes, and its bit: the writer stores `deleted` first, `last_deleted` second, the bit
// (release) third, so that a clear bit, or a set one among 64 rows whose `last_deleted` is not after the
// reader's sequence, needs no look at `deleted`: a random access to memory (W5 asks for 33 dead rows to
// see 100). The bits are where the chunk begins, so that it takes little to ask for each row that matches.
// An abort clears the bits of rows that live again; the sequence it had is then given to nobody
// who could have seen them set. `deleted` and `older` are allocated with the first row of
// the chunk that needs them, and have values only for rows with the bit or the flag (12 of 53 bytes a row
// less to hold and to write). Without `deleted` a set bit means an aborted row.
#ifndef FC_INDEX_COLUMNS_H
#define FC_INDEX_COLUMNS_H

#include "pointer_table.h"

enum { FC_CHUNK_LOG2 = 16, FC_CHUNK_ROWS = 1 << FC_CHUNK_LOG2, FC_CHUNK_MASK = FC_CHUNK_ROWS - 1 };

enum fc_row_flag {
    FC_ROW_BOX = 1,
    FC_ROW_TIME = 2,
    FC_ROW_POINT = 4,
    FC_ROW_TEXT_ID = 8,
    FC_ROW_OLDER = 16,
    FC_ROW_SPAN = 32 // its time is no instant
};

typedef struct fc_row_time {
    int64_t start_us, end_us; // closed
} fc_row_time;

typedef struct fc_chunk {
    _Atomic uint64_t dead[FC_CHUNK_ROWS / 64]; // a bit for each row whose `deleted` is not FC_LIVE
    fc_box *boxes;
    _Atomic uint64_t *last_deleted; // of each 64 rows the largest `deleted` there was
    uint64_t *ids; // the integer, or the address of the text with its length before it
    uint8_t *flags;
    _Atomic(_Atomic uint64_t *) deleted;
    // Allocated with the first row of the chunk that needs them, and looked at only for rows whose
    // flags say so: those are published later than the pointers are set. A record has its length
    // before it.
    int64_t *starts_us,
        *ends_us; // an instant, as most times are, has no end: 8 bytes a row, not 16
    uint32_t *older;
    // Allocated with the first row that has a record; NULL for rows without one. (Flags would be a miss more for
    // each feature that is read.)
    const uint8_t **_Atomic records;
    uint8_t *slab; // the newest slab of texts and records, bytes used and in all
    size_t slab_used, slab_bytes;
    size_t column_bytes, record_bytes;
    uint32_t
        indexed_count;  // the writer's: how often rows are in tail or trees (place and time count)
    uint32_t live_hint; // the writer's: no row before it is live
    void *blocks;       // a list of arena blocks: all of the above but the chunk itself
} fc_chunk;

typedef struct fc_columns {
    fc_versions *versions;
    fc_pointer_table chunks;
    uint32_t rows;                 // applied; the writer's
    _Atomic bool any_text;         // a row has had a text id
    _Atomic uint64_t dead_marks;   // how often a bit was set: 0 means that every bit is clear
    _Atomic uint64_t last_deleted; // the largest `deleted` there was; stored before the bit
    uint64_t bytes_columns, bytes_records, bytes_times;
} fc_columns;

void fc_columns_init(fc_columns *columns, fc_versions *versions);
void fc_columns_deinit(fc_columns *columns); // REQUIRES: no readers

// Makes room for `row` at the next position, memory for its text and record included.
FC_MUST_USE fc_status fc_columns_reserve(fc_columns *columns, const fc_row *row);
// Makes room for the next row to have an older version.
FC_MUST_USE fc_status fc_columns_reserve_older(fc_columns *columns);
// Makes room for the row's `deleted`.
FC_MUST_USE fc_status fc_columns_reserve_deleted(fc_columns *columns, uint32_t position);
// Appends a row. REQUIRES: reserved just before.
uint32_t fc_columns_append(fc_columns *columns, const fc_row *row, uint32_t older);

// NULL when the chunk has been freed. Asked for once for each row that may be dead to the reader: a second time the answer
// may be another. (What was got stays as long as the reader's view.)
static inline fc_chunk *fc_columns_chunk(const fc_columns *columns, uint32_t position) {
    return fc_pointer_table_get(&columns->chunks, position >> FC_CHUNK_LOG2);
}
static inline bool fc_chunk_may_be_dead(const fc_chunk *chunk, uint32_t position) {
    uint32_t row = position & FC_CHUNK_MASK;
    return atomic_load_explicit(&chunk->dead[row / 64], memory_order_acquire) >> (row % 64) & 1;
}
static inline uint64_t fc_chunk_deleted(const fc_chunk *chunk, uint32_t position) {
    // The bit first: whoever sees it sees the column that was there when it was set.
    if (!fc_chunk_may_be_dead(chunk, position)) return FC_LIVE;
    _Atomic uint64_t *deleted = atomic_load_explicit(&chunk->deleted, memory_order_acquire);
    if (deleted == NULL) return 0;
    return atomic_load_explicit(&deleted[position & FC_CHUNK_MASK], memory_order_acquire);
}
static inline const uint8_t **fc_chunk_records(const fc_chunk *chunk) {
    return atomic_load_explicit(&chunk->records, memory_order_acquire);
}
static inline uint32_t fc_chunk_older(const fc_chunk *chunk, uint32_t position) {
    uint32_t row = position & FC_CHUNK_MASK;
    return chunk->flags[row] & FC_ROW_OLDER ? chunk->older[row] : FC_NO_POSITION;
}
static inline void fc_chunk_prefetch_deleted(const fc_chunk *chunk, uint32_t position) {
    _Atomic uint64_t *deleted = atomic_load_explicit(&chunk->deleted, memory_order_acquire);
    if (deleted != NULL) __builtin_prefetch((const void *)&deleted[position & FC_CHUNK_MASK]);
}
// REQUIRES: the row has a time.
static inline fc_row_time fc_chunk_time(const fc_chunk *chunk, uint32_t position) {
    uint32_t row = position & FC_CHUNK_MASK;
    int64_t start_us = chunk->starts_us[row];
    return (fc_row_time){start_us,
                         chunk->flags[row] & FC_ROW_SPAN ? chunk->ends_us[row] : start_us};
}
static inline const fc_box *fc_columns_box(const fc_columns *columns, uint32_t position) {
    return &fc_columns_chunk(columns, position)->boxes[position & FC_CHUNK_MASK];
}
static inline unsigned fc_columns_flags(const fc_columns *columns, uint32_t position) {
    return fc_columns_chunk(columns, position)->flags[position & FC_CHUNK_MASK];
}
static inline uint32_t fc_columns_older(const fc_columns *columns, uint32_t position) {
    return fc_chunk_older(fc_columns_chunk(columns, position), position);
}
static inline uint64_t fc_columns_deleted(const fc_columns *columns, uint32_t position) {
    return fc_chunk_deleted(fc_columns_chunk(columns, position), position);
}
// Whether every set bit of the row's word means a row that `sequence` does not see.
static inline bool fc_chunk_all_ended(const fc_chunk *chunk, uint32_t position, uint64_t sequence) {
    const _Atomic uint64_t *last = &chunk->last_deleted[(position & FC_CHUNK_MASK) / 64];
    return atomic_load_explicit(last, memory_order_acquire) <= sequence;
}
// Whether the row ended at or before `sequence`.
static inline bool fc_chunk_has_ended(const fc_chunk *chunk, uint32_t position, uint64_t sequence) {
    return fc_chunk_may_be_dead(chunk, position) &&
           (fc_chunk_all_ended(chunk, position, sequence) ||
            fc_chunk_deleted(chunk, position) <= sequence);
}
// Whether nobody from `horizon` on can see the row.
static inline bool fc_columns_is_dropped(const fc_columns *columns, uint32_t position,
                                         uint64_t horizon) {
    return fc_chunk_has_ended(fc_columns_chunk(columns, position), position, horizon);
}

// The integer, or the address of the text.
static inline uint64_t fc_columns_raw_id(const fc_columns *columns, uint32_t position) {
    return fc_columns_chunk(columns, position)->ids[position & FC_CHUNK_MASK];
}

// REQUIRES: reserved, unless `sequence` is 0 (aborted).
void fc_columns_set_deleted(fc_columns *columns, uint32_t position, uint64_t sequence);
fc_feature_id fc_columns_id(const fc_columns *columns, uint32_t position);
// The same where fc_columns_raw_id is known.
fc_feature_id fc_columns_id_of_raw(const fc_columns *columns, uint32_t position, uint64_t raw_id);
bool fc_columns_id_is(const fc_columns *columns, uint32_t position, const fc_feature_id *id);
fc_bytes fc_chunk_record(const fc_chunk *chunk, uint32_t position);
fc_bytes fc_columns_record(const fc_columns *columns, uint32_t position);
fc_row_time fc_columns_time(const fc_columns *columns, uint32_t position); // REQUIRES: has one

// Takes a chunk away; readers that hold it keep it. Positions in it have no columns any more.
void fc_columns_free_chunk(fc_columns *columns, uint32_t chunk_index);
#endif
