// Begin, commit, abort: the writers' queue and the readers' list.
#include <assert.h>

#include "store_internal.h"

// ---- The writer lock: a queue, served in order -------------------------------------------------
//
// While the first in the queue wakes, writers that are running already may go before it, a few times;
// then the lock is handed to it. Handed over each time, at 32 threads every commit was a sleep and a
// waking: 54,000 commits a second, now 72,000 (4 times: 69,000; 64 times: 72,000).
#define PASSES_MAX 16

static fc_status take_call_locked(fc_store *store, fc_writer_call **out) {
    const fc_os *os = store->os;
    fc_writer_call *call = store->free_calls;
    if (call) {
        store->free_calls = call->next;
        *out = call;
        return FC_STATUS_OK;
    }
    call = fc_allocate_cleared(&os->memory, 1, sizeof *call);
    if (!call) return FC_STATUS_OUT_OF_MEMORY;
    const fc_status status = os->condition_create(os->context, &call->condition);
    if (status == FC_STATUS_OK)
        *out = call;
    else
        os->memory.release(os->memory.context, call, sizeof *call);
    return status;
}

// The first in the queue has the lock, and leaves the queue. REQUIRES: the store's mutex.
static void grant_to_first_locked(fc_store *store) {
    fc_writer_ticket *first = store->first_waiter;
    store->first_waiter = first->next;
    if (!store->first_waiter) store->last_waiter = NULL;
    store->times_passed = 0;
    store->has_writer = true;
    first->is_granted = true;
}

// Waits for the lock. REQUIRES: the store's mutex.
static fc_status take_writer_lock_locked(fc_store *store, fc_detail *detail) {
    const fc_os *os = store->os;
    if (!store->has_writer && (!store->first_waiter || store->times_passed < PASSES_MAX)) {
        if (store->first_waiter) store->times_passed++;
        store->has_writer = true;
        store->writer_thread = os->thread_id(os->context);
        return FC_STATUS_OK;
    }
    if (store->writer_thread == os->thread_id(os->context) && store->has_writer)
        return fc_fail(detail, FC_STATUS_REENTRANT,
                       "a write transaction was begun inside another one of the same thread");
    fc_writer_ticket ticket = {0};
    fc_status status = take_call_locked(store, &ticket.call);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory to wait for the writer");
    if (store->last_waiter)
        store->last_waiter->next = &ticket;
    else
        store->first_waiter = &ticket;
    store->last_waiter = &ticket;
    while (!ticket.is_granted && !ticket.is_refused) {
        os->condition_wait(os->context, ticket.call->condition, store->mutex, UINT64_MAX);
        if (!store->has_writer && store->first_waiter == &ticket) grant_to_first_locked(store);
        ticket.is_called = false; // asleep again, if it has come too late
    }
    ticket.call->next = store->free_calls;
    store->free_calls = ticket.call;
    if (ticket.is_refused) return fc_fail(detail, FC_STATUS_CLOSED, "the store was closed");
    store->writer_thread = os->thread_id(os->context);
    return FC_STATUS_OK;
}

// Gives it to the next in order, or calls it; unlocks the store's mutex.
static void give_writer_lock_and_unlock(fc_store *store) {
    const fc_os *os = store->os;
    fc_writer_ticket *next = store->first_waiter;
    store->writer_thread = 0;
    store->has_writer = false;
    if (!next) {
        os->condition_broadcast(os->context, store->changed);
        fc_store_unlock(store);
        return;
    }
    fc_condition *condition = next->call->condition;
    const bool is_called = next->is_called;
    next->is_called = true;
    if (store->times_passed >= PASSES_MAX) grant_to_first_locked(store);
    fc_store_unlock(store);
    if (!is_called) os->condition_signal(os->context, condition);
}

fc_status fc_store_take_writer_lock(fc_store *store) {
    fc_store_lock(store);
    const fc_status status =
        store->is_closing ? FC_STATUS_CLOSED : take_writer_lock_locked(store, NULL);
    fc_store_unlock(store);
    return status;
}

void fc_store_give_writer_lock(fc_store *store) {
    fc_store_lock(store);
    give_writer_lock_and_unlock(store);
}

