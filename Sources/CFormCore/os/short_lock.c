#if !defined(_GNU_SOURCE) && !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#include "short_lock.h"

#include <assert.h>
#include <stdbool.h>
#include <time.h>

enum { SPINS = 100, SLEEP_NS_FIRST = 1000, SLEEP_NS_MAX = 128 * 1000 };

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool try_take(fc_short_lock *lock) {
    return __atomic_exchange_n(&lock->is_taken, 1, __ATOMIC_ACQUIRE) == 0;
}

static __attribute__((noinline)) void wait_and_take(fc_short_lock *lock) {
    long sleep_ns = SLEEP_NS_FIRST;
    for (int spins = 0;; spins++) {
        // Looking does not take the line away from the holder.
        if (__atomic_load_n(&lock->is_taken, __ATOMIC_RELAXED) == 0 && try_take(lock)) return;
        if (spins < SPINS) {
            relax();
            continue;
        }
        const struct timespec time = {.tv_nsec = sleep_ns};
        nanosleep(&time, NULL);
        if (sleep_ns < SLEEP_NS_MAX) sleep_ns *= 2;
    }
}

void fc_short_lock_take(fc_short_lock *lock) {
    if (!try_take(lock)) wait_and_take(lock);
}

void fc_short_lock_give(fc_short_lock *lock) {
    assert(__atomic_load_n(&lock->is_taken, __ATOMIC_RELAXED) == 1);
    __atomic_store_n(&lock->is_taken, 0, __ATOMIC_RELEASE);
}
