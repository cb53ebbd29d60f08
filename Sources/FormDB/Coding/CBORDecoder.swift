/// Reads deterministic CBOR of JSON values, and refuses everything else. SOURCE: RFC 8949, 4.2.1.
///
/// Hostile bytes end in a `corrupt` error: every length is compared with what is left before it is
/// believed, nesting is limited to 128, and keys must ascend.
///
/// OWNERSHIP: borrows the bytes; must not outlive them. COST: O(bytes).
@safe
struct CBORDecoder {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    /// Whether texts are UTF-8 and keys ascend was checked before, and is not asked again.
    private let isTrusted: Bool

    init(_ bytes: UnsafeRawBufferPointer, isTrusted: Bool = false) {
        unsafe self.bytes = unsafe bytes
        self.isTrusted = isTrusted
    }

    var isAtEnd: Bool { unsafe position == bytes.count }
    var remaining: Int { unsafe bytes.count - position }

    /// One value and nothing after it.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws -> JSONValue {
        var decoder = unsafe CBORDecoder(bytes)
        let value = try decoder.readValue()
        guard decoder.isAtEnd else { throw decoder.failure("bytes follow the value") }
        return value
    }

    func failure(_ what: String) -> FormDBError {
        FormDBError(.corrupt, "CBOR, byte \(position): \(what)", offset: UInt64(position))
    }

    mutating func readValue(depth: Int = 1) throws -> JSONValue {
        if isTrusted, let value = readCommonValue() { return value }
        let (major, argument, initial) = try readHead()
        switch major {
        case 0: return Int64(exactly: argument).map { .int($0) } ?? .uint(argument)
        case 1:
            guard argument <= UInt64(Int64.max) else { throw failure("an integer below -2^63") }
            return .int(~Int64(argument))
        case 3: return .string(try readText(argument))
        case 4: return .array(try readArray(argument, depth: depth))
        case 5: return .object(try readMap(argument, depth: depth))
        case 7: return try readSimple(initial, argument)
        default: throw failure("a byte string or a tag")
        }
    }

    /// Reads a number, a text of less than 256 bytes, a boolean or null, as most values are; nil, and nothing is
    /// read, for others and where the bytes end. REQUIRES: they were checked before.
    @inline(__always)
    private mutating func readCommonValue() -> JSONValue? {
        if remaining == 0 { return nil }
        let start = position + 1
        let initial = unsafe bytes[position]
        let low = Int(initial & 31)
        let left = unsafe bytes.count - start
        switch initial >> 5 {
        case 0 where low < 24, 1 where low < 24:
            position = start
            return .int(initial >> 5 == 0 ? Int64(low) : ~Int64(low))
        case 0 where low < 27, 1 where low < 27:
            let length = 1 << (low - 24)
            guard length <= left else { return nil }
            let argument = shortArgument(low, at: start)
            position = start + length
            return .int(initial >> 5 == 0 ? argument : ~argument)
        case 3 where low <= 24:
            guard low < 24 || left > 0 else { return nil }
            let length = low < 24 ? low : Int(unsafe bytes[start])
            let textStart = low < 24 ? start : start + 1
            guard unsafe length <= bytes.count - textStart else { return nil }
            position = textStart + length
            let utf8 = unsafe UnsafeRawBufferPointer(rebasing: bytes[textStart..<position])
            return .string(unsafe String(decoding: utf8, as: UTF8.self))
        case 7 where initial == 0xfb && left >= 8:
            let bits = unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
            position = start + 8
            return .double(Double(bitPattern: UInt64(bigEndian: bits)))
        case 7 where initial == 0xfa && left >= 4:
            let bits = unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)
            position = start + 4
            return .double(Double(Float(bitPattern: UInt32(bigEndian: bits))))
        case 7 where initial == 0xf9 && left >= 2:
            let bits = unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self)
            guard let value = HalfFloat.value(of: UInt16(bigEndian: bits)) else { return nil }
            position = start + 2
            return .double(value)
        case 7 where initial >= 0xf4 && initial <= 0xf6:
            position = start
            return initial == 0xf6 ? .null : .bool(initial == 0xf5)
        default: return nil
        }
    }

    /// An argument of one, two or four bytes.
    @inline(__always)
    private func shortArgument(_ low: Int, at start: Int) -> Int64 {
        switch low {
        case 24: unsafe Int64(bytes[start])
        case 25:
            unsafe Int64(
                UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self)))
        default:
            unsafe Int64(
                UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        }
    }

    /// A map with text keys.
    mutating func readObject(depth: Int = 1) throws -> JSONObject {
        try readMap(readMapHead(), depth: depth)
    }

    // MARK: Heads

    /// Reads a head: major type, argument, initial byte. The head must be the shortest.
    mutating func readHead() throws -> (major: UInt8, argument: UInt64, initial: UInt8) {
        guard remaining > 0 else { throw failure("a value is missing") }
        let initial = unsafe bytes[position]
        position += 1
        let low = initial & 31
        if low < 24 { return (initial >> 5, UInt64(low), initial) }
        guard low <= 27 else { throw failure("an indefinite length or a reserved head") }
        let length = 1 << Int(low - 24)
        guard length <= remaining else { throw failure("the head is cut short") }
        let argument: UInt64 =
            switch low {
            case 24: unsafe UInt64(bytes[position])
            case 25: unsafe UInt64(load(UInt16.self).bigEndian)
            case 26: unsafe UInt64(load(UInt32.self).bigEndian)
            default: unsafe load(UInt64.self).bigEndian
            }
        position += length
        if initial >> 5 != 7 {
            let smallest: UInt64 = length == 1 ? 24 : 1 << UInt64(length * 4)
            guard argument >= smallest else { throw failure("the head is not the shortest") }
        }
        return (initial >> 5, argument, initial)
    }

    @unsafe
    private func load<Word: BitwiseCopyable>(_: Word.Type) -> Word {
        unsafe bytes.loadUnaligned(fromByteOffset: position, as: Word.self)
    }

    private func readSimple(_ initial: UInt8, _ argument: UInt64) throws -> JSONValue {
        switch initial {
        case 0xf4: return .bool(false)
        case 0xf5: return .bool(true)
        case 0xf6: return .null
        case 0xf9:
            guard let value = HalfFloat.value(of: UInt16(argument)) else { throw notFinite }
            return .double(value)
        case 0xfa:
            let value = Float(bitPattern: UInt32(argument))
            guard value.isFinite else { throw notFinite }
            guard HalfFloat.bits(of: value) == nil else { throw notShortest }
            return .double(Double(value))
        case 0xfb:
            let value = Double(bitPattern: argument)
            guard value.isFinite else { throw notFinite }
            guard Double(Float(value)) != value else { throw notShortest }
            return .double(value)
        default: throw failure("an undefined, simple or reserved value")
        }
    }

    private var notFinite: FormDBError { failure("NaN and infinities are no values here") }
    private var notShortest: FormDBError { failure("the float is not in its shortest form") }

    // MARK: Contents

    mutating func readText(_ length: UInt64) throws -> String {
        guard length <= UInt64(remaining) else { throw failure("the text is cut short") }
        let range = position..<(position + Int(length))
        let utf8 = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
        if isTrusted {
            position = range.upperBound
            return unsafe String(decoding: utf8, as: UTF8.self)
        }
        guard let text = unsafe TextBytes.validated(utf8) else {
            throw failure("the text is not UTF-8")
        }
        position = range.upperBound
        return text
    }

    mutating func readArray(_ count: UInt64, depth: Int) throws -> [JSONValue] {
        guard depth <= CBOREncoder.depthMax else { throw failure("nested too deep") }
        guard count <= UInt64(remaining) else { throw failure("the array is cut short") }
        var elements: [JSONValue] = []
        elements.reserveCapacity(min(Int(count), 4096))
        for _ in 0..<count { elements.append(try readValue(depth: depth + 1)) }
        return elements
    }

    private mutating func readMap(_ count: UInt64, depth: Int) throws -> JSONObject {
        JSONObject(uniqueMembers: try readMembers(count, depth: depth))
    }

    /// The members of the map that is next.
    mutating func readMembers() throws -> [JSONObject.Member] {
        try readMembers(readMapHead(), depth: 1)
    }

    private mutating func readMembers(
        _ count: UInt64, depth: Int
    ) throws -> [JSONObject.Member] {
        guard depth <= CBOREncoder.depthMax else { throw failure("nested too deep") }
        guard count <= UInt64(remaining / 2) else { throw failure("the map is cut short") }
        var members: [JSONObject.Member] = []
        members.reserveCapacity(min(Int(count), 4096))
        var previous = position..<position
        for _ in 0..<count {
            let start = position
            let key = try readKey()
            try checkAscending(&previous, start..<position)
            members.append(.init(key: key, value: try readValue(depth: depth + 1)))
        }
        return members
    }

    mutating func readKey() throws -> String {
        let (major, argument, _) = try readHead()
        guard major == 3 else { throw failure("a map key is not text") }
        return try readText(argument)
    }

    /// A member of an outermost map.
    mutating func readMember() throws -> JSONObject.Member {
        JSONObject.Member(key: try readKey(), value: try readValue(depth: 2))
    }

    /// How many members the map has that is next.
    mutating func readMapHead() throws -> UInt64 {
        let (major, count, _) = try readHead()
        guard major == 5 else { throw failure("something other than a map") }
        return count
    }

    /// Requires an encoded key to sort after the one before (no encoded item is a prefix of
    /// another).
    private func checkAscending(_ previous: inout Range<Int>, _ key: Range<Int>) throws {
        if !previous.isEmpty && !isTrusted {
            let ascends = unsafe bytes[previous].lexicographicallyPrecedes(bytes[key])
            guard ascends else { throw failure("map keys are repeated or not sorted") }
        }
        previous = key
    }
}
