#include "log_rules.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_BYTES_LARGE (3u << 20)

void rule_broken(rule_bench *bench, const char *file, int line, const char *condition) {
    const char *slash = strrchr(file, '/');
    scenario_failed(bench->report, "%s:%d: %s; replayed %llu; last message: %s (%s at %llu)",
                    slash != NULL ? slash + 1 : file, line, condition,
                    (unsigned long long)bench->replayed, bench->detail.message, bench->detail.file,
                    bench->detail.offset);
}

fc_status rule_status(rule_bench *bench, fc_status status) {
    if (status != FC_STATUS_OK && bench->detail.message[0] == 0)
        fc_fail(&bench->detail, status, "status %s", fc_status_name(status));
    return status;
}

// ---- Blocks whose content follows from their sequence ------------------------------------------

static size_t payload_length(const rule_bench *bench, uint64_t sequence) {
    if (sequence == bench->large_sequence) return PAYLOAD_BYTES_LARGE;
    uint64_t random = sequence * 0x9E3779B97F4A7C15ull;
    const uint64_t kind = scenario_random(&random) % 10;
    return 40 + (size_t)(scenario_random(&random) % (kind < 7 ? 300 : 5000));
}

// Every second one compresses well.
static uint8_t *make_payload(const rule_bench *bench, uint64_t sequence, size_t *out_length) {
    const size_t length = payload_length(bench, sequence);
    uint8_t *payload = malloc(length);
    if (payload == NULL) abort();
    uint64_t random = sequence;
    for (size_t i = 0; i < length; i++)
        payload[i] =
            (uint8_t)(sequence % 2 == 0 ? sequence + i % 16 : scenario_random(&random) >> 24);
    *out_length = length;
    return payload;
}

static fc_status replay(void *context, const fc_block *block, fc_detail *detail) {
    (void)detail;
    rule_bench *bench = context;
    const uint64_t sequence = block->header.sequence;
    bool is_right = sequence == bench->replayed + 1 &&
                    block->header.wall_time_us == (int64_t)sequence * 1000 &&
                    block->header.operation_count == 1 + sequence % 7;
    if (block->header.encoding >= FC_BLOCK_REDACTED) {
        bench->withheld++;
        is_right = is_right && block->payload.length == 0;
    } else {
        size_t length;
        uint8_t *payload = make_payload(bench, sequence, &length);
        is_right = is_right && block->payload.length == length &&
                   memcmp(block->payload.data, payload, length) == 0;
        free(payload);
    }
    bench->replayed = sequence;
    bench->content_is_wrong = bench->content_is_wrong || !is_right;
    return FC_STATUS_OK;
}

static void publish(void *context, uint64_t sequence) {
    rule_bench *bench = context;
    bench->content_is_wrong = bench->content_is_wrong || sequence <= bench->published;
    bench->published = sequence;
}

// ---- The bench ---------------------------------------------------------------------------------

static void begin(rule_bench *bench, fc_memory_disk *disk, bool owns_disk,
                  scenario_report *report) {
    bench->report = report;
    bench->disk = disk;
    bench->owns_disk = owns_disk;
    bench->os = fc_memory_disk_os(disk);
    if (bench->os->open_directory(bench->os->context, "db", true, &bench->directory) !=
        FC_STATUS_OK)
        abort();
    bench->options.os = bench->os;
    bench->options.directory = bench->directory;
    bench->options.context = bench;
    bench->options.replay = replay;
    bench->options.publish = publish;
}

static void end(rule_bench *bench) {
    for (rule_bench *fork = bench->forks; fork != NULL;) {
        rule_bench *next = fork->next;
        end(fork);
        free(fork);
        fork = next;
    }
    if (bench->log != NULL) (void)fc_log_close(bench->log, NULL);
    bench->os->close_directory(bench->os->context, bench->directory);
    for (rule_bytes *lent = bench->lent; lent != NULL;) {
        rule_bytes *next = lent->next;
        free(lent);
        lent = next;
    }
    if (bench->content_is_wrong)
        scenario_failed(bench->report, "a block came back that was never written, or out of order");
    if (!bench->owns_disk) return;
    bench->report->images++;
    const uint64_t left = fc_memory_disk_allocated_bytes(bench->disk);
    if (left != 0)
        scenario_failed(bench->report, "%llu bytes are not given back", (unsigned long long)left);
    fc_memory_disk_destroy(bench->disk);
}

