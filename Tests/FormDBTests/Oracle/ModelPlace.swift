// Boxes on the circle of longitudes as SEMANTICS.md states them, by exact arithmetic.
import FormDB

/// A longitude moved by whole turns: the real number `value + 360 turns`.
struct TurnedLongitude {
    var value: Double
    var turns: Int

    static func <= (a: TurnedLongitude, b: TurnedLongitude) -> Bool {
        ExactLongitude.isAtMost(a.value, a.turns, b.value, b.turns)
    }

    static func < (a: TurnedLongitude, b: TurnedLongitude) -> Bool { !(b <= a) }

    func moved(by turns: Int) -> TurnedLongitude {
        TurnedLongitude(value: value, turns: self.turns + turns)
    }
}

/// A closed arc of longitudes, west to east; nil ends are the whole circle.
struct ModelArc {
    var ends: (west: TurnedLongitude, east: TurnedLongitude)?

    static let circle = ModelArc(ends: nil)

    /// The arc of a question: `west > east` runs on over ±180.
    init(west: Double, east: Double) {
        let start = TurnedLongitude(value: west, turns: 0)
        var end = TurnedLongitude(value: east, turns: 0)
        if start.moved(by: 1) <= end {
            ends = nil
            return
        }
        while end < start { end.turns += 1 }
        ends = (start, end)
    }

    init(ends: (west: TurnedLongitude, east: TurnedLongitude)?) { self.ends = ends }

    func intersects(_ other: ModelArc) -> Bool {
        guard let a = ends, let b = other.ends else { return true }
        return (-7...7).contains {
            a.west <= b.east.moved(by: $0) && b.west.moved(by: $0) <= a.east
        }
    }

    func contains(_ other: ModelArc) -> Bool {
        guard let a = ends else { return true }
        guard let b = other.ends else { return false }
        return (-7...7).contains {
            a.west <= b.west.moved(by: $0) && b.east.moved(by: $0) <= a.east
        }
    }
}

struct ModelBox {
    var arc: ModelArc
    var south, north: Double

    init(_ box: BoundingBox) {
        arc = ModelArc(west: box.west, east: box.east)
        south = box.south
        north = box.north
    }

    /// The bounding box of a geometry; nil when it has no position.
    init?(of geometry: Geometry) {
        var parts: [[Position]] = []
        Self.gatherParts(of: geometry, into: &parts)
        let positions = parts.joined()
        guard let south = positions.map(\.latitude).min(),
            let north = positions.map(\.latitude).max()
        else { return nil }
        self.south = south
        self.north = north
        arc = Self.hull(of: parts)
    }

    func intersects(_ other: ModelBox) -> Bool {
        south <= other.north && other.south <= north && arc.intersects(other.arc)
    }

    func contains(_ other: ModelBox) -> Bool {
        south <= other.south && other.north <= north && arc.contains(other.arc)
    }

    /// Each point, line and polygon is a part.
    private static func gatherParts(of geometry: Geometry, into parts: inout [[Position]]) {
        switch geometry {
        case .point(let position): parts.append([position])
        case .multiPoint(let positions): for position in positions { parts.append([position]) }
        case .lineString(let line): if !line.isEmpty { parts.append(line) }
        case .multiLineString(let lines):
            for line in lines where !line.isEmpty { parts.append(line) }
        case .polygon(let rings):
            let all = rings.flatMap { $0 }
            if !all.isEmpty { parts.append(all) }
        case .multiPolygon(let polygons):
            for rings in polygons { gatherParts(of: .polygon(rings), into: &parts) }
        case .geometryCollection(let members):
            for member in members { gatherParts(of: member, into: &parts) }
        }
    }

    /// The complement of the largest gap that the parts leave; of equal gaps the one whose arc starts
    /// westernmost.
    private static func hull(of parts: [[Position]]) -> ModelArc {
        var intervals: [(start: TurnedLongitude, end: TurnedLongitude)] = []
        for part in parts {
            let west = part.map(\.longitude).min()!
            let east = part.map(\.longitude).max()!
            if ExactLongitude.isAtMost(west, 1, east, 0) { return .circle }
            // Into -180...180, where both ends keep what they are.
            let turns = west > 180 ? -1 : west < -180 ? 1 : 0
            intervals.append(
                (
                    TurnedLongitude(value: west, turns: turns),
                    TurnedLongitude(value: east, turns: turns)
                )
            )
        }
        intervals.sort { $0.start < $1.start }
        var reach = intervals[0].end
        for interval in intervals where reach < interval.end { reach = interval.end }
        reach.turns -= 1  // how far the last ones reach around the circle
        var best: (west: TurnedLongitude, east: TurnedLongitude)?
        for (start, end) in intervals {
            if reach < start {
                if best.map({ isWider(start, reach, than: $0) }) ?? true { best = (start, reach) }
            }
            if reach < end { reach = end }
        }
        guard let best else { return .circle }
        return ModelArc(ends: (best.west, best.east.moved(by: best.east < best.west ? 1 : 0)))
    }

    /// Whether the gap from `reach` up to `start` is wider than the one before `best.west`.
    private static func isWider(
        _ start: TurnedLongitude, _ reach: TurnedLongitude,
        than best: (west: TurnedLongitude, east: TurnedLongitude)
    ) -> Bool {
        let turns = start.turns - reach.turns - best.west.turns + best.east.turns
        return ExactSum([
            start.value, -reach.value, -best.west.value, best.east.value, 360 * Double(turns),
        ]).sign > 0
    }
}
