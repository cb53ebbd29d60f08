internal import CFormCore

/// What a planner wants to know of an indexed property; about right, and cheap.
struct CorePropertyStatistics {
    /// Rows by kind.
    var rows: [CoreValueKind: Int] = [:]
    /// Different numbers, texts and booleans.
    var distinct = 0
    /// The most common values first.
    var common: [(value: JSONValue, rows: Int)] = []
    /// Between two of them lie equally many numbers; none without numbers.
    var bounds: [Double] = []

    fileprivate init(_ raw: fc_property_statistics) throws {
        var raw = raw
        unsafe withUnsafeBytes(of: &raw.rows) { bytes in
            let counts = unsafe bytes.bindMemory(to: UInt64.self)
            for kind in CoreValueKind.allCases {
                rows[kind] = unsafe Int(counts[Int(kind.rawValue)])
            }
        }
        distinct = Int(raw.distinct_count)
        let count = Int(raw.common_count)
        let counts = unsafe withUnsafeBytes(of: &raw.common_rows) { bytes in
            unsafe Array(bytes.bindMemory(to: UInt64.self).prefix(count))
        }
        let values = try unsafe withUnsafeBytes(of: &raw.common_values) { bytes in
            try unsafe bytes.bindMemory(to: fc_value.self).prefix(count).map {
                unsafe try JSONValue($0)
            }
        }
        for (value, rows) in zip(values, counts) {
            if let value { common.append((value, Int(rows))) }
        }
        let bins = Int(raw.bin_count)
        if bins > 0 {
            bounds = unsafe withUnsafeBytes(of: &raw.bounds) { bytes in
                unsafe Array(bytes.bindMemory(to: Double.self).prefix(bins + 1))
            }
        }
    }
}

/// Property indexes of the rows; ids are those that the schema gives. An index that ``hasIndex(_:)`` denies throws
/// `notFound`.
extension CoreView {
    /// The index of a property that this view can use; nil for none.
    func index(on path: PropertyPath) -> UInt32? {
        var id: UInt32 = 0
        let isThere = unsafe path.encoded.withUnsafeBytes { bytes in
            unsafe fc_view_find_index(pointer, fc_bytes(bytes), &id)
        }
        return isThere ? id : nil
    }

    /// Whether the index exists for this view and is built.
    func hasIndex(_ id: UInt32) -> Bool { unsafe fc_view_has_index(pointer, id) }

    /// Adds the positions of up to `limit` rows whose value is in a range, in no order.
    func search(
        index id: UInt32, _ ranges: CoreValueRanges, limit: Int = .max,
        into positions: CorePositions, _ watch: inout CoreWatch
    ) throws {
        let view = unsafe pointer
        let status = try unsafe watch.over { watch in
            unsafe fc_view_index_search(
                view, id, ranges.pointer, ranges.count, limit, watch, positions.list)
        }
        try check(status, "the search failed")
        withExtendedLifetime(ranges) {}
    }

    /// Whether any row has a value in a range.
    func hasAny(index id: UInt32, _ ranges: CoreValueRanges) throws -> Bool {
        try owner.store.scratch.withPositions { found in
            var watch = CoreWatch(Interruption())
            try search(index: id, ranges, limit: 1, into: found, &watch)
            return !found.isEmpty
        }
    }

    func count(index id: UInt32, _ ranges: CoreValueRanges) throws -> Int {
        var count: UInt64 = 0
        try check(
            unsafe fc_view_index_count(pointer, id, ranges.pointer, ranges.count, &count),
            "the count failed")
        withExtendedLifetime(ranges) {}
        return Int(count)
    }

    /// About how many rows that would be; 0 without the index.
    func estimate(index id: UInt32, _ ranges: CoreValueRanges) -> Int {
        let rows = unsafe fc_view_index_estimate(pointer, id, ranges.pointer, ranges.count)
        withExtendedLifetime(ranges) {}
        return Int(rows)
    }

    /// All rows (or those in the ranges) in order of value, equal ones by id, null and missing last.
    func ordered(
        byIndex id: UInt32, descending: Bool, _ ranges: CoreValueRanges? = nil
    ) throws -> CoreIndexCursor {
        var cursor: OpaquePointer?
        try check(
            unsafe fc_index_cursor_open(
                pointer, id, descending, ranges?.pointer, ranges?.count ?? 0, &cursor),
            "the index can't be walked")
        return unsafe CoreIndexCursor(cursor!, owner: owner, ranges: ranges)
    }

    /// The value of a row; nil when it is missing.
    func value(index id: UInt32, at position: UInt32) throws -> JSONValue? {
        try unsafe JSONValue(fc_view_index_value(pointer, id, position))
    }

    /// The kinds of some rows' values (0x80 added to a number that is not exactly its float64) and their numbers.
    func gather(
        index id: UInt32, _ positions: CorePositions, kinds: inout [UInt8],
        numbers: inout [Double]
    ) throws {
        kinds = Array(repeating: 0, count: positions.count)
        numbers = Array(repeating: 0, count: positions.count)
        let status = unsafe kinds.withUnsafeMutableBufferPointer { kinds in
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                unsafe fc_view_index_gather(
                    pointer, id, positions.list.pointee.data, positions.count,
                    kinds.baseAddress, numbers.baseAddress)
            }
        }
        try check(status, "the property can't be read")
    }

    /// Calls `visit` with each value, ascending, and how many rows have it; nil is a missing value. Ends when
    /// it returns false.
    func distinct(
        index id: UInt32, _ ranges: CoreValueRanges? = nil,
        _ visit: (JSONValue?, Int) throws -> Bool
    ) throws {
        var failure: (any Error)?
        let status = withoutActuallyEscaping(visit) { visit in
            var visitor: (fc_value, UInt64) -> Bool = { raw, rows in
                do {
                    return try unsafe visit(JSONValue(raw), Int(rows))
                } catch {
                    failure = error
                    return false
                }
            }
            return unsafe withUnsafeMutablePointer(to: &visitor) { place in
                unsafe fc_view_index_distinct(
                    pointer, id, ranges?.pointer, ranges?.count ?? 0,
                    { place, value, rows in
                        let visitor = unsafe place!.assumingMemoryBound(
                            to: ((fc_value, UInt64) -> Bool).self)
                        return unsafe visitor.pointee(value!.pointee, rows)
                    }, place)
            }
        }
        withExtendedLifetime(ranges) {}
        if let failure { throw failure }
        try check(status, "the different values can't be read")
    }

    func statistics(index id: UInt32) throws -> CorePropertyStatistics {
        try unsafe CorePropertyStatistics(fc_view_index_statistics(pointer, id))
    }
}

/// Rows in order of an indexed property.
///
/// THREADS: one at a time. OWNERSHIP: keeps its transaction and ranges; a writer's is good until the next
/// operation.
@safe final class CoreIndexCursor {
    private let pointer: OpaquePointer
    private let owner: CoreTransaction
    private let ranges: CoreValueRanges?

    fileprivate init(_ pointer: OpaquePointer, owner: CoreTransaction, ranges: CoreValueRanges?) {
        unsafe self.pointer = pointer
        self.owner = owner
        self.ranges = ranges
    }

    deinit { unsafe fc_index_cursor_close(pointer) }

    /// Adds up to `count` positions; fewer only at the end.
    func next(_ count: Int, into positions: CorePositions) throws {
        try check(
            unsafe fc_index_cursor_next(pointer, count, positions.list),
            "the index can't be walked")
    }
}
