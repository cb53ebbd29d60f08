#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record_model.h"

static void put(fc_buffer *out, const void *bytes, size_t length) {
    if (fc_buffer_append(out, bytes, length) != FC_STATUS_OK) abort();
}
static void put_u32(fc_buffer *out, uint32_t value) {
    put(out, &value, sizeof value);
}
static void put_double(fc_buffer *out, double value) {
    put(out, &value, sizeof value);
}
static void pad(fc_buffer *out) {
    if (fc_buffer_align(out, 8) != FC_STATUS_OK) abort();
}

// ---- Positions ---------------------------------------------------------------------------------

typedef struct writer {
    model_chance *chance;
    fc_buffer *out;
    record_parts *parts;
    uint64_t temper; // where the longitudes lie
    bool has_z;
} writer;

static double fixed(double degrees) {
    return (double)(int64_t)(degrees * (double)FIXED_ONE) / (double)FIXED_ONE;
}

static double random_longitude(writer *writer) {
    static const double edges[] = {-180, 180, 0, -0.0, 90, -90, 170, -170, 179.5, -179.5, 10};
    model_chance *chance = writer->chance;
    const double unit = chance_unit(chance);
    switch (writer->temper) {
    case 0:
        return fixed(unit * 360 - 180);
    case 1:
        return edges[chance_below(chance, sizeof edges / sizeof *edges)];
    case 2:
        return chance_one_in(chance, 2) ? fixed(160 + unit * 20) : fixed(-180 + unit * 20);
    case 3:
        return fixed(unit * 1080 - 540);
    case 4:
        return (double)((int)chance_below(chance, 109) - 54) * 10;
    case 5:
        return fixed(unit * 70 - 30);
    default: { // whole degrees, and a hair off
        const double degrees = (double)((int)chance_below(chance, 1079) - 539);
        const uint64_t hair = chance_below(chance, 3);
        return degrees + (hair == 0 ? 0 : hair == 1 ? 0x1p-44 : -0x1p-43);
    }
    }
}

// The positions of one part; `counts`: whether the box is made of it, as one interval or (apart) each for
// itself.
static void put_positions(writer *writer, uint32_t count, bool counts, bool apart) {
    model_chance *chance = writer->chance;
    record_parts *parts = writer->parts;
    const bool is_near = !apart && chance_one_in(chance, 2);
    const double base = random_longitude(writer);
    const double width = (double)chance_below(chance, 6) * 40;
    for (uint32_t i = 0; i < count; i++) {
        double x = random_longitude(writer);
        if (is_near) x = fmin(540, fmax(-540, base + fixed(chance_unit(chance) * width)));
        double y = chance_unit(chance) * 180 - 90;
        if (chance_one_in(chance, 20)) y = chance_one_in(chance, 2) ? 90 : -90;
        put_double(writer->out, x);
        put_double(writer->out, y);
        if (writer->has_z) {
            const uint64_t none = 0x7FF8000000000000;
            if (chance_one_in(chance, 3))
                put(writer->out, &none, sizeof none);
            else
                put_double(writer->out, chance_unit(chance));
        }
        if (!counts) continue;
        const int64_t at = (int64_t)(x * (double)FIXED_ONE);
        if (i == 0 || apart) {
            parts->west[parts->count] = parts->east[parts->count] = at;
            parts->count++;
        } else {
            int64_t *west = &parts->west[parts->count - 1], *east = &parts->east[parts->count - 1];
            if (at < *west) *west = at;
            if (at > *east) *east = at;
        }
        parts->south = fmin(parts->south, y);
        parts->north = fmax(parts->north, y);
        parts->is_inside = parts->is_inside && fabs(x) <= 180;
    }
}

// ---- Geometries --------------------------------------------------------------------------------

static void put_parts(writer *writer, bool is_polygon) {
    model_chance *chance = writer->chance;
    uint32_t counts[8], end = 0;
    const uint32_t count = (uint32_t)chance_below(chance, 5);
    put_u32(writer->out, count);
    for (uint32_t i = 0; i < count; i++) {
        counts[i] = (uint32_t)chance_below(chance, 5);
        put_u32(writer->out, end += counts[i]);
    }
    pad(writer->out);
    // Of a polygon only the outer ring counts.
    for (uint32_t i = 0; i < count; i++)
        put_positions(writer, counts[i], i == 0 || !is_polygon, false);
}

static void put_multi_polygon(writer *writer) {
    model_chance *chance = writer->chance;
    uint32_t rings_of[6], counts[18], rings = 0, end = 0;
    const uint32_t polygons = (uint32_t)chance_below(chance, 6);
    for (uint32_t i = 0; i < polygons; i++)
        rings += rings_of[i] = (uint32_t)chance_below(chance, 3);
    put_u32(writer->out, polygons);
    put_u32(writer->out, rings);
    for (uint32_t i = 0; i < polygons; i++)
        put_u32(writer->out, end += rings_of[i]);
    end = 0;
    for (uint32_t i = 0; i < rings; i++) {
        counts[i] = (uint32_t)chance_below(chance, 5);
        put_u32(writer->out, end += counts[i]);
    }
    pad(writer->out);
    for (uint32_t i = 0, ring = 0; i < polygons; i++)
        for (uint32_t j = 0; j < rings_of[i]; j++, ring++)
            put_positions(writer, counts[ring], j == 0, false);
}

