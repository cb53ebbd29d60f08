/// A question whose answer may be kept: equal ones have equal answers at one snapshot.
protocol CacheableQuestion: Hashable, Sendable {
    /// Combines all that tells questions apart; a part that is left out costs hits, no more.
    func combine(into fingerprint: inout Fingerprint)
    /// Whether it is quickly seen to be the same; false of many that are.
    func isIdentical(to other: Self) -> Bool
    /// What it keeps alive beyond itself.
    var bytes: Int { get }
}

/// A query, and what is asked of it.
struct FeatureQuestion: CacheableQuestion {
    enum Answer: Hashable, Sendable {
        case count, ids, features, neighbors
        /// Whatever is said of groups is said from these: of all at once, by key, by window.
        indirect case groups(CoreAggregation)
    }

    var query: FeatureQuery
    var answer: Answer

    @inline(__always)
    func combine(into fingerprint: inout Fingerprint) {
        switch answer {
        case .count: fingerprint.combine(0 as UInt64)
        case .ids: fingerprint.combine(1 as UInt64)
        case .features: fingerprint.combine(2 as UInt64)
        case .neighbors: fingerprint.combine(3 as UInt64)
        case .groups(let aggregation): aggregation.combine(into: &fingerprint)
        }
        query.combine(into: &fingerprint)
    }

    @inline(__always)
    func isIdentical(to other: FeatureQuestion) -> Bool {
        query.isIdentical(to: other.query) && answer == other.answer
    }

    var bytes: Int {
        if case .groups(let aggregation) = answer { return query.bytes + aggregation.bytes }
        return query.bytes
    }
}

/// A query, and what is asked of it.
struct SeriesQuestion: CacheableQuestion {
    struct Answer: Hashable, Sendable {
        enum Kind: UInt8, Sendable { case count, aggregate, windows }
        var kind: Kind
        /// Of windows; see ``WindowRequest``.
        var windows: Windows?
        var includesEmpty = false

        static func windows(_ windows: Windows, _ empty: EmptyWindows) -> Answer {
            Answer(kind: .windows, windows: windows, includesEmpty: empty.areReported)
        }
    }

    var query: SeriesQuery
    var answer: Answer

    func combine(into fingerprint: inout Fingerprint) {
        fingerprint.combine(UInt64(answer.kind.rawValue) << 1 | (answer.includesEmpty ? 1 : 0))
        if let windows = answer.windows { windows.combine(into: &fingerprint) }
        query.combine(into: &fingerprint)
    }

    func isIdentical(to other: SeriesQuestion) -> Bool {
        // Many edges take long to compare.
        answer.windows == nil && self == other
    }

    var bytes: Int {
        guard case .edges(let edges)? = answer.windows?.kind else { return 0 }
        return 32 + edges.count * 8
    }
}

extension CoreAggregation {
    fileprivate func combine(into fingerprint: inout Fingerprint) {
        fingerprint.combine(
            4 | (key == nil ? 0 : 8) | (value == nil ? 0 : 16) | (windowing == nil ? 0 : 32)
                as UInt64)
        if let key { fingerprint.combine(key.description) }
        if let value { fingerprint.combine(value.description) }
        fingerprint.combine(from)
        guard let windowing else { return }
        fingerprint.combine(windowing.length)
        fingerprint.combine(windowing.origin)
        fingerprint.combine(windowing.edges.count)
        for edge in windowing.edges { fingerprint.combine(edge) }
    }

    fileprivate var bytes: Int {
        MemoryLayout<CoreAggregation>.stride + 32 + (windowing?.edges.count ?? 0) * 8
    }
}

extension Windows {
    fileprivate func combine(into fingerprint: inout Fingerprint) {
        switch kind {
        case .length(let length, let origin):
            fingerprint.combine(0 as UInt64)
            fingerprint.combine(length.microseconds)
            fingerprint.combine(origin.microseconds)
        case .edges(let edges):
            fingerprint.combine(1 as UInt64)
            fingerprint.combine(edges.count)
            for edge in edges { fingerprint.combine(edge.microseconds) }
        case .calendar:
            fingerprint.combine(2 as UInt64)
            fingerprint.combine(hashValue)
        }
    }
}
