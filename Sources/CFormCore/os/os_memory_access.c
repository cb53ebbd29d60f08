// Direct access to the files of the in-memory disk, for tests.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "os_memory_internal.h"

// Walks to the directory that holds `path`'s last component, which it puts into `name`. With
// `make`, missing directories are made. NULL when there is none.
static fc_memory_node *find_parent(fc_memory_disk *disk, const char *path, bool make, char *name) {
    fc_memory_node *node = disk->root;
    if (fc_memory_next_component(&path, name) != 1) return NULL;
    for (;;) {
        char next[FC_MEMORY_NAME_BYTES];
        int more = fc_memory_next_component(&path, next);
        if (more < 0) return NULL;
        if (more == 0) return node;
        fc_memory_node *child = fc_memory_entries_find(&node->visible_entries, name);
        if (child == NULL && make) child = fc_memory_make_entry(node, true, name);
        if (child == NULL || !child->is_directory) return NULL;
        // What is put inside is to be durable at once, so the way to it must be.
        if (make && !fc_memory_entries_put(&node->durable_entries, name, child)) return NULL;
        node = child;
        memcpy(name, next, sizeof next);
    }
}

static fc_memory_node *find_file(fc_memory_disk *disk, const char *path) {
    char name[FC_MEMORY_NAME_BYTES];
    fc_memory_node *parent = find_parent(disk, path, false, name);
    if (parent == NULL) return NULL;
    fc_memory_node *node = fc_memory_entries_find(&parent->visible_entries, name);
    return node != NULL && !node->is_directory ? node : NULL;
}

// Makes all that is visible of a file durable.
static bool settle(fc_memory_node *node) {
    if (!fc_memory_image_copy(&node->durable, &node->visible)) return false;
    fc_memory_drop_ops(node);
    return true;
}

bool fc_memory_disk_file_size(fc_memory_disk *disk, const char *path, uint64_t *out_size) {
    fc_memory_lock(disk);
    const fc_memory_node *node = find_file(disk, path);
    if (node != NULL) *out_size = node->visible.size;
    fc_memory_unlock(disk);
    return node != NULL;
}

bool fc_memory_disk_read(fc_memory_disk *disk, const char *path, uint64_t offset, void *bytes,
                         size_t length) {
    fc_memory_lock(disk);
    const fc_memory_node *node = find_file(disk, path);
    bool fits =
        node != NULL && offset <= node->visible.size && length <= node->visible.size - offset;
    if (fits) fc_memory_image_read(&node->visible, offset, bytes, length);
    fc_memory_unlock(disk);
    return fits;
}

bool fc_memory_disk_write(fc_memory_disk *disk, const char *path, uint64_t offset,
                          const void *bytes, size_t length) {
    if (offset > fc_memory_file_bytes_max || length > fc_memory_file_bytes_max - offset)
        return false;
    fc_memory_lock(disk);
    fc_memory_node *node = find_file(disk, path);
    bool done = node != NULL && fc_memory_image_write(&node->visible, offset, bytes, length) &&
                settle(node);
    fc_memory_unlock(disk);
    return done;
}

bool fc_memory_disk_truncate(fc_memory_disk *disk, const char *path, uint64_t size) {
    if (size > fc_memory_file_bytes_max) return false;
    fc_memory_lock(disk);
    fc_memory_node *node = find_file(disk, path);
    bool done = node != NULL && fc_memory_image_resize(&node->visible, size) && settle(node);
    fc_memory_unlock(disk);
    return done;
}

// Takes every entry of `node` out of a directory, and every unsynced change that speaks of it.
static void remove_traces(fc_memory_node *directory, fc_memory_node *node) {
    fc_memory_node_retain(node);
    fc_memory_entries *both[] = {&directory->visible_entries, &directory->durable_entries};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = both[k]->count; i-- > 0;)
            if (both[k]->items[i].node == node)
                fc_memory_entries_remove(both[k], both[k]->items[i].name);
    size_t kept = 0;
    for (size_t i = 0; i < directory->entry_op_count; i++) {
        if (directory->entry_ops[i].node == node)
            fc_memory_node_release(node);
        else
            directory->entry_ops[kept++] = directory->entry_ops[i];
    }
    directory->entry_op_count = kept;
    fc_memory_node_release(node);
}

