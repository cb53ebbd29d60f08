/// The length of a window of a series: fixed, in whole microseconds.
///
/// ```swift
/// let pulse = try db.series("heart-rate").windows(.minutes(5)).mean()
/// ```
///
/// Days and weeks are of 86,400 and 604,800 seconds, as UTC has them; windows that follow a
/// calendar take the host's calendar instead.
public struct WindowLength: Hashable, Comparable, Sendable, Codable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func microseconds(_ count: Int64) -> WindowLength {
        WindowLength(microseconds: count)
    }
    public static func milliseconds(_ count: Int64) -> WindowLength { of(count, 1000) }
    public static func seconds(_ count: Int64) -> WindowLength { of(count, 1_000_000) }
    public static func minutes(_ count: Int64) -> WindowLength { of(count, 60_000_000) }
    public static func hours(_ count: Int64) -> WindowLength { of(count, 3_600_000_000) }
    public static func days(_ count: Int64) -> WindowLength { of(count, 86_400_000_000) }
    public static func weeks(_ count: Int64) -> WindowLength { of(count, 604_800_000_000) }

    /// Clamped where 64 bits can't hold it.
    private static func of(_ count: Int64, _ unit: Int64) -> WindowLength {
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return WindowLength(microseconds: overflow ? (count < 0 ? .min : .max) : product)
    }

    /// A duration, rounded to the nearest microsecond.
    public init(_ duration: Duration) { self.init(microseconds: duration.wholeMicroseconds) }

    /// The same length as a duration.
    public var duration: Duration { .microseconds(microseconds) }

    public static func < (a: WindowLength, b: WindowLength) -> Bool {
        a.microseconds < b.microseconds
    }

    /// Throws `invalidArgument` unless the length is positive.
    public func validate() throws {
        guard microseconds > 0 else {
            throw FormDBError(.invalidArgument, "a window must be longer than nothing")
        }
    }
}

extension WindowLength: CustomStringConvertible {
    public var description: String {
        let units: [(Int64, String)] = [
            (604_800_000_000, "w"), (86_400_000_000, "d"), (3_600_000_000, "h"),
            (60_000_000, "min"), (1_000_000, "s"), (1000, "ms"),
        ]
        for (unit, name) in units where microseconds != 0 && microseconds % unit == 0 {
            return "\(microseconds / unit) \(name)"
        }
        return "\(microseconds) µs"
    }
}
