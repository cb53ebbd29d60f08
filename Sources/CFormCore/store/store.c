// Open, close and the store's own state.
#include <assert.h>

#include "store_internal.h"

const char *fc_version(void) {
    return FC_VERSION_STRING;
}

void fc_store_lock(fc_store *store) {
    store->os->mutex_lock(store->os->context, store->mutex);
}

void fc_store_unlock(fc_store *store) {
    store->os->mutex_unlock(store->os->context, store->mutex);
}

// ---- Publication -------------------------------------------------------------------------------

void fc_store_update_horizon_locked(fc_store *store) {
    uint64_t horizon = store->published;
    if (store->oldest_reader && store->oldest_reader->sequence < horizon)
        horizon = store->oldest_reader->sequence;
    atomic_store_explicit(&store->horizon, horizon, memory_order_release);
}

void fc_store_publish_locked(fc_store *store, uint64_t durable) {
    if (durable > store->durable) store->durable = durable;
    // A group can become durable before its last commit has stamped its rows: never publish beyond
    // what is applied, the commit itself publishes the rest.
    const uint64_t limit =
        store->options.durability == FC_DURABILITY_FULL ? store->durable : store->applied;
    const uint64_t published = limit < store->applied ? limit : store->applied;
    if (published > store->published) {
        store->published = published;
        fc_store_update_horizon_locked(store);
    }
}

static void publish(void *context, uint64_t sequence) {
    fc_store *store = context;
    if (store->options.durability != FC_DURABILITY_FULL) return; // the commit publishes
    fc_store_lock(store);
    fc_store_publish_locked(store, sequence);
    fc_store_unlock(store);
}

// ---- Life --------------------------------------------------------------------------------------

void fc_store_retain_locked(fc_store *store) {
    store->references++;
}

static void destroy(fc_store *store) {
    const fc_os *os = store->os;
    const fc_allocator *memory = &os->memory;
    assert(!store->log && !store->has_writer && !store->oldest_reader);
    if (store->catalog) fc_catalog_destroy(store->catalog);
    if (store->arena) fc_arena_destroy(store->arena);
    fc_operation_writer_deinit(&store->operation_writer);
    memory->release(memory->context, store->touched, store->touched_capacity * sizeof(fc_entry *));
    if (store->directory) os->close_directory(os->context, store->directory);
    for (fc_writer_call *call = store->free_calls; call;) {
        fc_writer_call *next = call->next;
        os->condition_destroy(os->context, call->condition);
        memory->release(memory->context, call, sizeof *call);
        call = next;
    }
    if (store->changed) os->condition_destroy(os->context, store->changed);
    if (store->mutex) os->mutex_destroy(os->context, store->mutex);
    memory->release(memory->context, store, sizeof *store);
}

void fc_store_unreference_and_unlock(fc_store *store) {
    const bool is_last = --store->references == 0;
    fc_store_unlock(store);
    if (is_last) destroy(store);
}

void fc_store_unreference(fc_store *store) {
    fc_store_lock(store);
    fc_store_unreference_and_unlock(store);
}

static fc_status make(const fc_store_options *options, fc_store **out) {
    const fc_os *os = options->os ? options->os : fc_os_posix();
    fc_store *store = fc_allocate_cleared(&os->memory, 1, sizeof *store);
    if (!store) return FC_STATUS_OUT_OF_MEMORY;
    store->os = os;
    store->options = *options;
    store->options.os = os;
    store->options.path = NULL; // the caller's; not kept
    store->references = 1;
    store->next_row_id = 1;
    store->is_replaying = true;
    fc_operation_writer_init(&store->operation_writer, &os->memory);
    fc_status status = os->mutex_create(os->context, &store->mutex);
    if (status == FC_STATUS_OK) status = os->condition_create(os->context, &store->changed);
    if (status == FC_STATUS_OK) status = fc_arena_create(os, &store->arena);
    if (status == FC_STATUS_OK) status = fc_catalog_create(os, &store->catalog);
    if (status != FC_STATUS_OK) {
        destroy(store);
        return status;
    }
    *out = store;
    return FC_STATUS_OK;
}

static fc_status open_log(fc_store *store, fc_detail *detail) {
    const fc_store_options *options = &store->options;
    const fc_log_options log_options = {.os = store->os,
                                        .directory = store->directory,
                                        .access = options->access,
                                        .create = options->create,
                                        .durability = options->durability,
                                        .direct_log = options->direct_log,
                                        .batch_interval_us = options->batch_interval_us,
                                        .file_bytes = options->log_file_bytes,
                                        .compress = !options->no_compression,
                                        .context = store,
                                        .replay = fc_replay_block,
                                        .publish = publish};
    return fc_log_open(&log_options, &store->log, detail);
}

fc_status fc_open(const fc_store_options *options, fc_store **out, fc_detail *detail) {
    if (!options->path || options->path[0] == 0)
        return fc_fail(detail, FC_STATUS_INVALID_ARGUMENT, "a store needs a directory");
    fc_store *store;
    fc_status status = make(options, &store);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory for a store");
    const bool create = options->create && options->access == FC_ACCESS_READ_WRITE;
    store->options.create = create;
    status =
        store->os->open_directory(store->os->context, options->path, create, &store->directory);
    if (status != FC_STATUS_OK) {
        destroy(store);
        return fc_fail(detail, status, "the directory %s cannot be opened", options->path);
    }
    status = open_log(store, detail);
    if (status == FC_STATUS_OK) {
        store->durable = fc_log_read_state(store->log).durable_sequence;
        store->published = store->applied;
        store->applied_rows = store->next_row_id - 1;
        atomic_store(&store->horizon, store->applied);
        status = fc_replay_finish(store);
        if (status != FC_STATUS_OK) {
            fc_detail ignored;
            const fc_status closed = fc_log_close(store->log, &ignored);
            (void)closed; // the first error is what the caller has to know
            store->log = NULL;
            fc_fail(detail, status, "no memory to index what was read");
        }
    }
    if (status != FC_STATUS_OK) {
        destroy(store);
        return status;
    }
    *out = store;
    return FC_STATUS_OK;
}

