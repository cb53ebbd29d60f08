#include "arena.h"

#include <assert.h>

// Sizes are rounded up to eight steps an octave, from 512 bytes on; those of roomy blocks from 64 KiB on to a MiB,
// from there on to the whole octave. They use so much of it, and what was never used is not resident.
enum { SIZE_LOG2_MIN = 9, STEPS_LOG2 = 3, CLASS_COUNT = (48 - SIZE_LOG2_MIN) << STEPS_LOG2 };
enum { ROOMY_LOG2_MIN = 16, ROOMY_LOG2_LEAST = 20, ROOMY_LOG2_MAX = 28 };
enum { BLOCK_ALIGNMENT = 64 };

// As much as was ever in use may lie idle, and this much in any case: memory that was needed once will
// be again, and taking it from the system costs a page fault for each 4 KiB (35 to 120 ns a row in W2).
static const uint64_t recycled_bytes_floor = UINT64_C(64) << 20;

typedef struct block_header {
    void *allocation; // what the allocator returned
    size_t allocation_bytes;
    size_t bytes; // that are used, header included: what counts
    uint32_t size_class;
    struct block_header *next; // in a free list, or in the owner's list
} block_header;

_Static_assert(sizeof(block_header) <= BLOCK_ALIGNMENT, "the header fills one line");

struct fc_arena {
    const fc_os *os;
    fc_mutex *mutex;
    fc_arena_statistics statistics;
    uint64_t bytes_in_use_peak;
    block_header *free_blocks[CLASS_COUNT];
};

static block_header *header_of(const void *block) {
    return (block_header *)((uint8_t *)(uintptr_t)block - BLOCK_ALIGNMENT);
}

// The class of `bytes`; the bytes that count, and those that blocks of the class have room for.
static uint32_t size_class(size_t bytes, bool is_roomy, size_t *out_bytes, size_t *out_room) {
    if (bytes <= (size_t)1 << SIZE_LOG2_MIN) {
        *out_bytes = *out_room = (size_t)1 << SIZE_LOG2_MIN;
        return 0;
    }
    unsigned log2 = 63 - (unsigned)__builtin_clzll(bytes - 1); // 2^log2 < bytes <= 2^(log2 + 1)
    unsigned shift = log2 - STEPS_LOG2;
    size_t steps = ((bytes - 1) >> shift) + 1; // 9...16
    *out_bytes = steps << shift;
    if (is_roomy && log2 >= ROOMY_LOG2_MIN && log2 < ROOMY_LOG2_MAX) {
        if (log2 < ROOMY_LOG2_LEAST - 1) log2 = ROOMY_LOG2_LEAST - 1;
        shift = log2 - STEPS_LOG2;
        steps = 2u << STEPS_LOG2;
    }
    *out_room = steps << shift;
    return (uint32_t)(((log2 - SIZE_LOG2_MIN) << STEPS_LOG2) + (steps - (1u << STEPS_LOG2)));
}

fc_status fc_arena_create(const fc_os *os, fc_arena **out) {
    fc_arena *arena = fc_allocate_cleared(&os->memory, 1, sizeof *arena);
    if (arena == NULL) return FC_STATUS_OUT_OF_MEMORY;
    arena->os = os;
    fc_status status = os->mutex_create(os->context, &arena->mutex);
    if (status != FC_STATUS_OK) {
        os->memory.release(os->memory.context, arena, sizeof *arena);
        return status;
    }
    *out = arena;
    return FC_STATUS_OK;
}

static void free_to_system(fc_arena *arena, block_header *header) {
    const fc_allocator *memory = &arena->os->memory;
    memory->release(memory->context, header->allocation, header->allocation_bytes);
}

void fc_arena_destroy(fc_arena *arena) {
    if (arena == NULL) return;
    assert(arena->statistics.bytes_in_use == 0);
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        block_header *header = arena->free_blocks[i];
        while (header != NULL) {
            block_header *next = header->next;
            free_to_system(arena, header);
            header = next;
        }
    }
    const fc_os *os = arena->os;
    os->mutex_destroy(os->context, arena->mutex);
    os->memory.release(os->memory.context, arena, sizeof *arena);
}

fc_arena_statistics fc_arena_read_statistics(fc_arena *arena) {
    arena->os->mutex_lock(arena->os->context, arena->mutex);
    fc_arena_statistics statistics = arena->statistics;
    arena->os->mutex_unlock(arena->os->context, arena->mutex);
    return statistics;
}

