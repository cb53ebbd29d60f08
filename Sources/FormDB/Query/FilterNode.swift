/// A filter in its normal form: no `not`, and equal conditions written alike.
///
/// Comparisons are sets of ranges of one kind of value, so that `not` is the complement and conditions
/// on one property merge; `and` and `or` are flat, without repetition, in order of their encoding.
/// All of this keeps the three values: what was unknown stays unknown.
///
/// The encoding is the core's program (Sources/CFormCore/codec/predicate.h), and two filters are equal
/// if and only if their encodings are.
struct FilterNode: Sendable {
    indirect enum Shape: Sendable {
        /// Of nothing: true.
        case all([FilterNode])
        /// Of nothing: false.
        case any([FilterNode])
        case unknown
        case states(PropertyPath, States)
        case text(PropertyPath, contains: String, isNegated: Bool)
        case element(PropertyPath, JSONValue, isNegated: Bool)
        case ranges(PropertyPath, FilterRanges)
    }

    /// Whether there is a value.
    struct States: OptionSet, Sendable {
        let rawValue: UInt8
        static let value = States(rawValue: 1)
        static let null = States(rawValue: 2)
        static let missing = States(rawValue: 4)
        static let all: States = [.value, .null, .missing]
    }

    let shape: Shape
    let encoded: [UInt8]
    /// Of the encoding; the same in every process.
    let hash: UInt64
    /// How deep `and` and `or` are nested.
    let depth: Int

    static let always = FilterNode(.all([]))
    static let never = FilterNode(.any([]))
    static let unknown = FilterNode(.unknown)

    /// Encodes a shape that is normal already.
    private init(_ shape: Shape) {
        self.shape = shape
        var output = OutputBuffer(capacity: 64)
        var depth = 0
        switch shape {
        case .all(let parts) where parts.isEmpty: output.append(0xf5)
        case .any(let parts) where parts.isEmpty: output.append(0xf4)
        case .unknown: output.append(0xf6)
        case .all(let parts), .any(let parts):
            CBOREncoder.appendHead(0x80, UInt64(parts.count + 1), to: &output)
            if case .all = shape { output.append(0) } else { output.append(1) }
            for part in parts { unsafe part.encoded.withUnsafeBytes { unsafe output.append($0) } }
            depth = 1 + (parts.map(\.depth).max() ?? 0)
        case .states(let path, let states):
            Self.open(3, 2, path, &output)
            output.append(states.rawValue)
        case .text(let path, let text, let isNegated):
            Self.open(4, 3, path, &output)
            output.append(isNegated ? 0xf5 : 0xf4)
            CBOREncoder.append(text: text, to: &output)
        case .element(let path, let value, let isNegated):
            Self.open(4, 4, path, &output)
            output.append(isNegated ? 0xf5 : 0xf4)
            Self.encoding { try CBOREncoder.append(value, to: &output) }
        case .ranges(let path, let ranges):
            var operands = OutputBuffer(capacity: 64)
            var count = 0
            Self.encoding { count = try ranges.encode(into: &operands) }
            Self.open(2 + count, 5, path, &output)
            unsafe operands.withBytes { unsafe output.append($0) }
        }
        encoded = output.bytes
        hash = Self.hash(encoded)
        self.depth = depth
    }

    private static func open(
        _ count: Int, _ operation: UInt8, _ path: PropertyPath, _ output: inout OutputBuffer
    ) {
        CBOREncoder.appendHead(0x80, UInt64(count), to: &output)
        output.append(operation)
        unsafe path.encoded.withUnsafeBytes { unsafe output.append($0) }
    }

    /// Runs what can't throw, because ``canonical(_:)`` let only encodable values through.
    private static func encoding(_ body: () throws -> Void) {
        do { try body() } catch { preconditionFailure("a value that can't be encoded: \(error)") }
    }

    /// Words of eight bytes, multiplied and folded. COST: about a nanosecond a word.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash = UInt64(bytes.count) &* 0x9e37_79b9_7f4a_7c15
        func mix(_ word: UInt64) {
            let product = (hash ^ word).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
            hash = product.high ^ product.low ^ word
        }
        unsafe bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset + 8 <= bytes.count {
                mix(unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            var last: UInt64 = 0
            while offset < bytes.count {
                last = unsafe last << 8 | UInt64(bytes[offset])
                offset += 1
            }
            mix(last)
        }
        return hash
    }
}

