import FormDB
import Foundation

/// The Equal Earth projection (Šavrič, Patterson and Jenny 2018), with the Pacific in the middle.
struct Projection {
    /// The map's left edge; its right edge lies 360° further.
    let west: Double
    let width: Double

    private static let a = (1.340264, -0.081106, 0.000893, 0.003796)
    private static let m = 3.0.squareRoot() / 2
    /// The raw extent: x at the equator's ends, y at the poles.
    private static let rawX = 2.706629983696
    private static let rawY = 1.317362759157

    var height: Double { (width * Self.rawY / Self.rawX).rounded(.up) }

    /// Where a position is drawn; its longitude must lie between the map's edges.
    func point(_ longitude: Double, _ latitude: Double) -> (x: Double, y: Double) {
        let lambda = (longitude - west - 180) * .pi / 180
        let theta = asin(Self.m * sin(latitude * .pi / 180))
        let t2 = theta * theta
        let t6 = t2 * t2 * t2
        let (a1, a2, a3, a4) = Self.a
        let slope = a1 + 3 * a2 * t2 + t6 * (7 * a3 + 9 * a4 * t2)
        let x = lambda * cos(theta) / (Self.m * slope)
        let y = theta * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))
        let scale = width / (2 * Self.rawX)
        return (width / 2 + x * scale, height / 2 - y * scale)
    }

    /// A longitude as this map counts it: from `west` on.
    func turned(_ longitude: Double) -> Double {
        var longitude = longitude
        while longitude < west { longitude += 360 }
        while longitude > west + 360 { longitude -= 360 }
        return longitude
    }

    /// A ring, cut where the map ends: as it is, and once more a turn to the east.
    func pieces(of ring: [Position]) -> [[Position]] {
        [0.0, 360].compactMap { turn in
            let moved = ring.map {
                Position(longitude: $0.longitude + turn, latitude: $0.latitude)
            }
            let left = Self.clip(moved, at: west) { $0 >= west }
            let piece = Self.clip(left, at: west + 360) { $0 <= west + 360 }
            return piece.count < 3 ? nil : piece
        }
    }

    /// Sutherland and Hodgman's cut of a ring along one meridian.
    private static func clip(
        _ ring: [Position], at meridian: Double, _ isInside: (Double) -> Bool
    ) -> [Position] {
        guard var previous = ring.last else { return [] }
        var result: [Position] = []
        for position in ring {
            if isInside(position.longitude) != isInside(previous.longitude) {
                let part =
                    (meridian - previous.longitude) / (position.longitude - previous.longitude)
                result.append(
                    Position(
                        longitude: meridian,
                        latitude: previous.latitude + part * (position.latitude - previous.latitude)
                    ))
            }
            if isInside(position.longitude) { result.append(position) }
            previous = position
        }
        return result
    }
}
