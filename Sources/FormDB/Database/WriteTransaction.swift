/// A transaction being written: what `Database.write(by:_:)` lends to its closure.
///
/// ```swift
/// try db.write { tx in
///     try tx.upsert(feature, into: "places")
///     try tx.merge("ferry", in: "places", patch: ["open": true])
///     try tx.delete("kiosk", in: "places")
///     try tx.append([DataPoint(at: .now, 92.0)], to: "heart-rate")
/// }
/// ```
///
/// Each operation is applied when it is called, whole or not at all, and seen by what is read through
/// the transaction. One that throws leaves the transaction usable: catch the error to go on without
/// it, or let it through to undo everything. Writing to a collection or series that doesn't exist
/// creates it.
///
/// It can't be copied, kept, or used outside of its closure; it isn't `Sendable`, as it belongs to the
/// thread that runs the closure.
public struct WriteTransaction: ~Copyable {
    let core: CoreTransaction
    let scratch = WriteScratch()

    init(_ core: CoreTransaction) { self.core = core }

    /// The number that the transaction will have when it is committed.
    public var sequence: UInt64 { core.sequence }

    /// Attributes what the closure does to another provenance than the transaction's: for an import of
    /// many sources, say.
    ///
    /// ```swift
    /// try tx.with(provenance: Provenance(actor: "importer", source: file)) { tx in
    ///     try tx.insert(contentsOf: features, into: "places")
    /// }
    /// ```
    @discardableResult
    public func with<Value>(
        provenance: Provenance, _ body: (borrowing WriteTransaction) throws -> Value
    ) throws -> Value {
        let index = try core.addProvenance(provenance.encoded())
        let outer = core.provenance
        core.provenance = index
        defer { core.provenance = outer }
        return try body(self)
    }
}

/// Memory that the operations of a transaction use one after another.
final class WriteScratch {
    // Of one thread, and no operation calls another: not checked at each row (a twentieth of an insert).
    @safe @exclusivity(unchecked) var record = OutputBuffer(capacity: 1024)
    var times: [Int64] = []
    var values: [Double] = []
}

// MARK: - Collections and series

extension WriteTransaction {
    /// Creates an empty collection. Throws `alreadyExists` if there is one of that name.
    public func createCollection(_ name: String) throws {
        _ = try core.create(.collection, name)
    }

    /// Creates an empty series. Throws `alreadyExists` if there is one of that name.
    ///
    /// ```swift
    /// try tx.createSeries("room", fields: ["temperature", "humidity"],
    ///                     describedBy: Feature(geometry: here, properties: ["floor": 2]))
    /// ```
    ///
    /// - Parameters:
    ///   - fields: what each of its points has a value for.
    ///   - description: a feature that says what the series is, and where. It is kept in the collection
    ///     ``DatabaseSchema/seriesCollection``; its id there is the series' number.
    public func createSeries(
        _ name: String, fields: [String] = ["value"], describedBy description: Feature? = nil
    ) throws {
        _ = try create(series: name, fields: fields, describedBy: description)
    }

    private func create(
        series name: String, fields: [String], describedBy description: Feature? = nil
    ) throws -> CoreTarget {
        var record: [UInt8] = []
        if let description {
            scratch.record.removeAll()
            try FeatureRecord.append(description, id: .integer(0), to: &scratch.record)
            record = scratch.record.bytes
        }
        return try core.create(.series, name, fields: fields, describedBy: record)
    }

    /// Gives a collection another name; its features stay where they are.
    public func rename(collection name: String, to newName: String) throws {
        try core.rename(.collection, require(.collection, name).id, to: newName)
    }

    /// Gives a series another name; its points stay where they are.
    public func rename(series name: String, to newName: String) throws {
        try core.rename(.series, require(.series, name).id, to: newName)
    }

    /// Removes a collection with all that is in it. Snapshots that saw it still do.
    public func drop(collection name: String) throws {
        try core.drop(.collection, require(.collection, name).id)
    }

    /// Removes a series with all that is in it. Snapshots that saw it still do.
    public func drop(series name: String) throws {
        try core.drop(.series, require(.series, name).id)
    }

    // MARK: Names

    /// What a name stands for; throws `notFound` with the nearest name.
    func require(_ kind: CoreTargetKind, _ name: String) throws -> CoreTarget {
        try core.cachedTarget(kind, name) ?? core.require(kind, name)
    }

    /// Calls `body` with a collection, which is created if need be.
    @inline(__always)
    func inCollection<Result>(_ name: String, _ body: (UInt32) throws -> Result) throws -> Result {
        if let target = try core.cachedTarget(.collection, name) { return try body(target.id) }
        return try inNew(.collection, core.create(.collection, name), body)
    }

    /// Calls `body` with a series, which is created with `fields` if need be.
    @inline(__always)
    func inSeries<Result>(
        _ name: String, fields: @autoclosure () -> [String], _ body: (CoreTarget) throws -> Result
    ) throws -> Result {
        if let target = try core.cachedTarget(.series, name) { return try body(target) }
        let target = try create(series: name, fields: fields())
        return try inNew(.series, target) { _ in try body(target) }
    }

    /// An operation that fails leaves nothing behind, also not what it created.
    private func inNew<Result>(
        _ kind: CoreTargetKind, _ target: CoreTarget, _ body: (UInt32) throws -> Result
    ) throws -> Result {
        do {
            return try body(target.id)
        } catch {
            try? core.drop(kind, target.id)
            throw error
        }
    }
}
