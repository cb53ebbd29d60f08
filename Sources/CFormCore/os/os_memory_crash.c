// What a power cut (or a killed process) can leave of the in-memory disk; digests.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"
#include "os_memory_internal.h"

// Which unsynced changes survive. Each choice is a function of the seed and the change's number,
// so that it does not depend on the order of the walk.
typedef struct crash_plan {
    const fc_crash_options *options;
    uint64_t last_number; // FC_CRASH_PREFIX: the last change that survives
} crash_plan;

static uint64_t chance(const crash_plan *plan, uint64_t number, uint64_t salt) {
    uint64_t value = fc_memory_mix(plan->options->seed + 0x9e3779b97f4a7c15u);
    value = fc_memory_mix(value ^ (number * 0xd1342543de82ef95u));
    return fc_memory_mix(value + salt * 0xda942042e4dd58b5u);
}

static bool survives(const crash_plan *plan, uint64_t number, bool is_entry) {
    switch (plan->options->mode) {
    case FC_CRASH_LOSE_ALL:
        return false;
    case FC_CRASH_KEEP_ALL:
        return true;
    case FC_CRASH_RANDOM_SUBSET:
        return (chance(plan, number, 0) & 1) != 0;
    case FC_CRASH_PREFIX:
        return number <= plan->last_number;
    case FC_CRASH_LOSE_ENTRIES:
        return !is_entry;
    case FC_CRASH_LOSE_DATA:
        return is_entry;
    }
    return false;
}

static bool is_torn(const crash_plan *plan, const fc_memory_data_op *op) {
    if (plan->options->tear_bytes == 0 || op->kind != FC_MEMORY_WRITE) return false;
    if (plan->options->mode == FC_CRASH_PREFIX) return op->number == plan->last_number;
    return plan->options->mode == FC_CRASH_RANDOM_SUBSET;
}

// MARK: Torn writes

// Writes [from, end) of a torn write, as far as the file may reach.
static bool write_part(fc_memory_image *image, const fc_memory_data_op *op, uint64_t from,
                       uint64_t end, uint64_t reach) {
    if (end > reach) end = reach;
    if (from >= end) return true;
    return fc_memory_image_write(image, from, op->bytes + (from - op->offset),
                                 (size_t)(end - from));
}

// A write of which some units arrive: by chance all, the first few or any. Of the growth that it
// means for the file arrives all (the rest then reads as zeros), what the units need, or nothing.
static bool apply_torn(const crash_plan *plan, fc_memory_image *image,
                       const fc_memory_data_op *op) {
    enum { KEEP_FIRST = 1, KEEP_ANY = 2 };
    enum { GROW_NOT = 0, GROW_FULLY = 1 };
    uint64_t unit = plan->options->tear_bytes, end = op->offset + op->length;
    uint64_t style = chance(plan, op->number, 1) & 3, growth = chance(plan, op->number, 2) % 3;
    uint64_t unit_count = (end - 1) / unit - op->offset / unit + 1;
    uint64_t first_count = chance(plan, op->number, 3) % (unit_count + 1);
    uint64_t reach = growth == GROW_NOT ? image->size : UINT64_MAX;
    if (growth == GROW_FULLY && image->size < end && !fc_memory_image_resize(image, end))
        return false;
    uint64_t from = op->offset;
    for (uint64_t i = 0; i < unit_count; i++) {
        uint64_t unit_end = (op->offset / unit + i + 1) * unit;
        if (unit_end > end) unit_end = end;
        bool keeps = style == KEEP_FIRST ? i < first_count
                     : style >= KEEP_ANY ? (chance(plan, op->number, 4 + i) & 1) != 0
                                         : true;
        if (keeps && !write_part(image, op, from, unit_end, reach)) return false;
        from = unit_end;
    }
    return true;
}

// MARK: Power cuts

