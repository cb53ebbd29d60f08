/// A question about the points of a series, bound to where it is asked.
///
/// ```swift
/// let points = try db.series("heart-rate").during(today).fetchAll()
/// let last = try db.series("heart-rate").latest()
/// let pulse = try db.series("heart-rate").during(today).windows(.minutes(5)).mean()
/// ```
///
/// Asked of a database, each call sees the newest state; of a snapshot, its state; of a write
/// transaction, its own changes too, inside its closure only. Throws `notFound`, with the nearest name,
/// if there is no such series or field. Points come in order of time, equal times in order of arrival.
public struct SeriesRequest: Sendable, SeriesRefining {
    var source: ReadSource
    public var query: SeriesQuery
    private var timeLimit: Duration?
    /// Of several requests that share a time limit; else it begins when points are asked for.
    private var running: Interruption?

    init(source: ReadSource, query: SeriesQuery, running: Interruption? = nil) {
        self.source = source
        self.query = query
        self.running = running
    }

    /// Gives up with `timeLimitExceeded` when an answer takes longer than this.
    ///
    /// ```swift
    /// let points = try db.series("heart-rate").timeLimit(.milliseconds(50)).fetchAll()
    /// ```
    ///
    /// Work stops within about 10 ms of the limit, and nothing else is affected. What takes long also stops when its
    /// task is cancelled, with `CancellationError`. A cursor goes at the pace of its user, and has no limit.
    public func timeLimit(_ limit: Duration) -> SeriesRequest {
        var limited = self
        limited.timeLimit = limit
        return limited
    }

    /// What may stop the answer; its time begins now.
    var interruption: Interruption { running ?? Interruption(timeLimit: timeLimit) }

    /// All of them.
    public func fetchAll() throws -> [DataPoint] {
        var points: [DataPoint] = []
        try withStretches { stretch, count, fields in
            for index in 0..<count { try points.append(stretch.point(index, fields)) }
        }
        return points
    }

    /// How many there are. COST: O(log n), or the late and deleted points of the range.
    public func fetchCount() throws -> Int {
        try query.validate()
        return try source.cached(query, SeriesQuestion.Answer(kind: .count), bytes: { _ in 0 }) {
            try Swift.min($0.count(query.range), query.limitCount ?? .max)
        }
    }

    /// The earliest; nil if there is none.
    public func first() throws -> DataPoint? { try end(latest: false) }

    /// The latest; of equal times the one that arrived last. COST: O(1) in a series without late points.
    public func latest() throws -> DataPoint? { try end(latest: true) }

    private func end(latest: Bool) throws -> DataPoint? {
        try withView { view in
            guard let end = unsafe try view.end(query.range, latest: latest) else { return nil }
            let fields = try view.fieldIndices(query)
            return unsafe DataPoint(
                at: end.time,
                values: fields.count == view.fieldCount
                    ? end.values : fields.map { unsafe end.values[$0] },
                metadata: try end.metadata.map { unsafe try decodeMetadata($0) })
        }
    }

    /// Calls `body` with each point, decoded one by one.
    public func forEach(_ body: (DataPoint) throws -> Void) throws {
        let cursor = try cursor()
        while let point = try cursor.next() { try body(point) }
    }

    /// A cursor over them.
    public func cursor() throws -> SeriesCursor {
        try query.validate()
        return try SeriesCursor(query, source.open())
    }

    /// The same as an asynchronous sequence. The state is that of the first step.
    public var stream: SeriesStream { SeriesStream(request: self) }
}

// MARK: - Columns

/// Points as columns: times, and the values of each field.
public struct SeriesColumns: Hashable, Sendable {
    /// Microseconds since 1970.
    public var times: [Int64] = []
    /// The names of the fields.
    public var fields: [String] = []
    /// A column for each field.
    public var values: [[Double]] = []

    public init() {}

    /// How many points there are.
    public var count: Int { times.count }

    /// The column of a field.
    public subscript(field: String) -> [Double]? {
        fields.firstIndex { TextBytes.areEqual($0, field) }.map { values[$0] }
    }
}

