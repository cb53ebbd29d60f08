import BenchCore

extension PlaceEngineKind {
    /// The nine calls on an in-memory file table: every block encoded, hashed and logged.
    static let store = PlaceEngineKind(name: "formdb-store", plane: .globeOnly) {
        try StorePlace($0)
    }
}

final class StorePlace: PlaceEngine, TimedPlaceEngine {
    private let store: OpaquePointer
    private let arePoints: Bool

    init(_ setup: PlaceSetup) throws {
        var store: OpaquePointer?
        try BenchError.check(bench_store_create(&store), "formdb-store create")
        self.store = store!
        arePoints = setup.arePoints
    }

    deinit { bench_store_destroy(store) }

    func insert(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try BenchError.check(
            bench_store_insert(store, &columns, arePoints, rowsPerTransaction),
            "formdb-store insert")
    }

    func insert(_ boxes: Boxes, times: [Int64]) throws {
        var columns = boxes.columns
        try BenchError.check(
            bench_store_insert_timed(store, &columns, times, arePoints, rowsPerTransaction),
            "formdb-store insert")
    }

    func windows(
        _ windows: Boxes, starts: [Int64], length: Int64, filtersAfter: Bool
    ) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try BenchError.check(
            bench_store_windows_during(store, &columns, starts, length, filtersAfter, &answer),
            "formdb-store windows")
        return answer
    }

    func close() throws {}

    func windows(_ windows: Boxes) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try BenchError.check(bench_store_windows(store, &columns, &answer), "formdb-store windows")
        return answer
    }

    func nearest(_ points: bench_points, k: Int) throws -> bench_answer? {
        try nearest(points, k: k, inMetres: false)
    }

    func nearestInMetres(_ points: bench_points, k: Int) throws -> bench_answer? {
        try nearest(points, k: k, inMetres: true)
    }

    private func nearest(_ points: bench_points, k: Int, inMetres: Bool) throws -> bench_answer {
        var columns = points
        var answer = bench_answer()
        try BenchError.check(
            bench_store_nearest(store, &columns, k, inMetres, &answer), "formdb-store nearest")
        return answer
    }

    func delete(_ ids: [Int64]) throws {
        try BenchError.check(
            bench_store_delete(store, ids, ids.count, rowsPerTransaction), "formdb-store delete")
    }
}
