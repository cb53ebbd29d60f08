// Walking an index in order: one group of equal values after the other, over all runs and the newest rows.
#include <assert.h>
#include <string.h>

#include "property_internal.h"

static const fc_allocator *memory_of(const fc_groups *groups) {
    return &groups->reader.view->table->os->memory;
}

// ---- Order -------------------------------------------------------------------------------------

static int compare_keyed(const fc_groups *groups, uint64_t a_key, uint32_t a, uint64_t b_key,
                         uint32_t b) {
    if (a_key != b_key) return a_key < b_key ? -1 : 1;
    if (!fc_key_is_cut(groups->section, a_key)) return 0;
    fc_value x = fc_index_column_value(&groups->reader.column, a);
    fc_value y = fc_index_column_value(&groups->reader.column, b);
    return fc_value_compare(&x, &y);
}

// Whether `a` is walked before `b`.
static bool entry_precedes(const fc_groups *groups, const fc_index_entry *a,
                           const fc_index_entry *b) {
    int order = compare_keyed(groups, a->key, a->position, b->key, b->position);
    return groups->descending ? order > 0 : order < 0;
}

// ---- The newest rows: a heap -------------------------------------------------------------------

static void sift_down(fc_groups *groups, size_t at) {
    fc_index_entry *heap = groups->tail, entry = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= groups->tail_count) break;
        if (child + 1 < groups->tail_count &&
            entry_precedes(groups, &heap[child + 1], &heap[child]))
            child++;
        if (!entry_precedes(groups, &heap[child], &entry)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

static uint32_t pop_tail(fc_groups *groups) {
    uint32_t position = groups->tail[0].position;
    groups->tail[0] = groups->tail[--groups->tail_count];
    if (groups->tail_count > 0) sift_down(groups, 0);
    return position;
}

static fc_status reserve_tail(fc_groups *groups, size_t count) {
    if (count <= groups->tail_capacity) return FC_STATUS_OK;
    const fc_allocator *memory = memory_of(groups);
    const size_t entry_bytes = sizeof(fc_index_entry) + sizeof(uint32_t);
    void *grown = memory->allocate(memory->context, count * entry_bytes);
    if (grown == NULL) return FC_STATUS_OUT_OF_MEMORY;
    memory->release(memory->context, groups->tail, groups->tail_capacity * entry_bytes);
    groups->tail = grown;
    groups->tail_group = (uint32_t *)(groups->tail + count);
    groups->tail_capacity = count;
    return FC_STATUS_OK;
}

static fc_status enter_tail(fc_groups *groups, const fc_key_range *range) {
    const fc_view *view = groups->reader.view;
    uint32_t first = groups->reader.version->covered_end;
    groups->tail_count = 0;
    if (first >= view->limit) return FC_STATUS_OK;
    fc_status status = reserve_tail(groups, view->limit - first);
    if (status != FC_STATUS_OK) return status;
    for (uint32_t position = first; position < view->limit; position++) {
        if (!fc_view_sees(view, position) ||
            !fc_key_range_matches(range, &groups->reader.column, position))
            continue;
        groups->tail[groups->tail_count++] = (fc_index_entry){
            .key = fc_index_column_key(&groups->reader.column, position), .position = position};
    }
    for (size_t i = groups->tail_count / 2; i-- > 0;)
        sift_down(groups, i);
    return FC_STATUS_OK;
}

// ---- Arrays and objects ------------------------------------------------------------------------
//
// Runs have them in no order: those of the range are sorted for this walk, newest rows included.

static fc_status sort_range(fc_groups *groups, const fc_value_range *range, fc_positions *found) {
    const fc_index_reader *reader = &groups->reader;
    fc_arena *arena = reader->view->table->arena;
    fc_status status =
        fc_view_index_search(reader->view, reader->index->id, range, 1, SIZE_MAX, NULL, found);
    if (status != FC_STATUS_OK || found->count == 0) return status;
    fc_index_entry *entries = fc_arena_allocate(arena, 2 * found->count * sizeof *entries);
    if (entries == NULL) return FC_STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; i < found->count; i++)
        entries[i] = (fc_index_entry){.position = found->data[i]};
    fc_index_sort(&reader->column, range->kind, entries, entries + found->count, found->count);
    groups->sorted = fc_index_run_of_entries(arena, range->kind, entries, found->count);
    fc_arena_release(arena, entries);
    if (groups->sorted == NULL) return FC_STATUS_OUT_OF_MEMORY;
    groups->sources[0] = (fc_group_source){.run = groups->sorted, .end = groups->sorted->count};
    groups->source_count = 1;
    return FC_STATUS_OK;
}

