import CSQLite
import Foundation

extension CombinedEngine {
    /// In memory, analysed, every column that is asked for in an index: an R*Tree of places beside a table with indexes
    /// on time (covering the magnitude) and magnitude, between which SQLite's planner chooses; or `isTimed`, the R*Tree
    /// with the time as a third dimension and the rest as auxiliary columns, so that no join is needed.
    static func sqlite(_ workload: CombinedWorkload, isTimed: Bool) throws -> CombinedEngine {
        let connection = try SQLiteConnection(directory: nil)
        try connection.execute(
            """
            CREATE TABLE event (id INTEGER PRIMARY KEY, time INTEGER, magnitude REAL);
            CREATE VIRTUAL TABLE event_box USING rtree(id, west, east, south, north
                \(isTimed ? ", first, last, +time INTEGER, +magnitude REAL" : ""))
            """)
        try fill(connection, workload, isTimed: isTimed)
        try connection.execute(
            """
            CREATE INDEX event_time ON event (time, magnitude);
            CREATE INDEX event_magnitude ON event (magnitude, time); ANALYZE
            """)
        let meets = "west <= ?1 AND east >= ?2 AND south <= ?3 AND north >= ?4"
        let exact = "time >= ?5 AND time < ?6 AND magnitude >= ?7"
        // Seconds since the year began, as float32, which is two seconds off at most.
        let find = try connection.prepare(
            isTimed
                ? "SELECT id FROM event_box WHERE \(meets) AND first <= ?9 AND last >= ?8 AND \(exact)"
                : """
                SELECT event.id FROM event JOIN event_box ON event.id = event_box.id
                WHERE \(meets) AND \(exact)
                """)
        let mean = try connection.prepare(
            "SELECT avg(magnitude) FROM event WHERE time >= ?1 AND time < ?2")
        let perDay = try connection.prepare(
            """
            SELECT (time - \(CombinedWorkload.start)) / \(CombinedWorkload.day), count(*)
            FROM event INDEXED BY event_time GROUP BY 1
            """)
        return CombinedEngine(
            name: isTimed ? CombinedRunner.sqlite[1] : CombinedRunner.sqlite[0],
            find: { questions in
                var answer = CombinedAnswer()
                for q in questions {
                    for (number, value) in [q.east, q.west, q.north, q.south].enumerated() {
                        sqlite3_bind_double(find.handle, Int32(number + 1), value)
                    }
                    sqlite3_bind_int64(find.handle, 5, q.from)
                    sqlite3_bind_int64(find.handle, 6, q.to)
                    sqlite3_bind_double(find.handle, 7, q.magnitude)
                    if isTimed {
                        sqlite3_bind_double(find.handle, 8, seconds(q.from) - 4)
                        sqlite3_bind_double(find.handle, 9, seconds(q.to) + 4)
                    }
                    while sqlite3_step(find.handle) == SQLITE_ROW {
                        answer.add(sqlite3_column_int64(find.handle, 0))
                    }
                    sqlite3_reset(find.handle)
                }
                return answer
            },
            mean: { range in
                sqlite3_bind_int64(mean.handle, 1, range.lowerBound)
                sqlite3_bind_int64(mean.handle, 2, range.upperBound)
                defer { sqlite3_reset(mean.handle) }
                guard sqlite3_step(mean.handle) == SQLITE_ROW else {
                    throw connection.error("mean")
                }
                return sqlite3_column_double(mean.handle, 0)
            },
            perDay: {
                var counts = [Int64](repeating: 0, count: CombinedWorkload.days)
                while sqlite3_step(perDay.handle) == SQLITE_ROW {
                    counts[Int(sqlite3_column_int64(perDay.handle, 0))] = sqlite3_column_int64(
                        perDay.handle, 1)
                }
                sqlite3_reset(perDay.handle)
                return counts
            })
    }

    private static func seconds(_ time: Int64) -> Double {
        Double(time - CombinedWorkload.start) / 1e6
    }

    private static func fill(
        _ connection: SQLiteConnection, _ workload: CombinedWorkload, isTimed: Bool
    ) throws {
        let row = try connection.prepare("INSERT INTO event VALUES (?, ?, ?)")
        let box = try connection.prepare(
            "INSERT INTO event_box VALUES (?, ?, ?, ?, ?\(isTimed ? ", ?, ?, ?, ?" : ""))")
        try connection.inTransactions(workload.times.count) { first, end in
            for i in first..<end {
                sqlite3_bind_int64(row.handle, 1, Int64(i + 1))
                sqlite3_bind_int64(row.handle, 2, workload.times[i])
                sqlite3_bind_double(row.handle, 3, workload.magnitudes[i])
                sqlite3_bind_int64(box.handle, 1, Int64(i + 1))
                for column in 2...3 {
                    sqlite3_bind_double(box.handle, Int32(column), workload.longitudes[i])
                    sqlite3_bind_double(box.handle, Int32(column + 2), workload.latitudes[i])
                }
                if isTimed {
                    for column in 6...7 {
                        sqlite3_bind_double(box.handle, Int32(column), seconds(workload.times[i]))
                    }
                    sqlite3_bind_int64(box.handle, 8, workload.times[i])
                    sqlite3_bind_double(box.handle, 9, workload.magnitudes[i])
                }
                for statement in [row, box] {
                    guard sqlite3_step(statement.handle) == SQLITE_DONE else {
                        throw connection.error("insert")
                    }
                    sqlite3_reset(statement.handle)
                }
            }
        }
    }
}
