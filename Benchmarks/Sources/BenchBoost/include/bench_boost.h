// Boost.Geometry's R-trees: the hot loops in C++ behind C calls, so that no language stands between a
// peer and its figures. Values are float64 boxes (points for `are_points`) with an int64 id; nodes hold
// 16. A call takes a whole batch; ids are 1, 2, 3, … in the order of the rows.
//
// THREADS: one. ERRORS: false when there is no memory or a row to remove is not there; the tree is
// then good for destroying only.
#ifndef BENCH_BOOST_H
#define BENCH_BOOST_H

#include <bench_types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_boost bench_boost;

enum bench_boost_split { BENCH_BOOST_LINEAR = 0, BENCH_BOOST_QUADRATIC = 1, BENCH_BOOST_RSTAR = 2 };

bool bench_boost_create(uint32_t split, bool are_points, bench_boost **out);
void bench_boost_destroy(bench_boost *tree);
bool bench_boost_insert(bench_boost *tree, const bench_boxes *boxes);
// All at once, by the packing constructor, from an array of values that `prepare` lays out.
bool bench_boost_prepare(bench_boost *tree, const bench_boxes *boxes);
bool bench_boost_build(bench_boost *tree);
bool bench_boost_windows(const bench_boost *tree, const bench_boxes *windows, bench_answer *out);
// The k nearest in the plane; of rows equally far the tree picks any. `out_ids`, when not NULL, takes
// k ids a point.
bool bench_boost_nearest(const bench_boost *tree, const bench_points *points, size_t k,
                         int64_t *out_ids, bench_answer *out);
// A tree is asked by box, not by id: `boxes` holds the box of every row, as a user would have to.
bool bench_boost_delete(bench_boost *tree, const int64_t *ids, size_t count,
                        const bench_boxes *boxes);
// Moves rows one by one: removes each and inserts it anew. `columns` holds the box of every row (west,
// south, east, north), as a user would have to, and is changed with them.
bool bench_boost_move(bench_boost *tree, const int64_t *ids, const bench_boxes *to,
                      double *const columns[4]);
// What the tree asked of its allocator and has not given back; malloc's own overhead is not in it.
uint64_t bench_boost_bytes(const bench_boost *tree);
// As in "1_74".
const char *bench_boost_version(void);

#ifdef __cplusplus
}
#endif
#endif
