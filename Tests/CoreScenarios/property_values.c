// Values at the edges that go wrong, and their encoding.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "property_model.h"

// ---- Order -------------------------------------------------------------------------------------

static int sign(bool less, bool greater) {
    return less ? -1 : greater;
}

static int compare_whole_with_real(__int128 whole, double real) {
    if (real >= 0x1p70) return -1;
    if (real <= -0x1p70) return 1;
    const __int128 floor_of_real = (__int128)floor(real);
    if (whole != floor_of_real) return whole < floor_of_real ? -1 : 1;
    return floor(real) == real ? 0 : -1;
}

static int compare_numbers(const model_value *a, const model_value *b) {
    if (a->is_real && b->is_real) return sign(a->real<b->real, a->real> b->real);
    if (!a->is_real && !b->is_real) return sign(a->whole<b->whole, a->whole> b->whole);
    return a->is_real ? -compare_whole_with_real(b->whole, a->real)
                      : compare_whole_with_real(a->whole, b->real);
}

int model_value_compare(const model_value *a, const model_value *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    int order = 0;
    switch (a->kind) {
    case FC_VALUE_NUMBER:
        return compare_numbers(a, b);
    case FC_VALUE_TEXT:
        for (uint32_t i = 0; i < a->length && i < b->length; i++) {
            const uint8_t x = (uint8_t)a->text[i], y = (uint8_t)b->text[i];
            if (x != y) return x < y ? -1 : 1;
        }
        return sign(a->length<b->length, a->length> b->length);
    case FC_VALUE_BOOLEAN:
        return sign(a->boolean<b->boolean, a->boolean> b->boolean);
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT: // members are named in order, so only values differ
        for (uint32_t i = 0; order == 0 && i < a->item_count && i < b->item_count; i++)
            order = sign(a->items[i]<b->items[i], a->items[i]> b->items[i]);
        return order != 0 ? order : sign(a->item_count<b->item_count, a->item_count> b->item_count);
    default:
        return 0;
    }
}

double model_value_real(const model_value *number) {
    return number->is_real ? number->real : (double)number->whole;
}

// ---- Chance ------------------------------------------------------------------------------------

static model_value whole(__int128 value) {
    return (model_value){.kind = FC_VALUE_NUMBER, .whole = value};
}

static model_value real(double value) {
    return (model_value){.kind = FC_VALUE_NUMBER, .is_real = true, .real = value};
}

static model_value random_number(property_model *model) {
    static const double reals[] = {0.0,        -0.0,   0.5,      -0.5,   0x1p53,
                                   -0x1p53,    0x1p63, 0x1.8p63, 0x1p64, -0x1p63,
                                   1e300,      -1e300, 5e-324,   1e15,   1.5,
                                   0x1p53 + 2, 0x1p60, 0x1p-30,  4.5,    9007199254740993.0};
    model_chance *chance = &model->chance;
    const int64_t near = (int64_t)chance_below(chance, 5) - 2;
    switch (chance_below(chance, 8)) {
    case 0:
        return real(reals[chance_below(chance, sizeof reals / sizeof *reals)]);
    case 1:
        return whole((__int128)((int64_t)1 << 53) + near);
    case 2:
        return whole(-(__int128)((int64_t)1 << 53) + near);
    case 3:
        return whole(chance_one_in(chance, 2) ? (__int128)UINT64_MAX - (uint64_t)(near + 2)
                                              : (__int128)INT64_MAX + near);
    case 4:
        return whole((__int128)INT64_MIN + near + 2);
    case 5:
        return real((double)chance_below(chance, model->variety) / 8);
    case 6:
        return real(chance_unit(chance) * 20 - 10);
    default:
        return whole((int64_t)chance_below(chance, model->variety) - 5);
    }
}

static void set_text(model_value *value, const char *text, uint32_t length) {
    memcpy(value->text, text, length);
    value->length = length;
}

static model_value random_text(property_model *model) {
    static const char *const starts[] = {
        "",           "a", "earthqu", "earthquake", "quarry ", "quarry blast", "quarry blast site",
        "earthquakes"};
    model_chance *chance = &model->chance;
    model_value value = {.kind = FC_VALUE_TEXT};
    char text[48];
    const char *start = starts[chance_below(chance, sizeof starts / sizeof *starts)];
    uint32_t length = (uint32_t)strlen(start);
    memcpy(text, start, length);
    while (length < 40 && chance_one_in(chance, 3)) // zeros too, which padding must not hide
        text[length++] = chance_one_in(chance, 4) ? '\0' : (char)('a' + chance_below(chance, 3));
    set_text(&value, text, length);
    return value;
}

static model_value random_items(property_model *model, fc_value_kind kind) {
    model_value value = {.kind = kind};
    value.item_count = (uint32_t)chance_below(&model->chance, PROPERTY_ITEMS_MAX + 1);
    for (uint32_t i = 0; i < value.item_count; i++)
        value.items[i] = (int)chance_below(&model->chance, 3);
    return value;
}

