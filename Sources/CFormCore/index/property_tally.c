#include "property_tally.h"

#include <math.h>
#include <string.h>

#include "row_test.h"

#if defined(__x86_64__)
#define WITH_AVX2 __attribute__((target("avx2")))
#endif

void fc_tally_init(fc_tally *tally, const fc_index_reader *reader) {
    tally->reader = reader;
    tally->row_count = tally->inexact_count = 0;
    tally->held = 0;
    tally->minimum = tally->maximum = fc_value_missing;
    fc_sum_init(&tally->sum);
    fc_sum_init(&tally->inexact);
}

// ---- Values one by one -------------------------------------------------------------------------

static void offer(fc_tally *tally, const fc_value *value) {
    if (tally->minimum.kind == FC_VALUE_MISSING) {
        tally->minimum = tally->maximum = *value;
        return;
    }
    if (fc_value_compare_extremes(value, &tally->minimum) < 0) tally->minimum = *value;
    if (fc_value_compare_extremes(value, &tally->maximum) > 0) tally->maximum = *value;
}

double fc_number_split(const fc_value *number, double *out_rest) {
    *out_rest = 0;
    if (number->number == FC_NUMBER_REAL) return number->real;
    bool is_natural = number->number == FC_NUMBER_NATURAL;
    double nearest = is_natural ? (double)number->natural : (double)number->integer;
    __int128 exact = is_natural ? (__int128)number->natural : (__int128)number->integer;
    *out_rest = (double)(exact - (__int128)nearest);
    return nearest;
}

// A row whose eight bytes are no float64.
static void add_boxed(fc_tally *tally, uint32_t position) {
    const fc_index_column *column = &tally->reader->column;
    uint8_t cell = fc_index_column_chunk(column, position)->cells[position & FC_CHUNK_MASK];
    if (cell < FC_CELL_INEXACT || cell > FC_CELL_BOOLEAN) return;
    // A text is neither less than a number nor greater than a boolean.
    if (cell == FC_CELL_TEXT && tally->minimum.kind == FC_VALUE_NUMBER &&
        tally->maximum.kind == FC_VALUE_BOOLEAN)
        return;
    fc_value value = fc_index_column_value(column, position);
    offer(tally, &value);
    if (cell != FC_CELL_INEXACT) return;
    double parts[2];
    parts[0] = fc_number_split(&value, &parts[1]);
    fc_sum_add(&tally->inexact, parts, 2);
    tally->inexact_count++;
}

// ---- Many at a time ----------------------------------------------------------------------------

static bool is_same_real(double a, double b) {
    return a == b && signbit(a) == signbit(b);
}

static size_t find_real(const double *numbers, size_t count, double wanted) {
    for (size_t i = 0; i < count; i++)
        if (is_same_real(numbers[i], wanted)) return i;
    return 0;
}

// Adds numbers whose rows lie at `positions`, or side by side from `first` on; NaN is none. Returns how many there
// were. The sum knows extremes as float64: the row of a new one says which number it is.
static uint64_t add_numbers(fc_tally *tally, const double *numbers, size_t count,
                            const uint32_t *positions, uint32_t first) {
    fc_sum *sum = &tally->sum;
    const uint64_t count_before = sum->count;
    const double extremes[2] = {sum->minimum, sum->maximum};
    fc_sum_add(sum, numbers, count);
    const double now[2] = {sum->minimum, sum->maximum};
    for (unsigned k = 0; k < 2 && sum->count > count_before; k++) {
        if (count_before > 0 && is_same_real(extremes[k], now[k])) continue;
        size_t i = find_real(numbers, count, now[k]);
        fc_value value = fc_index_column_value(
            &tally->reader->column, positions != NULL ? positions[i] : first + (uint32_t)i);
        offer(tally, &value);
    }
    return sum->count - count_before;
}

void fc_tally_add_positions(fc_tally *tally, const uint32_t *positions, size_t count) {
    enum { AHEAD = 32 };
    // Positions may lie anywhere, so that a row is a miss: loads go ahead, and the list of chunks is looked up once.
    _Atomic(void *) *chunks =
        atomic_load_explicit(&tally->reader->index->chunks.slots, memory_order_acquire);
    tally->row_count += count;
    double numbers[512];
    while (count > 0) {
        size_t part = count < 512 ? count : 512;
        for (size_t i = 0; i < part; i++) {
            if (i + AHEAD < count) {
                uint32_t ahead = positions[i + AHEAD];
                const fc_index_chunk *next =
                    atomic_load_explicit(&chunks[ahead >> FC_CHUNK_LOG2], memory_order_acquire);
                __builtin_prefetch(&next->bits[ahead & FC_CHUNK_MASK]);
            }
            const fc_index_chunk *chunk =
                atomic_load_explicit(&chunks[positions[i] >> FC_CHUNK_LOG2], memory_order_acquire);
            numbers[i] = fc_real_of_bits(chunk->bits[positions[i] & FC_CHUNK_MASK]);
        }
        if (add_numbers(tally, numbers, part, positions, 0) < part)
            for (size_t i = 0; i < part; i++)
                if (numbers[i] != numbers[i]) add_boxed(tally, positions[i]);
        positions += part;
        count -= part;
    }
}

