internal import CFormCore

/// What a name stands for.
struct CoreTarget: Sendable {
    var id: UInt32
    var fieldCount: Int
}

enum CoreTargetKind: UInt32, Sendable {
    case collection = 0
    case series = 1

    var raw: fc_target_kind { fc_target_kind(rawValue: rawValue) }
    var noun: String { self == .collection ? "collection" : "series" }
}

/// A collection or series as a transaction sees it.
struct CoreDescription {
    var kind: CoreTargetKind
    var id: UInt32
    var name: String
    var fields: [String]
    var created: UInt64

    init(_ raw: fc_description) {
        unsafe kind = raw.kind == FC_TARGET_SERIES ? .series : .collection
        unsafe id = raw.id
        unsafe name = raw.name.text
        unsafe fields = (0..<Int(raw.field_count)).map { unsafe raw.field_names[$0].text }
        unsafe created = raw.created
    }
}

/// A transaction of the core: a snapshot for reading, or the one for writing.
///
/// THREADS: for reading, any number at once; for writing, only the thread that began it, which reads
/// through it check.
/// OWNERSHIP: ends with its last reference, if it was not committed or aborted before.
@safe final class CoreTransaction: @unchecked Sendable {
    let store: CoreStore
    let isWriting: Bool
    private let thread: UInt64
    /// nil once a writing transaction has ended.
    @safe @exclusivity(unchecked) private var open: OpaquePointer?

    // The writer's own. No access lasts longer than to read or set it, so it need not be checked at each
    // row that none meets another.
    let detail: UnsafeMutablePointer<fc_detail>?
    var targets: [TextKey: CoreTarget] = [:]
    var seriesTargets: [TextKey: CoreTarget] = [:]
    @safe @exclusivity(unchecked) var lastCollection = (
        name: LastName(), target: CoreTarget(id: 0, fieldCount: 0)
    )
    @safe @exclusivity(unchecked) var lastSeries = (
        name: LastName(), target: CoreTarget(id: 0, fieldCount: 0)
    )
    /// What operations are attributed to; 0 is the transaction's own provenance.
    @safe @exclusivity(unchecked) var provenance: UInt32 = 0
    /// How many operations were applied: views taken before are no longer good.
    @safe @exclusivity(unchecked) var changes = 0
    /// How many closures are being lent memory that an operation would take away.
    @safe @exclusivity(unchecked) private(set) var lendings = 0

    init(_ pointer: OpaquePointer, store: CoreStore, isWriting: Bool) {
        unsafe open = pointer
        self.store = store
        self.isWriting = isWriting
        thread = isWriting ? CoreStore.currentThread : 0
        if isWriting {
            let detail = UnsafeMutablePointer<fc_detail>.allocate(capacity: 1)
            unsafe fc_detail_clear(detail)
            unsafe self.detail = detail
        } else {
            unsafe detail = nil
        }
    }

    deinit {
        if let open = open { unsafe fc_abort(open) }
        if let detail = unsafe detail { unsafe detail.deallocate() }
    }

    /// The transaction, if it may be used here and now.
    @inline(__always)
    func pointer() throws -> OpaquePointer {
        if isWriting { try checkThread() }
        guard let open = open else {
            throw FormDBError(
                .closed, "the transaction has ended", advice: "use it inside its closure only")
        }
        return unsafe open
    }

    private func checkThread() throws {
        if thread != CoreStore.currentThread {
            throw FormDBError(
                .invalidArgument, "a write transaction is used on another thread than its own",
                advice: "use it inside its closure only")
        }
    }

    /// Runs what reads memory in place: a write inside of it throws.
    @inline(__always)
    func lending<Result>(_ body: () throws -> Result) rethrows -> Result {
        // A reader's memory stays, and its threads are many.
        if !isWriting { return try body() }
        lendings += 1
        defer { lendings -= 1 }
        return try body()
    }

    var sequence: UInt64 { unsafe open.map { unsafe fc_transaction_sequence($0) } ?? 0 }

