import BenchCore

/// Points that are put again by id, over and over.
struct UpsertWorkload {
    let name: String
    let title: String
    let rows: Boxes
    /// Row ids[i] moves to moves[i].
    let ids: [Int64]
    let moves: Boxes
    let windows: Boxes
    /// Microseconds; nil when rows have no time.
    let rowTimes, moveTimes: [Int64]?

    var isTimed: Bool { rowTimes != nil }

    /// The first `count` upserts.
    func prefix(_ count: Int) -> UpsertWorkload {
        UpsertWorkload(
            name: name, title: title, rows: rows, ids: Array(ids.prefix(count)),
            moves: moves.slice(0..<count), windows: windows, rowTimes: rowTimes,
            moveTimes: moveTimes.map { Array($0.prefix(count)) })
    }

    /// Where every row is in the end, and when it got there.
    func ending() -> (rows: Boxes, times: [Int64]?) {
        let last = rows.copy()
        var times = rowTimes
        for (i, id) in ids.enumerated() {
            last.set(Int(id - 1), to: moves, i)
            if let moveTimes { times?[Int(id - 1)] = moveTimes[i] }
        }
        return (last, times)
    }
}

/// Runs it over all engines, interleaved, and checks every answer.
struct UpsertRunner {
    let workload: UpsertWorkload
    let kinds: [PlaceEngineKind]
    let runs: Int
    let surroundings: Surroundings
    let recorder: Recorder

    /// SQLite's tree takes minutes for two million: it gets the first of them.
    static let fewUpserts = 200_000

    func run() throws {
        let all = try UpsertTruth(workload)
        let few = try UpsertTruth(workload.prefix(Self.fewUpserts))
        for run in 0..<runs {
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("\(workload.name) run \(run + 1) of \(runs): \(kind.name)")
                let setup = PlaceSetup(
                    isPlanar: false, arePoints: true, surroundings: surroundings)
                let truth = kind.isFloat32 ? few : all
                if !kind.isBulkOnly { try runUpserts(kind, setup, truth) }
                try runPacked(kind, setup, all)
            }
        }
        Progress.clear()
    }

    private func runUpserts(
        _ kind: PlaceEngineKind, _ setup: PlaceSetup, _ truth: UpsertTruth
    ) throws {
        guard let engine = try kind.make(setup) as? any UpsertPlaceEngine else { return }
        let work = truth.workload
        let count = work.rows.count
        let insertion = try Stopwatch.time {
            if let times = work.rowTimes, let engine = engine as? any TimedPlaceEngine {
                try engine.insert(work.rows, times: times)
            } else {
                try engine.insert(work.rows)
            }
        }
        try record("insert", kind, .nanoseconds, insertion.nanoseconds, count, hits: count)
        try engine.beginUpserts()
        let time = try Stopwatch.time {
            try engine.upsert(work.ids, work.moves, times: work.moveTimes)
        }.nanoseconds
        let note = work.ids.count == workload.ids.count ? "" : "only \(work.ids.count) upserts"
        try record(
            "upsert", kind, .nanoseconds, time, work.ids.count, hits: work.ids.count, note: note)
        try ask(engine, kind, "window-small", truth, note: note)
        let bytes =
            if work.isTimed, let engine = engine as? any TimedPlaceEngine {
                try engine.timedBytes()
            } else {
                try engine.indexBytes()
            }
        if let bytes {
            try record("bytes-entry", kind, .bytes, Double(bytes), count, hits: count, note: note)
        }
        try engine.close()
    }

    /// Freshly built of what is there in the end.
    private func runPacked(
        _ kind: PlaceEngineKind, _ setup: PlaceSetup, _ truth: UpsertTruth
    ) throws {
        guard let engine = try kind.make(setup) as? any BulkPlaceEngine else { return }
        try engine.prepare(truth.last)
        let time = try Stopwatch.time {
            if let times = truth.lastTimes, let engine = engine as? any TimedPlaceEngine {
                _ = try engine.build(truth.last, times: times)
            } else {
                try engine.build(truth.last)
            }
        }.nanoseconds
        try engine.pack()
        let count = truth.last.count
        if !workload.isTimed { try record("build", kind, .nanoseconds, time, count, hits: count) }
        try ask(engine, kind, "window-small-packed", truth, note: "")
        try engine.close()
    }

    private func ask(
        _ engine: any PlaceEngine, _ kind: PlaceEngineKind, _ operation: String,
        _ truth: UpsertTruth, note: String
    ) throws {
        let (answer, time) = try Stopwatch.time { try engine.windows(workload.windows) }
        let expected = kind.isFloat32 ? truth.rounded : truth.exact
        guard answer == expected else {
            throw BenchError(
                "\(workload.name) \(operation): \(kind.name) found \(answer), the reference "
                    + "\(expected)")
        }
        let extra = Int64(expected.hits) - Int64(truth.exact.hits)
        let notes = [note, extra == 0 ? "" : "+\(extra) rows that are not there (float32)"]
        try record(
            operation, kind, .microseconds, time, workload.windows.count, hits: Int(answer.hits),
            note: notes.filter { !$0.isEmpty }.joined(separator: ", "))
    }

    private func record(
        _ operation: String, _ kind: PlaceEngineKind, _ unit: Unit, _ total: Double, _ count: Int,
        hits: Int, note: String = ""
    ) throws {
        try recorder.add(
            workload: workload.name, operation: operation, engine: kind.name, unit: unit,
            value: unit.value(nanoseconds: total, count: count), hits: Int64(hits), note: note)
    }
}

/// What must come out of the windows after all upserts.
private struct UpsertTruth {
    let workload: UpsertWorkload
    let last: Boxes
    let lastTimes: [Int64]?
    let exact, rounded: bench_answer

    init(_ workload: UpsertWorkload) throws {
        self.workload = workload
        (last, lastTimes) = workload.ending()
        exact = try Reference(last).windows(workload.windows)
        rounded = try Reference(last, isFloat32: true).windows(workload.windows)
    }
}
