/// The table and lists of an ``LRUCache``, without its lock.
///
/// A table of 64-bit cells (hash, slot) with linear probing at half load leads to slots that never
/// move; the lists that keep their order are 32-bit links in a column of their own, so that moving
/// an entry to the front touches little memory. Two lists, segmented recency: what was put once is
/// on probation, what was asked for again is protected, and protection has 80 % of the room.
///
/// Kept behind a pointer, not in a class: no checks of exclusive access, no reference counts.
@safe struct LRUStore {
    /// Numbers of slots; the first two are the lists' own heads, whose `next` is the newest.
    private static let probation: UInt32 = 0
    private static let protected: UInt32 = 1
    private static let firstSlot: UInt32 = 2

    @safe private struct Slot {
        var key: LRUKey
        var value: UnsafeRawPointer
        var bytes: Int
        var deadline: UInt64
        var hash: UInt32
        var list: UInt32
    }

    private struct Links {
        var previous, next: UInt32
    }

    private let entriesMax: Int
    private let bytesMax: Int
    private let protectedEntriesMax: Int
    private let protectedBytesMax: Int
    private let timeToLive: UInt64

    private var cells: UnsafeMutablePointer<UInt64>
    private var mask: Int
    private var slots: UnsafeMutablePointer<Slot>
    private var links: UnsafeMutablePointer<Links>
    private var capacity: Int
    /// Slots that were ever used, and those of them that are free, linked by `next`; 0 ends.
    private var used = firstSlot
    private var free: UInt32 = 0
    private var protectedEntries = 0
    private var protectedBytes = 0
    private(set) var statistics = LRUStatistics()

    init(bytes: Int, entries: Int, timeToLive: UInt64, protectedPercent: Int) {
        entriesMax = max(0, min(entries, 1 << 30))
        bytesMax = max(0, bytes)
        protectedEntriesMax = entriesMax * protectedPercent / 100
        protectedBytesMax =
            bytesMax > Int.max / 100
            ? bytesMax / 100 * protectedPercent : bytesMax * protectedPercent / 100
        self.timeToLive = timeToLive
        capacity = 64
        mask = 127
        unsafe cells = .allocate(capacity: 128)
        unsafe cells.initialize(repeating: 0, count: 128)
        unsafe slots = .allocate(capacity: 64)
        unsafe links = .allocate(capacity: 64)
        unsafe links[0] = Links(previous: 0, next: 0)
        unsafe links[1] = Links(previous: 1, next: 1)
    }

    /// Frees the memory. REQUIRES: it is empty.
    func deallocate() {
        unsafe cells.deallocate()
        unsafe slots.deallocate()
        unsafe links.deallocate()
    }

    // MARK: Table

