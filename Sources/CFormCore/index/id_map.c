#include "id_map.h"

#include <assert.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../base/hash.h"

enum {
    LINE = 8, // slots to a cache line
    SLOTS_MIN = 56,
    SLOTS_MAX = 4088, // with the header 32 KiB
    DEPTH_MAX = 20,   // beyond it shards grow instead of being split
};

// A slot: tag << 32 | position + 1. 0 is empty; a position of 0 - 1 with a tag is a removed entry.
struct fc_id_shard {
    uint32_t depth; // how many leading bits of the tag its entries share
    uint32_t slot_count;
    uint32_t used_count; // removed ones included
    uint32_t used_max;
    uint32_t removed_count;
    uint32_t padding[11]; // slots start on a line
    _Atomic uint64_t slots[];
};
_Static_assert(sizeof(struct fc_id_shard) == 64, "slots start on a line");

struct fc_id_directory {
    uint32_t depth;
    // 2^depth: the address of a shard, and in its last six bits the size class: 64 << class is one
    // line more than its slots take. So a lookup goes from here to the slot without a look at the
    // shard's header.
    _Atomic uintptr_t shards[];
};
enum { CLASS_MASK = 63 };

typedef struct shard_ref {
    _Atomic uint64_t *slots;
    uint32_t slot_count;
} shard_ref;

static inline uint64_t slot_of(uint32_t tag, uint32_t position) {
    return (uint64_t)tag << 32 | (uint32_t)(position + 1);
}
static const uint64_t removed_slot = UINT64_C(1) << 32;

// The order in which a tag's lines of eight slots are tried: one line, then another at a distance that
// depends on the tag, and so on. The number of lines is 2^n - 1 and the distance a power of two, so
// every line is tried. A line is looked at as a whole: an id is in a later one only if all of this one
// was taken when it came, and a slot that was taken never becomes empty.
//
// Four ids that follow one another have the same line: their tags differ in the last two bits only
// (fc_id_map_tag). (With eight to a line every other line was full, and an insert cost three times as
// much.) The leading bits of the tag choose the shard; within one they are all alike, so a product mixes
// the others into the leading places.
typedef struct line_walk {
    uint32_t line, line_count, distance;
} line_walk;

static inline line_walk walk_of(uint32_t tag, uint32_t slot_count) {
    uint32_t mixed = (tag >> 2) * UINT32_C(0x9E3779B1) << 2;
    uint32_t line_count = slot_count / LINE;
    uint32_t distance = UINT32_C(1) << (mixed >> 8 & 7);
    while (distance >= line_count)
        distance >>= 3;
    return (line_walk){.line = (uint32_t)((uint64_t)mixed * line_count >> 32),
                       .line_count = line_count,
                       .distance = distance};
}

static inline void next_line(line_walk *walk) {
    walk->line += walk->distance;
    if (walk->line >= walk->line_count) walk->line -= walk->line_count;
}

// Bit i: slot i of the line has the tag; points nowhere (it is empty, or was removed). Hints for what
// is then loaded slot by slot.
typedef struct line_masks {
    unsigned tagged, vacant;
} line_masks;

#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
// Two slots, loaded each by itself: a load of both would wait for a store to one of them, which may just
// have been made, to leave the store buffer. (In assembly, because compilers make one load of two.)
static inline __m128 load_pair(const _Atomic uint64_t *slots) {
    __m128 pair;
    __asm__("movq %1, %0" : "=x"(pair) : "m"(slots[0]));
    __asm__("movhps %1, %0" : "+x"(pair) : "m"(slots[1]));
    return pair;
}