extension SeriesRequest {
    /// All of them as columns. COST: copies memory, about a nanosecond a point.
    public func fetchColumns() throws -> SeriesColumns {
        var columns = SeriesColumns()
        try fetchColumns(into: &columns)
        return columns
    }

    /// All of them as columns, into arrays whose memory is used again.
    public func fetchColumns(into columns: inout SeriesColumns) throws {
        columns.times.removeAll(keepingCapacity: true)
        try withView { view in
            let all = try view.owner.describe(.series, view.series).fields
            let indices = try view.fieldIndices(query)
            columns.fields = indices.map { all[$0] }
            if columns.values.count != indices.count {
                columns.values = Array(repeating: [], count: indices.count)
            }
            for column in columns.values.indices {
                columns.values[column].removeAll(keepingCapacity: true)
            }
            try scan(view) { stretch, count in
                unsafe columns.times.append(contentsOf: stretch.times[..<count])
                for (column, field) in indices.enumerated() {
                    unsafe columns.values[column].append(
                        contentsOf: stretch.values(field)[..<count])
                }
            }
        }
    }

    /// Lends the columns without copying: `body` is called with one stretch of them after another.
    ///
    /// ```swift
    /// var highest = -Double.infinity
    /// try db.series("heart-rate").during(range).withColumns { times, values in
    ///     for index in values.indices { highest = max(highest, values[index]) }
    /// }
    /// ```
    ///
    /// Times are microseconds since 1970. A series of several fields needs ``SeriesRefining/field(_:)``.
    /// The spans can't leave the closure; a write to the transaction that is asked throws
    /// `reentrant` inside of it.
    public func withColumns(
        _ body: (_ times: Span<Int64>, _ values: Span<Double>) throws -> Void
    ) throws {
        try withView { view in
            let field = try view.oneField(query)
            try scan(view) { stretch, count in
                let times = unsafe UnsafeBufferPointer(rebasing: stretch.times[..<count])
                let values = unsafe UnsafeBufferPointer(rebasing: stretch.values(field)[..<count])
                unsafe try body(times.span, values.span)
            }
        }
    }
}

// MARK: - Aggregates

extension SeriesRequest {
    /// What can be said of all of them at once. COST: chunks that lie in the range whole are not read.
    public func aggregate() throws -> WindowedAggregate {
        try query.checkUnlimited()
        return try source.cached(
            query, SeriesQuestion.Answer(kind: .aggregate), bytes: { _ in 0 }
        ) { view in
            let field = try view.oneField(query)
            return WindowedAggregate(try view.aggregate(query.range, field: field))
        }
    }

    /// The mean of the values; nil if there is none.
    public func mean() throws -> Double? { try aggregate().mean }
    /// The sum of the values; 0 if there is none.
    public func sum() throws -> Double { try aggregate().sum }
    /// The smallest value; nil if there is none.
    public func min() throws -> Double? { try aggregate().minimum }
    /// The largest value; nil if there is none.
    public func max() throws -> Double? { try aggregate().maximum }
    /// How many values there are: points where the field isn't NaN.
    public func count() throws -> Int { try aggregate().count }

    /// Windows of a length over the range: the first and last are clipped to it.
    ///
    /// ```swift
    /// let pulse = try db.series("heart-rate").during(today).windows(.minutes(5)).mean()
    /// ```
    ///
    /// - Parameters:
    ///   - origin: where a window begins; they are aligned to 1970 unless told otherwise.
    ///   - includingEmpty: whether windows without a point count too. A range with open ends reaches
    ///     from the first point to the last.
    public func windows(
        _ length: WindowLength, origin: Timestamp = Timestamp(microseconds: 0),
        includingEmpty: Bool = false
    ) -> WindowRequest {
        windows(
            .length(length, origin: origin), empty: includingEmpty ? .included : .omitted)
    }

    /// Windows between edges, which rise: from each up to but not including the next.
    public func windows(edges: [Timestamp], includingEmpty: Bool = false) -> WindowRequest {
        windows(.edges(edges), empty: includingEmpty ? .included : .omitted)
    }

