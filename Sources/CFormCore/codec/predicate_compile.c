// Two passes over a program: the first checks its shape and counts what it needs, the second builds it in one
// block of memory.
#include "predicate_internal.h"

#include <assert.h>
#include <string.h>

#include "property.h"
#include "record.h"

// ---- Checking ----------------------------------------------------------------------------------

typedef struct counts {
    size_t nodes, children, bounds, keys;
} counts;

static fc_status fail(fc_detail *detail, const char *what) {
    return fc_fail(detail, FC_STATUS_CORRUPT, "filter program: %s", what);
}

static bool is_small(const fc_value *value, uint64_t most) {
    return value->kind == FC_VALUE_NUMBER && value->number == FC_NUMBER_INTEGER &&
           value->integer >= 0 && (uint64_t)value->integer <= most;
}

// Checks the property at `item`; *out_next is what follows it.
static fc_status check_property(const uint8_t *item, counts *need, const uint8_t **out_next,
                                fc_detail *detail) {
    fc_value property, part;
    *out_next = fc_value_read(item, &property);
    if (property.kind != FC_VALUE_ARRAY || property.count < 2 ||
        property.count > 1 + FC_PROPERTY_KEYS_MAX)
        return fail(detail, "a property is not [reading, key, …]");
    const uint8_t *at = fc_value_read(property.bytes.data, &part);
    if (!is_small(&part, 1)) return fail(detail, "a property's reading is unknown");
    for (uint64_t i = 1; i < property.count; i++) {
        at = fc_value_read(at, &part);
        if (part.kind != FC_VALUE_TEXT) return fail(detail, "a property's key is not a text");
    }
    need->keys += (size_t)(property.count - 1);
    return FC_STATUS_OK;
}

// The pairs of side and value that say where ranges begin and end.
static fc_status check_bounds(const uint8_t *at, uint64_t pair_count, const fc_value *kind,
                              counts *need, fc_detail *detail) {
    bool is_ordered = kind->integer <= FC_VALUE_TEXT;
    fc_value before = fc_value_missing;
    for (uint64_t i = 0; i < pair_count; i++) {
        fc_value side, value;
        at = fc_value_read(at, &side);
        at = fc_value_read(at, &value);
        if (!is_small(&side, 3) || side.integer == 0 || (!is_ordered && side.integer != 3))
            return fail(detail, "a range's side is unknown");
        if ((int64_t)value.kind != kind->integer)
            return fail(detail, "a range's value is of another kind");
        if (is_ordered && i > 0 && fc_value_compare(&before, &value) >= 0)
            return fail(detail, "the values of ranges do not ascend");
        before = value;
    }
    need->bounds += (size_t)pair_count;
    return FC_STATUS_OK;
}

// Checks what follows the property of a leaf; `count` items.
static fc_status check_operands(int64_t operation, const uint8_t *at, uint64_t count, counts *need,
                                fc_detail *detail) {
    static const char *const wrong = "an operand is missing or of the wrong kind";
    fc_value first, second;
    if (count == 0) return fail(detail, wrong);
    at = fc_value_read(at, &first);
    if (operation == FC_PREDICATE_STATES)
        return count == 1 && is_small(&first, 7) ? FC_STATUS_OK : fail(detail, wrong);
    if (count < 2) return fail(detail, wrong);
    at = fc_value_read(at, &second);
    if (operation == FC_PREDICATE_RANGES) {
        if (!is_small(&first, FC_VALUE_OBJECT) || second.kind != FC_VALUE_BOOLEAN || count % 2 != 0)
            return fail(detail, wrong);
        return check_bounds(at, count / 2 - 1, &first, need, detail);
    }
    bool is_text = operation == FC_PREDICATE_CONTAINS;
    if (count != 2 || first.kind != FC_VALUE_BOOLEAN || (is_text && second.kind != FC_VALUE_TEXT))
        return fail(detail, wrong);
    return FC_STATUS_OK;
}

// Depth is bounded by FC_PREDICATE_DEPTH_MAX.
static fc_status check_node(const uint8_t *item, unsigned depth, counts *need, fc_detail *detail) {
    fc_value node, operation;
    fc_value_read(item, &node);
    need->nodes++;
    if (node.kind == FC_VALUE_BOOLEAN || node.kind == FC_VALUE_NULL) return FC_STATUS_OK;
    if (node.kind != FC_VALUE_ARRAY || node.count == 0) return fail(detail, "no condition");
    const uint8_t *at = fc_value_read(node.bytes.data, &operation);
    if (!is_small(&operation, FC_PREDICATE_RANGES)) return fail(detail, "an unknown operation");
    if (operation.integer > FC_PREDICATE_ANY) {
        if (node.count < 2) return fail(detail, "a property is missing");
        fc_status status = check_property(at, need, &at, detail);
        if (status != FC_STATUS_OK) return status;
        return check_operands(operation.integer, at, node.count - 2, need, detail);
    }
    if (depth == FC_PREDICATE_DEPTH_MAX)
        return fc_fail(detail, FC_STATUS_TOO_LARGE, "a filter nested more than %d deep",
                       FC_PREDICATE_DEPTH_MAX);
    for (uint64_t i = 1; i < node.count; i++) {
        fc_status status = check_node(at, depth + 1, need, detail);
        if (status != FC_STATUS_OK) return status;
        at = fc_value_skip(at);
    }
    need->children += (size_t)(node.count - 1);
    return FC_STATUS_OK;
}