static inline line_masks look_at(const _Atomic uint64_t *line, uint32_t tag) {
    const __m128i wanted = _mm_set1_epi32((int)tag), zero = _mm_setzero_si128();
    line_masks masks = {0, 0};
    for (unsigned half = 0; half < 2; half++) {
        __m128 first = load_pair(line + 4 * half), second = load_pair(line + 4 * half + 2);
        __m128i tags = _mm_castps_si128(_mm_shuffle_ps(first, second, 0xDD));
        __m128i positions = _mm_castps_si128(_mm_shuffle_ps(first, second, 0x88));
        __m128 tagged = _mm_castsi128_ps(_mm_cmpeq_epi32(tags, wanted));
        __m128 vacant = _mm_castsi128_ps(_mm_cmpeq_epi32(positions, zero));
        masks.tagged |= (unsigned)_mm_movemask_ps(tagged) << (4 * half);
        masks.vacant |= (unsigned)_mm_movemask_ps(vacant) << (4 * half);
    }
    return masks;
}
#else
static inline line_masks look_at(const _Atomic uint64_t *line, uint32_t tag) {
    line_masks masks = {0, 0};
    for (unsigned i = 0; i < LINE; i++) {
        uint64_t slot = atomic_load_explicit(&line[i], memory_order_relaxed);
        masks.tagged |= (unsigned)((uint32_t)(slot >> 32) == tag) << i;
        masks.vacant |= (unsigned)((uint32_t)slot == 0) << i;
    }
    return masks;
}
#endif

// The first empty slot of a line, removed ones passed over; NULL when there is none.
static inline _Atomic uint64_t *empty_slot(_Atomic uint64_t *line, unsigned vacant) {
    for (; vacant != 0; vacant &= vacant - 1) {
        _Atomic uint64_t *slot = &line[__builtin_ctz(vacant)];
        if (atomic_load_explicit(slot, memory_order_relaxed) == 0) return slot;
    }
    return NULL;
}

static inline uint32_t directory_index(uint32_t tag, uint32_t depth) {
    return depth == 0 ? 0 : tag >> (32 - depth);
}

// Shards fill at the same pace; that they split at different loads spreads the splits.
static uint32_t load_max(uint32_t slot_count, uint32_t salt) {
    uint32_t spread = (salt * UINT32_C(0x9E3779B1)) >> 24;               // 0...255
    return (uint32_t)((uint64_t)slot_count * (680 + spread / 2) / 1024); // 0.66...0.79
}

static fc_id_shard *allocate_shard(fc_id_map *map, uint32_t slot_count, uint32_t depth,
                                   uint32_t salt) {
    size_t bytes = sizeof(fc_id_shard) + slot_count * sizeof(uint64_t);
    fc_id_shard *shard = fc_arena_allocate(map->versions->arena, bytes);
    if (shard == NULL) return NULL;
    memset(shard, 0, bytes);
    shard->depth = depth;
    shard->slot_count = slot_count;
    shard->used_max = load_max(slot_count, salt);
    return shard;
}

static fc_id_directory *allocate_directory(fc_id_map *map, uint32_t depth) {
    size_t bytes = sizeof(fc_id_directory) + ((size_t)1 << depth) * sizeof(uintptr_t);
    fc_id_directory *directory = fc_arena_allocate(map->versions->arena, bytes);
    if (directory != NULL) directory->depth = depth;
    return directory;
}

static inline fc_id_directory *directory_of(const fc_id_map *map) {
    return atomic_load_explicit(&map->directory, memory_order_acquire);
}

static inline uintptr_t entry_of(const fc_id_shard *shard) {
    unsigned size_class = (unsigned)__builtin_ctz((shard->slot_count + 8) / 64);
    return (uintptr_t)shard | size_class;
}

static inline fc_id_shard *shard_of_entry(uintptr_t entry) {
    return (fc_id_shard *)(entry & ~(uintptr_t)CLASS_MASK);
}

static inline fc_id_shard *shard_of_slots(_Atomic uint64_t *slots) {
    return (fc_id_shard *)((uint8_t *)slots - offsetof(fc_id_shard, slots));
}

static inline uintptr_t find_entry(const fc_id_map *map, uint32_t tag) {
    fc_id_directory *directory = directory_of(map);
    return atomic_load_explicit(&directory->shards[directory_index(tag, directory->depth)],
                                memory_order_acquire);
}

static inline fc_id_shard *shard_of(const fc_id_map *map, uint32_t tag) {
    return shard_of_entry(find_entry(map, tag));
}

static inline shard_ref ref_of(const fc_id_map *map, uint32_t tag) {
    uintptr_t entry = find_entry(map, tag);
    return (shard_ref){shard_of_entry(entry)->slots, (UINT32_C(64) << (entry & CLASS_MASK)) - 8};
}

