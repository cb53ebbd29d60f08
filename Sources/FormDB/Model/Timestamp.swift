#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z, before 1970 too.
///
/// ```swift
/// let start = try Timestamp(iso8601: "2024-05-01T12:00:00Z")
/// let later = start + .seconds(90)
/// ```
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970 UTC.
    public var microseconds: Int64

    /// Creates a timestamp from microseconds since 1970 UTC.
    @inlinable
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The earliest timestamp; as the start of a feature's time it means "open".
    public static let min = Timestamp(microseconds: .min)
    /// The latest timestamp; as the end of a feature's time it means "open".
    public static let max = Timestamp(microseconds: .max)

    /// The current time of the system's clock.
    public static var now: Timestamp { Timestamp(Date()) }

    /// The nearest microsecond to `date` (ties to even), clamped to what 64 bits can hold.
    ///
    /// - Precondition: the date is not NaN.
    public init(_ date: Date) {
        let seconds = date.timeIntervalSinceReferenceDate
        precondition(!seconds.isNaN, "a date that is not a number has no timestamp")
        let whole = seconds.rounded(.down)
        let epoch = 978_307_200.0  // 2001-01-01, the reference date of Date
        guard whole > -9.2e12, whole < 9.2e12 else {
            self.init(microseconds: whole > 0 ? .max : .min)
            return
        }
        let fraction = seconds - whole
        let product = fraction * 1e6
        var micros = product.rounded(.toNearestOrEven)
        // The product is rounded; its error decides what only looks like a tie.
        let error = (-product).addingProduct(fraction, 1e6)
        if (product - product.rounded(.down)) == 0.5, error != 0 {
            micros = error > 0 ? product.rounded(.up) : product.rounded(.down)
        }
        self.init(microseconds: Int64(whole + epoch) * 1_000_000 + Int64(micros))
    }

    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

    /// The timestamp a duration later; the duration is rounded to the nearest microsecond.
    ///
    /// Traps on overflow, as integers do.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds + duration.wholeMicroseconds)
    }

    /// The timestamp a duration earlier; the duration is rounded to the nearest microsecond.
    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds - duration.wholeMicroseconds)
    }

    /// The exact time between two timestamps.
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        let (seconds, micros) = later.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let (seconds0, micros0) = earlier.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return .seconds(seconds - seconds0) + .microseconds(micros - micros0)
    }

    public static func += (time: inout Timestamp, duration: Duration) { time = time + duration }
    public static func -= (time: inout Timestamp, duration: Duration) { time = time - duration }

    /// The range from `start` up to but not including `end`.
    public static func ..< (start: Timestamp, end: Timestamp) -> TimeRange {
        TimeRange(start: start, end: end)
    }
}

extension Date {
    /// The date of a timestamp, as exactly as a `Date` can hold it.
    public init(_ timestamp: Timestamp) {
        let (seconds, micros) = timestamp.microseconds.quotientAndRemainder(
            dividingBy: 1_000_000)
        self.init(
            timeIntervalSinceReferenceDate: Double(seconds - 978_307_200) + Double(micros) / 1e6)
    }
}

extension Duration {
    /// Whole microseconds, rounded to nearest, ties to even. Traps when 64 bits can't hold them.
    var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let micro: Int64 = 1_000_000_000_000
        var (quotient, rest) = attoseconds.quotientAndRemainder(dividingBy: micro)
        let doubled = rest.magnitude * 2
        if doubled > UInt64(micro) || (doubled == UInt64(micro) && quotient % 2 != 0) {
            quotient += rest < 0 ? -1 : 1
        }
        return seconds * 1_000_000 + quotient
    }

    /// Whole nanoseconds, at least one; what is too long for them is for ever.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        if seconds >= 1 << 33 { return .max / 2 }
        return UInt64(max(1, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}

extension Timestamp: CustomStringConvertible {
    /// ISO 8601 in UTC, with as many digits of the second as needed: `2024-05-01T12:00:00.25Z`.
    ///
    /// Years outside 0000…9999 are written with a sign and six digits.
    public var description: String { iso8601 }
}

extension Timestamp: Codable {
    /// Decodes ISO 8601 text, or an integer of microseconds since 1970.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let microseconds = try? container.decode(Int64.self) {
            self.init(microseconds: microseconds)
        } else {
            try self.init(iso8601: container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(iso8601)
    }
}
