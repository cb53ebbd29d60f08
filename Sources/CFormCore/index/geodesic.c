// The inverse geodesic problem on WGS84, length only.
//
// SOURCE: Karney 2013 (section and equation numbers below). Three things differ from the paper:
// 1. Only the length is wanted. By the first variation the length changes by a·sin α0 for a change
//    of longitude, so a geodesic that misses the target by a small v is corrected to second order
//    in v instead of being searched again. What is left is of the order of a·(v/m12)³, hence
//    MISS_MAX.
// 2. Away from the antipode the spherical start is improved by one step in f, so that most pairs
//    need a single evaluation of the longitude equation.
// 3. f is a constant, so the polynomials in n are constants.
#include "geodesic.h"

#include "angle.h"

#define PI 3.14159265358979323846
#define RADIUS_M 6378137.0 // a
#define F (1.0 / 298.257223563)
#define F1 (1.0 - F)
#define N (F / (2.0 - F))
#define E2 (F * (2.0 - F))
#define EP2 (E2 / (F1 * F1))
#define POLAR_RADIUS_M (RADIUS_M * F1) // b

#define TINY 1e-150
#define EPSILON 2.220446049250313e-16
// Below this arc the sphere of the local curvature is exact to rounding.
#define SHORT_ARC_MAX 3.6e-8
// Above this arc the start is improved; below, the local sphere is the better start.
#define LOCAL_ARC_MAX 0.03
// The share of m12 that a miss in longitude may have: leaves a·(2e-6)³ = 5e-11 m.
#define MISS_MAX 2e-6
enum { ITERATIONS_MAX = 100, NEWTON_MAX = 20 };

// A point by its reduced latitude β: sine, cosine (> 0 even at a pole) and sqrt(1 + e'² sin² β).
typedef struct parametric {
    double s, c, dn;
} parametric;

// An angle by sine and cosine.
typedef struct direction {
    double s, c;
} direction;

// Two points in canonical order: β1 <= 0, |β1| >= |β2|, 0 <= λ12 <= π.
typedef struct pair {
    parametric p1, p2;
    direction lambda; // λ12
    double lambda_radians, supplement_radians;
} pair;

// A geodesic from point 1 up to the parallel of point 2.
typedef struct trial {
    double miss;        // its longitude difference less λ12
    double slope;       // d miss / d α1
    double sin_alpha0;  // Clairaut's constant
    double arc, excess; // σ12, and s12 / b less σ12
    double reduced;     // m12 / b
    double cosines;     // cos α1 cos β1 cos α2 cos β2
} trial;

static direction normalized(double s, double c) {
    double r = 1.0 / sqrt(s * s + c * c);
    return (direction){s * r, c * r};
}

static parametric parametric_of(double latitude) {
    double s, c;
    fc_sine_cosine_degrees(latitude, 0, &s, &c);
    direction beta = normalized(F1 * s, c);
    if (!(beta.c > TINY)) beta.c = TINY;
    return (parametric){beta.s, beta.c, sqrt(1.0 + EP2 * beta.s * beta.s)};
}

// MARK: Series (order 6; eqs. 15, 17, 18, 42, 43, 24, 25)

#define TERMS 6

// ε from k² = e'² cos² α0 (eq. 16).
static double epsilon_of(double cos_alpha0) {
    double k2 = EP2 * cos_alpha0 * cos_alpha0;
    return k2 / (2.0 * (1.0 + sqrt(1.0 + k2)) + k2);
}

// A1 - 1 and A2 - 1: the ones are added where they lose nothing.
static double series_a1_less_1(double e) {
    double q = e * e;
    return (e + q * (1.0 / 4 + q * (1.0 / 64 + q * (1.0 / 256)))) / (1.0 - e);
}

static double series_a2_less_1(double e) {
    double q = e * e;
    return q * (1.0 / 4 + q * (9.0 / 64 + q * (25.0 / 256))) * (1.0 - e) - e;
}

static void series_c1(double e, double c[TERMS]) {
    double q = e * e, p = e;
    c[0] = p * (-1.0 / 2 + q * (3.0 / 16 + q * (-1.0 / 32)));
    p *= e;
    c[1] = p * (-1.0 / 16 + q * (1.0 / 32 + q * (-9.0 / 2048)));
    p *= e;
    c[2] = p * (-1.0 / 48 + q * (3.0 / 256));
    p *= e;
    c[3] = p * (-5.0 / 512 + q * (3.0 / 512));
    p *= e;
    c[4] = p * (-7.0 / 1280);
    c[5] = p * e * (-7.0 / 2048);
}

