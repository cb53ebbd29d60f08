// Which property of a feature, and how it is read: as the JSON value that it is, or as a text that is a time.
//
// Encoded as a deterministic CBOR array [reading, key, key, …]: reading 0 is the value, 1 a time; 1…64 text keys
// from the outermost object inwards. Filters and the catalog hold it in this form, and two properties are the same
// if and only if their encodings are.
// THREADS: immutable once decoded, so any number may read it.
#ifndef FC_CODEC_PROPERTY_H
#define FC_CODEC_PROPERTY_H

#include "value.h"

enum { FC_PROPERTY_KEYS_MAX = 64 };

typedef struct fc_property {
    fc_path path;
    bool as_timestamp;
    size_t size; // of the one allocation that holds it, keys included
} fc_property;

// Decodes any bytes; what is not a property is FC_STATUS_CORRUPT. OWNERSHIP: *out holds a copy of the bytes.
FC_MUST_USE fc_status fc_property_decode(const fc_allocator *memory, fc_bytes encoded,
                                         fc_property **out, fc_detail *detail);
// Whether the bytes are a property; FC_STATUS_CORRUPT otherwise.
FC_MUST_USE fc_status fc_property_check(fc_bytes encoded, fc_detail *detail);
void fc_property_destroy(const fc_allocator *memory, fc_property *property); // may be NULL

// The property's value in `properties`, one map or no bytes at all. Read as a time: a text that
// fc_timestamp_read accepts is the integer of its microseconds since 1970, null is null, all else is missing.
// REQUIRES: bytes that fc_cbor_check accepted; the value borrows them.
fc_value fc_property_value(fc_bytes properties, const fc_property *property);
// The same of a value that was looked up already.
fc_value fc_property_reading(fc_value value, bool as_timestamp);
#endif
