/// Where a question is asked: of the newest state, of a snapshot, or inside a transaction.
enum ReadSource: Sendable {
    case database(Database)
    case transaction(CoreTransaction)
    /// The same, without the kept answers.
    indirect case uncached(ReadSource)

    /// The transaction to read through: a fresh snapshot of a database.
    func open() throws -> CoreTransaction {
        switch self {
        case .database(let database): try database.store.begin(writing: false)
        case .transaction(let transaction): transaction
        case .uncached(let source): try source.open()
        }
    }
}

/// What can be read of a database, a snapshot and a transaction alike.
enum Reading {
    static func feature(
        _ id: FeatureID, in collection: String, _ transaction: CoreTransaction
    ) throws -> Feature? {
        let target = try transaction.require(.collection, collection)
        let view = try transaction.view(of: target.id)
        guard let position = view.find(id) else { return nil }
        return try view.feature(at: position)
    }

    static func schema(_ transaction: CoreTransaction) throws -> DatabaseSchema {
        var schema = DatabaseSchema()
        for description in try transaction.schema() {
            switch description.kind {
            case .collection:
                if description.name == DatabaseSchema.seriesCollection { continue }
                try schema.collections.append(
                    CollectionDescription(
                        name: description.name, id: description.id, created: description.created,
                        indexes: transaction.indexes(of: description.id)))
            case .series:
                schema.series.append(
                    SeriesDescription(
                        name: description.name, id: description.id, fields: description.fields,
                        created: description.created))
            }
        }
        return schema
    }
}

/// What a database holds: its collections and series, in the order in which they were created.
public struct DatabaseSchema: Hashable, Sendable {
    /// The collections, without the reserved one that describes the series.
    public var collections: [CollectionDescription] = []
    public var series: [SeriesDescription] = []

    /// The reserved collection whose features describe the series; their ids are the series' ids.
    public static let seriesCollection = "_series"

    init() {}

    /// The collection of a name.
    public func collection(_ name: String) -> CollectionDescription? {
        collections.first { TextBytes.areEqual($0.name, name) }
    }

    /// The series of a name.
    public func series(_ name: String) -> SeriesDescription? {
        series.first { TextBytes.areEqual($0.name, name) }
    }
}

/// A collection of features.
public struct CollectionDescription: Hashable, Sendable {
    public let name: String
    /// Its number, never used again.
    public let id: UInt32
    /// The transaction that created it.
    public let created: UInt64
    /// The indexes of its properties, in the order in which they were created.
    public let indexes: [IndexDescription]

    /// The index of a property.
    public func index(on property: PropertyPath) -> IndexDescription? {
        indexes.first { $0.property == property }
    }
}

/// A series of points.
public struct SeriesDescription: Hashable, Sendable {
    public let name: String
    /// Its number, never used again; also the id of the feature in ``DatabaseSchema/seriesCollection``
    /// that describes it.
    public let id: UInt32
    /// The names of its fields.
    public let fields: [String]
    /// The transaction that created it.
    public let created: UInt64
}
