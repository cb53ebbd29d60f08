#include "record_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) MODEL_HOLDS(report, seed, condition)

// ---- The box, in whole numbers -----------------------------------------------------------------

typedef struct interval {
    int64_t west, east;
} interval;

static int compare_intervals(const void *a, const void *b) {
    const interval *x = a, *y = b;
    return (x->west > y->west) - (x->west < y->west);
}

static int64_t reduce(int64_t longitude) {
    const int64_t rest = longitude % FIXED_TURN;
    return rest < 0 ? rest + FIXED_TURN : rest;
}

// The largest gaps on the circle, each as (where the box begins, where it ends), reduced to [0, 360).
static uint32_t largest_gaps(const record_parts *parts, interval *out_boxes) {
    // Each interval four times, a turn apart: the gaps of the second turn are the circle's.
    interval *unrolled = malloc(4 * MODEL_PARTS_MAX * sizeof *unrolled);
    if (unrolled == NULL) abort();
    uint32_t count = 0, boxes = 0;
    for (uint32_t i = 0; i < parts->count; i++) {
        const int64_t width = parts->east[i] - parts->west[i];
        const int64_t west = reduce(parts->west[i]);
        for (int turn = 0; turn < 4; turn++, count++)
            unrolled[count] =
                (interval){west + turn * FIXED_TURN, west + width + turn * FIXED_TURN};
    }
    qsort(unrolled, count, sizeof *unrolled, compare_intervals);
    int64_t reach = unrolled[0].east, largest = 0;
    for (uint32_t i = 1; i < count; i++) {
        const int64_t gap = unrolled[i].west - reach;
        const bool is_second =
            unrolled[i].west >= 2 * FIXED_TURN && unrolled[i].west < 3 * FIXED_TURN;
        if (is_second && gap > 0 && gap >= largest) {
            if (gap > largest) boxes = 0;
            largest = gap;
            out_boxes[boxes++] = (interval){reduce(unrolled[i].west), reduce(reach)};
        }
        if (unrolled[i].east > reach) reach = unrolled[i].east;
    }
    free(unrolled);
    return boxes;
}

static bool is_whole_turn(const record_parts *parts) {
    for (uint32_t i = 0; i < parts->count; i++)
        if (parts->east[i] - parts->west[i] >= FIXED_TURN) return true;
    return false;
}

// As a longitude from -180, the antimeridian counted as the westernmost.
static int64_t westness(int64_t reduced) {
    return reduced >= FIXED_TURN / 2 ? reduced - FIXED_TURN : reduced;
}

bool record_box_is_right(const record_parts *parts, bool has_box, const fc_box *box) {
    if (parts->count == 0 || !has_box) return parts->count == 0 && !has_box;
    if (box->south != parts->south || box->north != parts->north) return false;
    interval boxes[MODEL_PARTS_MAX];
    const uint32_t count = is_whole_turn(parts) ? 0 : largest_gaps(parts, boxes);
    if (count == 0) return box->west == -180 && box->east == 180;
    if (box->west == -180 && box->east == 180) return false;
    if (!(fabs(box->west) <= 180 && fabs(box->east) <= 180)) return false;
    const int64_t west = (int64_t)(box->west * (double)FIXED_ONE);
    const int64_t east = (int64_t)(box->east * (double)FIXED_ONE);
    bool is_largest = false;
    int64_t westernmost = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        is_largest = is_largest || (boxes[i].west == reduce(west) && boxes[i].east == reduce(east));
        if (westness(boxes[i].west) < westernmost) westernmost = westness(boxes[i].west);
    }
    // Of equally large gaps the westernmost start; 180 itself is a start of either end.
    const bool is_edge = box->west == 180 || westernmost == -FIXED_TURN / 2;
    if (!is_largest || (!is_edge && west != westernmost)) return false;
    // Within [-180, 180] the edges are the coordinates' own.
    bool has_west = !parts->is_inside, has_east = !parts->is_inside;
    for (uint32_t i = 0; i < parts->count; i++) {
        has_west = has_west || parts->west[i] == west;
        has_east = has_east || parts->east[i] == east;
    }
    return has_west && has_east;
}

// ---- Records -----------------------------------------------------------------------------------

static void count_point(void *visitor, double longitude, double latitude) {
    (void)longitude;
    (void)latitude;
    ++*(uint32_t *)visitor;
}

