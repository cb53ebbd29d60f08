internal import Dispatch
internal import Synchronization

extension Database {
    /// Writes: everything the closure does becomes one transaction, or nothing does.
    ///
    /// ```swift
    /// let commit = try db.write(by: Provenance(actor: "importer")) { tx in
    ///     try tx.insert(feature, into: "places")
    /// }
    /// ```
    ///
    /// Writers wait for each other in order of arrival. When the closure throws, all that it did is
    /// undone, and the error is thrown on. At ``Durability/full`` it returns when the transaction is
    /// durable.
    ///
    /// - Parameters:
    ///   - provenance: who writes, from where and why; nil takes ``Configuration/provenance``.
    ///   - body: the changes. The transaction can't leave it. A write inside it throws
    ///     `reentrant`; a read of the database inside it sees what was published before.
    ///
    /// - Note: In a task, `Task { try db.write { … } }` picks this form and blocks a thread of the
    ///   cooperative pool; write `Task { try await db.write { … } }`.
    @discardableResult
    public func write<Value>(
        by provenance: Provenance? = nil,
        _ body: (borrowing WriteTransaction) throws -> Value
    ) throws -> Commit<Value> {
        try write(by: provenance, unless: { false }, body)
    }

    /// Writes without blocking a thread of the cooperative pool while it waits.
    ///
    /// ```swift
    /// try await db.write { tx in try tx.append(points, to: "heart-rate") }
    /// ```
    ///
    /// Cancelling the task before the closure starts throws `CancellationError`; after that the
    /// transaction is committed.
    @discardableResult
    public func write<Value: Sendable>(
        by provenance: Provenance? = nil,
        _ body: @escaping @Sendable (borrowing WriteTransaction) throws -> Value
    ) async throws -> Commit<Value> {
        try Task.checkCancellation()
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(
                        with: Result {
                            try self.write(
                                by: provenance, unless: { cancellation.isCancelled }, body)
                        })
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func write<Value>(
        by provenance: Provenance?, unless isCancelled: () -> Bool,
        _ body: (borrowing WriteTransaction) throws -> Value
    ) throws -> Commit<Value> {
        if isCancelled() { throw CancellationError() }
        let core = try store.begin(writing: true, provenance: encoded(provenance))
        let value: Value
        do {
            // It may have waited long for its turn.
            if isCancelled() { throw CancellationError() }
            let transaction = WriteTransaction(core)
            value = try body(transaction)
        } catch {
            core.abort()
            throw error
        }
        let committed = try core.commit()
        return Commit(
            value: value, sequence: committed.sequence, block: committed.block,
            time: committed.sequence == 0 ? nil : committed.time)
    }

    private func encoded(_ provenance: Provenance?) throws -> [UInt8] {
        if let provenance { return try provenance.encoded() }
        if configuration.requireProvenance {
            throw FormDBError(
                .invalidArgument, "this database wants to know who writes",
                advice: "give write a provenance: db.write(by: …) { … }")
        }
        return defaultProvenance
    }
}

/// Whether a task was cancelled, for code that runs outside of it.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .acquiring) }
    func cancel() { flag.store(true, ordering: .releasing) }
}
