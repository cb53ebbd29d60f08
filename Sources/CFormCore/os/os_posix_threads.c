// Clock, chance, mutexes, conditions and threads of a POSIX system.
#if !defined(_GNU_SOURCE) && !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#if defined(__linux__)
#include <sys/random.h>
#endif

#include "os_internal.h"

// A longer wait is cut to this, as a spurious wake-up; no sum with it overflows.
static const uint64_t wait_ns_max = 1000000000ull * 86400 * 365;

struct fc_mutex {
    pthread_mutex_t mutex;
};

struct fc_condition {
    pthread_cond_t condition;
};

struct fc_thread {
    pthread_t thread;
    void (*body)(void *argument);
    void *argument;
};

int64_t fc_posix_wall_time_us(void *context) {
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t fc_posix_monotonic_time_ns(void *context) {
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

fc_status fc_posix_random_bytes(void *context, void *bytes, size_t length) {
    (void)context;
#if defined(__linux__)
    size_t done = 0;
    while (done < length) {
        ssize_t part = getrandom((uint8_t *)bytes + done, length - done, 0);
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) return FC_STATUS_IO;
        done += (size_t)part;
    }
#else
    arc4random_buf(bytes, length);
#endif
    return FC_STATUS_OK;
}

// These calls fail only when misused, which is a bug of ours.
static void require(int code) {
    assert(code == 0);
    (void)code;
}

fc_status fc_posix_mutex_create(const fc_allocator *memory, fc_mutex **out) {
    fc_mutex *mutex = memory->allocate(memory->context, sizeof *mutex);
    if (mutex == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (pthread_mutex_init(&mutex->mutex, NULL) != 0) {
        memory->release(memory->context, mutex, sizeof *mutex);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    *out = mutex;
    return FC_STATUS_OK;
}

void fc_posix_mutex_destroy(const fc_allocator *memory, fc_mutex *mutex) {
    if (mutex == NULL) return;
    require(pthread_mutex_destroy(&mutex->mutex));
    memory->release(memory->context, mutex, sizeof *mutex);
}

void fc_posix_mutex_lock(fc_mutex *mutex) {
    require(pthread_mutex_lock(&mutex->mutex));
}

void fc_posix_mutex_unlock(fc_mutex *mutex) {
    require(pthread_mutex_unlock(&mutex->mutex));
}

// Timeouts must not follow the wall clock, which can be set.
static int init_monotonic(pthread_cond_t *condition) {
#if defined(__APPLE__)
    return pthread_cond_init(condition, NULL); // the relative wait needs no clock
#else
    pthread_condattr_t attributes;
    int code = pthread_condattr_init(&attributes);
    if (code != 0) return code;
    code = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (code == 0) code = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return code;
#endif
}

fc_status fc_posix_condition_create(const fc_allocator *memory, fc_condition **out) {
    fc_condition *condition = memory->allocate(memory->context, sizeof *condition);
    if (condition == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (init_monotonic(&condition->condition) != 0) {
        memory->release(memory->context, condition, sizeof *condition);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    *out = condition;
    return FC_STATUS_OK;
}

void fc_posix_condition_destroy(const fc_allocator *memory, fc_condition *condition) {
    if (condition == NULL) return;
    require(pthread_cond_destroy(&condition->condition));
    memory->release(memory->context, condition, sizeof *condition);
}

bool fc_posix_condition_wait(fc_condition *condition, fc_mutex *mutex, uint64_t timeout_ns) {
    if (timeout_ns == UINT64_MAX) {
        require(pthread_cond_wait(&condition->condition, &mutex->mutex));
        return false;
    }
    if (timeout_ns > wait_ns_max) timeout_ns = wait_ns_max;
    struct timespec time;
#if defined(__APPLE__)
    time.tv_sec = (time_t)(timeout_ns / 1000000000u);
    time.tv_nsec = (long)(timeout_ns % 1000000000u);
    int code = pthread_cond_timedwait_relative_np(&condition->condition, &mutex->mutex, &time);
#else
    uint64_t deadline_ns = fc_posix_monotonic_time_ns(NULL) + timeout_ns;
    time.tv_sec = (time_t)(deadline_ns / 1000000000u);
    time.tv_nsec = (long)(deadline_ns % 1000000000u);
    int code = pthread_cond_timedwait(&condition->condition, &mutex->mutex, &time);
#endif
    assert(code == 0 || code == ETIMEDOUT);
    return code == ETIMEDOUT;
}

void fc_posix_condition_signal(fc_condition *condition) {
    require(pthread_cond_signal(&condition->condition));
}

void fc_posix_condition_broadcast(fc_condition *condition) {
    require(pthread_cond_broadcast(&condition->condition));
}

static void *run_thread(void *context) {
    fc_thread *thread = context;
    thread->body(thread->argument);
    return NULL;
}

fc_status fc_posix_thread_start(const fc_allocator *memory, void (*body)(void *argument),
                                void *argument, fc_thread **out) {
    fc_thread *thread = memory->allocate(memory->context, sizeof *thread);
    if (thread == NULL) return FC_STATUS_OUT_OF_MEMORY;
    thread->body = body;
    thread->argument = argument;
    // The host's signal handlers have no business on our threads, which inherit this mask.
    sigset_t all, before;
    sigfillset(&all);
    require(pthread_sigmask(SIG_SETMASK, &all, &before));
    int code = pthread_create(&thread->thread, NULL, run_thread, thread);
    require(pthread_sigmask(SIG_SETMASK, &before, NULL));
    if (code != 0) {
        memory->release(memory->context, thread, sizeof *thread);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    *out = thread;
    return FC_STATUS_OK;
}

void fc_posix_thread_join(const fc_allocator *memory, fc_thread *thread) {
    if (thread == NULL) return;
    require(pthread_join(thread->thread, NULL));
    memory->release(memory->context, thread, sizeof *thread);
}

uint64_t fc_posix_thread_id(void) {
    static _Thread_local char here; // threads that run at the same time have different ones
    return (uint64_t)(uintptr_t)&here;
}
