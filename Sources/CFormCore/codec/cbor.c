// One pass over one CBOR item with an explicit stack. SOURCE: RFC 8949, sections 3 and 4.2.1.
//
// Determinism, head by head: lengths and integers in the shortest head; definite lengths only;
// floats in the shortest of f16, f32, f64 that keeps the value; map keys in strictly ascending
// order of their encoded bytes. Counts are compared with what is left before they are believed, so
// time is O(bytes).
#include "record.h"

#include <float.h>
#include <math.h>

#include "../base/bytes.h"

enum { MAJOR_UNSIGNED, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP };
enum { SIMPLE_FALSE = 0xF4, SIMPLE_TRUE, SIMPLE_NULL, FLOAT16 = 0xF9, FLOAT32, FLOAT64 };

typedef struct reader {
    const uint8_t *bytes;
    size_t length, offset;
    fc_detail *detail;
} reader;

typedef struct head {
    uint8_t initial;   // the first byte
    uint8_t major;     // its upper three bits
    uint64_t argument; // for major 7 the raw bits that follow
    size_t offset;     // where it began
} head;

// A container whose items are being read.
typedef struct frame {
    uint64_t left; // items of an array, pairs of a map, the current one included
    size_t key_offset, key_length;
    bool is_map, has_key; // has_key: a key was read, its value is next
} frame;

static fc_status fail(const reader *r, size_t offset, const char *what) {
    return fc_fail(r->detail, FC_STATUS_CORRUPT, "CBOR, byte %zu: %s", offset, what);
}

static uint64_t load_big_endian(const uint8_t *p, size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | p[i];
    return value;
}

// Reads initial byte and argument, and requires the shortest head.
static fc_status read_head(reader *r, head *out) {
    size_t start = r->offset;
    if (start >= r->length) return fail(r, start, "an item is missing");
    uint8_t initial = r->bytes[start], low = initial & 31;
    *out = (head){.initial = initial, .major = initial >> 5, .argument = low, .offset = start};
    r->offset = start + 1;
    if (low < 24) return FC_STATUS_OK;
    if (low > 27) return fail(r, start, "an indefinite length or a reserved head");
    size_t count = (size_t)1 << (low - 24);
    if (count > r->length - r->offset) return fail(r, start, "the head is cut short");
    out->argument = load_big_endian(r->bytes + r->offset, count);
    r->offset += count;
    if (out->major == 7) return FC_STATUS_OK; // floats have a rule of their own
    static const uint64_t smallest[] = {24, 1ull << 8, 1ull << 16, 1ull << 32};
    if (out->argument < smallest[low - 24]) return fail(r, start, "the head is not the shortest");
    return FC_STATUS_OK;
}

// Whether a finite float32 keeps its value as a float16.
static bool fits_half(uint32_t bits) {
    uint32_t fraction = bits & 0x7FFFFF;
    int exponent = (int)(bits >> 23 & 0xFF) - 127;
    if ((bits & 0x7FFFFFFF) == 0) return true;
    if (exponent > 15 || exponent < -24) return false;
    // A float16 keeps 10 bits of fraction, one fewer for every step below 2^-14 (subnormals).
    int dropped = exponent >= -14 ? 13 : 13 + (-14 - exponent);
    return ((fraction | 0x800000) & ((1u << dropped) - 1)) == 0;
}

static fc_status check_simple(const reader *r, const head *h) {
    static const char *const not_finite = "NaN and infinities are no values here";
    static const char *const not_short = "the float is not in its shortest form";
    switch (h->initial) {
    case SIMPLE_FALSE:
    case SIMPLE_TRUE:
    case SIMPLE_NULL:
        return FC_STATUS_OK;
    case FLOAT16:
        if ((h->argument & 0x7C00) == 0x7C00) return fail(r, h->offset, not_finite);
        return FC_STATUS_OK;
    case FLOAT32:
        if ((h->argument & 0x7F800000) == 0x7F800000) return fail(r, h->offset, not_finite);
        return fits_half((uint32_t)h->argument) ? fail(r, h->offset, not_short) : FC_STATUS_OK;
    case FLOAT64: {
        double value;
        memcpy(&value, &h->argument, 8);
        if (!isfinite(value)) return fail(r, h->offset, not_finite);
        if (fabs(value) <= (double)FLT_MAX && (double)(float)value == value)
            return fail(r, h->offset, not_short);
        return FC_STATUS_OK;
    }
    default:
        return fail(r, h->offset, "an undefined, simple or reserved value");
    }
}

