/// What can be said of a property of some features.
public struct Aggregate: Hashable, Sendable {
    /// How many features there are.
    public let rows: Int
    /// How many of them have a number there.
    public let values: Int
    /// The sum of the numbers, 0 if there is none; within one unit in the last place of the exact sum.
    public let sum: Double
    /// The mean of the numbers; nil if there is none.
    public let mean: Double?
    /// The smallest and largest value: numbers come before texts, texts before booleans; nil if there is none.
    public let minimum, maximum: JSONValue?

    init(_ group: CoreGroup) {
        rows = group.rows
        values = group.values
        sum = group.sum
        mean = group.values > 0 ? group.mean : nil
        minimum = group.minimum
        maximum = group.maximum
    }

    /// Of no features.
    static let nothing = Aggregate(
        CoreGroup(window: 0, rows: 0, values: 0, sum: 0, mean: .nan))
}

/// What features with the same value of a property came to.
public struct AggregateGroup<Value: Hashable & Sendable>: Hashable, Sendable {
    /// The value that they share; nil where they have none.
    public let key: JSONValue?
    public let value: Value
}

extension FeatureRequest {
    /// How many there are.
    public func count() throws -> Int { try fetchCount() }

    /// What can be said of a property of all of them.
    ///
    /// ```swift
    /// let strength = try db.features(in: "quakes").aggregate(of: .property("magnitude"))
    /// print(strength.mean ?? 0, strength.maximum ?? .null)
    /// ```
    public func aggregate(of path: PropertyPath) throws -> Aggregate {
        try groups(CoreAggregation(value: path)).first.map { Aggregate($0) } ?? .nothing
    }

    /// The sum of the numbers at a property; 0 if there is none.
    public func sum(of path: PropertyPath) throws -> Double { try aggregate(of: path).sum }

    /// The mean of the numbers at a property; nil if there is none.
    public func mean(of path: PropertyPath) throws -> Double? { try aggregate(of: path).mean }

    /// The smallest number, text or boolean at a property, in that order; nil if there is none.
    public func min(of path: PropertyPath) throws -> JSONValue? { try aggregate(of: path).minimum }

    /// The largest number, text or boolean at a property, in that order; nil if there is none.
    public func max(of path: PropertyPath) throws -> JSONValue? { try aggregate(of: path).maximum }

    /// The different numbers, texts and booleans at a property, in order.
    public func distinct(of path: PropertyPath) throws -> [JSONValue] {
        try groups(CoreAggregation(key: path)).compactMap(\.key).filter { $0.isScalar }
    }

    /// In groups with the same value of a property.
    ///
    /// ```swift
    /// for group in try db.features(in: "quakes").grouped(by: .property("type")).count() {
    ///     print(group.key ?? "none", group.value)
    /// }
    /// ```
    ///
    /// Groups come in order of value: numbers, texts, booleans, arrays, objects, null, missing.
    public func grouped(by path: PropertyPath) -> GroupedRequest {
        GroupedRequest(request: self, path: path)
    }

    /// Groups in order of key, then window.
    func groups(
        _ aggregation: CoreAggregation, _ options: FeatureExecutor.Options? = nil
    ) throws -> [CoreGroup] {
        try source.cached(
            query, self.options, .groups(aggregation), bytes: { MemorySize.of($0) }
        ) { view in
            try FeatureExecutor(query, view, options ?? self.options.executor).groups(aggregation)
        }
    }
}

extension JSONValue {
    fileprivate var isScalar: Bool {
        switch self {
        case .null, .array, .object: false
        default: true
        }
    }
}

/// A question about features, in groups with the same value of a property.
public struct GroupedRequest: Sendable {
    let request: FeatureRequest
    let path: PropertyPath

    /// What can be said of another property of each group.
    public func aggregate(of path: PropertyPath) throws -> [AggregateGroup<Aggregate>] {
        try gather(path) { Aggregate($0) }
    }

    /// How many features each group has.
    public func count() throws -> [AggregateGroup<Int>] { try gather(nil, \.rows) }

    /// The sum of the numbers at a property of each group.
    public func sum(of path: PropertyPath) throws -> [AggregateGroup<Double>] {
        try gather(path, \.sum)
    }

    /// The mean of the numbers at a property of each group; nil where there is none.
    public func mean(of path: PropertyPath) throws -> [AggregateGroup<Double?>] {
        try gather(path) { Aggregate($0).mean }
    }

    /// The smallest value at a property of each group; nil where there is none.
    public func min(of path: PropertyPath) throws -> [AggregateGroup<JSONValue?>] {
        try gather(path, \.minimum)
    }

    /// The largest value at a property of each group; nil where there is none.
    public func max(of path: PropertyPath) throws -> [AggregateGroup<JSONValue?>] {
        try gather(path, \.maximum)
    }

    private func gather<Value>(
        _ value: PropertyPath?, _ make: (CoreGroup) -> Value
    ) throws -> [AggregateGroup<Value>] {
        try request.groups(CoreAggregation(key: path, value: value)).map {
            AggregateGroup(key: $0.key, value: make($0))
        }
    }
}
