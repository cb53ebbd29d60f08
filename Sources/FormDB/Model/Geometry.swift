/// A geometry of RFC 7946: one of its seven types, over WGS84 longitude and latitude.
///
/// Edges are straight in longitude and latitude. Rings of a polygon (the shell, then holes) repeat
/// their first position at the end, and may run either way round.
///
/// ```swift
/// let here = Geometry.point(longitude: -122.42, latitude: 37.77)
/// ```
public enum Geometry: Hashable, Sendable {
    case point(Position)
    case multiPoint([Position])
    case lineString([Position])
    case multiLineString([[Position]])
    /// Rings: the shell, then holes.
    case polygon([[Position]])
    /// Polygons, each its rings.
    case multiPolygon([[[Position]]])
    case geometryCollection([Geometry])

    /// A point.
    public static func point(
        longitude: Double, latitude: Double, altitude: Double? = nil
    ) -> Geometry {
        .point(Position(longitude: longitude, latitude: latitude, altitude: altitude))
    }

    /// A box as a polygon, its shell counterclockwise.
    ///
    /// One that crosses the antimeridian reaches beyond 180°, as it isn't split.
    public static func rectangle(_ box: BoundingBox) -> Geometry {
        let east = box.crossesAntimeridian ? box.east + 360 : box.east
        return rectangle(
            southWest: Position(longitude: box.west, latitude: box.south),
            northEast: Position(longitude: east, latitude: box.north))
    }

    /// The same from its corners, without altitudes.
    static func rectangle(southWest: Position, northEast: Position) -> Geometry {
        .polygon([
            [
                southWest,
                Position(longitude: northEast.longitude, latitude: southWest.latitude),
                northEast,
                Position(longitude: southWest.longitude, latitude: northEast.latitude),
                southWest,
            ]
        ])
    }

    /// The edges of a polygon that is, bit by bit, what ``rectangle(_:)`` makes of a box; nil for anything else.
    var rectangleCorners: Corners? {
        guard case .polygon(let rings) = self, rings.count == 1, rings[0].count == 5 else {
            return nil
        }
        return unsafe rings[0].withUnsafeBufferPointer { ring in
            let (west, south) = unsafe (ring[0].longitude, ring[0].latitude)
            let (east, north) = unsafe (ring[2].longitude, ring[2].latitude)
            func isCorner(_ index: Int, _ longitude: Double, _ latitude: Double) -> Bool {
                let position = unsafe ring[index]
                return position.longitude.bitPattern == longitude.bitPattern
                    && position.latitude.bitPattern == latitude.bitPattern
                    && position.third.isNaN
            }
            let isBox =
                west <= east && south <= north && isCorner(0, west, south)
                && isCorner(1, east, south) && isCorner(2, east, north)
                && isCorner(3, west, north) && isCorner(4, west, south)
            return isBox ? Corners(west: west, south: south, east: east, north: north) : nil
        }
    }

    /// The edges of a box as a polygon has them: `east` is not below `west`.
    struct Corners {
        var west, south, east, north: Double

        /// Whether ``Geometry/validate()`` finds nothing wrong with the polygon.
        @inline(__always)
        var areValid: Bool {
            // The lesser ones come first.
            west >= -540 && east <= 540 && south >= -90 && north <= 90
        }
    }

    /// The deepest nesting of geometry collections.
    static let depthMax = 32

    /// The name of the type in GeoJSON.
    public var typeName: String {
        switch self {
        case .point: "Point"
        case .multiPoint: "MultiPoint"
        case .lineString: "LineString"
        case .multiLineString: "MultiLineString"
        case .polygon: "Polygon"
        case .multiPolygon: "MultiPolygon"
        case .geometryCollection: "GeometryCollection"
        }
    }

    /// Whether it has no position at all.
    public var isEmpty: Bool { positionCount == 0 }

    /// How many positions it has.
    public var positionCount: Int {
        var count = 0
        forEachRun { count += $0.count }
        return count
    }

    /// All positions in order. COST: O(positions).
    public var positions: [Position] {
        var all: [Position] = []
        forEachRun { all.append(contentsOf: $0) }
        return all
    }

    /// Whether any position has an altitude.
    var hasAltitude: Bool {
        if case .point(let position) = self { return !position.third.isNaN }
        var found = false
        forEachRun { run in
            if !found { found = run.contains { !$0.third.isNaN } }
        }
        return found
    }

    /// Calls `body` with each run of positions: a line, a ring, the points of a multipoint.
    func forEachRun(_ body: ([Position]) throws -> Void) rethrows {
        switch self {
        case .point(let position): try body([position])
        case .multiPoint(let positions), .lineString(let positions): try body(positions)
        case .multiLineString(let runs), .polygon(let runs): for run in runs { try body(run) }
        case .multiPolygon(let polygons):
            for rings in polygons { for ring in rings { try body(ring) } }
        case .geometryCollection(let members):
            for member in members { try member.forEachRun(body) }
        }
    }
}

extension Geometry {
    /// Throws `invalidCoordinate` for NaN, infinities and coordinates out of range, and `tooLarge`
    /// for collections nested more than 32 deep.
    public func validate() throws {
        try validate(depth: 1)
    }

    private func validate(depth: Int) throws {
        switch self {
        case .point(let position): try position.validate()
        case .geometryCollection(let members):
            if depth > Self.depthMax { throw Self.tooDeep }
            for member in members { try member.validate(depth: depth + 1) }
        default:
            try forEachRun { run in for position in run { try position.validate() } }
        }
    }

    static var tooDeep: FormDBError {
        FormDBError(.tooLarge, "geometry collections nested more than \(depthMax) deep")
    }

    /// Throws `malformed` where RFC 7946's structure is broken: a line of one position, a ring of
    /// fewer than four or one that isn't closed.
    public func validateStructure() throws {
        switch self {
        case .point, .multiPoint: break
        case .lineString(let line): try Self.validateLine(line)
        case .multiLineString(let lines): for line in lines { try Self.validateLine(line) }
        case .polygon(let rings): for ring in rings { try Self.validateRing(ring) }
        case .multiPolygon(let polygons):
            for rings in polygons { for ring in rings { try Self.validateRing(ring) } }
        case .geometryCollection(let members):
            for member in members { try member.validateStructure() }
        }
    }

    private static func validateLine(_ line: [Position]) throws {
        if line.count == 1 {
            throw FormDBError(.malformed, "a line of one position; it needs two or more")
        }
    }

    private static func validateRing(_ ring: [Position]) throws {
        guard ring.count >= 4 else {
            throw FormDBError(
                .malformed, "a ring of \(ring.count) positions; it needs four or more")
        }
        guard ring[0] == ring[ring.count - 1] else {
            throw FormDBError(
                .malformed,
                "a ring that isn't closed: it starts at \(ring[0]) and ends at "
                    + "\(ring[ring.count - 1])")
        }
    }
}

extension Geometry: CustomStringConvertible {
    /// GeoJSON text on one line.
    public var description: String { GeoJSONWriter.text(of: self) }
}
