// The walks with the machine's vectors: AVX2, asked for at run time, or NEON, which is always
// there.
#include <string.h>

#include "walk.h"

#define W(NAME) fc_##NAME##_simd
#if defined(__x86_64__)
#define K(NAME) fc_avx2_##NAME
#define TARGET __attribute__((target("avx2,bmi,lzcnt,popcnt")))
#elif defined(__aarch64__)
#define K(NAME) fc_neon_##NAME
#define TARGET
#else
#define K(NAME) fc_scalar_##NAME
#define TARGET
#endif
#include "walk_body.h"

#include "sphere_body.h"

#include "nearest_body.h"