fc_status fc_id_map_init(fc_id_map *map, fc_versions *versions, const fc_columns *columns,
                         uint32_t least_streak) {
    *map = (fc_id_map){
        .versions = versions, .columns = columns, .runs = {.least_streak = least_streak}};
    const fc_os *os = versions->os;
    fc_status status = os->random_bytes(os->context, map->seed, sizeof map->seed);
    if (status != FC_STATUS_OK) return status;
    fc_id_directory *directory = allocate_directory(map, 0);
    fc_id_shard *shard = allocate_shard(map, SLOTS_MIN, 0, 0);
    if (directory == NULL || shard == NULL) {
        fc_arena_release(versions->arena, directory);
        fc_arena_release(versions->arena, shard);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    atomic_init(&map->all_small, true);
    atomic_init(&directory->shards[0], entry_of(shard));
    atomic_store_explicit(&map->directory, directory, memory_order_release);
    map->bytes = fc_arena_block_bytes(directory) + fc_arena_block_bytes(shard);
    return FC_STATUS_OK;
}

void fc_id_map_deinit(fc_id_map *map) {
    fc_id_directory *directory = directory_of(map);
    if (directory == NULL) return;
    size_t count = (size_t)1 << directory->depth;
    for (size_t i = 0; i < count;) {
        fc_id_shard *shard =
            shard_of_entry(atomic_load_explicit(&directory->shards[i], memory_order_relaxed));
        i += (size_t)1 << (directory->depth - shard->depth);
        fc_arena_release(map->versions->arena, shard);
    }
    fc_arena_release(map->versions->arena, directory);
    fc_id_runs_deinit(&map->runs, map->versions->arena);
}

size_t fc_id_map_bytes(const fc_id_map *map) {
    return map->bytes + fc_id_runs_bytes(&map->runs);
}

static inline bool is_small(const fc_feature_id *id) {
    return id->text.data == NULL && (uint64_t)id->integer >> 32 == 0;
}

// A permutation of 30 bits.
static inline uint32_t mix_30(uint32_t value, const uint64_t seed[2]) {
    enum { BITS_30 = (1 << 30) - 1 };
    value = (value ^ (uint32_t)seed[0]) & BITS_30;
    value = value * ((uint32_t)seed[1] | 1) & BITS_30;
    value ^= value >> 15;
    value = value * ((uint32_t)(seed[1] >> 32) | 1) & BITS_30;
    value ^= value >> 15;
    value = value * ((uint32_t)(seed[0] >> 32) | 1) & BITS_30;
    return value ^ value >> 15;
}

uint32_t fc_id_map_tag(const fc_id_map *map, const fc_feature_id *id) {
    if (id->text.data != NULL)
        return (uint32_t)(fc_hash64(id->text.data, id->text.length, map->seed[1]) >> 32);
    const uint32_t last = (uint32_t)id->integer & 3;
    if (is_small(id)) return mix_30((uint32_t)id->integer >> 2, map->seed) << 2 | last;
    uint64_t mixed = ((uint64_t)id->integer >> 2) ^ map->seed[0];
    __extension__ unsigned __int128 product =
        (unsigned __int128)mixed * (map->seed[1] | UINT64_C(0x8000000000000001));
    mixed = (uint64_t)product ^ (uint64_t)(product >> 64);
    mixed *= UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(mixed >> 32) ^ last;
}

fc_id_aim fc_id_map_aim(const fc_id_map *map, uint32_t tag) {
    shard_ref shard = ref_of(map, tag);
    line_walk walk = walk_of(tag, shard.slot_count);
    __builtin_prefetch(&shard.slots[(size_t)walk.line * LINE]);
    return (fc_id_aim){shard.slots, shard.slot_count, walk.line, walk.distance};
}

// Whether an entry with the id's tag is the id's. (Comparing it in the columns is a cache miss: a quarter of an upsert.)
static inline bool has_id(const fc_id_map *map, uint32_t position, const fc_feature_id *id) {
    if (atomic_load_explicit(&map->all_small, memory_order_relaxed)) return is_small(id);
    return fc_columns_id_is(map->columns, position, id);
}

// The id's slot, or the first empty one on its way.
static inline _Atomic uint64_t *find_slot(const fc_id_map *map, const fc_id_aim *aim, uint32_t tag,
                                          const fc_feature_id *id, uint32_t *out_position) {
    line_walk walk = {aim->line, aim->slot_count / LINE, aim->distance};
    for (;; next_line(&walk)) {
        _Atomic uint64_t *line = &aim->slots[(size_t)walk.line * LINE];
        line_masks masks = look_at(line, tag);
        for (; masks.tagged != 0; masks.tagged &= masks.tagged - 1) {
            _Atomic uint64_t *place = &line[__builtin_ctz(masks.tagged)];
            uint64_t slot = atomic_load_explicit(place, memory_order_acquire);
            // An empty slot looks like one with the tag 0, and may be taken by another id meanwhile.
            if ((uint32_t)slot == 0 || (uint32_t)(slot >> 32) != tag ||
                !has_id(map, (uint32_t)slot - 1, id))
                continue;
            *out_position = (uint32_t)slot - 1;
            return place;
        }
        _Atomic uint64_t *empty = empty_slot(line, masks.vacant);
        if (empty == NULL) continue;
        *out_position = FC_NO_POSITION;
        return empty;
    }
}

static inline uint32_t find_in_runs(const fc_id_map *map, const fc_feature_id *id) {
    return id->text.data == NULL ? fc_id_runs_find(&map->runs, id->integer) : FC_NO_POSITION;
}

// Whether a run's row is there and nothing has ended it.
static bool is_newest(const fc_id_map *map, uint32_t position) {
    if (position == FC_NO_POSITION) return false;
    const fc_chunk *chunk = fc_columns_chunk(map->columns, position);
    return chunk != NULL && !fc_chunk_may_be_dead(chunk, position);
}

uint32_t fc_id_map_find(const fc_id_map *map, const fc_feature_id *id) {
    uint32_t in_run = find_in_runs(map, id), position;
    if (is_newest(map, in_run)) return in_run;
    uint32_t tag = fc_id_map_tag(map, id);
    fc_id_aim aim = fc_id_map_aim(map, tag);
    (void)find_slot(map, &aim, tag, id, &position);
    return position != FC_NO_POSITION ? position : in_run;
}

fc_id_place fc_id_map_locate(const fc_id_map *map, const fc_id_aim *aim, uint32_t tag,
                             const fc_feature_id *id) {
    fc_id_place place = {.shard = shard_of_slots(aim->slots)};
    place.slot = find_slot(map, aim, tag, id, &place.position);
    place.is_taken = place.position != FC_NO_POSITION;
    if (!place.is_taken) place.position = find_in_runs(map, id);
    return place;
}

bool fc_id_place_has_room(const fc_id_place *place) {
    return place->is_taken || place->shard->used_count < place->shard->used_max;
}

void fc_id_map_set(fc_id_map *map, const fc_id_place *place, uint32_t tag, const fc_feature_id *id,
                   uint32_t position) {
    if (!place->is_taken) {
        place->shard->used_count++;
        assert(place->shard->used_count < place->shard->slot_count);
    }
    if (!is_small(id)) atomic_store_explicit(&map->all_small, false, memory_order_relaxed);
    atomic_store_explicit(place->slot, slot_of(tag, position), memory_order_release);
    if (id->text.data == NULL) fc_id_runs_pass(&map->runs, id->integer, position);
}

// Puts an entry that is not there into a shard with room. Removed places stay as they are: they
// count as used, and go when the shard is copied or split.
static void insert(fc_id_shard *shard, uint64_t slot) {
    uint32_t tag = (uint32_t)(slot >> 32);
    _Atomic uint64_t *place = NULL;
    for (line_walk walk = walk_of(tag, shard->slot_count); place == NULL; next_line(&walk)) {
        _Atomic uint64_t *line = &shard->slots[(size_t)walk.line * LINE];
        place = empty_slot(line, look_at(line, tag).vacant);
    }
    atomic_store_explicit(place, slot, memory_order_release);
    shard->used_count++;
    assert(shard->used_count < shard->slot_count);
}

static void copy_entries(const fc_id_shard *from, fc_id_shard *low, fc_id_shard *high) {
    uint32_t shift = 32 - low->depth; // unused when both are one
    for (uint32_t i = 0; i < from->slot_count; i++) {
        uint64_t slot = atomic_load_explicit(&from->slots[i], memory_order_relaxed);
        if ((uint32_t)slot == 0) continue;
        bool is_high = low != high && ((uint32_t)(slot >> 32) >> shift & 1);
        insert(is_high ? high : low, slot);
    }
}

static void set_shard(fc_id_map *map, uint32_t tag, uint32_t depth, fc_id_shard *shard) {
    fc_id_directory *directory = directory_of(map);
    size_t span = (size_t)1 << (directory->depth - depth);
    size_t first = directory_index(tag, directory->depth) & ~(span - 1);
    for (size_t i = 0; i < span; i++)
        atomic_store_explicit(&directory->shards[first + i], entry_of(shard), memory_order_release);
}

// A shard of the same depth with `slot_count` slots, without what was removed.
static fc_status copy_shard(fc_id_map *map, uint32_t tag, fc_id_shard *shard, uint32_t slot_count) {
    fc_id_shard *grown = allocate_shard(map, slot_count, shard->depth, tag >> 12);
    if (grown == NULL) return FC_STATUS_OUT_OF_MEMORY;
    copy_entries(shard, grown, grown);
    set_shard(map, tag, shard->depth, grown);
    map->bytes += fc_arena_block_bytes(grown) - fc_arena_block_bytes(shard);
    fc_versions_retire(map->versions, shard);
    return FC_STATUS_OK;
}

static fc_status double_directory(fc_id_map *map) {
    fc_id_directory *before = directory_of(map);
    fc_id_directory *doubled = allocate_directory(map, before->depth + 1);
    if (doubled == NULL) return FC_STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; i < (size_t)2 << before->depth; i++)
        atomic_init(&doubled->shards[i],
                    atomic_load_explicit(&before->shards[i / 2], memory_order_relaxed));
    atomic_store_explicit(&map->directory, doubled, memory_order_release);
    map->bytes += fc_arena_block_bytes(doubled) - fc_arena_block_bytes(before);
    fc_versions_retire(map->versions, before);
    return FC_STATUS_OK;
}

