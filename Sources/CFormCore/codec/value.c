#include "value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MAJOR_UNSIGNED, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP };
enum { SIMPLE_FALSE = 0xF4, SIMPLE_TRUE, SIMPLE_NULL, FLOAT16 = 0xF9, FLOAT32, FLOAT64 };

const fc_value fc_value_missing = {.kind = FC_VALUE_MISSING};

// ---- Heads -------------------------------------------------------------------------------------

static const uint8_t *read_head(const uint8_t *item, uint64_t *out_argument) {
    uint8_t low = *item++ & 31;
    if (low < 24) {
        *out_argument = low;
        return item;
    }
    uint64_t argument = 0;
    for (unsigned count = 1u << (low - 24); count > 0; count--)
        argument = argument << 8 | *item++;
    *out_argument = argument;
    return item;
}

// By rows of a major type: unsigned, negative, bytes, text, array, map, tag, simple.
const uint8_t fc_value_short_lengths[256] = {
    1,  1,  1,  1,  1,  1,  1,  1,  1, 1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  2, 3,  5,  9,  0,  0,  0,  0, //
    1,  1,  1,  1,  1,  1,  1,  1,  1, 1,  1,  1,  1,  1,  1,  1,
    1,  1,  1,  1,  1,  1,  1,  1,  2, 3,  5,  9,  0,  0,  0,  0, //
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0, //
    1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16,
    17, 18, 19, 20, 21, 22, 23, 24, 0, 0,  0,  0,  0,  0,  0,  0, //
    1,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0, //
    1,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0, //
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0, //
    0,  0,  0,  0,  0,  0,  0,  0,  0, 0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  1,  1,  1,  0,  0, 3,  5,  9,  0,  0,  0,  0, //
};

const uint8_t *fc_value_skip_long(const uint8_t *item) {
    for (uint64_t left = 1; left > 0; left--) {
        uint8_t length = fc_value_short_lengths[*item];
        if (length != 0) {
            item += length;
            continue;
        }
        uint8_t major = *item >> 5;
        uint64_t argument;
        item = read_head(item, &argument);
        if (major == MAJOR_TEXT)
            item += argument;
        else if (major == MAJOR_ARRAY)
            left += argument;
        else if (major == MAJOR_MAP)
            left += 2 * argument;
    }
    return item;
}

// ---- Values ------------------------------------------------------------------------------------

static double real_of_half(uint16_t bits) {
    uint64_t sign = (uint64_t)(bits >> 15) << 63;
    unsigned exponent = bits >> 10 & 31, fraction = bits & 0x3FF;
    double value;
    if (exponent == 0) { // subnormal: fraction / 2^24
        value = (double)fraction * 0x1p-24;
        return sign ? -value : value;
    }
    uint64_t wide = sign | (uint64_t)(exponent + 1008) << 52 | (uint64_t)fraction << 42;
    memcpy(&value, &wide, 8);
    return value;
}

static fc_value real_of(uint8_t initial, uint64_t bits) {
    fc_value value = {.kind = FC_VALUE_NUMBER, .number = FC_NUMBER_REAL};
    if (initial == FLOAT16) {
        value.real = real_of_half((uint16_t)bits);
    } else if (initial == FLOAT32) {
        float narrow;
        uint32_t narrow_bits = (uint32_t)bits;
        memcpy(&narrow, &narrow_bits, 4);
        value.real = narrow;
    } else {
        memcpy(&value.real, &bits, 8);
    }
    return value;
}

static fc_value simple_of(uint8_t initial, uint64_t argument) {
    if (initial == SIMPLE_NULL) return (fc_value){.kind = FC_VALUE_NULL};
    if (initial == SIMPLE_FALSE || initial == SIMPLE_TRUE)
        return (fc_value){.kind = FC_VALUE_BOOLEAN, .boolean = initial == SIMPLE_TRUE};
    return real_of(initial, argument);
}

const uint8_t *fc_value_read(const uint8_t *item, fc_value *out) {
    uint8_t initial = *item;
    uint64_t argument;
    const uint8_t *content = read_head(item, &argument);
    switch (initial >> 5) {
    case MAJOR_UNSIGNED:
        *out = (fc_value){.kind = FC_VALUE_NUMBER, .natural = argument};
        if (argument > INT64_MAX) out->number = FC_NUMBER_NATURAL;
        return content;
    case MAJOR_NEGATIVE:
        *out = (fc_value){.kind = FC_VALUE_NUMBER, .integer = -1 - (int64_t)argument};
        return content;
    case MAJOR_TEXT:
        *out = (fc_value){.kind = FC_VALUE_TEXT, .bytes = {content, (size_t)argument}};
        return content + argument;
    case MAJOR_ARRAY:
    case MAJOR_MAP: {
        const uint8_t *end = fc_value_skip(item);
        *out = (fc_value){.kind = initial >> 5 == MAJOR_ARRAY ? FC_VALUE_ARRAY : FC_VALUE_OBJECT,
                          .count = argument,
                          .bytes = {content, (size_t)(end - content)}};
        return end;
    }
    default:
        *out = simple_of(initial, argument);
        return content;
    }
}

