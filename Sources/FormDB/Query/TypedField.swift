/// A property of a typed record, for filters and orders: its name and the type of its value.
///
/// ```swift
/// struct Quake: Codable {
///     var magnitude: Double
///     var type: String
///
///     static let magnitude = Field<Quake, Double>("magnitude")
///     static let type = Field<Quake, String>("type")
/// }
///
/// .filter(Quake.magnitude >= 5 && Quake.type == "earthquake")
/// ```
///
/// A field of ``Timestamp`` is a text that is read as a time, as ``PropertyPath/asTimestamp`` does.
public struct Field<Root, Value>: Sendable {
    /// Where the property is.
    public let path: PropertyPath
}

extension Field where Value: JSONConvertible {
    /// A property by its name, or by the names on the way to it.
    ///
    /// - Precondition: at most 64 names.
    public init(_ name: String, _ further: String...) {
        path = PropertyPath(names: [name] + further, reading: .value)
    }

    public static func == (a: Field, b: Value) -> Filter { a.path == b }
    public static func != (a: Field, b: Value) -> Filter { a.path != b }
    public static func < (a: Field, b: Value) -> Filter { a.path < b }
    public static func <= (a: Field, b: Value) -> Filter { a.path <= b }
    public static func > (a: Field, b: Value) -> Filter { a.path > b }
    public static func >= (a: Field, b: Value) -> Filter { a.path >= b }

    /// Equal to one of these.
    public func isIn(_ values: [Value]) -> Filter { path.isIn(values) }

    /// At least the one and at most the other.
    public func between(_ lower: Value, and upper: Value) -> Filter {
        path.between(lower, and: upper)
    }
}

extension Field where Value: JSONConvertible & Comparable {
    /// In a closed range.
    public func between(_ range: ClosedRange<Value>) -> Filter { path.between(range) }
}

extension Field where Value: JSONConvertible & StringProtocol {
    /// A text that begins with this one.
    public func beginsWith(_ prefix: some StringProtocol) -> Filter { path.beginsWith(prefix) }

    /// A text that has this one somewhere in it.
    public func contains(_ text: some StringProtocol) -> Filter { path.contains(text) }
}

extension Field {
    /// An array with an element that equals this value.
    public func containsElement<Element: JSONConvertible>(_ value: Element) -> Filter
    where Value == [Element] {
        path.containsElement(value)
    }

    /// Whether the property is there, be it null. Never unknown.
    public var exists: Filter { Filter(.states(path, [.value, .null])) }

    /// Whether the property is there and null. Never unknown.
    public var isNull: Filter { Filter(.states(path, .null)) }

    /// Whether the property is not there. Never unknown.
    public var isMissing: Filter { Filter(.states(path, .missing)) }
}

extension Field where Value == Timestamp {
    /// A property by its name, or by the names on the way to it, whose text is read as a time.
    ///
    /// - Precondition: at most 64 names.
    public init(_ name: String, _ further: String...) {
        path = TimestampProperty(names: [name] + further).path
    }

    private var property: TimestampProperty { TimestampProperty(names: path.names) }

    public static func == (a: Field, b: Timestamp) -> Filter { a.property == b }
    public static func != (a: Field, b: Timestamp) -> Filter { a.property != b }
    public static func < (a: Field, b: Timestamp) -> Filter { a.property < b }
    public static func <= (a: Field, b: Timestamp) -> Filter { a.property <= b }
    public static func > (a: Field, b: Timestamp) -> Filter { a.property > b }
    public static func >= (a: Field, b: Timestamp) -> Filter { a.property >= b }

    /// At least the one and at most the other.
    public func between(_ lower: Timestamp, and upper: Timestamp) -> Filter {
        property.between(lower, and: upper)
    }

    /// From the start of a range up to, but not including, its end.
    public func during(_ range: TimeRange) -> Filter { property.during(range) }
}
