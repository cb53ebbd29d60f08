#include "hash.h"

#include <assert.h>
#include <string.h>

#if !__has_include(<xxhash.h>)
#error "FormDB needs xxHash: apt install libxxhash-dev, or brew install xxhash"
#endif
// For the streaming state's size, so that it can live on the stack.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

enum { GATHER_BYTES_MAX = 512, STATE_ROOM_BYTES = 512 };

// The library at run time may be newer than the header; the room lets its state be larger.
typedef struct roomy_state {
    XXH3_state_t state;
    unsigned char room[STATE_ROOM_BYTES];
} roomy_state;

uint64_t fc_hash64(const void *bytes, size_t length, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, length, seed);
}

fc_hash128 fc_hash128_of(const void *bytes, size_t length) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, length));
    fc_hash128 hash;
    _Static_assert(sizeof canonical.digest == sizeof hash.bytes, "both are 128 bits");
    memcpy(hash.bytes, canonical.digest, sizeof hash.bytes);
    return hash;
}

bool fc_hash128_equal(const fc_hash128 *a, const fc_hash128 *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static uint64_t hash_stream(const struct fc_hash_piece *pieces, size_t count, uint64_t seed) {
    roomy_state roomy;
    memset(&roomy, 0, sizeof roomy); // a reset with a seed compares with the seed before
    XXH_errorcode code = XXH3_64bits_reset_withSeed(&roomy.state, seed);
    for (size_t i = 0; i < count; i++)
        if (pieces[i].length > 0)
            code |= XXH3_64bits_update(&roomy.state, pieces[i].bytes, pieces[i].length);
    assert(code == XXH_OK); // fails for null pointers alone
    (void)code;
    return XXH3_64bits_digest(&roomy.state);
}

uint64_t fc_hash64_pieces(const struct fc_hash_piece *pieces, size_t count, uint64_t seed) {
    // Headers are small: gathering them is quicker than the streaming state's set-up.
    unsigned char gathered[GATHER_BYTES_MAX];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].length > sizeof gathered - length) return hash_stream(pieces, count, seed);
        if (pieces[i].length > 0) memcpy(gathered + length, pieces[i].bytes, pieces[i].length);
        length += pieces[i].length;
    }
    return fc_hash64(gathered, length, seed);
}
