import BenchProj

/// One distance on the ellipsoid: libproj's inverse beside the core's.
struct GeodesicRunner {
    static let title = "one distance on the ellipsoid"
    static let peer = "proj"

    let runs: Int
    let wants: (_ engine: String) -> Bool
    let recorder: Recorder

    private typealias Loop =
        @Sendable (
            UnsafePointer<Double>?, UnsafePointer<Double>?, UnsafePointer<Double>?,
            UnsafePointer<Double>?, Int, UnsafeMutablePointer<Double>?
        ) -> Void

    private static let engines: [(name: String, loop: Loop)] = [
        ("formdb-core", { bench_core_inverse($0, $1, $2, $3, $4, $5) }),
        (peer, { bench_proj_inverse($0, $1, $2, $3, $4, $5) }),
    ]

    func run() throws {
        let count = 50_000
        var random = Random(seed: 31)
        let from = Boxes(count: count) { _ in
            let (x, y) = (random.uniform(-180, 180), random.uniform(-90, 90))
            return (x, y, x, y)
        }
        let far = Boxes(count: count) { _ in
            let (x, y) = (random.uniform(-180, 180), random.uniform(-90, 90))
            return (x, y, x, y)
        }
        let near = Boxes(count: count) { i in
            let x = from.west[i] + random.uniform(-1, 1)
            let y = min(90, max(-90, from.south[i] + random.uniform(-1, 1)))
            return (x, y, x, y)
        }
        for _ in 0..<runs {
            try measure("geodesic-inverse", from, far)
            try measure("geodesic-inverse-near", from, near)
        }
    }

    private func measure(_ operation: String, _ from: Boxes, _ to: Boxes) throws {
        var metres = Self.engines.map { _ in [Double](repeating: 0, count: from.count) }
        for (index, engine) in Self.engines.enumerated() {
            let time = Stopwatch.time {
                engine.loop(
                    from.west, from.south, to.west, to.south, from.count, &metres[index])
            }.nanoseconds
            guard wants(engine.name) else { continue }
            try recorder.add(
                workload: "geometry", operation: operation, engine: engine.name,
                unit: .nanoseconds,
                value: Unit.nanoseconds.value(nanoseconds: time, count: from.count),
                hits: Int64(from.count))
        }
        // A micrometre: both claim nanometres, over at most 20,000 km.
        for (i, (own, peer)) in zip(metres[0], metres[1]).enumerated()
        where (own - peer).magnitude > 1e-6 {
            throw BenchError("geometry \(operation): \(own) m for pair \(i), by proj \(peer) m")
        }
    }
}
