// A lock for what takes a few dozen nanoseconds: one atomic exchange to take it and a plain store to
// give it back, half of what a mutex pays. Who finds it taken spins a little, then sleeps and looks
// again, so that a holder of any priority gets to run.
//
// REQUIRES: nothing that blocks is done while it is held; not taken twice by one thread.
// THREADS: any. All zeros are a free lock; there is nothing to free.
#ifndef FC_OS_SHORT_LOCK_H
#define FC_OS_SHORT_LOCK_H

#include <stdint.h>

typedef struct fc_short_lock {
    uint32_t is_taken; // of the calls below alone
} fc_short_lock;

void fc_short_lock_take(fc_short_lock *lock);
void fc_short_lock_give(fc_short_lock *lock);
#endif
