// A feature's bounding box on the circle of longitudes. SOURCE: SEMANTICS.md, "Place".
//
// Every point, linestring and polygon's shell is a *part* with an interval [lo, hi] of longitudes.
// The box is the complement of the largest gap that the intervals leave on the circle.
//
// Why no rounding can spoil it:
// 1. Longitudes reach from -540 to 540. One outside [-180, 180] is reduced by one subtraction or
//    addition of 360, and y/2 <= x <= 2y holds for x in [180, 540] and y = 360, so by Sterbenz's
//    lemma the result is exact. Hence every edge of a box is exact: there is no rounding outwards
//    to do, and longitudes within [-180, 180] keep their own bits.
// 2. The circle is cut at ±180, where an interval that runs over it (its reduced end is below its
//    reduced start) becomes [start, 180] and [-180, end], marked as touching both sides of the cut.
//    Sorted by start, the gaps are differences a - b of two doubles, and the gap over the cut is
//    min - max + 360. Intervals that meet at ±180 make that one 0, so they join there.
// 3. Gaps are compared by their rounded values, which is decisive when these differ clearly, and
//    else by the exact sign of the sum of all terms (a Shewchuk expansion: two-sums without any
//    error).
//
// Of equal gaps the one whose box starts westernmost wins, so the gap over the cut wins every tie:
// its box starts at the minimum. No gap at all gives (-180, 180), as does a part of 360° or more.
// The point 180 gives (180, 180); points at both 180 and -180 give (180, -180), that meridian
// alone.
//
// COST: one pass over the positions; a second one and a sort only when the plain box is wider than
// a half circle or a longitude is outside [-180, 180]. Up to 64 parts need no allocation.
#include "record.h"

#include <math.h>

#include "../base/bytes.h"
#include "record_geometry.h"

#pragma STDC FP_CONTRACT OFF

enum { STACK_INTERVALS = 128, INSERTION_RUN = 16 }; // a part becomes at most two intervals
#define HALF_CIRCLE 180.0
#define CIRCLE 360.0

// MARK: Walking the parts

// Positions of one part, or of many that are a part each (points).
typedef struct part_run {
    const uint8_t *positions;
    size_t count; // > 0
    bool each_alone;
} part_run;

typedef struct part_walk {
    uint32_t position_bytes;
    void (*visit)(void *visitor, const part_run *run, uint32_t position_bytes);
    void *visitor;
} part_walk;

static void visit_positions(const part_walk *walk, const uint8_t *positions, size_t count,
                            bool each_alone) {
    part_run run = {positions, count, each_alone};
    if (count > 0) walk->visit(walk->visitor, &run, walk->position_bytes);
}

// Visits the parts between running ends: all of them, or only the first (a polygon's shell).
static void visit_ends(const part_walk *walk, const uint8_t *positions, const uint8_t *ends,
                       uint32_t first, uint32_t last) {
    uint32_t start = first > 0 ? fc_load_u32(ends + (size_t)4 * (first - 1)) : 0;
    for (uint32_t i = first; i < last; i++) {
        uint32_t end = fc_load_u32(ends + (size_t)4 * i);
        visit_positions(walk, positions + (size_t)start * walk->position_bytes, end - start, false);
        start = end;
    }
}

static void visit_multi_polygon(const part_walk *walk, const uint8_t *bytes) {
    uint32_t polygons = fc_load_u32(bytes), rings = fc_load_u32(bytes + 4);
    const uint8_t *polygon_ends = bytes + 8, *ring_ends = polygon_ends + (size_t)4 * polygons;
    const uint8_t *positions = bytes + fc_align_up(8 + 4 * ((uint64_t)polygons + rings), 8);
    uint32_t first = 0;
    for (uint32_t i = 0; i < polygons; i++) {
        uint32_t end = fc_load_u32(polygon_ends + (size_t)4 * i);
        if (end > first) visit_ends(walk, positions, ring_ends, first, first + 1);
        first = end;
    }
}

static void visit_parts(const part_walk *walk, fc_geometry_kind kind, fc_bytes geometry) {
    const uint8_t *bytes = geometry.data;
    switch (kind) {
    case FC_GEOMETRY_NONE:
        return;
    case FC_GEOMETRY_POINT:
    case FC_GEOMETRY_MULTI_POINT:
    case FC_GEOMETRY_LINE_STRING:
    case FC_GEOMETRY_RECTANGLE: // its corners reach as far as its ring
        visit_positions(walk, bytes, geometry.length / walk->position_bytes,
                        kind == FC_GEOMETRY_POINT || kind == FC_GEOMETRY_MULTI_POINT);
        return;
    case FC_GEOMETRY_POLYGON:
    case FC_GEOMETRY_MULTI_LINE_STRING: {
        uint32_t parts = fc_load_u32(bytes);
        const uint8_t *positions = bytes + fc_align_up(4 + 4 * (uint64_t)parts, 8);
        uint32_t last = kind == FC_GEOMETRY_POLYGON && parts > 1 ? 1 : parts;
        visit_ends(walk, positions, bytes + 4, 0, last);
        return;
    }
    case FC_GEOMETRY_MULTI_POLYGON:
        visit_multi_polygon(walk, bytes);
        return;
    case FC_GEOMETRY_COLLECTION: {
        uint32_t count = fc_load_u32(bytes);
        const uint8_t *member = bytes + 8;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t length = fc_load_u32(member + 4);
            fc_bytes inner = {member + FC_GEOMETRY_MEMBER_HEADER_BYTES, length};
            visit_parts(walk, (fc_geometry_kind)fc_load_u32(member), inner);
            member = inner.data + length;
        }
        return;
    }
    }
}

