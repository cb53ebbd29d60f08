internal import CFormCore

/// The kinds of operation that take a feature record.
enum CoreRecordOperation {
    case insert, upsert, update
}

extension CoreTransaction {
    /// What an operation of the core came to.
    @inline(__always)
    private func apply(_ operation: inout fc_apply_operation) throws -> fc_applied {
        let transaction = unsafe try pointer()
        if lendings > 0 {
            throw FormDBError(
                .reentrant, "a write inside a closure that reads the transaction in place",
                advice: "gather what to write, and write it after the closure")
        }
        var applied = fc_applied()
        let detail = unsafe detail!
        unsafe operation.provenance = provenance
        let status = unsafe fc_apply(transaction, &operation, &applied, detail)
        changes += 1
        if status != FC_STATUS_OK {
            defer { unsafe fc_detail_clear(detail) }
            throw unsafe FormDBError(status, detail.pointee)
        }
        return applied
    }

    /// Writes a feature's record, encoded by this library a moment ago; gives the generated id.
    @inline(__always)
    func put(
        _ kind: CoreRecordOperation, _ record: UnsafeRawBufferPointer, in collection: UInt32,
        generateID: Bool
    ) throws -> Int64 {
        var operation = unsafe fc_apply_operation()
        unsafe operation.kind =
            switch kind {
            case .insert: FC_APPLY_INSERT
            case .upsert: FC_APPLY_UPSERT
            case .update: FC_APPLY_UPDATE
            }
        unsafe operation.target = collection
        unsafe operation.record = fc_bytes(record)
        unsafe operation.generate_id = generateID
        unsafe operation.record_is_trusted = true
        return try unsafe apply(&operation).generated_id
    }

    /// Whether there was such a feature.
    func delete(_ id: FeatureID, in collection: UInt32) throws -> Bool {
        try unsafe id.withCoreID { id in
            var operation = unsafe fc_apply_operation()
            unsafe operation.kind = FC_APPLY_DELETE_FEATURE
            unsafe operation.target = collection
            unsafe operation.id = id.pointee
            return try unsafe apply(&operation).count > 0
        }
    }

    /// Appends points, or replaces those of equal times; how many were added.
    func append(
        times: UnsafeBufferPointer<Int64>, fields: [UnsafePointer<Double>],
        metadata: (ends: [UInt32], bytes: [UInt8])? = nil, to series: UInt32, replacing: Bool
    ) throws -> Int {
        guard times.count > 0 else { return 0 }
        // A batch holds so many points at most.
        guard times.count <= Int(batchPointsMax) else {
            throw FormDBError(.tooLarge, "more than 16,777,216 points in one call")
        }
        let columns = unsafe fields.map { unsafe Optional($0) }
        return try unsafe columns.withUnsafeBufferPointer { columns in
            try unsafe (metadata?.ends ?? []).withUnsafeBufferPointer { ends in
                try unsafe (metadata?.bytes ?? []).withUnsafeBufferPointer { bytes in
                    var points = unsafe fc_points(
                        point_count: UInt32(times.count), field_count: UInt32(columns.count),
                        times_us: times.baseAddress, fields: columns.baseAddress,
                        metadata_ends: metadata == nil ? nil : ends.baseAddress,
                        metadata: metadata == nil ? nil : bytes.baseAddress)
                    return try unsafe append(&points, to: series, replacing: replacing)
                }
            }
        }
    }

    /// Appends one point; COST: no allocation.
    @inline(__always)
    func append(
        time: Int64, values: UnsafeBufferPointer<Double>, to series: UInt32
    ) throws {
        try unsafe withUnsafePointer(to: time) { time in
            try unsafe withUnsafeTemporaryAllocation(
                of: UnsafePointer<Double>?.self, capacity: values.count
            ) { columns in
                for index in 0..<values.count {
                    unsafe columns.initializeElement(
                        at: index, to: values.baseAddress! + index)
                }
                var points = unsafe fc_points(
                    point_count: 1, field_count: UInt32(values.count), times_us: time,
                    fields: columns.baseAddress, metadata_ends: nil, metadata: nil)
                _ = try unsafe append(&points, to: series, replacing: false)
            }
        }
    }

    /// Appends one point of one field; COST: no allocation.
    @inline(__always)
    func append(time: Int64, value: Double, to series: UInt32) throws {
        try unsafe withUnsafePointer(to: time) { time in
            try unsafe withUnsafePointer(to: value) { value in
                try unsafe withUnsafePointer(to: Optional(value)) { columns in
                    var points = unsafe fc_points(
                        point_count: 1, field_count: 1, times_us: time, fields: columns,
                        metadata_ends: nil, metadata: nil)
                    _ = try unsafe append(&points, to: series, replacing: false)
                }
            }
        }
    }

    @inline(__always)
    private func append(
        _ points: UnsafePointer<fc_points>, to series: UInt32, replacing: Bool
    ) throws -> Int {
        var operation = unsafe fc_apply_operation()
        unsafe operation.kind = replacing ? FC_APPLY_REPLACE_POINTS : FC_APPLY_APPEND
        unsafe operation.target = series
        unsafe operation.points = points
        return Int(try unsafe apply(&operation).count)
    }

