import BenchCore
import BenchRocksDB
import Foundation

extension SeriesEngineKind {
    /// Without a write-ahead log; what was written stays in its memtable, its fastest place.
    static let rocksdb = SeriesEngineKind(name: "rocksdb", isPeer: true) {
        try RocksDBSeries($0)
    }
}

/// A RocksDB database in a directory of its own, which `close` removes.
final class RocksDBDatabase {
    private(set) var handle: OpaquePointer
    private let directory: URL
    private let isDurable: Bool

    init(_ directory: URL, isDurable: Bool) throws {
        self.directory = directory
        self.isDurable = isDurable
        handle = try Self.open(directory, isDurable)
    }

    private static func open(_ directory: URL, _ isDurable: Bool) throws -> OpaquePointer {
        var handle: OpaquePointer?
        try check(bench_rocksdb_open(directory.path, isDurable, &handle), "open")
        return handle!
    }

    func reopen() throws {
        bench_rocksdb_close(handle)
        handle = try Self.open(directory, isDurable)
    }

    static func check(_ code: Int32, _ what: String) throws {
        guard code == 0 else {
            throw BenchError("rocksdb \(what): \(String(cString: bench_rocksdb_message()))")
        }
    }

    func close() throws {
        bench_rocksdb_close(handle)
        try FileManager.default.removeItem(at: directory)
    }
}

private final class RocksDBSeries: SeriesEngine {
    private let database: RocksDBDatabase

    init(_ surroundings: Surroundings) throws {
        database = try RocksDBDatabase(surroundings.makeDirectory(), isDurable: false)
    }

    func append(times: [Int64], values: [Double]) throws {
        try RocksDBDatabase.check(
            bench_rocksdb_append(database.handle, times, values, times.count, times.count),
            "append")
    }

    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer {
        var answer = bench_series_answer()
        try RocksDBDatabase.check(
            bench_rocksdb_ranges(database.handle, starts, starts.count, length, &answer), "range")
        return answer
    }

    /// RocksDB does not say how many there were; the runner counts what is left.
    func delete(times: [Int64]) throws -> Int {
        try RocksDBDatabase.check(
            bench_rocksdb_delete(database.handle, times, times.count, times.count),
            "delete")
        return times.count
    }

    func close() throws { try database.close() }
}