bool fc_memory_disk_remove(fc_memory_disk *disk, const char *path) {
    char name[FC_MEMORY_NAME_BYTES];
    fc_memory_lock(disk);
    fc_memory_node *parent = find_parent(disk, path, false, name);
    fc_memory_node *node =
        parent == NULL ? NULL : fc_memory_entries_find(&parent->visible_entries, name);
    bool is_file = node != NULL && !node->is_directory;
    if (is_file) {
        remove_traces(parent, node);
        fc_memory_entries_remove(&parent->durable_entries, name); // one that it had replaced
    }
    fc_memory_unlock(disk);
    return is_file;
}

static bool create_file(fc_memory_disk *disk, const char *path, const void *bytes, size_t length) {
    char name[FC_MEMORY_NAME_BYTES];
    fc_memory_node *parent = find_parent(disk, path, true, name);
    if (parent == NULL) return false;
    fc_memory_node *node = fc_memory_entries_find(&parent->visible_entries, name);
    if (node != NULL && node->is_directory) return false;
    bool is_new = node == NULL;
    if (is_new) node = fc_memory_node_create(disk, false, name);
    if (node == NULL) return false;
    bool done = fc_memory_image_resize(&node->visible, 0) &&
                fc_memory_image_write(&node->visible, 0, bytes, length) && settle(node) &&
                fc_memory_entries_put(&parent->visible_entries, name, node) &&
                fc_memory_entries_put(&parent->durable_entries, name, node);
    if (is_new) fc_memory_node_release(node);
    return done;
}

bool fc_memory_disk_create_file(fc_memory_disk *disk, const char *path, const void *bytes,
                                size_t length) {
    if (length > fc_memory_file_bytes_max) return false;
    fc_memory_lock(disk);
    bool done = create_file(disk, path, bytes, length);
    fc_memory_unlock(disk);
    return done;
}

// MARK: Listing

typedef struct path_list {
    char **items;
    size_t count, capacity;
} path_list;

static bool path_list_add(path_list *list, const char *directory, const char *name,
                          char **out_path) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        char **items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) return false;
        list->items = items;
        list->capacity = capacity;
    }
    size_t prefix = strlen(directory), length = strlen(name);
    char *path = malloc(prefix + length + 2);
    if (path == NULL) return false;
    memcpy(path, directory, prefix);
    if (prefix > 0) path[prefix++] = '/';
    memcpy(path + prefix, name, length + 1);
    *out_path = path;
    return true;
}

// Adds all files beneath a directory.
static bool collect_paths(const fc_memory_node *directory, const char *path, path_list *list) {
    const fc_memory_entries *entries = &directory->visible_entries;
    bool has_memory = true;
    for (size_t i = 0; has_memory && i < entries->count; i++) {
        const fc_memory_entry *entry = &entries->items[i];
        char *inner;
        has_memory = path_list_add(list, path, entry->name, &inner);
        if (!has_memory) break;
        if (entry->node->is_directory) {
            has_memory = collect_paths(entry->node, inner, list);
            free(inner);
        } else {
            list->items[list->count++] = inner;
        }
    }
    return has_memory;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void fc_memory_disk_list(fc_memory_disk *disk, void (*visit)(void *visitor, const char *path),
                         void *visitor) {
    path_list list = {0};
    fc_memory_lock(disk);
    bool has_memory = collect_paths(disk->root, "", &list);
    fc_memory_unlock(disk);
    assert(has_memory); // a list without its end would be a wrong answer
    (void)has_memory;
    if (list.count > 0) qsort(list.items, list.count, sizeof *list.items, compare_paths);
    for (size_t i = 0; i < list.count; i++) { // without the lock: visitors may use the disk
        visit(visitor, list.items[i]);
        free(list.items[i]);
    }
    free(list.items);
}