typedef struct model_time {
    const char *text;
    int64_t time_us;
} model_time;

// The last three are beyond what a float64 holds.
static const model_time times[] = {{"1970-01-01T00:00:00Z", 0},
                                   {"1969-12-31T23:59:59Z", -1000000},
                                   {"2024-02-29T12:00:00.5Z", 1709208000500000},
                                   {"2024-02-29T14:00:00.5+02:00", 1709208000500000},
                                   {"9999-12-31T23:59:59.999999Z", 253402300799999999},
                                   {"9999-12-31T23:59:59.999998Z", 253402300799999998},
                                   {"9999-12-31T23:59:59.999997Z", 253402300799999997}};

// Property 2 holds texts, some of which are times; *out_read is what the index has.
static model_value random_time(property_model *model, model_value *out_read) {
    const model_time *time = &times[chance_below(&model->chance, sizeof times / sizeof *times)];
    model_value value = {.kind = FC_VALUE_TEXT};
    set_text(&value, time->text, (uint32_t)strlen(time->text));
    *out_read = whole(time->time_us);
    return value;
}

model_value property_random_value(property_model *model, uint32_t property) {
    model_chance *chance = &model->chance;
    if (property == 2) {
        model_value read;
        random_time(model, &read);
        return read;
    }
    switch (chance_below(chance, model->options.numbers_only ? 6 : 16)) {
    case 6:
    case 7:
    case 8:
    case 9:
        return random_text(model);
    case 10:
        return (model_value){.kind = FC_VALUE_BOOLEAN, .boolean = chance_one_in(chance, 2)};
    case 11:
        return random_items(model, FC_VALUE_ARRAY);
    case 12:
        return random_items(model, FC_VALUE_OBJECT);
    case 13:
        return (model_value){.kind = FC_VALUE_NULL};
    case 14:
        return (model_value){.kind = FC_VALUE_MISSING};
    default:
        return random_number(model);
    }
}

// ---- Encoding ----------------------------------------------------------------------------------

typedef struct encoder {
    uint8_t bytes[512];
    uint32_t length;
} encoder;

static void put_head(encoder *out, unsigned major, uint64_t argument) {
    const unsigned size = argument < 24            ? 0
                          : argument <= UINT8_MAX  ? 1
                          : argument <= UINT16_MAX ? 2
                          : argument <= UINT32_MAX ? 4
                                                   : 8;
    const unsigned low = size == 0   ? (unsigned)argument
                         : size == 1 ? 24
                         : size == 2 ? 25
                         : size == 4 ? 26
                                     : 27;
    out->bytes[out->length++] = (uint8_t)(major << 5 | low);
    for (unsigned i = size; i-- > 0;)
        out->bytes[out->length++] = (uint8_t)(argument >> (8 * i));
}

static void put_text(encoder *out, const char *text, uint32_t length) {
    put_head(out, 3, length);
    memcpy(out->bytes + out->length, text, length);
    out->length += length;
}

static void put_number(encoder *out, const model_value *value) {
    if (!value->is_real) {
        if (value->whole >= 0)
            put_head(out, 0, (uint64_t)value->whole);
        else
            put_head(out, 1, (uint64_t)(-1 - value->whole));
        return;
    }
    const float narrow = (float)value->real;
    if ((double)narrow == value->real) {
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        put_head(out, 7, bits | UINT64_C(1) << 32); // nine bytes, cut to five below
        out->length -= 9;
        out->bytes[out->length++] = 0xFA;
        for (unsigned i = 4; i-- > 0;)
            out->bytes[out->length++] = (uint8_t)(bits >> (8 * i));
        return;
    }
    uint64_t bits;
    memcpy(&bits, &value->real, sizeof bits);
    out->bytes[out->length++] = 0xFB;
    for (unsigned i = 8; i-- > 0;)
        out->bytes[out->length++] = (uint8_t)(bits >> (8 * i));
}

static void put_value(encoder *out, const model_value *value) {
    switch (value->kind) {
    case FC_VALUE_NUMBER:
        put_number(out, value);
        break;
    case FC_VALUE_TEXT:
        put_text(out, value->text, value->length);
        break;
    case FC_VALUE_BOOLEAN:
        out->bytes[out->length++] = value->boolean ? 0xF5 : 0xF4;
        break;
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT:
        put_head(out, value->kind == FC_VALUE_ARRAY ? 4 : 5, value->item_count);
        for (uint32_t i = 0; i < value->item_count; i++) {
            const char name = (char)('a' + i);
            if (value->kind == FC_VALUE_OBJECT) put_text(out, &name, 1);
            put_head(out, 0, (uint64_t)value->items[i]);
        }
        break;
    default:
        out->bytes[out->length++] = 0xF6;
    }
}

