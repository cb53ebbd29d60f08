#include "model_support.h"

#include <stdlib.h>
#include <string.h>

static bool fails(model_memory *memory) {
    const uint64_t call = memory->call_count++;
    if (call < memory->fail_at || call >= memory->fail_end) return false;
    memory->was_hit = true;
    return true;
}

static void *model_allocate(void *context, size_t size) {
    model_memory *memory = context;
    if (fails(memory)) return NULL;
    void *block = aligned_alloc(16, (size + 15) & ~(size_t)15);
    if (block == NULL) abort();
    memset(block, 0xA5, size < 4096 ? size : 4096);
    memory->live_count++;
    return block;
}

static void model_release(void *context, void *block, size_t size) {
    model_memory *memory = context;
    (void)size;
    if (block != NULL) memory->live_count--;
    free(block);
}

static void *model_reallocate(void *context, void *block, size_t old_size, size_t new_size) {
    void *moved = model_allocate(context, new_size); // always moves
    if (moved == NULL) return NULL;
    if (block != NULL) memcpy(moved, block, old_size < new_size ? old_size : new_size);
    model_release(context, block, old_size);
    return moved;
}

void model_memory_init(model_memory *memory) {
    *memory = (model_memory){.os = *fc_os_posix(), .fail_at = UINT64_MAX};
    memory->os.memory = (fc_allocator){.context = memory,
                                       .allocate = model_allocate,
                                       .reallocate = model_reallocate,
                                       .release = model_release};
}

void model_memory_arm(model_memory *memory, uint64_t after, bool for_good) {
    memory->fail_at = memory->call_count + after;
    memory->fail_end = for_good ? UINT64_MAX : memory->fail_at + 1;
    memory->was_hit = false;
}

void model_memory_disarm(model_memory *memory) {
    memory->fail_at = UINT64_MAX;
}
