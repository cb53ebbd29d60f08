// Rows come in batches: windows and keys give each its group, values are added in one go while the group stays.
#include "aggregate.h"

#include <math.h>
#include <string.h>

#include "../codec/value_hash.h"
#include "property_tally.h"
#include "window_counts.h"

// Rows between two questions whether to go on: of records that are in no cache, half a millisecond.
enum { BATCH = 256, CANCEL_ROWS = 4096, NO_GROUP = -1, DENSE_MAX = 1 << 20 };

typedef struct batch {
    uint32_t positions[BATCH];
    int64_t groups[BATCH];
    fc_value values[BATCH];
    double numbers[2 * BATCH];
} batch;

// Values of a property: of an index's column, or of the records.
typedef struct reader {
    const fc_property *property; // NULL, and no index: no reader
    fc_index_reader index;
} reader;

struct fc_aggregate {
    const fc_allocator *memory;
    const fc_view *view;
    fc_aggregate_options options;
    reader keys, values;
    fc_aggregate_group *groups;
    size_t count, capacity;
    uint32_t *order; // of the groups, once finished
    // By key and window: a power of two of slots, 0 free, else group + 1.
    uint32_t *slots;
    size_t slot_count;
    // Without keys: by window from dense_first on, 0 free, else group + 1. NULL: not in use.
    uint32_t *dense;
    int64_t dense_first;
    size_t dense_count;
    bool is_sparse; // windows lie too far apart
    bool is_sorted; // groups came in order
    // The last row's window and group.
    fc_window_place place;
    uint32_t place_group;
    bool has_place;
    size_t rows_until_check;
    fc_tally *tally; // of the one group, when values come from an index
    batch batch;
};

static bool is_there(const reader *reader) {
    return reader->property != NULL || reader->index.index != NULL;
}

static bool is_cancelled_now(const fc_aggregate *all) {
    const fc_aggregate_options *options = &all->options;
    return options->is_cancelled != NULL && options->is_cancelled(options->cancel_context);
}

// ---- Groups ------------------------------------------------------------------------------------

static fc_status group_append(fc_aggregate *all, const fc_value *key, int64_t window,
                              uint32_t *out) {
    if (all->count == all->capacity) {
        if (all->count >= UINT32_MAX / 2) return FC_STATUS_TOO_LARGE;
        size_t capacity = all->capacity == 0 ? 64 : all->capacity * 2;
        fc_aggregate_group *groups =
            all->memory->reallocate(all->memory->context, all->groups,
                                    all->capacity * sizeof *groups, capacity * sizeof *groups);
        if (groups == NULL) return FC_STATUS_OUT_OF_MEMORY;
        all->groups = groups;
        all->capacity = capacity;
    }
    fc_aggregate_group *group = &all->groups[all->count];
    *group = (fc_aggregate_group){.key = *key, .window = window};
    group->minimum = group->maximum = fc_value_missing;
    fc_sum_init(&group->sum);
    *out = (uint32_t)all->count++;
    return FC_STATUS_OK;
}

static uint64_t group_hash(const fc_value *key, int64_t window) {
    uint64_t hash = fc_value_hash(key) ^ (uint64_t)window * UINT64_C(0xd6e8feb86659fd93);
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

// Makes room for all groups and one more, at a load of at most a half.
static fc_status slots_grow(fc_aggregate *all) {
    size_t count = 256;
    while (count <= 2 * all->count)
        count *= 2;
    uint32_t *slots = fc_allocate_cleared(all->memory, count, sizeof *slots);
    if (slots == NULL) return FC_STATUS_OUT_OF_MEMORY;
    bool is_cancelled = false;
    for (size_t i = 0; i < all->count && !is_cancelled; i++) {
        is_cancelled = i % CANCEL_ROWS == 0 && is_cancelled_now(all);
        size_t at = group_hash(&all->groups[i].key, all->groups[i].window) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)i + 1;
    }
    all->memory->release(all->memory->context, all->slots, all->slot_count * sizeof *slots);
    all->slots = slots;
    all->slot_count = count;
    return is_cancelled ? FC_STATUS_CANCELLED : FC_STATUS_OK;
}

