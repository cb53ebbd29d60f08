// The nine calls as a C program would make them: records encoded here, checked by the store, every
// block hashed and logged to the in-memory file table.
#include <stdlib.h>

#include "bench_place.h"
#include "questions.h"

struct bench_store {
    fc_memory_disk *disk;
    fc_store *store;
    uint32_t collection, series;
    int64_t next_id;
};

static const uint8_t no_provenance[] = {0xa0}; // an empty CBOR map
static const char directory[] = "bench";

static fc_bytes text(const char *characters) {
    return (fc_bytes){(const uint8_t *)characters, strlen(characters)};
}

static fc_status begin(bench_store *store, fc_begin_mode mode, fc_transaction **out) {
    return fc_begin(store->store, mode, (fc_bytes){no_provenance, sizeof no_provenance}, out, NULL);
}

static fc_status end(fc_transaction *transaction, fc_status status) {
    if (status != FC_STATUS_OK) {
        fc_abort(transaction);
        return status;
    }
    fc_commit_result result;
    return fc_commit(transaction, &result, NULL);
}

static fc_status create_targets(bench_store *store) {
    fc_transaction *transaction;
    fc_status status = begin(store, FC_BEGIN_WRITE, &transaction);
    if (status != FC_STATUS_OK) return status;
    fc_applied applied;
    fc_apply_operation collection = {
        .kind = FC_APPLY_CREATE, .target_kind = FC_TARGET_COLLECTION, .name = text("rows")};
    status = fc_apply(transaction, &collection, &applied, NULL);
    if (status == FC_STATUS_OK) {
        store->collection = applied.target;
        fc_bytes field = text("value");
        fc_apply_operation series = {.kind = FC_APPLY_CREATE,
                                     .target_kind = FC_TARGET_SERIES,
                                     .name = text("points"),
                                     .field_names = &field,
                                     .field_count = 1};
        status = fc_apply(transaction, &series, &applied, NULL);
        store->series = applied.target;
    }
    return end(transaction, status);
}

fc_status bench_store_create(bench_store **out) {
    bench_store *store = calloc(1, sizeof *store);
    if (store == NULL) return FC_STATUS_OUT_OF_MEMORY;
    store->next_id = 1;
    fc_status status = fc_memory_disk_create_plain(&store->disk);
    if (status == FC_STATUS_OK) {
        fc_store_options options = {
            .os = fc_memory_disk_os(store->disk), .path = directory, .create = true};
        status = fc_open(&options, &store->store, NULL);
    }
    if (status == FC_STATUS_OK) status = create_targets(store);
    if (status != FC_STATUS_OK) {
        bench_store_destroy(store);
        return status;
    }
    *out = store;
    return FC_STATUS_OK;
}

void bench_store_destroy(bench_store *store) {
    if (store == NULL) return;
    if (store->store != NULL) fc_store_release(store->store);
    if (store->disk != NULL) fc_memory_disk_destroy(store->disk);
    free(store);
}

enum { RECORD_BYTES_MAX = FC_RECORD_HEADER_BYTES + 16 + 32 };

// A Point, or a Polygon that is a box (codec/record.h), with null properties, and an instant when
// `time_us` is not NULL. Returns its length.
static size_t encode_record(uint8_t record[static RECORD_BYTES_MAX], const bench_boxes *boxes,
                            size_t i, const int64_t *time_us, bool is_point, int64_t id) {
    const double corners[] = {boxes->west[i], boxes->south[i], boxes->east[i], boxes->north[i]};
    const uint32_t geometry_bytes = is_point ? 16 : sizeof corners;
    const uint32_t time_bytes = time_us != NULL ? 16 : 0;
    const uint32_t length = FC_RECORD_HEADER_BYTES + time_bytes + geometry_bytes;
    memset(record, 0, FC_RECORD_HEADER_BYTES);
    fc_store_u32(record, length);
    record[4] = FC_RECORD_VERSION;
    record[5] = is_point ? FC_GEOMETRY_POINT : FC_GEOMETRY_RECTANGLE;
    fc_store_i64(record + 8, id);
    fc_store_u32(record + 16, geometry_bytes);
    if (time_us != NULL) {
        record[6] = FC_RECORD_HAS_TIME;
        fc_store_i64(record + FC_RECORD_HEADER_BYTES, *time_us);
        fc_store_i64(record + FC_RECORD_HEADER_BYTES + 8, *time_us);
    }
    memcpy(record + FC_RECORD_HEADER_BYTES + time_bytes, corners, geometry_bytes);
    return length;
}

