// Directories and files of a POSIX system, and the table of all its calls.
#if !defined(_GNU_SOURCE) && !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_posix_internal.h"

// macOS refuses transfers of 2 GiB and more; a short transfer is always allowed.
enum { TRANSFER_BYTES_MAX = 1 << 30, ZEROS_BYTES = 64 * 1024 };

static const uint64_t file_bytes_max = INT64_MAX;

// Writes past the cache that are durable when they return. F_NOCACHE of Apple systems is something
// else: it neither aligns nor makes durable, and durable there is what F_FULLFSYNC has seen.
#if defined(__linux__) && defined(O_DIRECT) && defined(O_DSYNC)
#define DIRECT_FLAGS (O_DIRECT | O_DSYNC)
#else
#define DIRECT_FLAGS 0
#endif
// Taken where the system does not say: a multiple of every sector in use.
enum { DIRECT_ALIGNMENT_DEFAULT = 4096 };

fc_status fc_posix_fail(int error, int *out_error) {
    if (out_error != NULL) *out_error = error;
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return FC_STATUS_NO_SPACE;
    case ENOENT:
        return FC_STATUS_MISSING_FILE;
    case ENOMEM:
        return FC_STATUS_OUT_OF_MEMORY;
    default:
        return FC_STATUS_IO;
    }
}

static fc_status fail_name(int *out_error) {
    if (out_error != NULL) *out_error = EINVAL;
    return FC_STATUS_INVALID_ARGUMENT;
}

