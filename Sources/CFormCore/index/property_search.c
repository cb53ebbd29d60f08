// Ranges of an indexed property, answered from the runs and the column.
#include <string.h>

#include "property_internal.h"

// ---- Readers -----------------------------------------------------------------------------------

bool fc_index_reader_open(const fc_view *view, uint32_t id, fc_index_reader *out) {
    const fc_versions *versions = &view->table->versions;
    fc_versions_lock(versions);
    fc_property_index *index = view->table->indexes;
    while (index != NULL && index->id != id)
        index = index->next;
    bool has = index != NULL && index->is_ready && index->created <= view->sequence &&
               index->deleted > view->sequence;
    if (has) {
        *out = (fc_index_reader){
            .view = view, .index = index, .version = index->current, .column = {.index = index}};
        index->current->references++;
    }
    fc_versions_unlock(versions);
    return has;
}

void fc_index_reader_close(fc_index_reader *reader) {
    if (reader->index == NULL) return;
    fc_memtable *table = reader->view->table;
    fc_index_release_version(table, reader->version);
    reader->index = NULL;
}

bool fc_view_has_index(const fc_view *view, uint32_t index_id) {
    fc_index_reader reader;
    bool has = fc_index_reader_open(view, index_id, &reader);
    if (has) fc_index_reader_close(&reader);
    return has;
}

bool fc_index_reader_is_clean(const fc_index_reader *reader, const fc_index_run *run) {
    const fc_view *view = reader->view;
    return run->position_end <= view->limit &&
           atomic_load_explicit(&view->table->columns.dead_marks, memory_order_acquire) == 0;
}

// ---- Ranges as keys ----------------------------------------------------------------------------

fc_key_range fc_key_range_of(const fc_value_range *range) {
    fc_key_range keys = {.range = range, .section = range->kind, .high = UINT64_MAX};
    bool is_compared = range->kind == FC_VALUE_ARRAY || range->kind == FC_VALUE_OBJECT;
    if (range->kind >= FC_VALUE_NULL) return keys;
    if (!range->lower.is_open) {
        keys.low = is_compared ? 0 : fc_value_key(&range->lower.value);
        keys.low_checked =
            is_compared || !range->lower.is_inclusive || fc_key_is_cut(keys.section, keys.low);
    }
    if (!range->upper.is_open) {
        keys.high = is_compared ? 0 : fc_value_key(&range->upper.value);
        keys.high_checked =
            is_compared || !range->upper.is_inclusive || fc_key_is_cut(keys.section, keys.high);
    }
    return keys;
}

bool fc_key_range_matches(const fc_key_range *range, const fc_index_column *column,
                          uint32_t position) {
    const fc_index_chunk *chunk = fc_index_column_chunk(column, position);
    if (fc_cell_kind(chunk->cells[position & FC_CHUNK_MASK]) != range->section) return false;
    uint64_t key = fc_index_column_key(column, position);
    if (key < range->low || key > range->high) return false;
    bool is_checked =
        (key == range->low && range->low_checked) || (key == range->high && range->high_checked);
    if (!is_checked) return true;
    fc_value value = fc_index_column_value(column, position);
    return fc_value_range_contains(range->range, &value);
}

uint32_t fc_index_run_seek(const fc_index_run *run, uint32_t begin, uint32_t end, uint64_t key) {
    const uint64_t *keys = run->keys, *base = keys + begin;
    uint32_t count = end - begin;
    while (count > 1) {
        uint32_t half = count / 2;
        base += base[half - 1] < key ? half : 0;
        count -= half;
    }
    uint32_t at = (uint32_t)(base - keys);
    return at + (count == 1 && keys[at] < key);
}

