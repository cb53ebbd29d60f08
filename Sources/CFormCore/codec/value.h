// A JSON value read in place in deterministic CBOR (RFC 8949, section 4.2.1): properties are looked up,
// compared and ordered without being decoded.
//
// REQUIRES, everywhere: bytes that fc_cbor_check accepted; they are not checked again. OWNERSHIP: values borrow
// the bytes. COST: O(bytes looked at), no allocation.
#ifndef FC_CODEC_VALUE_H
#define FC_CODEC_VALUE_H

#include "../base/memory.h"

// In the order in which values sort (SEMANTICS: numbers < strings < booleans < arrays < objects, then null,
// then missing).
typedef enum fc_value_kind {
    FC_VALUE_NUMBER = 0,
    FC_VALUE_TEXT = 1,
    FC_VALUE_BOOLEAN = 2,
    FC_VALUE_ARRAY = 3,
    FC_VALUE_OBJECT = 4,
    FC_VALUE_NULL = 5,
    FC_VALUE_MISSING = 6
} fc_value_kind;

typedef enum fc_number_kind {
    FC_NUMBER_INTEGER = 0, // any int64
    FC_NUMBER_NATURAL = 1, // above INT64_MAX only
    FC_NUMBER_REAL = 2     // finite
} fc_number_kind;

typedef struct fc_value {
    fc_value_kind kind;
    fc_number_kind number; // of a number
    union {
        int64_t integer;
        uint64_t natural;
        double real;
        bool boolean;
        uint64_t count; // elements of an array, members of an object
    };
    fc_bytes bytes; // a text's UTF-8; what follows the head of an array or object, up to its end
} fc_value;

extern const fc_value fc_value_missing;

// Reads the item at `item`; returns what follows it.
const uint8_t *fc_value_read(const uint8_t *item, fc_value *out);

// The whole length of a short item by its first byte; 0 where more has to be looked at.
extern const uint8_t fc_value_short_lengths[256];
const uint8_t *fc_value_skip_long(const uint8_t *item);
// What follows the item at `item`.
static inline const uint8_t *fc_value_skip(const uint8_t *item) {
    uint8_t length = fc_value_short_lengths[*item];
    return length != 0 ? item + length : fc_value_skip_long(item);
}

// A path of member names from the outermost object inwards, each as an encoded CBOR text (head and UTF-8), so
// that a look-up compares bytes. A name addresses a member of an object, never an element of an array.
typedef struct fc_path {
    const fc_bytes *keys;
    uint32_t count; // >= 1
} fc_path;

// The item of a member, its key encoded likewise, of the item at `item`; NULL when there is none or that is no
// object.
const uint8_t *fc_value_member(const uint8_t *item, fc_bytes key);
// The value at `path` below `properties`, one map or no bytes at all (null properties);
// FC_VALUE_MISSING when there is none.
fc_value fc_value_at(fc_bytes properties, const fc_path *path);

// Exact order of two numbers of any kinds: negative, zero or positive. -0.0 equals 0.
int fc_value_compare_numbers(const fc_value *a, const fc_value *b);
// The total order of all values: by kind, then numbers exactly, texts by bytes, false before true, arrays
// element by element, objects by their members in order of encoded keys; a shorter one before what it begins.
int fc_value_compare(const fc_value *a, const fc_value *b);
// The same, but for -0.0, which comes before every other 0: for the least and the greatest of values.
int fc_value_compare_extremes(const fc_value *a, const fc_value *b);
// The nearest float64 of a number; *out_exact says whether it is the number itself.
double fc_value_nearest(const fc_value *number, bool *out_exact);
#endif
