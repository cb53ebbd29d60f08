@testable import FormDB

/// A condition as it was written, and its meaning told in the plainest way; nothing of the engine's filters
/// or its order of values is used.
indirect enum NaiveFilter {
    enum Comparison: CaseIterable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    }
    enum Presence: CaseIterable { case exists, isNull, isMissing }

    case compare([String], Comparison, JSONValue)
    case isIn([String], [JSONValue])
    case between([String], JSONValue, JSONValue)
    case begins([String], String)
    case contains([String], String)
    case element([String], JSONValue)
    case presence([String], Presence)
    case time([String], Comparison, Timestamp)
    case timePresence([String], Presence)
    case all([NaiveFilter])
    case any([NaiveFilter])
    case not(NaiveFilter)

    /// True, false, or nil for unknown.
    func evaluate(_ object: JSONObject) -> Bool? {
        switch self {
        case .compare(let names, let comparison, let wanted):
            return Self.compare(Self.find(names, object), comparison, wanted)
        case .isIn(let names, let list):
            let value = Self.find(names, object)
            return Self.any(list.map { Self.compare(value, .equal, $0) })
        case .between(let names, let low, let high):
            let value = Self.find(names, object)
            return Self.all([
                Self.compare(value, .greaterOrEqual, low), Self.compare(value, .lessOrEqual, high),
            ])
        case .begins(let names, let prefix):
            guard case .string(let text)? = Self.find(names, object) else { return nil }
            return Array(text.utf8).starts(with: Array(prefix.utf8))
        case .contains(let names, let part):
            guard case .string(let text)? = Self.find(names, object) else { return nil }
            let whole = Array(text.utf8)
            let wanted = Array(part.utf8)
            return wanted.count <= whole.count
                && (0...whole.count - wanted.count).contains { start in
                    Array(whole[start..<start + wanted.count]) == wanted
                }
        case .element(let names, let wanted):
            guard case .array(let elements)? = Self.find(names, object) else { return nil }
            return elements.contains { Self.areEqual($0, wanted) }
        case .presence(let names, let presence):
            return Self.has(Self.find(names, object), presence)
        case .time(let names, let comparison, let time):
            let value = Self.time(Self.find(names, object))
            return Self.compare(value, comparison, .int(time.microseconds))
        case .timePresence(let names, let presence):
            return Self.has(Self.time(Self.find(names, object)), presence)
        case .all(let parts): return Self.all(parts.map { $0.evaluate(object) })
        case .any(let parts): return Self.any(parts.map { $0.evaluate(object) })
        case .not(let part): return part.evaluate(object).map { !$0 }
        }
    }

    private static func all(_ parts: [Bool?]) -> Bool? {
        parts.contains(false) ? false : parts.contains(nil) ? nil : true
    }

    private static func any(_ parts: [Bool?]) -> Bool? {
        parts.contains(true) ? true : parts.contains(nil) ? nil : false
    }

    private static func has(_ value: JSONValue?, _ presence: Presence) -> Bool {
        switch presence {
        case .exists: value != nil
        case .isNull: value.map { if case .null = $0 { true } else { false } } ?? false
        case .isMissing: value == nil
        }
    }

    static func find(_ names: [String], _ object: JSONObject) -> JSONValue? {
        var value = JSONValue.object(object)
        for name in names {
            guard case .object(let members) = value,
                let member = members.first(where: { Array($0.key.utf8) == Array(name.utf8) })
            else { return nil }
            value = member.value
        }
        return value
    }

    static func time(_ value: JSONValue?) -> JSONValue? {
        switch value {
        case .null?: .null
        case .string(let text)?:
            (try? Timestamp(iso8601: text, parsing: .lenient)).map { .int($0.microseconds) }
        default: nil
        }
    }

    private static func compare(
        _ value: JSONValue?, _ comparison: Comparison, _ wanted: JSONValue
    ) -> Bool? {
        guard let value else { return nil }
        let order: Int
        switch (value, wanted) {
        case (.bool(let a), .bool(let b)): order = a == b ? 0 : a ? 1 : -1
        case (.string(let a), .string(let b)): order = compareBytes(Array(a.utf8), Array(b.utf8))
        case (.array, .array), (.object, .object):
            switch comparison {
            case .equal: return areEqual(value, wanted)
            case .notEqual: return !areEqual(value, wanted)
            default: return nil
            }
        default:
            guard value.isNumber, wanted.isNumber else { return nil }
            order = compareNumbers(value, wanted)
        }
        switch comparison {
        case .equal: return order == 0
        case .notEqual: return order != 0
        case .less: return order < 0
        case .lessOrEqual: return order <= 0
        case .greater: return order > 0
        case .greaterOrEqual: return order >= 0
        }
    }

    private static func areEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): return true
        case (.bool(let x), .bool(let y)): return x == y
        case (.string(let x), .string(let y)): return Array(x.utf8) == Array(y.utf8)
        case (.array(let x), .array(let y)):
            return x.count == y.count && zip(x, y).allSatisfy { areEqual($0, $1) }
        case (.object(let x), .object(let y)):
            return x.count == y.count
                && x.allSatisfy { member in
                    find([member.key], y).map { areEqual(member.value, $0) } ?? false
                }
        default: return a.isNumber && b.isNumber && compareNumbers(a, b) == 0
        }
    }

    private static func compareBytes(_ a: [UInt8], _ b: [UInt8]) -> Int {
        a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
    }

    /// A number as a whole part and a fraction in [0, 1), or as it is beyond 2^100.
    private static func compareNumbers(_ a: JSONValue, _ b: JSONValue) -> Int {
        func parts(_ value: JSONValue) -> (far: Double, whole: Int128, fraction: Double) {
            switch value {
            case .int(let value): return (0, Int128(value), 0)
            case .uint(let value): return (0, Int128(value), 0)
            case .double(let value):
                if value.magnitude >= 0x1p100 { return (value, 0, 0) }
                return (0, Int128(value.rounded(.down)), value - value.rounded(.down))
            default: fatalError("no number")
            }
        }
        let x = parts(a)
        let y = parts(b)
        return x == y ? 0 : x < y ? -1 : 1
    }
}

