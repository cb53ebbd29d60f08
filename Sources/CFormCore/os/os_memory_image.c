// The bytes of one file of the in-memory disk: chunks, shared until written, absent while zero.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"
#include "os_memory_internal.h"

static void chunk_retain(fc_memory_chunk *chunk) {
    if (chunk != NULL) atomic_fetch_add_explicit(&chunk->reference_count, 1, memory_order_relaxed);
}

static void chunk_release(fc_memory_chunk *chunk) {
    if (chunk == NULL) return;
    if (atomic_fetch_sub_explicit(&chunk->reference_count, 1, memory_order_acq_rel) == 1)
        free(chunk);
}

void fc_memory_image_deinit(fc_memory_image *image) {
    for (size_t i = 0; i < image->chunk_count; i++)
        chunk_release(image->chunks[i]);
    free(image->chunks);
    *image = (fc_memory_image){0};
}

bool fc_memory_image_copy(fc_memory_image *to, const fc_memory_image *from) {
    fc_memory_image copy = {.chunk_count = from->chunk_count, .size = from->size};
    if (copy.chunk_count > 0) {
        copy.chunks = malloc(copy.chunk_count * sizeof *copy.chunks);
        if (copy.chunks == NULL) return false;
    }
    for (size_t i = 0; i < copy.chunk_count; i++) {
        copy.chunks[i] = from->chunks[i];
        chunk_retain(copy.chunks[i]);
    }
    fc_memory_image_deinit(to);
    *to = copy;
    return true;
}

// Makes chunks[index] one that only this image has.
static bool own_chunk(fc_memory_image *image, size_t index) {
    fc_memory_chunk *old = image->chunks[index];
    if (old != NULL && atomic_load_explicit(&old->reference_count, memory_order_acquire) == 1) {
        atomic_store_explicit(&old->digest, 0, memory_order_relaxed); // it is about to change
        return true;
    }
    fc_memory_chunk *chunk = old == NULL ? calloc(1, sizeof *chunk) : malloc(sizeof *chunk);
    if (chunk == NULL) return false;
    if (old != NULL) memcpy(chunk->bytes, old->bytes, sizeof chunk->bytes);
    atomic_init(&chunk->reference_count, 1);
    atomic_init(&chunk->digest, 0);
    chunk_release(old);
    image->chunks[index] = chunk;
    return true;
}

static bool grow_chunks(fc_memory_image *image, uint64_t size) {
    assert(size <= fc_memory_file_bytes_max);
    size_t count = (size_t)((size + FC_MEMORY_CHUNK_BYTES - 1) / FC_MEMORY_CHUNK_BYTES);
    if (count <= image->chunk_count) return true;
    fc_memory_chunk **chunks = realloc(image->chunks, count * sizeof *chunks);
    if (chunks == NULL) return false;
    memset(chunks + image->chunk_count, 0, (count - image->chunk_count) * sizeof *chunks);
    image->chunks = chunks;
    image->chunk_count = count;
    return true;
}

bool fc_memory_image_resize(fc_memory_image *image, uint64_t size) {
    if (size >= image->size) {
        if (!grow_chunks(image, size)) return false;
        image->size = size;
        return true;
    }
    size_t whole = (size_t)(size / FC_MEMORY_CHUNK_BYTES);
    size_t rest = (size_t)(size % FC_MEMORY_CHUNK_BYTES);
    if (rest != 0 && image->chunks[whole] != NULL) {
        if (!own_chunk(image, whole)) return false;
        memset(image->chunks[whole]->bytes + rest, 0, FC_MEMORY_CHUNK_BYTES - rest);
    }
    for (size_t i = whole + (rest != 0); i < image->chunk_count; i++) {
        chunk_release(image->chunks[i]);
        image->chunks[i] = NULL;
    }
    image->size = size;
    return true;
}

bool fc_memory_image_write(fc_memory_image *image, uint64_t offset, const void *bytes,
                           size_t length) {
    if (length == 0) return true;
    uint64_t end = offset + length;
    if (!grow_chunks(image, end)) return false;
    // All memory first, so that nothing has changed when there is none.
    size_t first = (size_t)(offset / FC_MEMORY_CHUNK_BYTES);
    size_t last = (size_t)((end - 1) / FC_MEMORY_CHUNK_BYTES);
    for (size_t i = first; i <= last; i++)
        if (!own_chunk(image, i)) return false;
    const uint8_t *from = bytes;
    while (length > 0) {
        size_t within = (size_t)(offset % FC_MEMORY_CHUNK_BYTES);
        size_t part = FC_MEMORY_CHUNK_BYTES - within;
        if (part > length) part = length;
        memcpy(image->chunks[offset / FC_MEMORY_CHUNK_BYTES]->bytes + within, from, part);
        offset += part;
        from += part;
        length -= part;
    }
    if (image->size < end) image->size = end;
    return true;
}

void fc_memory_image_read(const fc_memory_image *image, uint64_t offset, void *bytes,
                          size_t length) {
    assert(offset <= image->size && length <= image->size - offset);
    uint8_t *to = bytes;
    while (length > 0) {
        size_t within = (size_t)(offset % FC_MEMORY_CHUNK_BYTES);
        size_t part = FC_MEMORY_CHUNK_BYTES - within;
        if (part > length) part = length;
        const fc_memory_chunk *chunk = image->chunks[offset / FC_MEMORY_CHUNK_BYTES];
        if (chunk == NULL)
            memset(to, 0, part);
        else
            memcpy(to, chunk->bytes + within, part);
        offset += part;
        to += part;
        length -= part;
    }
}

// Kept with the chunk: of the images of one power cut most chunks are the same, and hashing them took half of the
// time of the crash tests. Chunks of zeros count as absent ones.
static uint64_t chunk_digest(fc_memory_chunk *chunk) {
    static const uint8_t zeros[FC_MEMORY_CHUNK_BYTES];
    if (chunk == NULL) return FC_MEMORY_DIGEST_OF_ZEROS;
    uint64_t digest = atomic_load_explicit(&chunk->digest, memory_order_relaxed);
    if (digest != 0) return digest;
    digest = FC_MEMORY_DIGEST_OF_ZEROS;
    if (memcmp(chunk->bytes, zeros, sizeof zeros) != 0) {
        digest = fc_hash64(chunk->bytes, sizeof chunk->bytes, 0);
        if (digest <= FC_MEMORY_DIGEST_OF_ZEROS) digest += 2;
    }
    atomic_store_explicit(&chunk->digest, digest, memory_order_relaxed);
    return digest;
}

uint64_t fc_memory_image_hash(const fc_memory_image *image, uint64_t seed) {
    uint64_t hash = fc_hash64(&image->size, sizeof image->size, seed);
    for (size_t i = 0; (uint64_t)i * FC_MEMORY_CHUNK_BYTES < image->size; i++) {
        const uint64_t digest = chunk_digest(image->chunks[i]);
        if (digest == FC_MEMORY_DIGEST_OF_ZEROS) continue;
        const uint64_t pair[2] = {i, digest};
        hash = fc_hash64(pair, sizeof pair, hash);
    }
    return hash;
}
