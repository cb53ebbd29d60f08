#include "question.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <math.h>
#include <stddef.h>
#include <string.h>

static void lanes_of(const fc_box *box, bool planar, float out[4]) {
    out[0] = fc_round_down(box->west);
    out[1] = fc_round_down(box->south);
    bool crosses = !planar && box->west > box->east;
    out[2] = crosses ? fc_round_down_turned(-box->east, -1) : fc_round_down(-box->east);
    out[3] = fc_round_down(-box->north);
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))

// fc_round_down of four edges, the last two negated. (Compilers make it of a loop only by way of memory: 3 ns a
// box, then 8.)
AVX2 static inline __m128 round_edges(__m256d edges) {
    const __m256d negated = _mm256_setr_pd(0.0, 0.0, -0.0, -0.0);
    const __m128i magnitude = _mm_set1_epi32(INT32_MAX);
    edges = _mm256_xor_pd(edges, negated);
    __m128 rounded = _mm256_cvtpd_ps(edges);
    __m256d above = _mm256_cmp_pd(_mm256_cvtps_pd(rounded), edges, _CMP_GT_OQ);
    __m128 low = _mm_castpd_ps(_mm256_castpd256_pd128(above));
    __m128 high = _mm_castpd_ps(_mm256_extractf128_pd(above, 1));
    __m128i one_less = _mm_castps_si128(_mm_shuffle_ps(low, high, 0x88));
    __m128i order = _mm_castps_si128(rounded);
    order = _mm_xor_si128(order, _mm_and_si128(_mm_srai_epi32(order, 31), magnitude));
    order = _mm_add_epi32(order, one_less);
    order = _mm_xor_si128(order, _mm_and_si128(_mm_srai_epi32(order, 31), magnitude));
    return _mm_castsi128_ps(order);
}

AVX2 static void lanes_avx2(const fc_box *box, bool planar, float out[4]) {
    // Loaded one by one: a load of several would wait until they, stored just before by whoever made the box,
    // have left the store buffer.
    const volatile fc_box *edges = box;
    double west = edges->west, south = edges->south, east = edges->east, north = edges->north;
    _mm_storeu_ps(out, round_edges(_mm256_setr_pd(west, south, east, north)));
    if (!planar && west > east) out[2] = fc_round_down_turned(-east, -1);
}

AVX2 static void many_avx2(const fc_box *boxes, uint32_t count, bool planar, float (*out)[4]) {
    for (uint32_t i = 0; i < count; i++) {
        _mm_storeu_ps(out[i], round_edges(_mm256_loadu_pd(&boxes[i].west)));
        if (!planar && boxes[i].west > boxes[i].east)
            out[i][2] = fc_round_down_turned(-boxes[i].east, -1);
    }
}
#undef AVX2
#endif

void fc_box_lanes(const fc_box *box, bool planar, bool use_simd, float out[4]) {
#if defined(__x86_64__)
    if (use_simd) {
        lanes_avx2(box, planar, out);
        return;
    }
#endif
    (void)use_simd;
    lanes_of(box, planar, out);
}

void fc_box_lanes_of_many(const fc_box *boxes, uint32_t count, bool planar, bool use_simd,
                          float (*out)[4]) {
#if defined(__x86_64__)
    if (use_simd) {
        many_avx2(boxes, count, planar, out);
        return;
    }
#endif
    (void)use_simd;
    for (uint32_t i = 0; i < count; i++)
        lanes_of(&boxes[i], planar, out[i]);
}

static void init_time(fc_probe *probe, const fc_question *question) {
    probe->start_is_open = question->start_is_open;
    probe->end_is_open = question->end_is_open;
    probe->time_first_us = question->time_start_us;
    probe->time_last_us = question->time_end_us - (question->time_end_us != INT64_MIN);
    if (!question->end_is_open && question->time_end_us == INT64_MIN) probe->is_empty = true;
    if (!question->start_is_open && !question->end_is_open &&
        question->time_start_us >= question->time_end_us)
        probe->is_empty = true;
}

// The limits of one turn of the box.
static void init_window(const fc_probe *probe, int turns, fc_window *window) {
    const fc_box *box = &probe->box;
    for (unsigned lane = 0; lane < FC_LANES_MAX; lane++) {
        window->meets[lane] = INFINITY;
        window->inside[lane] = -INFINITY;
    }
    if (probe->has_box) {
        int east_turns = turns + probe->east_turns;
        if (!probe->whole_world) {
            window->meets[0] = fc_round_down_turned(box->east, east_turns);
            window->meets[2] = fc_round_down_turned(-box->west, -turns);
            window->inside[0] = fc_round_down_turned(box->west, turns);
            window->inside[2] = fc_round_down_turned(-box->east, -east_turns);
        }
        window->meets[1] = fc_round_down(box->north);
        window->meets[3] = fc_round_down(-box->south);
        window->inside[1] = fc_round_down(box->south);
        window->inside[3] = fc_round_down(-box->north);
    }
    if (probe->has_time && !probe->end_is_open) {
        window->meets[4] = fc_round_down_i64(probe->time_last_us);
        window->inside[5] = fc_round_down_negated_i64(probe->time_last_us);
    }
    if (probe->has_time && !probe->start_is_open) {
        window->meets[5] = fc_round_down_negated_i64(probe->time_first_us);
        window->inside[4] = fc_round_down_i64(probe->time_first_us);
    }
}

