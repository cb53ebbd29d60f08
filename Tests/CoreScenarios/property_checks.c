#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact_sum.h"
#include "property_model.h"

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)
// Where an allocation may have been made to fail: then nothing more is said.
#define HOLDS_OR_FAULT(call)                                                                       \
    do {                                                                                           \
        const fc_status came = (call);                                                             \
        if (came == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit) return true;                 \
        HOLDS(came == FC_STATUS_OK);                                                               \
    } while (0)

enum { RANGES_MAX = 4 };

typedef struct model_range {
    fc_value_kind kind;
    bool lower_open, upper_open, lower_inclusive, upper_inclusive;
    model_value lower, upper;
} model_range;

typedef struct question {
    property_model *model;
    const property_view *view;
    uint32_t index_id, property;
    bool is_all; // no ranges are given
    model_range ranges[RANGES_MAX];
    uint32_t range_count;
    fc_value_range core[RANGES_MAX];
    size_t core_count;
    uint8_t bytes[2 * RANGES_MAX][64];
    uint32_t *expected; // positions in order of position
    uint32_t count;
} question;

static const model_value *value_at(const question *asked, uint32_t position) {
    return &asked->model->rows[position].values[asked->property];
}

static bool is_visible(const property_row *row, uint64_t sequence) {
    return !row->is_aborted && row->created <= sequence && row->deleted > sequence;
}

static bool lies_in(const model_range *range, const model_value *value) {
    if (range->kind != value->kind) return false;
    if (range->kind >= FC_VALUE_NULL) return true;
    const int below = model_value_compare(value, &range->lower);
    const int above = model_value_compare(value, &range->upper);
    return (range->lower_open || below > 0 || (below == 0 && range->lower_inclusive)) &&
           (range->upper_open || above < 0 || (above == 0 && range->upper_inclusive));
}

static bool is_asked(const question *asked, uint32_t position) {
    bool lies = asked->is_all;
    for (uint32_t i = 0; i < asked->range_count && !lies; i++)
        lies = lies_in(&asked->ranges[i], value_at(asked, position));
    return lies;
}

static void random_range(question *asked, model_range *range) {
    property_model *model = asked->model;
    model_chance *chance = &model->chance;
    range->lower = property_random_value(model, asked->property);
    if (chance_one_in(chance, 2) && model->row_count > 0)
        range->lower = *value_at(asked, (uint32_t)chance_below(chance, model->row_count));
    range->kind = range->lower.kind;
    range->upper = range->lower;
    for (int i = 0; i < 8; i++) { // another value of the kind, if one comes up
        const model_value other = property_random_value(model, asked->property);
        if (other.kind != range->kind || chance_one_in(chance, 4)) continue;
        range->upper = other;
        break;
    }
    range->lower_open = chance_one_in(chance, 4);
    range->upper_open = chance_one_in(chance, 4);
    range->lower_inclusive = !chance_one_in(chance, 3);
    range->upper_inclusive = !chance_one_in(chance, 3);
}

static void make_question(question *asked) {
    property_model *model = asked->model;
    model_chance *chance = &model->chance;
    asked->is_all = chance_one_in(chance, 4);
    asked->range_count = asked->is_all ? 0 : 1 + (uint32_t)chance_below(chance, RANGES_MAX);
    for (uint32_t i = 0; i < asked->range_count; i++) {
        model_range *range = &asked->ranges[i];
        random_range(asked, range);
        asked->core[i] = (fc_value_range){
            .kind = range->kind,
            .lower = {.is_open = range->lower_open,
                      .is_inclusive = range->lower_inclusive,
                      .value = model_value_to_core(&range->lower, asked->bytes[2 * i])},
            .upper = {.is_open = range->upper_open,
                      .is_inclusive = range->upper_inclusive,
                      .value = model_value_to_core(&range->upper, asked->bytes[2 * i + 1])}};
    }
    asked->core_count = fc_value_ranges_normalize(asked->core, asked->range_count);
    asked->count = 0;
    for (uint32_t i = 0; i < model->row_count; i++)
        if (is_visible(&model->rows[i], asked->view->sequence) && is_asked(asked, i))
            asked->expected[asked->count++] = i;
}

// ---- Search and count --------------------------------------------------------------------------

