/// A box of longitudes and latitudes, edges included; it may cross the antimeridian.
///
/// `west > east` crosses it: `BoundingBox(west: 170, south: -20, east: -170, north: -10)` is 20°
/// wide.
/// `east − west ≥ 360` is the whole world, and (180, −180) is that meridian alone. Longitudes match
/// modulo 360.
public struct BoundingBox: Hashable, Sendable, Codable {
    public var west: Double
    public var south: Double
    public var east: Double
    public var north: Double

    /// Creates a box; it is checked when a question is asked with it.
    @inlinable
    public init(west: Double, south: Double, east: Double, north: Double) {
        self.west = west
        self.south = south
        self.east = east
        self.north = north
    }

    /// The box of one position.
    public init(_ position: Position) {
        self.init(
            west: position.longitude, south: position.latitude,
            east: position.longitude, north: position.latitude)
    }

    /// All of it.
    public static let world = BoundingBox(west: -180, south: -90, east: 180, north: 90)

    /// Whether it runs from `west` eastward across ±180 to `east`.
    @inlinable
    public var crossesAntimeridian: Bool { west > east }

    /// Whether every longitude lies in it.
    public var spansAllLongitudes: Bool {
        // east - west >= 360, in real arithmetic.
        Self.sum(west, 360, isAtMost: east)
    }

    /// Throws `invalidCoordinate` for what is not finite or out of range, and `invalidArgument` for
    /// south > north.
    public func validate() throws {
        try Position(longitude: west, latitude: south).validate()
        try Position(longitude: east, latitude: north).validate()
        if south > north {
            throw FormDBError(
                .invalidArgument, "a box whose south (\(south)) lies north of its north (\(north))")
        }
    }

    /// Whether a position lies in the box, edges included.
    public func contains(_ position: Position) -> Bool {
        south <= position.latitude && position.latitude <= north
            && intersects(BoundingBox(position))
    }

    /// Whether two boxes share a position, edges included.
    public func intersects(_ other: BoundingBox) -> Bool {
        guard south <= other.north, other.south <= north else { return false }
        // [west, east + wrap turns] meets [other.west, other.east + its wrap], moved by some turns.
        let wrap = eastTurns
        let otherWrap = other.eastTurns
        for turns in -Self.turnsMax...Self.turnsMax {
            // west <= other.east + 360 (turns + otherWrap), other.west + 360 turns <= east + 360
            // wrap
            let westMeets = Self.sum(
                west, -360 * Double(turns + otherWrap), isAtMost: other.east)
            let eastMeets = Self.sum(
                other.west, 360 * Double(turns - wrap), isAtMost: east)
            if westMeets && eastMeets { return true }
        }
        return false
    }

    /// Whether all of another box lies in this one, edges included.
    public func contains(_ other: BoundingBox) -> Bool {
        guard south <= other.south, other.north <= north else { return false }
        if spansAllLongitudes { return true }
        let wrap = eastTurns
        let otherWrap = other.eastTurns
        for turns in -Self.turnsMax...Self.turnsMax {
            let westFits = Self.sum(west, -360 * Double(turns), isAtMost: other.west)
            let eastFits = Self.sum(
                other.east, 360 * Double(turns + otherWrap - wrap), isAtMost: east)
            if westFits && eastFits { return true }
        }
        return false
    }

    /// Longitudes within ±540 are at most three turns apart, and each box adds up to three of its
    /// own.
    private static let turnsMax = 9

    /// How many turns of 360° east must be moved on so as not to lie west of `west`.
    private var eastTurns: Int {
        var turns = 0
        while turns < 3, !Self.sum(west, -360 * Double(turns), isAtMost: east) { turns += 1 }
        return turns
    }

    /// Whether a + b <= c in real arithmetic: the rounded sum decides unless it equals c, then its
    /// error does (two-sum, Knuth).
    private static func sum(_ a: Double, _ b: Double, isAtMost c: Double) -> Bool {
        let sum = a + b
        if sum != c { return sum < c }
        let bb = sum - a
        let error = (a - (sum - bb)) + (b - bb)
        return error <= 0
    }
}

extension BoundingBox: CustomStringConvertible {
    /// As a GeoJSON `bbox`: `[west, south, east, north]`.
    public var description: String { "[\(west), \(south), \(east), \(north)]" }
}
