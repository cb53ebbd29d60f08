#include "window_counts.h"

#include "../base/bytes.h"

enum { CANCEL_ROWS = 65536, STEPS_LOG2 = 12 };

// A walk over the starts of the rows that count.
typedef struct walk {
    const fc_view *view;
    const fc_probe *probe;
    int64_t from_us;
    bool (*is_cancelled)(void *context);
    void *cancel_context;
} walk;

static bool all_timed(const uint8_t flags[64]) {
    const uint64_t timed = UINT64_C(0x0101010101010101) * FC_ROW_TIME;
    uint64_t all = timed;
    for (unsigned i = 0; i < 64; i += 8)
        all &= fc_load_u64(flags + i);
    return all == timed;
}

// Which of the rows that `rows` has as bits have a start that counts.
static uint64_t counted_rows(const walk *w, const fc_chunk *chunk, uint32_t first, uint64_t rows) {
    const uint8_t *flags = chunk->flags + (first & FC_CHUNK_MASK);
    if (rows == UINT64_MAX && !w->probe->has_time && all_timed(flags)) return rows;
    uint64_t timed = 0;
    // Flags beyond the visible rows may be being written.
    unsigned count = rows == 0 ? 0 : 64 - (unsigned)__builtin_clzll(rows);
    for (unsigned i = 0; i < count; i++)
        timed |= (uint64_t)((flags[i] & FC_ROW_TIME) != 0) << i;
    rows &= timed;
    if (!w->probe->has_time) return rows;
    for (uint64_t left = rows; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (!fc_probe_time_matches(w->probe, fc_chunk_time(chunk, first + i)))
            rows &= ~(UINT64_C(1) << i);
    }
    return rows;
}

// What a row's start counts as; INT64_MIN: not at all.
static inline int64_t time_of(const walk *w, int64_t start_us) {
    return start_us < w->from_us ? w->from_us : start_us;
}

static bool is_cancelled(const walk *w, uint32_t position) {
    return position % CANCEL_ROWS == 0 && w->is_cancelled != NULL &&
           w->is_cancelled(w->cancel_context);
}

// ---- Where the times lie -----------------------------------------------------------------------

static fc_status find_extent(const walk *w, int64_t *out_least_us, int64_t *out_greatest_us) {
    int64_t least = INT64_MAX, greatest = INT64_MIN;
    for (uint32_t position = 0; position < w->view->limit; position += 64) {
        if (is_cancelled(w, position)) return FC_STATUS_CANCELLED;
        const fc_chunk *chunk = fc_columns_chunk(&w->view->table->columns, position);
        if (chunk == NULL) continue;
        uint32_t left = w->view->limit - position;
        uint64_t rows = fc_view_visible_rows(w->view, chunk, position, left < 64 ? left : 64);
        rows = counted_rows(w, chunk, position, rows);
        if (rows == 0) continue;
        const int64_t *starts_us = chunk->starts_us + (position & FC_CHUNK_MASK);
        for (; rows != 0; rows &= rows - 1) {
            int64_t time_us = time_of(w, starts_us[__builtin_ctzll(rows)]);
            if (time_us != INT64_MIN && time_us < least) least = time_us;
            if (time_us > greatest) greatest = time_us;
        }
    }
    *out_least_us = least;
    *out_greatest_us = greatest;
    return FC_STATUS_OK;
}

// ---- Counting ----------------------------------------------------------------------------------

// Finds windows between edges: `steps[i]` is the window in which the i-th of equal steps begins.
typedef struct finder {
    const fc_windowing *windowing;
    int64_t base_us; // where the first window begins, or the first edge
    unsigned shift;
    uint32_t steps[1 << STEPS_LOG2];
} finder;

static void init_steps(finder *f) {
    const int64_t *edges = f->windowing->edges;
    uint64_t span = (uint64_t)edges[f->windowing->edge_count - 1] - (uint64_t)edges[0] - 1;
    while (span >> f->shift >> STEPS_LOG2 != 0)
        f->shift++;
    uint32_t window = 0;
    for (uint64_t step = 0; step <= span >> f->shift; step++) {
        uint64_t offset = step << f->shift;
        while ((uint64_t)edges[window + 1] - (uint64_t)edges[0] <= offset)
            window++;
        f->steps[step] = window;
    }
}

