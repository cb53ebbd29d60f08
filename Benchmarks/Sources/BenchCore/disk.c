#if defined(__linux__)
#define _GNU_SOURCE // O_DIRECT
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_commits.h"

static int sync_data(int file) {
#if defined(__APPLE__)
    return fcntl(file, F_FULLFSYNC);
#else
    return fdatasync(file);
#endif
}

static int write_block(int file, const uint8_t *block, size_t bytes, size_t index) {
    ssize_t written = pwrite(file, block, bytes, (off_t)(index * bytes));
    if (written < 0) return errno;
    return (size_t)written == bytes ? 0 : EIO;
}

static int write_zeros(int file, uint8_t *block, size_t count, size_t bytes) {
    memset(block, 0, bytes);
    for (size_t i = 0; i < count; i++) {
        int error = write_block(file, block, bytes, i);
        if (error != 0) return error;
    }
    return fsync(file) == 0 ? 0 : errno;
}

static int write_durably(int file, bool syncs, uint8_t *block, size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        memset(block, (int)(i % 255) + 1, 64); // no block like the one before
        int error = write_block(file, block, bytes, i);
        if (error == 0 && syncs && sync_data(file) != 0) error = errno;
        if (error != 0) return error;
    }
    return 0;
}

// The file as the method wants it, its zeros durable; -1 with errno.
static int open_prepared(const char *path, bench_disk_method method, uint8_t *block, size_t count,
                         size_t bytes) {
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || method == BENCH_DISK_APPEND) return file;
    int error = write_zeros(file, block, count, bytes);
    if (error == 0 && method == BENCH_DISK_OVERWRITE) return file;
    close(file);
#if defined(O_DIRECT)
    if (error == 0) return open(path, O_RDWR | O_DIRECT | O_DSYNC);
#else
    if (error == 0) error = ENOTSUP;
#endif
    errno = error;
    return -1;
}

int bench_disk_floor(const char *path, bench_disk_method method, size_t count, size_t bytes,
                     uint64_t *out_ns) {
    uint8_t *block = aligned_alloc(4096, bytes);
    if (block == NULL) return ENOMEM;
    memset(block, 0, bytes);
    int file = open_prepared(path, method, block, count, bytes);
    int error = file < 0 ? errno : 0;
    if (error == 0) {
        uint64_t before = bench_wall_ns();
        error = write_durably(file, method != BENCH_DISK_DIRECT, block, count, bytes);
        *out_ns = bench_wall_ns() - before;
        close(file);
    }
    unlink(path);
    free(block);
    return error;
}
