// Rules of readers beside a writer, of reading up to a fault, and of versions.
#include <string.h>

#include "../../Sources/CFormCore/base/bytes.h"
#include "log_rules.h"

// `readOnlyPrefix` opens the valid blocks before the first fault, and says where it is.
static void prefix_before_fault(rule_bench *bench) {
    static const char *const paths[] = {LOG_1, LOG_2, LOG_3, LOG_4, MANIFEST};
    uint64_t first_of[4], blocks, before;
    RULE_OK(bench, rule_open(bench));
    first_of[0] = 1;
    for (uint32_t file = 1; file < 4; file++) {
        RULE_OK(bench, rule_append_until_file(bench, file + 1));
        first_of[file] = rule_last(bench);
    }
    RULE_OK(bench, rule_append(bench, 1));
    const uint64_t last = rule_last(bench);
    RULE_OK(bench, rule_close(bench));
    for (int i = 0; i < 5; i++)
        for (int how = 0; how < 3; how++) {
            rule_bench *fork = rule_fork(bench);
            if (how == 0) RULE(fork, fc_memory_disk_remove(fork->disk, paths[i]));
            if (how == 1) rule_flip(fork, paths[i], i < 4 ? 4096 + 80 : 60);
            if (how == 2) rule_flip(fork, paths[i], 9);
            RULE(fork, rule_reopen(fork, &blocks) != FC_STATUS_OK);
            fork->options.access = FC_ACCESS_READ_ONLY_PREFIX;
            fork->options.create = false;
            before = fc_memory_disk_digest(fork->disk);
            RULE_OK(fork, rule_open(fork));
            const fc_log_state state = fc_log_read_state(fork->log);
            RULE(fork, state.fault != FC_STATUS_OK && state.last_sequence == fork->replayed);
            RULE(fork, strcmp(state.fault_detail.file, paths[i] + 3) == 0);
            // The first group of file i is spoilt, or the file as a whole.
            RULE(fork, fork->replayed == (i < 4 ? first_of[i] - 1 : last));
            RULE(fork, rule_journal_count(fork) == fork->replayed);
            RULE_OK(fork, rule_close(fork));
            RULE(fork, fc_memory_disk_digest(fork->disk) == before);
        }
    rule_bench *sound = rule_fork(bench);
    sound->options.access = FC_ACCESS_READ_ONLY_PREFIX;
    RULE_OK(sound, rule_open(sound));
    RULE(sound, sound->replayed == last && fc_log_read_state(sound->log).fault == FC_STATUS_OK);
}
LOG_RULE(prefix_before_fault, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A read-only opener beside a live writer sees what is certainly durable: the last commit of the writer shows
// with the next one, with a `sync()`, a rotation, or the close; never a group merely read.
static void reader_certainly_durable(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    rule_bench *reader = rule_beside(bench, FC_ACCESS_READ_ONLY);
    for (uint64_t i = 1; i <= 40; i++) {
        RULE_OK(bench, rule_append(bench, 1));
        RULE_OK(reader, rule_reopen(reader, &blocks));
        RULE(reader, blocks == i - 1);
    }
    RULE(bench, fc_log_read_state(bench->log).rotations >= 2);
    RULE_OK(bench, fc_log_sync(bench->log, &bench->detail));
    RULE_OK(reader, rule_reopen(reader, &blocks));
    RULE(reader, blocks == 40);
    RULE_OK(bench, rule_append(bench, 1));
    RULE_OK(bench, rule_close(bench));
    RULE_OK(reader, rule_reopen(reader, &blocks));
    RULE(reader, blocks == 41);
}
LOG_RULE(reader_certainly_durable, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// With a manifest that is older than the files, a reader believes what the newest file's header records of
// the file before, and not that header's word about its own groups.
static void reader_believes_successor(rule_bench *bench) {
    uint64_t blocks, size;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    rule_bench *killed = rule_fork(bench);
    const uint8_t *manifest = rule_file(killed, MANIFEST, &size);
    RULE_OK(killed, rule_open(killed)); // writes log 2, which holds block 3
    rule_put_file(killed, MANIFEST, manifest, size);
    rule_bench *reader = rule_beside(killed, FC_ACCESS_READ_ONLY);
    RULE_OK(reader, rule_reopen(reader, &blocks));
    RULE(reader, blocks == 2);
    // By the header alone, too.
    RULE(killed, fc_memory_disk_truncate(killed->disk, LOG_2, FC_LOG_FILE_HEADER_BYTES));
    RULE_OK(reader, rule_reopen(reader, &blocks));
    RULE(reader, blocks == 2);
    // After a rotation whose manifest is not there yet, all of the old file.
    manifest = rule_file(bench, MANIFEST, &size);
    RULE_OK(bench, rule_append_until_file(bench, 2));
    rule_bench *rotated = rule_fork(bench);
    rule_put_file(rotated, MANIFEST, manifest, size);
    RULE(rotated, fc_memory_disk_truncate(rotated->disk, LOG_2, FC_LOG_FILE_HEADER_BYTES));
    rotated->options.access = FC_ACCESS_READ_ONLY;
    RULE_OK(rotated, rule_reopen(rotated, &blocks));
    RULE(rotated, blocks == rule_last(bench) - 1);
}
LOG_RULE(reader_believes_successor, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// A read-only opener never truncates, repairs, quarantines or writes anything, also where a writer would; and
// it writes nothing when asked to.
static void reader_changes_nothing(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    rule_bench *killed = rule_fork(bench);
    const uint64_t end = fc_log_read_state(bench->log).file_offset;
    RULE(killed, fc_memory_disk_write(killed->disk, LOG_1, end, "torn", 4));
    rule_put_file(killed, LOG_4 ".tmp", "left over", 9);
    static const fc_access accesses[] = {FC_ACCESS_READ_ONLY, FC_ACCESS_READ_ONLY_PREFIX};
    for (int i = 0; i < 2; i++) {
        const uint64_t before = fc_memory_disk_digest(killed->disk);
        killed->options.access = accesses[i];
        rule_trace_start(killed);
        RULE_OK(killed, rule_open(killed));
        RULE(killed, rule_append(killed, 1) == FC_STATUS_READ_ONLY);
        RULE(killed, fc_log_sync(killed->log, &killed->detail) == FC_STATUS_READ_ONLY);
        RULE_OK(killed, rule_close(killed));
        rule_trace_stop(killed);
        RULE(killed, rule_trace_is(killed, ""));
        RULE(killed, fc_memory_disk_digest(killed->disk) == before);
    }
    killed->options.access = FC_ACCESS_READ_WRITE;
    RULE_OK(killed, rule_reopen(killed, &blocks));
    RULE(killed, blocks == 3);
    // Nor does it make a store where there is none.
    rule_bench *empty = rule_fork(killed);
    static const char *const paths[] = {MANIFEST, LOG_1, LOG_2, "db/LOCK", LOG_4 ".tmp"};
    for (int i = 0; i < 5; i++)
        (void)fc_memory_disk_remove(empty->disk, paths[i]);
    empty->options.access = FC_ACCESS_READ_ONLY;
    RULE(empty, rule_reopen(empty, &blocks) == FC_STATUS_MISSING_FILE);
    RULE(empty, !rule_has_file(empty, MANIFEST) && !rule_has_file(empty, LOG_1));
}
LOG_RULE(reader_changes_nothing, FC_DURABILITY_FULL, 0)

// ---- Versions and encodings --------------------------------------------------------------------

// Changes the only block of log file 1: its encoding, or (encoding < 0) its format version; and seals the
// block and its group again.
static void change_block(rule_bench *bench, int encoding) {
    uint64_t size;
    uint8_t *log = rule_file(bench, LOG_1, &size), *group = log + FC_LOG_FILE_HEADER_BYTES;
    uint8_t *block = group + FC_GROUP_HEADER_BYTES;
    const fc_log_file_header header = rule_header(bench, LOG_1);
    const uint64_t old_length = fc_load_u64(block + 96);
    uint64_t length = old_length;
    if (encoding >= 0) {
        block[88] = (uint8_t)encoding;
        length = 32; // a SHA-256; which one is not checked
        memset(block + FC_BLOCK_HEADER_BYTES + length, 0, (size_t)(old_length - length));
        fc_store_u64(block + 96, length);
    } else {
        fc_store_u16(block, FC_BLOCK_VERSION + 1);
    }
    const struct fc_hash_piece pieces[] = {{block, 104},
                                           {block + FC_BLOCK_HEADER_BYTES, (size_t)length}};
    fc_store_u64(block + 104, fc_hash64_pieces(pieces, 2, 0));
    const fc_group_header sealed = {.block_count = 1,
                                    .number = 1,
                                    .epoch = header.epoch,
                                    .first_sequence = 1,
                                    .length = fc_load_u64(group + 40)};
    const fc_group_place place = fc_log_file_place(&header, FC_LOG_FILE_HEADER_BYTES);
    fc_group_seal(group, &sealed, &place);
    rule_put_file(bench, LOG_1, log, size);
}

// Redacted and pruned blocks are readable: their headers and links, without the payload. An encoding that this
// version doesn't know is too new, not corrupt.
static void withheld_blocks(rule_bench *bench) {
    uint64_t blocks;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 1));
    for (int encoding = FC_BLOCK_REDACTED; encoding <= FC_BLOCK_PRUNED; encoding++) {
        rule_bench *killed = rule_fork(bench);
        change_block(killed, encoding);
        RULE_OK(killed, rule_open(killed));
        RULE(killed, killed->replayed == 1 && killed->withheld == 1);
        RULE(killed, rule_journal_count(killed) == 1);
        RULE_OK(killed, rule_append(killed, 1)); // the chain goes on from its id
        RULE_OK(killed, rule_close(killed));
        RULE_OK(killed, rule_reopen(killed, &blocks));
        RULE(killed, blocks == 2 && killed->withheld == 1);
    }
    rule_bench *newer = rule_fork(bench);
    change_block(newer, 9);
    RULE(newer, rule_reopen(newer, &blocks) == FC_STATUS_TOO_NEW);
}
LOG_RULE(withheld_blocks, FC_DURABILITY_FULL, 0)

// Puts versions into the manifest and seals it again.
static void put_versions(rule_bench *bench, uint16_t to_read, uint16_t to_write) {
    uint64_t size;
    uint8_t *bytes = rule_file(bench, MANIFEST, &size);
    fc_store_u16(bytes + 8, to_read);
    fc_store_u16(bytes + 10, to_write);
    memset(bytes + 16, 0, 8);
    fc_store_u64(bytes + 16, fc_hash64(bytes, (size_t)size, 0));
    rule_put_file(bench, MANIFEST, bytes, size);
}

// Too new, too old, not ours, corrupt: an error of its own each; a store that may be read but not written by
// this version opens read-only.
static void versions(rule_bench *bench) {
    static const struct {
        uint16_t to_read, to_write;
        fc_status writing, reading;
    } cases[] = {
        {1, 1, FC_STATUS_OK, FC_STATUS_OK},
        {1, 2, FC_STATUS_TOO_NEW, FC_STATUS_OK},
        {2, 2, FC_STATUS_TOO_NEW, FC_STATUS_TOO_NEW},
        {0, 1, FC_STATUS_TOO_OLD, FC_STATUS_TOO_OLD},
    };
    uint64_t blocks, size;
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 1));
    rule_bench *newer = rule_fork(bench);
    RULE_OK(bench, rule_close(bench));
    for (int i = 0; i < 4; i++) {
        rule_bench *fork = rule_fork(bench);
        put_versions(fork, cases[i].to_read, cases[i].to_write);
        fork->options.access = FC_ACCESS_READ_ONLY;
        RULE(fork, rule_reopen(fork, &blocks) == cases[i].reading);
        fork->options.access = FC_ACCESS_READ_WRITE;
        RULE(fork, rule_reopen(fork, &blocks) == cases[i].writing);
    }
    for (uint16_t version = 0; version < 3; version++) {
        rule_bench *fork = rule_fork(bench);
        uint8_t *log = rule_file(fork, LOG_1, &size);
        fc_store_u16(log + 8, version);
        fc_store_u64(log + 4088, fc_hash64(log, 4088, 0));
        rule_put_file(fork, LOG_1, log, size);
        RULE(fork, rule_reopen(fork, &blocks) == (version == 0   ? FC_STATUS_TOO_OLD
                                                  : version == 1 ? FC_STATUS_OK
                                                                 : FC_STATUS_TOO_NEW));
    }
    change_block(newer, -1);
    RULE(newer, rule_reopen(newer, &blocks) == FC_STATUS_TOO_NEW);

    rule_bench *fork = rule_fork(bench);
    rule_put_file(fork, MANIFEST, "hello world, this is no manifest", 32);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_NOT_OURS);
    fork = rule_fork(bench);
    rule_flip(fork, MANIFEST, 60);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_CORRUPT);
    fork = rule_fork(bench); // somebody else's directory, which is left alone
    RULE(fork, fc_memory_disk_remove(fork->disk, MANIFEST) &&
                   fc_memory_disk_remove(fork->disk, LOG_1) &&
                   fc_memory_disk_remove(fork->disk, "db/LOCK"));
    rule_put_file(fork, "db/letter.txt", "Dear Ada", 8);
    RULE(fork, rule_reopen(fork, &blocks) == FC_STATUS_NOT_OURS);
    RULE(fork, !rule_has_file(fork, "db/LOCK"));
}
LOG_RULE(versions, FC_DURABILITY_FULL, 0)
