#include "value_hash.h"

#include <string.h>

#include "../base/hash.h"

static uint64_t mix(uint64_t a, uint64_t b) {
    uint64_t x = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
    return x ^ x >> 32;
}

// A real that is an integer of 64 bits hashes as that integer.
static uint64_t hash_number(const fc_value *value) {
    if (value->number != FC_NUMBER_REAL) return mix(value->natural, FC_VALUE_NUMBER + 1);
    double real = value->real;
    if (real >= -0x1p63 && real < 0x1p63 && (double)(int64_t)real == real)
        return mix((uint64_t)(int64_t)real, FC_VALUE_NUMBER + 1);
    if (real >= 0x1p63 && real < 0x1p64) return mix((uint64_t)real, FC_VALUE_NUMBER + 1);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return mix(bits, FC_VALUE_NUMBER + 2);
}

// The items of an array or object one after another; values nest to FC_CBOR_DEPTH_MAX at most.
static uint64_t hash_items(const fc_value *value) {
    uint64_t items = value->kind == FC_VALUE_OBJECT ? 2 * value->count : value->count;
    uint64_t hash = mix(items, value->kind);
    const uint8_t *at = value->bytes.data;
    for (; items > 0; items--) {
        fc_value item;
        at = fc_value_read(at, &item);
        hash = mix(hash * 31, fc_value_hash(&item));
    }
    return hash;
}

uint64_t fc_value_hash(const fc_value *value) {
    switch (value->kind) {
    case FC_VALUE_NUMBER:
        return hash_number(value);
    case FC_VALUE_TEXT:
        return fc_hash64(value->bytes.data, value->bytes.length, 1);
    case FC_VALUE_BOOLEAN:
        return mix(value->boolean, FC_VALUE_BOOLEAN + 16);
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT:
        return hash_items(value);
    default:
        return mix(value->kind, 64);
    }
}
