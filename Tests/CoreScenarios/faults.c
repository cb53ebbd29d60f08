// Calls that fail: I/O of every kind, lying syncs, a full disk, no memory.
#include <stdlib.h>
#include <string.h>

#include "scenario_internal.h"

// `tear` 0: nothing unsynced survives; else some of it does, in units of this size.
static fc_memory_disk *power_cut(fc_memory_disk *disk, uint64_t seed, uint32_t tear) {
    fc_crash_options options = {.seed = seed, .mode = FC_CRASH_LOSE_ALL, .tear_bytes = tear};
    if (tear > 0) options.mode = FC_CRASH_RANDOM_SUBSET;
    fc_memory_disk *image;
    if (fc_memory_disk_crash(disk, &options, &image) != FC_STATUS_OK) abort();
    return image;
}

// Runs the workload step by step on a disk that fails; whatever is shown at any time must be the
// history's. Returns what must survive.
static uint64_t run_watched(const scenario_options *options, const workload_history *history,
                            const fc_os *os, const char *what, scenario_report *report) {
    fc_store *store;
    uint64_t acknowledged = 0, synced = 0;
    const fc_store_options store_options = workload_store_options(options, os);
    if (fc_open(&store_options, &store, NULL) != FC_STATUS_OK) return 0;
    for (uint32_t step = 0; step < options->transactions; step++) {
        fc_commit_result result;
        bool committed;
        const fc_status status = workload_step(store, options->seed, step, &result, &committed);
        if (committed) acknowledged = result.sequence;
        if (status == FC_STATUS_OK && step % 7 == 6 && fc_sync(store, NULL) == FC_STATUS_OK)
            synced = acknowledged;
        if (status == FC_STATUS_OK) continue;
        uint64_t digest, sequence;
        const bool readable = store_digest(store, &digest, &sequence);
        if (!readable || digest != history->digests[sequence] ||
            (options->durability == FC_DURABILITY_FULL && sequence != acknowledged))
            scenario_failed(report, "%s: after %s at step %u readers see %llu, %llu is published",
                            what, fc_status_name(status), step, (unsigned long long)sequence,
                            (unsigned long long)acknowledged);
        const bool is_final =
            status == FC_STATUS_POISONED || status == FC_STATUS_COMMIT_OUTCOME_UNKNOWN;
        // A transaction that failed alone may be tried again.
        if (is_final) break;
        if (status != FC_STATUS_NO_SPACE && status != FC_STATUS_OUT_OF_MEMORY &&
            status != FC_STATUS_IO) {
            scenario_failed(report, "%s: step %u ends in %s", what, step, fc_status_name(status));
            break;
        }
        if (workload_step(store, options->seed, step, &result, &committed) == FC_STATUS_OK) {
            if (committed) acknowledged = result.sequence;
            continue;
        }
        break;
    }
    const fc_status closed = fc_close(store, NULL);
    if (closed == FC_STATUS_OK) synced = acknowledged;
    fc_store_release(store);
    return options->durability == FC_DURABILITY_FULL ? acknowledged : synced;
}

static void try_fault(const scenario_options *options, const workload_history *history,
                      uint64_t call, fc_fault fault, bool for_good, bool *out_hit,
                      scenario_report *report) {
    char what[96];
    snprintf(what, sizeof what, "fault %d%s at call %llu", (int)fault, for_good ? " for good" : "",
             (unsigned long long)call);
    fc_memory_disk *disk = scenario_make_disk(options);
    fc_memory_disk_fail_io(disk, call, fault, for_good);
    const uint64_t least = run_watched(options, history, fc_memory_disk_os(disk), what, report);
    *out_hit = fc_memory_disk_fault_hit(disk);
    fc_memory_disk_clear_faults(disk);
    report->runs++;
    // A direct write that failed may have arrived, whole or torn.
    const uint32_t tears[] = {0, call % 2 == 0 ? 512 : 4096};
    for (size_t t = 0; t < (options->direct ? 2 : 1); t++) {
        fc_memory_disk *image = power_cut(disk, call, tears[t]);
        if (!scenario_has_failed(report))
            judge_image(options, image, history, least, false, what, report);
        fc_memory_disk_destroy(image);
    }
    if (!scenario_has_failed(report))
        judge_image(options, disk, history, least, false, what, report);
    if (!scenario_has_failed(report) && fc_memory_disk_allocated_bytes(disk) != 0)
        scenario_failed(report, "%s: %llu bytes are not given back", what,
                        (unsigned long long)fc_memory_disk_allocated_bytes(disk));
    fc_memory_disk_destroy(disk);
}

void scenario_io_faults(const scenario_options *options, scenario_report *report) {
    static const fc_fault faults[] = {FC_FAULT_EIO, FC_FAULT_ENOSPC, FC_FAULT_EINTR,
                                      FC_FAULT_SHORT};
    workload_history *history = malloc(sizeof *history);
    if (history && workload_record(options, history, report))
        for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
            for (int for_good = 0; for_good < 2; for_good++) {
                // EINTR and short for ever would be a hang of the system, not a fault.
                if (for_good && (faults[f] == FC_FAULT_EINTR || faults[f] == FC_FAULT_SHORT))
                    continue;
                bool hit = true;
                for (uint64_t call = 0; hit && !scenario_has_failed(report);
                     call += options->io_stride)
                    try_fault(options, history, call, faults[f], for_good != 0, &hit, report);
            }
    free(history);
}

