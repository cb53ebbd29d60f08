// The id map: from an id to the position of its newest applied version. Extendible hashing: a
// directory over shards of at most 4,088 slots, a full shard split in two, so that no insert pauses
// for the size of the map. A slot holds 32 bits of the hash and the position; ids are compared in
// the columns. THREADS: the writer changes it; readers look up without a lock (slots and directory
// are atomic, what is replaced is retired).
#ifndef FC_INDEX_ID_MAP_H
#define FC_INDEX_ID_MAP_H

#include "columns.h"

typedef struct fc_id_shard fc_id_shard;
typedef struct fc_id_directory fc_id_directory;

typedef struct fc_id_map {
    fc_versions *versions;
    const fc_columns *columns;
    uint64_t seed[2]; // random: crafted ids cannot collide on purpose
    _Atomic(fc_id_directory *) directory;
    uint64_t bytes, grow_count;
} fc_id_map;

FC_MUST_USE fc_status fc_id_map_init(fc_id_map *map, fc_versions *versions,
                                     const fc_columns *columns);
void fc_id_map_deinit(fc_id_map *map); // REQUIRES: no readers

uint32_t fc_id_map_tag(const fc_id_map *map, const fc_feature_id *id);
// Where an id's slots begin. Brings them nearer. Valid until the map's next change of size.
typedef struct fc_id_aim {
    _Atomic uint64_t *slots; // of the shard
    uint32_t slot_count, line, distance;
} fc_id_aim;
fc_id_aim fc_id_map_aim(const fc_id_map *map, uint32_t tag);
// FC_NO_POSITION when there is none. THREADS: any.
uint32_t fc_id_map_find(const fc_id_map *map, uint32_t tag, const fc_feature_id *id);

// Where the writer found an id, or would put it. Valid until the map's next change.
typedef struct fc_id_place {
    fc_id_shard *shard;
    _Atomic uint64_t *slot;
    uint32_t position; // FC_NO_POSITION when the id is not there
} fc_id_place;
fc_id_place fc_id_map_locate(const fc_id_map *map, const fc_id_aim *aim, uint32_t tag,
                             const fc_feature_id *id);
bool fc_id_place_has_room(const fc_id_place *place);
// Makes room for one more id of this tag; places are to be located again.
FC_MUST_USE fc_status fc_id_map_reserve(fc_id_map *map, uint32_t tag);
// Points the id at `position`. REQUIRES: room, when the id is not there.
void fc_id_place_set(const fc_id_place *place, uint32_t tag, uint32_t position);

// Adds the rows from `first` to `end`, all with integer ids that are not there; returns where it ended, which
// is before `end` only when there is no memory for more. Their lines are asked for together, and very many are
// taken shard by shard: one by one, each waited for memory.
uint32_t fc_id_map_add(fc_id_map *map, uint32_t first, uint32_t end);

// Points the entry that points at `before` at `position`; FC_NO_POSITION forgets it. Does nothing
// when there is no such entry.
void fc_id_map_move(fc_id_map *map, uint32_t tag, uint32_t before, uint32_t position);
#endif
