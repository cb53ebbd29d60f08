// The journal as hosts read it: a cursor over published blocks that survives the store's close.
#include "store_internal.h"

struct fc_journal_cursor {
    fc_store *store; // retained
    fc_log_cursor *inner;
    uint64_t last_sequence;
};

fc_status fc_journal(fc_store *store, uint64_t since, fc_journal_cursor **out, fc_detail *detail) {
    fc_journal_cursor *cursor = fc_allocate_cleared(&store->os->memory, 1, sizeof *cursor);
    if (!cursor) return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory for a cursor");
    cursor->store = store;
    fc_store_lock(store);
    const bool is_open = fc_store_enter_log_locked(store);
    cursor->last_sequence = store->published;
    fc_store_unlock(store);
    fc_status status = is_open ? fc_log_cursor_open(store->log, since, &cursor->inner, detail)
                               : fc_fail(detail, FC_STATUS_CLOSED, "the store is closed");
    if (status != FC_STATUS_OK) {
        if (is_open) fc_store_leave_log(store);
        store->os->memory.release(store->os->memory.context, cursor, sizeof *cursor);
        return status;
    }
    fc_store_lock(store);
    fc_store_retain_locked(store);
    fc_store_unlock(store);
    fc_store_leave_log(store);
    *out = cursor;
    return FC_STATUS_OK;
}

fc_status fc_journal_next(fc_journal_cursor *cursor, bool *out_found, fc_block *out_block,
                          fc_detail *detail) {
    fc_store *store = cursor->store;
    fc_store_lock(store);
    const bool is_open = fc_store_enter_log_locked(store);
    fc_store_unlock(store);
    if (!is_open) return fc_fail(detail, FC_STATUS_CLOSED, "the store is closed");
    bool found = false;
    const fc_status status = fc_log_cursor_next(cursor->inner, &found, out_block, detail);
    fc_store_leave_log(store);
    // What is durable but not yet published by its commit belongs to the future of this cursor.
    if (status == FC_STATUS_OK)
        *out_found = found && out_block->header.sequence <= cursor->last_sequence;
    return status;
}

void fc_journal_close(fc_journal_cursor *cursor) {
    if (!cursor) return;
    fc_store *store = cursor->store;
    fc_log_cursor_close(cursor->inner);
    store->os->memory.release(store->os->memory.context, cursor, sizeof *cursor);
    fc_store_unreference(store);
}