// MARK: First pass: minimum and maximum of everything

typedef struct extent {
    fc_box box;
    size_t part_count;
} extent;

static void widen(fc_box *box, const part_run *run, uint32_t position_bytes) {
    fc_box b = *box;
    const uint8_t *p = run->positions;
    for (size_t i = 0; i < run->count; i++, p += position_bytes) {
        double x = fc_load_f64(p), y = fc_load_f64(p + 8);
        b.west = x < b.west ? x : b.west;
        b.east = x > b.east ? x : b.east;
        b.south = y < b.south ? y : b.south;
        b.north = y > b.north ? y : b.north;
    }
    *box = b;
}

static void visit_extent(void *visitor, const part_run *run, uint32_t position_bytes) {
    extent *e = visitor;
    e->part_count += run->each_alone ? run->count : 1;
    widen(&e->box, run, position_bytes);
}

// MARK: Second pass: intervals on the circle, cut at ±180

typedef struct interval {
    double start, end; // -180 <= start <= end <= 180
} interval;

typedef struct interval_set {
    interval *items; // room for two a part
    size_t count;
    bool touches_cut; // a part runs over ±180
    bool is_full;     // a part spans 360° or more
} interval_set;

// REQUIRES: |longitude| <= 540. Exact (Sterbenz).
static double reduced(double longitude) {
    if (longitude > HALF_CIRCLE) return longitude - CIRCLE;
    if (longitude < -HALF_CIRCLE) return longitude + CIRCLE;
    return longitude;
}

// Whether hi - lo >= 360 in real arithmetic (two-difference).
static bool spans_circle(double lo, double hi) {
    double difference = hi - lo;
    if (difference != CIRCLE) return difference > CIRCLE;
    double hi_part = difference + lo, lo_part = hi_part - difference;
    return (hi - hi_part) + (lo_part - lo) >= 0;
}

static void add_interval(interval_set *set, double lo, double hi) {
    if (spans_circle(lo, hi)) {
        set->is_full = true;
        return;
    }
    double start = reduced(lo), end = reduced(hi);
    if (start <= end) {
        set->items[set->count++] = (interval){start, end};
        return;
    }
    set->touches_cut = true;
    set->items[set->count++] = (interval){start, HALF_CIRCLE};
    set->items[set->count++] = (interval){-HALF_CIRCLE, end};
}

static void visit_intervals(void *visitor, const part_run *run, uint32_t position_bytes) {
    interval_set *set = visitor;
    if (run->each_alone) {
        for (size_t i = 0; i < run->count; i++) {
            double x = fc_load_f64(run->positions + i * position_bytes);
            add_interval(set, x, x);
        }
        return;
    }
    fc_box box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    widen(&box, run, position_bytes);
    add_interval(set, box.west, box.east);
}

// MARK: Sorting by start

static void sort_run(interval *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        interval item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].start > item.start; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void merge_runs(const interval *a, size_t a_count, const interval *b, size_t b_count,
                       interval *out) {
    while (a_count > 0 && b_count > 0) {
        if (b->start < a->start) {
            *out++ = *b++;
            b_count--;
        } else {
            *out++ = *a++;
            a_count--;
        }
    }
    if (a_count > 0) memcpy(out, a, a_count * sizeof *a);
    if (b_count > 0) memcpy(out, b, b_count * sizeof *b);
}

// Merge sort; `spare` has room for `count` too. Returns whichever of the two holds the result.
static interval *sort_intervals(interval *items, interval *spare, size_t count) {
    for (size_t i = 0; i < count; i += INSERTION_RUN)
        sort_run(items + i, count - i < INSERTION_RUN ? count - i : INSERTION_RUN);
    for (size_t run = INSERTION_RUN; run < count; run *= 2) {
        for (size_t i = 0; i < count; i += 2 * run) {
            size_t left = count - i, a = left < run ? left : run;
            size_t b = left - a < run ? left - a : run;
            merge_runs(items + i, a, items + i + a, b, spare + i);
        }
        interval *swap = items;
        items = spare;
        spare = swap;
    }
    return items;
}

