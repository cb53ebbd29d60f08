#include "bench_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

struct bench_lmdb {
    MDB_env *environment;
    MDB_dbi table;
    bool packed;
};

typedef struct point {
    int64_t time_us;
    double value;
} point;

static int compare_points(const MDB_val *a, const MDB_val *b) {
    point x, y;
    memcpy(&x, a->mv_data, sizeof x);
    memcpy(&y, b->mv_data, sizeof y);
    if (x.time_us != y.time_us) return x.time_us < y.time_us ? -1 : 1;
    return memcmp(&x.value, &y.value, sizeof x.value);
}

static int begin(bench_lmdb *lmdb, unsigned flags, MDB_txn **out) {
    int code = mdb_txn_begin(lmdb->environment, NULL, flags, out);
    // The order of duplicates is told to each process, through any transaction.
    if (code == 0 && lmdb->packed) code = mdb_set_dupsort(*out, lmdb->table, compare_points);
    return code;
}

static int end(MDB_txn *transaction, int code) {
    if (code == 0) return mdb_txn_commit(transaction);
    mdb_txn_abort(transaction);
    return code;
}

static int open_table(bench_lmdb *lmdb) {
    MDB_txn *transaction;
    int code = mdb_txn_begin(lmdb->environment, NULL, 0, &transaction);
    if (code != 0) return code;
    unsigned flags = MDB_CREATE | MDB_INTEGERKEY;
    if (lmdb->packed) flags |= MDB_DUPSORT | MDB_DUPFIXED;
    return end(transaction, mdb_dbi_open(transaction, NULL, flags, &lmdb->table));
}

int bench_lmdb_open(const char *path, bool packed, bool durable, bench_lmdb **out) {
    bench_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) return ENOMEM;
    lmdb->packed = packed;
    int code = mdb_env_create(&lmdb->environment);
    if (code == 0) code = mdb_env_set_mapsize(lmdb->environment, (size_t)1 << 30);
    unsigned flags = durable ? 0 : MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP | MDB_MAPASYNC;
    if (code == 0) code = mdb_env_open(lmdb->environment, path, flags | MDB_NORDAHEAD, 0600);
    if (code == 0) code = open_table(lmdb);
    if (code != 0) {
        bench_lmdb_close(lmdb);
        return code;
    }
    *out = lmdb;
    return 0;
}

void bench_lmdb_close(bench_lmdb *lmdb) {
    if (lmdb == NULL) return;
    if (lmdb->environment != NULL) mdb_env_close(lmdb->environment);
    free(lmdb);
}

// Puts one point at the end.
static int append_one(MDB_cursor *cursor, bool packed, int64_t time_us, double value) {
    uint64_t number = packed ? 0 : bench_commit_key(0, time_us);
    point both = {time_us, value};
    MDB_val key = {sizeof number, &number};
    MDB_val data = packed ? (MDB_val){sizeof both, &both} : (MDB_val){sizeof value, &value};
    return mdb_cursor_put(cursor, &key, &data, packed ? MDB_APPENDDUP : MDB_APPEND);
}

int bench_lmdb_append(bench_lmdb *lmdb, const int64_t *times_us, const double *values,
                      size_t count) {
    MDB_txn *transaction;
    MDB_cursor *cursor;
    int code = begin(lmdb, 0, &transaction);
    if (code != 0) return code;
    code = mdb_cursor_open(transaction, lmdb->table, &cursor);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = append_one(cursor, lmdb->packed, times_us[i], values[i]);
    return end(transaction, code);
}

int bench_lmdb_append_columns(bench_lmdb *lmdb, const int64_t *times_us, const double *values,
                              size_t count, size_t per_transaction) {
    point *points = malloc(per_transaction * sizeof *points);
    int code = points == NULL ? ENOMEM : 0;
    for (size_t first = 0; code == 0 && first < count; first += per_transaction) {
        size_t length = count - first > per_transaction ? per_transaction : count - first;
        for (size_t i = 0; i < length; i++)
            points[i] = (point){times_us[first + i], values[first + i]};
        MDB_txn *transaction;
        MDB_cursor *cursor;
        code = begin(lmdb, 0, &transaction);
        if (code != 0) break;
        uint64_t number = 0;
        MDB_val key = {sizeof number, &number},
                data[2] = {{sizeof *points, points}, {length, NULL}};
        code = mdb_cursor_open(transaction, lmdb->table, &cursor);
        if (code == 0) code = mdb_cursor_put(cursor, &key, data, MDB_MULTIPLE | MDB_APPENDDUP);
        if (code == 0 && data[1].mv_size != length) code = EIO;
        code = end(transaction, code);
    }
    free(points);
    return code;
}

