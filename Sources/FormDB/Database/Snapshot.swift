/// One state of a database, for as long as it is kept.
///
/// ```swift
/// try db.read { snapshot in
///     let here = try snapshot.features(in: "places").bounds(intersecting: box).fetchCount()
///     let all = try snapshot.features(in: "places").fetchCount()
///     print("\(here) of \(all)")
/// }
/// ```
///
/// Readers never wait for writers, nor writers for readers. A snapshot that is kept keeps the versions
/// that it sees in memory. It stays readable after the database is closed. It may be used from any
/// number of threads.
public struct Snapshot: Sendable {
    let core: CoreTransaction

    /// The number of the last transaction that it sees; 0 before the first.
    public var sequence: UInt64 { core.sequence }
}

extension Database {
    /// The state of now, as long as the snapshot is kept.
    public func snapshot() throws -> Snapshot {
        Snapshot(core: try store.begin(writing: false))
    }

    /// Asks several questions of one state.
    public func read<Value>(_ body: (Snapshot) throws -> Value) throws -> Value {
        try body(snapshot())
    }
}
