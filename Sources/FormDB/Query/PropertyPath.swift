/// Where a property is: its name, and for one inside objects the names on the way to it.
///
/// ```swift
/// PropertyPath("magnitude")
/// PropertyPath("address", "city")          // properties.address.city
/// ```
///
/// In a filter it is written ``property(_:_:)``. Names are told apart by their UTF-8 bytes. A name
/// addresses a member of an object, never an element of an array.
public struct PropertyPath: Hashable, Sendable {
    /// How the value is read.
    enum Reading: UInt8, Sendable {
        case value = 0
        /// A text as a time; what is none counts as missing.
        case timestamp = 1
    }

    /// From the outermost object inwards.
    public let names: [String]
    let reading: Reading
    /// `[reading, name, …]` in deterministic CBOR: the same for equal paths alone.
    let encoded: [UInt8]

    /// The most names.
    static let namesMax = 64

    /// A path of one name or more.
    ///
    /// - Precondition: at most 64.
    public init(_ name: String, _ further: String...) {
        self.init(names: [name] + further, reading: .value)
    }

    init(names: [String], reading: Reading) {
        precondition(
            !names.isEmpty && names.count <= Self.namesMax,
            "a path has one name or more, and at most \(Self.namesMax)")
        self.names = names
        self.reading = reading
        var output = OutputBuffer(capacity: 64)
        CBOREncoder.appendHead(0x80, UInt64(names.count + 1), to: &output)
        output.append(reading.rawValue)
        for name in names { CBOREncoder.append(text: name, to: &output) }
        encoded = output.bytes
    }

    public static func == (a: PropertyPath, b: PropertyPath) -> Bool { a.encoded == b.encoded }

    public func hash(into hasher: inout Hasher) { hasher.combine(encoded) }

    /// The property read as a time: the text of a time such as `2024-05-01T12:00:00+02:00`.
    ///
    /// A text that is no time, and any other value, counts as missing.
    public var asTimestamp: TimestampProperty { TimestampProperty(names: names) }

    /// A property in a filter or an order.
    public static func property(_ name: String, _ further: String...) -> PropertyPath {
        PropertyPath(names: [name] + further, reading: .value)
    }
}

/// A property read as a time; see ``PropertyPath/asTimestamp``.
public struct TimestampProperty: Hashable, Sendable {
    /// The path, with the reading.
    public let path: PropertyPath

    init(names: [String]) { path = PropertyPath(names: names, reading: .timestamp) }

    /// A property in a filter or an order, to be followed by `.asTimestamp`.
    public static func property(_ name: String, _ further: String...) -> PropertyPath {
        PropertyPath(names: [name] + further, reading: .value)
    }
}

extension PropertyPath: CustomStringConvertible {
    /// The names with dots between them, those with other signs than letters, digits and `_` quoted.
    public var description: String {
        let joined = names.map(Self.described).joined(separator: ".")
        return reading == .timestamp ? "\(joined) as time" : joined
    }

    private static func described(_ name: String) -> String {
        let isPlain =
            name.first.map { !$0.isNumber } == true
            && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        return isPlain ? name : JSONValue.string(name).description
    }
}
