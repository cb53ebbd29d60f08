#include "bench_sqlite.h"

// Runs a statement that returns no rows.
static int run(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static void bind_box(sqlite3_stmt *statement, int64_t id, const bench_boxes *boxes, size_t i) {
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_double(statement, 2, boxes->west[i]);
    sqlite3_bind_double(statement, 3, boxes->east[i]);
    sqlite3_bind_double(statement, 4, boxes->south[i]);
    sqlite3_bind_double(statement, 5, boxes->north[i]);
}

int bench_sqlite_insert_boxes(sqlite3_stmt *statement, const bench_boxes *boxes, size_t first,
                              size_t end) {
    for (size_t i = first; i < end; i++) {
        bind_box(statement, (int64_t)(i + 1), boxes, i);
        int code = run(statement);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_upsert_boxes(sqlite3_stmt *statement, const int64_t *ids, const bench_boxes *boxes,
                              size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        bind_box(statement, ids[i], boxes, i);
        int code = run(statement);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_insert_timed(sqlite3_stmt *statement, const bench_boxes *boxes,
                              const double *times, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        bind_box(statement, (int64_t)(i + 1), boxes, i);
        sqlite3_bind_double(statement, 6, times[i]);
        sqlite3_bind_double(statement, 7, times[i]);
        int code = run(statement);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

static void bind_window(sqlite3_stmt *statement, const bench_boxes *windows, size_t i) {
    sqlite3_bind_double(statement, 1, windows->east[i]);
    sqlite3_bind_double(statement, 2, windows->west[i]);
    sqlite3_bind_double(statement, 3, windows->north[i]);
    sqlite3_bind_double(statement, 4, windows->south[i]);
}

int bench_sqlite_windows_during(sqlite3_stmt *statement, const bench_boxes *windows,
                                const double *starts, double length, bool filters_after,
                                bench_answer *answer) {
    for (size_t i = 0; i < windows->count; i++) {
        const double start = starts[i], end = start + length;
        bind_window(statement, windows, i);
        if (!filters_after) {
            sqlite3_bind_double(statement, 5, end);
            sqlite3_bind_double(statement, 6, start);
        }
        int code;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            if (filters_after && (sqlite3_column_double(statement, 1) >= end ||
                                  sqlite3_column_double(statement, 2) < start))
                continue;
            answer->hits++;
            answer->id_sum += (uint64_t)sqlite3_column_int64(statement, 0);
        }
        sqlite3_reset(statement);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_windows(sqlite3_stmt *statement, const bench_boxes *windows,
                         bench_answer *answer) {
    for (size_t i = 0; i < windows->count; i++) {
        bind_window(statement, windows, i);
        int code;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            answer->hits++;
            answer->id_sum += (uint64_t)sqlite3_column_int64(statement, 0);
        }
        sqlite3_reset(statement);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_insert_points(sqlite3_stmt *statement, const int64_t *times_us,
                               const double *values, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        sqlite3_bind_int64(statement, 1, times_us[i]);
        sqlite3_bind_double(statement, 2, values[i]);
        int code = run(statement);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_ranges(sqlite3_stmt *statement, const int64_t *starts_us, size_t count,
                        int64_t length_us, bench_series_answer *answer) {
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(statement, 1, starts_us[i]);
        sqlite3_bind_int64(statement, 2, starts_us[i] + length_us);
        int code;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            answer->hits++;
            answer->time_sum += (uint64_t)sqlite3_column_int64(statement, 0);
            answer->value_sum += sqlite3_column_double(statement, 1);
        }
        sqlite3_reset(statement);
        if (code != SQLITE_DONE) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_delete(sqlite3_stmt *statement, const int64_t *keys, size_t first, size_t end,
                        uint64_t *count) {
    sqlite3 *connection = sqlite3_db_handle(statement);
    for (size_t i = first; i < end; i++) {
        sqlite3_bind_int64(statement, 1, keys[i]);
        int code = run(statement);
        if (code != SQLITE_OK) return code;
        *count += (uint64_t)sqlite3_changes(connection);
    }
    return SQLITE_OK;
}
