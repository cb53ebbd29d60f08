// Many threads and one failing sync; what a snapshot costs.
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenario_internal.h"

typedef struct waiting_writer {
    fc_store *store;
    const fc_os *os;
    fc_thread *thread;
    fc_status status;
    fc_commit_result result;
    uint32_t number;
} waiting_writer;

static fc_status commit_one(fc_store *store, uint32_t number, fc_commit_result *result) {
    static const uint8_t provenance[] = {0xA0};
    fc_transaction *transaction;
    fc_detail detail;
    fc_status status =
        fc_begin(store, FC_BEGIN_WRITE, (fc_bytes){provenance, 1}, &transaction, &detail);
    if (status != FC_STATUS_OK) return status;
    char name[32];
    const int length = snprintf(name, sizeof name, "c%u", number);
    const fc_apply_operation create = {.kind = FC_APPLY_CREATE,
                                       .target_kind = FC_TARGET_COLLECTION,
                                       .name = {(const uint8_t *)name, (size_t)length}};
    fc_applied applied;
    status = fc_apply(transaction, &create, &applied, &detail);
    if (status != FC_STATUS_OK) {
        fc_abort(transaction);
        return status;
    }
    return fc_commit(transaction, result, &detail);
}

static void write_one(void *argument) {
    waiting_writer *writer = argument;
    writer->status = commit_one(writer->store, writer->number, &writer->result);
}

// Holds the failing sync back until every writer's block is enqueued, so that all wait for it.
typedef struct gate {
    fc_store *store;
    fc_call_kind kind;
    uint64_t awaited_sequence;
} gate;

static void hold_sync(void *observer, fc_call_kind kind, const char *file_name) {
    const gate *held = observer;
    (void)file_name;
    if (kind != held->kind) return;
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 10000; i++) {
        if (fc_store_read_state(held->store).applied_sequence >= held->awaited_sequence) return;
        nanosleep(&pause, NULL);
    }
}

void scenario_failed_group(uint32_t threads, uint32_t direct, scenario_report *report) {
    fc_memory_disk *disk;
    if (fc_memory_disk_create(true, &disk) != FC_STATUS_OK) abort();
    fc_memory_disk_set_direct(disk, direct);
    const fc_os *os = fc_memory_disk_os(disk);
    const fc_store_options options = {.os = os,
                                      .path = "db",
                                      .create = true,
                                      .direct_log = direct ? FC_DIRECT_LOG_ON : FC_DIRECT_LOG_OFF};
    fc_store *store;
    fc_detail detail;
    fc_commit_result first;
    // A few, so that on the direct path there is room ahead: a fill that is held back holds up nobody.
    bool opened = fc_open(&options, &store, &detail) == FC_STATUS_OK;
    for (uint32_t i = 0; opened && i < 4; i++)
        opened = commit_one(store, 1000000 + i, &first) == FC_STATUS_OK;
    if (!opened) {
        scenario_failed(report, "the store does not open: %s", detail.message);
        return;
    }
    gate held = {.store = store,
                 .kind = direct ? FC_CALL_WRITE_DIRECT : FC_CALL_SYNC_FILE,
                 .awaited_sequence = first.sequence + threads};
    fc_memory_disk_set_observer(disk, hold_sync, &held);
    fc_memory_disk_fail_call(disk, held.kind, 0, FC_FAULT_LYING_SYNC_FAIL, true);
    waiting_writer *writers = calloc(threads, sizeof *writers);
    if (!writers) abort();
    for (uint32_t t = 0; t < threads; t++) {
        writers[t] = (waiting_writer){.store = store, .os = os, .number = t};
        if (os->thread_start(os->context, write_one, &writers[t], &writers[t].thread) !=
            FC_STATUS_OK)
            abort();
    }
    for (uint32_t t = 0; t < threads; t++)
        os->thread_join(os->context, writers[t].thread);
    for (uint32_t t = 0; t < threads; t++) {
        report->runs++;
        report->refused += writers[t].status == FC_STATUS_POISONED;
        report->recovered += writers[t].status == FC_STATUS_COMMIT_OUTCOME_UNKNOWN;
        if (writers[t].status != FC_STATUS_POISONED &&
            writers[t].status != FC_STATUS_COMMIT_OUTCOME_UNKNOWN)
            scenario_failed(report, "writer %u was told %s", t, fc_status_name(writers[t].status));
    }
    const fc_store_state state = fc_store_read_state(store);
    if (!state.log.is_poisoned) scenario_failed(report, "the handle is not poisoned");
    if (state.published_sequence != first.sequence)
        scenario_failed(report, "sequence %llu is published, only %llu is durable",
                        (unsigned long long)state.published_sequence,
                        (unsigned long long)first.sequence);
    fc_transaction *snapshot;
    uint32_t id;
    if (fc_begin(store, FC_BEGIN_READ, (fc_bytes){0}, &snapshot, NULL) != FC_STATUS_OK)
        scenario_failed(report, "reads do not go on");
    else {
        const fc_bytes name = {(const uint8_t *)"c1000000", 8};
        if (fc_resolve(snapshot, FC_TARGET_COLLECTION, name, &id, NULL) != FC_STATUS_OK)
            scenario_failed(report, "what was acknowledged cannot be read");
        fc_abort(snapshot);
    }
    fc_store_release(store);
    fc_memory_disk_clear_faults(disk);
    free(writers);
    fc_memory_disk_destroy(disk);
}

