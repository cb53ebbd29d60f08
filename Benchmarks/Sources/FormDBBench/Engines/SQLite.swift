import CSQLite
import Foundation

/// SQLite at its best honest settings: prepared statements, explicit transactions, a large cache,
/// one connection without mutexes; on disk WAL with a sync at each commit.
final class SQLiteConnection {
    let handle: OpaquePointer
    private let directory: URL?

    /// In memory when `directory` is nil; else in a file there, removed by `close`.
    init(directory: URL?) throws {
        self.directory = directory
        let path = directory?.appending(path: "bench.sqlite").path ?? ":memory:"
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK, let handle else {
            throw BenchError("sqlite: cannot open \(path)")
        }
        self.handle = handle
        if directory != nil {
            try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
            try execute("PRAGMA mmap_size = 1073741824")
        } else {
            try execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
        }
        try execute("PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY")
        try execute("PRAGMA locking_mode = EXCLUSIVE")
    }

    func execute(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw error(sql) }
    }

    func prepare(_ sql: String) throws -> SQLiteStatement {
        var statement: OpaquePointer?
        guard
            sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
                == SQLITE_OK, let statement
        else { throw error(sql) }
        return SQLiteStatement(statement)
    }

    /// `body` for stretches of `each` indices below `count`, each a transaction.
    func inTransactions(
        _ count: Int, of each: Int = rowsPerTransaction,
        _ body: (_ first: Int, _ end: Int) throws -> Void
    ) throws {
        for start in stride(from: 0, to: count, by: each) {
            try execute("BEGIN")
            try body(start, min(start + each, count))
            try execute("COMMIT")
        }
    }

    func check(_ code: Int32, _ what: String) throws {
        guard code == SQLITE_OK else { throw error(what) }
    }

    func error(_ what: String) -> BenchError {
        BenchError("sqlite: \(what): \(String(cString: sqlite3_errmsg(handle)))")
    }

    /// Pages in use, in bytes.
    func bytes() throws -> Int {
        var total = 1
        for pragma in ["PRAGMA page_count", "PRAGMA page_size"] {
            let statement = try prepare(pragma)
            guard sqlite3_step(statement.handle) == SQLITE_ROW else { throw error(pragma) }
            total *= Int(sqlite3_column_int64(statement.handle, 0))
        }
        return total
    }

    /// REQUIRES: no statements are left.
    func close(keepingFiles: Bool = false) throws {
        guard sqlite3_close(handle) == SQLITE_OK else { throw error("close") }
        if let directory, !keepingFiles { try FileManager.default.removeItem(at: directory) }
    }
}

/// A prepared statement, finalised with its last reference.
final class SQLiteStatement {
    let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { sqlite3_finalize(handle) }
}
