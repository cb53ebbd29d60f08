import BenchCore

extension SeriesEngineKind {
    static let core = SeriesEngineKind(name: "formdb-core") { _ in try CoreSeries() }
}

private final class CoreSeries: ColumnSeriesEngine {
    private let series: OpaquePointer

    init() throws {
        var series: OpaquePointer?
        try BenchError.check(bench_series_create(&series), "formdb-core create")
        self.series = series!
    }

    deinit { bench_series_destroy(series) }

    func append(times: [Int64], values: [Double]) throws {
        try BenchError.check(
            bench_series_append(series, times, values, times.count, times.count),
            "formdb-core append")
    }

    func appendColumns(times: [Int64], values: [Double]) throws {
        try BenchError.check(
            bench_series_append_columns(series, times, values, times.count, rowsPerTransaction),
            "formdb-core append")
    }

    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer {
        var answer = bench_series_answer()
        try BenchError.check(
            bench_series_ranges(series, starts, starts.count, length, &answer),
            "formdb-core range")
        return answer
    }

    func delete(times: [Int64]) throws -> Int {
        var count: UInt64 = 0
        try BenchError.check(
            bench_series_delete(series, times, times.count, times.count, &count),
            "formdb-core delete")
        return Int(count)
    }
}
