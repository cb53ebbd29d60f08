/// Writes JSON values as deterministic CBOR. SOURCE: RFC 8949, section 4.2.1.
///
/// Shortest heads, definite lengths, floats in the shortest of f16, f32 and f64 that keeps the
/// value bit for bit, map keys sorted by the bytes of their encoding. One value has one encoding.
enum CBOREncoder {
    /// The most containers inside each other.
    static let depthMax = 128

    /// Appends a value. Throws `invalidArgument` for NaN and the infinities, which are no JSON
    /// values, and `tooLarge` for nesting beyond 128; what was appended until then is the caller's
    /// to drop.
    static func append(
        _ value: JSONValue, to output: inout OutputBuffer, depth: Int = 1
    ) throws {
        switch value {
        case .null: output.append(0xf6)
        case .bool(let value): output.append(value ? 0xf5 : 0xf4)
        case .int(let value): append(value, to: &output)
        case .uint(let value): appendHead(0x00, value, to: &output)
        case .double(let value): try append(value, to: &output)
        case .string(let value): append(text: value, to: &output)
        case .array(let elements):
            if depth > depthMax { throw tooDeep }
            appendHead(0x80, UInt64(elements.count), to: &output)
            for element in elements { try append(element, to: &output, depth: depth + 1) }
        case .object(let object): try append(object, to: &output, depth: depth)
        }
    }

    /// Appends an object as a map with sorted keys.
    static func append(
        _ object: JSONObject, to output: inout OutputBuffer, depth: Int = 1
    ) throws {
        if depth > depthMax { throw tooDeep }
        if depth == 1, let encoded = object.encoded { return encoded.append(to: &output) }
        let members = object.members
        appendHead(0xa0, UInt64(members.count), to: &output)
        if members.count <= 24 {
            try appendSmall(members, to: &output, depth: depth)
        } else {
            let order = members.indices.sorted {
                TextBytes.compareEncoded(members[$0].key, members[$1].key) < 0
            }
            for index in order {
                append(text: members[index].key, to: &output)
                try append(members[index].value, to: &output, depth: depth + 1)
            }
        }
    }

    /// Members of a small map: an insertion sort by the first bytes of the keys, on the stack.
    private static func appendSmall(
        _ members: [JSONObject.Member], to output: inout OutputBuffer, depth: Int
    ) throws {
        unsafe try withUnsafeTemporaryAllocation(of: SortKey.self, capacity: members.count) {
            order in
            for index in members.indices {
                let key = SortKey(members[index].key, index: index)
                var place = index
                while place > 0, unsafe key.precedes(order[place - 1], in: members) {
                    unsafe order[place] = unsafe order[place - 1]
                    place -= 1
                }
                unsafe order[place] = key
            }
            for place in members.indices {
                let index = unsafe order[place].index
                append(text: members[index].key, to: &output)
                try append(members[index].value, to: &output, depth: depth + 1)
            }
        }
    }

    /// Enough of a key to order it by, nearly always: its length, then its first six bytes.
    private struct SortKey: BitwiseCopyable {
        let word: UInt64
        let index: Int

        @inline(__always)
        init(_ key: String, index: Int) {
            self.index = index
            word = unsafe key.withUTF8Bytes { bytes in
                var word = UInt64(min(bytes.count, 0xffff))
                for place in 0..<6 {
                    word = unsafe word << 8 | (place < bytes.count ? UInt64(bytes[place]) : 0)
                }
                return word
            }
        }

        @inline(__always)
        func precedes(_ other: SortKey, in members: [JSONObject.Member]) -> Bool {
            if word != other.word { return word < other.word }
            return TextBytes.compareEncoded(members[index].key, members[other.index].key) < 0
        }
    }

    @inline(__always)
    static func append(_ value: Int64, to output: inout OutputBuffer) {
        if value >= 0 {
            appendHead(0x00, UInt64(value), to: &output)
        } else {
            appendHead(0x20, UInt64(bitPattern: ~value), to: &output)
        }
    }

    @inline(__always)
    static func append(text: String, to output: inout OutputBuffer) {
        appendHead(0x60, UInt64(text.utf8.count), to: &output)
        output.append(utf8: text)
    }

    /// Appends a major type (in the upper three bits) and its argument in the shortest head.
    @inline(__always)
    static func appendHead(_ major: UInt8, _ argument: UInt64, to output: inout OutputBuffer) {
        if argument < 24 {
            output.append(major | UInt8(argument))
        } else if argument <= 0xff {
            output.append(major | 24)
            output.append(UInt8(argument))
        } else if argument <= 0xffff {
            output.append(major | 25)
            output.append(littleEndian: UInt16(argument).bigEndian)
        } else if argument <= 0xffff_ffff {
            output.append(major | 26)
            output.append(littleEndian: UInt32(argument).bigEndian)
        } else {
            output.append(major | 27)
            output.append(littleEndian: argument.bigEndian)
        }
    }

    static func append(_ value: Double, to output: inout OutputBuffer) throws {
        guard value.isFinite else {
            throw FormDBError(.invalidArgument, "\(value) is no JSON value")
        }
        let single = Float(value)
        guard Double(single) == value else {
            output.append(0xfb)
            output.append(littleEndian: value.bitPattern.bigEndian)
            return
        }
        if let half = HalfFloat.bits(of: single) {
            output.append(0xf9)
            output.append(littleEndian: half.bigEndian)
        } else {
            output.append(0xfa)
            output.append(littleEndian: single.bitPattern.bigEndian)
        }
    }

    static var tooDeep: FormDBError {
        FormDBError(.tooLarge, "values nested more than \(depthMax) deep")
    }
}

/// IEEE 754 binary16 by its bits (`Float16` does not exist everywhere).
enum HalfFloat {
    /// The bits of the half that equals a finite float, if there is one.
    static func bits(of value: Float) -> UInt16? {
        let bits = value.bitPattern
        let sign = UInt16(bits >> 16) & 0x8000
        let magnitude = bits & 0x7fff_ffff
        if magnitude == 0 { return sign }
        let exponent = Int(magnitude >> 23) - 127
        let significand = (magnitude & 0x7f_ffff) | 0x80_0000
        guard exponent >= -24, exponent <= 15 else { return nil }
        // A normal half has 10 bits of fraction; one below 2^-14 has one less for each step down.
        let dropped = exponent >= -14 ? 13 : -1 - exponent
        guard significand & ((1 << UInt32(dropped)) - 1) == 0 else { return nil }
        let kept = UInt16(truncatingIfNeeded: significand >> UInt32(dropped))
        if exponent < -14 { return sign | kept }
        return sign | UInt16(exponent + 15) << 10 | (kept & 0x3ff)
    }

    /// The value of the bits of a half; nil for NaN and the infinities.
    static func value(of bits: UInt16) -> Double? {
        let exponent = Int(bits >> 10) & 31
        let fraction = Double(bits & 0x3ff)
        if exponent == 31 { return nil }
        let magnitude =
            exponent == 0
            ? fraction * 0x1p-24
            : (1024 + fraction) * Double(bitPattern: UInt64(1023 + exponent - 25) << 52)
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }
}
