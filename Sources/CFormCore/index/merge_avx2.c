// Whole blocks of a merge, with AVX2.
//
// Eight entries at a time. The next eight keys of the first input and the next of the second tell which of the eight
// places come from which. Each lane is then loaded from both inputs, spread to its places, and blended: without a
// branch for each entry, and straight into the output's block. Where the second input has none among the eight, as is often
// so when it is much smaller, they are copied. (In stretches, as merge.c does it, an entry took twice as
// long: an insert into a large collection 1.2 times.)
#include <math.h>

#include "memtable_internal.h"
#include "merge.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,lzcnt,popcnt"), always_inline)) static inline

enum { EIGHT = 8 };

// `count` entries of a tree from one on, which may lie in two blocks: the first of them at `here`, the rest seen from `there`
// as if the lane went on behind the block's end. (`there` is `here` where they lie in one.)
typedef struct span {
    const float *here, *there;
    __m256 is_there;
} span;

AVX2 span span_of(const fc_tree *tree, uint32_t first, uint32_t lanes) {
    const uint32_t stride = (lanes + FC_LEAF_EXTRA) * FC_NODE, in_block = first % FC_NODE;
    const float *here = tree->levels[0] + (size_t)stride * (first / FC_NODE) + in_block;
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i beyond = _mm256_cmpgt_epi32(places, _mm256_set1_epi32(FC_NODE - 1 - (int)in_block));
    return (span){here, in_block > FC_NODE - EIGHT ? here + stride - FC_NODE : here,
                  _mm256_castsi256_ps(beyond)};
}

AVX2 __m256 load_lane(const span *span, uint32_t lane) {
    return _mm256_blendv_ps(_mm256_loadu_ps(span->here + (size_t)lane * FC_NODE),
                            _mm256_loadu_ps(span->there + (size_t)lane * FC_NODE), span->is_there);
}

// How many of eight rising keys are not above `key`.
AVX2 unsigned count_to(__m256i keys, uint32_t key) {
    __m256i least = _mm256_min_epu32(keys, _mm256_set1_epi32((int)key));
    __m256 is_le = _mm256_castsi256_ps(_mm256_cmpeq_epi32(least, keys));
    return (unsigned)__builtin_popcount((unsigned)_mm256_movemask_ps(is_le));
}

// Which of the next eight places take an entry of the second input: its n-th goes behind n others and the keys of
// the first that are not above it.
AVX2 unsigned places_of_second(__m256i keys, const uint32_t *second) {
    unsigned places = 0;
    for (unsigned n = 0; n < EIGHT; n += 4) {
        for (unsigned i = n; i < n + 3; i++)
            places |= 1u << (i + count_to(keys, second[i]));
        unsigned last = n + 3 + count_to(keys, second[n + 3]);
        places |= 1u << last;
        if (last >= EIGHT - 1) break;
    }
    return places & 0xFF;
}

// How entries are spread: for each place the number of the entry in its own span, and whose it is.
typedef struct spread {
    __m256i first, second;
    __m256 is_second;
} spread;

AVX2 spread spread_of(unsigned places) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    // A byte for each bit, then for each byte how many there are before it.
    uint64_t bits =
        ((places & 0x7F) * UINT64_C(0x0002040810204081) & ones) | (uint64_t)(places >> 7) << 56;
    uint64_t before = bits * ones << 8;
    spread spread = {.second = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)before))};
    __m256i own = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bits));
    spread.first = _mm256_sub_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), spread.second);
    spread.is_second = _mm256_castsi256_ps(_mm256_slli_epi32(own, 31));
    return spread;
}

AVX2 __m256 blend(const spread *spread, __m256 first, __m256 second) {
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(first, spread->first),
                            _mm256_permutevar8x32_ps(second, spread->second), spread->is_second);
}

// Where eight entries go: a half of a block, or the stage.
typedef struct target {
    float *lanes;  // positions and ids behind them
    size_t stride; // from lane to lane
    uint32_t *keys;
} target;

// Stores a lane of eight entries, and takes part in its least value, unless it is one of positions or ids.
AVX2 void store_lane(const target *to, uint32_t lane, __m256 values, uint32_t lane_count,
                     __m256 *least) {
    _mm256_storeu_ps(to->lanes + lane * to->stride, values);
    if (least != NULL && lane < lane_count) least[lane] = _mm256_min_ps(least[lane], values);
}

// The next eight entries; returns how many were the second input's. `least`: of each lane, unless it is NULL.
AVX2 uint32_t move_eight(const fc_tree *a, uint32_t i, const fc_tree *b, uint32_t j,
                         uint32_t lane_count, const target *to, __m256 *least) {
    const uint32_t all_lanes = lane_count + FC_LEAF_EXTRA;
    const span from_a = span_of(a, i, lane_count);
    const __m256i keys = _mm256_loadu_si256((const __m256i *)(a->keys + i));
    if (a->keys[i + EIGHT - 1] <= b->keys[j]) {
        for (uint32_t lane = 0; lane < all_lanes; lane++)
            store_lane(to, lane, load_lane(&from_a, lane), lane_count, least);
        _mm256_storeu_si256((__m256i *)to->keys, keys);
        return 0;
    }
    const unsigned places = places_of_second(keys, b->keys + j);
    const spread spread = spread_of(places);
    const span from_b = span_of(b, j, lane_count);
    for (uint32_t lane = 0; lane < all_lanes; lane++) {
        __m256 values = blend(&spread, load_lane(&from_a, lane), load_lane(&from_b, lane));
        store_lane(to, lane, values, lane_count, least);
    }
    __m256 keys_b = _mm256_loadu_ps((const float *)(b->keys + j));
    _mm256_storeu_ps((float *)to->keys, blend(&spread, _mm256_castsi256_ps(keys), keys_b));
    return (uint32_t)__builtin_popcount(places);
}

