/// What the planner knows of the sources of a collection's rows, in one state of them.
struct CollectionStatistics: Hashable, Sendable {
    /// What every plan looks at, kept apart from the histograms: of 200 sources all, in a microsecond.
    struct Summary: Hashable, Sendable {
        /// Rows that a scan looks at, and those of them that are seen, about.
        var positions, rows: Double
        /// Bounds that no row lies outside of; nil when there are none known.
        var bounds: BoundingBox?
        var times: ClosedRange<Timestamp>?

        /// Whether no row can meet the conditions of place and time, for certain.
        ///
        /// Bounds are those of all rows, seen or not, so they hold for any snapshot; a source that has grown since it
        /// was measured has none.
        func excludes(_ condition: FeatureQuery.Condition) -> Bool {
            if let box = condition.box, let bounds, !bounds.intersects(box) { return true }
            if let range = condition.time, let times {
                if let end = range.end, end <= times.lowerBound { return true }
                if let start = range.start, start > times.upperBound { return true }
            }
            return false
        }
    }

    let summaries: [Summary]
    let sources: [SourceStatistics]

    init(_ sources: [SourceStatistics]) {
        self.sources = sources
        summaries = sources.map {
            Summary(positions: $0.positions, rows: $0.rows, bounds: $0.bounds, times: $0.times)
        }
    }

    static let none = CollectionStatistics([])

    var rows: Double { summaries.reduce(0) { $0 + $1.rows } }

    /// The share of a source's rows whose box meets a box, or lies in it.
    func share(ofSource number: Int, in box: BoundingBox, isWithin: Bool) -> Double {
        sources[number].share(of: box, isWithin: isWithin)
    }

    /// The share of a source's rows whose time meets a range.
    func share(ofSource number: Int, in range: TimeRange) -> Double {
        sources[number].share(of: range)
    }
}
