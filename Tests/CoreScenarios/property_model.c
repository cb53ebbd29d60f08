#include "property_model.h"

#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)

// What an abort must put back.
typedef struct undo_list {
    uint32_t positions[4096];
    uint32_t count;
} undo_list;

static bool may_retry(property_model *model, fc_status status) {
    if (status != FC_STATUS_OUT_OF_MEMORY || !model->memory.was_hit) return false;
    model->counts->faults++;
    model_memory_disarm(&model->memory);
    fc_memtable_check(model->table); // nothing has changed
    return true;
}

static void arm(property_model *model) {
    if (model->options.failing)
        model_memory_arm(&model->memory, chance_below(&model->chance, 4),
                         chance_one_in(&model->chance, 2));
}

// ---- Rows --------------------------------------------------------------------------------------

static fc_feature_id id_of(property_model *model, uint32_t key) {
    if (!model->uses_text || key % 3 != 0)
        return (fc_feature_id){.integer = (int64_t)(key * 7919 % 10007) - 300};
    snprintf(model->texts[key], sizeof model->texts[key], "id-%u", key * 7 % 6007);
    return (fc_feature_id){.text = {(const uint8_t *)model->texts[key], strlen(model->texts[key])}};
}

static bool put_one(property_model *model, uint64_t running, undo_list *undo) {
    property_row row = {.key = (uint32_t)chance_below(&model->chance, model->key_count),
                        .created = running,
                        .deleted = FC_LIVE};
    row.id = id_of(model, row.key);
    fc_row put = {.id = row.id};
    property_make_record(model, &row, &put.record);
    uint32_t position;
    arm(model);
    fc_status status = fc_memtable_put(model->table, &put, running, &position);
    if (status != FC_STATUS_OK) {
        HOLDS(may_retry(model, status));
        status = fc_memtable_put(model->table, &put, running, &position);
    }
    model_memory_disarm(&model->memory);
    HOLDS(status == FC_STATUS_OK && position == model->row_count);
    row.older = model->newest[row.key];
    if (row.older != FC_NO_POSITION && model->rows[row.older].deleted == FC_LIVE) {
        model->rows[row.older].deleted = running;
        undo->positions[undo->count++] = row.older;
    }
    if (model->row_count == model->row_capacity) {
        model->row_capacity = model->row_capacity * 2 + 1024;
        model->rows = realloc(model->rows, model->row_capacity * sizeof *model->rows);
        if (model->rows == NULL) abort();
    }
    model->newest[row.key] = position;
    model->rows[model->row_count++] = row;
    return true;
}

static bool delete_one(property_model *model, uint64_t running, undo_list *undo) {
    const uint32_t key = (uint32_t)chance_below(&model->chance, model->key_count);
    const uint32_t newest = model->newest[key];
    if (newest == FC_NO_POSITION || model->rows[newest].deleted != FC_LIVE) return true;
    arm(model);
    fc_status status = fc_memtable_delete(model->table, newest, running);
    if (status != FC_STATUS_OK) {
        HOLDS(may_retry(model, status));
        status = fc_memtable_delete(model->table, newest, running);
    }
    model_memory_disarm(&model->memory);
    HOLDS(status == FC_STATUS_OK);
    model->rows[newest].deleted = running;
    undo->positions[undo->count++] = newest;
    return true;
}

// ---- Indexes -----------------------------------------------------------------------------------

static property_index_state *live_index(property_model *model, uint32_t property) {
    for (uint32_t i = 0; i < model->index_count; i++) {
        property_index_state *state = &model->indexes[i];
        if (!state->is_gone && state->deleted == FC_LIVE && state->property == property)
            return state;
    }
    return NULL;
}

static bool create_index(property_model *model, uint32_t property, uint64_t running) {
    const uint32_t id = fc_memtable_next_index_id(model->table);
    const fc_bytes encoded = property_encoding(property);
    fc_detail detail;
    arm(model);
    fc_status status = fc_memtable_create_index(model->table, id, encoded, running, &detail);
    if (status == FC_STATUS_OUT_OF_MEMORY) {
        HOLDS(may_retry(model, status));
        status = fc_memtable_create_index(model->table, id, encoded, running, &detail);
    }
    model_memory_disarm(&model->memory);
    if (live_index(model, property) != NULL) {
        HOLDS(status == FC_STATUS_ALREADY_EXISTS);
        return true;
    }
    HOLDS(status == FC_STATUS_OK);
    model->indexes[model->index_count++] = (property_index_state){
        .id = id, .property = property, .created = running, .deleted = FC_LIVE};
    model->counts->creations++;
    return true;
}

static bool change_index(property_model *model, uint64_t running) {
    const uint32_t property = (uint32_t)chance_below(&model->chance, PROPERTY_COUNT);
    property_index_state *state = live_index(model, property);
    if (state == NULL || chance_one_in(&model->chance, 4))
        return model->index_count == PROPERTY_INDEXES_MAX || create_index(model, property, running);
    HOLDS(fc_memtable_drop_index(model->table, state->id, running) == FC_STATUS_OK);
    HOLDS(fc_memtable_drop_index(model->table, state->id, running) == FC_STATUS_NOT_FOUND);
    state->deleted = running;
    return true;
}

