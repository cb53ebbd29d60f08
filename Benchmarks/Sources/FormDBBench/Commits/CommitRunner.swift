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
        let load: bench_commit_load
        var asColumns = false
        var rows: Int { Int(load.commits_each * load.rows_per_commit) * Int(load.writers) }
    }

    /// `share` of the full counts: fewer where the disk is slow.
    private func operations(share: Double) -> [Operation] {
        var next: UInt32 = 0
        func operation(
            _ name: String, writers: UInt32, commits: UInt64, rows: UInt64 = 1,
            asColumns: Bool = false
        ) -> Operation {
            defer { next += writers }
            return Operation(
                name: name,
                load: bench_commit_load(
                    first_series: next, writers: writers,
                    commits_each: UInt64(max(5, Double(commits) * share)), rows_per_commit: rows),
                asColumns: asColumns)
        }
        return [
            operation("commit-1", writers: 1, commits: 2000),
            operation("commit-8", writers: 8, commits: 800),
            operation("commit-32", writers: 32, commits: 400),
            operation("batch-1000", writers: 1, commits: 400, rows: 1000),
            operation("batch-1000-columns", writers: 1, commits: 400, rows: 1000, asColumns: true),
        ]
    }

    func run() throws {
        let share = try DiskFloor.share(surroundings) / (isQuick ? 4 : 1)
        let operations = operations(share: share)
        let disk = DiskFloor(surroundings: surroundings, count: max(50, Int(1000 * share)))
        for run in 0..<runs {
            if measuresDisk {
                Progress.show("T3 run \(run + 1) of \(runs): the disk itself")
                try disk.measure()
            }
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("T3 run \(run + 1) of \(runs): \(kind.name)")
                try runOnce(kind, operations)
            }
        }
        Progress.clear()
        try disk.record(in: recorder)
    }

    private func runOnce(_ kind: CommitEngineKind, _ all: [Operation]) throws {
        let engine = try kind.make(surroundings)
        let operations = all.filter { !$0.asColumns || engine is any ColumnCommitEngine }
        let numbers = 0..<operations.reduce(0) { $0 + $1.load.writers }
        try engine.makeSeries(numbers)
        for operation in operations {
            let time =
                if operation.asColumns, let columns = engine as? any ColumnCommitEngine {
                    try columns.commitColumns(operation.load)
                } else {
                    try engine.commit(operation.load)
                }
            try recorder.add(
                workload: "T3", operation: operation.name, engine: kind.name, unit: .perSecond,
                value: Unit.perSecond.value(nanoseconds: time, count: operation.rows),
                hits: Int64(operation.rows))
        }
        let found = try engine.reopenAndSum(numbers)
        let expected = truth(operations)
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
            for row in 0..<load.commits_each * load.rows_per_commit {
                let time = UInt64(bitPattern: bench_commit_time_us(row))
                answer.hits += UInt64(load.writers)
                answer.time_sum &+= time &* UInt64(load.writers)
                answer.value_sum += bench_commit_value(row) * Double(load.writers)
            }
        }
        return answer
    }
}
