import Foundation

/// Titles, tables, times and a progress bar on standard output.
enum Console {
    static let isTerminal = isatty(1) == 1

    static func title(_ text: String) {
        print(isTerminal ? "\n\u{1b}[1m\(text)\u{1b}[0m" : "\n\(text)")
        fflush(nil)
    }

    /// A duration for people: three digits at most.
    static func time(_ duration: Duration) -> String {
        let seconds = Console.seconds(duration)
        switch seconds {
        case ..<1e-3: return "\(decimal(seconds * 1e6, seconds < 1e-4 ? 1 : 0)) µs"
        case ..<1: return "\(decimal(seconds * 1e3, seconds < 0.1 ? 1 : 0)) ms"
        default: return "\(decimal(seconds, 1)) s"
        }
    }

    static func seconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// An integer with commas: 144,563.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }

    static func bytes(_ count: some BinaryInteger) -> String {
        let value = Double(count)
        switch value {
        case ..<10_000: return "\(count) bytes"
        case ..<1e7: return "\(decimal(value / 1e3, 0)) kB"
        default: return "\(decimal(value / 1e6, 1)) MB"
        }
    }

    /// Pads on the right, or on the left where `width` is negative.
    static func pad(_ text: String, _ width: Int) -> String {
        let padding = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? padding + text : text + padding
    }

    /// Prints rows in columns; numbers of `right` are aligned to the right.
    static func table(_ rows: [[String]], right: Set<Int> = [], indent: String = "       ") {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        for row in rows {
            let cells = row.enumerated().map { column, text in
                pad(text, right.contains(column) ? -widths[column] : widths[column])
            }
            let line = cells.joined(separator: "  ")
            print(indent + line.replacing(/\s+$/, with: ""))
        }
    }
}

/// A bar that fills while a file is imported; without a terminal only its last line is printed.
struct ProgressBar {
    private let label: String
    private let start = ContinuousClock().now
    private static let width = 28

    init(_ label: String) {
        self.label = label
        show(0)
    }

    func show(_ fraction: Double, _ text: String = "") {
        guard Console.isTerminal else { return }
        print("\r  \(line(fraction, text))\u{1b}[K", terminator: "")
        fflush(nil)
    }

    /// Ends the bar, and returns how long it took.
    @discardableResult
    func finish(_ text: (Duration) -> String) -> Duration {
        let elapsed = ContinuousClock().now - start
        print("\(Console.isTerminal ? "\r" : "")  \(line(1, text(elapsed)))", terminator: "")
        print(Console.isTerminal ? "\u{1b}[K" : "")
        return elapsed
    }

    private func line(_ fraction: Double, _ text: String) -> String {
        let filled = Int((fraction * Double(Self.width)).rounded())
        let bar =
            String(repeating: "█", count: filled)
            + String(repeating: "░", count: Self.width - filled)
        return "\(Console.pad(label, 26)) \(bar) \(text)"
    }
}
