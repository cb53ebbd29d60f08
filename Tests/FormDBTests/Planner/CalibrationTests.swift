import Foundation
import Testing

// The cost model fitted to a machine: to one that is made up, whose constants are known, and to this one.
@testable import FormDB

@Suite("Calibration of the planner")
struct CalibrationTests {
    /// Questions of all kinds about collections of all sizes, as the planner sees them.
    private static func inputs(_ random: inout some RandomNumberGenerator) -> [PlanInput] {
        (0..<160).map { number in
            let rows = Int(pow(2, Double.random(in: 10...21, using: &random)))
            let sample = (0..<512).map { row in
                let (x, y) = (Double(row % 32) * 3, Double(row / 32) * 3)
                return CoreView.SampledRow(
                    position: 0,
                    extent: PlaceHistogram.Extent(west: x, south: y, east: x, north: y),
                    time: (Int64(row), Int64(row)))
            }
            var input = PlanInput()
            input.statistics = CollectionStatistics([
                SourceStatistics(sample, lookedAt: sample.count, of: 0..<UInt32(rows))
            ])
            input.isExcluded = [false]
            if number % 3 != 0 {
                input.condition.box = BoundingBox(
                    west: 0, south: 0, east: .random(in: 1...96, using: &random),
                    north: .random(in: 1...48, using: &random))
            }
            if number % 2 == 0 {
                input.condition.time = TimeRange(
                    Timestamp(
                        microseconds: 0)..<Timestamp(
                            microseconds: .random(in: 1...512, using: &random)))
            }
            if number % 5 < 2 {
                input.hasFilter = true
                input.filterShare = .random(in: 0.001...1, using: &random)
            }
            if number % 7 < 3 {
                input.indexes = [
                    PlanInput.Index(
                        id: 1, path: .property("size"), share: .random(in: 0...0.5, using: &random),
                        hasOrder: number % 2 == 0)
                ]
            }
            if number % 11 == 0 { input.idCount = 100 }
            if number % 4 == 1 { input.limit = .random(in: 1...500, using: &random) }
            input.order = [.none, .id, .time, .property][number % 4]
            return input
        }
    }

    private static func machine(_ random: inout some RandomNumberGenerator) -> CostModel {
        var costs = CostModel.standard
        for constant in CostModel.constants {
            costs[keyPath: constant] *= Bool.random(using: &random) ? 2 : 0.5
        }
        return costs
    }

    /// How many times off estimates are: the median over all plans.
    private static func error(
        of estimated: CostModel, against true: CostModel, _ inputs: [PlanInput]
    ) -> Double {
        var errors: [Double] = []
        for input in inputs {
            for choice in Planner(input).choices {
                guard let a = Planner(input, costs: estimated).plan(forcing: choice)?.cost,
                    let b = Planner(input, costs: `true`).plan(forcing: choice)?.cost
                else { continue }
                errors.append(max(a / b, b / a))
            }
        }
        return errors.sorted()[errors.count / 2]
    }

    @Test("finds what plans cost on another machine, also when some times were disturbed")
    func recovers() {
        var random = SeededGenerator.printed()
        for disturbance in [0.0, 0.05] {
            let machine = Self.machine(&random)
            let inputs = Self.inputs(&random)
            var calibration = Calibration()
            for input in inputs {
                for choice in Planner(input).choices {
                    guard let plan = Planner(input, costs: machine).plan(forcing: choice) else {
                        continue
                    }
                    let disturbed = Double.random(in: 0..<1, using: &random) < disturbance
                    calibration.add(input, choice, taken: plan.cost * (disturbed ? 5 : 1))
                }
            }
            #expect(calibration.count > 300)
            let others = Self.inputs(&random)
            let before = Self.error(of: .standard, against: machine, others)
            let after = Self.error(of: calibration.fitted(), against: machine, others)
            #expect(before > 1.2)
            #expect(after < 1.1, "\(before) before")
        }
    }

