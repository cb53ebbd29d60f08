// Checks a geometry's bytes: counts, running ends, padding, coordinates. Every count is compared
// with the bytes that are there before it is used, so time is O(bytes) and no sum overflows.
#include "record_geometry.h"

#include <math.h>

#include "../base/bytes.h"

#define LONGITUDE_MAX 540.0
#define LATITUDE_MAX 90.0
#define ABSENT_Z_BITS 0x7FF8000000000000ull

static fc_status corrupt(fc_detail *detail, const char *what) {
    return fc_fail(detail, FC_STATUS_CORRUPT, "geometry: %s", what);
}

static bool is_good_z(const uint8_t *position) {
    return isfinite(fc_load_f64(position + 16)) || fc_load_u64(position + 16) == ABSENT_Z_BITS;
}

// Says what is wrong with the first bad one of `count` positions.
static fc_status describe_bad_position(const uint8_t *positions, size_t count,
                                       uint32_t position_bytes, fc_detail *detail) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = positions + i * position_bytes;
        double x = fc_load_f64(p), y = fc_load_f64(p + 8);
        if (!isfinite(x) || !isfinite(y))
            return fc_fail(detail, FC_STATUS_INVALID_COORDINATE,
                           "position %zu: a coordinate is not finite", i);
        if (fabs(y) > LATITUDE_MAX)
            return fc_fail(detail, FC_STATUS_INVALID_COORDINATE,
                           "position %zu: latitude %.17g is outside [-90, 90] "
                           "(longitude comes first; swapped?)",
                           i, y);
        if (fabs(x) > LONGITUDE_MAX)
            return fc_fail(detail, FC_STATUS_INVALID_COORDINATE,
                           "position %zu: longitude %.17g is outside [-540, 540]", i, x);
        if (position_bytes == FC_POSITION_BYTES_Z && !is_good_z(p))
            return fc_fail(detail, FC_STATUS_INVALID_COORDINATE,
                           "position %zu: the third number is not finite", i);
    }
    return FC_STATUS_OK;
}

static fc_status check_positions(const uint8_t *positions, size_t count, uint32_t position_bytes,
                                 fc_detail *detail) {
    bool good = true;
    const uint8_t *p = positions;
    // No early exit: almost every record is good, and a loop without branches is quicker. A NaN
    // fails both comparisons.
    for (size_t i = 0; i < count; i++, p += position_bytes) {
        good &= fabs(fc_load_f64(p)) <= LONGITUDE_MAX;
        good &= fabs(fc_load_f64(p + 8)) <= LATITUDE_MAX;
    }
    if (position_bytes == FC_POSITION_BYTES_Z)
        for (size_t i = 0; i < count; i++)
            good &= is_good_z(positions + i * position_bytes);
    return good ? FC_STATUS_OK : describe_bad_position(positions, count, position_bytes, detail);
}

// Whether `ends` (count of them) never fall and the last is `total`.
static bool are_running_ends(const uint8_t *ends, uint32_t count, uint64_t total) {
    uint32_t last = 0;
    bool good = true;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t end = fc_load_u32(ends + (size_t)4 * i);
        good &= end >= last;
        last = end;
    }
    return good && last == total;
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    uint8_t any = 0;
    for (size_t i = 0; i < length; i++)
        any |= bytes[i];
    return any == 0;
}

// Takes the positions that begin at `offset` after zeros up to a multiple of 8.
static fc_status take_positions(fc_bytes bytes, size_t offset, uint32_t position_bytes,
                                const uint8_t **out_positions, size_t *out_count,
                                fc_detail *detail) {
    size_t start = (size_t)fc_align_up(offset, 8);
    if (start > bytes.length) return corrupt(detail, "its counts are cut short");
    if (!is_zero(bytes.data + offset, start - offset))
        return corrupt(detail, "padding is not zero");
    size_t left = bytes.length - start;
    if (left % position_bytes != 0) return corrupt(detail, "its length is no number of positions");
    *out_positions = bytes.data + start;
    *out_count = left / position_bytes;
    return FC_STATUS_OK;
}

// Polygon and MultiLineString.
static fc_status check_parts(fc_bytes bytes, uint32_t position_bytes, fc_detail *detail) {
    if (bytes.length < 4) return corrupt(detail, "its part count is missing");
    uint32_t part_count = fc_load_u32(bytes.data);
    if (part_count > (bytes.length - 4) / 4) return corrupt(detail, "its part count is too large");
    const uint8_t *positions;
    size_t count;
    fc_status status = take_positions(bytes, 4 + (size_t)4 * part_count, position_bytes, &positions,
                                      &count, detail);
    if (status != FC_STATUS_OK) return status;
    if (!are_running_ends(bytes.data + 4, part_count, count))
        return corrupt(detail, "its part ends do not run up to the number of positions");
    return check_positions(positions, count, position_bytes, detail);
}