void fc_probe_init_exact(fc_probe *probe, const fc_question *question, bool planar) {
    // Not the windows, half a kilobyte: they are written as they are counted.
    memset(probe, 0, offsetof(fc_probe, windows));
    probe->planar = planar;
    if (question != NULL && question->has_time) {
        probe->has_time = true;
        init_time(probe, question);
    }
    if (question != NULL && question->has_box) {
        probe->has_box = true;
        probe->within = question->within;
        probe->box = question->box;
        const fc_box *box = &probe->box;
        bool is_number = box->west == box->west && box->east == box->east;
        if (!is_number || !(box->south <= box->north)) probe->is_empty = true;
        if (planar && box->west > box->east) probe->is_empty = true;
        // One turn for a box that crosses; more where its edges are given more than a turn apart.
        while (!planar && is_number && probe->east_turns < FC_EAST_TURNS_MAX &&
               fc_compare_turned(box->east, probe->east_turns, box->west) < 0)
            probe->east_turns++;
        probe->whole_world = !planar && fc_compare_turned(box->east, -1, box->west) >= 0;
    }
}

void fc_probe_init(fc_probe *probe, const fc_question *question, bool planar, float west,
                   float east) {
    fc_probe_init_exact(probe, question, planar);
    if (!probe->has_box || probe->planar || probe->whole_world) {
        init_window(probe, 0, &probe->windows[0]);
        probe->window_count = 1;
        return;
    }
    for (int turns = -FC_TURNS_MAX; turns <= FC_TURNS_MAX; turns++) {
        fc_window *window = &probe->windows[probe->window_count];
        // Most turns are far from all rows: nine windows made ready were 6 % of a small question (W5).
        const double margin = 1;
        if (probe->box.east + 360.0 * (turns + probe->east_turns) < west - margin ||
            probe->box.west + 360.0 * turns > east + margin)
            continue;
        init_window(probe, turns, window);
        if (west <= window->meets[0] && -east <= window->meets[2]) probe->window_count++;
    }
    if (probe->window_count == 0) probe->is_empty = true;
}

static bool longitudes_match(const fc_probe *probe, const fc_box *row, int row_turns, int turns) {
    const fc_box *box = &probe->box;
    int east_turns = turns + probe->east_turns;
    if (probe->within)
        return fc_compare_turned(row->west, -turns, box->west) >= 0 &&
               fc_compare_turned(row->east, row_turns - east_turns, box->east) <= 0;
    return fc_compare_turned(row->west, -east_turns, box->east) <= 0 &&
           fc_compare_turned(row->east, row_turns - turns, box->west) >= 0;
}

bool fc_probe_box_matches(const fc_probe *probe, const fc_box *row) {
    if (!probe->has_box) return true;
    const fc_box *box = &probe->box;
    bool latitude = probe->within ? row->south >= box->south && row->north <= box->north
                                  : row->south <= box->north && row->north >= box->south;
    if (!latitude) return false;
    if (probe->whole_world) return true;
    if (probe->planar) return longitudes_match(probe, row, 0, 0);
    int row_turns = row->west > row->east;
    for (int turns = -FC_TURNS_MAX; turns <= FC_TURNS_MAX; turns++)
        if (longitudes_match(probe, row, row_turns, turns)) return true;
    return false;
}

bool fc_probe_time_matches(const fc_probe *probe, fc_row_time time) {
    if (!probe->has_time) return true;
    return (probe->end_is_open || time.start_us <= probe->time_last_us) &&
           (probe->start_is_open || time.end_us >= probe->time_first_us);
}

bool fc_probe_matches(const fc_probe *probe, const fc_columns *columns, uint32_t position) {
    if (probe->is_empty) return false;
    const fc_chunk *chunk = fc_columns_chunk(columns, position);
    uint32_t i = position & FC_CHUNK_MASK;
    if (probe->has_box &&
        (!(chunk->flags[i] & FC_ROW_BOX) || !fc_probe_box_matches(probe, &chunk->boxes[i])))
        return false;
    return !probe->has_time || ((chunk->flags[i] & FC_ROW_TIME) &&
                                fc_probe_time_matches(probe, fc_chunk_time(chunk, i)));
}
