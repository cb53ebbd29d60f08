#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// Every heap of the 64-bit systems we run on aligns blocks of 16 bytes and more to 16; some align
// smaller ones only to 8.
enum { BLOCK_BYTES_MIN = 16, BUFFER_BYTES_MIN = 64 };

static size_t block_bytes(size_t size) {
    return size < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : size;
}

static void *system_allocate(void *context, size_t size) {
    (void)context;
    return malloc(block_bytes(size));
}

static void *system_reallocate(void *context, void *block, size_t old_size, size_t new_size) {
    (void)context;
    (void)old_size;
    return realloc(block, block_bytes(new_size));
}

static void system_release(void *context, void *block, size_t size) {
    (void)context;
    (void)size;
    free(block);
}

fc_allocator fc_allocator_system(void) {
    return (fc_allocator){
        .context = NULL,
        .allocate = system_allocate,
        .reallocate = system_reallocate,
        .release = system_release,
    };
}

void *fc_allocate_cleared(const fc_allocator *memory, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    size_t total = count * size;
    if (total == 0) total = 1; // NULL must mean "no memory" and nothing else
    void *block = memory->allocate(memory->context, total);
    if (block != NULL) memset(block, 0, total);
    return block;
}

void fc_buffer_init(fc_buffer *buffer, const fc_allocator *memory) {
    *buffer = (fc_buffer){.memory = memory};
}

void fc_buffer_deinit(fc_buffer *buffer) {
    if (buffer->data != NULL)
        buffer->memory->release(buffer->memory->context, buffer->data, buffer->capacity);
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}

void fc_buffer_clear(fc_buffer *buffer) {
    buffer->length = 0;
}

fc_status fc_buffer_reserve(fc_buffer *buffer, size_t additional) {
    assert(buffer->length <= buffer->capacity);
    if (additional <= buffer->capacity - buffer->length) return FC_STATUS_OK;
    if (additional > SIZE_MAX - buffer->length) return FC_STATUS_OUT_OF_MEMORY;
    size_t capacity = buffer->length + additional;
    if (buffer->capacity <= SIZE_MAX / 2 && capacity < buffer->capacity * 2)
        capacity = buffer->capacity * 2;
    if (capacity < BUFFER_BYTES_MIN) capacity = BUFFER_BYTES_MIN;

    const fc_allocator *memory = buffer->memory;
    void *data = buffer->data == NULL ? memory->allocate(memory->context, capacity)
                                      : memory->reallocate(memory->context, buffer->data,
                                                           buffer->capacity, capacity);
    if (data == NULL) return FC_STATUS_OUT_OF_MEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return FC_STATUS_OK;
}

fc_status fc_buffer_append(fc_buffer *buffer, const void *bytes, size_t length) {
    if (length == 0) return FC_STATUS_OK;
    fc_status status = fc_buffer_reserve(buffer, length);
    if (status != FC_STATUS_OK) return status;
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    return FC_STATUS_OK;
}

fc_status fc_buffer_append_zeros(fc_buffer *buffer, size_t length) {
    if (length == 0) return FC_STATUS_OK;
    fc_status status = fc_buffer_reserve(buffer, length);
    if (status != FC_STATUS_OK) return status;
    memset(buffer->data + buffer->length, 0, length);
    buffer->length += length;
    return FC_STATUS_OK;
}

fc_status fc_buffer_align(fc_buffer *buffer, size_t alignment) {
    assert(alignment != 0 && (alignment & (alignment - 1)) == 0);
    return fc_buffer_append_zeros(buffer, (0 - buffer->length) & (alignment - 1));
}
