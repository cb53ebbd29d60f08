// The column of a property index: values by position, and the keys that order them.
#include <assert.h>
#include <string.h>

#include "property_internal.h"

fc_index_chunk *fc_index_chunk_allocate(fc_arena *arena) {
    fc_index_chunk *chunk = fc_arena_allocate(arena, sizeof *chunk);
    if (chunk != NULL) chunk->entry_count = 0;
    return chunk;
}

static uint64_t bits_of_real(double real) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static uint64_t boxed(uint64_t bits) {
    assert(bits >> 48 == 0); // user space has 48 bits at most, but for who asks for more
    return FC_CELL_BOX | bits;
}

// Where the item of a text, array or object begins: its head, in shortest form, lies before what it holds.
static uint64_t item_address(const fc_value *value) {
    uint64_t argument = value->kind == FC_VALUE_TEXT ? value->bytes.length : value->count;
    unsigned head = argument < 24            ? 1
                    : argument <= UINT8_MAX  ? 2
                    : argument <= UINT16_MAX ? 3
                    : argument <= UINT32_MAX ? 5
                                             : 9;
    return (uint64_t)(uintptr_t)(value->bytes.data - head);
}

static fc_value value_in_record(const fc_property_index *index, const uint8_t *bytes) {
    fc_record record;
    fc_record_read(bytes, &record);
    return fc_property_value(record.properties, index->property);
}

void fc_index_chunk_fill(const fc_property_index *index, fc_index_chunk *chunk,
                         const fc_chunk *rows, uint32_t position) {
    uint32_t i = position & FC_CHUNK_MASK;
    fc_bytes record = fc_chunk_record(rows, position);
    fc_value value = record.length < FC_RECORD_HEADER_BYTES ? fc_value_missing
                                                            : value_in_record(index, record.data);
    fc_cell cell = FC_CELL_MISSING;
    uint64_t bits = FC_CELL_BOX;
    switch (value.kind) {
    case FC_VALUE_NUMBER: {
        bool is_exact;
        bits = bits_of_real(fc_value_nearest(&value, &is_exact));
        cell = value.number == FC_NUMBER_REAL      ? FC_CELL_REAL
               : !is_exact                         ? FC_CELL_INEXACT
               : value.number == FC_NUMBER_NATURAL ? FC_CELL_NATURAL
                                                   : FC_CELL_INTEGER;
        if (cell == FC_CELL_INEXACT) bits = boxed((uint64_t)(uintptr_t)record.data);
        break;
    }
    case FC_VALUE_BOOLEAN:
        cell = FC_CELL_BOOLEAN;
        bits = boxed(value.boolean);
        break;
    case FC_VALUE_TEXT:
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT:
        bits = boxed(item_address(&value));
        // fallthrough: a cell of such a kind is its number behind the numbers' cells
    default:
        cell = (fc_cell)((unsigned)value.kind + FC_CELL_INEXACT);
    }
    chunk->cells[i] = (uint8_t)cell;
    chunk->bits[i] = bits;
}

fc_value fc_index_column_value(const fc_index_column *column, uint32_t position) {
    const fc_index_chunk *chunk = fc_index_column_chunk(column, position);
    uint64_t bits = chunk->bits[position & FC_CHUNK_MASK];
    double real = fc_real_of_bits(bits);
    fc_value value;
    switch ((fc_cell)chunk->cells[position & FC_CHUNK_MASK]) {
    case FC_CELL_REAL:
        return (fc_value){.kind = FC_VALUE_NUMBER, .number = FC_NUMBER_REAL, .real = real};
    case FC_CELL_INTEGER:
        return (fc_value){.kind = FC_VALUE_NUMBER, .integer = (int64_t)real};
    case FC_CELL_NATURAL:
        return (fc_value){
            .kind = FC_VALUE_NUMBER, .number = FC_NUMBER_NATURAL, .natural = (uint64_t)real};
    case FC_CELL_INEXACT:
        return value_in_record(column->index, fc_cell_address(bits));
    case FC_CELL_BOOLEAN:
        return (fc_value){.kind = FC_VALUE_BOOLEAN, .boolean = bits != FC_CELL_BOX};
    case FC_CELL_NULL:
        return (fc_value){.kind = FC_VALUE_NULL};
    case FC_CELL_MISSING:
        return fc_value_missing;
    case FC_CELL_TEXT:
    case FC_CELL_ARRAY:
    case FC_CELL_OBJECT:
        break;
    }
    fc_value_read(fc_cell_address(bits), &value);
    return value;
}

// ---- Keys --------------------------------------------------------------------------------------

uint64_t fc_number_key(double number) {
    uint64_t bits = bits_of_real(number + 0.0); // -0 becomes 0
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

uint64_t fc_text_key(fc_bytes text) {
    enum { HELD = 7 };
    uint8_t bytes[8] = {0};
    size_t held = text.length < HELD ? text.length : HELD;
    for (size_t i = 0; i < held; i++)
        bytes[i] = text.data[i];
    bytes[7] = (uint8_t)(text.length <= HELD ? text.length : FC_TEXT_KEY_IS_CUT);
    uint64_t key;
    memcpy(&key, bytes, sizeof key);
    return __builtin_bswap64(key);
}

uint64_t fc_value_key(const fc_value *value) {
    bool is_exact;
    switch (value->kind) {
    case FC_VALUE_NUMBER:
        return fc_number_key(fc_value_nearest(value, &is_exact));
    case FC_VALUE_TEXT:
        return fc_text_key(value->bytes);
    case FC_VALUE_BOOLEAN:
        return value->boolean;
    default:
        return 0;
    }
}

uint64_t fc_index_column_key(const fc_index_column *column, uint32_t position) {
    const fc_index_chunk *chunk = fc_index_column_chunk(column, position);
    uint64_t bits = chunk->bits[position & FC_CHUNK_MASK];
    uint8_t cell = chunk->cells[position & FC_CHUNK_MASK];
    if (cell < FC_CELL_INEXACT) return fc_number_key(fc_real_of_bits(bits));
    if (cell == FC_CELL_BOOLEAN) return bits & 1;
    if (cell >= FC_CELL_ARRAY) return 0;
    fc_value value = fc_index_column_value(column, position);
    return fc_value_key(&value);
}
