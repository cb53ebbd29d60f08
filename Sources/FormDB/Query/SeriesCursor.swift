/// Points one after another, read a chunk at a time.
///
/// ```swift
/// let cursor = try db.series("heart-rate").during(range).cursor()
/// while let point = try cursor.next() { print(point.time, point.value) }
/// ```
///
/// It keeps the state in which it was opened until it is released. Inside a write transaction, points
/// that are written ahead of it are met too.
///
/// Not `Sendable`: it is used by one thread at a time.
public final class SeriesCursor {
    private let query: SeriesQuery
    private var view: CoreSeriesView
    private let fields: [Int]
    /// How many may still come.
    private var left: Int
    /// The last chunk, and the next of its points.
    private var chunk: [DataPoint] = []
    private var index = 0
    /// The time of the last point, and how many of that time have come.
    private var last: (time: Timestamp, count: Int)?
    private var isAtEnd = false

    private static let chunkPoints = 512

    init(_ query: SeriesQuery, _ transaction: CoreTransaction) throws {
        self.query = query
        view = try transaction.seriesView(named: query.series)
        fields = try view.fieldIndices(query)
        left = query.limitCount ?? .max
    }

    /// The next point; nil at the end.
    public func next() throws -> DataPoint? {
        if index == chunk.count {
            try fill()
            if chunk.isEmpty { return nil }
        }
        let point = chunk[index]
        index += 1
        return point
    }

    /// Calls `body` with each point that is left.
    public func forEach(_ body: (DataPoint) throws -> Void) throws {
        while let point = try next() { try body(point) }
    }

    /// Reads on from the time of the last point, past those of that time that have come.
    private func fill() throws {
        chunk.removeAll(keepingCapacity: true)
        index = 0
        let range = remainingRange
        if isAtEnd || left == 0 || range.isEmpty { return }
        if !view.isCurrent {
            // By number, as another series, of other fields, may have the name now.
            view = try view.owner.seriesView(of: view.series, fieldCount: view.fieldCount)
        }
        var toSkip = last?.count ?? 0
        let wanted = min(Self.chunkPoints, left)
        try view.scan(range, reversed: query.isReversed) { stretch in
            let skipped = min(toSkip, stretch.count)
            toSkip -= skipped
            let end = min(stretch.count, skipped + wanted - chunk.count)
            for index in skipped..<end { try chunk.append(stretch.point(index, fields)) }
            return chunk.count < wanted
        }
        if chunk.count < wanted { isAtEnd = true }
        if left != .max { left -= chunk.count }
        guard let time = chunk.last?.time else { return }
        let same = chunk.reversed().prefix { $0.time == time }.count
        let before = last.map { $0.time == time ? $0.count : 0 } ?? 0
        last = (time, same + before)
    }

    private var remainingRange: TimeRange {
        guard let last else { return query.range }
        return query.range.intersection(
            query.isReversed
                ? TimeRange(end: TimeRange.at(last.time).end) : TimeRange(start: last.time))
    }
}

@available(*, unavailable)
extension SeriesCursor: Sendable {}

/// Points as an asynchronous sequence.
public struct SeriesStream: AsyncSequence, Sendable {
    public typealias Element = DataPoint
    let request: SeriesRequest

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(request: request) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let request: SeriesRequest
        private var cursor: SeriesCursor?

        init(request: SeriesRequest) { self.request = request }

        /// The next point; throws `CancellationError` when the task was cancelled.
        public mutating func next() async throws -> DataPoint? {
            try Task.checkCancellation()
            if cursor == nil { cursor = try request.cursor() }
            return try cursor?.next()
        }
    }
}
