/// The journal: every transaction as a block, with who wrote it, when and why.
///
/// ```swift
/// try db.journal(since: 0).forEach { print($0) }
/// ```
///
/// Blocks come in order of their sequence numbers, without holes, read from the log files; every
/// checksum and link is checked on the way. The checksums find accidents, not attackers.
public struct Journal: Sendable, AsyncSequence {
    public typealias Element = JournalBlock
    let database: Database
    /// The sequence number after which it begins.
    public let since: UInt64

    /// A cursor over the blocks that are published now.
    public func cursor() throws -> JournalCursor {
        let cursor = try database.store.journal(since: since)
        // From the first block on, names are learned from the blocks themselves.
        return try JournalCursor(
            cursor, names: JournalNames(since == 0 ? nil : database.store.begin(writing: false)))
    }

    /// Calls `body` with each block.
    public func forEach(_ body: (JournalBlock) throws -> Void) throws {
        let cursor = try cursor()
        while let block = try cursor.next() { try body(block) }
    }

    /// All blocks.
    public func fetchAll() throws -> [JournalBlock] {
        var blocks: [JournalBlock] = []
        try forEach { blocks.append($0) }
        return blocks
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(journal: self) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let journal: Journal
        private var cursor: JournalCursor?

        init(journal: Journal) { self.journal = journal }

        /// The next block; throws `CancellationError` when the task was cancelled.
        public mutating func next() async throws -> JournalBlock? {
            try Task.checkCancellation()
            if cursor == nil { cursor = try journal.cursor() }
            return try cursor?.next()
        }
    }
}

/// Blocks one after another.
///
/// Once the database is closed it throws `closed`. Not `Sendable`: it is used by one thread at a time.
public final class JournalCursor {
    private let core: CoreJournalCursor
    private var names: JournalNames

    init(_ core: CoreJournalCursor, names: JournalNames) {
        self.core = core
        self.names = names
    }

    /// The next block; nil at the end.
    public func next() throws -> JournalBlock? {
        guard let block = try core.next() else { return nil }
        return try JournalBlock(block, &names)
    }
}

@available(*, unavailable)
extension JournalCursor: Sendable {}

extension Database {
    /// The blocks after a sequence number: 0 for all of them.
    public func journal(since sequence: UInt64 = 0) -> Journal {
        Journal(database: self, since: sequence)
    }

    /// The block of an id; nil if there is none.
    ///
    /// After `commitOutcomeUnknown` and opening again, it tells whether the commit is there. COST: reads
    /// the journal from its beginning.
    public func block(_ id: BlockID) throws -> JournalBlock? {
        let cursor = try journal().cursor()
        while let block = try cursor.next() {
            if block.id == id { return block }
        }
        return nil
    }
}
