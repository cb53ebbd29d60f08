extension Database {
    /// How a database is opened.
    ///
    /// ```swift
    /// var configuration = Database.Configuration()
    /// configuration.durability = .batched(.milliseconds(50))
    /// configuration.provenance = Provenance(actor: "collector", kind: .service)
    /// let db = try Database(at: url, configuration: configuration)
    /// ```
    public struct Configuration: Sendable {
        /// What may be done with it.
        public var access = Access.readWrite
        /// Whether a directory without a database becomes one.
        public var createIfMissing = true
        /// When a write returns, and what a power cut can take back.
        public var durability = Durability.full
        /// Whether writes at full durability go to disk past the system's cache.
        public var directLog = DirectLog.automatic
        /// Whether superseded versions of features stay in memory.
        public var history = History.kept
        /// Who writes, where a write doesn't say; nil is the name of the process.
        public var provenance: Provenance?
        /// Whether a write must say who writes: leaving it out then throws.
        public var requireProvenance = false
        /// The size at which a file of the log is sealed and the next begun.
        public var logFileBytes = 64 << 20
        /// Whether blocks are packed with LZ4.
        public var compression = true

        /// Whether answers are kept to be given again, and how much of them.
        public var cache = Cache.automatic

        /// What the planner takes parts of plans to cost.
        public var planCosts = PlanCosts.standard

        /// Sizes that only tests change.
        var tuning = Tuning()

        public init() {}

        struct Tuning: Sendable {
            var tailRows: UInt32 = 0
            var mergeRatioFirst: UInt32 = 0
            var mergeRatio: UInt32 = 0
            var idStreak: UInt32 = 0
            var seriesChunkPoints: UInt32 = 0
            var scalarKernels = false
            var sourceCount = 1
            var footprints: UInt32 = 0
            var footprintFaults: UInt32 = 0
            var cacheFaults = CacheFaults()
        }
    }

    /// What may be done with a database.
    public struct Access: Hashable, Sendable, CustomStringConvertible {
        let core: CoreStoreOptions.Access
        public let description: String

        /// Reading and writing; one process at a time.
        public static let readWrite = Access(core: .readWrite, description: "readWrite")
        /// Reading what is certainly durable, also beside a process that writes.
        public static let readOnly = Access(core: .readOnly, description: "readOnly")
        /// Reading the valid blocks before a fault, whatever follows: for a damaged database. See
        /// ``Database/fault``.
        public static let readOnlyPrefix = Access(
            core: .readOnlyPrefix, description: "readOnlyPrefix")
    }

    /// When a write returns, and what can be lost.
    ///
    /// | level | a write returns when | a killed process loses | a power cut loses |
    /// |---|---|---|---|
    /// | ``full`` | it is synced to disk | nothing | nothing |
    /// | ``batched(_:)`` | it is applied | what came within the interval | the same |
    /// | ``none`` | it is applied | the last 256 KiB or 10 ms | what the system had not written |
    ///
    /// What is lost is always the newest writes, never one in the middle. ``Database/sync()`` makes all
    /// durable at any level.
    public struct Durability: Hashable, Sendable, CustomStringConvertible {
        let core: CoreStoreOptions.Durability
        let interval: Duration?

        /// Each write is synced before it returns; concurrent writes share a sync.
        public static let full = Durability(core: .full, interval: nil)
        /// Writes are gathered, and synced after an interval at the latest.
        public static func batched(_ interval: Duration) -> Durability {
            Durability(core: .batched, interval: interval)
        }
        /// Writes are handed to the system now and then, and synced at the end.
        public static let none = Durability(core: .none, interval: nil)

        public var description: String {
            switch core {
            case .full: "full"
            case .batched: "batched(\(interval ?? .zero))"
            case .none: "none"
            }
        }
    }

    /// Whether writes at ``Durability/full`` go past the system's cache to disk, each in one call that
    /// makes it durable, into zeros that a background thread has written ahead.
    ///
    /// Small writes are then faster. The zeros are about as many bytes again as small writes are, but
    /// most file systems write less of their own in return. There is such a thing on Linux, on most file
    /// systems; not on Apple systems. The other levels never use it.
    public struct DirectLog: Hashable, Sendable, CustomStringConvertible {
        let core: CoreStoreOptions.DirectLog
        public let description: String

        /// Where the file system has it.
        public static let automatic = DirectLog(core: .automatic, description: "automatic")
        /// Never.
        public static let off = DirectLog(core: .off, description: "off")
        /// Always: where it cannot be had, opening or the first write throws
        /// ``FormDBError/Code/unsupported``.
        public static let on = DirectLog(core: .on, description: "on")
    }

    /// What becomes of superseded versions of features.
    public struct History: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// They stay in memory (for time travel) as well as in the journal.
        public static let kept = History(description: "kept")
        /// They stay in the journal alone: their memory is given back.
        public static let journalOnly = History(description: "journalOnly")
    }
}

extension Database.Configuration {
    /// The same for the core.
    func coreOptions() throws -> CoreStoreOptions {
        var options = CoreStoreOptions()
        options.access = access.core
        options.create = createIfMissing
        options.durability = durability.core
        if let interval = durability.interval {
            guard interval > .zero, interval <= .seconds(3600) else {
                throw FormDBError(
                    .invalidArgument, "the interval of batched durability is \(interval)",
                    advice: "choose more than nothing and at most an hour")
            }
            options.batchIntervalMicroseconds = UInt64(interval.wholeMicroseconds)
        }
        options.directLog = directLog.core
        guard logFileBytes >= 1 << 16 else {
            throw FormDBError(
                .invalidArgument, "logFileBytes is \(logFileBytes)",
                advice: "choose 65,536 or more")
        }
        options.logFileBytes = UInt64(logFileBytes)
        options.compress = compression
        try cache.validate()
        options.journalOnly = history == .journalOnly
        options.tailRows = tuning.tailRows
        options.mergeRatioFirst = tuning.mergeRatioFirst
        options.mergeRatio = tuning.mergeRatio
        options.idStreak = tuning.idStreak
        options.seriesChunkPoints = tuning.seriesChunkPoints
        options.scalarKernels = tuning.scalarKernels
        options.costs = planCosts.model
        options.sourceCount = tuning.sourceCount
        options.footprints = tuning.footprints
        options.footprintFaults = tuning.footprintFaults
        return options
    }
}
