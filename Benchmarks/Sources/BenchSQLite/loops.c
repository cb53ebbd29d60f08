#include "bench_sqlite.h"

// Runs a statement that returns no rows.
static int run(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int bench_sqlite_insert_boxes(sqlite3_stmt *statement, const bench_boxes *boxes, size_t first,
                              size_t end) {
    for (size_t i = first; i < end; i++) {
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)(i + 1));
        sqlite3_bind_double(statement, 2, boxes->west[i]);
        sqlite3_bind_double(statement, 3, boxes->east[i]);
        sqlite3_bind_double(statement, 4, boxes->south[i]);
        sqlite3_bind_double(statement, 5, boxes->north[i]);
        int code = run(statement);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

int bench_sqlite_windows(sqlite3_stmt *statement, const bench_boxes *windows,
                         bench_answer *answer) {
    for (size_t i = 0; i < windows->count; i++) {
        sqlite3_bind_double(statement, 1, windows->east[i]);
        sqlite3_bind_double(statement, 2, windows->west[i]);
        sqlite3_bind_double(statement, 3, windows->north[i]);
        sqlite3_bind_double(statement, 4, windows->south[i]);
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
