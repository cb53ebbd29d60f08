#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The time that a question is about: from `start` up to but not including `end`; either may be
/// open.
///
/// ```swift
/// let start = try Timestamp(iso8601: "2024-05-01T00:00:00Z")
/// let day = start..<(start + .seconds(86_400))
/// let sinceThen = TimeRange.from(start)
/// ```
public struct TimeRange: Hashable, Sendable, Codable {
    /// The first microsecond of the range; nil when it is open.
    public var start: Timestamp?
    /// The microsecond after the last; nil when it is open.
    public var end: Timestamp?

    /// Creates a range; leave out an end that is open.
    public init(start: Timestamp? = nil, end: Timestamp? = nil) {
        self.start = start
        self.end = end
    }

    public init(_ range: Range<Timestamp>) {
        self.init(start: range.lowerBound, end: range.upperBound)
    }

    public init(_ range: PartialRangeFrom<Timestamp>) { self.init(start: range.lowerBound) }

    public init(_ range: PartialRangeUpTo<Timestamp>) { self.init(end: range.upperBound) }

    public init(_ range: Range<Date>) {
        self.init(start: Timestamp(range.lowerBound), end: Timestamp(range.upperBound))
    }

    /// All of time.
    public static let all = TimeRange()

    /// From a time on.
    public static func from(_ start: Timestamp) -> TimeRange { TimeRange(start: start) }
    /// Up to but not including a time.
    public static func upTo(_ end: Timestamp) -> TimeRange { TimeRange(end: end) }
    /// The one microsecond at `time`.
    public static func at(_ time: Timestamp) -> TimeRange {
        // After the last microsecond comes nothing, so an open end says the same.
        let next = time.microseconds == .max ? nil : Timestamp(microseconds: time.microseconds + 1)
        return TimeRange(start: time, end: next)
    }
    @_disfavoredOverload
    public static func from(_ start: Date) -> TimeRange { .from(Timestamp(start)) }
    @_disfavoredOverload
    public static func upTo(_ end: Date) -> TimeRange { .upTo(Timestamp(end)) }
    @_disfavoredOverload
    public static func at(_ time: Date) -> TimeRange { .at(Timestamp(time)) }

    /// Whether no time lies in the range.
    public var isEmpty: Bool {
        guard let end else { return false }
        return end <= (start ?? .min)
    }

    /// Whether a time lies in the range.
    public func contains(_ time: Timestamp) -> Bool {
        (start.map { $0 <= time } ?? true) && (end.map { time < $0 } ?? true)
    }

    /// Whether a feature's time, a closed interval, meets the range.
    public func meets(_ time: FeatureTime) -> Bool {
        !isEmpty && (end.map { time.start < $0 } ?? true)
            && (start.map { $0 <= time.end } ?? true)
    }

    /// Whether two ranges share a time.
    public func overlaps(_ other: TimeRange) -> Bool {
        !intersection(other).isEmpty
    }

    /// The times that lie in both.
    public func intersection(_ other: TimeRange) -> TimeRange {
        let latest = [start, other.start].compactMap { $0 }.max()
        let earliest = [end, other.end].compactMap { $0 }.min()
        return TimeRange(start: latest, end: earliest)
    }
}

extension TimeRange: CustomStringConvertible {
    public var description: String {
        "[\(start.map(\.description) ?? "…"), \(end.map(\.description) ?? "…"))"
    }
}
