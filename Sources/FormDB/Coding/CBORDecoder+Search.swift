// Finding one value without making the others.

extension CBORDecoder {
    /// Skips one value; checks no more of it than that it lies within the bytes.
    mutating func skipValue() throws {
        var left: UInt64 = 1
        while left > 0 {
            left -= 1
            let (major, argument, _) = try readHead()
            switch major {
            case 2, 3:
                guard argument <= UInt64(remaining) else { throw failure("the text is cut short") }
                position += Int(argument)
            case 4:
                guard argument <= UInt64(remaining) else { throw failure("the array is cut short") }
                left += argument
            case 5:
                guard argument <= UInt64(remaining / 2) else {
                    throw failure("the map is cut short")
                }
                left += argument * 2
            default: break
            }
        }
    }

    /// Finds the value of a key in the map that is next, without reading other values; nil if it
    /// isn't there.
    mutating func value(forKey key: String) throws -> JSONValue? {
        try find(key) ? try readValue(depth: 2) : nil
    }

    /// Goes to the value of a key in the map that is next; false if it isn't there. Keys are sorted, so
    /// the search ends early.
    mutating func find(_ key: String) throws -> Bool {
        var left: UInt64
        if remaining > 0, unsafe bytes[position] & 0xf0 == 0xa0 {
            left = unsafe UInt64(bytes[position] & 15)  // fewer than 16 members
            position += 1
        } else {
            left = try readMapHead()
        }
        return try unsafe key.withUTF8Bytes { key in
            while left > 0 {
                switch unsafe Self.search(bytes, from: position, &left, key) {
                case .found(let at):
                    position = at
                    return true
                case .absent: return false
                case .stopped(let at): position = at
                }
                if left == 0 { break }
                // What the fast search can't pass: a long key or value, a container, the end of the bytes.
                left -= 1
                let length = try readKeyHead()
                let order = unsafe Self.compare(bytes, position, length, key)
                if order > 0 { return false }
                position += length
                if order == 0 { return true }
                try skipValue()
            }
            return false
        }
    }

    /// The length of the key that is next, which lies within the bytes.
    private mutating func readKeyHead() throws -> Int {
        let (major, length, _) = try readHead()
        guard major == 3, length <= UInt64(remaining) else {
            throw failure("a map key is not text, or cut short")
        }
        return Int(length)
    }

    private enum Search {
        case found(Int), absent, stopped(Int)
    }

    /// Passes over members with keys of less than 24 bytes and values that are numbers or texts of less
    /// than 256 bytes, as most are; stops before any other.
    @inline(__always)
    private static func search(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ left: inout UInt64,
        _ key: UnsafeBufferPointer<UInt8>
    ) -> Search {
        var at = start
        // Two bytes beyond the key are there: the value's head, and a length after it.
        while left > 0, at < bytes.count {
            let member = at
            let length = unsafe Int(bytes[at]) - 0x60
            guard length >= 0, length < 24, length + 2 < bytes.count - at else {
                return .stopped(member)
            }
            let order = unsafe compare(bytes, at + 1, length, key)
            at += 1 + length
            if order == 0 { return .found(at) }
            if order > 0 { return .absent }
            let initial = unsafe bytes[at]
            let low = Int(initial & 31)
            at += 1
            switch initial >> 5 {
            case 0 where low < 28, 1 where low < 28, 7 where low < 28:
                at += low < 24 ? 0 : 1 << (low - 24)
            case 3 where low < 24: at += low
            case 3 where low == 24: at += 1 + Int(unsafe bytes[at])
            default: return .stopped(member)
            }
            if at > bytes.count { return .stopped(member) }
            left -= 1
        }
        return .stopped(at)
    }

    /// Whether the key of that length at `start` sorts before the wanted one (negative), after it
    /// (positive), or is it. REQUIRES: it lies within the bytes.
    @inline(__always)
    private static func compare(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ length: Int,
        _ key: UnsafeBufferPointer<UInt8>
    ) -> Int {
        if length != key.count { return length - key.count }
        for index in 0..<length {
            let (mine, wanted) = unsafe (bytes[start + index], key[index])
            if mine != wanted { return Int(mine) - Int(wanted) }
        }
        return 0
    }
}
