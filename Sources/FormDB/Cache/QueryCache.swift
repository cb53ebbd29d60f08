internal import Synchronization

/// Answers of questions, kept until a published write touches what they depend on.
///
/// Exact, lazy invalidation: an entry knows its regions and between which snapshots it is known to
/// hold, `computedAt...validThrough`. Asked at a later snapshot, the footprints of the commits in
/// between are tested against the regions: if none meets them, the entry holds until there too and
/// is served; else, or when the footprints are lost, it is dropped. Asked at an earlier one it is
/// passed over. Writers do nothing for it, and don't wait.
///
/// Equal questions that are asked at once are computed once.
///
/// THREADS: any.
final class QueryCache: Sendable {
    private let entries: LRUCache<CacheEntry>
    private let flights = CoreMonitor<[LRUKey: CacheFlight]>([:])
    private let seed: Fingerprint.Seed
    private let faults: CacheFaults
    /// What was found, and not served.
    private let unserved = Atomic(0)
    private let invalidations = Atomic(0)

    init(_ policy: Database.Cache.Limits, faults: CacheFaults = CacheFaults()) {
        entries = LRUCache(
            bytes: policy.bytes, entries: policy.entries, timeToLive: policy.timeToLive)
        seed = .random
        self.faults = faults
    }

    /// A question made ready to be looked up.
    func key<Question: CacheableQuestion>(
        _ question: Question, of target: CoreRegion
    ) -> CacheKey<Question> {
        var fingerprint = Fingerprint(seed)
        fingerprint.combine(UInt64(target.kind.rawValue) << 32 | UInt64(target.target))
        question.combine(into: &fingerprint)
        var key = fingerprint.key
        if faults.collidingFingerprints { key = LRUKey(low: key.low & 3, high: 0) }
        return CacheKey(fingerprint: key, question: question, target: target)
    }

    /// The answer at the snapshot: kept, or computed now.
    ///
    /// What `compute` throws is thrown to whoever asked; those who wait for the same answer go on to
    /// compute it themselves, one of them. REQUIRES: the snapshot is none of a writer; `compute`
    /// reads that snapshot alone.
    /// - Parameter interrupt: called every few milliseconds while another computes; may throw.
    func value<Question: CacheableQuestion, Value: Sendable>(
        for key: CacheKey<Question>, in snapshot: CoreTransaction,
        interrupt: (() throws -> Void)? = nil, compute: () throws -> CachedAnswer<Value>
    ) throws -> Value {
        let sequence = snapshot.sequence
        if let kept: Value = try lookUp(key, snapshot, sequence) { return kept }
        while true {
            switch join(key, snapshot, sequence) {
            case .lead(let flight):
                return try lead(flight, key, snapshot, sequence, compute)
            case .alone:
                return try keep(compute(), key, snapshot, sequence).value
            case .wait(let flight):
                try flights.wait(until: { _ in flight.isLanded }, interrupt: interrupt)
                if let landed = flight.entry {
                    guard let entry: TypedEntry<Question, Value> = landed.typed(),
                        isSame(entry.question, key.question)
                    else { return try keep(compute(), key, snapshot, sequence).value }
                    return entry.value
                }
                // The one who computed failed. Another may have been quicker than we are.
                if let kept: Value = try lookUp(key, snapshot, sequence) { return kept }
            }
        }
    }

    // MARK: Looking up

    private func isSame<Question: Hashable>(_ a: Question, _ b: Question) -> Bool {
        faults.trustsFingerprints || a == b
    }

    private enum Found<Value> {
        case answer(Value), entry(CacheEntry)
    }

    private func lookUp<Question: CacheableQuestion, Value: Sendable>(
        _ key: CacheKey<Question>, _ snapshot: CoreTransaction, _ sequence: UInt64
    ) throws -> Value? {
        // The very question, at a snapshot for which the answer is known to hold, is answered there and then;
        // what takes longer to tell is told without the lock.
        let found = entries.withValue(for: key.fingerprint) { entry -> Found<Value> in
            if let typed: TypedEntry<Question, Value> = entry.typed(), typed.holds(at: sequence),
                typed.question.isIdentical(to: key.question)
            {
                return .answer(typed.value)
            }
            return .entry(entry)
        }
        switch found {
        case .answer(let value): return value
        case .entry(let entry):
            if let value: Value = try serve(entry, key, snapshot, sequence) { return value }
            unserved.add(1, ordering: .relaxed)
            return nil
        case nil: return nil
        }
    }

