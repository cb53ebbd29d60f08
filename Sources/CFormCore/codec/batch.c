// Point batches: each column in the smallest of its codecs; of two equally small ones the lower
// number. So time is a line only from three points on, and a field is constant only from two.
#include "batch.h"

#include <assert.h>

#include "../base/bytes.h"
#include "record.h"

// Offsets of the header's parts (batch.h).
enum {
    AT_LENGTH = 0,
    AT_VERSION = 4,
    AT_FIELD_COUNT = 6,
    AT_POINT_COUNT = 8,
    AT_FLAGS = 12,
    HEADER_BYTES = 16,
    COLUMN_BYTES = 8, // an entry of the column table
    AT_COLUMN_SIZE = 4
};

enum { TIME_RAW = 0, TIME_LINE = 1, FIELD_RAW = 0, FIELD_CONSTANT = 1, METADATA_PLAIN = 0 };
enum { LINE_BYTES = 16, LINE_POINTS_MIN = 3, CONSTANT_BYTES = 8, CONSTANT_POINTS_MIN = 2 };
enum { CBOR_MAJOR_MAP = 5 };

static fc_status corrupt(fc_detail *detail, const char *what) {
    return fc_fail(detail, FC_STATUS_CORRUPT, "point batch: %s", what);
}

// MARK: Which codec is the smallest (one rule for the encoder and the check)

// Whether t_i = first + i·step without overflow. `times` needs no alignment.
static bool is_line(const uint8_t *times, uint32_t count) {
    if (count < LINE_POINTS_MIN) return false;
    int64_t step, difference, last = fc_load_i64(times + 8);
    if (__builtin_sub_overflow(last, fc_load_i64(times), &step)) return false;
    for (size_t i = 2; i < count; i++) {
        int64_t time = fc_load_i64(times + 8 * i);
        if (__builtin_sub_overflow(time, last, &difference) || difference != step) return false;
        last = time;
    }
    return true;
}

static bool is_constant(const uint8_t *values, uint32_t count) {
    if (count < CONSTANT_POINTS_MIN) return false;
    uint64_t first = fc_load_u64(values); // bits: NaN is like itself, and -0 is unlike 0
    for (size_t i = 1; i < count; i++)
        if (fc_load_u64(values + 8 * i) != first) return false;
    return true;
}

// Whether the last time of a line is an int64 (then so are all between). `step` counts from `first`
// towards one end of int64; the room there is divided instead of the step multiplied.
static bool line_fits(int64_t first, int64_t step, uint32_t count) {
    bool falls = step < 0;
    uint64_t room =
        falls ? (uint64_t)first - (uint64_t)INT64_MIN : (uint64_t)INT64_MAX - (uint64_t)first;
    uint64_t size = falls ? 0 - (uint64_t)step : (uint64_t)step;
    return size <= room / (count - 1);
}

// MARK: Metadata

// Checks running ends and that each non-empty range is one CBOR map. `ends` need no alignment.
static fc_status check_metadata(const uint8_t *ends, uint32_t count, const uint8_t *maps,
                                fc_detail *detail) {
    uint32_t start = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t end = fc_load_u32(ends + 4 * i);
        if (end < start) return corrupt(detail, "metadata ends fall");
        if (end == start) continue;
        if (maps[start] >> 5 != CBOR_MAJOR_MAP) return corrupt(detail, "metadata is no CBOR map");
        fc_status status = fc_cbor_check((fc_bytes){maps + start, end - start}, true, detail);
        if (status != FC_STATUS_OK) return status;
        start = end;
    }
    return FC_STATUS_OK;
}

// Bytes of the ends with their padding: where the maps begin.
static uint64_t metadata_maps_offset(uint32_t point_count) {
    return fc_align_up((uint64_t)4 * point_count, 8);
}

// MARK: Encoding

// Total bytes of the metadata; 0 when no point has any (then there is no column).
static uint32_t metadata_length(const fc_points *points) {
    return points->metadata_ends ? points->metadata_ends[points->point_count - 1] : 0;
}

