import BenchCore

/// One series and what is asked of it.
struct SeriesWorkload {
    struct Ranges {
        let operation: String
        let starts: [Int64]
        let length: Int64
    }

    let name: String
    let title: String
    let times: [Int64]
    let values: [Double]
    let ranges: [Ranges]
    let deletedTimes: [Int64]

    /// What must come out of a batch of ranges: from plain arrays.
    func truth(_ batch: Ranges) -> bench_series_answer {
        var answer = bench_series_answer()
        for start in batch.starts {
            var i = times.partitioningIndex { $0 >= start }
            while i < times.count, times[i] < start + batch.length {
                answer.hits += 1
                answer.time_sum &+= UInt64(bitPattern: times[i])
                answer.value_sum += values[i]
                i += 1
            }
        }
        return answer
    }
}

extension [Int64] {
    /// The first index for which `predicate` holds, in an array where it holds from some index on.
    fileprivate func partitioningIndex(_ predicate: (Int64) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Runs one series workload over all engines, interleaved, and checks every answer.
struct SeriesRunner {
    let workload: SeriesWorkload
    let kinds: [SeriesEngineKind]
    let runs: Int
    let surroundings: Surroundings
    let recorder: Recorder

    func run() throws {
        let truths = workload.ranges.map(workload.truth)
        for run in 0..<runs {
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("\(workload.name) run \(run + 1) of \(runs): \(kind.name)")
                try runOnce(kind, truths)
            }
        }
        Progress.clear()
    }

    private func runOnce(_ kind: SeriesEngineKind, _ truths: [bench_series_answer]) throws {
        let engine = try kind.make(surroundings)
        let count = workload.times.count
        let insertion = try Stopwatch.time {
            try engine.append(times: workload.times, values: workload.values)
        }
        try record("insert", kind, insertion.nanoseconds, count, hits: count)
        for (batch, truth) in zip(workload.ranges, truths) {
            let (answer, time) = try Stopwatch.time {
                try engine.ranges(starts: batch.starts, length: batch.length)
            }
            try check(answer, truth, "\(workload.name) \(batch.operation): \(kind.name)")
            try record(batch.operation, kind, time, batch.starts.count, hits: Int(answer.hits))
        }
        let (deleted, time) = try Stopwatch.time { try engine.delete(times: workload.deletedTimes) }
        guard deleted == workload.deletedTimes.count else {
            throw BenchError("\(workload.name) delete: \(kind.name) deleted \(deleted)")
        }
        try record("delete", kind, time, deleted, hits: deleted)
        let whole = SeriesWorkload.Ranges(
            operation: "", starts: [workload.times[0]],
            length: workload.times[count - 1] - workload.times[0] + 1)
        let left = try engine.ranges(starts: whole.starts, length: whole.length)
        guard Int(left.hits) == count - deleted else {
            throw BenchError("\(workload.name): \(kind.name) has \(left.hits) points left")
        }
        try engine.close()
        try runColumns(kind)
    }

    /// A million points into a new series, a batch a call.
    private func runColumns(_ kind: SeriesEngineKind) throws {
        guard let engine = try kind.make(surroundings) as? any ColumnSeriesEngine else { return }
        let count = 1_000_000
        let step = workload.times[1] - workload.times[0]
        let times = (0..<Int64(count)).map { workload.times[0] + $0 * step }
        let values = (0..<count).map { workload.values[$0 % workload.values.count] }
        let time = try Stopwatch.time {
            try engine.appendColumns(times: times, values: values)
        }.nanoseconds
        let all = SeriesWorkload.Ranges(
            operation: "", starts: [times[0]], length: times[count - 1] - times[0] + 1)
        let found = try engine.ranges(starts: all.starts, length: all.length)
        var truth = bench_series_answer()
        for i in 0..<count {
            truth.hits += 1
            truth.time_sum &+= UInt64(bitPattern: times[i])
            truth.value_sum += values[i]
        }
        try check(found, truth, "\(workload.name) append-1000: \(kind.name)")
        try record("append-1000", kind, time, count, hits: count)
        try engine.close()
    }

    /// Values may be added in another order: the sum may differ in its last digits.
    private func check(
        _ answer: bench_series_answer, _ truth: bench_series_answer, _ what: String
    ) throws {
        let tolerance = 1e-9 * max(1, truth.value_sum.magnitude)
        guard answer.hits == truth.hits, answer.time_sum == truth.time_sum,
            (answer.value_sum - truth.value_sum).magnitude <= tolerance
        else { throw BenchError("\(what) found \(answer), the reference \(truth)") }
    }

    private func record(
        _ operation: String, _ kind: SeriesEngineKind, _ time: Double, _ count: Int, hits: Int
    ) throws {
        try recorder.add(
            workload: workload.name, operation: operation, engine: kind.name, unit: .perSecond,
            value: Unit.perSecond.value(nanoseconds: time, count: count), hits: Int64(hits))
    }
}
