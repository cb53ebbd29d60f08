// Commit marks: which sequence made which positions, and their row ids.
#include "memtable_internal.h"

fc_status fc_marks_reserve(fc_marks *marks, fc_versions *versions) {
    uint32_t index = marks->count + marks->pending_count;
    if (index / FC_MARKS_A_BLOCK < marks->blocks.count) return FC_STATUS_OK;
    fc_status status = fc_pointer_table_reserve(&marks->blocks, versions);
    if (status != FC_STATUS_OK) return status;
    fc_mark *block = fc_arena_allocate(versions->arena, FC_MARKS_A_BLOCK * sizeof *block);
    if (block == NULL) return FC_STATUS_OUT_OF_MEMORY;
    fc_pointer_table_add(&marks->blocks, block);
    return FC_STATUS_OK;
}

void fc_marks_deinit(fc_marks *marks, fc_arena *arena) {
    for (uint32_t i = 0; i < marks->blocks.count; i++)
        fc_arena_release(arena, fc_pointer_table_get(&marks->blocks, i));
    fc_pointer_table_deinit(&marks->blocks, arena);
}

const fc_mark *fc_marks_of(const fc_marks *marks, uint32_t count, uint32_t position) {
    uint32_t low = 0, high = count; // the last mark that starts at or before the position
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (fc_marks_get(marks, middle)->first <= position)
            low = middle;
        else
            high = middle;
    }
    return fc_marks_get(marks, low);
}

uint32_t fc_marks_limit(const fc_marks *marks, uint64_t sequence, uint32_t committed_rows) {
    if (marks->count == 0 || fc_marks_get(marks, marks->count - 1)->sequence <= sequence)
        return committed_rows;
    uint32_t low = 0, high = marks->count - 1; // the first mark with a larger sequence
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (fc_marks_get(marks, middle)->sequence > sequence)
            high = middle;
        else
            low = middle + 1;
    }
    return fc_marks_get(marks, low)->first;
}
