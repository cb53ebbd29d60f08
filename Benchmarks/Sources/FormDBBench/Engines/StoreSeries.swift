import BenchCore

extension SeriesEngineKind {
    static let store = SeriesEngineKind(name: "formdb-store") { _ in try StoreSeries() }
}

private final class StoreSeries: SeriesEngine {
    private let store: OpaquePointer

    init() throws {
        var store: OpaquePointer?
        try BenchError.check(bench_store_create(&store), "formdb-store create")
        self.store = store!
    }

    deinit { bench_store_destroy(store) }

    func append(times: [Int64], values: [Double]) throws {
        try BenchError.check(
            bench_store_append(store, times, values, times.count, times.count),
            "formdb-store append")
    }

    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer {
        var answer = bench_series_answer()
        try BenchError.check(
            bench_store_ranges(store, starts, starts.count, length, &answer), "formdb-store range")
        return answer
    }

    func delete(times: [Int64]) throws -> Int {
        var count: UInt64 = 0
        try BenchError.check(
            bench_store_delete_points(store, times, times.count, times.count, &count),
            "formdb-store delete")
        return Int(count)
    }
}
