// What a compiled predicate is made of; predicate_compile.c builds it, predicate.c runs it.
#ifndef FC_CODEC_PREDICATE_INTERNAL_H
#define FC_CODEC_PREDICATE_INTERNAL_H

#include "predicate.h"

typedef enum fc_predicate_operation {
    FC_PREDICATE_ALL = 0,
    FC_PREDICATE_ANY = 1,
    FC_PREDICATE_STATES = 2,
    FC_PREDICATE_CONTAINS = 3,
    FC_PREDICATE_ELEMENT = 4,
    FC_PREDICATE_RANGES = 5,
    FC_PREDICATE_CONSTANT = 6, // not in programs
} fc_predicate_operation;

enum { FC_PREDICATE_BEFORE = 1, FC_PREDICATE_AFTER = 2 }; // sides of a value
enum { FC_PREDICATE_SLOTS_MAX = 16, FC_PREDICATE_NO_SLOT = 255 };

// A value at which membership changes.
typedef struct fc_predicate_bound {
    fc_value value;
    double nearest; // of a number
    bool is_exact;  // whether `nearest` is the number itself
    bool inside_below, inside_at;
} fc_predicate_bound;

typedef struct fc_predicate_node {
    uint8_t operation; // fc_predicate_operation
    uint8_t slot;      // of the outermost key, or FC_PREDICATE_NO_SLOT
    uint8_t mask;      // of states
    uint8_t kind;      // fc_value_kind of ranges
    uint8_t constant;  // fc_truth
    bool as_timestamp, is_negated;
    bool inside_above; // beyond the last bound
    bool is_point;     // one bound, of side 3
    uint32_t count;    // of children or bounds
    uint32_t cost;     // what a test takes, roughly in nanoseconds
    fc_path path;
    union {
        const struct fc_predicate_node **children; // the cheapest first
        fc_predicate_bound *bounds;
        fc_value literal;
    };
} fc_predicate_node;

struct fc_predicate {
    size_t size; // of the one allocation that holds it all
    const fc_predicate_node *root;
    uint32_t slot_count;
    // The outermost keys that leaves ask for, ascending like the keys of a map.
    fc_bytes slots[FC_PREDICATE_SLOTS_MAX];
};
#endif