// The first entry that comes after a bound: entries equal to its value come before it or not.
static uint32_t find_bound(const fc_index_column *column, const fc_index_run *run, unsigned section,
                           const fc_value *value, bool after_equal) {
    uint32_t begin = fc_index_run_begin(run, section), end = run->section_ends[section];
    uint64_t key = fc_value_key(value);
    bool is_cut = fc_key_is_cut(section, key);
    if (!is_cut) return fc_index_run_seek(run, begin, end, after_equal ? key + 1 : key);
    begin = fc_index_run_seek(run, begin, end, key);
    end = fc_index_run_seek(run, begin, end, key + 1);
    while (begin < end) {
        uint32_t middle = begin + (end - begin) / 2;
        fc_value other = fc_index_column_value(column, run->positions[middle]);
        int order = fc_value_compare(&other, value);
        if (order < 0 || (order == 0 && after_equal))
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

bool fc_key_range_find(const fc_key_range *range, const fc_index_column *column,
                       const fc_index_run *run, uint32_t *out_begin, uint32_t *out_end) {
    const fc_value_bound *lower = &range->range->lower, *upper = &range->range->upper;
    uint32_t begin = fc_index_run_begin(run, range->section);
    uint32_t end = run->section_ends[range->section];
    *out_begin = begin;
    *out_end = end;
    if (begin == end || range->section >= FC_VALUE_NULL) return true;
    if (range->section >= FC_VALUE_ARRAY) return lower->is_open && upper->is_open;
    if (!lower->is_open)
        *out_begin = find_bound(column, run, range->section, &lower->value, !lower->is_inclusive);
    if (!upper->is_open)
        *out_end = find_bound(column, run, range->section, &upper->value, upper->is_inclusive);
    if (*out_end < *out_begin) *out_end = *out_begin;
    return true;
}

// ---- Search and count --------------------------------------------------------------------------

// Where positions go, or their number only.
typedef struct target {
    fc_positions *positions; // NULL: counted only
    size_t limit, count;
    fc_watch *watch;
} target;

static bool is_full(const target *target) {
    return target->count >= target->limit;
}

static fc_status reserve(target *target, size_t additional) {
    return target->positions == NULL ? FC_STATUS_OK
                                     : fc_positions_reserve(target->positions, additional);
}

static void put(target *target, uint32_t position, bool matches) {
    if (target->positions != NULL) {
        target->positions->data[target->positions->count] = position;
        target->positions->count += matches;
    }
    target->count += matches;
}

static void put_all(target *target, const uint32_t *positions, size_t count) {
    if (target->positions != NULL) {
        memcpy(target->positions->data + target->positions->count, positions,
               count * sizeof *positions);
        target->positions->count += count;
    }
    target->count += count;
}

static fc_status search_run(const fc_index_reader *reader, const fc_key_range *range,
                            const fc_index_run *run, target *target) {
    enum { AT_ONCE = 512, COPIED_AT_ONCE = 65536 };
    uint32_t begin, end;
    bool is_exact = fc_key_range_find(range, &reader->column, run, &begin, &end);
    bool is_clean = is_exact && fc_index_reader_is_clean(reader, run);
    while (begin < end && !is_full(target)) {
        size_t left = target->limit - target->count, count = end - begin;
        size_t most = is_clean ? COPIED_AT_ONCE : AT_ONCE;
        if (count > most) count = most;
        if (fc_watch_ends(target->watch, (count + FC_NODE - 1) / FC_NODE))
            return FC_STATUS_CANCELLED;
        if (count > left) count = left;
        fc_status status = reserve(target, count);
        if (status != FC_STATUS_OK) return status;
        if (is_clean) {
            put_all(target, run->positions + begin, count);
        } else {
            for (size_t i = 0; i < count; i++) {
                uint32_t position = run->positions[begin + i];
                bool matches = fc_view_sees(reader->view, position) &&
                               (is_exact || fc_key_range_matches(range, &reader->column, position));
                put(target, position, matches);
            }
        }
        begin += (uint32_t)count;
    }
    return FC_STATUS_OK;
}

static fc_status search_tail(const fc_index_reader *reader, const fc_key_range *range,
                             target *target) {
    const fc_view *view = reader->view;
    for (uint32_t position = reader->version->covered_end;
         position < view->limit && !is_full(target); position++) {
        if (!fc_view_sees(view, position) ||
            !fc_key_range_matches(range, &reader->column, position))
            continue;
        fc_status status = reserve(target, 1);
        if (status != FC_STATUS_OK) return status;
        put(target, position, true);
    }
    return FC_STATUS_OK;
}

static fc_status search(const fc_view *view, uint32_t index_id, const fc_value_range *ranges,
                        size_t range_count, target *target) {
    fc_index_reader reader;
    if (!fc_index_reader_open(view, index_id, &reader)) return FC_STATUS_NOT_FOUND;
    fc_status status = FC_STATUS_OK;
    for (size_t n = 0; n < range_count && status == FC_STATUS_OK && !is_full(target); n++) {
        const fc_key_range range = fc_key_range_of(&ranges[n]);
        for (uint32_t i = 0; i < reader.version->run_count && status == FC_STATUS_OK; i++)
            status = search_run(&reader, &range, reader.version->runs[i], target);
        if (status == FC_STATUS_OK) status = search_tail(&reader, &range, target);
    }
    fc_index_reader_close(&reader);
    return status;
}

fc_status fc_view_index_search(const fc_view *view, uint32_t index_id, const fc_value_range *ranges,
                               size_t range_count, size_t limit, fc_watch *watch,
                               fc_positions *out) {
    target target = {.positions = out, .limit = limit, .watch = watch};
    size_t before = out->count;
    fc_status status = search(view, index_id, ranges, range_count, &target);
    if (status != FC_STATUS_OK) out->count = before;
    return status;
}

fc_status fc_view_index_count(const fc_view *view, uint32_t index_id, const fc_value_range *ranges,
                              size_t range_count, uint64_t *out_count) {
    target target = {.limit = SIZE_MAX};
    fc_status status = search(view, index_id, ranges, range_count, &target);
    if (status == FC_STATUS_OK) *out_count = target.count;
    return status;
}

// ---- Estimates ---------------------------------------------------------------------------------

// A few of the newest rows stand for all of them.
static uint64_t estimate_tail(const fc_index_reader *reader, const fc_key_range *range) {
    enum { LOOKS = 64 };
    uint32_t first = reader->version->covered_end, limit = reader->view->limit;
    if (first >= limit) return 0;
    uint32_t rows = limit - first, stride = (rows - 1) / LOOKS + 1, looks = 0, hits = 0;
    for (uint32_t position = first; position < limit; position += stride) {
        looks++;
        hits += fc_key_range_matches(range, &reader->column, position);
    }
    return (uint64_t)hits * rows / looks;
}

uint64_t fc_view_index_estimate(const fc_view *view, uint32_t index_id,
                                const fc_value_range *ranges, size_t range_count) {
    fc_index_reader reader;
    if (!fc_index_reader_open(view, index_id, &reader)) return 0;
    uint64_t rows = 0;
    for (size_t n = 0; n < range_count; n++) {
        const fc_key_range range = fc_key_range_of(&ranges[n]);
        for (uint32_t i = 0; i < reader.version->run_count; i++) {
            uint32_t begin, end;
            // Arrays and objects that have to be compared: a tenth of them, for want of anything better.
            enum { GUESSED_PART = 10 };
            bool is_exact =
                fc_key_range_find(&range, &reader.column, reader.version->runs[i], &begin, &end);
            rows += is_exact ? end - begin : (end - begin + GUESSED_PART - 1) / GUESSED_PART;
        }
        rows += estimate_tail(&reader, &range);
    }
    fc_index_reader_close(&reader);
    return rows;
}

fc_value fc_view_index_value(const fc_view *view, uint32_t index_id, uint32_t position) {
    fc_index_reader reader;
    if (!fc_index_reader_open(view, index_id, &reader)) return fc_value_missing;
    fc_value value = fc_index_column_value(&reader.column, position);
    fc_index_reader_close(&reader);
    return value;
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
