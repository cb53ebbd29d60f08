// Aggregates of features by going through them, and their comparison with the database's.
@testable import FormDB

/// What some features' values of a property come to.
struct ModelAggregate {
    private var rows = 0
    private var values = 0
    private var exact = ExactSum()
    private var magnitudes = 0.0
    private var least, greatest: JSONValue?

    init(_ features: [ModelFeature], _ names: [String]) {
        for feature in features { add(ModelValue(at: names, in: feature.feature.properties)) }
    }

    private mutating func add(_ value: ModelValue) {
        rows += 1
        guard let scalar = value.value, value.rank <= 2 else { return }
        if least.map({ Self.precedes(value, ModelValue($0)) }) ?? true { least = scalar }
        if greatest.map({ Self.precedes(ModelValue($0), value) }) ?? true { greatest = scalar }
        guard value.rank == 0 else { return }
        values += 1
        for part in Self.parts(scalar) { exact.add(part) }
        magnitudes += abs(Self.parts(scalar).reduce(0, +))
    }

    /// -0 before 0.
    private static func precedes(_ a: ModelValue, _ b: ModelValue) -> Bool {
        let order = a.compare(b)
        return order < 0 || (order == 0 && isMinusZero(a.value) && !isMinusZero(b.value))
    }

    private static func isMinusZero(_ value: JSONValue?) -> Bool {
        if case .double(let real)? = value { real == 0 && real.sign == .minus } else { false }
    }

    /// Float64 that are the number exactly.
    private static func parts(_ value: JSONValue) -> [Double] {
        switch value {
        case .int(let int): [Double(int >> 32) * 0x1p32, Double(int & 0xffff_ffff)]
        case .uint(let uint): [Double(uint >> 32) * 0x1p32, Double(uint & 0xffff_ffff)]
        case .double(let real): [real]
        default: []
        }
    }

    /// What is wrong with an aggregate; nil for nothing.
    func problem(_ found: Aggregate) -> String? {
        if found.rows != rows || found.values != values {
            return "\(found.rows) rows and \(found.values) values instead of \(rows) and \(values)"
        }
        if !Self.areSame(found.minimum, least) || !Self.areSame(found.maximum, greatest) {
            return "from \(found.minimum as Any) to \(found.maximum as Any)"
                + " instead of \(least as Any) to \(greatest as Any)"
        }
        let slack = Double(values) * magnitudes * 0x1p-100
        var error = exact
        error.add(-found.sum)
        if error.magnitude > found.sum.ulp * (1 + 1e-9) + slack {
            return "the sum \(found.sum) errs by \(error.magnitude)"
        }
        if (found.mean == nil) != (values == 0) { return "the mean is \(found.mean as Any)" }
        guard let mean = found.mean else { return nil }
        error = exact
        error.add(mean, times: -Double(values))
        return error.magnitude <= Double(values) * mean.ulp * (1 + 1e-9) + slack
            ? nil : "the mean \(mean) of \(values) errs by \(error.magnitude) in all"
    }

    private static func areSame(_ a: JSONValue?, _ b: JSONValue?) -> Bool {
        ModelValue(a).compare(ModelValue(b)) == 0 && isMinusZero(a) == isMinusZero(b)
    }
}

/// How features are put into groups.
struct ModelGrouping {
    var key: [String]?
    var windows: ModelSeries.Windowing?

    struct Group {
        var key: JSONValue?
        var start: Int128?
        var features: [ModelFeature] = []
    }

    /// In order of key, then window. `from`: times before it count as it.
    func groups(_ features: [ModelFeature], from: Int64?) -> [Group] {
        var groups: [Group] = []
        for feature in features {
            var group = Group()
            if let key { group.key = ModelValue(at: key, in: feature.feature.properties).value }
            if let windows {
                guard let time = feature.feature.time else { continue }
                let start = max(time.start.microseconds, from ?? .min)
                if start == .min { continue }
                if case .edges(let edges) = windows,
                    start < edges.first! || start >= edges.last!
                {
                    continue
                }
                group.start = windows.window(holding: Int128(start)).lowerBound
            }
            let found = groups.firstIndex {
                $0.start == group.start
                    && ModelValue($0.key).compare(ModelValue(group.key)) == 0
            }
            if let found {
                groups[found].features.append(feature)
            } else {
                group.features = [feature]
                groups.append(group)
            }
        }
        return groups.sorted { a, b in
            let order = ModelValue(a.key).compare(ModelValue(b.key))
            return order != 0 ? order < 0 : (a.start ?? 0) < (b.start ?? 0)
        }
    }
}
