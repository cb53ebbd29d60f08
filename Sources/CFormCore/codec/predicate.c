#include "predicate_internal.h"

#include <assert.h>
#include <string.h>

#include "../base/bytes.h"
#include "property.h"

// memcmp's answer to "equal?" without its call for what keys and words mostly are.
static inline bool are_equal(const uint8_t *a, const uint8_t *b, size_t length) {
    if (length > 16 || length < 4) return memcmp(a, b, length) == 0;
    // The first half and the last; they overlap.
    if (length >= 8)
        return fc_load_u64(a) == fc_load_u64(b) &&
               fc_load_u64(a + length - 8) == fc_load_u64(b + length - 8);
    return fc_load_u32(a) == fc_load_u32(b) &&
           fc_load_u32(a + length - 4) == fc_load_u32(b + length - 4);
}

// ---- The walk over the outermost map -----------------------------------------------------------

// Slots and keys ascend alike, so that one walk finds them all; it goes only as far as it is asked.
typedef struct walk {
    const fc_predicate *predicate;
    fc_bytes properties;
    const uint8_t *at; // the next key
    uint64_t left;     // keys
    fc_predicate_hints *hints;
    uint32_t found_count;
    const uint8_t *found[FC_PREDICATE_SLOTS_MAX]; // items, NULL where missing
} walk;

static void begin_walk(walk *w, const fc_predicate *predicate, fc_bytes properties,
                       fc_predicate_hints *hints) {
    w->hints = hints;
    w->predicate = predicate;
    w->properties = properties;
    w->left = 0;
    w->found_count = 0;
    if (properties.length == 0) return;
    uint8_t initial = properties.data[0], low = initial & 31;
    assert(initial >> 5 == 5);
    w->at = properties.data + 1;
    w->left = low;
    if (low < 24) return;
    w->left = 0;
    for (unsigned count = 1u << (low - 24); count > 0; count--)
        w->left = w->left << 8 | *w->at++;
}

// Skipping is a chain of loads, each of which waits for the one before. Columns hold the same in row after row, so
// branches are predicted, and where a step depends on a branch alone the next one needs not wait: keys by the length
// that the row before had in this place (11 keys: 69 ns without, 48 with), values by their kind.
static inline const uint8_t *skip_key(const uint8_t *key, fc_predicate_hints *hints,
                                      uint32_t place) {
    uint8_t initial = *key;
    if (initial == hints->initials[place]) return key + hints->lengths[place];
    if (initial >= 0x78) return fc_value_skip_long(key);
    hints->initials[place] = initial;
    hints->lengths[place] = (uint8_t)(1 + (initial & 31));
    return key + 1 + (initial & 31);
}

static inline const uint8_t *skip_value(const uint8_t *value) {
    uint8_t initial = *value;
    if (initial == 0xFB) return value + 9;
    if (initial >= 0x60 && initial < 0x78) return value + 1 + (initial & 31);
    return fc_value_skip(value);
}

// Finds the next slot's item.
static const uint8_t *advance(walk *w, fc_bytes key) {
    const uint8_t *at = w->at, *value = NULL;
    uint64_t left = w->left;
    for (; left > 0; left--) {
        value = skip_key(at, w->hints, (uint32_t)left % FC_PREDICATE_HINTS);
        size_t length = (size_t)(value - at);
        if (length >= key.length) {
            if (length == key.length && are_equal(at, key.data, length)) break;
            // The first bytes of a key are its length: a longer one comes after all that are shorter.
            bool is_beyond = length > key.length || memcmp(at, key.data, length) > 0;
            if (is_beyond) {
                value = NULL;
                break;
            }
        }
        at = skip_value(value);
        value = NULL;
    }
    // Stays at a key that was found: no later slot has it, so the next search skips it.
    w->at = at;
    w->left = left;
    return value;
}

// The item that a leaf asks for; NULL where it is missing.
static const uint8_t *find_item(walk *w, const fc_predicate_node *leaf) {
    const uint8_t *item;
    if (leaf->slot != FC_PREDICATE_NO_SLOT) {
        while (w->found_count <= leaf->slot) {
            w->found[w->found_count] = advance(w, w->predicate->slots[w->found_count]);
            w->found_count++;
        }
        item = w->found[leaf->slot];
    } else {
        if (w->properties.length == 0) return NULL;
        item = fc_value_member(w->properties.data, leaf->path.keys[0]);
    }
    for (uint32_t i = 1; i < leaf->path.count && item != NULL; i++)
        item = fc_value_member(item, leaf->path.keys[i]);
    return item;
}

// ---- Leaves ------------------------------------------------------------------------------------

static fc_truth truth_of(bool is_true) {
    return is_true ? FC_TRUTH_TRUE : FC_TRUTH_FALSE;
}

// The commonest kinds without a call.
static inline void read_item(const uint8_t *item, fc_value *out) {
    uint8_t initial = *item;
    if (initial == 0xFB) {
        uint64_t bits = __builtin_bswap64(fc_load_u64(item + 1));
        out->kind = FC_VALUE_NUMBER;
        out->number = FC_NUMBER_REAL;
        memcpy(&out->real, &bits, 8);
    } else if (initial >= 0x60 && initial < 0x78) {
        out->kind = FC_VALUE_TEXT;
        out->bytes = (fc_bytes){item + 1, initial & 31};
    } else {
        fc_value_read(item, out);
    }
}

