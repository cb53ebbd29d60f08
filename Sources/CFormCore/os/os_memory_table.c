// The table of an in-memory disk: files, clock, chance and threads (directories apart).
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "os_internal.h"
#include "os_memory_internal.h"

fc_status fc_memory_fail(fc_status status, int error, int *out_error) {
    if (out_error != NULL) *out_error = error;
    return status;
}

void *fc_memory_allocate_handle(fc_memory_disk *disk, size_t size) {
    return disk->os.memory.allocate(disk->os.memory.context, size);
}

void fc_memory_release_handle(fc_memory_disk *disk, void *handle, size_t size) {
    disk->os.memory.release(disk->os.memory.context, handle, size);
}

fc_status fc_memory_sync_node(fc_memory_node *node, fc_fault fault, int *out_error) {
    if (fault == FC_FAULT_LYING_SYNC_FAIL) {
        fc_memory_drop_ops(node);
        return fc_memory_fail(FC_STATUS_IO, EIO, out_error);
    }
    if (!fc_memory_fold_ops(node))
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    return FC_STATUS_OK;
}

// MARK: Opening

// Finds or makes the file; borrowed, or NULL and *out_status tells why.
static fc_memory_node *find_file(fc_memory_node *directory, const char *name, fc_open_mode mode,
                                 fc_status *out_status, int *out_error) {
    if (mode == FC_OPEN_DIRECT && directory->disk->direct_alignment == 0) {
        *out_status = fc_memory_fail(FC_STATUS_UNSUPPORTED, EINVAL, out_error);
        return NULL;
    }
    fc_memory_node *node = fc_memory_entries_find(&directory->visible_entries, name);
    bool creates = mode == FC_OPEN_CREATE || mode == FC_OPEN_CREATE_NEW;
    if (node == NULL && !creates) {
        *out_status = fc_memory_fail(FC_STATUS_MISSING_FILE, ENOENT, out_error);
        return NULL;
    }
    if (node != NULL && node->is_directory) {
        *out_status = fc_memory_fail(FC_STATUS_IO, EISDIR, out_error);
        return NULL;
    }
    bool has_memory = true;
    if (node == NULL) {
        node = fc_memory_make_entry(directory, false, name);
        has_memory = node != NULL;
    } else if (mode == FC_OPEN_CREATE_NEW && node->visible.size > 0) {
        has_memory = fc_memory_note_data_op(node, FC_MEMORY_TRUNCATE, 0, NULL, 0);
        if (has_memory) fc_memory_image_deinit(&node->visible);
    }
    if (has_memory) return node;
    *out_status = fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    return NULL;
}

static fc_status memory_open_file(void *context, fc_directory *directory, const char *name,
                                  fc_open_mode mode, fc_file **out, int *out_error) {
    if (!fc_os_name_is_valid(name))
        return fc_memory_fail(FC_STATUS_INVALID_ARGUMENT, EINVAL, out_error);
    fc_memory_disk *disk = context;
    fc_file *file = fc_memory_allocate_handle(disk, sizeof *file);
    if (file == NULL) return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    bool creates = mode == FC_OPEN_CREATE || mode == FC_OPEN_CREATE_NEW;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_OPEN_FILE, creates ? FC_MEMORY_TAKES_SPACE : 0,
                                       NULL, name, &fault, out_error);
    if (status == FC_STATUS_OK) {
        fc_memory_node *node = find_file(directory->node, name, mode, &status, out_error);
        if (node != NULL) {
            fc_memory_node_retain(node);
            disk->open_handle_count++;
            *file = (fc_file){
                .node = node, .writable = mode != FC_OPEN_READ, .direct = mode == FC_OPEN_DIRECT};
        }
        fc_memory_unlock(disk);
    }
    if (status != FC_STATUS_OK) {
        fc_memory_release_handle(disk, file, sizeof *file);
        return status;
    }
    *out = file;
    return FC_STATUS_OK;
}

static void memory_close_file(void *context, fc_file *file) {
    if (file == NULL) return;
    fc_memory_disk *disk = context;
    fc_memory_lock(disk);
    if (file->node->lock_holder == file) file->node->lock_holder = NULL;
    fc_memory_node_release(file->node);
    disk->open_handle_count--;
    fc_memory_unlock(disk);
    fc_memory_release_handle(disk, file, sizeof *file);
}

// MARK: Reading and writing

// A part of `length`: by turns half of it and one unit.
static size_t short_length(fc_memory_disk *disk, size_t length, size_t unit) {
    if (length < 2 * unit) return length;
    disk->short_by_half = !disk->short_by_half;
    return disk->short_by_half ? length / 2 / unit * unit : unit;
}

