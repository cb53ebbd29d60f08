// What the files of store/ share. The flow of a write: transaction.c (begin, writer lock) → apply.c
// (checks, encodes once) → effects.c (the rows) → transaction.c (commit: log, stamp, publish). Recovery:
// replay.c reads the same operations and calls the same effects.
//
// Locks, taken in this order: the writer lock (a queue, not a mutex) > store->mutex > the catalog's > a
// memtable's or a series'. A transaction's lock of its views is held alone.
#ifndef FC_STORE_STORE_INTERNAL_H
#define FC_STORE_STORE_INTERNAL_H

#include "../os/short_lock.h"
#include "catalog.h"
#include "store.h"

// What a waiting writer sleeps on. The store keeps it for the next one, to its own end: so it can be
// called without the lock, which the woken writer would only wait for again.
typedef struct fc_writer_call {
    struct fc_writer_call *next;
    fc_condition *condition;
} fc_writer_call;

// One waiting writer. Called: woken because the lock is free, which somebody else may have taken meanwhile.
typedef struct fc_writer_ticket {
    struct fc_writer_ticket *next;
    fc_writer_call *call;
    bool is_called, is_granted, is_refused;
} fc_writer_ticket;

struct fc_store {
    const fc_os *os;
    fc_store_options options;
    fc_directory *directory;
    fc_log *log; // NULL once closed
    fc_arena *arena;
    fc_catalog *catalog;
    fc_mutex *mutex;       // guards what is below, but for the writer's own
    fc_condition *changed; // the writer lock freed, log users gone, closing done
    uint64_t references;   // the handle, open transactions, journal cursors
    bool is_closing, is_closed;
    fc_status close_status; // what the first fc_close came to
    fc_detail close_detail;
    fc_log_state last_log_state; // kept at close
    uint64_t log_users;          // threads inside fc_log_wait, fc_log_sync or a journal cursor

    // Writers.
    bool has_writer;
    uint64_t writer_thread;
    fc_writer_ticket *first_waiter, *last_waiter;
    uint32_t times_passed; // how many writers came after the first waiter and went before it
    fc_writer_call *free_calls;

    // Visibility. Invariant: published <= applied; horizon <= published.
    uint64_t applied, durable, published;
    uint64_t applied_rows; // put, as of `applied`
    _Atomic uint64_t horizon;
    fc_transaction *oldest_reader, *newest_reader; // open snapshots, by sequence
    uint64_t reader_count;

    // The writer's own (under the writer lock).
    uint64_t next_row_id; // from 1
    fc_operation_writer operation_writer;
    fc_entry **touched; // entries whose rows the running transaction changed
    size_t touched_count, touched_capacity;
    uint64_t aborts;
    bool is_replaying;
    _Atomic bool has_unbuilt; // building an index has failed for want of memory
};

// A reader's borrowed views, by entry.
typedef struct fc_touched_view {
    uint64_t key; // (kind << 32 | id); 0: free
    fc_view *view;
    fc_series_view *series_view;
} fc_touched_view;
enum { FC_FIRST_VIEWS = 4 }; // with them a question of one collection allocates no table

// Points appended one by one to one series, gathered into one operation.
typedef struct fc_pending_points {
    fc_entry *entry; // NULL: none
    uint32_t provenance;
    size_t count, capacity;
    uint32_t field_count;
    int64_t *times_us;
    double *values; // field f at values + f * capacity
    size_t allocation_size;
    void *allocation;
} fc_pending_points;

struct fc_transaction {
    fc_store *store;
    bool is_write;
    uint64_t sequence; // a reader's snapshot; the number that a writer's block will have
    fc_transaction *older, *newer; // open readers
    fc_short_lock views_lock;      // guards the views (readers share a transaction)
    fc_touched_view *views;        // open addressing, a power of two: `first_views`, or more
    size_t view_count, view_capacity;
    fc_touched_view first_views[FC_FIRST_VIEWS];
    // Writers:
    uint64_t first_row_id;
    bool creates_index;
    fc_pending_points pending;
    fc_status doomed; // an operation could not be taken back: only abort is left
};

