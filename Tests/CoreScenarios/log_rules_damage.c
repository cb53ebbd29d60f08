// Rules that tell a torn write from corruption.
#include <string.h>

#include "log_rules.h"

// Where each of the next `count` blocks' groups begins; appends them, one group a block.
static bool append_noting(rule_bench *bench, uint64_t count, uint64_t *out_offsets) {
    for (uint64_t i = 0; i < count; i++) {
        out_offsets[i] = fc_log_read_state(bench->log).file_offset;
        if (rule_append(bench, 1) != FC_STATUS_OK) return false;
    }
    return true;
}

// Spoils the body of the group at `offset`, or its header.
static void spoil(rule_bench *bench, const char *path, uint64_t offset, bool header) {
    rule_flip(bench, path, offset + (header ? 9 : FC_GROUP_HEADER_BYTES + 9));
}

// The manifest's floor is a sequence and a block id that the log must reach: a shorter log is corruption, and
// so is one with another block there.
static void floor_not_reached(rule_bench *bench) {
    uint64_t at[3], blocks;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 3, at));
    RULE_OK(bench, fc_log_sync(bench->log, &bench->detail));
    rule_bench *fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[2]));
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT && rule_blames(fork, LOG_1));

    fork = rule_fork(bench);
    fc_manifest manifest;
    RULE(fork, rule_take_manifest(fork, &manifest));
    manifest.floor_id.bytes[3] ^= 1;
    rule_put_manifest(fork, &manifest);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);

    fork = rule_fork(bench); // without the floor the same cut is a lost tail
    RULE(fork, rule_take_manifest(fork, &manifest));
    manifest.floor_sequence = 0;
    memset(&manifest.floor_id, 0, sizeof manifest.floor_id);
    rule_put_manifest(fork, &manifest);
    RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[2]));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 2);
}
LOG_RULE(floor_not_reached, FC_DURABILITY_FULL, 0)

static uint64_t floor_of(rule_bench *bench) {
    fc_manifest manifest;
    if (!rule_take_manifest(bench, &manifest)) return UINT64_MAX;
    const uint64_t floor = manifest.floor_sequence;
    fc_manifest_deinit(&manifest);
    return floor;
}

// The floor is raised at `sync()`, rotation, clean close and recovery; not by a commit.
static void floor_is_raised(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    RULE(bench, floor_of(bench) == 0);
    RULE_OK(bench, fc_log_sync(bench->log, &bench->detail));
    RULE(bench, floor_of(bench) == 2);
    RULE_OK(bench, rule_append_until_file(bench, 2));
    RULE(bench, floor_of(bench) == rule_last(bench) - 1);
    RULE_OK(bench, rule_append(bench, 1));
    const uint64_t last = rule_last(bench);
    rule_bench *killed = rule_fork(bench);
    RULE_OK(bench, rule_close(bench));
    RULE(bench, floor_of(bench) == last);
    RULE(killed, floor_of(killed) < last);
    RULE_OK(killed, rule_open(killed));
    RULE(killed, floor_of(killed) == last && killed->replayed == last);
    RULE_OK(killed, rule_reopen(rule_fork(killed), &blocks));
}
LOG_RULE(floor_is_raised, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A file with a successor must be valid to its recorded end: anything bad there is corruption, also in the
// group that no later group covers.
static void successor_needs_recorded_end(rule_bench *bench) {
    uint64_t at[64], blocks;
    uint32_t count = 0;
    RULE_OK(bench, rule_open(bench));
    while (fc_log_read_state(bench->log).file_number == 1) {
        RULE(bench, count < 64 && append_noting(bench, 1, &at[count]));
        count++;
    }
    count--; // the last went to file 2
    const uint64_t last = rule_last(bench);
    for (uint32_t i = 0; i < count; i++)
        for (int header = 0; header < 2; header++) {
            rule_bench *fork = rule_fork(bench);
            spoil(fork, LOG_1, at[i], header != 0);
            RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
            RULE(fork, rule_blames(fork, LOG_1) && fork->detail.offset == at[i]);
        }
    rule_bench *fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[count - 1]));
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT && rule_blames(fork, LOG_1));
    // What lies behind the recorded end does not count.
    fork = rule_fork(bench);
    const uint64_t size = rule_size(fork, LOG_1);
    RULE(fork, fc_memory_disk_write(fork->disk, LOG_1, size, "left over", 9));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == last);
}
LOG_RULE(successor_needs_recorded_end, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A bad group that a later valid group's durable_through covers is corruption.
static void covered_by_later_group(rule_bench *bench) {
    uint64_t at[4], blocks;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 4, at));
    for (int i = 0; i < 3; i++)
        for (int header = 0; header < 2; header++) {
            rule_bench *fork = rule_fork(bench);
            spoil(fork, LOG_1, at[i], header != 0);
            RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
            RULE(fork, rule_blames(fork, LOG_1) && fork->detail.offset == at[i]);
        }
    rule_bench *fork = rule_fork(bench); // found behind more than one bad group
    spoil(fork, LOG_1, at[1], true);
    spoil(fork, LOG_1, at[2], false);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT && fork->detail.offset == at[1]);
    fork = rule_fork(bench); // the last is covered by nothing
    spoil(fork, LOG_1, at[3], false);
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 3);
}
LOG_RULE(covered_by_later_group, FC_DURABILITY_FULL, 0)

