// Damage to files at rest: every bit flipped, every length, files removed, swapped, stale, foreign.
#include <stdlib.h>
#include <string.h>

#include "scenario_internal.h"

#define FILES_MAX 64

typedef struct file_list {
    char paths[FILES_MAX][128];
    uint32_t count;
} file_list;

static void add_path(void *visitor, const char *path) {
    file_list *list = visitor;
    // LOCK holds no bytes that mean anything, only the lock.
    const char *name = strrchr(path, '/');
    if (list->count < FILES_MAX && (!name || strcmp(name, "/LOCK") != 0))
        snprintf(list->paths[list->count++], sizeof list->paths[0], "%s", path);
}

static fc_memory_disk *copy_disk(fc_memory_disk *disk) {
    fc_crash_options options = {.mode = FC_CRASH_KEEP_ALL};
    fc_memory_disk *image;
    if (fc_memory_disk_crash(disk, &options, &image) != FC_STATUS_OK) abort();
    return image;
}

typedef struct damage {
    const scenario_options *options;
    const workload_history *history;
    fc_memory_disk *sound;
    uint64_t acknowledged;
    uint64_t least; // below this nothing may be lost, whatever the rules leave open
    scenario_report *report;
} damage;

// Judges a damaged copy: refused as corrupt, or whole, or (counted) ambiguous.
static void judge(damage *context, fc_memory_disk *image, const char *what) {
    scenario_report *report = context->report;
    fc_store *store;
    fc_detail detail = {0};
    const fc_store_options store_options =
        workload_store_options(context->options, fc_memory_disk_os(image));
    report->images++;
    const fc_status status = fc_open(&store_options, &store, &detail);
    if (status != FC_STATUS_OK) {
        report->refused++;
        if (status < FC_STATUS_CORRUPT || status >= FC_STATUS_OUT_OF_MEMORY)
            scenario_failed(report, "%s: refused with %s: %s", what, fc_status_name(status),
                            detail.message);
        return;
    }
    report->recovered++;
    uint64_t digest, sequence;
    if (!store_digest(store, &digest, &sequence))
        scenario_failed(report, "%s: opens, and cannot be read", what);
    else if (sequence > context->history->last_sequence ||
             digest != context->history->digests[sequence])
        scenario_failed(report, "%s: a wrong answer at sequence %llu", what,
                        (unsigned long long)sequence);
    else if (sequence < context->least)
        scenario_failed(report, "%s: fell back to sequence %llu unnoticed", what,
                        (unsigned long long)sequence);
    else if (sequence < context->acknowledged)
        report->ambiguous++;
    fc_store_release(store);
    if (!scenario_has_failed(report) && fc_memory_disk_allocated_bytes(image) != 0)
        scenario_failed(report, "%s: memory is not given back", what);
}

static void flip_all(damage *context, const char *path, uint32_t stride) {
    uint64_t size;
    if (!fc_memory_disk_file_size(context->sound, path, &size)) return;
    for (uint64_t bit = 0; bit < size * 8 && !scenario_has_failed(context->report); bit += stride) {
        fc_memory_disk *image = copy_disk(context->sound);
        uint8_t byte;
        fc_memory_disk_read(image, path, bit / 8, &byte, 1);
        byte ^= (uint8_t)(1 << bit % 8);
        fc_memory_disk_write(image, path, bit / 8, &byte, 1);
        char what[192];
        snprintf(what, sizeof what, "bit %llu of %s flipped", (unsigned long long)bit, path);
        judge(context, image, what);
        fc_memory_disk_destroy(image);
    }
}

static void truncate_all(damage *context, const char *path, uint32_t stride, uint64_t least) {
    uint64_t size;
    if (!fc_memory_disk_file_size(context->sound, path, &size)) return;
    damage truncated = *context;
    truncated.least = least;
    for (uint64_t length = 0; length < size && !scenario_has_failed(context->report);
         length += stride) {
        fc_memory_disk *image = copy_disk(context->sound);
        fc_memory_disk_truncate(image, path, length);
        char what[192];
        snprintf(what, sizeof what, "%s cut to %llu bytes", path, (unsigned long long)length);
        judge(&truncated, image, what);
        fc_memory_disk_destroy(image);
    }
}