static void series_c2(double e, double c[TERMS]) {
    double q = e * e, p = e;
    c[0] = p * (1.0 / 2 + q * (1.0 / 16 + q * (1.0 / 32)));
    p *= e;
    c[1] = p * (3.0 / 16 + q * (1.0 / 32 + q * (35.0 / 2048)));
    p *= e;
    c[2] = p * (5.0 / 48 + q * (5.0 / 256));
    p *= e;
    c[3] = p * (35.0 / 512 + q * (7.0 / 512));
    p *= e;
    c[4] = p * (63.0 / 1280);
    c[5] = p * e * (77.0 / 2048);
}

static double series_a3(double e) {
    return 1.0 - e * ((1 - N) / 2 + e * ((1.0 / 4 + N / 8 - N * N * 3 / 8) +
                                         e * ((1.0 / 16 + N * 3 / 16 + N * N / 16) +
                                              e * (3.0 / 64 + N / 32 + e * 3 / 128))));
}

// Five terms: C36 is beyond order 6 of f·I3.
static void series_c3(double e, double c[TERMS]) {
    double p = e;
    c[0] = p * ((1 - N) / 4 + e * ((1 - N * N) / 8 + e * ((3 + 3 * N - N * N) / 64 +
                                                          e * ((5 + 2 * N) / 128 + e * 3 / 128))));
    p *= e;
    c[1] = p * ((2 - 3 * N + N * N) / 32 +
                e * ((3 - 2 * N - 3 * N * N) / 64 + e * ((3 + N) / 128 + e * 5 / 256)));
    p *= e;
    c[2] = p * ((5 - 9 * N + 5 * N * N) / 192 + e * ((9 - 10 * N) / 384 + e * 7 / 512));
    p *= e;
    c[3] = p * ((7 - 14 * N) / 512 + e * 7 / 512);
    c[4] = p * e * 21 / 2560;
    c[5] = 0;
}

// Σ c[l] (sin 2lσ2 - sin 2lσ1), l from 1, by Clenshaw's recurrence for both at once.
static double sine_series_difference(const double c[TERMS], direction sigma1, direction sigma2) {
    double x1 = 2.0 * (sigma1.c - sigma1.s) * (sigma1.c + sigma1.s);
    double x2 = 2.0 * (sigma2.c - sigma2.s) * (sigma2.c + sigma2.s);
    double u1 = 0, v1 = 0, u2 = 0, v2 = 0;
    for (int l = TERMS - 1; l >= 0; l--) {
        double w1 = x1 * u1 - v1 + c[l], w2 = x2 * u2 - v2 + c[l];
        v1 = u1, v2 = u2;
        u1 = w1, u2 = w2;
    }
    return 2.0 * (sigma2.s * sigma2.c * u2 - sigma1.s * sigma1.c * u1);
}

// MARK: Lengths

// The arc from σ1 to σ2, 0 <= σ12 <= π.
static double arc_between(direction sigma1, direction sigma2) {
    double s = sigma1.c * sigma2.s - sigma1.s * sigma2.c;
    return atan2(s > 0 ? s : 0, sigma1.c * sigma2.c + sigma1.s * sigma2.s);
}

// Length along a meridian, over the south pole when λ12 = π. On an oblate ellipsoid that is
// shortest.
static double meridian_length_m(const pair *g) {
    direction sigma1 = {g->p1.s, g->lambda.c < 0 ? -g->p1.c : g->p1.c}, sigma2 = {g->p2.s, g->p2.c};
    double arc = arc_between(sigma1, sigma2), c[TERMS];
    if (arc < 3 * TINY) return 0;
    series_c1(N, c); // ε = n for cos α0 = 1
    double rest = series_a1_less_1(N), sum = sine_series_difference(c, sigma1, sigma2);
    return POLAR_RADIUS_M * arc + POLAR_RADIUS_M * (rest * arc + (1 + rest) * sum);
}

