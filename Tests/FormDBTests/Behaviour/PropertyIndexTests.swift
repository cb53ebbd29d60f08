import Testing

@testable import FormDB

private func point(_ id: FeatureID, _ properties: JSONObject?) -> Feature {
    Feature(id: id, geometry: .point(longitude: 1, latitude: 2), properties: properties)
}

extension Snapshot {
    /// The rows of a collection and the number of the index of a property; nil when it can't be used.
    func indexed(_ property: PropertyPath, in collection: String) throws -> (CoreView, UInt32)? {
        let found = try #require(try schema().collection(collection))
        guard let index = found.index(on: property) else { return nil }
        let view = try core.view(of: found.id)
        return view.hasIndex(index.id) ? (view, index.id) : nil
    }

    /// The ids of a collection in order of an indexed property.
    func ids(
        by property: PropertyPath, in collection: String, descending: Bool = false,
        _ ranges: CoreValueRanges? = nil, batch: Int = 3
    ) throws -> [FeatureID] {
        let (view, index) = try #require(try indexed(property, in: collection))
        let cursor = try view.ordered(byIndex: index, descending: descending, ranges)
        let positions = CorePositions()
        while true {
            let before = positions.count
            try cursor.next(batch, into: positions)
            if positions.count < before + batch { break }
        }
        return positions.array.map { view.id(at: $0) }
    }
}

@Suite("Property indexes")
struct PropertyIndexTests {
    @Test("An index is created and dropped once, and an aborted transaction leaves no trace")
    func createAndDrop() throws {
        struct Abort: Error {}
        let db = try Database.inMemory()
        let path = PropertyPath("magnitude")
        try db.write { tx in
            for id in Int64(0)..<50 {
                try tx.insert(point(.integer(id), ["magnitude": .int(id % 7)]), into: "quakes")
            }
        }
        _ = try? db.write { tx in
            try tx.createIndex(on: "magnitude", in: "quakes")
            throw Abort()
        }
        #expect(try db.schema().collection("quakes")?.indexes.isEmpty == true)
        try db.write { tx in
            try tx.createIndex(on: "magnitude", in: "quakes")
            #expect(errorCode { try tx.createIndex(on: path, in: "quakes") } == .alreadyExists)
            #expect(errorCode { try tx.dropIndex(on: "depth", in: "quakes") } == .notFound)
            #expect(try tx.schema().collection("quakes")?.index(on: path)?.isReady == false)
        }
        let index = try #require(try db.schema().collection("quakes")?.index(on: path))
        #expect(index.isReady && index.id == 1 && index.property == path)
        let before = try db.snapshot()
        _ = try? db.write { tx in
            try tx.dropIndex(on: "magnitude", in: "quakes")
            #expect(errorCode { try tx.dropIndex(on: path, in: "quakes") } == .notFound)
            throw Abort()
        }
        #expect(try db.schema().collection("quakes")?.index(on: path)?.isReady == true)
        try db.write { tx in try tx.dropIndex(on: "magnitude", in: "quakes") }
        try db.write { tx in
            try tx.createIndex(on: "magnitude", in: "quakes")
            _ = try tx.delete(.integer(3), in: "quakes")
        }
        #expect(try db.schema().collection("quakes")?.index(on: path)?.id == 2)
        #expect(try db.snapshot().ids(by: path, in: "quakes").count == 49)
        // The snapshot from before the drop still has its own.
        #expect(try before.ids(by: path, in: "quakes").count == 50)
    }

    @Test("Every kind of value has its place, exactly, also after reopening")
    func everyKind() throws {
        let directory = TemporaryDirectory()
        let ascending: [JSONValue?] = [
            .int(.min), -1.5, .double(-0.0), 0.5, .int(1 << 53), .int(1 << 53 + 1),
            .double(9_007_199_254_740_994), .uint(.max - 1), .uint(.max), 1e300, "", "a", "a\u{0}",
            "earthquake", "earthquakes", "é", false, true, [], [1], [1, 2], [2],
            .object([:]), .object(["a": 1]), .null, nil,
        ]
        let path = PropertyPath("deep", "er")
        do {
            let db = try Database(at: directory.url)
            try db.write { tx in
                try tx.createIndex(on: path, in: "f")
                for (index, value) in ascending.enumerated().reversed() {
                    let inner: JSONObject = value.map { ["er": $0] } ?? [:]
                    try tx.insert(
                        point(.integer(Int64(index)), ["deep": .object(inner)]), into: "f")
                }
            }
            try check(db, path, ascending)
            try db.close()
        }
        let db = try Database(at: directory.url)
        try check(db, path, ascending)
        try db.close()
    }

