// Well-formed UTF-8 by the table of RFC 3629, section 4: no overlong forms, no surrogates, nothing
// above U+10FFFF. COST: O(length), eight ASCII bytes a step.
#include "record.h"

#include "../base/bytes.h"

#define ASCII_MASK 0x8080808080808080ull

static bool is_continuation(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

// Length of the well-formed sequence that starts with the non-ASCII byte at `p`, or 0.
static size_t sequence_length(const uint8_t *p, size_t left) {
    uint8_t lead = p[0];
    if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && is_continuation(p[1]) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        // The second byte rules out overlong forms (E0) and surrogates (ED).
        uint8_t low = lead == 0xE0 ? 0xA0 : 0x80, high = lead == 0xED ? 0x9F : 0xBF;
        bool good = left >= 3 && p[1] >= low && p[1] <= high && is_continuation(p[2]);
        return good ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        uint8_t low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
        bool good = left >= 4 && p[1] >= low && p[1] <= high && is_continuation(p[2]) &&
                    is_continuation(p[3]);
        return good ? 4 : 0;
    }
    return 0;
}

bool fc_utf8_check(const uint8_t *bytes, size_t length) {
    size_t i = 0;
    while (i < length) {
        while (length - i >= 8 && !(fc_load_u64(bytes + i) & ASCII_MASK))
            i += 8;
        while (i < length && bytes[i] < 0x80)
            i++;
        // Runs of non-ASCII text stay in this loop.
        while (i < length && bytes[i] >= 0x80) {
            size_t n = sequence_length(bytes + i, length - i);
            if (n == 0) return false;
            i += n;
        }
    }
    return true;
}
