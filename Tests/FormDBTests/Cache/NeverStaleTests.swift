import Testing

@_spi(Benchmark) @testable import FormDB

/// Faults of the core's footprints and of the cache, one each.
enum CacheMutant: String, CaseIterable, Sendable {
    case footprintLoggedLate, sequenceTakenAtPut, oldPositionForgotten, boxEdgeOpen, wrapIgnored
    case timeRangeOpen, seriesForgotten, hashTrustedAlone

    func plant(_ tuning: inout Database.Configuration.Tuning) {
        switch self {
        case .footprintLoggedLate: tuning.footprintFaults = 1
        case .oldPositionForgotten: tuning.footprintFaults = 2
        case .boxEdgeOpen: tuning.footprintFaults = 4
        case .wrapIgnored: tuning.footprintFaults = 8
        case .timeRangeOpen: tuning.footprintFaults = 16
        case .seriesForgotten: tuning.footprintFaults = 32
        case .sequenceTakenAtPut: tuning.cacheFaults.takesSequenceAtPut = true
        case .hashTrustedAlone:
            tuning.cacheFaults.collidingFingerprints = true
            tuning.cacheFaults.trustsFingerprints = true
        }
    }
}

/// Writers, readers and pinned snapshots in turn; each answer is held against the one computed.
private struct NeverStaleRun {
    static let footprints = 64
    private let database: Database
    private var writer: CacheWriter
    private var random: SeededGenerator
    private var hot: [CacheQuestion] = []
    private var cold: [CacheQuestion] = []
    private var pinned: [Snapshot] = []
    private(set) var lookups = 0
    private(set) var pinnedHits = 0
    private(set) var hits = [Int](repeating: 0, count: CacheQuestion.Kind.allCases.count)
    private(set) var stale: [String] = []

    init(_ random: SeededGenerator, _ change: (inout Database.Configuration.Tuning) -> Void) throws
    {
        var configuration = Database.Configuration()
        configuration.tuning.footprints = UInt32(Self.footprints)
        change(&configuration.tuning)
        database = try Database.inMemory(configuration: configuration)
        self.random = random
        writer = try CacheWriter(database, SeededGenerator(seed: self.random.next()))
        for kind in CacheQuestion.Kind.allCases {
            for _ in 0..<4 { hot.append(CacheQuestion(kind, &self.random)) }
            // Asked so seldom that the ring has wrapped since.
            for _ in 0..<3 { cold.append(CacheQuestion(kind, &self.random)) }
        }
    }

    var statistics: Database.CacheStatistics { database.statistics().cache }
    var sequence: UInt64 { database.publishedSequence }

    mutating func run(lookups wanted: Int, stopsAtStale: Bool) throws {
        while lookups < wanted && !(stopsAtStale && !stale.isEmpty) {
            try writer.write()
            // Mostly of the last few states, as no answer of long ago is kept.
            if pinned.count < 6 || random.next() % 2 == 0 {
                if pinned.count == 6 { pinned.remove(at: Int(random.next() % 6)) }
                pinned.append(try database.snapshot())
            }
            let newest = try database.snapshot()
            for _ in 0..<15 { try look(newest) }
        }
    }

    private mutating func look(_ newest: Snapshot) throws {
        let isPinned = random.next() % 4 == 0
        let snapshot = isPinned ? pinned[Int(random.next() % UInt64(pinned.count))] : newest
        let question =
            random.next() % 50 == 0
            ? cold[Int(random.next() % UInt64(cold.count))]
            : hot[Int(random.next() % UInt64(hot.count))]
        let cache = database.store.cache!
        let before = cache.hitCount
        let answer = try question.ask(snapshot, cached: true)
        let isHit = cache.hitCount > before
        lookups += 1
        // What was computed just now is the truth itself.
        if !isHit { return }
        hits[question.kind.rawValue] += 1
        pinnedHits += isPinned ? 1 : 0
        let truth = try question.ask(snapshot, cached: false)
        if answer != truth {
            stale.append("\(question.kind) at \(snapshot.sequence): \(answer), not \(truth)")
        }
    }
}

@Suite("Kept answers")
struct NeverStaleTests {
    /// Without optimization all is ten times slower.
    private var isDebug: Bool { _isDebugAssertConfiguration() }

