// Conditions on properties in the model's own terms: three-valued, on decoded values.
@testable import FormDB

/// A value as the model orders and compares it.
struct ModelValue {
    static let null = 5
    static let missing = 6

    /// nil for a missing one.
    let value: JSONValue?

    init(_ value: JSONValue?) { self.value = value }

    init(at names: [String], in properties: JSONObject?) {
        var found: JSONValue? = properties.map { .object($0) }
        for name in names { found = found?.objectValue?[name] }
        value = found
    }

    /// Numbers < texts < booleans < arrays < objects, then null, then missing.
    var rank: Int {
        switch value {
        case .int?, .uint?, .double?: 0
        case .string?: 1
        case .bool?: 2
        case .array?: 3
        case .object?: 4
        case .null?: Self.null
        case nil: Self.missing
        }
    }

    func compare(_ other: ModelValue) -> Int {
        if rank != other.rank { return rank - other.rank }
        switch (value, other.value) {
        case (.string(let x)?, .string(let y)?):
            let (a, b) = (Array(x.utf8), Array(y.utf8))
            return a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
        case (.bool(let x)?, .bool(let y)?): return (x ? 1 : 0) - (y ? 1 : 0)
        case (.array(let x)?, .array(let y)?):
            for (p, q) in zip(x, y) {
                let order = ModelValue(p).compare(ModelValue(q))
                if order != 0 { return order }
            }
            return x.count - y.count
        case (.object(let x)?, .object(let y)?): return Self.compare(x, y)
        default: return compareNumbers(other)
        }
    }

    /// Exactly: whole parts first, then what is left.
    private func compareNumbers(_ other: ModelValue) -> Int {
        let (a, b) = (Self.parts(value), Self.parts(other.value))
        if a.whole != b.whole { return a.whole < b.whole ? -1 : 1 }
        return a.rest == b.rest ? 0 : a.rest < b.rest ? -1 : 1
    }

    private static func parts(_ value: JSONValue?) -> (whole: Int128, rest: Double) {
        switch value {
        case .int(let value)?: return (Int128(value), 0)
        case .uint(let value)?: return (Int128(value), 0)
        case .double(let value)?:
            let whole = value.rounded(.down)
            return (Int128(exactly: whole) ?? (whole < 0 ? .min : .max), value - whole)
        default: return (0, 0)
        }
    }

    private static func compare(_ x: JSONObject, _ y: JSONObject) -> Int {
        // By the length of the key, then its bytes, as the stored form has them.
        func sorted(_ object: JSONObject) -> [(key: [UInt8], value: JSONValue)] {
            object.map { (Array($0.key.utf8), $0.value) }.sorted {
                ($0.key.count, $0.key.map { Int($0) }.description)
                    < ($1.key.count, $1.key.map { Int($0) }.description)
            }
        }
        for (p, q) in zip(sorted(x), sorted(y)) {
            if p.key != q.key {
                if p.key.count != q.key.count { return p.key.count - q.key.count }
                return p.key.lexicographicallyPrecedes(q.key) ? -1 : 1
            }
            let order = ModelValue(p.value).compare(ModelValue(q.value))
            if order != 0 { return order }
        }
        return x.count - y.count
    }
}

/// A filter, and what it means.
struct ModelFilter: Sendable {
    let filter: Filter
    let truth: @Sendable (JSONObject?) -> Bool?

    static func random(_ material: RandomMaterial, depth: Int = 0) -> ModelFilter {
        if depth < 2 && material.chance(0.35) {
            let a = random(material, depth: depth + 1)
            let b = random(material, depth: depth + 1)
            switch material.below(5) {
            case 0, 1:
                return ModelFilter(filter: a.filter && b.filter) { properties in
                    let (x, y) = (a.truth(properties), b.truth(properties))
                    if x == false || y == false { return false }
                    return x == nil || y == nil ? nil : true
                }
            case 2, 3:
                return ModelFilter(filter: a.filter || b.filter) { properties in
                    let (x, y) = (a.truth(properties), b.truth(properties))
                    if x == true || y == true { return true }
                    return x == nil || y == nil ? nil : false
                }
            default: return ModelFilter(filter: !a.filter) { a.truth($0).map { !$0 } }
            }
        }
        let names = material.pick([["n"], ["n"], ["k"], ["k"], ["inner", "a"], ["inner", "b"]])
        return leaf(material, names)
    }

    private static func leaf(_ material: RandomMaterial, _ names: [String]) -> ModelFilter {
        let path = PropertyPath(names: names, reading: .value)
        let value: JSONValue =
            names == ["n"]
            ? .int(Int64(material.below(1000)))
            : names == ["inner", "a"] ? .double(material.double(-1...1)) : scalar(material)
        switch material.below(10) {
        case 0: return ModelFilter(filter: path.exists) { find(names, $0) != nil }
        case 1: return ModelFilter(filter: path.isNull) { find(names, $0)?.isNull ?? false }
        case 2: return ModelFilter(filter: path.isMissing) { find(names, $0) == nil }
        case 3: return compared(path == value, names, value) { $0 == 0 }
        case 4: return compared(path != value, names, value) { $0 != 0 }
        case 5: return compared(path < value, names, value) { $0 < 0 }
        case 6: return compared(path >= value, names, value) { $0 >= 0 }
        case 7: return compared(path > value, names, value) { $0 > 0 }
        case 8:
            return ModelFilter(filter: path.beginsWith("ab")) { properties in
                guard case .string(let text)? = find(names, properties) else { return nil }
                return Array(text.utf8).starts(with: "ab".utf8)
            }
        default: return compared(path <= value, names, value) { $0 <= 0 }
        }
    }

    private static func scalar(_ material: RandomMaterial) -> JSONValue {
        while true {
            let value = material.mixedValue()
            if ModelValue(value).rank <= 2 { return value }
        }
    }

    private static func find(_ names: [String], _ properties: JSONObject?) -> JSONValue? {
        ModelValue(at: names, in: properties).value
    }

    private static func compared(
        _ filter: Filter, _ names: [String], _ value: JSONValue,
        _ holds: @escaping @Sendable (Int) -> Bool
    ) -> ModelFilter {
        ModelFilter(filter: filter) { properties in
            let found = ModelValue(at: names, in: properties)
            let wanted = ModelValue(value)
            return found.rank == wanted.rank ? holds(found.compare(wanted)) : nil
        }
    }
}
