// What `batched` and `none` gather is written at 256 KiB, and when it has waited long enough: by a
// thread, or, from a table without threads, by the appender when its clock says so.
#include "log_internal.h"

static bool is_gathering(const fc_log *log) {
    return !fc_log_is_read_only(log) && log->options.durability != FC_DURABILITY_FULL;
}

static uint64_t now_ns(const fc_log *log) {
    return log->options.os->monotonic_time_ns(log->options.os->context);
}

// When the clock asks for a flight; UINT64_MAX: never. `batched` counts from the first block that
// is not durable, `none` from the first that is not written.
static uint64_t deadline_ns(const fc_log *log) {
    uint64_t since = log->gathered_since_ns, interval = FC_LOG_GATHER_NS_NONE;
    if (log->options.durability == FC_DURABILITY_BATCHED) {
        since = log->unsynced_since_ns;
        uint64_t us = log->options.batch_interval_us;
        interval = us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000;
    }
    if (since == 0) return UINT64_MAX;
    return interval > UINT64_MAX - since ? UINT64_MAX : since + interval;
}

static void gatherer_body(void *argument) {
    fc_log *log = argument;
    const fc_os *os = log->options.os;
    bool syncs = log->options.durability == FC_DURABILITY_BATCHED;
    fc_log_lock(log);
    while (!log->stopping) {
        uint64_t deadline = log->poisoned ? UINT64_MAX : deadline_ns(log);
        bool is_full = !log->poisoned && log->pending.length >= FC_LOG_GATHER_BYTES;
        uint64_t now = deadline == UINT64_MAX ? 0 : now_ns(log);
        if (!is_full && now < deadline) {
            uint64_t timeout = deadline == UINT64_MAX ? UINT64_MAX : deadline - now;
            os->condition_wait(os->context, log->gather, log->mutex, timeout);
            continue;
        }
        fc_log_take_busy(log);
        fc_log_fly(log, syncs && now >= deadline);
        fc_log_give_busy(log);
    }
    fc_log_unlock(log);
}

fc_status fc_log_start_gathering(fc_log *log, fc_detail *detail) {
    if (!is_gathering(log)) return FC_STATUS_OK;
    const fc_os *os = log->options.os;
    fc_status status = os->thread_start(os->context, gatherer_body, log, &log->gatherer);
    if (status == FC_STATUS_OK) return status;
    log->gatherer = NULL;
    if (status == FC_STATUS_UNSUPPORTED) return FC_STATUS_OK;
    return fc_fail(detail, status, "cannot start the thread that writes what is gathered");
}

void fc_log_stop_gathering(fc_log *log) {
    const fc_os *os = log->options.os;
    if (log->gatherer == NULL) return;
    fc_log_lock(log);
    log->stopping = true;
    os->condition_broadcast(os->context, log->gather);
    fc_log_unlock(log);
    os->thread_join(os->context, log->gatherer);
    log->gatherer = NULL;
}

// With the block, under the same hold of the mutex: once it is let go a flight may take the block, and
// a time without a block would never be cleared.
void fc_log_note_gathered(fc_log *log) {
    const fc_os *os = log->options.os;
    if (log->options.durability == FC_DURABILITY_FULL || log->gathered_since_ns != 0) return;
    log->gathered_since_ns = now_ns(log) | 1; // 0 means "not set"
    if (log->unsynced_since_ns == 0) log->unsynced_since_ns = log->gathered_since_ns;
    if (log->gatherer != NULL) os->condition_signal(os->context, log->gather);
}

void fc_log_gather(fc_log *log) {
    const fc_os *os = log->options.os;
    size_t bytes = log->pending.length;
    bool is_due = false, is_full = bytes >= FC_LOG_GATHER_BYTES;
    if (log->gatherer != NULL) {
        if (is_full) os->condition_signal(os->context, log->gather);
        is_full = bytes >= FC_LOG_GATHER_BYTES_MAX;
    } else {
        uint64_t deadline = deadline_ns(log);
        is_due = deadline != UINT64_MAX && now_ns(log) >= deadline;
    }
    if (!is_full && !is_due) return;
    fc_log_take_busy(log);
    fc_log_fly(log, is_due && log->options.durability == FC_DURABILITY_BATCHED);
    fc_log_give_busy(log);
}
