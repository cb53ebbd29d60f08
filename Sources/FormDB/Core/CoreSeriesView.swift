internal import CFormCore

/// The points of one series as a transaction sees them.
///
/// OWNERSHIP: good while its transaction is; a writer's until the next operation.
@safe struct CoreSeriesView {
    private let pointer: OpaquePointer
    let fieldCount: Int
    /// The number of the series.
    let series: UInt32
    let owner: CoreTransaction
    private let changes: Int

    init(
        _ pointer: OpaquePointer, series: UInt32, fieldCount: Int, owner: CoreTransaction
    ) {
        self.series = series
        unsafe self.pointer = pointer
        self.fieldCount = fieldCount
        self.owner = owner
        changes = owner.changes
    }

    /// Whether nothing was written since; a reader's view always is.
    var isCurrent: Bool { changes == owner.changes }

    func count(_ range: TimeRange) throws -> Int {
        var range = fc_time_range(range)
        var count: UInt64 = 0
        try check(unsafe fc_series_count(pointer, &range, &count), "the count failed")
        return Int(count)
    }

    // MARK: Points

    /// A stretch of points in time order, lent.
    @safe struct Stretch {
        fileprivate let raw: UnsafePointer<fc_stretch>

        var count: Int { unsafe raw.pointee.count }
        var times: UnsafeBufferPointer<Int64> {
            unsafe UnsafeBufferPointer(start: raw.pointee.times_us, count: count)
        }
        func values(_ field: Int) -> UnsafeBufferPointer<Double> {
            unsafe UnsafeBufferPointer(start: raw.pointee.fields[field], count: count)
        }
        var hasMetadata: Bool { unsafe raw.pointee.metadata != nil }
        /// The CBOR map of a point's metadata; nil when it has none.
        func metadata(_ index: Int) -> UnsafeRawBufferPointer? {
            guard let all = unsafe raw.pointee.metadata, unsafe all[index].data != nil else {
                return nil
            }
            return unsafe all[index].raw
        }
    }

    private struct Scan {
        var body: (Stretch) throws -> Bool
        var error: (any Error)?
    }

    /// Calls `body` with each stretch of the range until it returns false; reversed, newest first.
    func scan(
        _ range: TimeRange, reversed: Bool = false, _ body: (Stretch) throws -> Bool
    ) throws {
        try withoutActuallyEscaping(body) { body in
            var range = fc_time_range(range)
            var scan = Scan(body: body)
            let status = unsafe withUnsafeMutablePointer(to: &scan) { scan in
                owner.lending {
                    unsafe fc_series_scan(
                        pointer, &range, reversed,
                        { visitor, raw in
                            let scan = unsafe visitor!.assumingMemoryBound(to: Scan.self)
                            do {
                                return unsafe try scan.pointee.body(Stretch(raw: raw!))
                            } catch {
                                unsafe scan.pointee.error = error
                                return false
                            }
                        }, scan)
                }
            }
            if let error = scan.error { throw error }
            try check(status, "the points can't be read")
        }
    }

    /// The earliest or the latest point of a range.
    func end(_ range: TimeRange, latest: Bool) throws -> (
        time: Timestamp, values: [Double], metadata: UnsafeRawBufferPointer?
    )? {
        var range = fc_time_range(range)
        var found = false
        var time: Int64 = 0
        var metadata = unsafe fc_bytes.none
        var status = FC_STATUS_OK
        let values = unsafe [Double](unsafeUninitializedCapacity: fieldCount) { place, filled in
            unsafe place.initialize(repeating: 0)
            filled = fieldCount
            status =
                unsafe latest
                ? fc_series_last(pointer, &range, &found, &time, place.baseAddress, &metadata)
                : fc_series_first(pointer, &range, &found, &time, place.baseAddress, &metadata)
        }
        try check(status, "the points can't be read")
        guard found else { return nil }
        return unsafe (
            Timestamp(microseconds: time), values, metadata.data == nil ? nil : metadata.raw
        )
    }

    // MARK: Windows

    /// One window's answer for one field.
    struct Window: Sendable {
        var start, end: Timestamp
        var isPartial: Bool
        var points, count: Int
        var sum, minimum, maximum, mean, first, last: Double

        fileprivate init(_ raw: fc_window) {
            start = Timestamp(microseconds: raw.start_us)
            end = Timestamp(microseconds: raw.end_us)
            isPartial = raw.is_partial
            points = Int(raw.points)
            count = Int(raw.count)
            sum = raw.sum
            minimum = raw.minimum
            maximum = raw.maximum
            mean = raw.mean
            first = raw.first
            last = raw.last
        }
    }

    /// How windows are laid: of a length from an origin, or between edges.
    struct Windowing: Hashable, Sendable {
        var length: Int64 = 0
        var origin: Int64 = 0
        var edges: [Int64] = []
        var includesEmpty = false
    }

    private struct Visit {
        var body: (Window) -> Bool
    }

    /// Calls `body` with each window in order of time, until it returns false: of a field of each of some series,
    /// whose points are taken together.
    static func windows(
        of sources: [(view: CoreSeriesView, field: Int)], _ range: TimeRange,
        _ windowing: Windowing, _ body: (Window) -> Bool
    ) throws {
        try withoutActuallyEscaping(body) { body in
            var range = fc_time_range(range)
            var visit = Visit(body: body)
            let raw = unsafe sources.map {
                unsafe fc_window_source(view: $0.view.pointer, field: UInt32($0.field))
            }
            let status = unsafe windowing.edges.withUnsafeBufferPointer { edges in
                var options = unsafe fc_window_options(
                    length_us: windowing.length, origin_us: windowing.origin,
                    edges: windowing.edges.isEmpty ? nil : edges.baseAddress,
                    edge_count: edges.count, with_empty: windowing.includesEmpty, field: 0)
                return unsafe withUnsafeMutablePointer(to: &visit) { visit in
                    unsafe fc_series_windows_of_all(
                        raw, raw.count, &range, &options,
                        { visitor, raw in
                            let visit = unsafe visitor!.assumingMemoryBound(to: Visit.self)
                            return unsafe visit.pointee.body(Window(raw!.pointee))
                        }, visit)
                }
            }
            withExtendedLifetime(sources) {}
            try check(status, "the windows can't be computed")
        }
    }

    /// The whole range as one window.
    func aggregate(_ range: TimeRange, field: Int) throws -> Window {
        var range = fc_time_range(range)
        var window = fc_window()
        try check(
            unsafe fc_series_aggregate(pointer, &range, UInt32(field), &window),
            "the range can't be aggregated")
        return Window(window)
    }
}
