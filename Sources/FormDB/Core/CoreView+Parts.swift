internal import CFormCore

// What plans are made of and carried out with: samples, scans, exact tests of positions, sorting.
extension CoreView {
    /// How far the collection has come.
    var size: (positions: UInt32, deadMarks: UInt64) {
        let size = unsafe fc_view_read_size(pointer)
        return (size.positions, size.dead_marks)
    }

    /// Of these rows alone. (The collection's own number comes again where its creation is undone.)
    var table: UInt64 { unsafe fc_view_read_size(pointer).table }

    /// A row of a sample.
    struct SampledRow {
        var position: UInt32
        var extent: PlaceHistogram.Extent?
        var time: (start: Int64, end: Int64)?
    }

    /// Measures statistics of the rows in a range of positions.
    func measure(_ range: Range<UInt32>) -> SourceStatistics {
        if range.isEmpty { return .empty }
        var lookedAt: UInt64 = 0
        let view = unsafe pointer
        let rows = unsafe [fc_sampled_row](
            unsafeUninitializedCapacity: min(SourceStatistics.sampleRows, range.count)
        ) { place, filled in
            filled = unsafe fc_view_sample(
                view, range.lowerBound, range.upperBound, place.count, place.baseAddress,
                &lookedAt)
        }
        var statistics = SourceStatistics(
            rows.map(SampledRow.init), lookedAt: Int(lookedAt), of: range)
        let bounds = unsafe fc_view_bounds(pointer, range.lowerBound, range.upperBound)
        // Without a row that has a place there is no box that could meet one.
        if bounds.has_box { statistics.bounds = BoundingBox(unwrapping: bounds.box) }
        if bounds.has_time {
            statistics.times =
                Timestamp(
                    microseconds: bounds.time_min_us)...Timestamp(microseconds: bounds.time_max_us)
        }
        return statistics
    }

    /// Adds the positions of visible rows in `range` that answer, ascending, at most `limit`; says where to go on.
    func scan(
        _ question: CoreQuestion, _ range: Range<UInt32>, limit: Int = .max,
        into positions: CorePositions
    ) throws -> UInt32 {
        var question = unsafe question.value
        var next: UInt32 = 0
        try check(
            unsafe fc_view_scan(
                pointer, &question, range.lowerBound, range.upperBound, limit, positions.list,
                &next), "the scan failed")
        return next
    }

    /// Keeps the positions that lie in a range and answer exactly.
    func restrict(_ positions: CorePositions, to question: CoreQuestion, in range: Range<UInt32>) {
        var question = unsafe question.value
        unsafe fc_view_restrict(
            pointer, &question, range.lowerBound, range.upperBound, positions.list)
    }
}

// MARK: - Filters, tried on a sample

extension CoreView {
    /// The share of the rows that meet a filter: of a sample of 1,024. Kept until the collection has changed by a half,
    /// because a sample takes some 100 µs.
    func share(of filter: Filter, _ predicate: CorePredicate) throws -> Double {
        let statistics = owner.store.statistics
        if let share = statistics.share(of: filter, in: self) { return share }
        let sampled = unsafe withUnsafeTemporaryAllocation(
            of: fc_sampled_row.self, capacity: 1_024
        ) { rows in
            var lookedAt: UInt64 = 0
            let count = unsafe fc_view_sample(
                pointer, 0, size.positions, rows.count, rows.baseAddress, &lookedAt)
            var met = 0
            for row in 0..<count where unsafe meets(predicate, at: rows[row].position) {
                met += 1
            }
            return (met: Double(met), count: Double(count))
        }
        // Of none among so many there may still be one in some thousand.
        let share = (sampled.met + 0.25) / (sampled.count + 0.5)
        statistics.note(share, of: filter, in: self)
        return share
    }
}

extension CoreView.SampledRow {
    fileprivate init(_ raw: fc_sampled_row) {
        position = raw.position
        if raw.has_box {
            let box = raw.box
            extent = PlaceHistogram.Extent(
                west: box.west, south: box.south,
                east: box.west > box.east ? box.east + 360 : box.east, north: box.north)
        }
        if raw.has_time { time = (raw.time_start_us, raw.time_end_us) }
    }
}

extension BoundingBox {
    /// A box given with an unwrapped east; the whole world where it reaches beyond ±180, so that no turn and no
    /// rounding matter.
    fileprivate init(unwrapping box: fc_box) {
        let isPlain = box.west >= -180 && box.east <= 180
        self.init(
            west: isPlain ? box.west : -180, south: box.south, east: isPlain ? box.east : 180,
            north: box.north)
    }
}
