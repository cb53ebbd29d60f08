extension FeatureRequest {
    /// Window by window; see ``FeatureWindowRequest``.
    ///
    /// ```swift
    /// let daily = try db.features(in: "quakes").during(year).windows(.days(1)).count()
    /// ```
    public func windows(
        _ length: WindowLength, origin: Timestamp = Timestamp(microseconds: 0),
        empty: EmptyWindows = .omitted
    ) -> FeatureWindowRequest {
        windows(.length(length, origin: origin), empty: empty)
    }

    /// Window by window; see ``FeatureWindowRequest``.
    ///
    /// ```swift
    /// let monthly = try db.features(in: "quakes").windows(.calendar(.month, newYork))
    ///     .mean(of: .property("magnitude"))
    /// ```
    public func windows(
        _ windows: Windows, empty: EmptyWindows = .omitted
    ) -> FeatureWindowRequest {
        FeatureWindowRequest(request: self, windows: windows, empty: empty)
    }
}

extension GroupedRequest {
    /// Each group window by window: see ``FeatureWindowRequest``. Windows with nothing in them are left out.
    public func windows(_ windows: Windows) -> GroupedWindowRequest {
        GroupedWindowRequest(
            request: FeatureWindowRequest(request: request, windows: windows, empty: .omitted),
            path: path)
    }

    /// Each group window by window.
    public func windows(
        _ length: WindowLength, origin: Timestamp = Timestamp(microseconds: 0)
    ) -> GroupedWindowRequest {
        windows(.length(length, origin: origin))
    }
}

/// A question about features, window by window.
///
/// A feature counts once: in the window of the first instant of its time within the range that is
/// asked for, which is the later of its own start and that of the range. So a storm from Monday to Thursday counts in
/// Monday's window, and in Wednesday's where the range begins on Wednesday; the counts of all windows add up to the
/// count of the range. One without a time, one that lies outside all edges, and one whose start is open while that
/// of the range is too, counts in none. Windows come in order of time; the first and last are clipped to the range.
public struct FeatureWindowRequest: Sendable {
    let request: FeatureRequest
    let windows: Windows
    let empty: EmptyWindows

    /// How many features each window has.
    public func count() throws -> [WindowedValue<Int>] { try gather(nil, \.rows) }

    /// What can be said of a property in each window.
    public func aggregate(of path: PropertyPath) throws -> [WindowedValue<Aggregate>] {
        try gather(path) { Aggregate($0) }
    }

    /// The sum of the numbers at a property; 0 where there is none.
    public func sum(of path: PropertyPath) throws -> [WindowedValue<Double>] {
        try gather(path, \.sum)
    }

    /// The mean of the numbers at a property; nil where there is none, unless it is filled.
    public func mean(of path: PropertyPath) throws -> [WindowedValue<Double?>] {
        var means = try gather(path) { Aggregate($0).mean }
        empty.fill(&means)
        return means
    }

    /// The smallest value at a property; nil where there is none.
    public func min(of path: PropertyPath) throws -> [WindowedValue<JSONValue?>] {
        try gather(path, \.minimum)
    }

    /// The largest value at a property; nil where there is none.
    public func max(of path: PropertyPath) throws -> [WindowedValue<JSONValue?>] {
        try gather(path, \.maximum)
    }

    private func gather<Value>(
        _ path: PropertyPath?, _ make: (CoreGroup) -> Value
    ) throws -> [WindowedValue<Value>] {
        // One time limit for all that is asked.
        let options = request.options.executor
        guard let layout = try layout(options) else { return [] }
        let groups = try request.groups(layout.aggregation(value: path), options)
        if !empty.areReported { return groups.map { layout.window($0.window, make($0)) } }
        guard let numbers = try layout.numbers(groups) else { return [] }
        var results: [WindowedValue<Value>] = []
        results.reserveCapacity(numbers.count)
        var next = groups.startIndex
        for number in numbers {
            if results.count % 4_096 == 4_095 { try options.interruption.check() }
            var group = CoreGroup(window: number, rows: 0, values: 0, sum: 0, mean: .nan)
            if next < groups.endIndex, groups[next].window == number {
                group = groups[next]
                next += 1
            }
            results.append(layout.window(number, make(group)))
        }
        return results
    }

    /// Calendars resolved to edges; nil when nothing can lie in a window.
    func layout(_ options: FeatureExecutor.Options) throws -> WindowLayout? {
        try windows.validate()
        let query = request.query
        if query.isImpossible {
            // Which may be asked of a collection that isn't there.
            _ = try request.groups(CoreAggregation(), options)
            return nil
        }
        let times = ([query.condition] + query.further).compactMap(\.time)
        var layout = WindowLayout()
        layout.lower = times.compactMap(\.start).max()
        // Ranges that don't meet are met by long features all the same, which then begin in the later one.
        let ends = times.compactMap(\.end)
        layout.upper = ends.min()
        if let lower = layout.lower, let upper = layout.upper, upper <= lower {
            layout.upper = ends.count == times.count ? ends.max() : nil
        }
        switch windows.kind {
        case .length(let length, let origin):
            layout.windowing.length = length.microseconds
            layout.windowing.origin = origin.microseconds
        case .edges(let edges): layout.windowing.edges = edges.map(\.microseconds)
        case .calendar(let unit, let calendar):
            guard let extent = try extent(layout, options) else { return nil }
            layout.windowing.edges = try CalendarWindows(
                unit: unit, calendar: calendar, interruption: options.interruption
            ).edges(from: extent.first, through: extent.last).map(\.microseconds)
        }
        return layout
    }

