// What a database must hold, kept in arrays and dictionaries. It shares no code with the engine but the
// plain values of the API.
import FormDB

/// What the model refuses, as the database must.
struct Refusal: Error {
    let code: FormDBError.Code
    init(_ code: FormDBError.Code) { self.code = code }
}

/// An id by its bytes.
enum ModelID: Hashable, Comparable {
    case integer(Int64)
    case text([UInt8])

    init(_ id: FeatureID) {
        switch id {
        case .integer(let value): self = .integer(value)
        case .text(let text): self = .text(Array(text.utf8))
        }
    }

    var featureID: FeatureID {
        switch self {
        case .integer(let value): .integer(value)
        case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    static func < (a: ModelID, b: ModelID) -> Bool {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): x < y
        case (.text(let x), .text(let y)): x.lexicographicallyPrecedes(y)
        case (.integer, .text): true
        case (.text, .integer): false
        }
    }
}

/// A version of a feature with what is asked of it worked out.
final class ModelFeature: Sendable {
    let id: ModelID
    let feature: Feature
    let box: ModelBox?
    /// What distances are measured to; nil where they can't be.
    let points: [Position]?

    init(_ feature: Feature, id: ModelID) {
        var feature = feature
        feature.id = id.featureID
        self.id = id
        self.feature = feature
        box = feature.geometry.flatMap { ModelBox(of: $0) }
        switch feature.geometry {
        case .point(let position)?: points = [position]
        case .multiPoint(let positions)?: points = positions
        default: points = nil
        }
    }

    /// A feature's time is closed, a question's half-open.
    func isDuring(_ range: TimeRange) -> Bool {
        guard let time = feature.time else { return false }
        if let start = range.start, let end = range.end, end.microseconds <= start.microseconds {
            return false
        }
        if let end = range.end, time.start.microseconds >= end.microseconds { return false }
        if let start = range.start, time.end.microseconds < start.microseconds { return false }
        return true
    }
}

/// Features by id, in an order that depends on nothing but what was done, so that runs can be repeated.
struct ModelFeatures {
    private(set) var rows: [ModelFeature] = []
    private var places: [ModelID: Int] = [:]

    var count: Int { rows.count }
    var isEmpty: Bool { rows.isEmpty }

    subscript(id: ModelID) -> ModelFeature? { places[id].map { rows[$0] } }

    mutating func put(_ feature: ModelFeature) {
        if let place = places[feature.id] {
            rows[place] = feature
        } else {
            places[feature.id] = rows.count
            rows.append(feature)
        }
    }

    /// The last takes its place; false when there is none.
    mutating func remove(_ id: ModelID) -> Bool {
        guard let place = places.removeValue(forKey: id) else { return false }
        let last = rows.removeLast()
        if place < rows.count {
            rows[place] = last
            places[last.id] = place
        }
        return true
    }
}

struct ModelCollection {
    var name: String
    let created: UInt64
    /// Whether only points and multipoints are put in, so that distances can be asked for.
    let isPointsOnly: Bool
    var features = ModelFeatures()
    /// The largest integer ever used within what is generated.
    var largestID: Int64 = 0

    static let generatedMax: Int64 = (1 << 53) - 1

    mutating func put(_ feature: ModelFeature) {
        features.put(feature)
        if case .integer(let value) = feature.id, value >= 1, value <= Self.generatedMax {
            largestID = max(largestID, value)
        }
    }
}

/// Everything at one moment: a value, so that an old moment is a copy.
struct NaiveModel {
    var collections: [ModelCollection] = []
    var series: [ModelSeries] = []
    /// The last transaction that wrote a block.
    var sequence: UInt64 = 0

    /// What the running transaction came to.
    enum Change {
        case none
        /// What was made and unmade again: a block is written or not.
        case unclear
        case some
    }
    var change = Change.none

    /// The two texts are the same bytes.
    static func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

    func index(of collection: String) -> Int? {
        collections.firstIndex { Self.isSame($0.name, collection) }
    }

    func requireIndex(of collection: String) throws -> Int {
        guard let index = index(of: collection) else { throw Refusal(.notFound) }
        return index
    }

    /// The place of a collection, which is made if need be.
    private mutating func makeIndex(of name: String, isPointsOnly: Bool) -> Int {
        if let index = index(of: name) { return index }
        collections.append(
            ModelCollection(name: name, created: sequence + 1, isPointsOnly: isPointsOnly))
        change = .some
        return collections.count - 1
    }
}

// MARK: - Features

extension NaiveModel {
    /// Inserts or, `replacing`, upserts; gives the id.
    mutating func put(
        _ feature: Feature, into name: String, replacing: Bool, isPointsOnly: Bool
    ) throws -> ModelID {
        if let time = feature.time, time.end < time.start { throw Refusal(.invalidArgument) }
        let existing = index(of: name).map { collections[$0] }
        let id: ModelID
        if let given = feature.id {
            id = ModelID(given)
            if !replacing, existing?.features[id] != nil { throw Refusal(.alreadyExists) }
        } else {
            let largest = existing?.largestID ?? 0
            if largest == ModelCollection.generatedMax { throw Refusal(.idsExhausted) }
            id = .integer(largest + 1)
        }
        let index = makeIndex(of: name, isPointsOnly: isPointsOnly)
        collections[index].put(ModelFeature(feature, id: id))
        change = .some
        return id
    }

    mutating func update(_ feature: Feature, in name: String) throws {
        let index = try requireIndex(of: name)
        let id = ModelID(feature.id!)
        guard collections[index].features[id] != nil else { throw Refusal(.notFound) }
        collections[index].features.put(ModelFeature(feature, id: id))
        change = .some
    }

    /// Changes a feature by a closure; gives what it became.
    mutating func update(
        _ id: ModelID, in name: String, _ body: (inout Feature) -> Void
    ) throws -> Feature {
        let index = try requireIndex(of: name)
        guard let before = collections[index].features[id] else { throw Refusal(.notFound) }
        var feature = before.feature
        body(&feature)
        if !FeatureComparison.areSame(feature, before.feature) {
            collections[index].features.put(ModelFeature(feature, id: id))
            change = .some
        }
        return feature
    }

    mutating func delete(_ id: ModelID, in name: String) throws -> Bool {
        let index = try requireIndex(of: name)
        guard collections[index].features.remove(id) else { return false }
        change = .some
        return true
    }
}

// MARK: - Names

extension NaiveModel {
    mutating func createCollection(_ name: String, isPointsOnly: Bool) throws {
        if index(of: name) != nil { throw Refusal(.alreadyExists) }
        _ = makeIndex(of: name, isPointsOnly: isPointsOnly)
    }

    mutating func rename(collection name: String, to newName: String) throws {
        let index = try requireIndex(of: name)
        if self.index(of: newName) != nil { throw Refusal(.alreadyExists) }
        collections[index].name = newName
        change = .some
    }

    mutating func drop(collection name: String) throws {
        try collections.remove(at: requireIndex(of: name))
        change = .some
    }
}
