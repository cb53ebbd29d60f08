#include "property.h"

#include <string.h>

#include "record.h"
#include "timestamp.h"

// Checks the shape of [reading, key, …] in well-formed CBOR; *out_keys is where the keys begin.
static fc_status check_shape(fc_bytes encoded, bool *out_as_timestamp, uint32_t *out_count,
                             const uint8_t **out_keys, fc_detail *detail) {
    static const char *const wrong = "a property is not [reading, key, …]";
    fc_value array, reading, key;
    fc_value_read(encoded.data, &array);
    if (array.kind != FC_VALUE_ARRAY || array.count < 2 || array.count > 1 + FC_PROPERTY_KEYS_MAX)
        return fc_fail(detail, FC_STATUS_CORRUPT, "%s", wrong);
    const uint8_t *keys = fc_value_read(array.bytes.data, &reading);
    if (reading.kind != FC_VALUE_NUMBER || reading.number != FC_NUMBER_INTEGER ||
        reading.integer < 0 || reading.integer > 1)
        return fc_fail(detail, FC_STATUS_CORRUPT, "%s", wrong);
    const uint8_t *at = keys;
    for (uint64_t i = 1; i < array.count; i++) {
        at = fc_value_read(at, &key);
        if (key.kind != FC_VALUE_TEXT) return fc_fail(detail, FC_STATUS_CORRUPT, "%s", wrong);
    }
    *out_as_timestamp = reading.integer == 1;
    *out_count = (uint32_t)(array.count - 1);
    *out_keys = keys;
    return FC_STATUS_OK;
}

fc_status fc_property_check(fc_bytes encoded, fc_detail *detail) {
    bool as_timestamp;
    uint32_t count;
    const uint8_t *keys;
    fc_status status = fc_cbor_check(encoded, true, detail);
    return status == FC_STATUS_OK ? check_shape(encoded, &as_timestamp, &count, &keys, detail)
                                  : status;
}

fc_status fc_property_decode(const fc_allocator *memory, fc_bytes encoded, fc_property **out,
                             fc_detail *detail) {
    fc_status status = fc_cbor_check(encoded, true, detail);
    if (status != FC_STATUS_OK) return status;
    bool as_timestamp;
    uint32_t count;
    const uint8_t *from;
    status = check_shape(encoded, &as_timestamp, &count, &from, detail);
    if (status != FC_STATUS_OK) return status;
    // One block: the property, its list of keys, their bytes.
    size_t length = (size_t)(encoded.data + encoded.length - from);
    size_t size = sizeof(fc_property) + count * sizeof(fc_bytes) + length;
    fc_property *property = memory->allocate(memory->context, size);
    if (property == NULL)
        return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory for a property");
    fc_bytes *keys = (fc_bytes *)(property + 1);
    uint8_t *text = (uint8_t *)(keys + count);
    memcpy(text, from, length);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *next = fc_value_skip(text);
        keys[i] = (fc_bytes){text, (size_t)(next - text)};
        text += keys[i].length;
    }
    *property = (fc_property){{keys, count}, as_timestamp, size};
    *out = property;
    return FC_STATUS_OK;
}

void fc_property_destroy(const fc_allocator *memory, fc_property *property) {
    if (property != NULL) memory->release(memory->context, property, property->size);
}

fc_value fc_property_reading(fc_value value, bool as_timestamp) {
    if (!as_timestamp || value.kind == FC_VALUE_NULL) return value;
    int64_t time_us;
    if (value.kind != FC_VALUE_TEXT || !fc_timestamp_read(value.bytes, &time_us))
        return fc_value_missing;
    return (fc_value){.kind = FC_VALUE_NUMBER, .number = FC_NUMBER_INTEGER, .integer = time_us};
}

fc_value fc_property_value(fc_bytes properties, const fc_property *property) {
    return fc_property_reading(fc_value_at(properties, &property->path), property->as_timestamp);
}
