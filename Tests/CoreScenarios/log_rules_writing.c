// Rules of appending, rotation, poisoning and the lock.
#include <string.h>

#include "log_rules.h"

// ---- Rotation ----------------------------------------------------------------------------------

// The old file trimmed and synced; the new one with its header written, synced, renamed, the directory synced;
// the manifest likewise, naming both, its floor at the old file's end; only then the first group.
static void rotation_order(rule_bench *bench, const char *expected) {
    uint64_t end, blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 1));
    for (;;) {
        // At the lower levels blocks gather: what is in the file is known after a sync.
        RULE_OK(bench, fc_log_sync(bench->log, &bench->detail));
        end = fc_log_read_state(bench->log).file_offset;
        rule_trace_start(bench);
        RULE_OK(bench, rule_append(bench, 1));
        rule_trace_stop(bench);
        if (fc_log_read_state(bench->log).file_number == 2) break;
        RULE(bench, rule_last(bench) < 100);
    }
    const uint64_t last = rule_last(bench);
    RULE(bench, rule_trace_is(bench, expected));
    RULE(bench, rule_size(bench, LOG_1) == end);
    fc_manifest manifest;
    RULE(bench, rule_take_manifest(bench, &manifest));
    const bool holds = manifest.file_count == 2 && manifest.files[0].end_offset == end &&
                       manifest.floor_sequence == last - 1 && manifest.clean_number == 0 &&
                       manifest.files[0].last_sequence == last - 1 &&
                       manifest.files[1].first_sequence == last;
    fc_manifest_deinit(&manifest);
    RULE(bench, holds);
    RULE_OK(bench, rule_close(bench));
    RULE_OK(bench, rule_reopen(bench, &blocks));
    RULE(bench, blocks == last);
}

