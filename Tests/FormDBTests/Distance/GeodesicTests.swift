import CFormCore
import CProj
import Testing

/// The distance on the ellipsoid against PROJ's, which is independent of ours.
@Suite("Geodesic distance")
struct GeodesicTests {
    /// How two positions are chosen; each class has its own difficulties.
    enum Pairs: String, CaseIterable {
        case anywhere, nearby, nearlyAntipodal, antipodal, equatorial, meridional, polar, identical

        func pair(
            _ generator: inout SeededGenerator
        ) -> (Double, Double, Double, Double) {
            let longitude = Double.random(in: -180...180, using: &generator)
            let latitude = Double.random(in: -90...90, using: &generator)
            let small = Double.random(in: -0.01...0.01, using: &generator)
            let other = Double.random(in: -0.5...0.5, using: &generator)
            switch self {
            case .anywhere:
                return (
                    longitude, latitude, Double.random(in: -180...180, using: &generator),
                    Double.random(in: -90...90, using: &generator)
                )
            case .nearby:
                return (longitude, latitude, longitude + small, clamped(latitude + small))
            case .nearlyAntipodal:
                return (longitude, latitude, longitude + 180 + other, clamped(-latitude + small))
            case .antipodal: return (longitude, latitude, longitude + 180, -latitude)
            case .equatorial: return (longitude, 0, longitude + other * 720, 0)
            case .meridional:
                return (longitude, latitude, longitude, clamped(latitude + other * 90))
            case .polar: return (longitude, 90, longitude + other, latitude)
            case .identical: return (longitude, latitude, longitude, latitude)
            }
        }

        private func clamped(_ latitude: Double) -> Double { min(90, max(-90, latitude)) }
    }

    @Test("Distances agree with PROJ's to 20 nanometres", arguments: Pairs.allCases)
    func agreesWithPROJ(pairs: Pairs) {
        var generator = SeededGenerator.printed("geodesic \(pairs)")
        var ellipsoid = geod_geodesic()
        unsafe geod_init(&ellipsoid, 6_378_137, 1 / 298.257223563)
        var worst = 0.0
        for _ in 0..<(Thoroughness.isQuick ? 2_000 : 50_000) {
            let (longitude1, latitude1, longitude2, latitude2) = pairs.pair(&generator)
            var expected = 0.0
            unsafe geod_inverse(
                &ellipsoid, latitude1, longitude1, latitude2, longitude2, &expected, nil, nil)
            let distance = fc_geodesic_distance_m(longitude1, latitude1, longitude2, latitude2)
            let back = fc_geodesic_distance_m(longitude2, latitude2, longitude1, latitude1)
            worst = max(worst, abs(distance - expected))
            #expect(distance == back, "the way back is another length")
            if pairs == .identical { #expect(distance == 0) }
            if abs(distance - expected) > 20e-9 {
                let from = "(\(longitude1), \(latitude1))"
                let to = "(\(longitude2), \(latitude2))"
                Issue.record("\(from) to \(to): \(distance) m, PROJ says \(expected) m")
                return
            }
        }
        print("geodesic \(pairs): worst difference \(worst * 1e9) nm")
    }

    @Test("The lower bound to a box is never above the distance to a position inside")
    func boxBound() {
        var generator = SeededGenerator.printed()
        for _ in 0..<(Thoroughness.isQuick ? 2_000 : 100_000) {
            let west = Double.random(in: -180...180, using: &generator)
            let width =
                Double.random(in: 0...360, using: &generator)
                * Double.random(in: 0...1, using: &generator)
            let south = Double.random(in: -90...90, using: &generator)
            let north = Double.random(in: south...90, using: &generator)
            let east = west + width > 180 ? west + width - 360 : west + width
            var box = fc_box(west: west, south: south, east: east, north: north)
            let longitude = Double.random(in: -180...180, using: &generator)
            let latitude = Double.random(in: -90...90, using: &generator)
            var point = fc_sphere_point()
            unsafe fc_sphere_point_init(&point, longitude, latitude)
            let bound = unsafe fc_sphere_box_distance_min_m(&point, &box)
            let inLongitude = west + Double.random(in: 0...1, using: &generator) * width
            let inLatitude = Double.random(in: south...north, using: &generator)
            let distance = fc_geodesic_distance_m(longitude, latitude, inLongitude, inLatitude)
            #expect(bound <= distance + 1e-6)
        }
    }
}