void rule_run(void (*body)(rule_bench *bench), fc_durability durability, uint64_t file_bytes,
              scenario_report *report) {
    rule_bench bench = {
        .options = {.create = true,
                    .durability = durability,
                    .direct_log = report->direct ? FC_DIRECT_LOG_ON : FC_DIRECT_LOG_OFF,
                    .batch_interval_us = 5000,
                    .file_bytes = file_bytes,
                    .compress = true}};
    fc_memory_disk *disk;
    if (fc_memory_disk_create(false, &disk) != FC_STATUS_OK) abort();
    fc_memory_disk_set_direct(disk, report->direct);
    begin(&bench, disk, true, report);
    body(&bench);
    end(&bench);
}

static rule_bench *add_fork(rule_bench *bench, fc_memory_disk *disk, bool owns_disk) {
    rule_bench *fork = calloc(1, sizeof *fork);
    if (fork == NULL) abort();
    fork->options = bench->options;
    fork->large_sequence = bench->large_sequence;
    begin(fork, disk, owns_disk, bench->report);
    fork->next = bench->forks;
    bench->forks = fork;
    return fork;
}

rule_bench *rule_power_cut(rule_bench *bench, const fc_crash_options *crash) {
    fc_memory_disk *copy;
    if (fc_memory_disk_crash(bench->disk, crash, &copy) != FC_STATUS_OK) abort();
    return add_fork(bench, copy, true);
}

rule_bench *rule_fork(rule_bench *bench) {
    const fc_crash_options keep = {.mode = FC_CRASH_KEEP_ALL};
    return rule_power_cut(bench, &keep);
}

rule_bench *rule_beside(rule_bench *bench, fc_access access) {
    rule_bench *other = add_fork(bench, bench->disk, false);
    other->options.access = access;
    other->options.create = access == FC_ACCESS_READ_WRITE;
    return other;
}

fc_status rule_open(rule_bench *bench) {
    bench->replayed = bench->withheld = bench->published = 0;
    bench->detail = (fc_detail){.offset = 0};
    const fc_status status = fc_log_open(&bench->options, &bench->log, &bench->detail);
    if (status != FC_STATUS_OK) bench->log = NULL;
    bench->report->recovered += status == FC_STATUS_OK;
    bench->report->refused += status != FC_STATUS_OK;
    bench->published = bench->replayed;
    return status;
}

static fc_status append_one(rule_bench *bench) {
    const uint64_t sequence = rule_last(bench) + 1;
    size_t length;
    uint8_t *payload = make_payload(bench, sequence, &length);
    const fc_block_draft draft = {.wall_time_us = (int64_t)sequence * 1000,
                                  .operation_count = 1 + (uint32_t)(sequence % 7),
                                  .payload = {payload, length}};
    fc_block_header header;
    fc_status status = fc_log_append(bench->log, &draft, &header, &bench->detail);
    free(payload);
    if (status == FC_STATUS_OK && bench->options.durability == FC_DURABILITY_FULL)
        status = fc_log_wait(bench->log, sequence, &header.id, &bench->detail);
    return status;
}

fc_status rule_append(rule_bench *bench, uint64_t count) {
    fc_status status = FC_STATUS_OK;
    for (uint64_t i = 0; i < count && status == FC_STATUS_OK; i++)
        status = append_one(bench);
    return status;
}

fc_status rule_append_until_file(rule_bench *bench, uint64_t number) {
    fc_status status = FC_STATUS_OK;
    while (status == FC_STATUS_OK && fc_log_read_state(bench->log).file_number < number)
        status = append_one(bench);
    return status;
}

fc_status rule_close(rule_bench *bench) {
    fc_log *log = bench->log;
    bench->log = NULL;
    return fc_log_close(log, &bench->detail);
}

fc_status rule_reopen(rule_bench *bench, uint64_t *out_blocks) {
    const fc_status status = rule_open(bench);
    *out_blocks = bench->replayed;
    return status == FC_STATUS_OK ? rule_close(bench) : status;
}

uint64_t rule_journal_count(rule_bench *bench) {
    fc_log_cursor *cursor;
    uint64_t count = 0;
    bool found = true;
    if (fc_log_cursor_open(bench->log, 0, &cursor, &bench->detail) != FC_STATUS_OK)
        return UINT64_MAX;
    while (found && count != UINT64_MAX) {
        fc_block block;
        const fc_status status = fc_log_cursor_next(cursor, &found, &block, &bench->detail);
        if (status != FC_STATUS_OK)
            count = UINT64_MAX;
        else if (found)
            count++;
    }
    fc_log_cursor_close(cursor);
    return count;
}

uint64_t rule_last(rule_bench *bench) {
    return fc_log_read_state(bench->log).last_sequence;
}