static fc_status check_text(reader *r, const head *h) {
    if (h->argument > r->length - r->offset) return fail(r, h->offset, "the text is cut short");
    if (!fc_utf8_check(r->bytes + r->offset, (size_t)h->argument))
        return fail(r, h->offset, "the text is not UTF-8");
    r->offset += (size_t)h->argument;
    return FC_STATUS_OK;
}

// Checks the key whose head is `h` (its text was read): its kind, and that it sorts after the last.
static fc_status check_key(const reader *r, frame *map, const head *h, bool text_keys) {
    if (h->major != (text_keys ? MAJOR_TEXT : MAJOR_UNSIGNED))
        return fail(r, h->offset,
                    text_keys ? "a map key is not text" : "a map key is not an unsigned integer");
    size_t length = r->offset - h->offset;
    if (map->key_length != 0) {
        size_t common = length < map->key_length ? length : map->key_length;
        int order = memcmp(r->bytes + map->key_offset, r->bytes + h->offset, common);
        // No encoded item is a prefix of another, so equal here means equal.
        if (order >= 0)
            return fail(r, h->offset,
                        order == 0 ? "a map key is repeated" : "map keys are unsorted");
    }
    map->key_offset = h->offset;
    map->key_length = length;
    return FC_STATUS_OK;
}

// Checks one item's head and own bytes. Containers: sets *out_items to what must follow.
static fc_status check_item(reader *r, head *h, uint64_t *out_items) {
    *out_items = 0;
    fc_status status = read_head(r, h);
    if (status != FC_STATUS_OK) return status;
    size_t left = r->length - r->offset;
    switch (h->major) {
    case MAJOR_UNSIGNED:
        return FC_STATUS_OK;
    case MAJOR_NEGATIVE:
        if (h->argument > (uint64_t)INT64_MAX) return fail(r, h->offset, "an integer below -2^63");
        return FC_STATUS_OK;
    case MAJOR_TEXT:
        return check_text(r, h);
    case MAJOR_ARRAY:
        if (h->argument > left) return fail(r, h->offset, "the array is cut short");
        *out_items = h->argument;
        return FC_STATUS_OK;
    case MAJOR_MAP:
        if (h->argument > left / 2) return fail(r, h->offset, "the map is cut short");
        *out_items = h->argument;
        return FC_STATUS_OK;
    case 7:
        return check_simple(r, h);
    default:
        return fail(r, h->offset, "a byte string or a tag");
    }
}

// Notes that an item ended; returns the depth after closing the containers that it completed.
static size_t finish_item(frame *stack, size_t depth) {
    while (depth > 0) {
        frame *top = &stack[depth - 1];
        if (top->is_map && !top->has_key) {
            top->has_key = true;
            return depth;
        }
        top->has_key = false;
        if (--top->left > 0) return depth;
        depth--;
    }
    return 0;
}

fc_status fc_cbor_check(fc_bytes bytes, bool text_keys, fc_detail *detail) {
    reader r = {.bytes = bytes.data, .length = bytes.length, .detail = detail};
    frame stack[FC_CBOR_DEPTH_MAX];
    size_t depth = 0;
    do {
        head h;
        uint64_t items;
        fc_status status = check_item(&r, &h, &items);
        if (status != FC_STATUS_OK) return status;
        frame *top = depth > 0 ? &stack[depth - 1] : NULL;
        if (top && top->is_map && !top->has_key) {
            status = check_key(&r, top, &h, text_keys || depth > 1);
            if (status != FC_STATUS_OK) return status;
        }
        bool is_container = h.major == MAJOR_ARRAY || h.major == MAJOR_MAP;
        if (is_container && depth == FC_CBOR_DEPTH_MAX)
            return fail(&r, h.offset, "arrays and maps are nested too deep");
        if (items > 0)
            stack[depth++] = (frame){.left = items, .is_map = h.major == MAJOR_MAP};
        else
            depth = finish_item(stack, depth);
    } while (depth > 0);
    if (r.offset != r.length) return fail(&r, r.offset, "bytes follow the item");
    return FC_STATUS_OK;
}
