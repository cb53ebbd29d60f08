/// What may stop a question before its end: its time limit, or that its task was cancelled.
///
/// Looked at between pieces of work of a few milliseconds at most. Nothing is left behind: what was gathered is
/// released, and the database, snapshot or transaction goes on.
struct Interruption: Sendable {
    /// As time since ``start``. An instant's size is known at run time alone, and then that of all that holds one is,
    /// so that each copy is a call.
    private let deadline: Duration?

    private static let start = ContinuousClock.now
    private static var elapsed: Duration { ContinuousClock.now - start }

    init(timeLimit: Duration? = nil) {
        // A century is no limit, and more than that can't be added to a time.
        deadline = timeLimit.map { Self.elapsed + min($0, .seconds(3_153_600_000)) }
    }

    private var isLate: Bool { deadline.map { Self.elapsed >= $0 } ?? false }

    /// Whether ``check()`` would throw.
    var isDue: Bool { Task.isCancelled || isLate }

    /// Throws `CancellationError`, or `timeLimitExceeded`.
    func check() throws {
        if Task.isCancelled { throw CancellationError() }
        if isLate {
            throw FormDBError(
                .timeLimitExceeded, "the question took longer than its time limit",
                advice: "narrow it, add an index, or give it more time")
        }
    }
}
