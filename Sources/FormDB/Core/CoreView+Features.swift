internal import CFormCore

// Features out of rows: their records are copied, and decoded when they are read.

extension CoreView {
    /// The feature of a row, with a batch of its own.
    func feature(at position: UInt32) throws -> Feature {
        try withExtendedLifetime(owner) {
            let record = unsafe record(at: position)
            let batch = RecordBatch(byteCount: record.count)
            unsafe batch.copy(record, to: 0)
            return try Self.feature(of: batch, 0, record.count)
        }
    }

    /// The features of rows, in their order; looks at the interruption between batches.
    func features(
        at positions: CorePositions, _ interruption: Interruption
    ) throws -> [Feature] {
        var features: [Feature] = []
        features.reserveCapacity(positions.count)
        try withExtendedLifetime(owner) {
            try unsafe withUnsafeTemporaryAllocation(
                of: UnsafeRawBufferPointer.self, capacity: min(positions.count, Self.recordsMax)
            ) { records in
                var start = 0
                while start < positions.count {
                    if start > 0 { try interruption.check() }
                    let count = unsafe gather(positions, from: start, records)
                    try unsafe Self.append(
                        UnsafeBufferPointer(rebasing: records[..<count]), to: &features)
                    start += count
                }
            }
        }
        return features
    }

    /// The features of neighbours, in their order.
    func features(of near: [Near], _ interruption: Interruption) throws -> [Feature] {
        try owner.store.scratch.withPositions { positions in
            for item in near { positions.append(item.position) }
            return try features(at: positions, interruption)
        }
    }

    /// The most records of a batch, however small.
    private static let recordsMax = 512

    /// Where the records of the next batch are; gives how many, at least one.
    private func gather(
        _ positions: CorePositions, from start: Int,
        _ records: UnsafeMutableBufferPointer<UnsafeRawBufferPointer>
    ) -> Int {
        let most = min(records.count, positions.count - start)
        var count = 0
        var bytes = 0
        prefetch(positions, start, min(start + Self.ahead, positions.count))
        while count < most {
            if count % Self.ahead == 0 {
                let next = start + count + Self.ahead
                prefetch(positions, next, min(next + Self.ahead, positions.count))
            }
            let record = unsafe record(at: positions[start + count])
            bytes += record.count
            if count > 0 && bytes > RecordBatch.bytesMax { break }
            unsafe records.initializeElement(at: count, to: record)
            count += 1
        }
        return count
    }

    /// Copies records into one batch, and adds their features: only then, because the first reference to the batch
    /// that is counted waits for all that was written before it.
    private static func append(
        _ records: UnsafeBufferPointer<UnsafeRawBufferPointer>, to features: inout [Feature]
    ) throws {
        var byteCount = 0
        for index in records.indices { byteCount += unsafe records[index].count }
        let batch = RecordBatch(byteCount: byteCount)
        var offset = 0
        for index in records.indices {
            let record = unsafe records[index]
            unsafe batch.copy(record, to: offset)
            offset += record.count
        }
        offset = 0
        for index in records.indices {
            let length = unsafe records[index].count
            features.append(try feature(of: batch, offset, length))
            offset += length
        }
    }

    /// The feature that reads a record in a batch.
    @inline(__always)
    private static func feature(
        of batch: RecordBatch, _ offset: Int, _ length: Int
    ) throws -> Feature {
        let record = StoredRecord(batch: batch, offset: UInt32(offset))
        let view = unsafe try FeatureRecordView(batch.bytes(UInt32(offset), UInt32(length)))
        try view.checkExtras()
        if view.hasManyProperties { return try view.feature() }
        return Feature(record)
    }
}
