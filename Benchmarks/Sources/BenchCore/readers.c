// Readers beside a writer, as a store lets them run: each question has a snapshot of its own, and the
// horizon stays behind the oldest one that is open.
#if defined(__linux__)
#define _DEFAULT_SOURCE // nanosleep under -std=c17
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "place_core.h"

#define NOTHING_OPEN UINT64_MAX

struct contest;

typedef struct reader {
    struct contest *contest;
    // What this reader may look at; 0 while it chooses, so that the horizon waits.
    _Alignas(64) _Atomic uint64_t open;
    size_t first; // the window that it begins with
    uint64_t windows, wrong;
    fc_status status;
} reader;

typedef struct contest {
    bench_core *core;
    const bench_boxes *windows;
    const bench_answer *expected;
    _Atomic uint64_t published;
    _Atomic bool is_over;
    unsigned count;
    reader readers[BENCH_READERS_MAX];
} contest;

static fc_status ask_newest(reader *self, size_t window, question_scratch *scratch,
                            bench_answer *answer) {
    contest *all = self->contest;
    fc_view *view;
    atomic_store(&self->open, 0);
    uint64_t sequence = atomic_load(&all->published);
    atomic_store(&self->open, sequence);
    fc_status status = fc_memtable_view(all->core->table, sequence, &view);
    if (status == FC_STATUS_OK) {
        status = ask_window(view, all->windows, window, scratch, answer);
        fc_view_release(view);
    }
    atomic_store(&self->open, NOTHING_OPEN);
    return status;
}

static void *read_on(void *context) {
    reader *self = context;
    contest *all = self->contest;
    question_scratch scratch = {0};
    for (size_t i = self->first; !atomic_load_explicit(&all->is_over, memory_order_relaxed); i++) {
        const size_t window = i % all->windows->count;
        bench_answer answer = {0, 0};
        self->status = ask_newest(self, window, &scratch, &answer);
        if (self->status != FC_STATUS_OK) break;
        self->windows++;
        if (answer.hits != all->expected[window].hits ||
            answer.id_sum != all->expected[window].id_sum)
            self->wrong++;
    }
    question_scratch_deinit(&scratch);
    return NULL;
}

// Publishes the last commit, then moves the horizon: a reader that chose before is seen here, one that
// chooses after gets the new one.
static void publish(contest *all) {
    bench_core *core = all->core;
    uint64_t horizon = core->sequence;
    atomic_store(&all->published, core->sequence);
    for (unsigned i = 0; i < all->count; i++) {
        uint64_t open = atomic_load(&all->readers[i].open);
        if (open < horizon) horizon = open;
    }
    if (horizon > atomic_load(&core->horizon)) atomic_store(&core->horizon, horizon);
}

static fc_status write_on(contest *all, const bench_boxes *boxes, bool are_points,
                          size_t per_commit, uint64_t end_ns, uint64_t *out_rows) {
    // A stride that shares no factor with the count visits every row: this is a prime above any count.
    const size_t stride = 2654435761u % boxes->count;
    size_t i = 0;
    while (bench_wall_ns() < end_ns) {
        for (size_t n = 0; n < per_commit; n++, i = (i + stride) % boxes->count) {
            uint32_t position;
            fc_row row = core_row(boxes, NULL, i, (int64_t)(i + 1), are_points);
            fc_status status =
                fc_memtable_put(all->core->table, &row, all->core->sequence + 1, &position);
            if (status != FC_STATUS_OK) return status;
        }
        all->core->sequence++;
        fc_memtable_commit(all->core->table, all->core->sequence);
        publish(all);
        *out_rows += per_commit;
    }
    return FC_STATUS_OK;
}

static void sleep_until(uint64_t end_ns) {
    for (uint64_t now; (now = bench_wall_ns()) < end_ns;) {
        const uint64_t left = end_ns - now;
        struct timespec pause = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
        nanosleep(&pause, NULL);
    }
}

fc_status bench_core_readers(bench_core *core, const bench_boxes *boxes, bool are_points,
                             const bench_boxes *windows, const bench_answer *expected,
                             unsigned readers, bool writes, size_t per_commit, uint64_t duration_ns,
                             bench_readers_result *out) {
    if (readers == 0 || readers > BENCH_READERS_MAX) return FC_STATUS_UNSUPPORTED;
    contest *all = aligned_alloc(_Alignof(contest), sizeof *all);
    if (all == NULL) return FC_STATUS_OUT_OF_MEMORY;
    memset(all, 0, sizeof *all);
    *all = (contest){.core = core, .windows = windows, .expected = expected};
    atomic_store(&all->published, core->sequence);
    pthread_t threads[BENCH_READERS_MAX];
    fc_status status = FC_STATUS_OK;
    bench_readers_result result = {0};
    const uint64_t start_ns = bench_wall_ns();
    for (unsigned i = 0; status == FC_STATUS_OK && i < readers; i++) {
        reader *one = &all->readers[i];
        one->contest = all;
        one->first = windows->count * i / readers;
        atomic_store(&one->open, NOTHING_OPEN);
        if (pthread_create(&threads[i], NULL, read_on, one) != 0)
            status = FC_STATUS_OUT_OF_MEMORY;
        else
            all->count++;
    }
    const uint64_t end_ns = start_ns + duration_ns;
    if (status == FC_STATUS_OK && writes)
        status = write_on(all, boxes, are_points, per_commit, end_ns, &result.rows);
    else if (status == FC_STATUS_OK)
        sleep_until(end_ns);
    atomic_store(&all->is_over, true);
    for (unsigned i = 0; i < all->count; i++) {
        pthread_join(threads[i], NULL);
        result.windows += all->readers[i].windows;
        result.wrong += all->readers[i].wrong;
        if (status == FC_STATUS_OK) status = all->readers[i].status;
    }
    result.seconds = (double)(bench_wall_ns() - start_ns) / 1e9;
    free(all);
    *out = result;
    return status;
}