static bool is_number_inside(const fc_predicate_node *leaf, const fc_value *value) {
    bool is_exact = true;
    double nearest =
        value->number == FC_NUMBER_REAL ? value->real : fc_value_nearest(value, &is_exact);
    uint32_t low = 0, high = leaf->count; // bounds before `low` are less, from `high` on greater
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const fc_predicate_bound *bound = &leaf->bounds[middle];
        // Rounding keeps order: only equal neighbours can hide a difference.
        if (bound->nearest < nearest) {
            low = middle + 1;
        } else if (bound->nearest > nearest) {
            high = middle;
        } else {
            int order =
                bound->is_exact && is_exact ? 0 : fc_value_compare_numbers(&bound->value, value);
            if (order == 0) return bound->inside_at;
            if (order < 0)
                low = middle + 1;
            else
                high = middle;
        }
    }
    return low < leaf->count ? leaf->bounds[low].inside_below : leaf->inside_above;
}

static bool is_text_inside(const fc_predicate_node *leaf, const fc_value *value) {
    if (leaf->is_point) {
        fc_bytes wanted = leaf->bounds[0].value.bytes;
        bool is_equal = wanted.length == value->bytes.length &&
                        are_equal(wanted.data, value->bytes.data, wanted.length);
        return is_equal ? leaf->bounds[0].inside_at : leaf->inside_above;
    }
    uint32_t low = 0, high = leaf->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = fc_value_compare(&leaf->bounds[middle].value, value);
        if (order == 0) return leaf->bounds[middle].inside_at;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < leaf->count ? leaf->bounds[low].inside_below : leaf->inside_above;
}

// Booleans, arrays, objects: single values in no order.
static bool is_other_inside(const fc_predicate_node *leaf, const fc_value *value) {
    for (uint32_t i = 0; i < leaf->count; i++)
        if (fc_value_compare(&leaf->bounds[i].value, value) == 0) return leaf->bounds[i].inside_at;
    return leaf->inside_above;
}

static bool holds_text(fc_bytes text, fc_bytes wanted) {
    if (wanted.length == 0) return true;
    const uint8_t *at = text.data, *end = text.data + text.length;
    while ((size_t)(end - at) >= wanted.length) {
        at = memchr(at, wanted.data[0], (size_t)(end - at) - (wanted.length - 1));
        if (at == NULL) return false;
        if (memcmp(at, wanted.data, wanted.length) == 0) return true;
        at++;
    }
    return false;
}

static bool holds_element(const fc_value *array, const fc_value *wanted) {
    const uint8_t *at = array->bytes.data;
    for (uint64_t i = 0; i < array->count; i++) {
        fc_value element;
        at = fc_value_read(at, &element);
        if (fc_value_compare(&element, wanted) == 0) return true;
    }
    return false;
}

static bool is_inside(const fc_predicate_node *leaf, const fc_value *value) {
    if (value->kind == FC_VALUE_NUMBER) return is_number_inside(leaf, value);
    if (value->kind == FC_VALUE_TEXT) return is_text_inside(leaf, value);
    return is_other_inside(leaf, value);
}

static fc_truth test_leaf(const fc_predicate_node *leaf, walk *w) {
    const uint8_t *item = find_item(w, leaf);
    fc_value value;
    value.kind = FC_VALUE_MISSING;
    if (item != NULL) read_item(item, &value);
    if (leaf->as_timestamp) value = fc_property_reading(value, true);
    switch ((fc_predicate_operation)leaf->operation) {
    case FC_PREDICATE_STATES: {
        unsigned state = value.kind == FC_VALUE_MISSING ? 4 : value.kind == FC_VALUE_NULL ? 2 : 1;
        return truth_of((leaf->mask & state) != 0);
    }
    case FC_PREDICATE_CONTAINS:
        if (value.kind != FC_VALUE_TEXT) return FC_TRUTH_UNKNOWN;
        return truth_of(holds_text(value.bytes, leaf->literal.bytes) != leaf->is_negated);
    case FC_PREDICATE_ELEMENT:
        if (value.kind != FC_VALUE_ARRAY) return FC_TRUTH_UNKNOWN;
        return truth_of(holds_element(&value, &leaf->literal) != leaf->is_negated);
    default:
        if (value.kind != (fc_value_kind)leaf->kind) return FC_TRUTH_UNKNOWN;
        return truth_of(is_inside(leaf, &value));
    }
}

// ---- The whole ---------------------------------------------------------------------------------

// `only_true`: the caller asks no more than whether it is true, so that unknown ends a part as false does. That
// is enough because nothing above a part turns what is not true into what is.
static fc_truth test_node(const fc_predicate_node *node, walk *w, bool only_true) {
    if (node->operation == FC_PREDICATE_CONSTANT) return (fc_truth)node->constant;
    if (node->operation > FC_PREDICATE_ANY) return test_leaf(node, w);
    bool is_any = node->operation == FC_PREDICATE_ANY;
    fc_truth result = truth_of(!is_any);
    for (uint32_t i = 0; i < node->count; i++) {
        fc_truth part = test_node(node->children[i], w, only_true);
        if (part == truth_of(is_any)) return part;
        if (part == FC_TRUTH_UNKNOWN) {
            if (only_true && !is_any) return part;
            result = part;
        }
    }
    return result;
}

fc_truth fc_predicate_test(const fc_predicate *predicate, fc_bytes properties) {
    walk w;
    fc_predicate_hints hints = {0};
    begin_walk(&w, predicate, properties, &hints);
    return test_node(predicate->root, &w, false);
}

bool fc_predicate_meets(const fc_predicate *predicate, fc_bytes properties,
                        fc_predicate_hints *hints) {
    walk w;
    begin_walk(&w, predicate, properties, hints);
    return test_node(predicate->root, &w, true) == FC_TRUTH_TRUE;
}
