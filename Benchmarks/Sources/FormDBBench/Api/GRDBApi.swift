import Foundation
import GRDB

extension ApiEngineKind {
    /// A pool in WAL mode, every commit synced; an R*Tree of the boxes joined with a table of the rest;
    /// statements prepared once, records made by column number.
    static let grdb = ApiEngineKind(name: "grdb", isPeer: true, isOnDisk: true) {
        try GRDBApi($0.makeDirectory())
    }
}

extension ApiRow: FetchableRecord {
    /// Columns by number: the fastest way that GRDB offers.
    init(row: Row) {
        self.init(
            id: row[0], longitude: row[1], latitude: row[2], name: row[3], kind: row[4],
            score: row[5], visits: row[6])
    }
}

/// A record as most programs declare it: the compiler writes how it is read. Slower.
private struct CodablePlace: Codable, FetchableRecord {
    var id: Int64
    var longitude, latitude: Double
    var name, kind: String
    var score: Double
    var visits: Int64
}

private final class GRDBApi: CodableApiEngine {
    static let codableName = "grdb-codable"

    private let pool: DatabasePool
    private let directory: URL

    private static let condition = "west <= ? AND east >= ? AND south <= ? AND north >= ?"
    private static let columns = "id, longitude, latitude, name, kind, score, visits"
    private static let rowsOfBox = """
        SELECT \(columns) FROM place JOIN
            (SELECT id AS box_id FROM place_box WHERE \(condition)) ON id = box_id
        """

    init(_ directory: URL) throws {
        self.directory = directory
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA cache_size = -1000000; PRAGMA mmap_size = 1073741824;
                    PRAGMA temp_store = MEMORY
                    """)
        }
        pool = try DatabasePool(
            path: directory.appending(path: "bench.sqlite").path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // GRDB's pool chooses NORMAL, with which a power cut takes back what was committed.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2,
                try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal"
            else { throw BenchError("grdb: not in WAL mode with synchronous FULL") }
            try db.execute(
                sql: """
                    CREATE TABLE place (id INTEGER PRIMARY KEY, longitude REAL, latitude REAL,
                                        name TEXT, kind TEXT, score REAL, visits INTEGER);
                    CREATE VIRTUAL TABLE place_box USING rtree(id, west, east, south, north)
                    """)
        }
    }

    func insert(_ rows: ArraySlice<ApiRow>, perTransaction: Int) throws {
        for start in stride(from: rows.startIndex, to: rows.endIndex, by: perTransaction) {
            try pool.write { db in
                let place = try db.cachedStatement(
                    sql: "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?)")
                let box = try db.cachedStatement(
                    sql: "INSERT INTO place_box VALUES (?, ?, ?, ?, ?)")
                for row in rows[start..<min(start + perTransaction, rows.endIndex)] {
                    place.setUncheckedArguments([
                        row.id, row.longitude, row.latitude, row.name, row.kind, row.score,
                        row.visits,
                    ])
                    try place.execute()
                    box.setUncheckedArguments([
                        row.id, row.longitude, row.longitude, row.latitude, row.latitude,
                    ])
                    try box.execute()
                }
            }
        }
    }

    private func arguments(_ box: ApiBox) -> StatementArguments {
        [box.east, box.west, box.north, box.south]
    }

    func features(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            let rows = try pool.read { db in
                try ApiRow.fetchAll(
                    db.cachedStatement(sql: Self.rowsOfBox), arguments: arguments(box))
            }
            for row in rows { answer.add(row) }
        }
        return answer
    }

    func codableFeatures(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            let places = try pool.read { db in
                try CodablePlace.fetchAll(
                    db.cachedStatement(sql: Self.rowsOfBox), arguments: arguments(box))
            }
            for p in places {
                answer.add(
                    ApiRow(
                        id: p.id, longitude: p.longitude, latitude: p.latitude, name: p.name,
                        kind: p.kind, score: p.score, visits: p.visits))
            }
        }
        return answer
    }

    func views(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            try pool.read { db in
                let rows = try Row.fetchCursor(
                    db.cachedStatement(sql: Self.rowsOfBox), arguments: arguments(box))
                while let row = try rows.next() { answer.add(ApiRow(row: row)) }
            }
        }
        return answer
    }

    func ids(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            let ids = try pool.read { db in
                try Int64.fetchAll(
                    db.cachedStatement(
                        sql: "SELECT id FROM place_box WHERE \(Self.condition)"),
                    arguments: arguments(box))
            }
            for id in ids { answer.add(id: id) }
        }
        return answer
    }

    func count(_ boxes: [ApiBox]) throws -> Int {
        var count = 0
        for box in boxes {
            count +=
                try pool.read { db in
                    try Int.fetchOne(
                        db.cachedStatement(
                            sql: "SELECT COUNT(*) FROM place_box WHERE \(Self.condition)"),
                        arguments: arguments(box))
                } ?? 0
        }
        return count
    }

    func close() throws {
        try pool.close()
        try FileManager.default.removeItem(at: directory)
    }
}
