/// The table and lists of an ``LRUCache``, without its lock.
///
/// The table is two columns, of hashes and of entries, with linear probing: the one is small enough to
/// be near, and leads to the place in the other. An entry holds its key and links, so that of 100,000
/// entries a look-up that finds one reads two lines that are far away, and no more.
///
/// Two lists, segmented recency: what was put once is on probation, what was asked for again is
/// protected, and protection has three quarters of the room. To ask for an entry only marks it, as to
/// move it would write neighbours that are far away too; what a mark earns is settled when room
/// is needed (docs/ARCHITECTURE.md has what that costs in misses): the least recent on probation, if
/// marked, becomes protected, and the least recent that is protected, if marked, gets another turn.
///
/// Kept behind a pointer, not in a class: no checks of exclusive access, no reference counts.
@safe struct LRUStore {
    private let entriesMax: Int
    private let bytesMax: Int
    private let protectedEntriesMax: Int
    private let protectedBytesMax: Int
    private let timeToLive: UInt64

    /// Of the entries; 0 where there is none.
    private var hashes: UnsafeMutablePointer<UInt32>
    private var entries: UnsafeMutablePointer<LRULink?>
    private var mask = 127
    private var probation: LRUList
    private var protected: LRUList
    /// How many marks are settled at most before one is evicted: what bounds the time of a put.
    private static let settledMax = 32
    private(set) var statistics = LRUStatistics()

    init(bytes: Int, entries: Int, timeToLive: UInt64, protectedPercent: Int) {
        entriesMax = max(0, min(entries, 1 << 30))
        bytesMax = max(0, bytes)
        protectedEntriesMax = entriesMax * protectedPercent / 100
        protectedBytesMax =
            bytesMax > Int.max / 100
            ? bytesMax / 100 * protectedPercent : bytesMax * protectedPercent / 100
        self.timeToLive = timeToLive
        probation = LRUList(.probation)
        protected = LRUList(.protected)
        unsafe hashes = .allocate(capacity: mask + 1)
        unsafe hashes.initialize(repeating: 0, count: mask + 1)
        unsafe self.entries = .allocate(capacity: mask + 1)
    }

    /// Frees the memory. REQUIRES: it is empty.
    func deallocate() {
        unsafe hashes.deallocate()
        unsafe entries.deallocate()
    }

    // MARK: Table

    @inline(__always)
    private static func hash(_ key: LRUKey) -> UInt32 {
        let mixed = (key.low ^ (key.high << 32 | key.high >> 32)) &* 0x9e37_79b9_7f4a_7c15
        return max(UInt32(truncatingIfNeeded: mixed >> 32), 1)
    }

    /// Where a key is, or where the first hole is on the way to it.
    @inline(__always)
    private func place(of key: LRUKey, _ hash: UInt32) -> Int {
        var at = Int(hash) & mask
        while true {
            let found = unsafe hashes[at]
            if found == 0 { return at }
            if found == hash, unsafe entries[at]!.key == key { return at }
            at = (at &+ 1) & mask
        }
    }

    @inline(__always)
    private func hole(for hash: UInt32) -> Int {
        var at = Int(hash) & mask
        while unsafe hashes[at] != 0 { at = (at &+ 1) & mask }
        return at
    }

    /// The entry of a key, whatever its age, without counting or moving anything.
    @inline(__always)
    func find(_ key: LRUKey) -> LRULink? {
        let at = place(of: key, Self.hash(key))
        return unsafe hashes[at] == 0 ? nil : entries[at]
    }

    @inline(__always)
    private func displace(_ entry: LRULink) {
        let hash = unsafe Self.hash(entry.key)
        var hole = Int(hash) & mask
        while unsafe hashes[hole] != hash || entries[hole]!.toOpaque() != entry.toOpaque() {
            hole = (hole &+ 1) & mask
        }
        // What follows moves up, unless it would come before its own place.
        var at = (hole &+ 1) & mask
        while unsafe hashes[at] != 0 {
            let home = unsafe Int(hashes[at]) & mask
            if (at &- home) & mask >= (at &- hole) & mask {
                unsafe hashes[hole] = hashes[at]
                unsafe entries[hole] = entries[at]
                hole = at
            }
            at = (at &+ 1) & mask
        }
        unsafe hashes[hole] = 0
    }

