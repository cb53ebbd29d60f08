import Testing

// What the planner expects of places and times, beside counting.
@testable import FormDB

@Suite("Statistics")
struct StatisticsTests {
    private static func row(
        _ longitude: Double, _ latitude: Double, _ time: Int64? = nil
    ) -> CoreView.SampledRow {
        CoreView.SampledRow(
            position: 0,
            extent: PlaceHistogram.Extent(
                west: longitude, south: latitude, east: longitude, north: latitude),
            time: time.map { ($0, $0) })
    }

    private static func statistics(_ rows: [CoreView.SampledRow], of count: Int) -> SourceStatistics
    {
        SourceStatistics(rows, lookedAt: rows.count, of: 0..<UInt32(count))
    }

    private static func box(_ middle: (Double, Double), _ side: Double) -> BoundingBox {
        BoundingBox(
            west: max(-180, middle.0 - side / 2), south: max(-90, middle.1 - side / 2),
            east: min(180, middle.0 + side / 2), north: min(90, middle.1 + side / 2))
    }

    /// How many times off, both sides at least ten rows.
    private static func error(_ expected: Double, _ actual: Int) -> Double {
        let (a, b) = (max(expected, 10), max(Double(actual), 10))
        return max(a / b, b / a)
    }

    @Test("of no rows expect none")
    func noRows() {
        let statistics = Self.statistics([], of: 0)
        #expect(statistics.rows == 0)
        #expect(statistics.share(of: .world, isWithin: false) == 0)
        #expect(statistics.share(of: TimeRange.all) == 0)
    }

    @Test(
        "of one row, or of rows that are all alike, expect them where they are and nowhere else",
        arguments: [1, 5_000])
    func alike(count: Int) {
        let rows = [CoreView.SampledRow](repeating: Self.row(12.5, 41.9, 1_000), count: count)
        let statistics = Self.statistics(rows, of: count)
        #expect(statistics.rows == Double(count))
        #expect(statistics.share(of: Self.box((12.5, 41.9), 1), isWithin: false) == 1)
        #expect(statistics.share(of: Self.box((12.5, 41.9), 0), isWithin: true) == 1)
        #expect(statistics.share(of: .world, isWithin: false) == 1)
        #expect(statistics.share(of: Self.box((80, 0), 5), isWithin: false) == 0)
        let at = Timestamp(microseconds: 1_000)
        let next = Timestamp(microseconds: 1_001)
        #expect(statistics.share(of: TimeRange(at..<next)) == 1)
        #expect(statistics.share(of: TimeRange(next..<Timestamp(microseconds: 2_000))) == 0)
    }

    /// Found by the oracle: a collection made after another's creation was undone has its number, and was taken to
    /// have its bounds.
    @Test("of a collection whose creation was undone say nothing of the next one")
    func undoneCollection() throws {
        struct Undo: Error {}
        let database = try Database.inMemory()
        func put(_ longitude: Double, _ tx: borrowing WriteTransaction) throws -> Int {
            try tx.insert(
                Feature(id: .integer(1), geometry: .point(longitude: longitude, latitude: 10)),
                into: "f")
            // With an order it is planned, so that statistics are asked.
            let box = BoundingBox(west: longitude - 1, south: 9, east: longitude + 1, north: 11)
            let asked = tx.features(in: "f").bounds(intersecting: box).order(by: .time).limit(5)
            let found = try asked.fetchAll()
            return found.count
        }
        #expect(throws: Undo.self) {
            try database.write { tx in
                let found = try put(40, tx)
                #expect(found == 1)
                throw Undo()
            }
        }
        try database.write { tx in
            let found = try put(-120, tx)
            #expect(found == 1)
        }
    }

    @Test("expect of nine boxes and ranges in ten what is there, within four times")
    func estimates() {
        var random = SeededGenerator.printed()
        let middles = (0..<100).map { _ in
            (
                Double.random(in: -170...170, using: &random),
                Double.random(in: -80...80, using: &random)
            )
        }
        // Two in three in clusters much smaller than a cell, few of which hold most.
        var places: [(Double, Double)] = []
        var times: [Int64] = []
        for _ in 0..<200_000 {
            let number = Double.random(in: 0..<1, using: &random)
            let middle = middles[Int(100 * number * number)]
            places.append(
                Double.random(in: 0..<3, using: &random) < 2
                    ? (
                        middle.0 + Double.random(in: -2...2, using: &random),
                        middle.1 + Double.random(in: -2...2, using: &random)
                    )
                    : (
                        Double.random(in: -180...180, using: &random),
                        Double.random(in: -90...90, using: &random)
                    ))
            let at = Double.random(in: 0..<1, using: &random)
            times.append(Int64(1e9 * at * at * at))
        }
        let sample = stride(from: 0, to: places.count, by: 12).map {
            Self.row(places[$0].0, places[$0].1, times[$0])
        }
        let statistics = Self.statistics(sample, of: places.count)
        var placeErrors: [Double] = []
        var timeErrors: [Double] = []
        for round in 0..<200 {
            let middle = places[Int.random(in: 0..<places.count, using: &random)]
            let side = 0.1 * Double(1 << (round % 10))
            let box = Self.box(middle, side)
            let actual = places.count {
                box.west <= $0.0 && $0.0 <= box.east && box.south <= $0.1 && $0.1 <= box.north
            }
            let share = statistics.share(of: box, isWithin: false)
            placeErrors.append(Self.error(share * Double(places.count), actual))
            let start = times[Int.random(in: 0..<times.count, using: &random)]
            let end = start + Int64(1_000) << Int64(round % 20)
            let within = times.count { start <= $0 && $0 < end }
            let range = TimeRange(
                Timestamp(microseconds: start)..<Timestamp(microseconds: end))
            timeErrors.append(
                Self.error(statistics.share(of: range) * Double(times.count), within))
        }
        placeErrors.sort()
        timeErrors.sort()
        #expect(
            placeErrors[180] <= 4,
            "places at p90, p95, worst: \(placeErrors[180]) \(placeErrors[190]) \(placeErrors[199])"
        )
        #expect(
            timeErrors[180] <= 4,
            "times at p90, p95, worst: \(timeErrors[180]) \(timeErrors[190]) \(timeErrors[199])")
    }
}
