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
