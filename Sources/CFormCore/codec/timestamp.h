// Text as a point in time: RFC 3339, read leniently (any offset, lower case, a space in place of "T").
//
// The same meaning as Timestamp(iso8601:parsing: .lenient) in Swift: digits beyond the microsecond round to
// nearest, ties to even; a second of 60 is the next second; years outside 0000…9999 have a sign and six digits.
#ifndef FC_CODEC_TIMESTAMP_H
#define FC_CODEC_TIMESTAMP_H

#include "../base/memory.h"

// False for any bytes that are no such text, or a time that 64 bits of microseconds since 1970 can't hold.
bool fc_timestamp_read(fc_bytes text, int64_t *out_us);
#endif
