import BenchCore

extension PlaceEngineKind {
    /// The memtable with its id map, read through views with a snapshot; no journal.
    static let core = PlaceEngineKind(name: "formdb-core") { try CorePlace($0) }
}

private final class CorePlace: PackablePlaceEngine {
    private let core: OpaquePointer
    private let arePoints: Bool

    init(_ setup: PlaceSetup) throws {
        var core: OpaquePointer?
        try BenchError.check(bench_core_create(setup.isPlanar, &core), "formdb-core create")
        self.core = core!
        arePoints = setup.arePoints
    }

    deinit { bench_core_destroy(core) }

    func insert(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try BenchError.check(
            bench_core_insert(core, &columns, arePoints, rowsPerTransaction), "formdb-core insert")
    }

    func build(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try BenchError.check(bench_core_build(core, &columns, arePoints), "formdb-core build")
    }

    func pack() throws { try BenchError.check(bench_core_pack(core), "formdb-core pack") }

    func longestInsert(_ boxes: Boxes) throws -> Double {
        var columns = boxes.columns
        var longest: UInt64 = 0
        try BenchError.check(
            bench_core_insert_pause(core, &columns, arePoints, rowsPerTransaction, &longest),
            "formdb-core insert")
        return Double(longest)
    }

    func windows(_ windows: Boxes) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try BenchError.check(bench_core_windows(core, &columns, &answer), "formdb-core windows")
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
            bench_core_nearest(core, &columns, k, inMetres, &answer), "formdb-core nearest")
        return answer
    }

    func delete(_ ids: [Int64]) throws {
        try BenchError.check(
            bench_core_delete(core, ids, ids.count, rowsPerTransaction), "formdb-core delete")
    }

    func indexBytes() throws -> Int? { Int(bench_core_index_bytes(core)) }
}
