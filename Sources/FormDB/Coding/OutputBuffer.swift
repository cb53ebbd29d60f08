/// Bytes under construction: grows, is reused, and is written to without further checks once room
/// for what comes is reserved.
///
/// OWNERSHIP: owns its memory; not copyable. THREADS: one at a time.
@safe
struct OutputBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 256) {
        self.capacity = max(capacity, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(
            byteCount: self.capacity, alignment: MemoryLayout<UInt64>.alignment)
    }

    deinit { unsafe base.deallocate() }

    /// Forgets the contents, and keeps the memory.
    mutating func removeAll() { count = 0 }

    /// Forgets what follows the first `count` bytes.
    mutating func truncate(to count: Int) {
        precondition(count <= self.count)
        self.count = count
    }

    /// The bytes; valid inside `body` only.
    @inline(__always)
    borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes.
    var bytes: [UInt8] { unsafe withBytes { unsafe [UInt8]($0) } }

    /// The bytes as text.
    var text: String { unsafe withBytes { unsafe String(decoding: $0, as: UTF8.self) } }

    /// Makes room for `extra` more bytes.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let wanted = max(count + extra, capacity * 2)
        let grown = UnsafeMutableRawPointer.allocate(
            byteCount: wanted, alignment: MemoryLayout<UInt64>.alignment)
        unsafe grown.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = grown
        capacity = wanted
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends the value's own bytes, little-endian as all formats are.
    @inline(__always)
    mutating func append<Value: BitwiseCopyable>(littleEndian value: Value) {
        reserve(MemoryLayout<Value>.size)
        unsafe base.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count += MemoryLayout<Value>.size
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        if let start = bytes.baseAddress {
            unsafe (base + count).copyMemory(from: start, byteCount: bytes.count)
        }
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 bytes of a text.
    @inline(__always)
    mutating func append(utf8 text: String) {
        // The closure can't capture a borrowed noncopyable self, so room is made first.
        let length = text.utf8.count
        reserve(length)
        let target = unsafe base + count
        unsafe text.withUTF8Bytes { bytes in
            if let start = bytes.baseAddress {
                unsafe target.copyMemory(from: start, byteCount: length)
            }
        }
        count += length
    }

    /// Appends zeros up to a multiple of 8 bytes from `start`.
    @inline(__always)
    mutating func pad8(from start: Int) {
        let padding = (8 - ((count - start) & 7)) & 7
        if padding > 0 {
            reserve(8)
            unsafe base.storeBytes(of: 0 as UInt64, toByteOffset: count, as: UInt64.self)
            count += padding
        }
    }

    /// Appends zeros.
    mutating func appendZeros(_ length: Int) {
        reserve(length)
        unsafe (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: length)
        count += length
    }

    /// Writes over bytes that are there.
    @inline(__always)
    mutating func overwrite<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count)
        unsafe base.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }

    /// Appends positions as they lie in a record: pairs, or all three numbers.
    @inline(__always)
    mutating func append(_ positions: [Position], hasAltitude: Bool) {
        let length = positions.count * (hasAltitude ? 24 : 16)
        reserve(length)
        let target = unsafe base + count
        unsafe positions.withUnsafeBufferPointer { source in
            if hasAltitude {
                // A Position is laid out as a position with three numbers.
                if let start = source.baseAddress {
                    unsafe target.copyMemory(from: start, byteCount: length)
                }
            } else {
                var offset = 0
                for index in source.indices {
                    let position = unsafe source[index]
                    unsafe target.storeBytes(
                        of: position.longitude, toByteOffset: offset, as: Double.self)
                    unsafe target.storeBytes(
                        of: position.latitude, toByteOffset: offset + 8, as: Double.self)
                    offset += 16
                }
            }
        }
        count += length
    }
}
