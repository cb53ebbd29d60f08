// Aggregates over the column of an index, and its values side by side.
#include <string.h>

#include "property_internal.h"

enum { BATCH = 1024, AHEAD = 32 };

typedef struct tally {
    const fc_index_reader *reader;
    fc_property_aggregate *out;
    size_t count;
    double numbers[BATCH];
    fc_sum nearests, rests; // of inexact numbers: their float64, and what they are more than it
    fc_value inexact[2];    // the least and the greatest of them
} tally;

static void flush(tally *tally) {
    fc_sum_add(&tally->out->sum, tally->numbers, tally->count);
    tally->count = 0;
}

static void keep_extreme(fc_value *extreme, const fc_value *value, int sign) {
    if (extreme->kind == FC_VALUE_MISSING || sign * fc_value_compare_numbers(value, extreme) > 0)
        *extreme = *value;
}

// How much an integer is more than its nearest float64: exact, because it is a small whole number.
static double rest_of(const fc_value *number, double nearest) {
    if (number->number == FC_NUMBER_NATURAL)
        return nearest >= 0x1p64 ? -(double)(0 - number->natural)
                                 : (double)(int64_t)(number->natural - (uint64_t)nearest);
    if (nearest >= 0x1p63) return -(double)(0x8000000000000000u - (uint64_t)number->integer);
    return (double)(number->integer - (int64_t)nearest);
}

static __attribute__((noinline)) void add_inexact(tally *tally, uint32_t position) {
    fc_value value = fc_index_column_value(&tally->reader->column, position);
    bool is_exact;
    double nearest = fc_value_nearest(&value, &is_exact), rest = rest_of(&value, nearest);
    fc_sum_add(&tally->nearests, &nearest, 1);
    fc_sum_add(&tally->rests, &rest, 1);
    keep_extreme(&tally->inexact[0], &value, -1);
    keep_extreme(&tally->inexact[1], &value, 1);
}

static inline void add(tally *tally, const fc_index_chunk *chunk, uint32_t position) {
    if (tally->count == BATCH) flush(tally);
    double number = fc_real_of_bits(chunk->bits[position & FC_CHUNK_MASK]);
    tally->numbers[tally->count] = number;
    tally->count += number == number; // else boxed
    if (number != number && chunk->cells[position & FC_CHUNK_MASK] == FC_CELL_INEXACT)
        add_inexact(tally, position);
}

static void add_all_visible(tally *tally) {
    const fc_view *view = tally->reader->view;
    const fc_columns *columns = &view->table->columns;
    for (uint32_t position = 0; position < view->limit; position++) {
        const fc_chunk *rows = fc_columns_chunk(columns, position);
        if (rows == NULL) {
            position |= FC_CHUNK_MASK;
            continue;
        }
        const fc_index_chunk *chunk = fc_index_column_chunk(&tally->reader->column, position);
        uint32_t end = (position | FC_CHUNK_MASK) + 1;
        if (end > view->limit) end = view->limit;
        for (; position < end; position++) {
            if (fc_chunk_may_be_dead(rows, position) &&
                fc_chunk_deleted(rows, position) <= view->sequence)
                continue;
            tally->out->row_count++;
            add(tally, chunk, position);
        }
        position = end - 1;
    }
}

// Positions may lie anywhere, so that a row is a miss: loads go ahead, and the list of chunks is looked up once.
static void add_positions(tally *tally, const uint32_t *positions, size_t count) {
    _Atomic(void *) *chunks =
        atomic_load_explicit(&tally->reader->index->chunks.slots, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            uint32_t ahead = positions[i + AHEAD];
            const fc_index_chunk *next =
                atomic_load_explicit(&chunks[ahead >> FC_CHUNK_LOG2], memory_order_acquire);
            __builtin_prefetch(&next->bits[ahead & FC_CHUNK_MASK]);
        }
        const fc_index_chunk *chunk =
            atomic_load_explicit(&chunks[positions[i] >> FC_CHUNK_LOG2], memory_order_acquire);
        add(tally, chunk, positions[i]);
    }
    tally->out->row_count = count;
}

static fc_value real_value(double real) {
    fc_value value = {.kind = FC_VALUE_NUMBER, .number = FC_NUMBER_REAL};
    value.real = real;
    return value;
}

// Sums and extremes with what the inexact numbers add to them.
static void finish(tally *tally) {
    flush(tally);
    fc_property_aggregate *out = tally->out;
    fc_sum *sum = &out->sum;
    if (sum->count > 0) {
        out->minimum = real_value(sum->minimum);
        out->maximum = real_value(sum->maximum);
    }
    if (tally->nearests.count == 0) return;
    keep_extreme(&out->minimum, &tally->inexact[0], -1);
    keep_extreme(&out->maximum, &tally->inexact[1], 1);
    fc_sum_merge(sum, &tally->nearests);
    const fc_sum before = *sum; // the rests are no values of their own
    fc_sum_merge(sum, &tally->rests);
    sum->count = before.count;
    sum->minimum = before.minimum;
    sum->maximum = before.maximum;
}

fc_status fc_view_index_aggregate(const fc_view *view, uint32_t index_id, const uint32_t *positions,
                                  size_t count, fc_property_aggregate *out) {
    fc_index_reader reader;
    if (!fc_index_reader_open(view, index_id, &reader)) return FC_STATUS_NOT_FOUND;
    *out = (fc_property_aggregate){.minimum = fc_value_missing, .maximum = fc_value_missing};
    fc_sum_init(&out->sum);
    tally tally;
    tally.reader = &reader;
    tally.out = out;
    tally.count = 0;
    tally.inexact[0] = tally.inexact[1] = fc_value_missing;
    fc_sum_init(&tally.nearests);
    fc_sum_init(&tally.rests);
    if (positions == NULL)
        add_all_visible(&tally);
    else
        add_positions(&tally, positions, count);
    finish(&tally);
    fc_index_reader_close(&reader);
    return FC_STATUS_OK;
}

void fc_property_aggregate_merge(fc_property_aggregate *into, const fc_property_aggregate *other) {
    into->row_count += other->row_count;
    fc_sum_merge(&into->sum, &other->sum);
    if (other->minimum.kind == FC_VALUE_MISSING) return;
    keep_extreme(&into->minimum, &other->minimum, -1);
    keep_extreme(&into->maximum, &other->maximum, 1);
}

fc_status fc_view_index_gather(const fc_view *view, uint32_t index_id, const uint32_t *positions,
                               size_t count, uint8_t *out_kinds, double *out_numbers) {
    fc_index_reader reader;
    if (!fc_index_reader_open(view, index_id, &reader)) return FC_STATUS_NOT_FOUND;
    for (size_t i = 0; i < count; i++) {
        const fc_index_chunk *chunk = fc_index_column_chunk(&reader.column, positions[i]);
        uint8_t cell = chunk->cells[positions[i] & FC_CHUNK_MASK];
        out_kinds[i] = (uint8_t)fc_cell_kind(cell);
        out_numbers[i] = 0;
        if (cell < FC_CELL_INEXACT) {
            out_numbers[i] = fc_real_of_bits(chunk->bits[positions[i] & FC_CHUNK_MASK]);
        } else if (cell == FC_CELL_INEXACT) {
            bool is_exact;
            fc_value value = fc_index_column_value(&reader.column, positions[i]);
            out_numbers[i] = fc_value_nearest(&value, &is_exact);
            out_kinds[i] |= FC_GATHERED_INEXACT;
        }
    }
    fc_index_reader_close(&reader);
    return FC_STATUS_OK;
}
