/// What may stop a question before its end: its time limit, or that its task was cancelled.
///
/// Looked at between pieces of work of a few milliseconds at most. Nothing is left behind: what was gathered is
/// released, and the database, snapshot or transaction goes on.
struct Interruption: Sendable {
    private let deadline: ContinuousClock.Instant?

    init(timeLimit: Duration? = nil) {
        // A century is no limit, and more than that can't be added to a time.
        deadline = timeLimit.map { ContinuousClock.now + min($0, .seconds(3_153_600_000)) }
    }

    /// Whether ``check()`` would throw.
    var isDue: Bool {
        Task.isCancelled || deadline.map { ContinuousClock.now >= $0 } ?? false
    }

    /// Throws `CancellationError`, or `timeLimitExceeded`.
    func check() throws {
        if Task.isCancelled { throw CancellationError() }
        if let deadline, ContinuousClock.now >= deadline {
            throw FormDBError(
                .timeLimitExceeded, "the question took longer than its time limit",
                advice: "narrow it, add an index, or give it more time")
        }
    }
}
