#include <stdlib.h>
#include <string.h>

#include "scenario_internal.h"

uint64_t scenario_random(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

fc_memory_disk *scenario_make_disk(const scenario_options *options) {
    fc_memory_disk *disk;
    if (fc_memory_disk_create(false, &disk) != FC_STATUS_OK) abort();
    fc_memory_disk_set_direct(disk, options->direct);
    return disk;
}

fc_store_options workload_store_options(const scenario_options *options, const fc_os *os) {
    return (fc_store_options){.os = os,
                              .path = "db",
                              .access = FC_ACCESS_READ_WRITE,
                              .create = true,
                              .durability = (fc_durability)options->durability,
                              .direct_log =
                                  options->direct ? FC_DIRECT_LOG_AUTO : FC_DIRECT_LOG_OFF,
                              .batch_interval_us = 5000,
                              .log_file_bytes = options->log_file_bytes,
                              .no_compression = !options->compress,
                              .tail_rows = 8,
                              .merge_ratio_first = 2,
                              .merge_ratio = 2,
                              .id_streak = 2,
                              .series_chunk_points = 8};
}

// ---- Records -----------------------------------------------------------------------------------

// A record with a point (or a square when `size` > 0), one property {"n": small}, maybe a time.
static size_t make_record(uint8_t *out, const fc_feature_id *id, double x, double y, double size,
                          int n, bool timed, int64_t start) {
    memset(out, 0, 512);
    size_t at = FC_RECORD_HEADER_BYTES;
    if (timed) {
        fc_store_i64(out + at, start);
        fc_store_i64(out + at + 8, start + 1000);
        at += 16;
    }
    const size_t geometry_at = at;
    if (size > 0) {
        fc_store_u32(out + at, 1);
        fc_store_u32(out + at + 4, 5);
        at += 8;
        const double ring[5][2] = {
            {x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}, {x, y}};
        memcpy(out + at, ring, sizeof ring);
        at += sizeof ring;
    } else {
        fc_store_f64(out + at, x);
        fc_store_f64(out + at + 8, y);
        at += 16;
    }
    fc_store_u32(out + 16, (uint32_t)(at - geometry_at));
    const uint8_t properties[] = {0xA1, 0x61, 'n', (uint8_t)(n % 24)};
    memcpy(out + at, properties, sizeof properties);
    fc_store_u32(out + 20, sizeof properties);
    at += sizeof properties;
    if (id->text.data) {
        memcpy(out + at, id->text.data, id->text.length);
        at += id->text.length;
    }
    const size_t length = (size_t)fc_align_up(at, 8);
    fc_store_u32(out, (uint32_t)length);
    out[4] = FC_RECORD_VERSION;
    out[5] = size > 0 ? FC_GEOMETRY_POLYGON : FC_GEOMETRY_POINT;
    out[6] = (uint8_t)((timed ? FC_RECORD_HAS_TIME : 0) | (id->text.data ? FC_RECORD_TEXT_ID : 0));
    fc_store_i64(out + 8, id->text.data ? (int64_t)id->text.length : id->integer);
    return length;
}

// ---- One transaction ---------------------------------------------------------------------------

typedef struct step_state {
    fc_transaction *transaction;
    uint64_t random;
    uint32_t step;
} step_state;

static fc_bytes text(const char *string) {
    return (fc_bytes){(const uint8_t *)string, strlen(string)};
}

static fc_status apply(step_state *state, const fc_apply_operation *operation) {
    fc_applied applied;
    return fc_apply(state->transaction, operation, &applied, NULL);
}

static fc_status resolve(step_state *state, fc_target_kind kind, const char *name, uint32_t *id) {
    return fc_resolve(state->transaction, kind, text(name), id, NULL);
}

static fc_status create(step_state *state, fc_target_kind kind, const char *name) {
    const fc_bytes fields[2] = {text("a"), text("b")};
    const fc_apply_operation operation = {.kind = FC_APPLY_CREATE,
                                          .target_kind = kind,
                                          .name = text(name),
                                          .field_names = fields,
                                          .field_count = kind == FC_TARGET_SERIES ? 2 : 0};
    return apply(state, &operation);
}

static double coordinate(step_state *state, double range) {
    return (double)(scenario_random(&state->random) % 1000003) / 1000003.0 * 2 * range - range;
}

static fc_status put_features(step_state *state, uint32_t collection, int count,
                              fc_apply_kind kind) {
    fc_status status = FC_STATUS_OK;
    for (int i = 0; i < count && status == FC_STATUS_OK; i++) {
        uint8_t record[512];
        char name[16];
        fc_feature_id id = {.integer = (int64_t)(scenario_random(&state->random) % 40)};
        if (id.integer % 5 == 0) {
            snprintf(name, sizeof name, "k%d", (int)id.integer);
            id.text = text(name);
        }
        const double size = id.integer % 3 == 0 ? 2.5 : 0;
        // Squares keep their place when updated, so that amends are logged too.
        const double x = size > 0 ? (double)id.integer : coordinate(state, 170);
        const double y = size > 0 ? 10 : coordinate(state, 80);
        const size_t length =
            make_record(record, &id, x, y, size, (int)state->step, id.integer % 2 == 0,
                        (int64_t)(scenario_random(&state->random) % 100000));
        const fc_apply_operation operation = {
            .kind = kind, .target = collection, .record = {record, length}};
        status = apply(state, &operation);
        if (kind == FC_APPLY_INSERT && status == FC_STATUS_ALREADY_EXISTS) status = FC_STATUS_OK;
    }
    return status;
}

static fc_status insert_generated(step_state *state, uint32_t collection) {
    uint8_t record[512];
    const fc_feature_id id = {0};
    const size_t length = make_record(record, &id, coordinate(state, 180), coordinate(state, 90), 0,
                                      (int)state->step, false, 0);
    const fc_apply_operation operation = {.kind = FC_APPLY_INSERT,
                                          .target = collection,
                                          .record = {record, length},
                                          .generate_id = true};
    return apply(state, &operation);
}

static fc_status delete_feature(step_state *state, uint32_t collection) {
    const fc_apply_operation operation = {
        .kind = FC_APPLY_DELETE_FEATURE,
        .target = collection,
        .id = {.integer = (int64_t)(scenario_random(&state->random) % 40)}};
    return apply(state, &operation);
}

static fc_status append_points(step_state *state, uint32_t series, uint32_t count,
                               fc_apply_kind kind) {
    int64_t times[2048];
    static _Thread_local double a[2048], b[2048];
    const int64_t base = (int64_t)state->step * 1000;
    for (uint32_t i = 0; i < count; i++) {
        const bool is_late = scenario_random(&state->random) % 8 == 0;
        times[i] =
            base + (int64_t)i - (is_late ? (int64_t)(scenario_random(&state->random) % 5000) : 0);
        a[i] = (double)(scenario_random(&state->random) % 1000) / 8;
        b[i] = count > 100 ? 1.5 : -a[i];
    }
    const double *fields[2] = {a, b};
    const fc_points points = {count, 2, times, fields, NULL, NULL};
    const fc_apply_operation operation = {.kind = kind, .target = series, .points = &points};
    return apply(state, &operation);
}

static fc_status delete_points(step_state *state, uint32_t series) {
    const int64_t start = (int64_t)(scenario_random(&state->random) % (state->step * 1000 + 1));
    const fc_apply_operation operation = {.kind = FC_APPLY_DELETE_POINTS,
                                          .target = series,
                                          .range = {.start_us = start, .end_us = start + 300}};
    return apply(state, &operation);
}

static fc_status rename_or_drop(step_state *state, const char *from, const char *to) {
    uint32_t id;
    fc_status status = resolve(state, FC_TARGET_COLLECTION, from, &id);
    if (status != FC_STATUS_OK) return create(state, FC_TARGET_COLLECTION, from);
    fc_apply_operation operation = {.kind = to ? FC_APPLY_RENAME : FC_APPLY_DROP,
                                    .target_kind = FC_TARGET_COLLECTION,
                                    .target = id};
    if (to) operation.name = text(to);
    status = apply(state, &operation);
    return status == FC_STATUS_ALREADY_EXISTS ? FC_STATUS_OK : status;
}

// Of the property "n"; with a second one, of a property that no feature has, now and then.
static fc_status create_or_drop_index(step_state *state, uint32_t collection) {
    static const uint8_t n[] = {0x82, 0, 0x61, 'n'};
    static const uint8_t absent[] = {0x83, 1, 0x61, 'x', 0x61, 'y'};
    const bool is_absent = state->step % 5 == 0;
    fc_apply_operation operation = {.kind = FC_APPLY_CREATE_INDEX, .target = collection};
    operation.property = is_absent ? (fc_bytes){absent, sizeof absent} : (fc_bytes){n, sizeof n};
    const fc_status status = apply(state, &operation);
    if (status != FC_STATUS_ALREADY_EXISTS) return status;
    operation.kind = FC_APPLY_DROP_INDEX;
    return apply(state, &operation);
}

static fc_status run_operations(step_state *state) {
    if (state->step == 0) {
        fc_status status = create(state, FC_TARGET_COLLECTION, "places");
        if (status == FC_STATUS_OK) status = create(state, FC_TARGET_SERIES, "pulse");
        return status;
    }
    uint32_t places, pulse;
    fc_status status = resolve(state, FC_TARGET_COLLECTION, "places", &places);
    if (status == FC_STATUS_OK) status = resolve(state, FC_TARGET_SERIES, "pulse", &pulse);
    if (status != FC_STATUS_OK) return status;
    switch (state->step % 11) {
    case 1:
        status = put_features(state, places, 12, FC_APPLY_INSERT);
        break;
    case 2:
        status = append_points(state, pulse, 20, FC_APPLY_APPEND);
        break;
    case 3:
        status = put_features(state, places, 5, FC_APPLY_UPSERT);
        break;
    case 4:
        status = append_points(state, pulse, 1500, FC_APPLY_APPEND);
        break;
    case 5:
        status = delete_feature(state, places);
        if (status == FC_STATUS_OK && state->step % 3 == 0)
            status = create_or_drop_index(state, places);
        break;
    case 6:
        status = append_points(state, pulse, 5, FC_APPLY_REPLACE_POINTS);
        break;
    case 7:
        status = delete_points(state, pulse);
        break;
    case 8:
        status = insert_generated(state, places);
        if (status == FC_STATUS_OK) status = create_or_drop_index(state, places);
        break;
    case 9:
        status = rename_or_drop(state, "extra", state->step % 2 ? "other" : NULL);
        break;
    case 10:
        for (uint32_t i = 0; i < 6 && status == FC_STATUS_OK; i++)
            status = append_points(state, pulse, 1, FC_APPLY_APPEND);
        break;
    default:
        break;
    }
    if (status == FC_STATUS_OK) status = put_features(state, places, 3, FC_APPLY_UPSERT);
    return status;
}

fc_status workload_step(fc_store *store, uint64_t seed, uint32_t step, fc_commit_result *out,
                        bool *out_committed) {
    // {"actor": "w"}, and another one for some operations' sake of runs.
    static const uint8_t provenance[] = {0xA1, 0x65, 'a', 'c', 't', 'o', 'r', 0x61, 'w'};
    *out_committed = false;
    step_state state = {.random = seed * 1000003 + step, .step = step};
    fc_status status = fc_begin(store, FC_BEGIN_WRITE, (fc_bytes){provenance, sizeof provenance},
                                &state.transaction, NULL);
    if (status != FC_STATUS_OK) return status;
    status = run_operations(&state);
    if (status != FC_STATUS_OK || step % 13 == 12) {
        fc_abort(state.transaction);
        return status;
    }
    status = fc_commit(state.transaction, out, NULL);
    *out_committed = status == FC_STATUS_OK && out->sequence > 0;
    return status;
}

workload_progress workload_run(const scenario_options *options, const fc_os *os, bool close) {
    workload_progress progress = {0};
    fc_store *store;
    const fc_store_options store_options = workload_store_options(options, os);
    progress.status = fc_open(&store_options, &store, NULL);
    if (progress.status != FC_STATUS_OK) return progress;
    progress.opened = true;
    for (uint32_t step = 0; step < options->transactions; step++) {
        fc_commit_result result;
        bool committed;
        const fc_status status = workload_step(store, options->seed, step, &result, &committed);
        if (committed) progress.acknowledged = result.sequence;
        if (status != FC_STATUS_OK) {
            progress.status = status;
            break;
        }
        if (step % 7 == 6) {
            const fc_status synced = fc_sync(store, NULL);
            if (synced == FC_STATUS_OK) progress.synced = progress.acknowledged;
            if (synced != FC_STATUS_OK) {
                progress.status = synced;
                break;
            }
        }
    }
    if (close) {
        progress.closed = fc_close(store, NULL) == FC_STATUS_OK;
        if (progress.closed) progress.synced = progress.acknowledged;
    }
    fc_store_release(store);
    return progress;
}

bool workload_record(const scenario_options *options, workload_history *history,
                     scenario_report *report) {
    fc_memory_disk *disk = scenario_make_disk(options);
    fc_store *store = NULL;
    memset(history, 0, sizeof *history);
    const fc_store_options store_options = workload_store_options(options, fc_memory_disk_os(disk));
    bool ok = fc_open(&store_options, &store, NULL) == FC_STATUS_OK;
    uint64_t sequence;
    if (ok) ok = store_digest(store, &history->digests[0], &sequence);
    for (uint32_t step = 0; ok && step < options->transactions; step++) {
        fc_commit_result result;
        bool committed;
        const fc_status status = workload_step(store, options->seed, step, &result, &committed);
        ok = status == FC_STATUS_OK;
        if (!ok)
            scenario_failed(report, "step %u of the workload: %s", step, fc_status_name(status));
        if (!committed) continue;
        ok = ok && store_digest(store, &history->digests[result.sequence], &sequence) &&
             sequence == result.sequence;
        history->ids[result.sequence] = result.block_id;
        history->last_sequence = (uint32_t)result.sequence;
        fc_store_check(store);
    }
    if (store) {
        report->rotations = fc_store_read_state(store).log.rotations;
        report->direct_groups = fc_store_read_state(store).log.direct_groups;
        fc_store_release(store);
    }
    report->io_calls = fc_memory_disk_io_count(disk);
    fc_memory_disk_destroy(disk);
    if (!ok) scenario_failed(report, "the workload does not run on a healthy disk");
    return ok;
}
