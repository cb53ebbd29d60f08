// Rules of recovery after an unclean stop, and of the clean mark.
#include <string.h>

#include "../../Sources/CFormCore/base/bytes.h"
#include "log_rules.h"

// The groups above the newest durable_through are copied into a file of the next epoch; its header sets the
// old file's end before them; the old file is left as it was.
static void recovery_copies(rule_bench *bench) {
    uint64_t size, size_after, size_2;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    const uint64_t boundary = fc_log_read_state(bench->log).file_offset;
    RULE_OK(bench, rule_append(bench, 1)); // its durable_through is 2
    rule_bench *killed = rule_fork(bench);
    const uint8_t *before = rule_file(killed, LOG_1, &size);
    const fc_log_file_header old = rule_header(killed, LOG_1);
    RULE_OK(killed, rule_open(killed));
    const fc_log_state state = fc_log_read_state(killed->log);
    RULE(killed, killed->replayed == 3 && state.recovered_blocks == 1);
    RULE(killed, state.durable_sequence == 3 && state.file_number == 2);

    const fc_log_file_header header = rule_header(killed, LOG_2);
    RULE(killed, header.first_sequence == 3 && header.previous_number == 1);
    RULE(killed, header.previous_end == boundary);
    RULE(killed, header.epoch == old.epoch + 1 && header.salt != old.salt);
    const uint8_t *after = rule_file(killed, LOG_1, &size_after);
    RULE(killed, size == size_after && memcmp(before, after, (size_t)size) == 0);
    // The block is the same byte for byte; the group is sealed for its new place.
    const uint8_t *new_file = rule_file(killed, LOG_2, &size_2);
    const uint8_t *copy = new_file + FC_LOG_FILE_HEADER_BYTES;
    RULE(killed, memcmp(copy + FC_GROUP_HEADER_BYTES, before + boundary + FC_GROUP_HEADER_BYTES,
                        FC_BLOCK_HEADER_BYTES) == 0);
    RULE(killed, fc_load_u64(copy + 16) == header.epoch && fc_load_u64(copy + 32) == 2);
    fc_manifest manifest;
    RULE(killed, rule_take_manifest(killed, &manifest));
    const bool holds = manifest.file_count == 2 && manifest.floor_sequence == 3 &&
                       manifest.files[0].end_offset == boundary;
    fc_manifest_deinit(&manifest);
    RULE(killed, holds);
    RULE(killed, rule_journal_count(killed) == 3);
}
LOG_RULE(recovery_copies, FC_DURABILITY_FULL, 0)

// Recovery never calls durable what it only read: what a failed sync lost is in the page cache, and after the
// recovery it is on the disk.
static void recovery_distrusts_cache(rule_bench *bench) {
    const fc_crash_options lose_all = {.mode = FC_CRASH_LOSE_ALL};
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    const fc_call_kind kind = bench->report->direct ? FC_CALL_WRITE_DIRECT : FC_CALL_SYNC_FILE;
    fc_memory_disk_fail_call(bench->disk, kind, 0, FC_FAULT_LYING_SYNC_FAIL, false);
    RULE(bench, rule_append(bench, 1) == FC_STATUS_COMMIT_OUTCOME_UNKNOWN);
    RULE(bench, rule_close(bench) == FC_STATUS_POISONED);
    rule_bench *lost = rule_power_cut(bench, &lose_all);
    RULE_OK(lost, rule_open(lost));
    RULE(lost, lost->replayed == 2); // on the disk it never was
    RULE_OK(bench, rule_open(bench));
    RULE(bench, bench->replayed == 3); // the cache has it
    rule_bench *after = rule_power_cut(bench, &lose_all);
    RULE_OK(after, rule_open(after));
    RULE(after, after->replayed == 3);
}
LOG_RULE(recovery_distrusts_cache, FC_DURABILITY_FULL, 0)

// Gives each byte of log file 1 right once, and wrong whenever it is read again.
typedef struct forgetful_disk {
    const fc_os *real;
    uint64_t read_end;
} forgetful_disk;
static _Thread_local forgetful_disk forgetful;

static fc_status read_once(void *context, fc_file *file, uint64_t offset, void *bytes,
                           size_t length, size_t *out_length, int *out_error) {
    fc_status status =
        forgetful.real->read_at(context, file, offset, bytes, length, out_length, out_error);
    if (status != FC_STATUS_OK || length <= FC_LOG_FILE_HEADER_BYTES || *out_length == 0)
        return status;
    if (offset < forgetful.read_end) memset(bytes, 0x5A, *out_length);
    if (offset + *out_length > forgetful.read_end) forgetful.read_end = offset + *out_length;
    return status;
}

