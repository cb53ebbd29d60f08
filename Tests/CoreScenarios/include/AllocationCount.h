// How often the calling thread has asked the system's heap for memory, whoever asked: the core, the
// Swift runtime or the library. For tests that say that something allocates nothing.
//
// SOURCE: with glibc, malloc, calloc and realloc of the program stand before the library's own; on Apple
// systems the logger that malloc calls. Elsewhere, and under sanitizers (which have put their own there),
// nothing is counted.
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdbool.h>
#include <stdint.h>

// Whether allocations are counted in this program; on Apple systems the first call begins it.
bool scenario_counts_allocations(void);
uint64_t scenario_allocation_count(void);

#endif
