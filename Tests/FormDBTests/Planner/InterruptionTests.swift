import Foundation
import Testing

// Long questions stop soon after their time limit or their task's cancellation, and leave everything usable.
@testable import FormDB

@Suite("Questions stop when they are told to", .serialized)
struct InterruptionTests {
    /// What takes long: gathering and sorting, groups as many as rows, windows of records, hours of a calendar.
    private static let questions: [(name: String, ask: @Sendable (FeatureRequest) throws -> Void)] =
        [
            (
                "find",
                { _ = try $0.filter(.property("text").contains("no")).order(by: text).fetchAll() }
            ),
            ("aggregate", { _ = try $0.aggregate(of: .property("text")) }),
            ("groups", { _ = try $0.grouped(by: .property("text")).count() }),
            ("windows", { _ = try $0.windows(.microseconds(7)).mean(of: .property("number")) }),
            (
                "grouped windows",
                {
                    _ = try $0.grouped(by: .property("number"))
                        .windows(.microseconds(1_000)).count()
                }
            ),
        ]
    private static let text = FeatureOrder.property(PropertyPath("text"))

    /// Big enough for each question to take several times as long as it may go on.
    private static func filled(_ count: Int) throws -> Database {
        var configuration = Database.Configuration()
        configuration.cache = .off
        let database = try Database.inMemory(configuration: configuration)
        var random = SeededGenerator(seed: 5)
        for start in stride(from: 0, to: count, by: 20_000) {
            try database.write { tx in
                for id in start..<start + 20_000 {
                    let number = Int64.random(in: 0..<1 << 40, using: &random)
                    try tx.insert(
                        Feature(
                            id: .integer(Int64(id)), geometry: nil,
                            properties: [
                                "text": .string("number \(number) of \(id)"),
                                "number": .int(number),
                            ], time: .instant(Timestamp(microseconds: number))), into: "f")
                }
            }
        }
        return database
    }

    /// Work ends within 10 ms; the rest is for a machine with much else to do. The best of some tries counts.
    private static let allowed = Duration.milliseconds(30)
    private static let tries = 8

    @Test("within 10 ms of a time limit")
    func timeLimit() throws {
        let database = try Self.filled(200_000)
        for question in Self.questions {
            let request = database.features(in: "f")
            let whole = try ContinuousClock().measure { try question.ask(request) }
            var best = Duration.seconds(100)
            for _ in 0..<Self.tries where best > Self.allowed {
                let limit = whole / 3
                let start = ContinuousClock.now
                do {
                    try question.ask(request.timeLimit(limit))
                } catch let error as FormDBError {
                    #expect(error.code == .timeLimitExceeded, "\(question.name)")
                    best = min(best, ContinuousClock.now - start - limit)
                }
            }
            #expect(best <= Self.allowed, "\(question.name) of \(whole) went on for \(best)")
            #expect(try request.fetchCount() == 200_000)
        }
        #expect(throws: FormDBError.self) {
            try database.features(in: "f").timeLimit(.zero).windows(.days(1)).count()
        }
        try database.write { tx in _ = try tx.delete(.integer(7), in: "f") }
        #expect(try database.features(in: "f").count() == 199_999)
    }

    @Test("within 10 ms of being cancelled")
    func cancellation() async throws {
        let database = try Self.filled(200_000)
        for question in Self.questions {
            let request = database.features(in: "f")
            let whole = try ContinuousClock().measure { try question.ask(request) }
            var best = Duration.seconds(100)
            for _ in 0..<Self.tries where best > Self.allowed {
                let started = DispatchSemaphore(value: 0)
                let task = Task.detached { () -> ContinuousClock.Instant? in
                    started.signal()
                    do {
                        try question.ask(request)
                        return nil
                    } catch is CancellationError {
                        return ContinuousClock.now
                    }
                }
                // From a thread of its own: other tests may keep all those of the tasks.
                let cancelled = await withCheckedContinuation { continuation in
                    Thread.detachNewThread {
                        started.wait()
                        Thread.sleep(forTimeInterval: whole / .seconds(3))
                        let now = ContinuousClock.now
                        task.cancel()
                        continuation.resume(returning: now)
                    }
                }
                if let end = try await task.value { best = min(best, end - cancelled) }
            }
            #expect(best <= Self.allowed, "\(question.name) of \(whole) went on for \(best)")
            #expect(try request.fetchCount() == 200_000)
        }
        try await database.write { tx in _ = try tx.delete(.integer(7), in: "f") }
        #expect(try database.features(in: "f").count() == 199_999)
    }
}
