// Lower bounds of distances on the ellipsoid from a position to boxes, sixteen at a time.
//
// The unit is the haversine, sin²(α/2), of a central angle α with geodetic latitudes taken as spherical
// ones. An ellipsoidal distance is at least FC_METRES_PER_RADIAN_MIN times its α: on the ellipsoid ds² = M²
// dφ² + N² cos² φ dλ², and both radii of curvature are at least a(1 - e²) = 6,335,439.327 m.
//
// hav α = hav Δφ + cos φ1 cos φ2 hav Δλ for the position's latitude φ1 and any point's φ2 in the box. Each term is
// taken at its least: Δφ and Δλ are the gaps to the box's edges (0 between them, so a box that spans a
// turn or touches a pole needs no case of its own), cos φ2 is that of the edge farther from the equator.
// Sine and cosine are series cut after a negative term, which are lower bounds as they stand. In float32:
// FC_SPHERE_SLACK_X and _Y degrees are taken off the gaps, more than the differences' rounding; products'
// rounding, a few units in the last place, is what fc_sphere_reach adds.
#ifndef FC_INDEX_SPHERE_H
#define FC_INDEX_SPHERE_H

#include "geodesic.h"
#include "rounding.h"

// A position as the bounds need it.
typedef struct fc_sphere_point {
    float longitude, latitude; // degrees, longitude within [-180, 180]
    float cos_latitude;        // rounded down
} fc_sphere_point;
void fc_sphere_point_init(fc_sphere_point *point, double longitude, double latitude);

// A distance in the unit of the bounds: whatever is at most so far away has a bound that is not larger.
// INFINITY for what reaches everything.
float fc_sphere_reach(double metres);

// Lanes as in trees and tails: least longitudes (unwrapped, at most 900 in size), least latitudes,
// negated largest ones, `stride` apart; NaN where there is nothing, and so in `out`.
void fc_sphere_bounds_scalar(const fc_sphere_point *point, const float *lanes, size_t stride,
                             float out[16]);
void fc_sphere_bounds_simd(const fc_sphere_point *point, const float *lanes, size_t stride,
                           float out[16]);
#endif
