#include "order.h"

#include <assert.h>
#include <string.h>

#include "../base/bytes.h"

// ---- Places in an order ------------------------------------------------------------------------

fc_order_key fc_view_order_key(const fc_view *view, const fc_order *order, uint32_t position) {
    fc_order_key key = {.id = fc_view_id(view, position)};
    if (order->kind == FC_ORDER_TIME) {
        int64_t end_us;
        key.has_time = fc_view_time(view, position, &key.time_us, &end_us);
    } else if (order->kind == FC_ORDER_PROPERTY) {
        fc_record record;
        fc_record_read(fc_view_record(view, position).data, &record);
        key.value = fc_property_value(record.properties, order->property);
    }
    return key;
}

static bool is_last(const fc_value *value) {
    return value->kind >= FC_VALUE_NULL;
}

int fc_order_compare(const fc_order *order, const fc_order_key *a, const fc_order_key *b) {
    int sign = order->descending ? -1 : 1;
    if (order->kind == FC_ORDER_ID) return sign * fc_feature_id_compare(&a->id, &b->id);
    int compared = 0;
    if (order->kind == FC_ORDER_TIME) {
        if (a->has_time != b->has_time) return a->has_time ? -1 : 1;
        if (a->has_time && a->time_us != b->time_us) compared = a->time_us < b->time_us ? -1 : 1;
    } else {
        compared = fc_value_compare(&a->value, &b->value);
        if (is_last(&a->value) || is_last(&b->value)) sign = 1;
    }
    return compared != 0 ? sign * compared : fc_feature_id_compare(&a->id, &b->id);
}

// ---- Sorting -----------------------------------------------------------------------------------

// What most pairs can be told by: `rank`, then `major`; where both are equal, the rows must be asked.
typedef struct entry {
    uint64_t major;
    uint32_t rank, position;
} entry;

struct fc_sorter {
    const fc_view *view;
    fc_order order;
    const fc_order_key *after;
    entry after_entry; // when there is an `after`
    const fc_allocator *memory;
    size_t limit;
    // The least `limit` so far: a heap, the greatest first, from the moment it is full.
    entry *entries;
    size_t count, capacity;
    // Sorting: runs of `width` (0: not yet) are in order; those before `merged` are done, in `other` where they
    // were merged, and of the next two so many entries were taken.
    entry *other;
    size_t other_capacity, width, merged, taken_left, taken_right;
    bool is_done;
};

static uint64_t flip_i64(int64_t value) {
    return (uint64_t)value ^ UINT64_C(1) << 63;
}

