/// A JSON value that keeps what it was: integers stay integers, and text stays byte for byte.
///
/// Numbers are `Int64`, `UInt64` or `Double`, and are compared, ordered and hashed by their exact
/// values across the three: `1 == 1.0`, and 2^53 + 1 differs from 2^53. Texts are compared by
/// their UTF-8 bytes.
///
/// ```swift
/// let properties: JSONObject = ["name": "Ferry Building", "floors": 3, "note": .null]
/// ```
///
/// There is no `nil` literal: ``null`` is a value like any other.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    /// An unsigned integer; what fits an `Int64` is read as ``int(_:)``.
    case uint(UInt64)
    /// A number with a fraction or an exponent. NaN and the infinities are no JSON values: writing
    /// them throws.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    public init(_ value: Bool) { self = .bool(value) }
    public init(_ value: String) { self = .string(value) }
    public init(_ value: Double) { self = .double(value) }
    public init(_ value: Float) { self = .double(Double(value)) }
    public init(_ value: [JSONValue]) { self = .array(value) }
    public init(_ value: JSONObject) { self = .object(value) }

    /// An integer.
    ///
    /// - Precondition: it fits an `Int64` or a `UInt64`.
    public init(_ value: some BinaryInteger) {
        if let int = Int64(exactly: value) { self = .int(int) } else { self = .uint(UInt64(value)) }
    }
}

// MARK: - Accessors

extension JSONValue {
    /// Whether it is ``null``.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// Whether it is a number of any kind.
    public var isNumber: Bool {
        switch self {
        case .int, .uint, .double: true
        default: false
        }
    }

    /// The boolean, if it is one.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The text, if it is one.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The integer, if it is a number that equals one of 64 bits (`1.0` gives 1).
    public var intValue: Int64? {
        switch self {
        case .int(let value): value
        case .uint(let value): Int64(exactly: value)
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// The nearest `Double`, if it is a number.
    public var doubleValue: Double? {
        switch self {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The array, if it is one.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The object, if it is one.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of an object; nil if there is none, or if it is no object.
    public subscript(key: String) -> JSONValue? { objectValue?[key] }

    /// The element of an array; nil if there is none, or if it is no array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

// MARK: - Literals

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(lastWins: elements))
    }
}

// MARK: - Text

extension JSONValue: CustomStringConvertible {
    /// JSON text on one line. NaN and the infinities, which JSON lacks, show as `null`.
    public var description: String {
        var output = OutputBuffer()
        JSONWriter.append(self, to: &output, whenNotFinite: .null)
        return output.text
    }

    /// JSON text on one line; throws `invalidArgument` for NaN and the infinities.
    public func jsonText() throws -> String {
        var output = OutputBuffer()
        try JSONWriter.append(self, to: &output)
        return output.text
    }

    /// Reads one JSON value and nothing else.
    ///
    /// Strict reading refuses duplicate keys and integers beyond `UInt64`; lenient reading lets
    /// the last key win and takes the nearest `Double`.
    public init(jsonText text: String, lenient: Bool = false, limits: InputLimits = .init()) throws
    {
        self = unsafe try text.withUTF8Bytes { bytes in
            var cursor = unsafe JSONCursor(
                UnsafeRawBufferPointer(bytes), lenient: lenient, limits: limits)
            return try cursor.readDocument()
        }
    }
}
