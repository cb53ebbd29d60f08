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

    /// What was last put together for a collection, and in which state of it.
    private struct Whole {
        var statistics: CollectionStatistics
        var positions: UInt32
        var deadMarks: UInt64
    }

    private let wholes = CoreLock<[UInt64: Whole]>([:])
    private static let wholesMax = 256

    /// The statistics of a view's sources. While nothing changes they are at hand as a whole: gathering those of 200
    /// sources anew takes ten times as long as planning with them.
    func statistics(of view: CoreView, _ sources: RowSources) -> CollectionStatistics {
        let size = view.size
        let last = wholes.withLock { $0[view.table] }
        if let last, last.positions == size.positions, last.deadMarks == size.deadMarks,
            last.statistics.sources.count == sources.count
        {
            return last.statistics
        }
        let whole = CollectionStatistics(
            sources.map { source in
                statistics(
                    of: view, source.range, isLast: source.range.upperBound == size.positions)
            })
        wholes.withLock {
            if $0.count >= Self.wholesMax { $0.removeAll() }
            $0[view.table] = Whole(
                statistics: whole, positions: size.positions, deadMarks: size.deadMarks)
        }
        return whole
    }

    /// More than one, for snapshots of the past beside the present.
    private static let statesMax = 4
    /// Those of collections that are gone stay until there are so many.
    private static let partsMax = 4_096

    /// The statistics of a part of a view. `isLast`: that part grows.
    private func statistics(
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