static int open_retrying(int at, const char *path, int flags) {
    int descriptor;
    do
        descriptor = openat(at, path, flags | O_CLOEXEC, 0666);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

// MARK: Directories

static fc_status open_directory_at(int at, const char *path, bool create, fc_directory **out) {
    if (create && mkdirat(at, path, 0777) != 0 && errno != EEXIST)
        return fc_posix_fail(errno, NULL);
    fc_allocator memory = fc_allocator_system();
    fc_directory *directory = memory.allocate(memory.context, sizeof *directory);
    if (directory == NULL) return FC_STATUS_OUT_OF_MEMORY;
    directory->descriptor = open_retrying(at, path, O_RDONLY | O_DIRECTORY);
    if (directory->descriptor < 0) {
        int error = errno;
        memory.release(memory.context, directory, sizeof *directory);
        return fc_posix_fail(error, NULL);
    }
    *out = directory;
    return FC_STATUS_OK;
}

static fc_status posix_open_directory(void *context, const char *path, bool create,
                                      fc_directory **out) {
    (void)context;
    return open_directory_at(AT_FDCWD, path, create, out);
}

static void posix_close_directory(void *context, fc_directory *directory) {
    (void)context;
    if (directory == NULL) return;
    close(directory->descriptor);
    fc_allocator memory = fc_allocator_system();
    memory.release(memory.context, directory, sizeof *directory);
}

static fc_status posix_open_subdirectory(void *context, fc_directory *directory, const char *name,
                                         bool create, fc_directory **out) {
    (void)context;
    if (!fc_os_name_is_valid(name)) return fail_name(NULL);
    return open_directory_at(directory->descriptor, name, create, out);
}

static fc_status posix_list_directory(void *context, fc_directory *directory,
                                      bool (*visit)(void *visitor, const char *name),
                                      void *visitor) {
    (void)context;
    // A descriptor of its own: the position in the listing belongs to the open description.
    int descriptor = open_retrying(directory->descriptor, ".", O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return fc_posix_fail(errno, NULL);
    DIR *listing = fdopendir(descriptor);
    if (listing == NULL) {
        int error = errno;
        close(descriptor);
        return fc_posix_fail(error, NULL);
    }
    int error = 0;
    for (bool more = true; more;) {
        errno = 0;
        const struct dirent *entry = readdir(listing);
        if (entry == NULL) {
            error = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        more = visit(visitor, entry->d_name);
    }
    closedir(listing);
    return error == 0 ? FC_STATUS_OK : fc_posix_fail(error, NULL);
}

// Everything durable, through the drive's own cache where the system lets us ask for that.
static int sync_fully(int descriptor) {
#if defined(F_FULLFSYNC)
    int code = fcntl(descriptor, F_FULLFSYNC);
    // Network and other file systems do not know it.
    if (code != 0 && (errno == ENOTSUP || errno == EINVAL || errno == ENOTTY))
        code = fsync(descriptor);
    return code;
#else
    return fsync(descriptor);
#endif
}

static fc_status sync_directory_descriptor(int descriptor, int *out_error) {
    int code;
    do
        code = sync_fully(descriptor);
    while (code != 0 && errno == EINTR);
    // Some file systems (of networks, in user space) have no such thing as syncing a directory.
    if (code == 0 || errno == EINVAL) return FC_STATUS_OK;
    return fc_posix_fail(errno, out_error);
}

static fc_status posix_sync_directory(void *context, fc_directory *directory, int *out_error) {
    (void)context;
    return sync_directory_descriptor(directory->descriptor, out_error);
}

static fc_status posix_sync_parent_directory(void *context, fc_directory *directory,
                                             int *out_error) {
    (void)context;
    int parent = open_retrying(directory->descriptor, "..", O_RDONLY | O_DIRECTORY);
    if (parent < 0) return fc_posix_fail(errno, out_error);
    fc_status status = sync_directory_descriptor(parent, out_error);
    close(parent);
    return status;
}

static fc_status posix_rename_file(void *context, fc_directory *directory, const char *from,
                                   const char *to, int *out_error) {
    (void)context;
    if (!fc_os_name_is_valid(from) || !fc_os_name_is_valid(to)) return fail_name(out_error);
    if (renameat(directory->descriptor, from, directory->descriptor, to) != 0)
        return fc_posix_fail(errno, out_error);
    return FC_STATUS_OK;
}

static fc_status posix_remove_file(void *context, fc_directory *directory, const char *name,
                                   int *out_error) {
    (void)context;
    if (!fc_os_name_is_valid(name)) return fail_name(out_error);
    if (unlinkat(directory->descriptor, name, 0) != 0) return fc_posix_fail(errno, out_error);
    return FC_STATUS_OK;
}

// MARK: Files

static int open_flags(fc_open_mode mode) {
    switch (mode) {
    case FC_OPEN_READ:
        return O_RDONLY;
    case FC_OPEN_READ_WRITE:
        return O_RDWR;
    case FC_OPEN_CREATE:
        return O_RDWR | O_CREAT;
    case FC_OPEN_CREATE_NEW:
        return O_RDWR | O_CREAT | O_TRUNC;
    case FC_OPEN_DIRECT:
        return O_RDWR | DIRECT_FLAGS;
    }
    assert(false);
    return O_RDONLY;
}

static fc_status posix_open_file(void *context, fc_directory *directory, const char *name,
                                 fc_open_mode mode, fc_file **out, int *out_error) {
    (void)context;
    if (!fc_os_name_is_valid(name)) return fail_name(out_error);
    if (mode == FC_OPEN_DIRECT && DIRECT_FLAGS == 0) return FC_STATUS_UNSUPPORTED;
    fc_allocator memory = fc_allocator_system();
    fc_file *file = fc_allocate_cleared(&memory, 1, sizeof *file);
    if (file == NULL) return FC_STATUS_OUT_OF_MEMORY;
    // O_NONBLOCK: a pipe put in a file's place must not keep us waiting; files ignore it.
    file->descriptor =
        open_retrying(directory->descriptor, name, open_flags(mode) | O_NONBLOCK | O_NOCTTY);
    int error = 0;
    struct stat information;
    if (file->descriptor < 0 || fstat(file->descriptor, &information) != 0)
        error = errno;
    else if (!S_ISREG(information.st_mode))
        error = S_ISDIR(information.st_mode) ? EISDIR : EINVAL;
    if (error != 0) {
        if (file->descriptor >= 0) close(file->descriptor);
        memory.release(memory.context, file, sizeof *file);
        fc_status status = fc_posix_fail(error, out_error);
        return mode == FC_OPEN_DIRECT && error == EINVAL ? FC_STATUS_UNSUPPORTED : status;
    }
    *out = file;
    return FC_STATUS_OK;
}

static void posix_close_file(void *context, fc_file *file) {
    (void)context;
    if (file == NULL) return;
    fc_posix_forget_lock(file);
    close(file->descriptor);
    fc_allocator memory = fc_allocator_system();
    memory.release(memory.context, file, sizeof *file);
}

static fc_status posix_read_at(void *context, fc_file *file, uint64_t offset, void *bytes,
                               size_t length, size_t *out_length, int *out_error) {
    (void)context;
    if (offset > file_bytes_max) return fc_posix_fail(EOVERFLOW, out_error);
    if (length > TRANSFER_BYTES_MAX) length = TRANSFER_BYTES_MAX;
    ssize_t part = pread(file->descriptor, bytes, length, (off_t)offset);
    if (part < 0) return fc_posix_fail(errno, out_error);
    *out_length = (size_t)part;
    return FC_STATUS_OK;
}

static fc_status posix_write_at(void *context, fc_file *file, uint64_t offset, const void *bytes,
                                size_t length, size_t *out_length, int *out_error) {
    (void)context;
    if (offset > file_bytes_max) return fc_posix_fail(EFBIG, out_error);
    if (length > TRANSFER_BYTES_MAX) length = TRANSFER_BYTES_MAX;
    ssize_t part = pwrite(file->descriptor, bytes, length, (off_t)offset);
    if (part < 0) return fc_posix_fail(errno, out_error);
    *out_length = (size_t)part;
    return FC_STATUS_OK;
}

static fc_status posix_file_size(void *context, fc_file *file, uint64_t *out_size, int *out_error) {
    (void)context;
    struct stat information;
    if (fstat(file->descriptor, &information) != 0) return fc_posix_fail(errno, out_error);
    *out_size = (uint64_t)information.st_size;
    return FC_STATUS_OK;
}

static fc_status posix_truncate_file(void *context, fc_file *file, uint64_t size, int *out_error) {
    (void)context;
    if (size > file_bytes_max) return fc_posix_fail(EFBIG, out_error);
    int code;
    do
        code = ftruncate(file->descriptor, (off_t)size);
    while (code != 0 && errno == EINTR);
    return code == 0 ? FC_STATUS_OK : fc_posix_fail(errno, out_error);
}

// Grows the file from `size` to `end` by writing zeros. Returns errno, or 0.
static int extend_by_zeros(int descriptor, uint64_t size, uint64_t end) {
    static const char zeros[ZEROS_BYTES];
    while (size < end) {
        size_t length = end - size < sizeof zeros ? (size_t)(end - size) : sizeof zeros;
        ssize_t part = pwrite(descriptor, zeros, length, (off_t)size);
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) return errno;
        if (part == 0) return EIO;
        size += (uint64_t)part;
    }
    return 0;
}

// Allocates [offset, end) and grows the file to `end` if it is shorter. Returns errno, or 0.
static int allocate_range(int descriptor, const struct stat *information, uint64_t offset,
                          uint64_t end) {
    uint64_t size = (uint64_t)information->st_size;
#if defined(__linux__)
    int code;
    do
        code = fallocate(descriptor, 0, (off_t)offset, (off_t)(end - offset));
    while (code != 0 && errno == EINTR);
    if (code == 0) return 0;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
#elif defined(F_PREALLOCATE)
    (void)offset;
    if (end <= size) return 0;
    fstore_t store = {
        .fst_flags = F_ALLOCATEALL,
        .fst_posmode = F_PEOFPOSMODE,
        .fst_length = (off_t)(end - size),
    };
    if (fcntl(descriptor, F_PREALLOCATE, &store) == 0)
        return ftruncate(descriptor, (off_t)end) == 0 ? 0 : errno;
    if (errno != ENOTSUP && errno != EINVAL) return errno;
#else
    (void)offset;
#endif
    return extend_by_zeros(descriptor, size, end);
}

static fc_status posix_reserve_file(void *context, fc_file *file, uint64_t offset, uint64_t length,
                                    int *out_error) {
    (void)context;
    if (length == 0) return FC_STATUS_OK;
    if (offset > file_bytes_max || length > file_bytes_max - offset)
        return fc_posix_fail(EFBIG, out_error);
    struct stat information;
    if (fstat(file->descriptor, &information) != 0) return fc_posix_fail(errno, out_error);
    int error = allocate_range(file->descriptor, &information, offset, offset + length);
    if (error == 0) return FC_STATUS_OK;
    // Undoes what was reached; that this can fail in turn changes nothing for the caller.
    int ignored = ftruncate(file->descriptor, information.st_size);
    (void)ignored;
    return fc_posix_fail(error, out_error);
}

static fc_status posix_sync_file(void *context, fc_file *file, int *out_error) {
    (void)context;
#if defined(__linux__)
    int code = fdatasync(file->descriptor);
#else
    int code = sync_fully(file->descriptor);
#endif
    return code == 0 ? FC_STATUS_OK : fc_posix_fail(errno, out_error);
}

static fc_status posix_direct_alignment(void *context, fc_file *file, uint64_t *out_alignment,
                                        int *out_error) {
    (void)context;
    uint64_t alignment = DIRECT_ALIGNMENT_DEFAULT;
#if defined(STATX_DIOALIGN)
    struct statx information;
    if (statx(file->descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &information) == 0 &&
        (information.stx_mask & STATX_DIOALIGN) != 0) {
        alignment = information.stx_dio_offset_align;
        if (alignment < information.stx_dio_mem_align) alignment = information.stx_dio_mem_align;
    }
#else
    (void)file;
#endif
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        if (out_error != NULL) *out_error = EINVAL;
        return FC_STATUS_UNSUPPORTED;
    }
    *out_alignment = alignment;
    return FC_STATUS_OK;
}

// MARK: The table

static fc_os posix_table;

static fc_status posix_mutex_create(void *context, fc_mutex **out) {
    (void)context;
    return fc_posix_mutex_create(&posix_table.memory, out);
}

static void posix_mutex_destroy(void *context, fc_mutex *mutex) {
    (void)context;
    fc_posix_mutex_destroy(&posix_table.memory, mutex);
}

static void posix_mutex_lock(void *context, fc_mutex *mutex) {
    (void)context;
    fc_posix_mutex_lock(mutex);
}

static void posix_mutex_unlock(void *context, fc_mutex *mutex) {
    (void)context;
    fc_posix_mutex_unlock(mutex);
}

static fc_status posix_condition_create(void *context, fc_condition **out) {
    (void)context;
    return fc_posix_condition_create(&posix_table.memory, out);
}

static void posix_condition_destroy(void *context, fc_condition *condition) {
    (void)context;
    fc_posix_condition_destroy(&posix_table.memory, condition);
}

static void posix_condition_wait(void *context, fc_condition *condition, fc_mutex *mutex,
                                 uint64_t timeout_ns) {
    (void)context;
    fc_posix_condition_wait(condition, mutex, timeout_ns);
}

static void posix_condition_signal(void *context, fc_condition *condition) {
    (void)context;
    fc_posix_condition_signal(condition);
}

static void posix_condition_broadcast(void *context, fc_condition *condition) {
    (void)context;
    fc_posix_condition_broadcast(condition);
}

static fc_status posix_thread_start(void *context, void (*body)(void *argument), void *argument,
                                    fc_thread **out) {
    (void)context;
    return fc_posix_thread_start(&posix_table.memory, body, argument, out);
}

static void posix_thread_join(void *context, fc_thread *thread) {
    (void)context;
    fc_posix_thread_join(&posix_table.memory, thread);
}

static uint64_t posix_thread_id(void *context) {
    (void)context;
    return fc_posix_thread_id();
}

static void fill_table(void) {
    posix_table = (fc_os){
        .context = NULL,
        .memory = fc_allocator_system(),
        .open_directory = posix_open_directory,
        .close_directory = posix_close_directory,
        .open_subdirectory = posix_open_subdirectory,
        .list_directory = posix_list_directory,
        .sync_directory = posix_sync_directory,
        .sync_parent_directory = posix_sync_parent_directory,
        .rename_file = posix_rename_file,
        .remove_file = posix_remove_file,
        .open_file = posix_open_file,
        .close_file = posix_close_file,
        .read_at = posix_read_at,
        .write_at = posix_write_at,
        .file_size = posix_file_size,
        .reserve_file = posix_reserve_file,
        .truncate_file = posix_truncate_file,
        .sync_file = posix_sync_file,
        .direct_alignment = posix_direct_alignment,
        .lock_file = fc_posix_lock_file,
        .query_lock = fc_posix_query_lock,
        .wall_time_us = fc_posix_wall_time_us,
        .monotonic_time_ns = fc_posix_monotonic_time_ns,
        .random_bytes = fc_posix_random_bytes,
        .mutex_create = posix_mutex_create,
        .mutex_destroy = posix_mutex_destroy,
        .mutex_lock = posix_mutex_lock,
        .mutex_unlock = posix_mutex_unlock,
        .condition_create = posix_condition_create,
        .condition_destroy = posix_condition_destroy,
        .condition_wait = posix_condition_wait,
        .condition_signal = posix_condition_signal,
        .condition_broadcast = posix_condition_broadcast,
        .thread_start = posix_thread_start,
        .thread_join = posix_thread_join,
        .thread_id = posix_thread_id,
    };
}

const fc_os *fc_os_posix(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_table);
    return &posix_table;
}
