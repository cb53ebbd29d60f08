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
/// Not `Sendable`: it is used by one thread at a time.
public final class FeatureCursor {
    private var view: CoreView
    private let collection: String
    private let positions: [UInt32]
    private var index = 0
    private var filters: [(Feature) throws -> Bool] = []

    init(_ view: CoreView, _ collection: String, _ positions: [UInt32]) {
        self.view = view
        self.collection = collection
        self.positions = positions
    }

    /// The next feature; nil at the end.
    public func next() throws -> Feature? {
        scan: while index < positions.count {
            try view.refresh(collection)
            let feature = try view.feature(at: positions[index])
            index += 1
            for isIncluded in filters where try !isIncluded(feature) { continue scan }
            return feature
        }
        return nil
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
