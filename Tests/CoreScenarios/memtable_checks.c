#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memtable_model.h"

#define HOLDS(condition) MODEL_HOLDS(model->report, model->options.seed, condition)
#define SMALL_IDS 64

// ---- What the answer is ------------------------------------------------------------------------

// The sign of a + 360 · turns - b, exactly (the error term of the sum decides when it rounds to b).
static int compare_turned(double a, int turns, double b) {
    const double turn = 360.0 * turns, sum = a + turn, part = sum - a;
    const double error = (a - (sum - part)) + (turn - part);
    if (sum != b) return sum < b ? -1 : 1;
    return error < 0 ? -1 : error > 0;
}

static bool longitudes_match(const fc_question *question, const fc_box *row) {
    const fc_box *box = &question->box;
    // Turns by which the east edges lie behind what they say; a question's edges may be far apart.
    int box_turn = 0;
    const int row_turn = row->east < row->west;
    while (compare_turned(box->east, box_turn, box->west) < 0)
        box_turn++;
    if (compare_turned(box->east, box_turn - 1, box->west) >= 0) return true;
    for (int k = -6; k <= 6; k++) {
        const int west_to_east = compare_turned(row->west, k - box_turn, box->east);
        const int east_to_west = compare_turned(row->east, k + row_turn, box->west);
        const int west_to_west = compare_turned(row->west, k, box->west);
        const int east_to_east = compare_turned(row->east, k + row_turn - box_turn, box->east);
        if (question->within ? west_to_west >= 0 && east_to_east <= 0
                             : west_to_east <= 0 && east_to_west >= 0)
            return true;
    }
    return false;
}

static bool place_matches(const memtable_model *model, const fc_question *question,
                          const fc_row *row) {
    if (!row->has_box) return false;
    const fc_box *box = &question->box, *other = &row->box;
    if (question->within) {
        if (other->south < box->south || other->north > box->north) return false;
        if (model->options.planar) return other->west >= box->west && other->east <= box->east;
    } else {
        if (other->south > box->north || other->north < box->south) return false;
        if (model->options.planar) return other->west <= box->east && other->east >= box->west;
    }
    return longitudes_match(question, other);
}

static bool time_matches(const fc_question *question, const fc_row *row) {
    if (!row->has_time) return false;
    const bool from = !question->start_is_open, to = !question->end_is_open;
    if (from && to && question->time_start_us >= question->time_end_us) return false;
    return (!to || row->time_start_us < question->time_end_us) &&
           (!from || row->time_end_us >= question->time_start_us);
}

bool memtable_row_answers(const memtable_model *model, const fc_question *question,
                          const model_row *row) {
    if (question == NULL) return true;
    return (!question->has_box || place_matches(model, question, &row->row)) &&
           (!question->has_time || time_matches(question, &row->row));
}

bool memtable_row_is_visible(const model_row *row, uint64_t sequence) {
    return !row->is_aborted && row->created <= sequence && row->deleted > sequence;
}

// ---- Search, count, ids ------------------------------------------------------------------------