    private mutating func grow() {
        let (oldHashes, oldEntries, oldCount) = unsafe (hashes, entries, mask + 1)
        mask = oldCount * 2 - 1
        unsafe hashes = .allocate(capacity: mask + 1)
        unsafe hashes.initialize(repeating: 0, count: mask + 1)
        unsafe entries = .allocate(capacity: mask + 1)
        for at in 0..<oldCount where unsafe oldHashes[at] != 0 {
            let hole = unsafe hole(for: oldHashes[at])
            unsafe hashes[hole] = oldHashes[at]
            unsafe entries[hole] = oldEntries[at]
        }
        unsafe oldHashes.deallocate()
        unsafe oldEntries.deallocate()
    }

    // MARK: Order

    /// Sees to it that what is least recent on probation was not asked for, unless `left` runs out.
    private mutating func settle(_ left: Int) {
        var left = left
        while let last = unsafe probation.last, left > 0, unsafe last.isMarked {
            left -= 1
            unsafe last.isMarked = false
            unsafe probation.remove(last)
            unsafe protected.pushFront(last)
            while protected.count > protectedEntriesMax || protected.bytes > protectedBytesMax {
                let last = unsafe protected.last!
                unsafe protected.remove(last)
                if unsafe last.isMarked && left > 0 {
                    left -= 1
                    unsafe last.isMarked = false
                    unsafe protected.pushFront(last)
                } else {
                    unsafe probation.pushFront(last)
                }
            }
        }
    }

    // MARK: Entries

    /// Takes an entry out; the caller releases it.
    @inline(__always)
    private mutating func take(_ entry: LRULink) {
        unsafe displace(entry)
        if unsafe entry.place == .protected {
            unsafe protected.remove(entry)
        } else {
            unsafe probation.remove(entry)
        }
        statistics.entries -= 1
        unsafe statistics.bytes -= entry.bytes
    }

    /// The entry of a key that is there and hasn't expired.
    @inline(__always)
    mutating func get(_ key: LRUKey, now: UInt64, expired: inout LRULink?) -> LRULink? {
        guard let entry = unsafe find(key) else {
            statistics.misses &+= 1
            return nil
        }
        if timeToLive != 0, unsafe entry.deadline <= now {
            unsafe take(entry)
            unsafe expired = entry
            statistics.expirations &+= 1
            statistics.misses &+= 1
            return nil
        }
        unsafe entry.isMarked = true
        statistics.hits &+= 1
        return unsafe entry
    }

    /// Takes over a retained entry, unless what the key has is better; `released` gets those that the
    /// caller has to release.
    @inline(__always)
    mutating func put(
        _ entry: LRULink, _ key: LRUKey, bytes: Int, now: UInt64, released: inout Released,
        unless isBetter: (LRUEntry) -> Bool
    ) {
        let hash = Self.hash(key)
        var at = place(of: key, hash)
        let old = unsafe hashes[at] == 0 ? nil : entries[at]
        var isMoved = unsafe old != nil
        if let old = unsafe old, unsafe old._withUnsafeGuaranteedRef(isBetter) {
            unsafe released.add(entry)
            return
        }
        if let old = unsafe old {
            unsafe take(old)
            unsafe released.add(old)
        }
        if bytes < 0 || bytes > bytesMax || entriesMax == 0 {
            unsafe released.add(entry)
            statistics.rejections &+= 1
            return
        }
        if statistics.entries == entriesMax {
            unsafe evict(sparing: nil, &released)
            isMoved = true
        }
        if (statistics.entries + 1) * 5 > (mask + 1) * 4 {
            grow()
            isMoved = true
        }
        if isMoved { at = hole(for: hash) }
        unsafe hashes[at] = hash
        unsafe entries[at] = entry
        unsafe precondition(entry.place == .outside, "an entry is put under two keys")
        unsafe entry.key = key
        unsafe entry.bytes = bytes
        unsafe entry.deadline =
            timeToLive == 0 ? 0 : now.addingReportingOverflow(timeToLive).partialValue
        statistics.entries += 1
        statistics.bytes += bytes
        // To put in place of another is to ask for it.
        unsafe entry.isMarked = unsafe old != nil
        unsafe probation.pushFront(entry)
        while statistics.bytes > bytesMax { unsafe evict(sparing: entry, &released) }
    }