// ---- Building ----------------------------------------------------------------------------------

// Where the next of each kind goes.
typedef struct builder {
    fc_predicate_node *node;
    const fc_predicate_node **child;
    fc_predicate_bound *bound;
    fc_bytes *key;
} builder;

static const uint8_t *build_property(builder *b, const uint8_t *item, fc_predicate_node *leaf) {
    fc_value property, reading;
    const uint8_t *next = fc_value_read(item, &property);
    const uint8_t *at = fc_value_read(property.bytes.data, &reading);
    leaf->as_timestamp = reading.integer == 1;
    leaf->path = (fc_path){b->key, (uint32_t)(property.count - 1)};
    leaf->slot = FC_PREDICATE_NO_SLOT;
    for (uint32_t i = 0; i < leaf->path.count; i++) {
        const uint8_t *end = fc_value_skip(at);
        *b->key++ = (fc_bytes){at, (size_t)(end - at)};
        at = end;
    }
    leaf->cost = 5 * leaf->path.count + (leaf->as_timestamp ? 20 : 0);
    return next;
}

static void build_ranges(builder *b, const uint8_t *at, uint64_t count, fc_predicate_node *leaf) {
    static const uint8_t costs[] = {2, 4, 2, 20, 20}; // by kind
    fc_value kind, inside, side;
    at = fc_value_read(at, &kind);
    at = fc_value_read(at, &inside);
    leaf->kind = (uint8_t)kind.integer;
    leaf->count = (uint32_t)(count / 2 - 1);
    leaf->bounds = b->bound;
    leaf->cost += costs[leaf->kind];
    bool is_inside = inside.boolean;
    for (uint32_t i = 0; i < leaf->count; i++) {
        fc_predicate_bound *bound = b->bound++;
        *bound = (fc_predicate_bound){.inside_below = is_inside};
        at = fc_value_read(at, &side);
        at = fc_value_read(at, &bound->value);
        if (bound->value.kind == FC_VALUE_NUMBER)
            bound->nearest = fc_value_nearest(&bound->value, &bound->is_exact);
        bound->inside_at = is_inside != ((side.integer & FC_PREDICATE_BEFORE) != 0);
        is_inside = bound->inside_at != ((side.integer & FC_PREDICATE_AFTER) != 0);
        leaf->is_point = side.integer == (FC_PREDICATE_BEFORE | FC_PREDICATE_AFTER);
    }
    leaf->inside_above = is_inside;
    leaf->is_point &= leaf->count == 1;
}

static void build_leaf(builder *b, const uint8_t *at, uint64_t count, fc_predicate_node *leaf) {
    at = build_property(b, at, leaf);
    if (leaf->operation == FC_PREDICATE_RANGES) {
        build_ranges(b, at, count, leaf);
        return;
    }
    fc_value first;
    at = fc_value_read(at, &first);
    if (leaf->operation == FC_PREDICATE_STATES) {
        leaf->mask = (uint8_t)first.integer;
        return;
    }
    leaf->is_negated = first.boolean;
    fc_value_read(at, &leaf->literal);
    leaf->cost += leaf->operation == FC_PREDICATE_CONTAINS ? 15 : 30;
}

static const fc_predicate_node *build_node(builder *b, const uint8_t *item) {
    fc_value value, operation;
    fc_value_read(item, &value);
    fc_predicate_node *node = b->node++;
    *node = (fc_predicate_node){.operation = FC_PREDICATE_CONSTANT};
    if (value.kind != FC_VALUE_ARRAY) {
        node->constant = value.kind == FC_VALUE_NULL ? FC_TRUTH_UNKNOWN
                         : value.boolean             ? FC_TRUTH_TRUE
                                                     : FC_TRUTH_FALSE;
        return node;
    }
    const uint8_t *at = fc_value_read(value.bytes.data, &operation);
    node->operation = (uint8_t)operation.integer;
    if (node->operation > FC_PREDICATE_ANY) {
        build_leaf(b, at, value.count - 2, node);
        return node;
    }
    node->count = (uint32_t)(value.count - 1);
    node->children = b->child;
    b->child += node->count;
    for (uint32_t i = 0; i < node->count; i++, at = fc_value_skip(at)) {
        node->children[i] = build_node(b, at);
        node->cost += node->children[i]->cost;
    }
    return node;
}

