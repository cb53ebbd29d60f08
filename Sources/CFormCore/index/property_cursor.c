// Rows in order of an indexed property.
#include <assert.h>
#include <string.h>

#include "property_internal.h"

enum {
    SMALL_GROUP = 256, // rows of equal value that are sorted at once
    SELECT_PART = 8,   // a batch of less than this part of a group is selected
};

// A row of a group, by its id: integers by the key, texts (behind all integers) by what the columns have.
struct fc_index_cursor {
    fc_groups groups;
    fc_index_entry *rows; // the present group's, in order of id from `next` on
    size_t count, next, capacity;
    size_t skip;      // how many rows of the group were given before it was gathered
    bool is_selected; // the group goes on beyond `count`
};

static const fc_allocator *memory_of(const fc_index_cursor *cursor) {
    return &cursor->groups.reader.view->table->os->memory;
}

fc_status fc_index_cursor_open(const fc_view *view, uint32_t index_id, bool descending,
                               const fc_value_range *ranges, size_t range_count,
                               fc_index_cursor **out) {
    const fc_allocator *memory = &view->table->os->memory;
    fc_index_cursor *cursor = fc_allocate_cleared(memory, 1, sizeof *cursor);
    if (cursor == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_status status =
        fc_groups_open(&cursor->groups, view, index_id, descending, ranges, range_count);
    if (status != FC_STATUS_OK) {
        memory->release(memory->context, cursor, sizeof *cursor);
        return status;
    }
    *out = cursor;
    return FC_STATUS_OK;
}

void fc_index_cursor_close(fc_index_cursor *cursor) {
    if (cursor == NULL) return;
    const fc_allocator *memory = memory_of(cursor);
    memory->release(memory->context, cursor->rows, cursor->capacity * sizeof *cursor->rows);
    fc_groups_close(&cursor->groups);
    memory->release(memory->context, cursor, sizeof *cursor);
}

// ---- Order of ids ------------------------------------------------------------------------------

static uint64_t id_key(const fc_columns *columns, uint32_t position) {
    return fc_columns_raw_id(columns, position) ^ UINT64_C(1) << 63;
}

static bool any_text(const fc_columns *columns) {
    return atomic_load_explicit(&columns->any_text, memory_order_relaxed);
}

static int compare_ids(const fc_columns *columns, const fc_index_entry *a,
                       const fc_index_entry *b) {
    if (!any_text(columns)) return a->key < b->key ? -1 : a->key > b->key;
    fc_feature_id x = fc_columns_id(columns, a->position), y = fc_columns_id(columns, b->position);
    return fc_feature_id_compare(&x, &y);
}

static void sift_down(const fc_columns *columns, fc_index_entry *heap, size_t count, size_t at) {
    fc_index_entry entry = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && compare_ids(columns, &heap[child + 1], &heap[child]) > 0) child++;
        if (compare_ids(columns, &heap[child], &entry) <= 0) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

static void sort_heap(const fc_columns *columns, fc_index_entry *rows, size_t count) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(columns, rows, count, i);
    for (size_t left = count; left-- > 1;) {
        fc_index_entry last = rows[left];
        rows[left] = rows[0];
        rows[0] = last;
        sift_down(columns, rows, left, 0);
    }
}

// `scratch` holds as many.
static void sort_rows(const fc_columns *columns, fc_index_entry *rows, fc_index_entry *scratch,
                      size_t count) {
    bool in_order = true; // as they are when ids are given one after another
    for (size_t i = 1; i < count && in_order; i++)
        in_order = compare_ids(columns, &rows[i - 1], &rows[i]) < 0;
    if (in_order) return;
    if (any_text(columns))
        sort_heap(columns, rows, count);
    else
        fc_index_sort_keys(rows, scratch, count);
}

// ---- Groups ------------------------------------------------------------------------------------

