/// What the planner knows of one source of rows: a memtable, or any other thing that can be asked by place, time
/// and property.
///
/// Counts, and where and when rows are, from a sample; exact while there are no more rows than the sample takes.
/// Measured when it is needed, again whenever the rows changed by an eighth (``StatisticsCache``), and in between
/// brought up to date in proportion.
struct SourceStatistics: Hashable, Sendable {
    /// Rows that a scan looks at, those nobody sees included.
    var positions: Double
    /// Rows that are seen, about.
    var rows: Double
    /// The shares of them that have a place, and a time.
    var placedShare = 0.0
    var timedShare = 0.0
    var place: PlaceHistogram?
    var time: TimeHistogram?
    /// Bounds that no row lies outside of; nil when there are none known.
    var bounds: BoundingBox?
    var times: ClosedRange<Timestamp>?

    static let sampleRows = 16_384

    /// No rows.
    static let empty = SourceStatistics(positions: 0, rows: 0)

    /// The share of the rows whose box meets a box, or lies in it.
    func share(of box: BoundingBox, isWithin: Bool) -> Double {
        guard let place else { return 0 }
        return placedShare * place.share(of: box, isWithin: isWithin)
    }

    /// The share of the rows whose time meets a range.
    func share(of range: TimeRange) -> Double {
        guard let time else { return 0 }
        return timedShare * time.share(of: range)
    }

    /// The same for a source that has grown or shrunk meanwhile.
    func scaled(toPositions now: UInt32) -> SourceStatistics {
        var scaled = self
        if positions > 0 { scaled.rows *= Double(now) / positions }
        scaled.positions = Double(now)
        return scaled
    }

    /// What a sample says of `range`, of whose rows `lookedAt` were looked at.
    init(_ sample: [CoreView.SampledRow], lookedAt: Int, of range: Range<UInt32>) {
        positions = Double(range.count)
        rows = lookedAt == 0 ? 0 : Double(range.count) * Double(sample.count) / Double(lookedAt)
        let extents = sample.compactMap(\.extent)
        let times = sample.compactMap(\.time)
        if !extents.isEmpty {
            placedShare = Double(extents.count) / Double(sample.count)
            place = PlaceHistogram(extents)
        }
        if !times.isEmpty {
            timedShare = Double(times.count) / Double(sample.count)
            time = TimeHistogram(times)
        }
    }

    init(positions: Double, rows: Double) {
        self.positions = positions
        self.rows = rows
    }

    /// Whether no row can meet the conditions of place and time, for certain.
    ///
    /// Bounds are those of all rows, seen or not, so they hold for any snapshot; a source that has grown since it
    /// was measured has none.
    func excludes(_ condition: FeatureQuery.Condition) -> Bool {
        if let box = condition.box {
            if let bounds, !bounds.intersects(box) { return true }
        }
        if let range = condition.time {
            if let times {
                if let end = range.end, end <= times.lowerBound { return true }
                if let start = range.start, start > times.upperBound { return true }
            }
        }
        return false
    }
}

/// Statistics of the sources that were asked lately.
///
/// THREADS: any.
final class StatisticsCache: Sendable {
    private struct Key: Hashable {
        var table: UInt64
        var first: UInt32
        var isLast: Bool
    }

    private struct Measured {
        var statistics: SourceStatistics
        var end: UInt32
        var deadMarks: UInt64
    }

    private let measured = CoreLock<[Key: [Measured]]>([:])

    private struct FilterKey: Hashable {
        var table: UInt64
        var filter: Filter
        /// Whether an index said so, and no sample.
        var isByIndex: Bool
    }

    private let shares = CoreLock<[FilterKey: (share: Double, positions: UInt32)]>([:])
    private static let sharesMax = 1_000

    /// The share of a collection's rows that met a filter when it was tried last; nil when that is long ago.
    func share(of filter: Filter, byIndex: Bool = false, in view: CoreView) -> Double? {
        let key = FilterKey(table: view.table, filter: filter, isByIndex: byIndex)
        guard let found = shares.withLock({ $0[key] }) else { return nil }
        let now = view.size.positions
        let most = byIndex ? found.positions / 16 : found.positions / 2 + 16
        return found.positions <= now && now - found.positions <= most ? found.share : nil
    }

    func note(_ share: Double, of filter: Filter, byIndex: Bool = false, in view: CoreView) {
        let key = FilterKey(table: view.table, filter: filter, isByIndex: byIndex)
        let positions = view.size.positions
        shares.withLock {
            if $0.count >= Self.sharesMax { $0.removeAll() }
            $0[key] = (share, positions)
        }
    }

    /// More than one, for snapshots of the past beside the present.
    private static let statesMax = 4
    /// Those of collections that are gone stay until there are so many.
    private static let partsMax = 4_096

    /// The statistics of a part of a view. `isLast`: that part grows.
    func statistics(
        of view: CoreView, _ range: Range<UInt32>, isLast: Bool
    ) -> SourceStatistics {
        let key = Key(table: view.table, first: range.lowerBound, isLast: isLast)
        let deadMarks = view.size.deadMarks
        let found = measured.withLock { $0[key] }?.first {
            Self.isGood($0, range, deadMarks: deadMarks)
        }
        if let found {
            if found.end == range.upperBound && found.deadMarks == deadMarks {
                return found.statistics
            }
            var statistics = found.statistics.scaled(toPositions: UInt32(range.count))
            if found.end < range.upperBound {
                // Rows have come since, which may lie anywhere.
                statistics.bounds = nil
                statistics.times = nil
            }
            return statistics
        }
        let statistics = view.measure(range)
        let now = Measured(statistics: statistics, end: range.upperBound, deadMarks: deadMarks)
        measured.withLock { all in
            if all.count >= Self.partsMax { all.removeAll() }
            var states = all[key, default: []]
            states.removeAll { Self.isNear($0.end, range.upperBound, from: range.lowerBound) }
            states.insert(now, at: 0)
            if states.count > Self.statesMax { states.removeLast() }
            all[key] = states
        }
        return statistics
    }

    private static func isGood(
        _ state: Measured, _ range: Range<UInt32>, deadMarks: UInt64
    ) -> Bool {
        let ended =
            deadMarks > state.deadMarks ? deadMarks - state.deadMarks : state.deadMarks - deadMarks
        return isNear(state.end, range.upperBound, from: range.lowerBound)
            && ended <= 64 + UInt64(range.count) / 8
    }

    private static func isNear(_ a: UInt32, _ b: UInt32, from first: UInt32) -> Bool {
        let apart = a > b ? a - b : b - a
        return apart <= 64 + (max(a, b) - min(first, min(a, b))) / 8
    }
}
