@_spi(Benchmark) import FormDB

/// The cache of answers: its parts beside a Dictionary with a list, the loop of reads of the system
/// that it replaces, and what policies keep of three traces.
struct CacheRunner {
    static let title = "the cache of answers"
    static let peer = "dictionary-list"
    private static let own = "formdb"
    /// The same cache without protection, for the traces.
    private static let plain = "plain-lru"

    let runs: Int
    let isQuick: Bool
    let wants: (_ engine: String) -> Bool
    let recorder: Recorder

    final class Answer: LRUEntry, @unchecked Sendable {}

    func run() throws {
        for _ in 0..<runs {
            try get("get-1k", entries: 1000)
            try get("get-100k", entries: 100_000)
            try miss()
            try put()
            try putWithEviction()
            try fingerprint()
            try readLoop()
            try footprints()
        }
        try validAfterWrites()
        try traces()
    }

    private func add(
        _ operation: String, _ engine: String, _ nanoseconds: Double, _ count: Int,
        _ unit: Unit = .nanoseconds, hits: Int
    ) throws {
        guard wants(engine) else { return }
        try recorder.add(
            workload: "cache", operation: operation, engine: engine, unit: unit,
            value: unit.value(nanoseconds: nanoseconds, count: count), hits: Int64(hits))
    }

    private func keys(_ count: Int, seed: UInt64) -> [LRUKey] {
        var random = Random(seed: seed)
        return (0..<count).map { _ in LRUKey(low: random.next(), high: random.next()) }
    }

    // MARK: Parts

    private func get(_ operation: String, entries: Int) throws {
        let kept = keys(entries, seed: 1)
        var random = Random(seed: 2)
        let asked = (0..<1_000_000).map { _ in kept[random.index(below: entries)] }
        try look(operation, kept, asked, hits: asked.count)
    }

    private func miss() throws {
        try look("miss", keys(1000, seed: 1), keys(1_000_000, seed: 3), hits: 0)
    }

    private func look(_ operation: String, _ kept: [LRUKey], _ asked: [LRUKey], hits: Int) throws {
        let cache = LRUCache<Answer>(bytes: 1 << 40, entries: kept.count)
        let peer = DictionaryList<LRUKey, Answer>(entries: kept.count)
        for key in kept {
            cache.setValue(Answer(), for: key, bytes: 64)
            peer.setValue(Answer(), for: key)
        }
        let own = Stopwatch.time {
            var found = 0
            for key in asked where cache.value(for: key) != nil { found += 1 }
            return found
        }
        try add(operation, Self.own, own.nanoseconds, asked.count, hits: own.result)
        let other = Stopwatch.time {
            var found = 0
            for key in asked where peer.value(for: key) != nil { found += 1 }
            return found
        }
        try add(operation, Self.peer, other.nanoseconds, asked.count, hits: other.result)
        guard own.result == hits, other.result == hits else {
            throw BenchError("cache \(operation): \(own.result) and \(other.result) hits")
        }
    }

    /// Of answers that are there: what an entry is made of is not measured, but for the peer's nodes.
    private func put() throws {
        let kept = keys(1000, seed: 1)
        let answers = kept.map { _ in Answer() }
        let cache = LRUCache<Answer>(bytes: 1 << 40, entries: kept.count)
        let peer = DictionaryList<LRUKey, Answer>(entries: kept.count)
        let rounds = 200
        var own = 0.0
        var other = 0.0
        for _ in 0..<rounds {
            cache.removeAll()
            peer.removeAll()
            own +=
                Stopwatch.time {
                    for (key, answer) in zip(kept, answers) {
                        cache.setValue(answer, for: key, bytes: 64)
                    }
                }.nanoseconds
            other +=
                Stopwatch.time {
                    for (key, answer) in zip(kept, answers) { peer.setValue(answer, for: key) }
                }.nanoseconds
        }
        try add("put", Self.own, own, rounds * kept.count, hits: cache.statistics.entries)
        try add("put", Self.peer, other, rounds * kept.count, hits: peer.count)
    }

