// Rules of creation, and of which files belong to the log.
#include <string.h>

#include "log_rules.h"

// Log 1 is made durable, then the manifest, then the parent directory.
static void creation_order(rule_bench *bench) {
    rule_trace_start(bench);
    RULE_OK(bench, rule_open(bench));
    rule_trace_stop(bench);
    RULE(bench, rule_trace_is(bench, "W1.tmp S1.tmp R1 D WM.tmp SM.tmp RM D D"));
    fc_manifest manifest;
    RULE(bench, rule_take_manifest(bench, &manifest));
    const bool names_log_1 =
        manifest.file_count == 1 && manifest.files[0].number == 1 && manifest.floor_sequence == 0;
    fc_manifest_deinit(&manifest);
    RULE(bench, names_log_1);
}
LOG_RULE(creation_order, FC_DURABILITY_FULL, 0)

// Wherever creation is cut, what is left can be created again; no cut looks like corruption.
static void creation_cut_anywhere(rule_bench *bench) {
    for (uint64_t cut = 0;; cut++) {
        rule_bench *victim = rule_fork(bench);
        fc_memory_disk_fail_io(victim->disk, cut, FC_FAULT_CRASH, true);
        (void)!rule_open(victim);
        const bool was_cut = fc_memory_disk_fault_hit(victim->disk);
        fc_memory_disk_clear_faults(victim->disk);
        for (int mode = FC_CRASH_LOSE_ALL; mode <= FC_CRASH_LOSE_DATA; mode++) {
            fc_crash_options crash = {.seed = cut, .tear_bytes = 512};
            memcpy(&crash.mode, &mode, sizeof crash.mode);
            rule_bench *left = rule_power_cut(victim, &crash);
            uint64_t blocks;
            RULE_OK(left, rule_reopen(left, &blocks));
            RULE_OK(left, rule_open(left));
            RULE_OK(left, rule_append(left, 1));
        }
        if (!was_cut) break;
        RULE(bench, cut < 100);
    }
}
LOG_RULE(creation_cut_anywhere, FC_DURABILITY_FULL, 0)

// A directory without a manifest is an unfinished creation only if it holds nothing but a log 1 without
// groups.
static void unfinished_creation(rule_bench *bench) {
    uint64_t size, blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_close(bench));
    uint8_t *empty = rule_file(bench, LOG_1, &size);
    RULE(bench, fc_memory_disk_remove(bench->disk, MANIFEST));

    rule_bench *fork = rule_fork(bench);
    fork->options.create = false;
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_MISSING_FILE);
    fork->options.create = true;
    RULE_OK(fork, rule_open(fork)); // made anew
    RULE_OK(fork, rule_append(fork, 1));
    RULE_OK(fork, rule_close(fork));
    RULE(fork, fc_memory_disk_remove(fork->disk, MANIFEST));
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT); // a group: no creation

    fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_remove(fork->disk, LOG_1));
    rule_put_file(fork, LOG_2, empty, size);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT); // not log 1
    rule_put_file(fork, LOG_1, empty, size);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT); // not log 1 alone

    fork = rule_fork(bench);
    rule_flip(fork, LOG_1, 100);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT); // a bad header

    fork = rule_fork(bench);
    RULE(fork, fc_memory_disk_remove(fork->disk, LOG_1));
    rule_put_file(fork, "db/quarantine/evidence", "x", 1);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT); // there was a store
}
LOG_RULE(unfinished_creation, FC_DURABILITY_FULL, 0)

