// A condition on a feature's properties, compiled once and tested on their CBOR in place.
//
// It is three-valued: a comparison with a value that is missing, null or of another kind is unknown, and only what
// is true is a match. A program has no "not": it stands in its leaves, which is the same in this logic.
//
// Program, one deterministic CBOR item, nested at most FC_PREDICATE_DEPTH_MAX deep:
//   false, true, null                          always false, true, unknown
//   [0, program, …]                            all of them
//   [1, program, …]                            any of them
//   [2, property, mask]                        1: a value that is not null, 2: null, 4: missing; never unknown
//   [3, property, negated, text]               the text holds it; unknown for what is no text
//   [4, property, negated, value]              the array holds an equal element; unknown for what is no array
//   [5, property, kind, inside, side, value, side, value, …]
//                                              the value lies in a set of ranges; unknown for another kind
// A property is as in property.h. The set of ranges is told from below: `inside` says whether the least values belong
// to it, and each value, all of one fc_value_kind and ascending, where that changes: side 1 just before it, 2 just
// after it, 3 both (a single value). Of arrays and objects, which are only equal or not, with side 3 alone.
//
// THREADS: immutable; any number may test at once. OWNERSHIP: create/destroy.
// COST: `magnitude >= 5 and type == "earthquake"` on 150 bytes of properties: 48 ns when the first part decides and
// branches are predicted, 69 to 81 ns over rows of which 43 % at random meet it (a core at 3 GHz that others used
// too). The outermost map is walked once for all leaves, as far as needed; no allocation.
#ifndef FC_CODEC_PREDICATE_H
#define FC_CODEC_PREDICATE_H

#include "value.h"

enum { FC_PREDICATE_DEPTH_MAX = 64, FC_PREDICATE_BYTES_MAX = 64 << 20 };

typedef struct fc_predicate fc_predicate;

typedef enum fc_truth {
    FC_TRUTH_FALSE = 0,
    FC_TRUTH_TRUE = 1,
    FC_TRUTH_UNKNOWN = 2,
} fc_truth;

// Compiles any bytes; what is no program is FC_STATUS_CORRUPT, one beyond the limits FC_STATUS_TOO_LARGE.
FC_MUST_USE fc_status fc_predicate_compile(const fc_allocator *memory, fc_bytes program,
                                           fc_predicate **out, fc_detail *detail);
void fc_predicate_destroy(const fc_allocator *memory, fc_predicate *predicate); // may be NULL

// `properties` is one map that fc_cbor_check accepted, or no bytes at all (null properties).
fc_truth fc_predicate_test(const fc_predicate *predicate, fc_bytes properties);

// What one row teaches about the next, whatever map that is of: what it guesses is checked. OWNERSHIP: the caller's;
// zeros at first. THREADS: one at a time.
enum { FC_PREDICATE_HINTS = 32 };
typedef struct fc_predicate_hints {
    uint8_t initials[FC_PREDICATE_HINTS], lengths[FC_PREDICATE_HINTS]; // of keys
} fc_predicate_hints;

// Whether it is true. COST: less than the test, because the first part that is not true decides.
bool fc_predicate_meets(const fc_predicate *predicate, fc_bytes properties,
                        fc_predicate_hints *hints);
#endif
