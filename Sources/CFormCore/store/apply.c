// Applying operations: dispatch, and what all kinds share.
#include "store_internal.h"

fc_entry *fc_apply_target(const fc_apply_call *call, fc_target_kind kind) {
    fc_entry *entry = fc_catalog_get_writing(call->transaction->store->catalog, kind,
                                             call->operation->target, call->transaction->sequence);
    if (!entry) {
        const fc_status status =
            fc_fail(call->detail, FC_STATUS_NOT_FOUND, "there is no %s with number %u",
                    kind == FC_TARGET_SERIES ? "series" : "collection", call->operation->target);
        (void)status;
    }
    return entry;
}

static fc_status dispatch(const fc_apply_call *call) {
    switch (call->operation->kind) {
    case FC_APPLY_INSERT:
    case FC_APPLY_UPSERT:
    case FC_APPLY_UPDATE:
        return fc_apply_put(call);
    case FC_APPLY_DELETE_FEATURE:
        return fc_apply_delete_feature(call);
    case FC_APPLY_APPEND:
        return fc_apply_append(call);
    case FC_APPLY_REPLACE_POINTS:
        return fc_apply_replace_points(call);
    case FC_APPLY_DELETE_POINTS:
        return fc_apply_delete_points(call);
    case FC_APPLY_CREATE:
        return fc_apply_create(call);
    case FC_APPLY_RENAME:
        return fc_apply_rename(call);
    case FC_APPLY_DROP:
        return fc_apply_drop(call);
    case FC_APPLY_CREATE_INDEX:
        return fc_apply_create_index(call);
    case FC_APPLY_DROP_INDEX:
        return fc_apply_drop_index(call);
    }
    return fc_fail(call->detail, FC_STATUS_INVALID_ARGUMENT, "operation kind %d does not exist",
                   (int)call->operation->kind);
}

fc_status fc_apply(fc_transaction *transaction, const fc_apply_operation *operation,
                   fc_applied *out, fc_detail *detail) {
    fc_store *store = transaction->store;
    if (!transaction->is_write)
        return fc_fail(detail, FC_STATUS_READ_ONLY, "a read transaction cannot write");
    if (transaction->doomed != FC_STATUS_OK)
        return fc_fail(detail, transaction->doomed,
                       "an earlier operation failed half-way; the transaction can only be undone");
    if (operation->provenance >= store->operation_writer.provenance_count)
        return fc_fail(detail, FC_STATUS_INVALID_ARGUMENT, "provenance %u was never added",
                       operation->provenance);
    fc_release_views(transaction);
    // Gathered points keep their place before any other operation; so do row ids.
    if (operation->kind != FC_APPLY_APPEND) {
        const fc_status status = fc_flush_pending(transaction);
        if (status != FC_STATUS_OK)
            return fc_fail(detail, status, "no room to encode the points before this operation");
    }
    if (detail) detail->message[0] = 0;
    fc_applied applied = {0};
    const fc_apply_call call = {transaction, operation, &applied, detail};
    const fc_status status = dispatch(&call);
    if (status == FC_STATUS_OK)
        *out = applied;
    else if (detail && detail->message[0] == 0)
        return fc_fail(detail, status, "%s", fc_status_name(status));
    return status;
}

fc_status fc_transaction_add_provenance(fc_transaction *transaction, fc_bytes cbor,
                                        uint32_t *out_index, fc_detail *detail) {
    if (!transaction->is_write)
        return fc_fail(detail, FC_STATUS_READ_ONLY, "a read transaction cannot write");
    const fc_status status = fc_cbor_check(cbor, true, detail);
    if (status != FC_STATUS_OK) return status;
    return fc_operation_writer_add_provenance(&transaction->store->operation_writer, cbor,
                                              out_index);
}
