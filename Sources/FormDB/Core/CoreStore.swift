internal import CFormCore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// What a store is opened with.
struct CoreStoreOptions {
    enum Access { case readWrite, readOnly, readOnlyPrefix }
    enum Durability { case full, batched, none }
    enum DirectLog { case automatic, off, on }
    var access = Access.readWrite
    var create = true
    var durability = Durability.full
    var directLog = DirectLog.automatic
    var batchIntervalMicroseconds: UInt64 = 0
    var logFileBytes: UInt64 = 0
    var compress = true
    var journalOnly = false
    var costs = CostModel.standard
    /// Tuning; 0 for the defaults.
    var tailRows: UInt32 = 0
    var mergeRatioFirst: UInt32 = 0
    var mergeRatio: UInt32 = 0
    var idStreak: UInt32 = 0
    var seriesChunkPoints: UInt32 = 0
    var footprints: UInt32 = 0
    var footprintFaults: UInt32 = 0
    var scalarKernels = false
    var sourceCount = 1
}

/// The handle of an open store.
///
/// THREADS: any. OWNERSHIP: transactions and journal cursors retain it; the last reference closes the
/// store, best effort.
@safe final class CoreStore: @unchecked Sendable {
    let pointer: OpaquePointer
    /// The disk of a store in memory.
    private let memory: CoreMemoryDisk?
    let scratch = CoreScratchPool()
    let statistics = StatisticsCache()
    /// The kept answers; nil for none.
    let cache: QueryCache?
    /// Into how many sources a collection's rows are cut; tests raise it.
    let sourceCount: Int
    /// What the planner goes by.
    let costs: CostModel

    /// Opens the store in a directory, or, without a path, a new one in memory.
    init(path: String?, options: CoreStoreOptions, cache: QueryCache? = nil) throws {
        sourceCount = options.sourceCount
        costs = options.costs
        let memory = try path == nil ? CoreMemoryDisk() : nil
        var opened: OpaquePointer?
        try unsafe (path ?? "formdb").withCString { path in
            var raw = unsafe fc_store_options()
            unsafe raw.os = memory.map { unsafe $0.table }
            unsafe raw.path = path
            unsafe raw.access =
                switch options.access {
                case .readWrite: FC_ACCESS_READ_WRITE
                case .readOnly: FC_ACCESS_READ_ONLY
                case .readOnlyPrefix: FC_ACCESS_READ_ONLY_PREFIX
                }
            unsafe raw.create = options.create
            unsafe raw.durability =
                switch options.durability {
                case .full: FC_DURABILITY_FULL
                case .batched: FC_DURABILITY_BATCHED
                case .none: FC_DURABILITY_NONE
                }
            unsafe raw.direct_log =
                switch options.directLog {
                case .automatic: FC_DIRECT_LOG_AUTO
                case .off: FC_DIRECT_LOG_OFF
                case .on: FC_DIRECT_LOG_ON
                }
            unsafe raw.batch_interval_us = options.batchIntervalMicroseconds
            unsafe raw.log_file_bytes = options.logFileBytes
            unsafe raw.no_compression = !options.compress
            unsafe raw.journal_only = options.journalOnly
            unsafe raw.tail_rows = options.tailRows
            unsafe raw.merge_ratio_first = options.mergeRatioFirst
            unsafe raw.merge_ratio = options.mergeRatio
            unsafe raw.id_streak = options.idStreak
            unsafe raw.series_chunk_points = options.seriesChunkPoints
            unsafe raw.footprints = options.footprints
            unsafe raw.footprint_faults = options.footprintFaults
            unsafe raw.kernels = options.scalarKernels ? FC_KERNELS_SCALAR : FC_KERNELS_BEST
            try callCore { detail in unsafe fc_open(&raw, &opened, detail) }
        }
        unsafe pointer = opened!
        self.memory = memory
        self.cache = cache
    }

    deinit { unsafe fc_store_release(pointer) }

    /// Closes it; idempotent.
    func close() throws {
        try callCore { detail in unsafe fc_close(pointer, detail) }
    }

    /// Waits until everything applied is durable.
    func sync() throws {
        try callCore { detail in unsafe fc_sync(pointer, detail) }
    }

