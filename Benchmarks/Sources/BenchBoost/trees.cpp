#if !__has_include(<boost/geometry/index/rtree.hpp>)
#error                                                                                             \
    "The benchmarks need Boost.Geometry: install it with 'apt-get install libboost-dev' (Debian) or 'brew install boost' (macOS)"
#endif
// Boost before 1.82 counts one below the first value of three enums, which newer compilers refuse
// unless the enum has a type. They get one here, before anything else reads them.
// clang-format off
#define int_float_mixture_enum int_float_mixture_enum : int
#define sign_mixture_enum sign_mixture_enum : int
#define udt_builtin_mixture_enum udt_builtin_mixture_enum : int
// clang-format on
#include <boost/numeric/conversion/int_float_mixture_enum.hpp>
#include <boost/numeric/conversion/sign_mixture_enum.hpp>
#include <boost/numeric/conversion/udt_builtin_mixture_enum.hpp>
#undef int_float_mixture_enum
#undef sign_mixture_enum
#undef udt_builtin_mixture_enum

#include <boost/geometry.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/iterator/function_output_iterator.hpp>
#include <boost/version.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "bench_boost.h"

namespace bg = boost::geometry;
namespace bgi = boost::geometry::index;

using Point = bg::model::point<double, 2, bg::cs::cartesian>;
using Box = bg::model::box<Point>;

// The C calls end here: one implementation for each geometry and way of splitting nodes.
struct bench_boost {
    virtual ~bench_boost() = default;
    virtual void insert(const bench_boxes &boxes) = 0;
    virtual void prepare(const bench_boxes &boxes) = 0;
    virtual void build() = 0;
    virtual bench_answer windows(const bench_boxes &windows) const = 0;
    virtual bench_answer nearest(const bench_points &points, size_t k, int64_t *out_ids) const = 0;
    virtual bool remove(const int64_t *ids, size_t count, const bench_boxes &boxes) = 0;
    virtual bool move(const int64_t *ids, const bench_boxes &to, double *const columns[4]) = 0;
    uint64_t bytes = 0;
};