// ---- Begin -------------------------------------------------------------------------------------

static fc_status make(fc_store *store, bool is_write, fc_transaction **out) {
    fc_transaction *transaction = fc_allocate_cleared(&store->os->memory, 1, sizeof *transaction);
    if (!transaction) return FC_STATUS_OUT_OF_MEMORY;
    transaction->store = store;
    transaction->is_write = is_write;
    transaction->views = transaction->first_views;
    transaction->view_capacity = FC_FIRST_VIEWS;
    *out = transaction;
    return FC_STATUS_OK;
}

// Frees the transaction and its reference to the store. Its views are released.
static void destroy(fc_transaction *transaction) {
    fc_store *store = transaction->store;
    fc_release_views(transaction);
    fc_pending_deinit(transaction);
    store->os->memory.release(store->os->memory.context, transaction, sizeof *transaction);
}

static void link_reader_locked(fc_store *store, fc_transaction *reader) {
    reader->sequence = store->published;
    reader->older = store->newest_reader;
    if (store->newest_reader)
        store->newest_reader->newer = reader;
    else
        store->oldest_reader = reader;
    store->newest_reader = reader;
    store->reader_count++;
}

static void unlink_reader_locked(fc_store *store, fc_transaction *reader) {
    if (reader->older)
        reader->older->newer = reader->newer;
    else
        store->oldest_reader = reader->newer;
    if (reader->newer)
        reader->newer->older = reader->older;
    else
        store->newest_reader = reader->older;
    store->reader_count--;
    fc_store_update_horizon_locked(store);
}

static fc_status closed(fc_detail *detail) {
    return fc_fail(detail, FC_STATUS_CLOSED, "the store is closed");
}

static fc_status begin_read(fc_transaction *transaction, fc_detail *detail) {
    fc_store *store = transaction->store;
    fc_store_lock(store);
    if (store->is_closing) {
        fc_store_unlock(store);
        return closed(detail);
    }
    link_reader_locked(store, transaction);
    fc_store_retain_locked(store);
    fc_store_unlock(store);
    return FC_STATUS_OK;
}

static fc_status begin_write(fc_transaction *transaction, fc_bytes provenance, fc_detail *detail) {
    fc_store *store = transaction->store;
    if (store->options.access != FC_ACCESS_READ_WRITE)
        return fc_fail(detail, FC_STATUS_READ_ONLY, "the store was opened for reading only");
    fc_store_lock(store);
    fc_status status = store->is_closing ? closed(detail) : take_writer_lock_locked(store, detail);
    if (status != FC_STATUS_OK) {
        fc_store_unlock(store);
        return status;
    }
    // The log stays while a writer is there: close waits for it.
    const fc_log_state state = fc_log_read_state(store->log);
    if (state.is_poisoned) {
        status = fc_fail(detail, FC_STATUS_POISONED,
                         "an earlier write or sync failed; close the store and open it again");
        if (detail) detail->system_error = state.poison_error;
    }
    if (status == FC_STATUS_OK)
        status = fc_operation_writer_reset(&store->operation_writer, provenance);
    if (status != FC_STATUS_OK) {
        give_writer_lock_and_unlock(store);
        return status;
    }
    fc_store_retain_locked(store);
    transaction->sequence = store->applied + 1;
    transaction->first_row_id = store->next_row_id;
    fc_store_unlock(store);
    return FC_STATUS_OK;
}

fc_status fc_begin(fc_store *store, fc_begin_mode mode, fc_bytes provenance, fc_transaction **out,
                   fc_detail *detail) {
    fc_transaction *transaction;
    fc_status status;
    if (mode == FC_BEGIN_WRITE) {
        status = fc_cbor_check(provenance, true, detail);
        if (status != FC_STATUS_OK) return status;
    }
    status = make(store, mode == FC_BEGIN_WRITE, &transaction);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory for a transaction");
    status = mode == FC_BEGIN_WRITE ? begin_write(transaction, provenance, detail)
                                    : begin_read(transaction, detail);
    if (status != FC_STATUS_OK) {
        destroy(transaction);
        return status;
    }
    *out = transaction;
    return FC_STATUS_OK;
}

// ---- End ---------------------------------------------------------------------------------------

