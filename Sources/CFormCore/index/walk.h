// Walking a view's trees and tail for a question. The walk is compiled twice, with scalar kernels
// and with the machine's vectors (walk_body.h), and chosen at run time.
#ifndef FC_INDEX_WALK_H
#define FC_INDEX_WALK_H

#include "memtable_internal.h"
#include "sphere.h"

// Where positions, or ids, go. A walk stores up to FC_SINK_STEP positions at a time after it has asked
// for room.
enum { FC_SINK_STEP = 16 };

typedef struct fc_sink {
    uint32_t *data;
    size_t count, capacity;
    size_t limit; // stops when `count` reaches it; SIZE_MAX for none
    // Makes room for `additional` more: grows, or takes what is there and sets `count` to 0.
    fc_status (*make_room)(struct fc_sink *sink, size_t additional);
    uint64_t total; // counted without being stored, or ids
    bool counts_only;
    // Ids instead of positions, straight from the trees' leaves; NULL for positions. Those that
    // there is no room for are only counted. REQUIRES: no limit.
    uint64_t *ids;
    size_t id_capacity;
} fc_sink;

typedef struct fc_walk {
    const fc_view *view;
    const fc_probe *probe;
    bool is_clean; // no row was ever deleted
    bool by_time;  // over the time trees; the probe has no box
    fc_watch *watch;
} fc_walk;

FC_MUST_USE fc_status fc_walk_scalar(const fc_walk *walk, fc_sink *sink);
FC_MUST_USE fc_status fc_walk_simd(const fc_walk *walk, fc_sink *sink);

FC_MUST_USE static inline fc_status fc_sink_room(fc_sink *sink, size_t additional) {
    if (sink->capacity - sink->count >= additional) return FC_STATUS_OK;
    return sink->make_room(sink, additional);
}

static inline bool fc_walk_sees(const fc_walk *walk, uint32_t position) {
    if (walk->is_clean) return position < walk->view->limit;
    return fc_view_sees(walk->view, position);
}

// ---- Nearest -----------------------------------------------------------------------------------

// A candidate. In a plane: a lower bound of its distance, squared; in metres: the distance, and what it
// is as a bound (fc_sphere_reach).
typedef struct fc_candidate {
    float bound;
    uint32_t position;
    uint64_t raw_id; // as the columns have it
    double metres;
} fc_candidate;

// With more opened blocks than this the walk to the nearest goes on depth first (nearest_body.h).
enum { FC_FRAMES_MAX = 128 };

enum { FC_FIRST_BOUNDS = 64, FC_FIRST_CANDIDATES = 128, FC_FIRST_FRAMES = 48 };

// A block of a tree that has been opened: lower bounds of its children, or of its rows, as ranks;
// FC_RANK_NONE for those that are done or of no use.
typedef struct fc_frame {
    uint32_t ranks[FC_NODE];
    const fc_tree *tree;
    uint32_t block, level;
    uint32_t next;   // where the least is
    uint32_t unsure; // of a leaf: rows of which the columns must be asked whether they answer
} fc_frame;

typedef struct fc_nearest {
    const fc_view *view;
    const fc_probe *probe; // NULL when there is no question
    fc_watch *watch;
    bool is_clean, in_metres;
    double x, y;
    fc_nearest_lanes lanes; // in a plane
    fc_sphere_point point;  // in metres
    // Lower bounds above `reach` are of no use any more: reach_factor times the k-th least bound, and
    // reach_slack.
    float reach, reach_factor, reach_slack;
    size_t k;
    float *heap; // the k least bounds, the largest first
    size_t heap_count, heap_capacity;
    fc_candidate *candidates;
    size_t count, capacity;
    // The opened blocks, in no order, and the least bound of each, with the block's place among sixteen
    // as its rank (FC_RANK_NONE from `frame_count` on to the next multiple of FC_NODE).
    fc_frame *frames;
    uint32_t *least;
    size_t frame_count, frame_capacity; // a multiple of FC_NODE
    const fc_allocator *memory;
    // Where heap and candidates begin: questions for a few rows allocate nothing.
    float first_heap[FC_FIRST_BOUNDS];
    fc_candidate first_candidates[FC_FIRST_CANDIDATES];
    uint32_t first_least[FC_FIRST_FRAMES];
    fc_frame first_frames[FC_FIRST_FRAMES];
} fc_nearest;

FC_MUST_USE fc_status fc_nearest_scalar(fc_nearest *nearest);
FC_MUST_USE fc_status fc_nearest_simd(fc_nearest *nearest);

// Makes room for one frame more.
FC_MUST_USE fc_status fc_nearest_grow_frames(fc_nearest *nearest);
// Takes a visible row that answers the question and whose lower bound is within reach.
FC_MUST_USE fc_status fc_nearest_accept(fc_nearest *nearest, uint32_t position, uint64_t raw_id,
                                        float bound);
#endif
