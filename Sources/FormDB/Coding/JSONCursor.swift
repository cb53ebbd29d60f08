/// Reads JSON from bytes that lie in memory: values, or piece by piece without making values.
///
/// Hostile bytes end in a `malformed` or `tooLarge` error with line and offset: nesting and the
/// number of values are limited, and every access is within the bytes.
///
/// OWNERSHIP: borrows the bytes; must not outlive them. COST: O(bytes).
@safe
struct JSONCursor {
    private let base: UnsafePointer<UInt8>?
    let count: Int
    var position = 0
    let isLenient: Bool
    let limits: InputLimits
    /// Where the bytes lie in the whole text, for errors.
    let firstOffset: UInt64
    let firstLine: Int
    /// Values read so far.
    private var elements = 0
    /// Keys that came again, in lenient reading.
    var duplicateKeys = 0

    init(
        _ bytes: UnsafeRawBufferPointer, lenient: Bool, limits: InputLimits,
        firstOffset: UInt64 = 0, firstLine: Int = 1
    ) {
        unsafe base = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        count = bytes.count
        isLenient = lenient
        self.limits = limits
        self.firstOffset = firstOffset
        self.firstLine = firstLine
    }

    // MARK: Bytes

    /// The byte at the position, or 0 (which JSON has nowhere) at the end.
    @inline(__always)
    var current: UInt8 { byte(at: position) }

    @inline(__always)
    func byte(at index: Int) -> UInt8 {
        guard index < count, let base = unsafe base else { return 0 }
        return unsafe base[index]
    }

    @inline(__always)
    func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard let base = unsafe base else {
            return unsafe UnsafeBufferPointer(start: nil, count: 0)
        }
        return unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// An error at the position, or where the caller says.
    func failure(
        _ message: String, at index: Int? = nil, code: FormDBError.Code = .malformed
    ) -> FormDBError {
        let index = min(index ?? position, count)
        var line = firstLine
        for place in 0..<index where byte(at: place) == 0x0a { line += 1 }
        return FormDBError(code, message, offset: firstOffset + UInt64(index), line: line)
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while true {
            switch current {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    /// Skips white space and one expected byte.
    @inline(__always)
    mutating func expect(_ scalar: Unicode.Scalar) throws {
        skipWhitespace()
        guard current == UInt8(ascii: scalar) else { throw unexpected("\"\(scalar)\"") }
        position += 1
    }

    /// Skips white space, and one byte if it is next.
    @inline(__always)
    mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard current == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    func unexpected(_ wanted: String) -> FormDBError {
        if position >= count { return failure("the text ends where \(wanted) should be") }
        let byte = current
        let found =
            byte > 0x20 && byte < 0x7f
            ? "\"\(Unicode.Scalar(byte))\"" : "byte 0x\(String(byte, radix: 16))"
        return failure("\(found) where \(wanted) should be")
    }

    /// Counts `more` values against the limit.
    @inline(__always)
    mutating func countElements(_ more: Int = 1) throws {
        elements += more
        if elements > limits.elements {
            throw failure("more than \(limits.elements) values in one piece", code: .tooLarge)
        }
    }

    // MARK: Values

    /// One value and nothing but white space after it.
    mutating func readDocument() throws -> JSONValue {
        let value = try readValue(depth: 1)
        try readEnd()
        return value
    }

    mutating func readEnd() throws {
        skipWhitespace()
        if position < count { throw unexpected("the end") }
    }

    mutating func readValue(depth: Int) throws -> JSONValue {
        skipWhitespace()
        try countElements()
        switch current {
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "{"): return .object(try readObject(depth: depth))
        case UInt8(ascii: "["): return .array(try readArray(depth: depth))
        case UInt8(ascii: "t"):
            try expectWord("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expectWord("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expectWord("null")
            return .null
        default: return try readNumber()
        }
    }

    mutating func readObject(depth: Int) throws -> JSONObject {
        try checkDepth(depth)
        try expect("{")
        var object = JSONObject()
        if accept("}") { return object }
        repeat {
            skipWhitespace()
            let keyStart = position
            let key = try readString()
            try expect(":")
            let value = try readValue(depth: depth + 1)
            if !object.appendIfNew(key, value) {
                try noteDuplicate(key, at: keyStart)
                object[key] = value
            }
        } while accept(",")
        try expect("}")
        return object
    }

    mutating func noteDuplicate(_ key: String, at index: Int) throws {
        guard isLenient else {
            throw failure("the key \"\(key.prefix(64))\" comes twice", at: index)
        }
        duplicateKeys += 1
    }

    private mutating func readArray(depth: Int) throws -> [JSONValue] {
        try checkDepth(depth)
        try expect("[")
        var elements: [JSONValue] = []
        if accept("]") { return elements }
        repeat {
            elements.append(try readValue(depth: depth + 1))
        } while accept(",")
        try expect("]")
        return elements
    }

    func checkDepth(_ depth: Int) throws {
        if depth > limits.depth {
            throw failure("values nested more than \(limits.depth) deep", code: .tooLarge)
        }
    }

    mutating func expectWord(_ word: StaticString) throws {
        let length = word.utf8CodeUnitCount
        for index in 0..<length where unsafe byte(at: position + index) != word.utf8Start[index] {
            throw unexpected("a value")
        }
        position += length
    }

    /// Reads `null` if that is next.
    mutating func acceptNull() throws -> Bool {
        skipWhitespace()
        guard current == UInt8(ascii: "n") else { return false }
        try expectWord("null")
        return true
    }

    /// Skips one value without checking more of it than where it ends.
    mutating func skipValue() throws {
        skipWhitespace()
        var depth = 0
        repeat {
            switch current {
            case UInt8(ascii: "\""): _ = try scanString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { throw unexpected("a value") }
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0a, 0x0d, 0x09:
                if depth == 0 { throw unexpected("a value") }
                position += 1
            case 0: throw unexpected("a value")
            default: skipScalar()
            }
        } while depth > 0
    }

    private mutating func skipScalar() {
        while true {
            switch current {
            case 0, 0x20, 0x0a, 0x0d, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"),
                UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""):
                if current == 0 && position < count { position += 1 }
                return
            default: position += 1
            }
        }
    }
}
