/// A place on Earth: longitude and latitude in degrees of WGS84, and perhaps an altitude in metres.
///
/// ```swift
/// let ferry = Position(longitude: -122.3937, latitude: 37.7955)
/// ```
public struct Position: Sendable {
    /// Degrees east; -540…540.
    public var longitude: Double
    /// Degrees north; -90…90.
    public var latitude: Double
    /// The third number, or the canonical NaN for none: 24 bytes, laid out as in a feature record.
    var third: Double

    /// Creates a position; it is checked when a feature is written or a question is asked.
    @inline(__always)
    public init(longitude: Double, latitude: Double, altitude: Double? = nil) {
        self.longitude = longitude
        self.latitude = latitude
        third = Self.third(altitude)
    }

    @inline(__always)
    private static func third(_ altitude: Double?) -> Double {
        guard let altitude, !altitude.isNaN else { return .nan }
        return altitude
    }

    @inline(__always)
    init(longitude: Double, latitude: Double, third: Double) {
        self.longitude = longitude
        self.latitude = latitude
        self.third = third
    }

    /// The third number of a GeoJSON position, by RFC 7946 metres above the ellipsoid.
    ///
    /// NaN is no altitude: setting it leaves the position with none.
    public var altitude: Double? {
        get { third.isNaN ? nil : third }
        set { third = Self.third(newValue) }
    }

    /// Throws `invalidCoordinate` for NaN, infinities, |latitude| > 90 and |longitude| > 540.
    @inline(__always)
    public func validate() throws {
        if isValid { return }
        throw invalidity
    }

    /// Whether ``validate()`` would not throw.
    @inline(__always)
    public var isValid: Bool {
        // Comparisons with NaN are false.
        abs(latitude) <= 90 && abs(longitude) <= 540 && !third.isInfinite
    }

    private var invalidity: FormDBError {
        let message: String
        if !longitude.isFinite || !latitude.isFinite || third.isInfinite {
            message = "a coordinate of \(self) is not a finite number"
        } else if abs(latitude) > 90 {
            message = "latitude \(latitude) is beyond ±90: longitude comes first; swapped?"
        } else {
            message = "longitude \(longitude) is beyond ±540"
        }
        return FormDBError(.invalidCoordinate, message)
    }
}

extension Position: Hashable {
    @inline(__always)
    public static func == (a: Position, b: Position) -> Bool {
        a.longitude == b.longitude && a.latitude == b.latitude
            && (a.third == b.third || (a.third.isNaN && b.third.isNaN))
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(longitude)
        hasher.combine(latitude)
        if !third.isNaN { hasher.combine(third) }
    }
}

extension Position: CustomStringConvertible {
    /// As in GeoJSON: `[longitude, latitude]`.
    public var description: String {
        altitude.map { "[\(longitude), \(latitude), \($0)]" } ?? "[\(longitude), \(latitude)]"
    }
}

extension Position: Codable {
    /// Decodes a GeoJSON position, an array of two or three numbers.
    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        let longitude = try container.decode(Double.self)
        let latitude = try container.decode(Double.self)
        let altitude = container.isAtEnd ? nil : try container.decode(Double.self)
        self.init(longitude: longitude, latitude: latitude, altitude: altitude)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(longitude)
        try container.encode(latitude)
        if let altitude { try container.encode(altitude) }
    }
}
