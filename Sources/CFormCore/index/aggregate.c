// Rows come in batches: windows and keys give each its group, values are added in one go while the group stays.
#include "aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../codec/value_hash.h"
#include "window_counts.h"

enum { BATCH = 256, CANCEL_ROWS = 65536, NO_GROUP = -1, DENSE_MAX = 1 << 20 };

struct fc_aggregate {
    const fc_allocator *memory;
    const fc_view *view;
    const fc_aggregate_options *options;
    fc_aggregate_group *groups;
    size_t count, capacity;
    // By key and window: a power of two of slots, 0 free, else group + 1.
    uint32_t *slots;
    size_t slot_count;
    // Without keys: by window from dense_first on, 0 free, else group + 1. NULL: not in use.
    uint32_t *dense;
    int64_t dense_first;
    size_t dense_count;
    bool is_sparse; // windows lie too far apart
    // The last row's window and group.
    fc_window_place place;
    uint32_t place_group;
    bool has_place;
    size_t rows_until_check;
};

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
    for (size_t i = 0; i < all->count; i++) {
        size_t at = group_hash(&all->groups[i].key, all->groups[i].window) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)i + 1;
    }
    all->memory->release(all->memory->context, all->slots, all->slot_count * sizeof *slots);
    all->slots = slots;
    all->slot_count = count;
    return FC_STATUS_OK;
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
    all->has_place = fc_windowing_find(all->options->windowing, time_us, &all->place);
    all->place_group = UINT32_MAX;
    return all->has_place;
}

