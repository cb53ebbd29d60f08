// The store: nine calls (version, open, close, begin, commit, abort, apply, schema, journal), and the
// reading that a transaction allows. Orchestration only: rows live in index/, bytes in format/ and log.h.
//
// THREADS: every call from any thread. A write transaction is used by one thread at a time (the one that
// began it); a read transaction by any number at once. Write transactions wait for each
// other in order of arrival.
// OWNERSHIP: a store stays readable through open read transactions after fc_close; memory goes
// with the last of them.
#ifndef FC_STORE_STORE_H
#define FC_STORE_STORE_H

#include "../codec/batch.h"
#include "../codec/record.h"
#include "../index/footprints.h"
#include "../index/memtable.h"
#include "../index/property_index.h"
#include "../index/series.h"
#include "log.h"
#include "operations.h"

#define FC_VERSION_STRING "0.1.0"

typedef struct fc_store fc_store;
typedef struct fc_transaction fc_transaction;

// 1. The library's version, "major.minor.patch".
const char *fc_version(void);

typedef struct fc_store_options {
    const fc_os *os;  // NULL: fc_os_posix()
    const char *path; // the store's directory
    fc_access access;
    bool create; // make it when missing
    fc_durability durability;
    fc_direct_log direct_log;
    uint64_t batch_interval_us;
    uint64_t log_file_bytes; // 0: 64 MiB
    bool no_compression;
    bool journal_only; // free superseded rows from memory (Configuration.history)
    // Tuning, 0 for the defaults; tests use tiny ones.
    uint32_t tail_rows, merge_ratio_first, merge_ratio, id_streak, series_chunk_points;
    uint32_t footprints; // kept for each collection and series; a power of two
    uint32_t footprint_faults;
    fc_kernels kernels;
} fc_store_options;

// 2. Opens (recovering if needed), 3. closes: refuses new work, waits for running writes, makes all
// durable, writes the clean mark. Idempotent; frees the handle only by fc_store_release.
FC_MUST_USE fc_status fc_open(const fc_store_options *options, fc_store **out, fc_detail *detail);
FC_MUST_USE fc_status fc_close(fc_store *store, fc_detail *detail);
void fc_store_release(fc_store *store); // closes if need be, then drops the handle

typedef enum fc_begin_mode { FC_BEGIN_READ = 0, FC_BEGIN_WRITE = 1 } fc_begin_mode;

// 4. Begins. Read: a snapshot of what is published. Write: waits for the writer lock; `provenance` is a
// deterministic CBOR map (copied). FC_STATUS_REENTRANT when this thread has a write transaction open.
FC_MUST_USE fc_status fc_begin(fc_store *store, fc_begin_mode mode, fc_bytes provenance,
                               fc_transaction **out, fc_detail *detail);

typedef struct fc_commit_result {
    uint64_t sequence; // 0 and zeros when the transaction changed nothing: no block was written
    fc_hash128 block_id;
    int64_t wall_time_us;
} fc_commit_result;

// 5. Commits; ends and frees the transaction whatever it returns (a read transaction: releases it).
// After FC_STATUS_COMMIT_OUTCOME_UNKNOWN *out is filled; after any other error nothing was changed.
// A transaction that created an index is published, lets other writers in, and returns once the index is built. An
// index for which there was no memory is tried again at later commits; until it is built it is not used.
FC_MUST_USE fc_status fc_commit(fc_transaction *transaction, fc_commit_result *out,
                                fc_detail *detail);
// 6. Undoes everything; ends and frees the transaction.
void fc_abort(fc_transaction *transaction);

// 7. Applies one operation, whole or not at all; a failed one leaves the transaction usable.
typedef enum fc_apply_kind {
    FC_APPLY_INSERT = 1, // feature; ALREADY_EXISTS
    FC_APPLY_UPSERT = 2,
    FC_APPLY_UPDATE = 3,         // NOT_FOUND
    FC_APPLY_DELETE_FEATURE = 4, // result.count 0 or 1
    FC_APPLY_APPEND = 5,
    FC_APPLY_REPLACE_POINTS = 6, // deletes equal timestamps first, then appends
    FC_APPLY_DELETE_POINTS = 7,  // [start, end)
    FC_APPLY_CREATE = 8,
    FC_APPLY_RENAME = 9,
    FC_APPLY_DROP = 10,
    FC_APPLY_CREATE_INDEX = 11, // of `property`; ALREADY_EXISTS. Built when the commit returns
    FC_APPLY_DROP_INDEX = 12,   // of `property`; NOT_FOUND
} fc_apply_kind;

typedef struct fc_apply_operation {
    fc_apply_kind kind;
    fc_target_kind target_kind; // for create, rename, drop; else implied
    uint32_t target;            // collection or series id (create: ignored)
    uint32_t provenance;        // 0: the transaction's; else from fc_transaction_add_provenance
    fc_bytes record;  // insert, upsert, update: a feature record. Create of a series: NULL, or the
                      // record of its describing feature (its id is replaced by the series')
    bool generate_id; // insert: the record's id is replaced by a generated one
    bool record_is_trusted; // encoded by this library a moment ago: not checked again
    fc_feature_id id;       // delete
    const fc_points *points;
    fc_time_range range;
    fc_bytes name;               // create, rename (UTF-8, 1…255 bytes)
    const fc_bytes *field_names; // create of a series
    uint32_t field_count;
    fc_bytes options;  // create: CBOR map or empty; kept for the caller
    fc_bytes property; // create and drop of an index, encoded (codec/property.h)
} fc_apply_operation;