static bool is_aligned(const fc_file *file, uint64_t offset, const void *bytes, size_t length) {
    const uint64_t mask = file->node->disk->direct_alignment - 1;
    return ((offset | (uintptr_t)bytes | length) & mask) == 0;
}

// The bytes of all files beneath a directory.
static uint64_t occupied_bytes(const fc_memory_node *node) {
    if (!node->is_directory) return node->visible.size;
    uint64_t bytes = 0;
    for (size_t i = 0; i < node->visible_entries.count; i++)
        bytes += occupied_bytes(node->visible_entries.items[i].node);
    return bytes;
}

// How far a file may reach, given what the disk can hold.
static uint64_t reach_of(const fc_memory_disk *disk, const fc_memory_node *node) {
    if (disk->capacity_bytes == 0) return UINT64_MAX;
    uint64_t occupied = occupied_bytes(disk->root);
    uint64_t room = occupied < disk->capacity_bytes ? disk->capacity_bytes - occupied : 0;
    return node->visible.size + room;
}

static fc_status memory_read_at(void *context, fc_file *file, uint64_t offset, void *bytes,
                                size_t length, size_t *out_length, int *out_error) {
    fc_memory_disk *disk = context;
    unsigned flags = length > 1 ? FC_MEMORY_CAN_BE_SHORT : 0;
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_READ, flags, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    const fc_memory_image *image = &file->node->visible;
    uint64_t available = offset < image->size ? image->size - offset : 0;
    if (file->direct && !is_aligned(file, offset, bytes, length))
        status = fc_memory_fail(FC_STATUS_IO, EINVAL, out_error);
    if (length > available) length = (size_t)available;
    if (fault == FC_FAULT_SHORT) length = short_length(disk, length, 1);
    if (status == FC_STATUS_OK && length > 0) fc_memory_image_read(image, offset, bytes, length);
    fc_memory_unlock(disk);
    if (status == FC_STATUS_OK) *out_length = length;
    return status;
}

// A write that meets no fault, or is to be short. The disk is locked.
static fc_status write_node(fc_memory_node *node, uint64_t offset, const void *bytes,
                            size_t *length, int *out_error) {
    if (*length == 0) return FC_STATUS_OK;
    if (offset > fc_memory_file_bytes_max || *length > fc_memory_file_bytes_max - offset)
        return fc_memory_fail(FC_STATUS_IO, EFBIG, out_error);
    uint64_t reach = reach_of(node->disk, node);
    if (offset >= reach) return fc_memory_fail(FC_STATUS_NO_SPACE, ENOSPC, out_error);
    if (*length > reach - offset) *length = (size_t)(reach - offset);
    if (!fc_memory_note_data_op(node, FC_MEMORY_WRITE, offset, bytes, *length))
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    if (!fc_memory_image_write(&node->visible, offset, bytes, *length)) {
        fc_memory_forget_last_op(node);
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    }
    return FC_STATUS_OK;
}

// A direct write. The disk is locked.
static fc_status write_direct(fc_file *file, fc_fault fault, uint64_t offset, const void *bytes,
                              size_t *length, int *out_error) {
    fc_memory_node *node = file->node;
    if (!is_aligned(file, offset, bytes, *length))
        return fc_memory_fail(FC_STATUS_IO, EINVAL, out_error);
    const size_t unit = (size_t)node->disk->direct_alignment;
    if (fault == FC_FAULT_SHORT) *length = short_length(node->disk, *length, unit);
    fc_status status = write_node(node, offset, bytes, length, out_error);
    if (status != FC_STATUS_OK || *length == 0) return status;
    if (fault == FC_FAULT_NONE || fault == FC_FAULT_SHORT)
        return fc_memory_fold_last_op(node)
                   ? FC_STATUS_OK
                   : fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    // Failed: it may have arrived, in part; or it reads back and will be in no crash image.
    if (fault == FC_FAULT_LYING_SYNC_FAIL) fc_memory_forget_last_op(node);
    return fc_memory_fail(FC_STATUS_IO, EIO, out_error);
}

static fc_status memory_write_direct_at(fc_memory_disk *disk, fc_file *file, uint64_t offset,
                                        const void *bytes, size_t length, size_t *out_length,
                                        int *out_error) {
    unsigned flags = FC_MEMORY_TAKES_SPACE | FC_MEMORY_MAY_ARRIVE;
    fc_memory_lock(disk);
    if (length >= 2 * disk->direct_alignment) flags |= FC_MEMORY_CAN_BE_SHORT;
    fc_memory_unlock(disk);
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_WRITE_DIRECT, flags, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    status = write_direct(file, fault, offset, bytes, &length, out_error);
    fc_memory_unlock(disk);
    if (status == FC_STATUS_OK) *out_length = length;
    return status;
}

