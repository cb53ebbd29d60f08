// The directory calls of an in-memory disk's table.
#include <errno.h>
#include <string.h>

#include "os_internal.h"
#include "os_memory_internal.h"

// Opens the directory that `path` names from `from` on.
static fc_status open_from(fc_memory_disk *disk, fc_memory_node *from, const char *path,
                           bool create, fc_directory **out) {
    fc_directory *directory = fc_memory_allocate_handle(disk, sizeof *directory);
    if (directory == NULL) return FC_STATUS_OUT_OF_MEMORY;
    unsigned flags = create ? FC_MEMORY_TAKES_SPACE : 0;
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_OPEN_DIRECTORY, flags, NULL, path, &fault, NULL);
    if (status == FC_STATUS_OK) {
        fc_memory_node *node = fc_memory_find_directory(from, path, create, &status);
        if (node != NULL) {
            fc_memory_node_retain(node);
            disk->open_handle_count++;
            directory->node = node;
        }
        fc_memory_unlock(disk);
    }
    if (status != FC_STATUS_OK) {
        fc_memory_release_handle(disk, directory, sizeof *directory);
        return status;
    }
    *out = directory;
    return FC_STATUS_OK;
}

static fc_status memory_open_directory(void *context, const char *path, bool create,
                                       fc_directory **out) {
    fc_memory_disk *disk = context;
    return open_from(disk, disk->root, path, create, out);
}

static fc_status memory_open_subdirectory(void *context, fc_directory *directory, const char *name,
                                          bool create, fc_directory **out) {
    if (!fc_os_name_is_valid(name)) return FC_STATUS_INVALID_ARGUMENT;
    return open_from(context, directory->node, name, create, out);
}

static void memory_close_directory(void *context, fc_directory *directory) {
    if (directory == NULL) return;
    fc_memory_disk *disk = context;
    fc_memory_lock(disk);
    fc_memory_node_release(directory->node);
    disk->open_handle_count--;
    fc_memory_unlock(disk);
    fc_memory_release_handle(disk, directory, sizeof *directory);
}

static fc_status memory_list_directory(void *context, fc_directory *directory,
                                       bool (*visit)(void *visitor, const char *name),
                                       void *visitor) {
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_LIST_DIRECTORY, 0, directory->node, NULL, &fault, NULL);
    if (status != FC_STATUS_OK) return status;
    // Visitors may change the directory: they see it as it was.
    fc_memory_entries entries = {0};
    bool has_memory = fc_memory_entries_copy(&entries, &directory->node->visible_entries);
    fc_memory_unlock(disk);
    if (!has_memory) return FC_STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; i < entries.count; i++)
        if (!visit(visitor, entries.items[i].name)) break;
    fc_memory_lock(disk);
    fc_memory_entries_deinit(&entries);
    fc_memory_unlock(disk);
    return FC_STATUS_OK;
}

static fc_status sync_directory_node(fc_memory_disk *disk, fc_memory_node *node, int *out_error) {
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_SYNC_DIRECTORY, 0, node, NULL, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    status = fc_memory_sync_node(node, fault, out_error);
    fc_memory_unlock(disk);
    return status;
}

static fc_status memory_sync_directory(void *context, fc_directory *directory, int *out_error) {
    return sync_directory_node(context, directory->node, out_error);
}

static fc_status memory_sync_parent_directory(void *context, fc_directory *directory,
                                              int *out_error) {
    fc_memory_node *parent = directory->node->parent; // set once, at creation
    if (parent == NULL) parent = directory->node;     // the root is its own, as "/.." is
    return sync_directory_node(context, parent, out_error);
}

static fc_status rename_entry(fc_memory_node *directory, const char *from, const char *to,
                              int *out_error) {
    fc_memory_entries *entries = &directory->visible_entries;
    fc_memory_node *node = fc_memory_entries_find(entries, from);
    if (node == NULL) return fc_memory_fail(FC_STATUS_MISSING_FILE, ENOENT, out_error);
    const fc_memory_node *replaced = fc_memory_entries_find(entries, to);
    if (node->is_directory || (replaced != NULL && replaced->is_directory))
        return fc_memory_fail(FC_STATUS_IO, EISDIR, out_error);
    if (replaced == node) return FC_STATUS_OK;
    if (!fc_memory_note_entry_op(directory, FC_MEMORY_RENAME, from, to, node))
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    if (!fc_memory_entries_put(entries, to, node)) {
        fc_memory_forget_last_op(directory);
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    }
    fc_memory_entries_remove(entries, from);
    memcpy(node->name, to, strlen(to) + 1);
    return FC_STATUS_OK;
}

static fc_status memory_rename_file(void *context, fc_directory *directory, const char *from,
                                    const char *to, int *out_error) {
    if (!fc_os_name_is_valid(from) || !fc_os_name_is_valid(to))
        return fc_memory_fail(FC_STATUS_INVALID_ARGUMENT, EINVAL, out_error);
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status =
        fc_memory_begin(disk, FC_CALL_RENAME, FC_MEMORY_TAKES_SPACE, NULL, to, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    status = rename_entry(directory->node, from, to, out_error);
    fc_memory_unlock(disk);
    return status;
}

static fc_status remove_entry(fc_memory_node *directory, const char *name, int *out_error) {
    fc_memory_node *node = fc_memory_entries_find(&directory->visible_entries, name);
    if (node == NULL) return fc_memory_fail(FC_STATUS_MISSING_FILE, ENOENT, out_error);
    if (node->is_directory) return fc_memory_fail(FC_STATUS_IO, EISDIR, out_error);
    if (!fc_memory_note_entry_op(directory, FC_MEMORY_REMOVE, name, "", node))
        return fc_memory_fail(FC_STATUS_OUT_OF_MEMORY, ENOMEM, out_error);
    fc_memory_entries_remove(&directory->visible_entries, name);
    return FC_STATUS_OK;
}

static fc_status memory_remove_file(void *context, fc_directory *directory, const char *name,
                                    int *out_error) {
    if (!fc_os_name_is_valid(name))
        return fc_memory_fail(FC_STATUS_INVALID_ARGUMENT, EINVAL, out_error);
    fc_memory_disk *disk = context;
    fc_fault fault;
    fc_status status = fc_memory_begin(disk, FC_CALL_REMOVE, 0, NULL, name, &fault, out_error);
    if (status != FC_STATUS_OK) return status;
    status = remove_entry(directory->node, name, out_error);
    fc_memory_unlock(disk);
    return status;
}

void fc_memory_fill_directory_calls(fc_os *table) {
    table->open_directory = memory_open_directory;
    table->close_directory = memory_close_directory;
    table->open_subdirectory = memory_open_subdirectory;
    table->list_directory = memory_list_directory;
    table->sync_directory = memory_sync_directory;
    table->sync_parent_directory = memory_sync_parent_directory;
    table->rename_file = memory_rename_file;
    table->remove_file = memory_remove_file;
}
