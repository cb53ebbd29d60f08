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

    @Test(
        "The lower bound to a box is never above the distance to a position inside, nor far below")
    func boxBound() {
        var generator = SeededGenerator.printed()
        var positive = 0
        var tight = 0
        let rounds = Thoroughness.isQuick ? 200 : 20_000
        for _ in 0..<rounds {
            let longitude = Double.random(in: -180...180, using: &generator)
            let latitude = Double.random(in: -90...90, using: &generator)
            var point = fc_sphere_point()
            unsafe fc_sphere_point_init(&point, longitude, latitude)
            // Sixteen boxes, as lanes; every fourth is a point, every third lies near.
            var lanes = [Float](repeating: 0, count: 64)
            var boxes: [(west: Double, width: Double, south: Double, north: Double)] = []
            for i in 0..<16 {
                let reach = i % 3 == 0 ? 0.1 : 360
                let west = longitude + Double.random(in: -reach / 2...reach / 2, using: &generator)
                let width =
                    i % 4 == 0
                    ? 0
                    : reach * Double.random(in: 0...1, using: &generator)
                        * Double.random(in: 0...1, using: &generator)
                let low = max(-90, i % 3 == 0 ? latitude - 0.1 : -90)
                let south = Double.random(in: low...90, using: &generator)
                let north = i % 4 == 0 ? south : Double.random(in: south...90, using: &generator)
                boxes.append((west, width, south, north))
                lanes[i] = Float(west).nextDown
                lanes[16 + i] = Float(south).nextDown
                lanes[32 + i] = -Float(west + width).nextUp
                lanes[48 + i] = -Float(north).nextUp
            }
            var scalar = [Float](repeating: 0, count: 16)
            var vectors = [Float](repeating: 0, count: 16)
            unsafe fc_sphere_bounds_scalar(&point, lanes, 16, &scalar)
            unsafe fc_sphere_bounds_simd(&point, lanes, 16, &vectors)
            for (i, box) in boxes.enumerated() {
                let inside = (
                    longitude: box.west + Double.random(in: 0...1, using: &generator) * box.width,
                    latitude: Double.random(in: box.south...box.north, using: &generator)
                )
                let distance = fc_geodesic_distance_m(
                    longitude, latitude, inside.longitude, inside.latitude)
                for bound in [scalar[i], vectors[i]] where bound > fc_sphere_reach(distance) {
                    Issue.record("\(box) from \(longitude), \(latitude): \(bound), \(distance) m")
                }
                if box.width == 0, distance > 1000 {
                    positive += 1
                    // To a point the bound is its haversine, but for the ellipsoid and rounding.
                    tight += scalar[i] > 0.95 * fc_sphere_reach(distance) ? 1 : 0
                }
            }
        }
        #expect(positive > rounds)
        #expect(Double(tight) > 0.95 * Double(positive))
    }
}
