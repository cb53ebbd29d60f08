import Testing

@testable import FormDB

/// "é" as one scalar and as "e" with an accent: equal to Swift's String, apart in a database.
private let composed = "caf\u{e9}"
private let decomposed = "cafe\u{301}"

private func point(_ id: FeatureID?, _ properties: JSONObject? = nil) -> Feature {
    Feature(id: id, geometry: .point(longitude: 1, latitude: 2), properties: properties)
}

/// The code that a closure throws.
func errorCode(_ body: () throws -> Void) -> FormDBError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? FormDBError)?.code
    }
}

@Suite("Text by its bytes")
struct NormalizationTests {
    @Test("Ids that differ by normalisation alone stay apart")
    func ids() throws {
        #expect(composed == decomposed)
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.insert(point(.text(composed), ["n": 1]), into: "f")
            try tx.insert(point(.text(decomposed), ["n": 2]), into: "f")
            #expect(try tx.feature(.text(decomposed), in: "f")?.properties?["n"] == 2)
        }
        #expect(try db.features(in: "f").fetchCount() == 2)
        #expect(try db.feature(.text(composed), in: "f")?.properties?["n"] == 1)
        #expect(
            try db.features(in: "f").ids(.text(decomposed)).fetchAll().map { $0.properties?["n"] }
                == [2])
        #expect(try db.features(in: "f").ids(.text(composed), .text(decomposed)).fetchCount() == 2)
        // By bytes "e" comes before "é".
        let ordered = try db.features(in: "f").order(by: .id).fetchAll().map { $0.properties?["n"] }
        #expect(ordered == [2, 1])
        try db.write { tx in try tx.delete(.text(composed), in: "f") }
        #expect(try db.features(in: "f").fetchIDs() == [.text(decomposed)])
    }

    @Test("Keys of properties that differ by normalisation alone stay apart")
    func keys() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.insert(point(1, [composed: 1, decomposed: 2]), into: "f")
            try tx.merge(1, in: "f", patch: [decomposed: 3])
        }
        let properties = try #require(try db.feature(1, in: "f")?.properties)
        #expect(properties.count == 2 && properties[composed] == 1 && properties[decomposed] == 3)
        try db.features(in: "f").forEachView { view in
            let (found, missing) = (try view.property(decomposed), try view.property("cafe"))
            #expect(found == 3)
            #expect(missing == nil)
        }
        try db.write { tx in try tx.merge(1, in: "f", patch: [composed: .null]) }
        #expect(
            try db.feature(1, in: "f")?.properties?.keys.map { Array($0.utf8) } == [
                Array(decomposed.utf8)
            ])
    }

    @Test("Names and fields that differ by normalisation alone stay apart, in queries too")
    func names() throws {
        let directory = TemporaryDirectory()
        var db = try Database(at: directory.url)
        try db.write { tx in
            try tx.insert(point(1), into: composed)
            try tx.insert(point(2), into: decomposed)
            try tx.append(
                times: [1], columns: [[10], [20]], to: composed, fields: [composed, decomposed])
            try tx.append(times: [1, 2], values: [1, 2], to: decomposed)
            #expect(errorCode { try tx.createCollection(decomposed) } == .alreadyExists)
        }
        try db.close()
        db = try Database(at: directory.url)
        #expect(try db.collections.map { $0.utf8.count } == [5, 6])
        #expect(try db.features(in: composed).fetchIDs() == [1])
        #expect(try db.features(in: decomposed).fetchIDs() == [2])
        #expect(FeatureQuery(in: composed) != FeatureQuery(in: decomposed))
        #expect(Set([FeatureQuery(in: composed), FeatureQuery(in: decomposed)]).count == 2)
        #expect(try db.series(composed).field(composed).max() == 10)
        #expect(try db.series(composed).field(decomposed).max() == 20)
        #expect(try db.series(decomposed).fetchCount() == 2)
        #expect(try db.schema().collection(decomposed)?.id != db.schema().collection(composed)?.id)
        try db.write { tx in try tx.drop(collection: composed) }
        #expect(errorCode { _ = try db.features(in: composed).fetchCount() } == .notFound)
        #expect(try db.features(in: decomposed).fetchCount() == 1)
    }
}

@Suite("Ids")
struct GeneratedIDTests {
    private static let largest: Int64 = (1 << 53) - 1

    private func insert(_ db: Database, _ id: FeatureID? = nil) throws -> FeatureID {
        try db.write { tx in try tx.insert(point(id), into: "f") }.value
    }

    @Test("A generated id is one more than the largest ever used, and never comes again")
    func generated() throws {
        let directory = TemporaryDirectory()
        var db = try Database(at: directory.url)
        #expect(try insert(db) == 1)
        #expect(try insert(db, 10) == 10)
        #expect(try insert(db) == 11)
        // Texts, negative numbers and those beyond 2^53 - 1 don't count.
        for id: FeatureID in ["99", -5, 0, .integer(1 << 53), .integer(.max)] {
            _ = try insert(db, id)
        }
        #expect(try insert(db) == 12)
        try db.write { tx in
            try tx.delete(12, in: "f")
            try tx.delete(11, in: "f")
        }
        try db.close()
        db = try Database(at: directory.url)
        #expect(try insert(db) == 13)
    }

