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

// Lower bound of the ellipsoidal distance per radian of central angle, with geodetic latitudes taken as
// spherical ones (metres).
#define FC_METRES_PER_RADIAN_MIN 6335439.0
#endif
