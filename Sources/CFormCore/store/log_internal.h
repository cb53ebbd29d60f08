// The log's state, for its own files: log.c (append, wait, state), log_flight.c (group commit),
// log_gather.c (the thread behind `batched` and `none`), log_direct.c, log_rotation.c, log_close.c, log_open.c,
// log_listing.c, log_walk.c, log_recovery.c, log_read_only.c, log_quarantine.c, log_cursor.c.
//
// Who may touch what
//  - the *appender*: the one thread that is inside fc_log_append;
//  - the *busy holder*: the one thread that does I/O on the log's files (a flight, a rotation, a
//    manifest). `busy` is taken and given back under `mutex`; the I/O is done without it;
//  - `mutex` guards the rest.
//
// Invariants
//  1. settled <= durable <= written <= last, in sequences; pending holds (flight_last, last].
//  2. Every block that was enqueued is in pending, in the one flight, or written.
//  3. end + the length of the group that pending would make <= reserved_end. Only who has set
//     `reserving` raises it, or changes the file behind it.
//  4. Once poisoned, nothing is written any more and `settled` stays.
#ifndef FC_STORE_LOG_INTERNAL_H
#define FC_STORE_LOG_INTERNAL_H

#include "../base/bytes.h"
#include "../format/log_file.h"
#include "../format/manifest.h"
#include "log.h"
#include "log_disk.h"
#include "log_scan.h"
#include "manifest_file.h"

#define FC_LOG_LOCK_NAME "LOCK"
#define FC_LOG_QUARANTINE_NAME "quarantine"
#define FC_LOG_FILE_BYTES_DEFAULT (64ull << 20)
#define FC_LOG_FILE_BYTES_MIN (16ull << 10)
#define FC_LOG_RESERVE_STEP_BYTES (1ull << 20)
#define FC_LOG_GATHER_BYTES (256u << 10)
// With this much gathered, the appender writes itself: the disk is slower than the transactions.
#define FC_LOG_GATHER_BYTES_MAX (4u << 20)
#define FC_LOG_GATHER_NS_NONE 10000000ull // `none`: 10 ms
// Buffers that a large transaction has grown beyond this are given back.
#define FC_LOG_BUFFER_BYTES_KEPT (8u << 20)

// Larger groups than this are written and synced: to fill ahead of them would cost more than it gains.
#define FC_LOG_DIRECT_BYTES_MAX (64u << 10)
#define FC_LOG_DIRECT_ALIGNMENT 4096u
#define FC_LOG_DIRECT_STAGING_BYTES (FC_LOG_DIRECT_BYTES_MAX + FC_LOG_DIRECT_ALIGNMENT)

// Guarded by the mutex, but for `staging`, which is the busy holder's.
typedef struct fc_log_direct {
    fc_file *file;         // the active log file once more, for direct writes; NULL: it takes none
    uint64_t tried_number; // the log file that was last asked whether it does
    bool has_failed;       // a fill failed: no more of them in this file
    bool fill_wanted, stopping;
    uint64_t fill_bytes; // of the next fill
    fc_condition *wanted;
    fc_thread *filler;
    uint8_t *allocation, *staging; // room for an aligned group
} fc_log_direct;

struct fc_log {
    fc_log_options options;
    fc_log_disk disk;
    fc_file *lock_file; // read-write only
    fc_mutex *mutex;
    fc_condition *idle;      // those who want to be busy holder
    fc_condition *landed[2]; // waiters for the flight of this parity
    fc_condition *gather;    // the gathering thread
    fc_thread *gatherer;

    // The appender's.
    fc_buffer draft; // FC_GROUP_HEADER_BYTES of room, then the block

    // The busy holder's; `file` and `end` change under the mutex, so the appender may read them.
    fc_file *file; // the active log file; NULL when read-only
    fc_log_file_header file_header;
    uint64_t end;          // where the next group begins
    uint64_t group_number; // of the last group written
    fc_manifest manifest;  // as on the disk; when read-only, what was found
    fc_buffer flying;

    // Guarded by the mutex.
    bool busy, stopping, poisoned;
    bool reserving;         // somebody reserves, or fills, behind reserved_end
    fc_condition *reserved; // `reserving` was given back
    uint64_t reserved_end;  // of `file`
    fc_log_direct direct;
    fc_status poison_status;
    int poison_error;
    fc_buffer pending; // as `draft`
    uint32_t pending_count;
    uint64_t pending_first;
    uint64_t gathered_since_ns; // when pending became non-empty
    uint64_t unsynced_since_ns; // when the first block above `durable` was appended; 0: none
    uint64_t flight_number, flight_last;
    uint64_t last_sequence, written_sequence, durable_sequence, settled_sequence;
    fc_hash128 last_id, written_id, durable_id;
    uint64_t idle_waiters;
    fc_log_state counters; // the counting fields, and the fault
};