    @Test("What is undone uses no id")
    func afterAbort() throws {
        struct Abort: Error {}
        let db = try Database.inMemory()
        _ = try insert(db)
        #expect(throws: Abort.self) {
            try db.write { tx in
                #expect(try tx.insert(point(nil), into: "f") == 2)
                try tx.insert(point(100), into: "f")
                throw Abort()
            }
        }
        #expect(try insert(db) == 2)
    }

    @Test("When the generated ids have run out, inserting without one throws")
    func exhausted() throws {
        let db = try Database.inMemory()
        _ = try insert(db, .integer(Self.largest - 1))
        #expect(try insert(db) == .integer(Self.largest))
        #expect(errorCode { _ = try insert(db) } == .idsExhausted)
        // Given ids go on.
        #expect(try insert(db, 5) == 5)
        #expect(try db.features(in: "f").fetchCount() == 3)
    }

    @Test("Integers and texts are different ids, and integers come first")
    func kinds() throws {
        let db = try Database.inMemory()
        for id: FeatureID in ["1", 1, "a", "A", 2, -1, "10"] { _ = try insert(db, id) }
        let ids = try db.features(in: "f").order(by: .id).fetchIDs()
        #expect(ids == [-1, 1, 2, "1", "10", "A", "a"])
        #expect(
            try db.features(in: "f").order(by: .id, descending: true).fetchIDs() == ids.reversed())
        #expect(errorCode { _ = try insert(db, "1") } == .alreadyExists)
        #expect(errorCode { _ = try db.features(in: "f").fetchIntegerIDs() } == .invalidArgument)
        #expect(errorCode { _ = try insert(db, "") } == .invalidArgument)
    }

    @Test("Integer ids within an order and a limit can be had beside texts")
    func integersWithinLimit() throws {
        let db = try Database.inMemory()
        for id: FeatureID in ["x", 3, 1] { _ = try insert(db, id) }
        #expect(try db.features(in: "f").order(by: .id).limit(2).fetchIntegerIDs() == [1, 3])
    }

    @Test("A collection that is dropped and made again begins anew")
    func dropped() throws {
        let db = try Database.inMemory()
        _ = try insert(db, 50)
        let before = try #require(try db.schema().collection("f")?.id)
        try db.write { tx in try tx.drop(collection: "f") }
        #expect(try insert(db) == 1)
        #expect(try db.schema().collection("f")!.id > before)
    }
}

@Suite("What isn't there")
struct NotFoundTests {
    private func error(_ body: () throws -> Void) -> FormDBError? {
        do {
            try body()
            return nil
        } catch { return error as? FormDBError }
    }