bool fc_store_enter_log_locked(fc_store *store) {
    if (store->is_closing || !store->log) return false;
    store->log_users++;
    return true;
}

void fc_store_leave_log(fc_store *store) {
    fc_store_lock(store);
    store->log_users--;
    store->os->condition_broadcast(store->os->context, store->changed);
    fc_store_unlock(store);
}

// Those who wait for the writer lock are told that there is nothing to wait for.
static void refuse_waiters_locked(fc_store *store) {
    for (fc_writer_ticket *ticket = store->first_waiter; ticket; ticket = ticket->next) {
        ticket->is_refused = true;
        store->os->condition_signal(store->os->context, ticket->call->condition);
    }
    store->first_waiter = store->last_waiter = NULL;
}

fc_status fc_close(fc_store *store, fc_detail *detail) {
    const fc_os *os = store->os;
    fc_store_lock(store);
    if (store->has_writer && store->writer_thread == os->thread_id(os->context)) {
        fc_store_unlock(store);
        return fc_fail(detail, FC_STATUS_REENTRANT,
                       "close was called inside a write transaction of the same thread");
    }
    if (!store->is_closing) {
        store->is_closing = true;
        refuse_waiters_locked(store);
        while (store->has_writer || store->log_users > 0)
            os->condition_wait(os->context, store->changed, store->mutex, UINT64_MAX);
        store->last_log_state = fc_log_read_state(store->log);
        fc_log *log = store->log;
        store->log = NULL; // whoever looks from here on finds the last state
        fc_store_unlock(store);
        // Without the lock: closing makes a last group durable, and publishing takes it.
        const fc_status status = fc_log_close(log, &store->close_detail);
        fc_store_lock(store);
        store->close_status = status;
        if (status == FC_STATUS_OK) {
            store->last_log_state.durable_sequence = store->last_log_state.last_sequence;
            fc_store_publish_locked(store, store->applied);
        }
        store->is_closed = true;
        os->condition_broadcast(os->context, store->changed);
    }
    while (!store->is_closed)
        os->condition_wait(os->context, store->changed, store->mutex, UINT64_MAX);
    const fc_status status = store->close_status;
    if (status != FC_STATUS_OK && detail) *detail = store->close_detail;
    fc_store_unlock(store);
    return status;
}

void fc_store_release(fc_store *store) {
    const fc_status status = fc_close(store, NULL);
    (void)status; // best effort: whoever wants to know calls fc_close
    fc_store_unreference(store);
}

// ---- State -------------------------------------------------------------------------------------

fc_status fc_sync(fc_store *store, fc_detail *detail) {
    fc_store_lock(store);
    const bool is_open = fc_store_enter_log_locked(store);
    fc_store_unlock(store);
    if (!is_open) return fc_fail(detail, FC_STATUS_CLOSED, "the store is closed");
    const fc_status status = fc_log_sync(store->log, detail);
    fc_store_leave_log(store);
    return status;
}

fc_store_state fc_store_read_state(fc_store *store) {
    fc_store_lock(store);
    fc_store_state state = {.applied_sequence = store->applied,
                            .published_sequence = store->published,
                            .open_snapshots = store->reader_count,
                            .is_closed = store->is_closing};
    state.oldest_snapshot =
        store->oldest_reader ? store->oldest_reader->sequence : store->published;
    state.log =
        store->is_closed || !store->log ? store->last_log_state : fc_log_read_state(store->log);
    state.rows = store->applied_rows;
    fc_store_unlock(store);
    state.collections = fc_catalog_count(store->catalog, FC_TARGET_COLLECTION);
    state.series = fc_catalog_count(store->catalog, FC_TARGET_SERIES);
    state.arena = fc_arena_read_statistics(store->arena);
    return state;
}

static void add_memtable(fc_memtable_counters *sum, const fc_memtable_counters *one) {
    // Every member is a uint64_t count.
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)one;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void add_series(fc_series_counters *sum, const fc_series_counters *one) {
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)one;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

fc_store_counters fc_store_read_counters(fc_store *store) {
    fc_store_counters counters = {.aborts = store->aborts};
    fc_store_lock(store);
    const uint64_t published = store->published;
    fc_store_unlock(store);
    for (int kind = 0; kind < 2; kind++) {
        const uint32_t count = fc_catalog_count(store->catalog, (fc_target_kind)kind);
        for (uint32_t id = 1; id <= count; id++) {
            fc_entry *entry = fc_catalog_entry(store->catalog, (fc_target_kind)kind, id, published);
            if (!entry) continue;
            if (entry->memtable) {
                const fc_memtable_counters one = fc_memtable_read_counters(entry->memtable);
                add_memtable(&counters.memtables, &one);
            } else {
                const fc_series_counters one = fc_series_read_counters(entry->series);
                add_series(&counters.series, &one);
            }
        }
    }
    return counters;
}

void fc_store_check(fc_store *store) {
    assert(store->horizon <= store->published && store->published <= store->applied);
    for (int kind = 0; kind < 2; kind++) {
        const uint32_t count = fc_catalog_count(store->catalog, (fc_target_kind)kind);
        for (uint32_t id = 1; id <= count; id++) {
            fc_entry *entry = fc_catalog_entry(store->catalog, (fc_target_kind)kind, id, FC_LIVE);
            if (entry->memtable)
                fc_memtable_check(entry->memtable);
            else
                fc_series_check(entry->series);
        }
    }
}
