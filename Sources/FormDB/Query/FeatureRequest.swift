/// A question about features, bound to where it is asked.
///
/// ```swift
/// let cafes = try db.features(in: "places").bounds(intersecting: box).during(range)
///     .limit(20).fetchAll()
/// ```
///
/// Asked of a database, each call sees the newest state; of a snapshot, its state; of a write
/// transaction, its own changes too, inside its closure only. Throws `notFound`, with the nearest name,
/// if there is no such collection.
public struct FeatureRequest: Sendable, FeatureRefining {
    let source: ReadSource
    public var query: FeatureQuery
    var options = RequestOptions()

    /// Gives up with `timeLimitExceeded` when an answer takes longer than this.
    ///
    /// ```swift
    /// let found = try db.features(in: "places").filter(.property("name").contains("bridge"))
    ///     .timeLimit(.milliseconds(50)).fetchAll()
    /// ```
    ///
    /// Work stops within about 10 ms of the limit, and nothing else is affected. A question that takes long also stops
    /// when its task is cancelled, with `CancellationError`.
    public func timeLimit(_ limit: Duration) -> FeatureRequest {
        var limited = self
        limited.options.timeLimit = limit
        return limited
    }

    /// The `limit` nearest to a place, with their distances; see ``FeatureQuery/nearest(to:limit:maxDistance:)``.
    ///
    /// ```swift
    /// let near = try db.features(in: "places").nearest(to: here, limit: 5).fetchAll()
    /// print(near[0].feature, near[0].distance)
    /// ```
    public func nearest(
        to place: Position, limit: Int, maxDistance: Distance? = nil
    ) -> NeighborRequest {
        NeighborRequest(
            source: source,
            query: query.nearest(to: place, limit: limit, maxDistance: maxDistance),
            options: options)
    }

    /// All within a distance of a place, with their distances.
    public func within(_ distance: Distance, of place: Position) -> NeighborRequest {
        NeighborRequest(
            source: source, query: query.within(distance, of: place), options: options)
    }
}

extension FeatureRequest {
    /// Calls `body` with what answers the question, and the answer's positions.
    func withAnswer<Result>(
        _ query: FeatureQuery? = nil, _ body: (CoreView, CorePositions) throws -> Result
    ) throws -> Result {
        let query = query ?? self.query
        return try source.withView(of: query.collection) { view in
            try view.owner.store.scratch.withPositions { positions in
                try FeatureExecutor(query, view, options.executor).run(into: positions)
                return try body(view, positions)
            }
        }
    }

    /// All of them.
    public func fetchAll() throws -> [Feature] {
        try source.cached(query, options, .features, bytes: { MemorySize.of($0) }) { view in
            try view.owner.store.scratch.withPositions { positions in
                let options = options.executor
                try FeatureExecutor(query, view, options).run(into: positions)
                let features = try view.features(at: positions, options.interruption)
                return query.projection.map { features.map($0.apply) } ?? features
            }
        }
    }

    /// What the question reads of a row.
    private func feature(_ position: UInt32, of view: CoreView) throws -> Feature {
        let feature = try view.feature(at: position)
        return query.projection?.apply(to: feature) ?? feature
    }

    /// One of them: the first, if there is an order, else any.
    public func fetchOne() throws -> Feature? {
        try withAnswer(query.limit(Swift.min(query.limitCount ?? 1, 1))) { view, positions in
            try positions.isEmpty ? nil : feature(positions[0], of: view)
        }
    }

    /// How many there are. COST: nothing is decoded, and whole nodes of the index are counted at once.
    public func fetchCount() throws -> Int {
        try source.cached(query, options, .count, bytes: { _ in 0 }) {
            try FeatureExecutor(query, $0, options.executor).count()
        }
    }

    /// Their ids.
    public func fetchIDs() throws -> [FeatureID] {
        try source.cached(query, options, .ids, bytes: { MemorySize.of($0) }) { view in
            let executor = try FeatureExecutor(query, view, options.executor)
            var integers: [Int64] = []
            if try executor.integerIDs(into: &integers) { return integers.map { .integer($0) } }
            return try view.owner.store.scratch.withPositions { positions in
                try executor.run(into: positions)
                return try (0..<positions.count).map { index in
                    if index % 65_536 == 65_535 { try executor.options.interruption.check() }
                    return view.id(at: positions[index])
                }
            }
        }
    }

    /// Their ids, which all have to be integers.
    public func fetchIntegerIDs() throws -> [Int64] {
        var ids: [Int64] = []
        try fetchIntegerIDs(into: &ids)
        return ids
    }

    /// Their ids, which all have to be integers, into an array whose memory is used again.
    ///
    /// COST: about a nanosecond an id. Throws `invalidArgument` where an id is a text.
    public func fetchIntegerIDs(into ids: inout [Int64]) throws {
        let query = query
        let found = try source.withView(of: query.collection) { view in
            try FeatureExecutor(query, view, options.executor).integerIDs(into: &ids)
        }
        if !found {
            throw FormDBError(
                .invalidArgument, "an id in \"\(query.collection)\" is a text",
                advice: "use fetchIDs")
        }
    }

    /// Calls `body` with each, borrowed and read in place: for hot loops.
    ///
    /// ```swift
    /// var total = 0.0
    /// try db.features(in: "places").bounds(intersecting: box).forEachView { view in
    ///     total += try view.property("population")?.doubleValue ?? 0
    /// }
    /// ```
    ///
    /// A write inside the closure, to the transaction that is asked, throws `reentrant`.
    public func forEachView(_ body: (borrowing FeatureView) throws -> Void) throws {
        try withAnswer { view, positions in
            try view.owner.lending {
                try view.forEach(positions) { try body(FeatureView(view, $0)) }
            }
        }
    }

    /// Calls `body` with each, decoded one by one; in order of id if there is no order.
    public func forEach(_ body: (Feature) throws -> Void) throws {
        try cursor().forEach(body)
    }

    /// Those that a closure accepts, decoded one by one.
    public func filter(_ isIncluded: (Feature) throws -> Bool) throws -> [Feature] {
        var features: [Feature] = []
        try forEach { if try isIncluded($0) { features.append($0) } }
        return features
    }

    /// A cursor over them, which decodes each when it is asked for; in order of id if there is no
    /// order.
    ///
    /// ```swift
    /// let cursor = try db.features(in: "places").cursor()
    /// while let feature = try cursor.next() { print(feature) }
    /// ```
    public func cursor() throws -> FeatureCursor {
        let ordered = query.order == nil && !query.hasDistance ? query.order(by: .id) : query
        let transaction = try source.open()
        let target = try transaction.require(.collection, query.collection)
        return try FeatureCursor(transaction.view(of: target.id), ordered, options)
    }

    /// The same as an asynchronous sequence. The state is that of the first step.
    ///
    /// ```swift
    /// for try await feature in db.features(in: "places").stream { print(feature) }
    /// ```
    public var stream: FeatureStream { FeatureStream(request: self) }
}

extension ReadSource {
    /// Calls `body` with the rows of a collection.
    @inline(__always)
    func withView<Result>(
        of collection: String, _ body: (CoreView) throws -> Result
    ) throws -> Result {
        let transaction = try open()
        let target = try transaction.require(.collection, collection)
        return try body(transaction.view(of: target.id))
    }
}

extension CoreView {
    /// Looks again if the transaction wrote since: rows keep their positions. By number, as another collection may have
    /// the name now.
    mutating func refresh() throws {
        if isCurrent { return }
        self = try owner.view(of: collection)
    }
}
