import Testing

// The walk to the nearest where bounds say little; elsewhere the oracle asks it against a scan.
@testable import FormDB

@Suite("Nearest")
struct NearestTests {
    /// A box around two far corners holds the place, so that all bounds are zero however far its points are. Between
    /// them lie points: of every block of the tree something is left for later, more blocks than the walk keeps.
    @Test("among boxes that all hold the place", arguments: [1, 10, 40, 1_000, 7_000])
    func boxesThatHoldThePlace(limit: Int) throws {
        var random = SeededGenerator.printed("boxesThatHoldThePlace(\(limit))")
        let database = try Database.inMemory()
        let place = Position(longitude: 10.5, latitude: 5.25)
        var features: [Feature] = []
        for id in 0..<6_000 as Range<Int64> {
            let center = Position(
                longitude: .random(in: 0...20, using: &random),
                latitude: .random(in: 0...10, using: &random))
            let reach = Double.random(in: 30...60, using: &random)
            let corners = [-reach, reach].map {
                Position(longitude: center.longitude + $0, latitude: center.latitude + $0)
            }
            // Some lie at the same place: their ids tell who comes first.
            let geometry: Geometry =
                id % 2 == 0 ? .multiPoint(corners) : .point(id % 5 == 1 ? place : center)
            let name: FeatureID = id % 7 == 0 ? .text("text \(id)") : .integer(6_000 - id)
            features.append(Feature(id: name, geometry: geometry))
        }
        try database.write { _ = try $0.insert(contentsOf: features, into: "f") }
        var request = database.features(in: "f").nearest(to: place, limit: limit)
        request.options.forced = ForcedPlan(strategy: .measured)
        let expected = try request.fetchAll()
        request.options.forced = ForcedPlan(strategy: .nearest)
        let found = try request.fetchAll()
        #expect(found.count == min(limit, 6_000))
        #expect(found.map(\.feature.id) == expected.map(\.feature.id))
        #expect(found.map(\.distance) == expected.map(\.distance))
        // By distance, integers before texts, smaller before larger.
        for (a, b) in zip(found, found.dropFirst()) {
            if a.distance != b.distance {
                #expect(a.distance < b.distance)
            } else if case .integer(let x)? = a.feature.id, case .integer(let y)? = b.feature.id {
                #expect(x < y)
            } else if case .text? = a.feature.id {
                #expect(b.feature.id.map { if case .text = $0 { true } else { false } } ?? false)
            }
        }
    }
}