// ---- Writers beside the filler -----------------------------------------------------------------

enum { WRITERS = 8, COMMITS_EACH = 250 };

static void write_many(void *argument) {
    waiting_writer *writer = argument;
    for (uint32_t i = 0; i < COMMITS_EACH && writer->status == FC_STATUS_OK; i++)
        writer->status = commit_one(writer->store, writer->number * 1000 + i, &writer->result);
}

// Makes direct writes take their time, those that fill (a reservation comes before) the longest, so that groups
// are written meanwhile.
static void slow_down(void *observer, fc_call_kind kind, const char *file_name) {
    static _Thread_local bool fills;
    (void)observer;
    (void)file_name;
    const struct timespec pause = {.tv_nsec = fills ? 2000000 : 20000};
    if (kind == FC_CALL_WRITE_DIRECT) nanosleep(&pause, NULL);
    fills = kind == FC_CALL_RESERVE;
}

static bool count_one(void *visitor, const fc_description *description) {
    (void)description;
    ++*(uint64_t *)visitor;
    return true;
}

static void expect_all(fc_memory_disk *disk, const fc_store_options *options, const char *what,
                       scenario_report *report) {
    fc_store_options again = *options;
    again.os = fc_memory_disk_os(disk);
    fc_store *store;
    fc_detail detail;
    fc_transaction *snapshot;
    uint64_t count = 0;
    if (fc_open(&again, &store, &detail) != FC_STATUS_OK) {
        scenario_failed(report, "%s: %s", what, detail.message);
        return;
    }
    if (fc_begin(store, FC_BEGIN_READ, (fc_bytes){0}, &snapshot, NULL) == FC_STATUS_OK) {
        if (fc_schema(snapshot, count_one, &count) != FC_STATUS_OK) count = 0;
        fc_abort(snapshot);
    }
    if (count != WRITERS * COMMITS_EACH)
        scenario_failed(report, "%s: %llu of %d transactions came back", what,
                        (unsigned long long)count, WRITERS * COMMITS_EACH);
    fc_store_release(store);
    report->recovered++;
}

