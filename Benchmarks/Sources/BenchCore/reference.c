// Rows sorted by their western edge: the rows that can meet a window are a stretch of the array,
// which is scanned. Simple enough to be believed, quick enough for a million rows.
#include <math.h>
#include <stdlib.h>

#include "bench_place.h"

typedef struct row {
    double west, south, east, north;
    double time_start, time_end;
    int64_t id;
    bool deleted;
} row;

struct bench_reference {
    row *rows; // by west
    size_t *row_of_id;
    size_t count;
    double width_max;
};

// As SQLite's rtreeValueDown and rtreeValueUp (ext/rtree/rtree.c): one step of about an ulp outwards,
// where the conversion rounded inwards.
static double float_down(double value) {
    float f = (float)value;
    if (f > value) f = (float)(value * (value < 0 ? 1.0 + 1.0 / 8388608.0 : 1.0 - 1.0 / 8388608.0));
    return f;
}

static double float_up(double value) {
    float f = (float)value;
    if (f < value) f = (float)(value * (value < 0 ? 1.0 - 1.0 / 8388608.0 : 1.0 + 1.0 / 8388608.0));
    return f;
}

static int by_west(const void *left, const void *right) {
    const row *a = left, *b = right;
    if (a->west != b->west) return a->west < b->west ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

bench_reference *bench_reference_create(const bench_boxes *boxes, bool float32) {
    return bench_reference_create_timed(boxes, NULL, float32);
}

bench_reference *bench_reference_create_timed(const bench_boxes *boxes, const double *times,
                                              bool float32) {
    bench_reference *reference = calloc(1, sizeof *reference);
    if (reference == NULL) return NULL;
    reference->count = boxes->count;
    reference->rows = calloc(boxes->count + 1, sizeof *reference->rows);
    reference->row_of_id = calloc(boxes->count + 1, sizeof *reference->row_of_id);
    if (reference->rows == NULL || reference->row_of_id == NULL) {
        bench_reference_destroy(reference);
        return NULL;
    }
    for (size_t i = 0; i < boxes->count; i++) {
        row *r = &reference->rows[i];
        const double time = times != NULL ? times[i] : 0;
        *r = (row){boxes->west[i], boxes->south[i],  boxes->east[i], boxes->north[i], time,
                   time,           (int64_t)(i + 1), false};
        if (float32) {
            r->west = float_down(r->west), r->south = float_down(r->south);
            r->east = float_up(r->east), r->north = float_up(r->north);
            r->time_start = float_down(time), r->time_end = float_up(time);
        }
        reference->width_max = fmax(reference->width_max, r->east - r->west);
    }
    qsort(reference->rows, reference->count, sizeof *reference->rows, by_west);
    for (size_t i = 0; i < reference->count; i++)
        reference->row_of_id[reference->rows[i].id] = i;
    // The subtraction above may have rounded down.
    reference->width_max = nextafter(reference->width_max, INFINITY);
    return reference;
}

void bench_reference_destroy(bench_reference *reference) {
    if (reference == NULL) return;
    free(reference->rows);
    free(reference->row_of_id);
    free(reference);
}

void bench_reference_delete(bench_reference *reference, const int64_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++)
        reference->rows[reference->row_of_id[ids[i]]].deleted = true;
}

