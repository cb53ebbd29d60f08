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
}
