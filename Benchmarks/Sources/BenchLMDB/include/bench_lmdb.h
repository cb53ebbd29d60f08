// LMDB's hot loops. Two shapes, each the best at something:
//   pairs   a key an integer (series and time) with its value, MDB_INTEGERKEY;
//   packed  the points of a series as the sorted duplicates of one key, MDB_DUPFIXED, which a
//           cursor hands out a page at a time. Series number 0 only.
// Each returns 0 or LMDB's code (mdb_strerror).
#ifndef BENCH_LMDB_H
#define BENCH_LMDB_H

#include <bench_load.h>
#include <stdbool.h>

typedef struct bench_lmdb bench_lmdb;
// In the directory `path`. `durable`: LMDB's default, synced at each commit; else never synced, and
// written through the memory map, which is fastest then.
int bench_lmdb_open(const char *path, bool packed, bool durable, bench_lmdb **out);
void bench_lmdb_close(bench_lmdb *lmdb);
// One call a point, all in one transaction, each known to be the last (MDB_APPEND).
int bench_lmdb_append(bench_lmdb *lmdb, const int64_t *times_us, const double *values,
                      size_t count);
// Packed only: `per_transaction` points a transaction, all of them one call (MDB_MULTIPLE).
int bench_lmdb_append_columns(bench_lmdb *lmdb, const int64_t *times_us, const double *values,
                              size_t count, size_t per_transaction);
// Ranges [starts_us[i], starts_us[i] + length_us), one read transaction and cursor for all.
int bench_lmdb_ranges(bench_lmdb *lmdb, const int64_t *starts_us, size_t count, int64_t length_us,
                      bench_series_answer *out);
// One call a point, all in one transaction. *out_count is how many there were.
int bench_lmdb_delete(bench_lmdb *lmdb, const int64_t *times_us, size_t count, uint64_t *out_count);
// Pairs only.
int bench_lmdb_commit(bench_lmdb *lmdb, const bench_commit_load *load, uint64_t *out_ns);
int bench_lmdb_sum(bench_lmdb *lmdb, bench_series_answer *out);
#endif