    private func serve<Question: CacheableQuestion, Value: Sendable>(
        _ found: CacheEntry, _ key: CacheKey<Question>, _ snapshot: CoreTransaction,
        _ sequence: UInt64
    ) throws -> Value? {
        guard let entry: TypedEntry<Question, Value> = found.typed(),
            isSame(entry.question, key.question)
        else { return nil }
        switch try entry.validity(at: sequence, snapshot) {
        case .holds: return entry.value
        case .isLater: return nil
        case .isTouched:
            if entries.removeValue(for: key.fingerprint, ifIs: entry) {
                invalidations.add(1, ordering: .relaxed)
            }
            return nil
        }
    }

    /// What asking would find, without counting or moving anything.
    func outcome<Question: CacheableQuestion, Value: Sendable>(
        of key: CacheKey<Question>, in snapshot: CoreTransaction, as type: Value.Type
    ) throws -> QueryExplanation.CacheOutcome {
        guard let found = entries.peek(key.fingerprint),
            let entry: TypedEntry<Question, Value> = found.typed(),
            isSame(entry.question, key.question)
        else { return .absent }
        return switch try entry.validity(at: snapshot.sequence, snapshot) {
        case .holds: .hit
        case .isLater: .later
        case .isTouched: .touched
        }
    }

    // MARK: Computing once

    private enum Turn {
        case lead(CacheFlight), wait(CacheFlight), alone
    }

    private func join<Question>(
        _ key: CacheKey<Question>, _ snapshot: CoreTransaction, _ sequence: UInt64
    ) -> Turn {
        let thread = CoreStore.currentThread
        return flights.withLock { flights in
            guard let flight = flights[key.fingerprint] else {
                let flight = CacheFlight(sequence: sequence, thread: thread)
                flights[key.fingerprint] = flight
                return .lead(flight)
            }
            // The answer of an earlier state is ours if nothing at all was written since. (The same
            // thread can only ask again from inside of what it computes.)
            let isOurs =
                flight.sequence == sequence
                || flight.sequence < sequence
                    && (try? snapshot.change(of: key.target, since: flight.sequence))
                        == CoreChange
                        .none
            guard isOurs, flight.thread != thread else { return .alone }
            flight.waiters += 1
            return .wait(flight)
        }
    }

    private func lead<Question: CacheableQuestion, Value: Sendable>(
        _ flight: CacheFlight, _ key: CacheKey<Question>, _ snapshot: CoreTransaction,
        _ sequence: UInt64, _ compute: () throws -> CachedAnswer<Value>
    ) throws -> Value {
        var landed: TypedEntry<Question, Value>?
        defer {
            let isAwaited = flights.withLock { flights in
                flight.entry = landed
                flight.isLanded = true
                flights[key.fingerprint] = nil
                return flight.waiters > 0
            }
            if isAwaited { flights.wakeAll() }
        }
        let entry = try keep(compute(), key, snapshot, sequence)
        landed = entry
        return entry.value
    }

    private func keep<Question: CacheableQuestion, Value: Sendable>(
        _ answer: CachedAnswer<Value>, _ key: CacheKey<Question>, _ snapshot: CoreTransaction,
        _ sequence: UInt64
    ) throws -> TypedEntry<Question, Value> {
        let computedAt =
            faults.takesSequenceAtPut ? snapshot.store.state.publishedSequence : sequence
        let entry = TypedEntry(
            key.question, answer.value, regions: answer.regions, computedAt: computedAt)
        // Whoever asks first about a collection begins its footprints.
        for region in answer.regions { _ = try snapshot.change(of: region, since: sequence) }
        let overhead =
            TypedEntry<Question, Value>.overhead + key.question.bytes
            + answer.regions.reduce(0) {
                $0 + MemoryLayout<CoreRegion>.stride + ($1.ids?.count ?? 0) * 8
            }
        entries.setValue(entry, for: key.fingerprint, bytes: answer.bytes + overhead) { old in
            // A newer snapshot's answer serves more readers than one of the past.
            old.computedAt > computedAt
        }
        return entry
    }