static fc_status check_points(const fc_points *points) {
    if (points->point_count == 0 || points->point_count > FC_BATCH_POINTS_MAX)
        return FC_STATUS_INVALID_ARGUMENT;
    if (points->field_count == 0 || points->field_count > FC_SERIES_FIELDS_MAX)
        return FC_STATUS_INVALID_ARGUMENT;
    if (!points->metadata_ends) return FC_STATUS_OK;
    // The ends must run before anything between them is read.
    for (uint32_t i = 1; i < points->point_count; i++)
        if (points->metadata_ends[i] < points->metadata_ends[i - 1])
            return FC_STATUS_INVALID_ARGUMENT;
    fc_status status = check_metadata((const uint8_t *)points->metadata_ends, points->point_count,
                                      points->metadata, NULL);
    return status == FC_STATUS_OK ? FC_STATUS_OK : FC_STATUS_INVALID_ARGUMENT;
}

// Writes columns and their table entries one after the other.
typedef struct column_writer {
    uint8_t *entry; // the next table entry
    uint8_t *next;  // where the next column goes
} column_writer;

static void put_column(column_writer *w, uint8_t codec, const void *bytes, size_t length) {
    fc_store_u32(w->entry, codec);
    fc_store_u32(w->entry + AT_COLUMN_SIZE, (uint32_t)length);
    memcpy(w->next, bytes, length);
    w->entry += COLUMN_BYTES;
    w->next += length;
}

static void put_metadata(column_writer *w, const fc_points *points) {
    size_t ends = (size_t)4 * points->point_count;
    size_t maps_offset = (size_t)metadata_maps_offset(points->point_count);
    size_t maps = metadata_length(points), length = (size_t)fc_align_up(maps_offset + maps, 8);
    fc_store_u32(w->entry, METADATA_PLAIN);
    fc_store_u32(w->entry + AT_COLUMN_SIZE, (uint32_t)length);
    memcpy(w->next, points->metadata_ends, ends);
    memset(w->next + ends, 0, maps_offset - ends);
    memcpy(w->next + maps_offset, points->metadata, maps);
    memset(w->next + maps_offset + maps, 0, length - maps_offset - maps);
}

fc_status fc_batch_encode(const fc_points *points, fc_buffer *out) {
    assert(out->length % 8 == 0);
    fc_status status = check_points(points);
    if (status != FC_STATUS_OK) return status;
    uint32_t count = points->point_count, fields = points->field_count;
    uint8_t is_constant_field[FC_SERIES_FIELDS_MAX];
    bool time_is_line = is_line((const uint8_t *)points->times_us, count);
    uint32_t metadata = metadata_length(points);
    uint64_t raw = (uint64_t)8 * count;
    uint64_t length = HEADER_BYTES + COLUMN_BYTES * ((uint64_t)1 + fields + (metadata > 0));
    length += time_is_line ? LINE_BYTES : raw;
    for (uint32_t i = 0; i < fields; i++) {
        is_constant_field[i] = is_constant((const uint8_t *)points->fields[i], count);
        length += is_constant_field[i] ? CONSTANT_BYTES : raw;
    }
    if (metadata > 0) length += fc_align_up(metadata_maps_offset(count) + metadata, 8);
    if (length > UINT32_MAX) return FC_STATUS_TOO_LARGE;
    status = fc_buffer_reserve(out, (size_t)length);
    if (status != FC_STATUS_OK) return status;

    uint8_t *p = out->data + out->length;
    fc_store_u32(p + AT_LENGTH, (uint32_t)length);
    fc_store_u16(p + AT_VERSION, FC_BATCH_VERSION);
    fc_store_u16(p + AT_FIELD_COUNT, (uint16_t)fields);
    fc_store_u32(p + AT_POINT_COUNT, count);
    fc_store_u32(p + AT_FLAGS, metadata > 0 ? FC_BATCH_HAS_METADATA : 0);
    column_writer w = {p + HEADER_BYTES, NULL};
    w.next = w.entry + COLUMN_BYTES * ((size_t)1 + fields + (metadata > 0));
    if (time_is_line) {
        int64_t line[2] = {points->times_us[0], points->times_us[1] - points->times_us[0]};
        put_column(&w, TIME_LINE, line, LINE_BYTES);
    } else {
        put_column(&w, TIME_RAW, points->times_us, (size_t)raw);
    }
    for (uint32_t i = 0; i < fields; i++)
        put_column(&w, is_constant_field[i] ? FIELD_CONSTANT : FIELD_RAW, points->fields[i],
                   is_constant_field[i] ? CONSTANT_BYTES : (size_t)raw);
    if (metadata > 0) put_metadata(&w, points);
    out->length += (size_t)length;
    return FC_STATUS_OK;
}

