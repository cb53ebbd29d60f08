extension Database {
    /// Whether answers are kept, and how much of them.
    ///
    /// A kept answer is given again as long as no published write has touched what it depends on: its
    /// box, its time, its ids, its series. It is never stale.
    ///
    /// ```swift
    /// var configuration = Database.Configuration()
    /// configuration.cache = .limited(bytes: 256 << 20, entries: 100_000)
    /// ```
    public struct Cache: Hashable, Sendable, CustomStringConvertible {
        struct Limits: Hashable, Sendable {
            var bytes: Int
            var entries: Int
            var timeToLive: Duration?
        }

        /// nil when nothing is kept.
        let limits: Limits?
        public let description: String

        /// 32 MiB, and 10,000 answers.
        public static let automatic = Cache(
            limits: Limits(bytes: 32 << 20, entries: 10_000), description: "automatic")
        /// Every question is computed.
        public static let off = Cache(limits: nil, description: "off")
        /// As much as that.
        ///
        /// - Parameters:
        ///   - bytes: what the answers keep alive, in all.
        ///   - timeToLive: when an answer is given up though nothing has touched it; nil for never.
        public static func limited(
            bytes: Int, entries: Int = 10_000, timeToLive: Duration? = nil
        ) -> Cache {
            Cache(
                limits: Limits(bytes: bytes, entries: entries, timeToLive: timeToLive),
                description: "limited(bytes: \(bytes), entries: \(entries)"
                    + (timeToLive.map { ", timeToLive: \($0)" } ?? "") + ")")
        }

        func validate() throws {
            guard let limits else { return }
            guard limits.bytes >= 0, limits.entries >= 0,
                limits.timeToLive.map({ $0 > .zero }) ?? true
            else {
                throw FormDBError(
                    .invalidArgument, "a cache \(self)",
                    advice: "choose sizes that are not negative, and a time to live above zero")
            }
        }
    }

    /// What became of questions that were asked of the cache; see ``Statistics/cache``.
    public struct CacheStatistics: Hashable, Sendable {
        /// Questions answered by a kept answer, and by computing.
        public var hits = 0
        public var misses = 0
        /// Answers given up for want of room, and for their age.
        public var evictions = 0
        public var expirations = 0
        /// Answers given up because a write touched what they depend on.
        public var invalidations = 0
        /// Answers that are kept, and what they keep alive.
        public var entries = 0
        public var bytes = 0

        /// The share of questions that a kept answer answered; nil before the first.
        public var hitRate: Double? {
            hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
        }
    }
}

// MARK: - Asking

extension ReadSource {
    /// The answer to a question about a collection, kept if it may be.
    ///
    /// - Parameters:
    ///   - answer: what is asked of the query; equal ones are of one type.
    ///   - bytes: what a value keeps alive.
    ///   - reach: how far the farthest of a full answer to `nearest` is; nil if it isn't full.
    func cached<Value: Sendable>(
        _ query: FeatureQuery, _ options: RequestOptions, _ answer: FeatureQuestion.Answer,
        bytes: (Value) -> Int, reach: (Value) -> Distance? = { _ in nil },
        _ compute: (CoreView) throws -> Value
    ) throws -> Value {
        let transaction = try open()
        let target = try transaction.require(.collection, query.collection)
        // A plan that is forced is there to be carried out.
        guard options.forced == nil, let cache = cache(of: transaction) else {
            return try compute(transaction.view(of: target.id))
        }
        let key = cache.key(
            FeatureQuestion(query: query, answer: answer),
            of: CoreRegion(kind: .collection, target: target.id))
        let interruption =
            options.timeLimit == nil ? nil : Interruption(timeLimit: options.timeLimit)
        return try cache.value(for: key, in: transaction, interrupt: interruption?.check) {
            let value = try compute(transaction.view(of: target.id))
            return CachedAnswer(
                value: value, bytes: bytes(value),
                regions: query.regions(in: target.id, reach: reach(value)))
        }
    }

    /// The answer to a question about a series, kept if it may be.
    func cached<Value: Sendable>(
        _ query: SeriesQuery, _ answer: SeriesQuestion.Answer, bytes: (Value) -> Int,
        _ compute: (CoreSeriesView) throws -> Value
    ) throws -> Value {
        let transaction = try open()
        let target = try transaction.require(.series, query.series)
        func computed() throws -> Value {
            try compute(transaction.seriesView(of: target.id, fieldCount: target.fieldCount))
        }
        guard let cache = cache(of: transaction) else { return try computed() }
        let whole = CoreRegion(kind: .series, target: target.id)
        let key = cache.key(SeriesQuestion(query: query, answer: answer), of: whole)
        return try cache.value(for: key, in: transaction) {
            let value = try computed()
            var region = whole
            region.time = query.range
            return CachedAnswer(value: value, bytes: bytes(value), regions: [region])
        }
    }

    /// What asking a question would find among the kept answers.
    func cacheOutcome<Value: Sendable>(
        _ question: FeatureQuestion, of view: CoreView, _ options: RequestOptions,
        as type: Value.Type
    ) throws -> QueryExplanation.CacheOutcome {
        let transaction = view.owner
        if transaction.isWriting { return .writing }
        if case .uncached = self { return .uncached }
        if options.forced != nil { return .forced }
        guard let cache = cache(of: transaction) else { return .off }
        let target = CoreRegion(kind: .collection, target: view.collection)
        return try cache.outcome(of: cache.key(question, of: target), in: transaction, as: type)
    }

    /// nil where nothing is kept: by configuration, by the request, inside a write transaction.
    private func cache(of transaction: CoreTransaction) -> QueryCache? {
        if transaction.isWriting { return nil }
        if case .uncached = self { return nil }
        return transaction.store.cache
    }
}

extension FeatureRequest {
    /// The same, computed whether its answer is kept or not, and not kept.
    ///
    /// ```swift
    /// let fresh = try db.features(in: "places").bounds(intersecting: box).uncached().fetchCount()
    /// ```
    public func uncached() -> FeatureRequest {
        FeatureRequest(source: .uncached(source), query: query, options: options)
    }
}

extension SeriesRequest {
    /// The same, computed whether its answer is kept or not, and not kept.
    public func uncached() -> SeriesRequest {
        var fresh = self
        fresh.source = .uncached(source)
        return fresh
    }
}

extension NeighborRequest {
    /// The same, computed whether its answer is kept or not, and not kept.
    public func uncached() -> NeighborRequest {
        NeighborRequest(source: .uncached(source), query: query, options: options)
    }
}

/// A count whose question was made ready beforehand, as a loop that asks it again and again would.
@_spi(Benchmark) public final class PreparedCount: Sendable {
    private let cache: QueryCache
    private let snapshot: CoreTransaction
    private let key: CacheKey<FeatureQuestion>

    public init(_ query: FeatureQuery, in snapshot: Snapshot) throws {
        self.snapshot = snapshot.core
        guard let cache = snapshot.core.store.cache else {
            throw FormDBError(.invalidArgument, "nothing is kept")
        }
        self.cache = cache
        let target = try snapshot.core.require(.collection, query.collection)
        key = cache.key(
            FeatureQuestion(query: query, answer: .count),
            of: CoreRegion(kind: .collection, target: target.id))
    }

    public func fetch() throws -> Int {
        try cache.value(for: key, in: snapshot) {
            let view = try snapshot.view(of: key.target.target)
            return CachedAnswer(
                value: try FeatureExecutor(key.question.query, view).count(), bytes: 0,
                regions: key.question.query.regions(in: key.target.target, reach: nil))
        }
    }
}
