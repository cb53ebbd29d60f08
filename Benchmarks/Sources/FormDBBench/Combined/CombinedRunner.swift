import Foundation

/// Runs the `combined` workload, the engines in turn, and compares the answers.
struct CombinedRunner {
    static let sqlite = ["sqlite-rtree", "sqlite-timed-rtree"]
    static let duckdb = "duckdb"

    let runs: Int
    let isQuick: Bool
    let wants: (_ engine: String) -> Bool
    let surroundings: Surroundings
    let recorder: Recorder

    func run() throws -> String {
        Progress.show("combined: filling")
        let workload = CombinedWorkload(
            count: isQuick ? 100_000 : 1_000_000, questionCount: isQuick ? 50 : 200)
        var engines: [CombinedEngine] = []
        if wants("formdb") { engines.append(try .formdb(workload)) }
        if wants(Self.sqlite[0]) { engines.append(try .sqlite(workload, isTimed: false)) }
        if wants(Self.sqlite[1]) { engines.append(try .sqlite(workload, isTimed: true)) }
        for run in 0..<runs {
            for engine in engines {
                Progress.show("combined run \(run + 1) of \(runs): \(engine.name)")
                try measure(engine, workload)
            }
        }
        Progress.clear()
        if wants(Self.duckdb) {
            do {
                for line in try DuckDB(surroundings).run(workload, runs: runs) {
                    try record(line.operation, Self.duckdb, line.nanoseconds, workload)
                }
            } catch let error as BenchError {
                print("combined: duckdb is left out: \(error)")
            }
        }
        return workload.title
    }

    private func measure(_ engine: CombinedEngine, _ workload: CombinedWorkload) throws {
        let found = try Stopwatch.time { try engine.find(workload.questions) }
        guard found.result == workload.truth else {
            throw BenchError(
                "combined: \(engine.name) found \(found.result), not \(workload.truth)")
        }
        try record("box-week-magnitude", engine.name, found.nanoseconds, workload)
        let mean = try Stopwatch.time { try engine.mean(workload.middle) }
        guard abs(mean.result - workload.mean) < 1e-9 else {
            throw BenchError("combined: \(engine.name) gives the mean \(mean.result)")
        }
        try record("mean-indexed", engine.name, mean.nanoseconds, workload)
        let perDay = try Stopwatch.time { try engine.perDay() }
        guard perDay.result == workload.perDay else {
            throw BenchError("combined: \(engine.name) counts other days")
        }
        try record("per-day", engine.name, perDay.nanoseconds, workload)
    }

    private func record(
        _ operation: String, _ engine: String, _ nanoseconds: Double, _ workload: CombinedWorkload
    ) throws {
        let isQuestion = operation == "box-week-magnitude"
        let unit: Unit = isQuestion ? .microseconds : .milliseconds
        try recorder.add(
            workload: CombinedWorkload.name, operation: operation, engine: engine, unit: unit,
            value: unit.value(
                nanoseconds: nanoseconds, count: isQuestion ? workload.questions.count : 1),
            hits: Int64(isQuestion ? workload.truth.rows : workload.times.count))
    }
}
