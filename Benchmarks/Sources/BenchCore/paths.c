#include "bench_paths.h"

#include <stdlib.h>

static fc_question whole_question(const bench_question *q) {
    return (fc_question){
        .has_box = q->has_box,
        .box = {q->west, q->south, q->east, q->north},
        .has_time = q->has_time,
        .time_start_us = q->start_us,
        .time_end_us = q->end_us,
    };
}

bool bench_path_answers(const bench_question *q, bench_path path) {
    switch (path) {
    case BENCH_PATH_PLACE:
        return q->has_box && q->order != BENCH_ORDER_PROPERTY;
    case BENCH_PATH_TIME:
        return q->has_time && q->order != BENCH_ORDER_PROPERTY;
    case BENCH_PATH_BOTH:
        return q->has_box && q->has_time && q->order != BENCH_ORDER_PROPERTY;
    case BENCH_PATH_SCAN:
        return q->order != BENCH_ORDER_PROPERTY;
    case BENCH_PATH_INDEX:
        return q->has_index && q->ranges != NULL && q->order != BENCH_ORDER_PROPERTY;
    case BENCH_PATH_TIME_ORDER:
        return q->order == BENCH_ORDER_TIME && q->limit > 0;
    case BENCH_PATH_INDEX_ORDER:
        return q->has_index && q->order == BENCH_ORDER_PROPERTY;
    }
    return false;
}

// ---- Gathering ----------------------------------------------------------------------------------

static fc_status gather(const bench_question *q, bench_path path, fc_positions *rows) {
    const fc_question whole = whole_question(q);
    fc_question asked = whole, rest = {0};
    fc_status status = FC_STATUS_OK;
    const fc_predicate *predicate = q->predicate;
    uint32_t next;
    switch (path) {
    case BENCH_PATH_PLACE:
        asked.has_time = false;
        rest = whole;
        rest.has_box = false;
        status = fc_view_search(q->view, &asked, SIZE_MAX, rows);
        break;
    case BENCH_PATH_TIME:
        asked.has_box = false;
        rest = whole;
        rest.has_time = false;
        status = fc_view_search(q->view, &asked, SIZE_MAX, rows);
        break;
    case BENCH_PATH_BOTH:
        status = fc_view_search(q->view, &asked, SIZE_MAX, rows);
        break;
    case BENCH_PATH_SCAN:
        status = fc_view_scan(q->view, &asked, 0, fc_view_read_size(q->view).positions, SIZE_MAX,
                              rows, &next);
        break;
    case BENCH_PATH_INDEX:
        rest = whole;
        predicate = q->rest;
        status = fc_view_index_search(q->view, q->index_id, q->ranges, q->range_count, SIZE_MAX,
                                      NULL, rows);
        break;
    case BENCH_PATH_TIME_ORDER:
    case BENCH_PATH_INDEX_ORDER:
        return FC_STATUS_INVALID_ARGUMENT;
    }
    if (status != FC_STATUS_OK) return status;
    if (rest.has_box || rest.has_time)
        fc_view_restrict(q->view, &rest, 0, fc_view_read_size(q->view).positions, rows);
    if (predicate != NULL) fc_view_filter(q->view, predicate, rows);
    return FC_STATUS_OK;
}

typedef struct keyed {
    int64_t time_us, id;
} keyed;

