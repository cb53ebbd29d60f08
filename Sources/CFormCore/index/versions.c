#include "versions.h"

#include <assert.h>

fc_tail *fc_tail_allocate(fc_arena *arena, uint32_t first, uint32_t capacity) {
    enum { HEADER_BYTES = 64 };
    _Static_assert(sizeof(fc_tail) <= HEADER_BYTES, "lanes start on a line");
    size_t bytes = HEADER_BYTES + (size_t)capacity * FC_LANES_MAX * sizeof(float);
    fc_tail *tail = fc_arena_allocate(arena, bytes);
    if (tail == NULL) return NULL;
    *tail = (fc_tail){.first = first, .capacity = capacity};
    tail->lanes = (float *)((uint8_t *)tail + HEADER_BYTES);
    return tail;
}

void fc_tail_release(fc_arena *arena, fc_tail *tail) {
    fc_arena_release(arena, tail);
}

fc_status fc_versions_init(fc_versions *versions, const fc_os *os, fc_arena *arena) {
    *versions = (fc_versions){.os = os, .arena = arena};
    return os->mutex_create(os->context, &versions->mutex);
}

fc_version *fc_version_allocate(fc_versions *versions, uint32_t tree_capacity) {
    size_t bytes = sizeof(fc_version) + tree_capacity * sizeof(fc_tree *);
    fc_version *version = fc_arena_allocate(versions->arena, bytes);
    if (version != NULL) *version = (fc_version){.tree_capacity = tree_capacity};
    return version;
}

void fc_version_discard(fc_versions *versions, fc_version *version) {
    fc_arena_release(versions->arena, version);
}

// Drops what `version` holds; returns `garbage` with what nobody holds any more. REQUIRES: the
// lock.
static void *drop_contents(fc_version *version, void *garbage) {
    for (uint32_t i = 0; i < version->place_count + version->time_count; i++)
        if (--version->trees[i]->references == 0)
            garbage = fc_arena_list_push(garbage, version->trees[i]);
    if (version->tail != NULL && --version->tail->references == 0)
        garbage = fc_arena_list_push(garbage, version->tail);
    version->place_count = version->time_count = 0;
    version->tail = NULL;
    return garbage;
}

// Takes a version that is neither current nor held off the list. What was retired under it is
// released when nothing older is held, and hangs on the next older version otherwise. Returns two
// lists at most: what to release, through *out_retired and the result. REQUIRES: the lock.
static void *unlink_version(fc_version *version, void **out_retired) {
    void *garbage = drop_contents(version, NULL);
    fc_version *older = version->older, *newer = version->newer;
    if (older != NULL) older->newer = newer;
    if (newer != NULL) newer->older = older;
    *out_retired = NULL;
    if (older == NULL) {
        *out_retired = version->retired;
    } else if (older->retired == NULL) {
        older->retired = version->retired;
    } else if (version->retired != NULL) {
        older->retired = fc_arena_list_join(version->retired, older->retired);
    }
    return fc_arena_list_push(garbage, version);
}

void fc_versions_publish(fc_versions *versions, fc_version *version) {
    void *garbage = NULL, *retired = NULL;
    fc_versions_lock(versions);
    for (uint32_t i = 0; i < version->place_count + version->time_count; i++)
        version->trees[i]->references++;
    version->tail->references++;
    fc_version *before = versions->current;
    version->older = before;
    versions->current = version;
    if (before != NULL) {
        before->newer = version;
        if (before->view_count == 0) garbage = unlink_version(before, &retired);
    }
    fc_versions_unlock(versions);
    fc_arena_release_list(versions->arena, garbage);
    fc_arena_release_list(versions->arena, retired);
}

void fc_versions_retire(fc_versions *versions, void *block) {
    if (block == NULL) return;
    fc_versions_lock(versions);
    bool now = versions->view_count == 0 || versions->current == NULL;
    if (!now) versions->current->retired = fc_arena_list_push(versions->current->retired, block);
    fc_versions_unlock(versions);
    if (now) fc_arena_release(versions->arena, block);
}

fc_version *fc_versions_acquire(fc_versions *versions) {
    versions->current->view_count++;
    versions->view_count++;
    return versions->current;
}

void fc_versions_release(fc_versions *versions, fc_version *version) {
    void *garbage = NULL, *retired = NULL;
    fc_versions_lock(versions);
    assert(version->view_count > 0 && versions->view_count > 0);
    versions->view_count--;
    if (--version->view_count == 0 && version != versions->current)
        garbage = unlink_version(version, &retired);
    fc_versions_unlock(versions);
    fc_arena_release_list(versions->arena, garbage);
    fc_arena_release_list(versions->arena, retired);
}

void fc_versions_deinit(fc_versions *versions) {
    fc_version *current = versions->current;
    if (current != NULL) {
        assert(versions->view_count == 0 && current->older == NULL);
        void *retired = NULL, *garbage = unlink_version(current, &retired);
        fc_arena_release_list(versions->arena, garbage);
        fc_arena_release_list(versions->arena, retired);
    }
    versions->os->mutex_destroy(versions->os->context, versions->mutex);
}