    @Test("Reading a name that doesn't exist throws notFound with the nearest one")
    func nearestName() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createCollection("earthquakes")
            try tx.createSeries("heart-rate", fields: ["bpm", "oxygen"])
        }
        let collection = error { _ = try db.features(in: "earthqakes").fetchCount() }
        #expect(
            collection?.code == .notFound && collection?.advice?.contains("\"earthquakes\"") == true
        )
        let series = error { _ = try db.series("hart-rate").fetchAll() }
        #expect(series?.code == .notFound && series?.advice?.contains("\"heart-rate\"") == true)
        let field = error { _ = try db.series("heart-rate").field("oxigen").mean() }
        #expect(field?.code == .notFound && field?.advice?.contains("\"oxygen\"") == true)
        // A series is no collection.
        #expect(error { _ = try db.features(in: "heart-rate").fetchAll() }?.code == .notFound)
        #expect(error { _ = try db.feature(1, in: "nowhere") }?.code == .notFound)
        #expect(
            error { _ = try db.feature(1, in: "nowhere") }?.advice?.contains("earthquakes") == true)
    }

    @Test("Changing a feature that doesn't exist throws, and leaves the transaction usable")
    func features() throws {
        let db = try Database.inMemory()
        let commit = try db.write { tx in
            try tx.insert(point(1), into: "f")
            #expect(errorCode { try tx.update(point(2), in: "f") } == .notFound)
            #expect(errorCode { try tx.update(2, in: "f") { _ in } } == .notFound)
            #expect(errorCode { try tx.merge(2, in: "f", patch: [:]) } == .notFound)
            #expect(errorCode { try tx.insert(point(1), into: "f") } == .alreadyExists)
            #expect(errorCode { try tx.update(1, in: "f") { $0.id = 9 } } == .invalidArgument)
            #expect(errorCode { try tx.update(point(nil), in: "f") } == .invalidArgument)
            #expect(try !tx.delete(2, in: "f"))
            #expect(errorCode { try tx.delete(2, in: "g") } == .notFound)
            #expect(errorCode { try tx.drop(series: "s") } == .notFound)
            try tx.insert(point(3), into: "f")
        }
        #expect(commit.sequence == 1)
        #expect(try db.features(in: "f").order(by: .id).fetchIDs() == [1, 3])
        #expect(try db.collections == ["f"])
    }

    @Test("An operation that fails creates nothing")
    func nothingCreated() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            let bad = Feature(geometry: .point(longitude: 1, latitude: 91))
            #expect(errorCode { try tx.insert(bad, into: "new") } == .invalidCoordinate)
            let backwards = Feature(
                geometry: nil,
                time: .interval(Timestamp(microseconds: 2), Timestamp(microseconds: 1)))
            #expect(errorCode { try tx.insert(backwards, into: "new") } == .invalidArgument)
            let uneven = [
                DataPoint(at: Timestamp(microseconds: 1), 1),
                DataPoint(at: Timestamp(microseconds: 2), 1, 2),
            ]
            #expect(errorCode { try tx.append(uneven, to: "new") } == .fieldMismatch)
        }
        #expect(try db.collections.isEmpty && db.seriesNames().isEmpty)
    }

    @Test("A value by itself is a point of a series of one field, and of no other")
    func oneValue() throws {
        let db = try Database.inMemory()
        let first = Timestamp(microseconds: 5)
        let second = Timestamp(microseconds: 3)
        try db.write { tx in
            try tx.append(at: first, 1.5, to: "one")
            try tx.append(at: second, .nan, to: "one")
            try tx.append(DataPoint(at: first, 1, 2), to: "two")
            #expect(errorCode { try tx.append(at: second, 1, to: "two") } == .fieldMismatch)
        }
        let points = try db.series("one").fetchAll()
        #expect(points == [DataPoint(at: second, .nan), DataPoint(at: first, 1.5)])
        #expect(try db.series("two").fetchCount() == 1)
    }

    @Test("Coordinates that can't be are refused, and a swapped pair is named")
    func coordinates() throws {
        let db = try Database.inMemory()
        let bad = [(0, 90.5), (0, -91), (541, 0), (.nan, 0), (0, .infinity), (-540.1, 0)]
        for (longitude, latitude) in bad {
            let failure = error {
                try db.write { tx in
                    try tx.insert(
                        Feature(geometry: .point(longitude: longitude, latitude: latitude)),
                        into: "f")
                }
            }
            #expect(failure?.code == .invalidCoordinate)
            if abs(latitude) > 90, latitude.isFinite {
                #expect(failure?.message.contains("longitude comes first; swapped?") == true)
            }
        }
        for (longitude, latitude) in [(540.0, 90.0), (-540, -90), (180, 0), (-0.0, 0)] {
            try db.write { tx in
                try tx.insert(
                    Feature(geometry: .point(longitude: longitude, latitude: latitude)), into: "f")
            }
        }
        #expect(try db.features(in: "f").fetchCount() == 4)
    }

    @Test("Questions that mean nothing throw")
    func questions() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.insert(point(1), into: "f")
            try tx.insert(
                Feature(
                    id: "line",
                    geometry: .lineString([
                        Position(longitude: 0, latitude: 0), Position(longitude: 1, latitude: 1),
                    ])), into: "f")
        }
        let all = db.features(in: "f")
        let upsideDown = BoundingBox(west: 0, south: 1, east: 1, north: 0)
        let here = Position(longitude: 1, latitude: 2)
        #expect(
            errorCode { _ = try all.bounds(intersecting: upsideDown).fetchCount() }
                == .invalidArgument)
        #expect(errorCode { _ = try all.limit(-1).fetchAll() } == .invalidArgument)
        #expect(
            errorCode { _ = try all.within(.meters(-1), of: here).fetchAll() } == .invalidArgument)
        #expect(
            errorCode { _ = try all.within(.meters(.nan), of: here).fetchAll() } == .invalidArgument
        )
        let ordered = all.ids(1).order(by: .id).nearest(to: here, limit: 1)
        #expect(errorCode { _ = try ordered.fetchAll() } == .invalidArgument)
        let nowhere = Position(longitude: 0, latitude: 95)
        #expect(
            errorCode { _ = try all.nearest(to: nowhere, limit: 1).fetchAll() }
                == .invalidCoordinate)
        // A line's distance isn't guessed, and the feature is named.
        let failure = error { _ = try all.nearest(to: here, limit: 1).fetchAll() }
        #expect(failure?.code == .unsupportedGeometry && failure?.message.contains("line") == true)
        #expect(try all.ids(1).nearest(to: here, limit: 1).fetchIDs() == [1])
        #expect(errorCode { _ = try db.fetchNeighbors(FeatureQuery(in: "f")) } == .invalidArgument)
    }
}
