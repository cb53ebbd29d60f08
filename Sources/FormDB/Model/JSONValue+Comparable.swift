// Equality, order and hash of JSON values: exact for numbers, by UTF-8 bytes for texts.

extension JSONValue: Hashable, Comparable {
    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): return true
        case (.bool(let x), .bool(let y)): return x == y
        case (.string(let x), .string(let y)): return TextBytes.areEqual(x, y)
        case (.array(let x), .array(let y)): return x == y
        case (.object(let x), .object(let y)): return x == y
        default:
            guard let x = ExactNumber(a), let y = ExactNumber(b) else { return false }
            return x.compare(y) == 0
        }
    }

    /// A total order: null, false, true, numbers by exact value, texts by bytes, arrays element by
    /// element, objects by their members sorted by key. NaN comes after all other numbers.
    public static func < (a: JSONValue, b: JSONValue) -> Bool { a.compare(b) < 0 }

    /// Negative, zero or positive.
    func compare(_ other: JSONValue) -> Int {
        switch (self, other) {
        case (.bool(let x), .bool(let y)): return (x ? 1 : 0) - (y ? 1 : 0)
        case (.string(let x), .string(let y)): return TextBytes.compare(x, y)
        case (.array(let x), .array(let y)):
            for (p, q) in zip(x, y) {
                let order = p.compare(q)
                if order != 0 { return order }
            }
            return x.count - y.count
        case (.object(let x), .object(let y)):
            for (p, q) in zip(x.sortedByBytes, y.sortedByBytes) {
                let keys = TextBytes.compare(p.key, q.key)
                if keys != 0 { return keys }
                let order = p.value.compare(q.value)
                if order != 0 { return order }
            }
            return x.count - y.count
        default:
            if let x = ExactNumber(self), let y = ExactNumber(other) { return x.compare(y) }
            return kindRank - other.kindRank
        }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(UInt8(kindRank))
        switch self {
        case .null: break
        case .bool(let value): hasher.combine(value)
        case .string(let value): TextBytes.hash(value, into: &hasher)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        case .int, .uint, .double: ExactNumber(self)?.hash(into: &hasher)
        }
    }

    private var kindRank: Int {
        switch self {
        case .null: 0
        case .bool: 1
        case .int, .uint, .double: 2
        case .string: 3
        case .array: 4
        case .object: 5
        }
    }

    /// Whether kinds, bits and order of members agree too, not just values: whether writing both
    /// gives the same text.
    func isIdentical(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.int(let x), .int(let y)): x == y
        case (.uint(let x), .uint(let y)): x == y
        case (.double(let x), .double(let y)): x.bitPattern == y.bitPattern
        case (.string(let x), .string(let y)): TextBytes.areEqual(x, y)
        case (.array(let x), .array(let y)):
            x.count == y.count && zip(x, y).allSatisfy { $0.isIdentical(to: $1) }
        case (.object(let x), .object(let y)): x.isIdentical(to: y)
        default: false
        }
    }
}

/// A number in the one form that its exact value has: an integer where it is one.
enum ExactNumber {
    case negative(Int64)  // below zero
    case natural(UInt64)
    case other(Double)  // a fraction, or an integer beyond 64 bits, or NaN

    init?(_ value: JSONValue) {
        switch value {
        case .int(let value): self = value < 0 ? .negative(value) : .natural(UInt64(value))
        case .uint(let value): self = .natural(value)
        case .double(let value): self.init(value)
        default: return nil
        }
    }

    init(_ value: Double) {
        if let natural = UInt64(exactly: value) {
            self = .natural(natural)
        } else if let integer = Int64(exactly: value) {
            self = .negative(integer)
        } else {
            self = .other(value)
        }
    }

    /// Negative, zero or positive, by exact value; NaN equals NaN and comes last.
    func compare(_ other: ExactNumber) -> Int {
        switch (self, other) {
        case (.negative(let x), .negative(let y)): x < y ? -1 : x == y ? 0 : 1
        case (.natural(let x), .natural(let y)): x < y ? -1 : x == y ? 0 : 1
        case (.negative, .natural): -1
        case (.natural, .negative): 1
        case (.other(let x), .other(let y)):
            x.isNaN || y.isNaN
                ? (x.isNaN ? 1 : 0) - (y.isNaN ? 1 : 0) : x < y ? -1 : x == y ? 0 : 1
        case (_, .other(let y)): -Self.compare(y, self)
        case (.other(let x), _): Self.compare(x, other)
        }
    }

    /// A double that equals no 64-bit integer against one.
    private static func compare(_ x: Double, _ integer: ExactNumber) -> Int {
        if x.isNaN { return 1 }
        // Between two integers: rounded down, it is less than all integers above that.
        let floor = x.rounded(.down)
        switch integer {
        case .negative(let y):
            guard let below = Int64(exactly: floor) else { return x < 0 ? -1 : 1 }
            return below < y ? -1 : 1
        case .natural(let y):
            guard x > 0 else { return -1 }
            guard let below = UInt64(exactly: floor) else { return 1 }
            return below < y ? -1 : 1
        case .other: return 0  // never asked
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .negative(let value): hasher.combine(value)
        case .natural(let value): hasher.combine(value)
        case .other(let value):
            hasher.combine(value.isNaN ? Double.nan.bitPattern : value.bitPattern)
        }
    }
}
