#include "footprints.h"

#include <assert.h>
#include <string.h>

#include "../base/hash.h"
#include "memtable_internal.h"
#include "question.h"

enum { CAPACITY = 4096, CAPACITY_FIRST = 32 };

enum footprint_flag { HAS_BOX = 1, HAS_TIME = 2, IS_SHAPE = 4, ANY_ID = 8 };

// A series' footprint ends before `box`: lists hold `stride` bytes of each.
typedef struct footprint {
    uint64_t sequence;
    fc_row_time time;
    uint32_t flags, rows;
    fc_box box;
    uint64_t id;
} footprint;

// Footprints in order of commit, oldest at `first`, wrapping around.
typedef struct footprint_list {
    uint8_t *bytes;
    size_t first, count, capacity; // capacity: 0 or a power of two
} footprint_list;

struct fc_footprints {
    const fc_os *os;
    fc_mutex *mutex;
    size_t stride, capacity_max;
    uint32_t faults;
    // Guarded by the mutex.
    footprint_list ring;
    size_t visible; // less than ring.count only with a planted fault
    uint64_t known_from, newest;
    // The running transaction's, the writer's own: at most a quarter of the ring.
    footprint_list pending;
    uint32_t rows_each; // how many rows one footprint covers; doubles when there are too many
    bool is_lost;       // there was no memory for them
};

fc_status fc_footprints_create(const fc_os *os, const fc_footprints_options *options,
                               fc_footprints **out) {
    fc_footprints *footprints = fc_allocate_cleared(&os->memory, 1, sizeof *footprints);
    if (footprints == NULL) return FC_STATUS_OUT_OF_MEMORY;
    footprints->os = os;
    footprints->stride = options->is_series ? offsetof(footprint, box) : sizeof(footprint);
    footprints->capacity_max = options->capacity == 0 ? CAPACITY : options->capacity;
    assert(footprints->capacity_max >= 16 &&
           (footprints->capacity_max & (footprints->capacity_max - 1)) == 0);
    footprints->faults = options->faults;
    footprints->rows_each = 1;
    const fc_status status = os->mutex_create(os->context, &footprints->mutex);
    if (status != FC_STATUS_OK) {
        os->memory.release(os->memory.context, footprints, sizeof *footprints);
        return status;
    }
    *out = footprints;
    return FC_STATUS_OK;
}

void fc_footprints_destroy(fc_footprints *footprints) {
    if (footprints == NULL) return;
    const fc_os *os = footprints->os;
    const fc_allocator *memory = &os->memory;
    memory->release(memory->context, footprints->ring.bytes,
                    footprints->ring.capacity * footprints->stride);
    memory->release(memory->context, footprints->pending.bytes,
                    footprints->pending.capacity * footprints->stride);
    os->mutex_destroy(os->context, footprints->mutex);
    memory->release(memory->context, footprints, sizeof *footprints);
}

void fc_footprints_forget(fc_footprints *footprints, uint64_t sequence) {
    footprints->known_from = sequence;
}

uint64_t fc_footprint_id(const fc_feature_id *id) {
    return id->text.data != NULL ? fc_hash64(id->text.data, id->text.length, 1)
                                 : fc_hash64(&id->integer, sizeof id->integer, 0);
}

// ---- Lists -------------------------------------------------------------------------------------

static footprint *at(const fc_footprints *footprints, const footprint_list *list, size_t index) {
    const size_t slot = (list->first + index) & (list->capacity - 1);
    return (footprint *)(void *)(list->bytes + slot * footprints->stride);
}

// Room for one more; false when the list is as long as it may be, or there is no memory.
static bool reserve(const fc_footprints *footprints, footprint_list *list, size_t capacity_max) {
    if (list->count < list->capacity) return true;
    if (list->capacity >= capacity_max) return false;
    size_t capacity = list->capacity == 0 ? CAPACITY_FIRST : list->capacity * 2;
    if (capacity > capacity_max) capacity = capacity_max;
    const fc_allocator *memory = &footprints->os->memory;
    uint8_t *bytes = memory->allocate(memory->context, capacity * footprints->stride);
    if (bytes == NULL) return false;
    for (size_t i = 0; i < list->count; i++)
        memcpy(bytes + i * footprints->stride, at(footprints, list, i), footprints->stride);
    memory->release(memory->context, list->bytes, list->capacity * footprints->stride);
    list->bytes = bytes;
    list->capacity = capacity;
    list->first = 0;
    return true;
}

// ---- The running transaction -------------------------------------------------------------------

