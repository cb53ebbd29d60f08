#include "catalog.h"

#include <assert.h>
#include <string.h>

#include "../base/hash.h"

// One binding of a name to an entry. Bindings of one hash bucket are chained, newest first.
typedef struct fc_name_binding {
    struct fc_name_binding *next;  // in the bucket
    struct fc_name_binding *older; // of the entry
    fc_entry *entry;
    uint64_t hash;
    uint64_t from, to;
    size_t name_length;
    uint8_t name[];
} name_binding;

typedef enum change_kind { CHANGE_ADD, CHANGE_BIND, CHANGE_UNBIND, CHANGE_DROP } change_kind;

// One step of the running transaction, for undoing.
typedef struct catalog_change {
    change_kind kind;
    fc_entry *entry;
    name_binding *binding;
} catalog_change;

typedef struct entry_list {
    fc_entry **entries; // [id - 1]
    uint32_t count, capacity;
} entry_list;

struct fc_catalog {
    const fc_os *os;
    fc_mutex *mutex;
    entry_list lists[2]; // by fc_target_kind
    name_binding **buckets;
    size_t bucket_count, binding_count; // bucket_count: a power of two
    catalog_change *changes;
    size_t change_count, change_capacity;
};

#define FIRST_BUCKETS 64

static void lock(const fc_catalog *catalog) {
    catalog->os->mutex_lock(catalog->os->context, catalog->mutex);
}

static void unlock(const fc_catalog *catalog) {
    catalog->os->mutex_unlock(catalog->os->context, catalog->mutex);
}