// ---- Slots and order ---------------------------------------------------------------------------

static int compare_keys(fc_bytes a, fc_bytes b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

// Gives the outermost keys of the first leaves slots, kept in ascending order.
static void assign_slots(fc_predicate *predicate, fc_predicate_node *nodes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].path.count == 0) continue;
        fc_bytes key = nodes[i].path.keys[0];
        uint32_t place = 0;
        while (place < predicate->slot_count && compare_keys(predicate->slots[place], key) < 0)
            place++;
        if (place < predicate->slot_count && compare_keys(predicate->slots[place], key) == 0)
            continue;
        if (predicate->slot_count == FC_PREDICATE_SLOTS_MAX) continue;
        memmove(&predicate->slots[place + 1], &predicate->slots[place],
                (predicate->slot_count - place) * sizeof key);
        predicate->slots[place] = key;
        predicate->slot_count++;
    }
    for (size_t i = 0; i < count; i++)
        for (uint32_t slot = 0; nodes[i].path.count > 0 && slot < predicate->slot_count; slot++)
            if (compare_keys(predicate->slots[slot], nodes[i].path.keys[0]) == 0)
                nodes[i].slot = (uint8_t)slot;
}

// The cheapest child first; equal ones by the walk's order, then as they came.
static bool comes_before(const fc_predicate_node *a, const fc_predicate_node *b) {
    return a->cost != b->cost ? a->cost < b->cost : a->slot < b->slot;
}

// A merge sort from the bottom up: a program may have as many children as it has bytes.
static void sort_children(const fc_predicate_node **children, const fc_predicate_node **spare,
                          size_t count) {
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t left = start, middle = start + width < count ? start + width : count;
            size_t right = middle, end = middle + width < count ? middle + width : count;
            for (size_t i = start; i < end; i++) {
                bool takes_right = left == middle ||
                                   (right < end && comes_before(children[right], children[left]));
                spare[i] = takes_right ? children[right++] : children[left++];
            }
        }
        memcpy(children, spare, count * sizeof *children);
    }
}

// ---- The whole ---------------------------------------------------------------------------------

// Lays the parts out in one block; `base` may be NULL to learn its size.
static size_t lay_out(uint8_t *base, const counts *need, size_t program_length, builder *out,
                      const fc_predicate_node ***out_spare, uint8_t **out_program) {
    size_t nodes = sizeof(fc_predicate);
    size_t bounds = nodes + need->nodes * sizeof(fc_predicate_node);
    size_t keys = bounds + need->bounds * sizeof(fc_predicate_bound);
    size_t children = keys + need->keys * sizeof(fc_bytes);
    size_t spare = children + need->children * sizeof(void *);
    size_t program = spare + need->children * sizeof(void *);
    if (base != NULL) {
        *out = (builder){(fc_predicate_node *)(base + nodes),
                         (const fc_predicate_node **)(base + children),
                         (fc_predicate_bound *)(base + bounds), (fc_bytes *)(base + keys)};
        *out_spare = (const fc_predicate_node **)(base + spare);
        *out_program = base + program;
    }
    return program + program_length;
}

fc_status fc_predicate_compile(const fc_allocator *memory, fc_bytes program, fc_predicate **out,
                               fc_detail *detail) {
    if (program.length > FC_PREDICATE_BYTES_MAX)
        return fc_fail(detail, FC_STATUS_TOO_LARGE, "a filter of more than %d bytes",
                       FC_PREDICATE_BYTES_MAX);
    fc_status status = fc_cbor_check(program, true, detail);
    if (status != FC_STATUS_OK) return status;
    counts need = {0};
    status = check_node(program.data, 0, &need, detail);
    if (status != FC_STATUS_OK) return status;

    size_t size = lay_out(NULL, &need, program.length, NULL, NULL, NULL);
    uint8_t *block = memory->allocate(memory->context, size);
    if (block == NULL) return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory for a filter");
    builder b;
    const fc_predicate_node **spare;
    uint8_t *copy;
    lay_out(block, &need, program.length, &b, &spare, &copy);
    memcpy(copy, program.data, program.length);
    fc_predicate *predicate = (fc_predicate *)block;
    *predicate = (fc_predicate){.size = size};
    fc_predicate_node *nodes = b.node;
    predicate->root = build_node(&b, copy);
    assert(b.node == nodes + need.nodes);
    assign_slots(predicate, nodes, need.nodes);
    for (size_t i = 0; i < need.nodes; i++)
        if (nodes[i].operation <= FC_PREDICATE_ANY)
            sort_children(nodes[i].children, spare, nodes[i].count);
    *out = predicate;
    return FC_STATUS_OK;
}

void fc_predicate_destroy(const fc_allocator *memory, fc_predicate *predicate) {
    if (predicate != NULL) memory->release(memory->context, predicate, predicate->size);
}
