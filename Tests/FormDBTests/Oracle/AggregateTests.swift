import Foundation
import Testing

@testable import FormDB

@Suite("Aggregates and windows of features")
struct AggregateTests {
    private static let day: Int64 = 86_400_000_000

    private func calendar(_ zone: String, firstWeekday: Int = 2) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: zone)!
        calendar.firstWeekday = firstWeekday
        return calendar
    }

    private func edges(
        _ unit: CalendarUnit, _ zone: String, _ from: String, _ through: String
    ) throws -> [String] {
        try CalendarWindows(unit: unit, calendar: calendar(zone))
            .edges(from: Timestamp(iso8601: from), through: Timestamp(iso8601: through))
            .map(\.description)
    }

    @Test("New York: a day of 23 and one of 25 hours, and an hour that comes twice")
    func newYork() throws {
        #expect(
            try edges(.day, "America/New_York", "2018-03-11T06:00:00Z", "2018-03-12T05:00:00Z") == [
                "2018-03-11T05:00:00Z", "2018-03-12T04:00:00Z", "2018-03-13T04:00:00Z",
            ])
        #expect(
            try edges(.day, "America/New_York", "2018-11-04T06:00:00Z", "2018-11-04T07:00:00Z") == [
                "2018-11-04T04:00:00Z", "2018-11-05T05:00:00Z",
            ])
        #expect(
            try edges(.hour, "America/New_York", "2018-11-04T05:30:00Z", "2018-11-04T06:30:00Z")
                == ["2018-11-04T05:00:00Z", "2018-11-04T06:00:00Z", "2018-11-04T07:00:00Z"])
        #expect(
            try edges(.month, "America/New_York", "2018-03-01T05:00:00Z", "2018-03-31T00:00:00Z")
                == ["2018-03-01T05:00:00Z", "2018-04-01T04:00:00Z"])
        #expect(
            try edges(.week, "America/New_York", "2018-11-04T12:00:00Z", "2018-11-05T12:00:00Z")
                == [
                    "2018-10-29T04:00:00Z", "2018-11-05T05:00:00Z", "2018-11-12T05:00:00Z",
                ])
        #expect(
            try edges(.year, "America/New_York", "2018-11-04T12:00:00Z", "2018-11-05T12:00:00Z")
                == ["2018-01-01T05:00:00Z", "2019-01-01T05:00:00Z"])
        #expect(
            try edges(.quarter, "America/New_York", "2018-11-04T12:00:00Z", "2018-11-05T12:00:00Z")
                == ["2018-10-01T04:00:00Z", "2019-01-01T05:00:00Z"])
    }

    @Test("Lord Howe: clocks set by half an hour start an hour")
    func lordHowe() throws {
        // 2018-04-01 02:00 +11 becomes 01:30 +10:30.
        #expect(
            try edges(
                .hour, "Australia/Lord_Howe", "2018-03-31T14:30:00Z", "2018-03-31T15:30:00Z") == [
                    "2018-03-31T14:00:00Z", "2018-03-31T15:00:00Z", "2018-03-31T15:30:00Z",
                    "2018-03-31T16:30:00Z",
                ])
        // 2018-10-07 02:00 +10:30 becomes 02:30 +11.
        #expect(
            try edges(
                .hour, "Australia/Lord_Howe", "2018-10-06T15:00:00Z", "2018-10-06T15:45:00Z") == [
                    "2018-10-06T14:30:00Z", "2018-10-06T15:30:00Z", "2018-10-06T16:00:00Z",
                ])
    }

    @Test("São Paulo 2018-11-04 starts at 01:00, its first instant")
    func saoPaulo() throws {
        #expect(
            try edges(.day, "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T12:00:00Z")
                == ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"])
    }

    @Test("Apia had no 30 December 2011")
    func apia() throws {
        #expect(
            try edges(.day, "Pacific/Apia", "2011-12-30T05:00:00Z", "2011-12-30T12:00:00Z") == [
                "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z",
            ])
    }

    @Test("All aggregates are those of a model, of all rows and of some, in snapshots too")
    func random() throws {
        var random = SeededGenerator.printed()
        let db = try Database.inMemory()
        // One operation in five is a deletion, the first one too.
        try db.write { tx in try tx.createCollection("f") }
        var model: [Int64: Feature] = [:]
        func value() -> JSONValue? {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: nil
            case 1: .null
            case 2: .string(["a", "b", "é"].randomElement(using: &random)!)
            case 3: .bool(Bool.random(using: &random))
            case 4: .array([[1], [1.0], [2, "x"]].randomElement(using: &random)!)
            case 5: .object(["k": .int(Int64.random(in: 0...2, using: &random))])
            case 6: .double(Double.random(in: -1e6...1e6, using: &random))
            case 7: .double(Double(Int.random(in: -3...3, using: &random)))
            case 8: .int(Int64.random(in: .min ... .max, using: &random))
            default: .int(Int64.random(in: -3...3, using: &random))
            }
        }
        for _ in 0..<8 {
            try db.write { tx in
                for _ in 0..<400 {
                    let id = Int64.random(in: 1...1500, using: &random)
                    if Int.random(in: 0..<5, using: &random) == 0 {
                        _ = try tx.delete(.integer(id), in: "f")
                        model[id] = nil
                        continue
                    }
                    var properties: JSONObject = [:]
                    if let value = value() { properties["v"] = value }
                    if let key = value() { properties["k"] = key }
                    let start = Timestamp(
                        microseconds: Int64.random(
                            in: -20 * Self.day...20 * Self.day, using: &random))
                    let end = start + .seconds(Int.random(in: 0...200_000, using: &random))
                    let feature = Feature(
                        id: .integer(id), geometry: nil, properties: properties,
                        time: Bool.random(using: &random) ? .interval(start, end) : nil)
                    try tx.upsert(feature, into: "f")
                    model[id] = feature
                }
            }
        }
        let from = Timestamp(microseconds: -7 * Self.day - 1234)
        let to = Timestamp(microseconds: 9 * Self.day + 99)
        let all = db.features(in: "f")
        try check(all, Array(model.values), nil)
        let during = model.values.filter { feature in
            guard let time = feature.time else { return false }
            return time.start < to && time.end >= from
        }
        try check(all.during(from..<to), during, from)
        let ids = Set(model.keys.filter { $0 % 3 == 0 })
        try check(
            all.ids(ids.map { .integer($0) }),
            model.values.filter { ids.contains($0.id!.integerValue!) },
            nil)
        let snapshot = try db.snapshot()
        let before = Array(model.values)
        try db.write { tx in
            for id in model.keys { _ = try tx.delete(.integer(id), in: "f") }
        }
        try check(snapshot.features(in: "f"), before, nil)
        #expect(try all.aggregate(of: .property("v")) == .nothing)
    }

    /// Beside a straightforward computation over the features themselves.
    private func check(_ request: FeatureRequest, _ features: [Feature], _ from: Timestamp?) throws
    {
        check(try request.aggregate(of: .property("v")), features)
        let groups = Dictionary(grouping: features) { $0.properties?["k"] }
        let found = try request.grouped(by: .property("k")).aggregate(of: .property("v"))
        #expect(Set(found.map(\.key)) == Set(groups.keys) && found.count == groups.count)
        for group in found { check(group.value, groups[group.key] ?? []) }
        let ranks = found.map { Self.rank($0.key) }
        #expect(ranks == ranks.sorted())
        let distinct = Set(features.compactMap { $0.properties?["v"] }.filter { Self.rank($0) < 3 })
        #expect(try Set(request.distinct(of: .property("v"))) == distinct)

        let timed = features.filter { $0.time != nil }
        let windows = Dictionary(grouping: timed) { feature in
            let start = max(feature.time!.start, from ?? .min).microseconds
            return Int((Double(start) / Double(Self.day)).rounded(.down))
        }
        let daily = try request.windows(.days(1)).aggregate(of: .property("v"))
        #expect(daily.count == windows.count)
        for (window, number) in zip(daily, windows.keys.sorted()) {
            let start = Int64(number) * Self.day
            #expect(window.start.microseconds == max(start, from?.microseconds ?? .min))
            check(window.value, windows[number] ?? [])
        }
        let counts = try request.windows(.days(1), empty: .included).count()
        #expect(counts.map(\.value).reduce(0, +) == timed.count)
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0.end == $1.start })
        let edges = (-30...30).map { Timestamp(microseconds: Int64($0) * Self.day) }
        #expect(try request.windows(.edges(edges)).count().map(\.value) == daily.map(\.value.rows))
        let utc = try request.windows(.calendar(.day, calendar("UTC"))).count()
        #expect(utc.map(\.start) == daily.map(\.start))
        #expect(utc.map(\.value) == daily.map(\.value.rows))
    }

    private static func rank(_ value: JSONValue?) -> Int {
        switch value {
        case .int, .uint, .double: 0
        case .string: 1
        case .bool: 2
        case .array: 3
        case .object: 4
        case .null?: 5
        case nil: 6
        }
    }

    private func check(_ found: Aggregate, _ features: [Feature]) {
        let values = features.compactMap { $0.properties?["v"] }
        var exact = ExactSum()
        var count = 0
        for value in values where value.isNumber {
            count += 1
            if let int = value.intValue {
                // As two parts that are exact.
                exact.add(Double(int >> 32) * 4_294_967_296)
                exact.add(Double(int & 0xffff_ffff))
            } else {
                exact.add(value.doubleValue!)
            }
        }
        let scalars = values.filter { Self.rank($0) < 3 }.sorted {
            (Self.rank($0), $0) < (Self.rank($1), $1)
        }
        #expect(found.rows == features.count && found.values == count)
        #expect(found.minimum == scalars.first && found.maximum == scalars.last)
        var error = exact
        error.add(-found.sum)
        #expect(error.magnitude <= found.sum.ulp)
        #expect((found.mean == nil) == (count == 0))
        if let mean = found.mean {
            error = exact
            error.add(mean, times: -Double(count))
            #expect(error.magnitude <= mean.ulp * Double(count) * 1.001)
        }
    }

    @Test("Earthquakes of a month, day by day")
    func earthquakes() throws {
        let file = try #require(RealFile.all.first { $0.name == "earthquakes_2022_month.csv" })
        let db = try Database.inMemory()
        _ = try file.importFile(into: db)
        var wanted: [String: Int] = [:]
        for feature in try file.features() {
            wanted[String(feature.time!.start.description.prefix(10)), default: 0] += 1
        }
        let daily = try db.features(in: "file").windows(.days(1)).count()
        #expect(daily.count == wanted.count)
        for day in daily { #expect(wanted[String(day.start.description.prefix(10))] == day.value) }
    }

    /// Hundreds of windows in one table, then one too far away for a table: that once never ended.
    @Test("Windows that lie far apart are counted and summed as others are")
    func farWindows() throws {
        let db = try Database.inMemory()
        let times = (0..<700).map { Int64($0) * 1000 } + [Int64(1) << 50]
        try db.write { tx in
            for time in times {
                try tx.insert(
                    Feature(
                        geometry: nil, properties: ["n": .int(time)],
                        time: .instant(Timestamp(microseconds: time))), into: "far")
            }
        }
        let windows = db.features(in: "far").windows(.milliseconds(1))
        #expect(try windows.count().map(\.value) == times.map { _ in 1 })
        #expect(try windows.sum(of: .property("n")).map(\.value) == times.map(Double.init))
    }

    @Test("What is empty is filled from before, or on a line")
    func fills() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.append(times: [0, 3_000_000], values: [1, 7], to: "s")
        }
        let range = Timestamp(microseconds: -1_000_000)..<Timestamp(microseconds: 5_000_000)
        func means(_ empty: EmptyWindows) throws -> [Double?] {
            try db.series("s").during(range).windows(.length(.seconds(1)), empty: empty).mean()
                .map(\.value)
        }
        #expect(try means(.omitted) == [1, 7])
        #expect(try means(.included) == [nil, 1, nil, nil, 7, nil])
        #expect(try means(.filled(.previous)) == [nil, 1, 1, 1, 7, 7])
        #expect(try means(.filled(.linear)) == [nil, 1, 3, 5, 7, nil])
    }

    @Test("Series are found by tag and place")
    func seriesByTag() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            for (index, kind) in ["t", "t", "p", "t"].enumerated() {
                let place = Geometry.point(longitude: Double(index), latitude: 0)
                try tx.createSeries(
                    "s\(index)",
                    describedBy: Feature(geometry: place, properties: ["kind": .string(kind)]))
                try tx.append(
                    times: [Int64(10 - index), 20], values: [Double(index), 1], to: "s\(index)")
            }
        }
        let found = db.series(where: .property("kind") == "t").bounds(
            intersecting: BoundingBox(west: 0.5, south: -1, east: 9, north: 1))
        #expect(try found.each().map(\.name) == ["s1", "s3"])
        #expect(try found.fetchAll().map(\.time.microseconds) == [7, 9, 20, 20])
        #expect(try found.reversed().limit(3).fetchAll().map(\.time.microseconds) == [20, 20, 9])
        #expect(try found.fetchCount() == 4)
        #expect(try found.windowsBySeries(.length(.seconds(1))).map(\.name) == ["s1", "s3"])
    }
}