// The window of a row's time; false when it has none.
static inline bool place_of_row(fc_aggregate *all, const fc_chunk *chunk, uint32_t row) {
    if (!(chunk->flags[row] & FC_ROW_TIME)) return false;
    int64_t time_us = chunk->starts_us[row];
    if (time_us < all->options->from_us) time_us = all->options->from_us;
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

// As fc_value_compare, but for -0, which comes before every other 0.
static int compare_extremes(const fc_value *a, const fc_value *b) {
    int order = fc_value_compare(a, b);
    if (order != 0 || a->kind != FC_VALUE_NUMBER) return order;
    bool a_negative = a->number == FC_NUMBER_REAL && a->real == 0 && signbit(a->real);
    bool b_negative = b->number == FC_NUMBER_REAL && b->real == 0 && signbit(b->real);
    return (int)b_negative - (int)a_negative;
}

static void extremes_add(fc_aggregate_group *group, const fc_value *value) {
    if (group->minimum.kind == FC_VALUE_MISSING) {
        group->minimum = group->maximum = *value;
        return;
    }
    if (compare_extremes(value, &group->minimum) < 0) group->minimum = *value;
    if (compare_extremes(value, &group->maximum) > 0) group->maximum = *value;
}

// A number as two float64 that are it exactly; the second is 0 for all but integers beyond 2^53.
static double number_split(const fc_value *value, double *out_rest) {
    *out_rest = 0;
    if (value->number == FC_NUMBER_REAL) return value->real;
    bool is_natural = value->number == FC_NUMBER_NATURAL;
    double nearest = is_natural ? (double)value->natural : (double)value->integer;
    __int128 exact = is_natural ? (__int128)value->natural : (__int128)value->integer;
    *out_rest = (double)(exact - (__int128)nearest);
    return nearest;
}

typedef struct batch {
    uint32_t positions[BATCH];
    int64_t groups[BATCH];
    fc_value values[BATCH];
    double numbers[2 * BATCH];
} batch;

static fc_status batch_find_groups(fc_aggregate *all, batch *batch, size_t count) {
    const fc_aggregate_options *options = all->options;
    const fc_columns *columns = &all->view->table->columns;
    fc_status status = FC_STATUS_OK;
    if (options->keys != NULL)
        status = options->keys->read(options->keys->context, all->view, batch->positions, count,
                                     batch->values);
    for (size_t i = 0; i < count && status == FC_STATUS_OK; i++) {
        uint32_t position = batch->positions[i], group = 0;
        batch->groups[i] = NO_GROUP;
        if (options->windowing != NULL &&
            !place_of_row(all, fc_columns_chunk(columns, position), position & FC_CHUNK_MASK))
            continue;
        int64_t window = options->windowing != NULL ? all->place.number : 0;
        if (options->keys != NULL)
            status = group_by_hash(all, &batch->values[i], window, &group);
        else if (options->windowing != NULL)
            status = group_of_place(all, &group);
        batch->groups[i] = group;
    }
    return status;
}

static fc_status batch_add(fc_aggregate *all, batch *batch, size_t count) {
    fc_status status = batch_find_groups(all, batch, count);
    const fc_value_reader *reader = all->options->values;
    if (status == FC_STATUS_OK && reader != NULL)
        status = reader->read(reader->context, all->view, batch->positions, count, batch->values);
    if (status != FC_STATUS_OK) return status;
    for (size_t i = 0; i < count;) {
        int64_t number = batch->groups[i];
        size_t from = i, numbers = 0;
        while (i < count && batch->groups[i] == number)
            i++;
        if (number == NO_GROUP) continue;
        fc_aggregate_group *group = &all->groups[number];
        group->row_count += i - from;
        if (reader == NULL) continue;
        for (size_t k = from; k < i; k++) {
            const fc_value *value = &batch->values[k];
            if (value->kind > FC_VALUE_BOOLEAN) continue;
            extremes_add(group, value);
            if (value->kind != FC_VALUE_NUMBER) continue;
            group->value_count++;
            double rest;
            batch->numbers[numbers++] = number_split(value, &rest);
            if (rest != 0) batch->numbers[numbers++] = rest;
        }
        fc_sum_add(&group->sum, batch->numbers, numbers);
    }
    return FC_STATUS_OK;
}

// ---- Records -----------------------------------------------------------------------------------

static fc_status read_records(const void *context, const fc_view *view, const uint32_t *positions,
                              size_t count, fc_value *out) {
    const fc_property *property = context;
    for (size_t i = 0; i < count; i++) {
        enum { AHEAD = 16 };
        if (i % AHEAD == 0 && count - i > AHEAD) {
            size_t left = count - i - AHEAD;
            fc_view_prefetch(view, positions + i + AHEAD, left < AHEAD ? left : AHEAD);
        }
        fc_record record;
        fc_record_read(fc_view_record(view, positions[i]).data, &record);
        out[i] = fc_property_value(record.properties, property);
    }
    return FC_STATUS_OK;
}

fc_value_reader fc_value_reader_of_records(const fc_property *property) {
    return (fc_value_reader){read_records, property};
}

// ---- Walks -------------------------------------------------------------------------------------

static bool is_cancelled(fc_aggregate *all, size_t rows) {
    if (all->rows_until_check > rows) {
        all->rows_until_check -= rows;
        return false;
    }
    all->rows_until_check = CANCEL_ROWS;
    const fc_aggregate_options *options = all->options;
    return options->is_cancelled != NULL && options->is_cancelled(options->cancel_context);
}

static fc_status add_list(fc_aggregate *all, batch *batch, const uint32_t *positions,
                          size_t count) {
    for (size_t i = 0; i < count; i += BATCH) {
        size_t part = count - i < BATCH ? count - i : BATCH;
        memcpy(batch->positions, positions + i, part * sizeof *positions);
        fc_status status = batch_add(all, batch, part);
        if (status != FC_STATUS_OK) return status;
        if (is_cancelled(all, part)) return FC_STATUS_CANCELLED;
    }
    return FC_STATUS_OK;
}

// Counts alone, by window: without groups until it is known which are there. *out_done false: too many windows.
static fc_status count_windows(fc_aggregate *all, const fc_probe *probe, bool *out_done) {
    const fc_aggregate_options *options = all->options;
    fc_window_counts counts;
    fc_status status =
        fc_window_counts_init(&counts, all->view, probe, options->windowing, options->from_us,
                              options->is_cancelled, options->cancel_context, out_done);
    if (status != FC_STATUS_OK) return status;
    for (size_t i = 0; i < counts.count && *out_done && status == FC_STATUS_OK; i++) {
        if (counts.rows[i] == 0) continue;
        uint32_t group;
        status = group_append(all, &fc_value_missing, counts.first + (int64_t)i, &group);
        if (status == FC_STATUS_OK) all->groups[group].row_count = counts.rows[i];
    }
    fc_window_counts_deinit(&counts);
    return status;
}

static fc_status add_all(fc_aggregate *all, batch *batch, const fc_question *question) {
    const fc_view *view = all->view;
    const fc_columns *columns = &view->table->columns;
    fc_probe probe;
    fc_view_probe(view, question, &probe);
    if (probe.is_empty) return FC_STATUS_OK;
    const fc_aggregate_options *options = all->options;
    fc_status status = FC_STATUS_OK;
    if (options->keys == NULL && options->values == NULL && options->windowing != NULL &&
        !probe.has_box) {
        bool is_done;
        status = count_windows(all, &probe, &is_done);
        if (status != FC_STATUS_OK || is_done) return status;
    }
    size_t held = 0;
    for (uint32_t position = 0; position < view->limit && status == FC_STATUS_OK;) {
        const fc_chunk *chunk = fc_columns_chunk(columns, position);
        uint32_t left = view->limit - position, count = left < 64 ? left : 64;
        if (is_cancelled(all, count)) return FC_STATUS_CANCELLED;
        uint64_t visible = chunk == NULL ? 0 : fc_view_visible_rows(view, chunk, position, count);
        for (; visible != 0; visible &= visible - 1) {
            uint32_t at = position + (unsigned)__builtin_ctzll(visible);
            batch->positions[held] = at;
            held += fc_probe_matches(&probe, columns, at);
        }
        if (held > BATCH - 64) {
            status = batch_add(all, batch, held);
            held = 0;
        }
        position += count;
    }
    return status == FC_STATUS_OK ? batch_add(all, batch, held) : status;
}

// ---- The questions -----------------------------------------------------------------------------

static int compare_groups(const void *a, const void *b) {
    const fc_aggregate_group *x = a, *y = b;
    int order = fc_value_compare(&x->key, &y->key);
    return order != 0 ? order : (x->window > y->window) - (x->window < y->window);
}

static fc_status aggregate_create(const fc_view *view, const fc_aggregate_options *options,
                                  fc_aggregate **out) {
    const fc_allocator *memory = &view->table->os->memory;
    fc_aggregate *all = memory->allocate(memory->context, sizeof *all);
    if (all == NULL) return FC_STATUS_OUT_OF_MEMORY;
    *all = (fc_aggregate){.memory = memory, .view = view, .options = options};
    all->rows_until_check = CANCEL_ROWS;
    if (options->keys == NULL && options->windowing == NULL) {
        uint32_t group;
        fc_status status = group_append(all, &fc_value_missing, 0, &group);
        if (status != FC_STATUS_OK) {
            fc_aggregate_destroy(all);
            return status;
        }
    }
    *out = all;
    return FC_STATUS_OK;
}

static fc_status aggregate_of(const fc_view *view, const fc_aggregate_options *options,
                              const uint32_t *positions, size_t count, bool takes_all,
                              const fc_question *question, fc_aggregate **out) {
    fc_aggregate *all;
    fc_status status = aggregate_create(view, options, &all);
    if (status != FC_STATUS_OK) return status;
    const fc_allocator *memory = all->memory;
    batch *batch = memory->allocate(memory->context, sizeof *batch);
    if (batch == NULL)
        status = FC_STATUS_OUT_OF_MEMORY;
    else
        status = takes_all ? add_all(all, batch, question) : add_list(all, batch, positions, count);
    memory->release(memory->context, batch, sizeof *batch);
    if (status != FC_STATUS_OK) {
        fc_aggregate_destroy(all);
        return status;
    }
    if (all->count > 1) qsort(all->groups, all->count, sizeof *all->groups, compare_groups);
    *out = all;
    return FC_STATUS_OK;
}

fc_status fc_view_aggregate(const fc_view *view, const fc_aggregate_options *options,
                            const uint32_t *positions, size_t count, fc_aggregate **out) {
    return aggregate_of(view, options, positions, count, false, NULL, out);
}

fc_status fc_view_aggregate_all(const fc_view *view, const fc_aggregate_options *options,
                                const fc_question *question, fc_aggregate **out) {
    return aggregate_of(view, options, NULL, 0, true, question, out);
}

void fc_aggregate_destroy(fc_aggregate *aggregate) {
    if (aggregate == NULL) return;
    const fc_allocator *memory = aggregate->memory;
    memory->release(memory->context, aggregate->groups,
                    aggregate->capacity * sizeof *aggregate->groups);
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
    return &aggregate->groups[index];
}

double fc_aggregate_group_sum(const fc_aggregate_group *group) {
    return fc_sum_total(&group->sum);
}

double fc_aggregate_group_mean(const fc_aggregate_group *group) {
    fc_sum sum = group->sum;
    sum.count = group->value_count;
    return fc_sum_mean(&sum);
}