fc_status bench_store_insert_timed(bench_store *store, const bench_boxes *boxes,
                                   const int64_t *times_us, bool are_points, size_t per_commit) {
    uint8_t record[RECORD_BYTES_MAX];
    for (size_t i = 0; i < boxes->count;) {
        fc_transaction *transaction;
        fc_status status = begin(store, FC_BEGIN_WRITE, &transaction);
        if (status != FC_STATUS_OK) return status;
        size_t last = boxes->count - i > per_commit ? i + per_commit : boxes->count;
        for (; status == FC_STATUS_OK && i < last; i++) {
            const int64_t *time_us = times_us != NULL ? &times_us[i] : NULL;
            size_t length = encode_record(record, boxes, i, time_us, are_points, store->next_id++);
            fc_apply_operation insert = {
                .kind = FC_APPLY_INSERT, .target = store->collection, .record = {record, length}};
            fc_applied applied;
            status = fc_apply(transaction, &insert, &applied, NULL);
        }
        status = end(transaction, status);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

fc_status bench_store_insert(bench_store *store, const bench_boxes *boxes, bool are_points,
                             size_t per_commit) {
    return bench_store_insert_timed(store, boxes, NULL, are_points, per_commit);
}

fc_status bench_store_windows_during(bench_store *store, const bench_boxes *windows,
                                     const int64_t *starts_us, int64_t length_us,
                                     bool filters_after, bench_answer *out) {
    question_scratch scratch = {0};
    bench_answer answer = {0, 0};
    fc_status status = FC_STATUS_OK;
    fc_positions positions;
    fc_positions_init(&positions, &fc_os_posix()->memory);
    for (size_t i = 0; status == FC_STATUS_OK && i < windows->count; i++) {
        fc_transaction *transaction;
        const fc_view *view;
        const int64_t start_us = starts_us[i], end_us = start_us + length_us;
        status = begin(store, FC_BEGIN_READ, &transaction);
        if (status != FC_STATUS_OK) break;
        status = fc_features(transaction, store->collection, &view);
        if (status == FC_STATUS_OK)
            status = filters_after
                         ? ask_window_then_filter(view, windows, i, start_us, end_us, &positions,
                                                  &answer)
                         : ask_window_during(view, windows, i, start_us, end_us, &scratch, &answer);
        fc_abort(transaction);
    }
    fc_positions_deinit(&positions);
    question_scratch_deinit(&scratch);
    *out = answer;
    return status;
}

fc_status bench_store_windows(bench_store *store, const bench_boxes *windows, bench_answer *out) {
    question_scratch scratch = {0};
    bench_answer answer = {0, 0};
    fc_status status = FC_STATUS_OK;
    for (size_t i = 0; status == FC_STATUS_OK && i < windows->count; i++) {
        fc_transaction *transaction;
        const fc_view *view;
        status = begin(store, FC_BEGIN_READ, &transaction);
        if (status != FC_STATUS_OK) break;
        status = fc_features(transaction, store->collection, &view);
        if (status == FC_STATUS_OK) status = ask_window(view, windows, i, &scratch, &answer);
        fc_abort(transaction);
    }
    question_scratch_deinit(&scratch);
    *out = answer;
    return status;
}

fc_status bench_store_nearest(bench_store *store, const bench_points *points, size_t k,
                              bool in_metres, bench_answer *out) {
    bench_answer answer = {0, 0};
    fc_status status = FC_STATUS_OK;
    fc_neighbors neighbors;
    fc_neighbors_init(&neighbors, &fc_os_posix()->memory);
    for (size_t i = 0; status == FC_STATUS_OK && i < points->count; i++) {
        fc_transaction *transaction;
        const fc_view *view;
        status = begin(store, FC_BEGIN_READ, &transaction);
        if (status != FC_STATUS_OK) break;
        status = fc_features(transaction, store->collection, &view);
        if (status == FC_STATUS_OK)
            status = ask_nearest(view, points, i, k, in_metres, &neighbors, &answer);
        fc_abort(transaction);
    }
    fc_neighbors_deinit(&neighbors);
    *out = answer;
    return status;
}

// Runs `apply_one` for each index, `per_commit` of them a transaction.
static fc_status in_transactions(bench_store *store, size_t count, size_t per_commit,
                                 fc_status (*apply_one)(bench_store *, fc_transaction *, size_t,
                                                        void *),
                                 void *context) {
    for (size_t i = 0; i < count;) {
        fc_transaction *transaction;
        fc_status status = begin(store, FC_BEGIN_WRITE, &transaction);
        if (status != FC_STATUS_OK) return status;
        size_t last = count - i > per_commit ? i + per_commit : count;
        for (; status == FC_STATUS_OK && i < last; i++)
            status = apply_one(store, transaction, i, context);
        status = end(transaction, status);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

static fc_status delete_one(bench_store *store, fc_transaction *transaction, size_t i,
                            void *context) {
    const int64_t *ids = context;
    fc_apply_operation operation = {
        .kind = FC_APPLY_DELETE_FEATURE, .target = store->collection, .id = {.integer = ids[i]}};
    fc_applied applied = {0};
    fc_status status = fc_apply(transaction, &operation, &applied, NULL);
    if (status == FC_STATUS_OK && applied.count != 1) return FC_STATUS_NOT_FOUND;
    return status;
}

fc_status bench_store_delete(bench_store *store, const int64_t *ids, size_t count,
                             size_t per_commit) {
    return in_transactions(store, count, per_commit, delete_one, (void *)ids);
}

typedef struct point_columns {
    const int64_t *times_us;
    const double *values;
    uint64_t deleted;
} point_columns;

static fc_status append_one(bench_store *store, fc_transaction *transaction, size_t i,
                            void *context) {
    const point_columns *columns = context;
    const double *field = &columns->values[i];
    fc_points point = {
        .point_count = 1, .field_count = 1, .times_us = &columns->times_us[i], .fields = &field};
    fc_apply_operation append = {
        .kind = FC_APPLY_APPEND, .target = store->series, .points = &point};
    fc_applied applied;
    return fc_apply(transaction, &append, &applied, NULL);
}

fc_status bench_store_append(bench_store *store, const int64_t *times_us, const double *values,
                             size_t count, size_t per_commit) {
    point_columns columns = {times_us, values, 0};
    return in_transactions(store, count, per_commit, append_one, &columns);
}

static fc_status delete_point(bench_store *store, fc_transaction *transaction, size_t i,
                              void *context) {
    point_columns *columns = context;
    fc_apply_operation operation = {
        .kind = FC_APPLY_DELETE_POINTS,
        .target = store->series,
        .range = {.start_us = columns->times_us[i], .end_us = columns->times_us[i] + 1}};
    fc_applied applied = {0};
    fc_status status = fc_apply(transaction, &operation, &applied, NULL);
    columns->deleted += applied.count;
    return status;
}

fc_status bench_store_delete_points(bench_store *store, const int64_t *times_us, size_t count,
                                    size_t per_commit, uint64_t *out_count) {
    point_columns columns = {times_us, NULL, 0};
    fc_status status = in_transactions(store, count, per_commit, delete_point, &columns);
    *out_count = columns.deleted;
    return status;
}

fc_status bench_store_ranges(bench_store *store, const int64_t *starts_us, size_t count,
                             int64_t length_us, bench_series_answer *out) {
    bench_series_answer answer = {0};
    fc_status status = FC_STATUS_OK;
    for (size_t i = 0; status == FC_STATUS_OK && i < count; i++) {
        fc_transaction *transaction;
        const fc_series_view *view;
        fc_time_range range = {.start_us = starts_us[i], .end_us = starts_us[i] + length_us};
        status = begin(store, FC_BEGIN_READ, &transaction);
        if (status != FC_STATUS_OK) break;
        status = fc_points_of(transaction, store->series, &view);
        if (status == FC_STATUS_OK)
            status = fc_series_scan(view, &range, false, add_stretch, &answer);
        fc_abort(transaction);
    }
    *out = answer;
    return status;
}