static fc_status group_by_hash(fc_aggregate *all, const fc_value *key, int64_t window,
                               uint32_t *out) {
    if (2 * all->count >= all->slot_count) {
        fc_status status = slots_grow(all);
        if (status != FC_STATUS_OK) return status;
    }
    size_t at = group_hash(key, window) & (all->slot_count - 1);
    for (; all->slots[at] != 0; at = (at + 1) & (all->slot_count - 1)) {
        const fc_aggregate_group *group = &all->groups[all->slots[at] - 1];
        if (group->window == window && fc_value_compare(&group->key, key) == 0) {
            *out = all->slots[at] - 1;
            return FC_STATUS_OK;
        }
    }
    fc_status status = group_append(all, key, window, out);
    if (status == FC_STATUS_OK) all->slots[at] = *out + 1;
    return status;
}

// Makes room for a window in the dense table; false when the windows lie too far apart for one.
static fc_status dense_include(fc_aggregate *all, int64_t window, bool *out_fits) {
    int64_t first = window, last = window;
    if (all->dense_count > 0) {
        int64_t end = all->dense_first + (int64_t)all->dense_count - 1;
        if (all->dense_first < first) first = all->dense_first;
        if (end > last) last = end;
    }
    uint64_t needed = (uint64_t)last - (uint64_t)first + 1;
    *out_fits = needed != 0 && needed <= DENSE_MAX;
    if (!*out_fits) return FC_STATUS_OK;
    // Twice as much, on the side that grew.
    size_t count = 512;
    while (count < needed)
        count *= 2;
    if (all->dense_count > 0 && count < 2 * all->dense_count) count = 2 * all->dense_count;
    if (window < all->dense_first || all->dense_count == 0) {
        int64_t room = (int64_t)(count - needed);
        first = first < INT64_MIN + room ? INT64_MIN : first - room / (all->dense_count ? 1 : 2);
    }
    if (first > INT64_MAX - (int64_t)count) first = INT64_MAX - (int64_t)count;
    uint32_t *dense = fc_allocate_cleared(all->memory, count, sizeof *dense);
    if (dense == NULL) return FC_STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; i < all->count; i++)
        dense[(uint64_t)all->groups[i].window - (uint64_t)first] = (uint32_t)i + 1;
    all->memory->release(all->memory->context, all->dense, all->dense_count * sizeof *dense);
    all->dense = dense;
    all->dense_count = count;
    all->dense_first = first;
    return FC_STATUS_OK;
}

static fc_status group_by_window(fc_aggregate *all, int64_t window, uint32_t *out) {
    if (all->is_sparse) return group_by_hash(all, &fc_value_missing, window, out);
    uint64_t at = (uint64_t)window - (uint64_t)all->dense_first;
    if (at >= all->dense_count) {
        bool fits;
        fc_status status = dense_include(all, window, &fits);
        if (status != FC_STATUS_OK) return status;
        if (!fits) {
            all->is_sparse = true;
            status = slots_grow(all);
            if (status != FC_STATUS_OK) return status;
            return group_by_hash(all, &fc_value_missing, window, out);
        }
        at = (uint64_t)window - (uint64_t)all->dense_first;
    }
    if (all->dense[at] == 0) {
        fc_status status = group_append(all, &fc_value_missing, window, out);
        if (status != FC_STATUS_OK) return status;
        all->dense[at] = *out + 1;
    }
    *out = all->dense[at] - 1;
    return FC_STATUS_OK;
}

// The place of an instant's window; false when it lies in none.
static inline bool place_find(fc_aggregate *all, int64_t time_us) {
    if (all->has_place && time_us >= all->place.first_us && time_us <= all->place.last_us)
        return true;
    all->has_place = fc_windowing_find(all->options.windowing, time_us, &all->place);
    all->place_group = UINT32_MAX;
    return all->has_place;
}

// The window of a row's time; false when it has none.
static inline bool place_of_row(fc_aggregate *all, const fc_chunk *chunk, uint32_t row) {
    if (!(chunk->flags[row] & FC_ROW_TIME)) return false;
    int64_t time_us = chunk->starts_us[row];
    if (time_us < all->options.from_us) time_us = all->options.from_us;
    if (time_us == INT64_MIN) return false; // an open start
    return place_find(all, time_us);
}

static inline fc_status group_of_place(fc_aggregate *all, uint32_t *out) {
    if (all->place_group == UINT32_MAX) {
        fc_status status = group_by_window(all, all->place.number, &all->place_group);
        if (status != FC_STATUS_OK) return status;
    }
    *out = all->place_group;
    return FC_STATUS_OK;
}

