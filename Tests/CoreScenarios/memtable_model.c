#include "memtable_model.h"

#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)

// What an abort must put back: the versions that the transaction superseded or deleted.
typedef struct undo_list {
    uint32_t *positions;
    size_t count, capacity;
} undo_list;

static void add_undo(undo_list *undo, uint32_t position) {
    if (undo->count == undo->capacity) {
        undo->capacity = undo->capacity * 2 + 64;
        undo->positions = realloc(undo->positions, undo->capacity * sizeof *undo->positions);
        if (undo->positions == NULL) abort();
    }
    undo->positions[undo->count++] = position;
}

// Only one failure a call; the same call then has to succeed.
static bool may_retry(memtable_model *model, fc_status status) {
    if (status != FC_STATUS_OUT_OF_MEMORY || !model->memory.was_hit) return false;
    model->counts->faults++;
    model_memory_disarm(&model->memory);
    fc_memtable_check(model->table); // nothing has changed
    return true;
}

static bool put_one(memtable_model *model, uint32_t key, uint64_t running, undo_list *undo,
                    uint64_t *expected_row_id) {
    model_row row = memtable_random_row(model, key);
    if (chance_one_in(&model->chance, 10))
        model->next_row_id += 1 + chance_below(&model->chance, 3);
    if (*expected_row_id != model->next_row_id) {
        const fc_status status = fc_memtable_set_row_id(model->table, model->next_row_id);
        HOLDS(status == FC_STATUS_OK || may_retry(model, status));
        if (status != FC_STATUS_OK)
            HOLDS(fc_memtable_set_row_id(model->table, model->next_row_id) == FC_STATUS_OK);
    }
    uint32_t position = FC_NO_POSITION;
    fc_status status = fc_memtable_put(model->table, &row.row, running, &position);
    if (status != FC_STATUS_OK) {
        HOLDS(may_retry(model, status));
        status = fc_memtable_put(model->table, &row.row, running, &position);
    }
    HOLDS(status == FC_STATUS_OK && position == model->row_count);
    const uint32_t before = model->newest[key];
    if (before != FC_NO_POSITION && model->rows[before].deleted == FC_LIVE) {
        model->rows[before].deleted = running;
        add_undo(undo, before);
    }
    row.created = running;
    row.row_id = model->next_row_id++;
    *expected_row_id = model->next_row_id;
    if (model->row_count == model->row_capacity) {
        model->row_capacity = model->row_capacity * 2 + 1024;
        model->rows = realloc(model->rows, model->row_capacity * sizeof *model->rows);
        if (model->rows == NULL) abort();
    }
    row.older = before;
    model->newest[key] = position;
    model->rows[model->row_count++] = row;
    HOLDS(fc_memtable_row_id(model->table, position) == row.row_id);
    return true;
}

static bool delete_one(memtable_model *model, uint32_t key, uint64_t running, undo_list *undo) {
    const fc_feature_id id = memtable_id(model, key);
    uint32_t found;
    const bool is_live = fc_memtable_find(model->table, &id, &found);
    const uint32_t newest = model->newest[key];
    HOLDS(is_live == (newest != FC_NO_POSITION && model->rows[newest].deleted == FC_LIVE));
    // Dead versions may be gone where history is only in the journal.
    HOLDS(found == newest || (!is_live && model->options.journal_only));
    if (!is_live) return true;
    fc_status status = fc_memtable_delete(model->table, found, running);
    if (status != FC_STATUS_OK) {
        HOLDS(may_retry(model, status));
        status = fc_memtable_delete(model->table, found, running);
    }
    HOLDS(status == FC_STATUS_OK);
    model->rows[newest].deleted = running;
    add_undo(undo, newest);
    return true;
}

static bool check_writer_view(memtable_model *model, uint64_t running) {
    model_view view = {.sequence = running};
    if (fc_memtable_writer_view(model->table, running, &view.view) != FC_STATUS_OK) {
        HOLDS(model->memory.was_hit);
        return true;
    }
    const bool holds = memtable_check_view(model, &view);
    fc_view_release(view.view);
    return holds;
}

