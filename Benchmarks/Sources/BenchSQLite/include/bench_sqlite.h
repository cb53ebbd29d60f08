// SQLite's hot loops, in C like FormDB's own, so that no language stands between a peer and its
// figures. A call runs a prepared statement over a stretch [first, end) of a batch. Each returns
// SQLITE_OK or the code that ended it; the statement is reset either way.
#ifndef BENCH_SQLITE_H
#define BENCH_SQLITE_H

#include <bench.h>
#include <sqlite3.h>

// Parameters: id, west, east, south, north.
int bench_sqlite_insert_boxes(sqlite3_stmt *statement, const bench_boxes *boxes, size_t first,
                              size_t end);
// Parameters: east, west, north, south of the window; column 0: id. Adds to *answer.
int bench_sqlite_windows(sqlite3_stmt *statement, const bench_boxes *windows, bench_answer *answer);
// Parameters: id, west, east, south, north: row ids[i] becomes boxes[i].
int bench_sqlite_upsert_boxes(sqlite3_stmt *statement, const int64_t *ids, const bench_boxes *boxes,
                              size_t first, size_t end);
// Parameters: id, west, east, south, north, start, end (an instant: both the same).
int bench_sqlite_insert_timed(sqlite3_stmt *statement, const bench_boxes *boxes,
                              const double *times, size_t first, size_t end);
// Window i and the time [starts[i], starts[i] + length). Parameters: east, west, north, south of the
// window, end and start of the time; column 0: id. With `filters_after` only the four of the window,
// and columns 1 and 2, start and end of the row, are looked at here. Adds to *answer.
int bench_sqlite_windows_during(sqlite3_stmt *statement, const bench_boxes *windows,
                                const double *starts, double length, bool filters_after,
                                bench_answer *answer);
// Parameters: time, value.
int bench_sqlite_insert_points(sqlite3_stmt *statement, const int64_t *times_us,
                               const double *values, size_t first, size_t end);
// Parameters: start, end; columns: time, value. Adds to *answer.
int bench_sqlite_ranges(sqlite3_stmt *statement, const int64_t *starts_us, size_t count,
                        int64_t length_us, bench_series_answer *answer);
// Parameter: an integer key. Adds the number of rows that went to *count.
int bench_sqlite_delete(sqlite3_stmt *statement, const int64_t *keys, size_t first, size_t end,
                        uint64_t *count);
// Durable transactions by many threads over one connection, one at a time: threads that wait for a
// mutex are faster than connections that poll for the file's lock. The table is
// points(series, time, value); one row a transaction goes without BEGIN and COMMIT.
int bench_sqlite_commit(sqlite3 *connection, const bench_commit_load *load, uint64_t *out_ns);
// Counts and sums all points.
int bench_sqlite_sum(sqlite3 *connection, bench_series_answer *out);
#endif
