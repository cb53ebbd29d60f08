// The direct log, at `full`: one write past the system's cache makes a group durable. It is cheap
// only where the file holds zeros that are durable already, because then the write changes nothing
// else of the file; so zeros are written ahead of the log's end, by a thread of their own.
//
// A write is durable when it returns wherever it lands: without zeros it is slower, and as safe. So
// whatever fails here before a group is written only means the present path, or less speed.
//
// INVARIANT: zeros are written behind reserved_end, which rises after them: never over a group.
#include <stdalign.h>
#include <string.h>

#include "log_internal.h"

// One write of the filler. The first fill of an opening is a small one, for stores that are opened
// for a few transactions; each is twice the one before.
#define ZEROS_BYTES (1u << 20)
#define FILL_BYTES_MIN (64u << 10)

// Never written to: costs no memory, every page of it is the system's one page of zeros.
static alignas(FC_LOG_DIRECT_ALIGNMENT) uint8_t zeros[ZEROS_BYTES];

static bool is_wanted(const fc_log *log) {
    return log->options.durability == FC_DURABILITY_FULL &&
           log->options.direct_log != FC_DIRECT_LOG_OFF;
}

// ---- Beginning ---------------------------------------------------------------------------------

static fc_status open_direct(fc_log *log, const char *name, fc_file **out, fc_detail *detail) {
    const fc_os *os = log->options.os;
    fc_file *file = NULL;
    fc_status status = fc_log_disk_open(log->disk, name, FC_OPEN_DIRECT, &file, detail);
    if (status != FC_STATUS_OK) return status;
    uint64_t alignment = 0;
    int error = 0;
    status = os->direct_alignment(os->context, file, &alignment, &error);
    if (status == FC_STATUS_OK && alignment > FC_LOG_DIRECT_ALIGNMENT)
        status = FC_STATUS_UNSUPPORTED;
    if (status != FC_STATUS_OK) {
        os->close_file(os->context, file);
        fc_fail(detail, status, "direct writes to %s would have to be aligned to %llu bytes", name,
                (unsigned long long)alignment);
        return fc_log_fail_at(detail, status, name, 0, error);
    }
    *out = file;
    return FC_STATUS_OK;
}

static fc_status make_staging(fc_log *log, fc_detail *detail) {
    fc_log_direct *direct = &log->direct;
    if (direct->allocation != NULL) return FC_STATUS_OK;
    const fc_allocator *memory = &log->options.os->memory;
    direct->allocation = memory->allocate(memory->context, FC_LOG_DIRECT_STAGING_BYTES);
    if (direct->allocation == NULL)
        return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory for an aligned buffer");
    const uintptr_t address = (uintptr_t)direct->allocation;
    direct->staging =
        direct->allocation + ((0 - address) & (uintptr_t)(FC_LOG_DIRECT_ALIGNMENT - 1));
    return FC_STATUS_OK;
}

static void filler_body(void *argument);

// Without a thread the appender fills.
static void start_filler(fc_log *log) {
    const fc_os *os = log->options.os;
    if (log->direct.filler != NULL) return;
    if (os->thread_start(os->context, filler_body, log, &log->direct.filler) != FC_STATUS_OK)
        log->direct.filler = NULL;
}

fc_status fc_log_direct_check(fc_log *log, fc_detail *detail) {
    if (!is_wanted(log) || log->options.direct_log != FC_DIRECT_LOG_ON) return FC_STATUS_OK;
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    fc_file *file = NULL;
    fc_status status = open_direct(log, name, &file, detail);
    if (status == FC_STATUS_OK) log->options.os->close_file(log->options.os->context, file);
    return status;
}

bool fc_log_direct_is_untried(const fc_log *log) {
    return is_wanted(log) && log->direct.tried_number != log->file_header.number;
}

fc_status fc_log_direct_begin(fc_log *log, fc_detail *detail) {
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    fc_detail own_detail = {.system_error = 0};
    fc_file *file = NULL;
    fc_status status = make_staging(log, &own_detail);
    if (status == FC_STATUS_OK) status = open_direct(log, name, &file, &own_detail);
    // The one write that tells. It lands where the first group will, in room that is reserved.
    if (status == FC_STATUS_OK)
        status = fc_log_disk_write(log->disk, file, name, log->end, zeros, FC_LOG_DIRECT_ALIGNMENT,
                                   &own_detail);
    if (status != FC_STATUS_OK && file != NULL)
        log->options.os->close_file(log->options.os->context, file);
    if (status != FC_STATUS_OK && log->options.direct_log == FC_DIRECT_LOG_ON) {
        *detail = own_detail;
        return status;
    }
    fc_log_lock(log);
    log->direct.tried_number = log->file_header.number;
    log->direct.has_failed = false;
    if (status == FC_STATUS_OK) {
        log->direct.file = file;
        if (log->direct.fill_bytes == 0) log->direct.fill_bytes = FILL_BYTES_MIN;
        log->counters.filled_bytes += FC_LOG_DIRECT_ALIGNMENT;
    }
    fc_log_unlock(log);
    if (status == FC_STATUS_OK) start_filler(log);
    return FC_STATUS_OK;
}

