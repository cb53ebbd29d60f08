// Distances on the ellipsoid, by libproj's geodesic.h and by FormDB's core: the same loop.
#ifndef BENCH_PROJ_H
#define BENCH_PROJ_H

#include <stddef.h>

// Metres from (from_x[i], from_y[i]) to (to_x[i], to_y[i]), in degrees, into out_m.
void bench_proj_inverse(const double *from_x, const double *from_y, const double *to_x,
                        const double *to_y, size_t count, double *out_m);
void bench_core_inverse(const double *from_x, const double *from_y, const double *to_x,
                        const double *to_y, size_t count, double *out_m);
#endif
