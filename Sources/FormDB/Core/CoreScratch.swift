internal import CFormCore

/// A list of positions whose memory is used again.
///
/// Positions are rows of one view; they are good for as long as that view.
@safe final class CorePositions {
    let list: UnsafeMutablePointer<fc_positions>

    init() {
        unsafe list = .allocate(capacity: 1)
        unsafe list.initialize(to: fc_positions())
        unsafe fc_positions_init(list, CoreMemory.allocator)
    }

    deinit {
        unsafe fc_positions_deinit(list)
        unsafe list.deallocate()
    }

    var count: Int { unsafe list.pointee.count }
    var isEmpty: Bool { count == 0 }

    @inline(__always)
    subscript(index: Int) -> UInt32 {
        precondition(index >= 0 && index < count)
        return unsafe list.pointee.data[index]
    }

    func clear() { unsafe list.pointee.count = 0 }

    /// Adds one.
    func append(_ position: UInt32) {
        if unsafe count == list.pointee.capacity { grow() }
        unsafe list.pointee.data[count] = position
        unsafe list.pointee.count += 1
    }

    private func grow() {
        let memory = unsafe list.pointee.memory!
        let old = unsafe list.pointee.capacity
        let new = max(old * 2, 256)
        let stride = MemoryLayout<UInt32>.stride
        let grown =
            unsafe old == 0
            ? memory.pointee.allocate(memory.pointee.context, new * stride)
            : memory.pointee.reallocate(
                memory.pointee.context, list.pointee.data, old * stride, new * stride)
        guard let grown = unsafe grown else { fatalError("no memory for \(new) positions") }
        unsafe list.pointee.data = grown.bindMemory(to: UInt32.self, capacity: new)
        unsafe list.pointee.capacity = new
    }

    /// Adds up to `limit` of another list, from one of its places on.
    func append(_ other: CorePositions, from start: Int = 0, limit: Int = .max) {
        let added = min(other.count - start, limit)
        if added <= 0 { return }
        while unsafe list.pointee.capacity - count < added { grow() }
        unsafe (list.pointee.data + count).update(
            from: other.list.pointee.data + start, count: added)
        unsafe list.pointee.count += added
    }

    /// Keeps the first `count`.
    func truncate(to count: Int) {
        if count < self.count { unsafe list.pointee.count = count }
    }

    /// Keeps those that are wanted, in their order.
    func filter(_ isIncluded: (UInt32) throws -> Bool) rethrows {
        var kept = 0
        for index in 0..<count {
            let position = unsafe list.pointee.data[index]
            if try isIncluded(position) {
                unsafe list.pointee.data[kept] = position
                kept += 1
            }
        }
        unsafe list.pointee.count = kept
    }

    /// The positions in memory of their own.
    var array: [UInt32] {
        unsafe Array(UnsafeBufferPointer(start: list.pointee.data, count: count))
    }

    /// Replaces the content. REQUIRES: no more than there are.
    func replace(with positions: some Collection<UInt32>) {
        precondition(positions.count <= count)
        var index = 0
        for position in positions {
            unsafe list.pointee.data[index] = position
            index += 1
        }
        unsafe list.pointee.count = index
    }
}

/// The process's heap, as the core wants it: for results that belong to Swift.
enum CoreMemory {
    nonisolated(unsafe) static let allocator: UnsafePointer<fc_allocator> = {
        let place = UnsafeMutablePointer<fc_allocator>.allocate(capacity: 1)
        unsafe place.initialize(to: fc_allocator_system())
        return unsafe UnsafePointer(place)
    }()
}

/// A few lists that readers take turns in using, so that a search allocates nothing.
final class CoreScratchPool: Sendable {
    private struct Store: @unchecked Sendable { var lists: [CorePositions] = [] }
    private let store = CoreLock(Store())

    /// The most lists, and the longest, that are kept.
    private static let listsMax = 8
    private static let positionsMax = 1 << 20

    func withPositions<Result>(_ body: (CorePositions) throws -> Result) rethrows -> Result {
        let positions = store.withLock { $0.lists.popLast() } ?? CorePositions()
        defer {
            positions.clear()
            if unsafe positions.list.pointee.capacity <= Self.positionsMax {
                store.withLock {
                    if $0.lists.count < Self.listsMax { $0.lists.append(positions) }
                }
            }
        }
        return try body(positions)
    }
}