// Where ids rise, several keys in a row that have never come; what else comes in between breaks the row.
static bool take_fresh_key(memtable_model *model, uint32_t *out_key) {
    model_chance *chance = &model->chance;
    if (!model->ids_rise || model->fresh_key >= MODEL_TEXT_KEYS) return false;
    if (model->only_adds) {
        *out_key = model->fresh_key++;
        return true;
    }
    if (model->rising_left == 0 && chance_one_in(chance, 10))
        model->rising_left = (uint32_t)chance_below(chance, model->options.tiny ? 20 : 300);
    if (model->rising_left == 0 || chance_one_in(chance, model->options.tiny ? 15 : 100))
        return false;
    model->rising_left--;
    if (chance_one_in(chance, 200)) model->fresh_key++; // a gap
    *out_key = model->fresh_key++;
    return true;
}

static uint32_t any_key(memtable_model *model) {
    model_chance *chance = &model->chance;
    if (!model->ids_rise) return (uint32_t)chance_below(chance, model->key_count);
    if (model->uses_text && chance_one_in(chance, 3))
        return MODEL_TEXT_KEYS + (uint32_t)chance_below(chance, 100);
    return model->fresh_key == 0 ? 0 : (uint32_t)chance_below(chance, model->fresh_key);
}

static bool run_operations(memtable_model *model, uint64_t running, bool in_bulk, undo_list *undo) {
    model_chance *chance = &model->chance;
    uint64_t expected_row_id = UINT64_MAX;
    uint64_t count = chance_below(chance, chance_one_in(chance, 3) ? 3 : 40);
    if (!model->options.tiny) count = chance_below(chance, 400);
    if (chance_one_in(chance, 20)) count *= 5;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t key;
        const bool is_fresh = take_fresh_key(model, &key);
        if (!is_fresh && model->only_adds) break; // none is left
        if (!is_fresh) key = any_key(model);
        if (model->options.failing)
            model_memory_arm(&model->memory, chance_below(chance, 3), chance_one_in(chance, 2));
        if (is_fresh || !chance_one_in(chance, 4)) {
            if (!put_one(model, key, running, undo, &expected_row_id)) return false;
        } else if (!delete_one(model, key, running, undo)) {
            return false;
        }
        model_memory_disarm(&model->memory);
        if (in_bulk) continue;
        if (chance_one_in(chance, model->options.sparse ? 5000 : 40) &&
            !check_writer_view(model, running))
            return false;
        if (chance_one_in(chance, model->options.sparse ? 5000 : 60) && model->view_count > 0 &&
            !memtable_check_view(model, &model->views[chance_below(chance, model->view_count)]))
            return false;
    }
    return true;
}

// No open view lies below the horizon.
static void raise_horizon(memtable_model *model) {
    uint64_t horizon = model->sequence;
    for (uint32_t i = 0; i < model->view_count; i++)
        if (model->views[i].sequence < horizon) horizon = model->views[i].sequence;
    if (horizon > model->horizon) atomic_store(&model->horizon, horizon);
}

