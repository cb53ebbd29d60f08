/// The figures to reach, by the core (`formdb-core`). Machines differ and are noisy: ratios to the
/// peers bind, these absolute figures inform.
enum Targets {
    private static let values: [String: Double] = [
        "W1/insert": 50, "W1/build": 45, "W1/window-small": 500, "W1/window-large": 1400,
        "W1/window-small-packed": 300, "W1/window-large-packed": 900, "W1/delete": 70,
        "W2/insert": 130, "W2/build": 56, "W2/window-small": 1.8, "W2/window-large": 25,
        "W2/window-small-packed": 1.0, "W2/window-large-packed": 15, "W2/nearest-10": 3.5,
        "W2/nearest-10-packed": 1.6, "W2/delete": 100, "W2/insert-pause": 500,
        "W2/bytes-entry": 95,
        "W4/insert": 80, "W4/window-small": 0.75, "W4/window-small-packed": 0.5,
        "W4/window-large-packed": 3.7, "W4/nearest-10-packed": 1.3,
        "T1/insert": 20e6, "T1/range-hour": 3e6, "T1/range-day": 400e3, "T1/range-week": 60e3,
        "T1/delete": 5e6,
    ]

    /// The target, in the unit in which the operation is measured.
    static func value(workload: String, operation: String) -> Double? {
        values["\(workload)/\(operation)"]
    }
}
