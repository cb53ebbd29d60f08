// Every call to liblz4, in one file. LZ4's block format, without a frame: the block header keeps
// both lengths.
#ifndef FC_FORMAT_COMPRESSION_H
#define FC_FORMAT_COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// LZ4 never expands a byte to more than this many: what bounds an allocation for hostile input.
#define FC_LZ4_EXPANSION_MAX 255

// Compresses into at most `capacity` bytes; false when it does not fit. Deterministic for one
// version of LZ4. Uses about 16 KiB of stack. REQUIRES: length <= 1 GiB.
bool fc_lz4_compress(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity,
                     size_t *out_length);
// Whether `bytes` is one LZ4 block of exactly `length` bytes, which are put into `out`. Hostile
// bytes are harmless: nothing is read or written beyond the two ranges.
bool fc_lz4_decompress(const uint8_t *bytes, size_t stored_length, uint8_t *out, size_t length);
#endif