static fc_status enter_sorted(fc_groups *groups, const fc_value_range *range) {
    fc_positions found;
    fc_positions_init(&found, memory_of(groups));
    groups->tail_count = 0;
    fc_status status = sort_range(groups, range, &found);
    fc_positions_deinit(&found);
    return status;
}

// ---- Ranges ------------------------------------------------------------------------------------

static fc_status enter_range(fc_groups *groups, const fc_value_range *range) {
    const fc_index_version *version = groups->reader.version;
    fc_arena_release(groups->reader.view->table->arena, groups->sorted);
    groups->sorted = NULL;
    groups->source_count = 0;
    groups->section = range->kind;
    if (range->kind == FC_VALUE_ARRAY || range->kind == FC_VALUE_OBJECT)
        return enter_sorted(groups, range);
    const fc_key_range keys = fc_key_range_of(range);
    for (uint32_t i = 0; i < version->run_count; i++) {
        fc_group_source source = {.run = version->runs[i]};
        fc_key_range_find(&keys, &groups->reader.column, source.run, &source.begin, &source.end);
        if (source.begin < source.end) groups->sources[groups->source_count++] = source;
    }
    return enter_tail(groups, &keys);
}

// Kinds in order of walking: null and missing come last both ways.
static void order_ranges(fc_value_range *ranges, size_t count) {
    size_t valued = 0;
    while (valued < count && ranges[valued].kind < FC_VALUE_NULL)
        valued++;
    for (size_t i = 0, j = valued; i + 1 < j; i++) {
        fc_value_range swap = ranges[i];
        ranges[i] = ranges[--j];
        ranges[j] = swap;
    }
}

fc_status fc_groups_open(fc_groups *groups, const fc_view *view, uint32_t index_id, bool descending,
                         const fc_value_range *ranges, size_t range_count) {
    *groups = (fc_groups){.descending = descending};
    if (!fc_index_reader_open(view, index_id, &groups->reader)) return FC_STATUS_NOT_FOUND;
    const fc_allocator *memory = memory_of(groups);
    groups->range_count = ranges == NULL ? FC_SECTIONS : range_count;
    groups->source_capacity = groups->reader.version->run_count + 1;
    groups->ranges = fc_allocate_cleared(memory, groups->range_count + 1, sizeof *groups->ranges);
    groups->sources = fc_allocate_cleared(memory, groups->source_capacity, sizeof *groups->sources);
    if (groups->ranges == NULL || groups->sources == NULL) {
        fc_groups_close(groups);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < groups->range_count; i++)
        groups->ranges[i] = ranges != NULL ? ranges[i]
                                           : (fc_value_range){.kind = (fc_value_kind)i,
                                                              .lower.is_open = true,
                                                              .upper.is_open = true};
    if (descending) order_ranges(groups->ranges, groups->range_count);
    return FC_STATUS_OK;
}

void fc_groups_close(fc_groups *groups) {
    if (groups->reader.index == NULL) return;
    const fc_allocator *memory = memory_of(groups);
    fc_arena_release(groups->reader.view->table->arena, groups->sorted);
    memory->release(memory->context, groups->tail,
                    groups->tail_capacity * (sizeof(fc_index_entry) + sizeof(uint32_t)));
    memory->release(memory->context, groups->ranges,
                    (groups->range_count + 1) * sizeof *groups->ranges);
    memory->release(memory->context, groups->sources,
                    groups->source_capacity * sizeof *groups->sources);
    fc_index_reader_close(&groups->reader);
}