extension NaiveFilter {
    /// The same condition in the words of the library.
    var filter: Filter {
        switch self {
        case .compare(let names, let comparison, let value):
            let path = Self.path(names)
            return switch comparison {
            case .equal: path == value
            case .notEqual: path != value
            case .less: path < value
            case .lessOrEqual: path <= value
            case .greater: path > value
            case .greaterOrEqual: path >= value
            }
        case .isIn(let names, let list): return Self.path(names).isIn(list)
        case .between(let names, let low, let high): return Self.path(names).between(low, and: high)
        case .begins(let names, let prefix): return Self.path(names).beginsWith(prefix)
        case .contains(let names, let text): return Self.path(names).contains(text)
        case .element(let names, let value): return Self.path(names).containsElement(value)
        case .presence(let names, let presence):
            let path = Self.path(names)
            return switch presence {
            case .exists: path.exists
            case .isNull: path.isNull
            case .isMissing: path.isMissing
            }
        case .time(let names, let comparison, let time):
            let property = Self.path(names).asTimestamp
            return switch comparison {
            case .equal: property == time
            case .notEqual: property != time
            case .less: property < time
            case .lessOrEqual: property <= time
            case .greater: property > time
            case .greaterOrEqual: property >= time
            }
        case .timePresence(let names, let presence):
            let property = Self.path(names).asTimestamp
            return switch presence {
            case .exists: property.exists
            case .isNull: property.isNull
            case .isMissing: property.isMissing
            }
        case .all(let parts): return .all(of: parts.map(\.filter))
        case .any(let parts): return .any(of: parts.map(\.filter))
        case .not(let part): return !part.filter
        }
    }

    private static func path(_ names: [String]) -> PropertyPath {
        PropertyPath(names: names, reading: .value)
    }
}