    @Test("leaves what nothing was measured of as it is, and lets nothing grow without bounds")
    func bounds() throws {
        #expect(Calibration().fitted() == .standard)
        var random = SeededGenerator.printed()
        var calibration = Calibration()
        // Scans take for ever, all else as long as it does.
        for input in Self.inputs(&random) {
            for choice in Planner(input).choices {
                let cost = Planner(input).plan(forcing: choice)?.cost ?? 0
                calibration.add(input, choice, taken: choice.path == .scan ? 1e12 : cost)
            }
        }
        let costs = calibration.fitted()
        for constant in CostModel.constants {
            let factor = costs[keyPath: constant] / CostModel.standard[keyPath: constant]
            #expect(factor <= Calibration.factorMax * 1.001)
        }
        #expect(costs.scannedRow > 3.9)
        #expect(costs.distance == CostModel.standard.distance)
    }

    @Test("A machine that is twice as slow at everything is no other machine")
    func pace() throws {
        var random = SeededGenerator.printed()
        var calibration = Calibration()
        for input in Self.inputs(&random) {
            for choice in Planner(input).choices {
                let cost = Planner(input).plan(forcing: choice)?.cost ?? 0
                calibration.add(input, choice, taken: 10 * cost)
            }
        }
        let costs = calibration.fitted()
        for constant in CostModel.constants {
            let factor = costs[keyPath: constant] / CostModel.standard[keyPath: constant]
            #expect(abs(factor - 10) < 1e-6)
        }
    }

    @Test("All constants are known to the fit")
    func complete() throws {
        let encoded = try JSONSerialization.jsonObject(
            with: JSONEncoder().encode(Database.PlanCosts.standard))
        func count(_ value: Any) -> Int {
            (value as? [String: Any])?.values.reduce(0) { $0 + count($1) } ?? 1
        }
        #expect(count(encoded) == CostModel.constants.count)
    }

    @Test("Costs are kept as they were, and what is none is refused")
    func coding() throws {
        var random = SeededGenerator.printed()
        let costs = Database.PlanCosts(model: Self.machine(&random))
        let data = try JSONEncoder().encode(costs)
        #expect(try JSONDecoder().decode(Database.PlanCosts.self, from: data) == costs)
        let text = String(decoding: data, as: UTF8.self)
        for hostile in [
            "{}", text.replacingOccurrences(of: "\"tree\"", with: "\"trees\""),
            text.replacingOccurrences(of: "\"tree\":", with: "\"tree\":-"),
        ] {
            #expect(throws: (any Error).self) {
                try JSONDecoder().decode(Database.PlanCosts.self, from: Data(hostile.utf8))
            }
        }
    }

    @Test("Measured on this machine, they choose plans that give the same answers")
    func measured() throws {
        let measured = try Database.PlanCosts.measured()
        for constant in CostModel.constants {
            #expect(measured.model[keyPath: constant] > 0)
        }
        #expect(measured != .standard)
        var configuration = Database.Configuration()
        configuration.planCosts = measured
        let databases = [
            try Database.inMemory(), try Database.inMemory(configuration: configuration),
        ]
        var answers: [[[Int64]]] = []
        for database in databases {
            try database.write { tx in
                for number in 0..<3_000 {
                    try tx.insert(
                        Feature(
                            id: .integer(Int64(number)),
                            geometry: .point(
                                longitude: Double(number % 60), latitude: Double(number / 60)),
                            properties: ["n": .int(Int64(number * 7 % 1_000))],
                            time: .instant(Timestamp(microseconds: Int64(number * 11 % 997)))),
                        into: "f")
                }
                try tx.createIndex(on: "n", in: "f")
            }
            let box = BoundingBox(west: 5, south: 5, east: 25, north: 45)
            let time = Timestamp(microseconds: 100)..<Timestamp(microseconds: 500)
            let all = database.features(in: "f").bounds(intersecting: box).during(time)
            let few = all.filter(.property("n") < 50)
            answers.append([
                try all.order(by: .id).fetchIntegerIDs(),
                try few.order(by: .time).fetchIntegerIDs(),
                try few.order(by: .property("n")).limit(5).fetchIntegerIDs(),
            ])
        }
        #expect(answers[0] == answers[1])
        #expect(answers[0].allSatisfy { !$0.isEmpty })
    }
}