// ---- Values ------------------------------------------------------------------------------------

static void extremes_add(fc_aggregate_group *group, const fc_value *value) {
    if (group->minimum.kind == FC_VALUE_MISSING) {
        group->minimum = group->maximum = *value;
        return;
    }
    if (fc_value_compare_extremes(value, &group->minimum) < 0) group->minimum = *value;
    if (fc_value_compare_extremes(value, &group->maximum) > 0) group->maximum = *value;
}

static fc_status read_values(const reader *reader, const fc_view *view, const uint32_t *positions,
                             size_t count, fc_value *out) {
    if (reader->index.index != NULL) {
        for (size_t i = 0; i < count; i++)
            out[i] = fc_index_column_value(&reader->index.column, positions[i]);
        return FC_STATUS_OK;
    }
    enum { AHEAD = 16 };
    fc_view_prefetch(view, positions, count < AHEAD ? count : AHEAD);
    for (size_t i = 0; i < count; i++) {
        if (i % AHEAD == 0 && i + AHEAD < count) {
            size_t left = count - i - AHEAD;
            fc_view_prefetch(view, positions + i + AHEAD, left < AHEAD ? left : AHEAD);
        }
        fc_record record;
        fc_record_read(fc_view_record(view, positions[i]).data, &record);
        out[i] = fc_property_value(record.properties, reader->property);
    }
    return FC_STATUS_OK;
}

// ---- Rows --------------------------------------------------------------------------------------

static fc_status find_groups(fc_aggregate *all, const uint32_t *positions, size_t count) {
    batch *batch = &all->batch;
    const fc_columns *columns = &all->view->table->columns;
    const bool has_keys = is_there(&all->keys), has_windows = all->options.windowing != NULL;
    if (has_keys) read_values(&all->keys, all->view, positions, count, batch->values);
    fc_status status = FC_STATUS_OK;
    for (size_t i = 0; i < count && status == FC_STATUS_OK; i++) {
        uint32_t group = 0;
        batch->groups[i] = NO_GROUP;
        if (has_windows && !place_of_row(all, fc_columns_chunk(columns, positions[i]),
                                         positions[i] & FC_CHUNK_MASK))
            continue;
        int64_t window = has_windows ? all->place.number : 0;
        if (has_keys)
            status = group_by_hash(all, &batch->values[i], window, &group);
        else if (has_windows)
            status = group_of_place(all, &group);
        batch->groups[i] = group;
    }
    return status;
}

static void add_values(fc_aggregate *all, fc_aggregate_group *group, size_t from, size_t to) {
    batch *batch = &all->batch;
    size_t numbers = 0;
    for (size_t i = from; i < to; i++) {
        const fc_value *value = &batch->values[i];
        if (value->kind > FC_VALUE_BOOLEAN) continue;
        extremes_add(group, value);
        if (value->kind != FC_VALUE_NUMBER) continue;
        group->value_count++;
        double rest;
        batch->numbers[numbers++] = fc_number_split(value, &rest);
        if (rest != 0) batch->numbers[numbers++] = rest;
    }
    fc_sum_add(&group->sum, batch->numbers, numbers);
}

static fc_status add_batch(fc_aggregate *all, const uint32_t *positions, size_t count) {
    const bool has_values = is_there(&all->values);
    fc_status status = find_groups(all, positions, count);
    if (status != FC_STATUS_OK) return status;
    if (has_values) read_values(&all->values, all->view, positions, count, all->batch.values);
    for (size_t i = 0; i < count;) {
        int64_t number = all->batch.groups[i];
        size_t from = i;
        while (i < count && all->batch.groups[i] == number)
            i++;
        if (number == NO_GROUP) continue;
        all->groups[number].row_count += i - from;
        if (has_values) add_values(all, &all->groups[number], from, i);
    }
    return FC_STATUS_OK;
}

static void take_tally(fc_tally *tally, fc_aggregate_group *out) {
    fc_tally_finish(tally, &out->sum, &out->value_count);
    out->row_count = tally->row_count;
    out->minimum = tally->minimum;
    out->maximum = tally->maximum;
}

