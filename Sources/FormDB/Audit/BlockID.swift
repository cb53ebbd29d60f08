/// The id of a block: 16 bytes that depend on its content, its place and its past.
///
/// ```swift
/// let commit = try db.write { tx in try tx.insert(feature, into: "places") }
/// print(commit.block)      // 32 hexadecimal digits
/// ```
///
/// It is an XXH3-128, which finds accidents, not attackers.
public struct BlockID: Hashable, Sendable {
    private var high: UInt64
    private var low: UInt64

    /// The id of no block: what a commit that changed nothing has.
    public static let none = BlockID(high: 0, low: 0)

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Takes 16 bytes.
    init(bytes: UnsafeRawBufferPointer) {
        unsafe high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        unsafe low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// Reads 32 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32, text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        else { return nil }
        guard
            let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// The 16 bytes.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in
            unsafe withUnsafeBytes(of: word.bigEndian) { unsafe Array($0) }
        }
    }
}

extension BlockID: CustomStringConvertible {
    /// 32 hexadecimal digits.
    public var description: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension BlockID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = try BlockID(container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a block id is 32 hexadecimal digits")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
