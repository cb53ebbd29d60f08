/// A transaction as the journal keeps it: who, when, why, and what it did.
public struct JournalBlock: Sendable, Identifiable {
    /// The number of the transaction, from 1.
    public let sequence: UInt64
    /// The id, which depends on content, place and past.
    public let id: BlockID
    /// When it was committed, by the system's clock, which may go backwards.
    public let time: Timestamp
    /// The block before; ``BlockID/none`` for the first.
    public let previous: BlockID
    /// Who wrote what it holds; the first is the transaction's own.
    public let provenances: [Provenance]
    /// What it did, in order.
    public let operations: [JournalOperation]
    /// Whether the operations are there, and not only their hash.
    public let hasOperations: Bool

    /// Who wrote it.
    public var provenance: Provenance? { provenances.first }

    init(_ block: CoreBlock, _ names: inout JournalNames) throws {
        sequence = block.sequence
        id = block.id
        time = block.time
        previous = block.previous
        hasOperations = block.hasPayload
        provenances = try block.provenances.map { try Provenance(encoded: $0) }
        var operations: [JournalOperation] = []
        operations.reserveCapacity(block.operations.count)
        for operation in block.operations {
            let provenance =
                provenances.indices.contains(operation.provenance)
                ? provenances[operation.provenance] : Provenance(actor: "")
            try operations.append(JournalOperation(operation, provenance, &names))
        }
        self.operations = operations
    }
}

extension JournalBlock: CustomStringConvertible {
    /// One line of who, when and why, and one for each run of like operations.
    public var description: String {
        var text = "#\(sequence) \(time) \(provenance?.description ?? "unknown")"
        if !hasOperations { return text + "\n  (content removed; its hash is kept)" }
        var index = 0
        while index < operations.count {
            let operation = operations[index]
            let run = operations[index...].prefix {
                $0.kind == operation.kind && $0.targetID == operation.targetID
                    && $0.provenance == operation.provenance
            }
            text += "\n  "
            text +=
                run.count == 1
                ? operation.description
                : "\(operation.kind.verb) \(run.count) \(operation.kind.noun)s "
                    + "\(operation.kind.preposition) \(operation.target)"
            if operation.provenance != provenance { text += " [\(operation.provenance)]" }
            index += run.count
        }
        return text
    }
}

/// One effect of a transaction.
///
/// The journal holds effects, never questions: an update by query is there as what it did.
public struct JournalOperation: Sendable {
    /// What sort of effect.
    public let kind: Kind
    /// The name of the collection or series, as it was then where that is known.
    public let target: String
    /// The number of the collection or series.
    public let targetID: UInt32
    /// Who did it.
    public let provenance: Provenance

    let effect: CoreOperation.Effect

    /// What sort of effect an operation has.
    public struct Kind: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        /// Nouns get an "s".
        let verb, noun, preposition: String

        private init(_ name: String, _ verb: String, _ noun: String, _ preposition: String) {
            description = name
            self.verb = verb
            self.noun = noun
            self.preposition = preposition
        }

        /// A whole feature was inserted, or replaced another.
        public static let put = Kind("put", "put", "feature", "into")
        /// A feature got other properties or another time; its geometry stayed.
        public static let amend = Kind("amend", "amended", "feature", "in")
        /// A feature was deleted.
        public static let delete = Kind("delete", "deleted", "feature", "from")
        /// Points were appended.
        public static let append = Kind("append", "appended", "batch of point", "to")
        /// The points of a range of time were deleted.
        public static let tombstone = Kind("tombstone", "deleted", "range", "of")
        /// A collection or series was created.
        public static let create = Kind("create", "created", "name", "as")
        /// A collection or series got another name.
        public static let rename = Kind("rename", "renamed", "name", "to")
        /// A collection or series was dropped.
        public static let drop = Kind("drop", "dropped", "name", "with")
        /// An index of a property was created.
        public static let createIndex = Kind("create index", "created", "indexe", "of")
        /// An index of a property was dropped.
        public static let dropIndex = Kind("drop index", "dropped", "indexe", "of")
    }

    init(
        _ operation: CoreOperation, _ provenance: Provenance, _ names: inout JournalNames
    ) throws {
        self.provenance = provenance
        targetID = operation.target
        effect = operation.effect
        let isSeries: Bool
        switch operation.effect {
        case .put: (kind, isSeries) = (.put, false)
        case .amend: (kind, isSeries) = (.amend, false)
        case .delete: (kind, isSeries) = (.delete, false)
        case .append: (kind, isSeries) = (.append, true)
        case .tombstone: (kind, isSeries) = (.tombstone, true)
        case .create(let target, let name, _):
            (kind, isSeries) = (.create, target == .series)
            names.set(name, of: targetID, isSeries: isSeries)
        case .rename(let target, let name):
            (kind, isSeries) = (.rename, target == .series)
            names.set(name, of: targetID, isSeries: isSeries)
        case .drop(let target): (kind, isSeries) = (.drop, target == .series)
        case .createIndex: (kind, isSeries) = (.createIndex, false)
        case .dropIndex: (kind, isSeries) = (.dropIndex, false)
        }
        target = names.name(of: targetID, isSeries: isSeries)
        targetIsSeries = isSeries
    }

    /// Whether the target is a series, and no collection.
    public let targetIsSeries: Bool
}

