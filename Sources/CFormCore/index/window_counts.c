#include "window_counts.h"

enum { CANCEL_ROWS = 65536, STEPS_LOG2 = 12 };

// A walk over the starts of the rows that count.
typedef struct walk {
    fc_row_walk rows;
    int64_t from_us;
    bool (*is_cancelled)(void *context);
    void *cancel_context;
} walk;

// The next rows that have a time. *out_cancelled: so it ended.
static bool walk_next(walk *w, fc_row_block *out, bool *out_cancelled) {
    while (fc_row_walk_next(&w->rows, out)) {
        *out_cancelled = out->first % CANCEL_ROWS == 0 && w->is_cancelled != NULL &&
                         w->is_cancelled(w->cancel_context);
        if (*out_cancelled) return false;
        if (!w->rows.probe.has_time) out->rows = fc_row_walk_timed(&w->rows, out);
        if (out->rows != 0) return true;
    }
    return false;
}

// What a row's start counts as; INT64_MIN: not at all.
static inline int64_t time_of(const walk *w, int64_t start_us) {
    return start_us < w->from_us ? w->from_us : start_us;
}

// ---- Where the times lie -----------------------------------------------------------------------

typedef struct extent {
    int64_t least_us, greatest_us; // least > greatest: there are no times
} extent;

// What no row's time lies beyond, by what is asked and what the trees know of all rows.
static extent bound_extent(const walk *w) {
    const fc_probe *probe = &w->rows.probe;
    fc_view_estimate known = fc_view_read_estimate(w->rows.view);
    if (!known.has_times) return (extent){INT64_MAX, INT64_MIN};
    extent extent = {known.time_min_us, known.time_max_us};
    if (probe->has_time && !probe->end_is_open && probe->time_last_us < extent.greatest_us)
        extent.greatest_us = probe->time_last_us;
    extent.least_us = time_of(w, extent.least_us);
    extent.greatest_us = time_of(w, extent.greatest_us);
    return extent;
}

