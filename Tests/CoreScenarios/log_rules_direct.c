// Rules of the direct log: when it is taken, what becomes of its failures, and what its zeros mean.
#include <errno.h>
#include <string.h>

#include "log_rules.h"

#define ALIGNMENT 4096

// ---- A table that refuses ----------------------------------------------------------------------

// What is refused of direct writes, on the way to the real table. One bench at a time and thread.
typedef struct direct_refusal {
    const fc_os *real;
    uint64_t alignment;       // said instead of the real one; 1: said not to be there
    bool every_write;         // every write of zeros
    bool every_fill;          // those behind the first block of a file
    bool every_reserve_ahead; // reservations of more than a block
    fc_status status;
    uint64_t count, zeros_end; // refused; where the zeros that were written end
} direct_refusal;
static _Thread_local direct_refusal refusal;
static _Thread_local fc_os refusing_table; // outlives the bench of a rule that is broken

static fc_status refusing_alignment(void *context, fc_file *file, uint64_t *out_alignment,
                                    int *out_error) {
    fc_status status = refusal.real->direct_alignment(context, file, out_alignment, out_error);
    if (status != FC_STATUS_OK || refusal.alignment == 0) return status;
    refusal.count++;
    *out_alignment = refusal.alignment;
    return refusal.alignment == 1 ? FC_STATUS_UNSUPPORTED : FC_STATUS_OK;
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static fc_status refusing_write(void *context, fc_file *file, uint64_t offset, const void *bytes,
                                size_t length, size_t *out_length, int *out_error) {
    if (is_zero(bytes, length)) {
        if (refusal.every_write || (refusal.every_fill && length > ALIGNMENT)) {
            refusal.count++;
            *out_error = EINVAL;
            return refusal.status;
        }
        refusal.zeros_end = offset + length;
    }
    return refusal.real->write_at(context, file, offset, bytes, length, out_length, out_error);
}

static fc_status refusing_reserve(void *context, fc_file *file, uint64_t offset, uint64_t length,
                                  int *out_error) {
    if (refusal.every_reserve_ahead && length > 2 * ALIGNMENT) {
        refusal.count++;
        *out_error = ENOSPC;
        return FC_STATUS_NO_SPACE;
    }
    return refusal.real->reserve_file(context, file, offset, length, out_error);
}

static void refuse(rule_bench *bench, const direct_refusal *what) {
    refusal = *what;
    refusal.real = bench->os;
    refusing_table = *bench->os;
    refusing_table.direct_alignment = refusing_alignment;
    refusing_table.write_at = refusing_write;
    refusing_table.reserve_file = refusing_reserve;
    bench->options.os = &refusing_table;
}

static void set_direct(rule_bench *bench, uint64_t alignment, fc_direct_log direct_log) {
    fc_memory_disk_set_direct(bench->disk, alignment);
    bench->options.direct_log = direct_log;
}

// What a power cut that loses everything unsynced leaves must hold all `count` blocks.
static void hold_after_power_cut(rule_bench *bench, uint64_t count) {
    const fc_crash_options lose_all = {.mode = FC_CRASH_LOSE_ALL};
    uint64_t blocks;
    rule_bench *lost = rule_power_cut(bench, &lose_all);
    lost->options.os = lost->os;
    fc_memory_disk_set_capacity(lost->disk, 0); // recovery needs room
    RULE_OK(lost, rule_reopen(lost, &blocks));
    RULE(lost, blocks == count);
}

// ---- When it is taken --------------------------------------------------------------------------

// At `full` every group goes the direct way, one write and no sync each; at the lower levels, and when
// switched off, none does.
static void direct_only_at_full(rule_bench *bench) {
    for (int level = FC_DURABILITY_FULL; level <= FC_DURABILITY_NONE; level++)
        for (int off = 0; off < 2; off++) {
            rule_bench *fork = rule_fork(bench);
            memcpy(&fork->options.durability, &level, sizeof level);
            set_direct(fork, ALIGNMENT, off ? FC_DIRECT_LOG_OFF : FC_DIRECT_LOG_AUTO);
            RULE_OK(fork, rule_open(fork));
            RULE_OK(fork, rule_append(fork, 10));
            RULE_OK(fork, fc_log_sync(fork->log, &fork->detail));
            const fc_log_state state = fc_log_read_state(fork->log);
            const bool takes = level == FC_DURABILITY_FULL && !off;
            RULE(fork, state.is_direct == takes && state.groups > 0);
            RULE(fork, state.direct_groups == (takes ? state.groups : 0));
            RULE(fork, (state.filled_bytes > 0) == takes && (state.syncs == 0) == takes);
            RULE(fork, takes || fc_memory_disk_call_count(fork->disk, FC_CALL_WRITE_DIRECT) == 0);
            hold_after_power_cut(fork, 10);
        }
}
LOG_RULE(direct_only_at_full, FC_DURABILITY_FULL, 0)

static const direct_refusal refusals[] = {
    {.alignment = 1},
    {.alignment = 2 * ALIGNMENT},
    {.every_write = true, .status = FC_STATUS_IO},
    {.every_write = true, .status = FC_STATUS_NO_SPACE},
};

// An alignment that is too large, none at all, or a refused write: the present path is taken, for each file
// anew, and nothing else happens.
static void direct_refused(rule_bench *bench) {
    for (size_t i = 0; i <= sizeof refusals / sizeof *refusals; i++) {
        rule_bench *fork = rule_fork(bench);
        set_direct(fork, ALIGNMENT, FC_DIRECT_LOG_AUTO);
        if (i == 0)
            set_direct(fork, 0, FC_DIRECT_LOG_AUTO); // the disk itself has no direct writes
        else
            refuse(fork, &refusals[i - 1]);
        fc_status status = rule_open(fork);
        if (status == FC_STATUS_OK) status = rule_append_until_file(fork, 3);
        if (status == FC_STATUS_OK) status = rule_append(fork, 1);
        RULE(fork, status == FC_STATUS_OK && (i == 0 || refusal.count >= 3));
        const fc_log_state state = fc_log_read_state(fork->log);
        RULE(fork, !state.is_direct && state.direct_groups == 0 && !state.is_poisoned);
        RULE(fork, state.filled_bytes == 0);
        hold_after_power_cut(fork, state.last_sequence);
        RULE_OK(fork, rule_close(fork));
        fork->options.os = fork->os;
    }
}
LOG_RULE(direct_refused, FC_DURABILITY_FULL, SMALL_FILE_BYTES)

// Where direct writes are demanded and not to be had, opening says so; or, when only the write shows it,
// the transaction, which changes nothing.
static void direct_demanded(rule_bench *bench) {
    uint64_t blocks;
    set_direct(bench, 0, FC_DIRECT_LOG_ON);
    RULE(bench, rule_open(bench) == FC_STATUS_UNSUPPORTED);
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    for (size_t i = 0; i < 2; i++) {
        rule_bench *fork = rule_fork(bench);
        refuse(fork, &refusals[i]);
        const fc_status status = rule_open(fork);
        fork->options.os = fork->os;
        RULE(fork, status == FC_STATUS_UNSUPPORTED && fork->log == NULL);
    }
    rule_bench *fork = rule_fork(bench);
    refuse(fork, &refusals[2]);
    RULE_OK(fork, rule_open(fork));
    RULE(fork, rule_append(fork, 1) == FC_STATUS_IO && rule_last(fork) == 0);
    RULE(fork, !fc_log_read_state(fork->log).is_poisoned);
    refusal.every_write = false; // the disk is well again
    RULE_OK(fork, rule_append(fork, 2));
    RULE(fork, fc_log_read_state(fork->log).direct_groups == 2);
    RULE_OK(fork, rule_close(fork));
    fork->options.os = fork->os;
    RULE_OK(fork, rule_reopen(fork, &blocks));
    RULE(fork, blocks == 2);
}
LOG_RULE(direct_demanded, FC_DURABILITY_FULL, 0)

// ---- Zeros -------------------------------------------------------------------------------------

// Groups behind the last zeros are as durable: what makes them so is the kind of write, not where it lands.
static void direct_zeros_run_out(rule_bench *bench) {
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 3));
    RULE_OK(bench, rule_close(bench));
    const direct_refusal fills = {.every_fill = true, .status = FC_STATUS_IO};
    refuse(bench, &fills);
    RULE_OK(bench, rule_open(bench));
    for (uint64_t i = 4; i <= 60; i++) {
        RULE_OK(bench, rule_append(bench, 1));
        if (i % 8 == 0) hold_after_power_cut(bench, i);
    }
    const fc_log_state state = fc_log_read_state(bench->log);
    RULE(bench, refusal.count > 0 && state.file_offset > refusal.zeros_end);
    RULE(bench, state.direct_groups == 57 && state.syncs == 0);
    RULE_OK(bench, rule_close(bench));
    bench->options.os = bench->os;
}
LOG_RULE(direct_zeros_run_out, FC_DURABILITY_FULL, 0)

