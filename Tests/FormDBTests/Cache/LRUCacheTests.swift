import Testing

@_spi(Benchmark) @testable import FormDB

/// A cache written for being obviously right: two arrays, newest first.
private struct NaiveLRU {
    struct Entry {
        var key: LRUKey
        var value: ObjectIdentifier
        var bytes: Int
        var deadline: UInt64
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

    private mutating func protect(_ entry: Entry) {
        protected.insert(entry, at: 0)
        while protected.count > entriesMax * 80 / 100
            || protected.map(\.bytes).reduce(0, +) > bytesMax * 80 / 100
        {
            probation.insert(protected.removeLast(), at: 0)
        }
    }

    mutating func get(_ key: LRUKey, now: UInt64) -> ObjectIdentifier? {
        guard let (entry, _) = remove(key) else {
            statistics.misses += 1
            return nil
        }
        if timeToLive != nil, entry.deadline <= now {
            statistics.expirations += 1
            statistics.misses += 1
            return nil
        }
        statistics.hits += 1
        protect(entry)
        return entry.value
    }

    mutating func put(_ key: LRUKey, _ value: ObjectIdentifier, bytes: Int, now: UInt64) {
        let old = remove(key)
        if bytes > bytesMax || entriesMax == 0 {
            statistics.rejections += 1
            return
        }
        let entry = Entry(
            key: key, value: value, bytes: bytes, deadline: now + (timeToLive ?? 0))
        if old != nil {
            protect(entry)
        } else {
            if all.count == entriesMax { evict(sparing: nil) }
            probation.insert(entry, at: 0)
        }
        while all.map(\.bytes).reduce(0, +) > bytesMax { evict(sparing: key) }
    }

    private mutating func evict(sparing key: LRUKey?) {
        statistics.evictions += 1
        if let last = probation.last, last.key != key {
            probation.removeLast()
        } else {
            protected.removeLast()
        }
    }

    mutating func removeValue(_ key: LRUKey) -> Bool {
        if remove(key) == nil { return false }
        statistics.removals += 1
        return true
    }
}

private final class Item: Sendable {
    private static let alive = CoreLock(0)
    init() { Self.alive.withLock { $0 += 1 } }
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
        final class Plain: Sendable {}
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
        final class Nested: Sendable {
            let cache: LRUCache<Nested>?
            init(_ cache: LRUCache<Nested>?) { self.cache = cache }
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
}