    /// Takes out the least recent: of those on probation, if there is one.
    @inline(__always)
    private mutating func evict(sparing spared: LRULink?, _ released: inout Released) {
        settle(Self.settledMax)
        let victim = unsafe probation.last(but: spared) ?? protected.last(but: spared)!
        unsafe take(victim)
        unsafe released.add(victim)
        statistics.evictions &+= 1
    }

    /// Takes the entry of a key out, if it is this one.
    mutating func remove(_ key: LRUKey, ifIs expected: LRULink?) -> LRULink? {
        guard let entry = unsafe find(key) else { return nil }
        if let expected = unsafe expected, unsafe entry.toOpaque() != expected.toOpaque() {
            return nil
        }
        unsafe take(entry)
        statistics.removals &+= 1
        return unsafe entry
    }

    mutating func removeAll(_ released: inout Released) {
        while let last = unsafe probation.last ?? protected.last {
            unsafe take(last)
            unsafe released.add(last)
            statistics.removals &+= 1
        }
    }

    /// The keys, from what would be evicted last to what would be first.
    var keys: [LRUKey] { protected.keys + probation.keys }

    /// Entries that left, to be released without the lock: what that sets off may take long.
    @safe struct Released {
        private var first: LRULink?
        private var further: [LRULink] = unsafe []

        @inline(__always)
        init() {}

        @inline(__always)
        mutating func add(_ entry: LRULink?) {
            guard let entry = unsafe entry else { return }
            if unsafe first == nil { unsafe first = entry } else { unsafe further.append(entry) }
        }

        @inline(__always)
        func release() {
            unsafe first?.release()
            unsafe further.forEach { unsafe $0.release() }
        }
    }
}

/// Entries in order, the most recent first: a ring that begins and ends at its head.
@safe struct LRUList {
    private let head: LRUEntry
    private let place: LRUEntry.Place
    private(set) var count = 0
    private(set) var bytes = 0

    init(_ place: LRUEntry.Place) {
        self.place = place
        head = LRUEntry()
        unsafe head.next = Unmanaged.passUnretained(head)
        unsafe head.previous = Unmanaged.passUnretained(head)
    }

    /// The least recent; nil if there is none.
    @inline(__always)
    var last: LRULink? { count == 0 ? nil : unsafe head.previous }

    /// The least recent but for one.
    @inline(__always)
    func last(but spared: LRULink?) -> LRULink? {
        guard let last = unsafe last else { return nil }
        if unsafe last.toOpaque() != spared?.toOpaque() { return unsafe last }
        return count == 1 ? nil : unsafe last.previous
    }

    @inline(__always)
    mutating func pushFront(_ entry: LRULink) {
        let next = unsafe head.next!
        unsafe entry.previous = Unmanaged.passUnretained(head)
        unsafe entry.next = next
        unsafe next.previous = entry
        unsafe head.next = entry
        unsafe entry.place = place
        count &+= 1
        unsafe bytes &+= entry.bytes
    }

    @inline(__always)
    mutating func remove(_ entry: LRULink) {
        let (previous, next) = unsafe (entry.previous!, entry.next!)
        unsafe previous.next = next
        unsafe next.previous = previous
        unsafe entry.place = .outside
        count &-= 1
        unsafe bytes &-= entry.bytes
    }

    var keys: [LRUKey] {
        var keys: [LRUKey] = []
        var entry = unsafe head.next!
        for _ in 0..<count {
            unsafe keys.append(entry.key)
            unsafe entry = unsafe entry.next!
        }
        return keys
    }
}
