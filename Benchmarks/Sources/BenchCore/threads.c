#include <pthread.h>
#include <stdlib.h>

#include "bench_commits.h"

typedef struct start_line {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t ready;
    bool is_open;
} start_line;

typedef struct runner {
    start_line *line;
    int (*body)(void *context, size_t index);
    void *context;
    size_t index;
    int result;
    pthread_t thread;
} runner;

static void *run(void *argument) {
    runner *self = argument;
    start_line *line = self->line;
    pthread_mutex_lock(&line->mutex);
    line->ready++;
    pthread_cond_broadcast(&line->changed);
    while (!line->is_open)
        pthread_cond_wait(&line->changed, &line->mutex);
    pthread_mutex_unlock(&line->mutex);
    self->result = self->body(self->context, self->index);
    return NULL;
}

// Opens the line once `count` runners stand at it; returns when that was.
static uint64_t start(start_line *line, size_t count) {
    pthread_mutex_lock(&line->mutex);
    while (line->ready < count)
        pthread_cond_wait(&line->changed, &line->mutex);
    line->is_open = true;
    uint64_t now = bench_wall_ns();
    pthread_cond_broadcast(&line->changed);
    pthread_mutex_unlock(&line->mutex);
    return now;
}

int bench_run_threads(size_t count, int (*body)(void *context, size_t index), void *context,
                      uint64_t *out_ns) {
    runner *runners = calloc(count, sizeof *runners);
    if (runners == NULL) return -1;
    start_line line = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    size_t started = 0;
    for (; started < count; started++) {
        runner *r = &runners[started];
        *r = (runner){.line = &line, .body = body, .context = context, .index = started};
        if (pthread_create(&r->thread, NULL, run, r) != 0) break;
    }
    uint64_t before = start(&line, started);
    int result = started == count ? 0 : -1;
    for (size_t i = 0; i < started; i++) {
        pthread_join(runners[i].thread, NULL);
        if (result == 0) result = runners[i].result;
    }
    *out_ns = bench_wall_ns() - before;
    pthread_cond_destroy(&line.changed);
    pthread_mutex_destroy(&line.mutex);
    free(runners);
    return result;
}
