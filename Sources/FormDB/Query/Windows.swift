#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// How time is cut into windows.
///
/// ```swift
/// .windows(.calendar(.month, newYork))
/// .windows(.edges([midnight, noon, evening]))
/// .windows(.length(.days(7), origin: firstMonday))
/// ```
public struct Windows: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case length(WindowLength, origin: Timestamp)
        case calendar(CalendarUnit, Calendar)
        case edges([Timestamp])
    }
    let kind: Kind

    /// Windows of one length, one of which begins at the origin; 1970 unless told otherwise.
    public static func length(
        _ length: WindowLength, origin: Timestamp = Timestamp(microseconds: 0)
    ) -> Windows {
        Windows(kind: .length(length, origin: origin))
    }

    /// Hours, days, weeks, months, quarters or years of a calendar, in the calendar's time zone.
    ///
    /// A day starts at its first instant that exists, and a day that doesn't exist has no window. An hour
    /// starts at each full hour of the local clock and wherever the clock is set, so that an hour that
    /// the clock shows twice is two windows. Weeks start on the calendar's `firstWeekday`.
    public static func calendar(_ unit: CalendarUnit, _ calendar: Calendar) -> Windows {
        Windows(kind: .calendar(unit, calendar))
    }

    /// Windows between edges, which rise: from each up to but not including the next.
    public static func edges(_ edges: [Timestamp]) -> Windows { Windows(kind: .edges(edges)) }
}

/// A unit of a calendar, as the length of windows.
public struct CalendarUnit: Hashable, Sendable, CustomStringConvertible {
    enum Kind: String, Hashable, Sendable {
        case hour, day, week, month, quarter, year
    }
    let kind: Kind

    public static let hour = CalendarUnit(kind: .hour)
    public static let day = CalendarUnit(kind: .day)
    public static let week = CalendarUnit(kind: .week)
    public static let month = CalendarUnit(kind: .month)
    /// Three months, from the first month of a year on.
    public static let quarter = CalendarUnit(kind: .quarter)
    public static let year = CalendarUnit(kind: .year)

    public var description: String { kind.rawValue }
}

/// What becomes of windows with nothing in them.
///
/// Those between the ends of the range that is asked for are meant; where an end is open, those between
/// the first and the last window that has something.
public struct EmptyWindows: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case omitted, included
        case filled(Filling)
    }
    let kind: Kind

    /// What a mean, minimum or maximum is taken to be where there is no value.
    public struct Filling: Hashable, Sendable {
        enum Kind: Hashable, Sendable { case previous, linear }
        let kind: Kind

        /// That of the last window that has one.
        public static let previous = Filling(kind: .previous)
        /// On the straight line between the windows before and after that have one, by the times at which
        /// the windows start.
        public static let linear = Filling(kind: .linear)
    }

    /// They are left out.
    public static let omitted = EmptyWindows(kind: .omitted)
    /// They are reported: counts and sums are 0, all else is nil.
    public static let included = EmptyWindows(kind: .included)
    /// They are reported, and so are windows without a value, with a value from their neighbours; nil where there is
    /// none to take it from. Counts and sums stay 0.
    public static func filled(_ filling: Filling) -> EmptyWindows {
        EmptyWindows(kind: .filled(filling))
    }

    var areReported: Bool { kind != .omitted }

    /// The values with those filled in that are missing.
    func fill(_ windows: inout [WindowedValue<Double?>]) {
        guard case .filled(let filling) = kind else { return }
        var last: Int?
        for index in windows.indices {
            if windows[index].value == nil {
                if filling == .previous, let last {
                    windows[index].value = windows[last].value
                }
                continue
            }
            if filling == .linear, let last { Self.interpolate(&windows, last, index) }
            last = index
        }
    }

    private static func interpolate(
        _ windows: inout [WindowedValue<Double?>], _ first: Int, _ last: Int
    ) {
        guard last - first > 1, let a = windows[first].value, let b = windows[last].value else {
            return
        }
        let start = windows[first].start.microseconds
        let span = Double(windows[last].start.microseconds) - Double(start)
        for index in first + 1..<last {
            let part = (Double(windows[index].start.microseconds) - Double(start)) / span
            windows[index].value = a + (b - a) * part
        }
    }
}

extension Windows {
    /// More windows than this are refused rather than kept in memory.
    static let countMax = 1 << 24

    static var tooMany: FormDBError {
        FormDBError(
            .tooLarge, "more than \(countMax) windows",
            advice: "choose longer windows or a shorter range, or leave out empty ones")
    }

    func validate() throws {
        switch kind {
        case .length(let length, _): try length.validate()
        case .edges(let edges):
            guard edges.count >= 2, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw FormDBError(
                    .invalidArgument, "edges of windows are two or more, each later than the last")
            }
        case .calendar: break
        }
    }
}
