import BenchCore

/// T3: durable commits by one thread and by many, on a real disk, in elapsed time: processor time
/// says nothing about waiting for a disk.
struct CommitRunner {
    let kinds: [CommitEngineKind]
    let measuresDisk: Bool
    let runs: Int
    let isQuick: Bool
    let surroundings: Surroundings
    let recorder: Recorder

    private struct Operation {
        let name: String
        /// Of one slice.
        let load: bench_commit_load
        var asColumns = false
        /// What is to be measured beside it, of `DiskFloor`.
        var floor: Int?

        func slice(_ number: Int) -> bench_commit_load {
            var load = load
            load.first_row = UInt64(number) * load.commits_each * load.rows_per_commit
            return load
        }
        var rows: Int {
            Int(load.commits_each * load.rows_per_commit) * Int(load.writers) * CommitRunner.slices
        }
        func isFor(_ engine: any CommitEngine) -> Bool {
            !asColumns || engine is any ColumnCommitEngine
        }
    }

    /// The engines take turns by slices of each operation: on a disk that others use too, speed changes
    /// from second to second.
    private static let slices = 5

    /// `share` of the full counts: fewer where the disk is slow.
    private func operations(share: Double) -> [Operation] {
        var next: UInt32 = 0
        func operation(
            _ name: String, writers: UInt32, commits: UInt64, rows: UInt64 = 1,
            asColumns: Bool = false, floor: Int? = nil
        ) -> Operation {
            defer { next += writers }
            let each = UInt64(max(3, Double(commits) * share / Double(Self.slices)))
            return Operation(
                name: name,
                load: bench_commit_load(
                    first_series: next, writers: writers, commits_each: each,
                    rows_per_commit: rows, first_row: 0), asColumns: asColumns, floor: floor)
        }
        return [
            operation("commit-1", writers: 1, commits: 2000, floor: 0),
            operation("commit-8", writers: 8, commits: 800),
            operation("commit-32", writers: 32, commits: 400),
            operation("batch-1000", writers: 1, commits: 400, rows: 1000),
            operation(
                "batch-1000-columns", writers: 1, commits: 400, rows: 1000, asColumns: true,
                floor: 1),
        ]
    }

    func run() throws {
        let share = try DiskFloor.share(surroundings) / (isQuick ? 4 : 1)
        let disk = DiskFloor(
            surroundings: surroundings, count: max(20, Int(1000 * share) / Self.slices))
        for run in 0..<runs {
            try runOnce(run, operations(share: share), disk)
            disk.endRun()
        }
        Progress.clear()
        try disk.record(in: recorder)
    }

    private func runOnce(_ run: Int, _ operations: [Operation], _ disk: DiskFloor) throws {
        let engines = try kinds.map { try $0.make(surroundings) }
        for engine in engines { try engine.makeSeries(series(operations, engine)) }
        for operation in operations {
            Progress.show("T3 run \(run + 1) of \(runs): \(operation.name)")
            var times = engines.map { _ in 0.0 }
            for slice in 0..<Self.slices {
                if measuresDisk, let floor = operation.floor { try disk.measure(floor) }
                for offset in engines.indices {
                    let index = (run + slice + offset) % engines.count
                    guard operation.isFor(engines[index]) else { continue }
                    times[index] += try commit(operation, slice, engines[index])
                }
            }
            for (index, engine) in engines.enumerated() where operation.isFor(engine) {
                try recorder.add(
                    workload: "T3", operation: operation.name, engine: kinds[index].name,
                    unit: .perSecond,
                    value: Unit.perSecond.value(nanoseconds: times[index], count: operation.rows),
                    hits: Int64(operation.rows))
            }
        }
        for (kind, engine) in zip(kinds, engines) { try check(kind, engine, operations) }
    }

    private func commit(
        _ operation: Operation, _ slice: Int, _ engine: any CommitEngine
    ) throws -> Double {
        if operation.asColumns, let columns = engine as? any ColumnCommitEngine {
            return try columns.commitColumns(operation.slice(slice))
        }
        return try engine.commit(operation.slice(slice))
    }

    private func series(_ operations: [Operation], _ engine: any CommitEngine) -> Range<UInt32> {
        0..<operations.filter { $0.isFor(engine) }.reduce(0) { $0 + $1.load.writers }
    }

    /// All that was acknowledged must be there after opening again.
    private func check(
        _ kind: CommitEngineKind, _ engine: any CommitEngine, _ operations: [Operation]
    ) throws {
        let found = try engine.reopenAndSum(series(operations, engine))
        let expected = truth(operations.filter { $0.isFor(engine) })
        guard found.hits == expected.hits, found.time_sum == expected.time_sum,
            found.value_sum == expected.value_sum
        else { throw BenchError("T3: \(kind.name) has \(found), the reference \(expected)") }
        try engine.close()
    }

    /// From plain loops; sums of quarters are exact.
    private func truth(_ operations: [Operation]) -> bench_series_answer {
        var answer = bench_series_answer()
        for operation in operations {
            let load = operation.load
            let slices = UInt64(Self.slices)
            for row in 0..<load.commits_each * load.rows_per_commit * slices {
                let time = UInt64(bitPattern: bench_commit_time_us(row))
                answer.hits += UInt64(load.writers)
                answer.time_sum &+= time &* UInt64(load.writers)
                answer.value_sum += bench_commit_value(row) * Double(load.writers)
            }
        }
        return answer
    }
}
