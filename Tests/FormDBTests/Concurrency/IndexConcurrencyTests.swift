import Foundation
import Testing

@testable import FormDB

@Suite("Indexes while writes go on")
struct IndexConcurrencyTests {
    @Test(
        "An index that is built beside writers holds each row of each snapshot once, in order",
        arguments: [Database.History.kept, .journalOnly])
    func buildBesideWriters(history: Database.History) throws {
        var configuration = Database.Configuration()
        configuration.history = history
        let db = try Database.inMemory(configuration: configuration)
        let path = PropertyPath("n")
        let rows = Thoroughness.isQuick ? 3000 : 20_000
        let rounds = Thoroughness.isQuick ? 6 : 20
        try db.write { tx in
            for id in 0..<Int64(rows) { try tx.upsert(feature(id, 0), into: "f") }
        }
        let isDone = Shared(false)
        let looks = Shared(0)
        let writer: @Sendable (Int64) throws -> Void = { thread in
            var round: Int64 = 0
            while !isDone.value {
                round += 1
                try db.write { tx in
                    for step: Int64 in 0..<40 {
                        let id: Int64 = (round * 131 + step * 17) % Int64(rows)
                        try tx.upsert(feature(id, round), into: "f")
                    }
                    let gone: Int64 = (round * 7 + thread) % Int64(rows)
                    _ = try tx.delete(.integer(gone), in: "f")
                }
            }
        }
        let reader: @Sendable () throws -> Void = {
            while !isDone.value {
                let snapshot = try db.snapshot()
                guard let (view, index) = try snapshot.indexed(path, in: "f") else { continue }
                let count = try snapshot.features(in: "f").fetchCount()
                let cursor = try view.ordered(byIndex: index, descending: false)
                let positions = CorePositions()
                try cursor.next(.max, into: positions)
                if positions.count != count { throw Difference("\(positions.count) of \(count)") }
                if Set(positions.array).count != count { throw Difference("a row comes twice") }
                var last = JSONValue.int(.min)
                for position in positions.array {
                    guard let value = try view.value(index: index, at: position), last <= value
                    else { throw Difference("out of order") }
                    last = value
                }
                looks.update { $0 += 1 }
            }
        }
        let manager: @Sendable () throws -> Void = {
            defer { isDone.update { $0 = true } }
            for _ in 0..<rounds {
                try db.write { tx in try tx.createIndex(on: path, in: "f") }
                let found = try db.schema().collection("f")?.index(on: path)
                if found?.isReady != true { throw Difference("not ready when the write returned") }
                Thread.sleep(forTimeInterval: 0.01)
                try db.write { tx in try tx.dropIndex(on: path, in: "f") }
            }
        }
        try Threads.run([{ try writer(0) }, { try writer(1) }, reader, reader, manager])
        #expect(looks.value > 0)
    }

    private func feature(_ id: Int64, _ round: Int64) -> Feature {
        Feature(
            id: .integer(id), geometry: .point(longitude: 0, latitude: 0),
            properties: ["n": id % 3 == 0 ? .int(id % 50 + round) : .double(Double(id) / 4)])
    }
}
