import Foundation
import Testing

@testable import FormDB

@Suite("Reading inside and outside of transactions")
struct ReadingTests {
    private func point(_ id: Int64, _ longitude: Double = 0) -> Feature {
        Feature(id: .integer(id), geometry: .point(longitude: longitude, latitude: 0))
    }

    @Test("A transaction sees its own changes, others only what is published")
    func ownChanges() throws {
        let db = try Database.inMemory()
        try db.write { tx in try tx.insert(contentsOf: (1...3).map { point($0) }, into: "f") }
        struct Abort: Error {}
        #expect(throws: Abort.self) {
            try db.write { tx in
                try tx.delete(1, in: "f")
                try tx.insert(point(4), into: "f")
                try tx.append(times: [1, 2], values: [1, 2], to: "s")
                #expect(try tx.features(in: "f").order(by: .id).fetchIDs() == [2, 3, 4])
                #expect(try tx.series("s").sum() == 3)
                #expect(try tx.feature(1, in: "f") == nil)
                #expect(try db.features(in: "f").fetchCount() == 3)
                #expect(errorCode { _ = try db.series("s").sum() } == .notFound)
                throw Abort()
            }
        }
        #expect(try db.features(in: "f").order(by: .id).fetchIDs() == [1, 2, 3])
        #expect(try db.seriesNames().isEmpty)
        #expect(db.statistics().rollbacks == 1)
    }

    /// A table of views that had grown left behind what it held when it was small.
    @Test("A transaction that read many collections, and wrote, sees all of them as they are")
    func manyCollections() throws {
        let db = try Database.inMemory()
        let names = (0..<20).map { "c\($0)" }
        try db.write { tx in
            for name in names { try tx.insert(point(1), into: name) }
        }
        try db.write { tx in
            for id in 2...4 as ClosedRange<Int64> {
                for name in names {
                    #expect(try tx.features(in: name).fetchCount() == Int(id) - 1)
                }
                for name in names { try tx.insert(point(id), into: name) }
            }
            try tx.drop(collection: names[0])
            for name in names.dropFirst() {
                #expect(try tx.features(in: name).fetchCount() == 4)
            }
        }
    }

    @Test("Threads share a snapshot of many collections, each touched first by any of them")
    func sharedSnapshot() throws {
        let db = try Database.inMemory()
        let names = (0..<20).map { "c\($0)" }
        try db.write { tx in
            for (number, name) in names.enumerated() {
                try tx.insert(contentsOf: (0...Int64(number)).map { point($0) }, into: name)
            }
        }
        for _ in 0..<20 {
            let snapshot = try db.snapshot()
            try Threads.run(4) { (thread) throws in
                for step in 0..<names.count {
                    let number = (step + thread * 7) % names.count
                    #expect(try snapshot.features(in: names[number]).fetchCount() == number + 1)
                }
            }
        }
    }

    @Test("A write inside a closure that reads in place is refused")
    func lending() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.insert(contentsOf: (1...3).map { point($0) }, into: "f")
            try tx.append(times: [1, 2], values: [1, 2], to: "s")
            var seen = 0
            try tx.features(in: "f").forEachView { _ in
                seen += 1
                #expect(errorCode { try tx.delete(1, in: "f") } == .reentrant)
            }
            try tx.series("s").withColumns { _, _ in
                #expect(errorCode { try tx.append(times: [3], values: [3], to: "s") } == .reentrant)
            }
            #expect(seen == 3)
            // A cursor decodes one after another, and may be written beside.
            try tx.features(in: "f").cursor().forEach { feature in
                try tx.merge(feature.id!, in: "f", patch: ["seen": true])
            }
        }
        #expect(try db.features(in: "f").filter { $0.properties?["seen"] == true }.count == 3)
    }

    @Test("Ranges are half-open, a feature's time is closed")
    func time() throws {
        let db = try Database.inMemory()
        func at(_ time: Int64) -> Timestamp { Timestamp(microseconds: time) }
        try db.write { tx in
            try tx.insert(Feature(id: 1, geometry: nil, time: .instant(at(10))), into: "f")
            try tx.insert(Feature(id: 2, geometry: nil, time: .interval(at(10), at(20))), into: "f")
            try tx.insert(Feature(id: 3, geometry: nil, time: .interval(nil, at(-5))), into: "f")
            try tx.insert(Feature(id: 4, geometry: nil, time: .interval(at(30), nil)), into: "f")
            try tx.insert(Feature(id: 5, geometry: nil), into: "f")
        }
        func ids(_ range: TimeRange) throws -> [FeatureID] {
            try db.features(in: "f").during(range).order(by: .id).fetchIDs()
        }
        #expect(try ids(at(0)..<at(10)) == [])
        #expect(try ids(at(0)..<at(11)) == [1, 2])
        #expect(try ids(at(10)..<at(10)) == [])
        #expect(try ids(.at(at(10))) == [1, 2])
        #expect(try ids(at(20)..<at(21)) == [2])
        #expect(try ids(at(21)..<at(30)) == [])
        #expect(try ids(.from(at(21))) == [4])
        #expect(try ids(.upTo(at(-5))) == [3])
        #expect(try ids(at(-5)..<at(-4)) == [3])
        #expect(try ids(.all) == [1, 2, 3, 4])
        #expect(try ids(.at(.max)) == [4] && ids(.at(.min)) == [3])
        #expect(try db.features(in: "f").order(by: .time).fetchIDs() == [3, 1, 2, 4, 5])
        #expect(
            try db.features(in: "f").order(by: .time, descending: true).fetchIDs() == [
                4, 1, 2, 3, 5,
            ])
    }

    @Test("Streams give what cursors give, and end when their task is cancelled")
    func streams() async throws {
        let db = try Database.inMemory()
        try await db.write { tx in
            for id in 1...50 {
                try tx.insert(Feature(id: .integer(Int64(id)), geometry: nil), into: "f")
            }
            try tx.append(times: Array(0..<2000), values: (0..<2000).map(Double.init), to: "s")
        }
        var ids: [FeatureID?] = []
        for try await feature in db.features(in: "f").stream { ids.append(feature.id) }
        #expect(ids == (1...50).map { .integer($0) })
        var values: [Double] = []
        for try await point in db.series("s").reversed().stream { values.append(point.value) }
        #expect(values == (0..<2000).reversed().map(Double.init))
        var sequences: [UInt64] = []
        for try await block in db.journal() { sequences.append(block.sequence) }
        #expect(sequences == [1])
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            for try await _ in db.features(in: "f").stream { Issue.record("it goes on") }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("An import that is cancelled throws, and what it wrote before stays")
    func cancelledImport() async throws {
        let db = try Database.inMemory()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await db.importCSV(from: TestData.url("us_airports.csv"), into: "f")
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        struct Stop: Error {}
        var options = ImportOptions()
        options.batchSize = 100
        #expect(throws: Stop.self) {
            try db.importCSV(from: TestData.url("us_airports.csv"), into: "f", options: options) {
                progress in
                #expect(progress.fraction ?? 0 <= 1)
                if progress.count >= 300 { throw Stop() }
            }
        }
        #expect(try db.features(in: "f").fetchCount() == 300)
    }
}