// Makes builds for what was created, and installs some of those that were made before.
static bool build_indexes(property_model *model) {
    for (uint32_t i = 0; i < model->index_count; i++) {
        property_index_state *state = &model->indexes[i];
        if (state->is_gone || chance_one_in(&model->chance, 2)) continue;
        arm(model);
        fc_status status = FC_STATUS_OK;
        if (state->build != NULL) {
            status = fc_index_build_install(state->build);
            if (status != FC_STATUS_OK) {
                HOLDS(may_retry(model, status));
                status = fc_index_build_install(state->build);
            }
            HOLDS(status == FC_STATUS_OK);
            fc_index_build_destroy(state->build);
            state->build = NULL;
            if (state->deleted == FC_LIVE) state->is_ready = true;
            model->counts->builds++;
        } else if (!state->is_ready && state->deleted == FC_LIVE) {
            status = fc_index_build_create(model->table, state->id, model->sequence, &state->build);
            if (status != FC_STATUS_OK) {
                HOLDS(may_retry(model, status) && state->build == NULL);
                status =
                    fc_index_build_create(model->table, state->id, model->sequence, &state->build);
            }
            HOLDS(status == FC_STATUS_OK && state->build != NULL);
        }
        model_memory_disarm(&model->memory);
    }
    return true;
}

// ---- Transactions ------------------------------------------------------------------------------

static bool check_writer_view(property_model *model, uint64_t running) {
    property_view view = {.sequence = running};
    HOLDS(fc_memtable_writer_view(model->table, running, &view.view) == FC_STATUS_OK);
    const bool holds = property_check_view(model, &view);
    fc_view_release(view.view);
    return holds;
}

static bool run_operations(property_model *model, uint64_t running, bool in_bulk, undo_list *undo) {
    model_chance *chance = &model->chance;
    uint64_t count = chance_below(chance, model->options.tiny ? 40 : 1500);
    if (chance_one_in(chance, 20)) count *= 2;
    for (uint64_t i = 0; i < count; i++) {
        bool holds = !chance_one_in(chance, 5) ? put_one(model, running, undo)
                                               : delete_one(model, running, undo);
        if (holds && chance_one_in(chance, count * (model->options.tiny ? 4 : 16)))
            holds = change_index(model, running);
        if (holds && !in_bulk && chance_one_in(chance, 200))
            holds = check_writer_view(model, running);
        if (!holds) return false;
    }
    const uint64_t rarity = model->options.tiny ? 8 : 30;
    return !chance_one_in(chance, rarity) || change_index(model, running);
}

static void undo_all(property_model *model, uint64_t running, uint32_t first, undo_list *undo) {
    for (uint32_t i = model->row_count; i-- > first;) {
        model->rows[i].is_aborted = true;
        model->newest[model->rows[i].key] = model->rows[i].older;
    }
    while (undo->count-- > 0)
        if (undo->positions[undo->count] < first)
            model->rows[undo->positions[undo->count]].deleted = FC_LIVE;
    for (uint32_t i = 0; i < model->index_count; i++) {
        property_index_state *state = &model->indexes[i];
        if (state->created == running) state->is_gone = true;
        if (state->deleted == running) state->deleted = FC_LIVE;
    }
}

static void raise_horizon(property_model *model) {
    uint64_t horizon = model->sequence;
    for (uint32_t i = 0; i < model->view_count; i++)
        if (model->views[i].sequence < horizon) horizon = model->views[i].sequence;
    if (horizon > model->horizon) atomic_store(&model->horizon, horizon);
}

static bool has_build(const property_model *model) {
    for (uint32_t i = 0; i < model->index_count; i++)
        if (model->indexes[i].build != NULL) return true;
    return false;
}

// What a rebuild does to all that exists.
static void all_ready(property_model *model) {
    for (uint32_t i = 0; i < model->index_count; i++)
        if (!model->indexes[i].is_gone && model->indexes[i].deleted == FC_LIVE &&
            model->indexes[i].build == NULL)
            model->indexes[i].is_ready = true;
}

static bool run_transaction(property_model *model) {
    model_chance *chance = &model->chance;
    const uint64_t running = model->sequence + 1;
    const uint32_t first = model->row_count;
    const bool in_bulk = model->view_count == 0 && !has_build(model) && chance_one_in(chance, 20);
    undo_list *undo = calloc(1, sizeof *undo);
    if (undo == NULL) abort();
    if (in_bulk) fc_memtable_begin_bulk(model->table);
    const bool holds = run_operations(model, running, in_bulk, undo);
    model_memory_arm(&model->memory, 0, true); // neither can fail
    if (chance_one_in(chance, 5)) {
        fc_memtable_abort(model->table);
        undo_all(model, running, first, undo);
    } else {
        fc_memtable_commit(model->table, running);
        model->sequence = running;
    }
    model_memory_disarm(&model->memory);
    free(undo);
    if (in_bulk) {
        arm(model);
        fc_status status = fc_memtable_end_bulk(model->table);
        if (status != FC_STATUS_OK) {
            HOLDS(status == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit);
            model->counts->faults++;
            model_memory_disarm(&model->memory);
            status = fc_memtable_end_bulk(model->table);
        }
        HOLDS(status == FC_STATUS_OK);
        model_memory_disarm(&model->memory);
        all_ready(model);
    }
    raise_horizon(model);
    return holds;
}