// MARK: Checking

// One entry of the column table with its column.
typedef struct column {
    uint8_t codec;
    const uint8_t *data;
    uint32_t length;
} column;

static fc_status unknown_codec(fc_detail *detail, const char *what, uint8_t codec) {
    return fc_fail(detail, FC_STATUS_TOO_NEW, "point batch: unknown %s codec %u", what, codec);
}

static fc_status check_time(const column *c, uint32_t count, fc_detail *detail) {
    if (c->codec == TIME_RAW) {
        if (c->length != (uint64_t)8 * count) return corrupt(detail, "the time column's length");
        return is_line(c->data, count) ? corrupt(detail, "time is not in its smallest codec")
                                       : FC_STATUS_OK;
    }
    if (c->codec != TIME_LINE) return unknown_codec(detail, "time", c->codec);
    if (c->length != LINE_BYTES) return corrupt(detail, "the time column's length");
    if (count < LINE_POINTS_MIN) return corrupt(detail, "time is not in its smallest codec");
    if (!line_fits(fc_load_i64(c->data), fc_load_i64(c->data + 8), count))
        return corrupt(detail, "its times overflow");
    return FC_STATUS_OK;
}

static fc_status check_field(const column *c, uint32_t count, fc_detail *detail) {
    if (c->codec == FIELD_RAW) {
        if (c->length != (uint64_t)8 * count) return corrupt(detail, "a field column's length");
        return is_constant(c->data, count) ? corrupt(detail, "a field is not in its smallest codec")
                                           : FC_STATUS_OK;
    }
    if (c->codec != FIELD_CONSTANT) return unknown_codec(detail, "field", c->codec);
    if (c->length != CONSTANT_BYTES) return corrupt(detail, "a field column's length");
    if (count < CONSTANT_POINTS_MIN) return corrupt(detail, "a field is not in its smallest codec");
    return FC_STATUS_OK;
}

static bool is_zero(const uint8_t *bytes, uint64_t length) {
    uint8_t any = 0;
    for (uint64_t i = 0; i < length; i++)
        any |= bytes[i];
    return any == 0;
}

static fc_status check_metadata_column(const column *c, uint32_t count, fc_detail *detail) {
    if (c->codec != METADATA_PLAIN) return unknown_codec(detail, "metadata", c->codec);
    uint64_t ends = (uint64_t)4 * count, maps_offset = metadata_maps_offset(count);
    if (maps_offset > c->length) return corrupt(detail, "the metadata column's length");
    uint32_t total = fc_load_u32(c->data + ends - 4);
    if (total == 0) return corrupt(detail, "a metadata column without metadata");
    if (fc_align_up(maps_offset + total, 8) != c->length)
        return corrupt(detail, "the metadata column's length");
    if (!is_zero(c->data + ends, maps_offset - ends) ||
        !is_zero(c->data + maps_offset + total, c->length - maps_offset - total))
        return corrupt(detail, "padding is not zero");
    // Ends may only rise up to `total`, the last one, so each lies within the column.
    for (size_t i = 0; i < count; i++)
        if (fc_load_u32(c->data + 4 * i) > total) return corrupt(detail, "metadata ends fall");
    return check_metadata(c->data, count, c->data + maps_offset, detail);
}

static fc_status check_header(fc_bytes bytes, fc_detail *detail) {
    const uint8_t *p = bytes.data;
    if (bytes.length < HEADER_BYTES) return corrupt(detail, "shorter than its header");
    if (fc_load_u32(p + AT_LENGTH) != bytes.length || bytes.length % 8 != 0)
        return corrupt(detail, "its length is wrong");
    uint32_t version = fc_load_u16(p + AT_VERSION), fields = fc_load_u16(p + AT_FIELD_COUNT);
    uint32_t points = fc_load_u32(p + AT_POINT_COUNT), flags = fc_load_u32(p + AT_FLAGS);
    if (version == 0) return corrupt(detail, "version 0");
    if (version > FC_BATCH_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "point batch: unknown version %u", version);
    if (flags & ~(uint32_t)FC_BATCH_HAS_METADATA)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "point batch: unknown flags %#x", flags);
    if (fields == 0 || fields > FC_SERIES_FIELDS_MAX) return corrupt(detail, "its field count");
    if (points == 0 || points > FC_BATCH_POINTS_MAX) return corrupt(detail, "its point count");
    uint32_t columns = 1 + fields + (flags & FC_BATCH_HAS_METADATA);
    if ((size_t)columns * COLUMN_BYTES > bytes.length - HEADER_BYTES)
        return corrupt(detail, "its column table is cut short");
    if ((uint64_t)points * (fields + 1) * 8 > FC_BATCH_DECODED_BYTES_MAX)
        return corrupt(detail, "its columns would take more than 1 GiB");
    return FC_STATUS_OK;
}