namespace {

// Counts what is allocated through it and its copies.
template <class T> struct CountingAllocator {
    using value_type = T;
    uint64_t *bytes;

    explicit CountingAllocator(uint64_t *counter) : bytes(counter) {}
    template <class U> CountingAllocator(const CountingAllocator<U> &other) : bytes(other.bytes) {}

    T *allocate(size_t count) {
        *bytes += count * sizeof(T);
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T *memory, size_t count) {
        *bytes -= count * sizeof(T);
        std::allocator<T>().deallocate(memory, count);
    }
    template <class U> bool operator==(const CountingAllocator<U> &other) const {
        return bytes == other.bytes;
    }
    template <class U> bool operator!=(const CountingAllocator<U> &other) const {
        return bytes != other.bytes;
    }
};

template <class Geometry> Geometry geometry_at(const bench_boxes &boxes, size_t i);

template <> Point geometry_at<Point>(const bench_boxes &boxes, size_t i) {
    return Point(boxes.west[i], boxes.south[i]);
}

template <> Box geometry_at<Box>(const bench_boxes &boxes, size_t i) {
    return Box(Point(boxes.west[i], boxes.south[i]), Point(boxes.east[i], boxes.north[i]));
}

template <class Geometry, class Parameters> class Tree final : public bench_boost {
    using Value = std::pair<Geometry, int64_t>;
    using Index = bgi::rtree<Value, Parameters, bgi::indexable<Value>, bgi::equal_to<Value>,
                             CountingAllocator<Value>>;

    Index index;
    std::vector<Value> values; // that build() packs

    static Value value_at(const bench_boxes &boxes, size_t i) {
        return Value(geometry_at<Geometry>(boxes, i), static_cast<int64_t>(i + 1));
    }

    Index empty() {
        return Index(Parameters(), bgi::indexable<Value>(), bgi::equal_to<Value>(),
                     CountingAllocator<Value>(&bytes));
    }

  public:
    Tree() : index(empty()) {}

    void insert(const bench_boxes &boxes) override {
        for (size_t i = 0; i < boxes.count; i++)
            index.insert(value_at(boxes, i));
    }

    void prepare(const bench_boxes &boxes) override {
        values.reserve(boxes.count);
        for (size_t i = 0; i < boxes.count; i++)
            values.push_back(value_at(boxes, i));
    }

    void build() override {
        index = Index(values.begin(), values.end(), Parameters(), bgi::indexable<Value>(),
                      bgi::equal_to<Value>(), CountingAllocator<Value>(&bytes));
    }

    bench_answer windows(const bench_boxes &windows) const override {
        bench_answer answer = {0, 0};
        auto add = boost::make_function_output_iterator([&answer](const Value &value) {
            answer.hits++;
            answer.id_sum += static_cast<uint64_t>(value.second);
        });
        for (size_t i = 0; i < windows.count; i++)
            index.query(bgi::intersects(geometry_at<Box>(windows, i)), add);
        return answer;
    }

    bench_answer nearest(const bench_points &points, size_t k, int64_t *out_ids) const override {
        bench_answer answer = {0, 0};
        auto add = boost::make_function_output_iterator([&](const Value &value) {
            if (out_ids != nullptr) out_ids[answer.hits] = value.second;
            answer.hits++;
            answer.id_sum += static_cast<uint64_t>(value.second);
        });
        for (size_t i = 0; i < points.count; i++)
            index.query(bgi::nearest(Point(points.x[i], points.y[i]), static_cast<unsigned>(k)),
                        add);
        return answer;
    }

    bool remove(const int64_t *ids, size_t count, const bench_boxes &boxes) override {
        for (size_t i = 0; i < count; i++)
            if (index.remove(value_at(boxes, static_cast<size_t>(ids[i] - 1))) != 1) return false;
        return true;
    }

    bool move(const int64_t *ids, const bench_boxes &to, double *const columns[4]) override {
        const bench_boxes now = {columns[0], columns[1], columns[2], columns[3], index.size()};
        for (size_t i = 0; i < to.count; i++) {
            const size_t row = static_cast<size_t>(ids[i] - 1);
            if (index.remove(value_at(now, row)) != 1) return false;
            columns[0][row] = to.west[i], columns[1][row] = to.south[i];
            columns[2][row] = to.east[i], columns[3][row] = to.north[i];
            index.insert(value_at(now, row));
        }
        return true;
    }
};

template <class Geometry> bench_boost *make(uint32_t split) {
    switch (split) {
    case BENCH_BOOST_LINEAR:
        return new Tree<Geometry, bgi::linear<16>>();
    case BENCH_BOOST_QUADRATIC:
        return new Tree<Geometry, bgi::quadratic<16>>();
    default:
        return new Tree<Geometry, bgi::rstar<16>>();
    }
}

// No exception may reach C.
template <class Body> bool guarded(Body body) {
    try {
        return body();
    } catch (...) {
        return false;
    }
}

} // namespace

bool bench_boost_create(uint32_t split, bool are_points, bench_boost **out) {
    return guarded([&] {
        *out = are_points ? make<Point>(split) : make<Box>(split);
        return true;
    });
}

void bench_boost_destroy(bench_boost *tree) {
    delete tree;
}

bool bench_boost_insert(bench_boost *tree, const bench_boxes *boxes) {
    return guarded([&] { return tree->insert(*boxes), true; });
}

bool bench_boost_prepare(bench_boost *tree, const bench_boxes *boxes) {
    return guarded([&] { return tree->prepare(*boxes), true; });
}

bool bench_boost_build(bench_boost *tree) {
    return guarded([&] { return tree->build(), true; });
}

bool bench_boost_windows(const bench_boost *tree, const bench_boxes *windows, bench_answer *out) {
    return guarded([&] { return *out = tree->windows(*windows), true; });
}

bool bench_boost_nearest(const bench_boost *tree, const bench_points *points, size_t k,
                         int64_t *out_ids, bench_answer *out) {
    return guarded([&] { return *out = tree->nearest(*points, k, out_ids), true; });
}

bool bench_boost_delete(bench_boost *tree, const int64_t *ids, size_t count,
                        const bench_boxes *boxes) {
    return guarded([&] { return tree->remove(ids, count, *boxes); });
}

bool bench_boost_move(bench_boost *tree, const int64_t *ids, const bench_boxes *to,
                      double *const columns[4]) {
    return guarded([&] { return tree->move(ids, *to, columns); });
}

uint64_t bench_boost_bytes(const bench_boost *tree) {
    return tree->bytes;
}

const char *bench_boost_version() {
    return BOOST_LIB_VERSION;
}
