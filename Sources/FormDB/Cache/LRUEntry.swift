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

/// What an ``LRUCache`` keeps: an object that is in one cache at a time, under one key.
///
/// It holds its own key and links. Memory that is far away costs a look-up more than all else (115 ns a line
/// where this was measured), and the object is touched anyway, by being retained.
///
/// THREADS: what it holds here is guarded by the lock of the cache that it is in.
@_spi(Benchmark) @safe open class LRUEntry: @unchecked Sendable {
    /// Where it is.
    enum Place: UInt8 { case outside, probation, protected }

    // Nobody else has access while the cache does, which would otherwise be checked each time.
    @exclusivity(unchecked) final var key = LRUKey(low: 0, high: 0)
    @exclusivity(unchecked) final var previous: LRULink?
    @exclusivity(unchecked) final var next: LRULink?
    @exclusivity(unchecked) final var place = Place.outside
    /// Whether it was asked for since it got its place in the order.
    @exclusivity(unchecked) final var isMarked = false
    @exclusivity(unchecked) final var bytes = 0
    @exclusivity(unchecked) final var deadline: UInt64 = 0

    public init() {}
}

/// An entry, not retained.
typealias LRULink = Unmanaged<LRUEntry>

extension Unmanaged where Instance == LRUEntry {
    @inline(__always)
    var key: LRUKey {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.key } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.key = newValue } }
    }
    @inline(__always)
    var previous: LRULink? {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.previous } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.previous = newValue } }
    }
    @inline(__always)
    var next: LRULink? {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.next } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.next = newValue } }
    }
    @inline(__always)
    var isMarked: Bool {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.isMarked } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.isMarked = newValue } }
    }
    @inline(__always)
    var place: LRUEntry.Place {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.place } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.place = newValue } }
    }
    @inline(__always)
    var bytes: Int {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.bytes } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.bytes = newValue } }
    }
    @inline(__always)
    var deadline: UInt64 {
        get { unsafe _withUnsafeGuaranteedRef { unsafe $0.deadline } }
        nonmutating set { unsafe _withUnsafeGuaranteedRef { unsafe $0.deadline = newValue } }
    }
}
