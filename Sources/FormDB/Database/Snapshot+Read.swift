// Reading one state.

extension Snapshot {
    /// The features of a collection, to be narrowed and fetched.
    ///
    /// ```swift
    /// let near = try snapshot.features(in: "places").nearest(to: here, limit: 5).fetchAll()
    /// ```
    public func features(in collection: String) -> FeatureRequest {
        features(FeatureQuery(in: collection))
    }

    /// The features that a query asks for.
    public func features(_ query: FeatureQuery) -> FeatureRequest {
        FeatureRequest(source: .transaction(core), query: query)
    }

    /// The points of a series, to be narrowed and fetched.
    ///
    /// ```swift
    /// let pulse = try snapshot.series("heart-rate").during(today).windows(.minutes(5)).mean()
    /// ```
    public func series(_ name: String) -> SeriesRequest { series(SeriesQuery(name)) }

    /// The points that a query asks for.
    public func series(_ query: SeriesQuery) -> SeriesRequest {
        SeriesRequest(source: .transaction(core), query: query)
    }

    /// The feature of an id; nil if there is none.
    ///
    /// Throws `notFound` if there is no such collection. COST: O(1).
    public func feature(_ id: FeatureID, in collection: String) throws -> Feature? {
        try Reading.feature(id, in: collection, core)
    }

    /// The collections and series.
    public func schema() throws -> DatabaseSchema { try Reading.schema(core) }

    /// The names of the collections, in order of creation.
    public var collections: [String] {
        get throws { try schema().collections.map(\.name) }
    }

    /// The names of the series, in order of creation.
    public func seriesNames() throws -> [String] { try schema().series.map(\.name) }

    /// All features that a query asks for.
    public func fetchAll(_ query: FeatureQuery) throws -> [Feature] {
        try features(query).fetchAll()
    }

    /// One of the features that a query asks for: the first, if it has an order.
    public func fetchOne(_ query: FeatureQuery) throws -> Feature? {
        try features(query).fetchOne()
    }

    /// How many features a query asks for.
    public func fetchCount(_ query: FeatureQuery) throws -> Int {
        try features(query).fetchCount()
    }

    /// The ids of the features that a query asks for.
    public func fetchIDs(_ query: FeatureQuery) throws -> [FeatureID] {
        try features(query).fetchIDs()
    }

    /// The features that a query with `nearest` or `within` asks for, with their distances.
    public func fetchNeighbors(_ query: FeatureQuery) throws -> [Neighbor] {
        try NeighborRequest(source: .transaction(core), query: query).fetchAll()
    }

    /// All points that a query asks for.
    public func fetchAll(_ query: SeriesQuery) throws -> [DataPoint] {
        try series(query).fetchAll()
    }

    /// How many points a query asks for.
    public func fetchCount(_ query: SeriesQuery) throws -> Int {
        try series(query).fetchCount()
    }
}
