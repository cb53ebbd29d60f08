// Lower bounds of distances, by the central angle with geodetic latitudes taken as spherical ones.
//
// Why they are lower bounds: ds² = M² dφ² + N² cos² φ dλ² on the ellipsoid, and both radii of
// curvature are at least a(1 - e²) = 6,335,439.327 m, so no path is shorter than that many metres a
// radian of its image on the sphere. The constant, 0.3 m smaller, alone absorbs relative errors of
// 5e-8; what is left are the cases near 0 and near the antipode, where rounding is worse than
// relative:
// - haversines and sines are made smaller by a few units in the last place before the arc sine;
// - differences of longitudes are wrong by at most 2^-44 degrees, 7e-9 m, and the exact distance by
//   about 1e-8 m: SLACK_M pays for both, so that a bound is below the *computed* distance too.
//
// SOURCE of the box's bound: SEMANTICS.md, "Place". With Δλ the longitude difference to the nearer
// edge, every point of the box is at least as far as the point of its latitude on that edge. On the
// edge's meridian the cosine of the angle is R cos(φ - φ*), tan φ* = tan φ1 / cos Δλ: smallest
// distance at φ* if that lies between the edge's ends and Δλ <= 90°, else at one of the ends.
#include "geodesic.h"

#include "angle.h"

#define RELATIVE_SLACK 1e-12
#define SLACK_M 1e-7
#define ROUNDING 4e-15 // for haversines and sines: some 16 units in the last place

static double metres_of(double radians) {
    double m = radians * (FC_METRES_PER_RADIAN_MIN * (1.0 - RELATIVE_SLACK)) - SLACK_M;
    return m > 0 ? m : 0;
}

// A lower bound of the angle with a sine of `sine` (0…1), its first quarter turn.
static double arc_sine_min(double sine) {
    double x = sine * (1.0 - ROUNDING), q = x * x;
    if (q > 0.01) return asin(x < 1 ? x : 1);
    // All terms of the series are positive, so any part of it is a lower bound; to 1e-12.
    return x * (1 + q * (1.0 / 6 + q * (3.0 / 40 + q * (15.0 / 336 + q * (105.0 / 3456)))));
}

// |a - b| modulo 360 for reduced longitudes: 0…180.
static double longitude_difference(double a, double b) {
    double d = fabs(a - b);
    return d > 180.0 ? 360.0 - d : d;
}

// sin² of half of `degrees`, |degrees| <= 180.
static double haversine(double degrees) {
    double s, c;
    fc_sine_cosine_degrees(0.5 * degrees, 0, &s, &c);
    return s * s;
}

void fc_sphere_point_init(fc_sphere_point *point, double longitude, double latitude) {
    point->longitude = fc_longitude_reduced(longitude);
    point->latitude = latitude;
    fc_sine_cosine_degrees(latitude, 0, &point->sin_latitude, &point->cos_latitude);
}

double fc_sphere_point_distance_min_m(const fc_sphere_point *point, double longitude,
                                      double latitude) {
    double s, c;
    fc_sine_cosine_degrees(latitude, 0, &s, &c);
    double difference = longitude_difference(point->longitude, fc_longitude_reduced(longitude));
    double h =
        haversine(latitude - point->latitude) + point->cos_latitude * c * haversine(difference);
    return metres_of(2 * arc_sine_min(sqrt(h)));
}

// The haversine of the angle to latitude `end` on a meridian whose haversine is `meridian`.
static double haversine_to_end(const fc_sphere_point *point, double end, double meridian) {
    double s, c;
    fc_sine_cosine_degrees(end, 0, &s, &c);
    return haversine(end - point->latitude) + point->cos_latitude * c * meridian;
}

// Where the nearest latitude φ* of the meridian lies against latitude `end`: > 0 above it.
// REQUIRES: Δλ <= 90°. Rounding errs only when both are the same to rounding, and then both ways of
// going on agree.
static double height_above(double end, double sine, double along) {
    double s, c;
    fc_sine_cosine_degrees(end, 0, &s, &c);
    return sine * c - along * s;
}

// The angle to the meridian `difference` degrees away, between latitudes `south` and `north`.
static double arc_to_edge_min(const fc_sphere_point *point, double difference, double south,
                              double north) {
    double sin_half, cos_half;
    fc_sine_cosine_degrees(0.5 * difference, 0, &sin_half, &cos_half);
    double meridian = sin_half * sin_half, along = point->cos_latitude * (1 - 2 * meridian);
    // Mirrored at the equator for a southern point, so that φ* is no nearer to the equator than φ1.
    double latitude = fabs(point->latitude), sine = fabs(point->sin_latitude);
    double sign = point->latitude < 0 ? -1 : 1;
    double low = sign < 0 ? -north : south, high = sign < 0 ? -south : north;
    double end = high;
    if (difference > 90.0) {
        // φ* is beyond the pole: the upper end, unless the lower one is nearer around the other
        // pole.
        if (low + high < 0) {
            double h_low = haversine_to_end(point, sign * low, meridian);
            double h_high = haversine_to_end(point, sign * high, meridian);
            return 2 * arc_sine_min(sqrt(h_low < h_high ? h_low : h_high));
        }
    } else if (latitude < high && height_above(high, sine, along) < 0) {
        if (low <= latitude || height_above(low, sine, along) > 0)
            return arc_sine_min(point->cos_latitude * 2 * sin_half * cos_half);
        end = low;
    }
    return 2 * arc_sine_min(sqrt(haversine_to_end(point, sign * end, meridian)));
}

double fc_sphere_box_distance_min_m(const fc_sphere_point *point, const fc_box *box) {
    double difference = 0;
    if (box->west > box->east || box->east - box->west < 360.0) {
        double west = fc_longitude_reduced(box->west), east = fc_longitude_reduced(box->east);
        double width = east - west, offset = point->longitude - west;
        if (width < 0) width += 360.0;
        if (offset < 0) offset += 360.0;
        if (offset > width) {
            double to_west = longitude_difference(point->longitude, west);
            double to_east = longitude_difference(point->longitude, east);
            difference = to_west < to_east ? to_west : to_east;
        }
    }
    if (difference > 0)
        return metres_of(arc_to_edge_min(point, difference, box->south, box->north));
    double below = box->south - point->latitude, above = point->latitude - box->north;
    double degrees = below > above ? below : above;
    return degrees > 0 ? metres_of(degrees * FC_RADIANS_PER_DEGREE) : 0;
}
