#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// When a feature is valid: a closed interval of microseconds; an instant is one of length zero.
///
/// ```swift
/// Feature(geometry: .point(longitude: 24.94, latitude: 60.17), time: .instant(.now))
/// let concert = FeatureTime.interval(doors, curfew)
/// let holiday = FeatureTime.day(year: 2024, month: 12, day: 6)
/// ```
///
/// What was read as OGC JSON-FG `time` is remembered as it was read (a whole day stays a day) and
/// written back so.
public struct FeatureTime: Hashable, Sendable {
    /// The first microsecond; ``Timestamp/min`` when open.
    public let start: Timestamp
    /// The last microsecond, included; ``Timestamp/max`` when open.
    public let end: Timestamp
    /// The JSON-FG `time` member as read, where start and end alone can't reproduce it.
    public let source: JSONObject?

    init(start: Timestamp, end: Timestamp, source: JSONObject?) {
        self.start = start
        self.end = end
        self.source = source
    }

    /// One point in time.
    public static func instant(_ time: Timestamp) -> FeatureTime {
        FeatureTime(start: time, end: time, source: nil)
    }

    /// One point in time, rounded to the nearest microsecond.
    @_disfavoredOverload
    public static func instant(_ date: Date) -> FeatureTime { .instant(Timestamp(date)) }

    /// From `start` to `end`, both included; nil is open. An end before the start is refused when
    /// the feature is written.
    public static func interval(_ start: Timestamp?, _ end: Timestamp?) -> FeatureTime {
        FeatureTime(start: start ?? .min, end: end ?? .max, source: nil)
    }

    /// From `start` to `end`, both included and rounded to the nearest microsecond.
    @_disfavoredOverload
    public static func interval(_ start: Date?, _ end: Date?) -> FeatureTime {
        .interval(start.map { Timestamp($0) }, end.map { Timestamp($0) })
    }

    /// A whole day in UTC.
    ///
    /// - Precondition: the day exists, in years -9999…9999.
    public static func day(year: Int, month: Int, day: Int) -> FeatureTime {
        let civil = CivilDay(year: year, month: month, day: day)
        precondition(civil.isValid && abs(year) <= 9999, "there is no such day")
        return .day(civil)
    }

    static func day(_ day: CivilDay) -> FeatureTime {
        var text: [UInt8] = []
        ISO8601Format.append(day, to: &text)
        let bounds = day.bounds
        return FeatureTime(
            start: bounds.start, end: bounds.end,
            source: ["date": .string(String(decoding: text, as: UTF8.self))])
    }

    /// Reads a day (`2024-05-01`) or a time (`2024-05-01T12:00:00Z`).
    public init(iso8601 text: String, parsing: Timestamp.Parsing = .strict) throws {
        if let day = CivilDay(text) {
            self = .day(day)
        } else {
            self = .instant(try Timestamp(iso8601: text, parsing: parsing))
        }
    }

    /// Whether it is one point in time.
    public var isInstant: Bool { start == end }

    /// How finely the time was given.
    public var granularity: Granularity {
        guard let source else { return .microsecond }
        if let interval = source["interval"]?.arrayValue {
            let isDays = interval.contains { CivilDay($0.stringValue ?? "") != nil }
            return isDays ? .day : .microsecond
        }
        return source["date"] != nil && source["timestamp"] == nil ? .day : .microsecond
    }

    /// How finely a time was given.
    public struct Granularity: Hashable, Sendable {
        private let name: String
        /// Whole days.
        public static let day = Granularity(name: "day")
        /// Times of day, to the microsecond.
        public static let microsecond = Granularity(name: "microsecond")
    }

    /// Throws `invalidArgument` if the end lies before the start.
    public func validate() throws {
        guard start <= end else {
            throw FormDBError(
                .invalidArgument, "a time that ends (\(end)) before it starts (\(start))")
        }
    }
}

extension FeatureTime: CustomStringConvertible {
    public var description: String {
        if isInstant { return start.description }
        let first = start == .min ? ".." : start.description
        let last = end == .max ? ".." : end.description
        return "\(first)/\(last)"
    }
}

extension FeatureTime: Codable {
    /// Decodes an OGC JSON-FG `time` member.
    public init(from decoder: any Decoder) throws {
        self = try FeatureTime(jsonFG: JSONObject(from: decoder), lenient: true)
    }

    /// Encodes an OGC JSON-FG `time` member.
    public func encode(to encoder: any Encoder) throws { try jsonFG.encode(to: encoder) }
}

extension CivilDay {
    init?(_ text: String) {
        guard let day = unsafe text.withUTF8Bytes({ unsafe ISO8601Parser.day($0) }) else {
            return nil
        }
        self = day
    }

    /// First and last microsecond, clamped to what 64 bits can hold.
    var bounds: (start: Timestamp, end: Timestamp) {
        let (start, overflow) = Int64(daysSinceEpoch).multipliedReportingOverflow(
            by: ISO8601Format.microsecondsPerDay)
        if overflow {
            let clamped = daysSinceEpoch < 0 ? Int64.min : Int64.max
            return (Timestamp(microseconds: clamped), Timestamp(microseconds: clamped))
        }
        let (end, above) = start.addingReportingOverflow(ISO8601Format.microsecondsPerDay - 1)
        return (Timestamp(microseconds: start), Timestamp(microseconds: above ? .max : end))
    }
}

extension FeatureTime {
    /// Reads an OGC JSON-FG `time` object: `interval` wins over `timestamp`, that over `date`.
    init(jsonFG object: JSONObject, lenient: Bool) throws {
        let parsing: Timestamp.Parsing = lenient ? .lenient : .strict
        var start = Timestamp.min
        var end = Timestamp.max
        if let interval = object["interval"] {
            guard let ends = interval.arrayValue, ends.count == 2,
                let first = ends[0].stringValue, let last = ends[1].stringValue
            else {
                throw FormDBError(
                    .malformed, "the interval of a time must be two texts, \"..\" for an open end")
            }
            if first != ".." { start = try Self.bounds(first, parsing).start }
            if last != ".." { end = try Self.bounds(last, parsing).end }
        } else if let timestamp = object["timestamp"] {
            guard let text = timestamp.stringValue else {
                throw FormDBError(.malformed, "the timestamp of a time must be a text")
            }
            start = try Timestamp(iso8601: text, parsing: parsing)
            end = start
        } else if let date = object["date"] {
            guard let text = date.stringValue, let day = CivilDay(text) else {
                throw FormDBError(
                    .malformed, "the date of a time must be a text such as 2024-05-01")
            }
            (start, end) = day.bounds
        } else {
            throw FormDBError(.malformed, "a time must have a date, a timestamp or an interval")
        }
        let plain = FeatureTime(start: start, end: end, source: nil)
        try plain.validate()
        let reproduced = plain.jsonFG.isIdentical(to: object)
        self.init(start: start, end: end, source: reproduced ? nil : object)
    }

    private static func bounds(
        _ text: String, _ parsing: Timestamp.Parsing
    ) throws -> (start: Timestamp, end: Timestamp) {
        if let day = CivilDay(text) { return day.bounds }
        let time = try Timestamp(iso8601: text, parsing: parsing)
        return (time, time)
    }

    /// The OGC JSON-FG `time` object: as read, or made from start and end.
    var jsonFG: JSONObject {
        if let source { return source }
        if isInstant { return ["timestamp": .string(start.iso8601)] }
        return [
            "interval": [
                .string(start == .min ? ".." : start.iso8601),
                .string(end == .max ? ".." : end.iso8601),
            ]
        ]
    }
}
