// The writer's side of the memtable. See memtable.h for the invariants.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "property_internal.h"

enum {
    TAIL_ROWS = 512,
    RATIO_FIRST = 32,
    RATIO = 8,
    STEP_PUTS = 256,
    SWEEP_ROWS = 256,
    INDEX_STEP_PUTS = 16,
    ID_STREAK = 64
};

static _Atomic uint64_t tables_made;

static fc_status init_parts(fc_memtable *table) {
    fc_status status = fc_versions_init(&table->versions, table->os, table->arena);
    if (status != FC_STATUS_OK) return status;
    fc_columns_init(&table->columns, &table->versions);
    status =
        fc_id_map_init(&table->map, &table->versions, &table->columns, table->options.id_streak);
    uint32_t tail_rows = table->options.tail_rows;
    table->seal_bytes = (size_t)tail_rows * (2 * sizeof(uint64_t) + sizeof(uint32_t));
    if (status == FC_STATUS_OK) {
        table->seal_pairs = fc_arena_allocate(table->arena, table->seal_bytes);
        table->tail = fc_tail_allocate(table->arena, 0, tail_rows);
        fc_version *version = fc_version_allocate(&table->versions, 0);
        if (table->seal_pairs != NULL && table->tail != NULL && version != NULL) {
            table->seal_keys = (uint32_t *)(table->seal_pairs + 2 * (size_t)tail_rows);
            fc_memtable_publish(table, version);
            return FC_STATUS_OK;
        }
        fc_version_discard(&table->versions, version);
        fc_tail_release(table->arena, table->tail);
        fc_arena_release(table->arena, table->seal_pairs);
        status = FC_STATUS_OUT_OF_MEMORY;
    }
    fc_id_map_deinit(&table->map);
    fc_versions_deinit(&table->versions);
    return status;
}

fc_status fc_memtable_create(const fc_os *os, fc_arena *arena, const fc_memtable_options *options,
                             fc_memtable **out) {
    fc_memtable_options chosen = *options;
    if (chosen.tail_rows == 0) chosen.tail_rows = TAIL_ROWS;
    if (chosen.merge_ratio_first == 0) chosen.merge_ratio_first = RATIO_FIRST;
    if (chosen.merge_ratio == 0) chosen.merge_ratio = RATIO;
    if (chosen.id_streak == 0) chosen.id_streak = ID_STREAK;
    bool is_power = (chosen.tail_rows & (chosen.tail_rows - 1)) == 0;
    if (chosen.tail_rows < 8 || chosen.tail_rows > FC_CHUNK_ROWS || !is_power ||
        chosen.merge_ratio_first < 2 || chosen.merge_ratio < 2)
        return FC_STATUS_INVALID_ARGUMENT;
    fc_memtable *table = fc_allocate_cleared(&os->memory, 1, sizeof *table);
    if (table == NULL) return FC_STATUS_OUT_OF_MEMORY;
    table->number = atomic_fetch_add_explicit(&tables_made, 1, memory_order_relaxed) + 1;
    table->os = os;
    table->arena = arena;
    table->options = chosen;
#if defined(__x86_64__)
    table->use_simd = chosen.kernels == FC_KERNELS_BEST && fc_avx2_is_there();
#elif defined(__aarch64__)
    table->use_simd = chosen.kernels == FC_KERNELS_BEST;
#endif
    table->place = (fc_levels){.table = table};
    table->time = (fc_levels){.table = table};
    table->largest_id = INT64_MIN;
    atomic_init(&table->west, INFINITY);
    atomic_init(&table->east, -INFINITY);
    if (!chosen.planar) table->domain = fc_key_domain_sphere();
    fc_status status = init_parts(table);
    if (status != FC_STATUS_OK) {
        os->memory.release(os->memory.context, table, sizeof *table);
        return status;
    }
    *out = table;
    return FC_STATUS_OK;
}