// Keys ascend by their encoded bytes, so shorter ones come first and the search ends early.
const uint8_t *fc_value_member(const uint8_t *item, fc_bytes key) {
    if (*item >> 5 != MAJOR_MAP) return NULL;
    uint64_t count;
    const uint8_t *at = read_head(item, &count);
    for (; count > 0; count--) {
        const uint8_t *value = fc_value_skip(at);
        size_t length = (size_t)(value - at);
        if (length >= key.length) {
            if (length > key.length) return NULL;
            int order = memcmp(at, key.data, length);
            if (order == 0) return value;
            if (order > 0) return NULL;
        }
        at = fc_value_skip(value);
    }
    return NULL;
}

fc_value fc_value_at(fc_bytes properties, const fc_path *path) {
    assert(path->count >= 1);
    if (properties.length == 0) return fc_value_missing;
    const uint8_t *item = properties.data;
    for (uint32_t i = 0; i < path->count; i++) {
        item = fc_value_member(item, path->keys[i]);
        if (item == NULL) return fc_value_missing;
    }
    fc_value value;
    fc_value_read(item, &value);
    return value;
}

// ---- Order -------------------------------------------------------------------------------------

static int order_of(bool less, bool greater) {
    return less ? -1 : greater;
}

// A real against an integer of any 64 bits: exact, because it is compared with the integer part first.
static int compare_real_with_integer(double real, const fc_value *integer) {
    bool is_natural = integer->number == FC_NUMBER_NATURAL;
    if (real >= 0x1p64) return 1;
    if (real < -0x1p63) return -1;
    if (real >= 0x1p63) {
        uint64_t whole = (uint64_t)real; // a real of this size has no fraction
        return is_natural ? order_of(whole<integer->natural, whole> integer->natural) : 1;
    }
    if (is_natural) return -1;
    int64_t whole = (int64_t)real; // towards zero
    if (whole != integer->integer) return whole < integer->integer ? -1 : 1;
    double fraction = real - (double)whole; // exact: below 2^53, or zero
    return order_of(fraction<0, fraction> 0);
}

int fc_value_compare_numbers(const fc_value *a, const fc_value *b) {
    bool a_is_real = a->number == FC_NUMBER_REAL, b_is_real = b->number == FC_NUMBER_REAL;
    if (a_is_real && b_is_real) return order_of(a->real<b->real, a->real> b->real);
    if (a_is_real) return compare_real_with_integer(a->real, b);
    if (b_is_real) return -compare_real_with_integer(b->real, a);
    if (a->number != b->number) return a->number == FC_NUMBER_NATURAL ? 1 : -1;
    if (a->number == FC_NUMBER_NATURAL)
        return order_of(a->natural<b->natural, a->natural> b->natural);
    return order_of(a->integer<b->integer, a->integer> b->integer);
}

static int compare_bytes(fc_bytes a, fc_bytes b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : order_of(a.length<b.length, a.length> b.length);
}

// Arrays and objects, item by item; depth is bounded by FC_CBOR_DEPTH_MAX.
static int compare_items(const fc_value *a, const fc_value *b) {
    const uint8_t *p = a->bytes.data, *q = b->bytes.data;
    uint64_t common = a->count < b->count ? a->count : b->count;
    for (uint64_t i = 0; i < common; i++) {
        if (a->kind == FC_VALUE_OBJECT) {
            fc_bytes x = {p, 0}, y = {q, 0};
            p = fc_value_skip(p);
            q = fc_value_skip(q);
            x.length = (size_t)(p - x.data);
            y.length = (size_t)(q - y.data);
            int order = compare_bytes(x, y);
            if (order != 0) return order;
        }
        fc_value x, y;
        p = fc_value_read(p, &x);
        q = fc_value_read(q, &y);
        int order = fc_value_compare(&x, &y);
        if (order != 0) return order;
    }
    return order_of(a->count<b->count, a->count> b->count);
}

int fc_value_compare(const fc_value *a, const fc_value *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    switch (a->kind) {
    case FC_VALUE_NUMBER:
        return fc_value_compare_numbers(a, b);
    case FC_VALUE_TEXT:
        return compare_bytes(a->bytes, b->bytes);
    case FC_VALUE_BOOLEAN:
        return (int)a->boolean - (int)b->boolean;
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT:
        return compare_items(a, b);
    default:
        return 0;
    }
}

int fc_value_compare_extremes(const fc_value *a, const fc_value *b) {
    int order = fc_value_compare(a, b);
    if (order != 0 || a->kind != FC_VALUE_NUMBER) return order;
    bool a_negative = a->number == FC_NUMBER_REAL && a->real == 0 && signbit(a->real);
    bool b_negative = b->number == FC_NUMBER_REAL && b->real == 0 && signbit(b->real);
    return (int)b_negative - (int)a_negative;
}

double fc_value_nearest(const fc_value *number, bool *out_exact) {
    *out_exact = true;
    if (number->number == FC_NUMBER_REAL) return number->real;
    double real =
        number->number == FC_NUMBER_NATURAL ? (double)number->natural : (double)number->integer;
    *out_exact = compare_real_with_integer(real, number) == 0;
    return real;
}
