#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The edges of a calendar's windows over a stretch of time.
///
/// All follows from what a clock in the time zone shows: time is walked in stretches of one offset from UTC. A day
/// starts when the local date first exceeds all before it, so that dates that are skipped have no day, and
/// a clock set back past midnight starts none twice.
struct CalendarWindows {
    let unit: CalendarUnit
    let calendar: Calendar
    var interruption = Interruption()

    private static let day = 86_400
    /// 11,000 years.
    private static let daysMax = 4_000_000

    /// Rising edges, the first at or before `first`, the last after `last`.
    func edges(from first: Timestamp, through last: Timestamp) throws -> [Timestamp] {
        let start = Self.seconds(first)
        let end = Self.seconds(last)
        if (end - start) / Self.day > Self.daysMax || abs(start) / Self.day > Self.daysMax {
            throw Windows.tooMany
        }
        var edges: [Timestamp] = []
        var previous: Key?
        var steps = 0
        try walk(from: start - daysBefore * Self.day) { second, day in
            steps += 1
            if steps % 256 == 0 { try interruption.check() }
            let key = key(second, day)
            if key == previous { return true }
            defer { previous = key }
            // The stretch that the walk begins with has begun before.
            if previous == nil { return true }
            let edge = Timestamp(microseconds: Int64(second) * 1_000_000)
            if edge <= first { edges.removeAll(keepingCapacity: true) }
            edges.append(edge)
            return edge <= last
        }
        return edges
    }

    private static func seconds(_ time: Timestamp) -> Int {
        let (quotient, rest) = time.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Int(rest < 0 ? quotient - 1 : quotient)
    }

    /// How far before a time the unit that holds it may have begun, and one more.
    private var daysBefore: Int {
        switch unit.kind {
        case .hour: 2
        case .day: 5
        case .week: 20
        case .month: 80
        case .quarter: 250
        case .year: 800
        }
    }

    private struct Key: Hashable {
        var era = 0
        var year = 0
        var part = 0
        var isLeap = false
    }

    /// What tells a unit from the one before, at the start of an hour or day.
    private func key(_ second: Int, _ day: Int) -> Key {
        switch unit.kind {
        case .hour: return Key(part: second)
        case .day: return Key(part: day)
        case .week:
            // Day 0, 1970-01-01, was a Thursday: weekday 5.
            return Key(part: Self.floor(day + 5 - calendar.firstWeekday, 7))
        case .month, .quarter, .year:
            let date = Date(timeIntervalSince1970: Double(second))
            let parts = calendar.dateComponents([.era, .year, .month], from: date)
            var key = Key(era: parts.era ?? 0, year: parts.year ?? 0)
            let month = parts.month ?? 0
            if unit == .month {
                key.part = month
                key.isLeap = parts.isLeapMonth ?? false
            } else if unit == .quarter {
                key.part = (month - 1) / 3
            }
            return key
        }
    }

    private static func floor(_ value: Int, _ divisor: Int) -> Int {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }

    private func offset(_ second: Int) -> Int {
        calendar.timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
    }

    /// The first second from which on the offset is another, within (start, end]; nil if there is none.
    private func change(after start: Int, through end: Int) -> Int? {
        let before = offset(start)
        if offset(end) == before { return nil }
        var (low, high) = (start, end)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(middle) == before { low = middle } else { high = middle }
        }
        return high
    }

    /// Calls `body` with the start of each hour or day, and the number of its local day, until it returns false.
    private func walk(
        from start: Int, _ body: (_ second: Int, _ day: Int) throws -> Bool
    ) rethrows {
        var second = start
        var latest = Int.min
        let step = unit == .hour ? 3600 : Self.day
        while true {
            let offset = offset(second)
            let day = Self.floor(second + offset, Self.day)
            if unit == .hour || day > latest {
                latest = max(latest, day)
                if try !body(second, day) { return }
            }
            let next = (Self.floor(second + offset, step) + 1) * step - offset
            second = change(after: second, through: next) ?? next
        }
    }
}