static fc_status memory_write_at(void *context, fc_file *file, uint64_t offset, const void *bytes,
                                 size_t length, size_t *out_length, int *out_error) {
    fc_memory_disk *disk = context;
    if (file->direct)
        return memory_write_direct_at(disk, file, offset, bytes, length, out_length, out_error);
    unsigned flags = FC_MEMORY_TAKES_SPACE | (length > 1 ? FC_MEMORY_CAN_BE_SHORT : 0);
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_WRITE, flags, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    if (fault == FC_FAULT_SHORT) length = short_length(disk, length, 1);
    status = file->writable ? write_node(file->node, offset, bytes, &length, out_error)
                            : fc_memory_fail(FC_STATUS_IO, EBADF, out_error);
    fc_memory_unlock(disk);
    if (status == FC_STATUS_OK) *out_length = length;
    return status;
}

// MARK: Size and durability

static fc_status memory_file_size(void *context, fc_file *file, uint64_t *out_size,
                                  int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_SIZE, 0, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    *out_size = file->node->visible.size;
    fc_memory_unlock(disk);
    return FC_STATUS_OK;
}

// Changes the size, as `kind` says. The disk is locked.
static fc_status resize_file(fc_file *file, fc_memory_data_op_kind kind, uint64_t size,
                             int *out_error) {
    fc_memory_node *node = file->node;
    if (!file->writable) return fc_memory_fail(FC_STATUS_IO, EBADF, out_error);
    if (size > fc_memory_file_bytes_max) return fc_memory_fail(FC_STATUS_IO, EFBIG, out_error);
    if (!fc_memory_note_data_op(node, kind, size, NULL, 0))
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    if (!fc_memory_image_resize(&node->visible, size)) {
        fc_memory_forget_last_op(node);
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    }
    return FC_STATUS_OK;
}

static fc_status memory_reserve_file(void *context, fc_file *file, uint64_t offset, uint64_t length,
                                     int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_RESERVE, FC_MEMORY_TAKES_SPACE, file->node,
                                       NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    if (offset > fc_memory_file_bytes_max || length > fc_memory_file_bytes_max - offset)
        status = fc_memory_fail(FC_STATUS_IO, EFBIG, out_error);
    else if (length > 0 && offset + length > file->node->visible.size)
        status = offset + length <= reach_of(disk, file->node)
                     ? resize_file(file, FC_MEMORY_RESERVE, offset + length, out_error)
                     : fc_memory_fail(FC_STATUS_NO_SPACE, ENOSPC, out_error);
    fc_memory_unlock(disk);
    return status;
}

static fc_status memory_truncate_file(void *context, fc_file *file, uint64_t size, int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_TRUNCATE, 0, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    status = resize_file(file, FC_MEMORY_TRUNCATE, size, out_error);
    fc_memory_unlock(disk);
    return status;
}

static fc_status memory_sync_file(void *context, fc_file *file, int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    // Space may run out as late as here, on file systems that allocate late.
    fc_status status = fc_memory_begin(disk, FC_CALL_SYNC_FILE, FC_MEMORY_TAKES_SPACE, file->node,
                                       NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    status = fc_memory_sync_node(file->node, fault, out_error);
    fc_memory_unlock(disk);
    return status;
}

static fc_status memory_direct_alignment(void *context, fc_file *file, uint64_t *out_alignment,
                                         int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_SIZE, 0, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    const uint64_t alignment = file->direct ? disk->direct_alignment : 0;
    fc_memory_unlock(disk);
    if (alignment == 0) return fc_memory_fail(FC_STATUS_UNSUPPORTED, EINVAL, out_error);
    *out_alignment = alignment;
    return FC_STATUS_OK;
}

// MARK: Locks

static fc_status memory_lock_file(void *context, fc_file *file, int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_LOCK, 0, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    fc_memory_node *node = file->node;
    if (!file->writable)
        status = fc_memory_fail(FC_STATUS_IO, EBADF, out_error);
    else if (node->lock_holder != NULL && node->lock_holder != file)
        status = fc_memory_fail(FC_STATUS_LOCKED, EAGAIN, out_error);
    else
        node->lock_holder = file;
    fc_memory_unlock(disk);
    return status;
}

static fc_status memory_query_lock(void *context, fc_file *file, bool *out_locked, int *out_error) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_LOCK, 0, file->node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    *out_locked = file->node->lock_holder != NULL && file->node->lock_holder != file;
    fc_memory_unlock(disk);
    return FC_STATUS_OK;
}

// MARK: Clock and chance

static int64_t memory_wall_time_us(void *context) {
    fc_memory_disk *disk = context;
    fc_memory_lock(disk);
    int64_t now_us = disk->now_us;
    disk->now_us = (int64_t)((uint64_t)now_us + (uint64_t)disk->step_us);
    if (disk->step_us > 0) disk->monotonic_ns += (uint64_t)disk->step_us * 1000;
    fc_memory_unlock(disk);
    return now_us;
}

