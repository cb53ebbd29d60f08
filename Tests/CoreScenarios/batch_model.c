// Point batches: whatever is encoded comes back bit for bit, one batch has one encoding, and no change to its
// bytes goes unnoticed unless it makes another batch that is encoded just so.
#include <stdlib.h>
#include <string.h>

#include "model_support.h"

#define POINTS_MAX 300
#define FIELDS_MAX 40
#define METADATA_MAX 8192
#define HOLDS(condition) MODEL_HOLDS(report, seed, condition)

typedef struct batch_columns {
    fc_points points;
    int64_t times[POINTS_MAX];
    double values[FIELDS_MAX][POINTS_MAX];
    const double *fields[FIELDS_MAX];
    uint32_t ends[POINTS_MAX];
    uint8_t metadata[METADATA_MAX];
} batch_columns;

// Random, rising by a step (also one whose last sum just fits), equal, and a line with one bend.
static void fill_times(model_chance *chance, batch_columns *columns, uint32_t count) {
    const uint64_t kind = chance_below(chance, 6);
    uint64_t start = chance_bits(chance), step = chance_bits(chance) >> chance_below(chance, 64);
    if (kind == 1) {
        start = (uint64_t)INT64_MIN;
        step = (uint64_t)(INT64_MAX / (count > 1 ? count - 1 : 1)) * 2;
    }
    for (uint32_t i = 0; i < count; i++)
        columns->times[i] = kind == 0   ? (int64_t)chance_bits(chance)
                            : kind == 4 ? (int64_t)i * 1000
                            : kind == 5 ? 1000
                                        : (int64_t)(start + i * step);
    if (kind == 3) columns->times[count - 1] ^= 1;
}

// Constant (any bits, NaN included), all but one equal, random.
static void fill_field(model_chance *chance, double *values, uint32_t count) {
    const uint64_t kind = chance_below(chance, 4);
    uint64_t bits = chance_bits(chance);
    if (kind == 3) bits = 0x7FF8000000000001;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = kind == 0 ? chance_bits(chance) : bits;
        if (kind == 2 && i + 1 == count) value ^= 1;
        memcpy(&values[i], &value, sizeof value);
    }
}

static void fill_metadata(model_chance *chance, batch_columns *columns, uint32_t count) {
    static const uint8_t map[] = {0xA1, 0x61, 'k', 0x19, 0x01, 0x00};
    const bool is_dense = !chance_one_in(chance, 3);
    uint32_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (is_dense && chance_one_in(chance, 2)) {
            const uint32_t length = chance_one_in(chance, 2) ? sizeof map : 1;
            static const uint8_t empty = 0xA0;
            memcpy(columns->metadata + end, length == 1 ? &empty : map, length);
            end += length;
        }
        columns->ends[i] = end;
    }
}

static void fill(model_chance *chance, batch_columns *columns) {
    const uint32_t count =
        1 + (uint32_t)chance_below(chance, chance_one_in(chance, 10) ? POINTS_MAX : 12);
    const uint32_t fields =
        1 + (uint32_t)chance_below(chance, chance_one_in(chance, 50) ? FIELDS_MAX : 4);
    fill_times(chance, columns, count);
    for (uint32_t f = 0; f < fields; f++) {
        fill_field(chance, columns->values[f], count);
        columns->fields[f] = columns->values[f];
    }
    const bool has_metadata = chance_one_in(chance, 2);
    if (has_metadata) fill_metadata(chance, columns, count);
    columns->points = (fc_points){.point_count = count,
                                  .field_count = fields,
                                  .times_us = columns->times,
                                  .fields = columns->fields,
                                  .metadata_ends = has_metadata ? columns->ends : NULL,
                                  .metadata = columns->metadata};
}

static bool check_decoded(const fc_batch *batch, const batch_columns *columns, uint64_t seed,
                          scenario_report *report) {
    const fc_points *points = &columns->points;
    int64_t times[POINTS_MAX];
    double values[POINTS_MAX];
    HOLDS(batch->point_count == points->point_count && batch->field_count == points->field_count);
    fc_batch_times(batch, times);
    HOLDS(memcmp(times, columns->times, points->point_count * sizeof *times) == 0);
    for (uint32_t f = 0; f < points->field_count; f++) {
        fc_batch_field(batch, f, values);
        HOLDS(memcmp(values, columns->values[f], points->point_count * sizeof *values) == 0);
    }
    uint32_t start = 0;
    for (uint32_t i = 0; i < points->point_count; i++) {
        const uint32_t end = points->metadata_ends != NULL ? points->metadata_ends[i] : 0;
        const fc_bytes given = fc_batch_metadata(batch, i);
        HOLDS(given.length == end - start);
        HOLDS(given.length == 0 ? given.data == NULL
                                : memcmp(given.data, columns->metadata + start, given.length) == 0);
        start = end;
    }
    return true;
}

