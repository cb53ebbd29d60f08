import BenchCore
import FormDB

/// Boxes with an instant each (microseconds), and what is asked of them.
struct TimedWorkload {
    let name: String
    let title: String
    let boxes: Boxes
    let times: [Int64]
    let windows: Boxes
    let starts: [Int64]
    let length: Int64
    /// What a tree of floating-point numbers counts its time from.
    let epoch: Int64

    /// Time as such a tree is given it, in units of 2^19 seconds (6.07 days): so a question of a week
    /// is about as long as it is wide, and the tree divides its nodes evenly. In seconds it would
    /// divide by time alone, and be seventy times slower; a power of two rounds as seconds do.
    static func units(_ microseconds: Int64) -> Double { Double(microseconds) / 1e6 / 0x1p19 }

    func units(_ times: [Int64]) -> [Double] { times.map { Self.units($0 - epoch) } }
}

/// An engine for rows with a time, by name.
struct TimedEngineKind: Sendable {
    let name: String
    var isPeer = false
    /// Keeps float32 boxes and times, rounded outwards.
    var isFloat32 = false
    /// Left out when time is short.
    var isSlow = false
    let make: @Sendable (TimedWorkload, PlaceSetup) throws -> any TimedPlaceEngine

    static let all: [TimedEngineKind] = [
        TimedEngineKind(name: "formdb-core") { _, setup in try CorePlace(setup) },
        TimedEngineKind(name: "formdb-store") { _, setup in try StorePlace(setup) },
        TimedEngineKind(name: "formdb") { _, setup in
            FormDBPlace(try .inMemory(configuration: .measured), setup)
        },
        TimedEngineKind(name: "sqlite-rtree", isPeer: true, isFloat32: true, isSlow: true) {
            workload, _ in
            try SQLiteTimedRTree(SQLiteConnection(directory: nil), epoch: workload.epoch)
        },
    ]
}

/// Runs it over all engines, interleaved, and checks every answer.
struct TimedRunner {
    let workload: TimedWorkload
    let kinds: [TimedEngineKind]
    let runs: Int
    let surroundings: Surroundings
    let recorder: Recorder

    func run() throws {
        let truths = (exact: try truth(isFloat32: false), rounded: try truth(isFloat32: true))
        let setup = PlaceSetup(isPlanar: false, arePoints: false, surroundings: surroundings)
        for run in 0..<runs {
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("\(workload.name) run \(run + 1) of \(runs): \(kind.name)")
                let engine = try kind.make(workload, setup)
                let time = try Stopwatch.time {
                    try engine.insert(workload.boxes, times: workload.times)
                }
                try record("insert", kind, .nanoseconds, time.nanoseconds, count)
                try ask(engine, kind, suffix: "", truths.exact, truths.rounded)
                if let bytes = try engine.timedBytes() {
                    try record("bytes-entry", kind, .bytes, Double(bytes), count)
                }
                try engine.close()
                let built = try kind.make(workload, setup)
                if try built.build(workload.boxes, times: workload.times) {
                    try ask(built, kind, suffix: "-packed", truths.exact, truths.rounded)
                }
                try built.close()
            }
        }
        Progress.clear()
    }

    private var count: Int { workload.boxes.count }

    private func truth(isFloat32: Bool) throws -> bench_answer {
        let times = workload.units(workload.times)
        return try Reference(workload.boxes, times: times, isFloat32: isFloat32)
            .windows(
                workload.windows, starts: workload.units(workload.starts),
                length: TimedWorkload.units(workload.length))
    }

    private func ask(
        _ engine: any TimedPlaceEngine, _ kind: TimedEngineKind, suffix: String,
        _ exact: bench_answer, _ rounded: bench_answer
    ) throws {
        let expected = kind.isFloat32 ? rounded : exact
        let extra = Int64(expected.hits) - Int64(exact.hits)
        let note = extra == 0 ? "" : "+\(extra) rows that are not there (float32 boxes and times)"
        for (operation, filtersAfter) in [("box-week", false), ("box-only", true)] {
            let (answer, time) = try Stopwatch.time {
                try engine.windows(
                    workload.windows, starts: workload.starts, length: workload.length,
                    filtersAfter: filtersAfter)
            }
            guard answer == expected else {
                throw BenchError(
                    "\(workload.name) \(operation): \(kind.name) found \(answer), the reference "
                        + "\(expected)")
            }
            try recorder.add(
                workload: workload.name, operation: operation + suffix, engine: kind.name,
                unit: .microseconds,
                value: Unit.microseconds.value(nanoseconds: time, count: workload.windows.count),
                hits: Int64(answer.hits), note: note)
        }
    }

    private func record(
        _ operation: String, _ kind: TimedEngineKind, _ unit: Unit, _ total: Double, _ count: Int
    ) throws {
        try recorder.add(
            workload: workload.name, operation: operation, engine: kind.name, unit: unit,
            value: unit.value(nanoseconds: total, count: count), hits: Int64(count))
    }
}