    /// Begins a transaction; one for writing waits for the writer before it.
    func begin(writing: Bool, provenance: [UInt8] = []) throws -> CoreTransaction {
        var begun: OpaquePointer?
        try unsafe provenance.withUnsafeBytes { bytes in
            try callCore { detail in
                unsafe fc_begin(
                    pointer, writing ? FC_BEGIN_WRITE : FC_BEGIN_READ, fc_bytes(bytes), &begun,
                    detail)
            }
        }
        return unsafe CoreTransaction(begun!, store: self, isWriting: writing)
    }

    func journal(since: UInt64) throws -> CoreJournalCursor {
        var opened: OpaquePointer?
        try callCore { detail in unsafe fc_journal(pointer, since, &opened, detail) }
        return unsafe CoreJournalCursor(opened!, store: self)
    }

    var state: CoreState {
        let raw = unsafe fc_store_read_state(pointer)
        return CoreState(raw)
    }

    var counters: CoreCounters {
        let raw = unsafe fc_store_read_counters(pointer)
        return CoreCounters(raw)
    }

    /// Walks every invariant; for tests. REQUIRES: no write transaction is open.
    func checkInvariants() { unsafe fc_store_check(pointer) }

    static var version: String { unsafe String(cString: fc_version()) }

    /// A number that differs between threads that run at the same time.
    @inline(__always)
    static var currentThread: UInt64 {
        // What identifies a thread is only ever compared with itself.
        #if canImport(Darwin)
            var id: UInt64 = 0
            unsafe pthread_threadid_np(nil, &id)
            return id
        #else
            return UInt64(pthread_self())
        #endif
    }
}

/// What a store says of itself.
struct CoreState {
    var appliedSequence, publishedSequence, durableSequence: UInt64
    var isClosed, isPoisoned, isReadOnly: Bool
    var collections, series, rows, openSnapshots: UInt64
    var memoryBytes, memoryBytesPeak: UInt64
    var logBytesWritten, logGroups, logSyncs, logRotations: UInt64
    var recoveredBlocks, quarantinedBytes: UInt64
    var fault: FormDBError?

    init(_ raw: fc_store_state) {
        appliedSequence = raw.applied_sequence
        publishedSequence = raw.published_sequence
        durableSequence = raw.log.durable_sequence
        isClosed = raw.is_closed
        isPoisoned = raw.log.is_poisoned
        isReadOnly = raw.log.is_read_only
        collections = raw.collections
        series = raw.series
        rows = raw.rows
        openSnapshots = raw.open_snapshots
        memoryBytes = raw.arena.bytes_in_use
        memoryBytesPeak = raw.arena.bytes_peak
        logBytesWritten = raw.log.bytes_written
        logGroups = raw.log.groups
        logSyncs = raw.log.syncs
        logRotations = raw.log.rotations
        recoveredBlocks = raw.log.recovered_blocks
        quarantinedBytes = raw.log.quarantined_bytes
        fault =
            raw.log.fault == FC_STATUS_OK
            ? nil : FormDBError(raw.log.fault, raw.log.fault_detail)
    }
}

/// What is counted over all collections and series.
struct CoreCounters {
    var rows, liveRows, points, aborts: UInt64
    var featureBytes, indexBytes, seriesBytes: UInt64

    init(_ raw: fc_store_counters) {
        let tables = raw.memtables
        rows = tables.rows
        liveRows = tables.live_rows
        points = raw.series.points_in_order + raw.series.points_late
        aborts = raw.aborts
        featureBytes = tables.bytes_columns + tables.bytes_records
        indexBytes = tables.bytes_runs + tables.bytes_id_map + tables.bytes_times
        seriesBytes = raw.series.bytes
    }
}

/// A disk in memory.
@safe private final class CoreMemoryDisk {
    private let disk: OpaquePointer
    var table: UnsafePointer<fc_os> { unsafe fc_memory_disk_os(disk) }

    init() throws {
        var created: OpaquePointer?
        try check(
            unsafe fc_memory_disk_create_plain(&created), "no memory for a database in memory")
        unsafe disk = created!
    }

    deinit { unsafe fc_memory_disk_destroy(disk) }
}
