/// The units of the result file. All but `perSecond` are better when lower.
enum Unit: String, Sendable {
    case nanoseconds = "ns"
    case microseconds = "us"
    case milliseconds = "ms"
    case seconds = "s"
    case perSecond = "per_s"
    case bytes = "B"
    case ratio

    var higherIsBetter: Bool { self == .perSecond }

    /// The value, in this unit, of `count` operations that took `nanoseconds` in all.
    func value(nanoseconds: Double, count: Int) -> Double {
        let each = nanoseconds / Double(count)
        return switch self {
        case .microseconds: each / 1e3
        case .milliseconds: each / 1e6
        case .seconds: each / 1e9
        case .perSecond: 1e9 / each
        case .nanoseconds, .bytes, .ratio: each
        }
    }
}

/// All runs of one operation by one engine.
struct Measurement {
    let workload: String
    let operation: String
    let engine: String
    let unit: Unit
    let hits: Int64
    /// What is known to be different, and why; empty when the answer is exact.
    let note: String
    var values: [Double]

    var minimum: Double { values.min() ?? .nan }
    var maximum: Double { values.max() ?? .nan }
    var median: Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        guard !sorted.isEmpty else { return .nan }
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// Collects measurements in the order in which their operations were first seen.
final class Recorder {
    private(set) var measurements: [Measurement] = []
    /// Of workloads, for the reports.
    var titles: [String: String] = [:]
    private var positions: [String: Int] = [:]

    func add(
        workload: String, operation: String, engine: String, unit: Unit, value: Double,
        hits: Int64, note: String = ""
    ) throws {
        let key = "\(workload)/\(operation)/\(engine)"
        if let position = positions[key] {
            guard measurements[position].hits == hits else {
                throw BenchError("\(key): \(hits) hits, \(measurements[position].hits) before")
            }
            measurements[position].values.append(value)
            return
        }
        positions[key] = measurements.count
        measurements.append(
            Measurement(
                workload: workload, operation: operation, engine: engine, unit: unit, hits: hits,
                note: note, values: [value]))
    }
}
