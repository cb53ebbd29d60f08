/// What a value is kept under: 128 bits that are a hash, or as good as one.
@_spi(Benchmark) public struct LRUKey: Hashable, Sendable {
    public var low, high: UInt64

    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inlinable
    public static func == (a: LRUKey, b: LRUKey) -> Bool {
        (a.low ^ b.low) | (a.high ^ b.high) == 0
    }
}

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
/// Recency is segmented: what was put and not asked for since is on probation, in a fifth of the
/// room or more, and leaves first; what was asked for again is protected from a passing crowd.
///
/// THREADS: any; one lock, short. Values are released outside it.
/// COST: O(1).
@_spi(Benchmark) public final class LRUCache<Value: AnyObject & Sendable>: @unchecked Sendable {
    private let core: LRUCore

    /// - Parameters:
    ///   - timeToLive: how old a value may become; nil for any age.
    ///   - protectedPercent: how much of the room is for what was asked for again.
    ///   - clock: nanoseconds that only rise; the system's unless a test brings its own.
    public init(
        bytes: Int, entries: Int, timeToLive: Duration? = nil, protectedPercent: Int = 80,
        clock: (@Sendable () -> UInt64)? = nil
    ) {
        core = LRUCore(
            bytes: bytes, entries: entries, timeToLive: timeToLive,
            protectedPercent: protectedPercent, clock: clock)
    }

    /// The value of a key, which becomes the most recent; nil if there is none.
    public func value(for key: LRUKey) -> Value? {
        guard let object = core.get(key) else { return nil }
        return unsafe unsafeDowncast(object, to: Value.self)
    }

    /// Puts a value, in place of what the key had.
    ///
    /// - Parameter bytes: what the value keeps alive. More than the cache may hold is not taken in.
    public func setValue(_ value: Value, for key: LRUKey, bytes: Int) {
        core.put(value, key, bytes) { _ in false }
    }

    /// The same, unless what is there says that it is better.
    func setValue(
        _ value: Value, for key: LRUKey, bytes: Int, unless isBetter: (Value) -> Bool
    ) {
        core.put(value, key, bytes) { unsafe isBetter(unsafeDowncast($0, to: Value.self)) }
    }

    /// Takes a key's value out; `value`, if given, only if it is still that one.
    @discardableResult
    public func removeValue(for key: LRUKey, ifIs value: Value? = nil) -> Bool {
        core.remove(key, ifIs: value)
    }

    public func removeAll() { core.removeAll() }

    public var statistics: LRUStatistics { core.statistics }

    /// The keys, from what would be given up last to what would be first.
    var keys: [LRUKey] { core.keys }
}

/// The same for objects of any class: generic code would not know how large its slots are.
@safe final class LRUCore: @unchecked Sendable {
    private let mutex = CoreMutex()
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
        // Who keeps values for ever needs no clock.
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

    @inline(__always)
    func get(_ key: LRUKey) -> AnyObject? {
        var expired: UnsafeRawPointer?
        let now = now
        mutex.lock()
        let found = unsafe store.pointee.get(key, now: now, expired: &expired)
        // Retained before somebody else can have it released.
        let object = unsafe found.map {
            unsafe Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue()
        }
        mutex.unlock()
        if let expired = unsafe expired {
            unsafe Unmanaged<AnyObject>.fromOpaque(expired).release()
        }
        return object
    }

    func put(
        _ value: AnyObject, _ key: LRUKey, _ bytes: Int, unless isBetter: (AnyObject) -> Bool
    ) {
        let retained = unsafe UnsafeRawPointer(Unmanaged.passRetained(value).toOpaque())
        var released = LRUStore.Released()
        let now = now
        mutex.lock()
        var isTaken = true
        if let old = unsafe store.pointee.peek(key) {
            isTaken = unsafe !isBetter(Unmanaged<AnyObject>.fromOpaque(old).takeUnretainedValue())
        }
        if isTaken {
            unsafe store.pointee.put(key, retained, bytes: bytes, now: now, released: &released)
        } else {
            unsafe released.add(retained)
        }
        mutex.unlock()
        released.release()
    }

    func remove(_ key: LRUKey, ifIs value: AnyObject?) -> Bool {
        let expected = unsafe value.map {
            unsafe UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque())
        }
        mutex.lock()
        let removed = unsafe store.pointee.remove(key, ifIs: expected)
        mutex.unlock()
        guard let removed = unsafe removed else { return false }
        unsafe Unmanaged<AnyObject>.fromOpaque(removed).release()
        return true
    }

    func removeAll() {
        var released = LRUStore.Released()
        mutex.lock()
        unsafe store.pointee.removeAll(&released)
        mutex.unlock()
        released.release()
    }

    var statistics: LRUStatistics {
        mutex.lock()
        defer { mutex.unlock() }
        return unsafe store.pointee.statistics
    }

    var keys: [LRUKey] {
        mutex.lock()
        defer { mutex.unlock() }
        return unsafe store.pointee.keys
    }
}

extension Duration {
    /// In nanoseconds, at least one; what is too long for them is for ever.
    fileprivate var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        if seconds >= 1 << 33 { return .max / 2 }
        return UInt64(max(1, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}