extension FilterNode: Hashable {
    static func == (a: FilterNode, b: FilterNode) -> Bool {
        a.hash == b.hash && a.encoded == b.encoded
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

// MARK: - Leaves

extension FilterNode {
    enum Comparison { case equal, less, lessOrEqual, greater, greaterOrEqual }

    /// A comparison with a value: unknown with null and NaN, and an order of arrays or objects.
    static func compare(
        _ path: PropertyPath, _ comparison: Comparison, _ value: JSONValue
    ) -> FilterNode {
        guard let kind = ValueKind(value) else { return unknown }
        if case .double(let number) = value, !number.isFinite {
            return compare(path, comparison, nonFinite: number)
        }
        guard let value = canonical(value) else {
            // No JSON value equals it.
            return comparison == .equal ? FilterNode(.ranges(path, .none(kind))) : unknown
        }
        if comparison != .equal && (kind == .array || kind == .object) { return unknown }
        let ranges =
            switch comparison {
            case .equal: FilterRanges(equalTo: value, kind)
            case .less: FilterRanges(upTo: value, kind, isIncluded: false)
            case .lessOrEqual: FilterRanges(upTo: value, kind, isIncluded: true)
            case .greater: FilterRanges(upTo: value, kind, isIncluded: true).complement
            case .greaterOrEqual: FilterRanges(upTo: value, kind, isIncluded: false).complement
            }
        return FilterNode(.ranges(path, ranges))
    }

    /// An infinity lies beyond all numbers that JSON can hold.
    private static func compare(
        _ path: PropertyPath, _ comparison: Comparison, nonFinite number: Double
    ) -> FilterNode {
        if number.isNaN { return unknown }
        let isMet =
            switch comparison {
            case .equal: false
            case .less, .lessOrEqual: number > 0
            case .greater, .greaterOrEqual: number < 0
            }
        let none = FilterRanges.none(.number)
        return FilterNode(.ranges(path, isMet ? none.complement : none))
    }

    static func begins(_ path: PropertyPath, with prefix: String) -> FilterNode {
        FilterNode(.ranges(path, FilterRanges(beginningWith: prefix)))
    }

    static func text(_ path: PropertyPath, contains text: String) -> FilterNode {
        FilterNode(.text(path, contains: text, isNegated: false))
    }

    static func element(_ path: PropertyPath, _ value: JSONValue) -> FilterNode {
        guard let value = canonical(value) else {
            // No element equals it: false of every array.
            return FilterNode(.ranges(path, .none(.array)))
        }
        return FilterNode(.element(path, value, isNegated: false))
    }

    static func states(_ path: PropertyPath, _ states: States) -> FilterNode {
        states.isEmpty ? never : states == .all ? always : FilterNode(.states(path, states))
    }

    /// The value with each number in the one form that its exact value has; nil when no JSON value can
    /// equal it (NaN or an infinity in it, or nested deeper than a property can be).
    private static func canonical(_ value: JSONValue, depth: Int = 1) -> JSONValue? {
        switch value {
        case .uint(let number): return Int64(exactly: number).map { .int($0) } ?? value
        case .double(let number):
            if !number.isFinite { return nil }
            if let integer = Int64(exactly: number) { return .int(integer) }
            return UInt64(exactly: number).map { .uint($0) } ?? value
        case .array(let elements):
            if depth >= CBOREncoder.depthMax { return nil }
            var canonicals: [JSONValue] = []
            for element in elements {
                guard let one = canonical(element, depth: depth + 1) else { return nil }
                canonicals.append(one)
            }
            return .array(canonicals)
        case .object(let object):
            if depth >= CBOREncoder.depthMax { return nil }
            var canonicals = JSONObject()
            for (key, value) in object {
                guard let one = canonical(value, depth: depth + 1) else { return nil }
                canonicals[key] = one
            }
            return .object(canonicals)
        default: return value
        }
    }
}

// MARK: - Combining

extension FilterNode {
    var negated: FilterNode {
        switch shape {
        case .all(let parts): Self.combined(parts.map(\.negated), isAll: false)
        case .any(let parts): Self.combined(parts.map(\.negated), isAll: true)
        case .unknown: self
        case .states(let path, let states): Self.states(path, States.all.subtracting(states))
        case .text(let path, let text, let isNegated):
            FilterNode(.text(path, contains: text, isNegated: !isNegated))
        case .element(let path, let value, let isNegated):
            FilterNode(.element(path, value, isNegated: !isNegated))
        case .ranges(let path, let ranges): FilterNode(.ranges(path, ranges.complement))
        }
    }

    /// All of the parts, or any of them.
    static func combined(_ parts: [FilterNode], isAll: Bool) -> FilterNode {
        var flat: [FilterNode] = []
        for part in parts {
            switch part.shape {
            case .all(let inner) where isAll: flat += inner
            case .any(let inner) where !isAll: flat += inner
            default: flat.append(part)
            }
        }
        let absorbing = isAll ? never : always
        let merged = merge(flat, isAll: isAll)
        if merged.contains(absorbing) { return absorbing }
        // What changes nothing was the only one, or is of the other shape and empty.
        let kept = merged.filter { $0 != (isAll ? always : never) }
            .sorted { $0.encoded.lexicographicallyPrecedes($1.encoded) }
        if kept.count == 1 { return kept[0] }
        return FilterNode(isAll ? .all(kept) : .any(kept))
    }

    /// Conditions on one property become one where that says the same; equal ones are kept once.
    private static func merge(_ parts: [FilterNode], isAll: Bool) -> [FilterNode] {
        struct Subject: Hashable {
            var path: PropertyPath
            var kind: ValueKind?
        }
        var ranges: [Subject: FilterRanges] = [:]
        var states: [Subject: States] = [:]
        var others: Set<FilterNode> = []
        for part in parts {
            switch part.shape {
            case .ranges(let path, let new):
                let subject = Subject(path: path, kind: new.kind)
                ranges[subject] =
                    ranges[subject]?.combined(with: new, both: isAll) ?? new
            case .states(let path, let new):
                let subject = Subject(path: path)
                let old = states[subject]
                states[subject] =
                    old.map { isAll ? $0.intersection(new) : $0.union(new) } ?? new
            default: others.insert(part)
            }
        }
        return Array(others) + ranges.map { FilterNode(.ranges($0.key.path, $0.value)) }
            + states.map { Self.states($0.key.path, $0.value) }
    }
}