// Evaluates the geodesic that leaves point 1 in direction `alpha1` (section 4).
static trial evaluate(const pair *g, direction alpha1) {
    const parametric *p1 = &g->p1, *p2 = &g->p2;
    if (p1->s == 0 && alpha1.c == 0) alpha1.c = -TINY; // the equator is no geodesic of this kind
    double sin0 = alpha1.s * p1->c;
    double cos0 = sqrt(alpha1.c * alpha1.c + alpha1.s * alpha1.s * p1->s * p1->s);
    double cc1 = alpha1.c * p1->c, cc2; // cos α cos β
    // cos² β2 - cos² β1 by the factors that do not cancel (eq. 45).
    double rise =
        p1->c < -p1->s ? (p2->c - p1->c) * (p1->c + p2->c) : (p1->s - p2->s) * (p1->s + p2->s);
    cc2 = p2->c != p1->c || fabs(p2->s) != -p1->s ? sqrt(cc1 * cc1 + rise) : fabs(cc1);

    direction sigma1 = normalized(p1->s, cc1), sigma2 = normalized(p2->s, cc2);
    double arc = arc_between(sigma1, sigma2);
    // ω: tan ω = sin α0 tan σ; only the difference is needed, and its size does not matter.
    double so1 = sin0 * p1->s, so2 = sin0 * p2->s;
    double so = cc1 * so2 - so1 * cc2, co = cc1 * cc2 + so1 * so2;
    so = so > 0 ? so : 0;
    double eta = atan2(so * g->lambda.c - co * g->lambda.s, co * g->lambda.c + so * g->lambda.s);

    double e = epsilon_of(cos0), c1[TERMS], c2[TERMS], c3[TERMS];
    series_c1(e, c1);
    series_c2(e, c2);
    series_c3(e, c3);
    double i3 = series_a3(e) * (arc + sine_series_difference(c3, sigma1, sigma2));
    double a1 = series_a1_less_1(e), a2 = series_a2_less_1(e);
    double i1 = a1 * arc + (1 + a1) * sine_series_difference(c1, sigma1, sigma2); // I1 - σ12
    double i2 = a2 * arc + (1 + a2) * sine_series_difference(c2, sigma1, sigma2); // I2 - σ12
    // Eq. 38.
    double reduced = p2->dn * (sigma1.c * sigma2.s) - p1->dn * (sigma1.s * sigma2.c) -
                     sigma1.c * sigma2.c * (i1 - i2);
    return (trial){
        .miss = eta - F * sin0 * i3,
        .slope = cc2 == 0 ? -2.0 * F1 * p1->dn / p1->s : reduced * F1 / cc2, // eq. 46
        .sin_alpha0 = sin0,
        .arc = arc,
        .excess = i1,
        .reduced = reduced,
        .cosines = cc1 * cc2,
    };
}

// MARK: Start (section 5)

// The positive root k of k⁴ + 2k³ - (x² + y² - 1)k² - 2y²k - y² = 0 (eq. 55), as in the appendix on
// the astroid, by the formulas that do not cancel.
static double astroid(double x, double y) {
    double p = x * x, q = y * y, r = (p + q - 1) / 6;
    if (q == 0 && r <= 0) return 0;
    double s = p * q / 4, r2 = r * r, r3 = r * r2;
    double discriminant = s * (s + 2 * r3), u = r;
    if (discriminant >= 0) {
        double t3 = s + r3, root = sqrt(discriminant);
        double t = cbrt(t3 < 0 ? t3 - root : t3 + root);
        u += t + (t != 0 ? r2 / t : 0);
    } else {
        u += 2 * r * cos(atan2(sqrt(-discriminant), -(s + r3)) / 3);
    }
    double v = sqrt(u * u + q);
    double sum = u < 0 ? q / (v - u) : u + v;
    double w = (sum - q) / (2 * v);
    return sum / (sqrt(sum + w * w) + w);
}

// α1 on the sphere, not normalised, for ω12; its size is sin σ12.
static direction spherical_start(const pair *g, direction omega) {
    const parametric *p1 = &g->p1, *p2 = &g->p2;
    double square = omega.s * omega.s;
    double c = omega.c >= 0
                   ? (p2->s * p1->c - p2->c * p1->s) + p2->c * p1->s * square / (1 + omega.c)
                   : (p2->s * p1->c + p2->c * p1->s) - p2->c * p1->s * square / (1 - omega.c);
    return (direction){p2->c * omega.s, c};
}