static void end_read(fc_transaction *transaction) {
    fc_store *store = transaction->store;
    // The views go first: the horizon may rise only when nothing is read any more.
    fc_release_views(transaction);
    fc_store_lock(store);
    unlink_reader_locked(store, transaction);
    destroy(transaction);
    fc_store_unreference_and_unlock(store);
}

static void end_write(fc_transaction *transaction) {
    fc_store *store = transaction->store;
    destroy(transaction);
    fc_store_unreference(store);
}

static void roll_back(fc_transaction *transaction) {
    fc_store *store = transaction->store;
    fc_release_views(transaction);
    fc_effects_abort(store, transaction->first_row_id);
    store->aborts++;
    fc_store_lock(store);
    give_writer_lock_and_unlock(store);
}

void fc_abort(fc_transaction *transaction) {
    if (!transaction) return;
    if (!transaction->is_write) {
        end_read(transaction);
        return;
    }
    roll_back(transaction);
    end_write(transaction);
}

// Hands the block to the log. After FC_STATUS_OK only I/O can fail.
static fc_status enqueue(fc_transaction *transaction, fc_commit_result *result, fc_detail *detail) {
    fc_store *store = transaction->store;
    fc_operation_writer *writer = &store->operation_writer;
    fc_status status = transaction->doomed;
    if (status != FC_STATUS_OK)
        return fc_fail(detail, status, "an operation failed half-way; the transaction is undone");
    status = fc_flush_pending(transaction);
    fc_bytes payload;
    if (status == FC_STATUS_OK) status = fc_operation_writer_finish(writer, &payload);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory to encode the block");
    const fc_block_draft draft = {.wall_time_us = store->os->wall_time_us(store->os->context),
                                  .operation_count = writer->operation_count,
                                  .row_count = store->next_row_id - transaction->first_row_id,
                                  .payload = payload};
    fc_block_header header;
    status = fc_log_append(store->log, &draft, &header, detail);
    if (status != FC_STATUS_OK) return status;
    assert(header.sequence == transaction->sequence);
    *result = (fc_commit_result){
        .sequence = header.sequence, .block_id = header.id, .wall_time_us = header.wall_time_us};
    return FC_STATUS_OK;
}

// Stamps the rows, lets the next writer in, and waits until the block is durable.
static fc_status stamp_and_wait(fc_transaction *transaction, const fc_commit_result *result,
                                fc_detail *detail) {
    fc_store *store = transaction->store;
    fc_release_views(transaction);
    fc_effects_commit(store, result->sequence);
    fc_store_lock(store);
    store->applied = result->sequence;
    store->applied_rows = store->next_row_id - 1;
    fc_store_publish_locked(store, store->durable);
    store->log_users++; // before the lock goes: close must not take the log from under the wait
    give_writer_lock_and_unlock(store);
    fc_status status = FC_STATUS_OK;
    if (store->options.durability == FC_DURABILITY_FULL)
        status = fc_log_wait(store->log, result->sequence, &result->block_id, detail);
    fc_store_leave_log(store);
    return status;
}

fc_status fc_commit(fc_transaction *transaction, fc_commit_result *out, fc_detail *detail) {
    fc_commit_result result = {0};
    if (!transaction->is_write) {
        end_read(transaction);
        *out = result;
        return FC_STATUS_OK;
    }
    fc_store *store = transaction->store;
    const bool is_empty = store->operation_writer.operation_count == 0 &&
                          transaction->pending.count == 0 && transaction->doomed == FC_STATUS_OK;
    fc_status status = is_empty ? FC_STATUS_OK : enqueue(transaction, &result, detail);
    if (is_empty || status != FC_STATUS_OK) {
        roll_back(transaction);
    } else {
        status = stamp_and_wait(transaction, &result, detail);
        if (status == FC_STATUS_OK && (transaction->creates_index || store->has_unbuilt))
            fc_build_indexes(store, result.sequence);
    }
    end_write(transaction);
    if (status == FC_STATUS_OK || status == FC_STATUS_COMMIT_OUTCOME_UNKNOWN) *out = result;
    return status;
}

uint64_t fc_transaction_sequence(const fc_transaction *transaction) {
    return transaction->sequence;
}
