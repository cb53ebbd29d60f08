// Questions made ready: limits for the lanes of trees and tails, and the exact test.
#ifndef FC_INDEX_QUESTION_H
#define FC_INDEX_QUESTION_H

#include "columns.h"
#include "rounding.h"

// One image of the box under a turn of 360 degrees (in a plane: the box).
typedef struct fc_window {
    // Meets: each lane <= its limit. Strictly less: surely. Equal: the columns must be asked.
    float meets[FC_LANES_MAX];
    // Lies within (and, in time: is surely met as a whole): each lane >= its limit, likewise.
    float inside[FC_LANES_MAX];
} fc_window;

// Rows have west in [-540, 540] and unwrapped east up to 900, and so have boxes that are asked for.
enum { FC_WINDOWS_MAX = 9, FC_TURNS_MAX = 4, FC_EAST_TURNS_MAX = 3 };

typedef struct fc_probe {
    bool is_empty; // nothing matches
    bool has_box, within, has_time, planar, whole_world;
    fc_box box;
    int east_turns;                      // so that east is not west of west: 1 when the box crosses
    int64_t time_first_us, time_last_us; // closed, when not open
    bool start_is_open, end_is_open;
    unsigned window_count;
    fc_window windows[FC_WINDOWS_MAX];
} fc_probe;

// `west` and `east`: bounds of the source's rows, unwrapped and rounded outwards (west > east: no
// rows with a box). `question` may be NULL.
void fc_probe_init(fc_probe *probe, const fc_question *question, bool planar, float west,
                   float east);
// The same without windows: for the exact tests of a box and a time alone.
void fc_probe_init_exact(fc_probe *probe, const fc_question *question, bool planar);
// Whether a box or a time answers, exactly.
bool fc_probe_box_matches(const fc_probe *probe, const fc_box *box);
bool fc_probe_time_matches(const fc_probe *probe, fc_row_time time);
// Whether the row does. Visibility is not its business.
bool fc_probe_matches(const fc_probe *probe, const fc_columns *columns, uint32_t position);

// A row's lanes: four of its box (unwrapped unless `planar`), two of its time.
void fc_box_lanes(const fc_box *box, bool planar, bool use_simd, float out[4]);
// The lanes of `count` boxes that lie one after another.
void fc_box_lanes_of_many(const fc_box *boxes, uint32_t count, bool planar, bool use_simd,
                          float (*out)[4]);
static inline void fc_time_lanes(fc_row_time time, float out[2]) {
    out[0] = fc_round_down_i64(time.start_us);
    out[1] = fc_round_down_negated_i64(time.end_us);
}
#endif
