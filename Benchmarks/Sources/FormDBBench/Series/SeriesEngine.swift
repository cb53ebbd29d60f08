import BenchCore

/// What every engine does with one series of one field. Writes are one point a call, all of them
/// one transaction; questions read every time and value.
protocol SeriesEngine: AnyObject {
    func append(times: [Int64], values: [Double]) throws
    /// The ranges [start, start + length), microseconds.
    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer
    /// Deletes the points at each time, one call each; how many there were.
    func delete(times: [Int64]) throws -> Int
    func close() throws
}

extension SeriesEngine {
    func close() throws {}
}

/// An engine that also takes a batch of points in one call, as columns.
protocol ColumnSeriesEngine: SeriesEngine {
    /// Transactions of `rowsPerTransaction` points, one call each.
    func appendColumns(times: [Int64], values: [Double]) throws
}

struct SeriesEngineKind: Sendable {
    let name: String
    var isPeer = false
    var isOnDisk = false
    let make: @Sendable (Surroundings) throws -> any SeriesEngine

    static let all: [SeriesEngineKind] = [
        .core, .store, .formdb, .formdbDurable, .sqliteTable, .sqliteTableFile,
        .lmdb, .lmdbPacked, .rocksdb,
    ]
}
