// Different values and statistics of an index.
#include <string.h>

#include "property_internal.h"

// ---- Different values --------------------------------------------------------------------------

static uint64_t count_visible(const fc_groups *groups) {
    const fc_view *view = groups->reader.view;
    uint64_t rows = groups->tail_group_count;
    for (uint32_t i = 0; i < groups->source_count; i++) {
        const fc_group_source *source = &groups->sources[i];
        if (fc_index_reader_is_clean(&groups->reader, source->run)) {
            rows += source->group_end - source->group_begin;
            continue;
        }
        for (uint32_t n = source->group_begin; n < source->group_end; n++)
            rows += fc_view_sees(view, source->run->positions[n]);
    }
    return rows;
}

fc_status fc_view_index_distinct(
    const fc_view *view, uint32_t index_id, const fc_value_range *ranges, size_t range_count,
    bool (*visit)(void *visitor, const fc_value *value, uint64_t row_count), void *visitor) {
    fc_groups groups;
    fc_status status = fc_groups_open(&groups, view, index_id, false, ranges, range_count);
    if (status != FC_STATUS_OK) return status;
    for (;;) {
        bool found;
        status = fc_groups_next(&groups, &found);
        if (status != FC_STATUS_OK || !found) break;
        uint64_t rows = count_visible(&groups);
        if (rows == 0) continue;
        fc_value value = fc_index_column_value(&groups.reader.column, groups.first_position);
        if (!visit(visitor, &value, rows)) break;
    }
    fc_groups_close(&groups);
    return status;
}

// ---- Statistics --------------------------------------------------------------------------------

static const fc_index_run *largest_run(const fc_index_version *version) {
    const fc_index_run *largest = NULL;
    for (uint32_t i = 0; i < version->run_count; i++)
        if (largest == NULL || version->runs[i]->count > largest->count) largest = version->runs[i];
    return largest;
}

// How many groups of equal values the entries [0, end) are: bits that are clear.
static uint64_t count_groups(const fc_index_run *run, uint32_t end) {
    uint64_t same = 0;
    for (uint32_t i = 0; i < end; i += 64) {
        uint64_t word = run->same[i / 64];
        if (end - i < 64) word &= (UINT64_C(1) << (end - i)) - 1;
        same += (uint64_t)__builtin_popcountll(word);
    }
    return end - same;
}

// The group around an entry, within [0, end).
static void group_around(const fc_index_run *run, uint32_t i, uint32_t end, uint32_t *out_begin,
                         uint32_t *out_end) {
    uint32_t begin = i;
    while (begin > 0 && fc_index_run_same(run, begin))
        begin -= begin >= 64 && begin % 64 == 63 && run->same[begin / 64] == UINT64_MAX ? 64 : 1;
    uint32_t at = i + 1;
    while (at < end && fc_index_run_same(run, at))
        at += end - at > 64 && at % 64 == 0 && run->same[at / 64] == UINT64_MAX ? 64 : 1;
    *out_begin = begin;
    *out_end = at;
}

static void keep_common(fc_property_statistics *statistics, fc_value value, uint64_t rows) {
    uint32_t at = statistics->common_count;
    if (at == FC_COMMON_VALUES_MAX && rows <= statistics->common_rows[at - 1]) return;
    if (at < FC_COMMON_VALUES_MAX)
        statistics->common_count++;
    else
        at--;
    for (; at > 0 && statistics->common_rows[at - 1] < rows; at--) {
        statistics->common_rows[at] = statistics->common_rows[at - 1];
        statistics->common_values[at] = statistics->common_values[at - 1];
    }
    statistics->common_rows[at] = rows;
    statistics->common_values[at] = value;
}

// Groups that a look every so many entries meets: all that are common enough to matter.
static void find_common(const fc_index_column *column, const fc_index_run *run, uint32_t end,
                        fc_property_statistics *out) {
    enum { LOOKS = 1024 };
    uint32_t stride = end / LOOKS + 1, group = 0;
    for (uint32_t i = 0; i < end; i += stride) {
        if (i < group) continue;
        uint32_t begin;
        group_around(run, i, end, &begin, &group);
        if (group - begin < 2) continue; // a value of its own is not common
        keep_common(out, fc_index_column_value(column, run->positions[begin]), group - begin);
    }
}

static double number_at(const fc_index_column *column, const fc_index_run *run, uint32_t i) {
    fc_value value = fc_index_column_value(column, run->positions[i]);
    bool is_exact;
    return fc_value_nearest(&value, &is_exact);
}

