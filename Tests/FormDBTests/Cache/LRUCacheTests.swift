import Foundation
import Testing

@_spi(Benchmark) @testable import FormDB

/// A cache written for being obviously right: two arrays, newest first.
private struct NaiveLRU {
    struct Entry {
        var key: LRUKey
        var value: ObjectIdentifier
        var bytes: Int
        var deadline: UInt64
        var isMarked = false
    }

    var probation: [Entry] = []
    var protected: [Entry] = []
    let bytesMax, entriesMax: Int
    let timeToLive: UInt64?
    var statistics = LRUStatistics()

    var all: [Entry] { protected + probation }

    private mutating func remove(_ key: LRUKey) -> (entry: Entry, wasProtected: Bool)? {
        if let at = protected.firstIndex(where: { $0.key == key }) {
            return (protected.remove(at: at), true)
        }
        if let at = probation.firstIndex(where: { $0.key == key }) {
            return (probation.remove(at: at), false)
        }
        return nil
    }

    mutating func get(_ key: LRUKey, now: UInt64) -> ObjectIdentifier? {
        guard let entry = all.first(where: { $0.key == key }) else {
            statistics.misses += 1
            return nil
        }
        if timeToLive != nil, entry.deadline <= now {
            _ = remove(key)
            statistics.expirations += 1
            statistics.misses += 1
            return nil
        }
        statistics.hits += 1
        mark(key)
        return entry.value
    }

    private mutating func mark(_ key: LRUKey) {
        if let at = protected.firstIndex(where: { $0.key == key }) {
            protected[at].isMarked = true
        } else if let at = probation.firstIndex(where: { $0.key == key }) {
            probation[at].isMarked = true
        }
    }

    mutating func put(_ key: LRUKey, _ value: ObjectIdentifier, bytes: Int, now: UInt64) {
        let old = remove(key)
        if bytes > bytesMax || entriesMax == 0 {
            statistics.rejections += 1
            return
        }
        if all.count == entriesMax { evict(sparing: nil) }
        probation.insert(
            Entry(
                key: key, value: value, bytes: bytes, deadline: now + (timeToLive ?? 0),
                isMarked: old != nil), at: 0)
        while all.map(\.bytes).reduce(0, +) > bytesMax { evict(sparing: key) }
    }

    /// Marks earn protection, or another turn of it: 32 of them at most.
    private mutating func settle() {
        var left = 32
        while left > 0, var last = probation.last, last.isMarked {
            left -= 1
            last.isMarked = false
            probation.removeLast()
            protected.insert(last, at: 0)
            while protected.count > entriesMax * 75 / 100
                || protected.map(\.bytes).reduce(0, +) > bytesMax * 75 / 100
            {
                var last = protected.removeLast()
                if last.isMarked && left > 0 {
                    left -= 1
                    last.isMarked = false
                    protected.insert(last, at: 0)
                } else {
                    probation.insert(last, at: 0)
                }
            }
        }
    }

    private mutating func evict(sparing key: LRUKey?) {
        settle()
        statistics.evictions += 1
        if let at = probation.lastIndex(where: { $0.key != key }) {
            probation.remove(at: at)
        } else if let at = protected.lastIndex(where: { $0.key != key }) {
            protected.remove(at: at)
        }
    }

    mutating func removeValue(_ key: LRUKey) -> Bool {
        if remove(key) == nil { return false }
        statistics.removals += 1
        return true
    }
}

private final class Item: LRUEntry, @unchecked Sendable {
    private static let alive = CoreLock(0)
    override init() {
        super.init()
        Self.alive.withLock { $0 += 1 }
    }
    deinit { Self.alive.withLock { $0 -= 1 } }
    static var count: Int { alive.withLock { $0 } }
}

