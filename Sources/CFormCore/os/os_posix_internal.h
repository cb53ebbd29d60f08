// The handles of the POSIX table and what its parts share.
#ifndef FC_OS_OS_POSIX_INTERNAL_H
#define FC_OS_OS_POSIX_INTERNAL_H

#include <sys/types.h>

#include "os_internal.h"

struct fc_directory {
    int descriptor;
};

struct fc_file {
    int descriptor;
    bool locked;
    // Only where locks cannot be asked about (see os_posix_lock.c): the list of held locks.
    fc_file *next_locked;
    dev_t device;
    ino_t inode;
};

// The status of a system error, which is put into *out_error too (when not NULL).
fc_status fc_posix_fail(int error, int *out_error);

// Locks.
fc_status fc_posix_lock_file(void *context, fc_file *file, int *out_error);
fc_status fc_posix_query_lock(void *context, fc_file *file, bool *out_locked, int *out_error);
void fc_posix_forget_lock(fc_file *file); // before its descriptor is closed
#endif
