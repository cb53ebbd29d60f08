/// A feature's id: an integer or a text. `1` and `"1"` are two ids.
///
/// Integers come before texts; texts are equal and ordered by their UTF-8 bytes, without
/// normalisation, so ids that only look alike stay apart.
///
/// ```swift
/// try db.feature(42, in: "places")
/// try db.feature("ferry", in: "places")
/// ```
public enum FeatureID: Sendable {
    case integer(Int64)
    /// 1…65,535 bytes of UTF-8.
    case text(String)

    public init(_ value: Int64) { self = .integer(value) }
    public init(_ value: Int) { self = .integer(Int64(value)) }
    public init(_ value: String) { self = .text(value) }

    /// The integer, if it is one.
    public var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The text, if it is one.
    public var textValue: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// The most bytes that a text may have.
    public static let textBytesMax = 65_535

    /// Throws `invalidArgument` for an empty text and `tooLarge` for one over the limit.
    public func validate() throws {
        guard case .text(let text) = self else { return }
        let count = text.utf8.count
        if count == 0 { throw FormDBError(.invalidArgument, "an id can't be an empty text") }
        if count > Self.textBytesMax {
            throw FormDBError(
                .tooLarge, "an id of \(count) bytes; the limit is \(Self.textBytesMax)")
        }
    }
}

extension FeatureID: Hashable, Comparable {
    public static func == (a: FeatureID, b: FeatureID) -> Bool {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): x == y
        case (.text(let x), .text(let y)): TextBytes.areEqual(x, y)
        default: false
        }
    }

    public static func < (a: FeatureID, b: FeatureID) -> Bool {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): x < y
        case (.text(let x), .text(let y)): TextBytes.compare(x, y) < 0
        case (.integer, .text): true
        case (.text, .integer): false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .integer(let value):
            hasher.combine(0 as UInt8)
            hasher.combine(value)
        case .text(let value):
            hasher.combine(1 as UInt8)
            TextBytes.hash(value, into: &hasher)
        }
    }
}

extension FeatureID: ExpressibleByIntegerLiteral, ExpressibleByStringInterpolation {
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .text(value) }
}

extension FeatureID: CustomStringConvertible, CustomDebugStringConvertible {
    /// The integer or the text itself.
    public var description: String {
        switch self {
        case .integer(let value): String(value)
        case .text(let value): value
        }
    }

    /// As a literal: `1` or `"1"`.
    public var debugDescription: String {
        switch self {
        case .integer(let value): String(value)
        case .text(let value): value.debugDescription
        }
    }
}

extension FeatureID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        }
    }
}

extension FeatureID {
    /// The id that a JSON value stands for: a text, an integer, or a number that equals one
    /// (`1.0`).
    init?(json value: JSONValue) {
        switch value {
        case .int(let value): self = .integer(value)
        case .uint(let value):
            guard let integer = Int64(exactly: value) else { return nil }
            self = .integer(integer)
        case .double(let value):
            guard let integer = Int64(exactly: value) else { return nil }
            self = .integer(integer)
        case .string(let value): self = .text(value)
        default: return nil
        }
    }

    /// The JSON value of the id.
    public var jsonValue: JSONValue {
        switch self {
        case .integer(let value): .int(value)
        case .text(let value): .string(value)
        }
    }
}
