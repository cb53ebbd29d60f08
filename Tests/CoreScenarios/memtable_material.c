#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memtable_model.h"

// The next float64 up or down; around zero a step that float32 cannot see but that isn't lost in sums.
static double nudge(model_chance *chance, double value) {
    const bool up = chance_one_in(chance, 2);
    if (fabs(value) < 1e-15) return up ? value + 0x1p-60 : value - 0x1p-60;
    return nextafter(value, up ? INFINITY : -INFINITY);
}

static double half_degrees(model_chance *chance) {
    return (double)((int)chance_below(chance, 41) - 20) * 0.5;
}

double memtable_random_x(memtable_model *model) {
    static const double special[] = {-540,   540, 360,  -360,  0,     179.5,
                                     -179.5, 200, -200, 180.5, -180.5};
    model_chance *chance = &model->chance;
    switch (chance_below(chance, model->options.planar ? 4 : 8)) {
    case 0:
        return half_degrees(chance);
    case 1:
        return chance_unit(chance) * 20 - 10;
    case 2:
        return nudge(chance, half_degrees(chance));
    case 3:
        return model->options.planar ? chance_unit(chance) * 1000 : chance_unit(chance) * 360 - 180;
    case 4:
        return chance_one_in(chance, 2) ? 180 : -180;
    case 5:
        return (chance_one_in(chance, 2) ? 1 : -1) * (175 + chance_unit(chance) * 10);
    case 6:
        return special[chance_below(chance, sizeof special / sizeof *special)];
    default:
        return (chance_unit(chance) * 2 - 1) * 540;
    }
}

double memtable_random_y(memtable_model *model) {
    model_chance *chance = &model->chance;
    if (model->options.planar) return memtable_random_x(model);
    switch (chance_below(chance, 5)) {
    case 0:
        return half_degrees(chance);
    case 1:
        return chance_one_in(chance, 2) ? 90 : -90;
    case 2:
        return chance_unit(chance) * 180 - 90;
    case 3:
        return chance_unit(chance) * 20 - 10;
    default:
        return nudge(chance, half_degrees(chance));
    }
}

static void swap_if_less(double *low, double *high) {
    if (*high >= *low) return;
    const double kept = *low;
    *low = *high;
    *high = kept;
}

// Points, small and large boxes, whole turns; in a plane never crossing.
static fc_box random_box(memtable_model *model, bool is_question) {
    model_chance *chance = &model->chance;
    fc_box box = {.west = memtable_random_x(model), .south = memtable_random_y(model)};
    switch (chance_below(chance, 6)) {
    case 0:
        box.east = box.west;
        box.north = box.south;
        break;
    case 1:
        box.east = box.west + (double)chance_below(chance, 10) * 0.5;
        box.north = box.south + (double)chance_below(chance, 10) * 0.5;
        break;
    case 2:
        box.east = box.west + chance_unit(chance);
        box.north = box.south + chance_unit(chance);
        break;
    case 3:
        box.east = box.west + chance_unit(chance) * 40;
        box.north = box.south + chance_unit(chance) * 40;
        break;
    case 4:
        box.east = memtable_random_x(model);
        box.north = memtable_random_y(model);
        break;
    default:
        box.east = memtable_random_x(model);
        box.north = box.south + chance_unit(chance) * 3;
        if (is_question && chance_one_in(chance, 3)) {
            box.west = -180;
            box.east = 180;
        }
    }
    swap_if_less(&box.south, &box.north);
    if (model->options.planar || (!is_question && box.west - box.east > 360))
        swap_if_less(&box.west, &box.east);
    if (!model->options.planar) {
        if (box.east > 540) box.east = 540;
        if (box.north > 90) box.north = 90;
    }
    return box;
}

static int64_t random_time(model_chance *chance) {
    static const int64_t special[] = {INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1, INT64_MAX - 1};
    switch (chance_below(chance, 5)) {
    case 0:
        return (int64_t)chance_below(chance, 100);
    case 1:
        return 1700000000000000 + (int64_t)chance_below(chance, 1000);
    case 2:
        return 1700000000000000 + (int64_t)chance_below(chance, 31536000000000);
    case 3:
        return special[chance_below(chance, sizeof special / sizeof *special)];
    default:
        return -(int64_t)chance_below(chance, 1000000000000);
    }
}

// ---- Rows --------------------------------------------------------------------------------------

fc_feature_id memtable_id(memtable_model *model, uint32_t key) {
    fc_feature_id id = {.integer = 0};
    const bool is_text = model->ids_rise ? key >= MODEL_TEXT_KEYS : key % 3 == 0;
    if (!model->uses_text || !is_text) {
        id.integer = (int64_t)key * (model->ids_rise ? 1 : 7919) + model->first_id;
        return id;
    }
    char *text = model->texts[key];
    snprintf(text, sizeof model->texts[key], "id-%u%s", key, key % 2 != 0 ? "-longer" : "");
    id.text = (fc_bytes){(const uint8_t *)text, key == 0 ? 0 : strlen(text)};
    return id;
}

