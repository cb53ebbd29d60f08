extension WriteTransaction {
    // MARK: Points

    /// Appends points to a series, in any order of time.
    ///
    /// ```swift
    /// try tx.append([DataPoint(at: .now, 21.5, 0.43)], to: "room", fields: ["temperature", "humidity"])
    /// ```
    ///
    /// Points of equal times are all kept, in order of arrival. Throws `fieldMismatch` unless each point
    /// has a value for every field of the series; none is appended then.
    ///
    /// - Parameter fields: the names of the fields, for a series that has to be created; one that exists
    ///   must have the same. Without them it is `value`, or `value1`, `value2` and so on.
    public func append(
        _ points: some Collection<DataPoint>, to series: String, fields: [String]? = nil
    ) throws {
        try write(points, series, fields, replacing: false)
    }

    /// Appends one point. COST: O(1), and no allocation.
    @inline(__always)
    public func append(_ point: DataPoint, to series: String) throws {
        if point.metadata != nil { return try append(CollectionOfOne(point), to: series) }
        try inSeries(series, fields: Self.defaultFields(point.values.count)) { target in
            if target.fieldCount != point.values.count {
                throw Self.mismatch(series, target.fieldCount, point.values.count)
            }
            try unsafe point.values.withUnsafeBufferPointer { values in
                try unsafe core.append(
                    time: point.time.microseconds, values: values, to: target.id)
            }
        }
    }

    /// Appends one value to a series of one field.
    ///
    /// ```swift
    /// try tx.append(at: .now, 92.0, to: "heart-rate")
    /// ```
    ///
    /// COST: O(1), and no allocation, not even the point's.
    @inline(__always)
    public func append(at time: Timestamp, _ value: Double, to series: String) throws {
        try inSeries(series, fields: Self.defaultFields(1)) { target in
            if target.fieldCount != 1 { throw Self.mismatch(series, target.fieldCount, 1) }
            try core.append(time: time.microseconds, value: value, to: target.id)
        }
    }

    /// Appends points to a series after deleting those of equal times.
    public func replace(
        _ points: some Collection<DataPoint>, in series: String, fields: [String]? = nil
    ) throws {
        try write(points, series, fields, replacing: true)
    }

    /// Deletes the points of a series during a range; says how many.
    @discardableResult
    public func delete(series: String, during range: TimeRange) throws -> Int {
        let target = try require(.series, series)
        if range.isEmpty { return 0 }
        return try core.deletePoints(of: target.id, during: range)
    }

    // MARK: Columns

    /// Appends points that are columns already: times in microseconds since 1970, and a value for each.
    ///
    /// COST: less than a nanosecond or so a point; nothing is allocated by point.
    public func append(times: [Int64], values: [Double], to series: String) throws {
        try unsafe times.withUnsafeBufferPointer { times in
            try unsafe values.withUnsafeBufferPointer { values in
                try unsafe write(times, [values], series, nil, replacing: false)
            }
        }
    }

    /// Appends points that are columns already, lent as spans.
    public func append(times: Span<Int64>, values: Span<Double>, to series: String) throws {
        try unsafe times.withUnsafeBufferPointer { times in
            try unsafe values.withUnsafeBufferPointer { values in
                try unsafe write(times, [values], series, nil, replacing: false)
            }
        }
    }

    /// Appends points of several fields that are columns already, one column for each field.
    public func append(
        times: [Int64], columns: [[Double]], to series: String, fields: [String]? = nil
    ) throws {
        try write(times, columns, series, fields, replacing: false)
    }

    /// Appends points that are columns already, after deleting those of equal times.
    public func replace(
        times: [Int64], columns: [[Double]], in series: String, fields: [String]? = nil
    ) throws {
        try write(times, columns, series, fields, replacing: true)
    }

    private func write(
        _ times: [Int64], _ columns: [[Double]], _ series: String, _ fields: [String]?,
        replacing: Bool
    ) throws {
        // One flat copy lends all columns at once.
        scratch.values.removeAll(keepingCapacity: true)
        for column in columns {
            if column.count != times.count { throw Self.unevenColumns(times.count, column.count) }
            scratch.values.append(contentsOf: column)
        }
        try unsafe times.withUnsafeBufferPointer { times in
            try unsafe scratch.values.withUnsafeBufferPointer { values in
                let lent = unsafe columns.indices.map { field in
                    unsafe UnsafeBufferPointer(
                        rebasing: values[field * times.count..<(field + 1) * times.count])
                }
                try unsafe write(times, lent, series, fields, replacing: replacing)
            }
        }
    }

    private func write(
        _ times: UnsafeBufferPointer<Int64>, _ columns: [UnsafeBufferPointer<Double>],
        _ series: String, _ fields: [String]?, replacing: Bool
    ) throws {
        if let uneven = unsafe columns.first(where: { $0.count != times.count }) {
            throw Self.unevenColumns(times.count, uneven.count)
        }
        let count = unsafe columns.count
        try inSeries(series, fields: fields ?? Self.defaultFields(count)) { target in
            try checkFields(target, series, fields, count)
            guard times.count > 0 else { return }
            _ = try unsafe core.append(
                times: times, fields: columns.map { $0.baseAddress! }, to: target.id,
                replacing: replacing)
        }
    }

    // MARK: From points to columns

    private func write(
        _ points: some Collection<DataPoint>, _ series: String, _ fields: [String]?,
        replacing: Bool
    ) throws {
        let given = fields?.count ?? points.first?.values.count ?? 1
        try inSeries(series, fields: fields ?? Self.defaultFields(given)) { target in
            if points.isEmpty && fields == nil { return }
            try checkFields(target, series, fields, given)
            if points.isEmpty { return }
            let metadata = try gather(points, series, target.fieldCount)
            try unsafe scratch.times.withUnsafeBufferPointer { times in
                try unsafe scratch.values.withUnsafeBufferPointer { values in
                    let columns = unsafe (0..<target.fieldCount).map { field in
                        unsafe values.baseAddress! + field * times.count
                    }
                    _ = try unsafe core.append(
                        times: times, fields: columns, metadata: metadata, to: target.id,
                        replacing: replacing)
                }
            }
        }
    }

    /// Puts the points into the scratch columns; gives their metadata, if any has some.
    private func gather(
        _ points: some Collection<DataPoint>, _ series: String, _ fieldCount: Int
    ) throws -> (ends: [UInt32], bytes: [UInt8])? {
        let count = points.count
        scratch.times.removeAll(keepingCapacity: true)
        scratch.times.reserveCapacity(count)
        scratch.values.removeAll(keepingCapacity: true)
        scratch.values.append(contentsOf: repeatElement(0, count: count * fieldCount))
        var hasMetadata = false
        var index = 0
        for point in points {
            if point.values.count != fieldCount {
                throw Self.mismatch(series, fieldCount, point.values.count)
            }
            scratch.times.append(point.time.microseconds)
            for field in 0..<fieldCount {
                scratch.values[field * count + index] = point.values[field]
            }
            if point.metadata != nil { hasMetadata = true }
            index += 1
        }
        guard hasMetadata else { return nil }
        scratch.record.removeAll()
        var ends: [UInt32] = []
        ends.reserveCapacity(count)
        for point in points {
            if let metadata = point.metadata {
                try CBOREncoder.append(metadata, to: &scratch.record)
            }
            guard let end = UInt32(exactly: scratch.record.count) else {
                throw FormDBError(.tooLarge, "more than 4 GiB of metadata in one call")
            }
            ends.append(end)
        }
        return (ends, scratch.record.bytes)
    }

    private func checkFields(
        _ target: CoreTarget, _ series: String, _ fields: [String]?, _ count: Int
    ) throws {
        if target.fieldCount != count { throw Self.mismatch(series, target.fieldCount, count) }
        guard let fields else { return }
        let own = try core.describe(.series, target.id).fields
        if !own.elementsEqual(fields, by: TextBytes.areEqual) {
            throw FormDBError(
                .fieldMismatch,
                "series \"\(series)\" has the fields \(own.joined(separator: ", ")), not "
                    + fields.joined(separator: ", "))
        }
    }

    private static func defaultFields(_ count: Int) -> [String] {
        count == 1 ? ["value"] : (0..<count).map { "value\($0 + 1)" }
    }

    private static func mismatch(_ series: String, _ expected: Int, _ given: Int) -> FormDBError {
        FormDBError(
            .fieldMismatch,
            "series \"\(series)\" has \(expected) field\(expected == 1 ? "" : "s"), but the points "
                + "have \(given) value\(given == 1 ? "" : "s")")
    }

    private static func unevenColumns(_ times: Int, _ values: Int) -> FormDBError {
        FormDBError(.invalidArgument, "\(times) times, but \(values) values in a column")
    }
}
