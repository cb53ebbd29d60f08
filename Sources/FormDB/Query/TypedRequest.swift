/// A question about features whose properties are values of a type of yours.
///
/// ```swift
/// let strong = try db.features(in: "quakes", as: Quake.self).order(by: .time).limit(10).fetchAll()
/// for quake in strong { print(quake.id, quake.value.magnitude) }
/// ```
///
/// It is narrowed as a ``FeatureRequest`` is. A feature whose properties don't fit the type makes
/// fetching throw `malformed`, with its id, the key and what was found there.
public struct TypedRequest<Value: Decodable>: Sendable, FeatureRefining {
    /// The same question without the type.
    public var untyped: FeatureRequest

    public var query: FeatureQuery {
        get { untyped.query }
        set { untyped.query = newValue }
    }

    /// All of them.
    public func fetchAll() throws -> [Feature.Record<Value>] {
        try untyped.fetchAll().map { try $0.record() }
    }

    /// One of them: the first, if there is an order, else any.
    public func fetchOne() throws -> Feature.Record<Value>? {
        try untyped.fetchOne()?.record()
    }

    /// How many there are; nothing is decoded.
    public func fetchCount() throws -> Int { try untyped.fetchCount() }

    /// Calls `body` with each, decoded one by one; in order of id if there is no order.
    public func forEach(_ body: (Feature.Record<Value>) throws -> Void) throws {
        try untyped.forEach { try body($0.record()) }
    }
}

extension TypedRequest {
    /// A cursor over them, which decodes each when it is asked for; in order of id if there is no order. It keeps its
    /// state as a ``FeatureCursor`` does.
    ///
    /// ```swift
    /// let cursor = try db.features(in: "quakes", as: Quake.self).cursor()
    /// while let quake = try cursor.next() { print(quake.value.magnitude) }
    /// ```
    public func cursor() throws -> TypedCursor<Value> { TypedCursor(try untyped.cursor()) }

    /// The same as an asynchronous sequence. The state is that of the first step.
    ///
    /// ```swift
    /// for try await quake in db.features(in: "quakes", as: Quake.self).stream { print(quake.id) }
    /// ```
    public var stream: TypedStream<Value> { TypedStream(features: untyped.stream) }
}

/// Features one after another, their properties decoded as values of a type when they are asked for.
///
/// Not `Sendable`: it is used by one thread at a time.
public final class TypedCursor<Value: Decodable> {
    private let features: FeatureCursor

    init(_ features: FeatureCursor) { self.features = features }

    /// The next record; nil at the end. Throws `malformed` for a feature whose properties don't fit, and goes on
    /// behind it when it is asked again.
    public func next() throws -> Feature.Record<Value>? { try features.next()?.record() }

    /// Calls `body` with each record that is left.
    public func forEach(_ body: (Feature.Record<Value>) throws -> Void) throws {
        while let record = try next() { try body(record) }
    }

    /// All records that are left.
    public func fetchAll() throws -> [Feature.Record<Value>] {
        var records: [Feature.Record<Value>] = []
        while let record = try next() { records.append(record) }
        return records
    }
}

@available(*, unavailable)
extension TypedCursor: Sendable {}

/// Typed features as an asynchronous sequence.
public struct TypedStream<Value: Decodable>: AsyncSequence, Sendable {
    public typealias Element = Feature.Record<Value>
    let features: FeatureStream

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(features: features.makeAsyncIterator())
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var features: FeatureStream.AsyncIterator

        /// The next record; throws `CancellationError` when the task was cancelled.
        public mutating func next() async throws -> Feature.Record<Value>? {
            try await features.next()?.record()
        }
    }
}

extension FeatureRequest {
    /// The same question, with properties decoded as values of a type.
    public func `as`<Value: Decodable>(_ type: Value.Type) -> TypedRequest<Value> {
        TypedRequest(untyped: self)
    }
}

extension Database {
    /// The features of a collection, with properties decoded as values of a type.
    ///
    /// ```swift
    /// let quakes = try db.features(in: "quakes", as: Quake.self).fetchAll()
    /// ```
    public func features<Value: Decodable>(
        in collection: String, as type: Value.Type
    ) -> TypedRequest<Value> {
        features(in: collection).as(type)
    }
}

extension Snapshot {
    /// The features of a collection, with properties decoded as values of a type.
    public func features<Value: Decodable>(
        in collection: String, as type: Value.Type
    ) -> TypedRequest<Value> {
        features(in: collection).as(type)
    }
}

extension WriteTransaction {
    /// The features of a collection, with properties decoded as values of a type.
    public func features<Value: Decodable>(
        in collection: String, as type: Value.Type
    ) -> TypedRequest<Value> {
        features(in: collection).as(type)
    }
}