static bool is_cancelled_after(fc_aggregate *all, size_t rows) {
    if (all->rows_until_check > rows) {
        all->rows_until_check -= rows;
        return false;
    }
    all->rows_until_check = CANCEL_ROWS;
    return is_cancelled_now(all);
}

fc_status fc_aggregate_add(fc_aggregate *all, const uint32_t *positions, size_t count) {
    for (size_t i = 0; i < count;) {
        size_t most = all->tally != NULL ? CANCEL_ROWS : BATCH;
        size_t part = count - i < most ? count - i : most;
        fc_status status = FC_STATUS_OK;
        if (all->tally != NULL)
            fc_tally_add_positions(all->tally, positions + i, part);
        else
            status = add_batch(all, positions + i, part);
        if (status == FC_STATUS_OK && is_cancelled_after(all, part)) status = FC_STATUS_CANCELLED;
        if (status != FC_STATUS_OK) return status;
        i += part;
    }
    return FC_STATUS_OK;
}

// ---- Walks -------------------------------------------------------------------------------------

// Counts alone, by window: without groups until it is known which are there. *out_done false: too many windows.
static fc_status count_windows(fc_aggregate *all, const fc_row_walk *walk, bool *out_done) {
    const fc_aggregate_options *options = &all->options;
    fc_window_counts counts;
    fc_status status =
        fc_window_counts_init(&counts, walk, options->windowing, options->from_us,
                              options->is_cancelled, options->cancel_context, out_done);
    if (status != FC_STATUS_OK) return status;
    for (size_t i = 0; i < counts.count && *out_done && status == FC_STATUS_OK; i++) {
        if (counts.rows[i] == 0) continue;
        uint32_t group;
        status = group_by_window(all, counts.first + (int64_t)i, &group);
        if (status == FC_STATUS_OK) all->groups[group].row_count += counts.rows[i];
    }
    fc_window_counts_deinit(&counts);
    return status;
}

static fc_status tally_matching(fc_aggregate *all, fc_row_walk *walk) {
    fc_row_block block;
    while (fc_row_walk_next(walk, &block)) {
        fc_tally_add_rows(all->tally, block.first, block.rows);
        // A block costs no more than a few rows elsewhere.
        if (is_cancelled_after(all, 4)) return FC_STATUS_CANCELLED;
    }
    return FC_STATUS_OK;
}

fc_status fc_aggregate_add_matching(fc_aggregate *all, const fc_question *question, uint32_t first,
                                    uint32_t end) {
    fc_row_walk walk;
    fc_row_walk_init(&walk, all->view, question, first, end);
    if (all->tally != NULL) return tally_matching(all, &walk);
    fc_status status = FC_STATUS_OK;
    if (!is_there(&all->keys) && !is_there(&all->values) && all->options.windowing != NULL) {
        bool is_done;
        status = count_windows(all, &walk, &is_done);
        if (status != FC_STATUS_OK || is_done) return status;
    }
    uint32_t *positions = all->batch.positions;
    size_t held = 0;
    fc_row_block block;
    while (status == FC_STATUS_OK && fc_row_walk_next(&walk, &block)) {
        if (is_cancelled_after(all, 64)) return FC_STATUS_CANCELLED;
        for (uint64_t rows = block.rows; rows != 0; rows &= rows - 1)
            positions[held++] = block.first + (uint32_t)__builtin_ctzll(rows);
        if (held > BATCH - 64) {
            status = add_batch(all, positions, held);
            held = 0;
        }
    }
    return status == FC_STATUS_OK ? add_batch(all, positions, held) : status;
}

fc_status fc_aggregate_add_ranges(fc_aggregate *all, const fc_value_range *ranges, size_t count) {
    if (all->tally == NULL) return FC_STATUS_INVALID_ARGUMENT;
    return fc_tally_add_ranges(all->tally, ranges, count, all->options.is_cancelled,
                               all->options.cancel_context);
}

// ---- By the index of the keys ------------------------------------------------------------------

// The present group of a walk.
typedef struct key_group {
    fc_aggregate *all;
    fc_tally *tally; // NULL: rows are only counted
    uint64_t row_count;
} key_group;

// Adds those of `count` rows of the group, at most a batch, that are seen.
static void add_key_rows(key_group *group, const uint32_t *positions, size_t count, bool is_clean) {
    fc_aggregate *all = group->all;
    uint32_t *seen = all->batch.positions;
    size_t seen_count = 0;
    for (size_t i = 0; i < count; i++) {
        seen[seen_count] = positions[i];
        seen_count += is_clean || fc_view_sees(all->view, positions[i]);
    }
    group->row_count += seen_count;
    if (group->tally != NULL) fc_tally_add_positions(group->tally, seen, seen_count);
}

