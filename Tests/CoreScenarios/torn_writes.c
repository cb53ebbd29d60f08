// One long write over the end of a file, not synced: what a power cut leaves of it.
#include <string.h>

#include "model_support.h"

#define OLD_BYTES 10000
#define WRITE_OFFSET 700
#define WRITE_BYTES 30000
#define END (WRITE_OFFSET + WRITE_BYTES)
#define HOLDS(condition) MODEL_HOLDS(report, seed, condition)

// What was seen at least once; all of it must be.
typedef struct outcomes {
    bool lost, whole, torn, grown, grown_in_part, zeros;
} outcomes;

static bool check_image(fc_memory_disk *image, uint32_t unit, uint64_t seed, outcomes *seen,
                        scenario_report *report) {
    static _Thread_local char got[END];
    uint64_t size = 0;
    HOLDS(fc_memory_disk_file_size(image, "db/a", &size));
    HOLDS(size >= OLD_BYTES && size <= END);
    HOLDS(fc_memory_disk_read(image, "db/a", 0, got, (size_t)size));
    bool has_new = false, has_old = false, has_zero = false;
    for (uint64_t i = 0; i < size; i++) {
        const char before = i < OLD_BYTES ? 'o' : 0;
        HOLDS(i < WRITE_OFFSET ? got[i] == 'o' : got[i] == 'n' || got[i] == before);
        if (i < WRITE_OFFSET) continue;
        has_new = has_new || got[i] == 'n';
        has_old = has_old || got[i] != 'n';
        has_zero = has_zero || got[i] == 0;
        // Inside a unit, at absolute offsets, all is new or none is.
        if (i > WRITE_OFFSET && i % unit != 0 && i != OLD_BYTES)
            HOLDS((got[i] == 'n') == (got[i - 1] == 'n'));
    }
    seen->lost = seen->lost || !has_new;
    seen->whole = seen->whole || (has_new && !has_old && size == END);
    seen->torn = seen->torn || (has_new && (has_old || size < END));
    seen->grown = seen->grown || size == END;
    seen->grown_in_part = seen->grown_in_part || (size > OLD_BYTES && size < END);
    seen->zeros = seen->zeros || has_zero;
    return true;
}

static bool tear(fc_memory_disk *disk, uint64_t seeds, outcomes *seen, scenario_report *report) {
    static const uint32_t units[] = {1, 512, 4096};
    for (int u = 0; u < 3; u++)
        for (uint64_t seed = 0; seed < seeds; seed++)
            for (int prefix = 0; prefix < 2; prefix++) {
                const fc_crash_options options = {.seed = seed,
                                                  .mode = prefix ? FC_CRASH_PREFIX
                                                                 : FC_CRASH_RANDOM_SUBSET,
                                                  .tear_bytes = units[u]};
                fc_memory_disk *image;
                HOLDS(fc_memory_disk_crash(disk, &options, &image) == FC_STATUS_OK);
                const bool holds = check_image(image, units[u], seed, seen, report);
                fc_memory_disk_destroy(image);
                report->images++;
                if (!holds) return false;
            }
    return true;
}

void scenario_torn_writes(uint64_t seeds, scenario_report *report) {
    static char old_bytes[OLD_BYTES], new_bytes[WRITE_BYTES];
    memset(old_bytes, 'o', sizeof old_bytes);
    memset(new_bytes, 'n', sizeof new_bytes);
    fc_memory_disk *disk;
    fc_directory *directory;
    fc_file *file;
    int error;
    if (fc_memory_disk_create(false, &disk) != FC_STATUS_OK) return;
    const fc_os *os = fc_memory_disk_os(disk);
    void *context = os->context;
    if (os->open_directory(context, "db", true, &directory) != FC_STATUS_OK ||
        os->sync_parent_directory(context, directory, &error) != FC_STATUS_OK ||
        os->open_file(context, directory, "a", FC_OPEN_CREATE, &file, &error) != FC_STATUS_OK ||
        fc_os_write_all(os, file, 0, old_bytes, OLD_BYTES, 1, &error) != FC_STATUS_OK ||
        fc_os_sync(os, file, &error) != FC_STATUS_OK ||
        os->sync_directory(context, directory, &error) != FC_STATUS_OK ||
        fc_os_write_all(os, file, WRITE_OFFSET, new_bytes, WRITE_BYTES, 1, &error) !=
            FC_STATUS_OK) {
        scenario_failed(report, "the disk takes no file");
        return;
    }
    outcomes seen = {.lost = false};
    if (tear(disk, seeds, &seen, report) &&
        !(seen.lost && seen.whole && seen.torn && seen.grown && seen.grown_in_part && seen.zeros))
        scenario_failed(report, "some outcome of a torn write never occurred");
    os->close_file(context, file);
    os->close_directory(context, directory);
    fc_memory_disk_destroy(disk);
    report->runs++;
}
