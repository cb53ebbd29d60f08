import FormDB
import Foundation

/// The earthquakes on a map of the countries, both from the store.
struct EarthquakeMap {
    private let projection = Projection(west: -27, width: 1200)
    /// Weaker ones are left out: they crowd where many instruments are, not where the Earth shakes most.
    static let magnitudeMin = 2.5

    private let countries: [Feature]
    private let quakes: [Feature]
    let all: Int

    init(_ snapshot: Snapshot) throws {
        countries = try snapshot.features(in: "countries").fetchAll()
        all = try snapshot.features(in: "earthquakes").fetchCount()
        // Large ones first, so that small ones stay visible on top.
        quakes = try snapshot.features(in: "earthquakes")
            .filter { $0.magnitude >= Self.magnitudeMin }
            .sorted { $0.magnitude > $1.magnitude }
    }

    var drawn: Int { quakes.count }

    /// Classes of depth, in km: up to but not including the next.
    static let depths: [(from: Double, label: String)] = [
        (-.infinity, "under 35 km"), (35, "35–70"), (70, "70–150"), (150, "150–300"),
        (300, "300 km and more"),
    ]

    static func depthClass(_ depth: Double) -> Int {
        depths.lastIndex { depth >= $0.from } ?? 0
    }

    /// The area grows with the magnitude, steeply enough that the strongest stand out.
    static func radius(_ magnitude: Double) -> Double {
        1.5 * pow(1.62, magnitude - magnitudeMin)
    }

    func svg() -> String {
        """
        <svg class="map" viewBox="0 0 \(SVG.number(projection.width)) \(SVG.number(projection.height))" \
        role="img" aria-label="Map of earthquakes">
        <path class="sea" d="\(outline())"/>
        <path class="graticule" d="\(graticule())"/>
        \(land())
        <g class="quakes">
        \(quakes.map(circle).joined(separator: "\n"))
        </g>
        </svg>
        """
    }

    private func circle(_ quake: Feature) -> String {
        guard let position = quake.position else { return "" }
        let (x, y) = projection.point(projection.turned(position.longitude), position.latitude)
        let circle =
            "<circle class=\"d\(Self.depthClass(quake.depth))\" cx=\"\(SVG.number(x))\" "
            + "cy=\"\(SVG.number(y))\" r=\"\(SVG.number(Self.radius(quake.magnitude)))\""
        guard quake.magnitude >= 4.5 else { return circle + "/>" }
        let title =
            "M \(quake.text("mag")), \(quake.text("depth")) km deep, \(quake.text("place")), "
            + "\(quake.time?.minute ?? "") UTC"
        return circle + "><title>\(SVG.escape(title))</title></circle>"
    }

    // MARK: - Background

    /// Countries as two paths: areas, and borders without the cuts at ±180° and the map's edge.
    private func land() -> String {
        var area = SVGPath()
        var border = SVGPath()
        for country in countries {
            for ring in country.geometry?.rings ?? [] {
                for piece in projection.pieces(of: ring) { draw(piece, &area, &border) }
            }
        }
        return
            "<path class=\"land\" d=\"\(area.text)\"/>\n<path class=\"border\" d=\"\(border.text)\"/>"
    }

    private func draw(_ ring: [Position], _ area: inout SVGPath, _ border: inout SVGPath) {
        guard let first = ring.first else { return }
        var previous = first
        var isDrawing = false
        for (index, position) in (ring + [first]).enumerated() {
            let (x, y) = projection.point(position.longitude, position.latitude)
            if index == 0 {
                area.move(x, y)
            } else {
                // A long edge bends with the projection.
                let isCut = isCut(previous, position)
                for middle in between(previous, position) { area.line(middle.x, middle.y) }
                area.line(x, y)
                if isCut {
                    isDrawing = false
                } else {
                    if !isDrawing {
                        let start = projection.point(previous.longitude, previous.latitude)
                        border.move(start.x, start.y)
                        isDrawing = true
                    }
                    border.line(x, y)
                }
            }
            previous = position
        }
        area.close()
    }

    /// Whether an edge is no coast, but where a country was cut for a flat map.
    private func isCut(_ a: Position, _ b: Position) -> Bool {
        let cuts = [-180, 180, 540, projection.west, projection.west + 360]
        let isMeridian = cuts.contains {
            abs(a.longitude - $0) < 0.01 && abs(b.longitude - $0) < 0.01
        }
        return isMeridian || (a.latitude < -89.9 && b.latitude < -89.9)
    }

    private func between(_ a: Position, _ b: Position) -> [(x: Double, y: Double)] {
        let steps = Int(max(abs(a.longitude - b.longitude), abs(a.latitude - b.latitude)) / 4)
        guard steps > 1 else { return [] }
        return (1..<steps).map { step in
            let part = Double(step) / Double(steps)
            return projection.point(
                a.longitude + part * (b.longitude - a.longitude),
                a.latitude + part * (b.latitude - a.latitude))
        }
    }

    private func outline() -> String {
        var path = SVGPath()
        let (west, east) = (projection.west, projection.west + 360)
        let latitudes = Array(stride(from: -90.0, through: 90, by: 3))
        for (index, latitude) in latitudes.enumerated() {
            let (x, y) = projection.point(west, latitude)
            if index == 0 { path.move(x, y) } else { path.line(x, y) }
        }
        for latitude in latitudes.reversed() {
            let (x, y) = projection.point(east, latitude)
            path.line(x, y)
        }
        path.close()
        return path.text
    }

    private func graticule() -> String {
        var path = SVGPath()
        for latitude in stride(from: -60.0, through: 60, by: 30) {
            let (left, y) = projection.point(projection.west, latitude)
            path.move(left, y)
            path.line(projection.point(projection.west + 360, latitude).x, y)
        }
        for longitude in stride(from: 0.0, to: projection.west + 360, by: 30) {
            for (index, latitude) in stride(from: -90.0, through: 90, by: 5).enumerated() {
                let (x, y) = projection.point(longitude, latitude)
                if index == 0 { path.move(x, y) } else { path.line(x, y) }
            }
        }
        return path.text
    }

    // MARK: - Legend

    func legend() -> String {
        let sizes = [3.0, 4, 5, 6].map { magnitude in
            let radius = Self.radius(magnitude)
            let side = SVG.number(2 * radius + 2)
            let middle = SVG.number(radius + 1)
            return
                "<span><svg width=\"\(side)\" height=\"\(side)\"><circle class=\"size\" cx=\"\(middle)\" "
                + "cy=\"\(middle)\" r=\"\(SVG.number(radius))\"/></svg>\(Int(magnitude))</span>"
        }
        let depths = Self.depths.enumerated().map { index, depth in
            "<span><i class=\"d\(index)\"></i>\(depth.label)</span>"
        }
        return """
            <div class="legend"><b>Magnitude</b>\(sizes.joined())<b>Depth</b>\(depths.joined())</div>
            """
    }
}

extension Geometry {
    /// All rings of a polygon or of several.
    var rings: [[Position]] {
        switch self {
        case .polygon(let rings): rings
        case .multiPolygon(let polygons): polygons.flatMap { $0 }
        default: []
        }
    }
}