static void widen_box(footprint *into, const footprint *with, size_t stride) {
    if (stride <= offsetof(footprint, box) || !(with->flags & HAS_BOX)) return;
    if (!(into->flags & HAS_BOX)) {
        into->box = with->box;
        return;
    }
    fc_box *box = &into->box;
    const fc_box *other = &with->box;
    if (other->south < box->south) box->south = other->south;
    if (other->north > box->north) box->north = other->north;
    if (box->west > box->east || other->west > other->east) {
        // One of them crosses the antimeridian: every longitude.
        box->west = -180;
        box->east = 180;
        return;
    }
    if (other->west < box->west) box->west = other->west;
    if (other->east > box->east) box->east = other->east;
}

// Makes `into` cover what `with` covers.
static void widen(footprint *into, const footprint *with, size_t stride) {
    widen_box(into, with, stride);
    if (with->flags & HAS_TIME) {
        if (!(into->flags & HAS_TIME)) into->time = with->time;
        if (with->time.start_us < into->time.start_us) into->time.start_us = with->time.start_us;
        if (with->time.end_us > into->time.end_us) into->time.end_us = with->time.end_us;
    }
    into->flags |= with->flags | ANY_ID;
    into->rows += with->rows;
}

static void halve(fc_footprints *footprints) {
    footprint_list *pending = &footprints->pending;
    for (size_t i = 0; i + 1 < pending->count; i += 2) {
        footprint *kept = at(footprints, pending, i);
        widen(kept, at(footprints, pending, i + 1), footprints->stride);
        if (i > 0) memcpy(at(footprints, pending, i / 2), kept, footprints->stride);
    }
    if (pending->count & 1 && pending->count > 1)
        memcpy(at(footprints, pending, pending->count / 2),
               at(footprints, pending, pending->count - 1), footprints->stride);
    pending->count = (pending->count + 1) / 2;
    footprints->rows_each *= 2;
}

static void add(fc_footprints *footprints, const footprint *one) {
    footprint_list *pending = &footprints->pending;
    if (footprints->rows_each > 1 && pending->count > 0) {
        footprint *last = at(footprints, pending, pending->count - 1);
        if (last->rows < footprints->rows_each) {
            widen(last, one, footprints->stride);
            return;
        }
    }
    if (!reserve(footprints, pending, footprints->capacity_max / 4)) {
        if (pending->count < 2) {
            footprints->is_lost = true;
            return;
        }
        halve(footprints);
    }
    memcpy(at(footprints, pending, pending->count++), one, footprints->stride);
}

static uint64_t id_of(const fc_memtable *table, uint32_t position) {
    const fc_feature_id id = fc_columns_id(&table->columns, position);
    return fc_footprint_id(&id);
}

static void add_row(fc_footprints *footprints, const fc_memtable *table, uint32_t position,
                    uint64_t id) {
    const fc_columns *columns = &table->columns;
    const unsigned flags = fc_columns_flags(columns, position);
    footprint one = {.rows = 1, .id = id};
    if (flags & FC_ROW_BOX) {
        one.flags |= HAS_BOX | (flags & FC_ROW_POINT ? 0 : IS_SHAPE);
        one.box = *fc_columns_box(columns, position);
    }
    if (flags & FC_ROW_TIME) {
        one.flags |= HAS_TIME;
        one.time = fc_columns_time(columns, position);
    }
    add(footprints, &one);
}

void fc_footprints_put(fc_footprints *footprints, const fc_memtable *table, uint32_t position,
                       uint64_t sequence) {
    if (footprints == NULL) return;
    const uint64_t id = id_of(table, position);
    const uint32_t older = fc_columns_older(&table->columns, position);
    // An older version has the same id, and is far away.
    if (older != FC_NO_POSITION && fc_columns_deleted(&table->columns, older) == sequence &&
        !(footprints->faults & FC_FOOTPRINT_OLD_MISSING))
        add_row(footprints, table, older, id);
    add_row(footprints, table, position, id);
}

void fc_footprints_delete(fc_footprints *footprints, const fc_memtable *table, uint32_t position) {
    if (footprints == NULL || footprints->faults & FC_FOOTPRINT_OLD_MISSING) return;
    add_row(footprints, table, position, id_of(table, position));
}

void fc_footprints_points(fc_footprints *footprints, int64_t first_us, int64_t last_us) {
    if (footprints == NULL || footprints->faults & FC_FOOTPRINT_SERIES_MISSING) return;
    const footprint one = {.rows = 1, .flags = HAS_TIME, .time = {first_us, last_us}};
    add(footprints, &one);
}

static void forget_pending(fc_footprints *footprints) {
    footprints->pending.count = 0;
    footprints->rows_each = 1;
    footprints->is_lost = false;
}

