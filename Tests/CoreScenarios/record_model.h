// Random feature records, and what their bounding boxes are.
#ifndef RECORD_MODEL_H
#define RECORD_MODEL_H

#include "model_support.h"

#define MODEL_PARTS_MAX 256

// Longitudes are multiples of 2^-44 degrees: float64 holds them exactly, and so do integers, also after whole
// turns.
#define FIXED_ONE ((int64_t)1 << 44)
#define FIXED_TURN (360 * FIXED_ONE)

// The parts that count for the box, each an interval of longitudes as given.
typedef struct record_parts {
    int64_t west[MODEL_PARTS_MAX], east[MODEL_PARTS_MAX];
    uint32_t count;
    double south, north; // of all positions that count
    bool is_inside;      // every longitude lies in [-180, 180]
} record_parts;

// A whole record with a random geometry, id, time, properties and extras, into `out`. *out_parts: what its box
// is made of.
void record_random(model_chance *chance, fc_buffer *out, record_parts *out_parts);
// Whether `box` (or its absence) is the bounding box of the parts.
bool record_box_is_right(const record_parts *parts, bool has_box, const fc_box *box);
#endif
