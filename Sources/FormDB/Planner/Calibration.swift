#if canImport(Darwin)
    private import Darwin
#elseif canImport(Musl)
    private import Musl
#else
    private import Glibc
#endif

/// Fits the cost model to what plans took on a machine: a function of what was measured.
///
/// What a plan is estimated to cost is linear in nearly every constant, so each measured plan is an equation. The
/// constants that are sought have the least errors: squares of logarithms of estimate by time, capped for times that
/// something disturbed. Where the plans say nothing of a constant it stays near the standard one.
struct Calibration {
    private struct Equation {
        /// The cost at the standard constants, and what a constant's becoming twice as large adds to it.
        var standard: Double
        var shares: [Double]
        var taken: Double
    }

    private var equations: [Equation] = []

    /// How many plans were added.
    var count: Int { equations.count }

    /// A constant becomes so many times larger or smaller at most, the machine's speed apart.
    static let factorMax = 4.0
    private static let sweeps = 200
    /// What being twice as large counts for: so much as one plan whose estimate is off by a tenth.
    private static let tether = 0.01
    /// Errors above this count in proportion and not squared.
    private static let errorCap = 0.3

    /// Adds a plan that took so many nanoseconds; nothing if the question has none such, or one
    /// that costs nothing.
    mutating func add(_ input: PlanInput, _ forced: ForcedPlan, taken: Double) {
        guard let plan = Planner(input).plan(forcing: forced), plan.cost > 0, taken > 0 else {
            return
        }
        let step = 1.0 / 16
        let shares = CostModel.constants.map { constant in
            var costs = CostModel.standard
            costs[keyPath: constant] *= 1 + step
            let cost = Planner(input, costs: costs).plan(forcing: forced)?.cost ?? plan.cost
            return (cost - plan.cost) / step
        }
        equations.append(Equation(standard: plan.cost, shares: shares, taken: taken))
    }

    /// The constants that fit best: one after another is moved to where the errors, whose slope is that of the
    /// logarithm, are least.
    func fitted() -> CostModel {
        var growth = [Double](repeating: 0, count: CostModel.constants.count)
        let pace = self.pace
        var costs = equations.map(\.standard)
        for _ in 0..<Self.sweeps {
            for number in growth.indices {
                var slope = Self.tether * growth[number]
                var curvature = Self.tether
                for (equation, cost) in zip(equations, costs) {
                    let error = log(cost * pace / equation.taken)
                    let share = equation.shares[number] / cost
                    let weight = min(1, Self.errorCap / max(abs(error), 1e-9))
                    slope += weight * error * share
                    curvature += weight * share * share
                }
                let wanted = growth[number] - slope / curvature
                let next = min(max(wanted, 1 / Self.factorMax - 1), Self.factorMax - 1)
                for (index, equation) in equations.enumerated() {
                    costs[index] += (next - growth[number]) * equation.shares[number]
                    costs[index] = max(costs[index], 1)
                }
                growth[number] = next
            }
        }
        var fitted = CostModel.standard
        for (constant, growth) in zip(CostModel.constants, growth) {
            fitted[keyPath: constant] *= pace * (1 + growth)
        }
        return fitted
    }

    /// How many times longer than by the standard constants things take: the median.
    private var pace: Double {
        let all = equations.map { $0.taken / $0.standard }.sorted()
        return all.isEmpty ? 1 : all[all.count / 2]
    }
}
