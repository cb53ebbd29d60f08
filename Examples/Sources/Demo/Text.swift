import FormDB
import Foundation

// How features, times and distances read in the demo's answers.

let monthNames = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

/// Degrees Fahrenheit as Celsius, with one decimal.
func celsius(_ fahrenheit: Double?) -> String {
    guard let fahrenheit, !fahrenheit.isNaN else { return "–" }
    return Console.decimal((fahrenheit - 32) / 1.8, 1)
}

extension Feature {
    /// The position of a point.
    var position: Position? {
        if case .point(let position)? = geometry { position } else { nil }
    }

    /// A property as text; empty without one.
    func text(_ property: String) -> String {
        switch properties?[property] {
        case nil, .null?: ""
        case .string(let text)?: text
        case let value?: value.description
        }
    }

    private func number(_ property: String) -> Double? { properties?[property]?.doubleValue }

    var magnitude: Double { number("mag") ?? -.infinity }
    var depth: Double { number("depth") ?? -.infinity }

    /// Time, magnitude, depth and place of an earthquake.
    var quakeRow: [String] {
        [
            time.map(\.minute) ?? "", "M " + (number("mag").map { Console.decimal($0, 1) } ?? "–"),
            Console.decimal(depth, 0) + " km", position?.degrees ?? "", text("place"),
        ]
    }
}

extension Position {
    /// "20.38° S, 178.43° W".
    var degrees: String {
        let north = Console.decimal(abs(latitude), 2) + (latitude < 0 ? "° S" : "° N")
        let east = Console.decimal(abs(longitude), 2) + (longitude < 0 ? "° W" : "° E")
        return "\(north), \(east)"
    }
}

extension Distance {
    /// "66.1 km".
    var short: String { Console.decimal(kilometers, 1) + " km" }
}

extension Timestamp {
    /// "2022-02-25".
    var day: String { String(description.prefix(10)) }
    /// "2022-02-25 01:39".
    var minute: String { String(description.prefix(16)).replacing("T", with: " ") }
}

extension FeatureTime {
    var minute: String { start.minute }
}