static fc_status check_multi_polygon(fc_bytes bytes, uint32_t position_bytes, fc_detail *detail) {
    if (bytes.length < 8) return corrupt(detail, "its counts are missing");
    uint64_t polygons = fc_load_u32(bytes.data), rings = fc_load_u32(bytes.data + 4);
    if (polygons + rings > (bytes.length - 8) / 4)
        return corrupt(detail, "its counts are too large");
    const uint8_t *positions;
    size_t count;
    fc_status status = take_positions(bytes, (size_t)(8 + 4 * (polygons + rings)), position_bytes,
                                      &positions, &count, detail);
    if (status != FC_STATUS_OK) return status;
    if (!are_running_ends(bytes.data + 8, (uint32_t)polygons, rings))
        return corrupt(detail, "its polygon ends do not run up to the number of rings");
    if (!are_running_ends(bytes.data + 8 + 4 * polygons, (uint32_t)rings, count))
        return corrupt(detail, "its ring ends do not run up to the number of positions");
    return check_positions(positions, count, position_bytes, detail);
}

static fc_status check_geometry(fc_geometry_kind kind, fc_bytes bytes, uint32_t position_bytes,
                                int depth, fc_detail *detail);

static fc_status check_collection(fc_bytes bytes, uint32_t position_bytes, int depth,
                                  fc_detail *detail) {
    if (depth > FC_GEOMETRY_DEPTH_MAX) return corrupt(detail, "collections are nested too deep");
    if (bytes.length < FC_GEOMETRY_MEMBER_HEADER_BYTES)
        return corrupt(detail, "its member count is missing");
    uint32_t count = fc_load_u32(bytes.data);
    if (fc_load_u32(bytes.data + 4) != 0) return corrupt(detail, "padding is not zero");
    size_t offset = 8;
    for (uint32_t i = 0; i < count; i++) {
        if (bytes.length - offset < FC_GEOMETRY_MEMBER_HEADER_BYTES)
            return corrupt(detail, "a member is missing");
        uint32_t kind = fc_load_u32(bytes.data + offset);
        uint32_t length = fc_load_u32(bytes.data + offset + 4);
        offset += FC_GEOMETRY_MEMBER_HEADER_BYTES;
        if (length > bytes.length - offset || length % 8 != 0)
            return corrupt(detail, "a member's length is wrong");
        if (kind > FC_GEOMETRY_COLLECTION)
            return fc_fail(detail, FC_STATUS_TOO_NEW, "geometry: unknown kind %u", kind);
        if (kind == FC_GEOMETRY_NONE) return corrupt(detail, "a member is null");
        fc_bytes member = {bytes.data + offset, length};
        fc_status status =
            check_geometry((fc_geometry_kind)kind, member, position_bytes, depth + 1, detail);
        if (status != FC_STATUS_OK) return status;
        offset += length;
    }
    return offset == bytes.length ? FC_STATUS_OK : corrupt(detail, "bytes follow its members");
}

// Two corners, the south-western one first.
static fc_status check_rectangle(fc_bytes bytes, uint32_t position_bytes, fc_detail *detail) {
    if (position_bytes != FC_POSITION_BYTES || bytes.length != 2 * FC_POSITION_BYTES)
        return corrupt(detail, "a rectangle has other than four numbers");
    fc_status status = check_positions(bytes.data, 2, position_bytes, detail);
    if (status != FC_STATUS_OK) return status;
    if (fc_load_f64(bytes.data) > fc_load_f64(bytes.data + 16) ||
        fc_load_f64(bytes.data + 8) > fc_load_f64(bytes.data + 24))
        return corrupt(detail, "a rectangle's corners are the wrong way round");
    return FC_STATUS_OK;
}

// `depth` counts collections, this one included if it is one.
static fc_status check_geometry(fc_geometry_kind kind, fc_bytes bytes, uint32_t position_bytes,
                                int depth, fc_detail *detail) {
    switch (kind) {
    case FC_GEOMETRY_NONE:
        return bytes.length == 0 ? FC_STATUS_OK : corrupt(detail, "a null geometry has bytes");
    case FC_GEOMETRY_POINT:
        if (bytes.length != 0 && bytes.length != position_bytes)
            return corrupt(detail, "a point has other than one position");
        return check_positions(bytes.data, bytes.length / position_bytes, position_bytes, detail);
    case FC_GEOMETRY_LINE_STRING:
    case FC_GEOMETRY_MULTI_POINT:
        if (bytes.length % position_bytes != 0)
            return corrupt(detail, "its length is no number of positions");
        return check_positions(bytes.data, bytes.length / position_bytes, position_bytes, detail);
    case FC_GEOMETRY_POLYGON:
    case FC_GEOMETRY_MULTI_LINE_STRING:
        return check_parts(bytes, position_bytes, detail);
    case FC_GEOMETRY_MULTI_POLYGON:
        return check_multi_polygon(bytes, position_bytes, detail);
    case FC_GEOMETRY_COLLECTION:
        return check_collection(bytes, position_bytes, depth, detail);
    case FC_GEOMETRY_RECTANGLE:
        return check_rectangle(bytes, position_bytes, detail);
    }
    return fc_fail(detail, FC_STATUS_TOO_NEW, "geometry: unknown kind %u", (unsigned)kind);
}

fc_status fc_geometry_check(fc_geometry_kind kind, fc_bytes bytes, uint32_t position_bytes,
                            fc_detail *detail) {
    return check_geometry(kind, bytes, position_bytes, 1, detail);
}
