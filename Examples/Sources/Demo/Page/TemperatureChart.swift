import FormDB
import Foundation

/// Temperatures of a station: each hour, and the mean of each day.
struct TemperatureChart {
    private let hours: [(time: Int64, celsius: Double)]
    private let days: [WindowedAggregate]
    private let start: Int64
    private let end: Int64

    private static let width = 1200.0
    private static let height = 380.0
    private static let plot = (left: 46.0, top: 14.0, right: 1188.0, bottom: 344.0)

    /// Reads the hours of a range as columns, and the days as windows.
    init(_ snapshot: Snapshot, series: String, during range: TimeRange) throws {
        let request = snapshot.series(series).field("temp_f").during(range)
        let columns = try request.fetchColumns()
        hours = zip(columns.times, columns.values[0]).filter { !$1.isNaN }
            .map { ($0, ($1 - 32) / 1.8) }
        days = try request.windows(.days(1)).all()
        start = range.start?.microseconds ?? 0
        end = range.end?.microseconds ?? 1
    }

    private static let step = 5.0
    private var lowest: Double { floor((hours.map(\.celsius).min() ?? 0) / Self.step) * Self.step }
    private var highest: Double { ceil((hours.map(\.celsius).max() ?? 1) / Self.step) * Self.step }

    private func x(_ time: Int64) -> Double {
        let part = Double(time - start) / Double(max(1, end - start))
        return Self.plot.left + part * (Self.plot.right - Self.plot.left)
    }

    func svg() -> String {
        let (lowest, highest) = (lowest, highest)
        func y(_ celsius: Double) -> Double {
            let part = (celsius - lowest) / max(1, highest - lowest)
            return Self.plot.bottom - part * (Self.plot.bottom - Self.plot.top)
        }
        return """
            <svg class="chart" viewBox="0 0 \(SVG.number(Self.width)) \(SVG.number(Self.height))" \
            role="img" aria-label="Chart of temperatures">
            \(temperatureAxis(lowest, highest, y))
            \(timeAxis())
            <path class="range" d="\(band(y))"/>
            <path class="hourly" d="\(hourly(y))"/>
            <path class="daily" d="\(daily(y))"/>
            </svg>
            """
    }

    /// One line, broken where hours are missing.
    private func hourly(_ y: (Double) -> Double) -> String {
        var path = SVGPath()
        var previous: Int64?
        for (time, celsius) in hours {
            if let previous, time - previous <= 3 * 3_600_000_000 {
                path.line(x(time), y(celsius))
            } else {
                path.move(x(time), y(celsius))
            }
            previous = time
        }
        return path.text
    }

    /// The mean of each day as a step: it holds from midnight to midnight.
    private func daily(_ y: (Double) -> Double) -> String {
        var path = SVGPath()
        var previousEnd: Timestamp?
        for day in days {
            guard let mean = day.mean else { continue }
            let height = y((mean - 32) / 1.8)
            let left = x(day.start.microseconds)
            if day.start == previousEnd { path.line(left, height) } else { path.move(left, height) }
            path.line(x(day.end.microseconds), height)
            previousEnd = day.end
        }
        return path.text
    }

    /// From the lowest to the highest of each day.
    private func band(_ y: (Double) -> Double) -> String {
        var path = SVGPath()
        for day in days {
            guard let low = day.minimum, let high = day.maximum else { continue }
            let (left, right) = (x(day.start.microseconds), x(day.end.microseconds))
            let (top, bottom) = (y((high - 32) / 1.8), y((low - 32) / 1.8))
            path.move(left, top)
            path.line(right, top)
            path.line(right, bottom)
            path.line(left, bottom)
            path.close()
        }
        return path.text
    }

    // MARK: - Axes

    private func temperatureAxis(
        _ lowest: Double, _ highest: Double, _ y: (Double) -> Double
    ) -> String {
        let (left, right) = (Self.plot.left, Self.plot.right)
        return stride(from: lowest, through: highest, by: Self.step).map { value in
            let height = y(value)
            let label =
                (value < 0 ? "−" : "") + "\(Int(abs(value)))" + (value == highest ? " °C" : "")
            return """
                <line class="\(value == 0 ? "zero" : "grid")" x1="\(SVG.number(left))" \
                x2="\(SVG.number(right))" y1="\(SVG.number(height))" y2="\(SVG.number(height))"/>\
                <text x="\(SVG.number(left - 7))" y="\(SVG.number(height + 4))" text-anchor="end">\(label)</text>
                """
        }.joined(separator: "\n")
    }

    /// Ticks at months where there are several, else at every few days.
    private func timeAxis() -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let first = Date(Timestamp(microseconds: start))
        let length = Double(end - start) / 86_400e6
        let isLong = length > 60
        var ticks: [Date] = []
        var date = calendar.startOfDay(for: first)
        while date < Date(Timestamp(microseconds: end)) {
            ticks.append(max(date, first))
            guard
                let next = calendar.date(
                    byAdding: isLong ? .month : .day, value: isLong ? 1 : max(1, Int(length / 12)),
                    to: date)
            else { break }
            date = next
        }
        let bottom = Self.plot.bottom
        return ticks.map { date in
            let place = x(Timestamp(date).microseconds)
            let month = monthNames[calendar.component(.month, from: date) - 1]
            let label = isLong ? month : "\(calendar.component(.day, from: date)) \(month)"
            return """
                <line class="grid" x1="\(SVG.number(place))" x2="\(SVG.number(place))" \
                y1="\(SVG.number(Self.plot.top))" y2="\(SVG.number(bottom + 6))"/>\
                <text x="\(SVG.number(place + 4))" y="\(SVG.number(bottom + 20))">\(label)</text>
                """
        }.joined(separator: "\n")
    }

    func legend() -> String {
        """
        <div class="legend"><span><i class="line hourly"></i>each hour</span>\
        <span><i class="line daily"></i>mean of the day</span>\
        <span><i class="box range"></i>lowest to highest of the day</span></div>
        """
    }
}