static bool run_transaction(memtable_model *model) {
    model_chance *chance = &model->chance;
    const uint64_t running = model->sequence + 1, first_row_id = model->next_row_id;
    const uint32_t first = model->row_count;
    const bool in_bulk = model->view_count == 0 && chance_one_in(chance, 25);
    undo_list undo = {.count = 0};
    if (in_bulk) fc_memtable_begin_bulk(model->table);
    const bool holds = run_operations(model, running, in_bulk, &undo);
    // Neither can fail: with no memory at all.
    model_memory_arm(&model->memory, 0, true);
    if (!model->only_adds && chance_one_in(chance, 4)) {
        fc_memtable_abort(model->table);
        for (uint32_t i = model->row_count; i-- > first;) {
            model->rows[i].is_aborted = true;
            model->newest[model->rows[i].key] = model->rows[i].older;
        }
        while (undo.count-- > 0)
            if (undo.positions[undo.count] < first)
                model->rows[undo.positions[undo.count]].deleted = FC_LIVE;
        model->next_row_id = first_row_id;
    } else {
        fc_memtable_commit(model->table, running);
        model->sequence = running;
    }
    model_memory_disarm(&model->memory);
    free(undo.positions);
    if (in_bulk) {
        if (model->options.failing) model_memory_arm(&model->memory, 1, false);
        fc_status status = fc_memtable_end_bulk(model->table);
        if (status != FC_STATUS_OK) {
            HOLDS(status == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit);
            model->counts->faults++;
            model_memory_disarm(&model->memory);
            status = fc_memtable_end_bulk(model->table);
        }
        HOLDS(status == FC_STATUS_OK);
        model_memory_disarm(&model->memory);
    }
    raise_horizon(model);
    return holds;
}

static bool take_view(memtable_model *model) {
    model_chance *chance = &model->chance;
    model_view view = {.sequence = model->sequence};
    if (model->view_count > 0 && chance_one_in(chance, 4)) // an old one once more
        view.sequence = model->views[chance_below(chance, model->view_count)].sequence;
    if (model->options.failing) model_memory_arm(&model->memory, 0, false);
    fc_status status = fc_memtable_view(model->table, view.sequence, &view.view);
    if (status != FC_STATUS_OK) {
        HOLDS(may_retry(model, status));
        status = fc_memtable_view(model->table, view.sequence, &view.view);
    }
    model_memory_disarm(&model->memory);
    HOLDS(status == FC_STATUS_OK);
    model->views[model->view_count++] = view;
    return true;
}

static bool between_transactions(memtable_model *model) {
    model_chance *chance = &model->chance;
    if (model->options.sparse && !chance_one_in(chance, 40)) return true;
    if (chance_one_in(chance, model->options.tiny ? 3 : 10)) fc_memtable_check(model->table);
    if (chance_one_in(chance, 15)) {
        HOLDS(fc_memtable_pack(model->table) == FC_STATUS_OK);
        fc_memtable_check(model->table);
    }
    if (model->view_count < MODEL_VIEWS_MAX && chance_one_in(chance, 3) && !take_view(model))
        return false;
    // Views that were taken before many merges answer as when they were taken.
    for (int i = 0; i < 2 && model->view_count > 0; i++) {
        if (model->options.failing && chance_one_in(chance, 3))
            model_memory_arm(&model->memory, chance_below(chance, 3), true);
        if (!memtable_check_view(model, &model->views[chance_below(chance, model->view_count)]))
            return false;
        model_memory_disarm(&model->memory);
        model->memory.was_hit = false;
    }
    model_view newest = {.sequence = model->sequence};
    HOLDS(fc_memtable_view(model->table, newest.sequence, &newest.view) == FC_STATUS_OK);
    const bool holds = memtable_check_view(model, &newest);
    fc_view_release(newest.view);
    if (model->view_count > 0 && (model->options.sparse || chance_one_in(chance, 3))) {
        const uint64_t i = chance_below(chance, model->view_count);
        fc_view_release(model->views[i].view);
        model->views[i] = model->views[--model->view_count];
        raise_horizon(model);
    }
    return holds;
}