    private func check(_ db: Database, _ path: PropertyPath, _ ascending: [JSONValue?]) throws {
        let snapshot = try db.snapshot()
        let all = (0..<ascending.count).map { FeatureID.integer(Int64($0)) }
        let valued = all.dropLast(2)
        #expect(try snapshot.ids(by: path, in: "f") == all)
        #expect(
            try snapshot.ids(by: path, in: "f", descending: true)
                == Array(valued.reversed()) + all.suffix(2))
        let (view, index) = try #require(try snapshot.indexed(path, in: "f"))
        for (id, value) in zip(all, ascending) {
            let position = try #require(view.find(id))
            #expect(try view.value(index: index, at: position) == value)
            guard let value else { continue }
            let found = CorePositions()
            let range = try CoreValueRanges([CoreValueRange(equalTo: value)])
            var watch = CoreWatch(Interruption())
            try view.search(index: index, range, into: found, &watch)
            #expect(found.array == [position])
            #expect(try view.count(index: index, range) == 1)
        }
        var distinct: [JSONValue?] = []
        try view.distinct(index: index) { value, rows in
            distinct.append(value)
            return rows == 1
        }
        #expect(distinct == ascending)
        let features = snapshot.features(in: "f")
        let sum = try features.aggregate(of: path)
        #expect(sum.rows == ascending.count && sum.values == 10)
        #expect(sum.minimum == .int(.min) && sum.maximum == true)
        #expect(try features.filter(path >= 0).max(of: path) == 1e300)
        #expect(try features.ids([FeatureID]()).aggregate(of: path) == .nothing)
    }

    @Test("Integers that no float64 holds are summed and compared exactly")
    func exactIntegers() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createIndex(on: "n", in: "f")
            try tx.insert(point(1, ["n": .int(1 << 53 + 1)]), into: "f")
            try tx.insert(point(2, ["n": .int(-(1 << 53))]), into: "f")
            try tx.insert(point(3, ["n": .uint(.max)]), into: "f")
            try tx.insert(point(4, ["n": .int(-.max)]), into: "f")
            try tx.insert(point(5, ["n": .int(-.max)]), into: "f")
        }
        let (view, index) = try #require(try db.snapshot().indexed(PropertyPath("n"), in: "f"))
        let found = try db.features(in: "f").aggregate(of: PropertyPath("n"))
        #expect(found.sum == 2)  // 1, and 2^64 - 1 - 2 (2^63 - 1) = 1
        #expect(found.minimum == .int(-.max) && found.maximum == .uint(.max))
        let above = try CoreValueRanges([
            CoreValueRange(
                .number, lower: .init(value: .int(1 << 53), isInclusive: false),
                upper: .init(value: .uint(.max - 1), isInclusive: true))
        ])
        #expect(try view.count(index: index, above) == 1)
        #expect(view.estimate(index: index, above) == 1)
    }

    @Test("A text read as a time is ordered as a time")
    func timestamps() throws {
        let db = try Database.inMemory()
        let texts: [JSONValue] = [
            "2024-05-01T12:00:00+02:00", "2024-05-01T11:00:00Z", "no time", .null, 5,
        ]
        try db.write { tx in
            for (index, text) in texts.enumerated() {
                try tx.insert(point(.integer(Int64(index)), ["updated": text]), into: "f")
            }
            try tx.createIndex(on: .property("updated").asTimestamp, in: "f")
            try tx.createIndex(on: "updated", in: "f")
        }
        let snapshot = try db.snapshot()
        let time = TimestampProperty(names: ["updated"]).path
        #expect(try snapshot.ids(by: time, in: "f") == [0, 1, 3, 2, 4])
        #expect(try snapshot.ids(by: PropertyPath("updated"), in: "f") == [4, 1, 0, 2, 3])
    }

    @Test("The journal says which property got an index, and which lost it")
    func journal() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createIndex(on: .property("address", "city"), in: "f")
            try tx.createIndex(on: "n", in: "f")
        }
        try db.write { tx in try tx.dropIndex(on: "n", in: "f") }
        let operations = try db.journal().fetchAll().flatMap(\.operations)
        #expect(
            operations.map(\.description) == [
                "created collection f", "created the index of address.city in f",
                "created the index of n in f", "dropped the index of n in f",
            ])
        #expect(operations.last?.kind == .dropIndex)
        #expect(operations.last?.property == PropertyPath("n"))
    }

    @Test("Statistics know the kinds, the common values and the spread")
    func statistics() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createIndex(on: "kind", in: "f")
            try tx.createIndex(on: "n", in: "f")
            for id in 0..<5000 {
                let kind: JSONValue = id % 10 == 0 ? "quarry blast" : "earthquake"
                try tx.insert(
                    point(.integer(Int64(id)), ["kind": kind, "n": .int(Int64(id))]), into: "f")
            }
        }
        let snapshot = try db.snapshot()
        let (view, kind) = try #require(try snapshot.indexed(PropertyPath("kind"), in: "f"))
        let kinds = try view.statistics(index: kind)
        #expect(kinds.rows[.text] == 5000 && kinds.distinct == 2)
        #expect(kinds.common.map(\.value) == ["earthquake", "quarry blast"])
        #expect(abs((kinds.common.first?.rows ?? 0) - 4500) < 200)
        let (_, n) = try #require(try snapshot.indexed(PropertyPath("n"), in: "f"))
        let numbers = try view.statistics(index: n)
        #expect(numbers.rows[.number] == 5000 && numbers.common.isEmpty)
        #expect(abs(numbers.distinct - 5000) < 500 && numbers.bounds.count == 33)
    }
}
