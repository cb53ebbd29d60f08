internal import Dispatch

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A database of features and series in a directory, with the provenance of everything in it.
///
/// ```swift
/// let db = try Database(at: url)
/// try db.write(by: Provenance(actor: "gps", source: "device:42", reason: "morning run")) { tx in
///     try tx.insert(
///         Feature(geometry: .point(longitude: -122.42, latitude: 37.77),
///                 properties: ["name": "Ferry Building"], time: .instant(.now)),
///         into: "places")
///     try tx.append([DataPoint(at: .now, 92.0)], to: "heart-rate")
/// }
/// let places = try db.features(in: "places").bounds(intersecting: box).limit(20).fetchAll()
/// ```
///
/// One process writes; any number read. All calls may come from any thread. Dropping the last
/// reference closes it, best effort; ``close()`` reports what went wrong.
public final class Database: Sendable {
    let store: CoreStore
    /// How it was opened.
    public let configuration: Configuration
    /// The directory it lies in; nil in memory.
    public let directory: URL?
    /// What a write is attributed to that doesn't say, encoded.
    let defaultProvenance: [UInt8]
    /// Where async writes wait; concurrent, so that they can share a sync.
    let queue = DispatchQueue(label: "FormDB.write", qos: .userInitiated, attributes: .concurrent)

    /// Opens the database in a directory, and creates it if there is none.
    ///
    /// After an unclean stop it recovers what was durable. A damaged database is refused with the file and
    /// offset; ``Access/readOnlyPrefix`` opens what lies before the fault.
    public convenience init(at directory: URL, configuration: Configuration = Configuration())
        throws
    {
        guard directory.isFileURL else {
            throw FormDBError(.invalidArgument, "\(directory) is no file URL")
        }
        try self.init(path: directory.path, configuration: configuration)
    }

    /// Opens the database in the directory at a path, and creates it if there is none.
    public convenience init(path: String, configuration: Configuration = Configuration()) throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FormDBError(.invalidArgument, "the path of a database can't be empty or hold NUL")
        }
        // A slash at the end would hide the name of the directory itself.
        var trimmed = path
        while trimmed.utf8.count > 1, trimmed.utf8.last == UInt8(ascii: "/") {
            trimmed.removeLast()
        }
        try self.init(storeAt: trimmed, configuration: configuration)
    }

    /// Creates an empty database in memory, which is gone with its last reference.
    ///
    /// Everything works as on disk; ``Configuration/durability`` is ``Durability/none``, as nothing in
    /// memory survives.
    public static func inMemory(
        configuration: Configuration = Configuration()
    ) throws -> Database {
        var configuration = configuration
        configuration.access = .readWrite
        configuration.createIfMissing = true
        configuration.durability = .none
        return try Database(storeAt: nil, configuration: configuration)
    }

    private init(storeAt path: String?, configuration: Configuration) throws {
        let options = try configuration.coreOptions()
        let provenance =
            configuration.provenance ?? Provenance(actor: ProcessInfo.processInfo.processName)
        defaultProvenance = try provenance.encoded()
        let cache = configuration.cache.limits.map {
            QueryCache($0, faults: configuration.tuning.cacheFaults)
        }
        store = try CoreStore(path: path, options: options, cache: cache)
        self.configuration = configuration
        directory = path.map { URL(filePath: $0, directoryHint: .isDirectory) }
    }

    deinit {
        // Snapshots may keep the store alive; the database closes now.
        try? store.close()
    }

    /// Closes the database: refuses new work, waits for writes that run, and makes everything durable.
    ///
    /// May be called again. Snapshots that are open stay readable until they are released.
    public func close() throws { try store.close() }

    /// Waits until everything that was written is durable, at whatever level.
    public func sync() throws { try store.sync() }

    /// Waits, off the cooperative pool, until everything that was written is durable.
    public func sync() async throws {
        let store = store
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try store.sync() }) }
        }
    }

    /// The library's version, "major.minor.patch".
    public static var version: String { CoreStore.version }
}

// MARK: - State

extension Database {
    /// The last sequence number that survives a power cut.
    public var durableSequence: UInt64 { store.state.durableSequence }
    /// The last sequence number that readers see.
    public var publishedSequence: UInt64 { store.state.publishedSequence }
    /// Whether a write or sync failed, so that nothing more can be written until it is opened again.
    public var isPoisoned: Bool { store.state.isPoisoned }
    /// Whether it was closed.
    public var isClosed: Bool { store.state.isClosed }
    /// The fault at which ``Access/readOnlyPrefix`` stopped; nil for none.
    public var fault: FormDBError? { store.state.fault }

    /// Counts and sizes. COST: O(collections and series).
    public func statistics() -> Statistics {
        let isClosed = store.state.isClosed
        return Statistics(
            store.state, isClosed ? nil : store.counters,
            store.cache?.statistics ?? CacheStatistics())
    }

    /// Counts and sizes of a database.
    public struct Statistics: Hashable, Sendable {
        /// Collections and series that are there.
        public let collections, series: Int
        /// Features that are there.
        public let features: Int
        /// Versions of features in memory, superseded ones included.
        public let versions: Int
        /// Points in memory, deleted ones included.
        public let points: Int
        /// Snapshots that are open.
        public let openSnapshots: Int
        /// Bytes of memory: features with their records, their indexes, and points.
        public let featureBytes, indexBytes, seriesBytes: Int
        /// Bytes of memory in use and recycled for indexes and rows, and their peak.
        public let memoryBytes, memoryBytesPeak: Int
        /// What was written to the log since opening.
        public let logBytesWritten, logGroups, logSyncs, logFilesSealed: Int
        /// What opening found above the last mark of a clean state, and set aside.
        public let recoveredBlocks, quarantinedBytes: Int
        /// Transactions that were undone.
        public let rollbacks: Int
        /// The kept answers; all 0 where none are.
        public let cache: CacheStatistics

        init(_ state: CoreState, _ counters: CoreCounters?, _ cache: CacheStatistics) {
            self.cache = cache
            collections = Int(state.collections)
            series = Int(state.series)
            features = Int(counters?.liveRows ?? 0)
            versions = Int(counters?.rows ?? 0)
            points = Int(counters?.points ?? 0)
            openSnapshots = Int(state.openSnapshots)
            featureBytes = Int(counters?.featureBytes ?? 0)
            indexBytes = Int(counters?.indexBytes ?? 0)
            seriesBytes = Int(counters?.seriesBytes ?? 0)
            memoryBytes = Int(state.memoryBytes)
            memoryBytesPeak = Int(state.memoryBytesPeak)
            logBytesWritten = Int(state.logBytesWritten)
            logGroups = Int(state.logGroups)
            logSyncs = Int(state.logSyncs)
            logFilesSealed = Int(state.logRotations)
            recoveredBlocks = Int(state.recoveredBlocks)
            quarantinedBytes = Int(state.quarantinedBytes)
            rollbacks = Int(counters?.aborts ?? 0)
        }
    }
}

extension Database: CustomStringConvertible {
    public var description: String { "Database(\(directory?.path ?? "in memory"))" }
}
