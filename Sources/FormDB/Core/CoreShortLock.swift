internal import CFormCore

/// A lock for what takes a few dozen nanoseconds and blocks on nothing.
@safe final class CoreShortLock: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<fc_short_lock>

    init() {
        unsafe lock = .allocate(capacity: 1)
        unsafe lock.initialize(to: fc_short_lock())
    }

    deinit { unsafe lock.deallocate() }

    @inline(__always)
    func take() { unsafe fc_short_lock_take(lock) }

    @inline(__always)
    func give() { unsafe fc_short_lock_give(lock) }
}
