/// Takes rows in order until there are enough, instead of gathering all.
///
/// Where the rows that answer lie is not known: they may all be at the other end. So it counts what it looks at, and
/// gives way (false, and nothing of use in the list) once that is more than the plan's budget.
struct OrderedRows {
    private let executor: FeatureExecutor
    private let plan: Plan
    private let wanted: Int
    private let wantedIDs: Set<FeatureID>?

    init(_ executor: FeatureExecutor, _ plan: Plan) {
        self.executor = executor
        self.plan = plan
        wanted = executor.query.limitCount ?? .max
        wantedIDs = executor.query.idList.map { Set($0) }
    }

    private var query: FeatureQuery { executor.query }
    private var view: CoreView { executor.view }
    private var isDescending: Bool { query.isDescending }

    /// What is tested of rows that come in order: everything but what they were found by.
    private func keepAnswers(
        _ rows: CorePositions, _ condition: FeatureQuery.Condition, _ predicate: CorePredicate?
    ) throws {
        let touched = executor.options.touched
        touched?.candidates += rows.count
        let all = 0..<view.size.positions
        if condition.box != nil || condition.time != nil {
            view.restrict(rows, to: condition.question, in: all)
        }
        for condition in query.further { view.restrict(rows, to: condition.question, in: all) }
        if let wanted = wantedIDs {
            rows.filter { wanted.contains(view.id(at: $0)) }
        }
        if let predicate {
            touched?.read(rows, of: view)
            view.filter(rows, predicate)
        }
    }

    private func withList<Result>(_ body: (CorePositions) throws -> Result) throws -> Result {
        try view.owner.store.scratch.withPositions(body)
    }

    // MARK: By time

    /// Asks the tree of times for one stretch after another, each about as long as it takes to find what is wanted;
    /// how long that is the histogram of times says. Rows without a time come last, and leave it to gathering.
    func byTime(into positions: CorePositions) throws -> Bool {
        let order = try CoreOrder(.time, descending: isDescending)
        let after = query.pageToken?.key
        if let after, after.time == nil { return false }
        var stretches = TimeStretches(
            query.condition.time ?? .all, after: after?.time, isDescending: isDescending,
            executor.statistics.sources, expected: plan.matches, wanted: wanted)
        var budget = plan.budget
        while let stretch = stretches.next() {
            let sorter = try CoreSorter(
                view, order, limit: wanted - positions.count, after: after)
            budget -= Double(try addStretch(stretch, to: sorter))
            try sorter.finish(into: positions, executor.options.interruption)
            if positions.count >= wanted { return true }
            if budget < 0 { return false }
        }
        // All rows with a time; those without come after them, unless a time is asked for.
        return query.condition.time != nil
    }

    /// Adds the rows that start in a stretch; says how many were looked at.
    private func addStretch(_ stretch: TimeStretches.Stretch, to sorter: CoreSorter) throws -> Int {
        try withList { found in
            try executor.options.interruption.check()
            try executor.options.watching {
                try view.search(CoreQuestion(time: stretch.asked), into: found, &$0)
            }
            let lookedAt = found.count
            found.filter { position in
                guard let start = view.time(at: position)?.start else { return false }
                return stretch.holds(start)
            }
            let batch = 8_192
            try withList { rows in
                for start in stride(from: 0, to: found.count, by: batch) {
                    try executor.options.interruption.check()
                    rows.clear()
                    rows.append(found, from: start, limit: batch)
                    try keepAnswers(rows, query.condition, executor.predicate)
                    try sorter.add(rows)
                }
            }
            return lookedAt
        }
    }

    // MARK: By a property

    /// Takes rows from an index in its order.
    func byIndex(_ number: Int, into positions: CorePositions) throws -> Bool {
        let index = executor.usableIndexes[number]
        let order = try query.order.map { try CoreOrder($0.kind, descending: isDescending) }
        let after = try query.pageToken.map { try CoreOrderKey($0.key) }
        let next = try index.ranges == nil ? rangesAfter(query.pageToken) : nil
        let cursor = try view.ordered(
            byIndex: index.id, descending: isDescending, next ?? index.ranges)
        var budget = plan.budget
        var batch = max(64, min(wanted, 4_096))
        while budget >= 0 {
            try executor.options.interruption.check()
            let isAtEnd = try withList { rows in
                try cursor.next(batch, into: rows)
                let lookedAt = rows.count
                budget -= Double(lookedAt)
                try keepAnswers(rows, query.condition, index.rest)
                if let after, let order { rows.filter { order.isAfter(after, $0, in: view) } }
                positions.append(rows, limit: wanted - positions.count)
                return lookedAt < batch
            }
            if positions.count >= wanted { return true }
            // Arrays, objects, null and missing values come after what a page goes on with: left to gathering.
            if isAtEnd { return next == nil }
            batch = min(batch * 2, 4_096)
        }
        return false
    }
}

