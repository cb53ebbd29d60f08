import Testing

// Every plan of a question gives the same answer, whatever the rows are cut into.
@testable import FormDB

@Suite("Every plan answers alike")
struct PlanSuiteTests {
    /// A database and its model after random writes.
    struct Filled {
        let database: Database
        let model: NaiveModel
    }

    /// Many rows, of which many were superseded or deleted, in tiny tails and runs.
    static func fill(_ sources: Int, seed: UInt64, isTiny: Bool) throws -> Filled {
        var configuration = OracleConfiguration(
            name: "plans", hasTinySizes: isTiny, sources: sources
        ).configuration
        configuration.tuning.sourceCount = sources
        let database = try Database.inMemory(configuration: configuration)
        let material = RandomMaterial(seed: seed)
        var operations = RandomOperations(
            material: material, model: NaiveModel(), bulkRows: 60, bulkIDs: 1400)
        for _ in 0..<60 {
            try database.write { tx in
                for _ in 0..<4 {
                    try operations.perform(
                        material.pick([.upsertMany, .insertMany, .upsert, .upsert, .delete, .merge]
                        ),
                        tx)
                }
            }
        }
        try database.write { tx in
            for collection in operations.model.collections {
                try tx.createIndex(on: .property("n"), in: collection.name)
                try tx.createIndex(on: .property("k"), in: collection.name)
                try tx.createIndex(on: .property("inner", "a"), in: collection.name)
            }
        }
        for _ in 0..<20 {
            try database.write { tx in
                try operations.perform(material.pick([.upsertMany, .upsert, .delete]), tx)
            }
        }
        return Filled(database: database, model: operations.model)
    }

    static func query(_ material: RandomMaterial, _ model: NaiveModel) -> ModelQuery {
        let shapes = QueryShapes(material: material, model: model)
        var query = shapes.query(material.pick(QueryShape.allCases))
        if material.chance(0.6) { query.filter = .random(material) }
        if query.nearest == nil && material.chance(0.6) {
            query.order = material.pick([
                .id, .time, .time, .property(["n"]), .property(["k"]), .property(["k"]),
                .property(["inner", "a"]), .property(["nothing"]),
            ])
            query.isDescending = material.chance(0.5)
        }
        if material.chance(0.5) { query.limit = material.pick([0, 1, 3, 10, 100]) }
        return query
    }

    /// What the planner could choose from; each with the number of questions it answered.
    private static func check(
        _ query: ModelQuery, _ filled: Filled, _ counts: inout [String: Int]
    ) throws {
        let checks = FeatureChecks(model: filled.model)
        let fetches: [FeatureFetch] =
            query.hasDistance ? [.neighbors, .idsWithDistances] : [.all, .ids, .count, .cursor]
        for fetch in fetches { try checks.check(query, fetch, filled.database) }
        guard filled.model.index(of: query.collection) != nil else { return }
        for choice in try filled.database.features(query.query).planChoices() {
            for fetch in fetches.prefix(2) {
                do {
                    try checks.check(query, fetch, filled.database, forcing: choice)
                } catch {
                    throw Difference("forced to \(choice): \(error)")
                }
            }
            counts["\(choice)", default: 0] += 1
        }
    }

    @Test("forced, in 1, 8 and 200 sources", arguments: [1, 8, 200])
    func forcedPlansAgree(sources: Int) throws {
        let generator = SeededGenerator.printed("forcedPlansAgree(\(sources))")
        var seeds = generator
        var counts: [String: Int] = [:]
        for round in 0..<3 {
            let seed = seeds.next()
            let filled = try Self.fill(sources, seed: seed, isTiny: round < 2)
            let material = RandomMaterial(seed: seed &+ 1)
            for _ in 0..<(sources > 100 ? 150 : 400) {
                let query = Self.query(material, filled.model)
                try Self.check(query, filled, &counts)
            }
        }
        for choice in ["scan", "place", "time", "placeAndTime", "ids", "timeOrder", "nearest"] {
            #expect(
                counts.contains { $0.key.contains(choice) && $0.value >= 10 },
                "\(choice) was hardly tried: \(counts)")
        }
        #expect(counts.contains { $0.key.contains("index(") && $0.value >= 10 }, "\(counts)")
        #expect(counts.contains { $0.key.contains("indexOrder(") && $0.value >= 10 }, "\(counts)")
    }

    /// Found by the oracle: places 5e-324 apart made the histogram divide by nearly nothing, and trap.
    @Test("a histogram of values that are nearly equal is one of values")
    func nearlyEqualValues() {
        let tiny = Double.leastNonzeroMagnitude
        let histogram = PlaceHistogram([
            PlaceHistogram.Extent(west: 0, south: 0, east: 0, north: 0),
            PlaceHistogram.Extent(west: tiny, south: tiny, east: tiny, north: tiny),
        ])
        #expect(histogram.share(of: .world, isWithin: false) > 0.9)
    }
}