    /// The range; where an end is open, that of the data to a day.
    private func extent(
        _ layout: WindowLayout, _ options: FeatureExecutor.Options
    ) throws -> (first: Timestamp, last: Timestamp)? {
        if let lower = layout.lower, let upper = layout.upper {
            return (lower, Timestamp(microseconds: upper.microseconds - 1))
        }
        var days = layout
        days.windowing.length = 86_400_000_000
        let groups = try request.groups(days.aggregation(value: nil), options)
        guard let first = groups.first, let last = groups.last else { return nil }
        let start = days.window(first.window, 0).start
        let end = days.window(last.window, 0).end
        return (start, Timestamp(microseconds: end.microseconds - 1))
    }
}

/// Where windows lie.
struct WindowLayout {
    var windowing = CoreSeriesView.Windowing()
    /// The ends of the range; nil when open.
    var lower, upper: Timestamp?

    func aggregation(key: PropertyPath? = nil, value: PropertyPath?) -> CoreAggregation {
        CoreAggregation(
            key: key, value: value, windowing: windowing, from: lower?.microseconds ?? .min)
    }

    /// The window of a number, clipped to the range.
    func window<Value>(_ number: Int64, _ value: Value) -> WindowedValue<Value> {
        var (start, end) = bounds(number)
        var isPartial = false
        if let lower, start < lower.microseconds {
            start = lower.microseconds
            isPartial = true
        }
        if let upper, end > upper.microseconds {
            end = upper.microseconds
            isPartial = true
        }
        return WindowedValue(
            start: Timestamp(microseconds: start), end: Timestamp(microseconds: end),
            isPartial: isPartial, value: value)
    }

    private func bounds(_ number: Int64) -> (Int64, Int64) {
        if !windowing.edges.isEmpty {
            return (windowing.edges[Int(number)], windowing.edges[Int(number) + 1])
        }
        let start = Int128(number) * Int128(windowing.length) + Int128(windowing.origin)
        return (Int64(clamping: start), Int64(clamping: start + Int128(windowing.length)))
    }

    /// The number of the window of a time; of edges, of the nearest.
    private func number(_ time: Int64) -> Int64 {
        if windowing.edges.isEmpty {
            let offset = Int128(time) - Int128(windowing.origin)
            let (quotient, rest) = offset.quotientAndRemainder(dividingBy: Int128(windowing.length))
            return Int64(clamping: rest < 0 ? quotient - 1 : quotient)
        }
        let after = windowing.edges.firstIndex { $0 > time } ?? windowing.edges.count - 1
        return Int64(max(after - 1, 0))
    }

    /// All windows from one end to the other; nil when there is none.
    func numbers(_ groups: [CoreGroup]) throws -> ClosedRange<Int64>? {
        guard
            let first = lower.map({ number($0.microseconds) }) ?? groups.first?.window,
            let last = upper.map({ number($0.microseconds - 1) }) ?? groups.last?.window
        else { return nil }
        if !windowing.edges.isEmpty {
            // A range beside all edges has no windows.
            if let upper, upper.microseconds <= windowing.edges[0] { return nil }
            if let lower, lower.microseconds >= windowing.edges.last! { return nil }
        }
        if last < first { return nil }
        if Int128(last) - Int128(first) >= Int128(Windows.countMax) { throw Windows.tooMany }
        return first...last
    }
}

/// A question about features in groups with the same value of a property, window by window.
public struct GroupedWindowRequest: Sendable {
    let request: FeatureWindowRequest
    let path: PropertyPath

    /// How many features each group has in each window.
    public func count() throws -> [AggregateGroup<[WindowedValue<Int>]>] {
        try gather(nil, \.rows)
    }

    /// What can be said of another property of each group in each window.
    public func aggregate(
        of path: PropertyPath
    ) throws -> [AggregateGroup<[WindowedValue<Aggregate>]>] {
        try gather(path) { Aggregate($0) }
    }

    /// The mean of the numbers at a property of each group in each window; nil where there is none.
    public func mean(
        of path: PropertyPath
    ) throws -> [AggregateGroup<[WindowedValue<Double?>]>] {
        try gather(path) { Aggregate($0).mean }
    }

    private func gather<Value>(
        _ value: PropertyPath?, _ make: (CoreGroup) -> Value
    ) throws -> [AggregateGroup<[WindowedValue<Value>]>] {
        let options = request.request.options.executor
        guard let layout = try request.layout(options) else { return [] }
        let groups = try request.request.groups(
            layout.aggregation(key: path, value: value), options)
        var results: [AggregateGroup<[WindowedValue<Value>]>] = []
        var start = groups.startIndex
        while start < groups.endIndex {
            let key = groups[start].key
            let end = groups[start...].firstIndex { $0.key != key } ?? groups.endIndex
            results.append(
                AggregateGroup(
                    key: key,
                    value: groups[start..<end].map { layout.window($0.window, make($0)) }))
            start = end
        }
        return results
    }
}