static fc_status split_shard(fc_id_map *map, uint32_t tag, fc_id_shard *shard) {
    if (shard->depth == directory_of(map)->depth) {
        fc_status status = double_directory(map);
        if (status != FC_STATUS_OK) return status;
    }
    uint32_t depth = shard->depth + 1, bit = UINT32_C(1) << (32 - depth);
    uint32_t low_tag = tag & ~bit, high_tag = tag | bit;
    fc_id_shard *low = allocate_shard(map, shard->slot_count, depth, low_tag >> (32 - depth));
    fc_id_shard *high = allocate_shard(map, shard->slot_count, depth, high_tag >> (32 - depth));
    if (low == NULL || high == NULL) {
        fc_arena_release(map->versions->arena, low);
        fc_arena_release(map->versions->arena, high);
        return FC_STATUS_OUT_OF_MEMORY;
    }
    copy_entries(shard, low, high);
    set_shard(map, low_tag, depth, low);
    set_shard(map, high_tag, depth, high);
    map->bytes += fc_arena_block_bytes(low); // `high` for `shard`
    fc_versions_retire(map->versions, shard);
    return FC_STATUS_OK;
}

fc_status fc_id_map_reserve(fc_id_map *map, uint32_t tag) {
    for (;;) {
        fc_id_shard *shard = shard_of(map, tag);
        if (shard->used_count < shard->used_max) return FC_STATUS_OK;
        uint32_t slots = shard->slot_count;
        fc_status status;
        if (shard->removed_count > shard->used_count / 4)
            status = copy_shard(map, tag, shard, slots);
        else if (slots < SLOTS_MAX || shard->depth >= DEPTH_MAX)
            status = copy_shard(map, tag, shard, 2 * (slots + 8) - 8); // 56, 120, … 4,088
        else
            status = split_shard(map, tag, shard);
        if (status != FC_STATUS_OK) return status;
        map->grow_count++;
    }
}

