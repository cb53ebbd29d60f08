// Questions about place and time, answered from a view.
#include "walk.h"

// A result of one question doubles this at least.
enum { POSITIONS_MIN = 256, BUFFERED = 1024 };

void fc_positions_init(fc_positions *positions, const fc_allocator *memory) {
    *positions = (fc_positions){.memory = memory};
}

void fc_positions_deinit(fc_positions *positions) {
    if (positions->data != NULL)
        positions->memory->release(positions->memory->context, positions->data,
                                   positions->capacity * sizeof(uint32_t));
    *positions = (fc_positions){.memory = positions->memory};
}

fc_status fc_positions_reserve(fc_positions *positions, size_t additional) {
    if (positions->capacity - positions->count >= additional) return FC_STATUS_OK;
    if (additional > SIZE_MAX / 8 - positions->count) return FC_STATUS_OUT_OF_MEMORY;
    size_t used = positions->count + additional, capacity = 2 * positions->capacity;
    if (capacity < POSITIONS_MIN) capacity = POSITIONS_MIN;
    if (capacity < used) capacity = used;
    const fc_allocator *memory = positions->memory;
    uint32_t *data =
        memory->reallocate(memory->context, positions->data, positions->capacity * sizeof *data,
                           capacity * sizeof *data);
    if (data == NULL) return FC_STATUS_OUT_OF_MEMORY;
    positions->data = data;
    positions->capacity = capacity;
    return FC_STATUS_OK;
}

// Rows by position, when neither place nor time is asked for.
static fc_status scan(const fc_walk *walk, fc_sink *sink) {
    const fc_view *view = walk->view;
    const fc_columns *columns = &view->table->columns;
    for (uint32_t first = 0; first < view->limit; first += 64) {
        const fc_chunk *chunk = fc_columns_chunk(columns, first);
        if (chunk == NULL) {
            first |= FC_CHUNK_MASK & ~(uint32_t)63;
            continue;
        }
        uint32_t count = view->limit - first;
        if (count > 64) count = 64;
        uint64_t dead =
            atomic_load_explicit(&chunk->dead[(first & FC_CHUNK_MASK) / 64], memory_order_acquire);
        fc_status status = fc_sink_room(sink, 64);
        if (status != FC_STATUS_OK) return status;
        if (fc_watch_ends(walk->watch, 64 / FC_NODE)) return FC_STATUS_CANCELLED;
        uint32_t *out = sink->data + sink->count;
        for (uint32_t i = 0; i < count; i++) {
            *out = first + i;
            out += !(dead >> i & 1) || fc_chunk_deleted(chunk, first + i) > view->sequence;
        }
        sink->count = (size_t)(out - sink->data);
        if (sink->count >= sink->limit) {
            sink->count = sink->limit;
            break;
        }
    }
    return FC_STATUS_OK;
}

static fc_status run(const fc_view *view, const fc_question *question, fc_sink *sink) {
    const fc_memtable *table = view->table;
    fc_probe probe;
    fc_view_probe(view, question, &probe);
    if (probe.is_empty || sink->limit == 0) return FC_STATUS_OK;
    uint64_t marks = atomic_load_explicit(&table->columns.dead_marks, memory_order_acquire);
    fc_walk walk = {
        .view = view, .probe = &probe, .is_clean = marks == 0, .watch = question->watch};
    if (!probe.has_box && !probe.has_time) return scan(&walk, sink);
    walk.by_time = !probe.has_box;
    return table->use_simd ? fc_walk_simd(&walk, sink) : fc_walk_scalar(&walk, sink);
}

// ---- Into a list -------------------------------------------------------------------------------

typedef struct list_sink {
    fc_sink sink;
    fc_positions *positions;
} list_sink;

static fc_status grow_list(fc_sink *sink, size_t additional) {
    fc_positions *list = ((list_sink *)sink)->positions;
    fc_status status = fc_positions_reserve(list, sink->count + additional);
    if (status != FC_STATUS_OK) return status;
    sink->data = list->data + list->count; // what was there before the search
    sink->capacity = list->capacity - list->count;
    return FC_STATUS_OK;
}

fc_status fc_view_search(const fc_view *view, const fc_question *question, size_t limit,
                         fc_positions *out) {
    list_sink sink = {.sink = {.limit = limit, .make_room = grow_list}, .positions = out};
    if (out->data != NULL) {
        sink.sink.data = out->data + out->count;
        sink.sink.capacity = out->capacity - out->count;
    }
    fc_status status = run(view, question, &sink.sink);
    if (status == FC_STATUS_OK) out->count += sink.sink.count;
    return status;
}

// ---- Counting ----------------------------------------------------------------------------------

static fc_status count_buffer(fc_sink *sink, size_t additional) {
    (void)additional; // at most the buffer
    sink->total += sink->count;
    sink->count = 0;
    return FC_STATUS_OK;
}

fc_status fc_view_count(const fc_view *view, const fc_question *question, uint64_t *out_count) {
    uint32_t buffer[BUFFERED];
    fc_sink sink = {.data = buffer,
                    .capacity = BUFFERED,
                    .limit = SIZE_MAX,
                    .make_room = count_buffer,
                    .counts_only = true};
    fc_status status = run(view, question, &sink);
    if (status == FC_STATUS_OK) *out_count = sink.total + sink.count;
    return status;
}

// ---- Ids ---------------------------------------------------------------------------------------

// Where some ids may be texts, or every row is asked for: from positions, row by row.
typedef struct id_sink {
    fc_sink sink;
    const fc_columns *columns;
    int64_t *ids;
    size_t capacity;
} id_sink;

static fc_status take_ids(fc_sink *base, size_t additional) {
    (void)additional;
    const id_sink *sink = (const id_sink *)base;
    for (size_t i = 0; i < base->count; i++) {
        uint32_t position = base->data[i];
        if (fc_columns_flags(sink->columns, position) & FC_ROW_TEXT_ID)
            return FC_STATUS_UNSUPPORTED;
        if (base->total < sink->capacity)
            sink->ids[base->total] = (int64_t)fc_columns_raw_id(sink->columns, position);
        base->total++;
    }
    base->count = 0;
    return FC_STATUS_OK;
}

fc_status fc_view_integer_ids(const fc_view *view, const fc_question *question, int64_t *out_ids,
                              size_t capacity, size_t *out_count) {
    const fc_columns *columns = &view->table->columns;
    uint32_t buffer[BUFFERED];
    // Set before such a row was published, so a view that sees one reads true.
    bool any_text = atomic_load_explicit(&columns->any_text, memory_order_relaxed);
    if (!any_text && (question->has_box || question->has_time)) {
        uint64_t nowhere;
        fc_sink sink = {.limit = SIZE_MAX,
                        .ids = capacity == 0 ? &nowhere : (uint64_t *)out_ids,
                        .id_capacity = capacity};
        fc_status status = run(view, question, &sink);
        if (status == FC_STATUS_OK) *out_count = (size_t)sink.total;
        return status;
    }
    id_sink sink = {
        .sink = {.data = buffer, .capacity = BUFFERED, .limit = SIZE_MAX, .make_room = take_ids},
        .columns = columns,
        .ids = out_ids,
        .capacity = capacity};
    fc_status status = run(view, question, &sink.sink);
    if (status == FC_STATUS_OK) status = take_ids(&sink.sink, 0);
    if (status == FC_STATUS_OK) *out_count = (size_t)sink.sink.total;
    return status;
}
