import BenchCore
import BenchSQLite

extension SeriesEngineKind {
    static let sqliteTable = SeriesEngineKind(name: "sqlite-table", isPeer: true) { _ in
        try SQLiteTable(SQLiteConnection(directory: nil))
    }

    static let sqliteTableFile = SeriesEngineKind(
        name: "sqlite-table-file", isPeer: true, isOnDisk: true
    ) { try SQLiteTable(SQLiteConnection(directory: $0.makeDirectory())) }
}

/// A table clustered by (series, time): the fastest form SQLite has. It keeps one point a
/// timestamp, which FormDB does not ask of its users.
private final class SQLiteTable: SeriesEngine {
    private let connection: SQLiteConnection
    private var insertion, search, deletion: SQLiteStatement?

    init(_ connection: SQLiteConnection) throws {
        self.connection = connection
        try connection.execute(
            """
            CREATE TABLE points (series INTEGER, time INTEGER, value REAL,
                                 PRIMARY KEY (series, time)) WITHOUT ROWID
            """)
        insertion = try connection.prepare("INSERT INTO points VALUES (1, ?, ?)")
        search = try connection.prepare(
            "SELECT time, value FROM points WHERE series = 1 AND time >= ? AND time < ? "
                + "ORDER BY time")
        deletion = try connection.prepare("DELETE FROM points WHERE series = 1 AND time = ?")
    }

    func append(times: [Int64], values: [Double]) throws {
        guard let insertion else { return }
        try connection.inTransactions(times.count, of: times.count) { first, end in
            try connection.check(
                bench_sqlite_insert_points(insertion.handle, times, values, first, end), "insert")
        }
    }

    func ranges(starts: [Int64], length: Int64) throws -> bench_series_answer {
        var answer = bench_series_answer()
        guard let search else { return answer }
        try connection.check(
            bench_sqlite_ranges(search.handle, starts, starts.count, length, &answer), "range")
        return answer
    }

    func delete(times: [Int64]) throws -> Int {
        guard let deletion else { return 0 }
        var deleted: UInt64 = 0
        try connection.inTransactions(times.count, of: times.count) { first, end in
            try connection.check(
                bench_sqlite_delete(deletion.handle, times, first, end, &deleted), "delete")
        }
        return Int(deleted)
    }

    func close() throws {
        (insertion, search, deletion) = (nil, nil, nil)
        try connection.close()
    }
}
