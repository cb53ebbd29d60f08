// Totals of in-order points, and the totals of full chunks, kept once somebody has asked for them.
//
// A statistic says what a full chunk's field adds up to with all marks up to `tag`, the chunk's newest
// mark at that time. It answers for a view if that is still the newest mark, and the view sees it.
#include <string.h>

#include "series_internal.h"

// Smaller chunks are added up faster than they are looked up.
#define STATISTIC_POINTS_MIN 64u

enum { TAG, POINTS, COUNT, HIGH, LOW, MINIMUM, MAXIMUM, FIRST, LAST, FIRST_US, LAST_US };

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double value_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void fc_series_totals_init(fc_series_totals *totals) {
    *totals = (fc_series_totals){.points = 0};
    fc_sum_init(&totals->sum);
}

static void totals_add_values(fc_series_totals *totals, const int64_t *times_us,
                              const double *values, size_t count) {
    uint64_t before = totals->sum.count;
    totals->points += count;
    fc_sum_add(&totals->sum, values, count);
    if (totals->sum.count == before) return;
    if (before == 0) {
        size_t first = 0;
        while (values[first] != values[first])
            first++;
        totals->first = values[first];
        totals->first_us = times_us[first];
    }
    size_t last = count - 1;
    while (values[last] != values[last])
        last--;
    totals->last = values[last];
    totals->last_us = times_us[last];
}

// Of totals of points that are not older than those before.
static void totals_merge(fc_series_totals *totals, const fc_series_totals *next) {
    totals->points += next->points;
    if (next->sum.count == 0) return;
    if (totals->sum.count == 0) {
        totals->first = next->first;
        totals->first_us = next->first_us;
    }
    totals->last = next->last;
    totals->last_us = next->last_us;
    fc_sum_merge(&totals->sum, &next->sum);
}

static void totals_add_part(fc_series_totals *totals, const fc_series_view *view, uint32_t field,
                            const fc_series_part *part) {
    const fc_series_block *chunk = part->chunk;
    const double *values = chunk->values + field * chunk->capacity;
    size_t at = part->from, from, to;
    while (fc_series_block_live(chunk, view->deletes, at, part->to, false, &from, &to)) {
        totals_add_values(totals, chunk->times_us + from, values + from, to - from);
        at = to;
    }
}

static bool statistic_read(fc_series_statistic *statistic, uint64_t tag,
                           fc_series_totals *out_totals) {
    uint64_t version = atomic_load_explicit(&statistic->version, memory_order_acquire);
    if (version == 0 || (version & 1) != 0) return false;
    uint64_t words[FC_SERIES_STATISTIC_WORDS];
    for (size_t i = 0; i < FC_SERIES_STATISTIC_WORDS; i++)
        words[i] = atomic_load_explicit(&statistic->words[i], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&statistic->version, memory_order_relaxed) != version) return false;
    if (words[TAG] != tag) return false;
    fc_series_totals_init(out_totals);
    out_totals->points = words[POINTS];
    out_totals->sum.count = words[COUNT];
    out_totals->sum.high = value_of(words[HIGH]);
    out_totals->sum.low = value_of(words[LOW]);
    out_totals->sum.minimum = value_of(words[MINIMUM]);
    out_totals->sum.maximum = value_of(words[MAXIMUM]);
    out_totals->first = value_of(words[FIRST]);
    out_totals->last = value_of(words[LAST]);
    out_totals->first_us = (int64_t)words[FIRST_US];
    out_totals->last_us = (int64_t)words[LAST_US];
    return true;
}

// Leaves it alone when another reader is writing.
static void statistic_write(fc_series_statistic *statistic, uint64_t tag,
                            const fc_series_totals *totals) {
    uint64_t version = atomic_load_explicit(&statistic->version, memory_order_relaxed);
    if ((version & 1) != 0 ||
        !atomic_compare_exchange_strong_explicit(&statistic->version, &version, version + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    atomic_thread_fence(memory_order_release);
    const uint64_t words[FC_SERIES_STATISTIC_WORDS] = {
        [TAG] = tag,
        [POINTS] = totals->points,
        [COUNT] = totals->sum.count,
        [HIGH] = bits_of(totals->sum.high),
        [LOW] = bits_of(totals->sum.low),
        [MINIMUM] = bits_of(totals->sum.minimum),
        [MAXIMUM] = bits_of(totals->sum.maximum),
        [FIRST] = bits_of(totals->first),
        [LAST] = bits_of(totals->last),
        [FIRST_US] = (uint64_t)totals->first_us,
        [LAST_US] = (uint64_t)totals->last_us,
    };
    for (size_t i = 0; i < FC_SERIES_STATISTIC_WORDS; i++)
        atomic_store_explicit(&statistic->words[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&statistic->version, version + 2, memory_order_release);
}

// The chunk's statistics, made when missing; NULL without memory (then there are none).
static fc_series_statistic *statistics_need(const fc_series_view *view, fc_series_block *chunk) {
    fc_series_statistic *statistics =
        atomic_load_explicit(&chunk->statistics, memory_order_acquire);
    if (statistics != NULL) return statistics;
    size_t size = view->field_count * sizeof *statistics;
    fc_series_statistic *made = fc_series_allocate(view->series, size);
    if (made == NULL) return NULL;
    memset((void *)made, 0, size);
    if (atomic_compare_exchange_strong_explicit(&chunk->statistics, &statistics, made,
                                                memory_order_acq_rel, memory_order_acquire))
        return made;
    fc_series_free(view->series, made, size);
    return statistics;
}

static void totals_add_whole(fc_series_totals *totals, const fc_series_view *view, uint32_t field,
                             const fc_series_part *part) {
    uint32_t tag = atomic_load_explicit(&part->chunk->newest_mark, memory_order_relaxed);
    fc_series_statistic *statistics =
        tag <= view->deletes ? statistics_need(view, part->chunk) : NULL;
    fc_series_totals chunk;
    if (statistics == NULL || !statistic_read(&statistics[field], tag, &chunk)) {
        fc_series_totals_init(&chunk);
        totals_add_part(&chunk, view, field, part);
        if (statistics != NULL && !chunk.sum.has_huge)
            statistic_write(&statistics[field], tag, &chunk);
    }
    totals_merge(totals, &chunk);
}

void fc_series_totals_add(fc_series_totals *totals, const fc_series_view *view, uint32_t field,
                          uint64_t from, uint64_t to) {
    while (from < to) {
        fc_series_part part = fc_series_order_part(&view->order, from, to);
        if (part.is_whole && !view->is_writers && part.to >= STATISTIC_POINTS_MIN)
            totals_add_whole(totals, view, field, &part);
        else
            totals_add_part(totals, view, field, &part);
        from += part.to - part.from;
    }
}