static fc_status reserve(fc_index_cursor *cursor, size_t count) {
    if (count <= cursor->capacity) return FC_STATUS_OK;
    const fc_allocator *memory = memory_of(cursor);
    fc_index_entry *rows = memory->allocate(memory->context, count * sizeof *rows);
    if (rows == NULL) return FC_STATUS_OUT_OF_MEMORY;
    memory->release(memory->context, cursor->rows, cursor->capacity * sizeof *rows);
    cursor->rows = rows;
    cursor->capacity = count;
    return FC_STATUS_OK;
}

// Keeps the `most` rows with the least ids: all of them, or a heap with the greatest first.
static void keep_row(fc_index_cursor *cursor, size_t most, uint32_t position) {
    const fc_columns *columns = &cursor->groups.reader.view->table->columns;
    const fc_index_entry row = {.key = id_key(columns, position), .position = position};
    if (cursor->count < most) {
        cursor->rows[cursor->count++] = row;
        if (cursor->count < most || !cursor->is_selected) return;
        for (size_t i = most / 2; i-- > 0;)
            sift_down(columns, cursor->rows, most, i);
    } else if (compare_ids(columns, &row, &cursor->rows[0]) < 0) {
        cursor->rows[0] = row;
        sift_down(columns, cursor->rows, most, 0);
    }
}

static void keep_rows(fc_index_cursor *cursor, size_t most) {
    const fc_groups *groups = &cursor->groups;
    const fc_view *view = groups->reader.view;
    cursor->count = cursor->next = 0;
    for (uint32_t i = 0; i < groups->source_count; i++) {
        const fc_group_source *source = &groups->sources[i];
        for (uint32_t n = source->group_begin; n < source->group_end; n++) {
            uint32_t position = source->run->positions[n];
            if (fc_view_sees(view, position)) keep_row(cursor, most, position);
        }
    }
    for (size_t i = 0; i < groups->tail_group_count; i++)
        keep_row(cursor, most, groups->tail_group[i]);
}

// The whole group, without the rows that were given already.
static fc_status gather(fc_index_cursor *cursor) {
    const fc_columns *columns = &cursor->groups.reader.view->table->columns;
    size_t most = (size_t)cursor->groups.row_count;
    cursor->is_selected = false;
    fc_status status = reserve(cursor, 2 * most);
    if (status != FC_STATUS_OK) return status;
    keep_rows(cursor, most);
    sort_rows(columns, cursor->rows, cursor->rows + most, cursor->count);
    cursor->next = cursor->skip;
    return FC_STATUS_OK;
}

// Rows for a batch of `wanted`: the group as a whole, or the first of a large one.
static fc_status enter_group(fc_index_cursor *cursor, size_t wanted) {
    const fc_columns *columns = &cursor->groups.reader.view->table->columns;
    uint64_t rows = cursor->groups.row_count;
    cursor->skip = 0;
    if (rows <= SMALL_GROUP || wanted >= rows / SELECT_PART) return gather(cursor);
    fc_status status = reserve(cursor, 2 * wanted);
    if (status != FC_STATUS_OK) return status;
    cursor->is_selected = true;
    keep_rows(cursor, wanted);
    cursor->is_selected = cursor->count == wanted; // else those were all that can be seen
    sort_rows(columns, cursor->rows, cursor->rows + wanted, cursor->count);
    return FC_STATUS_OK;
}

fc_status fc_index_cursor_next(fc_index_cursor *cursor, size_t count, fc_positions *out) {
    size_t given = 0;
    while (given < count) {
        if (cursor->next == cursor->count) {
            bool found = true;
            fc_status status;
            if (cursor->is_selected) {
                status = gather(cursor);
            } else {
                status = fc_groups_next(&cursor->groups, &found);
                if (status == FC_STATUS_OK && found) status = enter_group(cursor, count - given);
            }
            if (status != FC_STATUS_OK) return status;
            if (!found) break;
            continue;
        }
        size_t left = count - given, part = cursor->count - cursor->next;
        if (part > left) part = left;
        fc_status status = fc_positions_reserve(out, part);
        if (status != FC_STATUS_OK) return status;
        for (size_t i = 0; i < part; i++)
            out->data[out->count++] = cursor->rows[cursor->next++].position;
        cursor->skip += part;
        given += part;
    }
    return FC_STATUS_OK;
}