void fc_memtable_destroy(fc_memtable *table) {
    if (table == NULL) return;
    fc_levels_clear(&table->place);
    fc_levels_clear(&table->time);
    fc_property_indexes_destroy(table);
    fc_versions_deinit(&table->versions);
    fc_id_map_deinit(&table->map);
    fc_columns_deinit(&table->columns);
    fc_marks_deinit(&table->marks, table->arena);
    for (uint32_t i = 0; i < table->shapes.blocks.count; i++)
        fc_arena_release(table->arena, fc_pointer_table_get(&table->shapes.blocks, i));
    fc_pointer_table_deinit(&table->shapes.blocks, table->arena);
    fc_arena_release(table->arena, table->seal_pairs);
    const fc_allocator *memory = &table->os->memory;
    memory->release(memory->context, table->undo.positions,
                    table->undo.capacity * sizeof(uint32_t));
    memory->release(memory->context, table, sizeof *table);
}

// ---- Transactions ------------------------------------------------------------------------------

static void open_transaction(fc_memtable *table) {
    if (table->is_open) return;
    table->is_open = true;
    table->sequence = 0;
    table->sealed_in_transaction = false;
    table->first_position = table->columns.rows;
    table->row_id_before = table->next_row_id;
}

void fc_memtable_open_transaction(fc_memtable *table, uint64_t sequence) {
    open_transaction(table);
    assert(table->sequence == 0 || table->sequence == sequence);
    table->sequence = sequence;
}

static void close_transaction(fc_memtable *table) {
    table->is_open = false;
    table->mark_breaks = false;
    table->undo.count = 0;
}

// The newest version of the id that was not aborted; FC_NO_POSITION when there is none.
static uint32_t newest_of(const fc_memtable *table, uint32_t head) {
    while (head != FC_NO_POSITION && fc_columns_chunk(&table->columns, head) != NULL) {
        if (fc_columns_deleted(&table->columns, head) != 0) return head;
        head = fc_columns_older(&table->columns, head);
    }
    return FC_NO_POSITION;
}

fc_status fc_memtable_map_rows(fc_memtable *table) {
    table->unmapped_first = fc_id_map_add(&table->map, table->unmapped_first, table->columns.rows);
    return table->unmapped_first == table->columns.rows ? FC_STATUS_OK : FC_STATUS_OUT_OF_MEMORY;
}

// An integer id among the rows that the map lacks; FC_NO_POSITION when it is not there.
static uint32_t find_unmapped(const fc_memtable *table, int64_t id) {
    uint32_t low = table->unmapped_first, high = table->columns.rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int64_t integer = (int64_t)fc_columns_raw_id(&table->columns, middle);
        if (integer == id) return middle;
        if (integer < id)
            low = middle + 1;
        else
            high = middle;
    }
    return FC_NO_POSITION;
}

// Whether no row has ever had the id, for certain.
static bool is_new(const fc_memtable *table, const fc_feature_id *id) {
    return id->text.data == NULL && id->integer > table->largest_id;
}

bool fc_memtable_find(const fc_memtable *table, const fc_feature_id *id, uint32_t *out_position) {
    *out_position = FC_NO_POSITION;
    if (is_new(table, id)) return false;
    uint32_t head = FC_NO_POSITION;
    if (id->text.data == NULL) head = find_unmapped(table, id->integer);
    if (head == FC_NO_POSITION) head = fc_id_map_find(&table->map, id);
    uint32_t newest = newest_of(table, head);
    *out_position = newest;
    return newest != FC_NO_POSITION && fc_columns_deleted(&table->columns, newest) == FC_LIVE;
}

