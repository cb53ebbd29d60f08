// What a store on a damaged or cut disk must still show.
#include <string.h>

#include "scenario_internal.h"

// The journal from the start: sequences without holes, each linked to the one before.
static bool journal_holds(fc_store *store, uint64_t last) {
    fc_journal_cursor *cursor;
    if (fc_journal(store, 0, &cursor, NULL) != FC_STATUS_OK) return false;
    fc_hash128 previous = {{0}};
    uint64_t sequence = 0;
    bool found = true, ok = true;
    while (ok && found) {
        fc_block block;
        ok = fc_journal_next(cursor, &found, &block, NULL) == FC_STATUS_OK;
        if (!ok || !found) break;
        ok = block.header.sequence == ++sequence &&
             fc_hash128_equal(&block.header.previous_id, &previous);
        previous = block.header.id;
    }
    fc_journal_close(cursor);
    return ok && sequence == last;
}

// One more transaction on the recovered store.
static bool takes_a_write(fc_store *store, const scenario_options *options, uint64_t sequence) {
    fc_commit_result result;
    bool committed = false;
    const uint32_t step = sequence == 0 ? 0 : 1003; // an upsert; never one that is aborted
    const fc_status status = workload_step(store, options->seed + 77, step, &result, &committed);
    return status == FC_STATUS_OK && committed && result.sequence == sequence + 1;
}

static bool reopens_alike(const scenario_options *options, const fc_os *os, uint64_t digest,
                          uint64_t sequence) {
    fc_store *store;
    const fc_store_options store_options = workload_store_options(options, os);
    if (fc_open(&store_options, &store, NULL) != FC_STATUS_OK) return false;
    uint64_t again, again_sequence;
    const bool ok = store_digest(store, &again, &again_sequence) && again == digest &&
                    again_sequence == sequence;
    fc_store_release(store);
    return ok;
}

bool judge_image(const scenario_options *options, fc_memory_disk *image,
                 const workload_history *history, uint64_t least, bool may_refuse, const char *what,
                 scenario_report *report) {
    const fc_os *os = fc_memory_disk_os(image);
    fc_store *store;
    fc_detail detail = {0};
    const fc_store_options store_options = workload_store_options(options, os);
    report->images++;
    const fc_status status = fc_open(&store_options, &store, &detail);
    if (status != FC_STATUS_OK) {
        report->refused++;
        if (may_refuse && status >= FC_STATUS_CORRUPT && status < FC_STATUS_OUT_OF_MEMORY)
            return true;
        scenario_failed(report, "%s: open says %s: %s (%s at %llu)", what, fc_status_name(status),
                        detail.message, detail.file, detail.offset);
        return false;
    }
    report->recovered++;
    uint64_t digest = 0, sequence = 0;
    const bool readable = store_digest(store, &digest, &sequence);
    report->quarantined += fc_store_read_state(store).log.quarantined_bytes > 0;
    if (!readable)
        scenario_failed(report, "%s: the recovered store cannot be read", what);
    else if (sequence < least)
        scenario_failed(report, "%s: sequence %llu was acknowledged, %llu came back", what,
                        (unsigned long long)least, (unsigned long long)sequence);
    else if (sequence > history->last_sequence || digest != history->digests[sequence])
        scenario_failed(report, "%s: what came back at sequence %llu was never written", what,
                        (unsigned long long)sequence);
    else if (!journal_holds(store, sequence))
        scenario_failed(report, "%s: the journal does not hold together", what);
    else if (!takes_a_write(store, options, sequence))
        scenario_failed(report, "%s: the recovered store takes no write", what);
    uint64_t written = 0, written_sequence = 0;
    if (!scenario_has_failed(report) && !store_digest(store, &written, &written_sequence))
        scenario_failed(report, "%s: the store cannot be read after a write", what);
    const fc_status closed = fc_close(store, &detail);
    fc_store_release(store);
    if (closed != FC_STATUS_OK)
        scenario_failed(report, "%s: close says %s", what, fc_status_name(closed));
    if (!scenario_has_failed(report) && !reopens_alike(options, os, written, written_sequence))
        scenario_failed(report, "%s: the store is another one after reopening", what);
    return !scenario_has_failed(report);
}