// ---- Filling -----------------------------------------------------------------------------------

static fc_status write_zeros(fc_log *log, fc_file *file, const char *name, uint64_t from,
                             uint64_t end, fc_detail *detail) {
    fc_status status = FC_STATUS_OK;
    while (status == FC_STATUS_OK && from < end) {
        const uint64_t part = end - from < ZEROS_BYTES ? end - from : ZEROS_BYTES;
        status = fc_log_disk_write(log->disk, file, name, from, zeros, (size_t)part, detail);
        from += part;
    }
    return status;
}

bool fc_log_direct_can_fill(const fc_log *log) {
    const fc_log_direct *direct = &log->direct;
    return direct->file != NULL && !direct->has_failed && !log->poisoned &&
           log->reserved_end < fc_log_file_bytes(log);
}

void fc_log_direct_fill(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_log_direct *direct = &log->direct;
    const uint64_t from = log->reserved_end, room = fc_log_file_bytes(log) - from;
    const uint64_t length = room < direct->fill_bytes ? room : direct->fill_bytes;
    char name[FC_LOG_FILE_NAME_BYTES];
    fc_log_file_name(log->file_header.number, name);
    fc_file *file = log->file, *direct_file = direct->file;
    log->reserving = true;
    fc_log_unlock(log);
    fc_detail detail;
    const fc_status reserved = fc_log_disk_reserve(log->disk, file, name, from, length, &detail);
    fc_status status = reserved;
    if (status == FC_STATUS_OK)
        status = write_zeros(log, direct_file, name, from, from + length, &detail);
    fc_log_lock(log);
    log->reserving = false;
    if (reserved == FC_STATUS_OK) log->reserved_end = from + length;
    if (status == FC_STATUS_OK) {
        log->counters.filled_bytes += length;
        if (direct->fill_bytes < ZEROS_BYTES) direct->fill_bytes *= 2;
    } else {
        direct->has_failed = true; // until the next file: the reservation decides alone
    }
    os->condition_broadcast(os->context, log->reserved);
}

// Whether less than one fill lies ahead of what is enqueued.
static bool runs_low(const fc_log *log) {
    const uint64_t planned =
        log->end + (log->pending_count > 0 ? fc_log_group_length(log, log->pending.length) : 0);
    return log->reserved_end - planned < log->direct.fill_bytes;
}

static void filler_body(void *argument) {
    fc_log *log = argument;
    const fc_os *os = log->options.os;
    fc_log_lock(log);
    while (!log->direct.stopping) {
        if (log->direct.fill_wanted && !log->reserving && fc_log_direct_can_fill(log)) {
            log->direct.fill_wanted = false;
            fc_log_direct_fill(log);
        } else {
            // What can't be done now is asked for again by each append: a wish that stayed would keep them from it.
            log->direct.fill_wanted = false;
            os->condition_wait(os->context, log->direct.wanted, log->mutex, UINT64_MAX);
        }
    }
    fc_log_unlock(log);
}

void fc_log_direct_ask(fc_log *log) {
    fc_log_direct *direct = &log->direct;
    if (direct->filler == NULL || direct->fill_wanted) return;
    if (!fc_log_direct_can_fill(log) || !runs_low(log)) return;
    direct->fill_wanted = true;
    log->options.os->condition_signal(log->options.os->context, direct->wanted);
}

// ---- Writing and ending ------------------------------------------------------------------------

fc_status fc_log_direct_write(fc_log *log, const char *name, uint64_t offset, const void *group,
                              size_t length, fc_detail *detail) {
    memcpy(log->direct.staging, group, length);
    return fc_log_disk_write(log->disk, log->direct.file, name, offset, log->direct.staging, length,
                             detail);
}

void fc_log_direct_end(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_log_lock(log);
    while (log->reserving)
        os->condition_wait(os->context, log->reserved, log->mutex, UINT64_MAX);
    fc_file *file = log->direct.file;
    log->direct.file = NULL;
    fc_log_unlock(log);
    if (file != NULL) os->close_file(os->context, file);
}

void fc_log_direct_stop(fc_log *log) {
    const fc_os *os = log->options.os;
    fc_log_direct *direct = &log->direct;
    if (direct->filler != NULL) {
        fc_log_lock(log);
        direct->stopping = true;
        os->condition_broadcast(os->context, direct->wanted);
        fc_log_unlock(log);
        os->thread_join(os->context, direct->filler);
        direct->filler = NULL;
    }
    if (direct->file != NULL) os->close_file(os->context, direct->file);
    direct->file = NULL;
    if (direct->allocation != NULL)
        os->memory.release(os->memory.context, direct->allocation, FC_LOG_DIRECT_STAGING_BYTES);
    direct->allocation = NULL;
}