// Changed bytes: refused, or a batch that encodes to just these bytes. They lie at the end of their own block, so
// that a sanitizer sees a read too far.
static bool check_changed(const uint8_t *bytes, size_t length, uint64_t seed,
                          scenario_report *report) {
    fc_batch batch;
    fc_detail detail = {.message = {0}};
    const fc_status status = fc_batch_check((fc_bytes){bytes, length}, &batch, &detail);
    report->images++;
    report->refused += status != FC_STATUS_OK;
    if (status != FC_STATUS_OK) {
        HOLDS(status == FC_STATUS_CORRUPT || status == FC_STATUS_TOO_NEW);
        HOLDS(detail.message[0] != 0);
        return true;
    }
    if (batch.point_count > POINTS_MAX || batch.field_count > FIELDS_MAX) return true;
    batch_columns *columns = calloc(1, sizeof *columns);
    if (columns == NULL) abort();
    fc_batch_times(&batch, columns->times);
    for (uint32_t f = 0; f < batch.field_count; f++) {
        fc_batch_field(&batch, f, columns->values[f]);
        columns->fields[f] = columns->values[f];
    }
    uint32_t end = 0;
    for (uint32_t i = 0; i < batch.point_count; i++) {
        const fc_bytes given = fc_batch_metadata(&batch, i);
        if (given.length > 0) memcpy(columns->metadata + end, given.data, given.length);
        end += (uint32_t)given.length;
        columns->ends[i] = end;
    }
    columns->points = (fc_points){batch.point_count, batch.field_count, columns->times,
                                  columns->fields,   columns->ends,     columns->metadata};
    const fc_allocator memory = fc_allocator_system();
    fc_buffer again;
    fc_buffer_init(&again, &memory);
    bool are_maps = true;
    for (uint32_t i = 0; i < batch.point_count; i++) {
        const fc_bytes given = fc_batch_metadata(&batch, i);
        are_maps = are_maps && (given.length == 0 || given.data[0] >> 5 == 5);
    }
    const bool is_same = fc_batch_encode(&columns->points, &again) == FC_STATUS_OK &&
                         again.length == length && memcmp(again.data, bytes, length) == 0;
    fc_buffer_deinit(&again);
    free(columns);
    HOLDS(is_same && are_maps);
    return true;
}

static bool change_everywhere(const fc_buffer *encoded, uint64_t seed, scenario_report *report) {
    bool holds = true;
    for (size_t bit = 0; holds && bit < encoded->length * 8; bit++) {
        encoded->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        holds = check_changed(encoded->data, encoded->length, seed, report);
        encoded->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t length = 0; holds && length < encoded->length; length++) {
        uint8_t *cut = malloc(length + 1);
        if (cut == NULL) abort();
        memcpy(cut + 1, encoded->data, length); // and at an odd address
        holds = check_changed(cut + 1, length, seed, report);
        if (holds && length >= 4) { // with a length that agrees
            fc_store_u32(cut + 1, (uint32_t)(length & ~(size_t)7));
            holds = check_changed(cut + 1, length & ~(size_t)7, seed, report);
        }
        free(cut);
    }
    return holds;
}

static bool try_batch(uint64_t seed, model_memory *memory, batch_columns *columns,
                      scenario_report *report) {
    model_chance chance = {.state = seed};
    fill(&chance, columns);
    fc_buffer encoded;
    fc_buffer_init(&encoded, &memory->os.memory);
    model_memory_arm(memory, 0, false);
    const fc_status without_memory = fc_batch_encode(&columns->points, &encoded);
    const bool is_untouched = encoded.length == 0;
    model_memory_disarm(memory);
    const fc_status status = fc_batch_encode(&columns->points, &encoded);
    fc_batch batch;
    bool holds =
        status == FC_STATUS_OK && is_untouched && without_memory == FC_STATUS_OUT_OF_MEMORY &&
        fc_batch_check((fc_bytes){encoded.data, encoded.length}, &batch, NULL) == FC_STATUS_OK;
    if (!holds) scenario_failed(report, "seed %llu: no batch", (unsigned long long)seed);
    holds = holds && check_decoded(&batch, columns, seed, report);
    if (holds && encoded.length < 600) holds = change_everywhere(&encoded, seed, report);
    fc_buffer_deinit(&encoded);
    HOLDS(memory->live_count == 0);
    return holds;
}

void scenario_batch_model(uint64_t seed, uint32_t batches, scenario_report *report) {
    batch_columns *columns = malloc(sizeof *columns);
    if (columns == NULL) abort();
    model_memory memory;
    model_memory_init(&memory);
    for (uint32_t i = 0; i < batches && try_batch(seed + i, &memory, columns, report); i++)
        report->runs++;
    free(columns);
}
