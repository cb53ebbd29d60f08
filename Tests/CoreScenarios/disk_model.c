// The in-memory disk beside a model of what a power cut may leave: the durable state, and any subset of what was
// done since and not synced, in its order.
#include <stdlib.h>
#include <string.h>

#include "model_support.h"

#define NAMES 3 // files are called p, q, r
#define FILES_MAX 40
#define FILE_BYTES_MAX 64
#define OPERATIONS_MAX 9
#define TEXT_BYTES (NAMES * (FILE_BYTES_MAX + 8))
#define HOLDS(condition) MODEL_HOLDS(model->report, model->seed, condition)

typedef enum operation_kind {
    OPERATION_WRITE,
    OPERATION_TRUNCATE,
    OPERATION_GROW,
    OPERATION_CREATE, // from here on of the directory
    OPERATION_RENAME,
    OPERATION_REMOVE
} operation_kind;

typedef struct operation {
    operation_kind kind;
    int file;     // number of the file
    int name, to; // numbers of the names
    uint64_t offset;
    char text[8];
} operation;

typedef struct disk_state {
    struct {
        char data[FILE_BYTES_MAX];
        uint64_t size;
    } files[FILES_MAX];
    int entries[NAMES]; // file numbers; -1: none
} disk_state;

typedef struct disk_model {
    scenario_report *report;
    uint64_t seed;
    model_chance chance;
    fc_memory_disk *disk;
    const fc_os *os;
    fc_directory *directory;
    disk_state durable, visible;
    operation pending[OPERATIONS_MAX + 1];
    int pending_count, file_count;
    uint64_t subsets;
} disk_model;

static void apply(disk_state *state, const operation *op) {
    char *data = state->files[op->file].data;
    uint64_t *size = &state->files[op->file].size;
    const uint64_t length = strlen(op->text);
    switch (op->kind) {
    case OPERATION_WRITE:
        memcpy(data + op->offset, op->text, (size_t)length);
        if (op->offset + length > *size) *size = op->offset + length;
        break;
    case OPERATION_TRUNCATE:
        if (op->offset < *size) memset(data + op->offset, 0, (size_t)(FILE_BYTES_MAX - op->offset));
        *size = op->offset;
        break;
    case OPERATION_GROW:
        if (*size < op->offset) *size = op->offset;
        break;
    case OPERATION_CREATE:
        state->entries[op->name] = op->file;
        break;
    case OPERATION_RENAME: // not when its source's creation was lost
        if (state->entries[op->name] != op->file) break;
        state->entries[op->name] = -1;
        state->entries[op->to] = op->file;
        break;
    case OPERATION_REMOVE:
        state->entries[op->name] = -1;
        break;
    }
}

// ---- States as text ----------------------------------------------------------------------------

static void add_text(char *text, char name, const char *data, uint64_t size) {
    size_t at = strlen(text);
    text[at++] = name;
    text[at++] = '=';
    for (uint64_t i = 0; i < size; i++)
        text[at++] = data[i] == 0 ? '.' : data[i];
    text[at++] = '\n';
    text[at] = 0;
}

static void state_text(const disk_state *state, char *out) {
    out[0] = 0;
    for (int name = 0; name < NAMES; name++) {
        const int file = state->entries[name];
        if (file >= 0)
            add_text(out, (char)('p' + name), state->files[file].data, state->files[file].size);
    }
}

static void disk_text(fc_memory_disk *disk, char *out) {
    out[0] = 0;
    for (int name = 0; name < NAMES; name++) {
        const char path[] = {'d', 'b', '/', (char)('p' + name), 0};
        char data[FILE_BYTES_MAX];
        uint64_t size;
        if (!fc_memory_disk_file_size(disk, path, &size)) continue;
        if (size > sizeof data || !fc_memory_disk_read(disk, path, 0, data, (size_t)size)) abort();
        add_text(out, path[3], data, size);
    }
}

// ---- Doing ------------------------------------------------------------------------------------

static fc_file *open_named(disk_model *model, int name, fc_open_mode mode) {
    const char text[] = {(char)('p' + name), 0};
    fc_file *file;
    int error;
    if (model->os->open_file(model->os->context, model->directory, text, mode, &file, &error) !=
        FC_STATUS_OK)
        abort();
    return file;
}

static void note(disk_model *model, const operation *op) {
    model->pending[model->pending_count++] = *op;
    apply(&model->visible, op);
}

