// Versions: the immutable lists of what readers walk (a tail and the packed trees), and the safe
// end of everything that readers may still look at.
//
// Invariants
//  V1. A view holds the version that was current when it was made; a version's tail and trees live
//      as long as it is current or held.
//  V2. A retired block hangs on the version that was current when it was retired, and is released
//      once no version up to that one is held: whoever could have loaded a pointer to it held one
//      of those.
// THREADS: fc_versions_acquire and _release: any. The rest: the writer.
#ifndef FC_INDEX_VERSIONS_H
#define FC_INDEX_VERSIONS_H

#include "packed_tree.h"
#include "tail.h"

typedef struct fc_version {
    struct fc_version *older, *newer; // held ones and the current one
    uint32_t view_count;
    fc_tail *tail;
    void *retired; // a list of arena blocks
    uint32_t tree_capacity, place_count, time_count;
    fc_tree *trees[]; // place_count, then time_count
} fc_version;

typedef struct fc_versions {
    const fc_os *os;
    fc_arena *arena;
    fc_mutex *mutex; // guards all of this, the references of tails and trees, and the commit marks
    fc_version *current;
    uint64_t view_count;
} fc_versions;

FC_MUST_USE fc_status fc_versions_init(fc_versions *versions, const fc_os *os, fc_arena *arena);
void fc_versions_deinit(fc_versions *versions); // REQUIRES: no views

static inline void fc_versions_lock(const fc_versions *versions) {
    versions->os->mutex_lock(versions->os->context, versions->mutex);
}
static inline void fc_versions_unlock(const fc_versions *versions) {
    versions->os->mutex_unlock(versions->os->context, versions->mutex);
}

// A version to be filled and published; NULL when there is no memory.
fc_version *fc_version_allocate(fc_versions *versions, uint32_t tree_capacity);
void fc_version_discard(fc_versions *versions, fc_version *version); // never published; may be NULL
// Makes it the current one. Trees and tails that no version holds any more are released.
void fc_versions_publish(fc_versions *versions, fc_version *version);
// Releases an arena block once no reader can be looking at it. Cannot fail.
void fc_versions_retire(fc_versions *versions, void *block);

// REQUIRES: the lock.
fc_version *fc_versions_acquire(fc_versions *versions);
// Takes the lock.
void fc_versions_release(fc_versions *versions, fc_version *version);
#endif
