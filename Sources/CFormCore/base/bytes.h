// Little-endian loads and stores at any alignment, and rounding up. All formats use these.
#ifndef FC_BASE_BYTES_H
#define FC_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "FormDB reads its formats in place and needs a little-endian machine"
#endif

static inline uint16_t fc_load_u16(const void *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return v;
}
static inline uint32_t fc_load_u32(const void *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}
static inline uint64_t fc_load_u64(const void *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}
static inline int64_t fc_load_i64(const void *p) {
    int64_t v;
    memcpy(&v, p, 8);
    return v;
}
static inline double fc_load_f64(const void *p) {
    double v;
    memcpy(&v, p, 8);
    return v;
}
static inline void fc_store_u16(void *p, uint16_t v) {
    memcpy(p, &v, 2);
}
static inline void fc_store_u32(void *p, uint32_t v) {
    memcpy(p, &v, 4);
}
static inline void fc_store_u64(void *p, uint64_t v) {
    memcpy(p, &v, 8);
}
static inline void fc_store_i64(void *p, int64_t v) {
    memcpy(p, &v, 8);
}
static inline void fc_store_f64(void *p, double v) {
    memcpy(p, &v, 8);
}

// `value` rounded up to a multiple of `alignment`, a power of two. REQUIRES: no overflow.
static inline uint64_t fc_align_up(uint64_t value, uint64_t alignment) {
    return (value + (alignment - 1)) & ~(alignment - 1);
}
#endif
