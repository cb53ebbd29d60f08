// A collection in memory beside a plain array of all the rows that were ever put into it.
#ifndef MEMTABLE_MODEL_H
#define MEMTABLE_MODEL_H

#include "model_support.h"

#define MODEL_KEYS_MAX 4096
#define MODEL_TEXT_KEYS 3600 // where ids rise, texts begin here
#define MODEL_POINTS_MAX 4
#define MODEL_VIEWS_MAX 6

// One version of one feature, at the position that is its index.
typedef struct model_row {
    fc_row row; // the id's text and the record belong to the model
    uint32_t key;
    uint32_t older; // the version before, aborted ones left out, or FC_NO_POSITION
    uint64_t created, deleted, row_id;
    bool is_aborted;
    uint32_t point_count; // of a Point or MultiPoint
    double points[2 * MODEL_POINTS_MAX];
} model_row;

typedef struct model_view {
    fc_view *view;
    uint64_t sequence;
} model_view;

typedef struct memtable_model {
    memtable_model_options options;
    memtable_model_counts *counts;
    scenario_report *report;
    model_chance chance;
    model_memory memory;
    bool uses_text, only_points, without_time;
    bool ids_rise;  // they follow one another, and new ones come in their order
    bool only_adds; // and nothing ends, not even by an abort: whole blocks are handed on unseen
    int64_t first_id;
    uint32_t key_count, fresh_key, rising_left;
    char texts[MODEL_KEYS_MAX][16];
    uint32_t newest[MODEL_KEYS_MAX]; // version of each key that was not aborted

    fc_arena *arena;
    fc_memtable *table;
    _Atomic uint64_t horizon;
    model_row *rows;
    uint32_t row_count, row_capacity;
    model_view views[MODEL_VIEWS_MAX];
    uint32_t view_count;
    uint64_t sequence, next_row_id;
} memtable_model;

// ---- memtable_material.c: rows and questions at the edges that go wrong -------------------------

model_row memtable_random_row(memtable_model *model, uint32_t key);
fc_feature_id memtable_id(memtable_model *model, uint32_t key);
fc_question memtable_random_question(memtable_model *model);
double memtable_random_x(memtable_model *model);
double memtable_random_y(memtable_model *model);

// ---- memtable_checks.c -------------------------------------------------------------------------

// Whether a row answers, computed exactly. `question` may be NULL.
bool memtable_row_answers(const memtable_model *model, const fc_question *question,
                          const model_row *row);
bool memtable_row_is_visible(const model_row *row, uint64_t sequence);
// Asks a view everything and compares. False: not as the model has it (or out of memory when that was
// armed).
bool memtable_check_view(memtable_model *model, const model_view *view);
#endif
