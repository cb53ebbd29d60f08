import BenchCore

/// What is seen only call by call, with snapshots held, or with readers beside a writer.
extension PlaceRun {
    /// After `runDynamic` and `runPacked`: the core's arena is warm, so that no insert waits for the
    /// system to hand out memory.
    func runObserved() throws {
        guard !kind.isOnDisk, let engine = try kind.make(setup) as? any LatencyPlaceEngine else {
            return
        }
        let latencies = try engine.insertLatencies(data.boxes).uninterrupted()
        let count = data.boxes.count
        try record("insert-pause", .microseconds, latencies.quantile(1) / 1e3, hits: count)
        try record("insert-p99", .nanoseconds, latencies.quantile(0.99), hits: count)
        try record("insert-p999", .nanoseconds, latencies.quantile(0.999), hits: count)
        if let engine = engine as? any ObservablePlaceEngine { try askBesideSnapshots(engine) }
        try engine.close()
        try insertScattered()
    }

    /// With ids in no order each insert is a random access to the id map; with ids that follow one another none is.
    private func insertScattered() throws {
        guard let engine = try kind.make(setup) as? any ObservablePlaceEngine else { return }
        try measure(
            "insert-scattered", .nanoseconds, data.boxes.count, hits: data.boxes.count
        ) {
            try engine.insertScattered(data.boxes)
        }
        try engine.close()
    }

    /// A tenth of the rows moved, with a snapshot held before each tenth of that.
    private func askBesideSnapshots(_ engine: any ObservablePlaceEngine) throws {
        let ids = workload.deletedIDs
        let steps = 10
        for step in 0..<steps {
            try engine.hold()
            let range = step * ids.count / steps..<(step + 1) * ids.count / steps
            try engine.update(Array(ids[range]), truth.moved.slice(range))
        }
        let (answer, time) = try Stopwatch.time { try engine.windows(data.small) }
        guard answer == truth.smallMoved else {
            throw wrong("window-small-snapshots", answer, truth.smallMoved)
        }
        let old = try engine.windowsHeld(0, data.small)
        guard old == truth.small else { throw wrong("window of a snapshot", old, truth.small) }
        try record(
            "window-small-snapshots", workload.windowUnit,
            workload.windowUnit.value(nanoseconds: time, count: data.small.count),
            hits: Int(answer.hits))
    }

    /// Ten rounds over the small windows, so that one in a thousand is ten of them.
    func recordLatencies(_ engine: any LatencyPlaceEngine) throws {
        var latencies: [UInt32] = []
        for _ in 0..<10 {
            let (nanoseconds, answer) = try engine.windowLatencies(data.small)
            guard answer == truth.small else { throw wrong("window-small", answer, truth.small) }
            latencies += nanoseconds
        }
        latencies = latencies.uninterrupted()
        let hits = Int(truth.small.hits)
        let unit = workload.windowUnit
        for (operation, part) in [("window-small-p99", 0.99), ("window-small-p999", 0.999)] {
            let value = unit.value(nanoseconds: latencies.quantile(part), count: 1)
            try record(operation, unit, value, hits: hits)
        }
        guard let engine = engine as? any ObservablePlaceEngine else { return }
        let peak = Double(try engine.peakBytes()) / Double(data.boxes.count)
        try record("bytes-entry-peak", .bytes, peak, hits: data.boxes.count)
    }

    /// Windows a second of one and two reading threads, alone and while a third puts rows again by
    /// id as fast as it can. Every answer is held against the reference.
    func runReaders(_ engine: any ObservablePlaceEngine) throws {
        for isBesideWriter in [false, true] {
            for count in 1...2 {
                let result = try engine.readers(
                    count, isBesideWriter: isBesideWriter, rows: data.boxes, windows: data.small,
                    expected: truth.eachSmall, seconds: 0.5)
                guard result.wrong == 0 else {
                    throw BenchError(
                        "\(workload.name): readers of \(kind.name) got \(result.wrong) wrong answers"
                    )
                }
                let suffix = isBesideWriter ? "-beside-writer" : ""
                try record(
                    "readers-\(count)\(suffix)", .perSecond,
                    Double(result.windows) / result.seconds,
                    hits: Int(truth.small.hits))
                guard isBesideWriter else { continue }
                try record(
                    "writer-beside-readers-\(count)", .perSecond,
                    Double(result.rows) / result.seconds, hits: data.boxes.count)
            }
        }
    }
}

extension [UInt32] {
    /// Sorted, without the calls during which the machine did something else: a busy one would show
    /// its own pauses, not the engine's.
    fileprivate func uninterrupted() -> [UInt32] { filter { $0 != BENCH_INTERRUPTED }.sorted() }

    /// The value that `part` of all are not above. REQUIRES: sorted.
    fileprivate func quantile(_ part: Double) -> Double {
        guard !isEmpty else { return .nan }
        return Double(self[Swift.min(count - 1, Int((Double(count) * part).rounded(.up)) - 1)])
    }
}
