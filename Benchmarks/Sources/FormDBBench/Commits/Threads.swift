import BenchCore
import Foundation

/// Threads that start together: the same ones that the peers' loops in C are run by.
enum Threads {
    private final class Work: @unchecked Sendable {
        let body: @Sendable (Int) throws -> Void
        private let lock = NSLock()
        private var error: (any Error)?

        init(_ body: @escaping @Sendable (Int) throws -> Void) { self.body = body }

        func run(_ index: Int) -> Int32 {
            do {
                try body(index)
                return 0
            } catch {
                lock.withLock { self.error = error }
                return 1
            }
        }

        func check() throws {
            if let error = lock.withLock({ error }) { throw error }
        }
    }

    /// Elapsed nanoseconds from the common start to the end of the last.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws -> Double
    {
        let work = Work(body)
        var time: UInt64 = 0
        let code = withExtendedLifetime(work) {
            bench_run_threads(
                count,
                { context, index in
                    Unmanaged<Work>.fromOpaque(context!).takeUnretainedValue().run(index)
                }, Unmanaged.passUnretained(work).toOpaque(), &time)
        }
        try work.check()
        guard code == 0 else { throw BenchError("cannot start \(count) threads") }
        return Double(time)
    }
}
