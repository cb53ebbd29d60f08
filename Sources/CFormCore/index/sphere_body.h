// The bounds of sphere.h, included like walk_body.h. Plain loops, which compilers turn into vectors.
// No include guard: see walk.h.

#define FC_SPHERE_SLACK_X 1.2e-4f
#define FC_SPHERE_SLACK_Y 2e-5f

// A lower bound of sin x, 0 <= x <= π/2.
static inline __attribute__((always_inline)) float W(sine_min)(float x) {
    float q = x * x;
    return x * (1 - q * (1 / 6.0f) * (1 - q * (1 / 20.0f) * (1 - q * (1 / 42.0f))));
}

// A lower bound of cos x, 0 <= x <= π/2.
static inline __attribute__((always_inline)) float W(cosine_min)(float x) {
    float q = x * x, tail = 1 - q * (1 / 56.0f) * (1 - q * (1 / 90.0f));
    float cosine = 1 - q * 0.5f * (1 - q * (1 / 12.0f) * (1 - q * (1 / 30.0f) * tail)) - 2e-6f;
    return cosine > 0 ? cosine : 0;
}

TARGET void W(sphere_bounds)(const fc_sphere_point *point, const float *lanes, size_t stride,
                             float out[16]) {
    const float *wests = lanes, *souths = lanes + stride;
    const float *easts = lanes + 2 * stride, *norths = lanes + 3 * stride; // negated
    const float longitude = point->longitude, latitude = point->latitude;
    const float cos_latitude = point->cos_latitude;
    const float half_degree = 0.00872664625f; // in radians
    for (unsigned i = 0; i < FC_NODE; i++) {
        float west = wests[i], south = souths[i], east = -easts[i], north = -norths[i];
        float offset = (west + east) * 0.5f - longitude;
        // The nearest turn: adding 1.5 * 2^23 rounds to an integer.
        float turns = (offset * (1 / 360.0f) + 0x1.8p23f) - 0x1.8p23f;
        offset -= 360 * turns;
        float gap_x = (offset < 0 ? -offset : offset) - (east - west) * 0.5f - FC_SPHERE_SLACK_X;
        float below = south - latitude, above = latitude - north;
        float gap_y = (below > above ? below : above) - FC_SPHERE_SLACK_Y;
        gap_x = gap_x > 0 ? gap_x : 0;
        gap_y = gap_y > 0 ? gap_y : 0;
        float to_south = south < 0 ? -south : south, to_north = north < 0 ? -north : north;
        float farthest = to_south > to_north ? to_south : to_north;
        float sine_x = W(sine_min)(gap_x * half_degree), sine_y = W(sine_min)(gap_y * half_degree);
        float cosine = W(cosine_min)(farthest * (2 * half_degree));
        float bound = sine_y * sine_y + cos_latitude * cosine * (sine_x * sine_x);
        out[i] = bound + (west - west); // NaN where there is nothing
    }
}
