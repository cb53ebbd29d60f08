#include <pthread.h>

#include "bench_sqlite.h"

typedef struct commit_run {
    const bench_commit_load *load;
    pthread_mutex_t mutex; // around each transaction: the connection has no mutex of its own
    sqlite3_stmt *begin, *insert, *commit;
} commit_run;

static int step(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int insert_rows(const commit_run *run, uint32_t series, uint64_t first) {
    int code = SQLITE_OK;
    for (uint64_t i = 0; code == SQLITE_OK && i < run->load->rows_per_commit; i++) {
        sqlite3_bind_int64(run->insert, 1, series);
        sqlite3_bind_int64(run->insert, 2, bench_commit_time_us(first + i));
        sqlite3_bind_double(run->insert, 3, bench_commit_value(first + i));
        code = step(run->insert);
    }
    return code;
}

static int run_writer(void *context, size_t writer) {
    commit_run *run = context;
    const bench_commit_load *load = run->load;
    const bool is_alone = load->rows_per_commit == 1;
    int code = SQLITE_OK;
    for (uint64_t n = 0; code == SQLITE_OK && n < load->commits_each; n++) {
        pthread_mutex_lock(&run->mutex);
        if (!is_alone) code = step(run->begin);
        if (code == SQLITE_OK)
            code = insert_rows(run, load->first_series + (uint32_t)writer,
                               load->first_row + n * load->rows_per_commit);
        if (code == SQLITE_OK && !is_alone) code = step(run->commit);
        pthread_mutex_unlock(&run->mutex);
    }
    return code;
}

static int prepare(sqlite3 *connection, const char *sql, sqlite3_stmt **out) {
    return sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

int bench_sqlite_commit(sqlite3 *connection, const bench_commit_load *load, uint64_t *out_ns) {
    commit_run run = {.load = load, .mutex = PTHREAD_MUTEX_INITIALIZER};
    int code = prepare(connection, "BEGIN IMMEDIATE", &run.begin);
    if (code == SQLITE_OK)
        code = prepare(connection, "INSERT INTO points VALUES (?, ?, ?)", &run.insert);
    if (code == SQLITE_OK) code = prepare(connection, "COMMIT", &run.commit);
    if (code == SQLITE_OK) code = bench_run_threads(load->writers, run_writer, &run, out_ns);
    sqlite3_finalize(run.begin);
    sqlite3_finalize(run.insert);
    sqlite3_finalize(run.commit);
    pthread_mutex_destroy(&run.mutex);
    return code;
}

int bench_sqlite_sum(sqlite3 *connection, bench_series_answer *out) {
    sqlite3_stmt *search = NULL;
    bench_series_answer answer = {0};
    int code = prepare(connection, "SELECT time, value FROM points", &search);
    if (code != SQLITE_OK) return code;
    while ((code = sqlite3_step(search)) == SQLITE_ROW) {
        answer.hits++;
        answer.time_sum += (uint64_t)sqlite3_column_int64(search, 0);
        answer.value_sum += sqlite3_column_double(search, 1);
    }
    sqlite3_finalize(search);
    *out = answer;
    return code == SQLITE_DONE ? SQLITE_OK : code;
}
