#if defined(__linux__)
#define _GNU_SOURCE // clock_gettime and RUSAGE_THREAD under -std=c17
#endif
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench_place.h"
#if defined(__linux__)
#include <sys/vfs.h>
#endif

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_wall_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_processor_ns(void) {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t bench_other_threads_ns(void) {
    // Own time first: time that passes between the two calls must not be charged to others.
    uint64_t own = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    uint64_t all = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    return all > own ? all - own : 0;
}

void bench_settle_heap(void) {
    // glibc tidies its lists of small blocks at the next request for a large one.
    void *volatile block = malloc((size_t)1 << 16);
    free(block);
}

bool bench_is_memory_disk(const char *path) {
#if defined(__linux__)
    enum { TMPFS = 0x01021994 };
    const unsigned ramfs = 0x858458f6u;
    struct statfs info;
    if (statfs(path, &info) != 0) return false;
    return (unsigned)info.f_type == TMPFS || (unsigned)info.f_type == ramfs;
#else
    (void)path;
    return false;
#endif
}

static uint64_t preemptions_so_far(void) {
#if defined(__linux__)
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
#else
    return 0;
#endif
}

bench_stopwatch bench_stopwatch_start(void) {
    bench_stopwatch watch = {.preemptions = preemptions_so_far()};
    watch.before_ns = bench_wall_ns();
    return watch;
}

// Whoever is interrupted loses microseconds at least: only then it is worth a system call to ask, and
// what that takes is nobody's.
uint32_t bench_stopwatch_lap(bench_stopwatch *watch) {
    enum { WORTH_ASKING_NS = 3000 };
    uint64_t now_ns = bench_wall_ns(), took_ns = now_ns - watch->before_ns;
    watch->before_ns = now_ns;
    if (took_ns < WORTH_ASKING_NS) return (uint32_t)took_ns;
    uint64_t preemptions = preemptions_so_far();
    bool is_interrupted = preemptions != watch->preemptions || took_ns >= BENCH_INTERRUPTED;
    watch->preemptions = preemptions;
    watch->before_ns = bench_wall_ns();
    return is_interrupted ? BENCH_INTERRUPTED : (uint32_t)took_ns;
}

uint64_t bench_resident_bytes(void) {
#if defined(__linux__)
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    unsigned long long all, resident = 0;
    int fields = fscanf(file, "%llu %llu", &all, &resident);
    fclose(file);
    return fields == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
#else
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss : 0;
#endif
}
