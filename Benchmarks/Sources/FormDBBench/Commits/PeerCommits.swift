import BenchCore
import BenchLMDB
import BenchRocksDB
import BenchSQLite
import Foundation

/// WAL with synchronous FULL, one connection that the writers take turns at.
final class SQLiteCommits: CommitEngine {
    private let directory: URL
    private var connection: SQLiteConnection

    init(_ surroundings: Surroundings) throws {
        directory = try surroundings.makeDirectory()
        connection = try SQLiteConnection(directory: directory)
        try connection.execute(
            """
            CREATE TABLE points (series INTEGER, time INTEGER, value REAL,
                                 PRIMARY KEY (series, time)) WITHOUT ROWID
            """)
    }

    func commit(_ load: bench_commit_load) throws -> Double {
        var load = load
        var time: UInt64 = 0
        try connection.check(bench_sqlite_commit(connection.handle, &load, &time), "commit")
        return Double(time)
    }

    func reopenAndSum(_ numbers: Range<UInt32>) throws -> bench_series_answer {
        try connection.close(keepingFiles: true)
        connection = try SQLiteConnection(directory: directory)
        var answer = bench_series_answer()
        try connection.check(bench_sqlite_sum(connection.handle, &answer), "sum")
        return answer
    }

    func close() throws { try connection.close() }
}

/// LMDB as it comes: every commit synced, one writer at a time.
final class LMDBCommits: CommitEngine {
    private let environment: LMDBEnvironment

    init(_ surroundings: Surroundings) throws {
        environment = try LMDBEnvironment(
            surroundings.makeDirectory(), isPacked: false, isDurable: true)
    }

    func commit(_ load: bench_commit_load) throws -> Double {
        var load = load
        var time: UInt64 = 0
        try LMDBEnvironment.check(bench_lmdb_commit(environment.handle, &load, &time), "commit")
        return Double(time)
    }

    func reopenAndSum(_ numbers: Range<UInt32>) throws -> bench_series_answer {
        try environment.reopen()
        var answer = bench_series_answer()
        try LMDBEnvironment.check(bench_lmdb_sum(environment.handle, &answer), "sum")
        return answer
    }

    func close() throws { try environment.close() }
}

/// RocksDB with sync = true; it gathers the writes of many threads in one sync.
final class RocksDBCommits: CommitEngine {
    private let database: RocksDBDatabase

    init(_ surroundings: Surroundings) throws {
        database = try RocksDBDatabase(surroundings.makeDirectory(), isDurable: true)
    }

    func commit(_ load: bench_commit_load) throws -> Double {
        var load = load
        var time: UInt64 = 0
        try RocksDBDatabase.check(bench_rocksdb_commit(database.handle, &load, &time), "commit")
        return Double(time)
    }

    func reopenAndSum(_ numbers: Range<UInt32>) throws -> bench_series_answer {
        try database.reopen()
        var answer = bench_series_answer()
        try RocksDBDatabase.check(bench_rocksdb_sum(database.handle, &answer), "sum")
        return answer
    }

    func close() throws { try database.close() }
}