// The first row whose west is at least `west`.
static size_t lower_bound(const bench_reference *reference, double west) {
    size_t low = 0, high = reference->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (reference->rows[middle].west < west)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Window w, and the time [start, end).
static void add_window(const bench_reference *reference, const bench_boxes *windows, size_t w,
                       double start, double end, bench_answer *answer) {
    const double west = windows->west[w], east = windows->east[w];
    const double south = windows->south[w], north = windows->north[w];
    size_t i = lower_bound(reference, nextafter(west - reference->width_max, -INFINITY));
    for (; i < reference->count && reference->rows[i].west <= east; i++) {
        const row *r = &reference->rows[i];
        if (r->deleted || r->east < west || r->north < south || r->south > north) continue;
        if (r->time_end < start || r->time_start >= end) continue;
        answer->hits++;
        answer->id_sum += (uint64_t)r->id;
    }
}

bench_answer bench_reference_windows(const bench_reference *reference, const bench_boxes *windows) {
    bench_answer answer = {0, 0};
    for (size_t w = 0; w < windows->count; w++)
        add_window(reference, windows, w, -INFINITY, INFINITY, &answer);
    return answer;
}

bench_answer bench_reference_windows_during(const bench_reference *reference,
                                            const bench_boxes *windows, const double *starts,
                                            double length) {
    bench_answer answer = {0, 0};
    for (size_t w = 0; w < windows->count; w++)
        add_window(reference, windows, w, starts[w], starts[w] + length, &answer);
    return answer;
}

enum { NEAREST_MAX = 64 };

typedef struct candidate {
    double distance;
    int64_t id;
} candidate;

static bool is_nearer(candidate a, candidate b) {
    return a.distance < b.distance || (a.distance == b.distance && a.id < b.id);
}

static double squared_distance(double x, double y, double west, double south, double east,
                               double north) {
    double dx = fmax(fmax(west - x, x - east), 0);
    double dy = fmax(fmax(south - y, y - north), 0);
    return dx * dx + dy * dy;
}

static size_t nearest_of(const bench_reference *reference, double x, double y, size_t k,
                         candidate *best) {
    size_t found = 0;
    for (size_t i = 0; i < reference->count; i++) {
        const row *r = &reference->rows[i];
        if (r->deleted) continue;
        candidate next = {squared_distance(x, y, r->west, r->south, r->east, r->north), r->id};
        if (found == k && !is_nearer(next, best[k - 1])) continue;
        size_t at = found < k ? found++ : k - 1;
        for (; at > 0 && is_nearer(next, best[at - 1]); at--)
            best[at] = best[at - 1];
        best[at] = next;
    }
    return found;
}

bench_answer bench_reference_nearest(const bench_reference *reference, const bench_points *points,
                                     size_t k) {
    bench_answer answer = {0, 0};
    candidate best[NEAREST_MAX];
    if (k == 0 || k > NEAREST_MAX) return answer;
    for (size_t p = 0; p < points->count; p++) {
        size_t found = nearest_of(reference, points->x[p], points->y[p], k, best);
        answer.hits += found;
        for (size_t i = 0; i < found; i++)
            answer.id_sum += (uint64_t)best[i].id;
    }
    return answer;
}

void bench_reference_nearest_distances(const bench_reference *reference, const bench_points *points,
                                       size_t k, double *out) {
    candidate best[NEAREST_MAX];
    for (size_t p = 0; p < points->count; p++) {
        size_t found =
            k > NEAREST_MAX ? 0 : nearest_of(reference, points->x[p], points->y[p], k, best);
        for (size_t i = 0; i < k; i++)
            out[p * k + i] = i < found ? best[i].distance : INFINITY;
    }
}

static int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static bool is_repeated(const int64_t *ids, size_t i) {
    for (size_t before = 0; before < i; before++)
        if (ids[before] == ids[i]) return true;
    return false;
}

void bench_distances_of_ids(const bench_boxes *boxes, const bench_points *points, size_t k,
                            const int64_t *ids, double *out) {
    for (size_t p = 0; p < points->count; p++) {
        for (size_t i = 0; i < k; i++) {
            const int64_t id = ids[p * k + i];
            bool is_there = id >= 1 && (uint64_t)id <= boxes->count && !is_repeated(ids + p * k, i);
            size_t row = is_there ? (size_t)(id - 1) : 0;
            out[p * k + i] =
                is_there ? squared_distance(points->x[p], points->y[p], boxes->west[row],
                                            boxes->south[row], boxes->east[row], boxes->north[row])
                         : INFINITY;
        }
        qsort(out + p * k, k, sizeof *out, by_value);
    }
}