static uint64_t flip_real(double value) {
    uint64_t bits;
    if (value == 0) value = 0; // -0.0 sorts as 0
    memcpy(&bits, &value, 8);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t text_major(fc_bytes text) {
    uint8_t first[8] = {0};
    memcpy(first, text.data, text.length < 8 ? text.length : 8);
    uint64_t major = 0;
    for (unsigned i = 0; i < 8; i++)
        major = major << 8 | first[i];
    return major;
}

static uint64_t value_major(const fc_value *value) {
    bool exact;
    switch (value->kind) {
    case FC_VALUE_NUMBER:
        return flip_real(fc_value_nearest(value, &exact));
    case FC_VALUE_TEXT:
        return text_major(value->bytes);
    case FC_VALUE_BOOLEAN:
        return value->boolean;
    default:
        return 0; // arrays and objects are asked; null and missing are equal
    }
}

static entry entry_of_key(const fc_order *order, const fc_order_key *key, uint32_t position) {
    entry made = {.position = position};
    bool turns = order->descending;
    if (order->kind == FC_ORDER_ID) {
        bool is_text = key->id.text.data != NULL;
        made.rank = is_text != turns; // texts last, or first when descending
        made.major = is_text ? text_major(key->id.text) : flip_i64(key->id.integer);
    } else if (order->kind == FC_ORDER_TIME) {
        made.rank = !key->has_time;
        made.major = key->has_time ? flip_i64(key->time_us) : 0;
        turns = turns && key->has_time;
    } else {
        bool stays = is_last(&key->value);
        turns = turns && !stays;
        made.rank = turns ? FC_VALUE_OBJECT - (uint32_t)key->value.kind : (uint32_t)key->value.kind;
        made.major = value_major(&key->value);
    }
    if (turns) made.major = ~made.major;
    return made;
}

static int compare_rows(const fc_sorter *sorter, uint32_t a, uint32_t b) {
    fc_order_key x = fc_view_order_key(sorter->view, &sorter->order, a);
    fc_order_key y = fc_view_order_key(sorter->view, &sorter->order, b);
    return fc_order_compare(&sorter->order, &x, &y);
}

static inline bool is_before(const fc_sorter *sorter, const entry *a, const entry *b) {
    if (a->rank != b->rank) return a->rank < b->rank;
    if (a->major != b->major) return a->major < b->major;
    return a->position != b->position && compare_rows(sorter, a->position, b->position) < 0;
}

fc_status fc_sorter_create(const fc_view *view, const fc_order *order, size_t limit,
                           const fc_order_key *after, const fc_allocator *memory, fc_sorter **out) {
    fc_sorter *sorter = memory->allocate(memory->context, sizeof *sorter);
    if (sorter == NULL) return FC_STATUS_OUT_OF_MEMORY;
    *sorter = (fc_sorter){
        .view = view, .order = *order, .after = after, .memory = memory, .limit = limit};
    if (after != NULL) sorter->after_entry = entry_of_key(order, after, FC_NO_POSITION);
    *out = sorter;
    return FC_STATUS_OK;
}

void fc_sorter_destroy(fc_sorter *sorter) {
    if (sorter == NULL) return;
    const fc_allocator *memory = sorter->memory;
    memory->release(memory->context, sorter->entries, sorter->capacity * sizeof(entry));
    memory->release(memory->context, sorter->other, sorter->other_capacity * sizeof(entry));
    memory->release(memory->context, sorter, sizeof *sorter);
}

static bool is_after(const fc_sorter *sorter, const entry *candidate) {
    const entry *least = &sorter->after_entry;
    if (candidate->rank != least->rank) return candidate->rank > least->rank;
    if (candidate->major != least->major) return candidate->major > least->major;
    fc_order_key key = fc_view_order_key(sorter->view, &sorter->order, candidate->position);
    return fc_order_compare(&sorter->order, &key, sorter->after) > 0;
}

// Lets the entry at `index` sink below greater ones.
static void sift_down(const fc_sorter *sorter, size_t index) {
    entry *heap = sorter->entries, moved = heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= sorter->count) break;
        if (child + 1 < sorter->count && is_before(sorter, &heap[child], &heap[child + 1])) child++;
        if (!is_before(sorter, &moved, &heap[child])) break;
        heap[index] = heap[child];
        index = child;
    }
    heap[index] = moved;
}

static fc_status append(fc_sorter *sorter, entry added) {
    if (sorter->count == sorter->capacity) {
        size_t capacity = sorter->capacity == 0 ? 64 : 2 * sorter->capacity;
        if (capacity > sorter->limit) capacity = sorter->limit;
        entry *grown =
            sorter->memory->reallocate(sorter->memory->context, sorter->entries,
                                       sorter->capacity * sizeof *grown, capacity * sizeof *grown);
        if (grown == NULL) return FC_STATUS_OUT_OF_MEMORY;
        sorter->entries = grown;
        sorter->capacity = capacity;
    }
    sorter->entries[sorter->count++] = added;
    if (sorter->count < sorter->limit) return FC_STATUS_OK;
    for (size_t i = sorter->count / 2; i-- > 0;)
        sift_down(sorter, i);
    return FC_STATUS_OK;
}

fc_status fc_sorter_add(fc_sorter *sorter, const uint32_t *positions, size_t count) {
    enum { AHEAD = 16 };
    assert(sorter->width == 0);
    if (sorter->limit == 0) return FC_STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (sorter->order.kind == FC_ORDER_PROPERTY && i % AHEAD == 0 && i + AHEAD < count) {
            size_t ahead = count - i - AHEAD;
            fc_view_prefetch(sorter->view, positions + i + AHEAD, ahead < AHEAD ? ahead : AHEAD);
        }
        fc_order_key key = fc_view_order_key(sorter->view, &sorter->order, positions[i]);
        entry candidate = entry_of_key(&sorter->order, &key, positions[i]);
        if (sorter->after != NULL && !is_after(sorter, &candidate)) continue;
        if (sorter->count < sorter->limit) {
            fc_status status = append(sorter, candidate);
            if (status != FC_STATUS_OK) return status;
        } else if (is_before(sorter, &candidate, &sorter->entries[0])) {
            sorter->entries[0] = candidate;
            sift_down(sorter, 0);
        }
    }
    return FC_STATUS_OK;
}

