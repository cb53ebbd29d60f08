import Foundation

// Threads of the system's own, as the cooperative pool has too few that may block.
@testable import FormDB

enum Threads {
    /// Runs the bodies at the same time, one thread each, and waits; throws the first error.
    static func run(_ bodies: [@Sendable () throws -> Void]) throws {
        let group = ThreadGroup(bodies)
        try group.join()
    }

    /// Runs the same body on so many threads.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        try run((0..<count).map { index in { try body(index) } })
    }
}

/// Threads that have been started.
final class ThreadGroup: Sendable {
    private let finished = DispatchSemaphore(value: 0)
    private let errors = CoreLock<[any Error]>([])
    private let count: Int

    init(_ bodies: [@Sendable () throws -> Void]) {
        count = bodies.count
        for body in bodies {
            let thread = Thread { [errors, finished] in
                do { try body() } catch { errors.withLock { $0.append(error) } }
                finished.signal()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    func join() throws {
        for _ in 0..<count { finished.wait() }
        if let error = errors.withLock({ $0.first }) { throw error }
    }
}

/// A flag and a number that threads share.
final class Shared<Value: Sendable>: Sendable {
    private let lock: CoreLock<Value>
    init(_ value: Value) { lock = CoreLock(value) }
    var value: Value { lock.withLock { $0 } }
    func update(_ body: (inout Value) -> Void) { lock.withLock { body(&$0) } }
}