    private func putWithEviction() throws {
        let asked = keys(500_000, seed: 5)
        // One that was evicted is put again.
        let answers = (0...1000).map { _ in Answer() }
        let cache = LRUCache<Answer>(bytes: 1 << 40, entries: 1000)
        let peer = DictionaryList<LRUKey, Answer>(entries: 1000)
        func time(_ put: (LRUKey, Answer) -> Void) -> Double {
            Stopwatch.time {
                var next = 0
                for key in asked {
                    put(key, answers[next])
                    next = next == 1000 ? 0 : next + 1
                }
            }.nanoseconds
        }
        let own = time { cache.setValue($1, for: $0, bytes: 64) }
        try add("put-evict", Self.own, own, asked.count, hits: cache.statistics.entries)
        let other = time { peer.setValue($1, for: $0) }
        try add("put-evict", Self.peer, other, asked.count, hits: peer.count)
    }

    // MARK: Questions

    /// Typical ones: a collection, a box, a week, an order and a limit.
    private func questions(_ count: Int) -> [FeatureQuery] {
        var random = Random(seed: 6)
        return (0..<count).map { _ in
            let west = random.uniform(-180, 170)
            let south = random.uniform(-80, 70)
            let start = Timestamp(microseconds: Int64(random.index(below: 1 << 50)))
            return FeatureQuery(in: "observations")
                .bounds(
                    intersecting: BoundingBox(
                        west: west, south: south, east: west + 10, north: south + 10)
                )
                .during(start..<(start + .seconds(604_800))).order(by: .time).limit(100)
        }
    }

    private func fingerprint() throws {
        let questions = questions(1000)
        let rounds = 200
        let own = Stopwatch.time {
            var sum: UInt64 = 0
            for _ in 0..<rounds { for query in questions { sum ^= query.fingerprint().low } }
            return sum
        }
        try add("fingerprint", Self.own, own.nanoseconds, rounds * questions.count, hits: 1000)
        let other = Stopwatch.time {
            var sum = 0
            for _ in 0..<rounds { for query in questions { sum ^= query.hashValue } }
            return sum
        }
        try add("fingerprint", Self.peer, other.nanoseconds, rounds * questions.count, hits: 1000)
        if own.result == 1 || other.result == 1 { print() }  // both are used
    }

    /// A thousand questions, ten thousand reads, of which 80 % go to 20 % of them; again and again.
    private func readLoop() throws {
        let questions = questions(1000)
        var random = Random(seed: 8)
        let reads = (0..<10_000).map { _ in
            random.index(below: 5) > 0 ? random.index(below: 200) : random.index(below: 1000)
        }
        let database = try Database.inMemory()
        try database.write { tx in
            for number in 0..<1000 {
                let place = Position(longitude: Double(number % 360) - 180, latitude: 1)
                _ = try tx.insert(Feature(geometry: .point(place)), into: "observations")
            }
        }
        let snapshot = try database.snapshot()
        let prepared = try questions.map { try PreparedCount($0, in: snapshot) }
        let peer = DictionaryList<FeatureQuery, Int>(entries: 10_000)
        for (query, count) in zip(questions, prepared) {
            peer.setValue(try count.fetch(), for: query)
        }
        let rounds = 20
        let own = try Stopwatch.time {
            var sum = 0
            for _ in 0..<rounds { for read in reads { sum += try prepared[read].fetch() } }
            return sum
        }
        let count = rounds * reads.count
        try add("read-loop", Self.own, own.nanoseconds, count, .perSecond, hits: own.result)
        let other = Stopwatch.time {
            var sum = 0
            for _ in 0..<rounds {
                for read in reads { sum += peer.value(for: questions[read]) ?? -1 }
            }
            return sum
        }
        try add("read-loop", Self.peer, other.nanoseconds, count, .perSecond, hits: other.result)
        // A snapshot, the name and the fingerprint each time, as an application would.
        let whole = try Stopwatch.time {
            var sum = 0
            for read in reads { sum += try database.fetchCount(questions[read]) }
            return sum
        }
        try add(
            "read-loop-fresh", Self.own, whole.nanoseconds, reads.count, .perSecond,
            hits: whole.result)
        guard own.result == other.result, whole.result * rounds == own.result else {
            throw BenchError("cache read-loop: \(own.result), \(other.result), \(whole.result)")
        }
    }