    @Test("are never stale, whatever is written, and at snapshots of the past too")
    func neverStale() throws {
        var seeds = SeededGenerator.printed()
        let wanted = Thoroughness.isQuick ? 20_000 : isDebug ? 60_000 : 1_800_000
        // In databases of their own: kept history makes each write and each answer of a long run dearer.
        let part = min(wanted, 150_000)
        var hits = [Int](repeating: 0, count: CacheQuestion.Kind.allCases.count)
        var lookups = 0
        var pinnedHits = 0
        var invalidations = 0
        var wraps = 0
        while lookups < wanted {
            var run = try NeverStaleRun(SeededGenerator(seed: seeds.next())) { _ in }
            try run.run(lookups: part, stopsAtStale: true)
            #expect(run.stale == [])
            if !run.stale.isEmpty { return }
            #expect(run.statistics.hits == run.hits.reduce(0, +))
            for kind in hits.indices { hits[kind] += run.hits[kind] }
            lookups += run.lookups
            pinnedHits += run.pinnedHits
            invalidations += run.statistics.invalidations
            wraps += Int(run.sequence) / NeverStaleRun.footprints
        }
        let all = hits.reduce(0, +)
        print(
            "\(lookups) lookups, \(all) hits \(hits), \(pinnedHits) of them pinned, "
                + "\(invalidations) invalidations, \(wraps) wraps")
        #expect(invalidations * 5 >= lookups)
        #expect(pinnedHits * 10 >= all)
        #expect(hits.allSatisfy { $0 * 100 >= all })
        if wanted >= 1_000_000 { #expect(all >= 1_000_000 && wraps >= 100) }
    }

    @Test("are found to be stale when a fault is planted", arguments: CacheMutant.allCases)
    func mutantsAreCaught(mutant: CacheMutant) throws {
        var run = try NeverStaleRun(.printed("mutant \(mutant)")) { mutant.plant(&$0) }
        try run.run(lookups: 200_000, stopsAtStale: true)
        #expect(!run.stale.isEmpty, "\(mutant) was not caught in \(run.lookups) lookups")
    }

    @Test("are right when all fingerprints collide")
    func collidingFingerprints() throws {
        var run = try NeverStaleRun(.printed()) { $0.cacheFaults.collidingFingerprints = true }
        try run.run(lookups: 5000, stopsAtStale: true)
        #expect(run.stale == [])
        #expect(run.statistics.hits > 0)
    }

    @Test("are right beside a writer and other readers")
    func concurrentSnapshots() throws {
        var seeds = SeededGenerator.printed()
        let database = try Database.inMemory()
        let writer = CoreLock(try CacheWriter(database, SeededGenerator(seed: seeds.next())))
        let questions = CacheQuestion.Kind.allCases.flatMap { kind in
            (0..<4).map { _ in CacheQuestion(kind, &seeds) }
        }
        let isDone = Shared(false)
        let seed = seeds.next()
        let rounds = Thoroughness.isQuick ? 150 : 2000
        let threads: [@Sendable () throws -> Void] = (0..<3).map { number in
            {
                defer { isDone.update { $0 = true } }
                var random = SeededGenerator(seed: seed &+ UInt64(number))
                var snapshot = try database.snapshot()
                for round in 0..<rounds {
                    if round % 5 != 0 { snapshot = try database.snapshot() }
                    for _ in 0..<8 {
                        let question = questions[Int(random.next() % UInt64(questions.count))]
                        let answer = try question.ask(snapshot, cached: true)
                        let truth = try question.ask(snapshot, cached: false)
                        if answer != truth {
                            throw Difference("\(question.kind) at \(snapshot.sequence)")
                        }
                    }
                }
            }
        }
        let writing: @Sendable () throws -> Void = {
            while !isDone.value { try writer.withLock { try $0.write() } }
        }
        try Threads.run(threads + [writing])
        #expect(database.statistics().cache.hits > 0)
    }

    @Test("stay kept by as many as the writes leave untouched")
    func validShareAfterWrites() throws {
        var random = SeededGenerator.printed()
        var configuration = Database.Configuration()
        configuration.cache = .limited(bytes: 1 << 30, entries: 20_000)
        let database = try Database.inMemory(configuration: configuration)
        try database.write { try $0.createCollection("points") }
        // Plane boxes of a share of the square from 0 to 100 by 0 to 50.
        let fraction = 5e-4
        let (width, height) = (100 * fraction.squareRoot(), 50 * fraction.squareRoot())
        let queries = (0..<10_000).map { _ in
            let west = Double.random(in: 0...100 - width, using: &random)
            let south = Double.random(in: 0...50 - height, using: &random)
            return FeatureQuery(in: "points").bounds(
                intersecting: BoundingBox(
                    west: west, south: south, east: west + width, north: south + height))
        }
        var shares: [Double] = []
        for _ in 0..<(isDebug ? 2 : 8) {
            for query in queries { _ = try database.fetchCount(query) }
            let places = (0..<1000).map { _ in
                Position(
                    longitude: Double.random(in: 0...100, using: &random),
                    latitude: Double.random(in: 0...50, using: &random))
            }
            for place in places {
                try database.write { tx in
                    _ = try tx.insert(Feature(geometry: .point(place)), into: "points")
                }
            }
            let before = database.statistics().cache
            for query in queries { _ = try database.fetchCount(query) }
            let valid = database.statistics().cache.hits - before.hits
            let untouched = queries.filter { query in
                let box = query.condition.box!
                return !places.contains {
                    $0.longitude >= box.west && $0.longitude <= box.east
                        && $0.latitude >= box.south && $0.latitude <= box.north
                }
            }
            #expect(valid == untouched.count)
            shares.append(Double(valid) / 10_000)
        }
        var expected = 1.0
        for _ in 0..<1000 { expected *= 1 - fraction }
        let share = shares.reduce(0, +) / Double(shares.count)
        print("\(share) of the answers held, \(expected) expected")
        // One round of points strays by about a point; two of them by more than eight.
        #expect(abs(share - expected) < (isDebug ? 0.03 : 0.01))
    }
}
