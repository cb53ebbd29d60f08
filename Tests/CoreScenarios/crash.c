// Power cuts at every I/O call, in the workload and in recovery.
#include <stdlib.h>
#include <string.h>

#include "scenario_internal.h"

#define VARIANTS_MAX 2048

static const uint32_t tear_sizes[] = {0, 1, 512, 4096};

typedef struct crash_variant {
    int mode;
    uint32_t tear;
    uint64_t seed;
} crash_variant;

// The variants tried for each cut: the plain modes once, the random ones with each tear size and seed.
static uint32_t list_variants(const scenario_options *options, crash_variant *out) {
    uint32_t count = 0;
    out[count++] = (crash_variant){FC_CRASH_LOSE_ALL, 0, 0};
    out[count++] = (crash_variant){FC_CRASH_KEEP_ALL, 0, 0};
    out[count++] = (crash_variant){FC_CRASH_LOSE_ENTRIES, 0, 0};
    out[count++] = (crash_variant){FC_CRASH_LOSE_DATA, 0, 0};
    for (uint32_t tear = 0; tear < 4; tear++)
        for (uint32_t seed = 0; seed < options->seeds_per_cut && count + 2 <= VARIANTS_MAX;
             seed++) {
            out[count++] = (crash_variant){FC_CRASH_RANDOM_SUBSET, tear_sizes[tear], seed};
            if (seed % 2 == 0)
                out[count++] = (crash_variant){FC_CRASH_PREFIX, tear_sizes[tear], seed};
        }
    return count;
}

static fc_memory_disk *crash_image(fc_memory_disk *disk, const crash_variant *variant,
                                   uint64_t salt) {
    fc_crash_options options = {.seed = variant->seed * 7919 + salt, .tear_bytes = variant->tear};
    memcpy(&options.mode, &variant->mode, sizeof options.mode);
    fc_memory_disk *image;
    if (fc_memory_disk_crash(disk, &options, &image) != FC_STATUS_OK) abort();
    return image;
}

static uint64_t least_kept(const scenario_options *options, const workload_progress *progress) {
    return options->durability == FC_DURABILITY_FULL ? progress->acknowledged : progress->synced;
}

// `cut` < 0: the workload runs to its end, is not closed, and then the power goes.
static fc_memory_disk *run_cut(const scenario_options *options, int64_t cut, bool close,
                               workload_progress *progress) {
    fc_memory_disk *disk = scenario_make_disk(options);
    if (cut >= 0) fc_memory_disk_fail_io(disk, (uint64_t)cut, FC_FAULT_CRASH, true);
    *progress = workload_run(options, fc_memory_disk_os(disk), close);
    fc_memory_disk_clear_faults(disk);
    return disk;
}

static uint64_t count_calls(const scenario_options *options) {
    workload_progress progress;
    fc_memory_disk *disk = run_cut(options, -1, true, &progress);
    const uint64_t calls = fc_memory_disk_io_count(disk);
    fc_memory_disk_destroy(disk);
    return calls;
}

void scenario_crash(const scenario_options *options, scenario_report *report) {
    workload_history *history = malloc(sizeof *history);
    crash_variant variants[VARIANTS_MAX];
    digest_set seen = {0};
    if (!history || !workload_record(options, history, report)) goto done;
    const uint32_t variant_count = list_variants(options, variants);
    report->io_calls = count_calls(options);
    for (uint64_t cut = 0; cut <= report->io_calls; cut += options->io_stride) {
        workload_progress progress;
        fc_memory_disk *disk = run_cut(options, (int64_t)cut, true, &progress);
        report->runs++;
        for (uint32_t v = 0; v < variant_count && !scenario_has_failed(report); v++) {
            fc_memory_disk *image = crash_image(disk, &variants[v], cut);
            if (digest_set_add(&seen, fc_memory_disk_digest(image))) {
                char what[128];
                snprintf(what, sizeof what, "cut at call %llu, mode %d, tear %u, seed %llu",
                         (unsigned long long)cut, variants[v].mode, variants[v].tear,
                         (unsigned long long)variants[v].seed);
                judge_image(options, image, history, least_kept(options, &progress), false, what,
                            report);
            }
            fc_memory_disk_destroy(image);
        }
        fc_memory_disk_destroy(disk);
        if (scenario_has_failed(report)) break;
    }
    report->distinct_images = seen.count;
done:
    digest_set_free(&seen);
    free(history);
}

