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

/// Where the values of a property come from: the records.
@safe private final class CoreValueReader {
    private let property: CoreProperty
    let reader: UnsafeMutablePointer<fc_value_reader>

    init(_ path: PropertyPath) throws {
        property = try CoreProperty(path)
        unsafe reader = .allocate(capacity: 1)
        unsafe reader.initialize(to: fc_value_reader_of_records(property.pointer))
    }

    deinit { unsafe reader.deallocate() }
}

extension CoreView {
    /// Groups in order of key, then window: of the rows at `positions`, or of all that answer `question`.
    func aggregate(
        _ aggregation: CoreAggregation, of positions: CorePositions?, _ question: CoreQuestion
    ) throws -> [CoreGroup] {
        let key = try aggregation.key.map { try CoreValueReader($0) }
        let value = try aggregation.value.map { try CoreValueReader($0) }
        let windowing = aggregation.windowing
        return try withExtendedLifetime((key, value, owner)) {
            try unsafe (windowing?.edges ?? []).withUnsafeBufferPointer { edges in
                var raw = unsafe fc_windowing()
                var options = unsafe fc_aggregate_options()
                unsafe options.keys = unsafe UnsafePointer(key?.reader)
                unsafe options.values = unsafe UnsafePointer(value?.reader)
                unsafe options.from_us = aggregation.from
                unsafe options.is_cancelled = { _ in Task.isCancelled }
                if let windowing {
                    let isValid = unsafe fc_windowing_init(
                        &raw, windowing.length, windowing.origin,
                        edges.isEmpty ? nil : edges.baseAddress, edges.count)
                    if !isValid { throw FormDBError(.invalidArgument, "no windows") }
                }
                return try unsafe withUnsafePointer(to: &raw) { raw in
                    if windowing != nil { unsafe options.windowing = unsafe raw }
                    return try unsafe groups(&options, positions, question)
                }
            }
        }
    }

    private func groups(
        _ options: UnsafeMutablePointer<fc_aggregate_options>, _ positions: CorePositions?,
        _ question: CoreQuestion
    ) throws -> [CoreGroup] {
        var aggregate: OpaquePointer?
        var question = question.value
        let status =
            if let positions {
                unsafe fc_view_aggregate(
                    pointer, options, positions.list.pointee.data, positions.count, &aggregate)
            } else {
                unsafe fc_view_aggregate_all(pointer, options, &question, &aggregate)
            }
        if status == FC_STATUS_CANCELLED { throw CancellationError() }
        try check(status, "the rows can't be aggregated")
        defer { unsafe fc_aggregate_destroy(aggregate) }
        return try unsafe (0..<fc_aggregate_group_count(aggregate)).map { index in
            let group = unsafe fc_aggregate_group_at(aggregate, index)!
            return unsafe CoreGroup(
                key: try group.pointee.key.json(), window: group.pointee.window,
                rows: Int(group.pointee.row_count), values: Int(group.pointee.value_count),
                sum: fc_aggregate_group_sum(group), mean: fc_aggregate_group_mean(group),
                minimum: try group.pointee.minimum.json(),
                maximum: try group.pointee.maximum.json())
        }
    }
}

extension fc_value {
    /// The value as one of its own; nil for missing.
    fileprivate func json() throws -> JSONValue? {
        switch unsafe kind {
        case FC_VALUE_NUMBER:
            switch unsafe number {
            case FC_NUMBER_INTEGER: return unsafe .int(integer)
            case FC_NUMBER_NATURAL: return unsafe .uint(natural)
            default: return unsafe .double(real)
            }
        case FC_VALUE_TEXT: return unsafe .string(bytes.text)
        case FC_VALUE_BOOLEAN: return unsafe .bool(boolean)
        case FC_VALUE_ARRAY, FC_VALUE_OBJECT:
            var output = OutputBuffer(capacity: 64)
            unsafe CBOREncoder.appendHead(
                kind == FC_VALUE_ARRAY ? 0x80 : 0xa0, count, to: &output)
            let item = unsafe output.bytes + [UInt8](bytes.raw)
            return try unsafe item.withUnsafeBytes { try unsafe CBORDecoder.decode($0) }
        case FC_VALUE_NULL: return .null
        default: return nil
        }
    }
}
