// The nearest rows: candidates by float32 bounds from the walk, exact distances at the end.
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "geodesic.h"
#include "neighbor_order.h"
#include "walk.h"

void fc_neighbors_init(fc_neighbors *neighbors, const fc_allocator *memory) {
    *neighbors = (fc_neighbors){.memory = memory};
}

void fc_neighbors_deinit(fc_neighbors *neighbors) {
    if (neighbors->data != NULL)
        neighbors->memory->release(neighbors->memory->context, neighbors->data,
                                   neighbors->capacity * sizeof(fc_neighbor));
    *neighbors = (fc_neighbors){.memory = neighbors->memory};
}

// ---- Bounds ------------------------------------------------------------------------------------

// Who is beyond the reach of the k-th least bound is farther than that row for sure.
static void set_reach_terms(fc_nearest *nearest) {
    if (nearest->in_metres) {
        // What is noted is a reach already: of the exact distance.
        nearest->reach_factor = 1;
        nearest->reach_slack = 0;
        return;
    }
    // Rounding of the row's and the question's edges, and of the kernel's arithmetic: a distance d is
    // at most e = 1.000002 d + u. Without a root: e^2 <= 1.00001 d^2 + 2.1 d u + u^2, and
    // 2.1 d u <= 0.001 d^2 + 1102.5 u^2. A rank is less than its bound by 2^-19 at most.
    double x = fmax(fabs((double)nearest->lanes.x_up), fabs((double)nearest->lanes.x_down));
    double y = fmax(fabs((double)nearest->lanes.y_up), fabs((double)nearest->lanes.y_down));
    double unit = fmax(x, y) * 0x1p-21 + 2e-19;
    nearest->reach_factor = 1.00103f;
    double slack = 1104 * unit * unit + 1e-37;
    nearest->reach_slack = slack < 1e38 ? fc_round_up(slack) : INFINITY;
}

static inline float reach_of_bound(const fc_nearest *nearest, float bound) {
    return bound * nearest->reach_factor + nearest->reach_slack;
}

static float reach_of_distance(const fc_nearest *nearest, double distance) {
    if (!(distance < INFINITY)) return INFINITY;
    if (nearest->in_metres) return fc_sphere_reach(distance + 1e-6);
    double squared = distance * distance * 1.000001 + 1e-37;
    return squared < 1e38 ? fc_round_up(squared) : INFINITY;
}

static double planar_distance(const fc_box *box, bool planar, double x, double y) {
    double east = !planar && box->west > box->east ? box->east + 360 : box->east;
    double dx = fmax(0, fmax(box->west - x, x - east));
    double dy = fmax(0, fmax(box->south - y, y - box->north));
    double squared = dx * dx + dy * dy;
    return squared > 1e-290 && squared < 1e300 ? sqrt(squared) : hypot(dx, dy);
}

typedef struct point_visitor {
    double longitude, latitude, least;
} point_visitor;

static void visit_point(void *context, double longitude, double latitude) {
    point_visitor *visitor = context;
    double distance =
        fc_geodesic_distance_m(visitor->longitude, visitor->latitude, longitude, latitude);
    if (distance < visitor->least) visitor->least = distance;
}

static double metres_to_row(const fc_nearest *nearest, uint32_t position) {
    const fc_columns *columns = &nearest->view->table->columns;
    const fc_box *box = fc_columns_box(columns, position);
    if (box->west == box->east && box->south == box->north)
        return fc_geodesic_distance_m(nearest->x, nearest->y, box->west, box->south);
    fc_bytes bytes = fc_columns_record(columns, position);
    point_visitor visitor = {nearest->x, nearest->y, INFINITY};
    if (bytes.length != 0) {
        fc_record record;
        fc_record_read(bytes.data, &record);
        fc_record_visit_points(&record, visit_point, &visitor);
    }
    return visitor.least;
}

// ---- Candidates --------------------------------------------------------------------------------

static void sift_down(float *heap, size_t count, size_t at) {
    float value = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && heap[child + 1] > heap[child]) child++;
        if (!(heap[child] > value)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
}

