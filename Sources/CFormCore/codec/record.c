// Feature records: check, take apart, and swap geometries.
#include "record.h"

#include <math.h>

#include "../base/bytes.h"
#include "../base/hash.h"
#include "record_geometry.h"

// Offsets of the header's parts (record.h).
enum {
    AT_LENGTH = 0,
    AT_VERSION = 4,
    AT_KIND = 5,
    AT_FLAGS = 6,
    AT_ZERO = 7,
    AT_ID = 8,
    AT_GEOMETRY_BYTES = 16,
    AT_PROPERTIES_BYTES = 20,
    AT_EXTRAS_BYTES = 24,
    AT_ZEROS = 28,
    TIME_BYTES = 16,
    CBOR_MAJOR_MAP = 5
};

static fc_status corrupt(fc_detail *detail, const char *what) {
    return fc_fail(detail, FC_STATUS_CORRUPT, "record: %s", what);
}

// MARK: Ids

int fc_feature_id_compare(const fc_feature_id *a, const fc_feature_id *b) {
    bool a_is_text = a->text.data != NULL, b_is_text = b->text.data != NULL;
    if (a_is_text != b_is_text) return a_is_text ? 1 : -1;
    if (!a_is_text) return (a->integer > b->integer) - (a->integer < b->integer);
    size_t common = a->text.length < b->text.length ? a->text.length : b->text.length;
    int order = common > 0 ? memcmp(a->text.data, b->text.data, common) : 0;
    if (order != 0) return order;
    return (a->text.length > b->text.length) - (a->text.length < b->text.length);
}

uint64_t fc_feature_id_hash(const fc_feature_id *id) {
    if (id->text.data) return fc_hash64(id->text.data, id->text.length, 0);
    // The finaliser of MurmurHash3: dense integers spread over all 64 bits.
    uint64_t h = (uint64_t)id->integer;
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCDull;
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53ull;
    return h ^ h >> 33;
}

// MARK: Check and read

// Where the parts lie, in 64 bits, so that hostile lengths cannot overflow.
typedef struct layout {
    uint64_t geometry, properties, extras, id_text, end; // offsets
} layout;

static layout record_layout(const uint8_t *header) {
    uint8_t flags = header[AT_FLAGS];
    layout at;
    at.geometry = FC_RECORD_HEADER_BYTES + (flags & FC_RECORD_HAS_TIME ? TIME_BYTES : 0);
    at.properties = at.geometry + fc_load_u32(header + AT_GEOMETRY_BYTES);
    at.extras = at.properties + fc_load_u32(header + AT_PROPERTIES_BYTES);
    at.id_text = at.extras + fc_load_u32(header + AT_EXTRAS_BYTES);
    at.end = at.id_text + (flags & FC_RECORD_TEXT_ID ? fc_load_u64(header + AT_ID) : 0);
    return at;
}

void fc_record_read(const uint8_t *bytes, fc_record *out_record) {
    layout at = record_layout(bytes);
    uint8_t flags = bytes[AT_FLAGS];
    fc_record record = {
        .bytes = {bytes, fc_load_u32(bytes + AT_LENGTH)},
        .kind = (fc_geometry_kind)bytes[AT_KIND],
        .flags = flags,
        .has_time = (flags & FC_RECORD_HAS_TIME) != 0,
        .geometry = {bytes + at.geometry, (size_t)(at.properties - at.geometry)},
        .properties = {bytes + at.properties, (size_t)(at.extras - at.properties)},
        .extras = {bytes + at.extras, (size_t)(at.id_text - at.extras)},
    };
    if (record.has_time) {
        record.time_start_us = fc_load_i64(bytes + FC_RECORD_HEADER_BYTES);
        record.time_end_us = fc_load_i64(bytes + FC_RECORD_HEADER_BYTES + 8);
    }
    if (flags & FC_RECORD_TEXT_ID)
        record.id.text = (fc_bytes){bytes + at.id_text, (size_t)(at.end - at.id_text)};
    else
        record.id.integer = fc_load_i64(bytes + AT_ID);
    *out_record = record;
}

// Checks everything that the layout depends on: after this fc_record_read stays within the bytes.
static fc_status check_header(fc_bytes bytes, fc_detail *detail) {
    const uint8_t *p = bytes.data;
    if (bytes.length < FC_RECORD_HEADER_BYTES) return corrupt(detail, "shorter than its header");
    if (fc_load_u32(p + AT_LENGTH) != bytes.length) return corrupt(detail, "its length is wrong");
    if (bytes.length > FC_RECORD_LENGTH_MAX || bytes.length % 8 != 0)
        return corrupt(detail, "its length is too large or not a multiple of 8");
    if (p[AT_VERSION] == 0) return corrupt(detail, "version 0");
    if (p[AT_VERSION] > FC_RECORD_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "record: unknown version %u", p[AT_VERSION]);
    if (p[AT_KIND] > FC_GEOMETRY_RECTANGLE)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "record: unknown geometry kind %u", p[AT_KIND]);
    if (p[AT_FLAGS] & ~FC_RECORD_KNOWN_FLAGS)
        return fc_fail(detail, FC_STATUS_TOO_NEW, "record: unknown flags %#x", p[AT_FLAGS]);
    if (p[AT_ZERO] != 0 || fc_load_u32(p + AT_ZEROS) != 0)
        return corrupt(detail, "reserved bytes of its header are not zero");
    if (p[AT_FLAGS] & FC_RECORD_KEEPS_GEOMETRY && p[AT_KIND] != FC_GEOMETRY_NONE)
        return corrupt(detail, "it keeps a geometry and has one");
    if (p[AT_FLAGS] & FC_RECORD_TEXT_ID) {
        uint64_t length = fc_load_u64(p + AT_ID);
        if (length == 0 || length > FC_RECORD_ID_BYTES_MAX)
            return corrupt(detail, "the length of its id is not within 1 to 65,535");
    }
    if (fc_load_u32(p + AT_GEOMETRY_BYTES) % 8 != 0)
        return corrupt(detail, "its geometry's length is not a multiple of 8");
    if (fc_align_up(record_layout(p).end, 8) != bytes.length)
        return corrupt(detail, "its parts do not add up to its length");
    return FC_STATUS_OK;
}

