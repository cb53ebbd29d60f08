import BenchCore
import BenchSQLite

extension PlaceEngineKind {
    static let sqliteRTree = PlaceEngineKind(
        name: "sqlite-rtree", isPeer: true, isFloat32: true, isSlow: true
    ) { _ in try SQLiteRTree(SQLiteConnection(directory: nil)) }

    static let sqliteRTreeFile = PlaceEngineKind(
        name: "sqlite-rtree-file", isPeer: true, isFloat32: true, isOnDisk: true
    ) { setup in
        try SQLiteRTree(SQLiteConnection(directory: setup.surroundings.makeDirectory()))
    }
}

private final class SQLiteRTree: UpsertPlaceEngine {
    private let connection: SQLiteConnection
    private var insertion, search, deletion, upsertion: SQLiteStatement?

    init(_ connection: SQLiteConnection) throws {
        self.connection = connection
        try connection.execute(
            "CREATE VIRTUAL TABLE boxes USING rtree(id, west, east, south, north)")
        insertion = try connection.prepare("INSERT INTO boxes VALUES (?, ?, ?, ?, ?)")
        search = try connection.prepare(
            "SELECT id FROM boxes WHERE west <= ? AND east >= ? AND south <= ? AND north >= ?")
        upsertion = try connection.prepare("INSERT OR REPLACE INTO boxes VALUES (?, ?, ?, ?, ?)")
        deletion = try connection.prepare("DELETE FROM boxes WHERE id = ?")
    }

    func insert(_ boxes: Boxes) throws {
        guard let insertion else { return }
        var columns = boxes.columns
        try connection.inTransactions(boxes.count) { first, end in
            try connection.check(
                bench_sqlite_insert_boxes(insertion.handle, &columns, first, end), "insert")
        }
    }

    func upsert(_ ids: [Int64], _ boxes: Boxes, times: [Int64]?) throws {
        guard let upsertion else { return }
        var columns = boxes.columns
        try connection.inTransactions(boxes.count) { first, end in
            try connection.check(
                bench_sqlite_upsert_boxes(upsertion.handle, ids, &columns, first, end), "upsert")
        }
    }

    func windows(_ windows: Boxes) throws -> bench_answer {
        var answer = bench_answer()
        guard let search else { return answer }
        var columns = windows.columns
        try connection.check(bench_sqlite_windows(search.handle, &columns, &answer), "windows")
        return answer
    }

    func delete(_ ids: [Int64]) throws {
        guard let deletion else { return }
        var count: UInt64 = 0
        try connection.inTransactions(ids.count) { first, end in
            try connection.check(
                bench_sqlite_delete(deletion.handle, ids, first, end, &count), "delete")
        }
    }

    func indexBytes() throws -> Int? { try connection.bytes() }

    func close() throws {
        (insertion, search, deletion, upsertion) = (nil, nil, nil, nil)
        try connection.close()
    }
}
