// Hashes of values: equal values have equal hashes, whatever kind their numbers are of (1 and 1.0, also in
// arrays and objects). Finds accidents, not attackers.
// REQUIRES, COST: as value.h.
#ifndef FC_CODEC_VALUE_HASH_H
#define FC_CODEC_VALUE_HASH_H

#include "value.h"

uint64_t fc_value_hash(const fc_value *value);
#endif