// ---- Groups ------------------------------------------------------------------------------------

static fc_index_entry head_of(const fc_groups *groups, const fc_group_source *source) {
    uint32_t i = groups->descending ? source->end - 1 : source->begin;
    return (fc_index_entry){.key = source->run->keys[i], .position = source->run->positions[i]};
}

// The entry that is walked next; false when the range is done.
static bool find_next(const fc_groups *groups, fc_index_entry *out) {
    bool found = groups->tail_count > 0;
    if (found) *out = groups->tail[0];
    for (uint32_t i = 0; i < groups->source_count; i++) {
        const fc_group_source *source = &groups->sources[i];
        if (source->begin == source->end) continue;
        fc_index_entry head = head_of(groups, source);
        if (found && !entry_precedes(groups, &head, out)) continue;
        *out = head;
        found = true;
    }
    return found;
}

// The end of the group that begins at `begin`: the next entry that differs from the one before.
static uint32_t scan_forwards(const fc_index_run *run, uint32_t begin, uint32_t end) {
    uint32_t i = begin + 1;
    while (i < end) {
        uint64_t differs = ~(run->same[i / 64] >> (i % 64));
        if (i % 64 != 0) differs &= UINT64_MAX >> (i % 64);
        if (differs != 0) {
            i += (uint32_t)__builtin_ctzll(differs);
            return i < end ? i : end;
        }
        i += 64 - i % 64;
    }
    return end;
}

// The beginning of the group that ends at `end`.
static uint32_t scan_backwards(const fc_index_run *run, uint32_t begin, uint32_t end) {
    uint32_t i =
        end - 1; // the last entry; the group begins at the last bit at or before it that is clear
    for (;;) {
        uint64_t differs = ~run->same[i / 64] << (63 - i % 64);
        if (differs != 0) {
            uint32_t back = (uint32_t)__builtin_clzll(differs);
            return back > i - begin ? begin : i - back;
        }
        if (i - i % 64 <= begin) return begin;
        i -= i % 64 + 1;
    }
}

static void take_from_source(fc_groups *groups, fc_group_source *source,
                             const fc_index_entry *first) {
    source->group_begin = source->group_end = 0;
    if (source->begin == source->end) return;
    fc_index_entry head = head_of(groups, source);
    if (compare_keyed(groups, head.key, head.position, first->key, first->position) != 0) return;
    if (groups->descending) {
        source->group_end = source->end;
        source->group_begin = scan_backwards(source->run, source->begin, source->end);
        source->end = source->group_begin;
    } else {
        source->group_begin = source->begin;
        source->group_end = scan_forwards(source->run, source->begin, source->end);
        source->begin = source->group_end;
    }
    groups->row_count += source->group_end - source->group_begin;
}

fc_status fc_groups_next(fc_groups *groups, bool *out_found) {
    fc_index_entry first;
    while (!find_next(groups, &first)) {
        if (groups->range_next == groups->range_count) {
            *out_found = false;
            return FC_STATUS_OK;
        }
        fc_status status = enter_range(groups, &groups->ranges[groups->range_next]);
        if (status != FC_STATUS_OK) return status;
        groups->range_next++;
    }
    groups->row_count = 0;
    for (uint32_t i = 0; i < groups->source_count; i++)
        take_from_source(groups, &groups->sources[i], &first);
    groups->tail_group_count = 0;
    while (groups->tail_count > 0 &&
           compare_keyed(groups, groups->tail[0].key, groups->tail[0].position, first.key,
                         first.position) == 0)
        groups->tail_group[groups->tail_group_count++] = pop_tail(groups);
    groups->row_count += groups->tail_group_count;
    groups->first_position = first.position;
    *out_found = true;
    return FC_STATUS_OK;
}
