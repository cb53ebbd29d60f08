import BenchCore
import FormDB
import Foundation

extension CommitEngineKind {
    /// The public Swift API, durability `full`, one thread a writer.
    static let formdbDurable = CommitEngineKind(name: "formdb-durable") {
        try FormDBCommits($0, .automatic)
    }

    /// The same without direct writes, as on a file system that has none.
    static let formdbFallback = CommitEngineKind(name: "formdb-durable-fallback") {
        try FormDBCommits($0, .off)
    }
}

private final class FormDBCommits: ColumnCommitEngine {
    private let directory: URL
    private var configuration = Database.Configuration.measured
    private var database: Database

    init(_ surroundings: Surroundings, _ directLog: Database.DirectLog) throws {
        directory = try surroundings.makeDirectory()
        configuration.directLog = directLog
        database = try Database(at: directory, configuration: configuration)
    }

    private static func name(_ number: UInt32) -> String { "series/\(number)" }

    func makeSeries(_ numbers: Range<UInt32>) throws {
        try database.write { tx in
            for number in numbers {
                try tx.createSeries(Self.name(number), fields: ["value"])
            }
        }
    }

    func commit(_ load: bench_commit_load) throws -> Double {
        let database = database
        return try Threads.run(Int(load.writers)) { writer in
            let name = Self.name(load.first_series + UInt32(writer))
            for n in 0..<load.commits_each {
                let first = load.first_row + n * load.rows_per_commit
                let rows = first..<first + load.rows_per_commit
                try database.write { tx in
                    for row in rows {
                        let time = Timestamp(microseconds: bench_commit_time_us(row))
                        try tx.append(DataPoint(at: time, bench_commit_value(row)), to: name)
                    }
                }
            }
        }
    }

    func commitColumns(_ load: bench_commit_load) throws -> Double {
        let database = database
        let name = Self.name(load.first_series)
        let rows = load.first_row..<load.first_row + load.commits_each * load.rows_per_commit
        let times = rows.map(bench_commit_time_us)
        let values = rows.map(bench_commit_value)
        let each = Int(load.rows_per_commit)
        return try Threads.run(1) { _ in
            for start in stride(from: 0, to: times.count, by: each) {
                try database.write { tx in
                    try tx.append(
                        times: times.span.extracting(start..<start + each),
                        values: values.span.extracting(start..<start + each), to: name)
                }
            }
        }
    }

    func reopenAndSum(_ numbers: Range<UInt32>) throws -> bench_series_answer {
        try database.close()
        database = try Database(at: directory, configuration: configuration)
        var answer = bench_series_answer()
        for number in numbers {
            try database.series(Self.name(number)).withColumns { times, values in
                answer.hits += UInt64(times.count)
                for i in times.indices {
                    answer.time_sum &+= UInt64(bitPattern: times[i])
                    answer.value_sum += values[i]
                }
            }
        }
        return answer
    }

    func close() throws {
        try database.close()
        try FileManager.default.removeItem(at: directory)
    }
}