@Suite("The recency cache")
struct LRUCacheTests {
    @Test("does what a naive one does, in bytes, entries, age and order")
    func agreesWithNaiveModel() {
        var random = SeededGenerator.printed()
        let operations = Thoroughness.isQuick ? 40_000 : 1_000_000
        // Small ones: the naive cache is linear.
        let shapes: [(bytes: Int, entries: Int, timeToLive: Duration?)] = [
            (1 << 40, 12, nil), (400, 1000, nil), (300, 8, .nanoseconds(60)), (500, 40, nil),
            (10, 1, nil), (100, 0, nil), (1 << 40, 70, .nanoseconds(900)),
        ]
        for shape in shapes {
            let clock = Shared<UInt64>(0)
            let cache = LRUCache<Item>(
                bytes: shape.bytes, entries: shape.entries, timeToLive: shape.timeToLive,
                clock: { clock.value })
            var model = NaiveLRU(
                bytesMax: shape.bytes, entriesMax: shape.entries,
                timeToLive: shape.timeToLive.map {
                    UInt64($0.components.attoseconds / 1_000_000_000)
                })
            for step in 0..<operations / shapes.count {
                if random.next() % 4 == 0 { clock.update { $0 += random.next() % 8 } }
                let now = clock.value
                // Few keys, some with equal hashes.
                let number = random.next() % 100
                let key = LRUKey(low: number % 90, high: number / 90)
                switch random.next() % 10 {
                case 0..<5:
                    let found = cache.value(for: key).map { ObjectIdentifier($0) }
                    guard found == model.get(key, now: now) else {
                        Issue.record("step \(step): another value in \(shape)")
                        return
                    }
                case 5..<9:
                    let item = Item()
                    let bytes = Int(random.next() % 60) * (random.next() % 50 == 0 ? 20 : 1)
                    cache.setValue(item, for: key, bytes: bytes)
                    model.put(key, ObjectIdentifier(item), bytes: bytes, now: now)
                default:
                    guard cache.removeValue(for: key) == model.removeValue(key) else {
                        Issue.record("step \(step): another removal in \(shape)")
                        return
                    }
                }
                if step % 16 == 0 {
                    model.statistics.entries = model.all.count
                    model.statistics.bytes = model.all.map(\.bytes).reduce(0, +)
                    guard cache.keys == model.all.map(\.key), cache.statistics == model.statistics
                    else {
                        Issue.record(
                            "step \(step): \(cache.statistics), not \(model.statistics) in \(shape)"
                        )
                        return
                    }
                }
            }
            #expect(Item.count == cache.statistics.entries)
            cache.removeAll()
            #expect(cache.statistics.entries == 0 && cache.statistics.bytes == 0)
            #expect(Item.count == 0)
        }
    }

    @Test("grows to a hundred thousand entries and finds each")
    func growsLarge() {
        final class Plain: LRUEntry, @unchecked Sendable {}
        let cache = LRUCache<Plain>(bytes: .max, entries: 100_000)
        let items = (0..<100_000).map { _ in Plain() }
        for (number, item) in items.enumerated() {
            cache.setValue(item, for: LRUKey(low: UInt64(number), high: 7), bytes: 1)
        }
        #expect(cache.statistics.entries == 100_000)
        for (number, item) in items.enumerated() {
            #expect(cache.value(for: LRUKey(low: UInt64(number), high: 7)) === item)
        }
        cache.setValue(Plain(), for: LRUKey(low: 0, high: 8), bytes: 1)
        #expect(cache.statistics.evictions == 1)
    }

    @Test("releases a value outside its lock, so that a value's end may use the cache")
    func releasesOutsideLock() {
        final class Nested: LRUEntry, @unchecked Sendable {
            let cache: LRUCache<Nested>?
            init(_ cache: LRUCache<Nested>?) {
                self.cache = cache
                super.init()
            }
            deinit { _ = cache?.statistics }
        }
        let cache = LRUCache<Nested>(bytes: 10, entries: 2)
        for number in 0..<10 {
            cache.setValue(Nested(cache), for: LRUKey(low: UInt64(number), high: 0), bytes: 1)
        }
        cache.removeValue(for: LRUKey(low: 9, high: 0))
        cache.removeAll()
        #expect(cache.statistics.entries == 0)
    }
}

@Suite("Fingerprints of questions")
struct FingerprintTests {
    private func key(_ query: FeatureQuery) -> LRUKey {
        var fingerprint = Fingerprint(.init(low: 3, high: 4))
        query.combine(into: &fingerprint)
        return fingerprint.key
    }