static void find_bounds(const fc_index_column *column, const fc_index_run *run,
                        fc_property_statistics *out) {
    uint32_t numbers = run->section_ends[FC_VALUE_NUMBER];
    if (numbers == 0) return;
    out->bin_count = numbers < FC_HISTOGRAM_BINS ? numbers : FC_HISTOGRAM_BINS;
    for (uint32_t bin = 0; bin <= out->bin_count; bin++) {
        uint64_t i = (uint64_t)(numbers - 1) * bin / out->bin_count;
        out->bounds[bin] = number_at(column, run, (uint32_t)i);
    }
}

// Of the run alone.
static fc_property_statistics read_run(const fc_index_column *column, const fc_index_run *run) {
    fc_property_statistics statistics = {.common_count = 0};
    uint32_t end = run->section_ends[FC_VALUE_BOOLEAN];
    statistics.distinct_count = count_groups(run, end);
    find_common(column, run, end, &statistics);
    find_bounds(column, run, &statistics);
    return statistics;
}

// From the cache, or into it.
static fc_property_statistics statistics_of(const fc_index_reader *reader,
                                            const fc_index_run *run) {
    fc_property_index *index = reader->index;
    const fc_versions *versions = &reader->view->table->versions;
    fc_property_statistics statistics;
    fc_versions_lock(versions);
    bool is_known = index->statistics_of == run->serial;
    if (is_known) statistics = index->statistics;
    fc_versions_unlock(versions);
    if (is_known) return statistics;
    statistics = read_run(&reader->column, run);
    fc_versions_lock(versions);
    index->statistics = statistics;
    index->statistics_of = run->serial;
    fc_versions_unlock(versions);
    return statistics;
}

// Rows of the tail by kind, and how often each of its values is one that the run does not tell.
static fc_property_statistics read_tail(fc_index_reader *reader) {
    fc_property_statistics statistics = {.common_count = 0};
    const fc_view *view = reader->view;
    fc_index_run *run;
    fc_status status =
        fc_index_run_build(&reader->column, reader->version->covered_end, view->limit, 0, &run);
    if (status != FC_STATUS_OK) return statistics; // statistics may be missing, never wrong
    statistics = read_run(&reader->column, run);
    for (unsigned kind = 0; kind < FC_SECTIONS; kind++)
        statistics.rows[kind] = run->section_ends[kind] - fc_index_run_begin(run, kind);
    fc_arena_release(view->table->arena, run);
    return statistics;
}

static void add_rows(fc_property_statistics *statistics, const fc_index_reader *reader) {
    const fc_index_version *version = reader->version;
    uint32_t largest[FC_SECTIONS] = {0}, largest_count = 0;
    for (uint32_t i = 0; i < version->run_count; i++) {
        const fc_index_run *run = version->runs[i];
        for (unsigned kind = 0; kind < FC_SECTIONS; kind++) {
            uint32_t rows = run->section_ends[kind] - fc_index_run_begin(run, kind);
            statistics->rows[kind] += rows;
            if (run->count > largest_count) largest[kind] = rows;
        }
        if (run->count > largest_count) largest_count = run->count;
    }
    uint32_t first = version->covered_end, limit = reader->view->limit;
    for (uint32_t position = first; position < limit; position++) {
        const fc_index_chunk *chunk = fc_index_column_chunk(&reader->column, position);
        statistics->rows[fc_cell_kind(chunk->cells[position & FC_CHUNK_MASK])]++;
    }
    // Common values are of the largest run: taken as common everywhere.
    uint64_t all = 0, told = 0;
    for (unsigned kind = 0; kind <= FC_VALUE_BOOLEAN; kind++) {
        all += statistics->rows[kind];
        told += largest[kind];
    }
    for (uint32_t i = 0; i < statistics->common_count && told > 0; i++)
        statistics->common_rows[i] =
            (uint64_t)((double)statistics->common_rows[i] * ((double)all / (double)told));
    // Values that came once in the run go on coming; those that came often are all known.
    if (told > 0 && statistics->distinct_count > told / 2)
        statistics->distinct_count =
            (uint64_t)((double)statistics->distinct_count * ((double)all / (double)told));
}

fc_property_statistics fc_view_index_statistics(const fc_view *view, uint32_t index_id) {
    fc_property_statistics statistics = {.common_count = 0};
    fc_index_reader reader;
    if (!fc_index_reader_open(view, index_id, &reader)) return statistics;
    const fc_index_run *run = largest_run(reader.version);
    if (run == NULL) {
        if (view->limit > reader.version->covered_end) statistics = read_tail(&reader);
    } else {
        statistics = statistics_of(&reader, run);
        add_rows(&statistics, &reader);
    }
    fc_index_reader_close(&reader);
    return statistics;
}