extension JournalOperation {
    /// The feature that was put; of an amendment, its new properties and time without the geometry.
    public func feature() throws -> Feature? {
        switch effect {
        case .put(let record), .amend(let record):
            try unsafe record.withUnsafeBytes { unsafe try FeatureRecordView($0).feature() }
        default: nil
        }
    }

    /// The id of the feature that was put, amended or deleted.
    public var featureID: FeatureID? {
        switch effect {
        case .put(let record), .amend(let record):
            try? unsafe record.withUnsafeBytes { unsafe try FeatureRecordView($0).id() }
        case .delete(let id): id
        default: nil
        }
    }

    /// How many points were appended.
    public var points: Int? {
        if case .append(let points, _, _, _) = effect { points } else { nil }
    }

    /// The times of the points that were appended, or the range whose points were deleted.
    public var timeRange: TimeRange? {
        switch effect {
        case .append(_, _, let start, let end): TimeRange(start: start, end: TimeRange.at(end).end)
        case .tombstone(let range): range
        default: nil
        }
    }

    /// The fields of the series that was created.
    public var fields: [String]? {
        if case .create(.series, _, let fields) = effect { fields } else { nil }
    }

    /// The property whose index was created or dropped.
    public var property: PropertyPath? {
        switch effect {
        case .createIndex(let bytes), .dropIndex(let bytes):
            try? unsafe bytes.withUnsafeBytes { unsafe try PropertyPath(encoded: $0) }
        default: nil
        }
    }
}

extension JournalOperation: CustomStringConvertible {
    /// What it did, as a sentence.
    public var description: String {
        let noun = targetIsSeries ? "series" : "collection"
        switch effect {
        case .put, .amend, .delete:
            let id = featureID?.debugDescription ?? "?"
            return "\(kind.verb) feature \(id) \(kind.preposition) \(target)"
        case .append(let points, _, let start, let end):
            let when = start == end ? "at \(start)" : "from \(start) to \(end)"
            return "appended \(points) point\(points == 1 ? "" : "s") to \(target), \(when)"
        case .tombstone(let range): return "deleted the points of \(target) in \(range)"
        case .create(.series, _, let fields):
            return "created series \(target) (\(fields.joined(separator: ", ")))"
        case .create: return "created collection \(target)"
        case .rename: return "renamed \(noun) \(targetID) to \(target)"
        case .drop: return "dropped \(noun) \(target)"
        case .createIndex, .dropIndex:
            return "\(kind.verb) the index of \(property?.description ?? "?") in \(target)"
        }
    }
}

/// The names of collections and series, learned on the way through the journal.
struct JournalNames {
    private var collections: [UInt32: String] = [:]
    private var series: [UInt32: String] = [:]

    /// Knows the names of a state; of none without one.
    init(_ state: CoreTransaction?) throws {
        for description in try state?.schema() ?? [] {
            set(description.name, of: description.id, isSeries: description.kind == .series)
        }
    }

    mutating func set(_ name: String, of id: UInt32, isSeries: Bool) {
        if isSeries { series[id] = name } else { collections[id] = name }
    }

    func name(of id: UInt32, isSeries: Bool) -> String {
        isSeries ? series[id] ?? "series \(id)" : collections[id] ?? "collection \(id)"
    }
}