static int range_of_pairs(MDB_cursor *cursor, int64_t start_us, int64_t end_us,
                          bench_series_answer *answer) {
    uint64_t number = bench_commit_key(0, start_us);
    MDB_val key = {sizeof number, &number}, data;
    int code = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
    while (code == 0) {
        int64_t time_us = bench_commit_key_time_us(*(const uint64_t *)key.mv_data);
        if (time_us >= end_us) return 0;
        answer->hits++;
        answer->time_sum += (uint64_t)time_us;
        answer->value_sum += *(const double *)data.mv_data;
        code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

// Adds the points of one page that lie in the range; false when the range ends in it.
static bool add_page(const MDB_val *page, int64_t start_us, int64_t end_us,
                     bench_series_answer *answer) {
    const point *points = page->mv_data;
    size_t count = page->mv_size / sizeof *points, low = 0, high = count;
    while (low < high) { // the page begins before the range
        size_t middle = (low + high) / 2;
        if (points[middle].time_us < start_us)
            low = middle + 1;
        else
            high = middle;
    }
    uint64_t time_sum = 0;
    double value_sum = 0;
    size_t i = low;
    for (; i < count && points[i].time_us < end_us; i++) {
        time_sum += (uint64_t)points[i].time_us;
        value_sum += points[i].value;
    }
    answer->hits += i - low;
    answer->time_sum += time_sum;
    answer->value_sum += value_sum;
    return i == count;
}

static int range_of_pages(MDB_cursor *cursor, int64_t start_us, int64_t end_us,
                          bench_series_answer *answer) {
    uint64_t number = 0;
    point first = {start_us, 0};
    MDB_val key = {sizeof number, &number}, data = {sizeof first, &first};
    int code = mdb_cursor_get(cursor, &key, &data, MDB_GET_BOTH_RANGE);
    if (code == 0) code = mdb_cursor_get(cursor, &key, &data, MDB_GET_MULTIPLE);
    while (code == 0 && add_page(&data, start_us, end_us, answer))
        code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT_MULTIPLE);
    return code == MDB_NOTFOUND ? 0 : code;
}

int bench_lmdb_ranges(bench_lmdb *lmdb, const int64_t *starts_us, size_t count, int64_t length_us,
                      bench_series_answer *out) {
    MDB_txn *transaction;
    MDB_cursor *cursor;
    bench_series_answer answer = {0};
    int code = begin(lmdb, MDB_RDONLY, &transaction);
    if (code != 0) return code;
    code = mdb_cursor_open(transaction, lmdb->table, &cursor);
    for (size_t i = 0; code == 0 && i < count; i++) {
        int64_t end_us = starts_us[i] + length_us;
        code = lmdb->packed ? range_of_pages(cursor, starts_us[i], end_us, &answer)
                            : range_of_pairs(cursor, starts_us[i], end_us, &answer);
    }
    if (code == 0) mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    *out = answer;
    return code;
}

// Moves the cursor to the point of a time and deletes it.
static int delete_one(MDB_cursor *cursor, bool packed, int64_t time_us) {
    uint64_t number = packed ? 0 : bench_commit_key(0, time_us);
    point first = {time_us, 0};
    MDB_val key = {sizeof number, &number}, data = {sizeof first, &first};
    int code = mdb_cursor_get(cursor, &key, &data, packed ? MDB_GET_BOTH_RANGE : MDB_SET);
    if (code != 0) return code;
    if (packed && ((const point *)data.mv_data)->time_us != time_us) return MDB_NOTFOUND;
    return mdb_cursor_del(cursor, 0);
}

int bench_lmdb_delete(bench_lmdb *lmdb, const int64_t *times_us, size_t count,
                      uint64_t *out_count) {
    MDB_txn *transaction;
    MDB_cursor *cursor;
    uint64_t deleted = 0;
    int code = begin(lmdb, 0, &transaction);
    if (code != 0) return code;
    code = mdb_cursor_open(transaction, lmdb->table, &cursor);
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = delete_one(cursor, lmdb->packed, times_us[i]);
        if (code == 0) deleted++;
        if (code == MDB_NOTFOUND) code = 0;
    }
    *out_count = deleted;
    return end(transaction, code);
}

typedef struct commit_run {
    bench_lmdb *lmdb;
    const bench_commit_load *load;
} commit_run;

static int run_writer(void *context, size_t writer) {
    const commit_run *run = context;
    const bench_commit_load *load = run->load;
    uint64_t row = load->first_row;
    int code = 0;
    for (uint64_t n = 0; code == 0 && n < load->commits_each; n++) {
        MDB_txn *transaction;
        code = begin(run->lmdb, 0, &transaction);
        if (code != 0) break;
        for (uint64_t i = 0; code == 0 && i < load->rows_per_commit; i++, row++) {
            uint64_t number =
                bench_commit_key(load->first_series + (uint32_t)writer, bench_commit_time_us(row));
            double value = bench_commit_value(row);
            MDB_val key = {sizeof number, &number}, data = {sizeof value, &value};
            code = mdb_put(transaction, run->lmdb->table, &key, &data, 0);
        }
        code = end(transaction, code);
    }
    return code;
}

int bench_lmdb_commit(bench_lmdb *lmdb, const bench_commit_load *load, uint64_t *out_ns) {
    commit_run run = {lmdb, load};
    return bench_run_threads(load->writers, run_writer, &run, out_ns);
}

int bench_lmdb_sum(bench_lmdb *lmdb, bench_series_answer *out) {
    MDB_txn *transaction;
    MDB_cursor *cursor;
    MDB_val key, data;
    bench_series_answer answer = {0};
    int code = begin(lmdb, MDB_RDONLY, &transaction);
    if (code != 0) return code;
    code = mdb_cursor_open(transaction, lmdb->table, &cursor);
    if (code == 0) {
        while ((code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
            answer.hits++;
            answer.time_sum += (uint64_t)bench_commit_key_time_us(*(const uint64_t *)key.mv_data);
            answer.value_sum += *(const double *)data.mv_data;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(transaction);
    *out = answer;
    return code == MDB_NOTFOUND ? 0 : code;
}