// ---- Many at once ------------------------------------------------------------------------------

// An empty map takes the size that so many ids need: growing to it would move each of them about twice. Without
// memory it stays as it is.
static void presize(fc_id_map *map, uint32_t count) {
    fc_id_directory *directory = directory_of(map);
    fc_id_shard *first = shard_of(map, 0);
    if (directory->depth != 0 || first->used_count != 0 || count <= first->used_max) return;
    uint32_t depth = 0, slots = first->slot_count;
    // Not as full as they may become: ids do not spread evenly.
    while (slots < SLOTS_MAX && load_max(slots, 0) < count)
        slots = 2 * (slots + 8) - 8;
    while ((uint64_t)SLOTS_MAX * 6 / 10 << depth < count && depth < DEPTH_MAX)
        depth++;
    fc_id_directory *wide = allocate_directory(map, depth);
    if (wide == NULL) return;
    size_t bytes = fc_arena_block_bytes(wide);
    for (uint32_t i = 0; i < 1u << depth; i++) {
        fc_id_shard *shard = allocate_shard(map, slots, depth, i);
        if (shard == NULL) {
            for (uint32_t n = 0; n < i; n++)
                fc_arena_release(
                    map->versions->arena,
                    shard_of_entry(atomic_load_explicit(&wide->shards[n], memory_order_relaxed)));
            fc_arena_release(map->versions->arena, wide);
            return;
        }
        atomic_init(&wide->shards[i], entry_of(shard));
        bytes += fc_arena_block_bytes(shard);
    }
    atomic_store_explicit(&map->directory, wide, memory_order_release);
    map->bytes = bytes;
    map->grow_count++;
    fc_versions_retire(map->versions, first);
    fc_versions_retire(map->versions, directory);
}

