#include "bench_proj.h"

#include <CFormCore.h>
#include <geodesic.h>

void bench_proj_inverse(const double *from_x, const double *from_y, const double *to_x,
                        const double *to_y, size_t count, double *out_m) {
    struct geod_geodesic wgs84;
    geod_init(&wgs84, 6378137, 1 / 298.257223563);
    for (size_t i = 0; i < count; i++) // azimuths are not asked for, and not computed then
        geod_inverse(&wgs84, from_y[i], from_x[i], to_y[i], to_x[i], &out_m[i], NULL, NULL);
}

void bench_core_inverse(const double *from_x, const double *from_y, const double *to_x,
                        const double *to_y, size_t count, double *out_m) {
    for (size_t i = 0; i < count; i++)
        out_m[i] = fc_geodesic_distance_m(from_x[i], from_y[i], to_x[i], to_y[i]);
}