    @inline(__always)
    static func hash(_ key: LRUKey) -> UInt32 {
        let mixed = (key.low ^ (key.high << 32 | key.high >> 32)) &* 0x9e37_79b9_7f4a_7c15
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    /// The slot of a key; 0 if there is none.
    @inline(__always)
    private func find(_ key: LRUKey, _ hash: UInt32) -> UInt32 {
        var at = Int(hash) & mask
        while true {
            let cell = unsafe cells[at]
            if cell == 0 { return 0 }
            if UInt32(cell >> 32) == hash {
                let slot = UInt32(truncatingIfNeeded: cell)
                if unsafe slots[Int(slot)].key == key { return slot }
            }
            at = (at &+ 1) & mask
        }
    }

    private func insertCell(_ hash: UInt32, _ slot: UInt32) {
        var at = Int(hash) & mask
        while unsafe cells[at] != 0 { at = (at &+ 1) & mask }
        unsafe cells[at] = UInt64(hash) << 32 | UInt64(slot)
    }

    private func removeCell(_ hash: UInt32, _ slot: UInt32) {
        var hole = Int(hash) & mask
        while unsafe UInt32(truncatingIfNeeded: cells[hole]) != slot { hole = (hole &+ 1) & mask }
        // What follows moves up, unless it would come before its own place.
        var at = (hole &+ 1) & mask
        while unsafe cells[at] != 0 {
            let home = unsafe Int(cells[at] >> 32) & mask
            if (at &- home) & mask >= (at &- hole) & mask {
                unsafe cells[hole] = cells[at]
                hole = at
            }
            at = (at &+ 1) & mask
        }
        unsafe cells[hole] = 0
    }

    private mutating func grow() {
        let grown = min(capacity * 2, max(64, entriesMax + 3))
        precondition(grown > capacity)
        let newSlots = UnsafeMutablePointer<Slot>.allocate(capacity: grown)
        let newLinks = UnsafeMutablePointer<Links>.allocate(capacity: grown)
        let first = Int(Self.firstSlot)
        unsafe (newSlots + first).moveInitialize(from: slots + first, count: Int(used) - first)
        unsafe newLinks.moveInitialize(from: links, count: Int(used))
        unsafe slots.deallocate()
        unsafe links.deallocate()
        unsafe slots = newSlots
        unsafe links = newLinks
        capacity = grown
        if grown * 2 <= mask + 1 { return }
        let old = unsafe cells
        let oldCount = mask + 1
        var count = oldCount
        while count < grown * 2 { count *= 2 }
        unsafe cells = .allocate(capacity: count)
        unsafe cells.initialize(repeating: 0, count: count)
        mask = count - 1
        for index in 0..<oldCount {
            let cell = unsafe old[index]
            if cell != 0 { insertCell(UInt32(cell >> 32), UInt32(truncatingIfNeeded: cell)) }
        }
        unsafe old.deallocate()
    }

    // MARK: Lists

    @inline(__always)
    private func unlink(_ slot: UInt32) {
        let own = unsafe links[Int(slot)]
        unsafe links[Int(own.previous)].next = own.next
        unsafe links[Int(own.next)].previous = own.previous
    }

    @inline(__always)
    private func pushFront(_ slot: UInt32, _ list: UInt32) {
        let next = unsafe links[Int(list)].next
        unsafe links[Int(slot)] = Links(previous: list, next: next)
        unsafe links[Int(next)].previous = slot
        unsafe links[Int(list)].next = slot
    }

    /// An entry was asked for: it goes to the front of what is protected.
    @inline(__always)
    private mutating func touch(_ slot: UInt32) {
        if unsafe links[Int(Self.protected)].next == slot { return }
        unlink(slot)
        pushFront(slot, Self.protected)
        if unsafe slots[Int(slot)].list == Self.protected { return }
        unsafe slots[Int(slot)].list = Self.protected
        protectedEntries += 1
        unsafe protectedBytes += slots[Int(slot)].bytes
        demote()
    }

    /// What there is no room to protect goes back on probation, the least recent first.
    private mutating func demote() {
        while protectedEntries > protectedEntriesMax || protectedBytes > protectedBytesMax {
            let last = unsafe links[Int(Self.protected)].previous
            unlink(last)
            pushFront(last, Self.probation)
            unsafe slots[Int(last)].list = Self.probation
            protectedEntries -= 1
            unsafe protectedBytes -= slots[Int(last)].bytes
        }
    }

    // MARK: Entries

    /// Takes an entry out; the caller releases its value.
    private mutating func take(_ slot: UInt32) -> UnsafeRawPointer {
        let taken = unsafe slots[Int(slot)]
        removeCell(taken.hash, slot)
        unlink(slot)
        if taken.list == Self.protected {
            protectedEntries -= 1
            protectedBytes -= taken.bytes
        }
        statistics.entries -= 1
        statistics.bytes -= taken.bytes
        unsafe links[Int(slot)].next = free
        free = slot
        return unsafe taken.value
    }

    /// The value, borrowed, of a key that is there and hasn't expired.
    @inline(__always)
    mutating func get(
        _ key: LRUKey, now: UInt64, expired: inout UnsafeRawPointer?
    ) -> UnsafeRawPointer? {
        let slot = find(key, Self.hash(key))
        guard slot != 0 else {
            statistics.misses &+= 1
            return nil
        }
        if timeToLive != 0, unsafe slots[Int(slot)].deadline <= now {
            unsafe expired = take(slot)
            statistics.expirations &+= 1
            statistics.misses &+= 1
            return nil
        }
        touch(slot)
        statistics.hits &+= 1
        return unsafe slots[Int(slot)].value
    }

    /// The value, borrowed, whatever its age, without counting or moving anything.
    func peek(_ key: LRUKey) -> UnsafeRawPointer? {
        let slot = find(key, Self.hash(key))
        return slot == 0 ? nil : unsafe slots[Int(slot)].value
    }

    /// Takes over a retained value; `released` gets those that the caller has to release.
    mutating func put(
        _ key: LRUKey, _ value: UnsafeRawPointer, bytes: Int, now: UInt64,
        released: inout Released
    ) {
        let hash = Self.hash(key)
        var slot = find(key, hash)
        if bytes < 0 || bytes > bytesMax || entriesMax == 0 {
            if slot != 0 { unsafe released.add(take(slot)) }
            unsafe released.add(value)
            statistics.rejections &+= 1
            return
        }
        let deadline =
            timeToLive == 0
            ? 0
            : now.addingReportingOverflow(timeToLive)
                .partialValue
        if slot != 0 {
            unsafe released.add(slots[Int(slot)].value)
            unsafe slots[Int(slot)].value = value
            let more = unsafe bytes - slots[Int(slot)].bytes
            unsafe slots[Int(slot)].bytes = bytes
            unsafe slots[Int(slot)].deadline = deadline
            statistics.bytes += more
            if unsafe slots[Int(slot)].list == Self.protected { protectedBytes += more }
            touch(slot)
            if more > 0 { demote() }
        } else {
            if statistics.entries == entriesMax { evict(sparing: 0, &released) }
            slot = takeFreeSlot()
            unsafe (slots + Int(slot)).initialize(
                to: Slot(
                    key: key, value: value, bytes: bytes, deadline: deadline, hash: hash,
                    list: Self.probation))
            insertCell(hash, slot)
            pushFront(slot, Self.probation)
            statistics.entries += 1
            statistics.bytes += bytes
        }
        while statistics.bytes > bytesMax { evict(sparing: slot, &released) }
    }

    @inline(__always)
    private mutating func takeFreeSlot() -> UInt32 {
        let slot = free
        if slot != 0 {
            free = unsafe links[Int(slot)].next
            return slot
        }
        if Int(used) == capacity { grow() }
        used += 1
        return used - 1
    }

    /// Takes out the least recent: of those on probation, if there is one.
    private mutating func evict(sparing spared: UInt32, _ released: inout Released) {
        var victim = unsafe links[Int(Self.probation)].previous
        // What is spared is at the front of its list: as the last it is the only one.
        if victim == Self.probation || victim == spared {
            let last = unsafe links[Int(Self.protected)].previous
            if last != Self.protected && last != spared { victim = last }
        }
        precondition(victim > Self.protected)
        unsafe released.add(take(victim))
        statistics.evictions &+= 1
    }

    /// Takes an entry out, if its value is this one.
    mutating func remove(_ key: LRUKey, ifIs value: UnsafeRawPointer?) -> UnsafeRawPointer? {
        let slot = find(key, Self.hash(key))
        guard slot != 0 else { return nil }
        if let value = unsafe value, unsafe slots[Int(slot)].value != value { return nil }
        statistics.removals &+= 1
        return unsafe take(slot)
    }

    mutating func removeAll(_ released: inout Released) {
        for list in [Self.probation, Self.protected] {
            while true {
                let last = unsafe links[Int(list)].previous
                if last == list { break }
                unsafe released.add(take(last))
                statistics.removals &+= 1
            }
        }
    }

    /// The keys, from what would be evicted last to what would be first.
    var keys: [LRUKey] {
        var keys: [LRUKey] = []
        for list in [Self.protected, Self.probation] {
            var slot = unsafe links[Int(list)].next
            while slot != list {
                unsafe keys.append(slots[Int(slot)].key)
                slot = unsafe links[Int(slot)].next
            }
        }
        return keys
    }

    /// Values that left, to be released without the lock: what that sets off may take long.
    @safe struct Released {
        private var first: UnsafeRawPointer?
        private var further: [UnsafeRawPointer] = unsafe []

        @inline(__always)
        init() {}

        @inline(__always)
        mutating func add(_ value: UnsafeRawPointer) {
            if unsafe first == nil { unsafe first = value } else { unsafe further.append(value) }
        }

        @inline(__always)
        func release() {
            if let first = unsafe first { unsafe Unmanaged<AnyObject>.fromOpaque(first).release() }
            unsafe further.forEach { value in
                unsafe Unmanaged<AnyObject>.fromOpaque(value).release()
            }
        }
    }
}
