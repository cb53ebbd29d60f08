// One number for everything that a store shows.
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_internal.h"

void scenario_failed(scenario_report *report, const char *format, ...) {
    if (report->failure[0] != 0) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->failure, sizeof report->failure, format, arguments);
    va_end(arguments);
}

typedef struct digester {
    fc_transaction *snapshot;
    uint64_t digest;
    bool failed;
} digester;

static void mix(digester *state, const void *bytes, size_t length) {
    state->digest = fc_hash64(bytes, length, state->digest);
}

// The sum over rows does not depend on their order.
static uint64_t row_digest(const fc_view *view, uint32_t position) {
    const fc_bytes record = fc_view_record(view, position);
    fc_box box = {0};
    int64_t times[2] = {0};
    uint64_t life[3];
    fc_view_box(view, position, &box);
    fc_view_time(view, position, &times[0], &times[1]);
    fc_view_life(view, position, &life[0], &life[1], &life[2]);
    uint64_t digest = fc_hash64(record.data, record.length, life[0]);
    digest = fc_hash64(&box, sizeof box, digest);
    digest = fc_hash64(times, sizeof times, digest);
    return fc_hash64(&life[2], sizeof life[2], digest);
}

static void mix_rows(digester *state, const fc_view *view) {
    const fc_allocator memory = fc_allocator_system();
    fc_positions all;
    fc_positions_init(&all, &memory);
    const fc_question everything = {0};
    const fc_question world = {.has_box = true, .box = {-180, -90, 180, 90}};
    const fc_question ever = {.has_time = true, .start_is_open = true, .end_is_open = true};
    uint64_t count = 0, placed = 0, timed = 0, boxes = 0, times = 0, sum = 0;
    if (fc_view_search(view, &everything, SIZE_MAX, &all) != FC_STATUS_OK ||
        fc_view_count(view, &everything, &count) != FC_STATUS_OK ||
        fc_view_count(view, &world, &placed) != FC_STATUS_OK ||
        fc_view_count(view, &ever, &timed) != FC_STATUS_OK)
        state->failed = true;
    for (size_t i = 0; i < all.count; i++) {
        fc_box box;
        int64_t start, end;
        sum += row_digest(view, all.data[i]);
        boxes += fc_view_box(view, all.data[i], &box);
        times += fc_view_time(view, all.data[i], &start, &end);
        const fc_feature_id id = fc_view_id(view, all.data[i]);
        uint32_t found;
        if (!fc_view_find(view, &id, &found) || found != all.data[i]) state->failed = true;
    }
    if (count != all.count || placed != boxes || timed != times) state->failed = true;
    fc_positions_deinit(&all);
    mix(state, &sum, sizeof sum);
    mix(state, &count, sizeof count);
}

// Which rows come in which order.
static void mix_order(digester *state, const fc_view *view, uint32_t index_id) {
    const fc_allocator memory = fc_allocator_system();
    fc_index_cursor *cursor;
    fc_positions rows;
    fc_positions_init(&rows, &memory);
    uint64_t all = 0;
    const fc_question everything = {0};
    if (fc_index_cursor_open(view, index_id, false, NULL, 0, &cursor) == FC_STATUS_OK) {
        if (fc_index_cursor_next(cursor, SIZE_MAX, &rows) != FC_STATUS_OK ||
            fc_view_count(view, &everything, &all) != FC_STATUS_OK || all != rows.count)
            state->failed = true;
        fc_index_cursor_close(cursor);
    } else {
        state->failed = true;
    }
    for (size_t i = 0; i < rows.count; i++) {
        const uint64_t digest = row_digest(view, rows.data[i]);
        mix(state, &digest, sizeof digest);
    }
    fc_positions_deinit(&rows);
}

static void mix_indexes(digester *state, uint32_t collection, const fc_view *view) {
    bool found = true;
    for (size_t n = 0; found; n++) {
        fc_index_description index;
        if (fc_describe_index(state->snapshot, collection, n, &found, &index) != FC_STATUS_OK) {
            state->failed = true;
            return;
        }
        if (!found) return;
        mix(state, &index.id, sizeof index.id);
        mix(state, &index.created, sizeof index.created);
        mix(state, index.property.data, index.property.length);
        mix_order(state, view, index.id);
    }
}

// For single values, many of them: where stretches end depends on the layout, so each value is mixed by
// itself, and a call of the library for 8 bytes was a third of a crash test's time.
static void mix_word(digester *state, const void *word) {
    const uint64_t mixed = (state->digest ^ fc_load_u64(word)) * 0x9E3779B97F4A7C15u;
    state->digest = mixed ^ (mixed >> 29);
}

static bool mix_stretch(void *visitor, const fc_stretch *stretch) {
    digester *state = visitor;
    for (size_t i = 0; i < stretch->count; i++) {
        mix_word(state, &stretch->times_us[i]);
        mix_word(state, &stretch->fields[0][i]);
        mix_word(state, &stretch->fields[1][i]);
    }
    return true;
}

static bool mix_description(void *visitor, const fc_description *description) {
    digester *state = visitor;
    mix(state, &description->id, sizeof description->id);
    mix(state, description->name.data, description->name.length);
    mix(state, &description->created, sizeof description->created);
    if (description->kind == FC_TARGET_COLLECTION) {
        const fc_view *view;
        if (fc_features(state->snapshot, description->id, &view) == FC_STATUS_OK) {
            mix_rows(state, view);
            mix_indexes(state, description->id, view);
        } else {
            state->failed = true;
        }
        return true;
    }
    const fc_series_view *view;
    const fc_time_range all = {.start_is_open = true, .end_is_open = true};
    if (fc_points_of(state->snapshot, description->id, &view) != FC_STATUS_OK ||
        fc_series_scan(view, &all, false, mix_stretch, state) != FC_STATUS_OK)
        state->failed = true;
    return true;
}

bool store_digest(fc_store *store, uint64_t *out_digest, uint64_t *out_sequence) {
    digester state = {.digest = 1};
    if (fc_begin(store, FC_BEGIN_READ, (fc_bytes){0}, &state.snapshot, NULL) != FC_STATUS_OK)
        return false;
    *out_sequence = fc_transaction_sequence(state.snapshot);
    if (fc_schema(state.snapshot, mix_description, &state) != FC_STATUS_OK) state.failed = true;
    fc_abort(state.snapshot);
    *out_digest = state.digest;
    return !state.failed;
}

bool digest_set_add(digest_set *set, uint64_t digest) {
    if ((set->count + 1) * 2 > set->capacity) {
        const digest_set old = *set;
        set->capacity = old.capacity == 0 ? 1024 : old.capacity * 2;
        set->slots = calloc(set->capacity, sizeof *set->slots);
        set->count = 0;
        if (!set->slots) abort();
        for (size_t i = 0; i < old.capacity; i++)
            if (old.slots[i] != 0) digest_set_add(set, old.slots[i]);
        free(old.slots);
    }
    if (digest == 0) digest = 1;
    size_t slot = digest & (set->capacity - 1);
    while (set->slots[slot] != 0 && set->slots[slot] != digest)
        slot = (slot + 1) & (set->capacity - 1);
    if (set->slots[slot] == digest) return false;
    set->slots[slot] = digest;
    set->count++;
    return true;
}

void digest_set_free(digest_set *set) {
    free(set->slots);
    *set = (digest_set){0};
}