static fc_status add_key_part(key_group *group, const uint32_t *positions, size_t count,
                              bool is_clean) {
    for (size_t i = 0; i < count; i += BATCH) {
        size_t part = count - i < BATCH ? count - i : BATCH;
        add_key_rows(group, positions + i, part, is_clean);
        if (is_cancelled_after(group->all, part)) return FC_STATUS_CANCELLED;
    }
    return FC_STATUS_OK;
}

static fc_status add_key_group(fc_aggregate *all, const fc_groups *groups, fc_tally *tally) {
    key_group group = {.all = all, .tally = tally};
    if (tally != NULL) fc_tally_init(tally, &all->values.index);
    fc_status status = FC_STATUS_OK;
    for (uint32_t i = 0; i < groups->source_count && status == FC_STATUS_OK; i++) {
        const fc_group_source *source = &groups->sources[i];
        status = add_key_part(&group, source->run->positions + source->group_begin,
                              source->group_end - source->group_begin,
                              fc_index_reader_is_clean(&groups->reader, source->run));
    }
    if (status == FC_STATUS_OK)
        status = add_key_part(&group, groups->tail_group, groups->tail_group_count, true);
    if (status != FC_STATUS_OK || group.row_count == 0) return status;
    fc_value key = fc_index_column_value(&groups->reader.column, groups->first_position);
    uint32_t number;
    status = group_append(all, &key, 0, &number);
    if (status != FC_STATUS_OK) return status;
    all->groups[number].row_count = group.row_count;
    if (tally != NULL) take_tally(tally, &all->groups[number]);
    return FC_STATUS_OK;
}

static fc_status walk_keys(fc_aggregate *all, fc_tally *tally) {
    fc_groups groups;
    fc_status status =
        fc_groups_open(&groups, all->view, all->options.keys.index_id, false, NULL, 0);
    if (status != FC_STATUS_OK) return status;
    for (bool found = true; status == FC_STATUS_OK && found;) {
        status = fc_groups_next(&groups, &found);
        if (status == FC_STATUS_OK && found) status = add_key_group(all, &groups, tally);
        if (status == FC_STATUS_OK && is_cancelled_after(all, 1)) status = FC_STATUS_CANCELLED;
    }
    fc_groups_close(&groups);
    all->is_sorted = true;
    return status;
}

fc_status fc_aggregate_add_by_key(fc_aggregate *all) {
    if (all->keys.index.index == NULL || all->options.windowing != NULL ||
        (is_there(&all->values) && all->values.index.index == NULL))
        return FC_STATUS_INVALID_ARGUMENT;
    fc_tally *tally = NULL;
    if (is_there(&all->values)) {
        tally = all->memory->allocate(all->memory->context, sizeof *tally);
        if (tally == NULL) return FC_STATUS_OUT_OF_MEMORY;
    }
    fc_status status = walk_keys(all, tally);
    if (tally != NULL) all->memory->release(all->memory->context, tally, sizeof *tally);
    return status;
}

// ---- The end -----------------------------------------------------------------------------------

static int compare_groups(const fc_aggregate_group *x, const fc_aggregate_group *y) {
    int order = fc_value_compare(&x->key, &y->key);
    return order != 0 ? order : (x->window > y->window) - (x->window < y->window);
}

// Merges order[from, middle) and order[middle, to), both sorted, into `out`; false when it is given up.
static bool merge_order(fc_aggregate *all, const uint32_t *order, size_t from, size_t middle,
                        size_t to, uint32_t *out) {
    size_t a = from, b = middle;
    for (size_t i = from; i < to; i++) {
        bool takes_a = b == to || (a < middle && compare_groups(&all->groups[order[a]],
                                                                &all->groups[order[b]]) <= 0);
        out[i] = takes_a ? order[a++] : order[b++];
        if (is_cancelled_after(all, 1)) return false;
    }
    return true;
}

