/// Copies of records that were fetched together, one after another in one block of memory.
///
/// Features that were fetched hold their batch and decode from it what is asked of them. A kept
/// feature keeps its whole batch, so a batch ends at 64 KiB (one larger record has a batch of its
/// own).
///
/// THREADS: filled by the one that makes it; never changed after that.
/// OWNERSHIP: the bytes lie in the object itself: one allocation a batch.
struct RecordBatch: @unchecked Sendable {
    /// The most bytes of a batch that holds more than one record.
    static let bytesMax = 64 << 10

    private let buffer: ManagedBuffer<Int, UInt8>

    /// A batch of so many bytes, which the caller fills before anyone else sees it.
    init(byteCount: Int) {
        buffer = .create(minimumCapacity: byteCount) { _ in byteCount }
    }

    /// Where the records start: a multiple of 8. Good while the batch is.
    @inline(__always)
    var base: UnsafeMutableRawPointer {
        unsafe buffer.withUnsafeMutablePointerToElements { UnsafeMutableRawPointer($0) }
    }

    /// Puts a record where it fits.
    @inline(__always)
    func copy(_ record: UnsafeRawBufferPointer, to offset: Int) {
        unsafe (base + offset).copyMemory(from: record.baseAddress!, byteCount: record.count)
    }

    static func === (a: RecordBatch, b: RecordBatch) -> Bool { a.buffer === b.buffer }

    /// A part of the bytes, good while the batch is.
    @inline(__always)
    func bytes(_ start: UInt32, _ length: UInt32) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + Int(start), count: Int(length))
    }
}

/// Ends the process: a record that was checked when it entered the database has become unreadable
/// since, so that memory was overwritten. Going on would spread it.
@inline(never)
func recordIsDamaged(_ error: any Error) -> Never {
    fatalError("FormDB: a record in memory, checked before, is damaged: \(error)")
}