static int compare_positions(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int compare_integers(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_positions(uint32_t *positions, size_t count) {
    if (count > 0) qsort(positions, count, sizeof *positions, compare_positions);
}

// The positions that must come, rising.
typedef struct expectation {
    uint32_t *positions;
    size_t count;
    bool has_text;
} expectation;

static expectation expect(const memtable_model *model, const model_view *view,
                          const fc_question *question) {
    expectation expected = {.positions = malloc(sizeof(uint32_t) * ((size_t)model->row_count + 1))};
    if (expected.positions == NULL) abort();
    for (uint32_t i = 0; i < model->row_count; i++) {
        const model_row *row = &model->rows[i];
        if (!memtable_row_is_visible(row, view->sequence) ||
            !memtable_row_answers(model, question, row))
            continue;
        expected.positions[expected.count++] = i;
        expected.has_text = expected.has_text || row->row.id.text.data != NULL;
    }
    return expected;
}

static bool check_limit(memtable_model *model, const model_view *view, const fc_question *question,
                        const expectation *expected, fc_positions *found) {
    const size_t before = found->count;
    const size_t limit = (size_t)chance_below(&model->chance, expected->count + 3);
    if (fc_view_search(view->view, question, limit, found) != FC_STATUS_OK) {
        HOLDS(model->memory.was_hit);
        return true;
    }
    uint32_t *some = found->data + before;
    const size_t count = found->count - before;
    HOLDS(count == (limit < expected->count ? limit : expected->count));
    if (count == 0) return true;
    sort_positions(some, count);
    for (size_t i = 0; i < count; i++) {
        HOLDS(i == 0 || some[i] != some[i - 1]);
        HOLDS(bsearch(&some[i], expected->positions, expected->count, sizeof *some,
                      compare_positions) != NULL);
    }
    return true;
}

static bool check_ids(memtable_model *model, const model_view *view, const fc_question *question,
                      const expectation *expected) {
    int64_t ids[SMALL_IDS], wanted[SMALL_IDS];
    size_t count = 0;
    const fc_status status = fc_view_integer_ids(view->view, question, ids, SMALL_IDS, &count);
    if (expected->has_text) {
        HOLDS(status == FC_STATUS_UNSUPPORTED);
        return true;
    }
    HOLDS(status == FC_STATUS_OK && count == expected->count);
    if (count > SMALL_IDS || count == 0) return true;
    for (size_t i = 0; i < count; i++)
        wanted[i] = model->rows[expected->positions[i]].row.id.integer;
    qsort(wanted, count, sizeof *wanted, compare_integers);
    qsort(ids, count, sizeof *ids, compare_integers);
    HOLDS(memcmp(ids, wanted, count * sizeof *ids) == 0);
    return true;
}

static bool check_search(memtable_model *model, const model_view *view, const fc_question *question,
                         const expectation *expected, fc_positions *found) {
    const fc_status status = fc_view_search(view->view, question, SIZE_MAX, found);
    if (status == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit) return true;
    HOLDS(status == FC_STATUS_OK && found->count == expected->count);
    sort_positions(found->data, found->count);
    HOLDS(found->count == 0 ||
          memcmp(found->data, expected->positions, found->count * sizeof *found->data) == 0);
    uint64_t count = 0;
    HOLDS(fc_view_count(view->view, question, &count) == FC_STATUS_OK && count == expected->count);
    return check_limit(model, view, question, expected, found) &&
           check_ids(model, view, question, expected);
}

// ---- Rows one by one ---------------------------------------------------------------------------

static bool check_row(memtable_model *model, const model_view *view, const fc_question *question,
                      uint32_t position) {
    const model_row *row = &model->rows[position];
    const fc_row *put = &row->row;
    uint64_t created, deleted, row_id;
    int64_t start, end;
    uint32_t found;
    fc_box box;
    HOLDS(fc_view_matches(view->view, position, question) ==
          memtable_row_answers(model, question, row));
    fc_view_life(view->view, position, &created, &deleted, &row_id);
    HOLDS(created == row->created && deleted == row->deleted && row_id == row->row_id);
    const fc_bytes record = fc_view_record(view->view, position);
    HOLDS(record.length == put->record.length);
    HOLDS(record.length == 0 || memcmp(record.data, put->record.data, record.length) == 0);
    const fc_feature_id id = fc_view_id(view->view, position);
    HOLDS(fc_feature_id_compare(&id, &put->id) == 0);
    HOLDS(fc_view_find(view->view, &put->id, &found) && found == position);
    HOLDS(fc_view_box(view->view, position, &box) == put->has_box);
    HOLDS(!put->has_box || memcmp(&box, &put->box, sizeof box) == 0);
    HOLDS(fc_view_time(view->view, position, &start, &end) == put->has_time);
    HOLDS(!put->has_time || (start == put->time_start_us && end == put->time_end_us));
    return true;
}

static bool check_find(memtable_model *model, const model_view *view, uint32_t key) {
    const fc_feature_id id = memtable_id(model, key);
    uint32_t found, expected = FC_NO_POSITION;
    for (uint32_t i = model->newest[key]; i != FC_NO_POSITION; i = model->rows[i].older)
        if (memtable_row_is_visible(&model->rows[i], view->sequence)) expected = i;
    HOLDS(fc_view_find(view->view, &id, &found) == (expected != FC_NO_POSITION));
    HOLDS(expected == FC_NO_POSITION || found == expected);
    return true;
}

static bool check_bounds(memtable_model *model, const model_view *view) {
    const fc_view_estimate estimate = fc_view_read_estimate(view->view);
    uint64_t count = 0;
    for (uint32_t i = 0; i < model->row_count; i++) {
        const fc_row *row = &model->rows[i].row;
        if (!memtable_row_is_visible(&model->rows[i], view->sequence)) continue;
        count++;
        const fc_box *box = &row->box, *all = &estimate.bounds;
        HOLDS(!row->has_box ||
              (estimate.has_bounds && all->west <= box->west && all->south <= box->south &&
               all->east >= box->east && all->north >= box->north));
        HOLDS(!row->has_time || (estimate.has_times && estimate.time_min_us <= row->time_start_us &&
                                 estimate.time_max_us >= row->time_end_us));
    }
    HOLDS(count <= estimate.rows);
    return true;
}

// ---- Nearest -----------------------------------------------------------------------------------

typedef struct candidate {
    double distance;
    const model_row *row;
    uint32_t position;
} candidate;

static int compare_candidates(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return fc_feature_id_compare(&x->row->row.id, &y->row->row.id);
}

static double distance_in_metres(const model_row *row, double x, double y) {
    double least = INFINITY;
    for (uint32_t i = 0; i < row->point_count; i++)
        least =
            fmin(least, fc_geodesic_distance_m(x, y, row->points[2 * i], row->points[2 * i + 1]));
    return least;
}

static double distance_in_plane(const memtable_model *model, const model_row *row, double x,
                                double y) {
    const fc_box *box = &row->row.box;
    double east = box->east;
    if (!model->options.planar && box->west > east) east += 360;
    const double dx = fmax(0, fmax(box->west - x, x - east));
    const double dy = fmax(0, fmax(box->south - y, y - box->north));
    const double squared = dx * dx + dy * dy;
    return squared > 1e-290 && squared < 1e300 ? sqrt(squared) : hypot(dx, dy);
}

// One question for the nearest.
typedef struct nearest_case {
    const fc_question *question;
    double x, y, distance_max;
    size_t k;
    bool in_metres;
} nearest_case;

static nearest_case random_nearest(memtable_model *model, const fc_question *question) {
    model_chance *chance = &model->chance;
    nearest_case asked = {.question = chance_one_in(chance, 2) ? question : NULL,
                          .x = memtable_random_x(model),
                          .y = memtable_random_y(model),
                          .distance_max = INFINITY,
                          .k = chance_one_in(chance, 4) ? SIZE_MAX
                                                        : (size_t)chance_below(chance, 20),
                          .in_metres = !model->options.planar && chance_one_in(chance, 4)};
    // Many rows are looked for in another way (FC_FRAMES_MAX).
    if (asked.k == 18) asked.k = 1024;
    if (asked.k == 19) asked.k = 1025 + model->row_count / 3;
    if (chance_one_in(chance, 3))
        asked.distance_max = chance_unit(chance) * (model->options.planar ? 50 : 5e6);
    return asked;
}

// The rows that could be answers; *out_offends when one of them cannot be measured in metres.
static size_t list_candidates(const memtable_model *model, const model_view *view,
                              const nearest_case *asked, candidate *out, bool *out_offends) {
    size_t count = 0;
    *out_offends = false;
    for (uint32_t i = 0; i < model->row_count; i++) {
        const model_row *row = &model->rows[i];
        if (!row->row.has_box || !memtable_row_is_visible(row, view->sequence) ||
            !memtable_row_answers(model, asked->question, row))
            continue;
        if (asked->in_metres && !row->row.is_point) {
            *out_offends = true;
            continue;
        }
        const double distance = asked->in_metres
                                    ? distance_in_metres(row, asked->x, asked->y)
                                    : distance_in_plane(model, row, asked->x, asked->y);
        if (distance <= asked->distance_max) out[count++] = (candidate){distance, row, i};
    }
    qsort(out, count, sizeof *out, compare_candidates);
    return count < asked->k ? count : asked->k;
}

static bool compare_nearest(memtable_model *model, const model_view *view,
                            const nearest_case *asked, candidate *candidates, fc_neighbors *found) {
    bool offends;
    const size_t count = list_candidates(model, view, asked, candidates, &offends);
    uint32_t offender = FC_NO_POSITION;
    const fc_status status =
        asked->in_metres ? fc_view_nearest_m(view->view, asked->x, asked->y, asked->k,
                                             asked->distance_max, asked->question, found, &offender)
                         : fc_view_nearest_planar(view->view, asked->x, asked->y, asked->k,
                                                  asked->distance_max, asked->question, found);
    model->counts->nearest++;
    if (status == FC_STATUS_OUT_OF_MEMORY && model->memory.was_hit) return true;
    if (offends) {
        model->counts->offenders++;
        HOLDS(status == FC_STATUS_UNSUPPORTED_GEOMETRY && offender < model->row_count);
        const model_row *row = &model->rows[offender];
        HOLDS(row->row.has_box && !row->row.is_point);
        HOLDS(memtable_row_is_visible(row, view->sequence) &&
              memtable_row_answers(model, asked->question, row));
        return true;
    }
    HOLDS(status == FC_STATUS_OK && found->count == count);
    for (size_t i = 0; i < count; i++) {
        HOLDS(found->data[i].distance == candidates[i].distance &&
              found->data[i].position == candidates[i].position);
        const fc_feature_id id = fc_view_neighbor_id(view->view, &found->data[i]);
        const fc_feature_id right = fc_view_id(view->view, found->data[i].position);
        HOLDS((id.text.data == NULL) == (right.text.data == NULL) &&
              fc_feature_id_compare(&id, &right) == 0);
    }
    return true;
}

static bool check_nearest(memtable_model *model, const model_view *view,
                          const fc_question *question) {
    const nearest_case asked = random_nearest(model, question);
    candidate *candidates = malloc(sizeof *candidates * ((size_t)model->row_count + 1));
    if (candidates == NULL) abort();
    fc_neighbors found;
    fc_neighbors_init(&found, &model->memory.os.memory);
    const bool holds = compare_nearest(model, view, &asked, candidates, &found);
    fc_neighbors_deinit(&found);
    free(candidates);
    return holds;
}

// ---- All of it ---------------------------------------------------------------------------------

bool memtable_check_view(memtable_model *model, const model_view *view) {
    const fc_question question = memtable_random_question(model);
    expectation expected = expect(model, view, &question);
    fc_positions found;
    fc_positions_init(&found, &model->memory.os.memory);
    model->counts->questions++;
    model->counts->hits += expected.count;
    model->counts->questions_with_hits += expected.count > 0;
    const fc_box *box = &question.box;
    model->counts->crossing += question.has_box && !model->options.planar &&
                               (box->west > box->east || box->east > 180 || box->west < -180);
    bool holds = check_search(model, view, &question, &expected, &found);
    for (int i = 0; holds && i < 4 && model->row_count > 0; i++) {
        const uint32_t position = (uint32_t)chance_below(&model->chance, model->row_count);
        if (memtable_row_is_visible(&model->rows[position], view->sequence))
            holds = check_row(model, view, &question, position);
    }
    for (int i = 0; holds && i < 2; i++)
        holds = check_find(model, view, (uint32_t)chance_below(&model->chance, model->key_count));
    holds = holds && check_nearest(model, view, &question) && check_bounds(model, view);
    fc_positions_deinit(&found);
    free(expected.positions);
    return holds;
}
