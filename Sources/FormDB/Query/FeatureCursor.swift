/// Features one after another, each decoded when it is asked for.
///
/// ```swift
/// let cursor = try db.features(in: "places").order(by: .time).cursor()
/// while let feature = try cursor.next() { print(feature) }
/// ```
///
/// It sees the state in which it was opened, and keeps that state until it is released. Inside a write
/// transaction it goes on over the features that were there when it was opened.
///
/// Memory is bounded (but inside a write transaction, where it takes four bytes a feature): a long answer is gathered
/// in stretches of 262,144 features, each going on behind the last one of the stretch before.
///
/// Not `Sendable`: it is used by one thread at a time.
public final class FeatureCursor {
    private var view: CoreView
    private let query: FeatureQuery
    private let options: RequestOptions
    private var positions: [UInt32]
    private var index = 0
    /// How many features are left of the limit.
    private var left: Int
    /// Where the next stretch begins; nil when this one is the last.
    private var following: PageToken?
    private var filters: [(Feature) throws -> Bool] = []

    /// A megabyte of positions, and ten of what they are sorted with. Tests make it smaller.
    static let stretchRows = 262_144
    private let stretchRows: Int

    /// REQUIRES: a query with an order, or with a distance.
    init(
        _ view: CoreView, _ query: FeatureQuery, _ options: RequestOptions,
        stretchRows: Int = FeatureCursor.stretchRows
    ) throws {
        self.view = view
        self.query = query
        self.options = options
        // What a transaction writes meanwhile must not show.
        self.stretchRows = view.owner.isWriting || query.hasDistance ? .max : stretchRows
        left = query.limitCount ?? .max
        positions = []
        try gather(after: query.pageToken)
    }

    private func gather(after token: PageToken?) throws {
        var asked = query
        asked.pageToken = token
        asked.limitCount = left == .max && stretchRows == .max ? nil : min(left, stretchRows)
        let executor = try FeatureExecutor(asked, view, options.executor)
        positions = try view.owner.store.scratch.withPositions { found in
            try executor.run(into: found)
            return found.array
        }
        index = 0
        if left < .max { left -= positions.count }
        following = nil
        if positions.count == stretchRows, left > 0, let kind = query.order?.kind,
            let last = positions.last
        {
            let order = try CoreOrder(kind, descending: query.isDescending)
            following = PageToken(try order.key(of: last, in: view), of: query)
        }
    }

    /// The next feature; nil at the end.
    public func next() throws -> Feature? {
        while true {
            scan: while index < positions.count {
                try view.refresh()
                let decoded = try view.feature(at: positions[index])
                let feature = query.projection?.apply(to: decoded) ?? decoded
                index += 1
                for isIncluded in filters where try !isIncluded(feature) { continue scan }
                return feature
            }
            guard let token = following else { return nil }
            try gather(after: token)
        }
    }

    /// Calls `body` with each feature that is left.
    public func forEach(_ body: (Feature) throws -> Void) throws {
        while let feature = try next() { try body(feature) }
    }

    /// Passes over the features that a closure doesn't accept.
    ///
    /// ```swift
    /// let open = try db.features(in: "places").cursor().filter { $0.properties?["open"] == true }
    /// ```
    public func filter(_ isIncluded: @escaping (Feature) throws -> Bool) -> FeatureCursor {
        filters.append(isIncluded)
        return self
    }

    /// All features that are left.
    public func fetchAll() throws -> [Feature] {
        var features: [Feature] = []
        while let feature = try next() { features.append(feature) }
        return features
    }
}

@available(*, unavailable)
extension FeatureCursor: Sendable {}

/// Features as an asynchronous sequence.
public struct FeatureStream: AsyncSequence, Sendable {
    public typealias Element = Feature
    let request: FeatureRequest

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(request: request) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let request: FeatureRequest
        private var cursor: FeatureCursor?

        init(request: FeatureRequest) { self.request = request }

        /// The next feature; throws `CancellationError` when the task was cancelled.
        public mutating func next() async throws -> Feature? {
            try Task.checkCancellation()
            if cursor == nil { cursor = try request.cursor() }
            return try cursor?.next()
        }
    }
}
