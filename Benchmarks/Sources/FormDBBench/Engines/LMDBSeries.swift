import BenchLMDB
import CLMDB
import Foundation

extension SeriesEngineKind {
    /// A key a point: LMDB's fastest form for writing.
    static let lmdb = SeriesEngineKind(name: "lmdb", isPeer: true) {
        try LMDBSeries($0, isPacked: false)
    }

    /// The points of a series as sorted duplicates of one key, handed out a page at a time: its
    /// fastest form for reading.
    static let lmdbPacked = SeriesEngineKind(name: "lmdb-dupfixed", isPeer: true) {
        try LMDBPackedSeries($0)
    }
}

/// An LMDB environment in a directory of its own, which `close` removes.
final class LMDBEnvironment {
    private(set) var handle: OpaquePointer
    private let directory: URL
    private let isPacked: Bool
    private let isDurable: Bool

    init(_ directory: URL, isPacked: Bool, isDurable: Bool) throws {
        self.directory = directory
        self.isPacked = isPacked
        self.isDurable = isDurable
        handle = try Self.open(directory, isPacked, isDurable)
    }

    private static func open(
        _ directory: URL, _ isPacked: Bool, _ isDurable: Bool
    ) throws -> OpaquePointer {
        var handle: OpaquePointer?
        try check(bench_lmdb_open(directory.path, isPacked, isDurable, &handle), "open")
        return handle!
    }

    func reopen() throws {
        bench_lmdb_close(handle)
        handle = try Self.open(directory, isPacked, isDurable)
    }

    static func check(_ code: Int32, _ what: String) throws {
        guard code == 0 else {
            throw BenchError("lmdb \(what): \(String(cString: mdb_strerror(code)))")
        }
    }

    func close() throws {
        bench_lmdb_close(handle)
        try FileManager.default.removeItem(at: directory)
    }
}

private class LMDBSeries: SeriesEngine {
    fileprivate let environment: LMDBEnvironment

    init(_ surroundings: Surroundings, isPacked: Bool) throws {
        environment = try LMDBEnvironment(
            surroundings.makeDirectory(), isPacked: isPacked, isDurable: false)
    }

    func append(times: [Int64], values: [Double]) throws {
        try LMDBEnvironment.check(
            bench_lmdb_append(environment.handle, times, values, times.count), "append")
    }

    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer {
        var answer = bench_series_answer()
        try LMDBEnvironment.check(
            bench_lmdb_ranges(environment.handle, starts, starts.count, length, &answer), "range")
        return answer
    }

    func delete(times: [Int64]) throws -> Int {
        var count: UInt64 = 0
        try LMDBEnvironment.check(
            bench_lmdb_delete(environment.handle, times, times.count, &count), "delete")
        return Int(count)
    }

    func close() throws { try environment.close() }
}

private final class LMDBPackedSeries: LMDBSeries, ColumnSeriesEngine {
    init(_ surroundings: Surroundings) throws { try super.init(surroundings, isPacked: true) }

    func appendColumns(times: [Int64], values: [Double]) throws {
        try LMDBEnvironment.check(
            bench_lmdb_append_columns(
                environment.handle, times, values, times.count, rowsPerTransaction), "append")
    }
}