// λ12 + δ for small δ.
static direction turned(direction lambda, double delta) {
    double q = delta * delta;
    double s = delta * (1 - q * (1.0 / 6 - q / 120)), c = 1 - q * (0.5 - q * (1.0 / 24));
    return (direction){lambda.s * c + lambda.c * s, lambda.c * c - lambda.s * s};
}

// Near the antipode, where the sphere misleads.
static direction antipodal_start(const pair *g) {
    const parametric *p1 = &g->p1, *p2 = &g->p2;
    double scale_lambda = F * p1->c * series_a3(epsilon_of(fabs(p1->s))) * PI;
    double scale_beta = scale_lambda * p1->c;
    double beta_sum = p2->s * p1->c + p2->c * p1->s; // sin(β1 + β2) <= 0
    double x = -g->supplement_radians / scale_lambda, y = beta_sum / scale_beta;
    if (y > -200 * EPSILON && x > -1 - 1000 * sqrt(EPSILON)) {
        // On the cut: α1 follows from x alone.
        double s = -x < 1 ? -x : 1;
        return (direction){s, -sqrt((1 - s) * (1 + s))};
    }
    double k = astroid(x, y);
    double omega = scale_lambda * (-x * k / (1 + k)); // π - ω12
    direction omega12 = {sin(omega), -cos(omega)};
    return spherical_start(g, omega12);
}

// Where to begin: true with the length when the arc is so short that no search is needed.
static bool start(const pair *g, direction *out_alpha1, double *out_length_m) {
    const parametric *p1 = &g->p1, *p2 = &g->p2;
    // The local sphere for neighbours, of the curvature halfway (section 5, short lines).
    double sum_s = p1->s + p2->s, sum_c = p1->c + p2->c;
    double middle = sum_s * sum_s / (sum_s * sum_s + sum_c * sum_c);
    double dn = sqrt(1 + EP2 * middle);
    bool is_near = g->lambda_radians * p2->c < 0.5 && p2->s * p1->c - p2->c * p1->s < 0.5 &&
                   p2->c * p1->c + p2->s * p1->s >= 0;
    direction omega =
        is_near ? turned(g->lambda, g->lambda_radians * (1 / (F1 * dn) - 1)) : g->lambda;
    direction alpha1 = spherical_start(g, omega);
    double size = sqrt(alpha1.s * alpha1.s + alpha1.c * alpha1.c);
    double cos_arc = p1->s * p2->s + p1->c * p2->c * omega.c;
    if (is_near && size < SHORT_ARC_MAX) {
        *out_length_m = POLAR_RADIUS_M * dn * size;
        return true;
    }
    if (cos_arc < 0 && size < 6 * N * PI * p1->c * p1->c) {
        alpha1 = antipodal_start(g);
    } else if (!is_near || size > LOCAL_ARC_MAX) {
        // One step: ω12 = λ12 + f sin α0 I3 with the sphere's α0 and arc.
        direction a = {alpha1.s / size, alpha1.c / size};
        double arc = atan2(size, cos_arc), sin0 = a.s * p1->c;
        double cos0_square = a.c * a.c + a.s * a.s * p1->s * p1->s;
        double cc1 = a.c * p1->c;
        double e = epsilon_of(sqrt(cos0_square));
        // sin 2σ = 2 sin β cos α cos β / cos² α0; σ2 = σ1 + σ12.
        double s1 = p1->s, cs2 = cc1 * cos_arc - s1 * size;
        double sines = cos0_square > 0 ? 2 * (p2->s * cs2 - s1 * cc1) / cos0_square : 0;
        double i3 = series_a3(e) * (arc + e * (1 - N) / 4 * sines);
        alpha1 = spherical_start(g, turned(g->lambda, F * sin0 * i3));
    }
    *out_alpha1 = alpha1.s > 0 ? normalized(alpha1.s, alpha1.c) : (direction){1, 0};
    return false;
}

// MARK: Search

// Length to the target from a trial that misses it by little.
static double corrected_length_m(const trial *t) {
    double v = t->miss, second = 0;
    if (t->reduced > 0) second = 0.5 * v * v * t->cosines / (F1 * F1 * t->reduced);
    double rest = t->excess - t->sin_alpha0 * v / F1 + second;
    return POLAR_RADIUS_M * t->arc + POLAR_RADIUS_M * rest;
}