// store.c
void fc_store_retain_locked(fc_store *store);
void fc_store_unreference(fc_store *store);
void fc_store_unreference_and_unlock(fc_store *store); // REQUIRES: the lock
void fc_store_lock(fc_store *store);
void fc_store_unlock(fc_store *store);
// Raises published to min(durable or applied, applied) and the horizon after it. REQUIRES: the lock.
void fc_store_publish_locked(fc_store *store, uint64_t durable);
void fc_store_update_horizon_locked(fc_store *store);
// Enters or leaves the log: close waits for those inside. False when the store is closed.
bool fc_store_enter_log_locked(fc_store *store);
void fc_store_leave_log(fc_store *store);

// transaction.c: the writer lock without a transaction. FC_STATUS_CLOSED once the store is closing.
FC_MUST_USE fc_status fc_store_take_writer_lock(fc_store *store);
void fc_store_give_writer_lock(fc_store *store);

// effects.c: what operations do to rows, live and at replay. Each whole or not at all.
FC_MUST_USE fc_status fc_touch(fc_store *store, fc_entry *entry, uint64_t sequence);
// `whole` is the complete record (geometry included).
FC_MUST_USE fc_status fc_effect_put(fc_store *store, fc_entry *entry, const fc_record *whole,
                                    uint64_t sequence);
FC_MUST_USE fc_status fc_effect_delete(fc_store *store, fc_entry *entry, uint32_t position,
                                       uint64_t sequence);
FC_MUST_USE fc_status fc_effect_append(fc_store *store, fc_entry *entry, const fc_points *points,
                                       uint64_t sequence);
FC_MUST_USE fc_status fc_effect_tombstone(fc_store *store, fc_entry *entry,
                                          const fc_time_range *range, uint64_t sequence,
                                          uint64_t *out_count);
FC_MUST_USE fc_status fc_effect_create(fc_store *store, const fc_operation *create,
                                       uint64_t sequence, fc_entry **out);
FC_MUST_USE fc_status fc_effect_create_index(fc_store *store, fc_entry *entry, uint32_t id,
                                             fc_bytes property, uint64_t sequence,
                                             fc_detail *detail);
FC_MUST_USE fc_status fc_effect_drop_index(fc_store *store, fc_entry *entry, uint32_t id,
                                           uint64_t sequence);
// Ends the transaction `sequence` in all touched rows and the catalog.
void fc_effects_commit(fc_store *store, uint64_t sequence);
void fc_effects_abort(fc_store *store, uint64_t first_row_id);

// replay.c
FC_MUST_USE fc_status fc_replay_block(void *context, const fc_block *block, fc_detail *detail);
FC_MUST_USE fc_status fc_replay_finish(fc_store *store);

// apply.c, apply_features.c, apply_points.c, apply_catalog.c, apply_indexes.c: from what a caller asks to effects.
typedef struct fc_apply_call {
    fc_transaction *transaction;
    const fc_apply_operation *operation;
    fc_applied *out;
    fc_detail *detail;
} fc_apply_call;
// The entry that the operation names, as the writer sees it; NULL (and NOT_FOUND in the detail).
fc_entry *fc_apply_target(const fc_apply_call *call, fc_target_kind kind);
FC_MUST_USE fc_status fc_apply_put(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_delete_feature(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_append(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_replace_points(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_delete_points(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_create(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_rename(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_drop(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_create_index(const fc_apply_call *call);
FC_MUST_USE fc_status fc_apply_drop_index(const fc_apply_call *call);
// Builds what was created and is not ready at `sequence`. REQUIRES: this thread does not have the writer lock.
void fc_build_indexes(fc_store *store, uint64_t sequence);
// Logs and does the deletion of a live row.
FC_MUST_USE fc_status fc_apply_delete_row(const fc_apply_call *call, fc_entry *collection,
                                          const fc_feature_id *id, uint32_t position);
// Logs and does the put of a whole, checked record.
FC_MUST_USE fc_status fc_apply_put_record(const fc_apply_call *call, fc_entry *collection,
                                          fc_bytes record);
// Encodes the gathered points as one operation.
FC_MUST_USE fc_status fc_flush_pending(fc_transaction *transaction);
void fc_pending_deinit(fc_transaction *transaction);

// read.c
void fc_release_views(fc_transaction *transaction);
#endif