// ---- Rows side by side -------------------------------------------------------------------------

static void flush(fc_tally *tally) {
    if (tally->held == 0) return;
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < tally->held / 64; i++)
        wanted += (unsigned)__builtin_popcountll(tally->held_rows[i]);
    tally->row_count += wanted;
    uint64_t added = add_numbers(tally, tally->numbers, tally->held, NULL, tally->held_first);
    for (uint32_t i = 0; added < wanted && i < tally->held; i += 64) {
        for (uint64_t rows = tally->held_rows[i / 64]; rows != 0; rows &= rows - 1) {
            uint32_t at = i + (uint32_t)__builtin_ctzll(rows);
            if (tally->numbers[at] != tally->numbers[at]) add_boxed(tally, tally->held_first + at);
        }
    }
    tally->held = 0;
}

// Copies 64 rows; those without their bit become NaN.
static inline __attribute__((always_inline)) void copy_rows(double *out, const uint64_t *bits,
                                                            uint64_t rows) {
    uint64_t words[64];
    for (unsigned i = 0; i < 64; i++)
        words[i] = bits[i] | ((rows >> i & 1) - 1);
    memcpy(out, words, sizeof words);
}

#if defined(__x86_64__)
static WITH_AVX2 void copy_rows_avx2(double *out, const uint64_t *bits, uint64_t rows) {
    copy_rows(out, bits, rows);
}
#endif

void fc_tally_add_rows(fc_tally *tally, uint32_t first, uint64_t rows) {
    if (rows == 0) return;
    if (tally->held == FC_TALLY_ROWS || first != tally->held_first + tally->held) flush(tally);
    if (tally->held == 0) tally->held_first = first;
    const uint64_t *bits =
        fc_index_column_chunk(&tally->reader->column, first)->bits + (first & FC_CHUNK_MASK);
    fc_prefetch_rows(bits, first & FC_CHUNK_MASK);
    double *out = tally->numbers + tally->held;
#if defined(__x86_64__)
    if (tally->reader->view->table->use_simd)
        copy_rows_avx2(out, bits, rows);
    else
        copy_rows(out, bits, rows);
#else
    copy_rows(out, bits, rows);
#endif
    tally->held_rows[tally->held / 64] = rows;
    tally->held += 64;
}

// ---- Ranges ------------------------------------------------------------------------------------

typedef struct range_walk {
    fc_tally *tally;
    const fc_key_range *range;
    const fc_index_run *run;
    bool is_exact, is_clean;
    bool (*is_cancelled)(void *context);
    void *cancel_context;
} range_walk;

static bool is_cancelled(const range_walk *walk) {
    return walk->is_cancelled != NULL && walk->is_cancelled(walk->cancel_context);
}

enum { CANCEL_ENTRIES = 65536 };

// Entries whose values have to be looked at in the column.
static fc_status add_entries(const range_walk *walk, uint32_t begin, uint32_t end) {
    const fc_index_reader *reader = walk->tally->reader;
    uint32_t positions[512];
    for (uint32_t at = begin; at < end;) {
        if ((at - begin) % CANCEL_ENTRIES == 0 && is_cancelled(walk)) return FC_STATUS_CANCELLED;
        uint32_t part = end - at < 512 ? end - at : 512, count = 0;
        for (uint32_t i = 0; i < part; i++) {
            uint32_t position = walk->run->positions[at + i];
            positions[count] = position;
            count +=
                (walk->is_clean || fc_view_sees(reader->view, position)) &&
                (walk->is_exact || fc_key_range_matches(walk->range, &reader->column, position));
        }
        fc_tally_add_positions(walk->tally, positions, count);
        at += part;
    }
    return FC_STATUS_OK;
}