// Those of eight rows that nobody can see any more.
static inline unsigned dropped_of(const fc_memtable *table, const uint32_t *positions,
                                  uint64_t horizon) {
    unsigned marked = 0, dropped = 0;
    for (unsigned n = 0; n < EIGHT; n++) {
        const fc_chunk *chunk = fc_columns_chunk(&table->columns, positions[n]);
        marked |= (unsigned)fc_chunk_may_be_dead(chunk, positions[n]) << n;
    }
    for (; marked != 0; marked &= marked - 1) {
        unsigned n = (unsigned)__builtin_ctz(marked);
        if (fc_columns_is_dropped(&table->columns, positions[n], horizon)) dropped |= 1u << n;
    }
    return dropped;
}

// Closes the gaps that `dropped` leave.
AVX2 void close_up(const target *to, uint32_t lane_count, unsigned dropped) {
    const unsigned kept = ~dropped & 0xFF;
    const __m256i order =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&fc_select_table[kept]));
    for (uint32_t lane = 0; lane < lane_count + FC_LEAF_EXTRA; lane++) {
        float *values = to->lanes + lane * to->stride;
        _mm256_storeu_ps(values, _mm256_permutevar8x32_ps(_mm256_loadu_ps(values), order));
    }
    __m256 keys = _mm256_permutevar8x32_ps(_mm256_loadu_ps((const float *)to->keys), order);
    _mm256_storeu_ps((float *)to->keys, keys);
}

AVX2 float least_of(__m256 values) {
    __m128 four = _mm_min_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)));
}

// Whole blocks, straight into the output.
AVX2 void move_blocks(fc_merge *merge, uint32_t budget, uint32_t lane_count) {
    fc_tree *out = merge->out;
    const fc_tree *a = merge->inputs[0], *b = merge->inputs[1];
    uint32_t i = merge->next[0], j = merge->next[1];
    // Eight places take eight of the first input's at most, so with sixteen left all that is looked at is there.
    for (uint32_t moved = 0; moved < budget && a->count - i >= FC_NODE; moved += FC_NODE) {
        fc_tree_slot slot = fc_tree_next_slot(out);
        __m256 least[FC_LANES_MAX];
        for (uint32_t lane = 0; lane < lane_count; lane++)
            least[lane] = _mm256_set1_ps(INFINITY);
        for (unsigned half = 0; half < FC_NODE; half += EIGHT) {
            const target to = {slot.lanes + half, FC_NODE, out->keys + out->count + half};
            uint32_t of_b = move_eight(a, i, b, j, lane_count, &to, least);
            i += EIGHT - of_b;
            j += of_b;
        }
        float bounds[FC_LANES_MAX];
        for (uint32_t lane = 0; lane < lane_count; lane++)
            bounds[lane] = least_of(least[lane]);
        out->count += FC_NODE;
        fc_tree_close_bounded(out, bounds);
    }
    merge->next[0] = i;
    merge->next[1] = j;
}

// By way of the stage, without the rows that are to be dropped.
AVX2 void move_staged(const fc_memtable *table, fc_merge *merge, uint32_t budget,
                      uint32_t lane_count) {
    const uint64_t horizon = fc_memtable_horizon(table);
    fc_stage *stage = &merge->stage;
    const fc_tree *a = merge->inputs[0], *b = merge->inputs[1];
    uint32_t i = merge->next[0], j = merge->next[1];
    for (uint32_t moved = 0; moved < budget && a->count - i >= EIGHT; moved += EIGHT) {
        const target to = {stage->lanes[0] + stage->count, sizeof stage->lanes[0] / sizeof(float),
                           merge->out->keys + merge->out->count + stage->count};
        uint32_t of_b = move_eight(a, i, b, j, lane_count, &to, NULL);
        i += EIGHT - of_b;
        j += of_b;
        const uint32_t *positions = (const uint32_t *)stage->lanes[lane_count] + stage->count;
        unsigned dropped = dropped_of(table, positions, horizon);
        stage->count += EIGHT;
        if (dropped != 0) {
            fc_merge_count_dropped(merge, positions, dropped);
            close_up(&to, lane_count, dropped);
            stage->count -= (uint32_t)__builtin_popcount(dropped);
        }
        if (stage->count >= FC_NODE) fc_merge_put_block(merge, lane_count);
    }
    merge->next[0] = i;
    merge->next[1] = j;
}

AVX2 void move(const fc_memtable *table, fc_merge *merge, uint32_t budget, bool all_stay,
               uint32_t lane_count) {
    if (all_stay && merge->stage.count == 0)
        move_blocks(merge, budget, lane_count);
    else
        move_staged(table, merge, budget, lane_count);
}

__attribute__((target("avx2,bmi,lzcnt,popcnt"))) void
fc_merge_advance_avx2(const fc_memtable *table, fc_merge *merge, uint32_t budget, bool all_stay) {
    // The number of lanes is constant in each, so that their loops are unrolled.
    if (merge->out->lanes == FC_LANES_PLACE)
        move(table, merge, budget, all_stay, FC_LANES_PLACE);
    else if (merge->out->lanes == FC_LANES_BOTH)
        move(table, merge, budget, all_stay, FC_LANES_BOTH);
    else
        move(table, merge, budget, all_stay, FC_LANES_TIME);
}
#endif