// A fill that fails, whatever for, costs nothing but room ahead: the reservation alone decides.
static void direct_filler_fails(rule_bench *bench) {
    static const direct_refusal fills[] = {
        {.every_fill = true, .status = FC_STATUS_NO_SPACE},
        {.every_fill = true, .status = FC_STATUS_IO},
        {.every_reserve_ahead = true},
    };
    uint64_t blocks;
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        rule_bench *fork = rule_fork(bench);
        set_direct(fork, ALIGNMENT, FC_DIRECT_LOG_ON);
        refuse(fork, &fills[i]);
        RULE_OK(fork, rule_open(fork));
        RULE_OK(fork, rule_append(fork, 40));
        const fc_log_state state = fc_log_read_state(fork->log);
        RULE(fork, refusal.count > 0 && !state.is_poisoned && fork->published == 40);
        RULE(fork, state.direct_groups == state.groups);
        hold_after_power_cut(fork, 40);
        RULE_OK(fork, rule_close(fork));
        fork->options.os = fork->os;
        RULE_OK(fork, rule_reopen(fork, &blocks));
        RULE(fork, blocks == 40);
    }
    // A full disk refuses the transaction, not sooner than without zeros.
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 1));
    const uint64_t end = fc_log_read_state(bench->log).file_offset;
    fc_memory_disk_set_capacity(bench->disk, rule_size(bench, MANIFEST) + end + 5 * ALIGNMENT);
    fc_status status = FC_STATUS_OK;
    while (status == FC_STATUS_OK)
        status = rule_append(bench, 1);
    const fc_log_state state = fc_log_read_state(bench->log);
    RULE(bench, status == FC_STATUS_NO_SPACE && !state.is_poisoned);
    RULE(bench, state.file_offset + 2 * ALIGNMENT > end + 4 * ALIGNMENT);
    hold_after_power_cut(bench, state.last_sequence);
}
LOG_RULE(direct_filler_fails, FC_DURABILITY_FULL, 0)