static bool change_file(disk_model *model, operation op, fc_file *file) {
    const fc_os *os = model->os;
    const uint64_t size = model->visible.files[op.file].size;
    int error;
    if (op.kind == OPERATION_WRITE) {
        const size_t length = 1 + (size_t)chance_below(&model->chance, 5);
        for (size_t i = 0; i < length; i++)
            op.text[i] = (char)('A' + chance_below(&model->chance, 26));
        HOLDS(fc_os_write_all(os, file, op.offset, op.text, length, 1, &error) == FC_STATUS_OK);
    } else if (op.kind == OPERATION_TRUNCATE) {
        HOLDS(os->truncate_file(os->context, file, op.offset, &error) == FC_STATUS_OK);
    } else {
        op.offset = size + chance_below(&model->chance, 4);
        if (op.offset > 50) op.offset = 50;
        HOLDS(os->reserve_file(os->context, file, 0, op.offset, &error) == FC_STATUS_OK);
        if (op.offset <= size) return true; // nothing to do
    }
    note(model, &op);
    return true;
}

// A sync folds what it covers into the durable state; a lying one drops it for good.
static bool sync(disk_model *model, int file, fc_file *handle) {
    const fc_os *os = model->os;
    const bool lies = chance_one_in(&model->chance, 3);
    int error, kept = 0;
    if (lies)
        fc_memory_disk_fail_call(model->disk,
                                 handle != NULL ? FC_CALL_SYNC_FILE : FC_CALL_SYNC_DIRECTORY, 0,
                                 FC_FAULT_LYING_SYNC_FAIL, false);
    const fc_status status = handle != NULL
                                 ? fc_os_sync(os, handle, &error)
                                 : os->sync_directory(os->context, model->directory, &error);
    HOLDS(status == (lies ? FC_STATUS_IO : FC_STATUS_OK));
    for (int i = 0; i < model->pending_count; i++) {
        const operation *op = &model->pending[i];
        const bool is_covered = handle != NULL ? op->kind < OPERATION_CREATE && op->file == file
                                               : op->kind >= OPERATION_CREATE;
        if (!is_covered)
            model->pending[kept++] = *op;
        else if (!lies)
            apply(&model->durable, op);
    }
    model->pending_count = kept;
    return true;
}

static bool step(disk_model *model) {
    model_chance *chance = &model->chance;
    const fc_os *os = model->os;
    operation op = {.name = (int)chance_below(chance, NAMES),
                    .to = (int)chance_below(chance, NAMES)};
    op.file = model->visible.entries[op.name];
    op.offset = chance_below(chance, 12);
    const char from[] = {(char)('p' + op.name), 0}, to[] = {(char)('p' + op.to), 0};
    const uint64_t kind = chance_below(chance, 13);
    int error;
    bool holds = true;
    if (op.file < 0) {
        if (model->file_count > 0 && !chance_one_in(chance, 4)) return true;
        os->close_file(os->context, open_named(model, op.name, FC_OPEN_CREATE));
        op.kind = OPERATION_CREATE;
        op.file = model->file_count++;
        note(model, &op);
    } else if (kind < 8 || kind == 11) {
        fc_file *file = open_named(model, op.name, FC_OPEN_READ_WRITE);
        op.kind = kind < 5 ? OPERATION_WRITE : kind == 5 ? OPERATION_TRUNCATE : OPERATION_GROW;
        holds = kind == 11 ? sync(model, op.file, file) : change_file(model, op, file);
        os->close_file(os->context, file);
    } else if (kind == 8) {
        op.kind = OPERATION_REMOVE;
        HOLDS(os->remove_file(os->context, model->directory, from, &error) == FC_STATUS_OK);
        note(model, &op);
    } else if (kind < 11) {
        op.kind = OPERATION_RENAME;
        HOLDS(os->rename_file(os->context, model->directory, from, to, &error) == FC_STATUS_OK);
        if (op.name != op.to) note(model, &op);
    } else {
        holds = sync(model, -1, NULL);
    }
    char seen[TEXT_BYTES], expected[TEXT_BYTES];
    disk_text(model->disk, seen);
    state_text(&model->visible, expected);
    HOLDS(strcmp(seen, expected) == 0); // running code always sees everything
    return holds;
}

// ---- Cutting the power -------------------------------------------------------------------------

static void crash_text(disk_model *model, int mode, uint64_t seed, char *out) {
    fc_crash_options options = {.seed = seed};
    memcpy(&options.mode, &mode, sizeof options.mode);
    fc_memory_disk *image;
    if (fc_memory_disk_crash(model->disk, &options, &image) != FC_STATUS_OK) abort();
    disk_text(image, out);
    fc_memory_disk_destroy(image);
    model->report->images++;
}

