import Foundation

/// What one question took.
struct RegretResult {
    struct Estimate {
        var path: String
        var expected, actual: Double

        /// How many times off, both sides at least 10.
        var error: Double {
            let (a, b) = (max(expected, 10), max(actual, 10))
            return max(a / b, b / a)
        }
    }

    /// A plan that was carried out, whether chosen or not.
    struct Plan {
        var name: String
        var nanoseconds: Double
        /// Nanoseconds, and rows found.
        var expected, candidates: Double
    }

    var question: RegretQuestion
    var chosenName: String
    /// In nanoseconds.
    var chosen = 0.0
    var plans: [Plan] = []
    var byHand: [(name: String, nanoseconds: Double)] = []
    var estimates: [Estimate] = []

    var best: (name: String, nanoseconds: Double) {
        let all = plans.map { ($0.name, $0.nanoseconds) } + byHand.map { ($0.name, $0.nanoseconds) }
        let least = all.min { $0.1 < $1.1 } ?? (chosenName, chosen)
        return least.1 < chosen ? least : (chosenName, chosen)
    }

    var regret: Double { Self.ratio(chosen, best.nanoseconds) }

    /// What always going by one path would have cost: by a scan where the question has no such path.
    func regret(always path: String) -> Double? {
        let own = plans.first { $0.name == path } ?? plans.first { $0.name == "scan" }
        return own.map { Self.ratio($0.nanoseconds, best.nanoseconds) }
    }

    private static func ratio(_ time: Double, _ best: Double) -> Double {
        max(time, RegretRunner.floor) / max(best, RegretRunner.floor)
    }
}

/// What all questions took.
struct RegretTally {
    private(set) var results: [RegretResult] = []

    mutating func add(_ result: RegretResult) { results.append(result) }

    var regrets: [Double] { results.map(\.regret).sorted() }
    /// How many times off: of paths that one condition chooses, and of place and time together.
    func estimateErrors(together: Bool) -> [Double] {
        results.flatMap(\.estimates).filter { ($0.path == "both") == together }.map(\.error)
            .sorted()
    }

    static let paths = ["ids", "scan", "place", "time", "both", "index"]

    func print() {
        var faults: [String] = []
        Swift.print("\nregret of constant policies: p50, p95, p99, worst")
        for path in ["place", "time", "index", "scan"] {
            let regrets = results.compactMap { $0.regret(always: path) }.sorted()
            if regrets.percentile(0.95) <= 5 { faults.append("always \(path) does well") }
            Swift.print("  always \(pad(path, 12))\(line(regrets))")
        }
        Swift.print("the best was")
        let count = Double(results.count)
        for path in Self.paths + ["time-order", "index-order", "nearest"] {
            let best = Double(results.filter { $0.best.name == path }.count) / count
            let chosen = Double(results.filter { $0.chosenName == path }.count) / count
            if best < 0.05 && Self.paths.contains(path) {
                faults.append("\(path) is best too rarely")
            }
            Swift.print(
                String(
                    format: "  %@%5.1f %%, chosen %5.1f %%", pad(path, 19), 100 * best,
                    100 * chosen))
        }
        // No constant policy may do well, and each access path must be the best for 5 % of the questions.
        Swift.print(
            "the suite is \(faults.isEmpty ? "valid" : "NOT VALID: \(faults.joined(separator: ", "))")"
        )
        Swift.print("by kind: p50, p95, p99, worst")
        var kinds: [String] = []
        for result in results where !kinds.contains(result.question.kind) {
            kinds.append(result.question.kind)
        }
        for kind in kinds {
            let regrets = results.filter { $0.question.kind == kind }.map(\.regret).sorted()
            Swift.print("  \(pad(kind, 34))\(line(regrets))")
        }
        Swift.print("estimated rows of a path, times off: p50, p95, p99, worst")
        for path in ["place", "time", "both", "index"] {
            let errors = results.flatMap(\.estimates).filter { $0.path == path }.map(\.error)
                .sorted()
            Swift.print("  \(pad(path, 19))\(line(errors))  of \(errors.count)")
        }
    }

    /// What costs are fitted by: how many times longer than expected each path took, by what it tests afterwards and
    /// how many rows it found.
    func printCosts() {
        var groups: [String: [Double]] = [:]
        for result in results {
            let question = result.question
            let parts =
                (question.box == nil ? "" : " box") + (question.time == nil ? "" : " time")
                + (question.filter == nil ? "" : " filter")
                + (question.order == nil ? "" : " order")
                + (question.limit == nil ? "" : " limit") + (question.counts ? " count" : "")
            for plan in result.plans where plan.nanoseconds > 2_000 {
                let size = Int(log10(max(plan.candidates, 1)))
                groups["\(plan.name):\(parts) 10^\(size)", default: []].append(
                    plan.nanoseconds / max(plan.expected, 1))
            }
        }
        Swift.print("\ntime by expected cost: p5, p50, p95, how many")
        for (name, ratios) in groups.sorted(by: { $0.key < $1.key }) where ratios.count >= 3 {
            let sorted = ratios.sorted()
            let text = [0.05, 0.5, 0.95].map {
                String(format: "%8.2f", sorted.percentile($0))
            }
            Swift.print("  \(pad(name, 44))\(text.joined())  \(ratios.count)")
        }
    }

    /// The questions that were answered worst, with the time of each plan.
    func printWorst(_ count: Int = 40) {
        for result in results.sorted(by: { $0.regret > $1.regret }).prefix(count) {
            Swift.print(
                String(format: "\n%.2f  %@: ", result.regret, result.question.kind)
                    + "chosen \(result.chosenName) \(us(result.chosen)), best \(result.best.name) "
                    + us(result.best.nanoseconds))
            Swift.print("  \(result.question)")
            let plans = result.plans.map { "\($0.name) \(us($0.nanoseconds))" }
            let byHand = result.byHand.map { "\($0.name) \(us($0.nanoseconds))" }
            Swift.print("  plans: \(plans.joined(separator: ", "))")
            Swift.print("  by hand: \(byHand.joined(separator: ", "))")
        }
    }

    private func us(_ nanoseconds: Double) -> String {
        String(format: "%.0f us", nanoseconds / 1_000)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func line(_ sorted: [Double]) -> String {
        [0.5, 0.95, 0.99, 1].map { String(format: "%8.2f", sorted.percentile($0)) }.joined()
    }
}

extension [Double] {
    /// REQUIRES: sorted.
    func percentile(_ share: Double) -> Double {
        isEmpty ? .nan : self[Swift.min(count - 1, Int(share * Double(count)))]
    }
}
