internal import CFormCore

/// A filter compiled for the core: made once for a question, and shared by all who ask it.
@safe final class CorePredicate: Sendable {
    // Immutable once compiled.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Throws `tooLarge` for a filter beyond what the core takes: 64 levels of `and` and `or`, 64 MiB.
    init(_ filter: Filter) throws {
        if filter.depth > Int(FC_PREDICATE_DEPTH_MAX) {
            throw FormDBError(
                .tooLarge,
                "a filter nested \(filter.depth) deep; the limit is \(FC_PREDICATE_DEPTH_MAX)")
        }
        do {
            unsafe pointer = unsafe try Self.compile(filter.program)
        } catch let error as FormDBError where error.code == .corrupt {
            // A filter's program is well formed, but for what may be nested too deep altogether.
            throw FormDBError(.tooLarge, "a filter with values that are nested too deep")
        }
    }

    /// Compiles any bytes; `corrupt` for what is no program.
    init(program: [UInt8]) throws {
        unsafe pointer = unsafe try Self.compile(program)
    }

    deinit { unsafe fc_predicate_destroy(CoreMemory.allocator, pointer) }

    private static func compile(_ program: [UInt8]) throws -> OpaquePointer {
        var compiled: OpaquePointer?
        try callCore { detail in
            unsafe program.withUnsafeBytes { bytes in
                unsafe fc_predicate_compile(
                    CoreMemory.allocator, fc_bytes(bytes), &compiled, detail)
            }
        }
        return unsafe compiled!
    }

    /// True, false, or nil for unknown. REQUIRES: properties as the store has them.
    func test(_ properties: UnsafeRawBufferPointer) -> Bool? {
        switch unsafe fc_predicate_test(pointer, fc_bytes(properties)) {
        case FC_TRUTH_TRUE: true
        case FC_TRUTH_FALSE: false
        default: nil
        }
    }

    /// Whether it is true. REQUIRES: properties as the store has them.
    func meets(_ properties: UnsafeRawBufferPointer) -> Bool {
        var hints = fc_predicate_hints()
        return unsafe fc_predicate_meets(pointer, fc_bytes(properties), &hints)
    }
}

extension CoreView {
    /// Keeps the positions, in their order, whose properties meet a filter.
    func filter(_ positions: CorePositions, _ predicate: CorePredicate) {
        unsafe fc_view_filter(pointer, predicate.pointer, positions.list)
    }

    /// Whether the row at a position meets a filter.
    func meets(_ predicate: CorePredicate, at position: UInt32) -> Bool {
        unsafe fc_view_meets(pointer, predicate.pointer, position)
    }
}

/// How the core reads a text as a time; the same as `Timestamp(iso8601:parsing: .lenient)`.
enum CoreTimestamp {
    static func read(_ text: String) -> Timestamp? {
        var microseconds: Int64 = 0
        let isTime = unsafe text.withUTF8Bytes { bytes in
            unsafe fc_timestamp_read(fc_bytes(bytes), &microseconds)
        }
        return isTime ? Timestamp(microseconds: microseconds) : nil
    }
}
