// Every call to libxxhash, in one file, so that a built-in fallback can be added for systems
// without the library. XXH3 finds accidents, not attackers.
#ifndef FC_BASE_HASH_H
#define FC_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fc_hash128 {
    uint8_t bytes[16]; // XXH3-128 in canonical (big-endian) order: what is stored and printed
} fc_hash128;

uint64_t fc_hash64(const void *bytes, size_t length, uint64_t seed);
fc_hash128 fc_hash128_of(const void *bytes, size_t length);
bool fc_hash128_equal(const fc_hash128 *a, const fc_hash128 *b);

// XXH3-64 over several pieces, in order.
struct fc_hash_piece {
    const void *bytes;
    size_t length;
};
uint64_t fc_hash64_pieces(const struct fc_hash_piece *pieces, size_t count, uint64_t seed);
#endif
