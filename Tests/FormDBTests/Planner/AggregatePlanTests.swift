import Testing

// Aggregates are the same under every plan, from indexes and from records.
@testable import FormDB

@Suite("Every plan aggregates alike")
struct AggregatePlanTests {
    private static let paths: [[String]] = [["n"], ["k"], ["inner", "a"], ["nothing"]]

    private static func path(_ names: [String]) -> PropertyPath {
        PropertyPath(names: names, reading: .value)
    }

    /// A question, what is asked of its answer, and the model's groups.
    private struct Asked {
        var query: ModelQuery
        var value: [String]
        var grouping: ModelGrouping
    }

    private static func random(_ material: RandomMaterial, _ model: NaiveModel) -> Asked {
        var query = PlanSuiteTests.query(material, model)
        // Which rows a limit without an order takes is anybody's guess.
        if query.order == nil && !query.hasDistance { query.limit = nil }
        if material.chance(0.3) {
            // Nothing but a range of a property, which its index may answer by itself.
            query = ModelQuery(collection: query.collection)
            query.filter = .random(material, depth: 2)
        }
        var grouping = ModelGrouping()
        if material.chance(0.4) { grouping.key = material.pick(paths) }
        if material.chance(0.5) {
            let hour = RandomMaterial.hour
            grouping.windows =
                material.chance(0.7)
                ? .fixed(
                    length: material.pick([1_000, hour, 24 * hour + 1, 365 * 24 * hour]),
                    origin: material.pick([0, -7 * hour, 12_345_678_901]))
                : .edges(Set((0..<6).map { _ in material.timestamp().microseconds }).sorted())
            if case .edges(let edges)? = grouping.windows, edges.count < 2 {
                grouping.windows = nil
            }
        }
        return Asked(query: query, value: material.pick(paths), grouping: grouping)
    }

    private static func windows(_ windowing: ModelSeries.Windowing) -> Windows {
        switch windowing {
        case .fixed(let length, let origin):
            .length(.microseconds(length), origin: Timestamp(microseconds: origin))
        case .edges(let edges): .edges(edges.map { Timestamp(microseconds: $0) })
        }
    }

    /// The database's groups, flat; starts of windows are clipped to the range.
    private static func ask(
        _ asked: Asked, _ request: FeatureRequest
    ) throws -> [(key: JSONValue?, start: Int64?, value: Aggregate)] {
        let value = path(asked.value)
        switch (asked.grouping.key.map { request.grouped(by: path($0)) }, asked.grouping.windows) {
        case (nil, nil): return [(nil, nil, try request.aggregate(of: value))]
        case (let grouped?, nil):
            return try grouped.aggregate(of: value).map { ($0.key, nil, $0.value) }
        case (nil, let windowing?):
            return try request.windows(windows(windowing)).aggregate(of: value).map {
                (nil, $0.start.microseconds, $0.value)
            }
        case (let grouped?, let windowing?):
            return try grouped.windows(windows(windowing)).aggregate(of: value).flatMap { group in
                group.value.map { (group.key, $0.start.microseconds, $0.value) }
            }
        }
    }

    private static func problem(
        _ asked: Asked, _ request: FeatureRequest, _ features: [ModelFeature]
    ) throws -> String? {
        let found = try ask(asked, request)
        let from = asked.query.times.compactMap(\.start).max()?.microseconds
        if asked.grouping.key == nil && asked.grouping.windows == nil {
            return ModelAggregate(features, asked.value).problem(found[0].value)
        }
        let expected = asked.grouping.groups(features, from: from)
        if found.count != expected.count {
            return "\(found.count) groups instead of \(expected.count)"
        }
        for (found, expected) in zip(found, expected) {
            let start = expected.start.map { Int64(clamping: max($0, Int128(from ?? .min))) }
            if ModelValue(found.key).compare(ModelValue(expected.key)) != 0 || found.start != start
            {
                return "the group of \(found.key as Any) from \(found.start as Any)"
                    + " instead of \(expected.key as Any) from \(start as Any)"
            }
            if let problem = ModelAggregate(expected.features, asked.value).problem(found.value) {
                return "the group of \(found.key as Any) from \(found.start as Any): \(problem)"
            }
        }
        return try countProblem(asked, request, expected)
    }

    /// Rows alone are counted in ways of their own.
    private static func countProblem(
        _ asked: Asked, _ request: FeatureRequest, _ expected: [ModelGrouping.Group]
    ) throws -> String? {
        let counts: [Int]
        switch (asked.grouping.key.map { request.grouped(by: path($0)) }, asked.grouping.windows) {
        case (let grouped?, nil): counts = try grouped.count().map(\.value)
        case (nil, let windowing?):
            counts = try request.windows(windows(windowing)).count().map(\.value)
        case (let grouped?, let windowing?):
            counts = try grouped.windows(windows(windowing)).count().flatMap { group in
                group.value.map(\.value)
            }
        case (nil, nil): counts = [try request.count()]
        }
        return counts == expected.map(\.features.count) ? nil : "the groups count \(counts)"
    }

