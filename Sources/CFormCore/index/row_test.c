#include "row_test.h"

#include "../base/bytes.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WITH_AVX2 __attribute__((target("avx2")))
#endif

static fc_plain_box plain_box_of(const fc_probe *probe) {
    const fc_box *box = &probe->box;
    return (fc_plain_box){.is_usable = probe->has_box && !probe->within && !probe->planar &&
                                       box->west <= box->east && box->west > -180 &&
                                       box->east < 180,
                          .west = box->west,
                          .south = box->south,
                          .east = box->east,
                          .north = box->north};
}

// Which of `count` rows from `row` on meet the box in the plane; *out_turned: rows that only the exact test can
// tell, because they reach beyond ±180 or cross.
static uint64_t meet_plain(const fc_plain_box *plain, const fc_chunk *chunk, uint32_t row,
                           uint32_t count, uint64_t *out_turned) {
    uint64_t meets = 0, turned = 0;
    const fc_box *boxes = chunk->boxes + row;
    const uint8_t *flags = chunk->flags + row;
    for (uint32_t i = 0; i < count; i++) {
        const fc_box *box = &boxes[i];
        bool here = (box->west <= plain->east) & (box->east >= plain->west) &
                    (box->south <= plain->north) & (box->north >= plain->south);
        bool is_plain = (box->west >= -180) & (box->east <= 180) & (box->west <= box->east);
        bool has_box = flags[i] & FC_ROW_BOX;
        meets |= (uint64_t)(here & is_plain & has_box) << i;
        turned |= (uint64_t)(!is_plain & has_box) << i;
    }
    *out_turned = turned;
    return meets;
}

// ---- Times -------------------------------------------------------------------------------------

#if defined(__x86_64__)
static WITH_AVX2 uint64_t flagged_avx2(const uint8_t *flags, unsigned flag) {
    const __m256i wanted = _mm256_set1_epi8((char)flag);
    uint64_t rows = 0;
    for (unsigned i = 0; i < 64; i += 32) {
        __m256i found = _mm256_loadu_si256((const __m256i *)(const void *)(flags + i));
        found = _mm256_cmpeq_epi8(_mm256_and_si256(found, wanted), wanted);
        rows |= (uint64_t)(uint32_t)_mm256_movemask_epi8(found) << i;
    }
    return rows;
}
#endif

