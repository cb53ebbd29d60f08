// Runs of a property index: sorting rows by value.
#include <assert.h>
#include <string.h>

#include "property_internal.h"

enum {
    FEW = 48,       // so many are sorted by insertion
    DEPTH_MAX = 12, // texts with more in common than this times seven bytes are compared as a whole
};

// ---- Sorting by key ----------------------------------------------------------------------------

static void insert_keys(fc_index_entry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        fc_index_entry entry = entries[i];
        size_t at = i;
        for (; at > 0 && entries[at - 1].key > entry.key; at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

void fc_index_sort_keys(fc_index_entry *entries, fc_index_entry *scratch, size_t count) {
    if (count <= FEW) {
        insert_keys(entries, count);
        return;
    }
    uint32_t counts[8][256];
    memset(counts, 0, sizeof counts);
    bool in_order = true;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = entries[i].key;
        in_order &= i == 0 || entries[i - 1].key <= key;
        for (unsigned byte = 0; byte < 8; byte++)
            counts[byte][key >> (8 * byte) & 255]++;
    }
    if (in_order) return;
    fc_index_entry *from = entries, *to = scratch;
    for (unsigned byte = 0; byte < 8; byte++) {
        if (counts[byte][from[0].key >> (8 * byte) & 255] == count) continue; // all alike
        uint32_t begin = 0;
        for (unsigned value = 0; value < 256; value++) {
            uint32_t next = begin + counts[byte][value];
            counts[byte][value] = begin;
            begin = next;
        }
        for (size_t i = 0; i < count; i++)
            to[counts[byte][from[i].key >> (8 * byte) & 255]++] = from[i];
        fc_index_entry *swap = from;
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
}

// ---- Sorting by value --------------------------------------------------------------------------

static int compare_entries(const fc_index_column *column, const fc_index_entry *a,
                           const fc_index_entry *b) {
    fc_value x = fc_index_column_value(column, a->position);
    fc_value y = fc_index_column_value(column, b->position);
    return fc_value_compare(&x, &y);
}

static void merge_halves(const fc_index_column *column, const fc_index_entry *from,
                         fc_index_entry *to, size_t begin, size_t middle, size_t end) {
    size_t a = begin, b = middle;
    for (size_t at = begin; at < end; at++) {
        bool take_b = a == middle || (b < end && compare_entries(column, &from[a], &from[b]) > 0);
        to[at] = take_b ? from[b++] : from[a++];
    }
}

// By the values themselves.
static void sort_compared(const fc_index_column *column, fc_index_entry *entries,
                          fc_index_entry *scratch, size_t count) {
    fc_index_entry *from = entries, *to = scratch;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            size_t middle = begin + width < count ? begin + width : count;
            size_t end = middle + width < count ? middle + width : count;
            merge_halves(column, from, to, begin, middle, end);
        }
        fc_index_entry *swap = from;
        from = to;
        to = swap;
    }
    if (from != entries) memcpy(entries, from, count * sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i].same = i > 0 && compare_entries(column, &entries[i - 1], &entries[i]) == 0;
}

static void sort_texts(const fc_index_column *column, fc_index_entry *entries,
                       fc_index_entry *scratch, size_t count, unsigned depth);

// Entries with one key, which texts with more behind it have in common.
static void sort_cut_texts(const fc_index_column *column, fc_index_entry *entries,
                           fc_index_entry *scratch, size_t count, unsigned depth) {
    if (depth == DEPTH_MAX) {
        sort_compared(column, entries, scratch, count);
        return;
    }
    uint64_t key = entries[0].key;
    for (size_t i = 0; i < count; i++) {
        fc_bytes text = fc_index_column_value(column, entries[i].position).bytes;
        size_t offset = (size_t)7 * depth;
        entries[i].key = fc_text_key((fc_bytes){text.data + offset, text.length - offset});
    }
    sort_texts(column, entries, scratch, count, depth);
    for (size_t i = 0; i < count; i++)
        entries[i].key = key;
}

static size_t group_end(const fc_index_entry *entries, size_t begin, size_t count) {
    size_t end = begin + 1;
    while (end < count && entries[end].key == entries[begin].key)
        end++;
    return end;
}

static void sort_texts(const fc_index_column *column, fc_index_entry *entries,
                       fc_index_entry *scratch, size_t count, unsigned depth) {
    fc_index_sort_keys(entries, scratch, count);
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = group_end(entries, begin, count);
        for (size_t i = begin; i < end; i++)
            entries[i].same = i > begin;
        if (end - begin > 1 && fc_key_is_cut(FC_VALUE_TEXT, entries[begin].key))
            sort_cut_texts(column, entries + begin, scratch, end - begin, depth + 1);
    }
}

void fc_index_sort(const fc_index_column *column, unsigned section, fc_index_entry *entries,
                   fc_index_entry *scratch, size_t count) {
    if (section == FC_VALUE_TEXT) {
        sort_texts(column, entries, scratch, count, 0);
        return;
    }
    if (section == FC_VALUE_ARRAY || section == FC_VALUE_OBJECT) {
        sort_compared(column, entries, scratch, count);
        return;
    }
    fc_index_sort_keys(entries, scratch, count);
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = group_end(entries, begin, count);
        for (size_t i = begin; i < end; i++)
            entries[i].same = i > begin;
        if (end - begin > 1 && fc_key_is_cut(section, entries[begin].key))
            sort_compared(column, entries + begin, scratch, end - begin);
    }
}

// ---- Runs --------------------------------------------------------------------------------------

enum { RUN_HEADER_BYTES = 128 };
_Static_assert(sizeof(fc_index_run) <= RUN_HEADER_BYTES, "the keys start on a line");

