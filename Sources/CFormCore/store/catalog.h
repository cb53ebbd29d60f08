// The catalog: which collections and series exist, under which names, as of which sequence.
//
// Invariants
//  C1. Ids are dense from 1, per kind, and never reused once committed.
//  C2. An entry and its names are never moved, and once committed not freed before the catalog is.
//  C3. A name is bound to an entry for [from, to); bindings of one (kind, name) do not overlap.
// THREADS: changes by the writer alone, beside any number of readers; one short lock inside.
#ifndef FC_STORE_CATALOG_H
#define FC_STORE_CATALOG_H

#include "../index/footprints.h"
#include "../index/memtable.h"
#include "../index/series.h"
#include "operations.h"

// The reserved collection of features that describe series, id = series id.
#define FC_SERIES_COLLECTION_NAME "_series"

typedef struct fc_entry {
    fc_target_kind kind;
    uint32_t id;
    uint64_t created;
    _Atomic uint64_t deleted; // FC_LIVE while it exists
    uint32_t field_count;
    fc_bytes *field_names;
    fc_bytes options;
    fc_memtable *memtable; // a collection's
    fc_series *series;     // a series'
    // From the first reader on that asks what was touched; set once, under the store's mutex.
    _Atomic(fc_footprints *) footprints;
    struct fc_name_binding *names; // newest first; the catalog's own
    // The writer's own:
    uint64_t touched_by;       // the transaction that last changed its rows
    uint64_t next_row_id;      // what the memtable believes the next row id to be
    int64_t largest_id;        // the largest integer id ever used within [1, 2^53 - 1]
    int64_t largest_id_before; // as the running transaction found it
    void *allocation;          // one block holding entry, names and options
    size_t allocation_size;
} fc_entry;

typedef struct fc_catalog fc_catalog;

FC_MUST_USE fc_status fc_catalog_create(const fc_os *os, fc_catalog **out);
void fc_catalog_destroy(fc_catalog *catalog); // with all memtables and series

// Writer. `create` gives the entry the next id, without rows yet (the caller sets memtable or series).
// FC_STATUS_ALREADY_EXISTS when the name is taken. All are undone by fc_catalog_restore.
FC_MUST_USE fc_status fc_catalog_add(fc_catalog *catalog, const fc_operation *create,
                                     uint64_t sequence, fc_entry **out);
FC_MUST_USE fc_status fc_catalog_rename(fc_catalog *catalog, fc_entry *entry, fc_bytes name,
                                        uint64_t sequence);
FC_MUST_USE fc_status fc_catalog_drop(fc_catalog *catalog, fc_entry *entry, uint64_t sequence);
size_t fc_catalog_mark(const fc_catalog *catalog); // changes since the last commit
void fc_catalog_restore(fc_catalog *catalog, size_t mark);
void fc_catalog_commit(fc_catalog *catalog);
uint32_t fc_catalog_next_id(const fc_catalog *catalog, fc_target_kind kind);

// Readers, as of a sequence; NULL when there is none.
fc_entry *fc_catalog_find(fc_catalog *catalog, fc_target_kind kind, fc_bytes name,
                          uint64_t sequence);
fc_entry *fc_catalog_get(fc_catalog *catalog, fc_target_kind kind, uint32_t id, uint64_t sequence);
// The same for the writer, who alone changes the lists: without the lock, a sixth of the samples in a profile of
// appending points one by one.
fc_entry *fc_catalog_get_writing(fc_catalog *catalog, fc_target_kind kind, uint32_t id,
                                 uint64_t sequence);
// The name that the entry has at `sequence`; borrowed for the catalog's life.
fc_bytes fc_catalog_name(fc_catalog *catalog, const fc_entry *entry, uint64_t sequence);
// The same for the writer, without the lock.
fc_bytes fc_catalog_name_writing(const fc_entry *entry, uint64_t sequence);
// How many ids were given; entry `id` if it was created by `sequence`, dropped or not.
uint32_t fc_catalog_count(fc_catalog *catalog, fc_target_kind kind);
fc_entry *fc_catalog_entry(fc_catalog *catalog, fc_target_kind kind, uint32_t id,
                           uint64_t sequence);
#endif