    /// What noting footprints adds to each row of commits of a thousand moves: beside them, the same of a
    /// collection that nobody has asked about.
    private func footprints() throws {
        guard wants(Self.own) else { return }
        let rows = 1000
        let database = try Database.inMemory()
        let names = ["asked", "unasked"]
        var random = Random(seed: 10)
        func commit(_ name: String) throws -> Double {
            let features = (0..<rows).map { number in
                Feature(
                    id: .integer(Int64(number)),
                    geometry: .point(
                        longitude: random.uniform(-180, 180), latitude: random.uniform(-90, 90)),
                    time: .instant(Timestamp(microseconds: Int64(random.index(below: 1 << 50)))))
            }
            return try Stopwatch.time {
                try database.write { tx in
                    for feature in features { try tx.upsert(feature, into: name) }
                }
            }.nanoseconds
        }
        for name in names { _ = try commit(name) }
        _ = try database.features(in: names[0]).fetchCount()
        var times: [[Double]] = [[], []]
        for round in 0..<(isQuick ? 60 : 200) {
            for index in round % 2 == 0 ? [0, 1] : [1, 0] {
                times[index].append(try commit(names[index]))
            }
        }
        let least = times.map { $0.sorted()[$0.count / 4] / Double(rows) }
        try recorder.add(
            workload: "cache", operation: "footprints", engine: Self.own, unit: .nanoseconds,
            value: least[0] - least[1], hits: Int64(rows), note: "added to each row of a commit")
        try recorder.add(
            workload: "cache", operation: "commit-row", engine: Self.own, unit: .nanoseconds,
            value: least[1], hits: Int64(rows), note: "without footprints")
    }

    // MARK: Policies

    /// How far the share of 10,000 kept boxes that 1,000 points leave is from (1 − f)^1000.
    private func validAfterWrites() throws {
        guard wants(Self.own) else { return }
        var random = Random(seed: 9)
        let side = 100 * 5e-4.squareRoot()
        var off = 0.0
        let rounds = isQuick ? 4 : 16
        var configuration = Database.Configuration()
        configuration.cache = .limited(bytes: 1 << 30, entries: 1_000_000)
        let database = try Database.inMemory(configuration: configuration)
        try database.write { try $0.createCollection("points") }
        for _ in 0..<rounds {
            let queries = (0..<10_000).map { _ in
                let west = random.uniform(0, 100 - side)
                let south = random.uniform(-50, 50 - side)
                return FeatureQuery(in: "points").bounds(
                    intersecting: BoundingBox(
                        west: west, south: south, east: west + side, north: south + side))
            }
            for query in queries { _ = try database.fetchCount(query) }
            for _ in 0..<1000 {
                let place = Position(
                    longitude: random.uniform(0, 100), latitude: random.uniform(-50, 50))
                try database.write { tx in
                    _ = try tx.insert(Feature(geometry: .point(place)), into: "points")
                }
            }
            let before = database.statistics().cache.hits
            for query in queries { _ = try database.fetchCount(query) }
            off += Double(database.statistics().cache.hits - before) / 10_000 - 0.606454822840097
        }
        try recorder.add(
            workload: "cache", operation: "valid-after-writes", engine: Self.own, unit: .ratio,
            value: abs(off / Double(rounds)), hits: 10_000,
            note: "distance from (1 - f)^1000")
    }

    private func traces() throws {
        for trace in CacheTrace.all(isQuick ? 200_000 : 1_000_000) {
            for (engine, percent) in [(Self.own, 75), (Self.plain, 0)] where wants(engine) {
                let cache = LRUCache<Answer>(
                    bytes: 1 << 40, entries: trace.entries, protectedPercent: percent)
                for key in trace.keys {
                    let key = LRUKey(low: key &* 0x9E37_79B9_7F4A_7C15, high: key)
                    if cache.value(for: key) == nil {
                        cache.setValue(Answer(), for: key, bytes: 64)
                    }
                }
                try recorder.add(
                    workload: "cache", operation: trace.name, engine: engine, unit: .ratio,
                    value: Double(cache.statistics.misses) / Double(trace.keys.count),
                    hits: Int64(trace.keys.count))
            }
        }
    }
}
