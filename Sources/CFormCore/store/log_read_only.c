// Opening without the lock: beside a live writer, or up to the first fault.
//
// Beside a writer a reader sees what is certainly durable: the largest of the manifest's floor,
// the newest durable_through in a valid group, and what the newest file's header records of the
// file before. Never a group merely read, nor a header's word about its own groups.
#include <string.h>

#include "log_internal.h"

// A writer may be changing files while we look. What looks corrupt is read again from the manifest
// on; it is believed when it looks the same this often, or at once when no writer lives.
#define SAME_FAULT_COUNT_MAX 3
#define ATTEMPT_COUNT_MAX 50
#define PAUSE_NS 2000000ull

static void adopt(fc_log *log, fc_log_walk *walk) {
    log->last_sequence = walk->chain.last_sequence;
    log->last_id = walk->chain.last_id;
    log->written_sequence = log->durable_sequence = log->settled_sequence = log->last_sequence;
    log->written_id = log->durable_id = log->last_id;
    log->flight_last = log->last_sequence;
    log->file_header = walk->newest.header;
    log->end = walk->newest_end;
    log->manifest = walk->found;
    fc_manifest_init(&walk->found, walk->found.memory);
}

// The sequence up to which everything is certainly durable.
static fc_status find_limit(fc_log_walk *walk, fc_detail *detail) {
    const fc_manifest *found = &walk->found;
    const fc_manifest_log_file *newest = fc_manifest_active_file(found);
    uint64_t limit = found->floor_sequence;
    if (newest->first_sequence - 1 > limit) limit = newest->first_sequence - 1;
    fc_log_scan scan;
    fc_status status = fc_log_scan_open(&scan, walk->disk, newest->number, found->store_id, detail);
    if (status == FC_STATUS_OK) {
        fc_log_rest rest = {0, 0};
        status = fc_log_scan_rest(&scan, scan.header.alignment, &rest, detail);
        if (rest.durable_through > limit) limit = rest.durable_through;
        fc_log_scan_close(&scan);
    }
    if (status == FC_STATUS_OK) walk->limit = limit;
    return status;
}

// Reads everything once. `walk` keeps what was replayed from one attempt to the next.
static fc_status attempt(fc_log *log, fc_log_walk *walk, fc_detail *detail) {
    fc_status status = fc_log_walk_read_manifest(walk, detail);
    if (status != FC_STATUS_OK) return status;
    // The manifest before the directory: what is newer than the manifest is judged by its header.
    fc_log_listing listing;
    status = fc_log_listing_read(log->disk, &listing, detail);
    if (status != FC_STATUS_OK) return status;
    status = fc_log_walk_add_unnamed(walk, &listing, SIZE_MAX, detail);
    fc_log_listing_deinit(&listing);
    if (status == FC_STATUS_OK) status = find_limit(walk, detail);
    if (status == FC_STATUS_OK) status = fc_log_walk_files(walk, detail);
    if (status != FC_STATUS_OK || walk->chain.last_sequence >= walk->limit) return status;
    fc_fail(detail, FC_STATUS_CORRUPT,
            "the log ends with block %llu, but block %llu is known to have been durable",
            (unsigned long long)walk->chain.last_sequence, (unsigned long long)walk->limit);
    return fc_log_fail_at(detail, FC_STATUS_CORRUPT, walk->newest.name, walk->newest_end, 0);
}

// Whether a writer holds the lock; asked, never taken.
static bool writer_is_alive(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_file *file = NULL;
    int error = 0;
    bool locked = true;
    fc_status status = os->open_file(os->context, log->disk.directory, FC_LOG_LOCK_NAME,
                                     FC_OPEN_READ, &file, &error);
    if (status == FC_STATUS_MISSING_FILE) return false;
    if (status != FC_STATUS_OK) return true; // not known: be patient
    if (os->query_lock(os->context, file, &locked, &error) != FC_STATUS_OK) locked = true;
    os->close_file(os->context, file);
    return locked;
}

static void pause_briefly(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_log_lock(log);
    os->condition_wait(os->context, log->idle, log->mutex, PAUSE_NS);
    fc_log_unlock(log);
}

// Starts the next attempt: forgets all but what was replayed.
static void restart(fc_log_walk *walk, fc_log *log) {
    uint64_t sequence = walk->replayed_sequence;
    fc_hash128 id = walk->replayed_id;
    fc_log_walk_deinit(walk);
    fc_log_walk_init(walk, log);
    walk->replayed_sequence = sequence;
    walk->replayed_id = id;
}

