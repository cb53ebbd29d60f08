import BenchCore
import Foundation

/// The nine calls in C on a real disk.
final class StoreCommits: CommitEngine {
    private let directory: URL
    private var commits: OpaquePointer?

    init(_ surroundings: Surroundings) throws {
        directory = try surroundings.makeDirectory()
        try open()
    }

    private func open() throws {
        try BenchError.check(bench_commits_open(directory.path, &commits), "formdb-store open")
    }

    func makeSeries(_ numbers: Range<UInt32>) throws {
        try BenchError.check(
            bench_commits_create_series(commits, numbers.lowerBound, UInt32(numbers.count)),
            "formdb-store create")
    }

    func commit(_ load: bench_commit_load) throws -> Double {
        var load = load
        var time: UInt64 = 0
        try BenchError.check(bench_commits_run(commits, &load, &time), "formdb-store commit")
        return Double(time)
    }

    func reopenAndSum(_ numbers: Range<UInt32>) throws -> bench_series_answer {
        bench_commits_close(commits)
        commits = nil
        try open()
        var answer = bench_series_answer()
        try BenchError.check(
            bench_commits_sum(commits, numbers.lowerBound, UInt32(numbers.count), &answer),
            "formdb-store sum")
        return answer
    }

    func close() throws {
        bench_commits_close(commits)
        commits = nil
        try FileManager.default.removeItem(at: directory)
    }
}
