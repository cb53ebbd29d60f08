/// Several series, found by the features that describe them.
///
/// ```swift
/// let heat = try db.series(where: .property("kind") == "temperature").bounds(intersecting: box)
/// let all = try heat.during(week).fetchAll()                     // of all together, by time
/// for series in try heat.windowsBySeries(.length(.days(1))) { print(series.name) }
/// ```
///
/// What describes a series is the feature that it was created with; one without has none, and is not found.
/// A field that one of them lacks throws `notFound` when points are read.
public struct SeriesCollectionRequest: Sendable, SeriesRefining {
    let source: ReadSource
    let filter: Filter
    private var description = FeatureQuery(in: DatabaseSchema.seriesCollection)
    /// What is asked of each; its name means nothing.
    public var query = SeriesQuery("")
    private var timeLimit: Duration?

    init(source: ReadSource, filter: Filter) {
        self.source = source
        self.filter = filter
    }

    /// Series whose description's bounding box meets a box.
    public func bounds(intersecting box: BoundingBox) -> Self {
        described { $0.bounds(intersecting: box) }
    }

    /// Series whose description's bounding box lies in a box.
    public func bounds(within box: BoundingBox) -> Self {
        described { $0.bounds(within: box) }
    }

    /// Gives up with `timeLimitExceeded` when an answer of all of them takes longer than this; see
    /// ``SeriesRequest/timeLimit(_:)``.
    public func timeLimit(_ limit: Duration) -> Self {
        var limited = self
        limited.timeLimit = limit
        return limited
    }

    /// What may stop the answer; its time begins now.
    var interruption: Interruption { Interruption(timeLimit: timeLimit) }

    private func described(_ change: (FeatureQuery) -> FeatureQuery) -> Self {
        var changed = self
        changed.description = change(description)
        return changed
    }

    /// Those that are found, in order of creation, each as a question of its own, all of one state.
    public func each() throws -> [(name: String, request: SeriesRequest)] {
        try each(nil)
    }

    /// The same, with what may stop all of them together.
    func each(
        _ interruption: Interruption?
    ) throws -> [(name: String, request: SeriesRequest)] {
        let transaction = try source.open()
        let ids = Set(try found(transaction))
        // A database is asked as it was when the series were found.
        let same = ReadSource.transaction(transaction)
        return try Reading.schema(transaction).series.filter { ids.contains(Int64($0.id)) }.map {
            var one = SeriesQuery($0.name)
            one.range = query.range
            one.fieldName = query.fieldName
            one.limitCount = query.limitCount
            one.isReversed = query.isReversed
            return (
                name: $0.name,
                request: SeriesRequest(source: same, query: one, running: interruption)
            )
        }
    }

    /// The numbers of the series that are described so.
    private func found(_ transaction: CoreTransaction) throws -> [Int64] {
        guard let target = try transaction.resolve(.collection, description.collection) else {
            return []
        }
        let predicate = try CorePredicate(filter)
        let view = try transaction.view(of: target.id)
        return try transaction.store.scratch.withPositions { positions in
            try FeatureExecutor(description, view).run(into: positions)
            view.filter(positions, predicate)
            return (0..<positions.count).compactMap { view.id(at: positions[$0]).integerValue }
        }
    }

    /// All their points in order of time; of equal times those of earlier series first.
    public func fetchAll() throws -> [DataPoint] {
        try query.validate()
        let isReversed = query.isReversed
        var merged: [DataPoint] = []
        let interruption = interruption
        for (_, request) in try each(interruption) {
            let points = try request.fetchAll()
            merged = try Self.merge(merged, points, isReversed, interruption)
            // Points beyond the limit can't come back.
            if let limit = query.limitCount, merged.count > limit {
                merged.removeLast(merged.count - limit)
            }
        }
        return merged
    }

    private static func merge(
        _ a: [DataPoint], _ b: [DataPoint], _ isReversed: Bool, _ interruption: Interruption
    ) throws -> [DataPoint] {
        if a.isEmpty { return b }
        var merged: [DataPoint] = []
        merged.reserveCapacity(a.count + b.count)
        var (i, j) = (0, 0)
        while i < a.count && j < b.count {
            // Reversed is the exact reverse, of equal times too.
            let takesB = isReversed ? b[j].time >= a[i].time : b[j].time < a[i].time
            merged.append(takesB ? b[j] : a[i])
            if takesB { j += 1 } else { i += 1 }
            if merged.count % 16_384 == 0 { try interruption.check() }
        }
        merged += a[i...]
        merged += b[j...]
        return merged
    }

    /// How many points they have.
    public func fetchCount() throws -> Int {
        let count = try each(interruption).reduce(0) { try $0 + $1.request.fetchCount() }
        return Swift.min(count, query.limitCount ?? .max)
    }

    /// Windows over the points of all of them together, as if they were those of one series.
    ///
    /// ```swift
    /// let warmest = try db.series(where: .property("kind") == "temperature").during(week)
    ///     .windows(.length(.hours(1))).max()
    /// ```
    ///
    /// A range with open ends reaches from the earliest point to the latest of any. Of equal times, those of earlier
    /// series come first. COST: that of the windows of each.
    public func windows(
        _ windows: Windows, empty: EmptyWindows = .omitted
    ) -> WindowRequest {
        WindowRequest(asked: .several(self), windows: windows, empty: empty)
    }

    /// Windows of each, one series after another.
    public func windowsBySeries(
        _ windows: Windows, empty: EmptyWindows = .omitted
    ) throws -> [NamedWindows] {
        try each(interruption).map {
            NamedWindows(
                name: $0.name, windows: try $0.request.windows(windows, empty: empty).all())
        }
    }
}

/// The windows of one series of several.
public struct NamedWindows: Hashable, Sendable {
    /// The name of the series.
    public let name: String
    public let windows: [WindowedAggregate]
}

extension Database {
    /// The series whose describing features meet a condition; see ``SeriesCollectionRequest``.
    public func series(where filter: Filter) -> SeriesCollectionRequest {
        SeriesCollectionRequest(source: .database(self), filter: filter)
    }
}

extension Snapshot {
    /// The series whose describing features meet a condition; see ``SeriesCollectionRequest``.
    public func series(where filter: Filter) -> SeriesCollectionRequest {
        SeriesCollectionRequest(source: .transaction(core), filter: filter)
    }
}

extension WriteTransaction {
    /// The series whose describing features meet a condition; see ``SeriesCollectionRequest``.
    public func series(where filter: Filter) -> SeriesCollectionRequest {
        SeriesCollectionRequest(source: .transaction(core), filter: filter)
    }
}