    @Test("tell questions apart, and are equal for equal ones")
    func tellQuestionsApart() throws {
        let box = BoundingBox(west: 1, south: 2, east: 3, north: 4)
        let time = TimeRange(start: Timestamp(microseconds: 1), end: Timestamp(microseconds: 2))
        let place = Position(longitude: 1, latitude: 2)
        let base = FeatureQuery(in: "a")
        let queries: [FeatureQuery] = [
            base, FeatureQuery(in: "b"), FeatureQuery(in: "ab"), base.bounds(intersecting: box),
            base.bounds(within: box), base.during(time), base.during(.from(time.start!)),
            base.during(.upTo(time.end!)), base.limit(1), base.limit(2), base.order(by: .id),
            base.order(by: .id, descending: true), base.order(by: .time), base.ids(1), base.ids(2),
            base.ids("1"), base.ids([]), base.ids(1, 2), base.nearest(to: place, limit: 1),
            base.nearest(to: place, limit: 2),
            base.nearest(to: place, limit: 2, maxDistance: .meters(3)),
            base.within(.meters(3), of: place), base.filter(.property("a") == 1),
            base.filter(.property("a") == 2), base.filter(.property("b") == 1),
            base.order(by: .property("a")), base.order(by: .property("b")),
            base.order(by: .property("a"), descending: true), base.reading(properties: ["a"]),
            base.reading(properties: ["a"], geometry: false), base.reading(properties: ["b"]),
            base.after(PageToken(.init(id: 1), of: base)),
            base.after(PageToken(.init(id: 2), of: base)),
        ]
        #expect(Set(queries.map(key)).count == queries.count)
        let inBox = base.bounds(intersecting: box)
        #expect(key(inBox.bounds(intersecting: box)) == key(inBox))
        let wide = BoundingBox(west: 0, south: 0, east: 30, north: 40)
        #expect(
            key(inBox.bounds(intersecting: wide))
                == key(base.bounds(intersecting: wide).bounds(intersecting: box)))
        for query in queries { #expect(key(query) == key(query.refined { _ in })) }
        let zero = BoundingBox(west: -0.0, south: 0, east: 3, north: 4)
        let minus = BoundingBox(west: 0.0, south: -0.0, east: 3, north: 4)
        #expect(key(base.bounds(within: zero)) == key(base.bounds(within: minus)))
    }
    @Test("tell apart what is asked of a question: groups and windows of each kind")
    func tellAnswersApart() throws {
        let query = FeatureQuery(in: "a")
        let windowings: [CoreSeriesView.Windowing?] = [
            nil, .init(length: 1), .init(length: 2), .init(length: 1, origin: 1),
            .init(edges: [1, 2]), .init(edges: [1, 3]),
        ]
        var answers: [FeatureQuestion.Answer] = [.count, .ids, .features, .neighbors]
        for key in [nil, PropertyPath("a"), PropertyPath("b")] {
            for value in [nil, PropertyPath("a"), PropertyPath("b")] {
                for windowing in windowings {
                    for from in [Int64.min, 5] {
                        answers.append(
                            .groups(
                                CoreAggregation(
                                    key: key, value: value, windowing: windowing, from: from)))
                    }
                }
            }
        }
        let questions = answers.map { FeatureQuestion(query: query, answer: $0) }
        #expect(Set(questions).count == answers.count)
        #expect(Set(questions.map { key($0) }).count == answers.count)
        for question in questions { #expect(question.isIdentical(to: question)) }

        let new = Calendar(identifier: .gregorian)
        var other = new
        other.firstWeekday = new.firstWeekday % 7 + 1
        let windows: [Windows] = [
            .length(.minutes(1)), .length(.minutes(2)),
            .length(.minutes(1), origin: Timestamp(microseconds: 1)),
            .edges([Timestamp(microseconds: 1), Timestamp(microseconds: 2)]),
            .edges([Timestamp(microseconds: 1), Timestamp(microseconds: 3)]),
            .calendar(.day, new), .calendar(.week, new), .calendar(.week, other),
        ]
        var asked: [SeriesQuestion.Answer] = [.init(kind: .count), .init(kind: .aggregate)]
        for windows in windows {
            asked += [.windows(windows, .omitted), .windows(windows, .included)]
        }
        let points = asked.map { SeriesQuestion(query: SeriesQuery("a"), answer: $0) }
        #expect(Set(points).count == asked.count)
        #expect(Set(points.map { key($0) }).count == asked.count)
    }

    private func key(_ question: some CacheableQuestion) -> LRUKey {
        var fingerprint = Fingerprint(.init(low: 3, high: 4))
        question.combine(into: &fingerprint)
        return fingerprint.key
    }

    @Test("and a query is its own: a copy that is changed leaves the other as it was")
    func copiesOnWrite() {
        let box = BoundingBox(west: 1, south: 2, east: 3, north: 4)
        let query = FeatureQuery(in: "a").bounds(intersecting: box)
        let copy = query
        #expect(copy.isIdentical(to: query))
        var changed = query
        changed.limitCount = 5
        #expect(query.limitCount == nil && copy.limitCount == nil && changed != query)
        #expect(!changed.isIdentical(to: query) && key(changed) != key(query))
        let limited = query.limit(5)
        #expect(query.limitCount == nil && limited == changed && !limited.isIdentical(to: changed))
        #expect(key(limited) == key(changed) && limited.hashValue == changed.hashValue)
    }
}