// What recovery copies are the very bytes that were checked: it reads no group a second time.
static void recovery_copies_what_it_checked(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    rule_bench *killed = rule_fork(bench);
    fc_os table = *killed->os;
    forgetful = (forgetful_disk){.real = killed->os};
    table.read_at = read_once;
    killed->options.os = &table;
    const fc_status status = rule_open(killed);
    const fc_status closed = status == FC_STATUS_OK ? rule_close(killed) : status;
    killed->options.os = killed->os;
    RULE(killed, status == FC_STATUS_OK && closed == FC_STATUS_OK && killed->replayed == 3);
    RULE(killed, forgetful.read_end > 0);
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == 3);
}
LOG_RULE(recovery_copies_what_it_checked, FC_DURABILITY_FULL, 0)

// Recovery never builds on a newest file that the manifest does not name: it writes that file again under its
// own number, with all its groups, a new epoch and a new salt.
static void recovery_rewrites_unnamed(rule_bench *bench) {
    uint64_t size, blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    rule_bench *killed = rule_fork(bench);
    const uint8_t *manifest = rule_file(killed, MANIFEST, &size);
    RULE_OK(killed, rule_reopen(killed, &blocks));
    const fc_log_file_header first = rule_header(killed, LOG_2);
    rule_put_file(killed, MANIFEST, manifest, size); // the one that names log 2 is lost
    RULE_OK(killed, rule_open(killed));
    const fc_log_file_header second = rule_header(killed, LOG_2);
    RULE(killed, killed->replayed == 3 && !rule_has_file(killed, LOG_3));
    RULE(killed, second.number == 2 && second.epoch == first.epoch + 1);
    RULE(killed, second.salt != first.salt && second.previous_end == first.previous_end);
    RULE(killed, second.first_sequence == first.first_sequence);
    RULE_OK(killed, rule_append(killed, 2));
    RULE_OK(killed, rule_close(killed));
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == 5);
}
LOG_RULE(recovery_rewrites_unnamed, FC_DURABILITY_FULL, 0)

// The manifest as it was read is made durable without its mark; then the new file; then the manifest that
// names it with its floor. Only then is anything else written.
static void recovery_order(rule_bench *bench) {
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    rule_bench *killed = rule_fork(bench);
    rule_trace_start(killed);
    RULE_OK(killed, rule_open(killed));
    RULE_OK(killed, rule_append(killed, 1));
    rule_trace_stop(killed);
    RULE(killed, rule_trace_is(killed, bench->report->direct
                                           ? "WM.tmp SM.tmp RM D W2.tmp W2.tmp S2.tmp R2 D "
                                             "WM.tmp SM.tmp RM D P2 P2"
                                           : "WM.tmp SM.tmp RM D W2.tmp W2.tmp S2.tmp R2 D "
                                             "WM.tmp SM.tmp RM D W2 S2"));
}
LOG_RULE(recovery_order, FC_DURABILITY_FULL, 0)

// Cuts the recovery of `bench` at every call, `depth` times over; each image must come back whole.
static void cut_recovery(rule_bench *bench, uint32_t depth, digest_set *seen) {
    static const int modes[] = {FC_CRASH_LOSE_ALL, FC_CRASH_KEEP_ALL, FC_CRASH_RANDOM_SUBSET};
    for (uint64_t cut = 0;; cut++) {
        rule_bench *victim = rule_fork(bench);
        fc_memory_disk_fail_io(victim->disk, cut, FC_FAULT_CRASH, true);
        (void)!rule_open(victim);
        const bool was_cut = fc_memory_disk_fault_hit(victim->disk);
        fc_memory_disk_clear_faults(victim->disk);
        for (uint32_t i = 0; i < 3; i++) {
            fc_crash_options crash = {.seed = cut + depth * 1000, .tear_bytes = 512};
            memcpy(&crash.mode, &modes[i], sizeof crash.mode);
            rule_bench *left = rule_power_cut(victim, &crash);
            if (!digest_set_add(seen, fc_memory_disk_digest(left->disk))) continue;
            if (depth > 1) {
                cut_recovery(left, depth - 1, seen);
                if (scenario_has_failed(bench->report)) return;
            }
            const uint8_t *evidence;
            uint64_t size, blocks;
            RULE_OK(left, rule_open(left));
            RULE(left, left->replayed == 3);
            RULE(left, rule_quarantined(left, &evidence, &size) >= 1);
            RULE_OK(left, rule_append(left, 1));
            RULE_OK(left, rule_close(left));
            RULE_OK(left, rule_reopen(left, &blocks));
            RULE(left, blocks == 4);
        }
        if (!was_cut) break;
        RULE(bench, cut < 200);
    }
}