static void rotation_order_full(rule_bench *bench) {
    rotation_order(bench, bench->report->direct // asked with zeros, then the group
                              ? "T1 S1 W2.tmp S2.tmp R2 D WM.tmp SM.tmp RM D P2 P2"
                              : "T1 S1 W2.tmp S2.tmp R2 D WM.tmp SM.tmp RM D W2 S2");
}
LOG_RULE(rotation_order_full, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

static void rotation_order_lower(rule_bench *bench) {
    // Everything was synced before: the same order, and the first group is gathered.
    rotation_order(bench, "T1 S1 W2.tmp S2.tmp R2 D WM.tmp SM.tmp RM D");
}
static void rotation_order_batched(rule_bench *bench) {
    rotation_order_lower(bench);
}
LOG_RULE(rotation_order_batched, FC_DURABILITY_BATCHED, SMALL_FILE_BYTES)
static void rotation_order_none(rule_bench *bench) {
    rotation_order_lower(bench);
}
LOG_RULE(rotation_order_none, FC_DURABILITY_NONE, SMALL_FILE_BYTES)

// A group that is larger than the seal size gets a larger file, and the log goes on.
static void large_group(rule_bench *bench) {
    uint64_t blocks;
    bench->large_sequence = 3;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    const uint64_t rotations = fc_log_read_state(bench->log).rotations;
    RULE_OK(bench, rule_append(bench, 1));
    RULE(bench, fc_log_read_state(bench->log).rotations == rotations + 1);
    RULE(bench, rule_size(bench, LOG_2) > (3u << 20));
    RULE_OK(bench, rule_append(bench, 2));
    RULE(bench, fc_log_read_state(bench->log).rotations == rotations + 2);
    rule_bench *killed = rule_fork(bench);
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == 5);
    RULE_OK(bench, rule_close(bench));
    RULE_OK(bench, rule_reopen(bench, &blocks));
    RULE(bench, blocks == 5);
}
LOG_RULE(large_group, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// ---- What the writes touch ---------------------------------------------------------------------

// Sees every write's offset, on its way to the real table. One bench at a time and thread.
typedef struct write_watch {
    const fc_os *real;
    uint64_t least_offset; // of the next writes to the log
    uint64_t count, unaligned, below;
} write_watch;
static _Thread_local write_watch watch;

static fc_status watched_write(void *context, fc_file *file, uint64_t offset, const void *bytes,
                               size_t length, size_t *out_length, int *out_error) {
    watch.count++;
    watch.unaligned += offset % FC_LOG_FILE_ALIGNMENT != 0;
    watch.below += offset < watch.least_offset;
    return watch.real->write_at(context, file, offset, bytes, length, out_length, out_error);
}

static void watch_writes(rule_bench *bench, fc_os *table) {
    *table = *bench->os;
    table->write_at = watched_write;
    watch = (write_watch){.real = bench->os};
    bench->options.os = table;
}

// Groups start at multiples of 4 KiB, and no write touches what lies before the end of the last group: a sector
// that holds an acknowledged block is never written again.
static void sector_written_once(rule_bench *bench) {
    fc_os table;
    watch_writes(bench, &table);
    fc_status status = rule_open(bench);
    for (int i = 0; i < 30 && status == FC_STATUS_OK; i++) {
        if (i == 1) watch.below = 0; // with the first append goes the manifest without the mark
        const fc_log_state state = fc_log_read_state(bench->log);
        watch.least_offset = i > 0 ? state.file_offset : 0;
        status = state.file_offset % FC_LOG_FILE_ALIGNMENT == 0 ? rule_append(bench, 1)
                                                                : FC_STATUS_INVALID_ARGUMENT;
    }
    watch.least_offset = 0;
    if (bench->log != NULL && status == FC_STATUS_OK) status = rule_close(bench);
    bench->options.os = bench->os;
    RULE(bench, status == FC_STATUS_OK);
    RULE(bench, watch.count >= 31 && watch.below == 0 && watch.unaligned == 0);
}
LOG_RULE(sector_written_once, FC_DURABILITY_FULL, 0)

// Short writes and EINTR are continued, each time from an aligned offset; what is written is whole.
static void short_writes_aligned(rule_bench *bench) {
    static const fc_fault faults[] = {FC_FAULT_SHORT, FC_FAULT_EINTR};
    uint64_t blocks;
    bench->large_sequence = 3;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_close(bench));
    for (int kind = 0; kind < 4; kind++)
        for (uint64_t call = 0; call < 40; call++) {
            const bool for_good = kind >= 2;
            rule_bench *fork = rule_fork(bench);
            fc_os table;
            watch_writes(fork, &table);
            fc_memory_disk_fail_call(fork->disk, FC_CALL_WRITE, call, faults[kind % 2], for_good);
            fc_status status = rule_open(fork);
            if (status == FC_STATUS_OK) status = rule_append(fork, 5);
            if (fork->log != NULL && status == FC_STATUS_OK) status = rule_close(fork);
            fork->options.os = fork->os;
            const bool was_hit = fc_memory_disk_fault_hit(fork->disk);
            fc_memory_disk_clear_faults(fork->disk);
            RULE(fork, status == FC_STATUS_OK);
            // A disk on which no write is ever whole gets nowhere with aligned ones alone.
            RULE(fork, watch.unaligned == 0 || for_good);
            RULE_OK(fork, rule_reopen(fork, &blocks));
            RULE(fork, blocks == 5);
            if (!was_hit) break;
        }
}
LOG_RULE(short_writes_aligned, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// ---- Poisoning ---------------------------------------------------------------------------------

// The log is poisoned, and `enqueued` of its blocks are of unknown outcome: no call touches the disk again,
// every one says so, reads go on at what is published, and reopening recovers.
static void stay_poisoned(rule_bench *bench, uint64_t published) {
    uint64_t blocks;
    fc_memory_disk_clear_faults(bench->disk); // the disk is well again
    rule_trace_start(bench);
    RULE(bench, fc_log_read_state(bench->log).is_poisoned);
    RULE(bench, rule_append(bench, 1) == FC_STATUS_POISONED);
    RULE(bench, fc_log_sync(bench->log, &bench->detail) == FC_STATUS_POISONED);
    RULE(bench, rule_append(bench, 1) == FC_STATUS_POISONED);
    RULE(bench, bench->published == published && rule_journal_count(bench) == published);
    RULE(bench, rule_close(bench) == FC_STATUS_POISONED);
    rule_trace_stop(bench);
    RULE(bench, rule_trace_is(bench, "")); // never a retry
    RULE_OK(bench, rule_reopen(bench, &blocks));
    RULE(bench, blocks >= published && blocks <= published + 1);
    const fc_crash_options lose_all = {.mode = FC_CRASH_LOSE_ALL};
    rule_bench *lost = rule_power_cut(bench, &lose_all);
    const uint64_t recovered = blocks;
    RULE_OK(lost, rule_reopen(lost, &blocks));
    RULE(lost, blocks == recovered);
}

// Another writer, whose block is enqueued while the first one's is on its way.
typedef struct second_writer {
    fc_log *log;
    fc_block_header header;
    fc_status status;
    bool has_written;
} second_writer;

static void write_meanwhile(void *observer, fc_call_kind kind, const char *file_name) {
    second_writer *second = observer;
    (void)file_name;
    if (second->has_written ||
        (kind != FC_CALL_WRITE && kind != FC_CALL_WRITE_DIRECT && kind != FC_CALL_SYNC_FILE))
        return;
    second->has_written = true;
    static const uint8_t payload[] = "a second writer's";
    const fc_block_draft draft = {.operation_count = 1, .payload = {payload, sizeof payload}};
    second->status = fc_log_append(second->log, &draft, &second->header, NULL);
}

static void poisoned_by(rule_bench *bench, fc_call_kind kind) {
    fc_detail detail;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    if (bench->report->direct) kind = FC_CALL_WRITE_DIRECT; // both in one call
    second_writer second = {.log = bench->log};
    fc_memory_disk_set_observer(bench->disk, write_meanwhile, &second);
    fc_memory_disk_fail_call(bench->disk, kind, 0, FC_FAULT_EIO, false);
    RULE(bench, rule_append(bench, 1) == FC_STATUS_COMMIT_OUTCOME_UNKNOWN);
    fc_memory_disk_set_observer(bench->disk, NULL, NULL);
    RULE(bench, bench->detail.sequence == 3 && bench->detail.system_error != 0);
    RULE(bench, memcmp(bench->detail.block, second.header.previous_id.bytes, 16) == 0);
    RULE(bench, second.has_written && second.status == FC_STATUS_OK);
    RULE(bench, fc_log_wait(bench->log, 4, &second.header.id, &detail) ==
                    FC_STATUS_COMMIT_OUTCOME_UNKNOWN);
    RULE(bench, detail.sequence == 4 && memcmp(detail.block, second.header.id.bytes, 16) == 0);
    stay_poisoned(bench, 2);
}

// A failed sync poisons the handle: its waiters are told sequence and block, and nothing is tried again.
static void poisoned_by_sync(rule_bench *bench) {
    poisoned_by(bench, FC_CALL_SYNC_FILE);
}
LOG_RULE(poisoned_by_sync, FC_DURABILITY_FULL, 0)

// So does a failed write.
static void poisoned_by_write(rule_bench *bench) {
    poisoned_by(bench, FC_CALL_WRITE);
}
LOG_RULE(poisoned_by_write, FC_DURABILITY_FULL, 0)

// A rotation that fails once it has begun to change the disk poisons too; nothing was enqueued, so nothing is
// of unknown outcome.
static void poisoned_by_rotation(rule_bench *bench) {
    static const fc_call_kind kinds[] = {FC_CALL_TRUNCATE, FC_CALL_SYNC_FILE, FC_CALL_WRITE,
                                         FC_CALL_RENAME, FC_CALL_SYNC_DIRECTORY};
    static const uint64_t counts[] = {1, 3, 2, 2, 2}; // in one rotation
    rule_bench *probe = rule_fork(bench);             // how many blocks fit
    RULE_OK(probe, rule_open(probe));
    RULE_OK(probe, rule_append_until_file(probe, 2));
    const uint64_t last = rule_last(probe) - 1;
    for (int kind = 0; kind < 5; kind++)
        for (uint64_t call = 0; call < counts[kind]; call++) {
            rule_bench *fork = rule_fork(bench);
            RULE_OK(fork, rule_open(fork));
            RULE_OK(fork, rule_append(fork, last));
            fc_memory_disk_fail_call(fork->disk, kinds[kind], call, FC_FAULT_EIO, false);
            RULE(fork, rule_append(fork, 1) == FC_STATUS_POISONED);
            RULE(fork, rule_last(fork) == last);
            stay_poisoned(fork, last);
        }
}
LOG_RULE(poisoned_by_rotation, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// What is left under a temporary name is removed before the name is used again: its directory entry may be
// among what a failed sync has lost for good, and a rename would be lost with it.
static void left_over_name_removed(rule_bench *bench) {
    uint64_t blocks;
    rule_bench *probe = rule_fork(bench);
    RULE_OK(probe, rule_open(probe));
    RULE_OK(probe, rule_append_until_file(probe, 2));
    const uint64_t last = rule_last(probe) - 1;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, last));
    // The rotation's first directory sync loses the entry of MANIFEST.tmp, and the process dies before it can
    // remove the file (two removals of left-overs come before).
    fc_memory_disk_fail_call(bench->disk, FC_CALL_SYNC_DIRECTORY, 0, FC_FAULT_LYING_SYNC_FAIL,
                             false);
    fc_memory_disk_fail_call(bench->disk, FC_CALL_REMOVE, 2, FC_FAULT_CRASH, true);
    RULE(bench, rule_append(bench, 1) == FC_STATUS_POISONED);
    RULE(bench, rule_close(bench) == FC_STATUS_POISONED);
    fc_memory_disk_clear_faults(bench->disk);
    RULE(bench, rule_has_file(bench, MANIFEST ".tmp"));
    RULE_OK(bench, rule_reopen(bench, &blocks));
    RULE(bench, blocks == last);
    const fc_crash_options lose_all = {.mode = FC_CRASH_LOSE_ALL};
    rule_bench *lost = rule_power_cut(bench, &lose_all);
    fc_manifest manifest;
    RULE(lost, rule_take_manifest(lost, &manifest));
    const bool is_closed = manifest.clean_number == manifest.file_count;
    fc_manifest_deinit(&manifest);
    RULE(lost, is_closed); // the manifests written since are on the disk
    RULE_OK(lost, rule_reopen(lost, &blocks));
    RULE(lost, blocks == last);
}
LOG_RULE(left_over_name_removed, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A full disk at the reservation fails that transaction alone, at every level.
static void full_disk_fails_alone(rule_bench *bench) {
    for (int level = FC_DURABILITY_FULL; level <= FC_DURABILITY_NONE; level++) {
        rule_bench *fork = rule_fork(bench);
        memcpy(&fork->options.durability, &level, sizeof level);
        uint64_t refused = 0, blocks;
        RULE_OK(fork, rule_open(fork));
        RULE_OK(fork, rule_append(fork, 4));
        fc_memory_disk_set_capacity(fork->disk, 60000);
        for (int i = 0; i < 100; i++) {
            const fc_status status = rule_append(fork, 1);
            refused += status == FC_STATUS_NO_SPACE;
            RULE(fork, status == FC_STATUS_OK || status == FC_STATUS_NO_SPACE);
            RULE(fork, !fc_log_read_state(fork->log).is_poisoned);
        }
        RULE(fork, refused > 0 && fork->published == rule_last(fork));
        fc_memory_disk_set_capacity(fork->disk, 0);
        RULE_OK(fork, rule_append(fork, 20));
        const uint64_t last = rule_last(fork);
        RULE_OK(fork, rule_close(fork));
        RULE_OK(fork, rule_reopen(fork, &blocks));
        RULE(fork, blocks == last);
    }
}
LOG_RULE(full_disk_fails_alone, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// ---- The lock ----------------------------------------------------------------------------------

// LOCK is never deleted; a second writer gets an error of its own; a reader neither takes the lock nor makes
// the file.
static void lock(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    rule_bench *second = rule_beside(bench, FC_ACCESS_READ_WRITE);
    rule_bench *reader = rule_beside(bench, FC_ACCESS_READ_ONLY);
    RULE(second, rule_open(second) == FC_STATUS_LOCKED && rule_blames(second, "db/LOCK"));
    RULE_OK(reader, rule_open(reader)); // readers need no lock
    rule_trace_start(bench);
    RULE_OK(bench, rule_close(bench));
    RULE(bench, rule_has_file(bench, "db/LOCK"));
    RULE_OK(second, rule_open(second)); // and hold none
    RULE_OK(second, rule_append(second, 1));
    RULE(bench, rule_open(bench) == FC_STATUS_LOCKED);
    RULE_OK(second, rule_close(second));
    RULE_OK(bench, rule_reopen(bench, &blocks));
    rule_trace_stop(bench);
    RULE(bench, blocks == 3 && rule_has_file(bench, "db/LOCK"));
    RULE(bench, strstr(bench->trace, "XLOCK") == NULL);

    rule_bench *fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_remove(fork->disk, "db/LOCK"));
    fork->options.access = FC_ACCESS_READ_ONLY;
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, !rule_has_file(fork, "db/LOCK"));
    // A writer that was refused or that failed leaves no lock behind.
    fork = rule_fork(bench);
    rule_flip(fork, LOG_1, 5000);
    RULE(fork, rule_open(fork) == FC_STATUS_CORRUPT);
    rule_flip(fork, LOG_1, 5000);
    RULE_OK(fork, rule_reopen(fork, &blocks));
}
LOG_RULE(lock, FC_DURABILITY_FULL, 0)

