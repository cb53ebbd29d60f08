/// Runs the `api` workload over all engines, interleaved, and checks every answer.
struct ApiRunner {
    let kinds: [ApiEngineKind]
    let runs: Int
    let isQuick: Bool
    let surroundings: Surroundings
    let recorder: Recorder

    static let title = "100,000 features with four properties, through Swift"

    func run() throws {
        let workload = ApiWorkload(oneByOne: isQuick ? 500 : 2000)
        for run in 0..<runs {
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("api run \(run + 1) of \(runs): \(kind.name)")
                try runOnce(kind, workload)
            }
        }
        Progress.clear()
    }

    private func runOnce(_ kind: ApiEngineKind, _ workload: ApiWorkload) throws {
        let engine = try kind.make(surroundings)
        let batched = workload.rows.dropLast(workload.oneByOne)
        let single = workload.rows.suffix(workload.oneByOne)
        try insert(engine, kind, "insert-1000", batched, perTransaction: 1000)
        try insert(engine, kind, "insert-1", single, perTransaction: 1)
        try ask(kind.name, "box-features", workload, workload.whole) { try engine.features($0) }
        if let codable = engine as? any CodableApiEngine {
            try ask(type(of: codable).codableName, "box-features", workload, workload.whole) {
                try codable.codableFeatures($0)
            }
        }
        try ask(kind.name, "box-views", workload, workload.whole) { try engine.views($0) }
        try ask(kind.name, "box-ids", workload, workload.idsAlone) { try engine.ids($0) }
        try ask(kind.name, "box-count", workload, ApiAnswer(rows: workload.whole.rows)) {
            ApiAnswer(rows: try engine.count($0))
        }
        try engine.close()
    }

    private func insert(
        _ engine: any ApiEngine, _ kind: ApiEngineKind, _ operation: String,
        _ rows: ArraySlice<ApiRow>, perTransaction: Int
    ) throws {
        let body = { try engine.insert(rows, perTransaction: perTransaction) }
        let time =
            perTransaction == 1 ? try Stopwatch.elapsed(body) : try Stopwatch.time(body).nanoseconds
        try recorder.add(
            workload: "api", operation: operation, engine: kind.name, unit: .perSecond,
            value: Unit.perSecond.value(nanoseconds: time, count: rows.count),
            hits: Int64(rows.count))
    }

    private func ask(
        _ engine: String, _ operation: String, _ workload: ApiWorkload,
        _ truth: ApiAnswer, _ question: ([ApiBox]) throws -> ApiAnswer
    ) throws {
        let (answer, time) = try Stopwatch.time { try question(workload.boxes) }
        guard answer == truth else {
            throw BenchError("api \(operation): \(engine) found \(answer), not \(truth)")
        }
        try recorder.add(
            workload: "api", operation: operation, engine: engine, unit: .microseconds,
            value: Unit.microseconds.value(nanoseconds: time, count: workload.boxes.count),
            hits: Int64(answer.rows))
    }
}
