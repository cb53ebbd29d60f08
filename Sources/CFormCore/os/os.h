// The one table of system calls. Everything the core asks of the system goes through it, so that
// tests can replace disk, clock, chance, memory and threads.
//
// Paths: every file call takes a directory handle and a *name* inside it (no slashes), except
// `open_directory`, which takes a path. So an in-memory table needs no path logic.
// Errors: calls return FC_STATUS_OK or an I/O status, and put errno into *out_error where they
// have one. EINTR is *reported* (FC_STATUS_IO with EINTR) by read, write and sync calls; the callers
// in format/ continue from where they were (see fc_os_write_all, fc_os_read_all below).
#ifndef FC_OS_OS_H
#define FC_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/memory.h"
#include "../base/status.h"

typedef struct fc_directory fc_directory; // opaque, owned by the table
typedef struct fc_file fc_file;
typedef struct fc_mutex fc_mutex;
typedef struct fc_condition fc_condition;
typedef struct fc_thread fc_thread;

typedef enum fc_open_mode {
    FC_OPEN_READ = 0,       // must exist
    FC_OPEN_READ_WRITE = 1, // must exist
    FC_OPEN_CREATE = 2,     // created if missing, never truncated; read and write
    FC_OPEN_CREATE_NEW = 3, // truncated if it exists; read and write (for temporary names)
    // Must exist; read and write, past the system's cache, aligned (see direct_alignment). A write is
    // durable when it returns. FC_STATUS_UNSUPPORTED where there is no such thing.
    FC_OPEN_DIRECT = 4,
} fc_open_mode;

typedef struct fc_os {
    void *context;
    fc_allocator memory;

    // Directories. `create` makes the last component when missing.
    fc_status (*open_directory)(void *context, const char *path, bool create, fc_directory **out);
    void (*close_directory)(void *context, fc_directory *directory);
    // Makes the sub-directory `name` if missing and opens it.
    fc_status (*open_subdirectory)(void *context, fc_directory *directory, const char *name,
                                   bool create, fc_directory **out);
    // Calls `visit` with each entry's name (not "." or ".."); stops early when it returns false.
    fc_status (*list_directory)(void *context, fc_directory *directory,
                                bool (*visit)(void *visitor, const char *name), void *visitor);
    // Makes creations, renames and removals in the directory durable.
    fc_status (*sync_directory)(void *context, fc_directory *directory, int *out_error);
    // Makes the directory's own entry durable, in its parent.
    fc_status (*sync_parent_directory)(void *context, fc_directory *directory, int *out_error);
    fc_status (*rename_file)(void *context, fc_directory *directory, const char *from,
                             const char *to, int *out_error);
    fc_status (*remove_file)(void *context, fc_directory *directory, const char *name,
                             int *out_error);

    // Files. FC_STATUS_MISSING_FILE when it must exist and does not.
    fc_status (*open_file)(void *context, fc_directory *directory, const char *name,
                           fc_open_mode mode, fc_file **out, int *out_error);
    void (*close_file)(void *context, fc_file *file);
    // May read or write less than asked (at least 1 byte unless at the end of the file: 0).
    fc_status (*read_at)(void *context, fc_file *file, uint64_t offset, void *bytes, size_t length,
                         size_t *out_length, int *out_error);
    fc_status (*write_at)(void *context, fc_file *file, uint64_t offset, const void *bytes,
                          size_t length, size_t *out_length, int *out_error);
    fc_status (*file_size)(void *context, fc_file *file, uint64_t *out_size, int *out_error);
    // Makes sure that [offset, offset + length) can be written, growing the file (with zeros)
    // when needed. FC_STATUS_NO_SPACE when the disk is full.
    fc_status (*reserve_file)(void *context, fc_file *file, uint64_t offset, uint64_t length,
                              int *out_error);
    fc_status (*truncate_file)(void *context, fc_file *file, uint64_t size, int *out_error);
    // Data and size durable: fdatasync, F_FULLFSYNC on Apple systems.
    fc_status (*sync_file)(void *context, fc_file *file, int *out_error);

    // Of a file opened with FC_OPEN_DIRECT: what offset, length and address of its reads and writes
    // must be multiples of, a power of two. FC_STATUS_UNSUPPORTED when it has no such writes after all.
    fc_status (*direct_alignment)(void *context, fc_file *file, uint64_t *out_alignment,
                                  int *out_error);

    // LOCK: open-file-description locks (or their like); FC_STATUS_LOCKED when another
    // handle, in this process or another, holds it. `query_lock` asks without ever taking.
    fc_status (*lock_file)(void *context, fc_file *file, int *out_error);
    fc_status (*query_lock)(void *context, fc_file *file, bool *out_locked, int *out_error);

    int64_t (*wall_time_us)(void *context); // microseconds since 1970 UTC
    uint64_t (*monotonic_time_ns)(void *context);
    fc_status (*random_bytes)(void *context, void *bytes, size_t length);

    // Locking. Creation can fail for want of memory; the rest cannot fail.
    fc_status (*mutex_create)(void *context, fc_mutex **out);
    void (*mutex_destroy)(void *context, fc_mutex *mutex);
    void (*mutex_lock)(void *context, fc_mutex *mutex);
    void (*mutex_unlock)(void *context, fc_mutex *mutex);
    fc_status (*condition_create)(void *context, fc_condition **out);
    void (*condition_destroy)(void *context, fc_condition *condition);
    // Waits until woken or `timeout_ns` has passed (UINT64_MAX: for ever). Spurious wake-ups occur.
    void (*condition_wait)(void *context, fc_condition *condition, fc_mutex *mutex,
                           uint64_t timeout_ns);
    void (*condition_signal)(void *context, fc_condition *condition);
    void (*condition_broadcast)(void *context, fc_condition *condition);
    // Threads. FC_STATUS_UNSUPPORTED from a table without threads: the store then does the
    // background work inline.
    fc_status (*thread_start)(void *context, void (*body)(void *argument), void *argument,
                              fc_thread **out);
    void (*thread_join)(void *context, fc_thread *thread); // waits, then frees
    // A number that differs between threads that run at the same time; never 0.
    uint64_t (*thread_id)(void *context);
} fc_os;

// The real system. The table is static: valid for ever, shared by all stores.
const fc_os *fc_os_posix(void);

// Reads until `length` bytes or the end of the file, continuing short reads and EINTR.
FC_MUST_USE fc_status fc_os_read_all(const fc_os *os, fc_file *file, uint64_t offset, void *bytes,
                                     size_t length, size_t *out_length, int *out_error);
// Writes all of it, continuing short writes and EINTR from the last multiple of `alignment` that
// was written (1 for none; 4096 for the log, so that a continued write starts aligned).
FC_MUST_USE fc_status fc_os_write_all(const fc_os *os, fc_file *file, uint64_t offset,
                                      const void *bytes, size_t length, size_t alignment,
                                      int *out_error);
// sync_file, repeated on EINTR alone.
FC_MUST_USE fc_status fc_os_sync(const fc_os *os, fc_file *file, int *out_error);
#endif