// What survives when exactly the operations in `mask` do.
static void subset_text(const disk_model *model, uint32_t mask, char *out) {
    disk_state *state = malloc(sizeof *state);
    if (state == NULL) abort();
    *state = model->durable;
    for (int i = 0; i < model->pending_count; i++)
        if (mask >> i & 1) apply(state, &model->pending[i]);
    state_text(state, out);
    free(state);
}

static bool check_plain_modes(disk_model *model) {
    char seen[TEXT_BYTES], expected[TEXT_BYTES];
    const uint32_t all = (1u << model->pending_count) - 1;
    uint32_t data = 0;
    for (int i = 0; i < model->pending_count; i++)
        if (model->pending[i].kind < OPERATION_CREATE) data |= 1u << i;
    const struct {
        int mode;
        uint32_t mask;
    } cases[] = {
        {FC_CRASH_LOSE_ALL, 0}, {FC_CRASH_LOSE_ENTRIES, data}, {FC_CRASH_LOSE_DATA, all & ~data}};
    for (int i = 0; i < 3; i++) {
        crash_text(model, cases[i].mode, 1, seen);
        subset_text(model, cases[i].mask, expected);
        HOLDS(strcmp(seen, expected) == 0);
    }
    crash_text(model, FC_CRASH_KEEP_ALL, 1, seen);
    state_text(&model->visible, expected); // with what a lying sync lost
    HOLDS(strcmp(seen, expected) == 0);
    return true;
}

static bool check_subsets(disk_model *model) {
    const uint32_t count = 1u << model->pending_count;
    char(*possible)[TEXT_BYTES] = malloc(count * sizeof *possible);
    bool *was_seen = calloc(count, sizeof *was_seen);
    if (possible == NULL || was_seen == NULL) abort();
    for (uint32_t mask = 0; mask < count; mask++)
        subset_text(model, mask, possible[mask]);
    bool holds = true;
    char seen[TEXT_BYTES];
    for (uint64_t seed = 0; holds && seed < 8 * (uint64_t)count; seed++) {
        crash_text(model, FC_CRASH_RANDOM_SUBSET, seed + model->seed, seen);
        holds = false;
        for (uint32_t mask = 0; mask < count; mask++)
            if (strcmp(seen, possible[mask]) == 0) holds = was_seen[mask] = true;
    }
    uint32_t prefixes = 0;
    for (uint64_t seed = 0; holds && seed < 100; seed++) {
        crash_text(model, FC_CRASH_PREFIX, seed, seen);
        holds = false;
        for (int n = 0; n <= model->pending_count; n++)
            if (strcmp(seen, possible[(1u << n) - 1]) == 0) {
                prefixes |= 1u << n;
                holds = true;
            }
    }
    for (uint32_t mask = 0; mask < count; mask++)
        model->report->distinct_images += was_seen[mask];
    model->subsets += count;
    free(possible);
    free(was_seen);
    HOLDS(holds);
    HOLDS(prefixes == (2u << model->pending_count) - 1);
    return true;
}

static bool try_disk(disk_model *model) {
    const fc_os *os = model->os;
    int error;
    HOLDS(os->open_directory(os->context, "db", true, &model->directory) == FC_STATUS_OK);
    HOLDS(os->sync_parent_directory(os->context, model->directory, &error) == FC_STATUS_OK);
    for (int name = 0; name < NAMES; name++)
        model->durable.entries[name] = model->visible.entries[name] = -1;
    bool holds = true;
    for (int i = 0; holds && i < 200; i++) {
        if (model->file_count >= FILES_MAX - 2 || model->pending_count >= OPERATIONS_MAX) break;
        holds = step(model);
    }
    holds = holds && check_plain_modes(model) && check_subsets(model);
    os->close_directory(os->context, model->directory);
    HOLDS(fc_memory_disk_allocated_bytes(model->disk) == 0);
    return holds;
}

void scenario_disk_model(uint64_t seed, uint32_t disks, uint64_t *out_subsets,
                         scenario_report *report) {
    *out_subsets = 0;
    for (uint32_t i = 0; i < disks; i++) {
        disk_model *model = calloc(1, sizeof *model);
        if (model == NULL || fc_memory_disk_create(false, &model->disk) != FC_STATUS_OK) abort();
        model->report = report;
        model->seed = model->chance.state = seed + i;
        model->os = fc_memory_disk_os(model->disk);
        const bool holds = try_disk(model);
        *out_subsets += model->subsets;
        fc_memory_disk_destroy(model->disk);
        free(model);
        report->runs++;
        if (!holds) break;
    }
}