// Inserts new slots in turn; returns how many, fewer only when there is no memory for more. Their lines are asked
// for a few turns before (an eighth of a build).
static uint32_t insert_all(fc_id_map *map, const uint64_t *slots, uint32_t count) {
    enum { AHEAD = 24 };
    for (uint32_t i = 0; i < count; i++) {
        if (i + AHEAD < count) (void)fc_id_map_aim(map, (uint32_t)(slots[i + AHEAD] >> 32));
        uint32_t tag = (uint32_t)(slots[i] >> 32);
        fc_id_shard *shard = shard_of(map, tag);
        if (shard->used_count >= shard->used_max) {
            if (fc_id_map_reserve(map, tag) != FC_STATUS_OK) return i;
            shard = shard_of(map, tag);
        }
        insert(shard, slots[i]);
    }
    return count;
}

static inline uint64_t slot_of_row(fc_id_map *map, uint32_t position) {
    fc_feature_id id = {.integer = (int64_t)fc_columns_raw_id(map->columns, position)};
    if (!is_small(&id)) atomic_store_explicit(&map->all_small, false, memory_order_relaxed);
    return slot_of(fc_id_map_tag(map, &id), position);
}

// Row by row.
static uint32_t add_in_order(fc_id_map *map, uint32_t first, uint32_t end) {
    enum { BATCH = 64 };
    uint64_t slots[BATCH];
    while (first < end) {
        uint32_t count = end - first < BATCH ? end - first : BATCH;
        for (uint32_t i = 0; i < count; i++)
            slots[i] = slot_of_row(map, first + i);
        uint32_t added = insert_all(map, slots, count);
        first += added;
        if (added < count) break;
    }
    return first;
}

enum { PARTS_LOG2 = 9, PARTS = 1 << PARTS_LOG2, ROWS_A_PART = 1 << 20 };

// Up to ROWS_A_PART rows, those of the same shards together, so that each shard is filled in the processor's cache.
static bool add_by_shard(fc_id_map *map, uint64_t *slots, uint32_t first, uint32_t count) {
    uint64_t *sorted = slots + count;
    uint32_t next[PARTS + 1] = {0};
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = slot_of_row(map, first + i);
        next[(slots[i] >> (64 - PARTS_LOG2)) + 1]++;
    }
    for (uint32_t part = 1; part <= PARTS; part++)
        next[part] += next[part - 1];
    for (uint32_t i = 0; i < count; i++)
        sorted[next[slots[i] >> (64 - PARTS_LOG2)]++] = slots[i];
    return insert_all(map, sorted, count) == count;
}