static size_t same_words(uint32_t capacity) {
    return (size_t)capacity / 64 + 2; // one more than needed: stretches are copied by whole words
}

size_t fc_index_run_bytes(const fc_index_run *run) {
    return RUN_HEADER_BYTES + (size_t)run->capacity * 12 + same_words(run->capacity) * 8;
}

fc_index_run *fc_index_run_allocate(fc_arena *arena, uint32_t capacity) {
    fc_index_run shape = {.capacity = capacity};
    fc_index_run *run = fc_arena_allocate(arena, fc_index_run_bytes(&shape));
    if (run == NULL) return NULL;
    *run = shape;
    run->keys = (uint64_t *)((uint8_t *)run + RUN_HEADER_BYTES);
    run->same = run->keys + capacity;
    run->positions = (uint32_t *)(run->same + same_words(capacity));
    memset(run->same, 0, same_words(capacity) * 8);
    return run;
}

static void add_entries(fc_index_run *run, const fc_index_entry *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t at = run->count++;
        run->keys[at] = entries[i].key;
        run->positions[at] = entries[i].position;
        if (entries[i].same) run->same[at / 64] |= UINT64_C(1) << (at % 64);
        if (entries[i].position >= run->position_end) run->position_end = entries[i].position + 1;
    }
}

static void end_section(fc_index_run *run, unsigned section) {
    run->section_ends[section] = run->count;
}

fc_index_run *fc_index_run_of_entries(fc_arena *arena, unsigned section,
                                      const fc_index_entry *entries, size_t count) {
    fc_index_run *run = fc_index_run_allocate(arena, (uint32_t)count);
    if (run == NULL) return NULL;
    for (unsigned i = 0; i < FC_SECTIONS; i++) {
        if (i == section) add_entries(run, entries, count);
        end_section(run, i);
    }
    return run;
}

// Whether the row belongs into a run.
static bool belongs(const fc_columns *columns, uint32_t position, uint64_t horizon) {
    const fc_chunk *chunk = fc_columns_chunk(columns, position);
    return chunk != NULL &&
           !(fc_chunk_may_be_dead(chunk, position) && fc_chunk_deleted(chunk, position) <= horizon);
}

// The rows as entries, by kind. Rows may die between the two passes: what counts is the first one.
static void place_entries(const fc_index_column *column, const uint64_t *chosen, uint32_t first,
                          uint32_t end, uint32_t *next, fc_index_entry *entries) {
    for (uint32_t position = first; position < end; position++) {
        uint32_t i = position - first;
        if (!(chosen[i / 64] >> (i % 64) & 1)) continue;
        const fc_index_chunk *chunk = fc_index_column_chunk(column, position);
        unsigned section = fc_cell_kind(chunk->cells[position & FC_CHUNK_MASK]);
        uint32_t at = next[section]++;
        entries[at] =
            (fc_index_entry){.key = fc_index_column_key(column, position), .position = position};
    }
}

static void choose_rows(const fc_index_column *column, uint64_t *chosen, uint32_t first,
                        uint32_t end, uint64_t horizon, uint32_t counts[FC_SECTIONS]) {
    const fc_columns *columns = &column->index->table->columns;
    memset(chosen, 0, ((size_t)(end - first) / 64 + 1) * 8);
    for (uint32_t position = first; position < end; position++) {
        if (!belongs(columns, position, horizon)) continue;
        uint32_t i = position - first;
        chosen[i / 64] |= UINT64_C(1) << (i % 64);
        const fc_index_chunk *chunk = fc_index_column_chunk(column, position);
        counts[fc_cell_kind(chunk->cells[position & FC_CHUNK_MASK])]++;
    }
}

static fc_index_run *sort_into_run(const fc_index_column *column, const uint64_t *chosen,
                                   uint32_t first, uint32_t end,
                                   const uint32_t counts[FC_SECTIONS]) {
    fc_arena *arena = column->index->table->arena;
    uint32_t next[FC_SECTIONS], count = 0;
    for (unsigned section = 0; section < FC_SECTIONS; section++) {
        next[section] = count;
        count += counts[section];
    }
    fc_index_run *run = fc_index_run_allocate(arena, count);
    fc_index_entry *entries = fc_arena_allocate(arena, 2 * ((size_t)count + 1) * sizeof *entries);
    if (run == NULL || entries == NULL) {
        fc_arena_release(arena, run);
        fc_arena_release(arena, entries);
        return NULL;
    }
    place_entries(column, chosen, first, end, next, entries);
    fc_index_entry *at = entries;
    for (unsigned section = 0; section < FC_SECTIONS; section++) {
        if (section <= FC_VALUE_BOOLEAN)
            fc_index_sort(column, section, at, entries + count, counts[section]);
        else
            for (uint32_t i = 1; i < counts[section]; i++)
                at[i].same = true;
        add_entries(run, at, counts[section]);
        end_section(run, section);
        at += counts[section];
    }
    fc_arena_release(arena, entries);
    return run;
}

fc_status fc_index_run_build(const fc_index_column *column, uint32_t first, uint32_t end,
                             uint64_t horizon, fc_index_run **out) {
    fc_arena *arena = column->index->table->arena;
    uint64_t *chosen = fc_arena_allocate(arena, ((size_t)(end - first) / 64 + 1) * 8);
    if (chosen == NULL) return FC_STATUS_OUT_OF_MEMORY;
    uint32_t counts[FC_SECTIONS] = {0};
    choose_rows(column, chosen, first, end, horizon, counts);
    fc_index_run *run = sort_into_run(column, chosen, first, end, counts);
    fc_arena_release(arena, chosen);
    if (run == NULL) return FC_STATUS_OUT_OF_MEMORY;
    *out = run;
    return FC_STATUS_OK;
}