// Recovery that is interrupted, also twice over, and begun again ends where it would have.
static void recovery_idempotent(rule_bench *bench) {
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    rule_bench *killed = rule_fork(bench);
    const uint64_t end = fc_log_read_state(bench->log).file_offset;
    RULE(killed, fc_memory_disk_write(killed->disk, LOG_1, end, "torn", 4));
    digest_set seen = {0};
    cut_recovery(killed, 2, &seen);
    bench->report->distinct_images = seen.count;
    digest_set_free(&seen);
}
LOG_RULE(recovery_idempotent, FC_DURABILITY_FULL, 0)

static bool is_marked(rule_bench *bench, uint64_t *out_number, uint64_t *out_end) {
    fc_manifest manifest;
    if (!rule_take_manifest(bench, &manifest)) return false;
    *out_number = manifest.clean_number;
    *out_end = manifest.clean_end;
    fc_manifest_deinit(&manifest);
    return *out_number != 0;
}

// After a clean close the mark tells the newest file's exact end. Opening for writing makes a manifest without
// it durable before its first write to the log; opening without writing leaves it.
static void mark_removed_first(rule_bench *bench) {
    uint64_t number, end, blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    RULE_OK(bench, rule_close(bench));
    RULE(bench, is_marked(bench, &number, &end) && number == 1 && end == rule_size(bench, LOG_1));
    rule_trace_start(bench);
    RULE_OK(bench, rule_reopen(bench, &blocks));
    rule_trace_stop(bench);
    RULE(bench, rule_trace_is(bench, "") && is_marked(bench, &number, &end));
    rule_trace_start(bench);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 1));
    rule_trace_stop(bench);
    RULE(bench, rule_trace_is(bench, bench->report->direct ? "WM.tmp SM.tmp RM D P1 P1"
                                                           : "WM.tmp SM.tmp RM D W1 S1"));
    RULE(bench, !is_marked(bench, &number, &end) && !rule_has_file(bench, LOG_2));
    rule_bench *killed = rule_fork(bench); // so a later torn write is no corruption
    const uint64_t behind = fc_log_read_state(bench->log).file_offset;
    RULE(killed, fc_memory_disk_write(killed->disk, LOG_1, behind, "torn", 4));
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == 3);
}
LOG_RULE(mark_removed_first, FC_DURABILITY_FULL, 0)

// The mark speaks of its file only: not of the one after it, and never against what a successor records.
static void mark_of_one_file(rule_bench *bench) {
    uint64_t blocks, number, end;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    const fc_log_state state = fc_log_read_state(bench->log);
    RULE_OK(bench, rule_close(bench));
    RULE(bench, is_marked(bench, &number, &end));
    fc_log_file_header next = rule_header(bench, LOG_1);
    next.number = 2;
    next.previous_number = 1;
    next.previous_end = end;
    next.previous_id = state.last_id;
    next.first_sequence = 3;
    rule_bench *fork = rule_fork(bench);
    rule_put_header(fork, LOG_2, &next);
    RULE(fork, fc_memory_disk_write(fork->disk, LOG_2, FC_LOG_FILE_HEADER_BYTES, "torn", 4));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 2);
    // A successor that would cut the marked file short is corruption.
    fork = rule_fork(bench);
    fc_manifest manifest;
    RULE(fork, rule_take_manifest(fork, &manifest));
    manifest.floor_sequence = 0;
    memset(&manifest.floor_id, 0, sizeof manifest.floor_id);
    rule_put_manifest(fork, &manifest);
    next.previous_end = FC_LOG_FILE_HEADER_BYTES;
    next.previous_id = (fc_hash128){{0}};
    next.first_sequence = 1;
    rule_put_header(fork, LOG_2, &next);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
}
LOG_RULE(mark_of_one_file, FC_DURABILITY_FULL, 0)