// Whatever lies under a temporary name is left out of account.
static void temporary_names_ignored(rule_bench *bench) {
    uint64_t size, blocks;
    static const char junk[] = "junk";
    rule_put_file(bench, LOG_1 ".tmp", junk, 4);
    rule_put_file(bench, MANIFEST ".tmp", junk, 4);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    RULE_OK(bench, rule_close(bench));
    const uint8_t *log = rule_file(bench, LOG_1, &size);
    rule_put_file(bench, LOG_2 ".tmp", log, size);
    rule_put_file(bench, LOG_4 ".tmp", junk, 4);
    rule_put_file(bench, MANIFEST ".tmp", junk, 4);
    rule_bench *killed = rule_fork(bench);
    RULE_OK(bench, rule_reopen(bench, &blocks));
    RULE(bench, blocks == 3);
    RULE_OK(killed, rule_open(killed));
    RULE_OK(killed, rule_append_until_file(killed, 5)); // over every one of those names
    const uint64_t last = rule_last(killed);
    RULE_OK(killed, rule_close(killed));
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == last);
}
LOG_RULE(temporary_names_ignored, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// The header of a file that would continue the closed log of `bench` after its file 1.
static fc_log_file_header next_header(rule_bench *bench, const fc_hash128 *last_id,
                                      uint64_t last_sequence) {
    fc_log_file_header header = rule_header(bench, LOG_1);
    header.number = 2;
    header.previous_number = 1;
    header.previous_end = rule_size(bench, LOG_1);
    header.previous_id = *last_id;
    header.first_sequence = last_sequence + 1;
    header.salt ^= 77;
    return header;
}

// A log file that the manifest does not name belongs to the log if its number is next and its header
// continues the chain.
static void unnamed_next_file(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    const fc_hash128 last_id = fc_log_read_state(bench->log).last_id;
    RULE_OK(bench, rule_close(bench));
    const fc_log_file_header good = next_header(bench, &last_id, 3);

    rule_bench *fork = rule_fork(bench);
    rule_put_header(fork, LOG_2, &good);
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 3 && fc_memory_disk_file_size(fork->disk, LOG_2, &blocks));

    fc_log_file_header bad[6];
    for (int i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].previous_id.bytes[0] ^= 1;
    bad[1].first_sequence++;
    bad[2].first_sequence--;
    bad[3].previous_end += FC_LOG_FILE_ALIGNMENT;
    bad[4].previous_end -= FC_LOG_FILE_ALIGNMENT;
    bad[5].store_id[0] ^= 1;
    for (int i = 0; i < 6; i++) {
        fork = rule_fork(bench);
        rule_put_header(fork, LOG_2, &bad[i]);
        fc_memory_disk_clear_faults(fork->disk);
        RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
        RULE(fork, fork->detail.file[0] != 0); // says which file
    }
}
LOG_RULE(unnamed_next_file, FC_DURABILITY_FULL, 0)

// A gap in the numbers is corruption; so is a second file that no manifest names.
static void unnamed_gap(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    const fc_hash128 last_id = fc_log_read_state(bench->log).last_id;
    RULE_OK(bench, rule_close(bench));
    fc_log_file_header header = next_header(bench, &last_id, 3);

    rule_bench *fork = rule_fork(bench);
    header.number = 3;
    header.previous_number = 2;
    rule_put_header(fork, LOG_3, &header);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
    RULE(fork, rule_blames(fork, LOG_3));

    fork = rule_fork(bench);
    rule_put_header(fork, LOG_3, &header);
    header.number = 2;
    header.previous_number = 1;
    rule_put_header(fork, LOG_2, &header);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
    RULE(fork, rule_blames(fork, LOG_3));

    // A name that only resembles one is no log file.
    fork = rule_fork(bench);
    rule_put_file(fork, "db/log-5.fdb", "x", 1);
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 3);
}
LOG_RULE(unnamed_gap, FC_DURABILITY_FULL, 0)