// Two positions, put in order: the box of both is that of the rectangle.
static void put_rectangle(writer *writer) {
    const size_t at = writer->out->length;
    put_positions(writer, 2, true, false);
    uint8_t *corners = writer->out->data + at;
    for (size_t axis = 0; axis < 16; axis += 8) {
        const double a = fc_load_f64(corners + axis), b = fc_load_f64(corners + 16 + axis);
        fc_store_f64(corners + axis, fmin(a, b));
        fc_store_f64(corners + 16 + axis, fmax(a, b));
    }
}

static uint32_t random_kind(model_chance *chance, bool may_nest) {
    return 1 + (uint32_t)chance_below(chance, may_nest ? 7 : 6);
}

static void put_geometry(writer *writer, uint32_t kind, uint32_t depth) {
    model_chance *chance = writer->chance;
    switch (kind) {
    case FC_GEOMETRY_POINT:
        put_positions(writer, !chance_one_in(chance, 10), true, true);
        break;
    case FC_GEOMETRY_LINE_STRING:
        put_positions(writer, (uint32_t)chance_below(chance, 12), true, false);
        break;
    case FC_GEOMETRY_MULTI_POINT:
        put_positions(writer, (uint32_t)chance_below(chance, chance_one_in(chance, 8) ? 100 : 8),
                      true, true);
        break;
    case FC_GEOMETRY_POLYGON:
        put_parts(writer, true);
        break;
    case FC_GEOMETRY_MULTI_LINE_STRING:
        put_parts(writer, false);
        break;
    case FC_GEOMETRY_MULTI_POLYGON:
        put_multi_polygon(writer);
        break;
    case FC_GEOMETRY_RECTANGLE:
        put_rectangle(writer);
        break;
    default: { // a collection
        const uint32_t count = (uint32_t)chance_below(chance, 4);
        put_u32(writer->out, count);
        put_u32(writer->out, 0);
        for (uint32_t i = 0; i < count; i++) {
            // Points among the members only while there is room for their parts.
            const bool is_full = writer->parts->count > MODEL_PARTS_MAX - 150;
            const uint32_t member =
                is_full ? FC_GEOMETRY_LINE_STRING : random_kind(chance, depth > 0);
            put_u32(writer->out, member);
            const size_t at = writer->out->length;
            put_u32(writer->out, 0);
            put_geometry(writer, member, depth - (depth > 0));
            fc_store_u32(writer->out->data + at, (uint32_t)(writer->out->length - at - 4));
        }
    }
    }
}

// ---- The record --------------------------------------------------------------------------------

void record_random(model_chance *chance, fc_buffer *out, record_parts *out_parts) {
    static const uint8_t properties[] = {0xA2, 0x61, 'a', 0x01, 0x61, 'b', 0x81, 0xF6};
    static const uint8_t extras[] = {0xA1, 0x01, 0xF9, 0x3E, 0x00};
    static const char text[] = "a text of some length that serves as an id";
    *out_parts = (record_parts){.south = INFINITY, .north = -INFINITY, .is_inside = true};
    writer writer = {.chance = chance, .out = out, .parts = out_parts};
    writer.temper = chance_below(chance, 7);
    writer.has_z = chance_one_in(chance, 3);
    const bool has_time = chance_one_in(chance, 2), has_text = chance_one_in(chance, 2);
    const uint32_t kind = chance_one_in(chance, 20)   ? 0
                          : chance_one_in(chance, 10) ? (uint32_t)FC_GEOMETRY_RECTANGLE
                                                      : random_kind(chance, true);
    if (kind == FC_GEOMETRY_RECTANGLE) writer.has_z = false;
    const size_t start = out->length;
    if (fc_buffer_append_zeros(out, FC_RECORD_HEADER_BYTES) != FC_STATUS_OK) abort();
    if (has_time) {
        const int64_t a = (int64_t)chance_bits(chance), b = (int64_t)chance_bits(chance);
        put(out, a < b ? &a : &b, sizeof a);
        put(out, a < b ? &b : &a, sizeof a);
    }
    const size_t geometry = out->length;
    if (kind != FC_GEOMETRY_NONE) put_geometry(&writer, kind, 2);
    const size_t geometry_end = out->length;
    const bool has_properties = !chance_one_in(chance, 4), has_extras = chance_one_in(chance, 4);
    if (has_properties) put(out, properties, sizeof properties);
    if (has_extras) put(out, extras, sizeof extras);
    const uint64_t id = has_text ? 1 + chance_below(chance, sizeof text - 1) : chance_bits(chance);
    if (has_text) put(out, text, (size_t)id);
    pad(out);
    uint8_t *header = out->data + start;
    fc_store_u32(header, (uint32_t)(out->length - start));
    header[4] = FC_RECORD_VERSION;
    header[5] = (uint8_t)kind;
    header[6] = (uint8_t)((writer.has_z ? FC_RECORD_HAS_Z : 0) |
                          (has_time ? FC_RECORD_HAS_TIME : 0) | (has_text ? FC_RECORD_TEXT_ID : 0));
    fc_store_u64(header + 8, id);
    fc_store_u32(header + 16, (uint32_t)(geometry_end - geometry));
    fc_store_u32(header + 20, has_properties ? sizeof properties : 0);
    fc_store_u32(header + 24, has_extras ? sizeof extras : 0);
}