    private static func check(
        _ asked: Asked, _ filled: PlanSuiteTests.Filled, _ counts: inout [String: Int]
    ) throws {
        guard filled.model.index(of: asked.query.collection) != nil else { return }
        let answer: ModelAnswer
        do { answer = try filled.model.answer(asked.query) } catch is Refusal { return }
        let features = Array(answer.features.prefix(answer.limit))
        var request = filled.database.features(asked.query.query)
        let plans: [ForcedPlan?] = [nil] + (try request.planChoices())
        for plan in plans {
            request.options.forced = plan
            if let problem = try problem(asked, request, features) {
                throw Difference(
                    "\(asked.query.query), \(asked.value) by \(asked.grouping), forced to "
                        + "\(plan.map { "\($0)" } ?? "nothing"): \(problem)")
            }
            counts[plan.map { "\($0)" } ?? "free", default: 0] += 1
        }
    }

    @Test("forced, in 1, 8 and 200 sources", arguments: [1, 8, 200])
    func forcedPlansAgree(sources: Int) throws {
        var seeds = SeededGenerator.printed("aggregates.forcedPlansAgree(\(sources))")
        var counts: [String: Int] = [:]
        for round in 0..<2 {
            let seed = seeds.next()
            let filled = try PlanSuiteTests.fill(sources, seed: seed, isTiny: round == 0)
            let material = RandomMaterial(seed: seed &+ 1)
            for _ in 0..<(sources > 100 ? 100 : 300) {
                try Self.check(Self.random(material, filled.model), filled, &counts)
            }
        }
        for choice in ["free", "scan", "place", "time", "index(", "ids"] {
            #expect(
                counts.contains { $0.key.contains(choice) && $0.value >= 5 },
                "\(choice) was hardly tried: \(counts)")
        }
    }

    /// Sums of the same values added up in another order may differ in their last place.
    private static func areSame(_ a: Aggregate, _ b: Aggregate) -> Bool {
        a.rows == b.rows && a.values == b.values && a.minimum == b.minimum
            && a.maximum == b.maximum && abs(a.sum - b.sum) <= 2 * a.sum.ulp
    }

    /// Each with rows that were superseded, in a snapshot of before too, and in the transaction that writes.
    @Test("an index and the records say the same, in snapshots and transactions")
    func indexesAndRecordsAgree() throws {
        var seeds = SeededGenerator.printed()
        let material = RandomMaterial(seed: seeds.next())
        let database = try Database.inMemory()
        func put(_ count: Int, _ tx: borrowing WriteTransaction, _ collections: [String]) throws {
            for _ in 0..<count {
                let feature = Feature(
                    id: .integer(Int64(material.below(3_000))), geometry: nil,
                    properties: [
                        "k": material.mixedValue(), "d": .double(material.double(-9...9)),
                    ],
                    time: .instant(material.timestamp()))
                for collection in collections { try tx.upsert(feature, into: collection) }
            }
        }
        func check(_ a: FeatureRequest, _ b: FeatureRequest) throws {
            let values: [PropertyPath] = [.property("k"), .property("d")]
            let bound = PropertyPath("d") >= material.double(-9...9)
            for value in values {
                for (a, b) in [(a, b), (a.filter(bound), b.filter(bound))] {
                    #expect(Self.areSame(try a.aggregate(of: value), try b.aggregate(of: value)))
                    let groups = try (
                        a.grouped(by: .property("k")).aggregate(of: value),
                        b.grouped(by: .property("k")).aggregate(of: value)
                    )
                    #expect(groups.0.map(\.key) == groups.1.map(\.key))
                    for (x, y) in zip(groups.0, groups.1) {
                        #expect(Self.areSame(x.value, y.value))
                    }
                    #expect(try a.distinct(of: value) == b.distinct(of: value))
                }
            }
        }
        try database.write { tx in
            for name in ["with", "without"] { try tx.createCollection(name) }
            try tx.createIndex(on: .property("k"), in: "with")
            try tx.createIndex(on: .property("d"), in: "with")
        }
        var snapshots: [Snapshot] = []
        for _ in 0..<8 {
            try database.write { tx in
                try put(1_500, tx, ["with", "without"])
                try check(tx.features(in: "with"), tx.features(in: "without"))
            }
            try snapshots.append(database.snapshot())
            for asked in snapshots {
                try check(asked.features(in: "with"), asked.features(in: "without"))
            }
        }
    }
}