// Newton's method inside a bracket that shrinks; bisection when it leaves it (section 4).
static double search(const pair *g, direction alpha1) {
    direction low = {TINY, 1}, high = {TINY, -1};
    trial t = evaluate(g, alpha1);
    for (int i = 0; i < ITERATIONS_MAX; i++) {
        double miss = fabs(t.miss);
        if (miss <= MISS_MAX * t.reduced || miss <= 4 * EPSILON) break;
        // Cotangents fall as α1 grows; so does the bracket around the target.
        if (t.miss > 0 && alpha1.c * high.s > high.c * alpha1.s) high = alpha1;
        if (t.miss < 0 && alpha1.c * low.s < low.c * alpha1.s) low = alpha1;
        direction next = {0, 0};
        if (i < NEWTON_MAX && t.slope > 0) {
            double step = -t.miss / t.slope;
            if (fabs(step) < PI) {
                double s = sin(step), c = cos(step);
                next = (direction){alpha1.s * c + alpha1.c * s, alpha1.c * c - alpha1.s * s};
            }
        }
        if (next.s <= 0) next = (direction){low.s + high.s, low.c + high.c};
        next = normalized(next.s, next.c);
        double change = fabs(next.s - alpha1.s) + fabs(next.c - alpha1.c);
        alpha1 = next;
        t = evaluate(g, alpha1);
        if (change < EPSILON) break; // as near as α1 can say
    }
    return corrected_length_m(&t);
}

// MARK: The distance

// Below 1/16° to a multiple of 2^-57° (a picometre), so that no square underflows.
// SOURCE: GeographicLib, AngRound.
static double angle_rounded(double degrees) {
    const double limit = 0.0625;
    double size = fabs(degrees);
    return size < limit ? copysign(limit - (limit - size), degrees) : degrees;
}

// λ12 within [0, π] from degrees, with the rounding error of their difference.
static void set_longitudes(pair *g, double longitude1, double longitude2) {
    double x1 = fc_longitude_reduced(longitude1), x2 = fc_longitude_reduced(longitude2);
    double d = x2 - x1, virtual_x2 = d + x1;
    double rest = (x2 - virtual_x2) - (x1 - (virtual_x2 - d)); // two-difference: d + rest is exact
    if (d < 0) d = -d, rest = -rest;
    if (d > 180.0) d = 360.0 - d, rest = -rest; // exact
    double rounded = angle_rounded(d);
    if (rounded != d) d = rounded, rest = 0; // the rest is below a picometre too
    double supplement = (180.0 - d) - rest;
    if (d <= 90.0) {
        fc_sine_cosine_degrees(d, rest, &g->lambda.s, &g->lambda.c);
    } else {
        if (supplement < 0) supplement = -supplement;
        fc_sine_cosine_degrees(supplement, 0, &g->lambda.s, &g->lambda.c);
        g->lambda.c = -g->lambda.c;
    }
    g->lambda.s = fabs(g->lambda.s);
    g->lambda_radians = (d + rest) * FC_RADIANS_PER_DEGREE;
    g->supplement_radians = supplement * FC_RADIANS_PER_DEGREE;
}

double fc_geodesic_distance_m(double longitude1, double latitude1, double longitude2,
                              double latitude2) {
    latitude1 = angle_rounded(latitude1);
    latitude2 = angle_rounded(latitude2);
    if (fabs(latitude1) < fabs(latitude2)) {
        double swap = latitude1;
        latitude1 = latitude2;
        latitude2 = swap;
    }
    if (latitude1 > 0) latitude1 = -latitude1, latitude2 = -latitude2;
    pair g;
    set_longitudes(&g, longitude1, longitude2);
    g.p1 = parametric_of(latitude1);
    g.p2 = parametric_of(latitude2);
    // Parallels that are equal in the smaller of sine and cosine must be equal in both.
    bool is_polar = g.p1.c < -g.p1.s;
    if (is_polar ? g.p2.c == g.p1.c : fabs(g.p2.s) == -g.p1.s)
        g.p2 = (parametric){g.p2.s < 0 ? g.p1.s : -g.p1.s, g.p1.c, g.p1.dn};
    if (latitude1 == -90.0 || g.lambda.s == 0) return meridian_length_m(&g);
    // Along the equator, unless the way over the poles is shorter.
    if (g.p1.s == 0 && g.supplement_radians >= F * PI) return RADIUS_M * g.lambda_radians;
    direction alpha1;
    double length_m;
    if (start(&g, &alpha1, &length_m)) return length_m;
    return search(&g, alpha1);
}