static void add_in_use(fc_arena *arena, uint64_t bytes) {
    uint64_t in_use = arena->statistics.bytes_in_use += bytes;
    if (in_use > arena->bytes_in_use_peak) arena->bytes_in_use_peak = in_use;
}

static void *allocate(fc_arena *arena, size_t size, bool is_roomy) {
    if (size > (size_t)1 << 46) return NULL;
    size_t bytes = 0, room = 0;
    // Classes are of what is asked for, so that powers of two fit without a rest.
    uint32_t class = size_class(size, is_roomy, &bytes, &room);
    bytes += BLOCK_ALIGNMENT;
    assert(class < CLASS_COUNT && bytes >= size + BLOCK_ALIGNMENT);
    const fc_os *os = arena->os;
    os->mutex_lock(os->context, arena->mutex);
    block_header *header = arena->free_blocks[class];
    fc_arena_statistics *statistics = &arena->statistics;
    if (header != NULL) {
        arena->free_blocks[class] = header->next;
        statistics->bytes_recycled -= header->bytes;
        header->bytes = bytes;
        add_in_use(arena, bytes);
    }
    os->mutex_unlock(os->context, arena->mutex);
    if (header == NULL) {
        size_t allocation_bytes = room + 2 * BLOCK_ALIGNMENT - 16;
        uint8_t *allocation = os->memory.allocate(os->memory.context, allocation_bytes);
        if (allocation == NULL) return NULL;
        uintptr_t misfit = (uintptr_t)allocation & (BLOCK_ALIGNMENT - 1);
        header = (block_header *)(allocation + (misfit ? BLOCK_ALIGNMENT - misfit : 0));
        *header = (block_header){.allocation = allocation,
                                 .allocation_bytes = allocation_bytes,
                                 .bytes = bytes,
                                 .size_class = class};
        os->mutex_lock(os->context, arena->mutex);
        add_in_use(arena, bytes);
        uint64_t held = statistics->bytes_in_use + statistics->bytes_recycled;
        if (held > statistics->bytes_peak) statistics->bytes_peak = held;
        os->mutex_unlock(os->context, arena->mutex);
    }
    header->next = NULL;
    return (uint8_t *)header + BLOCK_ALIGNMENT;
}

void *fc_arena_allocate(fc_arena *arena, size_t size) {
    return allocate(arena, size, false);
}

void *fc_arena_allocate_roomy(fc_arena *arena, size_t size) {
    return allocate(arena, size, true);
}

void fc_arena_release(fc_arena *arena, void *block) {
    if (block == NULL) return;
    const fc_os *os = arena->os;
    block_header *header = header_of(block);
    fc_arena_statistics *statistics = &arena->statistics;
    os->mutex_lock(os->context, arena->mutex);
    assert(statistics->bytes_in_use >= header->bytes);
    statistics->bytes_in_use -= header->bytes;
    uint64_t limit = arena->bytes_in_use_peak;
    if (limit < recycled_bytes_floor) limit = recycled_bytes_floor;
    bool keep = statistics->bytes_recycled + header->bytes <= limit;
    if (keep) {
        header->next = arena->free_blocks[header->size_class];
        arena->free_blocks[header->size_class] = header;
        statistics->bytes_recycled += header->bytes;
    }
    os->mutex_unlock(os->context, arena->mutex);
    if (!keep) free_to_system(arena, header);
}

size_t fc_arena_block_bytes(const void *block) {
    return header_of(block)->bytes;
}

void *fc_arena_list_push(void *list, void *block) {
    header_of(block)->next = list == NULL ? NULL : header_of(list);
    return block;
}

void *fc_arena_list_join(void *a, void *b) {
    if (a == NULL) return b;
    block_header *last = header_of(a);
    while (last->next != NULL)
        last = last->next;
    last->next = b == NULL ? NULL : header_of(b);
    return a;
}

void *fc_arena_list_next(const void *block) {
    block_header *next = header_of(block)->next;
    return next == NULL ? NULL : (uint8_t *)next + BLOCK_ALIGNMENT;
}

void fc_arena_release_list(fc_arena *arena, void *list) {
    while (list != NULL) {
        block_header *next = header_of(list)->next;
        fc_arena_release(arena, list);
        list = next == NULL ? NULL : (uint8_t *)next + BLOCK_ALIGNMENT;
    }
}
