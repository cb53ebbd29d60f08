// What both tables share: names, and the system's clock, chance, mutexes, conditions and threads.
#ifndef FC_OS_OS_INTERNAL_H
#define FC_OS_OS_INTERNAL_H

#include "os.h"

// Whether `name` may name an entry: not empty, no slash, not "." or "..", at most 255 bytes.
bool fc_os_name_is_valid(const char *name);

// Clock and chance.
int64_t fc_posix_wall_time_us(void *context);
uint64_t fc_posix_monotonic_time_ns(void *context);
fc_status fc_posix_random_bytes(void *context, void *bytes, size_t length);

// Mutexes, conditions and threads, in the memory of `memory`.
fc_status fc_posix_mutex_create(
    const fc_allocator *memory,
    fc_mutex **out); // Mutexes, conditions and threads, in the memory of `memory`.
fc_status fc_posix_mutex_create(const fc_allocator *memory, fc_mutex **out);
void fc_posix_mutex_destroy(const fc_allocator *memory, fc_mutex *mutex);
void fc_posix_mutex_lock(fc_mutex *mutex);
void fc_posix_mutex_unlock(fc_mutex *mutex);
fc_status fc_posix_condition_create(const fc_allocator *memory, fc_condition **out);
void fc_posix_condition_destroy(const fc_allocator *memory, fc_condition *condition);
// Returns whether the time has passed without a wake-up.
bool fc_posix_condition_wait(fc_condition *condition, fc_mutex *mutex, uint64_t timeout_ns);
void fc_posix_condition_signal(fc_condition *condition);
void fc_posix_condition_broadcast(fc_condition *condition);
fc_status fc_posix_thread_start(const fc_allocator *memory, void (*body)(void *argument),
                                void *argument, fc_thread **out);
void fc_posix_thread_join(const fc_allocator *memory, fc_thread *thread);
uint64_t fc_posix_thread_id(void);
#endif
