// The allocator that everything in the core allocates through, and a growable buffer over it.
#ifndef FC_BASE_MEMORY_H
#define FC_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

// THREADS: every call may come from any thread. Tests replace it to fail the n-th allocation.
typedef struct fc_allocator {
    void *context;
    // At least `size` bytes (size > 0) aligned to 16, not cleared; NULL when there is no memory.
    void *(*allocate)(void *context, size_t size);
    // As realloc; `old_size` is what was asked for. NULL leaves the old block as it was.
    void *(*reallocate)(void *context, void *block, size_t old_size, size_t new_size);
    // `size` is what was asked for. `block` may be NULL.
    void (*release)(void *context, void *block, size_t size);
} fc_allocator;

// The process's heap (malloc, realloc, free). For tests and tools; the store takes its table's.
fc_allocator fc_allocator_system(void);

// Cleared memory for `count` objects of `size`; NULL on overflow or when there is no memory.
void *fc_allocate_cleared(const fc_allocator *memory, size_t count, size_t size);

// A run of bytes somebody else owns.
typedef struct fc_bytes {
    const uint8_t *data;
    size_t length;
} fc_bytes;

// A growable byte buffer. `data` is 16-aligned. OWNERSHIP: init/deinit the caller's storage.
typedef struct fc_buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
    const fc_allocator *memory;
} fc_buffer;

void fc_buffer_init(fc_buffer *buffer, const fc_allocator *memory); // borrows `memory`
void fc_buffer_deinit(fc_buffer *buffer);
void fc_buffer_clear(fc_buffer *buffer); // length = 0, keeps the capacity
FC_MUST_USE fc_status fc_buffer_reserve(fc_buffer *buffer, size_t additional);
// Appends; the buffer is unchanged when there is no memory.
FC_MUST_USE fc_status fc_buffer_append(fc_buffer *buffer, const void *bytes, size_t length);
FC_MUST_USE fc_status fc_buffer_append_zeros(fc_buffer *buffer, size_t length);
// Appends zeros up to the next multiple of `alignment` (a power of two).
FC_MUST_USE fc_status fc_buffer_align(fc_buffer *buffer, size_t alignment);
#endif
