// Whether what the database answers is what the model says, bit for bit.
import FormDB

/// A difference between database and model, or an error that the model knows nothing of.
struct Difference: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum FeatureComparison {
    /// Equal in all that is kept, coordinates to the bit.
    static func areSame(_ a: Feature, _ b: Feature) -> Bool {
        a.id == b.id && a.properties == b.properties
            && (a.properties == nil) == (b.properties == nil)
            && a.time?.start == b.time?.start && a.time?.end == b.time?.end
            && a.time?.source == b.time?.source && a.bbox == b.bbox
            && a.foreignMembers == b.foreignMembers && areSame(a.geometry, b.geometry)
    }

    static func areSame(_ a: Geometry?, _ b: Geometry?) -> Bool {
        guard a == b else { return false }
        guard let a, let b else { return true }
        return zip(a.positions, b.positions).allSatisfy { areSame($0, $1) }
    }

    static func areSame(_ a: Position, _ b: Position) -> Bool {
        a.longitude.bitPattern == b.longitude.bitPattern
            && a.latitude.bitPattern == b.latitude.bitPattern
            && a.altitude?.bitPattern == b.altitude?.bitPattern
    }
}

/// Sums and means against exact ones: within one unit in the last place, plus n 2^-100 Σ|x|.
enum SumComparison {
    static func problem(_ values: [Double], sum: Double, mean: Double?) -> String? {
        guard !values.isEmpty else {
            return sum == 0 && mean == nil
                ? nil : "the sum of nothing is \(sum), its mean \(mean as Any)"
        }
        guard let mean else { return "no mean of \(values.count) values" }
        let hasPlus = values.contains(.infinity)
        let hasMinus = values.contains(-.infinity)
        if hasPlus || hasMinus {
            let isRight =
                hasPlus && hasMinus
                ? sum.isNaN && mean.isNaN : sum == mean && sum == (hasPlus ? .infinity : -.infinity)
            return isRight ? nil : "infinities give the sum \(sum) and the mean \(mean)"
        }
        let exact = ExactSum(values)
        let scale = 0x1p-100
        let slack = Double(values.count) * values.reduce(0) { $0 + abs($1) * scale }
        return sumProblem(exact, sum, slack) ?? meanProblem(exact, values.count, mean, slack)
    }

    private static func sumProblem(_ exact: ExactSum, _ sum: Double, _ slack: Double) -> String? {
        let magnitude = exact.magnitude
        if sum.isInfinite {
            // Within a unit of the largest number either is right.
            let isRight =
                magnitude >= Double.greatestFiniteMagnitude.nextDown
                && (sum < 0) == (exact.sign < 0)
            return isRight ? nil : "the sum is \(sum), but the exact one about \(magnitude)"
        }
        if sum.isNaN { return "the sum is not a number" }
        if magnitude.isInfinite { return "the sum is \(sum) instead of infinite" }
        var error = exact
        error.add(-sum)
        if error.magnitude <= magnitude.ulp * (1 + 1e-9) + slack { return nil }
        return "the sum \(sum) errs by \(error.magnitude), more than \(magnitude.ulp) + \(slack)"
    }

    private static func meanProblem(
        _ exact: ExactSum, _ count: Int, _ mean: Double, _ slack: Double
    ) -> String? {
        if !mean.isFinite { return "the mean of finite values is \(mean)" }
        // The mean so many times over must be the sum.
        var error = exact
        for _ in 0..<count { error.add(-mean) }
        let allowed = mean.ulp * (1 + 1e-9) + slack / Double(count)
        if error.magnitude <= Double(count) * allowed { return nil }
        return "the mean \(mean) errs by \(error.magnitude / Double(count)), more than \(allowed)"
    }
}

enum WindowComparison {
    static func problem(_ window: WindowedAggregate, _ model: ModelWindow) -> String? {
        if window.start.microseconds != model.start || window.end.microseconds != model.end
            || window.isPartial != model.isPartial
        {
            return "a window from \(window.start) to \(window.end), partial \(window.isPartial)"
                + " instead of \(Timestamp(microseconds: model.start)) to"
                + " \(Timestamp(microseconds: model.end)), \(model.isPartial)"
        }
        return valuesProblem(window, model)
    }

    static func valuesProblem(_ window: WindowedAggregate, _ model: ModelWindow) -> String? {
        if window.points != model.points || window.count != model.values.count {
            return "\(window.points) points and \(window.count) values"
                + " instead of \(model.points) and \(model.values.count)"
        }
        // -0 comes before 0.
        let order: (Double, Double) -> Bool = { a, b in
            a < b || (a == b && a.sign == .minus && b.sign == .plus)
        }
        let expected = [
            model.values.min(by: order), model.values.max(by: order), model.values.first,
            model.values.last,
        ]
        let given = [window.minimum, window.maximum, window.first, window.last]
        if expected.map({ $0?.bitPattern }) != given.map({ $0?.bitPattern }) {
            return "minimum, maximum, first, last are \(given) instead of \(expected)"
        }
        return SumComparison.problem(model.values, sum: window.sum, mean: window.mean)
    }
}
