@testable import FormDB

/// Random properties and conditions on them, from pools small enough that they often meet: numbers at the edges
/// of what each kind holds, texts with shared prefixes and of all lengths of UTF-8, every kind of value.
struct RandomFilters {
    var random: SeededGenerator

    static let names = [
        "a", "b", "ab", "é", "name", "e\u{301}", "kind", "magnitude", "", "o", "p",
        "a name that is longer than twenty-four bytes", "zz", "q1", "q2", "q3", "q4", "q5", "q6",
        "q7",
        "q8", "q9",
    ]

    static let numbers: [JSONValue] = [
        .int(0), .int(1), .int(-1), .int(2), .int(23), .int(24), .int(255), .int(256), .int(65_536),
        .int(1 << 53), .int((1 << 53) + 1), .int((1 << 53) - 1), .int(-(1 << 53) - 1), .int(.max),
        .int(.max - 1), .int(.min), .int(.min + 1), .uint(1 << 63), .uint((1 << 63) + 1),
        .uint(.max),
        .uint(.max - 1), .uint(5), .double(0), .double(-0.0), .double(0.5), .double(1),
        .double(1.5),
        .double(-1), .double(0.1), .double(0x1p53), .double(0x1p53 + 2), .double(0x1p63),
        .double(-0x1p63), .double(0x1p64), .double(0x1p63 - 1024), .double(0x1p64 - 2048),
        .double(1e300), .double(-1e300), .double(Double.leastNonzeroMagnitude), .double(.pi),
        .double(65_504),
    ]

    static let texts = [
        "", "a", "ab", "abc", "abd", "b", "P", "Pa", "Par", "Paris", "Pas", "é", "e\u{301}", "éa",
        "日本",
        "日本語", "\u{7f}", "\u{7f}a", "\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{d7ff}x",
        "\u{e000}",
        "\u{ffff}", "\u{10000}", "\u{10ffff}", "\u{10ffff}\u{10ffff}", "a\u{10ffff}", "earthquake",
        "quarry blast", "a text that is longer than twenty-four bytes is",
        "2024-05-01T12:00:00Z", "2024-05-01T14:00:00+02:00", "2024-05-01t12:00:00.000001z",
        "2024-05-01", "1970-01-01 00:00:00Z", "1969-12-31T23:59:59.9999995Z",
    ]

    static let times = [
        "2024-05-01T12:00:00Z", "2024-05-01T12:00:00.000001Z", "1970-01-01T00:00:00Z",
        "2000-01-01T00:00:00Z",
    ].map { text in (try? Timestamp(iso8601: text)) ?? .min }

    mutating func chance(_ one: Int, in count: Int) -> Bool {
        Int.random(in: 0..<count, using: &random) < one
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    mutating func value(depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth < 3 ? 10 : 8), using: &random) {
        case 0...2: return pick(Self.numbers)
        case 3...5: return .string(pick(Self.texts))
        case 6: return .bool(chance(1, in: 2))
        case 7: return .null
        case 8:
            let count = Int.random(in: 0...4, using: &random)
            return .array((0..<count).map { _ in value(depth: depth + 1) })
        default: return .object(object(depth: depth + 1))
        }
    }

    mutating func object(depth: Int = 0) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0...(depth == 0 ? 14 : 4), using: &random) {
            object[name(depth: depth)] = value(depth: depth)
        }
        return object
    }

    /// Few names inside, so that nested paths are often there.
    private mutating func name(depth: Int) -> String {
        depth == 0 ? pick(Self.names) : pick(["a", "é", "o"])
    }

    mutating func names() -> [String] {
        var names = [name(depth: 0)]
        while chance(1, in: 4) { names.append(name(depth: 1)) }
        return names
    }

    /// A condition whose leaves are few enough to be met, or not, by a good part of what is asked.
    mutating func condition(depth: Int = 0, few: [String]? = nil) -> NaiveFilter {
        // Conditions on the same property are what normal forms merge.
        let few = few ?? (chance(1, in: 2) ? names() : nil)
        if depth < 4, chance(2, in: depth == 0 ? 3 : 5) {
            let parts = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                condition(depth: depth + 1, few: few)
            }
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1: return .all(parts)
            case 2, 3: return .any(parts)
            default: return .not(condition(depth: depth + 1, few: few))
            }
        }
        let path = few.flatMap { chance(3, in: 4) ? $0 : nil } ?? names()
        switch Int.random(in: 0..<14, using: &random) {
        case 0...4: return .compare(path, pick(NaiveFilter.Comparison.allCases), value(depth: 2))
        case 5:
            return .isIn(
                path, (0..<Int.random(in: 0...5, using: &random)).map { _ in value(depth: 2) })
        case 6: return .between(path, value(depth: 3), value(depth: 3))
        case 7: return .begins(path, pick(Self.texts))
        case 8: return .contains(path, pick(Self.texts))
        case 9: return .element(path, value(depth: 2))
        case 10: return .presence(path, pick(NaiveFilter.Presence.allCases))
        case 11: return .timePresence(path, pick(NaiveFilter.Presence.allCases))
        default: return .time(path, pick(NaiveFilter.Comparison.allCases), pick(Self.times))
        }
    }
}
