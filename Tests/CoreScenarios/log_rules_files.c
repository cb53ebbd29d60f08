// Files of a bench, read and changed behind the log's back; and the trace.
#include <stdlib.h>
#include <string.h>

#include "log_rules.h"

uint8_t *rule_file(rule_bench *bench, const char *path, uint64_t *out_size) {
    if (!fc_memory_disk_file_size(bench->disk, path, out_size)) return NULL;
    rule_bytes *lent = malloc(sizeof *lent + (size_t)*out_size + 1);
    if (lent == NULL) abort();
    lent->next = bench->lent;
    bench->lent = lent;
    return fc_memory_disk_read(bench->disk, path, 0, lent->bytes, (size_t)*out_size) ? lent->bytes
                                                                                     : NULL;
}

void rule_put_file(rule_bench *bench, const char *path, const void *bytes, uint64_t size) {
    if (!fc_memory_disk_create_file(bench->disk, path, bytes, (size_t)size)) abort();
}

void rule_flip(rule_bench *bench, const char *path, uint64_t offset) {
    uint8_t byte;
    if (!fc_memory_disk_read(bench->disk, path, offset, &byte, 1)) abort();
    byte ^= 4;
    if (!fc_memory_disk_write(bench->disk, path, offset, &byte, 1)) abort();
}

bool rule_has_file(rule_bench *bench, const char *path) {
    uint64_t size;
    return fc_memory_disk_file_size(bench->disk, path, &size);
}

uint64_t rule_size(rule_bench *bench, const char *path) {
    uint64_t size = 0;
    return fc_memory_disk_file_size(bench->disk, path, &size) ? size : 0;
}

bool rule_blames(const rule_bench *bench, const char *path) {
    return strcmp(bench->detail.file, strrchr(path, '/') + 1) == 0;
}

typedef struct quarantine_list {
    char last[256];
    uint64_t count;
} quarantine_list;

static void add_quarantined(void *visitor, const char *path) {
    quarantine_list *list = visitor;
    const size_t length = strlen(path);
    if (strncmp(path, "db/quarantine/", 14) != 0 || length < 5 ||
        strcmp(path + length - 5, ".torn") != 0)
        return;
    list->count++;
    snprintf(list->last, sizeof list->last, "%s", path);
}

uint64_t rule_quarantined(rule_bench *bench, const uint8_t **out_bytes, uint64_t *out_size) {
    quarantine_list list = {.count = 0};
    fc_memory_disk_list(bench->disk, add_quarantined, &list);
    *out_size = 0;
    *out_bytes = list.count > 0 ? rule_file(bench, list.last, out_size) : NULL;
    return list.count;
}

fc_log_file_header rule_header(rule_bench *bench, const char *path) {
    fc_log_file_header header = {.number = 0};
    uint8_t bytes[FC_LOG_FILE_HEADER_BYTES];
    if (!fc_memory_disk_read(bench->disk, path, 0, bytes, sizeof bytes) ||
        fc_log_file_decode_header(bytes, &header, NULL) != FC_STATUS_OK)
        return (fc_log_file_header){.number = 0};
    return header;
}

void rule_put_header(rule_bench *bench, const char *path, const fc_log_file_header *header) {
    uint8_t bytes[FC_LOG_FILE_HEADER_BYTES];
    fc_log_file_encode_header(header, bytes);
    rule_put_file(bench, path, bytes, sizeof bytes);
}

bool rule_take_manifest(rule_bench *bench, fc_manifest *out) {
    uint64_t size;
    const uint8_t *bytes = rule_file(bench, MANIFEST, &size);
    fc_manifest_init(out, &bench->os->memory);
    return bytes != NULL &&
           fc_manifest_decode((fc_bytes){bytes, (size_t)size}, out, &bench->detail) == FC_STATUS_OK;
}

void rule_put_manifest(rule_bench *bench, fc_manifest *manifest) {
    fc_buffer bytes;
    fc_buffer_init(&bytes, &bench->os->memory);
    if (fc_manifest_encode(manifest, &bytes) != FC_STATUS_OK) abort();
    rule_put_file(bench, MANIFEST, bytes.data, bytes.length);
    fc_buffer_deinit(&bytes);
    fc_manifest_deinit(manifest);
}

// ---- The trace ---------------------------------------------------------------------------------

static void short_name(const char *name, char *out, size_t capacity) {
    const char *suffix = strstr(name, ".tmp") != NULL ? ".tmp" : "";
    const size_t length = strlen(name) - strlen(suffix);
    if (strncmp(name, "log-", 4) == 0 && length == strlen(LOG_1) - 3)
        snprintf(out, capacity, "%llu%s", strtoull(name + 4, NULL, 10), suffix);
    else if (strncmp(name, "MANIFEST", 8) == 0)
        snprintf(out, capacity, "M%s", suffix);
    else
        snprintf(out, capacity, "%s", name);
}

static void note(void *observer, fc_call_kind kind, const char *file_name) {
    rule_bench *bench = observer;
    char name[128], letter = 0;
    short_name(file_name, name, sizeof name);
    switch ((int)kind) {
    case FC_CALL_WRITE:
        letter = 'W';
        break;
    case FC_CALL_WRITE_DIRECT:
        letter = 'P';
        break;
    case FC_CALL_SYNC_FILE:
        letter = 'S';
        break;
    case FC_CALL_RENAME:
        letter = 'R';
        break;
    case FC_CALL_SYNC_DIRECTORY:
        letter = 'D';
        break;
    case FC_CALL_TRUNCATE:
        letter = 'T';
        break;
    case FC_CALL_REMOVE:
        letter = strstr(name, ".tmp") == NULL ? 'X' : 0;
        break;
    default:
        break;
    }
    if (letter == 0) return;
    const size_t length = strlen(bench->trace);
    snprintf(bench->trace + length, sizeof bench->trace - length, "%s%c%s", length > 0 ? " " : "",
             letter, letter == 'D' ? "" : name);
}

void rule_trace_start(rule_bench *bench) {
    bench->trace[0] = 0;
    fc_memory_disk_set_observer(bench->disk, note, bench);
}

void rule_trace_stop(rule_bench *bench) {
    fc_memory_disk_set_observer(bench->disk, NULL, NULL);
}

bool rule_trace_is(rule_bench *bench, const char *expected) {
    if (strcmp(bench->trace, expected) == 0) return true;
    fc_fail(&bench->detail, FC_STATUS_INVALID_ARGUMENT, "the disk saw: %s", bench->trace);
    return false;
}
