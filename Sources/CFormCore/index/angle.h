// Angles in degrees for the distance functions of this folder only: exact reduction, and sine and
// cosine without a library call, so that they cost little and need no libm.
#ifndef FC_INDEX_ANGLE_H
#define FC_INDEX_ANGLE_H

#include <math.h>
#include <stdint.h>
#include <string.h>

// No fused multiply-adds here nor in the files that include this: same bits on every platform.
#pragma STDC FP_CONTRACT OFF

#define FC_RADIANS_PER_DEGREE 0.017453292519943295769

// Sine and cosine of `r` radians, |r| <= π/4 (a little more does no harm): Taylor series whose
// first term left out is below 2^-54 of the result, in pairs, so that the processor can overlap
// them.
static inline void fc_sine_cosine_small(double r, double *out_sine, double *out_cosine) {
    double q = r * r, q2 = q * q, q4 = q2 * q2;
    double s01 = -1.0 / 6 + q * (1.0 / 120), s23 = -1.0 / 5040 + q * (1.0 / 362880);
    double s45 = -1.0 / 39916800 + q * (1.0 / 6227020800.0), s6 = -1.0 / 1307674368000.0;
    double c01 = 1.0 / 24 - q * (1.0 / 720), c23 = 1.0 / 40320 - q * (1.0 / 3628800);
    double c45 = 1.0 / 479001600 - q * (1.0 / 87178291200.0), c6 = 1.0 / 20922789888000.0;
    double s = (s01 + q2 * s23) + q4 * (s45 + q2 * s6);
    double c = (c01 + q2 * c23) + q4 * (c45 + q2 * c6);
    *out_sine = r + r * q * s;
    *out_cosine = 1.0 - (0.5 * q - q2 * c);
}

// Sine and cosine of `degrees` + `rest`, |degrees| <= 180 and |rest| tiny. Exact at multiples of
// 90. Without branches: signs of longitudes are hard to predict.
static inline void fc_sine_cosine_degrees(double degrees, double rest, double *out_sine,
                                          double *out_cosine) {
    // Adding 1.5·2^52 rounds to the nearest integer, which then stands in the lowest bits. The
    // multiple of 90 is small and near, so subtracting it is exact.
    double shifted = degrees * (1.0 / 90.0) + 0x1.8p52;
    uint64_t quarter, s_bits, c_bits;
    memcpy(&quarter, &shifted, 8);
    double r = (degrees - 90.0 * (shifted - 0x1.8p52)) + rest, s, c;
    fc_sine_cosine_small(r * FC_RADIANS_PER_DEGREE, &s, &c);
    memcpy(&s_bits, &s, 8);
    memcpy(&c_bits, &c, 8);
    uint64_t swap = (s_bits ^ c_bits) & (0 - (quarter & 1));
    s_bits ^= swap ^ (quarter & 2) << 62;
    c_bits ^= swap ^ ((quarter + 1) & 2) << 62;
    memcpy(out_sine, &s_bits, 8);
    memcpy(out_cosine, &c_bits, 8);
}

// `longitude` modulo 360 within [-180, 180], exactly; values already there stay.
static inline double fc_longitude_reduced(double longitude) {
    if (longitude >= -180.0 && longitude <= 180.0) return longitude;
    // Exact by Sterbenz's lemma up to 540; remainder is exact for all.
    if (longitude > 180.0 && longitude <= 540.0) return longitude - 360.0;
    if (longitude < -180.0 && longitude >= -540.0) return longitude + 360.0;
    return remainder(longitude, 360.0);
}
#endif
