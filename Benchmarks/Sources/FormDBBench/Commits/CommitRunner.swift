import BenchCore
import Foundation

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

    private var operations: [Operation] {
        let part: UInt64 = isQuick ? 4 : 1
        var next: UInt32 = 0
        func operation(
            _ name: String, writers: UInt32, commits: UInt64, rows: UInt64 = 1,
            asColumns: Bool = false
        ) -> Operation {
            defer { next += writers }
            return Operation(
                name: name,
                load: bench_commit_load(
                    first_series: next, writers: writers, commits_each: commits / part,
                    rows_per_commit: rows), asColumns: asColumns)
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
        let disk = DiskFloor(surroundings: surroundings, count: isQuick ? 250 : 1000)
        for run in 0..<runs {
            if measuresDisk {
                Progress.show("T3 run \(run + 1) of \(runs): the disk itself")
                try disk.measure()
            }
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("T3 run \(run + 1) of \(runs): \(kind.name)")
                try runOnce(kind)
            }
        }
        Progress.clear()
        try disk.record(in: recorder)
    }

    private func runOnce(_ kind: CommitEngineKind) throws {
        let engine = try kind.make(surroundings)
        let operations = operations.filter { !$0.asColumns || engine is any ColumnCommitEngine }
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

/// The fastest way to make a few bytes durable on this disk, of those tried.
final class DiskFloor {
    private static let methods: [(method: bench_disk_method, name: String)] = [
        (BENCH_DISK_APPEND, "write at the end + fdatasync"),
        (BENCH_DISK_OVERWRITE, "write over zeros + fdatasync"),
        (BENCH_DISK_DIRECT, "O_DIRECT|O_DSYNC over zeros"),
    ]
    private static let sizes: [(operation: String, bytes: Int)] = [
        ("floor-4k", 4096), ("floor-16k", 16384),
    ]

    private let surroundings: Surroundings
    private let count: Int
    /// Blocks a second, of each run, by size and method.
    private var rates: [[[Double]]]

    init(surroundings: Surroundings, count: Int) {
        self.surroundings = surroundings
        self.count = count
        rates = Self.sizes.map { _ in Self.methods.map { _ in [] } }
    }

    func measure() throws {
        let directory = try surroundings.makeDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "floor").path
        for (s, size) in Self.sizes.enumerated() {
            for (m, method) in Self.methods.enumerated() {
                var time: UInt64 = 0
                let error = bench_disk_floor(file, method.method, count, size.bytes, &time)
                if error == EINVAL || error == ENOTSUP { continue }  // not on this system
                guard error == 0 else {
                    throw BenchError("\(size.operation): \(String(cString: strerror(error)))")
                }
                rates[s][m].append(
                    Unit.perSecond.value(nanoseconds: Double(time), count: count))
            }
        }
    }

    func record(in recorder: Recorder) throws {
        for (s, size) in Self.sizes.enumerated() {
            let found = zip(Self.methods, rates[s]).filter { !$1.isEmpty }
                .map { (name: $0.name, rates: $1, median: $1.sorted()[$1.count / 2]) }
                .sorted { $0.median > $1.median }
            guard let best = found.first else { continue }
            let others = found.dropFirst().map {
                "\($0.name) \(Report.figure($0.median, .perSecond))"
            }
            for rate in best.rates {
                try recorder.add(
                    workload: "T3", operation: size.operation, engine: "raw-disk",
                    unit: .perSecond, value: rate, hits: Int64(count),
                    note: ([best.name] + others).joined(separator: "; "))
            }
        }
    }
}