extension OrderedRows {
    /// What comes at or after the number, text or boolean where the page before ended; nil for other values.
    private func rangesAfter(_ token: PageToken?) throws -> CoreValueRanges? {
        guard let value = token?.key.value else { return nil }
        let kinds: [CoreValueKind] = [.number, .text, .boolean]
        let kind = CoreValueKind(value)
        guard let place = kinds.firstIndex(of: kind) else { return nil }
        let bound = CoreValueRange.Bound(value: value, isInclusive: true)
        let own =
            isDescending
            ? CoreValueRange(kind, upper: bound) : CoreValueRange(kind, lower: bound)
        let others = isDescending ? kinds[..<place] : kinds[(place + 1)...]
        return try CoreValueRanges([own] + others.map { CoreValueRange($0) })
    }
}

/// The stretches of time in which rows in order of time are asked for.
struct TimeStretches {
    /// Rows that start at or after `start` and before `end`; nil is open.
    struct Stretch {
        var start, end: Timestamp?
        /// What the tree is asked: rows that only reach into the stretch are dropped afterwards.
        var asked: TimeRange

        func holds(_ time: Timestamp) -> Bool {
            (start.map { $0 <= time } ?? true) && (end.map { time < $0 } ?? true)
        }
    }

    private let range: TimeRange
    private let isDescending: Bool
    private let histograms: [(time: TimeHistogram, rows: Double)]
    private let timed: Double
    /// Where the next stretch begins; its far end when descending. nil is open.
    private var edge: Timestamp?
    private var isDone = false
    /// The share of the rows with a time that a stretch should hold.
    private var share: Double

    init(
        _ range: TimeRange, after: Timestamp?, isDescending: Bool, _ sources: [SourceStatistics],
        expected: Double, wanted: Int
    ) {
        self.range = range
        self.isDescending = isDescending
        histograms = sources.compactMap { source in
            source.time.map { ($0, source.rows * source.timedShare) }
        }
        timed = histograms.reduce(0) { $0 + $1.rows }
        // Twice what is wanted, so that one stretch mostly does.
        let within = histograms.reduce(0) { $0 + $1.rows * $1.time.share(of: range) }
        let looked = expected > 0 ? within * min(1, 2 * Double(wanted) / expected) : within
        share = timed > 0 ? max(looked / timed, 64 / timed) : 1
        // Rows that start before the range may reach into it: the first stretch is open there.
        edge = isDescending ? range.end : nil
        if let after { edge = isDescending ? Self.next(after) : after }
        if isDescending, after != nil, let end = range.end {
            edge = edge.map { min($0, end) } ?? end
        }
    }

    private static func next(_ time: Timestamp) -> Timestamp? {
        time.microseconds == .max ? nil : Timestamp(microseconds: time.microseconds + 1)
    }

    mutating func next() -> Stretch? {
        if isDone { return nil }
        let far = farEdge()
        let stretch =
            isDescending
            ? Stretch(start: far, end: edge, asked: .all)
            : Stretch(start: edge, end: far, asked: .all)
        isDone = far == nil
        edge = far
        // The next one is longer: this one found too little.
        share *= 4
        var asked = stretch
        asked.asked = TimeRange(
            start: [stretch.start, range.start].compactMap { $0 }.max(),
            end: [stretch.end, range.end].compactMap { $0 }.min())
        // A page that goes on before the range began: what reaches into the range from there holds its start.
        if asked.asked.isEmpty, let start = range.start { asked.asked = .at(start) }
        return asked
    }

    /// Where the stretch ends; nil for the last one.
    private func farEdge() -> Timestamp? {
        guard share < 1, let histogram = histograms.max(by: { $0.rows < $1.rows })?.time else {
            return nil
        }
        if isDescending {
            let here = histogram.share(of: TimeRange(end: edge ?? range.end))
            let target = here - share
            if target <= 0 { return nil }
            let time = Timestamp(microseconds: histogram.start(atShare: target))
            if let start = range.start, time <= start { return nil }
            if let edge, time >= edge { return nil }
            return time
        }
        let from = [edge, range.start].compactMap { $0 }.max()
        let here = from.map { histogram.share(of: TimeRange(end: $0)) } ?? 0
        let target = here + share
        if target >= 1 { return nil }
        let time = Timestamp(microseconds: histogram.start(atShare: target))
        if let end = range.end, time >= end { return nil }
        // A stretch that ended before the range began would ask for nothing, and lose what reaches into it.
        if let from, time <= from { return nil }
        return time
    }
}
