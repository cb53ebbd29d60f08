// A growing array of pointers that readers index without a lock: replaced when it is full, the old
// one retired. Entries are set once (empty ones may be added first), before anything leads readers to
// them, and may be cleared later.
#ifndef FC_INDEX_POINTER_TABLE_H
#define FC_INDEX_POINTER_TABLE_H

#include <stdatomic.h>

#include "versions.h"

typedef struct fc_pointer_table {
    _Atomic(_Atomic(void *) *) slots;
    uint32_t count, capacity; // the writer's
} fc_pointer_table;

// Room for one more.
FC_MUST_USE static inline fc_status fc_pointer_table_reserve(fc_pointer_table *table,
                                                             fc_versions *versions) {
    if (table->count < table->capacity) return FC_STATUS_OK;
    uint32_t capacity = table->capacity == 0 ? 16 : 2 * table->capacity;
    _Atomic(void *) *slots = fc_arena_allocate(versions->arena, capacity * sizeof *slots);
    if (slots == NULL) return FC_STATUS_OUT_OF_MEMORY;
    _Atomic(void *) *before = atomic_load_explicit(&table->slots, memory_order_relaxed);
    for (uint32_t i = 0; i < capacity; i++)
        atomic_init(&slots[i], i < table->count
                                   ? atomic_load_explicit(&before[i], memory_order_relaxed)
                                   : NULL);
    atomic_store_explicit(&table->slots, slots, memory_order_release);
    table->capacity = capacity;
    if (before != NULL) fc_versions_retire(versions, before);
    return FC_STATUS_OK;
}

// REQUIRES: room.
static inline void fc_pointer_table_add(fc_pointer_table *table, void *pointer) {
    _Atomic(void *) *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    atomic_store_explicit(&slots[table->count++], pointer, memory_order_release);
}

// REQUIRES: an index below the count, with nothing in it.
static inline void fc_pointer_table_set(fc_pointer_table *table, uint32_t index, void *pointer) {
    _Atomic(void *) *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    atomic_store_explicit(&slots[index], pointer, memory_order_release);
}

static inline void fc_pointer_table_clear(fc_pointer_table *table, uint32_t index) {
    _Atomic(void *) *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    atomic_store_explicit(&slots[index], NULL, memory_order_release);
}

// REQUIRES: an index below a count that the caller has learnt of.
static inline void *fc_pointer_table_get(const fc_pointer_table *table, uint32_t index) {
    _Atomic(void *) *slots = atomic_load_explicit(&table->slots, memory_order_acquire);
    return atomic_load_explicit(&slots[index], memory_order_acquire);
}

// The table alone, not what its entries point at. REQUIRES: no readers.
static inline void fc_pointer_table_deinit(fc_pointer_table *table, fc_arena *arena) {
    void *slots = atomic_load_explicit(&table->slots, memory_order_relaxed);
    fc_arena_release(arena, slots);
    *table = (fc_pointer_table){.count = 0};
}
#endif