static fc_status find_extent(const walk *all, extent *out) {
    extent found = {INT64_MAX, INT64_MIN};
    walk w = *all;
    fc_row_block block;
    bool is_cancelled = false;
    while (walk_next(&w, &block, &is_cancelled)) {
        const int64_t *starts_us = block.chunk->starts_us + (block.first & FC_CHUNK_MASK);
        for (uint64_t rows = block.rows; rows != 0; rows &= rows - 1) {
            int64_t time_us = time_of(&w, starts_us[__builtin_ctzll(rows)]);
            if (time_us != INT64_MIN && time_us < found.least_us) found.least_us = time_us;
            if (time_us > found.greatest_us) found.greatest_us = time_us;
        }
    }
    *out = found;
    return is_cancelled ? FC_STATUS_CANCELLED : FC_STATUS_OK;
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

// The window's index; UINT64_MAX when it lies outside all edges.
static inline uint64_t find_between(const finder *f, int64_t time_us) {
    const int64_t *edges = f->windowing->edges;
    if (time_us < edges[0] || time_us >= edges[f->windowing->edge_count - 1]) return UINT64_MAX;
    uint32_t window = f->steps[((uint64_t)time_us - (uint64_t)f->base_us) >> f->shift];
    while (edges[window + 1] <= time_us)
        window++;
    return window;
}

// What is counted with, by value, so that it stays in registers while counters are written: 1.4 times as fast.
typedef struct counter {
    const finder *finder;
    fc_windowing windowing;
    int64_t from_us, base_us;
    uint64_t count;
    uint32_t *rows;
} counter;

static inline void count_row(const counter c, int64_t start_us) {
    int64_t time_us = start_us < c.from_us ? c.from_us : start_us;
    if (time_us == INT64_MIN) return;
    uint64_t window =
        c.windowing.edges != NULL
            ? find_between(c.finder, time_us)
            : fc_windowing_divide(&c.windowing, (uint64_t)time_us - (uint64_t)c.base_us);
    if (window < c.count) c.rows[window]++;
}

static void count_block(const counter c, const int64_t *starts_us, uint64_t rows) {
    if (rows == UINT64_MAX)
        for (unsigned i = 0; i < 64; i++)
            count_row(c, starts_us[i]);
    else
        for (; rows != 0; rows &= rows - 1)
            count_row(c, starts_us[__builtin_ctzll(rows)]);
}

static fc_status count_all(const walk *all, const finder *f, fc_window_counts *counts) {
    const counter counter = {f,          *f->windowing, all->from_us,
                             f->base_us, counts->count, counts->rows};
    walk w = *all;
    fc_row_block block;
    bool is_cancelled = false;
    while (walk_next(&w, &block, &is_cancelled))
        count_block(counter, block.chunk->starts_us + (block.first & FC_CHUNK_MASK), block.rows);
    return is_cancelled ? FC_STATUS_CANCELLED : FC_STATUS_OK;
}

// Sets where the windows begin and how many there are; false when they are more than `count_max`.
static bool plan_windows(extent extent, size_t count_max, finder *f, fc_window_counts *counts) {
    const fc_windowing *windowing = f->windowing;
    if (windowing->edges != NULL) {
        f->base_us = windowing->edges[0];
        counts->count = windowing->edge_count - 1;
        if (counts->count > FC_WINDOW_COUNTS_MAX) return false;
        init_steps(f);
        return true;
    }
    fc_window_place first, last;
    if (!fc_windowing_find(windowing, extent.least_us, &first) ||
        !fc_windowing_find(windowing, extent.greatest_us, &last))
        return false;
    uint64_t count = (uint64_t)last.number - (uint64_t)first.number + 1;
    // A first window that begins before 64 bits do has no base to count from.
    __int128 base = (__int128)first.number * windowing->length_us + windowing->origin_us;
    if (count == 0 || count > count_max || base < INT64_MIN) return false;
    f->base_us = first.first_us;
    counts->first = first.number;
    counts->count = (size_t)count;
    return true;
}

static fc_status count_windows(const walk *w, finder *f, fc_window_counts *counts, bool *out_fits) {
    // More windows than a quarter of the rows, and it is better to know how many they really are.
    size_t many = 4096 + (w->rows.end - w->rows.next) / 4;
    if (many > FC_WINDOW_COUNTS_MAX) many = FC_WINDOW_COUNTS_MAX;
    extent extent = bound_extent(w);
    fc_status status = FC_STATUS_OK;
    if (extent.least_us > extent.greatest_us) return status;
    *out_fits = plan_windows(extent, many, f, counts);
    if (!*out_fits) {
        status = find_extent(w, &extent);
        if (status == FC_STATUS_OK) *out_fits = extent.least_us > extent.greatest_us;
        if (status != FC_STATUS_OK || *out_fits) return status;
        *out_fits = plan_windows(extent, FC_WINDOW_COUNTS_MAX, f, counts);
    }
    if (!*out_fits) return status;
    counts->rows = fc_allocate_cleared(counts->memory, counts->count, sizeof *counts->rows);
    return counts->rows == NULL ? FC_STATUS_OUT_OF_MEMORY : count_all(w, f, counts);
}

fc_status fc_window_counts_init(fc_window_counts *counts, const fc_row_walk *rows,
                                const fc_windowing *windowing, int64_t from_us,
                                bool (*is_cancelled)(void *context), void *cancel_context,
                                bool *out_fits) {
    const fc_allocator *memory = &rows->view->table->os->memory;
    *counts = (fc_window_counts){.memory = memory};
    *out_fits = true;
    const walk w = {*rows, from_us, is_cancelled, cancel_context};
    finder *f = fc_allocate_cleared(memory, 1, sizeof *f);
    if (f == NULL) return FC_STATUS_OUT_OF_MEMORY;
    f->windowing = windowing;
    fc_status status = count_windows(&w, f, counts, out_fits);
    memory->release(memory->context, f, sizeof *f);
    if (status != FC_STATUS_OK || counts->rows == NULL) fc_window_counts_deinit(counts);
    return status;
}

void fc_window_counts_deinit(fc_window_counts *counts) {
    if (counts->rows != NULL)
        counts->memory->release(counts->memory->context, counts->rows,
                                counts->count * sizeof *counts->rows);
    counts->rows = NULL;
    counts->count = 0;
}
