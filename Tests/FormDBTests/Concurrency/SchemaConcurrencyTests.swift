import Foundation
import Testing

@testable import FormDB

@Suite("What exists, asked while it changes")
struct SchemaConcurrencyTests {
    private struct TakenBack: Error {}

    /// What a transaction had added was read after it had been freed.
    @Test("Collections and series that a transaction takes back are seen by nobody else")
    func takenBack() throws {
        let database = try Database.inMemory()
        try database.write { tx in try tx.createCollection("stays") }
        let rounds = Thoroughness.isQuick ? 200 : 2000
        let isDone = Shared(false)
        try Threads.run(3) { thread in
            if thread == 0 {
                defer { isDone.update { $0 = true } }
                for _ in 0..<rounds {
                    do {
                        try database.write { tx in
                            for number in 0..<8 {
                                try tx.createCollection("gone \(number)")
                                try tx.createSeries("gone \(number)")
                            }
                            throw TakenBack()
                        }
                    } catch is TakenBack {}
                }
                return
            }
            while !isDone.value {
                let schema = try database.schema()
                let names = schema.collections.map(\.name)
                if names != ["stays"] || !schema.series.isEmpty {
                    throw Difference("there are \(names), \(schema.series.count) series")
                }
            }
        }
    }
}