// REQUIRES: the lock.
static void push(fc_footprints *footprints, const footprint *one) {
    footprint_list *ring = &footprints->ring;
    if (!reserve(footprints, ring, footprints->capacity_max)) {
        if (ring->count == 0) {
            footprints->known_from = one->sequence; // no memory at all
            return;
        }
        if (!(footprints->faults & FC_FOOTPRINT_WRAP_IGNORED))
            footprints->known_from = at(footprints, ring, 0)->sequence;
        ring->first = (ring->first + 1) & (ring->capacity - 1);
        ring->count--;
        if (footprints->visible > 0) footprints->visible--;
    }
    memcpy(at(footprints, ring, ring->count++), one, footprints->stride);
}

void fc_footprints_commit(fc_footprints *footprints, uint64_t sequence) {
    if (footprints == NULL) return;
    const fc_os *os = footprints->os;
    os->mutex_lock(os->context, footprints->mutex);
    const size_t before = footprints->ring.count;
    for (size_t i = 0; i < footprints->pending.count; i++) {
        footprint *one = at(footprints, &footprints->pending, i);
        one->sequence = sequence;
        push(footprints, one);
    }
    if (footprints->is_lost) footprints->known_from = sequence;
    footprints->newest = sequence;
    footprints->visible = footprints->faults & FC_FOOTPRINT_LATE && before <= footprints->ring.count
                              ? before
                              : footprints->ring.count;
    os->mutex_unlock(os->context, footprints->mutex);
    forget_pending(footprints);
}

void fc_footprints_abort(fc_footprints *footprints) {
    if (footprints != NULL) forget_pending(footprints);
}

// ---- Checking ----------------------------------------------------------------------------------

// A region made ready.
typedef struct check {
    const fc_region *region;
    fc_probe probe;
    bool is_plain; // the box lies strictly within ±180: one turn decides for rows that do too
    bool edge_open;
} check;

static void check_init(check *check, const fc_region *region, uint32_t faults) {
    fc_question question = {.has_box = region->has_box,
                            .box = region->box,
                            .has_time = region->has_time,
                            .start_is_open = region->start_is_open,
                            .end_is_open = region->end_is_open,
                            .time_start_us = region->time_start_us,
                            .time_end_us = region->time_end_us};
    if (faults & FC_FOOTPRINT_TIME_OPEN && question.has_time && !question.start_is_open)
        question.time_start_us++;
    check->region = region;
    fc_probe_init_exact(&check->probe, &question, false);
    const fc_box *box = &region->box;
    check->is_plain = box->west > -180 && box->west <= box->east && box->east < 180;
    check->edge_open = faults & FC_FOOTPRINT_EDGE_OPEN;
}

static bool meets_box(const check *check, const footprint *one) {
    const fc_box *box = &check->region->box, *row = &one->box;
    if (!(one->flags & HAS_BOX)) return false;
    if (check->edge_open) // a planted fault
        return row->south < box->north && row->north > box->south && row->west < box->east &&
               row->east > box->west;
    if (!(row->south <= box->north && row->north >= box->south)) return false;
    if (check->is_plain && row->west > -180 && row->west <= row->east && row->east < 180)
        return row->west <= box->east && row->east >= box->west;
    return fc_probe_box_matches(&check->probe, row);
}

static bool has_id(const fc_region *region, uint64_t id) {
    size_t below = 0, above = region->id_count;
    while (below < above) {
        const size_t middle = below + (above - below) / 2;
        if (region->ids[middle] < id)
            below = middle + 1;
        else
            above = middle;
    }
    return below < region->id_count && region->ids[below] == id;
}

static bool meets(const check *check, const footprint *one) {
    const fc_region *region = check->region;
    if (region->has_time &&
        (!(one->flags & HAS_TIME) || !fc_probe_time_matches(&check->probe, one->time)))
        return false;
    if (region->has_box && !meets_box(check, one)) return false;
    if (region->shapes_only && !(one->flags & IS_SHAPE)) return false;
    return region->ids == NULL || one->flags & ANY_ID || has_id(region, one->id);
}

fc_change fc_footprints_check(fc_footprints *footprints, uint64_t from, uint64_t to,
                              const fc_region *region) {
    if (to <= from) return FC_CHANGE_NONE;
    check check;
    check_init(&check, region, footprints->faults);
    const fc_os *os = footprints->os;
    fc_change touch = FC_CHANGE_NONE;
    os->mutex_lock(os->context, footprints->mutex);
    if (from < footprints->known_from) {
        touch = FC_CHANGE_UNKNOWN;
    } else if (footprints->newest > from && !check.probe.is_empty) {
        for (size_t i = footprints->visible; i-- > 0 && touch == FC_CHANGE_NONE;) {
            const footprint *one = at(footprints, &footprints->ring, i);
            if (one->sequence <= from) break;
            if (one->sequence <= to && meets(&check, one)) touch = FC_CHANGE_SOME;
        }
    }
    os->mutex_unlock(os->context, footprints->mutex);
    return touch;
}
