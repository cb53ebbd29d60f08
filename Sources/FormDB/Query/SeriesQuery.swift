/// A question about the points of a series: a value that can be kept, compared and asked of any
/// database, snapshot or transaction.
///
/// ```swift
/// let morning = SeriesQuery("heart-rate").during(hours)
/// let points = try db.fetchAll(morning)
/// ```
public struct SeriesQuery: Hashable, Sendable, SeriesRefining {
    private var name: TextKey
    private var fieldKey: TextKey?
    /// The times that are asked for.
    public internal(set) var range = TimeRange.all
    var limitCount: Int?
    var isReversed = false

    /// All points of a series.
    public init(_ series: String) { name = TextKey(series) }

    /// The series that is asked.
    public var series: String { name.text }

    /// The field that is asked for; nil for all of them.
    public internal(set) var fieldName: String? {
        get { fieldKey?.text }
        set { fieldKey = newValue.map { TextKey($0) } }
    }

    /// Itself: what all that refines a question refines.
    public var query: SeriesQuery {
        get { self }
        set { self = newValue }
    }

    func validate() throws {
        if let limitCount, limitCount < 0 {
            throw FormDBError(.invalidArgument, "a limit of \(limitCount)")
        }
    }
}

/// What narrows a question about points: a query, or one that is bound to a database.
public protocol SeriesRefining: Sendable {
    /// The question.
    var query: SeriesQuery { get set }
}

extension SeriesRefining {
    private func refined(_ change: (inout SeriesQuery) -> Void) -> Self {
        var refined = self
        change(&refined.query)
        return refined
    }

    /// Points in a range of time; several ranges have to hold together.
    public func during(_ range: TimeRange) -> Self {
        refined { $0.range = $0.range.intersection(range) }
    }

    /// Points from a time on.
    public func during(_ range: PartialRangeFrom<Timestamp>) -> Self { during(TimeRange(range)) }

    /// Points before a time.
    public func during(_ range: PartialRangeUpTo<Timestamp>) -> Self { during(TimeRange(range)) }

    /// One field of several: points then have its value alone.
    public func field(_ name: String) -> Self { refined { $0.fieldName = name } }

    /// So many at most: the earliest, or, reversed, the latest.
    public func limit(_ count: Int) -> Self { refined { $0.limitCount = count } }

    /// The latest first.
    public func reversed() -> Self { refined { $0.isReversed.toggle() } }
}

extension SeriesQuery: CustomStringConvertible {
    /// The question, as it would be written.
    public var description: String {
        var text = "SeriesQuery(\(series.debugDescription))"
        if range != .all { text += ".during(\(range))" }
        if let fieldName { text += ".field(\(fieldName.debugDescription))" }
        if isReversed { text += ".reversed()" }
        if let limitCount { text += ".limit(\(limitCount))" }
        return text
    }
}