// As much of a feature record as the memtable reads: the points of a Point or MultiPoint.
static void make_point_record(model_row *row) {
    const size_t geometry = row->point_count * 16, length = FC_RECORD_HEADER_BYTES + geometry;
    uint8_t *record = calloc(1, length);
    if (record == NULL) abort();
    fc_store_u32(record, (uint32_t)length);
    record[4] = FC_RECORD_VERSION;
    record[5] = row->point_count > 1 ? FC_GEOMETRY_MULTI_POINT : FC_GEOMETRY_POINT;
    fc_store_u64(record + 8, (uint64_t)row->row.id.integer);
    fc_store_u32(record + 16, (uint32_t)geometry);
    memcpy(record + FC_RECORD_HEADER_BYTES, row->points, geometry);
    row->row.record = (fc_bytes){record, length};
}

static void make_random_record(memtable_model *model, model_row *row) {
    model_chance *chance = &model->chance;
    const size_t length = 8 * (1 + chance_below(chance, chance_one_in(chance, 20) ? 2000 : 10));
    uint8_t *record = malloc(length);
    if (record == NULL) abort();
    for (size_t i = 0; i < length; i++)
        record[i] = (uint8_t)chance_bits(chance);
    row->row.record = (fc_bytes){record, length};
}

// A point, or a few near each other; the box is theirs.
static void place_points(memtable_model *model, model_row *row) {
    model_chance *chance = &model->chance;
    fc_box *box = &row->row.box;
    const bool many = !model->options.planar && chance_one_in(chance, 3);
    row->point_count = many ? 1 + (uint32_t)chance_below(chance, MODEL_POINTS_MAX) : 1;
    const double west = memtable_random_x(model), south = memtable_random_y(model);
    *box = (fc_box){west, south, west, south};
    for (uint32_t i = 0; i < row->point_count; i++) {
        const double x = i == 0 ? west : fmin(540, west + chance_unit(chance) * 3);
        const double y = i == 0 ? south : fmin(90, south + chance_unit(chance) * 3);
        row->points[2 * i] = x;
        row->points[2 * i + 1] = y;
        box->east = fmax(box->east, x);
        box->north = fmax(box->north, y);
    }
}

model_row memtable_random_row(memtable_model *model, uint32_t key) {
    model_chance *chance = &model->chance;
    model_row row = {.key = key, .deleted = FC_LIVE};
    row.row.id = memtable_id(model, key);
    row.row.has_box = !chance_one_in(chance, 10);
    row.row.is_point = model->only_points || chance_one_in(chance, 3);
    if (row.row.has_box) {
        if (row.row.is_point)
            place_points(model, &row);
        else
            row.row.box = random_box(model, false);
    }
    row.row.has_time = !model->without_time && chance_one_in(chance, 3);
    if (row.row.has_time) {
        const int64_t a = random_time(chance), b = random_time(chance);
        const bool is_instant = chance_one_in(chance, 2);
        row.row.time_start_us = a < b || is_instant ? a : b;
        row.row.time_end_us = is_instant ? a : (a < b ? b : a);
    }
    if (row.point_count > 0 && (row.point_count > 1 || chance_one_in(chance, 4)))
        make_point_record(&row);
    else if (chance_one_in(chance, 4))
        make_random_record(model, &row);
    return row;
}

// ---- Questions ---------------------------------------------------------------------------------

// A box at the very edges of an existing row's, perhaps a turn away, perhaps off by one unit.
static void aim_at_row(memtable_model *model, fc_question *question) {
    model_chance *chance = &model->chance;
    const fc_row *row = &model->rows[chance_below(chance, model->row_count)].row;
    if (!row->has_box) return;
    fc_box *box = &question->box;
    *box = row->box;
    const double turn = chance_one_in(chance, 2) ? 360 : -360;
    if (chance_one_in(chance, 2) && !model->options.planar && fabs(box->west + turn) <= 540 &&
        fabs(box->east + turn) <= 540) {
        box->west += turn;
        box->east += turn;
    }
    if (chance_one_in(chance, 2)) box->west = nudge(chance, box->west);
    if (chance_one_in(chance, 2)) box->east = nudge(chance, box->east);
    if (model->options.planar && box->east < box->west) box->east = box->west;
}

static void ask_time(memtable_model *model, fc_question *question) {
    model_chance *chance = &model->chance;
    question->has_time = true;
    question->start_is_open = chance_one_in(chance, 4);
    question->end_is_open = chance_one_in(chance, 4);
    question->time_start_us = question->time_end_us = random_time(chance);
    if (chance_one_in(chance, 2))
        question->time_end_us = random_time(chance);
    else if (question->time_start_us < INT64_MAX - 2000)
        question->time_end_us += (int64_t)chance_below(chance, 1000);
    if (model->row_count == 0 || !chance_one_in(chance, 3)) return;
    const fc_row *row = &model->rows[chance_below(chance, model->row_count)].row;
    if (!row->has_time) return;
    if (chance_one_in(chance, 2)) {
        question->time_start_us = row->time_end_us;
    } else {
        question->time_end_us = row->time_start_us;
        if (chance_one_in(chance, 2) && question->time_end_us < INT64_MAX) question->time_end_us++;
    }
}

fc_question memtable_random_question(memtable_model *model) {
    model_chance *chance = &model->chance;
    fc_question question = {.has_box = !chance_one_in(chance, 4),
                            .within = chance_one_in(chance, 3)};
    if (question.has_box) {
        question.box = random_box(model, true);
        if (model->row_count > 0 && chance_one_in(chance, 3)) aim_at_row(model, &question);
    }
    if (chance_one_in(chance, 3)) ask_time(model, &question);
    return question;
}