static int ascending(const void *left, const void *right) {
    const keyed *a = left, *b = right;
    if (a->time_us != b->time_us) return a->time_us < b->time_us ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static int descending(const void *left, const void *right) {
    const keyed *a = left, *b = right;
    if (a->time_us != b->time_us) return a->time_us > b->time_us ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

// Rows without a time come last; INT64_MIN and INT64_MAX are no times of the benchmark's.
static keyed key_of(const bench_question *q, uint32_t position) {
    int64_t start, end;
    if (q->order == BENCH_ORDER_ID) return (keyed){0, fc_view_id(q->view, position).integer};
    const bool has_time = fc_view_time(q->view, position, &start, &end);
    return (keyed){
        has_time        ? start
        : q->descending ? INT64_MIN
                        : INT64_MAX,
        fc_view_id(q->view, position).integer,
    };
}

static fc_status give_in_order(const bench_question *q, const fc_positions *rows, int64_t *ids,
                               size_t capacity, size_t *count) {
    const size_t wanted = q->limit > 0 && q->limit < rows->count ? q->limit : rows->count;
    *count = wanted;
    if (wanted > capacity) return FC_STATUS_OUT_OF_MEMORY;
    if (q->order == BENCH_ORDER_NONE) {
        for (size_t i = 0; i < wanted; i++)
            ids[i] = fc_view_id(q->view, rows->data[i]).integer;
        return FC_STATUS_OK;
    }
    keyed *keys = malloc((rows->count + 1) * sizeof *keys);
    if (keys == NULL) return FC_STATUS_OUT_OF_MEMORY;
    int (*compare)(const void *, const void *) = q->descending ? descending : ascending;
    // With a limit: the best so far, sorted now and then, and the last of them as a gate.
    const size_t kept_max =
        q->limit > 0 && q->limit < rows->count ? 4 * q->limit + 64 : rows->count;
    size_t kept = 0;
    bool has_gate = false;
    keyed gate = {0, 0};
    for (size_t i = 0; i < rows->count; i++) {
        const keyed key = key_of(q, rows->data[i]);
        if (has_gate && compare(&key, &gate) > 0) continue;
        keys[kept++] = key;
        if (kept == kept_max && i + 1 < rows->count) {
            qsort(keys, kept, sizeof *keys, compare);
            kept = wanted;
            gate = keys[wanted - 1];
            has_gate = true;
        }
    }
    qsort(keys, kept, sizeof *keys, compare);
    for (size_t i = 0; i < wanted; i++)
        ids[i] = keys[i].id;
    free(keys);
    return FC_STATUS_OK;
}

// ---- In order -----------------------------------------------------------------------------------

static bool row_answers(const bench_question *q, const fc_question *whole,
                        const fc_predicate *predicate, uint32_t position) {
    if ((whole->has_box || whole->has_time) && !fc_view_matches(q->view, position, whole))
        return false;
    return predicate == NULL || fc_view_meets(q->view, predicate, position);
}

static fc_status take_by_time(const bench_question *q, int64_t *ids, size_t capacity,
                              size_t *count) {
    const fc_question whole = whole_question(q);
    if (q->limit > capacity) return FC_STATUS_OUT_OF_MEMORY;
    *count = 0;
    size_t at = 0, end = q->by_time_count;
    while (at < end && *count < q->limit) {
        // Equal times come by id, also when times fall.
        size_t first = q->descending ? end - 1 : at, last = first;
        if (q->descending) {
            int64_t start, other, ignored;
            fc_view_time(q->view, q->by_time[first], &start, &ignored);
            while (first > 0 && fc_view_time(q->view, q->by_time[first - 1], &other, &ignored) &&
                   other == start)
                first--;
            end = first;
        } else {
            at++;
        }
        for (size_t i = first; i <= last && *count < q->limit; i++)
            if (row_answers(q, &whole, q->predicate, q->by_time[i]))
                ids[(*count)++] = fc_view_id(q->view, q->by_time[i]).integer;
    }
    return FC_STATUS_OK;
}

static fc_status take_by_index(const bench_question *q, fc_positions *rows, int64_t *ids,
                               size_t capacity, size_t *count) {
    const fc_question whole = whole_question(q);
    const size_t wanted = q->limit > 0 ? q->limit : capacity;
    if (wanted > capacity) return FC_STATUS_OUT_OF_MEMORY;
    fc_index_cursor *cursor;
    fc_status status = fc_index_cursor_open(q->view, q->index_id, q->descending, q->ranges,
                                            q->range_count, &cursor);
    if (status != FC_STATUS_OK) return status;
    *count = 0;
    const size_t batch = wanted < 64 ? 64 : wanted < 4096 ? wanted : 4096;
    bool is_at_end = false;
    while (status == FC_STATUS_OK && !is_at_end && *count < wanted) {
        rows->count = 0;
        status = fc_index_cursor_next(cursor, batch, rows);
        is_at_end = rows->count < batch;
        for (size_t i = 0; i < rows->count && *count < wanted; i++)
            if (row_answers(q, &whole, q->rest, rows->data[i]))
                ids[(*count)++] = fc_view_id(q->view, rows->data[i]).integer;
    }
    fc_index_cursor_close(cursor);
    return status;
}

fc_status bench_path_ids(const bench_question *q, bench_path path, int64_t *ids, size_t capacity,
                         size_t *count) {
    if (path == BENCH_PATH_TIME_ORDER) return take_by_time(q, ids, capacity, count);
    fc_positions rows;
    fc_positions_init(&rows, &fc_os_posix()->memory);
    fc_status status;
    if (path == BENCH_PATH_INDEX_ORDER) {
        status = take_by_index(q, &rows, ids, capacity, count);
    } else {
        status = gather(q, path, &rows);
        if (status == FC_STATUS_OK) status = give_in_order(q, &rows, ids, capacity, count);
    }
    fc_positions_deinit(&rows);
    return status;
}

// ---- Sorted beforehand --------------------------------------------------------------------------

typedef struct timed_row {
    keyed key;
    uint32_t position;
} timed_row;

static int timed_ascending(const void *left, const void *right) {
    return ascending(&((const timed_row *)left)->key, &((const timed_row *)right)->key);
}

fc_status bench_rows_by_time(const fc_view *view, uint32_t **out, size_t *out_count) {
    fc_positions rows;
    fc_positions_init(&rows, &fc_os_posix()->memory);
    const fc_question everything = {0};
    fc_status status = fc_view_search(view, &everything, SIZE_MAX, &rows);
    timed_row *sorted = malloc((rows.count + 1) * sizeof *sorted);
    uint32_t *positions = malloc((rows.count + 1) * sizeof *positions);
    size_t count = 0;
    if (sorted == NULL || positions == NULL) status = FC_STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; status == FC_STATUS_OK && i < rows.count; i++) {
        int64_t start, end;
        if (!fc_view_time(view, rows.data[i], &start, &end)) continue;
        sorted[count++] =
            (timed_row){{start, fc_view_id(view, rows.data[i]).integer}, rows.data[i]};
    }
    if (status == FC_STATUS_OK) {
        qsort(sorted, count, sizeof *sorted, timed_ascending);
        for (size_t i = 0; i < count; i++)
            positions[i] = sorted[i].position;
        *out = positions;
        *out_count = count;
    } else {
        free(positions);
    }
    free(sorted);
    fc_positions_deinit(&rows);
    return status;
}
