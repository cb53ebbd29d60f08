internal import CFormCore

/// What is asked of an aggregate of rows.
struct CoreAggregation: Hashable, Sendable {
    var key: PropertyPath?
    var value: PropertyPath?
    var windowing: CoreSeriesView.Windowing?
    /// Times before it count as it.
    var from = Int64.min
}

/// What one group of rows came to.
struct CoreGroup {
    /// nil where the property is missing.
    var key: JSONValue?
    var window: Int64
    var rows, values: Int
    var sum, mean: Double
    var minimum, maximum: JSONValue?
}

/// Adds up rows, part after part; each row is to be added once.
///
/// Values and keys come from the property's index where the view has one, else from the records. Every call
/// looks at the interruption every few thousand rows, and throws what it says.
///
/// THREADS: one at a time. OWNERSHIP: keeps the view's transaction, and what the core borrows.
@safe final class CoreAggregator {
    /// nil only where creating it failed.
    private let pointer: OpaquePointer?
    private let view: CoreView
    private let properties: [CoreProperty]
    private let edges: UnsafeMutableBufferPointer<Int64>
    private let windowing: UnsafeMutablePointer<fc_windowing>
    private let interruption: UnsafeMutablePointer<Interruption>
    /// The index that the values come from; nil for the records, or without values.
    let valueIndex: UInt32?
    /// Whether ``addAllByKey()`` is possible.
    let hasKeysInOrder: Bool

    init(_ view: CoreView, _ aggregation: CoreAggregation, _ interruption: Interruption) throws {
        let places = [aggregation.key, aggregation.value].map { path in
            (path: path, index: path.flatMap { view.index(on: $0) })
        }
        // Properties of indexes are the core's.
        let properties = try places.map { place in
            try place.index == nil ? place.path.map { try CoreProperty($0) } : nil
        }
        let edges = aggregation.windowing?.edges ?? []
        self.view = view
        self.properties = properties.compactMap(\.self)
        valueIndex = places[1].index
        hasKeysInOrder =
            places[0].index != nil && properties[1] == nil && aggregation.windowing == nil
        unsafe self.edges = .allocate(capacity: max(edges.count, 1))
        _ = unsafe self.edges.initialize(from: edges)
        unsafe windowing = .allocate(capacity: 1)
        unsafe windowing.initialize(to: fc_windowing())
        unsafe self.interruption = .allocate(capacity: 1)
        unsafe self.interruption.initialize(to: interruption)

        var options = unsafe fc_aggregate_options()
        unsafe options.keys = Self.property(places[0].index, properties[0])
        unsafe options.values = Self.property(places[1].index, properties[1])
        unsafe options.from_us = aggregation.from
        unsafe options.cancel_context = UnsafeMutableRawPointer(self.interruption)
        unsafe options.is_cancelled = { context in
            unsafe context!.assumingMemoryBound(to: Interruption.self).pointee.isDue
        }
        var isValid = true
        if let asked = aggregation.windowing {
            isValid = unsafe fc_windowing_init(
                windowing, asked.length, asked.origin, edges.isEmpty ? nil : self.edges.baseAddress,
                edges.count)
            unsafe options.windowing = UnsafePointer(windowing)
        }
        var created: OpaquePointer?
        let status =
            unsafe isValid
            ? fc_aggregate_create(view.pointer, &options, &created) : FC_STATUS_INVALID_ARGUMENT
        unsafe pointer = created
        try check(status, "the rows can't be aggregated")
    }

    deinit {
        unsafe fc_aggregate_destroy(pointer)
        unsafe edges.deallocate()
        unsafe windowing.deallocate()
        unsafe interruption.deinitialize(count: 1)
        unsafe interruption.deallocate()
    }

    private static func property(
        _ index: UInt32?, _ property: CoreProperty?
    ) -> fc_aggregate_property {
        unsafe fc_aggregate_property(
            index_id: index ?? 0, property: property.map { unsafe UnsafePointer($0.pointer) })
    }

    private func checkAdded(_ status: fc_status) throws {
        if status == FC_STATUS_CANCELLED { unsafe try interruption.pointee.check() }
        try check(status, "the rows can't be aggregated")
    }

    // MARK: Rows

    /// Adds rows.
    func add(_ positions: CorePositions) throws {
        let list = unsafe positions.list.pointee
        try checkAdded(unsafe fc_aggregate_add(pointer, list.data, list.count))
    }

    /// Adds all rows in a range of positions that answer.
    func add(_ question: CoreQuestion, in range: Range<UInt32>) throws {
        var question = unsafe question.value
        try checkAdded(
            unsafe fc_aggregate_add_matching(
                pointer, &question, range.lowerBound, range.upperBound))
    }

    /// Adds all rows whose value in ``valueIndex`` is in a range. REQUIRES: no keys and no windows.
    func add(_ ranges: CoreValueRanges) throws {
        defer { withExtendedLifetime(ranges) {} }
        try checkAdded(unsafe fc_aggregate_add_ranges(pointer, ranges.pointer, ranges.count))
    }

    /// Adds all rows of the view, one key after another, and no others. REQUIRES: ``hasKeysInOrder``.
    func addAllByKey() throws { try checkAdded(unsafe fc_aggregate_add_by_key(pointer)) }

    // MARK: Groups

    /// Groups in order of key, then window. No more rows can be added.
    func groups() throws -> [CoreGroup] {
        try checkAdded(unsafe fc_aggregate_finish(pointer))
        let count = unsafe fc_aggregate_group_count(pointer)
        var groups: [CoreGroup] = []
        groups.reserveCapacity(count)
        for index in 0..<count {
            if index % 4_096 == 4_095 { unsafe try interruption.pointee.check() }
            let group = unsafe fc_aggregate_group_at(pointer, index)!
            unsafe groups.append(
                CoreGroup(
                    key: try JSONValue(group.pointee.key), window: group.pointee.window,
                    rows: Int(group.pointee.row_count), values: Int(group.pointee.value_count),
                    sum: fc_aggregate_group_sum(group), mean: fc_aggregate_group_mean(group),
                    minimum: try JSONValue(group.pointee.minimum),
                    maximum: try JSONValue(group.pointee.maximum)))
        }
        return groups
    }
}