// A merge sort that can be given up: of a million groups it takes a second.
static fc_status sort_groups(fc_aggregate *all) {
    uint32_t *order = fc_allocate_cleared(all->memory, all->count, 2 * sizeof *order);
    if (order == NULL) return FC_STATUS_OUT_OF_MEMORY;
    all->order = order;
    uint32_t *from = order, *to = order + all->count;
    for (size_t i = 0; i < all->count; i++)
        from[i] = (uint32_t)i;
    for (size_t width = 1; width < all->count; width *= 2) {
        for (size_t i = 0; i < all->count; i += 2 * width) {
            size_t middle = all->count - i < width ? all->count : i + width;
            size_t end = all->count - middle < width ? all->count : middle + width;
            if (!merge_order(all, from, i, middle, end, to)) return FC_STATUS_CANCELLED;
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, all->count * sizeof *order);
    return FC_STATUS_OK;
}

fc_status fc_aggregate_finish(fc_aggregate *all) {
    if (all->tally != NULL) take_tally(all->tally, &all->groups[0]);
    return all->count > 1 && !all->is_sorted ? sort_groups(all) : FC_STATUS_OK;
}

// ---- Life --------------------------------------------------------------------------------------

static fc_status open_reader(const fc_view *view, const fc_aggregate_property *property,
                             reader *out) {
    out->property = property->property;
    if (property->index_id == 0) return FC_STATUS_OK;
    return fc_index_reader_open(view, property->index_id, &out->index) ? FC_STATUS_OK
                                                                       : FC_STATUS_NOT_FOUND;
}

static fc_status prepare(fc_aggregate *all) {
    fc_status status = open_reader(all->view, &all->options.keys, &all->keys);
    if (status == FC_STATUS_OK) status = open_reader(all->view, &all->options.values, &all->values);
    if (status != FC_STATUS_OK || is_there(&all->keys) || all->options.windowing != NULL)
        return status;
    uint32_t group;
    status = group_append(all, &fc_value_missing, 0, &group);
    if (status != FC_STATUS_OK || all->values.index.index == NULL) return status;
    all->tally = all->memory->allocate(all->memory->context, sizeof *all->tally);
    if (all->tally == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_tally_init(all->tally, &all->values.index);
    return FC_STATUS_OK;
}

fc_status fc_aggregate_create(const fc_view *view, const fc_aggregate_options *options,
                              fc_aggregate **out) {
    const fc_allocator *memory = &view->table->os->memory;
    fc_aggregate *all = fc_allocate_cleared(memory, 1, sizeof *all);
    if (all == NULL) return FC_STATUS_OUT_OF_MEMORY;
    all->memory = memory;
    all->view = view;
    all->options = *options;
    all->rows_until_check = CANCEL_ROWS;
    fc_status status = prepare(all);
    if (status == FC_STATUS_OK)
        *out = all;
    else
        fc_aggregate_destroy(all);
    return status;
}

void fc_aggregate_destroy(fc_aggregate *aggregate) {
    if (aggregate == NULL) return;
    const fc_allocator *memory = aggregate->memory;
    fc_index_reader_close(&aggregate->keys.index);
    fc_index_reader_close(&aggregate->values.index);
    if (aggregate->tally != NULL)
        memory->release(memory->context, aggregate->tally, sizeof *aggregate->tally);
    memory->release(memory->context, aggregate->groups,
                    aggregate->capacity * sizeof *aggregate->groups);
    if (aggregate->order != NULL)
        memory->release(memory->context, aggregate->order,
                        aggregate->count * 2 * sizeof *aggregate->order);
    memory->release(memory->context, aggregate->slots,
                    aggregate->slot_count * sizeof *aggregate->slots);
    memory->release(memory->context, aggregate->dense,
                    aggregate->dense_count * sizeof *aggregate->dense);
    memory->release(memory->context, aggregate, sizeof *aggregate);
}

size_t fc_aggregate_group_count(const fc_aggregate *aggregate) {
    return aggregate->count;
}

const fc_aggregate_group *fc_aggregate_group_at(const fc_aggregate *aggregate, size_t index) {
    return &aggregate->groups[aggregate->order != NULL ? aggregate->order[index] : index];
}

double fc_aggregate_group_sum(const fc_aggregate_group *group) {
    return fc_sum_total(&group->sum);
}

double fc_aggregate_group_mean(const fc_aggregate_group *group) {
    fc_sum sum = group->sum;
    sum.count = group->value_count;
    return fc_sum_mean(&sum);
}
