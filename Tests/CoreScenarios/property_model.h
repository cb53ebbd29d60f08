// Indexed properties beside a plain array of all the rows that were ever put.
#ifndef PROPERTY_MODEL_H
#define PROPERTY_MODEL_H

#include "model_support.h"

enum {
    PROPERTY_KEYS_MAX = 6000, // features
    PROPERTY_VIEWS_MAX = 5,   // held at once
    PROPERTY_COUNT = 3,       // "a"; "n" → "m"; "t" read as a time
    PROPERTY_ITEMS_MAX = 3,   // of an array or object
    PROPERTY_INDEXES_MAX = 64 // ever created
};

// A JSON value in a form that has nothing to do with its encoding.
typedef struct model_value {
    fc_value_kind kind;
    bool is_real; // of a number: `real`, else `whole`
    double real;
    __int128 whole;
    bool boolean;
    char text[48];
    uint32_t length;
    int items[PROPERTY_ITEMS_MAX]; // of an array; of an object the members "a", "b", …
    uint32_t item_count;
} model_value;

typedef struct property_row {
    fc_feature_id id;
    uint32_t key;
    uint8_t *record;
    model_value values[PROPERTY_COUNT]; // as they are read
    uint64_t created, deleted;
    bool is_aborted;
    uint32_t older;
} property_row;

typedef struct property_index_state {
    uint32_t id, property;
    uint64_t created, deleted; // sequences; deleted FC_LIVE
    bool is_gone;              // its creation was aborted
    bool is_ready;
    fc_index_build *build; // made and not yet installed
} property_index_state;

typedef struct property_view {
    fc_view *view;
    uint64_t sequence;
} property_view;

typedef struct property_model {
    property_model_options options;
    property_model_counts *counts;
    scenario_report *report;
    model_chance chance;
    model_memory memory;
    uint32_t key_count, variety; // variety: how many different values there are, about
    bool uses_text;
    char texts[PROPERTY_KEYS_MAX][16];
    uint32_t newest[PROPERTY_KEYS_MAX];
    fc_arena *arena;
    fc_memtable *table;
    _Atomic uint64_t horizon;
    property_row *rows;
    uint32_t row_count, row_capacity;
    property_index_state indexes[PROPERTY_INDEXES_MAX];
    uint32_t index_count;
    property_view views[PROPERTY_VIEWS_MAX];
    uint32_t view_count;
    uint64_t sequence;
} property_model;

// ---- property_values.c -------------------------------------------------------------------------

int model_value_compare(const model_value *a, const model_value *b);
model_value property_random_value(property_model *model, uint32_t property);
// A record with the row's id and values, its length in front.
void property_make_record(property_model *model, property_row *row, fc_bytes *out);
// The property's encoding, in static storage.
fc_bytes property_encoding(uint32_t property);
// Whether the core's value is the model's.
bool model_value_is(const model_value *expected, const fc_value *value);
// The core's value for a question; texts borrow from `value`, arrays and objects from `bytes` (of 64).
fc_value model_value_to_core(const model_value *value, uint8_t *bytes);
double model_value_real(const model_value *number); // the nearest float64

// ---- property_checks.c -------------------------------------------------------------------------

// Asks a view everything about every index and compares.
bool property_check_view(property_model *model, const property_view *view);
#endif