void scenario_writers_beside_filler(scenario_report *report) {
    fc_memory_disk *disk, *lost;
    if (fc_memory_disk_create(true, &disk) != FC_STATUS_OK) abort();
    fc_memory_disk_set_direct(disk, 4096);
    const fc_os *os = fc_memory_disk_os(disk);
    const fc_store_options options = {.os = os,
                                      .path = "db",
                                      .create = true,
                                      .direct_log = FC_DIRECT_LOG_ON,
                                      .log_file_bytes = 1 << 20};
    fc_store *store;
    if (fc_open(&options, &store, NULL) != FC_STATUS_OK) abort();
    fc_memory_disk_set_observer(disk, slow_down, NULL);
    waiting_writer writers[WRITERS];
    for (uint32_t t = 0; t < WRITERS; t++) {
        writers[t] = (waiting_writer){.store = store, .os = os, .number = t};
        if (os->thread_start(os->context, write_many, &writers[t], &writers[t].thread) !=
            FC_STATUS_OK)
            abort();
    }
    for (uint32_t t = 0; t < WRITERS; t++) {
        os->thread_join(os->context, writers[t].thread);
        if (writers[t].status != FC_STATUS_OK)
            scenario_failed(report, "writer %u was told %s", t, fc_status_name(writers[t].status));
    }
    const fc_log_state state = fc_store_read_state(store).log;
    report->runs = state.groups;
    report->direct_groups = state.direct_groups;
    report->rotations = state.rotations;
    const fc_crash_options lose_all = {.mode = FC_CRASH_LOSE_ALL};
    if (fc_memory_disk_crash(disk, &lose_all, &lost) != FC_STATUS_OK) abort();
    fc_store_release(store);
    fc_memory_disk_set_observer(disk, NULL, NULL);
    expect_all(lost, &options, "after a power cut", report);
    expect_all(disk, &options, "after closing", report);
    fc_memory_disk_destroy(lost);
    fc_memory_disk_destroy(disk);
}

// ---- Snapshots ---------------------------------------------------------------------------------

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double snapshot_ns(fc_store *store) {
    enum { ROUNDS = 101, SNAPSHOTS = 1000 };
    static double rounds[ROUNDS];
    const fc_os *os = fc_os_posix();
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t start = os->monotonic_time_ns(os->context);
        for (int i = 0; i < SNAPSHOTS; i++) {
            fc_transaction *snapshot;
            if (fc_begin(store, FC_BEGIN_READ, (fc_bytes){0}, &snapshot, NULL) != FC_STATUS_OK)
                abort();
            fc_abort(snapshot);
        }
        rounds[round] = (double)(os->monotonic_time_ns(os->context) - start) / SNAPSHOTS;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, compare_doubles);
    return rounds[ROUNDS / 2];
}

static fc_status create_series(fc_store *store, uint32_t series) {
    static const uint8_t provenance[] = {0xA0};
    fc_transaction *transaction;
    fc_status status =
        fc_begin(store, FC_BEGIN_WRITE, (fc_bytes){provenance, 1}, &transaction, NULL);
    const fc_bytes field = {(const uint8_t *)"v", 1};
    for (uint32_t s = 0; s < series && status == FC_STATUS_OK; s++) {
        char name[32];
        const int length = snprintf(name, sizeof name, "series-%u", s);
        const fc_apply_operation create = {.kind = FC_APPLY_CREATE,
                                           .target_kind = FC_TARGET_SERIES,
                                           .name = {(const uint8_t *)name, (size_t)length},
                                           .field_names = &field,
                                           .field_count = 1};
        fc_applied applied;
        status = fc_apply(transaction, &create, &applied, NULL);
        const int64_t time = s;
        const double value = s;
        const double *fields[1] = {&value};
        const fc_points points = {1, 1, &time, fields, NULL, NULL};
        const fc_apply_operation append = {
            .kind = FC_APPLY_APPEND, .target = applied.target, .points = &points};
        if (status == FC_STATUS_OK) status = fc_apply(transaction, &append, &applied, NULL);
    }
    fc_commit_result result;
    return status == FC_STATUS_OK ? fc_commit(transaction, &result, NULL) : status;
}

void scenario_snapshot_cost(uint32_t series, double *out_empty_ns, double *out_full_ns,
                            scenario_report *report) {
    double *const out[2] = {out_empty_ns, out_full_ns};
    for (int full = 0; full < 2; full++) {
        fc_memory_disk *disk;
        if (fc_memory_disk_create(false, &disk) != FC_STATUS_OK) abort();
        const fc_store_options options = {.os = fc_memory_disk_os(disk),
                                          .path = "db",
                                          .create = true,
                                          .durability = FC_DURABILITY_NONE};
        fc_store *store;
        if (fc_open(&options, &store, NULL) != FC_STATUS_OK ||
            (full && create_series(store, series) != FC_STATUS_OK)) {
            scenario_failed(report, "a store with %u series cannot be made", full ? series : 0);
            return;
        }
        *out[full] = snapshot_ns(store);
        fc_store_release(store);
        fc_memory_disk_destroy(disk);
    }
}
