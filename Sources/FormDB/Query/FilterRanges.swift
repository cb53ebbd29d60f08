// Sets of values of one kind, as sorted disjoint ranges: what all comparisons come down to.

/// The kinds of JSON values in the order in which they sort; as in the core.
enum ValueKind: UInt8, Sendable {
    case number = 0
    case text = 1
    case boolean = 2
    case array = 3
    case object = 4

    /// Nil for null.
    init?(_ value: JSONValue) {
        switch value {
        case .null: return nil
        case .bool: self = .boolean
        case .int, .uint, .double: self = .number
        case .string: self = .text
        case .array: self = .array
        case .object: self = .object
        }
    }
}

/// A set of values of one kind, told from below: whether the least belong to it, and where that
/// changes. Equal sets have equal cuts.
///
/// Arrays and objects are only equal or not: of them there are sets of values and their complements.
struct FilterRanges {
    /// A place between values where membership changes: just before a value, or just after it.
    struct Cut {
        var value: JSONValue
        var isAfter: Bool

        func compare(_ other: Cut) -> Int {
            let order = value.compare(other.value)
            return order != 0 ? order : (isAfter ? 1 : 0) - (other.isAfter ? 1 : 0)
        }
    }

    let kind: ValueKind
    private(set) var startsInside: Bool
    private(set) var cuts: [Cut]

    /// None of the values of a kind.
    static func none(_ kind: ValueKind) -> FilterRanges {
        FilterRanges(kind, startsInside: false, cuts: [])
    }

    private init(_ kind: ValueKind, startsInside: Bool, cuts: [Cut]) {
        self.kind = kind
        self.startsInside = startsInside
        self.cuts = cuts
        normalize()
    }

    /// The value alone.
    init(equalTo value: JSONValue, _ kind: ValueKind) {
        self.init(
            kind, startsInside: false,
            cuts: [Cut(value: value, isAfter: false), Cut(value: value, isAfter: true)])
    }

    /// All below a value, itself too if it is included.
    init(upTo value: JSONValue, _ kind: ValueKind, isIncluded: Bool) {
        self.init(kind, startsInside: true, cuts: [Cut(value: value, isAfter: isIncluded)])
    }

    /// The texts that begin with a prefix.
    init(beginningWith prefix: String) {
        var cuts = [Cut(value: .string(prefix), isAfter: false)]
        if let end = Self.successor(of: prefix) {
            cuts.append(Cut(value: .string(end), isAfter: false))
        }
        self.init(.text, startsInside: false, cuts: cuts)
    }

    /// The least text after all that begin with a prefix; nil if there is none. UTF-8 has the order of
    /// its scalars, so the last one that can be raised is.
    static func successor(of prefix: String) -> String? {
        var scalars = Array(prefix.unicodeScalars)
        while let last = scalars.popLast() {
            if last.value == 0x10ffff { continue }
            let next = last.value == 0xd7ff ? 0xe000 : last.value + 1
            var end = String.UnicodeScalarView(scalars)
            end.append(Unicode.Scalar(next)!)
            return String(end)
        }
        return nil
    }

    var complement: FilterRanges {
        FilterRanges(kind, startsInside: !startsInside, cuts: cuts)
    }

    /// What is in both, or in either. REQUIRES: the same kind.
    func combined(with other: FilterRanges, both: Bool) -> FilterRanges {
        func isMember(_ a: Bool, _ b: Bool) -> Bool { both ? a && b : a || b }
        var inside = (startsInside, other.startsInside)
        var merged = FilterRanges(
            kind, startsInside: isMember(inside.0, inside.1), cuts: [])
        var isInside = merged.startsInside
        var i = 0
        var j = 0
        while i < cuts.count || j < other.cuts.count {
            let order =
                i == cuts.count
                ? 1 : j == other.cuts.count ? -1 : cuts[i].compare(other.cuts[j])
            let cut = order <= 0 ? cuts[i] : other.cuts[j]
            if order <= 0 {
                inside.0.toggle()
                i += 1
            }
            if order >= 0 {
                inside.1.toggle()
                j += 1
            }
            if isMember(inside.0, inside.1) != isInside {
                isInside.toggle()
                merged.cuts.append(cut)
            }
        }
        merged.normalize()
        return merged
    }

    /// Ends that mean the same are written alike: of two booleans, and below the least text.
    private mutating func normalize() {
        if kind == .boolean {
            let members = [false, true].filter { contains(.bool($0)) }
            startsInside = members.count == 2
            cuts =
                members.count != 1
                ? []
                : [false, true].map { Cut(value: .bool(members[0]), isAfter: $0) }
        } else if kind == .text, let first = cuts.first, !first.isAfter,
            first.value == .string("")
        {
            startsInside.toggle()
            cuts.removeFirst()
        }
    }

    /// Whether a value of the kind belongs to it.
    func contains(_ value: JSONValue) -> Bool {
        let passed = cuts.count {
            let order = $0.value.compare(value)
            return order < 0 || (order == 0 && !$0.isAfter)
        }
        return startsInside != (passed % 2 == 1)
    }

    /// Its ranges in order, with the cuts that bound them; nil where open.
    var spans: [(lower: Cut?, upper: Cut?)] {
        var bounds: [Cut?] = cuts
        if startsInside { bounds.insert(nil, at: 0) }
        if bounds.count % 2 == 1 { bounds.append(nil) }
        return stride(from: 0, to: bounds.count, by: 2).map { (bounds[$0], bounds[$0 + 1]) }
    }

    /// Appends the operands of the core's program: kind, inside, then side and value by turns.
    func encode(into output: inout OutputBuffer) throws -> Int {
        output.append(kind.rawValue)
        output.append(startsInside ? 0xf5 : 0xf4)
        var pairs = 0
        var index = 0
        while index < cuts.count {
            let isPoint =
                !cuts[index].isAfter && index + 1 < cuts.count
                && cuts[index + 1].value == cuts[index].value
            output.append(isPoint ? 3 : cuts[index].isAfter ? 2 : 1)
            try CBOREncoder.append(cuts[index].value, to: &output)
            index += isPoint ? 2 : 1
            pairs += 1
        }
        return 2 + 2 * pairs
    }
}