// A bad group that the floor covers is corruption.
static void covered_by_floor(rule_bench *bench) {
    uint64_t at[3], blocks;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 2, at));
    RULE_OK(bench, fc_log_sync(bench->log, &bench->detail));
    rule_bench *fork = rule_fork(bench);
    spoil(fork, LOG_1, at[1], false);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT && fork->detail.offset == at[1]);
    RULE(bench, append_noting(bench, 1, &at[2]));
    fork = rule_fork(bench); // above the floor
    spoil(fork, LOG_1, at[2], false);
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 2);
}
LOG_RULE(covered_by_floor, FC_DURABILITY_FULL, 0)

// A bad group that the clean mark covers is corruption: by the mark alone, the floor aside.
static void covered_by_mark(rule_bench *bench) {
    uint64_t at[3], blocks;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 3, at));
    RULE_OK(bench, rule_close(bench));
    for (int marked = 0; marked < 2; marked++)
        for (int cut = 0; cut < 2; cut++) {
            rule_bench *fork = rule_fork(bench);
            fc_manifest manifest;
            RULE(fork, rule_take_manifest(fork, &manifest));
            const bool was_marked = manifest.clean_number == 1;
            manifest.floor_sequence = 0;
            memset(&manifest.floor_id, 0, sizeof manifest.floor_id);
            if (!marked) manifest.clean_number = manifest.clean_end = 0;
            rule_put_manifest(fork, &manifest);
            RULE(fork, was_marked);
            if (cut)
                RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[2]));
            else
                spoil(fork, LOG_1, at[2], false);
            const fc_status status = rule_reopen(fork, &blocks);
            RULE(fork,
                 marked ? status == FC_STATUS_CORRUPT : status == FC_STATUS_OK && blocks == 2);
        }
}
LOG_RULE(covered_by_mark, FC_DURABILITY_FULL, 0)

// A torn write, and all after it, is dropped; its bytes are in quarantine first, exactly.
static void torn_write_quarantined(rule_bench *bench) {
    uint64_t at[3], blocks, size, torn_size;
    const uint8_t *evidence;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 3, at));
    rule_bench *fork = rule_fork(bench);
    spoil(fork, LOG_1, at[2], false);
    // Later junk, as a write torn in sectors leaves it, and zeros behind it.
    RULE(fork, fc_memory_disk_write(fork->disk, LOG_1, at[2] + 20000, "junk", 4));
    RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[2] + 60000));
    const uint8_t *log = rule_file(fork, LOG_1, &size);
    // It is there before anything else is changed: recovery cut at its first rename of a log file.
    rule_trace_start(fork);
    RULE_OK(fork, rule_open(fork));
    rule_trace_stop(fork);
    RULE(fork, fork->replayed == 2);
    RULE(fork, fc_log_read_state(fork->log).quarantined_bytes == 20004);
    RULE(fork, rule_quarantined(fork, &evidence, &torn_size) == 1);
    RULE(fork, torn_size == 20004 && memcmp(evidence, log + at[2], 20004) == 0);
    const char *kept = strstr(fork->trace, ".torn"), *manifest = strstr(fork->trace, "RM");
    RULE(fork, kept != NULL && manifest != NULL && kept < manifest);
    // The dropped block's number is given again; nothing comes back of the old one.
    RULE_OK(fork, rule_append(fork, 4));
    RULE_OK(fork, rule_close(fork));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 6);
    RULE(fork, rule_quarantined(fork, &evidence, &torn_size) == 1); // never deleted
    // A rest of nothing but zeros is no evidence of anything.
    fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[2]));
    RULE(fork, fc_memory_disk_truncate(fork->disk, LOG_1, at[2] + 60000));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 2 && rule_quarantined(fork, &evidence, &torn_size) == 0);
}
LOG_RULE(torn_write_quarantined, FC_DURABILITY_FULL, 0)

