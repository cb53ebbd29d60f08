/// What an ``LRUCache`` has counted, and what it holds.
@_spi(Benchmark) public struct LRUStatistics: Hashable, Sendable {
    public internal(set) var hits = 0
    public internal(set) var misses = 0
    /// Left for want of room, and for their age.
    public internal(set) var evictions = 0
    public internal(set) var expirations = 0
    /// Taken out by the caller.
    public internal(set) var removals = 0
    /// Not taken in, being larger than all of the cache.
    public internal(set) var rejections = 0
    public internal(set) var entries = 0
    public internal(set) var bytes = 0
}

/// A cache bounded by bytes and entries that gives up what was not asked for the longest.
///
/// Recency is segmented: what was put and not asked for since is on probation, in a quarter of the
/// room or more, and leaves first; what was asked for again is protected from a passing crowd.
///
/// THREADS: any; one lock, short. Entries are released outside it.
/// COST: O(1).
@_spi(Benchmark) public final class LRUCache<Value: LRUEntry>: @unchecked Sendable {
    private let core: LRUCore

    /// - Parameters:
    ///   - timeToLive: how old an entry may become; nil for any age.
    ///   - protectedPercent: how much of the room is for what was asked for again.
    ///   - clock: nanoseconds that only rise; the system's unless a test brings its own.
    public init(
        bytes: Int, entries: Int, timeToLive: Duration? = nil, protectedPercent: Int = 75,
        clock: (@Sendable () -> UInt64)? = nil
    ) {
        core = LRUCore(
            bytes: bytes, entries: entries, timeToLive: timeToLive,
            protectedPercent: protectedPercent, clock: clock)
    }

    /// The entry of a key, which from then on was asked for; nil if there is none.
    public func value(for key: LRUKey) -> Value? {
        guard let entry = core.get(key) else { return nil }
        return unsafe unsafeDowncast(entry, to: Value.self)
    }

    /// The same, lent to `body`, which is short and releases nothing: cheaper than to retain it.
    @inline(__always)
    func withValue<Result>(for key: LRUKey, _ body: (Value) -> Result) -> Result? {
        core.withEntry(of: key) { unsafe body(unsafeDowncast($0, to: Value.self)) }
    }

    /// The entry of a key, without counting or moving anything.
    func peek(_ key: LRUKey) -> Value? {
        core.peek(key).map { unsafe unsafeDowncast($0, to: Value.self) }
    }

    /// Puts an entry, in place of what the key had.
    ///
    /// REQUIRES: it is in no cache, unless it is what the key had.
    /// - Parameter bytes: what the entry keeps alive. More than the cache may hold is not taken in.
    public func setValue(_ value: Value, for key: LRUKey, bytes: Int) {
        core.put(value, key, bytes) { _ in false }
    }

    /// The same, unless what is there says that it is better.
    func setValue(
        _ value: Value, for key: LRUKey, bytes: Int, unless isBetter: (Value) -> Bool
    ) {
        core.put(value, key, bytes) { unsafe isBetter(unsafeDowncast($0, to: Value.self)) }
    }

    /// Takes a key's entry out; `value`, if given, only if it is still that one.
    @discardableResult
    public func removeValue(for key: LRUKey, ifIs value: Value? = nil) -> Bool {
        core.remove(key, ifIs: value)
    }

    public func removeAll() { core.removeAll() }

    public var statistics: LRUStatistics { core.statistics }

    /// The keys, from what would be given up last to what would be first.
    var keys: [LRUKey] { core.keys }
}

/// The same for entries of any class, so that no generic code runs under the lock.
@safe final class LRUCore: @unchecked Sendable {
    private let lock = CoreShortLock()
    private let store: UnsafeMutablePointer<LRUStore>
    private let clock: (@Sendable () -> UInt64)?

    init(
        bytes: Int, entries: Int, timeToLive: Duration?, protectedPercent: Int,
        clock: (@Sendable () -> UInt64)?
    ) {
        unsafe store = .allocate(capacity: 1)
        unsafe store.initialize(
            to: LRUStore(
                bytes: bytes, entries: entries, timeToLive: timeToLive?.wholeNanoseconds ?? 0,
                protectedPercent: protectedPercent))
        // Who keeps entries for ever needs no clock.
        self.clock = timeToLive == nil ? nil : clock ?? { CoreClock.nanoseconds }
    }

    deinit {
        removeAll()
        unsafe store.pointee.deallocate()
        unsafe store.deinitialize(count: 1)
        unsafe store.deallocate()
    }

    @inline(__always)
    private var now: UInt64 { clock?() ?? 0 }

    func get(_ key: LRUKey) -> LRUEntry? {
        // Retained before somebody else can have it released.
        withEntry(of: key) { $0 }
    }

    @inline(__always)
    func withEntry<Result>(of key: LRUKey, _ body: (LRUEntry) -> Result) -> Result? {
        var expired: LRULink?
        let now = now
        lock.take()
        let found = unsafe store.pointee.get(key, now: now, expired: &expired)
        let result = unsafe found?._withUnsafeGuaranteedRef(body)
        lock.give()
        unsafe expired?.release()
        return result
    }

    func peek(_ key: LRUKey) -> LRUEntry? {
        lock.take()
        defer { lock.give() }
        return unsafe store.pointee.find(key)?.takeUnretainedValue()
    }

    func put(
        _ entry: LRUEntry, _ key: LRUKey, _ bytes: Int, unless isBetter: (LRUEntry) -> Bool
    ) {
        let retained = unsafe Unmanaged.passRetained(entry)
        var released = LRUStore.Released()
        let now = now
        lock.take()
        unsafe store.pointee.put(
            retained, key, bytes: bytes, now: now, released: &released, unless: isBetter)
        lock.give()
        released.release()
    }

    func remove(_ key: LRUKey, ifIs entry: LRUEntry?) -> Bool {
        let expected = unsafe entry.map { unsafe Unmanaged.passUnretained($0) }
        lock.take()
        let removed = unsafe store.pointee.remove(key, ifIs: expected)
        lock.give()
        guard let removed = unsafe removed else { return false }
        unsafe removed.release()
        return true
    }

    func removeAll() {
        var released = LRUStore.Released()
        lock.take()
        unsafe store.pointee.removeAll(&released)
        lock.give()
        released.release()
    }

    var statistics: LRUStatistics {
        lock.take()
        defer { lock.give() }
        return unsafe store.pointee.statistics
    }

    var keys: [LRUKey] {
        lock.take()
        defer { lock.give() }
        return unsafe store.pointee.keys
    }
}