    // MARK: Counting

    func removeAll() { entries.removeAll() }

    var hitCount: Int { statistics.hits }

    var statistics: Database.CacheStatistics {
        // First, as it must not be ahead.
        let unserved = unserved.load(ordering: .acquiring)
        let kept = entries.statistics
        return Database.CacheStatistics(
            hits: kept.hits - unserved, misses: kept.misses + unserved,
            evictions: kept.evictions, expirations: kept.expirations,
            invalidations: invalidations.load(ordering: .relaxed), entries: kept.entries,
            bytes: kept.bytes)
    }
}

/// A question with its fingerprint, and the whole of the collection or series that it is about.
struct CacheKey<Question: CacheableQuestion>: Sendable {
    let fingerprint: LRUKey
    let question: Question
    let target: CoreRegion
}

/// What was computed, and what it depends on.
struct CachedAnswer<Value: Sendable>: Sendable {
    var value: Value
    /// Of memory that the value keeps alive.
    var bytes: Int
    /// Closed: a write that meets none of them leaves the answer as it is.
    var regions: [CoreRegion]
}

/// Faults that tests plant, to see that they are found out.
struct CacheFaults: Sendable {
    var collidingFingerprints = false
    var trustsFingerprints = false
    var takesSequenceAtPut = false
}

/// One kept answer, whatever its type.
class CacheEntry: LRUEntry, @unchecked Sendable {
    let regions: [CoreRegion]
    let computedAt: UInt64
    private let validThrough: Atomic<UInt64>

    init(regions: [CoreRegion], computedAt: UInt64) {
        self.regions = regions
        self.computedAt = computedAt
        validThrough = Atomic(computedAt)
        super.init()
    }

    /// The entry as what it is, for a comparison of types instead of a search for one.
    @inline(__always)
    final func typed<Question, Value>() -> TypedEntry<Question, Value>? {
        if ObjectIdentifier(type(of: self)) != ObjectIdentifier(TypedEntry<Question, Value>.self) {
            return nil
        }
        return unsafe unsafeDowncast(self, to: TypedEntry<Question, Value>.self)
    }

    enum Validity {
        case holds, isLater, isTouched
    }

    /// Whether it is known to hold without looking at what was written.
    @inline(__always)
    final func holds(at sequence: UInt64) -> Bool {
        computedAt <= sequence && sequence <= validThrough.load(ordering: .acquiring)
    }

    final func validity(at sequence: UInt64, _ snapshot: CoreTransaction) throws -> Validity {
        if sequence < computedAt { return .isLater }
        let through = validThrough.load(ordering: .acquiring)
        if sequence <= through { return .holds }
        for region in regions {
            if try snapshot.change(of: region, since: through) != .none { return .isTouched }
        }
        validThrough.max(sequence, ordering: .acquiringAndReleasing)
        return .holds
    }
}

/// One kept answer with its question.
final class TypedEntry<Question: CacheableQuestion, Value: Sendable>: CacheEntry,
    @unchecked Sendable
{
    let question: Question
    let value: Value

    init(_ question: Question, _ value: Value, regions: [CoreRegion], computedAt: UInt64) {
        self.question = question
        self.value = value
        super.init(regions: regions, computedAt: computedAt)
    }

    /// The object itself, with its key and links, and its place in the table.
    static var overhead: Int { 160 + MemoryLayout<Question>.stride + MemoryLayout<Value>.stride }
}

/// An answer that is being computed. Guarded by the monitor, but for what never changes.
final class CacheFlight: @unchecked Sendable {
    let sequence: UInt64
    let thread: UInt64
    var waiters = 0
    var isLanded = false
    /// nil if it failed.
    var entry: CacheEntry?

    init(sequence: UInt64, thread: UInt64) {
        self.sequence = sequence
        self.thread = thread
    }
}
