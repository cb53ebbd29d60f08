/// What can be said of the points of one window.
public struct WindowedAggregate: Hashable, Sendable {
    /// The window, clipped to the range that was asked for: from `start` up to but not including `end`.
    public let start, end: Timestamp
    /// Whether it was clipped: shorter than the window's own length.
    public let isPartial: Bool
    /// How many points there are.
    public let points: Int
    /// How many of them have a value: NaN means none.
    public let count: Int
    /// The sum of the values, 0 if there is none; within one unit in the last place of the exact sum.
    public let sum: Double
    /// The mean of the values; nil if there is none.
    public let mean: Double?
    /// The smallest and the largest value; nil if there is none.
    public let minimum, maximum: Double?
    /// The earliest and the latest value; nil if there is none.
    public let first, last: Double?

    init(_ window: CoreSeriesView.Window) {
        start = window.start
        end = window.end
        isPartial = window.isPartial
        points = window.points
        count = window.count
        sum = window.sum
        let hasValues = window.count > 0
        mean = hasValues ? window.mean : nil
        minimum = hasValues ? window.minimum : nil
        maximum = hasValues ? window.maximum : nil
        first = hasValues ? window.first : nil
        last = hasValues ? window.last : nil
    }
}

/// One value of one window.
public struct WindowedValue<Value: Hashable & Sendable>: Hashable, Sendable {
    /// The window, clipped to the range that was asked for: from `start` up to but not including `end`.
    public let start, end: Timestamp
    /// Whether it was clipped: shorter than the window's own length.
    public let isPartial: Bool
    public internal(set) var value: Value
}

/// A question about a series, or about several together, window by window.
///
/// ```swift
/// let pulse = try db.series("heart-rate").during(today).windows(.minutes(5)).mean()
/// for window in pulse { print(window.start, window.value ?? .nan) }
/// ```
///
/// Windows come in order of time; those without a point are left out unless they were asked for.
public struct WindowRequest: Sendable {
    /// One series, or several whose points are taken together.
    enum Asked: Sendable {
        case one(SeriesRequest)
        case several(SeriesCollectionRequest)
    }
    let asked: Asked
    let windows: Windows
    let empty: EmptyWindows

    /// Everything of each window. COST: no more than one of its values.
    public func all() throws -> [WindowedAggregate] {
        try gather { WindowedAggregate($0) }
    }

    /// The mean of each window; nil where no point has a value, unless it is filled.
    public func mean() throws -> [WindowedValue<Double?>] {
        try fill(gather { Self.value($0, $0.count > 0 ? $0.mean : nil) })
    }

    /// The sum of each window; 0 where no point has a value.
    public func sum() throws -> [WindowedValue<Double>] {
        try gather { Self.value($0, $0.sum) }
    }

    /// The smallest value of each window; nil where no point has a value.
    public func min() throws -> [WindowedValue<Double?>] {
        try fill(gather { Self.value($0, $0.count > 0 ? $0.minimum : nil) })
    }

    /// The largest value of each window; nil where no point has a value.
    public func max() throws -> [WindowedValue<Double?>] {
        try fill(gather { Self.value($0, $0.count > 0 ? $0.maximum : nil) })
    }

    /// How many values each window has.
    public func count() throws -> [WindowedValue<Int>] {
        try gather { Self.value($0, $0.count) }
    }

    private static func value<Value>(
        _ window: CoreSeriesView.Window, _ value: Value
    ) -> WindowedValue<Value> {
        WindowedValue(
            start: window.start, end: window.end, isPartial: window.isPartial, value: value)
    }

    private func fill(_ windows: [WindowedValue<Double?>]) -> [WindowedValue<Double?>] {
        var filled = windows
        if asked.query.isReversed { filled.reverse() }
        empty.fill(&filled)
        if asked.query.isReversed { filled.reverse() }
        return filled
    }

    private func gather<Result>(_ make: (CoreSeriesView.Window) -> Result) throws -> [Result] {
        let query = asked.query
        try query.checkUnlimited()
        try query.validate()
        try windows.validate()
        var found: [CoreSeriesView.Window]
        switch asked {
        case .one(let request):
            found = try request.source.cached(
                query, .windows(windows, empty),
                bytes: { $0.count * MemoryLayout<CoreSeriesView.Window>.stride }
            ) { try self.found(in: [($0, $0.oneField(query))]) }
        // An answer that is kept depends on one series.
        case .several(let request): found = try self.found(in: request.sources())
        }
        if query.isReversed { found.reverse() }
        return found.map(make)
    }

    private func found(
        in sources: [(view: CoreSeriesView, field: Int)]
    ) throws -> [CoreSeriesView.Window] {
        let range = asked.query.range
        guard !range.isEmpty, var windowing = try windows.windowing(sources.map(\.view), range)
        else { return [] }
        windowing.includesEmpty = empty.areReported
        var found: [CoreSeriesView.Window] = []
        let interruption = asked.interruption
        var isDue = false
        try CoreSeriesView.windows(of: sources, range, windowing) { window in
            found.append(window)
            if found.count % 1_024 == 0 { isDue = interruption.isDue }
            return found.count <= Windows.countMax && !isDue
        }
        if isDue { try interruption.check() }
        if found.count > Windows.countMax { throw Windows.tooMany }
        return found
    }
}

extension WindowRequest.Asked {
    /// What may stop the answer; its time begins now.
    var interruption: Interruption {
        switch self {
        case .one(let request): request.interruption
        case .several(let request): request.interruption
        }
    }

    /// What is asked of each series.
    var query: SeriesQuery {
        switch self {
        case .one(let request): request.query
        case .several(let request): request.query
        }
    }
}

extension SeriesCollectionRequest {
    /// The series, in order of creation, each with the field that is asked for.
    fileprivate func sources() throws -> [(view: CoreSeriesView, field: Int)] {
        try each(interruption).map { (_, request) in
            let view = try request.source.open().seriesView(named: request.query.series)
            return (view, try view.oneField(request.query))
        }
    }
}

extension Windows {
    /// How they lie over the points of a range; nil when there is no point that an open end could take its place from.
    func windowing(
        _ views: [CoreSeriesView], _ range: TimeRange
    ) throws -> CoreSeriesView.Windowing? {
        var windowing = CoreSeriesView.Windowing()
        switch kind {
        case .length(let length, let origin):
            windowing.length = length.microseconds
            windowing.origin = origin.microseconds
        case .edges(let edges): windowing.edges = edges.map(\.microseconds)
        case .calendar(let unit, let calendar):
            let firsts = try views.compactMap { unsafe try $0.end(range, latest: false)?.time }
            let lasts = try views.compactMap { unsafe try $0.end(range, latest: true)?.time }
            let end = range.end.map { Timestamp(microseconds: $0.microseconds - 1) }
            guard let first = range.start ?? firsts.min(), let last = end ?? lasts.max() else {
                return nil
            }
            windowing.edges = try CalendarWindows(unit: unit, calendar: calendar)
                .edges(from: first, through: last).map(\.microseconds)
        }
        return windowing
    }
}
