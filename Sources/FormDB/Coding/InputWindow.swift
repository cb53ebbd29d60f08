/// The part of an input that lies in memory: from what was not yet consumed to what was read last.
///
/// Indices are relative to the first byte that was not consumed. The window grows only as far as
/// one record needs, and never beyond its limit.
@safe
final class InputWindow {
    private let source: ByteSource
    private let limits: InputLimits
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var sourceEnded = false
    /// Bytes consumed so far: the offset of index 0.
    private(set) var offset: UInt64 = 0
    /// The line of index 0, from 1.
    private(set) var line = 1

    private static let chunkBytes = 256 << 10

    init(_ source: ByteSource, limits: InputLimits) {
        self.source = source
        self.limits = limits
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * Self.chunkBytes, alignment: 16)
    }

    deinit { unsafe buffer.deallocate() }

    /// The length of the input, where it is known.
    var byteCount: UInt64? { source.byteCount }

    /// How many bytes lie in the window.
    var count: Int { end - start }

    /// The bytes in the window; valid until it is filled or consumed.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end])
    }

    /// The byte at an index, read in if need be; nil after the end.
    @inline(__always)
    func byte(at index: Int) throws -> UInt8? {
        while index >= end - start {
            if try !fill() { return nil }
        }
        return unsafe buffer[start + index]
    }

    /// Reads more; says whether there was any.
    func fill() throws -> Bool {
        if sourceEnded { return false }
        if end - start > limits.recordBytes {
            throw failure(
                "one piece of more than \(limits.recordBytes) bytes", at: 0, code: .tooLarge)
        }
        if unsafe buffer.count - end < Self.chunkBytes { makeRoom() }
        let length = try unsafe source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        if length == 0 { sourceEnded = true }
        end += length
        return length > 0
    }

    private func makeRoom() {
        let live = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end])
        if unsafe live.count <= buffer.count / 2 {
            unsafe buffer.copyMemory(from: live)
        } else {
            let grown = unsafe UnsafeMutableRawBufferPointer.allocate(
                byteCount: buffer.count * 2, alignment: 16)
            unsafe grown.copyMemory(from: live)
            unsafe buffer.deallocate()
            unsafe buffer = unsafe grown
        }
        end -= start
        start = 0
    }

    /// Moves index 0 on.
    func consume(_ length: Int) {
        precondition(length >= 0 && length <= count)
        line += newlines(length)
        offset += UInt64(length)
        start += length
    }

    private func newlines(_ length: Int) -> Int {
        guard length > 0, let base = unsafe buffer.baseAddress else { return 0 }
        var found = 0
        for index in start..<(start + length) {
            // Added up without a branch, so that it is vectorised.
            let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
            found &+= byte == 0x0a ? 1 : 0
        }
        return found
    }

    /// Whether the window starts with a text, reading in what that takes.
    func starts(with text: StaticString) throws -> Bool {
        let length = text.utf8CodeUnitCount
        while count < length {
            if try !fill() { return false }
        }
        for index in 0..<length where unsafe buffer[start + index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    func failure(
        _ message: String, at index: Int, code: FormDBError.Code = .malformed
    ) -> FormDBError {
        let index = min(index, count)
        return FormDBError(
            code, message, offset: offset + UInt64(index), line: line + newlines(index))
    }

    /// A cursor over the first `length` bytes; valid as long as `bytes` is.
    func cursor(_ range: Range<Int>, lenient: Bool) -> JSONCursor {
        unsafe JSONCursor(
            UnsafeRawBufferPointer(rebasing: bytes[range]), lenient: lenient, limits: limits,
            firstOffset: offset + UInt64(range.lowerBound),
            firstLine: line + newlines(range.lowerBound))
    }

    // MARK: JSON

    /// The index of the first byte from `index` on that is not white space; may be the end.
    @inline(__always)
    func skipWhitespace(from index: Int) throws -> Int {
        var index = index
        while let byte = try byte(at: index),
            byte == 0x20 || byte == 0x0a || byte == 0x0d
                || byte == 0x09
        { index += 1 }
        return index
    }

    /// The index after the JSON value at `index`, of which only quotes and brackets are looked at.
    func endOfValue(from index: Int) throws -> Int {
        var index = index
        var depth = 0
        var inText = false
        while true {
            if index >= count, try !fill() {
                // A number may end with the input, anything else may not.
                if depth == 0 && !inText { return index }
                throw failure("the text ends in the middle of a value", at: index)
            }
            let bytes = unsafe bytes
            while index < bytes.count {
                let byte = unsafe bytes[index]
                if inText {
                    if byte == UInt8(ascii: "\\") {
                        // The escaped byte may lie beyond the window; it is skipped when it comes.
                        index += 2
                        continue
                    }
                    inText = byte != UInt8(ascii: "\"")
                    index += 1
                    if !inText && depth == 0 { return index }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): inText = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return index }
                    depth -= 1
                    if depth == 0 { return index + 1 }
                case UInt8(ascii: ","), 0x20, 0x0a, 0x0d, 0x09, 0x1e:
                    if depth == 0 { return index }
                default: break
                }
                index += 1
            }
        }
    }
}