void scenario_lying_syncs(const scenario_options *options, scenario_report *report) {
    static const fc_call_kind kinds[] = {FC_CALL_SYNC_FILE, FC_CALL_SYNC_DIRECTORY,
                                         FC_CALL_WRITE_DIRECT};
    static const char *const names[] = {"sync", "directory sync", "direct write"};
    workload_history *history = malloc(sizeof *history);
    if (history && workload_record(options, history, report))
        for (size_t k = 0; k < 3; k++) {
            bool hit = true;
            for (uint64_t call = 0; hit && !scenario_has_failed(report); call++) {
                char what[96];
                snprintf(what, sizeof what, "%s number %llu fails and loses what it had", names[k],
                         (unsigned long long)call);
                fc_memory_disk *disk = scenario_make_disk(options);
                fc_memory_disk_fail_call(disk, kinds[k], call, FC_FAULT_LYING_SYNC_FAIL, false);
                const uint64_t least =
                    run_watched(options, history, fc_memory_disk_os(disk), what, report);
                hit = fc_memory_disk_fault_hit(disk);
                fc_memory_disk_clear_faults(disk);
                report->runs++;
                // Once as the same machine would reopen it, then after a power cut that follows.
                fc_memory_disk *image = power_cut(disk, call, 0);
                if (!scenario_has_failed(report))
                    judge_image(options, disk, history, least, false, what, report);
                fc_memory_disk *later = power_cut(disk, call, 0);
                fc_store *store;
                const fc_store_options store_options =
                    workload_store_options(options, fc_memory_disk_os(later));
                // The reopened store wrote one more transaction and closed: all of it must be there.
                if (!scenario_has_failed(report)) {
                    if (fc_open(&store_options, &store, NULL) != FC_STATUS_OK)
                        scenario_failed(report, "%s: recovery built on what was not durable", what);
                    else
                        fc_store_release(store);
                }
                if (!scenario_has_failed(report))
                    judge_image(options, image, history, least, false, what, report);
                fc_memory_disk_destroy(later);
                fc_memory_disk_destroy(image);
                fc_memory_disk_destroy(disk);
            }
        }
    free(history);
}

void scenario_allocation_faults(const scenario_options *options, scenario_report *report) {
    workload_history *history = malloc(sizeof *history);
    if (!history || !workload_record(options, history, report)) {
        free(history);
        return;
    }
    bool hit = true;
    for (uint64_t call = 0; hit && !scenario_has_failed(report); call += options->io_stride) {
        char what[64];
        snprintf(what, sizeof what, "allocation %llu fails", (unsigned long long)call);
        fc_memory_disk *disk = scenario_make_disk(options);
        fc_memory_disk_fail_call(disk, FC_CALL_ALLOCATE, call, FC_FAULT_NO_MEMORY, false);
        const uint64_t least = run_watched(options, history, fc_memory_disk_os(disk), what, report);
        hit = fc_memory_disk_fault_hit(disk);
        fc_memory_disk_clear_faults(disk);
        report->runs++;
        if (!scenario_has_failed(report))
            judge_image(options, disk, history, least, false, what, report);
        if (!scenario_has_failed(report) && fc_memory_disk_allocated_bytes(disk) != 0)
            scenario_failed(report, "%s: %llu bytes leak", what,
                            (unsigned long long)fc_memory_disk_allocated_bytes(disk));
        fc_memory_disk_destroy(disk);
    }
    free(history);
}

void scenario_full_disk(const scenario_options *options, scenario_report *report) {
    workload_history *history = malloc(sizeof *history);
    fc_memory_disk *disk = scenario_make_disk(options);
    fc_store *store = NULL;
    const fc_store_options store_options = workload_store_options(options, fc_memory_disk_os(disk));
    bool ok = history && workload_record(options, history, report) &&
              fc_open(&store_options, &store, NULL) == FC_STATUS_OK;
    uint64_t acknowledged = 0;
    for (uint32_t step = 0; ok && step < options->transactions; step++) {
        fc_commit_result result;
        bool committed;
        // Every reservation fails from here on: this transaction, and this one alone, must fail.
        fc_memory_disk_fail_call(disk, FC_CALL_RESERVE, 0, FC_FAULT_ENOSPC, true);
        fc_status status = workload_step(store, options->seed, step, &result, &committed);
        const bool was_hit = fc_memory_disk_fault_hit(disk);
        fc_memory_disk_clear_faults(disk);
        report->runs += was_hit;
        uint64_t digest, sequence;
        if (was_hit) {
            ok = status == FC_STATUS_NO_SPACE && store_digest(store, &digest, &sequence) &&
                 sequence == acknowledged && digest == history->digests[sequence];
            if (ok) status = workload_step(store, options->seed, step, &result, &committed);
        }
        ok = ok && status == FC_STATUS_OK;
        if (!ok)
            scenario_failed(report, "a full disk at step %u: %s", step, fc_status_name(status));
        if (committed) acknowledged = result.sequence;
    }
    if (store) fc_store_release(store);
    if (ok) judge_image(options, disk, history, acknowledged, false, "after full disks", report);
    fc_memory_disk_destroy(disk);
    free(history);
}