fc_status fc_batch_check(fc_bytes bytes, fc_batch *out_batch, fc_detail *detail) {
    fc_status status = check_header(bytes, detail);
    if (status != FC_STATUS_OK) return status;
    fc_batch batch = {.bytes = bytes,
                      .point_count = fc_load_u32(bytes.data + AT_POINT_COUNT),
                      .field_count = fc_load_u16(bytes.data + AT_FIELD_COUNT),
                      .has_metadata = fc_load_u32(bytes.data + AT_FLAGS) != 0};
    uint32_t columns = 1 + batch.field_count + batch.has_metadata;
    const uint8_t *entry = bytes.data + HEADER_BYTES;
    size_t offset = HEADER_BYTES + (size_t)columns * COLUMN_BYTES;
    for (uint32_t i = 0; i < columns; i++, entry += COLUMN_BYTES) {
        column c = {entry[0], bytes.data + offset, fc_load_u32(entry + AT_COLUMN_SIZE)};
        if (!is_zero(entry + 1, 3)) return corrupt(detail, "padding is not zero");
        if (c.length > bytes.length - offset || c.length % 8 != 0)
            return corrupt(detail, "a column's length is wrong");
        offset += c.length;
        if (i == 0) {
            batch.time_codec = c.codec;
            batch.time_column = c.data;
            status = check_time(&c, batch.point_count, detail);
        } else if (i <= batch.field_count) {
            status = check_field(&c, batch.point_count, detail);
        } else {
            batch.metadata_column = c.data;
            status = check_metadata_column(&c, batch.point_count, detail);
        }
        if (status != FC_STATUS_OK) return status;
    }
    if (offset != bytes.length) return corrupt(detail, "bytes follow its columns");
    *out_batch = batch;
    return FC_STATUS_OK;
}

// MARK: Decoding

void fc_batch_times(const fc_batch *batch, int64_t *out_times_us) {
    if (batch->time_codec == TIME_RAW) {
        memcpy(out_times_us, batch->time_column, (size_t)8 * batch->point_count);
        return;
    }
    // Modulo 2^64, so that the sum after the last time may wrap without being used.
    uint64_t time = fc_load_u64(batch->time_column), step = fc_load_u64(batch->time_column + 8);
    for (uint32_t i = 0; i < batch->point_count; i++, time += step)
        out_times_us[i] = (int64_t)time;
}

void fc_batch_field(const fc_batch *batch, uint32_t field, double *out_values) {
    assert(field < batch->field_count);
    const uint8_t *entry = batch->bytes.data + HEADER_BYTES;
    const uint8_t *data = batch->time_column;
    for (uint32_t i = 0; i <= field; i++, entry += COLUMN_BYTES)
        data += fc_load_u32(entry + AT_COLUMN_SIZE);
    if (entry[0] == FIELD_RAW) {
        memcpy(out_values, data, (size_t)8 * batch->point_count);
        return;
    }
    double value = fc_load_f64(data);
    for (uint32_t i = 0; i < batch->point_count; i++)
        out_values[i] = value;
}

fc_bytes fc_batch_metadata(const fc_batch *batch, uint32_t index) {
    assert(index < batch->point_count);
    if (!batch->has_metadata) return (fc_bytes){NULL, 0};
    const uint8_t *ends = batch->metadata_column;
    uint32_t start = index > 0 ? fc_load_u32(ends + (size_t)4 * (index - 1)) : 0;
    uint32_t end = fc_load_u32(ends + (size_t)4 * index);
    if (start == end) return (fc_bytes){NULL, 0};
    return (fc_bytes){ends + metadata_maps_offset(batch->point_count) + start, end - start};
}