static bool build_file(const crash_plan *plan, fc_memory_node *to, const fc_memory_node *from) {
    if (!fc_memory_image_copy(&to->durable, &from->durable)) return false;
    for (size_t i = 0; i < from->data_op_count; i++) {
        const fc_memory_data_op *op = &from->data_ops[i];
        if (!survives(plan, op->number, false)) continue;
        bool has_memory = is_torn(plan, op) ? apply_torn(plan, &to->durable, op)
                                            : fc_memory_apply_data_op(&to->durable, op);
        if (!has_memory) return false;
    }
    return fc_memory_image_copy(&to->visible, &to->durable);
}

static bool build_directory(const crash_plan *plan, fc_memory_node *to, const fc_memory_node *from);

static bool build_entry(const crash_plan *plan, fc_memory_node *to, const fc_memory_entry *entry) {
    const fc_memory_node *from = entry->node;
    fc_memory_node *node = fc_memory_node_create(to->disk, from->is_directory, entry->name);
    if (node == NULL) return false;
    if (from->is_directory) node->parent = to;
    bool has_memory =
        from->is_directory ? build_directory(plan, node, from) : build_file(plan, node, from);
    has_memory = has_memory && fc_memory_entries_put(&to->durable_entries, entry->name, node) &&
                 fc_memory_entries_put(&to->visible_entries, entry->name, node);
    fc_memory_node_release(node);
    return has_memory;
}

static bool build_directory(const crash_plan *plan, fc_memory_node *to,
                            const fc_memory_node *from) {
    fc_memory_entries entries = {0};
    bool has_memory = fc_memory_entries_copy(&entries, &from->durable_entries);
    for (size_t i = 0; has_memory && i < from->entry_op_count; i++)
        if (survives(plan, from->entry_ops[i].number, true))
            has_memory = fc_memory_apply_entry_op(&entries, &from->entry_ops[i]);
    for (size_t i = 0; has_memory && i < entries.count; i++)
        has_memory = build_entry(plan, to, &entries.items[i]);
    fc_memory_entries_deinit(&entries);
    return has_memory;
}

static int compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// Draws how many unsynced changes survive, of all files and directories together.
static bool choose_prefix(crash_plan *plan, const fc_memory_disk *disk) {
    size_t count = 0;
    for (const fc_memory_node *node = disk->nodes; node != NULL; node = node->next)
        count += node->data_op_count + node->entry_op_count;
    size_t kept_count = (size_t)(chance(plan, 0, 0) % (count + 1));
    plan->last_number = 0; // numbers begin at 1
    if (kept_count == 0) return true;
    uint64_t *numbers = malloc(count * sizeof *numbers);
    if (numbers == NULL) return false;
    size_t i = 0;
    for (const fc_memory_node *node = disk->nodes; node != NULL; node = node->next) {
        for (size_t k = 0; k < node->data_op_count; k++)
            numbers[i++] = node->data_ops[k].number;
        for (size_t k = 0; k < node->entry_op_count; k++)
            numbers[i++] = node->entry_ops[k].number;
    }
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    plan->last_number = numbers[kept_count - 1];
    free(numbers);
    return true;
}

// MARK: Killed processes

static bool clone_entries(fc_memory_entries *to, const fc_memory_entries *from) {
    for (size_t i = 0; i < from->count; i++)
        if (!fc_memory_entries_put(to, from->items[i].name, from->items[i].node->clone))
            return false;
    return true;
}