// Doubles an array that began at `first`, in nobody's heap.
static fc_status grow(const fc_allocator *memory, void **data, const void *first, size_t *capacity,
                      size_t size) {
    size_t bytes = *capacity * size;
    void *grown = *data == first ? memory->allocate(memory->context, 2 * bytes)
                                 : memory->reallocate(memory->context, *data, bytes, 2 * bytes);
    if (grown == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (*data == first) memcpy(grown, first, bytes);
    *data = grown;
    *capacity *= 2;
    return FC_STATUS_OK;
}

static void release(const fc_allocator *memory, void *data, const void *first, size_t bytes) {
    if (data != first) memory->release(memory->context, data, bytes);
}

// Keeps the k least bounds; with k of them, the largest limits the reach.
static fc_status note_bound(fc_nearest *nearest, float bound) {
    float *heap = nearest->heap;
    if (nearest->heap_count < nearest->k) {
        if (nearest->heap_count == nearest->heap_capacity) {
            void *data = heap;
            fc_status status = grow(nearest->memory, &data, nearest->first_heap,
                                    &nearest->heap_capacity, sizeof *heap);
            nearest->heap = heap = data;
            if (status != FC_STATUS_OK) return status;
        }
        size_t at = nearest->heap_count++;
        for (; at > 0 && heap[(at - 1) / 2] < bound; at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
        heap[at] = bound;
        if (nearest->heap_count < nearest->k) return FC_STATUS_OK;
    } else {
        if (!(bound < heap[0])) return FC_STATUS_OK;
        heap[0] = bound;
        sift_down(heap, nearest->heap_count, 0);
    }
    float reach = reach_of_bound(nearest, heap[0]);
    if (reach < nearest->reach) nearest->reach = reach;
    return FC_STATUS_OK;
}

static void drop_far(fc_nearest *nearest) {
    size_t kept = 0;
    for (size_t i = 0; i < nearest->count; i++)
        if (nearest->candidates[i].bound <= nearest->reach)
            nearest->candidates[kept++] = nearest->candidates[i];
    nearest->count = kept;
}

static size_t frames_bytes(size_t capacity) {
    return capacity * (sizeof(fc_frame) + sizeof(uint32_t));
}

// Frames and their least ranks lie in one block, but for the first ones.
static void release_frames(const fc_nearest *nearest) {
    release(nearest->memory, nearest->frames, nearest->first_frames,
            frames_bytes(nearest->frame_capacity));
}

fc_status fc_nearest_grow_frames(fc_nearest *nearest) {
    size_t count = nearest->frame_count, capacity = 2 * nearest->frame_capacity;
    const fc_allocator *memory = nearest->memory;
    fc_frame *frames = memory->allocate(memory->context, frames_bytes(capacity));
    if (frames == NULL) return FC_STATUS_OUT_OF_MEMORY;
    uint32_t *least = (uint32_t *)(frames + capacity);
    memcpy(frames, nearest->frames, count * sizeof *frames);
    memcpy(least, nearest->least, count * sizeof *least);
    for (size_t i = count; i < capacity; i++)
        least[i] = FC_RANK_NONE;
    release_frames(nearest);
    nearest->frames = frames;
    nearest->least = least;
    nearest->frame_capacity = capacity;
    return FC_STATUS_OK;
}

fc_status fc_nearest_accept(fc_nearest *nearest, uint32_t position, uint64_t raw_id, float bound) {
    double metres = 0;
    if (nearest->in_metres) {
        metres = metres_to_row(nearest, position);
        bound = fc_sphere_reach(metres);
        if (bound > nearest->reach) return FC_STATUS_OK;
    }
    if (nearest->count == nearest->capacity) {
        drop_far(nearest);
        if (nearest->count >= nearest->capacity / 2) {
            void *data = nearest->candidates;
            fc_status status = grow(nearest->memory, &data, nearest->first_candidates,
                                    &nearest->capacity, sizeof *nearest->candidates);
            if (status != FC_STATUS_OK) return status;
            nearest->candidates = data;
        }
    }
    nearest->candidates[nearest->count++] = (fc_candidate){bound, position, raw_id, metres};
    // With more wanted than there are, nothing is too far.
    return nearest->k > nearest->view->limit ? FC_STATUS_OK : note_bound(nearest, bound);
}

// ---- Results -----------------------------------------------------------------------------------

// The exact distances of the candidates within reach, sorted, the first k, behind what `out` holds.
static fc_status resolve(fc_nearest *nearest, double distance_max, fc_neighbors *out) {
    const fc_memtable *table = nearest->view->table;
    const fc_columns *columns = &table->columns;
    drop_far(nearest);
    size_t needed = out->count + nearest->count;
    if (needed > out->capacity) {
        fc_neighbor *data = out->memory->reallocate(
            out->memory->context, out->data, out->capacity * sizeof *data, needed * sizeof *data);
        if (data == NULL) return FC_STATUS_OUT_OF_MEMORY;
        out->data = data;
        out->capacity = needed;
    }
    // All at once: asked for one by one when they were accepted, W2 took 10 % longer. (In metres they were read then.)
    for (size_t i = 0; !nearest->in_metres && i < nearest->count; i++)
        __builtin_prefetch(fc_columns_box(columns, nearest->candidates[i].position));
    fc_neighbor *found = out->data + out->count;
    size_t count = 0;
    for (size_t i = 0; i < nearest->count; i++) {
        const fc_candidate *candidate = &nearest->candidates[i];
        double distance = nearest->in_metres
                              ? candidate->metres
                              : planar_distance(fc_columns_box(columns, candidate->position),
                                                table->options.planar, nearest->x, nearest->y);
        if (distance <= distance_max)
            found[count++] = (fc_neighbor){distance, candidate->raw_id, candidate->position};
    }
    fc_neighbors_sort(columns, found, count, nearest->k);
    out->count += count < nearest->k ? count : nearest->k;
    return FC_STATUS_OK;
}

// All but the arrays.
static void init(fc_nearest *nearest, const fc_view *view, size_t k, double x, double y) {
    memset(nearest, 0, offsetof(fc_nearest, first_heap));
    nearest->view = view;
    nearest->k = k;
    nearest->x = x;
    nearest->y = y;
}

static fc_status run(fc_nearest *nearest, const fc_question *question, double distance_max,
                     fc_neighbors *out) {
    const fc_memtable *table = nearest->view->table;
    if (!(distance_max >= 0) || nearest->k == 0) return FC_STATUS_OK;
    if (question != NULL) nearest->watch = question->watch;
    fc_probe probe;
    if (question != NULL && (question->has_box || question->has_time)) {
        fc_view_probe(nearest->view, question, &probe);
        nearest->probe = &probe;
    }
    uint64_t marks = atomic_load_explicit(&table->columns.dead_marks, memory_order_acquire);
    nearest->is_clean = marks == 0;
    nearest->memory = out->memory;
    nearest->heap = nearest->first_heap;
    nearest->heap_capacity = FC_FIRST_BOUNDS;
    nearest->candidates = nearest->first_candidates;
    nearest->capacity = FC_FIRST_CANDIDATES;
    nearest->frames = nearest->first_frames;
    nearest->least = nearest->first_least;
    nearest->frame_capacity = FC_FIRST_FRAMES;
    for (unsigned i = 0; i < FC_FIRST_FRAMES; i++)
        nearest->least[i] = FC_RANK_NONE;
    set_reach_terms(nearest);
    nearest->reach = reach_of_distance(nearest, distance_max);
    fc_status status = table->use_simd ? fc_nearest_simd(nearest) : fc_nearest_scalar(nearest);
    if (status == FC_STATUS_OK) status = resolve(nearest, distance_max, out);
    const fc_allocator *memory = nearest->memory;
    release_frames(nearest);
    release(memory, nearest->heap, nearest->first_heap, nearest->heap_capacity * sizeof(float));
    release(memory, nearest->candidates, nearest->first_candidates,
            nearest->capacity * sizeof(fc_candidate));
    return status;
}

fc_status fc_view_nearest_planar(const fc_view *view, double x, double y, size_t k,
                                 double max_distance, const fc_question *question,
                                 fc_neighbors *out) {
    fc_nearest nearest;
    init(&nearest, view, k, x, y);
    nearest.lanes =
        (fc_nearest_lanes){fc_round_down(x), fc_round_up(x), fc_round_down(y), fc_round_up(y)};
    return run(&nearest, question, max_distance, out);
}

// A visible row that answers the question and has a box, but no points to measure to.
static bool find_offender(const fc_view *view, const fc_question *question,
                          uint32_t *out_offender) {
    const fc_memtable *table = view->table;
    const fc_shapes *shapes = &table->shapes;
    uint32_t count = atomic_load_explicit(&shapes->count, memory_order_acquire);
    fc_probe probe;
    fc_view_probe(view, question, &probe);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *block = fc_pointer_table_get(&shapes->blocks, i / FC_SHAPES_A_BLOCK);
        uint32_t position = block[i % FC_SHAPES_A_BLOCK];
        if (position >= view->limit) break;
        if (!fc_view_sees(view, position)) continue;
        if (!fc_probe_matches(&probe, &table->columns, position)) continue;
        *out_offender = position;
        return true;
    }
    return false;
}

fc_status fc_view_nearest_m(const fc_view *view, double longitude, double latitude, size_t k,
                            double max_distance_m, const fc_question *question, fc_neighbors *out,
                            uint32_t *out_offender) {
    uint32_t offender;
    if (find_offender(view, question, &offender)) {
        *out_offender = offender;
        return FC_STATUS_UNSUPPORTED_GEOMETRY;
    }
    fc_nearest nearest;
    init(&nearest, view, k, longitude, latitude);
    nearest.in_metres = true;
    fc_sphere_point_init(&nearest.point, longitude, latitude);
    return run(&nearest, question, max_distance_m, out);
}
