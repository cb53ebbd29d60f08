// The in-memory disk: creation, nodes and names, unsynced changes, paths.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "os_memory_internal.h"

// MARK: The disk

fc_status fc_memory_disk_create(bool with_threads, fc_memory_disk **out) {
    fc_memory_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (pthread_mutex_init(&disk->mutex, NULL) != 0) {
        free(disk);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    disk->with_threads = with_threads;
    disk->now_us = 1735689600000000; // 2025-01-01T00:00:00Z
    disk->step_us = 1000;
    disk->monotonic_ns = 1000000000;
    disk->random_state = 0x9e3779b97f4a7c15u;
    disk->root = fc_memory_node_create(disk, true, "");
    if (disk->root == NULL) {
        fc_memory_disk_destroy(disk);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    fc_memory_fill_table(disk);
    *out = disk;
    return FC_STATUS_OK;
}

static int64_t system_wall_time_us(void *context) {
    (void)context;
    const fc_os *os = fc_os_posix();
    return os->wall_time_us(os->context);
}

static uint64_t system_monotonic_time_ns(void *context) {
    (void)context;
    const fc_os *os = fc_os_posix();
    return os->monotonic_time_ns(os->context);
}

static fc_status system_random_bytes(void *context, void *bytes, size_t length) {
    (void)context;
    const fc_os *os = fc_os_posix();
    return os->random_bytes(os->context, bytes, length);
}

fc_status fc_memory_disk_create_plain(fc_memory_disk **out) {
    fc_status status = fc_memory_disk_create(true, out);
    if (status != FC_STATUS_OK) return status;
    fc_memory_disk *disk = *out;
    disk->is_plain = true;
    disk->os.memory = fc_os_posix()->memory;
    disk->os.wall_time_us = system_wall_time_us;
    disk->os.monotonic_time_ns = system_monotonic_time_ns;
    disk->os.random_bytes = system_random_bytes;
    return FC_STATUS_OK;
}

void fc_memory_disk_destroy(fc_memory_disk *disk) {
    if (disk == NULL) return;
    assert(disk->open_handle_count == 0);
    if (disk->root != NULL) fc_memory_node_release(disk->root);
    assert(disk->nodes == NULL);
    pthread_mutex_destroy(&disk->mutex);
    free(disk);
}

const fc_os *fc_memory_disk_os(fc_memory_disk *disk) {
    return &disk->os;
}

void fc_memory_lock(fc_memory_disk *disk) {
    int code = pthread_mutex_lock(&disk->mutex);
    assert(code == 0);
    (void)code;
}

void fc_memory_unlock(fc_memory_disk *disk) {
    int code = pthread_mutex_unlock(&disk->mutex);
    assert(code == 0);
    (void)code;
}

// SOURCE: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
uint64_t fc_memory_mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

void fc_memory_disk_set_capacity(fc_memory_disk *disk, uint64_t bytes) {
    fc_memory_lock(disk);
    disk->capacity_bytes = bytes;
    fc_memory_unlock(disk);
}

void fc_memory_disk_set_clock(fc_memory_disk *disk, int64_t now_us, int64_t step_us) {
    fc_memory_lock(disk);
    if (now_us > disk->now_us)
        disk->monotonic_ns += ((uint64_t)now_us - (uint64_t)disk->now_us) * 1000;
    disk->now_us = now_us;
    disk->step_us = step_us;
    fc_memory_unlock(disk);
}

void fc_memory_disk_set_direct(fc_memory_disk *disk, uint64_t alignment) {
    assert((alignment & (alignment - 1)) == 0);
    fc_memory_lock(disk);
    disk->direct_alignment = alignment;
    fc_memory_unlock(disk);
}

void fc_memory_disk_seed_random(fc_memory_disk *disk, uint64_t seed) {
    fc_memory_lock(disk);
    disk->random_state = seed;
    fc_memory_unlock(disk);
}

// MARK: Nodes

static void copy_name(char *to, const char *from) {
    size_t length = strlen(from);
    assert(length < FC_MEMORY_NAME_BYTES);
    memcpy(to, from, length + 1);
}

fc_memory_node *fc_memory_node_create(fc_memory_disk *disk, bool is_directory, const char *name) {
    fc_memory_node *node = calloc(1, sizeof *node);
    if (node == NULL) return NULL;
    node->disk = disk;
    node->is_directory = is_directory;
    node->reference_count = 1;
    copy_name(node->name, name);
    node->next = disk->nodes;
    if (disk->nodes != NULL) disk->nodes->previous = node;
    disk->nodes = node;
    return node;
}

void fc_memory_node_retain(fc_memory_node *node) {
    node->reference_count++;
}

void fc_memory_node_release(fc_memory_node *node) {
    assert(node->reference_count > 0);
    if (--node->reference_count > 0) return;
    fc_memory_drop_ops(node);
    fc_memory_image_deinit(&node->durable);
    fc_memory_image_deinit(&node->visible);
    fc_memory_entries_deinit(&node->durable_entries);
    fc_memory_entries_deinit(&node->visible_entries);
    free(node->data_ops);
    free(node->entry_ops);
    if (node->next != NULL) node->next->previous = node->previous;
    if (node->previous != NULL)
        node->previous->next = node->next;
    else
        node->disk->nodes = node->next;
    free(node);
}

// MARK: Entries

// The place of `name`, or where it would be inserted.
static size_t entries_place(const fc_memory_entries *entries, const char *name, bool *out_found) {
    size_t low = 0, high = entries->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(entries->items[middle].name, name);
        if (order == 0) {
            *out_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *out_found = false;
    return low;
}

// Room for one more item in an array that doubles. False when there is no memory.
static bool reserve_one(void **items, size_t count, size_t *capacity, size_t item_bytes) {
    if (count < *capacity) return true;
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *grown = realloc(*items, wanted * item_bytes);
    if (grown == NULL) return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

fc_memory_node *fc_memory_entries_find(const fc_memory_entries *entries, const char *name) {
    bool found;
    size_t place = entries_place(entries, name, &found);
    return found ? entries->items[place].node : NULL;
}

bool fc_memory_entries_put(fc_memory_entries *entries, const char *name, fc_memory_node *node) {
    bool found;
    size_t place = entries_place(entries, name, &found);
    if (found) {
        fc_memory_node *old = entries->items[place].node;
        fc_memory_node_retain(node);
        entries->items[place].node = node;
        fc_memory_node_release(old);
        return true;
    }
    void *items = entries->items;
    bool has_room = reserve_one(&items, entries->count, &entries->capacity, sizeof *entries->items);
    entries->items = items;
    if (!has_room) return false;
    fc_memory_entry *item = entries->items + place;
    memmove(item + 1, item, (entries->count - place) * sizeof *item);
    copy_name(item->name, name);
    item->node = node;
    fc_memory_node_retain(node);
    entries->count++;
    return true;
}

void fc_memory_entries_remove(fc_memory_entries *entries, const char *name) {
    bool found;
    size_t place = entries_place(entries, name, &found);
    if (!found) return;
    fc_memory_entry *item = entries->items + place;
    fc_memory_node *node = item->node;
    entries->count--;
    memmove(item, item + 1, (entries->count - place) * sizeof *item);
    fc_memory_node_release(node);
}

void fc_memory_entries_deinit(fc_memory_entries *entries) {
    for (size_t i = 0; i < entries->count; i++)
        fc_memory_node_release(entries->items[i].node);
    free(entries->items);
    *entries = (fc_memory_entries){0};
}

bool fc_memory_entries_copy(fc_memory_entries *to, const fc_memory_entries *from) {
    fc_memory_entries copy = {.count = from->count, .capacity = from->count};
    if (copy.count > 0) {
        copy.items = malloc(copy.count * sizeof *copy.items);
        if (copy.items == NULL) return false;
        memcpy(copy.items, from->items, copy.count * sizeof *copy.items);
    }
    for (size_t i = 0; i < copy.count; i++)
        fc_memory_node_retain(copy.items[i].node);
    fc_memory_entries_deinit(to);
    *to = copy;
    return true;
}

// MARK: Unsynced changes

bool fc_memory_apply_data_op(fc_memory_image *image, const fc_memory_data_op *op) {
    switch (op->kind) {
    case FC_MEMORY_WRITE:
        return fc_memory_image_write(image, op->offset, op->bytes, op->length);
    case FC_MEMORY_TRUNCATE:
        return fc_memory_image_resize(image, op->offset);
    case FC_MEMORY_RESERVE:
        return op->offset <= image->size || fc_memory_image_resize(image, op->offset);
    }
    return true;
}

bool fc_memory_apply_entry_op(fc_memory_entries *entries, const fc_memory_entry_op *op) {
    switch (op->kind) {
    case FC_MEMORY_CREATE:
        return fc_memory_entries_put(entries, op->name, op->node);
    case FC_MEMORY_RENAME:
        if (fc_memory_entries_find(entries, op->name) != op->node) return true;
        if (!fc_memory_entries_put(entries, op->to, op->node)) return false;
        fc_memory_entries_remove(entries, op->name);
        return true;
    case FC_MEMORY_REMOVE:
        fc_memory_entries_remove(entries, op->name);
        return true;
    }
    return true;
}

bool fc_memory_note_data_op(fc_memory_node *node, fc_memory_data_op_kind kind, uint64_t offset,
                            const void *bytes, size_t length) {
    if (node->disk->is_plain) return true;
    void *items = node->data_ops;
    bool has_room =
        reserve_one(&items, node->data_op_count, &node->data_op_capacity, sizeof *node->data_ops);
    node->data_ops = items;
    if (!has_room) return false;
    fc_memory_data_op op = {.kind = kind, .offset = offset, .length = length};
    if (length > 0) {
        op.bytes = malloc(length);
        if (op.bytes == NULL) return false;
        memcpy(op.bytes, bytes, length);
    }
    op.number = ++node->disk->last_op_number;
    node->data_ops[node->data_op_count++] = op;
    return true;
}

bool fc_memory_note_entry_op(fc_memory_node *directory, fc_memory_entry_op_kind kind,
                             const char *name, const char *to, fc_memory_node *node) {
    void *items = directory->entry_ops;
    bool has_room = reserve_one(&items, directory->entry_op_count, &directory->entry_op_capacity,
                                sizeof *directory->entry_ops);
    directory->entry_ops = items;
    if (!has_room) return false;
    fc_memory_entry_op *op = directory->entry_ops + directory->entry_op_count++;
    *op = (fc_memory_entry_op){
        .number = ++directory->disk->last_op_number, .kind = kind, .node = node};
    copy_name(op->name, name);
    copy_name(op->to, to);
    fc_memory_node_retain(node);
    return true;
}

void fc_memory_forget_last_op(fc_memory_node *node) {
    if (node->is_directory) {
        assert(node->entry_op_count > 0);
        fc_memory_node_release(node->entry_ops[--node->entry_op_count].node);
    } else if (!node->disk->is_plain) {
        assert(node->data_op_count > 0);
        free(node->data_ops[--node->data_op_count].bytes);
    }
}

// Drops the first `count` changes.
static void drop_first_ops(fc_memory_node *node, size_t count) {
    if (node->is_directory) {
        fc_memory_entry_op *ops = node->entry_ops;
        for (size_t i = 0; i < count; i++)
            fc_memory_node_release(ops[i].node);
        node->entry_op_count -= count;
        if (count > 0) memmove(ops, ops + count, node->entry_op_count * sizeof *ops);
    } else {
        fc_memory_data_op *ops = node->data_ops;
        for (size_t i = 0; i < count; i++)
            free(ops[i].bytes);
        node->data_op_count -= count;
        if (count > 0) memmove(ops, ops + count, node->data_op_count * sizeof *ops);
    }
}

void fc_memory_drop_ops(fc_memory_node *node) {
    drop_first_ops(node, node->is_directory ? node->entry_op_count : node->data_op_count);
}

bool fc_memory_fold_ops(fc_memory_node *node) {
    size_t done = 0;
    bool has_memory = true;
    if (node->is_directory) {
        while (has_memory && done < node->entry_op_count) {
            has_memory = fc_memory_apply_entry_op(&node->durable_entries, node->entry_ops + done);
            done += has_memory;
        }
    } else {
        while (has_memory && done < node->data_op_count) {
            has_memory = fc_memory_apply_data_op(&node->durable, node->data_ops + done);
            done += has_memory;
        }
    }
    drop_first_ops(node, done);
    return has_memory;
}

// Whether `earlier` would change what `last`, a write, has written.
static bool disturbs(const fc_memory_data_op *earlier, const fc_memory_data_op *last) {
    if (earlier->kind != FC_MEMORY_WRITE) return earlier->kind == FC_MEMORY_TRUNCATE;
    return earlier->offset < last->offset + last->length &&
           last->offset < earlier->offset + earlier->length;
}

bool fc_memory_fold_last_op(fc_memory_node *node) {
    if (node->disk->is_plain) return true;
    assert(!node->is_directory && node->data_op_count > 0);
    const size_t last = node->data_op_count - 1;
    fc_memory_data_op *ops = node->data_ops;
    size_t first_kept = 0; // trims stay in order with what was before them
    for (size_t i = 0; i < last; i++)
        if (ops[i].kind == FC_MEMORY_TRUNCATE) first_kept = i + 1;
    size_t kept = 0;
    for (size_t i = 0; i <= last; i++) {
        fc_memory_data_op op = ops[i];
        bool folds = i < first_kept || i == last || disturbs(&op, &ops[last]);
        // Without memory the rest stays unsynced, in order.
        if (folds && fc_memory_apply_data_op(&node->durable, &op))
            free(op.bytes);
        else
            ops[kept++] = op;
    }
    node->data_op_count = kept;
    return kept == 0 || ops[kept - 1].number != node->disk->last_op_number;
}

// MARK: Paths

int fc_memory_next_component(const char **path, char *name) {
    const char *start = *path;
    for (;;) { // "//" and "/./" are one slash
        while (*start == '/')
            start++;
        if (start[0] != '.' || (start[1] != '/' && start[1] != '\0')) break;
        start++;
    }
    size_t length = strcspn(start, "/");
    *path = start + length;
    if (length == 0) return 0;
    if (length >= FC_MEMORY_NAME_BYTES) return -1;
    memcpy(name, start, length);
    name[length] = '\0';
    return strcmp(name, "..") == 0 ? -1 : 1;
}

fc_memory_node *fc_memory_make_entry(fc_memory_node *parent, bool is_directory, const char *name) {
    fc_memory_node *node = fc_memory_node_create(parent->disk, is_directory, name);
    if (node == NULL) return NULL;
    if (is_directory) node->parent = parent;
    bool made = fc_memory_note_entry_op(parent, FC_MEMORY_CREATE, name, "", node);
    if (made && !fc_memory_entries_put(&parent->visible_entries, name, node)) {
        fc_memory_forget_last_op(parent);
        made = false;
    }
    fc_memory_node_release(node); // the entry has it now
    return made ? node : NULL;
}

fc_memory_node *fc_memory_find_directory(fc_memory_node *node, const char *path, bool create,
                                         fc_status *out_status) {
    char name[FC_MEMORY_NAME_BYTES], later_name[FC_MEMORY_NAME_BYTES];
    for (;;) {
        int found = fc_memory_next_component(&path, name);
        if (found == 0) return node;
        if (found < 0) {
            *out_status = FC_STATUS_INVALID_ARGUMENT;
            return NULL;
        }
        fc_memory_node *child = fc_memory_entries_find(&node->visible_entries, name);
        if (child == NULL) {
            const char *rest = path;
            if (!create || fc_memory_next_component(&rest, later_name) != 0) {
                *out_status = FC_STATUS_MISSING_FILE;
                return NULL;
            }
            child = fc_memory_make_entry(node, true, name);
            if (child == NULL) {
                *out_status = FC_STATUS_OUT_OF_MEMORY;
                return NULL;
            }
        } else if (!child->is_directory) {
            *out_status = FC_STATUS_IO;
            return NULL;
        }
        node = child;
    }
}
