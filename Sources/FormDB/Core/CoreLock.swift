internal import CFormCore

/// A mutex of the core's table, holding what it protects.
///
/// Not `Synchronization.Mutex`, about which the thread sanitizer is wrong on Linux.
@safe final class CoreLock<State>: @unchecked Sendable {
    private let mutex: OpaquePointer
    private var state: State

    init(_ state: State) {
        var created: OpaquePointer?
        let os = unsafe fc_os_posix()!
        let status = unsafe os.pointee.mutex_create(os.pointee.context, &created)
        precondition(status == FC_STATUS_OK, "no memory for a lock")
        unsafe mutex = created!
        self.state = state
    }

    deinit {
        let os = unsafe fc_os_posix()!
        unsafe os.pointee.mutex_destroy(os.pointee.context, mutex)
    }

    func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        let os = unsafe fc_os_posix()!
        unsafe os.pointee.mutex_lock(os.pointee.context, mutex)
        defer { unsafe os.pointee.mutex_unlock(os.pointee.context, mutex) }
        return try body(&state)
    }
}