static bool begin(memtable_model *model) {
    model_chance *chance = &model->chance;
    const bool tiny = model->options.tiny;
    const fc_memtable_options options = {
        .planar = model->options.planar,
        .journal_only = model->options.journal_only,
        .tail_rows = tiny ? 8u << chance_below(chance, 3) : 0,
        .merge_ratio_first = tiny ? 2 + (uint32_t)chance_below(chance, 3) : 0,
        .id_streak = tiny ? 1 + (uint32_t)chance_below(chance, 4) : 0,
        .merge_ratio = tiny ? 2 + (uint32_t)chance_below(chance, 2) : 0,
        .kernels = model->options.scalar ? FC_KERNELS_SCALAR : FC_KERNELS_BEST,
        .horizon = &model->horizon};
    model->uses_text = chance_one_in(chance, 3);
    model->only_points = chance_one_in(chance, 3);
    model->without_time = chance_one_in(chance, 4);
    model->key_count = !tiny ? 3000 : chance_one_in(chance, 2) ? 30 : 400;
    model->ids_rise = chance_one_in(chance, 2);
    model->only_adds = model->ids_rise && chance_one_in(chance, 4);
    // Small ones, those around nothing, and those around 2^32.
    static const int64_t first_ids[] = {1, -1000, (INT64_C(1) << 32) - 2000};
    model->first_id = first_ids[chance_below(chance, 3)];
    if (model->ids_rise) model->key_count = MODEL_KEYS_MAX;
    model->next_row_id = 1;
    for (uint32_t key = 0; key < MODEL_KEYS_MAX; key++)
        model->newest[key] = FC_NO_POSITION;
    // Every allocation of the creation fails once.
    fc_status status = FC_STATUS_OUT_OF_MEMORY;
    for (uint64_t call = 0; status != FC_STATUS_OK; call++) {
        if (model->options.failing) model_memory_arm(&model->memory, call, false);
        status = fc_arena_create(&model->memory.os, &model->arena);
        if (status == FC_STATUS_OK) {
            status = fc_memtable_create(&model->memory.os, model->arena, &options, &model->table);
            if (status != FC_STATUS_OK) fc_arena_destroy(model->arena);
        }
        if (status == FC_STATUS_OK) break;
        model->arena = NULL;
        model->counts->faults++;
        HOLDS(status == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit);
        HOLDS(model->memory.live_count == 0);
    }
    model_memory_disarm(&model->memory);
    return true;
}

// Sums up, frees, and sees that nothing is left.
static bool end(memtable_model *model) {
    while (model->view_count > 0)
        fc_view_release(model->views[--model->view_count].view);
    uint64_t live = 0;
    if (model->table != NULL) {
        fc_memtable_check(model->table);
        const fc_memtable_counters counters = fc_memtable_read_counters(model->table);
        for (uint32_t i = 0; i < model->row_count; i++)
            live += !model->rows[i].is_aborted && model->rows[i].deleted == FC_LIVE;
        model->counts->rows += model->row_count;
        model->counts->seals += counters.seals;
        for (int level = 0; level < 8; level++)
            model->counts->merges += counters.merges[level];
        model->counts->dropped += counters.dropped_rows;
        model->counts->aborts_after_merge += counters.aborts_after_merge;
        model->counts->freed_chunks += counters.freed_chunks;
        model->counts->id_runs += counters.id_runs;
        fc_memtable_destroy(model->table);
        live = live == counters.live_rows ? 0 : UINT64_MAX;
    }
    for (uint32_t i = 0; i < model->row_count; i++)
        free((void *)model->rows[i].row.record.data);
    free(model->rows);
    uint64_t in_use = 0;
    if (model->arena != NULL) {
        in_use = fc_arena_read_statistics(model->arena).bytes_in_use;
        fc_arena_destroy(model->arena);
    }
    HOLDS(live == 0);
    HOLDS(in_use == 0);
    HOLDS(model->memory.live_count == 0);
    return true;
}

void scenario_memtable_model(const memtable_model_options *options, memtable_model_counts *counts,
                             scenario_report *report) {
    memtable_model *model = calloc(1, sizeof *model);
    if (model == NULL) abort();
    model->options = *options;
    model->counts = counts;
    model->report = report;
    model->chance.state = options->seed * 0x9E3779B97F4A7C15ull + 1;
    model_memory_init(&model->memory);
    const uint64_t questions = counts->questions;
    bool holds = begin(model);
    for (uint32_t i = 0; holds && i < options->transactions; i++) {
        holds = run_transaction(model) && between_transactions(model);
        report->runs++;
    }
    end(model);
    report->images += counts->questions - questions;
    free(model);
}