// MARK: Gaps

// upper - lower + turn, turn being 0 or 360.
typedef struct gap {
    double upper, lower, turn;
    double rounded; // within 2e-13 of the true value
} gap;

// The exact sign of a - b: the terms are added one by one to an expansion whose components do not
// overlap and grow in size, so that the last one that is not 0 has the sign of the sum.
// SOURCE: Shewchuk 1997, "Adaptive precision floating-point arithmetic", Grow-Expansion.
static int compare_exactly(const gap *a, const gap *b) {
    double terms[6] = {a->upper, -a->lower, a->turn, -b->upper, b->lower, -b->turn};
    double parts[6];
    for (int i = 0; i < 6; i++) {
        double sum = terms[i];
        for (int j = 0; j < i; j++) {
            double total = sum + parts[j], virtual_part = total - sum;
            double error = (sum - (total - virtual_part)) + (parts[j] - virtual_part);
            parts[j] = error;
            sum = total;
        }
        parts[i] = sum;
    }
    for (int i = 5; i >= 0; i--)
        if (parts[i] != 0) return parts[i] > 0 ? 1 : -1;
    return 0;
}

static int compare_gaps(const gap *a, const gap *b) {
    double difference = a->rounded - b->rounded;
    if (difference > 1e-12) return 1;
    if (difference < -1e-12) return -1;
    return compare_exactly(a, b);
}

// The complement of the largest gap. `items` are sorted, count > 0.
static void close_largest_gap(const interval *items, size_t count, bool touches_cut, fc_box *box) {
    gap largest = {0};
    double reach = items[0].end, west = 0, east = 0;
    for (size_t i = 1; i < count; i++) {
        double start = items[i].start;
        if (start > reach) {
            gap g = {start, reach, 0, start - reach};
            if (compare_gaps(&g, &largest) > 0) {
                largest = g;
                west = start;
                east = reach;
            }
        }
        if (items[i].end > reach) reach = items[i].end;
    }
    gap over_cut = {items[0].start, reach, CIRCLE, items[0].start - reach + CIRCLE};
    if (touches_cut) over_cut = (gap){0};
    if (compare_gaps(&over_cut, &largest) >= 0) {
        west = items[0].start;
        east = reach;
        if (touches_cut) west = -HALF_CIRCLE, east = HALF_CIRCLE; // no gap at all
    }
    box->west = west;
    box->east = east;
}

// MARK: The box

// Longitudes from all parts, the general way. `memory` only beyond 64 parts.
static fc_status find_longitudes(const fc_record *record, size_t part_count,
                                 const fc_allocator *memory, fc_box *box) {
    interval on_stack[2 * STACK_INTERVALS]; // the set, and as much to merge into
    interval *items = on_stack;
    size_t room = STACK_INTERVALS, size = 0;
    if (part_count > STACK_INTERVALS / 2) {
        room = 2 * part_count; // part_count < 2^25: a record is at most 256 MiB
        size = 2 * room * sizeof *items;
        items = memory->allocate(memory->context, size);
        if (items == NULL) return FC_STATUS_OUT_OF_MEMORY;
    }
    interval_set set = {.items = items};
    part_walk walk = {fc_position_bytes(record->flags), visit_intervals, &set};
    visit_parts(&walk, record->kind, record->geometry);
    if (set.is_full) {
        box->west = -HALF_CIRCLE;
        box->east = HALF_CIRCLE;
    } else {
        interval *sorted = sort_intervals(items, items + room, set.count);
        close_largest_gap(sorted, set.count, set.touches_cut, box);
    }
    if (size > 0) memory->release(memory->context, items, size);
    return FC_STATUS_OK;
}

fc_status fc_record_bounding_box(const fc_record *record, const fc_allocator *memory,
                                 bool *out_has_box, fc_box *out_box) {
    extent all = {.box = {INFINITY, INFINITY, -INFINITY, -INFINITY}};
    part_walk walk = {fc_position_bytes(record->flags), visit_extent, &all};
    visit_parts(&walk, record->kind, record->geometry);
    if (all.part_count == 0) {
        *out_has_box = false;
        return FC_STATUS_OK;
    }
    fc_box box = all.box;
    bool is_reduced = box.west >= -HALF_CIRCLE && box.east <= HALF_CIRCLE;
    // Below 180 after rounding is below 180: then the gap over the cut is the largest. One part
    // within [-180, 180] leaves no other gap.
    bool is_plain = is_reduced && (all.part_count == 1 || box.east - box.west < HALF_CIRCLE);
    if (!is_plain) {
        fc_status status = find_longitudes(record, all.part_count, memory, &box);
        if (status != FC_STATUS_OK) return status;
    }
    *out_has_box = true;
    *out_box = box;
    return FC_STATUS_OK;
}
