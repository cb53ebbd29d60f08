// What the scenarios share: a deterministic workload, and a digest of all that a store shows.
#ifndef SCENARIO_INTERNAL_H
#define SCENARIO_INTERNAL_H

#include <CFormCore.h>
#include <stdio.h>

#include "CoreScenarios.h"

#define WORKLOAD_TRANSACTIONS_MAX 512

// Records the first failure only.
void scenario_failed(scenario_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline bool scenario_has_failed(const scenario_report *report) {
    return report->failure[0] != 0;
}

uint64_t scenario_random(uint64_t *state);

// A fresh disk, with direct writes when the options say so. Aborts without memory.
fc_memory_disk *scenario_make_disk(const scenario_options *options);

fc_store_options workload_store_options(const scenario_options *options, const fc_os *os);

// The workload: transaction number `step` (0-based). The same for the same state, options and step. It uses every
// operation that the journal knows; some steps are aborted and commit nothing, some fail on purpose.
// *out_committed: whether it made a block. Ends early with the first status that is not the step's own doing.
fc_status workload_step(fc_store *store, uint64_t seed, uint32_t step, fc_commit_result *out,
                        bool *out_committed);

// What the uncut workload shows after each sequence.
typedef struct workload_history {
    uint32_t last_sequence;
    uint64_t digests[WORKLOAD_TRANSACTIONS_MAX + 1]; // [sequence]; [0] is the empty store
    fc_hash128 ids[WORKLOAD_TRANSACTIONS_MAX + 1];
} workload_history;

// Runs the whole workload on a fresh disk and records what it shows; fails the report when it cannot.
bool workload_record(const scenario_options *options, workload_history *history,
                     scenario_report *report);

// How far a (possibly cut) run got.
typedef struct workload_progress {
    uint64_t acknowledged; // the last sequence whose commit returned OK
    uint64_t synced;       // the last sequence at a sync() that returned OK
    bool opened, closed;
    fc_status status; // the first failure
} workload_progress;

// Opens, runs, closes (when `close`), on `os`.
workload_progress workload_run(const scenario_options *options, const fc_os *os, bool close);

// A digest of everything a fresh snapshot shows: schema, features with records, boxes by search, points. Also
// checks that search, count and scan agree. False: reading failed.
bool store_digest(fc_store *store, uint64_t *out_digest, uint64_t *out_sequence);

// Opens the image and judges it: its sequence is at least `least`, its content is the history's at that
// sequence, the journal's chain holds, it takes another write, closes, and opens again as it was.
// `may_refuse`: corruption may be refused instead.
bool judge_image(const scenario_options *options, fc_memory_disk *image,
                 const workload_history *history, uint64_t least, bool may_refuse, const char *what,
                 scenario_report *report);

// A set of 64-bit digests, for counting distinct images.
typedef struct digest_set {
    uint64_t *slots;
    size_t count, capacity;
} digest_set;
bool digest_set_add(digest_set *set, uint64_t digest); // whether it was new
void digest_set_free(digest_set *set);
#endif