void property_make_record(property_model *model, property_row *row, fc_bytes *out) {
    model_chance *chance = &model->chance;
    model_value *a = &row->values[0], *m = &row->values[1], *t = &row->values[2];
    *a = property_random_value(model, 0);
    *m = property_random_value(model, 1);
    *t = (model_value){.kind = FC_VALUE_MISSING};
    model_value time = *t, other = random_number(model);
    const bool has_time = !chance_one_in(chance, 5);
    if (has_time && chance_one_in(chance, 8))
        time = *t = (model_value){.kind = FC_VALUE_NULL};
    else if (has_time && chance_one_in(chance, 8))
        time = random_text(model); // no time
    else if (has_time)
        time = random_time(model, t);
    const bool has_n = m->kind != FC_VALUE_MISSING || chance_one_in(chance, 2);
    encoder body = {.length = 0};
    put_head(&body, 5, (uint64_t)(a->kind != FC_VALUE_MISSING) + has_n + has_time);
    if (a->kind != FC_VALUE_MISSING) {
        put_text(&body, "a", 1);
        put_value(&body, a);
    }
    if (has_n) { // without a member "m" it is an empty object, or a number
        put_text(&body, "n", 1);
        if (m->kind == FC_VALUE_MISSING && chance_one_in(chance, 2)) {
            put_value(&body, &other);
        } else {
            put_head(&body, 5, m->kind != FC_VALUE_MISSING);
            if (m->kind != FC_VALUE_MISSING) {
                put_text(&body, "m", 1);
                put_value(&body, m);
            }
        }
    }
    if (has_time) {
        put_text(&body, "t", 1);
        put_value(&body, &time);
    }
    const size_t length = FC_RECORD_HEADER_BYTES + ((body.length + 7) & ~(size_t)7);
    row->record = calloc(1, length);
    if (row->record == NULL) abort();
    fc_store_u32(row->record, (uint32_t)length);
    row->record[4] = FC_RECORD_VERSION;
    fc_store_u32(row->record + 20, body.length);
    memcpy(row->record + FC_RECORD_HEADER_BYTES, body.bytes, body.length);
    *out = (fc_bytes){row->record, length};
}

fc_bytes property_encoding(uint32_t property) {
    static const uint8_t a[] = {0x82, 0, 0x61, 'a'};
    static const uint8_t n_m[] = {0x83, 0, 0x61, 'n', 0x61, 'm'};
    static const uint8_t t[] = {0x82, 1, 0x61, 't'};
    return property == 0   ? (fc_bytes){a, sizeof a}
           : property == 1 ? (fc_bytes){n_m, sizeof n_m}
                           : (fc_bytes){t, sizeof t};
}

// ---- Towards the core --------------------------------------------------------------------------

fc_value model_value_to_core(const model_value *value, uint8_t *bytes) {
    encoder out = {.length = 0};
    fc_value result = {.kind = value->kind};
    switch (value->kind) {
    case FC_VALUE_NUMBER:
        if (value->is_real) {
            result.number = FC_NUMBER_REAL;
            result.real = value->real;
        } else if (value->whole > INT64_MAX) {
            result.number = FC_NUMBER_NATURAL;
            result.natural = (uint64_t)value->whole;
        } else {
            result.integer = (int64_t)value->whole;
        }
        break;
    case FC_VALUE_TEXT:
        result.bytes = (fc_bytes){(const uint8_t *)value->text, value->length};
        break;
    case FC_VALUE_BOOLEAN:
        result.boolean = value->boolean;
        break;
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT:
        put_value(&out, value);
        memcpy(bytes, out.bytes, out.length);
        fc_value_read(bytes, &result);
        break;
    default:
        break;
    }
    return result;
}

bool model_value_is(const model_value *expected, const fc_value *value) {
    if (expected->kind != value->kind) return false;
    encoder out = {.length = 0};
    fc_value read;
    put_value(&out, expected);
    fc_value_read(out.bytes, &read);
    switch (value->kind) {
    case FC_VALUE_NUMBER: {
        model_value number = {.kind = FC_VALUE_NUMBER, .is_real = value->number == FC_NUMBER_REAL};
        if (number.is_real)
            number.real = value->real;
        else
            number.whole =
                value->number == FC_NUMBER_NATURAL ? (__int128)value->natural : value->integer;
        return compare_numbers(expected, &number) == 0;
    }
    case FC_VALUE_BOOLEAN:
        return expected->boolean == value->boolean;
    case FC_VALUE_TEXT:
    case FC_VALUE_ARRAY:
    case FC_VALUE_OBJECT:
        return read.bytes.length == value->bytes.length &&
               (read.bytes.length == 0 ||
                memcmp(read.bytes.data, value->bytes.data, read.bytes.length) == 0);
    default:
        return true;
    }
}
