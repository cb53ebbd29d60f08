import Foundation

/// Writes the result file: a list of one object a measurement, and one with the machine.
enum ResultFile {
    private struct Result: Encodable {
        let workload, operation, engine, unit: String
        let median, min, max: Double
        let runs: Int
        let hits: Int64
        let note: String?
    }

    private enum Entry: Encodable {
        case machine(Machine)
        case result(Result)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .machine(let machine): try ["machine": machine].encode(to: encoder)
            case .result(let result): try result.encode(to: encoder)
            }
        }
    }

    static func write(_ measurements: [Measurement], machine: Machine, to file: URL) throws {
        var entries: [Entry] = [.machine(machine)]
        for m in measurements {
            entries.append(
                .result(
                    Result(
                        workload: m.workload, operation: m.operation, engine: m.engine,
                        unit: m.unit.rawValue, median: m.median, min: m.minimum, max: m.maximum,
                        runs: m.values.count, hits: m.hits, note: m.note.isEmpty ? nil : m.note)))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try encoder.encode(entries).write(to: file, options: .atomic)
    }
}