static uint64_t memory_monotonic_time_ns(void *context) {
    fc_memory_disk *disk = context;
    fc_memory_lock(disk);
    uint64_t now_ns = disk->monotonic_ns;
    fc_memory_unlock(disk);
    return now_ns;
}

static fc_status memory_random_bytes(void *context, void *bytes, size_t length) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_RANDOM, 0, NULL, "", &fault, NULL);
    if (status != FC_STATUS_OK) return status;
    uint8_t *to = bytes;
    while (length > 0) {
        uint64_t value = fc_memory_mix(disk->random_state += 0x9e3779b97f4a7c15u);
        size_t part = length < sizeof value ? length : sizeof value;
        memcpy(to, &value, part);
        to += part;
        length -= part;
    }
    fc_memory_unlock(disk);
    return FC_STATUS_OK;
}

// MARK: Threads: the system's, in memory of the table's allocator

static fc_status memory_mutex_create(void *context, fc_mutex **out) {
    return fc_posix_mutex_create(&((fc_memory_disk *)context)->os.memory, out);
}

static void memory_mutex_destroy(void *context, fc_mutex *mutex) {
    fc_posix_mutex_destroy(&((fc_memory_disk *)context)->os.memory, mutex);
}

static void memory_mutex_lock(void *context, fc_mutex *mutex) {
    (void)context;
    fc_posix_mutex_lock(mutex);
}

static void memory_mutex_unlock(void *context, fc_mutex *mutex) {
    (void)context;
    fc_posix_mutex_unlock(mutex);
}

static fc_status memory_condition_create(void *context, fc_condition **out) {
    return fc_posix_condition_create(&((fc_memory_disk *)context)->os.memory, out);
}

static void memory_condition_destroy(void *context, fc_condition *condition) {
    fc_posix_condition_destroy(&((fc_memory_disk *)context)->os.memory, condition);
}

static void memory_condition_wait(void *context, fc_condition *condition, fc_mutex *mutex,
                                  uint64_t timeout_ns) {
    fc_memory_disk *disk = context;
    if (!fc_posix_condition_wait(condition, mutex, timeout_ns)) return;
    // Else a caller that waits for a time on this clock would wait for ever.
    fc_memory_lock(disk);
    disk->monotonic_ns += timeout_ns;
    fc_memory_unlock(disk);
}

static void memory_condition_signal(void *context, fc_condition *condition) {
    (void)context;
    fc_posix_condition_signal(condition);
}

static void memory_condition_broadcast(void *context, fc_condition *condition) {
    (void)context;
    fc_posix_condition_broadcast(condition);
}

static fc_status memory_thread_start(void *context, void (*body)(void *argument), void *argument,
                                     fc_thread **out) {
    fc_memory_disk *disk = context;
    if (!disk->with_threads) return FC_STATUS_UNSUPPORTED;
    return fc_posix_thread_start(&disk->os.memory, body, argument, out);
}

static void memory_thread_join(void *context, fc_thread *thread) {
    fc_posix_thread_join(&((fc_memory_disk *)context)->os.memory, thread);
}

static uint64_t memory_thread_id(void *context) {
    (void)context;
    return fc_posix_thread_id();
}

// MARK: The table

void fc_memory_fill_table(fc_memory_disk *disk) {
    disk->os = (fc_os){
        .context = disk,
        .memory = fc_memory_allocator(disk),
        .open_file = memory_open_file,
        .close_file = memory_close_file,
        .read_at = memory_read_at,
        .write_at = memory_write_at,
        .file_size = memory_file_size,
        .reserve_file = memory_reserve_file,
        .truncate_file = memory_truncate_file,
        .sync_file = memory_sync_file,
        .direct_alignment = memory_direct_alignment,
        .lock_file = memory_lock_file,
        .query_lock = memory_query_lock,
        .wall_time_us = memory_wall_time_us,
        .monotonic_time_ns = memory_monotonic_time_ns,
        .random_bytes = memory_random_bytes,
        .mutex_create = memory_mutex_create,
        .mutex_destroy = memory_mutex_destroy,
        .mutex_lock = memory_mutex_lock,
        .mutex_unlock = memory_mutex_unlock,
        .condition_create = memory_condition_create,
        .condition_destroy = memory_condition_destroy,
        .condition_wait = memory_condition_wait,
        .condition_signal = memory_condition_signal,
        .condition_broadcast = memory_condition_broadcast,
        .thread_start = memory_thread_start,
        .thread_join = memory_thread_join,
        .thread_id = memory_thread_id,
    };
    fc_memory_fill_directory_calls(&disk->os);
}
