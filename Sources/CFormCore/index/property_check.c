// A walk over every invariant of a memtable's property indexes, for tests.
#include <stdio.h>
#include <stdlib.h>

#include "property_internal.h"

#define CHECK(CONDITION, POSITION)                                                                 \
    do {                                                                                           \
        if (!(CONDITION)) fail(#CONDITION, (POSITION), __LINE__);                                  \
    } while (0)

static _Noreturn void fail(const char *condition, uint64_t position, int line) {
    fprintf(stderr, "fc_property_indexes_check: line %d, position or index %llu: %s\n", line,
            (unsigned long long)position, condition);
    abort();
}

// The value in the column is the record's.
static void check_value(const fc_property_index *index, uint32_t position) {
    const fc_index_column column = {.index = index};
    fc_bytes bytes = fc_columns_record(&index->table->columns, position);
    fc_value expected = fc_value_missing;
    if (bytes.length >= FC_RECORD_HEADER_BYTES) {
        fc_record record;
        fc_record_read(bytes.data, &record);
        expected = fc_property_value(record.properties, index->property);
    }
    fc_value value = fc_index_column_value(&column, position);
    CHECK(value.kind == expected.kind, position);
    CHECK(value.kind != FC_VALUE_NUMBER || value.number == expected.number, position);
    CHECK(fc_value_compare(&value, &expected) == 0, position);
    CHECK(value.bytes.data == expected.bytes.data, position);
}

static void check_section(const fc_property_index *index, const fc_index_run *run, unsigned section,
                          uint8_t *seen) {
    const fc_index_column column = {.index = index};
    uint32_t begin = fc_index_run_begin(run, section), end = run->section_ends[section];
    CHECK(begin <= end && end <= run->count, section);
    for (uint32_t i = begin; i < end; i++) {
        uint32_t position = run->positions[i];
        CHECK(position < index->table->columns.rows && position < run->position_end, i);
        CHECK(fc_columns_chunk(&index->table->columns, position) != NULL, position);
        CHECK(seen[position]++ == 0, position);
        fc_value value = fc_index_column_value(&column, position);
        CHECK(value.kind == (fc_value_kind)section, position);
        CHECK(run->keys[i] == fc_value_key(&value), position);
        if (i == begin) {
            CHECK(!fc_index_run_same(run, i), i);
            continue;
        }
        int order = 0;
        if (section <= FC_VALUE_BOOLEAN) {
            fc_value before = fc_index_column_value(&column, run->positions[i - 1]);
            order = fc_value_compare(&before, &value);
        }
        CHECK(order <= 0, i);
        CHECK(fc_index_run_same(run, i) == (order == 0), i);
        CHECK(order < 0 || run->positions[i - 1] < position, i);
    }
}

static void check_rows(const fc_property_index *index, const uint8_t *seen) {
    const fc_memtable *table = index->table;
    uint64_t horizon = fc_memtable_horizon(table);
    uint32_t covered_end = index->current->covered_end;
    uint32_t first = index->is_ready ? 0 : index->first_position;
    for (uint32_t position = first; position < table->columns.rows; position++) {
        if (fc_columns_chunk(&table->columns, position) == NULL) continue;
        const fc_index_chunk *chunk =
            fc_pointer_table_get(&index->chunks, position >> FC_CHUNK_LOG2);
        CHECK(chunk != NULL, position);
        check_value(index, position);
        bool is_held = seen[position] || position >= covered_end;
        if (position >= covered_end)
            CHECK(seen[position] == 0, position);
        else if (fc_columns_deleted(&table->columns, position) > horizon)
            CHECK(seen[position] == 1, position);
        // Never fewer than there are: a chunk must not go too early.
        if (table->options.journal_only && is_held) CHECK(chunk->entry_count > 0, position);
    }
}

static void check_index(const fc_property_index *index) {
    uint8_t *seen = calloc((size_t)index->table->columns.rows + 1, 1);
    if (seen == NULL) return;
    const fc_index_version *version = index->current;
    CHECK(version->covered_end <= index->table->columns.rows, version->covered_end);
    for (uint32_t i = 0; i < version->run_count; i++) {
        const fc_index_run *run = version->runs[i];
        CHECK(run->count > 0 && run->section_ends[FC_SECTIONS - 1] == run->count, i);
        for (unsigned section = 0; section < FC_SECTIONS; section++)
            check_section(index, run, section, seen);
    }
    check_rows(index, seen);
    free(seen);
}

void fc_property_indexes_check(const fc_memtable *table) {
    for (const fc_property_index *index = table->indexes; index != NULL; index = index->next) {
        CHECK(index->prepared_run == NULL && index->prepared_version == NULL, index->id);
        CHECK(index->id <= table->index_count, index->id);
        if (index->deleted == FC_LIVE) check_index(index);
    }
}
