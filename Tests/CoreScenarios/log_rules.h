// The bench that the rules of the log are tried on: one store on an in-memory disk, with forks of that
// disk to damage, readers beside it, and a trace of what was asked of the disk in which order.
#ifndef LOG_RULES_H
#define LOG_RULES_H

#include "../../Sources/CFormCore/format/log_file.h"
#include "../../Sources/CFormCore/format/manifest.h"
#include "scenario_internal.h"

#define LOG_1 "db/log-00000000000000000001.fdb"
#define LOG_2 "db/log-00000000000000000002.fdb"
#define LOG_3 "db/log-00000000000000000003.fdb"
#define LOG_4 "db/log-00000000000000000004.fdb"
#define LOG_5 "db/log-00000000000000000005.fdb"
#define MANIFEST "db/MANIFEST"
#define SMALL_FILE_BYTES (16u << 10) // the smallest seal size: rotates after a few blocks
#define RULE_TRACE_BYTES 4096

typedef struct rule_bench rule_bench;
// What rule_file has lent, freed with the bench.
typedef struct rule_bytes {
    struct rule_bytes *next;
    uint8_t bytes[];
} rule_bytes;

struct rule_bench {
    scenario_report *report;
    fc_memory_disk *disk;
    bool owns_disk;
    const fc_os *os;
    fc_directory *directory;
    fc_log_options options;
    fc_log *log; // NULL: not open
    fc_detail detail;
    uint64_t large_sequence; // the payload of this block is large (0: none)
    uint64_t replayed;       // by the last opening, each with the right content
    uint64_t withheld;       // of those, redacted or pruned
    uint64_t published;      // by the publish call
    bool content_is_wrong;   // some replayed block was not what was written
    rule_bench *forks;       // ended with this one
    rule_bench *next;
    rule_bytes *lent;
    char trace[RULE_TRACE_BYTES];
};

// Holds a rule to what it says: the first broken check ends it, with its place.
#define RULE(bench, condition)                                                                     \
    do {                                                                                           \
        (bench)->report->runs++;                                                                   \
        if (!(condition)) {                                                                        \
            rule_broken(bench, __FILE__, __LINE__, #condition);                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)
// The same for a call that must be OK.
#define RULE_OK(bench, call) RULE(bench, rule_status(bench, call) == FC_STATUS_OK)

void rule_broken(rule_bench *bench, const char *file, int line, const char *condition);
fc_status rule_status(rule_bench *bench, fc_status status); // keeps it for the message

// Runs `body` on a fresh bench, ends the bench, and sees that all memory was given back.
void rule_run(void (*body)(rule_bench *bench), fc_durability durability, uint64_t file_bytes,
              scenario_report *report);

// A store of its own on what a killed process leaves: a copy of the disk. The caller's log stays open.
rule_bench *rule_fork(rule_bench *bench);
// The same on what a power cut leaves.
rule_bench *rule_power_cut(rule_bench *bench, const fc_crash_options *crash);
// Another opener on the same disk.
rule_bench *rule_beside(rule_bench *bench, fc_access access);

fc_status rule_open(rule_bench *bench);
// Appends `count` blocks; at `full` waits for each.
fc_status rule_append(rule_bench *bench, uint64_t count);
// Appends until the log is in file `number`.
fc_status rule_append_until_file(rule_bench *bench, uint64_t number);
fc_status rule_close(rule_bench *bench);
// Opens, closes; *out_blocks is what was replayed. Of an opening that failed: its status.
fc_status rule_reopen(rule_bench *bench, uint64_t *out_blocks);
// How many blocks a cursor over the journal gives; UINT64_MAX when it fails.
uint64_t rule_journal_count(rule_bench *bench);
uint64_t rule_last(rule_bench *bench); // the last sequence of the open log

// ---- Files -------------------------------------------------------------------------------------

// The file's bytes, lent until the bench ends; NULL when there is no such file.
uint8_t *rule_file(rule_bench *bench, const char *path, uint64_t *out_size);
void rule_put_file(rule_bench *bench, const char *path, const void *bytes, uint64_t size);
void rule_flip(rule_bench *bench, const char *path, uint64_t offset);
bool rule_has_file(rule_bench *bench, const char *path);
uint64_t rule_size(rule_bench *bench, const char *path);
// Whether the last failure names this file.
bool rule_blames(const rule_bench *bench, const char *path);
// How many files lie in quarantine, and the bytes of the last of them.
uint64_t rule_quarantined(rule_bench *bench, const uint8_t **out_bytes, uint64_t *out_size);
// Zeroed when the file or its header is bad.
fc_log_file_header rule_header(rule_bench *bench, const char *path);
// A file of nothing but this header.
void rule_put_header(rule_bench *bench, const char *path, const fc_log_file_header *header);
// Opens the manifest into *out, which rule_put_manifest writes back and frees.
bool rule_take_manifest(rule_bench *bench, fc_manifest *out);
void rule_put_manifest(rule_bench *bench, fc_manifest *manifest);

// ---- The trace ---------------------------------------------------------------------------------

// From here on, the trace lists what changes the disk: W write, P direct write, S sync, R rename (its new name), D directory
// sync, T trim, X remove, of "1" for log file 1, "M" for the manifest, with ".tmp"; removals of temporary
// names are left out. E.g. "W2.tmp S2.tmp R2 D".
void rule_trace_start(rule_bench *bench);
void rule_trace_stop(rule_bench *bench);
// Whether the trace is exactly this; when not, the report shows it.
bool rule_trace_is(rule_bench *bench, const char *expected);

#define LOG_RULE(name, durability, file_bytes)                                                     \
    void log_rule_##name(scenario_report *report) {                                                \
        rule_run(name, durability, file_bytes, report);                                            \
    }
#endif
