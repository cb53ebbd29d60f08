// RocksDB's hot loops, behind a C header. Keys are a series and a time as one big-endian integer.
// Each returns 0, or another number after a failure that bench_rocksdb_message tells.
#ifndef BENCH_ROCKSDB_H
#define BENCH_ROCKSDB_H

#include <bench_load.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif
typedef struct bench_rocksdb bench_rocksdb;
const char *bench_rocksdb_version(void);
// Of the last failure in this process.
const char *bench_rocksdb_message(void);
// In the directory `path`. `durable`: write-ahead log, synced at each write; else no log at all.
int bench_rocksdb_open(const char *path, bool durable, bench_rocksdb **out);
void bench_rocksdb_close(bench_rocksdb *rocksdb);
// One call a point, in write batches of `per_batch`.
int bench_rocksdb_append(bench_rocksdb *rocksdb, const int64_t *times_us, const double *values,
                         size_t count, size_t per_batch);
// Ranges [starts_us[i], starts_us[i] + length_us), one snapshot and iterator for all.
int bench_rocksdb_ranges(bench_rocksdb *rocksdb, const int64_t *starts_us, size_t count,
                         int64_t length_us, bench_series_answer *out);
// One call a point, in write batches of `per_batch`. RocksDB does not tell whether they were there.
int bench_rocksdb_delete(bench_rocksdb *rocksdb, const int64_t *times_us, size_t count,
                         size_t per_batch);
int bench_rocksdb_commit(bench_rocksdb *rocksdb, const bench_commit_load *load, uint64_t *out_ns);
int bench_rocksdb_sum(bench_rocksdb *rocksdb, bench_series_answer *out);
#ifdef __cplusplus
}
#endif
#endif
