/// A feature and how far away it is.
public struct Neighbor: Hashable, Sendable {
    public var feature: Feature
    /// In metres on the ellipsoid.
    public var distance: Distance
}

/// A question about features and their distances from a place, bound to where it is asked.
///
/// ```swift
/// let near = try db.features(in: "places").during(today)
///     .nearest(to: here, limit: 5, maxDistance: .kilometers(2)).fetchAll()
/// for neighbor in near { print(neighbor.distance.kilometers, neighbor.feature) }
/// ```
public struct NeighborRequest: Sendable, FeatureRefining {
    let source: ReadSource
    public var query: FeatureQuery
    var options = RequestOptions()

    /// The `limit` nearest to a place; see ``FeatureQuery/nearest(to:limit:maxDistance:)``.
    public func nearest(
        to place: Position, limit: Int, maxDistance: Distance? = nil
    ) -> NeighborRequest {
        refined { $0 = $0.nearest(to: place, limit: limit, maxDistance: maxDistance) }
    }

    /// Only those within a distance of a place.
    public func within(_ distance: Distance, of place: Position) -> NeighborRequest {
        refined { $0 = $0.within(distance, of: place) }
    }

    /// Gives up with `timeLimitExceeded` when an answer takes longer; see ``FeatureRequest/timeLimit(_:)``.
    public func timeLimit(_ limit: Duration) -> NeighborRequest {
        var limited = self
        limited.options.timeLimit = limit
        return limited
    }

    /// The same features without their distances.
    public var features: FeatureRequest {
        FeatureRequest(source: source, query: query, options: options)
    }

    private func withNeighbors<Result>(
        _ body: (CoreView, [CoreView.Near]) throws -> Result
    ) throws -> Result {
        guard query.hasDistance else {
            throw FormDBError(
                .invalidArgument, "the query asks for no distance",
                advice: "add nearest(to:limit:) or within(_:of:)")
        }
        return try source.withView(of: query.collection) { view in
            try body(view, FeatureExecutor(query, view, options.executor).neighbors())
        }
    }

    /// All of them, nearest first; equal distances by id.
    public func fetchAll() throws -> [Neighbor] {
        guard query.hasDistance else { return try withNeighbors { _, _ in [] } }
        return try source.cached(
            query, options, .neighbors,
            bytes: { MemorySize.of($0.map(\.feature)) + $0.count * 8 },
            reach: { near in
                guard let limit = query.nearest?.limit, near.count == limit else { return nil }
                return near.map(\.distance).max()
            }
        ) { view in
            let options = options.executor
            let near = try FeatureExecutor(query, view, options).neighbors()
            return zip(try view.features(of: near, options.interruption), near).map {
                Neighbor(
                    feature: query.projection?.apply(to: $0) ?? $0, distance: .meters($1.meters))
            }
        }
    }

    /// The nearest.
    public func fetchOne() throws -> Neighbor? {
        try limit(min(query.limitCount ?? 1, 1)).fetchAll().first
    }

    /// The features alone, nearest first.
    public func fetchFeatures() throws -> [Feature] {
        try withNeighbors { view, near in
            try view.features(of: near, options.executor.interruption)
        }
    }

    /// The ids alone, nearest first.
    public func fetchIDs() throws -> [FeatureID] {
        try withNeighbors { view, near in near.map { view.id(at: $0.position) } }
    }

    /// The ids with their distances, nearest first: nothing else is decoded.
    public func fetchIDsWithDistances() throws -> [(id: FeatureID, distance: Distance)] {
        try withNeighbors { view, near in
            near.map { (view.id(at: $0.position), .meters($0.meters)) }
        }
    }

    /// How many there are.
    public func fetchCount() throws -> Int { try withNeighbors { $1.count } }
}
