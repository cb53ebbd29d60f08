// An in-memory disk: for databases in memory a plain one; for tests one that keeps what was written
// apart from what is durable, can lose what was not synced, tear writes, and fail any call.
//
// Model. A file's content is a durable image plus an ordered list of unsynced writes (and
// truncations, reservations); sync_file folds them into the durable image. A directory has
// durable entries plus an ordered list of unsynced creations, renames and removals, folded in by
// sync_directory. A *crash image* is built from the durable state plus a chosen subset of the
// unsynced operations, some of them torn. Running code always sees everything.
// A direct write is durable when it returns, and whatever else is unsynced stays so; one that fails
// with FC_FAULT_EIO, or that FC_FAULT_CRASH cuts, may have arrived: it counts as an unsynced write.
// A file whose entry is lost is lost with it, synced or not. A rename happens whole or not at all,
// and not when its source's creation was lost. What a lying sync dropped is in no crash image,
// whatever is synced later.
// Paths: directories are made by open_directory, from the root on ("db", "a/b"); a leading slash
// changes nothing, and ".." is refused.
// THREADS: all calls may come from any thread; the table has one lock. It can run with real
// threads (pthread) or without (thread_start says FC_STATUS_UNSUPPORTED).
#ifndef FC_OS_OS_MEMORY_H
#define FC_OS_OS_MEMORY_H

#include "os.h"

typedef struct fc_memory_disk fc_memory_disk;

FC_MUST_USE fc_status fc_memory_disk_create(bool with_threads, fc_memory_disk **out);
// One for a database in memory: the memory, threads, clock and chance are the system's, and each file is
// kept once. Not for tests: it has no crash images and no digest.
FC_MUST_USE fc_status fc_memory_disk_create_plain(fc_memory_disk **out);
// REQUIRES: no open handles, and no block of the table's allocator in use. May be NULL.
void fc_memory_disk_destroy(fc_memory_disk *disk);
// A table on this disk. Valid until the disk is destroyed.
const fc_os *fc_memory_disk_os(fc_memory_disk *disk);

// The kinds of call that are counted and can be made to fail.
typedef enum fc_call_kind {
    FC_CALL_OPEN_DIRECTORY,
    FC_CALL_LIST_DIRECTORY,
    FC_CALL_SYNC_DIRECTORY,
    FC_CALL_RENAME,
    FC_CALL_REMOVE,
    FC_CALL_OPEN_FILE,
    FC_CALL_READ,
    FC_CALL_WRITE,
    FC_CALL_WRITE_DIRECT,
    FC_CALL_SIZE,
    FC_CALL_RESERVE,
    FC_CALL_TRUNCATE,
    FC_CALL_SYNC_FILE,
    FC_CALL_LOCK,
    FC_CALL_RANDOM,
    FC_CALL_ALLOCATE,
    FC_CALL_COUNT_OF_KINDS
} fc_call_kind;

typedef enum fc_fault {
    FC_FAULT_NONE = 0,
    FC_FAULT_EIO,
    FC_FAULT_ENOSPC,
    FC_FAULT_EINTR,           // fails this once with EINTR, having done nothing (reads, writes and
                              // syncs of files; for good: every other one)
    FC_FAULT_SHORT,           // reads or writes only part (1 byte, or half)
    FC_FAULT_CRASH,           // the process is "dead" from here on: this and every later call fails
                              // with FC_STATUS_IO and changes nothing
    FC_FAULT_LYING_SYNC_FAIL, // sync fails; what was unsynced stays readable, will never be
                              // durable even if a later sync succeeds (the Linux behaviour); a
                              // direct write likewise
    FC_FAULT_NO_MEMORY,       // FC_CALL_ALLOCATE: returns NULL
} fc_fault;

// How many I/O calls (all kinds but allocations) have been made so far, and of one kind.
uint64_t fc_memory_disk_io_count(fc_memory_disk *disk);
uint64_t fc_memory_disk_call_count(fc_memory_disk *disk, fc_call_kind kind);
// Arms: the call with number `index` (0-based, over all I/O calls from now; resets the counters)
// meets `fault`; with `for_good` every later call of any fitting kind too. When that call cannot
// meet the fault (a short sync, a read without space), the next one that can does. Faults of all
// calls and of each kind are armed apart; arming one again replaces it.
void fc_memory_disk_fail_io(fc_memory_disk *disk, uint64_t index, fc_fault fault, bool for_good);
// The same, counting only calls of one kind (also FC_CALL_ALLOCATE).
void fc_memory_disk_fail_call(fc_memory_disk *disk, fc_call_kind kind, uint64_t index,
                              fc_fault fault, bool for_good);