static int compare_positions(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool check_search(const question *asked, fc_positions *found) {
    property_model *model = asked->model;
    const fc_view *view = asked->view->view;
    if (asked->is_all) return true;
    const size_t limit = chance_one_in(&model->chance, 2)
                             ? SIZE_MAX
                             : (size_t)chance_below(&model->chance, asked->count + 2);
    HOLDS_OR_FAULT(fc_view_index_search(view, asked->index_id, asked->core, asked->core_count,
                                        limit, NULL, found));
    HOLDS(found->count == (limit < asked->count ? limit : asked->count));
    if (found->count > 0) qsort(found->data, found->count, sizeof(uint32_t), compare_positions);
    for (size_t i = 0; i < found->count; i++) {
        HOLDS(i == 0 || found->data[i] != found->data[i - 1]);
        HOLDS(bsearch(&found->data[i], asked->expected, asked->count, sizeof(uint32_t),
                      compare_positions) != NULL);
    }
    uint64_t count;
    HOLDS_OR_FAULT(
        fc_view_index_count(view, asked->index_id, asked->core, asked->core_count, &count));
    HOLDS(count == asked->count);
    // Nothing that can be seen is missing from the runs; the newest rows are sampled.
    const uint64_t estimate =
        fc_view_index_estimate(view, asked->index_id, asked->core, asked->core_count);
    bool compares = false;
    for (uint32_t i = 0; i < asked->range_count; i++)
        compares = compares || asked->ranges[i].kind == FC_VALUE_ARRAY ||
                   asked->ranges[i].kind == FC_VALUE_OBJECT;
    HOLDS(compares || estimate + 4096 >= count);
    return true;
}

// ---- Order -------------------------------------------------------------------------------------

static _Thread_local const question *sorted_question; // qsort has no context
static _Thread_local bool sorted_descending;

static int compare_rows(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const model_value *p = value_at(sorted_question, x), *q = value_at(sorted_question, y);
    int order = model_value_compare(p, q);
    const bool has_values = p->kind < FC_VALUE_NULL && q->kind < FC_VALUE_NULL;
    if (order != 0) return sorted_descending && has_values ? -order : order;
    return fc_feature_id_compare(&sorted_question->model->rows[x].id,
                                 &sorted_question->model->rows[y].id);
}

static bool walk_cursor(const question *asked, fc_index_cursor *cursor, const uint32_t *rows,
                        fc_positions *found) {
    property_model *model = asked->model;
    const size_t stop = chance_one_in(&model->chance, 3) ? 12 : SIZE_MAX;
    const size_t batch =
        1 + (size_t)chance_below(&model->chance, chance_one_in(&model->chance, 2) ? 20 : 5000);
    while (found->count < stop) {
        const size_t before = found->count;
        HOLDS_OR_FAULT(fc_index_cursor_next(cursor, batch, found));
        const size_t left = asked->count - before;
        HOLDS(found->count - before == (left < batch ? left : batch));
        for (size_t i = before; i < found->count; i++)
            HOLDS(found->data[i] == rows[i]);
        if (found->count - before < batch) break;
    }
    model->counts->walks++;
    return true;
}

static bool check_order(const question *asked, fc_positions *found) {
    property_model *model = asked->model;
    const bool descending = chance_one_in(&model->chance, 2);
    uint32_t *rows = malloc(sizeof *rows * ((size_t)asked->count + 1));
    if (rows == NULL) abort();
    memcpy(rows, asked->expected, sizeof *rows * asked->count);
    sorted_question = asked;
    sorted_descending = descending;
    qsort(rows, asked->count, sizeof *rows, compare_rows);
    fc_index_cursor *cursor = NULL;
    found->count = 0;
    const fc_status status =
        fc_index_cursor_open(asked->view->view, asked->index_id, descending,
                             asked->is_all ? NULL : asked->core, asked->core_count, &cursor);
    bool holds = status == FC_STATUS_OK
                     ? walk_cursor(asked, cursor, rows, found)
                     : status == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit;
    fc_index_cursor_close(cursor);
    free(rows);
    HOLDS(holds);
    return true;
}

// ---- Different values --------------------------------------------------------------------------

typedef struct distinct_walk {
    const question *asked;
    uint32_t *rows; // in order of value
    uint32_t next;
    bool holds;
} distinct_walk;

static bool visit_distinct(void *visitor, const fc_value *value, uint64_t row_count) {
    distinct_walk *walk = visitor;
    const uint32_t begin = walk->next, count = walk->asked->count;
    walk->holds = begin < count && row_count <= count - begin &&
                  model_value_is(value_at(walk->asked, walk->rows[begin]), value);
    if (!walk->holds && begin < count && value->kind == FC_VALUE_NUMBER) return false;
    const model_value *first = value_at(walk->asked, walk->rows[begin]);
    while (walk->next < count &&
           model_value_compare(first, value_at(walk->asked, walk->rows[walk->next])) == 0)
        walk->next++;
    walk->holds = walk->holds && walk->next - begin == row_count;
    return walk->holds;
}

static bool check_distinct(const question *asked) {
    property_model *model = asked->model;
    distinct_walk walk = {.asked = asked, .holds = true};
    walk.rows = malloc(sizeof *walk.rows * ((size_t)asked->count + 1));
    if (walk.rows == NULL) abort();
    memcpy(walk.rows, asked->expected, sizeof *walk.rows * asked->count);
    sorted_question = asked;
    sorted_descending = false;
    qsort(walk.rows, asked->count, sizeof *walk.rows, compare_rows);
    const fc_status status = fc_view_index_distinct(asked->view->view, asked->index_id,
                                                    asked->is_all ? NULL : asked->core,
                                                    asked->core_count, visit_distinct, &walk);
    free(walk.rows);
    HOLDS_OR_FAULT(status);
    HOLDS(walk.holds && walk.next == asked->count);
    return true;
}

// ---- The column --------------------------------------------------------------------------------

static bool check_gather(const question *asked) {
    property_model *model = asked->model;
    uint8_t kinds[32];
    double numbers[32];
    const uint32_t count = asked->count < 32 ? asked->count : 32;
    HOLDS(fc_view_index_gather(asked->view->view, asked->index_id, asked->expected, count, kinds,
                               numbers) == FC_STATUS_OK);
    for (uint32_t i = 0; i < count; i++) {
        const model_value *value = value_at(asked, asked->expected[i]);
        const fc_value core =
            fc_view_index_value(asked->view->view, asked->index_id, asked->expected[i]);
        HOLDS(model_value_is(value, &core));
        HOLDS((kinds[i] & 0x7F) == value->kind);
        if (value->kind != FC_VALUE_NUMBER) continue;
        const double nearest = model_value_real(value);
        HOLDS(numbers[i] == nearest);
        const model_value back = {.kind = FC_VALUE_NUMBER, .is_real = true, .real = nearest};
        HOLDS(!(kinds[i] & FC_GATHERED_INEXACT) == (model_value_compare(&back, value) == 0));
    }
    return true;
}

static bool is_minus_zero(const model_value *value) {
    return value->kind == FC_VALUE_NUMBER && value->is_real && value->real == 0 &&
           signbit(value->real);
}

// -0 before every other 0.
static bool precedes(const model_value *a, const model_value *b) {
    const int order = model_value_compare(a, b);
    return order < 0 || (order == 0 && is_minus_zero(a) && !is_minus_zero(b));
}

// What the numbers, texts and booleans come to.
typedef struct expected_aggregate {
    exact_sum sum, magnitudes;
    uint64_t count;
    const model_value *least, *greatest;
} expected_aggregate;

static void expect(const question *asked, expected_aggregate *out) {
    *out = (expected_aggregate){.count = 0};
    for (uint32_t i = 0; i < asked->count; i++) {
        const model_value *value = value_at(asked, asked->expected[i]);
        if (value->kind > FC_VALUE_BOOLEAN) continue;
        if (out->least == NULL || precedes(value, out->least)) out->least = value;
        if (out->greatest == NULL || precedes(out->greatest, value)) out->greatest = value;
        if (value->kind != FC_VALUE_NUMBER) continue;
        out->count++;
        const double nearest = model_value_real(value);
        exact_sum_add(&out->sum, nearest);
        exact_sum_add(&out->magnitudes, fabs(nearest));
        if (!value->is_real) exact_sum_add(&out->sum, (double)(value->whole - (__int128)nearest));
    }
}

// The rows as positions, as what answers a range, or as they lie, in two parts.
static fc_status add_rows(const question *asked, fc_aggregate *aggregate) {
    model_chance *chance = &asked->model->chance;
    const uint32_t half = asked->is_all ? asked->model->row_count / 3 : asked->count / 3;
    fc_status status;
    if (asked->is_all) {
        status = fc_aggregate_add_matching(aggregate, NULL, 0, half);
        if (status == FC_STATUS_OK)
            status = fc_aggregate_add_matching(aggregate, NULL, half, UINT32_MAX);
        return status;
    }
    if (chance_one_in(chance, 2))
        return fc_aggregate_add_ranges(aggregate, asked->core, asked->core_count);
    status = fc_aggregate_add(aggregate, asked->expected, half);
    if (status == FC_STATUS_OK)
        status = fc_aggregate_add(aggregate, asked->expected + half, asked->count - half);
    return status;
}

static bool check_group(const question *asked, const fc_aggregate *aggregate) {
    property_model *model = asked->model;
    HOLDS(fc_aggregate_group_count(aggregate) == 1);
    const fc_aggregate_group *found = fc_aggregate_group_at(aggregate, 0);
    expected_aggregate expected;
    expect(asked, &expected);
    HOLDS(found->row_count == asked->count && found->value_count == expected.count);
    if (expected.least == NULL) {
        HOLDS(found->minimum.kind == FC_VALUE_MISSING && found->maximum.kind == FC_VALUE_MISSING);
        return true;
    }
    HOLDS(model_value_is(expected.least, &found->minimum) &&
          model_value_is(expected.greatest, &found->maximum));
    HOLDS(!is_minus_zero(expected.least) || signbit(found->minimum.real));
    const double total = fc_aggregate_group_sum(found);
    exact_sum_add(&expected.sum, -total);
    HOLDS(fabsl(exact_sum_value(&expected.sum)) <=
          exact_unit(total) +
              (long double)expected.count * 0x1p-100L * exact_sum_value(&expected.magnitudes));
    return true;
}

static bool check_aggregate(const question *asked) {
    property_model *model = asked->model;
    const fc_aggregate_options options = {.values.index_id = asked->index_id, .from_us = INT64_MIN};
    fc_aggregate *aggregate = NULL;
    fc_status status = fc_aggregate_create(asked->view->view, &options, &aggregate);
    if (status == FC_STATUS_OK) status = add_rows(asked, aggregate);
    if (status == FC_STATUS_OK) status = fc_aggregate_finish(aggregate);
    const bool holds = status == FC_STATUS_OK && check_group(asked, aggregate);
    fc_aggregate_destroy(aggregate);
    HOLDS_OR_FAULT(status);
    return holds;
}

static bool check_statistics(const question *asked) {
    property_model *model = asked->model;
    const fc_property_statistics found =
        fc_view_index_statistics(asked->view->view, asked->index_id);
    uint64_t rows = 0;
    for (int kind = 0; kind <= FC_VALUE_MISSING; kind++)
        rows += found.rows[kind];
    if (asked->is_all && !model->options.failing) HOLDS(rows >= asked->count);
    HOLDS(found.bin_count <= FC_HISTOGRAM_BINS && found.common_count <= FC_COMMON_VALUES_MAX);
    for (uint32_t i = 0; i + 1 < found.bin_count; i++)
        HOLDS(found.bounds[i] <= found.bounds[i + 1]);
    for (uint32_t i = 0; i + 1 < found.common_count; i++)
        HOLDS(found.common_rows[i] >= found.common_rows[i + 1]);
    return true;
}

// ---- All of it ---------------------------------------------------------------------------------

static bool check_index(question *asked) {
    property_model *model = asked->model;
    make_question(asked);
    model->counts->questions++;
    model->counts->hits += asked->count;
    fc_positions found;
    fc_positions_init(&found, &model->memory.os.memory);
    bool holds = check_search(asked, &found) && check_order(asked, &found);
    fc_positions_deinit(&found);
    holds = holds && check_distinct(asked);
    return holds && check_gather(asked) && check_aggregate(asked) && check_statistics(asked);
}

bool property_check_view(property_model *model, const property_view *view) {
    uint32_t *expected = malloc(sizeof *expected * ((size_t)model->row_count + 1));
    if (expected == NULL) abort();
    bool holds = true;
    for (uint32_t i = 0; i < model->index_count && holds; i++) {
        const property_index_state *state = &model->indexes[i];
        const bool exists =
            !state->is_gone && state->created <= view->sequence && state->deleted > view->sequence;
        const bool has = fc_view_has_index(view->view, state->id);
        // An id of a creation that was aborted is given again.
        bool is_another = false;
        for (uint32_t j = i + 1; state->is_gone && j < model->index_count; j++)
            is_another = is_another || model->indexes[j].id == state->id;
        if (is_another) continue;
        if (has != (exists && state->is_ready)) {
            scenario_failed(model->report, "seed %llu: index %u is %s",
                            (unsigned long long)model->options.seed, state->id,
                            has ? "there" : "not there");
            holds = false;
        }
        if (!has || !holds) continue;
        question asked = {.model = model,
                          .view = view,
                          .index_id = state->id,
                          .property = state->property,
                          .expected = expected};
        holds = check_index(&asked);
    }
    free(expected);
    return holds;
}
