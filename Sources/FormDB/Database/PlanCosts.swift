extension Database {
    /// What parts of plans cost on a machine, by which the planner chooses between ways to answer.
    ///
    /// The standard ones suit most machines, as only ratios matter. To fit them to yours, measure once, keep the result,
    /// and open databases with it:
    ///
    /// ```swift
    /// let costs = try Database.PlanCosts.measured()  // once: takes some seconds
    /// try JSONEncoder().encode(costs).write(to: file)
    /// // ever after
    /// var configuration = Database.Configuration()
    /// configuration.planCosts = try JSONDecoder().decode(
    ///     Database.PlanCosts.self, from: Data(contentsOf: file))
    /// ```
    ///
    /// Answers are the same whatever the costs. Nothing is measured unless you ask for it, so that a question is
    /// answered by the same plan in each run.
    public struct PlanCosts: Hashable, Sendable {
        let model: CostModel

        /// Those that FormDB was developed with.
        public static let standard = PlanCosts(model: .standard)
    }
}

extension Database.PlanCosts: Codable {
    /// Decodes what was encoded; throws for what a version with other constants encoded, or what is no cost: measure
    /// again.
    public init(from decoder: any Decoder) throws {
        let model = try CostModel(from: decoder)
        guard CostModel.constants.allSatisfy({ model[keyPath: $0].isCost }) else {
            throw FormDBError(.malformed, "plan costs that are no positive numbers")
        }
        self.model = model
    }

    public func encode(to encoder: any Encoder) throws { try model.encode(to: encoder) }
}

extension Double {
    fileprivate var isCost: Bool { self > 0 && self < 1e12 }
}

extension Database.PlanCosts {
    /// Measures, with some hundred questions to a database in memory of a few hundred thousand features that is made up
    /// for it. TAKES about ten seconds, and 200 MB meanwhile; do it while little else runs.
    public static func measured() throws -> Database.PlanCosts {
        var configuration = Database.Configuration()
        configuration.cache = .off
        configuration.durability = .none
        let database = try Database.inMemory(configuration: configuration)
        var calibration = Calibration()
        for sample in CalibrationSample.all {
            try sample.fill(database)
            for query in sample.queries {
                try database.features(query).measureChoices(into: &calibration)
            }
        }
        return Database.PlanCosts(model: calibration.fitted())
    }
}

extension FeatureRequest {
    private static let repetitions = 5

    /// Answers by each plan there is, and adds what it took.
    fileprivate func measureChoices(into calibration: inout Calibration) throws {
        let input = try source.withView(of: query.collection) { view in
            try PlanInput(try FeatureExecutor(query, view), .rows)
        }
        for choice in Planner(input).choices {
            var forced = self
            forced.options.forced = choice
            var least = Duration.seconds(3_600)
            for _ in 0..<Self.repetitions {
                let start = ContinuousClock.now
                guard try forced.answersAsPlanned() else { break }
                least = Swift.min(least, ContinuousClock.now - start)
            }
            if least < .seconds(3_600) {
                calibration.add(input, choice, taken: Double(least.wholeNanoseconds))
            }
        }
    }

    /// Whether the plan was kept to its end: an ordered one may give way.
    private func answersAsPlanned() throws -> Bool {
        try source.withView(of: query.collection) { view in
            var executor = try FeatureExecutor(query, view, options.executor)
            let touched = Touched()
            executor.options.touched = touched
            var ids: [Int64] = []
            _ = try executor.integerIDs(into: &ids)
            return !touched.changedPlan
        }
    }
}

/// A collection that is made up to be asked, and the questions.
private struct CalibrationSample {
    let name: String
    let rows: Int

    /// One that the processor's caches hold, and one that they don't.
    static let all = [
        CalibrationSample(name: "few", rows: 8_000), CalibrationSample(name: "many", rows: 262_144),
    ]

    private static let kinds = ["bus", "tram", "rail", "ferry", "lift", "taxi", "bike", "walk"]
    private static let span = 365.0 * 86_400e6

    func fill(_ database: Database) throws {
        let perTransaction = 8_192
        for start in stride(from: 0, to: rows, by: perTransaction) {
            try database.write { tx in
                for number in start..<min(start + perTransaction, rows) {
                    try tx.insert(Self.feature(number), into: name)
                }
            }
        }
        try database.write { try $0.createIndex(on: "size", in: name) }
    }

    /// Evenly over the plane, the year and the values, in no order: multiples of irrational numbers.
    private static func feature(_ number: Int) -> Feature {
        func part(_ step: Double) -> Double {
            let product = Double(number + 1) * step
            return product - product.rounded(.down)
        }
        let size = part(0.7548776662466927)
        return Feature(
            id: .integer(Int64(number)),
            geometry: .point(
                longitude: part(0.6180339887498949) * 100 - 50,
                latitude: part(0.4142135623730951) * 100 - 50),
            properties: [
                "kind": .string(kinds[number % kinds.count]), "size": .double(size),
                "rank": .double(part(0.5698402909980532)),
            ],
            time: .instant(Timestamp(microseconds: Int64(part(0.7320508075688772) * span))))
    }

    private func box(_ share: Double) -> BoundingBox {
        let half = 50 * share.squareRoot()
        return BoundingBox(west: -half, south: -half, east: half, north: half)
    }

    private func time(_ share: Double) -> TimeRange {
        let half = share / 2
        return Timestamp(
            microseconds: Int64((0.5 - half) * Self.span))..<Timestamp(
                microseconds: Int64((0.5 + half) * Self.span))
    }

    /// Each way in, and each test, weakly and strongly.
    var queries: [FeatureQuery] {
        let all = FeatureQuery(in: name)
        let kind = Filter.property("kind") == "tram"
        func ids(_ count: Int) -> [FeatureID] {
            (0..<count).map { .integer(Int64($0 * 7_919 % rows)) }
        }
        let origin = Position(longitude: 0, latitude: 0)
        var queries: [FeatureQuery] = []
        for share in [0.001, 0.02, 0.2, 0.7] {
            let boxed = all.bounds(intersecting: box(share))
            let during = all.during(time(share))
            let sized = Filter.property("size") < share
            queries += [
                boxed, during, boxed.during(time(0.1)), during.bounds(intersecting: box(0.1)),
                boxed.filter(kind), during.filter(kind), all.filter(sized), boxed.filter(sized),
                during.filter(sized), boxed.order(by: .time), boxed.order(by: .property("rank")),
                boxed.order(by: .time).limit(50), boxed.order(by: .property("size")).limit(50),
                during.order(by: .property("size")).limit(50),
                all.filter(sized).order(by: .property("rank")), boxed.ids(ids(100)),
                boxed.nearest(to: origin, limit: 20), during.nearest(to: origin, limit: 20),
            ]
        }
        for count in [10, 100, 1_000, 5_000] {
            let some = all.ids(ids(count))
            queries += [
                some, some.during(time(0.3)), some.filter(kind),
                some.bounds(intersecting: box(0.05)),
            ]
        }
        return queries + [
            all.filter(kind),
            all.order(by: .time).limit(100), all.order(by: .property("size")).limit(100),
            all.filter(kind).order(by: .time).limit(100),
            all.filter(kind).nearest(to: origin, limit: 20),
            all.within(.kilometers(200), of: origin), all.within(.kilometers(20), of: origin),
        ]
    }
}