// Copies the content of a node whose clone, and those of all it speaks of, exist.
static bool clone_content(const fc_memory_node *from) {
    fc_memory_node *to = from->clone;
    if (!fc_memory_image_copy(&to->durable, &from->durable)) return false;
    if (!fc_memory_image_copy(&to->visible, &from->visible)) return false;
    if (!clone_entries(&to->durable_entries, &from->durable_entries)) return false;
    if (!clone_entries(&to->visible_entries, &from->visible_entries)) return false;
    if (from->parent != NULL) to->parent = from->parent->clone;
    for (size_t i = 0; i < from->data_op_count; i++) {
        const fc_memory_data_op *op = &from->data_ops[i];
        if (!fc_memory_note_data_op(to, op->kind, op->offset, op->bytes, op->length)) return false;
        to->data_ops[i].number = op->number;
    }
    for (size_t i = 0; i < from->entry_op_count; i++) {
        const fc_memory_entry_op *op = &from->entry_ops[i];
        if (!fc_memory_note_entry_op(to, op->kind, op->name, op->to, op->node->clone)) return false;
        to->entry_ops[i].number = op->number;
    }
    return true;
}

// Copies all nodes, with what is durable, visible and unsynced.
static bool clone_disk(fc_memory_disk *to, fc_memory_disk *from) {
    bool has_memory = true;
    for (fc_memory_node *node = from->nodes; node != NULL; node = node->next)
        node->clone = NULL;
    from->root->clone = to->root;
    fc_memory_node_retain(to->root);
    for (fc_memory_node *node = from->nodes; has_memory && node != NULL; node = node->next) {
        if (node->clone != NULL) continue;
        node->clone = fc_memory_node_create(to, node->is_directory, node->name);
        has_memory = node->clone != NULL;
    }
    for (fc_memory_node *node = from->nodes; has_memory && node != NULL; node = node->next)
        has_memory = clone_content(node);
    to->last_op_number = from->last_op_number;
    // Nodes that only a handle of the killed process held go with it.
    for (fc_memory_node *node = from->nodes; node != NULL; node = node->next)
        if (node->clone != NULL) fc_memory_node_release(node->clone);
    return has_memory;
}

fc_status fc_memory_disk_crash(fc_memory_disk *disk, const fc_crash_options *options,
                               fc_memory_disk **out) {
    assert(!disk->is_plain);
    fc_memory_disk *image;
    fc_status status = fc_memory_disk_create(disk->with_threads, &image);
    if (status != FC_STATUS_OK) return status;
    fc_memory_lock(disk);
    image->capacity_bytes = disk->capacity_bytes;
    image->direct_alignment = disk->direct_alignment;
    image->now_us = disk->now_us;
    image->step_us = disk->step_us;
    image->monotonic_ns = disk->monotonic_ns;
    image->random_state = disk->random_state;
    bool has_memory = true;
    if (options->mode == FC_CRASH_KEEP_ALL) {
        has_memory = clone_disk(image, disk);
    } else {
        crash_plan plan = {.options = options};
        if (options->mode == FC_CRASH_PREFIX) has_memory = choose_prefix(&plan, disk);
        has_memory = has_memory && build_directory(&plan, image->root, disk->root);
    }
    fc_memory_unlock(disk);
    if (!has_memory) {
        fc_memory_disk_destroy(image);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    *out = image;
    return FC_STATUS_OK;
}

// MARK: Digests

static uint64_t digest_tree(const fc_memory_node *node, bool durable, uint64_t hash) {
    if (!node->is_directory)
        return fc_memory_image_hash(durable ? &node->durable : &node->visible, hash);
    const fc_memory_entries *entries = durable ? &node->durable_entries : &node->visible_entries;
    hash = fc_hash64(&entries->count, sizeof entries->count, hash);
    for (size_t i = 0; i < entries->count; i++) {
        const fc_memory_entry *entry = &entries->items[i];
        hash = fc_hash64(entry->name, strlen(entry->name) + 1, hash);
        hash = digest_tree(entry->node, durable, hash + entry->node->is_directory);
    }
    return hash;
}

uint64_t fc_memory_disk_digest(fc_memory_disk *disk) {
    assert(!disk->is_plain);
    fc_memory_lock(disk);
    uint64_t digest = digest_tree(disk->root, false, digest_tree(disk->root, true, 0));
    fc_memory_unlock(disk);
    return digest;
}