static fc_status reserve_shape(fc_memtable *table) {
    fc_shapes *shapes = &table->shapes;
    uint32_t count = atomic_load_explicit(&shapes->count, memory_order_relaxed);
    if (count / FC_SHAPES_A_BLOCK < shapes->blocks.count) return FC_STATUS_OK;
    fc_status status = fc_pointer_table_reserve(&shapes->blocks, &table->versions);
    if (status != FC_STATUS_OK) return status;
    uint32_t *block = fc_arena_allocate(table->arena, FC_SHAPES_A_BLOCK * sizeof *block);
    if (block == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_pointer_table_add(&shapes->blocks, block);
    return FC_STATUS_OK;
}

static void add_shape(fc_memtable *table, uint32_t position) {
    fc_shapes *shapes = &table->shapes;
    uint32_t count = atomic_load_explicit(&shapes->count, memory_order_relaxed);
    uint32_t *block = fc_pointer_table_get(&shapes->blocks, count / FC_SHAPES_A_BLOCK);
    block[count % FC_SHAPES_A_BLOCK] = position;
    atomic_store_explicit(&shapes->count, count + 1, memory_order_release);
}

// Everything that can fail, so that the rest of a put cannot.
static fc_status reserve_put(fc_memtable *table, const fc_row *row) {
    fc_status status = FC_STATUS_OK;
    if (!table->is_bulk && table->tail->count == table->tail->capacity)
        status = fc_memtable_seal(table);
    if (status == FC_STATUS_OK) status = fc_columns_reserve(&table->columns, row);
    if (status == FC_STATUS_OK) status = fc_marks_reserve(&table->marks, &table->versions);
    if (status == FC_STATUS_OK && row->has_box && !row->is_point) status = reserve_shape(table);
    if (status == FC_STATUS_OK && table->indexes != NULL)
        status = fc_property_indexes_reserve(table);
    return status;
}

static void first_time(fc_memtable *table) {
    fc_tail *tail = table->tail;
    for (uint32_t i = 0; i < tail->count; i++)
        fc_tail_lane(tail, 4)[i] = fc_tail_lane(tail, 5)[i] = INFINITY;
    fc_versions_lock(&table->versions);
    table->timed = true;
    fc_versions_unlock(&table->versions);
}

void fc_memtable_widen_longitudes(fc_memtable *table, const float lanes[4]) {
    float west = atomic_load_explicit(&table->west, memory_order_relaxed);
    float east = atomic_load_explicit(&table->east, memory_order_relaxed);
    if (lanes[0] < west) atomic_store_explicit(&table->west, lanes[0], memory_order_relaxed);
    if (-lanes[2] > east) atomic_store_explicit(&table->east, -lanes[2], memory_order_relaxed);
}

static void add_to_tail(fc_memtable *table, const fc_row *row, const float lanes[4]) {
    fc_tail *tail = table->tail;
    uint32_t i = tail->count;
    for (unsigned lane = 0; lane < 4; lane++)
        fc_tail_lane(tail, lane)[i] = lanes[lane];
    if (table->timed) {
        float times[2] = {INFINITY, INFINITY};
        if (row->has_time)
            fc_time_lanes((fc_row_time){row->time_start_us, row->time_end_us}, times);
        fc_tail_lane(tail, 4)[i] = times[0];
        fc_tail_lane(tail, 5)[i] = times[1];
    }
    tail->count = i + 1;
}

static void add_to_marks(fc_memtable *table) {
    fc_marks *marks = &table->marks;
    if (marks->pending_count == 0 || table->mark_breaks) {
        *fc_marks_get(marks, marks->count + marks->pending_count) =
            (fc_mark){table->sequence, table->next_row_id, table->columns.rows, 0};
        marks->pending_count++;
        table->mark_breaks = false;
    }
    fc_marks_get(marks, marks->count + marks->pending_count - 1)->count++;
    table->next_row_id++;
}

static void step(fc_memtable *table) {
    if (table->puts_until_step-- > 1) return;
    uint32_t puts = table->options.tail_rows / 4;
    if (puts > STEP_PUTS) puts = STEP_PUTS;
    table->puts_until_step = puts;
    fc_levels_step(&table->place, puts);
    if (table->timed) fc_levels_step(&table->time, puts);
}

// Indexes take their steps in smaller parts, because each has one of its own.
static void step_indexes(fc_memtable *table) {
    if (table->puts_until_index_step-- > 1) return;
    uint32_t puts = table->options.tail_rows / 8;
    if (puts > INDEX_STEP_PUTS) puts = INDEX_STEP_PUTS;
    table->puts_until_index_step = puts;
    fc_property_indexes_step(table, puts);
}

// The row, where everything that can fail was done before.
static uint32_t append_row(fc_memtable *table, const fc_row *row, const float lanes[4],
                           uint32_t older, uint64_t sequence) {
    fc_memtable_open_transaction(table, sequence);
    if (row->has_time && !table->timed) first_time(table);
    add_to_marks(table);
    uint32_t position = fc_columns_append(&table->columns, row, older);
    if (row->has_box && !row->is_point) add_shape(table, position);
    if (table->indexes != NULL) fc_property_indexes_put(table, position);
    if (!table->is_bulk) {
        if (row->has_box) fc_memtable_widen_longitudes(table, lanes);
        add_to_tail(table, row, lanes);
        uint32_t count = (uint32_t)row->has_box + row->has_time;
        fc_columns_chunk(&table->columns, position)->indexed_count += count;
    }
    if (older != FC_NO_POSITION && fc_columns_deleted(&table->columns, older) == FC_LIVE)
        fc_columns_set_deleted(&table->columns, older, sequence);
    else
        table->counters.live_rows++;
    if (row->id.text.data == NULL && row->id.integer > table->largest_id)
        table->largest_id = row->id.integer;
    return position;
}

// In bulk, a row that is new for certain.
static fc_status put_unmapped(fc_memtable *table, const fc_row *row, uint64_t sequence,
                              uint32_t *out_position) {
    fc_status status = reserve_put(table, row);
    if (status != FC_STATUS_OK) return status;
    *out_position = append_row(table, row, NULL, FC_NO_POSITION, sequence);
    return FC_STATUS_OK;
}

// Where ids follow one another the next four are in one line of the map, which is fetched early: 6 % of
// an insert among a million rows.
static inline void aim_ahead(const fc_memtable *table, const fc_feature_id *id) {
    if (id->text.data != NULL || (id->integer & 3) != 0) return;
    const fc_feature_id next = {.integer = (int64_t)((uint64_t)id->integer + 4)};
    (void)fc_id_map_aim(&table->map, fc_id_map_tag(&table->map, &next));
}

// What a put ends with, but in bulk of new rows.
static void finish_put(fc_memtable *table, uint32_t position, uint32_t *out_position) {
    table->unmapped_first = position + 1;
    if (!table->is_bulk) {
        step(table);
        if (table->indexes != NULL) step_indexes(table);
    }
    *out_position = position;
}

// A row whose id goes into a run of the map: nothing is to be looked up.
static fc_status put_next(fc_memtable *table, const fc_row *row, uint64_t sequence,
                          uint32_t *out_position) {
    float lanes[4] = {NAN, NAN, NAN, NAN};
    if (row->has_box) fc_box_lanes(&row->box, table->options.planar, table->use_simd, lanes);
    fc_status status = reserve_put(table, row);
    if (status != FC_STATUS_OK) return status;
    uint32_t position = append_row(table, row, lanes, FC_NO_POSITION, sequence);
    fc_id_map_add_next(&table->map);
    finish_put(table, position, out_position);
    return FC_STATUS_OK;
}

fc_status fc_memtable_put(fc_memtable *table, const fc_row *row, uint64_t sequence,
                          uint32_t *out_position) {
    assert(sequence != 0 && sequence != FC_LIVE);
    if (is_new(table, &row->id)) {
        if (table->is_bulk) return put_unmapped(table, row, sequence, out_position);
        if (fc_id_map_awaits(&table->map, row->id.integer, table->columns.rows))
            return put_next(table, row, sequence, out_position);
    } else if (table->is_bulk) {
        fc_status status = fc_memtable_map_rows(table);
        if (status != FC_STATUS_OK) return status;
    }
    uint32_t tag = fc_id_map_tag(&table->map, &row->id);
    fc_id_aim aim = fc_id_map_aim(&table->map, tag);
    float lanes[4] = {NAN, NAN, NAN, NAN};
    if (row->has_box && !table->is_bulk)
        fc_box_lanes(&row->box, table->options.planar, table->use_simd, lanes);
    fc_status status = reserve_put(table, row);
    if (status != FC_STATUS_OK) return status;
    fc_id_place place = fc_id_map_locate(&table->map, &aim, tag, &row->id);
    if (!fc_id_place_has_room(&place)) {
        status = fc_id_map_reserve(&table->map, tag);
        if (status != FC_STATUS_OK) return status;
        aim = fc_id_map_aim(&table->map, tag);
        place = fc_id_map_locate(&table->map, &aim, tag, &row->id);
    }
    uint32_t older = newest_of(table, place.position);
    if (older != FC_NO_POSITION) {
        status = fc_columns_reserve_older(&table->columns);
        if (status == FC_STATUS_OK) status = fc_columns_reserve_deleted(&table->columns, older);
        if (status != FC_STATUS_OK) return status;
    }
    uint32_t position = append_row(table, row, lanes, older, sequence);
    fc_id_map_set(&table->map, &place, tag, &row->id, position);
    aim_ahead(table, &row->id);
    finish_put(table, position, out_position);
    return FC_STATUS_OK;
}

fc_status fc_memtable_delete(fc_memtable *table, uint32_t position, uint64_t sequence) {
    // Whoever deletes looks ids up, so that a long list without a map would cost; without memory it stays.
    if (table->is_bulk) (void)fc_memtable_map_rows(table);
    if (position >= table->columns.rows || fc_columns_chunk(&table->columns, position) == NULL ||
        fc_columns_deleted(&table->columns, position) != FC_LIVE)
        return FC_STATUS_NOT_FOUND;
    fc_status status = fc_columns_reserve_deleted(&table->columns, position);
    if (status != FC_STATUS_OK) return status;
    fc_undo *undo = &table->undo;
    if (undo->count == undo->capacity) {
        size_t capacity = undo->capacity == 0 ? 64 : 2 * undo->capacity;
        const fc_allocator *memory = &table->os->memory;
        uint32_t *grown =
            memory->reallocate(memory->context, undo->positions, undo->capacity * sizeof *grown,
                               capacity * sizeof *grown);
        if (grown == NULL) return FC_STATUS_OUT_OF_MEMORY;
        undo->positions = grown;
        undo->capacity = capacity;
    }
    fc_memtable_open_transaction(table, sequence);
    undo->positions[undo->count++] = position;
    fc_columns_set_deleted(&table->columns, position, sequence);
    table->counters.live_rows--;
    return FC_STATUS_OK;
}

fc_status fc_memtable_set_row_id(fc_memtable *table, uint64_t row_id) {
    open_transaction(table);
    table->mark_breaks = true;
    table->next_row_id = row_id;
    return FC_STATUS_OK;
}

void fc_memtable_commit(fc_memtable *table, uint64_t sequence) {
    assert(table->sequence == 0 || table->sequence == sequence || !table->is_open);
    (void)sequence;
    uint32_t puts = table->is_open ? table->columns.rows - table->first_position : 0;
    fc_versions_lock(&table->versions);
    table->marks.count += table->marks.pending_count;
    table->committed_rows = table->columns.rows;
    fc_versions_unlock(&table->versions);
    table->marks.pending_count = 0;
    close_transaction(table);
    if (table->indexes != NULL) fc_property_indexes_commit(table);
    if (table->options.journal_only && !table->is_bulk)
        fc_memtable_sweep(table, 2 * puts > SWEEP_ROWS ? 2 * puts : SWEEP_ROWS);
}

// Unsets what the running transaction did to an older version.
static void revive(fc_memtable *table, uint32_t position) {
    if (fc_columns_deleted(&table->columns, position) != table->sequence) return;
    fc_columns_set_deleted(&table->columns, position, FC_LIVE);
    table->counters.live_rows++;
}

void fc_memtable_abort(fc_memtable *table) {
    if (!table->is_open) return;
    fc_columns *columns = &table->columns;
    // The newest first, so that the map ends where the transaction found it.
    for (uint32_t position = columns->rows; position-- > table->first_position;) {
        if (fc_columns_deleted(columns, position) == FC_LIVE) table->counters.live_rows--;
        fc_columns_set_deleted(columns, position, 0);
        uint32_t older = fc_columns_older(columns, position);
        if (older == FC_NO_POSITION) continue; // the map may keep it: nobody sees it
        fc_feature_id id = fc_columns_id(columns, position);
        fc_id_map_move(&table->map, fc_id_map_tag(&table->map, &id), position, older);
        if (older < table->first_position) revive(table, older);
    }
    for (size_t i = table->undo.count; i-- > 0;)
        if (table->undo.positions[i] < table->first_position)
            revive(table, table->undo.positions[i]);
    table->marks.pending_count = 0;
    table->next_row_id = table->row_id_before;
    table->counters.aborts++;
    table->counters.aborts_after_merge += table->sealed_in_transaction;
    fc_property_indexes_abort(table);
    close_transaction(table);
}

fc_bytes fc_memtable_record(const fc_memtable *table, uint32_t position) {
    return fc_columns_record(&table->columns, position);
}

uint64_t fc_memtable_row_id(const fc_memtable *table, uint32_t position) {
    const fc_marks *marks = &table->marks;
    const fc_mark *mark = fc_marks_of(marks, marks->count + marks->pending_count, position);
    return mark->row_id + (position - mark->first);
}