enum { FIRST_WIDTH = 16 };

// Sorts few entries by insertion.
static void sort_few(const fc_sorter *sorter, entry *entries, size_t count) {
    for (size_t i = 1; i < count; i++) {
        entry moved = entries[i];
        size_t at = i;
        for (; at > 0 && is_before(sorter, &moved, &entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = moved;
    }
}

static fc_status begin_sorting(fc_sorter *sorter) {
    sorter->other =
        sorter->memory->allocate(sorter->memory->context, sorter->count * sizeof(entry));
    if (sorter->other == NULL) return FC_STATUS_OUT_OF_MEMORY;
    sorter->other_capacity = sorter->count;
    return FC_STATUS_OK;
}

// Merges on between the two runs of `width` that begin at `merged`, by at most `budget` entries.
static void merge_some(fc_sorter *sorter, size_t budget) {
    size_t middle = sorter->merged + sorter->width, end = middle + sorter->width;
    if (middle > sorter->count) middle = sorter->count;
    if (end > sorter->count) end = sorter->count;
    const entry *from = sorter->entries;
    size_t left = sorter->merged + sorter->taken_left, right = middle + sorter->taken_right;
    size_t at = left + sorter->taken_right;
    for (; budget > 0 && at < end; budget--) {
        bool takes_right =
            left == middle || (right < end && is_before(sorter, &from[right], &from[left]));
        sorter->other[at++] = takes_right ? from[right++] : from[left++];
    }
    sorter->taken_left = left - sorter->merged;
    sorter->taken_right = right - middle;
    if (at < end) return;
    sorter->merged = end;
    sorter->taken_left = sorter->taken_right = 0;
}

// What was merged becomes what is merged from, in runs twice as wide.
static void finish_pass(fc_sorter *sorter) {
    entry *entries = sorter->entries;
    size_t capacity = sorter->capacity;
    sorter->entries = sorter->other;
    sorter->capacity = sorter->other_capacity;
    sorter->other = entries;
    sorter->other_capacity = capacity;
    sorter->width *= 2;
    sorter->merged = 0;
}

fc_status fc_sorter_step(fc_sorter *sorter, size_t budget, bool *out_done) {
    if (sorter->width == 0 && sorter->count > FIRST_WIDTH && sorter->other == NULL) {
        fc_status status = begin_sorting(sorter);
        if (status != FC_STATUS_OK) return status;
    }
    for (size_t used = 0; used < budget && sorter->width == 0; used += FIRST_WIDTH) {
        size_t left = sorter->count - sorter->merged;
        size_t count = left < FIRST_WIDTH ? left : FIRST_WIDTH;
        sort_few(sorter, sorter->entries + sorter->merged, count);
        sorter->merged += count;
        if (sorter->merged < sorter->count) continue;
        sorter->width = FIRST_WIDTH;
        sorter->merged = 0;
    }
    while (sorter->width != 0 && sorter->width < sorter->count && budget > 0) {
        size_t before = sorter->merged + sorter->taken_left + sorter->taken_right;
        merge_some(sorter, budget);
        size_t moved = sorter->merged + sorter->taken_left + sorter->taken_right - before;
        budget -= moved < budget ? moved : budget;
        if (sorter->merged == sorter->count) finish_pass(sorter);
    }
    sorter->is_done = sorter->width != 0 && sorter->width >= sorter->count;
    *out_done = sorter->is_done;
    return FC_STATUS_OK;
}

fc_status fc_sorter_take(const fc_sorter *sorter, fc_positions *out) {
    assert(sorter->is_done);
    fc_status status = fc_positions_reserve(out, sorter->count);
    if (status != FC_STATUS_OK) return status;
    for (size_t i = 0; i < sorter->count; i++)
        out->data[out->count++] = sorter->entries[i].position;
    return FC_STATUS_OK;
}