// ---- Gathering ---------------------------------------------------------------------------------

// `batched(t)` writes and syncs after t.
static void gathering_in_time(rule_bench *bench) {
    const fc_os *os = bench->os;
    bench->options.batch_interval_us = 3000;
    RULE_OK(bench, rule_open(bench));
    fc_memory_disk_set_clock(bench->disk, 5000000, 0);
    RULE_OK(bench, rule_append(bench, 40));
    RULE(bench, bench->published == 40); // published = applied
    RULE(bench, fc_log_read_state(bench->log).groups == 0);
    RULE(bench, fc_log_read_state(bench->log).durable_sequence == 0);
    fc_memory_disk_set_clock(bench->disk, os->wall_time_us(os->context) + 3001, 0);
    RULE_OK(bench, rule_append(bench, 1));
    RULE(bench, fc_log_read_state(bench->log).durable_sequence == 41);
    const fc_crash_options lose_all = {.mode = FC_CRASH_LOSE_ALL};
    rule_bench *lost = rule_power_cut(bench, &lose_all);
    RULE_OK(lost, rule_open(lost));
    RULE(lost, lost->replayed == 41);
}
LOG_RULE(gathering_in_time, FC_DURABILITY_BATCHED, 0)

// `none` writes what it has gathered at 256 KiB, and syncs nothing until it is asked to.
static void gathering_by_size(rule_bench *bench) {
    RULE_OK(bench, rule_open(bench));
    fc_memory_disk_set_clock(bench->disk, 5000000, 0);
    while (fc_log_read_state(bench->log).groups == 0) {
        RULE_OK(bench, rule_append(bench, 1));
        RULE(bench, rule_last(bench) < 5000);
    }
    const fc_log_state state = fc_log_read_state(bench->log);
    RULE(bench, state.bytes_written >= 200u << 10 && state.bytes_written <= 300u << 10);
    RULE(bench, state.syncs == 0 && bench->published == state.last_sequence);
    rule_bench *killed = rule_fork(bench); // a killed process loses only what was gathered
    RULE_OK(killed, rule_open(killed));
    RULE(killed, killed->replayed == state.last_sequence);
    RULE_OK(bench, fc_log_sync(bench->log, &bench->detail));
    RULE(bench, fc_log_read_state(bench->log).durable_sequence == state.last_sequence);
}
LOG_RULE(gathering_by_size, FC_DURABILITY_NONE, 0)

// A block's id depends on content, place and past, never on how LZ4 packed it.
static void ids_ignore_compression(rule_bench *bench) {
    RULE_OK(bench, rule_open(bench)); // so that both have one store id
    RULE_OK(bench, rule_close(bench));
    rule_bench *packed = rule_fork(bench), *plain = rule_fork(bench);
    plain->options.compress = false;
    RULE_OK(packed, rule_open(packed));
    RULE_OK(plain, rule_open(plain));
    RULE_OK(packed, rule_append(packed, 20));
    RULE_OK(plain, rule_append(plain, 20));
    const fc_log_state a = fc_log_read_state(packed->log), b = fc_log_read_state(plain->log);
    RULE(bench, fc_hash128_equal(&a.last_id, &b.last_id));
    RULE(bench, a.bytes_written < b.bytes_written);
}
LOG_RULE(ids_ignore_compression, FC_DURABILITY_FULL, 0)
