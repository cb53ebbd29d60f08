import Foundation
import Testing

@testable import FormDB

private struct Question: CacheableQuestion {
    var number: Int
    func combine(into fingerprint: inout Fingerprint) { fingerprint.combine(number) }
    func isIdentical(to other: Question) -> Bool { false }
    var bytes: Int { 0 }
}

@Suite("Equal questions that are asked at once")
struct SingleFlightTests {
    private let database: Database
    private let cache: QueryCache
    private let target: CoreRegion

    init() throws {
        database = try Database.inMemory()
        try database.write { try $0.createCollection("places") }
        cache = QueryCache(.init(bytes: 1 << 20, entries: 100))
        target = CoreRegion(kind: .collection, target: 1)
    }

    private func write() throws {
        try database.write { tx in _ = try tx.insert(Feature(geometry: nil), into: "places") }
    }

    private func ask(
        _ number: Int, _ snapshot: Snapshot, interrupt: (() throws -> Void)? = nil,
        _ compute: () throws -> Int
    ) throws -> Int {
        try cache.value(
            for: cache.key(Question(number: number), of: target), in: snapshot.core,
            interrupt: interrupt
        ) { CachedAnswer(value: try compute(), bytes: 8, regions: [target]) }
    }

    /// Waits until so many have come.
    private func await(_ count: Shared<Int>, _ wanted: Int) {
        while count.value < wanted { Thread.sleep(forTimeInterval: 0.001) }
    }

    @Test("are computed once")
    func computedOnce() throws {
        let computations = Shared(0)
        let askers = Shared(0)
        try Threads.run(8) { _ in
            let snapshot = try database.snapshot()
            askers.update { $0 += 1 }
            let answer = try ask(1, snapshot) {
                computations.update { $0 += 1 }
                self.await(askers, 8)
                Thread.sleep(forTimeInterval: 0.05)
                return 42
            }
            #expect(answer == 42)
        }
        #expect(computations.value == 1)
    }

    @Test("are computed again by one of those who wait when computing fails, or is cancelled")
    func failureHarmsNoOther() throws {
        let computations = Shared(0)
        let askers = Shared(0)
        let failures = Shared(0)
        try Threads.run(8) { _ in
            let snapshot = try database.snapshot()
            askers.update { $0 += 1 }
            do {
                let answer = try ask(1, snapshot) {
                    var number = 0
                    computations.update {
                        $0 += 1
                        number = $0
                    }
                    self.await(askers, 8)
                    Thread.sleep(forTimeInterval: 0.03)
                    if number <= 2 { throw CancellationError() }
                    return 42
                }
                #expect(answer == 42)
            } catch is CancellationError { failures.update { $0 += 1 } }
        }
        #expect(failures.value == 2)
        #expect(computations.value == 3)
    }

    @Test("wait no longer than they want to")
    func waitingIsInterrupted() throws {
        let isComputing = Shared(0)
        let isInterrupted = Shared(0)
        try Threads.run([
            {
                _ = try ask(1, database.snapshot()) {
                    isComputing.update { $0 += 1 }
                    self.await(isInterrupted, 1)
                    return 1
                }
            },
            {
                self.await(isComputing, 1)
                let start = Date()
                #expect(throws: CancellationError.self) {
                    _ = try ask(1, database.snapshot(), interrupt: { throw CancellationError() }) {
                        2
                    }
                }
                #expect(Date().timeIntervalSince(start) < 0.5)
                isInterrupted.update { $0 += 1 }
            },
        ])
    }

    @Test("are computed apart where a write lies between their snapshots")
    func snapshotsApart() throws {
        let before = try database.snapshot()
        let isComputing = Shared(0)
        let isAnswered = Shared(0)
        try Threads.run([
            {
                let answer = try ask(1, before) {
                    isComputing.update { $0 += 1 }
                    self.await(isAnswered, 1)
                    return 1
                }
                #expect(answer == 1)
            },
            {
                self.await(isComputing, 1)
                try write()
                #expect(try ask(1, database.snapshot()) { 2 } == 2)
                isAnswered.update { $0 += 1 }
            },
        ])
    }

    @Test("of another kind of answer are another question")
    func typesApart() throws {
        let snapshot = try database.snapshot()
        let key = cache.key(Question(number: 1), of: target)
        let number = try cache.value(for: key, in: snapshot.core) {
            CachedAnswer(value: 1, bytes: 8, regions: [target])
        }
        let text = try cache.value(for: key, in: snapshot.core) {
            CachedAnswer(value: "one", bytes: 8, regions: [target])
        }
        #expect(number == 1 && text == "one")
    }

    @Test("inside of what computes them are answered, not waited for")
    func nested() throws {
        let snapshot = try database.snapshot()
        let answer = try ask(1, snapshot) { try ask(1, snapshot) { 1 } + 1 }
        #expect(answer == 2)
    }

    @Test("of a snapshot of the past leave the newer answer where it is")
    func pastLeavesNewer() throws {
        let past = try database.snapshot()
        try write()
        let now = try database.snapshot()
        #expect(try ask(1, now) { 2 } == 2)
        #expect(try ask(1, past) { 1 } == 1)
        #expect(try ask(1, now) { 3 } == 2)
    }

    @Test("age by the time to live")
    func timeToLive() throws {
        var configuration = Database.Configuration()
        configuration.cache = .limited(bytes: 1 << 20, timeToLive: .milliseconds(1))
        let database = try Database.inMemory(configuration: configuration)
        try database.write { try $0.createCollection("a") }
        _ = try database.features(in: "a").fetchCount()
        Thread.sleep(forTimeInterval: 0.005)
        _ = try database.features(in: "a").fetchCount()
        let statistics = database.statistics().cache
        #expect(statistics.expirations == 1 && statistics.hits == 0 && statistics.misses == 2)
    }

    @Test("are not kept where they are not to be: off, uncached, inside a write")
    func notKept() throws {
        var configuration = Database.Configuration()
        configuration.cache = .off
        let off = try Database.inMemory(configuration: configuration)
        for database in [off, database] {
            try database.write { tx in
                _ = try tx.insert(Feature(geometry: nil), into: "places")
                _ = try tx.features(in: "places").fetchCount()
            }
        }
        _ = try off.features(in: "places").fetchCount()
        _ = try database.features(in: "places").uncached().fetchCount()
        #expect(off.statistics().cache == Database.CacheStatistics())
        #expect(database.statistics().cache == Database.CacheStatistics())
        configuration.cache = .limited(bytes: -1)
        #expect(throws: FormDBError.self) { try Database.inMemory(configuration: configuration) }
    }
}