// What must hold of whatever is accepted: a box that is one, and a geometry that can be taken off and put
// back.
static bool check_accepted(const fc_record *record, uint64_t seed, scenario_report *report) {
    const fc_allocator memory = fc_allocator_system();
    bool has_box;
    fc_box box;
    HOLDS(fc_record_bounding_box(record, &memory, &has_box, &box) == FC_STATUS_OK);
    HOLDS(!has_box || (box.south <= box.north && fabs(box.west) <= 180 && fabs(box.east) <= 180));
    uint32_t points = 0;
    const bool has_points = fc_record_visit_points(record, count_point, &points);
    HOLDS(has_points ==
          (record->kind == FC_GEOMETRY_POINT || record->kind == FC_GEOMETRY_MULTI_POINT));
    if (record->kind == FC_GEOMETRY_RECTANGLE) {
        const uint8_t *corners = record->geometry.data;
        HOLDS(record->geometry.length == 32 && (record->flags & FC_RECORD_HAS_Z) == 0);
        HOLDS(fc_load_f64(corners) <= fc_load_f64(corners + 16) &&
              fc_load_f64(corners + 8) <= fc_load_f64(corners + 24));
    }
    if ((record->flags & FC_RECORD_KEEPS_GEOMETRY) != 0) return true;
    fc_buffer bare, whole;
    fc_buffer_init(&bare, &memory);
    fc_buffer_init(&whole, &memory);
    fc_record amended;
    const bool holds =
        fc_record_without_geometry(record, &bare) == FC_STATUS_OK &&
        fc_record_check((fc_bytes){bare.data, bare.length}, &amended, NULL) == FC_STATUS_OK &&
        (amended.flags & FC_RECORD_KEEPS_GEOMETRY) != 0 &&
        fc_feature_id_compare(&amended.id, &record->id) == 0 &&
        fc_record_with_geometry_of(&amended, record, &whole) == FC_STATUS_OK &&
        whole.length == record->bytes.length &&
        memcmp(whole.data, record->bytes.data, whole.length) == 0;
    fc_buffer_deinit(&bare);
    fc_buffer_deinit(&whole);
    HOLDS(holds);
    return true;
}

static bool check_changed(const uint8_t *bytes, size_t length, uint64_t seed,
                          scenario_report *report) {
    fc_record record;
    fc_detail detail = {.message = {0}};
    const fc_status status = fc_record_check((fc_bytes){bytes, length}, &record, &detail);
    report->images++;
    report->refused += status != FC_STATUS_OK;
    if (status == FC_STATUS_OK) return check_accepted(&record, seed, report);
    HOLDS(status == FC_STATUS_CORRUPT || status == FC_STATUS_TOO_NEW ||
          status == FC_STATUS_INVALID_COORDINATE);
    HOLDS(detail.message[0] != 0);
    return true;
}

static bool change_everywhere(fc_buffer *encoded, uint64_t seed, scenario_report *report) {
    bool holds = true;
    for (size_t bit = 0; holds && bit < encoded->length * 8; bit++) {
        encoded->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        holds = check_changed(encoded->data, encoded->length, seed, report);
        encoded->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    // As every other kind, of whose lengths few are right.
    const uint8_t kind = encoded->data[5];
    for (unsigned other = 0; holds && other <= FC_GEOMETRY_RECTANGLE + 1; other++) {
        encoded->data[5] = (uint8_t)other;
        holds = check_changed(encoded->data, encoded->length, seed, report);
    }
    encoded->data[5] = kind;
    for (size_t length = 0; holds && length < encoded->length; length++) {
        uint8_t *cut = malloc(length + 1);
        if (cut == NULL) abort();
        memcpy(cut + 1, encoded->data, length); // at an odd address, the block's end behind it
        holds = check_changed(cut + 1, length, seed, report);
        if (holds && length % 8 == 0 && length >= 4) {
            fc_store_u32(cut + 1, (uint32_t)length);
            holds = check_changed(cut + 1, length, seed, report);
        }
        free(cut);
    }
    return holds;
}

static bool try_record(uint64_t seed, bool change, model_memory *memory, record_parts *parts,
                       record_model_counts *counts, scenario_report *report) {
    const fc_allocator system = fc_allocator_system();
    model_chance chance = {.state = seed};
    fc_buffer encoded;
    fc_buffer_init(&encoded, &system);
    record_random(&chance, &encoded, parts);
    fc_record record;
    fc_detail detail = {.message = {0}};
    bool has_box = false, holds = false;
    fc_box box = {0};
    if (fc_record_check((fc_bytes){encoded.data, encoded.length}, &record, &detail) !=
        FC_STATUS_OK) {
        scenario_failed(report, "seed %llu: refused: %s", (unsigned long long)seed, detail.message);
    } else {
        // Without memory: an error, or an answer that needed none.
        model_memory_arm(memory, 0, true);
        fc_status status = fc_record_bounding_box(&record, &memory->os.memory, &has_box, &box);
        model_memory_disarm(memory);
        counts->without_memory += status == FC_STATUS_OUT_OF_MEMORY;
        if (status == FC_STATUS_OUT_OF_MEMORY)
            status = fc_record_bounding_box(&record, &memory->os.memory, &has_box, &box);
        holds = status == FC_STATUS_OK && record_box_is_right(parts, has_box, &box);
        if (!holds)
            scenario_failed(report, "seed %llu: box %d, %.17g %.17g %.17g %.17g",
                            (unsigned long long)seed, has_box, box.west, box.south, box.east,
                            box.north);
        counts->with_box += has_box;
        counts->crossing += has_box && box.west > box.east;
        holds = holds && check_accepted(&record, seed, report);
    }
    if (holds && change && encoded.length < 400) holds = change_everywhere(&encoded, seed, report);
    fc_buffer_deinit(&encoded);
    HOLDS(memory->live_count == 0);
    return holds;
}

void scenario_record_model(uint64_t seed, uint32_t records, uint32_t changed_stride,
                           record_model_counts *counts, scenario_report *report) {
    record_parts *parts = malloc(sizeof *parts);
    if (parts == NULL) abort();
    model_memory memory;
    model_memory_init(&memory);
    for (uint32_t i = 0; i < records; i++) {
        if (!try_record(seed + i, i % changed_stride == 0, &memory, parts, counts, report)) break;
        report->runs++;
    }
    free(parts);
}