// The rows that have a flag.
static uint64_t flagged(const fc_row_walk *walk, const uint8_t *flags, uint32_t count,
                        unsigned flag) {
#if defined(__x86_64__)
    if (count == 64 && walk->view->table->use_simd) return flagged_avx2(flags, flag);
#else
    (void)walk;
#endif
    uint64_t rows = 0;
    if (count < 64) { // flags beyond may be being written
        for (uint32_t i = 0; i < count; i++)
            rows |= (uint64_t)((flags[i] & flag) != 0) << i;
        return rows;
    }
    const unsigned shift = (unsigned)__builtin_ctz(flag);
    for (unsigned i = 0; i < 64; i += 8) {
        // A multiplication puts the low bits of eight bytes side by side.
        uint64_t bits = fc_load_u64(flags + i) >> shift & UINT64_C(0x0101010101010101);
        rows |= bits * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    return rows;
}

uint64_t fc_row_walk_timed(const fc_row_walk *walk, const fc_row_block *block) {
    if (block->rows == 0) return 0;
    uint32_t count = 64 - (uint32_t)__builtin_clzll(block->rows);
    return block->rows &
           flagged(walk, block->chunk->flags + (block->first & FC_CHUNK_MASK), count, FC_ROW_TIME);
}

static inline __attribute__((always_inline)) uint64_t
lie_within(const int64_t *starts_us, uint32_t count, int64_t first_us, int64_t last_us) {
    uint64_t rows = 0;
    for (uint32_t i = 0; i < count; i++)
        rows |= (uint64_t)((starts_us[i] >= first_us) & (starts_us[i] <= last_us)) << i;
    return rows;
}

#if defined(__x86_64__)
// Base x86-64 has no comparison of 64-bit integers in vectors: 1.1 ns a row, and 0.3 with.
static WITH_AVX2 uint64_t lie_within_avx2(const int64_t *starts_us, int64_t first_us,
                                          int64_t last_us) {
    return lie_within(starts_us, 64, first_us, last_us);
}
#endif

static uint64_t starts_within(const fc_view *view, const int64_t *starts_us, uint32_t count,
                              int64_t first_us, int64_t last_us) {
#if defined(__x86_64__)
    if (count == 64 && view->table->use_simd) return lie_within_avx2(starts_us, first_us, last_us);
#else
    (void)view;
#endif
    return lie_within(starts_us, count, first_us, last_us);
}

static uint64_t meet_time(const fc_row_walk *walk, const fc_chunk *chunk, uint32_t row,
                          uint32_t count) {
    const fc_probe *probe = &walk->probe;
    int64_t first_us = probe->start_is_open ? INT64_MIN : probe->time_first_us;
    int64_t last_us = probe->end_is_open ? INT64_MAX : probe->time_last_us;
    uint64_t timed = flagged(walk, chunk->flags + row, count, FC_ROW_TIME);
    // A chunk without a timed row has no column of times.
    if (timed == 0) return 0;
    const int64_t *starts_us = chunk->starts_us + row;
    fc_prefetch_rows(starts_us, row);
    uint64_t meets = starts_within(walk->view, starts_us, count, first_us, last_us);
    uint64_t spans = flagged(walk, chunk->flags + row, count, FC_ROW_SPAN) & timed;
    for (; spans != 0; spans &= spans - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(spans);
        bool here = starts_us[i] <= last_us && chunk->ends_us[row + i] >= first_us;
        meets = (meets & ~(UINT64_C(1) << i)) | (uint64_t)here << i;
    }
    return meets & timed;
}

// ---- The walk ----------------------------------------------------------------------------------

static uint64_t matching_rows(const fc_row_walk *walk, const fc_chunk *chunk, uint32_t first,
                              uint32_t count) {
    const fc_probe *probe = &walk->probe;
    uint64_t rows = fc_view_visible_rows(walk->view, chunk, first, count);
    uint32_t row = first & FC_CHUNK_MASK;
    if (probe->has_time && rows != 0) rows &= meet_time(walk, chunk, row, count);
    if (!probe->has_box || rows == 0) return rows;
    uint64_t meets = 0, turned = rows;
    if (walk->plain.is_usable) meets = meet_plain(&walk->plain, chunk, row, count, &turned);
    for (turned &= rows; turned != 0; turned &= turned - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(turned);
        bool matches = (chunk->flags[row + i] & FC_ROW_BOX) &&
                       fc_probe_box_matches(probe, &chunk->boxes[row + i]);
        meets |= (uint64_t)matches << i;
    }
    return rows & meets;
}

void fc_row_walk_init(fc_row_walk *walk, const fc_view *view, const fc_question *question,
                      uint32_t first, uint32_t end) {
    if (end > view->limit) end = view->limit;
    *walk = (fc_row_walk){.view = view, .next = first, .end = end};
    fc_view_probe(view, question, &walk->probe);
    if (first > end || walk->probe.is_empty) walk->next = end;
    walk->plain = plain_box_of(&walk->probe);
}

bool fc_row_walk_next(fc_row_walk *walk, fc_row_block *out) {
    while (walk->next < walk->end) {
        // One that begins inside a word of the bitmap is looked at from the word's beginning.
        uint32_t first = walk->next & ~UINT32_C(63), before = walk->next - first;
        const fc_chunk *chunk = fc_columns_chunk(&walk->view->table->columns, first);
        uint32_t left = walk->end - first, count = left < 64 ? left : 64;
        if (chunk == NULL) { // freed: nobody sees a row of it
            uint32_t rows = FC_CHUNK_ROWS - (first & FC_CHUNK_MASK);
            walk->next = left < rows ? walk->end : first + rows;
            continue;
        }
        walk->next = first + count;
        uint64_t rows = matching_rows(walk, chunk, first, count);
        *out = (fc_row_block){chunk, first, rows & UINT64_MAX << before};
        return true;
    }
    return false;
}
