extension JSONCursor {
    /// A text between quotes, not yet decoded.
    struct TextToken {
        /// Between the quotes.
        var range: Range<Int>
        var hasEscapes: Bool
    }

    /// Reads over a text, checking only where it ends.
    mutating func scanString() throws -> TextToken {
        skipWhitespace()
        guard current == UInt8(ascii: "\"") else { throw unexpected("a text in quotes") }
        position += 1
        let start = position
        var hasEscapes = false
        while true {
            let byte = current
            if byte == UInt8(ascii: "\"") {
                let token = TextToken(range: start..<position, hasEscapes: hasEscapes)
                position += 1
                return token
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 2
            } else if byte < 0x20 {
                if position >= count { throw failure("the text ends inside quotes") }
                guard isLenient else {
                    throw failure("a control character in a text; it must be escaped")
                }
                position += 1
            } else {
                position += 1
            }
        }
    }

    /// Reads and decodes a text.
    @inline(__always)
    mutating func readString() throws -> String {
        try decode(scanString())
    }

    /// Decodes a text that was read over.
    func decode(_ token: TextToken) throws -> String {
        if token.hasEscapes { return try decodeEscapes(token) }
        let bytes = unsafe bytes(token.range)
        if let text = unsafe TextBytes.validated(UnsafeRawBufferPointer(bytes)) { return text }
        guard isLenient else {
            throw failure("a text that is not UTF-8", at: token.range.lowerBound)
        }
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a text is exactly `word` (written without escapes, or decoded).
    func matches(_ token: TextToken, _ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        if token.hasEscapes {
            guard let text = try? decodeEscapes(token), text.utf8.count == length else {
                return false
            }
            return TextBytes.areEqual(text, word.description)
        }
        guard token.range.count == length else { return false }
        for index in 0..<length
        where unsafe byte(at: token.range.lowerBound + index) != word.utf8Start[index] {
            return false
        }
        return true
    }

    private func decodeEscapes(_ token: TextToken) throws -> String {
        var output: [UInt8] = []
        output.reserveCapacity(token.range.count)
        var index = token.range.lowerBound
        let end = token.range.upperBound
        while index < end {
            let next = byte(at: index)
            guard next == UInt8(ascii: "\\") else {
                output.append(next)
                index += 1
                continue
            }
            switch byte(at: index + 1) {
            case UInt8(ascii: "\""): output.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): output.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): output.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0c)
            case UInt8(ascii: "n"): output.append(0x0a)
            case UInt8(ascii: "r"): output.append(0x0d)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = try decodeUnicodeEscape(at: index, end: end)
                output.append(contentsOf: String(Character(scalar)).utf8)
                index += length
                continue
            default: throw failure("an unknown escape in a text", at: index)
            }
            index += 2
        }
        if let text = String(validating: output, as: UTF8.self) { return text }
        guard isLenient else {
            throw failure("a text that is not UTF-8", at: token.range.lowerBound)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// `\uXXXX`, or two of them for a scalar beyond 16 bits.
    private func decodeUnicodeEscape(
        at index: Int, end: Int
    ) throws -> (scalar: Unicode.Scalar, length: Int) {
        guard let unit = hexadecimal(at: index + 2, end: end) else {
            throw failure("\\u needs four hexadecimal digits", at: index)
        }
        if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
        if unit < 0xdc00, byte(at: index + 6) == UInt8(ascii: "\\"),
            byte(at: index + 7) == UInt8(ascii: "u"),
            let low = hexadecimal(at: index + 8, end: end), (0xdc00...0xdfff).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
        {
            return (scalar, 12)
        }
        guard isLenient else { throw failure("half of a surrogate pair", at: index) }
        return ("\u{fffd}", 6)
    }

    private func hexadecimal(at index: Int, end: Int) -> UInt32? {
        guard end - index >= 4 else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = Character(Unicode.Scalar(byte(at: index + offset))).hexDigitValue,
                byte(at: index + offset) < 0x80
            else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
