import BenchCore

extension PlaceEngineKind {
    /// The memtable with its id map, read through views with a snapshot; no journal.
    static let core = PlaceEngineKind(name: "formdb-core") { try CorePlace($0) }
    /// The same, giving superseded rows back.
    static let coreJournalOnly = PlaceEngineKind(name: "formdb-core-journal-only") {
        try CorePlace($0, isJournalOnly: true)
    }
}

final class CorePlace: BulkPlaceEngine, UpsertPlaceEngine, TimedPlaceEngine, ObservablePlaceEngine {
    private let core: OpaquePointer
    private let arePoints: Bool

    init(_ setup: PlaceSetup, isJournalOnly: Bool = false) throws {
        var core: OpaquePointer?
        let status =
            isJournalOnly
            ? bench_core_create_journal_only(&core) : bench_core_create(setup.isPlanar, &core)
        try BenchError.check(status, "formdb-core create")
        self.core = core!
        arePoints = setup.arePoints
    }

    deinit { bench_core_destroy(core) }

    private func check(_ status: fc_status, _ what: String) throws {
        try BenchError.check(status, "formdb-core \(what)")
    }

    func insert(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try check(bench_core_insert(core, &columns, arePoints, rowsPerTransaction), "insert")
    }

    func insert(_ boxes: Boxes, times: [Int64]) throws {
        var columns = boxes.columns
        try check(
            bench_core_insert_timed(core, &columns, times, arePoints, rowsPerTransaction), "insert")
    }

    func build(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try check(bench_core_build(core, &columns, arePoints), "build")
    }

    func build(_ boxes: Boxes, times: [Int64]) throws -> Bool {
        var columns = boxes.columns
        try check(bench_core_build_timed(core, &columns, times, arePoints), "build")
        try pack()
        return true
    }

    func pack() throws { try check(bench_core_pack(core), "pack") }

    func windows(_ windows: Boxes) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try check(bench_core_windows(core, &columns, &answer), "windows")
        return answer
    }

    func windows(
        _ windows: Boxes, starts: [Int64], length: Int64, filtersAfter: Bool
    ) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try check(
            bench_core_windows_during(core, &columns, starts, length, filtersAfter, &answer),
            "windows")
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
        try check(bench_core_nearest(core, &columns, k, inMetres, &answer), "nearest")
        return answer
    }

    func delete(_ ids: [Int64]) throws {
        try check(bench_core_delete(core, ids, ids.count, rowsPerTransaction), "delete")
    }

    func upsert(_ ids: [Int64], _ boxes: Boxes, times: [Int64]?) throws {
        var columns = boxes.columns
        let status =
            if let times {
                bench_core_upsert(core, ids, &columns, times, arePoints, rowsPerTransaction)
            } else {
                bench_core_upsert(core, ids, &columns, nil, arePoints, rowsPerTransaction)
            }
        try check(status, "upsert")
    }

    func indexBytes() throws -> Int? { Int(bench_core_index_bytes(core)) }
    func timedBytes() throws -> Int? {
        Int(bench_core_index_bytes(core) + bench_core_time_bytes(core))
    }
    func peakBytes() throws -> Int { Int(bench_core_index_bytes_peak(core)) }

    func insertScattered(_ boxes: Boxes) throws {
        var columns = boxes.columns
        try check(
            bench_core_insert_scattered(core, &columns, arePoints, rowsPerTransaction), "insert")
    }

    func insertLatencies(_ boxes: Boxes) throws -> [UInt32] {
        var columns = boxes.columns
        var times = [UInt32](repeating: 0, count: boxes.count)
        try check(
            bench_core_insert_latencies(core, &columns, arePoints, rowsPerTransaction, &times),
            "insert")
        return times
    }

    func windowLatencies(_ windows: Boxes) throws -> (nanoseconds: [UInt32], answer: bench_answer) {
        var columns = windows.columns
        var times = [UInt32](repeating: 0, count: windows.count)
        var answer = bench_answer()
        try check(bench_core_window_latencies(core, &columns, &times, &answer), "windows")
        return (times, answer)
    }

    func close() throws {}

    func hold() throws { try check(bench_core_hold(core), "hold") }

    func windowsHeld(_ held: Int, _ windows: Boxes) throws -> bench_answer {
        var columns = windows.columns
        var answer = bench_answer()
        try check(bench_core_windows_held(core, held, &columns, &answer), "windows")
        return answer
    }

    func update(_ ids: [Int64], _ boxes: Boxes) throws { try upsert(ids, boxes, times: nil) }

    func readers(
        _ count: Int, isBesideWriter: Bool, rows: Boxes, windows: Boxes, expected: [bench_answer],
        seconds: Double
    ) throws -> bench_readers_result {
        var rowColumns = rows.columns
        var windowColumns = windows.columns
        var result = bench_readers_result()
        try check(
            bench_core_readers(
                core, &rowColumns, arePoints, &windowColumns, expected, UInt32(count),
                isBesideWriter, rowsPerTransaction, UInt64(seconds * 1e9), &result), "readers")
        return result
    }
}