// The window's index; `count` or more when it lies outside all edges.
static inline uint64_t find_window(const finder *f, int64_t time_us) {
    const fc_windowing *windowing = f->windowing;
    uint64_t offset = (uint64_t)time_us - (uint64_t)f->base_us;
    if (windowing->edges == NULL) return fc_windowing_divide(windowing, offset);
    const int64_t *edges = windowing->edges;
    if (time_us < edges[0] || time_us >= edges[windowing->edge_count - 1]) return UINT64_MAX;
    uint32_t window = f->steps[offset >> f->shift];
    while (edges[window + 1] <= time_us)
        window++;
    return window;
}

static fc_status count_all(const walk *w, const finder *f, fc_window_counts *counts) {
    for (uint32_t position = 0; position < w->view->limit; position += 64) {
        if (is_cancelled(w, position)) return FC_STATUS_CANCELLED;
        const fc_chunk *chunk = fc_columns_chunk(&w->view->table->columns, position);
        if (chunk == NULL) continue;
        uint32_t left = w->view->limit - position;
        uint64_t rows = fc_view_visible_rows(w->view, chunk, position, left < 64 ? left : 64);
        for (rows = counted_rows(w, chunk, position, rows); rows != 0; rows &= rows - 1) {
            uint32_t row = (position & FC_CHUNK_MASK) + (uint32_t)__builtin_ctzll(rows);
            int64_t time_us = time_of(w, chunk->starts_us[row]);
            if (time_us == INT64_MIN) continue;
            uint64_t window = find_window(f, time_us);
            if (window < counts->count) counts->rows[window]++;
        }
    }
    return FC_STATUS_OK;
}

// Sets where the windows begin and how many there are; false when they are too many.
static bool plan_windows(const fc_windowing *windowing, int64_t least_us, int64_t greatest_us,
                         finder *f, fc_window_counts *counts) {
    if (windowing->edges != NULL) {
        f->base_us = windowing->edges[0];
        counts->count = windowing->edge_count - 1;
        if (counts->count > FC_WINDOW_COUNTS_MAX) return false;
        init_steps(f);
        return true;
    }
    fc_window_place first, last;
    if (!fc_windowing_find(windowing, least_us, &first) ||
        !fc_windowing_find(windowing, greatest_us, &last))
        return false;
    uint64_t count = (uint64_t)last.number - (uint64_t)first.number + 1;
    // A first window that begins before 64 bits do has no base to count from.
    __int128 base = (__int128)first.number * windowing->length_us + windowing->origin_us;
    if (count == 0 || count > FC_WINDOW_COUNTS_MAX || base < INT64_MIN) return false;
    f->base_us = first.first_us;
    counts->first = first.number;
    counts->count = (size_t)count;
    return true;
}

fc_status fc_window_counts_init(fc_window_counts *counts, const fc_view *view,
                                const fc_probe *probe, const fc_windowing *windowing,
                                int64_t from_us, bool (*is_cancelled)(void *context),
                                void *cancel_context, bool *out_fits) {
    *counts = (fc_window_counts){.memory = &view->table->os->memory};
    *out_fits = true;
    walk w = {view, probe, from_us, is_cancelled, cancel_context};
    int64_t least_us, greatest_us;
    fc_status status = find_extent(&w, &least_us, &greatest_us);
    if (status != FC_STATUS_OK || least_us > greatest_us) return status;
    const fc_allocator *memory = counts->memory;
    finder *f = fc_allocate_cleared(memory, 1, sizeof *f);
    if (f == NULL) return FC_STATUS_OUT_OF_MEMORY;
    f->windowing = windowing;
    *out_fits = plan_windows(windowing, least_us, greatest_us, f, counts);
    if (*out_fits) {
        counts->rows = fc_allocate_cleared(memory, counts->count, sizeof *counts->rows);
        status = counts->rows == NULL ? FC_STATUS_OUT_OF_MEMORY : count_all(&w, f, counts);
    }
    memory->release(memory->context, f, sizeof *f);
    if (status != FC_STATUS_OK) fc_window_counts_deinit(counts);
    return status;
}

void fc_window_counts_deinit(fc_window_counts *counts) {
    if (counts->rows != NULL)
        counts->memory->release(counts->memory->context, counts->rows,
                                counts->count * sizeof *counts->rows);
    counts->rows = NULL;
    counts->count = 0;
}