void fc_memory_disk_clear_faults(fc_memory_disk *disk); // also revives after FC_FAULT_CRASH
// Whether an armed fault was met since the last arming; clearing faults leaves this as it is.
bool fc_memory_disk_fault_hit(fc_memory_disk *disk);
// The bytes that the table's allocator has handed out and that were not released: 0 once all is
// closed. Handles, mutexes, conditions and threads are in it. The allocator also asserts that
// blocks are released with the size they were asked with, and moves every block it reallocates.
uint64_t fc_memory_disk_allocated_bytes(fc_memory_disk *disk);

// The total bytes that RESERVE and WRITE may make files occupy (0: no limit). A write that fits in
// part is short.
void fc_memory_disk_set_capacity(fc_memory_disk *disk, uint64_t bytes);
// Clock: starts at a fixed time and advances `step_us` at each wall_time_us call (default 1000);
// monotonic time follows it forwards, and a condition_wait that times out adds its time to it.
void fc_memory_disk_set_clock(fc_memory_disk *disk, int64_t now_us, int64_t step_us);
// Lets files be opened with FC_OPEN_DIRECT: writes that are not aligned to this (a power of two) are
// refused. 0, as at first: the disk has no direct writes.
void fc_memory_disk_set_direct(fc_memory_disk *disk, uint64_t alignment);
void fc_memory_disk_seed_random(fc_memory_disk *disk, uint64_t seed);
// A call-out before each I/O call, e.g. to look at what is published, or at this disk: the call is
// not counted yet, and no lock is held. `file_name` is the file's or directory's latest name inside
// its directory, of a rename the new one, and empty for random bytes. May be NULL.
void fc_memory_disk_set_observer(fc_memory_disk *disk,
                                 void (*observe)(void *observer, fc_call_kind kind,
                                                 const char *file_name),
                                 void *observer);

typedef struct fc_crash_options {
    uint64_t seed; // chooses which unsynced operations survive and how writes are torn
    enum {
        FC_CRASH_LOSE_ALL, // nothing unsynced survives
        FC_CRASH_KEEP_ALL, // everything survives (a killed process), and what is unsynced stays
                           // so: a power cut on the new disk can still take it
        FC_CRASH_RANDOM_SUBSET, // each unsynced operation by a coin
        FC_CRASH_PREFIX,        // the first n of the whole disk in order of time, n by chance; only
                                // the last of them is torn
        FC_CRASH_LOSE_ENTRIES,  // file data survives, unsynced directory entries do not
        FC_CRASH_LOSE_DATA,     // directory entries survive, unsynced data does not
    } mode;
    uint32_t tear_bytes; // 0: whole writes only; else a surviving write may keep any subset of its
                         // units of this size (1, 512, 4096), at absolute file offsets, and all,
                         // some or none of the growth of the file (RANDOM_SUBSET and PREFIX)
} fc_crash_options;

// A new disk holding what a power cut now could leave, all of it durable (but see KEEP_ALL). The old
// disk is not changed. No locks are held on the new disk, and no faults or observer set; capacity,
// clock and chance go on. (A reserve that is lost leaves the file's size as it was.)
FC_MUST_USE fc_status fc_memory_disk_crash(fc_memory_disk *disk, const fc_crash_options *options,
                                           fc_memory_disk **out);
// A digest of all durable and unsynced content and names, so that distinct images can be counted.
uint64_t fc_memory_disk_digest(fc_memory_disk *disk);

// Direct access for flip and truncation tests; changes are durable at once, and what was unsynced
// in that file with them. Paths are "directory/name". Return false when there is no such file (or
// the range to read is not in it). create_file makes missing directories, and replaces.
bool fc_memory_disk_file_size(fc_memory_disk *disk, const char *path, uint64_t *out_size);
bool fc_memory_disk_read(fc_memory_disk *disk, const char *path, uint64_t offset, void *bytes,
                         size_t length);
bool fc_memory_disk_write(fc_memory_disk *disk, const char *path, uint64_t offset,
                          const void *bytes, size_t length);
bool fc_memory_disk_truncate(fc_memory_disk *disk, const char *path, uint64_t size);
bool fc_memory_disk_remove(fc_memory_disk *disk, const char *path);
bool fc_memory_disk_create_file(fc_memory_disk *disk, const char *path, const void *bytes,
                                size_t length);
// Calls `visit` with each file's path, in byte order.
void fc_memory_disk_list(fc_memory_disk *disk, void (*visit)(void *visitor, const char *path),
                         void *visitor);
#endif