fc_status fc_catalog_create(const fc_os *os, fc_catalog **out) {
    fc_catalog *catalog = fc_allocate_cleared(&os->memory, 1, sizeof *catalog);
    if (!catalog) return FC_STATUS_OUT_OF_MEMORY;
    catalog->os = os;
    catalog->bucket_count = FIRST_BUCKETS;
    catalog->buckets = fc_allocate_cleared(&os->memory, FIRST_BUCKETS, sizeof(name_binding *));
    if (!catalog->buckets || os->mutex_create(os->context, &catalog->mutex) != FC_STATUS_OK) {
        fc_catalog_destroy(catalog);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    *out = catalog;
    return FC_STATUS_OK;
}

static void release_entry(const fc_catalog *catalog, fc_entry *entry) {
    if (entry->memtable) fc_memtable_destroy(entry->memtable);
    if (entry->series) fc_series_destroy(entry->series);
    fc_footprints_destroy(atomic_load(&entry->footprints));
    catalog->os->memory.release(catalog->os->memory.context, entry->allocation,
                                entry->allocation_size);
}

static void release_binding(const fc_catalog *catalog, name_binding *binding) {
    catalog->os->memory.release(catalog->os->memory.context, binding,
                                sizeof *binding + binding->name_length);
}

void fc_catalog_destroy(fc_catalog *catalog) {
    const fc_allocator *memory = &catalog->os->memory;
    for (size_t bucket = 0; catalog->buckets && bucket < catalog->bucket_count; bucket++) {
        name_binding *binding = catalog->buckets[bucket];
        while (binding) {
            name_binding *next = binding->next;
            release_binding(catalog, binding);
            binding = next;
        }
    }
    for (int kind = 0; kind < 2; kind++) {
        entry_list *list = &catalog->lists[kind];
        for (uint32_t index = 0; index < list->count; index++)
            release_entry(catalog, list->entries[index]);
        memory->release(memory->context, list->entries, list->capacity * sizeof(fc_entry *));
    }
    memory->release(memory->context, catalog->buckets,
                    catalog->bucket_count * sizeof(name_binding *));
    memory->release(memory->context, catalog->changes,
                    catalog->change_capacity * sizeof(catalog_change));
    if (catalog->mutex) catalog->os->mutex_destroy(catalog->os->context, catalog->mutex);
    memory->release(memory->context, catalog, sizeof *catalog);
}

// ---- Names -------------------------------------------------------------------------------------

static uint64_t hash_of(fc_target_kind kind, fc_bytes name) {
    return fc_hash64(name.data, name.length, (uint64_t)kind + 1);
}

// REQUIRES: the lock, or the writer.
static name_binding *find_binding(const fc_catalog *catalog, fc_target_kind kind, fc_bytes name,
                                  uint64_t sequence) {
    const uint64_t hash = hash_of(kind, name);
    for (name_binding *binding = catalog->buckets[hash & (catalog->bucket_count - 1)]; binding;
         binding = binding->next)
        if (binding->hash == hash && binding->entry->kind == kind &&
            binding->name_length == name.length &&
            memcmp(binding->name, name.data, name.length) == 0 && binding->from <= sequence &&
            sequence < binding->to)
            return binding;
    return NULL;
}

// REQUIRES: the lock, or the writer.
static name_binding *binding_of(const fc_entry *entry, uint64_t sequence) {
    name_binding *binding = entry->names;
    while (binding && !(binding->from <= sequence && sequence < binding->to))
        binding = binding->older;
    return binding;
}

static void push_binding(fc_catalog *catalog, name_binding *binding) {
    name_binding **bucket = &catalog->buckets[binding->hash & (catalog->bucket_count - 1)];
    binding->next = *bucket;
    *bucket = binding;
}

// Doubles the buckets when they are full. REQUIRES: the lock. Failing to grow only costs speed.
static void grow_buckets(fc_catalog *catalog) {
    if (catalog->binding_count < catalog->bucket_count) return;
    const size_t old_count = catalog->bucket_count;
    name_binding **old = catalog->buckets;
    name_binding **grown =
        fc_allocate_cleared(&catalog->os->memory, old_count * 2, sizeof(name_binding *));
    if (!grown) return;
    catalog->buckets = grown;
    catalog->bucket_count = old_count * 2;
    for (size_t bucket = 0; bucket < old_count; bucket++) {
        // Oldest first, so that each new chain is newest first again.
        name_binding *reversed = NULL;
        for (name_binding *binding = old[bucket]; binding;) {
            name_binding *next = binding->next;
            binding->next = reversed;
            reversed = binding;
            binding = next;
        }
        for (name_binding *binding = reversed; binding;) {
            name_binding *next = binding->next;
            push_binding(catalog, binding);
            binding = next;
        }
    }
    catalog->os->memory.release(catalog->os->memory.context, old,
                                old_count * sizeof(name_binding *));
}

// REQUIRES: the lock.
static void bind_entry(fc_catalog *catalog, name_binding *binding) {
    binding->older = binding->entry->names;
    binding->entry->names = binding;
    push_binding(catalog, binding);
    catalog->binding_count++;
    grow_buckets(catalog);
}

static name_binding *make_binding(const fc_catalog *catalog, fc_entry *entry, fc_bytes name,
                                  uint64_t sequence) {
    name_binding *binding =
        fc_allocate_cleared(&catalog->os->memory, 1, sizeof *binding + name.length);
    if (!binding) return NULL;
    binding->entry = entry;
    binding->hash = hash_of(entry->kind, name);
    binding->from = sequence;
    binding->to = FC_LIVE;
    binding->name_length = name.length;
    memcpy(binding->name, name.data, name.length);
    return binding;
}

// ---- Changes and their undoing -----------------------------------------------------------------

static fc_status reserve_changes(fc_catalog *catalog, size_t additional) {
    if (catalog->change_capacity - catalog->change_count >= additional) return FC_STATUS_OK;
    const size_t capacity = catalog->change_capacity * 2 + additional + 8;
    const fc_allocator *memory = &catalog->os->memory;
    catalog_change *grown =
        memory->reallocate(memory->context, catalog->changes,
                           catalog->change_capacity * sizeof *grown, capacity * sizeof *grown);
    if (!grown) return FC_STATUS_OUT_OF_MEMORY;
    catalog->changes = grown;
    catalog->change_capacity = capacity;
    return FC_STATUS_OK;
}

static void note(fc_catalog *catalog, change_kind kind, fc_entry *entry, name_binding *binding) {
    assert(catalog->change_count < catalog->change_capacity);
    catalog->changes[catalog->change_count++] = (catalog_change){kind, entry, binding};
}

static fc_status reserve_entry(fc_catalog *catalog, entry_list *list) {
    if (list->count < list->capacity) return FC_STATUS_OK;
    const uint32_t capacity = list->capacity * 2 + 16;
    const fc_allocator *memory = &catalog->os->memory;
    fc_entry **grown = memory->allocate(memory->context, capacity * sizeof *grown);
    if (!grown) return FC_STATUS_OUT_OF_MEMORY;
    if (list->count > 0) memcpy(grown, list->entries, list->count * sizeof *grown);
    lock(catalog);
    fc_entry **old = list->entries;
    const uint32_t old_capacity = list->capacity;
    list->entries = grown;
    list->capacity = capacity;
    unlock(catalog);
    memory->release(memory->context, old, old_capacity * sizeof *grown);
    return FC_STATUS_OK;
}

static fc_bytes copy_into(uint8_t **cursor, fc_bytes bytes) {
    const fc_bytes copy = {*cursor, bytes.length};
    if (bytes.length > 0) memcpy(*cursor, bytes.data, bytes.length);
    *cursor += bytes.length;
    return copy;
}

// One allocation holds the entry, its field name table, and their text and the options.
static fc_entry *make_entry(const fc_catalog *catalog, const fc_operation *create) {
    size_t size =
        sizeof(fc_entry) + create->field_count * sizeof(fc_bytes) + create->options.length;
    for (uint32_t i = 0; i < create->field_count; i++)
        size += fc_operation_field(create, i).length;
    uint8_t *allocation = fc_allocate_cleared(&catalog->os->memory, 1, size);
    if (!allocation) return NULL;
    fc_entry *entry = (fc_entry *)(void *)allocation;
    entry->allocation = allocation;
    entry->allocation_size = size;
    entry->kind = create->target_kind;
    entry->field_count = create->field_count;
    entry->field_names = (fc_bytes *)(void *)(allocation + sizeof(fc_entry));
    uint8_t *cursor = allocation + sizeof(fc_entry) + create->field_count * sizeof(fc_bytes);
    for (uint32_t i = 0; i < create->field_count; i++)
        entry->field_names[i] = copy_into(&cursor, fc_operation_field(create, i));
    entry->options = copy_into(&cursor, create->options);
    return entry;
}

fc_status fc_catalog_add(fc_catalog *catalog, const fc_operation *create, uint64_t sequence,
                         fc_entry **out) {
    entry_list *list = &catalog->lists[create->target_kind];
    if (find_binding(catalog, create->target_kind, create->name, sequence))
        return FC_STATUS_ALREADY_EXISTS;
    if (reserve_changes(catalog, 2) != FC_STATUS_OK || reserve_entry(catalog, list) != FC_STATUS_OK)
        return FC_STATUS_OUT_OF_MEMORY;
    fc_entry *entry = make_entry(catalog, create);
    if (!entry) return FC_STATUS_OUT_OF_MEMORY;
    entry->id = list->count + 1;
    entry->created = sequence;
    atomic_store(&entry->deleted, FC_LIVE);
    entry->next_row_id = UINT64_MAX;
    name_binding *binding = make_binding(catalog, entry, create->name, sequence);
    if (!binding) {
        release_entry(catalog, entry);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    lock(catalog);
    list->entries[list->count++] = entry;
    bind_entry(catalog, binding);
    unlock(catalog);
    note(catalog, CHANGE_ADD, entry, NULL);
    note(catalog, CHANGE_BIND, entry, binding);
    *out = entry;
    return FC_STATUS_OK;
}

fc_status fc_catalog_rename(fc_catalog *catalog, fc_entry *entry, fc_bytes name,
                            uint64_t sequence) {
    name_binding *old = binding_of(entry, sequence);
    assert(old);
    name_binding *taken = find_binding(catalog, entry->kind, name, sequence);
    if (taken) return FC_STATUS_ALREADY_EXISTS;
    if (reserve_changes(catalog, 2) != FC_STATUS_OK) return FC_STATUS_OUT_OF_MEMORY;
    name_binding *binding = make_binding(catalog, entry, name, sequence);
    if (!binding) return FC_STATUS_OUT_OF_MEMORY;
    lock(catalog);
    old->to = sequence;
    bind_entry(catalog, binding);
    unlock(catalog);
    note(catalog, CHANGE_UNBIND, entry, old);
    note(catalog, CHANGE_BIND, entry, binding);
    return FC_STATUS_OK;
}

fc_status fc_catalog_drop(fc_catalog *catalog, fc_entry *entry, uint64_t sequence) {
    if (reserve_changes(catalog, 2) != FC_STATUS_OK) return FC_STATUS_OUT_OF_MEMORY;
    name_binding *binding = binding_of(entry, sequence);
    assert(binding);
    lock(catalog);
    binding->to = sequence;
    atomic_store(&entry->deleted, sequence);
    unlock(catalog);
    note(catalog, CHANGE_UNBIND, entry, binding);
    note(catalog, CHANGE_DROP, entry, NULL);
    return FC_STATUS_OK;
}

size_t fc_catalog_mark(const fc_catalog *catalog) {
    return catalog->change_count;
}

static void unlink_binding(fc_catalog *catalog, name_binding *binding) {
    name_binding **link = &catalog->buckets[binding->hash & (catalog->bucket_count - 1)];
    while (*link != binding)
        link = &(*link)->next;
    *link = binding->next;
    binding->entry->names = binding->older;
    catalog->binding_count--;
}

void fc_catalog_restore(fc_catalog *catalog, size_t mark) {
    while (catalog->change_count > mark) {
        const catalog_change change = catalog->changes[--catalog->change_count];
        lock(catalog);
        switch (change.kind) {
        case CHANGE_ADD:
            catalog->lists[change.entry->kind].count--;
            break;
        case CHANGE_BIND:
            unlink_binding(catalog, change.binding);
            break;
        case CHANGE_UNBIND:
            change.binding->to = FC_LIVE;
            break;
        case CHANGE_DROP:
            atomic_store(&change.entry->deleted, FC_LIVE);
            break;
        }
        unlock(catalog);
        if (change.kind == CHANGE_ADD) release_entry(catalog, change.entry);
        if (change.kind == CHANGE_BIND) release_binding(catalog, change.binding);
    }
}

void fc_catalog_commit(fc_catalog *catalog) {
    catalog->change_count = 0;
}

uint32_t fc_catalog_next_id(const fc_catalog *catalog, fc_target_kind kind) {
    return catalog->lists[kind].count + 1;
}

// ---- Reading -----------------------------------------------------------------------------------

fc_entry *fc_catalog_find(fc_catalog *catalog, fc_target_kind kind, fc_bytes name,
                          uint64_t sequence) {
    lock(catalog);
    const name_binding *binding = find_binding(catalog, kind, name, sequence);
    fc_entry *entry = binding ? binding->entry : NULL;
    unlock(catalog);
    return entry;
}

fc_entry *fc_catalog_entry(fc_catalog *catalog, fc_target_kind kind, uint32_t id,
                           uint64_t sequence) {
    lock(catalog);
    const entry_list *list = &catalog->lists[kind];
    fc_entry *entry = id >= 1 && id <= list->count ? list->entries[id - 1] : NULL;
    // Asked under the lock: one that is added and not committed may be freed at any moment.
    if (entry && entry->created > sequence) entry = NULL;
    unlock(catalog);
    return entry;
}

fc_entry *fc_catalog_get(fc_catalog *catalog, fc_target_kind kind, uint32_t id, uint64_t sequence) {
    fc_entry *entry = fc_catalog_entry(catalog, kind, id, sequence);
    return entry && atomic_load(&entry->deleted) > sequence ? entry : NULL;
}

fc_entry *fc_catalog_get_writing(fc_catalog *catalog, fc_target_kind kind, uint32_t id,
                                 uint64_t sequence) {
    const entry_list *list = &catalog->lists[kind];
    if (id < 1 || id > list->count) return NULL;
    fc_entry *entry = list->entries[id - 1];
    return entry->created > sequence || atomic_load(&entry->deleted) <= sequence ? NULL : entry;
}

fc_bytes fc_catalog_name_writing(const fc_entry *entry, uint64_t sequence) {
    const name_binding *binding = binding_of(entry, sequence);
    return binding ? (fc_bytes){binding->name, binding->name_length} : (fc_bytes){0};
}

fc_bytes fc_catalog_name(fc_catalog *catalog, const fc_entry *entry, uint64_t sequence) {
    lock(catalog);
    const fc_bytes name = fc_catalog_name_writing(entry, sequence);
    unlock(catalog);
    return name;
}

uint32_t fc_catalog_count(fc_catalog *catalog, fc_target_kind kind) {
    lock(catalog);
    const uint32_t count = catalog->lists[kind].count;
    unlock(catalog);
    return count;
}