static fc_status check_map(fc_bytes bytes, bool text_keys, fc_detail *detail) {
    if (bytes.length == 0) return FC_STATUS_OK;
    if (bytes.data[0] >> 5 != CBOR_MAJOR_MAP)
        return corrupt(detail, "its properties or extras are not a CBOR map");
    return fc_cbor_check(bytes, text_keys, detail);
}

fc_status fc_record_check(fc_bytes bytes, fc_record *out_record, fc_detail *detail) {
    fc_status status = check_header(bytes, detail);
    if (status != FC_STATUS_OK) return status;
    fc_record record;
    fc_record_read(bytes.data, &record);
    if (record.has_time && record.time_start_us > record.time_end_us)
        return corrupt(detail, "its time ends before it starts");
    status =
        fc_geometry_check(record.kind, record.geometry, fc_position_bytes(record.flags), detail);
    if (status == FC_STATUS_OK) status = check_map(record.properties, true, detail);
    if (status == FC_STATUS_OK) status = check_map(record.extras, false, detail);
    if (status != FC_STATUS_OK) return status;
    if (record.id.text.data && !fc_utf8_check(record.id.text.data, record.id.text.length))
        return corrupt(detail, "its id is not UTF-8");
    for (uint64_t i = record_layout(bytes.data).end; i < bytes.length; i++)
        if (bytes.data[i] != 0) return corrupt(detail, "padding is not zero");
    *out_record = record;
    return FC_STATUS_OK;
}

// MARK: Swapping geometries

bool fc_record_visit_points(const fc_record *record,
                            void (*visit)(void *visitor, double longitude, double latitude),
                            void *visitor) {
    if (record->kind != FC_GEOMETRY_POINT && record->kind != FC_GEOMETRY_MULTI_POINT) return false;
    uint32_t position_bytes = fc_position_bytes(record->flags);
    const uint8_t *p = record->geometry.data;
    for (size_t n = record->geometry.length / position_bytes; n > 0; n--, p += position_bytes)
        visit(visitor, fc_load_f64(p), fc_load_f64(p + 8));
    return true;
}

// Appends `record` with another kind, flags and geometry.
static fc_status append_with_geometry(const fc_record *record, fc_geometry_kind kind, uint8_t flags,
                                      fc_bytes geometry, fc_buffer *out) {
    layout at = record_layout(record->bytes.data);
    size_t tail = (size_t)(at.end - at.properties);
    size_t unpadded = (size_t)at.geometry + geometry.length + tail;
    size_t length = (size_t)fc_align_up(unpadded, 8);
    if (length > FC_RECORD_LENGTH_MAX) return FC_STATUS_TOO_LARGE;
    fc_status status = fc_buffer_reserve(out, length);
    if (status != FC_STATUS_OK) return status;
    uint8_t *p = out->data + out->length;
    memcpy(p, record->bytes.data, (size_t)at.geometry);
    fc_store_u32(p + AT_LENGTH, (uint32_t)length);
    p[AT_KIND] = (uint8_t)kind;
    p[AT_FLAGS] = flags;
    fc_store_u32(p + AT_GEOMETRY_BYTES, (uint32_t)geometry.length);
    p += at.geometry;
    memcpy(p, geometry.data, geometry.length);
    p += geometry.length;
    memcpy(p, record->bytes.data + at.properties, tail);
    memset(p + tail, 0, length - unpadded);
    out->length += length;
    return FC_STATUS_OK;
}

fc_status fc_record_with_geometry_of(const fc_record *amended, const fc_record *previous,
                                     fc_buffer *out) {
    if (!(amended->flags & FC_RECORD_KEEPS_GEOMETRY)) return FC_STATUS_INVALID_ARGUMENT;
    if (previous->flags & FC_RECORD_KEEPS_GEOMETRY) return FC_STATUS_INVALID_ARGUMENT;
    uint8_t kept = amended->flags & (FC_RECORD_HAS_TIME | FC_RECORD_TEXT_ID);
    uint8_t flags = kept | (previous->flags & FC_RECORD_HAS_Z);
    return append_with_geometry(amended, previous->kind, flags, previous->geometry, out);
}

fc_status fc_record_without_geometry(const fc_record *whole, fc_buffer *out) {
    uint8_t kept = whole->flags & (FC_RECORD_HAS_TIME | FC_RECORD_TEXT_ID);
    fc_bytes nothing = {whole->geometry.data, 0};
    return append_with_geometry(whole, FC_GEOMETRY_NONE, kept | FC_RECORD_KEEPS_GEOMETRY, nothing,
                                out);
}
