// A store whose newest log file, manifest or block payload an attacker wrote: opening ends in an
// error or in a store that answers; never a crash, a hang or unbounded memory.
#include <stdio.h>
#include <stdlib.h>

#include "../../Sources/CFormCore/include/CFormCore.h"

static const uint8_t provenance[] = {0xA0};

static fc_store_options options_on(const fc_os *os, fc_access access) {
    return (fc_store_options){.os = os,
                              .path = "db",
                              .access = access,
                              .create = access == FC_ACCESS_READ_WRITE,
                              .no_compression = true,
                              .log_file_bytes = 64 << 10};
}

// A small real store: one collection, one series, a few rows.
static void write_store(const fc_os *os) {
    fc_store *store;
    fc_detail detail;
    const fc_store_options options = options_on(os, FC_ACCESS_READ_WRITE);
    if (fc_open(&options, &store, &detail) != FC_STATUS_OK) abort();
    fc_transaction *transaction;
    if (fc_begin(store, FC_BEGIN_WRITE, (fc_bytes){provenance, 1}, &transaction, &detail) !=
        FC_STATUS_OK)
        abort();
    fc_applied applied;
    const fc_bytes field = {(const uint8_t *)"value", 5};
    const fc_apply_operation create = {.kind = FC_APPLY_CREATE,
                                       .target_kind = FC_TARGET_SERIES,
                                       .name = {(const uint8_t *)"s", 1},
                                       .field_names = &field,
                                       .field_count = 1};
    if (fc_apply(transaction, &create, &applied, &detail) != FC_STATUS_OK) abort();
    const int64_t times[3] = {1, 2, 4};
    const double values[3] = {1, 2, 3};
    const double *fields[1] = {values};
    const fc_points points = {3, 1, times, fields, NULL, NULL};
    const fc_apply_operation append = {
        .kind = FC_APPLY_APPEND, .target = applied.target, .points = &points};
    if (fc_apply(transaction, &append, &applied, &detail) != FC_STATUS_OK) abort();
    fc_commit_result result;
    if (fc_commit(transaction, &result, &detail) != FC_STATUS_OK) abort();
    fc_store_release(store);
}

typedef struct victim {
    char path[128];
    unsigned wanted, seen;
} victim;

static void choose(void *visitor, const char *path) {
    victim *chosen = visitor;
    if (chosen->seen++ == chosen->wanted) snprintf(chosen->path, sizeof chosen->path, "%s", path);
}

// The input is a list of edits: u8 file, u16 offset, u8 value.
static void edit(fc_memory_disk *disk, const uint8_t *data, size_t size) {
    for (; size >= 4; data += 4, size -= 4) {
        victim chosen = {.wanted = data[0] % 4};
        fc_memory_disk_list(disk, choose, &chosen);
        if (chosen.path[0] != 0)
            fc_memory_disk_write(disk, chosen.path, fc_load_u16(data + 1), data + 3, 1);
    }
}

static void try_open(const fc_os *os, fc_access access) {
    fc_store *store;
    fc_detail detail;
    const fc_store_options options = options_on(os, access);
    if (fc_open(&options, &store, &detail) != FC_STATUS_OK) return;
    fc_store_check(store);
    fc_journal_cursor *cursor;
    if (fc_journal(store, 0, &cursor, &detail) == FC_STATUS_OK) {
        fc_block block;
        bool found = true;
        while (fc_journal_next(cursor, &found, &block, &detail) == FC_STATUS_OK && found) {
        }
        fc_journal_close(cursor);
    }
    fc_store_release(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fc_memory_disk *disk;
    if (fc_memory_disk_create(false, &disk) != FC_STATUS_OK) abort();
    const fc_os *os = fc_memory_disk_os(disk);
    write_store(os);
    edit(disk, data, size);
    try_open(os, FC_ACCESS_READ_ONLY_PREFIX);
    try_open(os, FC_ACCESS_READ_WRITE);
    fc_memory_disk_destroy(disk);
    return 0;
}
