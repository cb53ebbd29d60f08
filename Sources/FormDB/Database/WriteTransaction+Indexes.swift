// Property indexes: what they are, and how they come and go.

/// An index of a property, as ``DatabaseSchema`` describes it.
public struct IndexDescription: Hashable, Sendable {
    /// What it indexes, and how that is read.
    public let property: PropertyPath
    /// Its number in the collection, never used again.
    public let id: UInt32
    /// The transaction that created it.
    public let created: UInt64
    /// Whether it holds all features. Until it does, questions are answered without it.
    public let isReady: Bool
}

extension WriteTransaction {
    /// Creates an index of a property, for filters, orders and aggregates on it.
    ///
    /// ```swift
    /// try db.write { tx in
    ///     try tx.createIndex(on: "magnitude", in: "quakes")
    ///     try tx.createIndex(on: .property("address", "city"), in: "quakes")
    /// }
    /// ```
    ///
    /// Every feature is in it, whatever its value and whether or not it has one. Features written from now
    /// on enter it at once. Those that are there already are read after the commit, while other
    /// writers go on; the `write` that created the index returns when it is complete. The collection
    /// is created if need be. Throws `alreadyExists` if the property has an index.
    ///
    /// - Complexity: O(*n* log *n*) for *n* features that are there; later a part of each write.
    public func createIndex(on property: PropertyPath, in collection: String) throws {
        _ = try inCollection(collection) { try core.createIndex(on: property.encoded, in: $0) }
    }

    /// Creates an index of a property read as a time.
    ///
    /// ```swift
    /// try tx.createIndex(on: .property("updated").asTimestamp, in: "quakes")
    /// ```
    public func createIndex(on property: TimestampProperty, in collection: String) throws {
        try createIndex(on: property.path, in: collection)
    }

    /// Creates an index of an outermost property.
    public func createIndex(on property: String, in collection: String) throws {
        try createIndex(on: PropertyPath(property), in: collection)
    }

    /// Drops an index. Snapshots that saw it still use it. Throws `notFound` if there is none.
    ///
    /// ```swift
    /// try tx.dropIndex(on: "magnitude", in: "quakes")
    /// ```
    public func dropIndex(on property: PropertyPath, in collection: String) throws {
        try core.dropIndex(on: property.encoded, in: require(.collection, collection).id)
    }

    /// Drops an index of a property read as a time.
    public func dropIndex(on property: TimestampProperty, in collection: String) throws {
        try dropIndex(on: property.path, in: collection)
    }

    /// Drops an index of an outermost property.
    public func dropIndex(on property: String, in collection: String) throws {
        try dropIndex(on: PropertyPath(property), in: collection)
    }
}

extension PropertyPath {
    /// Reads `[reading, name, …]`.
    init(encoded bytes: UnsafeRawBufferPointer) throws {
        guard case .array(let items) = try unsafe CBORDecoder.decode(bytes),
            case .int(let raw)? = items.first, let byte = UInt8(exactly: raw),
            let reading = Reading(rawValue: byte)
        else { throw FormDBError(.corrupt, "a property is not [reading, name, …]") }
        let names = items.dropFirst().compactMap(\.stringValue)
        guard names.count == items.count - 1, !names.isEmpty, names.count <= Self.namesMax else {
            throw FormDBError(.corrupt, "a property is not [reading, name, …]")
        }
        self.init(names: names, reading: reading)
    }
}