    struct Committed {
        var sequence: UInt64
        var block: BlockID
        var time: Timestamp
    }

    func commit() throws -> Committed {
        let transaction = unsafe try pointer()
        end()
        var result = fc_commit_result()
        try callCore { detail in unsafe fc_commit(transaction, &result, detail) }
        return Committed(
            sequence: result.sequence, block: BlockID(result.block_id),
            time: Timestamp(microseconds: result.wall_time_us))
    }

    /// Undoes everything.
    func abort() {
        guard let transaction = open else { return }
        end()
        unsafe fc_abort(transaction)
    }

    /// What has kept a view has to ask for it again, and learns that there is none.
    private func end() {
        open = nil
        changes += 1
    }

    // MARK: Names

    /// What a name stands for; nil when there is none.
    func resolve(_ kind: CoreTargetKind, _ name: String) throws -> CoreTarget? {
        let transaction = unsafe try pointer()
        var id: UInt32 = 0
        var fields: UInt32 = 0
        let status = unsafe name.withUTF8Bytes { bytes in
            unsafe fc_resolve(transaction, kind.raw, fc_bytes(bytes), &id, &fields)
        }
        if status == FC_STATUS_NOT_FOUND { return nil }
        try check(status, "the \(kind.noun) \"\(name)\" can't be looked up")
        return CoreTarget(id: id, fieldCount: Int(fields))
    }

    /// What a name stands for; throws `notFound` with the nearest name when there is none.
    func require(_ kind: CoreTargetKind, _ name: String) throws -> CoreTarget {
        if let target = try resolve(kind, name) { return target }
        let names = try schema().filter { $0.kind == kind }.map(\.name)
        throw NameSuggestion.notFound(kind.noun, name, among: names)
    }

    func describe(_ kind: CoreTargetKind, _ id: UInt32) throws -> CoreDescription {
        var raw = unsafe fc_description()
        try check(unsafe fc_describe(pointer(), kind.raw, id, &raw), "no such \(kind.noun)")
        return unsafe CoreDescription(raw)
    }

    /// The collections and series, in order of id.
    func schema() throws -> [CoreDescription] {
        var all: [CoreDescription] = []
        let transaction = unsafe try pointer()
        let status = unsafe withUnsafeMutablePointer(to: &all) { place in
            unsafe fc_schema(
                transaction,
                { visitor, raw in
                    let all = unsafe visitor!.assumingMemoryBound(to: [CoreDescription].self)
                    unsafe all.pointee.append(CoreDescription(raw!.pointee))
                    return true
                }, place)
        }
        try check(status, "the schema can't be read")
        return all
    }

    /// The indexes of a collection, in the order in which they were created.
    func indexes(of collection: UInt32) throws -> [IndexDescription] {
        var all: [IndexDescription] = []
        let transaction = unsafe try pointer()
        while true {
            var found = false
            var raw = unsafe fc_index_description()
            try check(
                unsafe fc_describe_index(transaction, collection, all.count, &found, &raw),
                "the collection is not there")
            if !found { return all }
            try unsafe all.append(
                IndexDescription(
                    property: PropertyPath(encoded: raw.property.raw), id: raw.id,
                    created: raw.created, isReady: raw.is_ready))
        }
    }

    // MARK: Rows and points

    /// The rows of a collection. A writer's view is good until its next operation.
    func view(of collection: UInt32) throws -> CoreView {
        var view: OpaquePointer?
        try check(unsafe fc_features(pointer(), collection, &view), "the collection is not there")
        return unsafe CoreView(view!, collection: collection, owner: self)
    }

    /// The points of a series. A writer's view is good until its next operation.
    func seriesView(of series: UInt32, fieldCount: Int) throws -> CoreSeriesView {
        var view: OpaquePointer?
        try check(unsafe fc_points_of(pointer(), series, &view), "the series is not there")
        return unsafe CoreSeriesView(
            view!, series: series, fieldCount: fieldCount, owner: self)
    }
}