    /// Windows of any kind over the range.
    ///
    /// ```swift
    /// let daily = try db.series("heart-rate").windows(.calendar(.day, calendar), empty: .included).mean()
    /// ```
    public func windows(_ windows: Windows, empty: EmptyWindows = .omitted) -> WindowRequest {
        WindowRequest(asked: .one(self), windows: windows, empty: empty)
    }
}

extension SeriesQuery {
    /// Throws for a limit, where points are added up.
    func checkUnlimited() throws {
        if limitCount != nil {
            throw FormDBError(
                .invalidArgument, "a limit of points means nothing to an aggregate",
                advice: "narrow the range instead")
        }
    }
}

// MARK: - Reading

extension SeriesRequest {
    /// Calls `body` with the points of the series.
    func withView<Result>(_ body: (CoreSeriesView) throws -> Result) throws -> Result {
        try query.validate()
        let transaction = try source.open()
        return try body(transaction.seriesView(named: query.series))
    }

    /// Calls `body` with stretches of the answer, and how many points of each belong to it.
    func scan(
        _ view: CoreSeriesView, _ body: (CoreSeriesView.Stretch, Int) throws -> Void
    ) throws {
        var left = query.limitCount ?? .max
        if left == 0 || query.range.isEmpty { return }
        let interruption = interruption
        var points = 0
        try view.scan(query.range, reversed: query.isReversed) { stretch in
            let count = Swift.min(stretch.count, left)
            points += count
            if points >= Self.pointsALook {
                points = 0
                try interruption.check()
            }
            try body(stretch, count)
            left -= count
            return left > 0
        }
    }

    /// At 100 ns a point about a millisecond.
    private static let pointsALook = 8_192

    /// The same, with the fields that are asked for.
    private func withStretches(
        _ body: (CoreSeriesView.Stretch, Int, [Int]) throws -> Void
    ) throws {
        try withView { view in
            let fields = try view.fieldIndices(query)
            try scan(view) { stretch, count in try body(stretch, count, fields) }
        }
    }
}

func decodeMetadata(_ bytes: UnsafeRawBufferPointer) throws -> JSONObject {
    var decoder = unsafe CBORDecoder(bytes)
    return try decoder.readObject()
}

extension CoreSeriesView.Stretch {
    /// A point as a value of its own.
    @inline(__always)
    func point(_ index: Int, _ fields: [Int]) throws -> DataPoint {
        let values = unsafe [Double](unsafeUninitializedCapacity: fields.count) { place, filled in
            for (column, field) in fields.enumerated() {
                unsafe place.initializeElement(at: column, to: self.values(field)[index])
            }
            filled = fields.count
        }
        return unsafe DataPoint(
            at: Timestamp(microseconds: times[index]), values: values,
            metadata: try metadata(index).map { unsafe try decodeMetadata($0) })
    }
}

extension CoreTransaction {
    /// The points of a series of that name.
    func seriesView(named name: String) throws -> CoreSeriesView {
        let target = try require(.series, name)
        return try seriesView(of: target.id, fieldCount: target.fieldCount)
    }
}

extension CoreSeriesView {
    /// The fields that a query asks for.
    func fieldIndices(_ query: SeriesQuery) throws -> [Int] {
        guard let name = query.fieldName else { return Array(0..<fieldCount) }
        return [try index(of: name, in: query.series)]
    }

    /// The one field that a query asks for.
    func oneField(_ query: SeriesQuery) throws -> Int {
        if let name = query.fieldName { return try index(of: name, in: query.series) }
        if fieldCount == 1 { return 0 }
        let names = try owner.describe(.series, series).fields.joined(separator: ", ")
        throw FormDBError(
            .fieldMismatch, "series \"\(query.series)\" has the fields \(names)",
            advice: "choose one with field(_:)")
    }

    private func index(of name: String, in series: String) throws -> Int {
        let fields = try owner.describe(.series, self.series).fields
        guard let index = fields.firstIndex(where: { TextBytes.areEqual($0, name) }) else {
            throw NameSuggestion.notFound("field", name, among: fields)
        }
        return index
    }
}
