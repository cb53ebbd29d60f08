import CFormCore
import Testing

@testable import FormDB

@Suite("Provenance and journal")
struct AuditTests {
    @Test("A write without provenance takes the configuration's, else the process's name")
    func defaults() throws {
        var configuration = Database.Configuration()
        configuration.provenance = Provenance(actor: "collector", kind: .service, source: "here")
        let named = try Database.inMemory(configuration: configuration)
        let own = try Database.inMemory()
        for db in [named, own] { try db.write { tx in try tx.createCollection("f") } }
        try named.write(by: Provenance(actor: "other")) { tx in try tx.createCollection("g") }
        let provenances = try named.journal().fetchAll().map(\.provenance)
        #expect(provenances == [configuration.provenance, Provenance(actor: "other")])
        #expect(try own.journal().fetchAll()[0].provenance?.actor.isEmpty == false)
    }

    /// Closing used to free it.
    @Test("A block that the journal has lent can be read to its end after the store is closed")
    func lentBlock() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            for id in 0..<200 {
                try tx.insert(Feature(id: .integer(Int64(id)), geometry: nil), into: "f")
            }
        }
        var opened: OpaquePointer?
        #expect(unsafe fc_journal(db.store.pointer, 0, &opened, nil) == FC_STATUS_OK)
        let cursor = unsafe try #require(opened)
        defer { unsafe fc_journal_close(cursor) }
        var found = false
        var block = unsafe fc_block()
        #expect(unsafe fc_journal_next(cursor, &found, &block, nil) == FC_STATUS_OK)
        #expect(found)
        let before = unsafe [UInt8](
            UnsafeBufferPointer(start: block.payload.data, count: block.payload.length))
        try db.close()
        let after = unsafe [UInt8](
            UnsafeBufferPointer(start: block.payload.data, count: block.payload.length))
        #expect(!before.isEmpty && before == after)
        #expect(unsafe fc_journal_next(cursor, &found, &block, nil) == FC_STATUS_CLOSED)
    }

    @Test("A database that wants provenance refuses to write without it")
    func required() throws {
        var configuration = Database.Configuration()
        configuration.requireProvenance = true
        configuration.provenance = Provenance(actor: "not enough")
        let db = try Database.inMemory(configuration: configuration)
        var hasRun = false
        #expect(errorCode { try db.write { _ in hasRun = true } } == .invalidArgument)
        #expect(!hasRun)
        let commit = try db.write(by: Provenance(actor: "me")) { tx in try tx.createCollection("f")
        }
        #expect(commit.sequence == 1)
    }

    @Test("A transaction that changes nothing writes no block")
    func empty() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.insert(Feature(id: 1, geometry: nil, properties: ["a": 1]), into: "f")
        }
        let commits = [
            try db.write { _ in },
            try db.write { tx in try tx.update(1, in: "f") { _ in } }.map { _ in },
            try db.write { tx in try tx.merge(1, in: "f", patch: ["b": .null]) }.map { _ in },
            try db.write { tx in try tx.delete(2, in: "f") }.map { _ in },
            try db.write { tx in try tx.delete(FeatureQuery(in: "f").ids(7)) }.map { _ in },
        ]
        for commit in commits {
            #expect(
                commit.isEmpty && commit.sequence == 0 && commit.block == .none
                    && commit.time == nil)
        }
        #expect(try db.journal().fetchAll().count == 1)
        #expect(db.publishedSequence == 1)
    }

    /// Large enough that a change of the properties alone is worth an amendment.
    private let ground = Geometry.lineString(
        (0..<5).map { Position(longitude: Double($0), latitude: 2) })

    private func fill(_ db: Database) throws -> [Commit<Void>] {
        let gps = Provenance(
            actor: "gps", kind: .device, source: "device:42", reason: "morning run",
            session: ["id": 7], context: ["app": "caf\u{e9}"])
        let second = Timestamp(microseconds: 1_000_000)
        return [
            try db.write(by: gps) { tx in
                try tx.insert(
                    Feature(
                        id: "ferry", geometry: ground,
                        properties: ["open": true]), into: "places")
                try tx.append([DataPoint(at: second, 92)], to: "heart-rate")
            },
            try db.write(by: Provenance(actor: "editor")) { tx in
                try tx.merge("ferry", in: "places", patch: ["open": false])
                try tx.with(provenance: Provenance(actor: "helper", source: "file.csv")) { tx in
                    try tx.insert(
                        contentsOf: (0..<3).map { _ in Feature(geometry: nil) }, into: "places")
                }
                try tx.delete(series: "heart-rate", during: TimeRange(start: second))
            },
            try db.write(by: Provenance(actor: "editor")) { tx in
                try tx.delete("ferry", in: "places")
                try tx.rename(collection: "places", to: "spots")
                try tx.drop(series: "heart-rate")
            },
        ]
    }

    @Test(
        "The journal holds who, when, why and what, in order, each block leading to the one before")
    func content() throws {
        let directory = TemporaryDirectory()
        var db = try Database(at: directory.url)
        let commits = try fill(db)
        for round in 0..<2 {
            let blocks = try db.journal().fetchAll()
            try checkContent(blocks, commits)
            #expect(try db.journal(since: 2).fetchAll().map(\.sequence) == [3])
            #expect(try db.journal(since: 3).fetchAll().isEmpty)
            #expect(try db.block(commits[1].block)?.sequence == 2)
            #expect(try db.block(.none) == nil)
            // The same after opening again.
            if round == 0 {
                try db.close()
                db = try Database(at: directory.url)
            }
        }
    }

    private func checkContent(_ blocks: [JournalBlock], _ commits: [Commit<Void>]) throws {
        #expect(blocks.map(\.sequence) == [1, 2, 3])
        #expect(blocks.map(\.id) == commits.map(\.block))
        #expect(blocks.map { $0.time as Timestamp? } == commits.map(\.time))
        #expect(blocks.map(\.previous) == [.none] + commits.dropLast().map(\.block))
        let kinds = blocks.map { $0.operations.map(\.kind.description).filter { $0 != "create" } }
        #expect(kinds[0] == ["put", "append"] || kinds[0] == ["put", "put", "append"])
        #expect(kinds[1] == ["amend", "put", "put", "put", "tombstone"])
        #expect(kinds[2].prefix(2) == ["delete", "rename"] && kinds[2].contains("drop"))
        let gps = try #require(blocks[0].provenance)
        #expect(gps.actor == "gps" && gps.kind == .device && gps.reason == "morning run")
        #expect(gps.session == ["id": 7] && gps.context == ["app": "caf\u{e9}"])
        #expect(blocks[1].provenances.map(\.actor) == ["editor", "helper"])
        let puts = blocks[1].operations.filter { $0.kind == .put }
        #expect(puts.allSatisfy { $0.provenance.actor == "helper" && $0.target == "places" })
        #expect(puts.map(\.featureID) == [1, 2, 3])
        // Effects, not questions: the merge is there as the properties that came of it.
        let amended = try #require(blocks[1].operations.first)
        #expect(amended.featureID == "ferry")
        #expect(try amended.feature()?.properties == ["open": false])
        let put = try #require(
            blocks[0].operations.first { $0.kind == .put && $0.featureID == "ferry" })
        #expect(try put.feature()?.geometry == ground)
        let appended = try #require(blocks[0].operations.last)
        #expect(appended.points == 1 && appended.target == "heart-rate" && appended.targetIsSeries)
    }

    @Test("A block reads as text: who, from where, why, and what it did")
    func text() throws {
        let db = try Database.inMemory()
        _ = try fill(db)
        let texts = try db.journal().fetchAll().map(\.description)
        let first = texts[0]
        #expect(first.hasPrefix("#1 "))
        #expect(first.contains("gps (device) from device:42: morning run"))
        #expect(first.contains("created collection places"))
        #expect(first.contains("put feature \"ferry\" into places"))
        #expect(first.contains("appended 1 point to heart-rate, at 1970-01-01T00:00:01Z"))
        #expect(texts[1].contains("amended feature \"ferry\" in places"))
        #expect(texts[1].contains("put 3 features into places [helper from file.csv]"))
        #expect(texts[2].contains("deleted feature \"ferry\" from places"))
        #expect(texts[2].contains("to spots") && texts[2].contains("dropped series heart-rate"))
    }

    @Test("The series are described in a collection of their own")
    func described() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createSeries(
                "room", fields: ["temperature", "humidity"],
                describedBy: Feature(
                    geometry: .point(longitude: 5, latitude: 6), properties: ["floor": 2]))
        }
        let series = try #require(try db.schema().series("room"))
        #expect(series.fields == ["temperature", "humidity"])
        let id = FeatureID.integer(Int64(series.id))
        let description = try db.feature(id, in: DatabaseSchema.seriesCollection)
        #expect(description?.properties?["floor"] == 2)
        let near = try db.features(in: DatabaseSchema.seriesCollection)
            .bounds(intersecting: BoundingBox(west: 4, south: 5, east: 6, north: 7)).fetchIDs()
        #expect(near == [id])
        // It isn't listed with the others.
        #expect(try db.collections.isEmpty)
    }
}

extension Commit {
    fileprivate func map(_ body: (Value) -> Void) -> Commit<Void> {
        Commit<Void>(value: body(value), sequence: sequence, block: block, time: time)
    }
}