fc_status fc_log_open_read_only(fc_log *log, fc_detail *detail) {
    fc_log_walk walk;
    fc_log_walk_init(&walk, log);
    fc_status status = FC_STATUS_OK;
    uint64_t last_manifest = 0, last_offset = 0;
    int same_count = 0;
    for (int i = 0; i < ATTEMPT_COUNT_MAX; i++) {
        fc_detail found = {.offset = 0};
        status = attempt(log, &walk, &found);
        *detail = found;
        if (status != FC_STATUS_CORRUPT || walk.replay_failed) break;
        bool is_same = i > 0 && walk.found.number == last_manifest && found.offset == last_offset;
        same_count = is_same ? same_count + 1 : 0;
        last_manifest = walk.found.number;
        last_offset = found.offset;
        if (same_count >= SAME_FAULT_COUNT_MAX || (is_same && !writer_is_alive(log))) break;
        restart(&walk, log);
        pause_briefly(log);
    }
    if (status == FC_STATUS_OK) adopt(log, &walk);
    fc_log_walk_deinit(&walk);
    return status;
}

// Without a readable manifest, the log files' own headers tell how they continue each other.
static fc_status find_by_headers(fc_log_walk *walk, fc_detail *detail) {
    fc_log_scan scan;
    fc_status status = fc_log_scan_open(&scan, walk->disk, 1, NULL, detail);
    if (status != FC_STATUS_OK) return status;
    fc_manifest_log_file file = {.number = 1, .first_sequence = 1};
    memcpy(walk->found.store_id, scan.header.store_id, 16);
    memcpy(walk->chain.store_id, scan.header.store_id, 16);
    fc_log_scan_close(&scan);
    status = fc_manifest_add_file(&walk->found, &file);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory for the log's files");
    walk->named_count = 1;
    return FC_STATUS_OK;
}

// Whether an error is a fault in the store, behind which nothing is opened.
static bool is_fault(fc_status status) {
    return status == FC_STATUS_CORRUPT || status == FC_STATUS_NOT_OURS ||
           status == FC_STATUS_MISSING_FILE || status == FC_STATUS_IO ||
           status == FC_STATUS_TOO_NEW;
}

// Notes the first fault, and goes on with what lies before it.
static fc_status note_fault(fc_log *log, fc_status status, const fc_detail *found) {
    if (!is_fault(status)) return status;
    if (log->counters.fault == FC_STATUS_OK) {
        log->counters.fault = status;
        log->counters.fault_detail = *found;
    }
    return FC_STATUS_OK;
}

static fc_status find_files(fc_log *log, fc_log_walk *walk, fc_detail *detail) {
    fc_status status = fc_log_walk_read_manifest(walk, detail);
    if (status == FC_STATUS_TOO_NEW) return status;
    if (is_fault(status)) {
        fc_detail of_manifest = *detail;
        fc_status by_headers = find_by_headers(walk, detail);
        if (by_headers == FC_STATUS_OUT_OF_MEMORY) return by_headers;
        if (by_headers != FC_STATUS_OK) {
            *detail = of_manifest;
            return status;
        }
        status = note_fault(log, status, &of_manifest);
    }
    if (status != FC_STATUS_OK) return status;
    fc_log_listing listing;
    status = fc_log_listing_read(log->disk, &listing, detail);
    if (status != FC_STATUS_OK) return status;
    fc_status added = fc_log_walk_add_unnamed(walk, &listing, SIZE_MAX, detail);
    fc_log_listing_deinit(&listing);
    return note_fault(log, added, detail);
}

fc_status fc_log_open_prefix(fc_log *log, fc_detail *detail) {
    fc_log_walk walk;
    fc_log_walk_init(&walk, log);
    fc_log_rest rest;
    fc_status status = find_files(log, &walk, detail);
    if (status == FC_STATUS_OK) {
        status = fc_log_walk_files(&walk, detail);
        if (status == FC_STATUS_OK) status = fc_log_walk_judge_rest(&walk, &rest, detail);
        if (!walk.replay_failed) status = note_fault(log, status, detail);
    }
    if (status == FC_STATUS_OK) {
        // A fault inside a file leaves its end open: the cursor stops at the last block.
        if (walk.newest.file == NULL) walk.newest_end = UINT64_MAX;
        walk.chain.last_sequence = walk.replayed_sequence;
        walk.chain.last_id = walk.replayed_id;
        adopt(log, &walk);
    }
    fc_log_walk_deinit(&walk);
    return status;
}
