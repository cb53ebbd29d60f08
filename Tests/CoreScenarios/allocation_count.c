// Counting allocations; see the header.
#include "include/AllocationCount.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static _Thread_local uint64_t count;

uint64_t scenario_allocation_count(void) {
    return count;
}

#if defined(HAS_SANITIZER)

bool scenario_counts_allocations(void) {
    return false;
}

#elif defined(__GLIBC__)

// glibc's own, under the names that it keeps for programs which define malloc themselves.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size) {
    count++;
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count++;
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count++;
    return __libc_realloc(old, size);
}

bool scenario_counts_allocations(void) {
    // Whether libraries find the functions above: they do unless the program was linked in a way that
    // hides them.
    const uint64_t before = count;
    FILE *file = fopen("/dev/null", "r");
    if (file != NULL) fclose(file);
    return count > before;
}

#elif defined(__APPLE__)

// Called by the system's malloc for each operation; bit 2 of `type` is set where memory is given.
typedef void logger(uint32_t type, uintptr_t zone, uintptr_t size, uintptr_t more, uintptr_t result,
                    uint32_t frames);
extern logger *malloc_logger;

static void note(uint32_t type, uintptr_t zone, uintptr_t size, uintptr_t more, uintptr_t result,
                 uint32_t frames) {
    (void)zone, (void)size, (void)more, (void)result, (void)frames;
    if (type & 2) count++;
}

bool scenario_counts_allocations(void) {
    malloc_logger = note;
    return true;
}

#else

bool scenario_counts_allocations(void) {
    return false;
}

#endif
