/// What JSON can hold: the values that properties are compared with in a filter.
///
/// Optionals are not among them, because a comparison with nothing is never true: ask `isNull` or
/// `isMissing` instead.
public protocol JSONConvertible {
    /// The value as JSON.
    var jsonValue: JSONValue { get }
}

extension JSONValue: JSONConvertible {
    public var jsonValue: JSONValue { self }
}

extension JSONObject: JSONConvertible {
    public var jsonValue: JSONValue { .object(self) }
}

extension Bool: JSONConvertible {
    public var jsonValue: JSONValue { .bool(self) }
}

extension String: JSONConvertible {
    public var jsonValue: JSONValue { .string(self) }
}

extension Substring: JSONConvertible {
    public var jsonValue: JSONValue { .string(String(self)) }
}

extension Double: JSONConvertible {
    public var jsonValue: JSONValue { .double(self) }
}

extension Float: JSONConvertible {
    public var jsonValue: JSONValue { .double(Double(self)) }
}

extension JSONConvertible where Self: BinaryInteger {
    public var jsonValue: JSONValue { JSONValue(self) }
}

extension Int: JSONConvertible {}
extension Int8: JSONConvertible {}
extension Int16: JSONConvertible {}
extension Int32: JSONConvertible {}
extension Int64: JSONConvertible {}
extension UInt: JSONConvertible {}
extension UInt8: JSONConvertible {}
extension UInt16: JSONConvertible {}
extension UInt32: JSONConvertible {}
extension UInt64: JSONConvertible {}

extension Array: JSONConvertible where Element: JSONConvertible {
    public var jsonValue: JSONValue { .array(map(\.jsonValue)) }
}