static void remove_each(damage *context, const file_list *files) {
    for (uint32_t f = 0; f < files->count && !scenario_has_failed(context->report); f++) {
        fc_memory_disk *image = copy_disk(context->sound);
        fc_memory_disk_remove(image, files->paths[f]);
        char what[192];
        snprintf(what, sizeof what, "%s removed", files->paths[f]);
        judge(context, image, what);
        fc_memory_disk_destroy(image);
    }
}

static uint8_t *read_file(fc_memory_disk *disk, const char *path, uint64_t *size) {
    if (!fc_memory_disk_file_size(disk, path, size)) return NULL;
    uint8_t *bytes = malloc(*size + 1);
    if (bytes && !fc_memory_disk_read(disk, path, 0, bytes, *size)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static void put_file(fc_memory_disk *disk, const char *path, const uint8_t *bytes, uint64_t size) {
    fc_memory_disk_remove(disk, path);
    fc_memory_disk_create_file(disk, path, bytes, size);
}

static void swap_each(damage *context, const file_list *files) {
    for (uint32_t a = 0; a < files->count; a++)
        for (uint32_t b = a + 1; b < files->count && !scenario_has_failed(context->report); b++) {
            fc_memory_disk *image = copy_disk(context->sound);
            uint64_t size_a, size_b;
            uint8_t *bytes_a = read_file(image, files->paths[a], &size_a);
            uint8_t *bytes_b = read_file(image, files->paths[b], &size_b);
            if (!bytes_a || !bytes_b) abort();
            put_file(image, files->paths[a], bytes_b, size_b);
            put_file(image, files->paths[b], bytes_a, size_a);
            char what[288];
            snprintf(what, sizeof what, "%s and %s swapped", files->paths[a], files->paths[b]);
            judge(context, image, what);
            free(bytes_a);
            free(bytes_b);
            fc_memory_disk_destroy(image);
        }
}

// A disk with the workload run on it, closed or left as by a kill.
static fc_memory_disk *make_sound(const scenario_options *options, uint64_t seed, bool clean,
                                  uint64_t *acknowledged) {
    fc_memory_disk *disk = scenario_make_disk(options);
    fc_memory_disk_seed_random(disk, seed);
    if (clean) {
        const workload_progress progress = workload_run(options, fc_memory_disk_os(disk), true);
        *acknowledged = progress.acknowledged;
        return disk;
    }
    fc_store *store;
    const fc_store_options store_options = workload_store_options(options, fc_memory_disk_os(disk));
    if (fc_open(&store_options, &store, NULL) != FC_STATUS_OK) abort();
    for (uint32_t step = 0; step < options->transactions; step++) {
        fc_commit_result result;
        bool committed;
        if (workload_step(store, options->seed, step, &result, &committed) != FC_STATUS_OK) abort();
        if (committed) *acknowledged = result.sequence;
    }
    fc_memory_disk *left = copy_disk(disk); // what a kill leaves
    fc_store_release(store);
    fc_memory_disk_destroy(disk);
    return left;
}

void scenario_flips(const scenario_options *options, bool clean, uint32_t bit_stride,
                    uint32_t length_stride, scenario_report *report) {
    workload_history *history = malloc(sizeof *history);
    if (!history || !workload_record(options, history, report)) {
        free(history);
        return;
    }
    damage context = {.options = options, .history = history, .report = report};
    context.sound = make_sound(options, 1, clean, &context.acknowledged);
    // After a kill the last group may be judged torn; nothing before it may.
    context.least = clean ? context.acknowledged : context.acknowledged - 1;
    file_list files = {.count = 0};
    fc_memory_disk_list(context.sound, add_path, &files);
    for (uint32_t f = 0; f < files.count && !scenario_has_failed(report); f++) {
        flip_all(&context, files.paths[f], bit_stride);
        // A newest file cut short above the floor is ambiguous after a kill.
        truncate_all(&context, files.paths[f], length_stride, clean ? context.acknowledged : 0);
    }
    remove_each(&context, &files);
    swap_each(&context, &files);
    fc_memory_disk_destroy(context.sound);
    free(history);
}

// ---- Parts that belong elsewhere ---------------------------------------------------------------

// Copies 4 KiB units between places of log files: swapped, repeated and stale groups.
static void move_units(damage *context, fc_memory_disk *other, const file_list *files,
                       uint64_t *random, uint32_t rounds) {
    for (uint32_t round = 0; round < rounds && !scenario_has_failed(context->report); round++) {
        fc_memory_disk *image = copy_disk(context->sound);
        const char *to = files->paths[scenario_random(random) % files->count];
        const char *from = files->paths[scenario_random(random) % files->count];
        uint64_t to_size = 0, from_size = 0;
        uint8_t unit[4096] = {0};
        fc_memory_disk_file_size(image, to, &to_size);
        fc_memory_disk_file_size(other, from, &from_size);
        if (to_size >= 4096 && from_size >= 4096) {
            const uint64_t at = scenario_random(random) % (to_size / 4096) * 4096;
            const uint64_t source = scenario_random(random) % (from_size / 4096) * 4096;
            fc_memory_disk_read(other, from, source, unit, sizeof unit);
            fc_memory_disk_write(image, to, at, unit, sizeof unit);
            char what[320];
            snprintf(what, sizeof what, "4 KiB of %s at %llu copied over %s at %llu", from,
                     (unsigned long long)source, to, (unsigned long long)at);
            judge(context, image, what);
        }
        fc_memory_disk_destroy(image);
    }
}

// Each file replaced by its namesake of another store, or of the same store at an earlier time.
static void replace_files(damage *context, fc_memory_disk *other, const file_list *files,
                          const char *kind) {
    for (uint32_t f = 0; f < files->count && !scenario_has_failed(context->report); f++) {
        uint64_t size;
        uint8_t *bytes = read_file(other, files->paths[f], &size);
        if (!bytes) continue;
        fc_memory_disk *image = copy_disk(context->sound);
        put_file(image, files->paths[f], bytes, size);
        char what[192];
        snprintf(what, sizeof what, "%s is %s", files->paths[f], kind);
        judge(context, image, what);
        free(bytes);
        fc_memory_disk_destroy(image);
    }
}

void scenario_foreign_parts(const scenario_options *options, scenario_report *report) {
    workload_history *history = malloc(sizeof *history);
    if (!history || !workload_record(options, history, report)) {
        free(history);
        return;
    }
    damage context = {.options = options, .history = history, .report = report};
    context.sound = make_sound(options, 1, true, &context.acknowledged);
    context.least = context.acknowledged;
    uint64_t other_acknowledged, random = options->seed;
    fc_memory_disk *foreign = make_sound(options, 2, true, &other_acknowledged);
    scenario_options shorter = *options;
    shorter.transactions = options->transactions / 2;
    fc_memory_disk *stale = make_sound(&shorter, 1, true, &other_acknowledged);
    file_list files = {.count = 0};
    fc_memory_disk_list(context.sound, add_path, &files);
    replace_files(&context, foreign, &files, "another store's");
    // A stale manifest beside newer logs must be noticed or harmless; a stale log must be noticed.
    replace_files(&context, stale, &files, "of an earlier time");
    move_units(&context, context.sound, &files, &random, 400);
    move_units(&context, foreign, &files, &random, 200);
    move_units(&context, stale, &files, &random, 200);
    fc_memory_disk_destroy(foreign);
    fc_memory_disk_destroy(stale);
    fc_memory_disk_destroy(context.sound);
    free(history);
}