// Makes NaN of the numbers of rows that the view does not see; returns how many. Rows that may have ended are told
// without branches first: dead ones come at random in order of value.
static uint32_t hide_unseen(const range_walk *walk, const uint32_t *positions, uint32_t count) {
    const fc_view *view = walk->tally->reader->view;
    uint32_t doubtful[FC_TALLY_ROWS], doubtful_count = 0, hidden = 0;
    for (uint32_t i = 0; i < count; i++) {
        const fc_chunk *chunk = fc_columns_chunk(&view->table->columns, positions[i]);
        doubtful[doubtful_count] = i;
        // An old version's run may name rows of a chunk that was freed: nobody sees them.
        if (__builtin_expect(chunk == NULL, 0))
            doubtful_count++;
        else
            doubtful_count +=
                fc_chunk_may_be_dead(chunk, positions[i]) | (positions[i] >= view->limit);
    }
    for (uint32_t k = 0; k < doubtful_count; k++) {
        if (fc_view_sees(view, positions[doubtful[k]])) continue;
        walk->tally->numbers[doubtful[k]] = NAN;
        hidden++;
    }
    return hidden;
}

// Entries whose keys are their numbers, all of one sign.
static fc_status add_keys(const range_walk *walk, uint32_t begin, uint32_t end) {
    fc_tally *tally = walk->tally;
    const fc_index_run *run = walk->run;
    if (begin == end) return FC_STATUS_OK;
    const uint64_t flip = run->keys[begin] >> 63 ? UINT64_C(1) << 63 : UINT64_MAX;
    flush(tally); // its room is used
    for (uint32_t at = begin; at < end;) {
        if ((at - begin) % CANCEL_ENTRIES == 0 && is_cancelled(walk)) return FC_STATUS_CANCELLED;
        uint32_t count = end - at < FC_TALLY_ROWS ? end - at : FC_TALLY_ROWS, hidden = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint64_t bits = run->keys[at + i] ^ flip;
            memcpy(&tally->numbers[i], &bits, sizeof bits);
        }
        if (!walk->is_clean) hidden = hide_unseen(walk, run->positions + at, count);
        add_numbers(tally, tally->numbers, count, run->positions + at, 0);
        tally->row_count += count - hidden;
        at += count;
    }
    return FC_STATUS_OK;
}

// A 0 may be -0, and a key beyond 2^53 stands for several integers: the column decides.
static fc_status add_number_run(const range_walk *walk, uint32_t begin, uint32_t end) {
    const uint64_t zero = fc_number_key(0);
    const uint64_t keys[4] = {FC_NUMBER_KEY_BELOW + 1, zero, zero + 1, FC_NUMBER_KEY_ABOVE};
    fc_status status = FC_STATUS_OK;
    for (unsigned k = 0; k <= 4 && status == FC_STATUS_OK; k++) {
        uint32_t to = k == 4 ? end : fc_index_run_seek(walk->run, begin, end, keys[k]);
        status = k % 2 == 1 ? add_keys(walk, begin, to) : add_entries(walk, begin, to);
        begin = to;
    }
    return status;
}

static fc_status add_tail(const range_walk *walk) {
    const fc_index_reader *reader = walk->tally->reader;
    const fc_view *view = reader->view;
    uint32_t first = reader->version->covered_end;
    for (uint32_t position = first; position < view->limit; position++) {
        if ((position - first) % CANCEL_ENTRIES == CANCEL_ENTRIES - 1 && is_cancelled(walk))
            return FC_STATUS_CANCELLED;
        if (fc_view_sees(view, position) &&
            fc_key_range_matches(walk->range, &reader->column, position))
            fc_tally_add_positions(walk->tally, &position, 1);
    }
    return FC_STATUS_OK;
}

fc_status fc_tally_add_ranges(fc_tally *tally, const fc_value_range *ranges, size_t range_count,
                              bool (*is_cancelled)(void *context), void *cancel_context) {
    const fc_index_reader *reader = tally->reader;
    const fc_index_version *version = reader->version;
    fc_status status = FC_STATUS_OK;
    for (size_t n = 0; n < range_count && status == FC_STATUS_OK; n++) {
        const fc_key_range range = fc_key_range_of(&ranges[n]);
        range_walk walk = {.tally = tally,
                           .range = &range,
                           .is_cancelled = is_cancelled,
                           .cancel_context = cancel_context};
        for (uint32_t i = 0; i < version->run_count && status == FC_STATUS_OK; i++) {
            uint32_t begin, end;
            walk.run = version->runs[i];
            walk.is_exact = fc_key_range_find(&range, &reader->column, walk.run, &begin, &end);
            walk.is_clean = walk.is_exact && fc_index_reader_is_clean(reader, walk.run);
            status = range.section == FC_VALUE_NUMBER ? add_number_run(&walk, begin, end)
                                                      : add_entries(&walk, begin, end);
        }
        if (status == FC_STATUS_OK) status = add_tail(&walk);
    }
    return status;
}

void fc_tally_finish(fc_tally *tally, fc_sum *out_sum, uint64_t *out_count) {
    flush(tally);
    *out_count = tally->sum.count + tally->inexact_count;
    fc_sum_merge(&tally->sum, &tally->inexact);
    *out_sum = tally->sum;
}
