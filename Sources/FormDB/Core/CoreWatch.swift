internal import CFormCore

/// Watches over searches in the core: may end them, and counts the nodes of trees that they look at.
///
/// COST: nothing is allocated; the core asks after a fraction of a millisecond's work.
struct CoreWatch {
    var interruption: Interruption
    /// How many nodes a search may look at; it throws ``TooManyNodes`` when they were not enough.
    private let nodesMax: Int?
    /// Of trees; of an index, what holds sixteen rows counts as one.
    private(set) var nodes = 0

    struct TooManyNodes: Error {}

    init(_ interruption: Interruption, nodesMax: Int? = nil) {
        self.interruption = interruption
        self.nodesMax = nodesMax
    }

    /// Calls `search` with what the core wants to know; throws what the interruption says where it ended the search,
    /// and else gives the status.
    @inline(__always)
    mutating func over(_ search: (UnsafeMutablePointer<fc_watch>) -> fc_status) throws -> fc_status
    {
        var watch = unsafe fc_watch()
        let status = unsafe withUnsafeMutablePointer(to: &interruption) { interruption in
            if let nodesMax {
                unsafe watch.next_look = UInt64(nodesMax)
                unsafe watch.is_due = { _ in true }
            } else {
                unsafe watch.context = UnsafeMutableRawPointer(interruption)
                unsafe watch.next_look = UInt64(FC_WATCH_NODES)
                unsafe watch.is_due = { context in
                    unsafe context!.assumingMemoryBound(to: Interruption.self).pointee.isDue
                }
            }
            return unsafe withUnsafeMutablePointer(to: &watch) { unsafe search($0) }
        }
        nodes += unsafe Int(watch.nodes)
        if status == FC_STATUS_CANCELLED {
            if nodesMax != nil { throw TooManyNodes() }
            try interruption.check()
        }
        return status
    }
}