// To the hash table.
static uint32_t add_to_table(fc_id_map *map, uint32_t first, uint32_t end) {
    enum { MANY = 1 << 14 };
    if (end - first <= MANY) {
        presize(map, end - first);
        return add_in_order(map, first, end);
    }
    fc_arena *arena = map->versions->arena;
    uint32_t most = end - first < ROWS_A_PART ? end - first : ROWS_A_PART;
    uint64_t *slots = fc_arena_allocate(arena, 2 * (size_t)most * sizeof *slots);
    if (slots == NULL) return add_in_order(map, first, end);
    presize(map, end - first);
    while (first < end) {
        uint32_t count = end - first < most ? end - first : most;
        // What was added of a part that wasn't added whole is forgotten again: it is in no order of rows.
        if (!add_by_shard(map, slots, first, count)) {
            for (uint32_t i = 0; i < count; i++)
                fc_id_map_move(map, (uint32_t)(slots[i] >> 32), (uint32_t)slots[i] - 1,
                               FC_NO_POSITION);
            break;
        }
        first += count;
    }
    fc_arena_release(arena, slots);
    return first;
}

// The end of the run that begins with row `first`. Ids ascend, so that they follow one another up to a row if they have risen by
// as much as positions have.
static uint32_t run_end(const fc_id_map *map, uint32_t first, uint32_t end) {
    const uint64_t apart = fc_columns_raw_id(map->columns, first) - first;
    uint32_t low = first + 1, step = 1;
    while (end - low > step &&
           fc_columns_raw_id(map->columns, low + step) - (low + step) == apart) {
        low += step;
        step *= 2;
    }
    uint32_t high = end - low > step ? low + step : end; // it ends in low...high
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (fc_columns_raw_id(map->columns, middle) - middle == apart)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t fc_id_map_add(fc_id_map *map, uint32_t first, uint32_t end) {
    while (first < end) {
        // Rows that are in no run, up to the next one that is long enough.
        uint32_t run = first, behind = first;
        while (behind < end) {
            run = behind;
            behind = run_end(map, run, end);
            if (behind - run >= map->runs.least_streak) break;
        }
        const bool is_run = behind - run >= map->runs.least_streak &&
                            fc_id_runs_reserve(&map->runs, map->versions) == FC_STATUS_OK;
        if (!is_run) run = behind;
        if (run > first) first = add_to_table(map, first, run);
        if (first < run) return first;
        if (!is_run) continue;
        const int64_t id = (int64_t)fc_columns_raw_id(map->columns, run);
        if (map->runs.open != NULL && fc_id_runs_await(&map->runs, id, run))
            fc_id_runs_extend(&map->runs, behind - run);
        else
            fc_id_runs_begin(&map->runs, id, run, behind - run);
        first = behind;
    }
    return first;
}

void fc_id_map_move(fc_id_map *map, uint32_t tag, uint32_t before, uint32_t position) {
    fc_id_shard *shard = shard_of(map, tag);
    uint64_t wanted = slot_of(tag, before);
    _Atomic uint64_t *place = NULL;
    for (line_walk walk = walk_of(tag, shard->slot_count); place == NULL; next_line(&walk)) {
        _Atomic uint64_t *line = &shard->slots[(size_t)walk.line * LINE];
        line_masks masks = look_at(line, tag);
        for (; masks.tagged != 0 && place == NULL; masks.tagged &= masks.tagged - 1) {
            _Atomic uint64_t *slot = &line[__builtin_ctz(masks.tagged)];
            if (atomic_load_explicit(slot, memory_order_relaxed) == wanted) place = slot;
        }
        if (place == NULL && empty_slot(line, masks.vacant) != NULL) return;
    }
    uint64_t slot = removed_slot;
    if (position != FC_NO_POSITION)
        slot = slot_of(tag, position);
    else
        shard->removed_count++;
    atomic_store_explicit(place, slot, memory_order_release);
}
