#include "sphere.h"

#include <float.h>
#include <math.h>

#include "angle.h"

void fc_sphere_point_init(fc_sphere_point *point, double longitude, double latitude) {
    double sine, cosine;
    fc_sine_cosine_degrees(latitude, 0, &sine, &cosine);
    point->longitude = (float)fc_longitude_reduced(longitude);
    point->latitude = (float)latitude;
    point->cos_latitude = cosine > 0 ? (float)(cosine * (1 - 1e-6)) : 0;
}

float fc_sphere_reach(double metres) {
    double half_angle = metres / (2 * FC_METRES_PER_RADIAN_MIN);
    if (!(half_angle < 1.57)) return INFINITY;
    double sine = sin(half_angle);
    return fc_round_up(sine * sine * 1.000004 + FLT_MIN);
}