static void release_view(property_model *model) {
    if (model->view_count == 0) return;
    const uint64_t i = chance_below(&model->chance, model->view_count);
    fc_view_release(model->views[i].view);
    model->views[i] = model->views[--model->view_count];
    raise_horizon(model);
}

static bool between_transactions(property_model *model) {
    model_chance *chance = &model->chance;
    if (!build_indexes(model)) return false;
    if (chance_one_in(chance, 4)) fc_memtable_check(model->table);
    if (chance_one_in(chance, 25)) {
        HOLDS(fc_memtable_pack(model->table) == FC_STATUS_OK);
        all_ready(model);
        fc_memtable_check(model->table);
    }
    if (model->view_count < PROPERTY_VIEWS_MAX && chance_one_in(chance, 4)) {
        property_view *view = &model->views[model->view_count];
        view->sequence = model->sequence;
        HOLDS(fc_memtable_view(model->table, view->sequence, &view->view) == FC_STATUS_OK);
        model->view_count++;
    }
    // Long runs are for many rows: chunks go only once no view and no build needs them.
    if (!model->options.tiny && !chance_one_in(chance, model->options.journal_only ? 30 : 5)) {
        release_view(model);
        return true;
    }
    if (model->view_count > 0) {
        if (chance_one_in(chance, 2)) arm(model);
        if (!property_check_view(model, &model->views[chance_below(chance, model->view_count)]))
            return false;
        model_memory_disarm(&model->memory);
        model->memory.was_hit = false;
    }
    property_view newest = {.sequence = model->sequence};
    HOLDS(fc_memtable_view(model->table, newest.sequence, &newest.view) == FC_STATUS_OK);
    const bool holds = property_check_view(model, &newest);
    fc_view_release(newest.view);
    if (chance_one_in(chance, 3)) release_view(model);
    return holds;
}

static void begin(property_model *model) {
    model_chance *chance = &model->chance;
    const bool tiny = model->options.tiny;
    const fc_memtable_options options = {
        .journal_only = model->options.journal_only,
        .tail_rows = tiny ? 8u << chance_below(chance, 3) : 0,
        .merge_ratio_first = tiny ? 2 + (uint32_t)chance_below(chance, 3) : 0,
        .id_streak = tiny ? 2 : 0,
        .merge_ratio = tiny ? 2 + (uint32_t)chance_below(chance, 2) : 0,
        .horizon = &model->horizon};
    model->uses_text = chance_one_in(chance, 3);
    model->variety = chance_one_in(chance, 2) ? 8 : 1000;
    model->key_count = !tiny ? PROPERTY_KEYS_MAX : chance_one_in(chance, 2) ? 40 : 600;
    for (uint32_t key = 0; key < PROPERTY_KEYS_MAX; key++)
        model->newest[key] = FC_NO_POSITION;
    if (fc_arena_create(&model->memory.os, &model->arena) != FC_STATUS_OK ||
        fc_memtable_create(&model->memory.os, model->arena, &options, &model->table) !=
            FC_STATUS_OK)
        abort();
}

static bool end(property_model *model) {
    for (uint32_t i = 0; i < model->index_count; i++)
        fc_index_build_destroy(model->indexes[i].build);
    while (model->view_count > 0)
        fc_view_release(model->views[--model->view_count].view);
    const fc_memtable_counters counters = fc_memtable_read_counters(model->table);
    model->counts->rows += model->row_count;
    model->counts->merges += counters.index_merges;
    model->counts->freed_chunks += counters.freed_chunks;
    fc_memtable_destroy(model->table);
    for (uint32_t i = 0; i < model->row_count; i++)
        free(model->rows[i].record);
    free(model->rows);
    const uint64_t in_use = fc_arena_read_statistics(model->arena).bytes_in_use;
    fc_arena_destroy(model->arena);
    HOLDS(in_use == 0);
    HOLDS(model->memory.live_count == 0);
    return true;
}

void scenario_property_model(const property_model_options *options, property_model_counts *counts,
                             scenario_report *report) {
    property_model *model = calloc(1, sizeof *model);
    if (model == NULL) abort();
    model->options = *options;
    model->counts = counts;
    model->report = report;
    model->chance.state = options->seed * 0x9E3779B97F4A7C15ull + 77;
    model_memory_init(&model->memory);
    begin(model);
    bool holds = true;
    for (uint32_t i = 0; holds && i < options->transactions; i++) {
        holds = run_transaction(model) && between_transactions(model);
        report->runs++;
    }
    end(model);
    free(model);
}
