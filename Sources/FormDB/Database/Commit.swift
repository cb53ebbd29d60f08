/// What a write came to.
///
/// ```swift
/// let commit = try db.write { tx in try tx.insert(feature, into: "places") }
/// print(commit.sequence, commit.block, commit.value)
/// ```
public struct Commit<Value> {
    /// What the closure returned.
    public let value: Value
    /// The number of the transaction, from 1, without holes; 0 when it changed nothing.
    public let sequence: UInt64
    /// The block it is kept in; ``BlockID/none`` when it changed nothing.
    public let block: BlockID
    /// When it was committed, by the system's clock; nil when it changed nothing.
    public let time: Timestamp?

    /// Whether nothing changed, so that nothing was written.
    public var isEmpty: Bool { sequence == 0 }
}

extension Commit: Sendable where Value: Sendable {}
