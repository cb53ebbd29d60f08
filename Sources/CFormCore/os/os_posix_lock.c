// Locks on files: open-file-description locks, which belong to the handle (closing another
// descriptor of the same file does not drop them) and can be asked about without being taken.
//
// Systems without them get flock. That cannot be asked about, so a list of the locks held by this
// process answers for this process, and a question about others is FC_STATUS_UNSUPPORTED.
#if !defined(_GNU_SOURCE) && !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os_posix_internal.h"

#if defined(F_OFD_SETLK) && defined(F_OFD_GETLK) && !defined(FC_POSIX_USE_FLOCK)

static struct flock whole_file_lock(void) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}; // from 0, length 0: to the end
}

fc_status fc_posix_lock_file(void *context, fc_file *file, int *out_error) {
    (void)context;
    struct flock lock = whole_file_lock();
    int code;
    do
        code = fcntl(file->descriptor, F_OFD_SETLK, &lock);
    while (code != 0 && errno == EINTR);
    if (code == 0) {
        file->locked = true;
        return FC_STATUS_OK;
    }
    if (errno != EAGAIN && errno != EACCES) return fc_posix_fail(errno, out_error);
    if (out_error != NULL) *out_error = errno;
    return FC_STATUS_LOCKED;
}

fc_status fc_posix_query_lock(void *context, fc_file *file, bool *out_locked, int *out_error) {
    (void)context;
    struct flock lock = whole_file_lock();
    int code;
    do
        code = fcntl(file->descriptor, F_OFD_GETLK, &lock);
    while (code != 0 && errno == EINTR);
    if (code != 0) return fc_posix_fail(errno, out_error);
    *out_locked = lock.l_type != F_UNLCK;
    return FC_STATUS_OK;
}

void fc_posix_forget_lock(fc_file *file) {
    file->locked = false; // the lock goes with the descriptor
}

#else

#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>

static pthread_mutex_t held_mutex = PTHREAD_MUTEX_INITIALIZER;
static fc_file *held_locks; // guarded by held_mutex, linked by next_locked

fc_status fc_posix_lock_file(void *context, fc_file *file, int *out_error) {
    (void)context;
    if (file->locked) return FC_STATUS_OK;
    struct stat information;
    if (fstat(file->descriptor, &information) != 0) return fc_posix_fail(errno, out_error);
    int code;
    do
        code = flock(file->descriptor, LOCK_EX | LOCK_NB);
    while (code != 0 && errno == EINTR);
    if (code != 0) {
        if (errno != EWOULDBLOCK) return fc_posix_fail(errno, out_error);
        if (out_error != NULL) *out_error = errno;
        return FC_STATUS_LOCKED;
    }
    file->locked = true;
    file->device = information.st_dev;
    file->inode = information.st_ino;
    pthread_mutex_lock(&held_mutex);
    file->next_locked = held_locks;
    held_locks = file;
    pthread_mutex_unlock(&held_mutex);
    return FC_STATUS_OK;
}

fc_status fc_posix_query_lock(void *context, fc_file *file, bool *out_locked, int *out_error) {
    (void)context;
    if (file->locked) { // whoever holds it cannot be somebody else
        *out_locked = false;
        return FC_STATUS_OK;
    }
    struct stat information;
    if (fstat(file->descriptor, &information) != 0) return fc_posix_fail(errno, out_error);
    bool found = false;
    pthread_mutex_lock(&held_mutex);
    for (const fc_file *held = held_locks; held != NULL && !found; held = held->next_locked)
        found = held->device == information.st_dev && held->inode == information.st_ino;
    pthread_mutex_unlock(&held_mutex);
    if (!found) return FC_STATUS_UNSUPPORTED;
    *out_locked = true;
    return FC_STATUS_OK;
}

void fc_posix_forget_lock(fc_file *file) {
    if (!file->locked) return;
    pthread_mutex_lock(&held_mutex);
    fc_file **link = &held_locks;
    while (*link != file)
        link = &(*link)->next_locked;
    *link = file->next_locked;
    pthread_mutex_unlock(&held_mutex);
    file->locked = false;
}

#endif