// A large group is written and synced, and is durable with what went the direct way before and after it.
static void direct_large_group(rule_bench *bench) {
    bench->large_sequence = 3;
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 2));
    rule_trace_start(bench);
    RULE_OK(bench, rule_append(bench, 1));
    rule_trace_stop(bench);
    RULE(bench, rule_trace_is(bench, "W1 S1"));
    hold_after_power_cut(bench, 3);
    RULE_OK(bench, rule_append(bench, 3));
    const fc_log_state state = fc_log_read_state(bench->log);
    RULE(bench, state.groups == 6 && state.direct_groups == 5 && state.syncs == 1);
    hold_after_power_cut(bench, 6);
}
LOG_RULE(direct_large_group, FC_DURABILITY_FULL, 0)

// A direct write that the power cut met half-way, in units of 512 bytes or 4 KiB: the group is there or it is
// not, what is left of it goes to quarantine, and nothing before it is touched.
static void direct_torn_write(rule_bench *bench) {
    uint64_t whole = 0, nothing = 0, torn = 0, blocks;
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    for (uint64_t last = 5; last < 9; last++) {
        rule_bench *cut = rule_fork(bench);
        RULE_OK(cut, rule_open(cut));
        RULE_OK(cut, rule_append(cut, last));
        fc_memory_disk_fail_call(cut->disk, FC_CALL_WRITE_DIRECT, 0, FC_FAULT_CRASH, true);
        RULE(cut, rule_append(cut, 1) == FC_STATUS_COMMIT_OUTCOME_UNKNOWN);
        for (uint64_t seed = 0; seed < 40; seed++) {
            const fc_crash_options crash = {
                .seed = seed, .mode = FC_CRASH_RANDOM_SUBSET, .tear_bytes = seed % 2 ? 512 : 4096};
            rule_bench *left = rule_power_cut(cut, &crash);
            RULE_OK(left, rule_open(left));
            const uint8_t *bytes;
            uint64_t size;
            const uint64_t quarantined = rule_quarantined(left, &bytes, &size);
            RULE(left, left->replayed == last || left->replayed == last + 1);
            RULE(left, left->replayed == last || quarantined == 0);
            whole += left->replayed > last;
            torn += quarantined > 0;
            nothing += left->replayed == last && quarantined == 0;
            RULE_OK(left, rule_append(left, 1));
            const uint64_t then = rule_last(left);
            RULE_OK(left, rule_close(left));
            RULE_OK(left, rule_reopen(left, &blocks));
            RULE(left, blocks == then);
        }
        fc_memory_disk_clear_faults(cut->disk);
    }
    RULE(bench, whole > 0 && nothing > 0 && torn > 0);
}
LOG_RULE(direct_torn_write, FC_DURABILITY_FULL, 0)

