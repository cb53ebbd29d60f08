import BenchCore

/// The same rows and questions as W2 at growing sizes, with windows that keep their hundred hits: how
/// costs grow.
struct ScalingRunner {
    struct Size {
        let rows: Int
        let name: String
    }

    static let sizes = [
        Size(rows: 10_000, name: "W2-10k"), Size(rows: 100_000, name: "W2-100k"),
        Size(rows: 1_000_000, name: "W2-1M"), Size(rows: 4_000_000, name: "W2-4M"),
    ]
    static let kinds: [PlaceEngineKind] = [.core, .boostLinear, .boostPacked]

    let sizes: [Size]
    let kinds: [PlaceEngineKind]
    let runs: Int
    let surroundings: Surroundings
    let recorder: Recorder

    func run() throws {
        for size in sizes {
            let workload = PlaceWorkload.w2(rows: size.rows, name: size.name)
            let truth = try Reference(workload.data.boxes).windows(workload.data.small)
            for run in 0..<runs {
                for offset in kinds.indices {
                    let kind = kinds[(run + offset) % kinds.count]
                    Progress.show("\(size.name) run \(run + 1) of \(runs): \(kind.name)")
                    try runOnce(kind, workload, truth)
                }
            }
        }
        Progress.clear()
    }

    private func runOnce(
        _ kind: PlaceEngineKind, _ workload: PlaceWorkload, _ truth: bench_answer
    ) throws {
        let setup = PlaceSetup(isPlanar: false, arePoints: false, surroundings: surroundings)
        let rows = workload.data.boxes
        func record(_ operation: String, _ unit: Unit, _ value: Double, _ hits: UInt64) throws {
            try recorder.add(
                workload: workload.name, operation: operation, engine: kind.name, unit: unit,
                value: value, hits: Int64(hits))
        }
        func ask(_ engine: any PlaceEngine, _ operation: String) throws {
            let (answer, time) = try Stopwatch.time { try engine.windows(workload.data.small) }
            guard answer == truth else {
                throw BenchError("\(workload.name) \(operation): \(kind.name) found \(answer)")
            }
            let each = Unit.microseconds.value(nanoseconds: time, count: workload.data.small.count)
            try record(operation, .microseconds, each, answer.hits)
        }
        if !kind.isBulkOnly {
            let engine = try kind.make(setup)
            let time = try Stopwatch.time { try engine.insert(rows) }.nanoseconds
            try record("insert", .nanoseconds, time / Double(rows.count), UInt64(rows.count))
            try ask(engine, "window-small")
            if let bytes = try engine.indexBytes() {
                try record(
                    "bytes-entry", .bytes, Double(bytes) / Double(rows.count), UInt64(rows.count))
            }
            try engine.close()
        }
        guard let engine = try kind.make(setup) as? any BulkPlaceEngine else { return }
        try engine.prepare(rows)
        try engine.build(rows)
        try engine.pack()
        try ask(engine, "window-small-packed")
        try engine.close()
    }

    /// One line an engine and operation, one column a size.
    static func report(_ measurements: [Measurement]) {
        let rows = measurements.filter { m in sizes.contains { $0.name == m.workload } }
        guard !rows.isEmpty else { return }
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        print("\nW2 as it grows: medians by number of rows, windows of 100 hits")
        print(
            padded("operation", 27) + padded("engine", 19)
                + sizes.map { padded(String($0.rows), 12) }.joined())
        var seen: Set<String> = []
        for row in rows where seen.insert("\(row.operation)/\(row.engine)").inserted {
            let figures = sizes.map { size in
                rows.first {
                    $0.workload == size.name && $0.operation == row.operation
                        && $0.engine == row.engine
                }.map { Report.figure($0.median, $0.unit) } ?? ""
            }
            print(
                padded(row.operation, 27) + padded(row.engine, 19)
                    + figures.map { padded($0, 12) }.joined())
        }
    }
}
