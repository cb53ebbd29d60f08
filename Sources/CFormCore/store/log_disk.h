// The log's file calls: each repeats what EINTR cut off, and says in *detail which file, where and
// why. Statuses are those of the os table.
#ifndef FC_STORE_LOG_DISK_H
#define FC_STORE_LOG_DISK_H

#include "../os/os.h"

// Where the log's files lie.
typedef struct fc_log_disk {
    const fc_os *os;
    fc_directory *directory;
} fc_log_disk;

// Puts file, offset and errno into *detail (which may be NULL) after fc_fail; returns `status`.
fc_status fc_log_fail_at(fc_detail *detail, fc_status status, const char *file, uint64_t offset,
                         int system_error);

FC_MUST_USE fc_status fc_log_disk_open(fc_log_disk disk, const char *name, fc_open_mode mode,
                                       fc_file **out, fc_detail *detail);
// Opens a new file under a temporary name, one that may be left over from before is removed: its
// directory entry or its bytes may be among what a failed sync has lost for good.
FC_MUST_USE fc_status fc_log_disk_create_temporary(fc_log_disk disk, const char *name,
                                                   fc_file **out, fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_read(fc_log_disk disk, fc_file *file, const char *name,
                                       uint64_t offset, void *bytes, size_t length,
                                       size_t *out_length, fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_write(fc_log_disk disk, fc_file *file, const char *name,
                                        uint64_t offset, const void *bytes, size_t length,
                                        fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_size(fc_log_disk disk, fc_file *file, const char *name,
                                       uint64_t *out_size, fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_reserve(fc_log_disk disk, fc_file *file, const char *name,
                                          uint64_t offset, uint64_t length, fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_truncate(fc_log_disk disk, fc_file *file, const char *name,
                                           uint64_t size, fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_sync(fc_log_disk disk, fc_file *file, const char *name,
                                       fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_rename(fc_log_disk disk, const char *from, const char *to,
                                         fc_detail *detail);
FC_MUST_USE fc_status fc_log_disk_sync_directory(fc_log_disk disk, fc_detail *detail);
// Removes a temporary file that is no longer wanted; a failure leaves a name that is ignored.
void fc_log_disk_remove(fc_log_disk disk, const char *name);
#endif
