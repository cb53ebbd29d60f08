import BenchBoost
import BenchCore

extension PlaceEngineKind {
    /// Boost.Geometry's dynamic trees, nodes of 16, by how they split a node that is full.
    static let boostLinear = boost("boost-linear", BENCH_BOOST_LINEAR)
    static let boostQuadratic = boost("boost-quadratic", BENCH_BOOST_QUADRATIC, isSlow: true)
    static let boostRStar = boost("boost-rstar", BENCH_BOOST_RSTAR)

    /// Boost.Geometry's tree built at once by its packing constructor.
    static let boostPacked = PlaceEngineKind(
        name: "boost-packed", isPeer: true, isBulkOnly: true
    ) { try BoostPacked($0, BENCH_BOOST_RSTAR) }

    private static func boost(
        _ name: String, _ split: bench_boost_split, isSlow: Bool = false
    ) -> PlaceEngineKind {
        PlaceEngineKind(name: name, isPeer: true, isSlow: isSlow) { try BoostPlace($0, split) }
    }
}

/// Keeps the box of every row beside the tree, as a user would have to: it removes by box, not by id.
private class BoostPlace: UpsertPlaceEngine {
    fileprivate let tree: OpaquePointer
    private var rows: Boxes?

    init(_ setup: PlaceSetup, _ split: bench_boost_split) throws {
        var tree: OpaquePointer?
        guard bench_boost_create(split.rawValue, setup.arePoints, &tree), let tree else {
            throw BenchError("boost: no memory")
        }
        self.tree = tree
    }

    deinit { bench_boost_destroy(tree) }

    fileprivate func check(_ succeeded: Bool, _ what: String) throws {
        guard succeeded else { throw BenchError("boost: \(what) failed") }
    }

    func insert(_ boxes: Boxes) throws {
        rows = boxes
        var columns = boxes.columns
        try check(bench_boost_insert(tree, &columns), "insert")
    }

    func windows(_ windows: Boxes) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try check(bench_boost_windows(tree, &columns, &answer), "windows")
        return answer
    }

    func nearest(_ points: bench_points, k: Int) throws -> bench_answer? {
        var columns = points
        var answer = bench_answer()
        try check(bench_boost_nearest(tree, &columns, k, nil, &answer), "nearest")
        return answer
    }

    func nearestInAnyOrder(_ points: bench_points, k: Int) throws -> [Int64]? {
        var columns = points
        var answer = bench_answer()
        var ids = [Int64](repeating: 0, count: points.count * k)
        try check(bench_boost_nearest(tree, &columns, k, &ids, &answer), "nearest")
        return ids
    }

    func delete(_ ids: [Int64]) throws {
        guard let rows else { return }
        var columns = rows.columns
        try check(bench_boost_delete(tree, ids, ids.count, &columns), "delete")
    }

    func beginUpserts() throws { rows = rows?.copy() }

    func upsert(_ ids: [Int64], _ boxes: Boxes, times: [Int64]?) throws {
        guard let rows else { return }
        var to = boxes.columns
        let moved = rows.withMutableColumns { bench_boost_move(tree, ids, &to, $0) }
        try check(moved, "move")
    }

    func indexBytes() throws -> Int? { Int(bench_boost_bytes(tree)) }
}

private final class BoostPacked: BoostPlace, BulkPlaceEngine {
    func prepare(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try check(bench_boost_prepare(tree, &columns), "prepare")
    }

    func build(_ boxes: Boxes) throws { try check(bench_boost_build(tree), "build") }
}