static inline bool fc_log_is_read_only(const fc_log *log) {
    return log->options.access != FC_ACCESS_READ_WRITE;
}
static inline uint64_t fc_log_file_bytes(const fc_log *log) {
    uint64_t bytes = log->options.file_bytes;
    if (bytes == 0) return FC_LOG_FILE_BYTES_DEFAULT;
    return bytes < FC_LOG_FILE_BYTES_MIN ? FC_LOG_FILE_BYTES_MIN : bytes;
}
static inline void fc_log_lock(fc_log *log) {
    log->options.os->mutex_lock(log->options.os->context, log->mutex);
}
static inline void fc_log_unlock(fc_log *log) {
    log->options.os->mutex_unlock(log->options.os->context, log->mutex);
}
// The length of the group that `bytes` (header room and blocks) make.
static inline uint64_t fc_log_group_length(const fc_log *log, uint64_t bytes) {
    return fc_align_up(bytes, log->file_header.alignment);
}

// log_flight.c. All REQUIRE the mutex held, and return with it held.
void fc_log_take_busy(fc_log *log);
void fc_log_give_busy(fc_log *log);
// Writes what is pending, and with `sync` makes durable all that is written. Publishes at `full`.
// REQUIRES: busy holder, who then calls those who wait for it. A failure poisons, and calls all.
void fc_log_fly(fc_log *log, bool sync);
// Calls those who wait for the last flight, for a busy holder that has more to do. Giving busy back
// does so too.
void fc_log_call_landed(fc_log *log);
void fc_log_poison(fc_log *log, fc_status status, int error);
// FC_STATUS_POISONED with its reason; no lock needed once poisoned.
FC_MUST_USE fc_status fc_log_fail_poisoned(fc_log *log, fc_detail *detail);

// log_gather.c
// Starts the thread for `batched` and `none`; without threads the appender does its work.
FC_MUST_USE fc_status fc_log_start_gathering(fc_log *log, fc_detail *detail);
void fc_log_stop_gathering(fc_log *log);
// After a block was enqueued at `batched` or `none`. REQUIRES: mutex held; returns with it held.
void fc_log_gather(fc_log *log);

// log_direct.c
// Whether the active file has yet to be asked for direct writes.
bool fc_log_direct_is_untried(const fc_log *log);
// Asks it. REQUIRES: appender, mutex not held, nothing of this file pending or in flight, room
// reserved for a group. FC_STATUS_OK also when the present path stays; else only this transaction
// fails.
FC_MUST_USE fc_status fc_log_direct_begin(fc_log *log, fc_detail *detail);
// With FC_DIRECT_LOG_ON: whether the file just opened could take direct writes.
FC_MUST_USE fc_status fc_log_direct_check(fc_log *log, fc_detail *detail);
// Reserves and fills once. REQUIRES: can_fill, not `reserving`, mutex held; returns with it held.
bool fc_log_direct_can_fill(const fc_log *log);
void fc_log_direct_fill(fc_log *log);
// Lets the filler go to work when little room is left. REQUIRES: mutex held.
void fc_log_direct_ask(fc_log *log);
// REQUIRES: busy holder, mutex not held, direct.file, length at most FC_LOG_DIRECT_BYTES_MAX.
FC_MUST_USE fc_status fc_log_direct_write(fc_log *log, const char *name, uint64_t offset,
                                          const void *group, size_t length, fc_detail *detail);
// Before the file is trimmed: no direct write, and no fill, comes any more. REQUIRES: busy holder,
// mutex not held.
void fc_log_direct_end(fc_log *log);
// Ends the thread, and gives everything back. REQUIRES: as fc_log_close.
void fc_log_direct_stop(fc_log *log);

// log_rotation.c
// Seals the active file and makes a new one with room for a group of `group_length` bytes.
// REQUIRES: appender, mutex held; returns with it held. FC_STATUS_POISONED, or an error that
// concerns this transaction alone and has changed nothing.
FC_MUST_USE fc_status fc_log_rotate(fc_log *log, uint64_t group_length, fc_detail *detail);
// Makes `manifest` the one on the disk and takes it over. REQUIRES: busy holder, mutex not held.
// *out_changed says whether the disk may have changed (then a failure must poison).
FC_MUST_USE fc_status fc_log_replace_manifest(fc_log *log, fc_manifest *manifest, bool *out_changed,
                                              fc_detail *detail);
// Makes a manifest without the clean mark durable, if the one on the disk has it. REQUIRES:
// appender, mutex held; returns with it held.
FC_MUST_USE fc_status fc_log_remove_mark(fc_log *log, fc_detail *detail);

// A log file that has no name yet.
typedef struct fc_log_file_draft {
    fc_file *file;
    char name[FC_LOG_FILE_NAME_BYTES], temporary_name[FC_LOG_FILE_NAME_BYTES + 8];
} fc_log_file_draft;
FC_MUST_USE fc_status fc_log_file_draft_prepare(fc_log_disk disk, uint64_t number,
                                                uint64_t reserve_bytes, fc_log_file_draft *out,
                                                fc_detail *detail);