// A read that fails is an error, never a torn write: nothing is dropped, and the next opening has it all.
static void failing_read_is_error(rule_bench *bench) {
    uint64_t blocks;
    bench->large_sequence = 3; // random bytes, so that the groups take reads of their own
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 4));
    const uint64_t last = rule_last(bench);
    for (uint64_t call = 0;; call++) {
        rule_bench *fork = rule_fork(bench);
        fc_memory_disk_fail_call(fork->disk, FC_CALL_READ, call, FC_FAULT_EIO, false);
        const fc_status status = rule_reopen(fork, &blocks);
        const bool was_hit = fc_memory_disk_fault_hit(fork->disk);
        fc_memory_disk_clear_faults(fork->disk);
        const uint8_t *evidence;
        uint64_t size;
        RULE(fork, status == (was_hit ? FC_STATUS_IO : FC_STATUS_OK));
        RULE(fork, rule_quarantined(fork, &evidence, &size) == 0);
        RULE_OK(fork, rule_reopen(fork, &blocks));
        RULE(fork, blocks == last);
        if (!was_hit) {
            RULE(bench, call >= 4); // the manifest, the header, the groups
            break;
        }
    }
}
LOG_RULE(failing_read_is_error, FC_DURABILITY_FULL, 0)

// A group counts only in its store, its file, at its offset, under its file's salt: a copy of a valid group
// elsewhere is a torn write.
static void group_bound_to_place(rule_bench *bench) {
    uint64_t at[3], blocks, size;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 3, at));
    const uint8_t *log = rule_file(bench, LOG_1, &size);
    // The last group once more, behind itself; and in its place, another one's copy.
    rule_bench *fork = rule_fork(bench);
    const uint64_t end = fc_log_read_state(bench->log).file_offset;
    RULE(fork, fc_memory_disk_write(fork->disk, LOG_1, end, log + at[2], (size_t)(end - at[2])));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 3);
    fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_write(fork->disk, LOG_1, at[2], log + at[1], 4096));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 2);
    // The same groups under another salt, as a stale file's sectors would be.
    fork = rule_fork(bench);
    fc_log_file_header header = rule_header(fork, LOG_1);
    header.salt ^= 1;
    uint8_t sector[FC_LOG_FILE_HEADER_BYTES];
    fc_log_file_encode_header(&header, sector);
    RULE(fork, fc_memory_disk_write(fork->disk, LOG_1, 0, sector, sizeof sector));
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 0);
}
LOG_RULE(group_bound_to_place, FC_DURABILITY_FULL, 0)

// What stays ambiguous after an unclean stop, and nothing else: at `full` the last complete group, whether or
// not a torn one follows it.
static void stated_ambiguity(rule_bench *bench) {
    uint64_t at[5], blocks;
    RULE_OK(bench, rule_open(bench));
    RULE(bench, append_noting(bench, 5, at));
    for (int torn = 0; torn < 2; torn++)
        for (int i = 0; i < 4; i++) {
            rule_bench *fork = rule_fork(bench);
            if (torn) spoil(fork, LOG_1, at[4], true);
            spoil(fork, LOG_1, at[i], false);
            const fc_status status = rule_reopen(fork, &blocks);
            // With the fifth group torn, the fourth is the last complete one.
            const bool is_last = torn && i == 3;
            RULE(fork,
                 is_last ? status == FC_STATUS_OK && blocks == 3 : status == FC_STATUS_CORRUPT);
            fork->report->ambiguous += is_last;
        }
}
LOG_RULE(stated_ambiguity, FC_DURABILITY_FULL, 0)
