// What the models share: an allocator that counts and fails, and chance.
#ifndef MODEL_SUPPORT_H
#define MODEL_SUPPORT_H

#include "scenario_internal.h"

// An allocator whose blocks are counted, and one call of which can be made to fail. Fresh blocks are filled with
// 0xA5. THREADS: one.
typedef struct model_memory {
    fc_os os;           // the real system with this allocator
    int64_t live_count; // blocks that were not released
    uint64_t call_count;
    uint64_t fail_at;  // call_count at which to fail; UINT64_MAX: never
    uint64_t fail_end; // and every call up to this one, not included
    bool was_hit;
} model_memory;

void model_memory_init(model_memory *memory);
// Fails the call `after` calls from now, and (for_good) all that follow.
void model_memory_arm(model_memory *memory, uint64_t after, bool for_good);
void model_memory_disarm(model_memory *memory); // keeps was_hit

typedef struct model_chance {
    uint64_t state;
} model_chance;
static inline uint64_t chance_bits(model_chance *chance) {
    return scenario_random(&chance->state);
}
static inline uint64_t chance_below(model_chance *chance, uint64_t n) {
    return chance_bits(chance) % n;
}
static inline bool chance_one_in(model_chance *chance, uint64_t n) {
    return chance_below(chance, n) == 0;
}
static inline double chance_unit(model_chance *chance) { // [0, 1)
    return (double)(chance_bits(chance) >> 11) * 0x1p-53;
}

// Records the first failure with its place and seed; a function that returns bool then returns false.
#define MODEL_HOLDS(report, seed, condition)                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            scenario_failed(report, "%s:%d, seed %llu: %s", __FILE_NAME__, __LINE__,               \
                            (unsigned long long)(seed), #condition);                               \
            return false;                                                                          \
        }                                                                                          \
    } while (0)
#endif
