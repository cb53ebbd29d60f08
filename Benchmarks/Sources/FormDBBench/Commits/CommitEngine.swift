import BenchCore

/// What every engine does with durable transactions of points. Series are numbered; row `i` of each is
/// `bench_commit_time_us(i)` and `bench_commit_value(i)`.
protocol CommitEngine: AnyObject {
    /// Makes series before the clock starts.
    func makeSeries(_ numbers: Range<UInt32>) throws
    /// Runs the load; elapsed nanoseconds.
    func commit(_ load: bench_commit_load) throws -> Double
    /// Closes, opens again, and adds up the points of all series, which are `numbers`.
    func reopenAndSum(_ numbers: Range<UInt32>) throws -> bench_series_answer
    func close() throws
}

extension CommitEngine {
    func makeSeries(_ numbers: Range<UInt32>) throws {}
}

/// An engine that also takes a batch in one call, as columns.
protocol ColumnCommitEngine: CommitEngine {
    func commitColumns(_ load: bench_commit_load) throws -> Double
}

struct CommitEngineKind: Sendable {
    let name: String
    var isPeer = false
    let make: @Sendable (Surroundings) throws -> any CommitEngine

    static let all: [CommitEngineKind] = [
        .store, .formdbDurable, .formdbFallback, .sqliteTableFile, .lmdb, .rocksdb,
    ]
}

extension CommitEngineKind {
    static let store = CommitEngineKind(name: "formdb-store") { try StoreCommits($0) }

    static let sqliteTableFile = CommitEngineKind(name: "sqlite-table-file", isPeer: true) {
        try SQLiteCommits($0)
    }

    static let lmdb = CommitEngineKind(name: "lmdb", isPeer: true) { try LMDBCommits($0) }

    static let rocksdb = CommitEngineKind(name: "rocksdb", isPeer: true) { try RocksDBCommits($0) }
}
