import BenchCore

/// Measures elapsed time plus the processor time that other threads of this process spent
/// meanwhile: background work counts for what caused it.
enum Stopwatch {
    /// On a busy machine: processor time of all threads only. Waiting for a disk is not seen.
    nonisolated(unsafe) static var countsProcessorTimeOnly = false

    /// Elapsed nanoseconds, whatever was asked for: of what waits for a disk.
    static func elapsed(_ body: () throws -> Void) rethrows -> Double {
        bench_settle_heap()
        let before = bench_wall_ns()
        try body()
        return Double(bench_wall_ns() - before)
    }

    /// Nanoseconds that `body` took.
    static func time<T>(_ body: () throws -> T) rethrows -> (result: T, nanoseconds: Double) {
        bench_settle_heap()
        guard !countsProcessorTimeOnly else {
            let before = bench_processor_ns()
            let result = try body()
            return (result, Double(bench_processor_ns() - before))
        }
        let othersBefore = bench_other_threads_ns()
        let before = bench_wall_ns()
        let result = try body()
        let after = bench_wall_ns()
        let othersAfter = bench_other_threads_ns()
        let others = othersAfter > othersBefore ? othersAfter - othersBefore : 0
        return (result, Double(after - before) + Double(others))
    }
}
