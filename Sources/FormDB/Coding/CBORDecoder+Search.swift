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
        let count = try readMapHead()
        return try unsafe key.withUTF8Bytes { key in
            for _ in 0..<count {
                let length = try readKeyHead()
                let order = unsafe compare(length, key)
                if order > 0 { return false }
                position += length
                if order == 0 { return true }
                try skipMemberValue()
            }
            return false
        }
    }

    /// The length of the key that is next, which lies within the bytes.
    @inline(__always)
    private mutating func readKeyHead() throws -> Int {
        // Most keys have fewer than 24 bytes, and a head of one.
        if remaining > 0, case let initial = unsafe bytes[position], initial & 0xf8 != 0x78,
            initial >> 5 == 3, Int(initial & 31) < remaining
        {
            position += 1
            return Int(initial & 31)
        }
        let (major, length, _) = try readHead()
        guard major == 3, length <= UInt64(remaining) else {
            throw failure("a map key is not text, or cut short")
        }
        return Int(length)
    }

    /// Whether the key of that length here sorts before the wanted one (negative), after it
    /// (positive), or is it. REQUIRES: it lies within the bytes.
    @inline(__always)
    private func compare(_ length: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        if length != key.count { return length - key.count }
        for index in 0..<length {
            let (mine, wanted) = unsafe (bytes[position + index], key[index])
            if mine != wanted { return Int(mine) - Int(wanted) }
        }
        return 0
    }

    /// Skips a value; numbers and short texts, which most are, without reading their heads as such.
    @inline(__always)
    private mutating func skipMemberValue() throws {
        if remaining > 0 {
            let initial = unsafe bytes[position]
            let low = Int(initial & 31)
            var length = 1
            switch initial >> 5 {
            case 0 where low < 28, 1 where low < 28, 7 where low < 28:
                length += low < 24 ? 0 : 1 << (low - 24)
            case 3 where low < 24: length += low
            case 3 where low == 24 && remaining > 1: length += 1 + Int(unsafe bytes[position + 1])
            default: length = .max
            }
            if length <= remaining {
                position += length
                return
            }
        }
        try skipValue()
    }
}