// Zeros behind the last group are an empty rest: nothing is quarantined, and a reader beside the writer sees
// what it would see without them.
static void direct_zeros_no_evidence(rule_bench *bench) {
    uint64_t size;
    const uint8_t *bytes;
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append(bench, 5));
    const uint64_t end = fc_log_read_state(bench->log).file_offset;
    const uint8_t *file = rule_file(bench, LOG_1, &size);
    RULE(bench, size > end + ALIGNMENT && is_zero(file + end, (size_t)(size - end)));
    rule_bench *reader = rule_beside(bench, FC_ACCESS_READ_ONLY);
    RULE_OK(reader, rule_open(reader));
    RULE(reader, reader->replayed == 4); // all but the last, which nothing newer vouches for
    RULE_OK(reader, rule_close(reader));
    rule_bench *prefix = rule_beside(bench, FC_ACCESS_READ_ONLY_PREFIX);
    RULE_OK(prefix, rule_open(prefix));
    RULE(prefix, prefix->replayed == 5 && fc_log_read_state(prefix->log).fault == FC_STATUS_OK);
    RULE_OK(prefix, rule_close(prefix));
    rule_bench *killed = rule_fork(bench);
    RULE_OK(killed, rule_open(killed));
    RULE(killed, killed->replayed == 5 && rule_quarantined(killed, &bytes, &size) == 0);
    RULE(killed, fc_log_read_state(killed->log).quarantined_bytes == 0);
}
LOG_RULE(direct_zeros_no_evidence, FC_DURABILITY_FULL, 0)

// A sealed file, and one that was closed, end where their last group does.
static void direct_trimmed(rule_bench *bench) {
    uint64_t blocks;
    set_direct(bench, ALIGNMENT, FC_DIRECT_LOG_ON);
    RULE_OK(bench, rule_open(bench));
    RULE_OK(bench, rule_append_until_file(bench, 2));
    RULE_OK(bench, rule_append(bench, 1));
    fc_manifest manifest;
    RULE(bench, rule_take_manifest(bench, &manifest));
    const uint64_t sealed_end = manifest.files[0].end_offset;
    fc_manifest_deinit(&manifest);
    RULE(bench, rule_size(bench, LOG_1) == sealed_end);
    const fc_log_state state = fc_log_read_state(bench->log);
    RULE(bench, rule_size(bench, LOG_2) > state.file_offset && state.direct_groups == state.groups);
    RULE_OK(bench, rule_close(bench));
    RULE(bench, rule_size(bench, LOG_2) == state.file_offset);
    RULE_OK(bench, rule_reopen(bench, &blocks));
    RULE(bench, blocks == state.last_sequence);
}
LOG_RULE(direct_trimmed, FC_DURABILITY_FULL, 128u << 10)