// ---- Crashes in recovery -----------------------------------------------------------------------

typedef struct recovery_search {
    const scenario_options *options;
    const workload_history *history;
    digest_set seen;
    uint64_t least;
    scenario_report *report;
} recovery_search;

static fc_memory_disk *copy_disk(fc_memory_disk *disk) {
    const crash_variant keep = {FC_CRASH_KEEP_ALL, 0, 0};
    return crash_image(disk, &keep, 0);
}

// Cuts recovery of `image` at each call; judges what each cut leaves, and goes deeper.
static void cut_recovery(recovery_search *search, fc_memory_disk *image, uint32_t depth) {
    static const crash_variant variants[] = {{FC_CRASH_LOSE_ALL, 0, 0},
                                             {FC_CRASH_KEEP_ALL, 0, 0},
                                             {FC_CRASH_RANDOM_SUBSET, 0, 1},
                                             {FC_CRASH_RANDOM_SUBSET, 512, 2},
                                             {FC_CRASH_RANDOM_SUBSET, 4096, 3}};
    for (uint64_t cut = 0;; cut += search->options->io_stride) {
        fc_memory_disk *disk = copy_disk(image);
        fc_memory_disk_fail_io(disk, cut, FC_FAULT_CRASH, true);
        fc_store *store;
        const fc_store_options store_options =
            workload_store_options(search->options, fc_memory_disk_os(disk));
        const fc_status status = fc_open(&store_options, &store, NULL);
        const bool was_cut = fc_memory_disk_fault_hit(disk);
        if (status == FC_STATUS_OK) fc_store_release(store);
        fc_memory_disk_clear_faults(disk);
        search->report->runs++;
        for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
            fc_memory_disk *left = crash_image(disk, &variants[v], cut);
            if (digest_set_add(&search->seen, fc_memory_disk_digest(left))) {
                char what[96];
                snprintf(what, sizeof what, "recovery cut at call %llu, variant %zu, depth %u",
                         (unsigned long long)cut, v, depth);
                if (depth > 1) cut_recovery(search, left, depth - 1);
                judge_image(search->options, left, search->history, search->least, false, what,
                            search->report);
            }
            fc_memory_disk_destroy(left);
            if (scenario_has_failed(search->report)) break;
        }
        fc_memory_disk_destroy(disk);
        if (!was_cut || scenario_has_failed(search->report)) break;
    }
}

void scenario_crash_in_recovery(const scenario_options *options, uint32_t depth,
                                scenario_report *report) {
    workload_history *history = malloc(sizeof *history);
    recovery_search search = {.options = options, .report = report};
    if (!history || !workload_record(options, history, report)) goto done;
    search.history = history;
    report->io_calls = count_calls(options);
    uint64_t random = options->seed;
    for (uint32_t round = 0; round < options->seeds_per_cut && !scenario_has_failed(report);
         round++) {
        workload_progress progress;
        const uint64_t cut = scenario_random(&random) % (report->io_calls + 1);
        fc_memory_disk *disk = run_cut(options, (int64_t)cut, true, &progress);
        const crash_variant variant = {FC_CRASH_RANDOM_SUBSET, tear_sizes[round % 4], round};
        fc_memory_disk *image = crash_image(disk, &variant, cut);
        search.least = least_kept(options, &progress);
        cut_recovery(&search, image, depth);
        fc_memory_disk_destroy(image);
        fc_memory_disk_destroy(disk);
    }
    report->distinct_images = search.seen.count;
done:
    digest_set_free(&search.seen);
    free(history);
}
