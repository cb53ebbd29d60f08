// The id map: from an id to the position of its newest applied version.
//
// Ids that came one after another are in runs (id_runs.h); a later version of one of them, and all others, are
// in a hash table. There, extendible hashing: a directory over shards of at most 4,088 slots, a full shard
// split in two, so that no insert pauses for the size of the map. A slot holds 32 bits of the hash and
// the position. Tags of small integer ids (below 2^32) are as different as the ids; where there have been others, ids are
// compared in the columns. A run's row that nothing has ended is the newest version, so that the
// table need not be asked.
// THREADS: the writer changes it; readers look up without a lock (slots and directory are atomic, what is
// replaced is retired).
#ifndef FC_INDEX_ID_MAP_H
#define FC_INDEX_ID_MAP_H

#include "columns.h"
#include "id_runs.h"

typedef struct fc_id_shard fc_id_shard;
typedef struct fc_id_directory fc_id_directory;

typedef struct fc_id_map {
    fc_versions *versions;
    const fc_columns *columns;
    uint64_t seed[2]; // random: crafted ids cannot collide on purpose
    _Atomic(fc_id_directory *) directory;
    _Atomic bool
        all_small; // every id that the table ever had is a small integer; cleared before the first other comes
    fc_id_runs runs;
    uint64_t bytes; // of the hash table
    uint64_t grow_count;
} fc_id_map;

FC_MUST_USE fc_status fc_id_map_init(fc_id_map *map, fc_versions *versions,
                                     const fc_columns *columns, uint32_t least_streak);
void fc_id_map_deinit(fc_id_map *map); // REQUIRES: no readers

size_t fc_id_map_bytes(const fc_id_map *map);

// FC_NO_POSITION when there is none. THREADS: any.
uint32_t fc_id_map_find(const fc_id_map *map, const fc_feature_id *id);

// ---- The writer's ------------------------------------------------------------------------------

// Whether a row at `position`, with an integer id larger than any before, goes into a run, for which there is room. Then
// fc_id_map_add_next takes it.
static inline bool fc_id_map_awaits(fc_id_map *map, int64_t id, uint32_t position) {
    return fc_id_runs_await(&map->runs, id, position) &&
           (map->runs.open != NULL ||
            fc_id_runs_reserve(&map->runs, map->versions) == FC_STATUS_OK);
}
static inline void fc_id_map_add_next(fc_id_map *map) {
    if (map->runs.open != NULL)
        fc_id_runs_extend(&map->runs, 1);
    else
        fc_id_runs_begin(&map->runs, map->runs.next_id, map->runs.next_position, 1);
}

uint32_t fc_id_map_tag(const fc_id_map *map, const fc_feature_id *id);
// Where an id's slots begin. Brings them nearer. Valid until the map's next change of size.
typedef struct fc_id_aim {
    _Atomic uint64_t *slots; // of the shard
    uint32_t slot_count, line, distance;
} fc_id_aim;
fc_id_aim fc_id_map_aim(const fc_id_map *map, uint32_t tag);

// Where the writer found an id in the table, or would put it. Valid until the map's next change.
typedef struct fc_id_place {
    fc_id_shard *shard;
    _Atomic uint64_t *slot;
    bool is_taken; // the slot is the id's
    uint32_t
        position; // of its newest version, which may be in a run; FC_NO_POSITION when there is none
} fc_id_place;
fc_id_place fc_id_map_locate(const fc_id_map *map, const fc_id_aim *aim, uint32_t tag,
                             const fc_feature_id *id);
bool fc_id_place_has_room(const fc_id_place *place);
// Makes room for one more id of this tag; places are to be located again.
FC_MUST_USE fc_status fc_id_map_reserve(fc_id_map *map, uint32_t tag);
// Points the id at `position`. REQUIRES: room, when the slot is not taken.
void fc_id_map_set(fc_id_map *map, const fc_id_place *place, uint32_t tag, const fc_feature_id *id,
                   uint32_t position);

// Adds the rows from `first` to `end`, all with integer ids, each larger than any before; returns where it ended, which
// is before `end` only when there is no memory for more. In the table their lines are asked for together, and
// very many are taken shard by shard: one by one, each waited for memory.
uint32_t fc_id_map_add(fc_id_map *map, uint32_t first, uint32_t end);

// Points the table's entry that points at `before` at `position`; FC_NO_POSITION forgets it. Does nothing
// when there is no such entry.
void fc_id_map_move(fc_id_map *map, uint32_t tag, uint32_t before, uint32_t position);
#endif