FC_MUST_USE fc_status fc_log_file_draft_write_header(fc_log_disk disk,
                                                     const fc_log_file_draft *draft,
                                                     const fc_log_file_header *header,
                                                     fc_detail *detail);
// Sync, rename, sync the directory. The file stays open.
FC_MUST_USE fc_status fc_log_file_draft_publish(fc_log_disk disk, const fc_log_file_draft *draft,
                                                fc_detail *detail);
void fc_log_file_draft_discard(fc_log_disk disk, fc_log_file_draft *draft);
// A new random salt.
FC_MUST_USE fc_status fc_log_new_salt(const fc_os *os, uint64_t *out, fc_detail *detail);

// log_listing.c: what the directory holds.
typedef struct fc_log_listing {
    const fc_allocator *memory;
    uint64_t *numbers; // of log files, rising
    size_t count, capacity;
    bool has_manifest, has_quarantine, out_of_memory;
    char foreign[128]; // the first name that is none of ours, or empty
} fc_log_listing;
FC_MUST_USE fc_status fc_log_listing_read(fc_log_disk disk, fc_log_listing *out, fc_detail *detail);
void fc_log_listing_deinit(fc_log_listing *listing);
// For a directory without a manifest: FC_STATUS_OK when a store may be made in it (nothing there,
// or an unfinished creation), FC_STATUS_NOT_OURS or FC_STATUS_CORRUPT.
FC_MUST_USE fc_status fc_log_listing_judge_creation(const fc_log_listing *listing, fc_log_disk disk,
                                                    fc_detail *detail);

// log_walk.c: one pass over the files, in order, at opening.

// A group of the newest file that may have to be copied.
typedef struct fc_log_kept_group {
    uint64_t offset;
    fc_group_header header;
    uint64_t last_sequence;
    fc_hash128 previous_id;
    uint8_t *bytes;
} fc_log_kept_group;

typedef struct fc_log_walk {
    fc_log *log;
    fc_log_disk disk;
    fc_manifest found;  // the manifest's files and those that it does not name; all but the last
                        // have an end
    size_t named_count; // how many of them the manifest names
    fc_log_chain chain;
    fc_buffer scratch;
    uint64_t limit;             // blocks behind it are not looked at
    uint64_t replayed_sequence; // blocks up to it were given to replay by an earlier attempt
    fc_hash128 replayed_id;
    bool replay_failed;
    bool keep_all; // keep every group of the newest file, not only those above `durable`
    // The newest file, after its walk.
    fc_log_scan newest;
    uint64_t newest_end; // behind its last accepted group
    uint64_t newest_group_count;
    uint64_t durable; // the newest of floor and durable_through
    fc_log_kept_group *kept;
    size_t kept_count, kept_capacity;
} fc_log_walk;

void fc_log_walk_init(fc_log_walk *walk, fc_log *log);
void fc_log_walk_deinit(fc_log_walk *walk);
// Reads the manifest into walk->found.
FC_MUST_USE fc_status fc_log_walk_read_manifest(fc_log_walk *walk, fc_detail *detail);
// Adds the listed files that the manifest does not name, at most `count_max`, judged by headers.
FC_MUST_USE fc_status fc_log_walk_add_unnamed(fc_log_walk *walk, const fc_log_listing *listing,
                                              size_t count_max, fc_detail *detail);
// Reads, checks and replays every file up to walk->limit.
FC_MUST_USE fc_status fc_log_walk_files(fc_log_walk *walk, fc_detail *detail);
// After the files: whether what lies behind newest_end is a torn write (*out: what it is) or
// corruption.
FC_MUST_USE fc_status fc_log_walk_judge_rest(fc_log_walk *walk, fc_log_rest *out,
                                             fc_detail *detail);

// log_open.c: opening for writing: lock, create, recover.
FC_MUST_USE fc_status fc_log_open_read_write(fc_log *log, fc_detail *detail);
// log_recovery.c. REQUIRES: LOCK held, a manifest.
FC_MUST_USE fc_status fc_log_recover(fc_log *log, fc_detail *detail);
// log_quarantine.c: copies [offset, end) of the scanned file to the quarantine directory.
FC_MUST_USE fc_status fc_log_quarantine(fc_log_scan *scan, uint64_t offset, uint64_t end,
                                        fc_detail *detail);
// log_read_only.c
FC_MUST_USE fc_status fc_log_open_read_only(fc_log *log, fc_detail *detail);
FC_MUST_USE fc_status fc_log_open_prefix(fc_log *log, fc_detail *detail);
// log_close.c: gives back everything; the log may be half open.
void fc_log_release(fc_log *log);
#endif