    func deletePoints(of series: UInt32, during range: TimeRange) throws -> Int {
        var operation = unsafe fc_apply_operation()
        unsafe operation.kind = FC_APPLY_DELETE_POINTS
        unsafe operation.target = series
        unsafe operation.range = fc_time_range(range)
        return Int(try unsafe apply(&operation).count)
    }

    /// Creates a collection or series; gives its id.
    func create(
        _ kind: CoreTargetKind, _ name: String, fields: [String] = [],
        describedBy record: [UInt8] = []
    ) throws -> CoreTarget {
        defer { forgetNames() }
        // The names, one after another, so that they can be lent together.
        var text: [UInt8] = []
        var ends: [Int] = []
        for field in fields {
            text.append(contentsOf: field.utf8)
            ends.append(text.count)
        }
        // A base address even when there is nothing.
        text.append(0)
        let id = try unsafe name.withUTF8Bytes { name in
            try unsafe text.withUnsafeBufferPointer { text in
                try unsafe record.withUnsafeBytes { record in
                    let names = unsafe ends.indices.map { index in
                        let start = index == 0 ? 0 : ends[index - 1]
                        return unsafe fc_bytes(
                            data: text.baseAddress! + start, length: ends[index] - start)
                    }
                    return try unsafe names.withUnsafeBufferPointer { names in
                        var operation = unsafe fc_apply_operation()
                        unsafe operation.kind = FC_APPLY_CREATE
                        unsafe operation.target_kind = kind.raw
                        unsafe operation.name = fc_bytes(name)
                        unsafe operation.field_names = names.baseAddress
                        unsafe operation.field_count = UInt32(names.count)
                        unsafe operation.record = record.isEmpty ? .none : fc_bytes(record)
                        unsafe operation.record_is_trusted = true
                        return try unsafe apply(&operation).target
                    }
                }
            }
        }
        return CoreTarget(id: id, fieldCount: fields.count)
    }

    func rename(_ kind: CoreTargetKind, _ target: UInt32, to name: String) throws {
        defer { forgetNames() }
        try unsafe name.withUTF8Bytes { name in
            var operation = unsafe fc_apply_operation()
            unsafe operation.kind = FC_APPLY_RENAME
            unsafe operation.target_kind = kind.raw
            unsafe operation.target = target
            unsafe operation.name = fc_bytes(name)
            _ = try unsafe apply(&operation)
        }
    }

    func drop(_ kind: CoreTargetKind, _ target: UInt32) throws {
        defer { forgetNames() }
        var operation = unsafe fc_apply_operation()
        unsafe operation.kind = FC_APPLY_DROP
        unsafe operation.target_kind = kind.raw
        unsafe operation.target = target
        _ = try unsafe apply(&operation)
    }

    /// Creates an index of an encoded property; gives its id.
    func createIndex(on property: [UInt8], in collection: UInt32) throws -> UInt32 {
        try changeIndex(FC_APPLY_CREATE_INDEX, property, collection)
    }

    func dropIndex(on property: [UInt8], in collection: UInt32) throws {
        _ = try changeIndex(FC_APPLY_DROP_INDEX, property, collection)
    }

    private func changeIndex(
        _ kind: fc_apply_kind, _ property: [UInt8], _ collection: UInt32
    ) throws -> UInt32 {
        try unsafe property.withUnsafeBytes { property in
            var operation = unsafe fc_apply_operation()
            unsafe operation.kind = kind
            unsafe operation.target = collection
            unsafe operation.property = fc_bytes(property)
            return try unsafe apply(&operation).target
        }
    }

    /// The index of a provenance for operations of this transaction.
    func addProvenance(_ bytes: [UInt8]) throws -> UInt32 {
        var index: UInt32 = 0
        let transaction = unsafe try pointer()
        try unsafe bytes.withUnsafeBytes { bytes in
            try callCore { detail in
                unsafe fc_transaction_add_provenance(transaction, fc_bytes(bytes), &index, detail)
            }
        }
        return index
    }

    private func forgetNames() {
        targets.removeAll(keepingCapacity: true)
        seriesTargets.removeAll(keepingCapacity: true)
        lastCollection.name = LastName()
        lastSeries.name = LastName()
    }

    /// What a name stands for, remembered for the transaction; nil when there is none.
    @inline(__always)
    func cachedTarget(_ kind: CoreTargetKind, _ name: String) throws -> CoreTarget? {
        if kind == .collection {
            if lastCollection.name.isSame(as: name) { return lastCollection.target }
        } else if lastSeries.name.isSame(as: name) {
            return lastSeries.target
        }
        return try lookUpTarget(kind, name)
    }

    private func lookUpTarget(_ kind: CoreTargetKind, _ name: String) throws -> CoreTarget? {
        let key = TextKey(name)
        let known = kind == .collection ? targets[key] : seriesTargets[key]
        guard let target = try known ?? resolve(kind, name) else { return nil }
        if kind == .collection {
            targets[key] = target
            lastCollection = (LastName(name), target)
        } else {
            seriesTargets[key] = target
            lastSeries = (LastName(name), target)
        }
        return target
    }
}

/// The most points of one batch (FC_BATCH_POINTS_MAX, whose cast Swift does not import).
private let batchPointsMax: UInt32 = 1 << 24