// A log file gets its name only after its header is synced: a bad header under a final name is always
// corruption, at every byte, whether the manifest names the file or not, also in an otherwise empty file.
static void bad_header(rule_bench *bench) {
    uint64_t blocks, size;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append_until_file(bench, 2));
    RULE_OK(bench, rule_close(bench));
    static const char *const paths[] = {LOG_1, LOG_2};
    for (int which = 0; which < 2; which++)
        for (uint64_t at = 0; at < FC_LOG_FILE_HEADER_BYTES; at += at < 100 ? 1 : 61) {
            rule_bench *fork = rule_fork(bench);
            rule_flip(fork, paths[which], at);
            RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
            RULE(fork, rule_blames(fork, paths[which]));
        }
    // A header that is whole and does not continue the chain: no group in the file says so.
    for (int i = 0; i < 3; i++) {
        rule_bench *fork = rule_fork(bench);
        fc_log_file_header header = rule_header(fork, LOG_2);
        uint8_t bytes[FC_LOG_FILE_HEADER_BYTES];
        if (i == 0) header.previous_id.bytes[0] ^= 1;
        if (i == 1) header.previous_end += FC_LOG_FILE_ALIGNMENT;
        if (i == 2) header.first_sequence++;
        fc_log_file_encode_header(&header, bytes);
        RULE(fork, fc_memory_disk_write(fork->disk, LOG_2, 0, bytes, sizeof bytes));
        RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT && rule_blames(fork, LOG_2));
    }
    rule_bench *fork = rule_fork(bench);
    rule_put_file(fork, LOG_3, "", 0);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
    fork = rule_fork(bench);
    const uint8_t *log = rule_file(fork, LOG_2, &size);
    rule_put_file(fork, LOG_3, log, 1000);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
}
LOG_RULE(bad_header, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A file that the manifest names and that is missing is corruption; so is one in another's place.
static void named_file_missing(rule_bench *bench) {
    uint64_t blocks, size_2, size_3;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append_until_file(bench, 4));
    RULE_OK(bench, rule_close(bench));
    static const char *const paths[] = {LOG_1, LOG_2, LOG_3, LOG_4};
    for (int i = 0; i < 4; i++) {
        rule_bench *fork = rule_fork(bench);
        RULE(fork, fc_memory_disk_remove(fork->disk, paths[i]));
        RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
        RULE(fork, rule_blames(fork, paths[i]));
    }
    rule_bench *fork = rule_fork(bench);
    const uint8_t *log_2 = rule_file(fork, LOG_2, &size_2),
                  *log_3 = rule_file(fork, LOG_3, &size_3);
    rule_put_file(fork, LOG_2, log_3, size_3);
    rule_put_file(fork, LOG_3, log_2, size_2);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
    // The same file of another store that went the same way.
    rule_bench *other = rule_fork(bench);
    RULE(other, fc_memory_disk_remove(other->disk, MANIFEST));
    for (int i = 0; i < 4; i++)
        RULE(other, fc_memory_disk_remove(other->disk, paths[i]));
    fc_memory_disk_seed_random(other->disk, 99);
    RULE_OK(other, rule_open(other));
    RULE_OK(other, rule_append_until_file(other, 4));
    RULE_OK(other, rule_close(other));
    fork = rule_fork(bench);
    const uint8_t *foreign = rule_file(other, LOG_2, &size_2);
    rule_put_file(fork, LOG_2, foreign, size_2);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
}
LOG_RULE(named_file_missing, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A newest file with a valid header and no group is an empty log: after creation and after a rotation.
static void empty_newest_file(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    rule_bench *killed = rule_fork(bench);
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == 0);
    // Stop a rotation just before the first group of the new file is written.
    uint64_t last = 0;
    for (bool rotated = false; !rotated;) {
        last = rule_last(bench);
        rule_bench *stopped = rule_fork(bench);
        RULE_OK(bench, rule_append(bench, 1));
        rotated = fc_log_read_state(bench->log).file_number == 2;
        if (!rotated) continue;
        stopped = rule_fork(bench);
        RULE(stopped, fc_memory_disk_truncate(stopped->disk, LOG_2, FC_LOG_FILE_HEADER_BYTES));
        RULE_OK(stopped, rule_open(stopped));
        RULE(stopped, stopped->replayed == last);
        RULE_OK(stopped, rule_append(stopped, 1));
    }
}
LOG_RULE(empty_newest_file, FC_DURABILITY_FULL, SMALL_FILE_BYTES)
