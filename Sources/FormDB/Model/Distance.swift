/// A distance on the ellipsoid.
///
/// ```swift
/// let near = try db.features(in: "places")
///     .nearest(to: here, limit: 5, maxDistance: .kilometers(2))
/// ```
public struct Distance: Hashable, Comparable, Sendable, Codable {
    /// In metres.
    public var meters: Double

    public init(meters: Double) { self.meters = meters }

    public static func meters(_ value: Double) -> Distance { Distance(meters: value) }
    public static func kilometers(_ value: Double) -> Distance { Distance(meters: value * 1000) }
    /// International miles of 1,609.344 m.
    public static func miles(_ value: Double) -> Distance { Distance(meters: value * 1609.344) }
    /// Nautical miles of 1,852 m.
    public static func nauticalMiles(_ value: Double) -> Distance {
        Distance(meters: value * 1852)
    }

    public static let zero = Distance(meters: 0)

    public var kilometers: Double { meters / 1000 }
    public var miles: Double { meters / 1609.344 }
    public var nauticalMiles: Double { meters / 1852 }

    public static func < (a: Distance, b: Distance) -> Bool { a.meters < b.meters }
    public static func + (a: Distance, b: Distance) -> Distance {
        Distance(meters: a.meters + b.meters)
    }
    public static func - (a: Distance, b: Distance) -> Distance {
        Distance(meters: a.meters - b.meters)
    }

    /// Throws `invalidArgument` for NaN and what is less than nothing.
    public func validate() throws {
        guard meters >= 0 else {
            throw FormDBError(.invalidArgument, "\(meters) m is no distance")
        }
    }
}

extension Distance: CustomStringConvertible {
    public var description: String { "\(meters) m" }
}
