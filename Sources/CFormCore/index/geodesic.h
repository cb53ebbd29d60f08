// Distances on the WGS84 ellipsoid, in metres.
// SOURCE: C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013) 43–55, order 6.
#ifndef FC_INDEX_GEODESIC_H
#define FC_INDEX_GEODESIC_H

#include "../codec/record.h"

// The length of the shortest path between two positions (degrees), antipodal ones included.
// Within a few nanometres of the exact value; 0 for equal positions; the pole is one point;
// longitudes count modulo 360. REQUIRES: finite, |latitude| <= 90.
double fc_geodesic_distance_m(double longitude1, double latitude1, double longitude2,
                              double latitude2);

// Lower bound of the ellipsoidal distance per radian of central angle, and its upper twin, with
// geodetic latitudes taken as spherical ones (metres).
#define FC_METRES_PER_RADIAN_MIN 6335439.0
#define FC_METRES_PER_RADIAN_MAX 6399594.0

// A position prepared for many bounds: its sine and cosine of latitude, and so on.
typedef struct fc_sphere_point {
    double longitude, latitude; // degrees, longitude reduced to [-180, 180]
    double sin_latitude, cos_latitude;
} fc_sphere_point;
void fc_sphere_point_init(fc_sphere_point *point, double longitude, double latitude);

// A lower bound, never above the truth even after rounding, of the ellipsoidal distance in metres
// from `point` to any point of the box (edges in longitude modulo 360; `west` > `east` crosses; a box
// that touches a pole; a point within the box's longitudes; the nearest point on a meridian edge may lie
// between its ends). 0 when the point is inside.
double fc_sphere_box_distance_min_m(const fc_sphere_point *point, const fc_box *box);
// The same for one position; cheap: used before the exact distance.
double fc_sphere_point_distance_min_m(const fc_sphere_point *point, double longitude,
                                      double latitude);
#endif
