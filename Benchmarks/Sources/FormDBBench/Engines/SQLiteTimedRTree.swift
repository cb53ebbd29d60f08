import BenchCore
import BenchSQLite

/// The R*Tree with time as its third dimension, since `epoch`: float32 like the boxes, so that late in
/// a year an instant is known to two seconds.
final class SQLiteTimedRTree: TimedPlaceEngine {
    private let connection: SQLiteConnection
    private let epoch: Int64
    private var insertion, search, boxSearch: SQLiteStatement?

    init(_ connection: SQLiteConnection, epoch: Int64) throws {
        self.connection = connection
        self.epoch = epoch
        try connection.execute(
            "CREATE VIRTUAL TABLE boxes USING rtree(id, west, east, south, north, first, last)")
        insertion = try connection.prepare("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?)")
        let meets = "west <= ? AND east >= ? AND south <= ? AND north >= ?"
        search = try connection.prepare(
            "SELECT id FROM boxes WHERE \(meets) AND first < ? AND last >= ?")
        boxSearch = try connection.prepare("SELECT id, first, last FROM boxes WHERE \(meets)")
    }

    private func units(_ times: [Int64]) -> [Double] {
        times.map { TimedWorkload.units($0 - epoch) }
    }

    func insert(_ boxes: Boxes, times: [Int64]) throws {
        guard let insertion else { return }
        var columns = boxes.columns
        let units = units(times)
        try connection.inTransactions(boxes.count) { first, end in
            try connection.check(
                bench_sqlite_insert_timed(insertion.handle, &columns, units, first, end),
                "insert")
        }
    }

    func windows(
        _ windows: Boxes, starts: [Int64], length: Int64, filtersAfter: Bool
    ) throws -> bench_answer {
        var answer = bench_answer()
        guard let statement = filtersAfter ? boxSearch : search else { return answer }
        var columns = windows.columns
        try connection.check(
            bench_sqlite_windows_during(
                statement.handle, &columns, units(starts), TimedWorkload.units(length),
                filtersAfter,
                &answer), "windows")
        return answer
    }

    func timedBytes() throws -> Int? { try connection.bytes() }

    func close() throws {
        (insertion, search, boxSearch) = (nil, nil, nil)
        try connection.close()
    }
}
