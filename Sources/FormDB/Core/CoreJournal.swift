internal import CFormCore

/// A cursor over published blocks.
///
/// THREADS: one at a time. OWNERSHIP: retains the store; closes with its last reference.
@safe final class CoreJournalCursor {
    private let pointer: OpaquePointer
    private let store: CoreStore

    init(_ pointer: OpaquePointer, store: CoreStore) {
        unsafe self.pointer = pointer
        self.store = store
    }

    deinit { unsafe fc_journal_close(pointer) }

    /// The next block, taken apart into values of its own; nil at the end.
    func next() throws -> CoreBlock? {
        var found = false
        var block = unsafe fc_block()
        try callCore { detail in unsafe fc_journal_next(pointer, &found, &block, detail) }
        guard found else { return nil }
        return try unsafe CoreBlock(block)
    }
}

/// A block of the journal.
struct CoreBlock {
    var sequence: UInt64
    var id, previous: BlockID
    var time: Timestamp
    var rowCount: Int
    /// False when only the hash of the payload is left.
    var hasPayload: Bool
    /// CBOR maps.
    var provenances: [[UInt8]] = []
    var operations: [CoreOperation] = []

    fileprivate init(_ block: fc_block) throws {
        let header = unsafe block.header
        sequence = header.sequence
        id = BlockID(header.id)
        previous = BlockID(header.previous_id)
        time = Timestamp(microseconds: header.wall_time_us)
        rowCount = Int(header.row_count)
        hasPayload = header.encoding == FC_BLOCK_RAW || header.encoding == FC_BLOCK_LZ4
        if hasPayload { try unsafe readPayload(unsafe block.payload) }
    }

    private mutating func readPayload(_ payload: fc_bytes) throws {
        var reader = unsafe fc_operation_reader()
        try callCore { detail in unsafe fc_operation_reader_init(&reader, payload, detail) }
        for index in unsafe 0..<reader.provenance_count {
            let bytes = unsafe fc_operation_provenance(&reader, index)
            unsafe provenances.append(Array(bytes.raw))
        }
        while true {
            var found = false
            var operation = unsafe fc_operation()
            try callCore { detail in
                unsafe fc_operation_next(&reader, &found, &operation, detail)
            }
            if !found { return }
            unsafe operations.append(CoreOperation(operation))
        }
    }
}

/// An operation of a block, with memory of its own.
struct CoreOperation {
    enum Effect {
        case put(record: [UInt8])
        /// A record without its geometry.
        case amend(record: [UInt8])
        case delete(FeatureID)
        case append(points: Int, fieldCount: Int, start: Timestamp, end: Timestamp)
        case tombstone(TimeRange)
        case create(CoreTargetKind, name: String, fields: [String])
        case rename(CoreTargetKind, name: String)
        case drop(CoreTargetKind)
        /// The property, encoded.
        case createIndex(property: [UInt8])
        case dropIndex(property: [UInt8])
    }

    var target: UInt32
    var provenance: Int
    var effect: Effect

    fileprivate init(_ raw: fc_operation) {
        unsafe target = raw.target
        unsafe provenance = Int(raw.provenance)
        let kind: CoreTargetKind =
            unsafe raw.target_kind == FC_TARGET_SERIES ? .series : .collection
        effect =
            switch unsafe raw.tag {
            case FC_OPERATION_PUT: unsafe .put(record: Array(raw.record.bytes.raw))
            case FC_OPERATION_AMEND: unsafe .amend(record: Array(raw.record.bytes.raw))
            case FC_OPERATION_DELETE: unsafe .delete(raw.id.value)
            case FC_OPERATION_APPEND: unsafe Self.append(raw.batch)
            case FC_OPERATION_TOMBSTONE:
                unsafe .tombstone(
                    TimeRange(
                        start: raw.start_us == .min ? nil : Timestamp(microseconds: raw.start_us),
                        end: raw.end_is_open ? nil : Timestamp(microseconds: raw.end_us)))
            case FC_OPERATION_CREATE:
                unsafe .create(kind, name: raw.name.text, fields: fields(of: raw))
            case FC_OPERATION_RENAME: unsafe .rename(kind, name: raw.name.text)
            case FC_OPERATION_CREATE_INDEX:
                unsafe .createIndex(property: Array(raw.property.raw))
            case FC_OPERATION_DROP_INDEX:
                unsafe .dropIndex(property: Array(raw.property.raw))
            default: .drop(kind)
            }
    }

    private static func append(_ batch: fc_batch) -> Effect {
        var batch = unsafe batch
        let count = unsafe Int(batch.point_count)
        let times = unsafe [Int64](unsafeUninitializedCapacity: count) { place, filled in
            unsafe fc_batch_times(&batch, place.baseAddress)
            filled = count
        }
        return unsafe .append(
            points: count, fieldCount: Int(batch.field_count),
            start: Timestamp(microseconds: times.min() ?? 0),
            end: Timestamp(microseconds: times.max() ?? 0))
    }
}

private func fields(of raw: fc_operation) -> [String] {
    var raw = unsafe raw
    return unsafe (0..<raw.field_count).map { unsafe fc_operation_field(&raw, $0).text }
}
