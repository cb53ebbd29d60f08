internal import CFormCore

/// A mutex of the core's table, for code that can't afford ``CoreLock``'s checks of access.
@safe final class CoreMutex: @unchecked Sendable {
    private let mutex: OpaquePointer
    private let os: UnsafePointer<fc_os>

    init() {
        var created: OpaquePointer?
        unsafe os = fc_os_posix()!
        let status = unsafe os.pointee.mutex_create(os.pointee.context, &created)
        precondition(status == FC_STATUS_OK, "no memory for a lock")
        unsafe mutex = created!
    }

    deinit { unsafe os.pointee.mutex_destroy(os.pointee.context, mutex) }

    @inline(__always)
    func lock() { unsafe os.pointee.mutex_lock(os.pointee.context, mutex) }

    @inline(__always)
    func unlock() { unsafe os.pointee.mutex_unlock(os.pointee.context, mutex) }
}

/// A mutex that holds what it protects, and a condition to wait for it to change.
@safe final class CoreMonitor<State>: @unchecked Sendable {
    private let mutex: OpaquePointer
    private let condition: OpaquePointer
    private var state: State

    init(_ state: State) {
        var mutex: OpaquePointer?
        var condition: OpaquePointer?
        let os = unsafe fc_os_posix()!
        var status = unsafe os.pointee.mutex_create(os.pointee.context, &mutex)
        if status == FC_STATUS_OK {
            status = unsafe os.pointee.condition_create(os.pointee.context, &condition)
        }
        precondition(status == FC_STATUS_OK, "no memory for a lock")
        unsafe self.mutex = mutex!
        unsafe self.condition = condition!
        self.state = state
    }

    deinit {
        let os = unsafe fc_os_posix()!
        unsafe os.pointee.condition_destroy(os.pointee.context, condition)
        unsafe os.pointee.mutex_destroy(os.pointee.context, mutex)
    }

    func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        let os = unsafe fc_os_posix()!
        unsafe os.pointee.mutex_lock(os.pointee.context, mutex)
        defer { unsafe os.pointee.mutex_unlock(os.pointee.context, mutex) }
        return try body(&state)
    }

    /// Waits until `isDone`, and calls `interrupt` without the lock every few milliseconds: what it
    /// throws ends the wait.
    func wait(
        until isDone: (inout State) -> Bool, interrupt: (() throws -> Void)? = nil
    ) throws {
        let os = unsafe fc_os_posix()!
        let timeout: UInt64 = interrupt == nil ? .max : 5_000_000
        unsafe os.pointee.mutex_lock(os.pointee.context, mutex)
        while !isDone(&state) {
            unsafe os.pointee.condition_wait(os.pointee.context, condition, mutex, timeout)
            guard let interrupt, !isDone(&state) else { continue }
            unsafe os.pointee.mutex_unlock(os.pointee.context, mutex)
            try interrupt()
            unsafe os.pointee.mutex_lock(os.pointee.context, mutex)
        }
        unsafe os.pointee.mutex_unlock(os.pointee.context, mutex)
    }

    func wakeAll() {
        let os = unsafe fc_os_posix()!
        unsafe os.pointee.condition_broadcast(os.pointee.context, condition)
    }
}

enum CoreClock {
    /// Nanoseconds of a clock that only goes forward.
    static var nanoseconds: UInt64 {
        let os = unsafe fc_os_posix()!
        return unsafe os.pointee.monotonic_time_ns(os.pointee.context)
    }
}
