// Durable commits: the nine calls on a real disk, and the fastest way to make a few bytes durable.
#ifndef BENCH_COMMITS_H
#define BENCH_COMMITS_H

#include "bench.h"
#include "bench_load.h"

// ---- formdb-store on a real disk ----------------------------------------------------------------

typedef struct bench_commits bench_commits;
// Makes the store when it is missing. Durability `full`.
FC_MUST_USE fc_status bench_commits_open(const char *path, bench_commits **out);
void bench_commits_close(bench_commits *commits);
FC_MUST_USE fc_status bench_commits_create_series(bench_commits *commits, uint32_t first,
                                                  uint32_t count);
FC_MUST_USE fc_status bench_commits_run(bench_commits *commits, const bench_commit_load *load,
                                        uint64_t *out_ns);
// Counts and sums the points of the series `first` and the `count` - 1 after it.
FC_MUST_USE fc_status bench_commits_sum(bench_commits *commits, uint32_t first, uint32_t count,
                                        bench_series_answer *out);

// ---- The disk itself ----------------------------------------------------------------------------

typedef enum bench_disk_method {
    BENCH_DISK_APPEND = 0,    // write at the end, fdatasync
    BENCH_DISK_OVERWRITE = 1, // write over zeros that were written ahead, fdatasync
    BENCH_DISK_DIRECT = 2,    // the same with O_DIRECT|O_DSYNC, no call to sync
    BENCH_DISK_METHOD_COUNT = 3,
} bench_disk_method;

// Makes `count` blocks of `bytes` (a multiple of 4096) durable one by one, in a new file that is
// removed again. Returns 0 or the errno that ended it (ENOTSUP or EINVAL: not on this system).
int bench_disk_floor(const char *path, bench_disk_method method, size_t count, size_t bytes,
                     uint64_t *out_ns);
#endif