typedef struct fc_applied {
    uint64_t count;       // rows added (append), deleted (deletes)
    uint32_t target;      // create: the new id, of an index too
    int64_t generated_id; // insert with generate_id
} fc_applied;

FC_MUST_USE fc_status fc_apply(fc_transaction *transaction, const fc_apply_operation *operation,
                               fc_applied *out, fc_detail *detail);
// Adds a provenance for operations of this transaction (an import of many sources); equal bytes share one.
FC_MUST_USE fc_status fc_transaction_add_provenance(fc_transaction *transaction, fc_bytes cbor,
                                                    uint32_t *out_index, fc_detail *detail);

// 8. Schema: the collections and series that the transaction sees, in order of id. The description is
// borrowed until the visitor returns.
typedef struct fc_description {
    fc_target_kind kind;
    uint32_t id;
    fc_bytes name;
    const fc_bytes *field_names;
    uint32_t field_count;
    fc_bytes options;
    uint64_t created; // sequence
} fc_description;
FC_MUST_USE fc_status fc_schema(fc_transaction *transaction,
                                bool (*visit)(void *visitor, const fc_description *description),
                                void *visitor);
// By name, as the transaction sees it. FC_STATUS_NOT_FOUND.
FC_MUST_USE fc_status fc_resolve(fc_transaction *transaction, fc_target_kind kind, fc_bytes name,
                                 uint32_t *out_id, uint32_t *out_field_count);
// One description, by id; copied into `out` fields that borrow from the catalog (stable while the transaction is open).
FC_MUST_USE fc_status fc_describe(fc_transaction *transaction, fc_target_kind kind, uint32_t id,
                                  fc_description *out);

// The `n`-th index of a collection, in order of creation; *out_found false when there are fewer. Borrowed while the
// transaction is open. FC_STATUS_NOT_FOUND for a collection it does not see.
FC_MUST_USE fc_status fc_describe_index(fc_transaction *transaction, uint32_t collection, size_t n,
                                        bool *out_found, fc_index_description *out);

// 9. Journal: a cursor over the blocks with sequence > `since` that are published when it is opened.
// `next` lends the block until the next call, *out_found false at the end; FC_STATUS_CLOSED once the store is
// closed. Payloads are walked with fc_operation_next (operations.h).
typedef struct fc_journal_cursor fc_journal_cursor;
FC_MUST_USE fc_status fc_journal(fc_store *store, uint64_t since, fc_journal_cursor **out,
                                 fc_detail *detail);
FC_MUST_USE fc_status fc_journal_next(fc_journal_cursor *cursor, bool *out_found,
                                      fc_block *out_block, fc_detail *detail);
void fc_journal_close(fc_journal_cursor *cursor); // may be NULL

// ---- Reading -----------------------------------------------------------------------------------

uint64_t fc_transaction_sequence(const fc_transaction *transaction);
// The rows or points that the transaction sees. Borrowed: until the transaction ends or, in a write
// transaction, until its next fc_apply. FC_STATUS_NOT_FOUND for an id it does not see. COST: first touch
// one short lock; then a look-up.
FC_MUST_USE fc_status fc_features(fc_transaction *transaction, uint32_t collection,
                                  const fc_view **out);
FC_MUST_USE fc_status fc_points_of(fc_transaction *transaction, uint32_t series,
                                   const fc_series_view **out);

// Whether a commit above `from_sequence`, up to the reader's snapshot, touched the region of a collection
// or series. What happened before somebody first asked this of it is FC_CHANGE_UNKNOWN, and so is all in
// a write transaction. FC_STATUS_NOT_FOUND for an id that the reader does not see. THREADS: any.
// COST: a look-up and O(footprints since); about 10 µs and 3 KiB when it is the first to ask.
FC_MUST_USE fc_status fc_touched(fc_transaction *reader, fc_target_kind kind, uint32_t id,
                                 uint64_t from_sequence, const fc_region *region, fc_change *out);

// Makes all that is applied durable, at every durability level.
FC_MUST_USE fc_status fc_sync(fc_store *store, fc_detail *detail);

typedef struct fc_store_state {
    fc_log_state log;
    uint64_t applied_sequence, published_sequence, oldest_snapshot, open_snapshots;
    uint64_t collections, series, rows;
    fc_arena_statistics arena;
    bool is_closed;
} fc_store_state;
fc_store_state fc_store_read_state(fc_store *store);

// For tests: the counters of everything, summed; and a walk of all invariants (aborts on a broken one).
typedef struct fc_store_counters {
    fc_memtable_counters memtables;
    fc_series_counters series;
    uint64_t aborts;
} fc_store_counters;
fc_store_counters fc_store_read_counters(fc_store *store);
void fc_store_check(fc_store *store); // REQUIRES: no write transaction open
#endif
