// The one funnel from a status of the core to what FormDB throws.
internal import CFormCore

extension FormDBError {
    /// The error of a status that is not OK, with where and why as the core filled it in.
    init(_ status: fc_status, _ detail: fc_detail) {
        var detail = detail
        let message = unsafe withUnsafeBytes(of: &detail.message) { unsafe textBeforeNUL($0) }
        let file = unsafe withUnsafeBytes(of: &detail.file) { unsafe textBeforeNUL($0) }
        let code = Code(status)
        let hasBlock = unsafe withUnsafeBytes(of: &detail.block) { bytes in
            unsafe bytes.contains { $0 != 0 }
        }
        let block = unsafe withUnsafeBytes(of: &detail.block) { unsafe BlockID(bytes: $0) }
        self.init(
            code, message.isEmpty ? code.rawValue : message,
            file: file.isEmpty ? nil : file,
            offset: file.isEmpty ? nil : detail.offset,
            sequence: detail.sequence == 0 ? nil : detail.sequence,
            block: hasBlock ? block.description : nil,
            systemError: detail.system_error == 0 ? nil : detail.system_error)
    }
}

extension FormDBError.Code {
    /// The stable code of a status that is not OK.
    init(_ status: fc_status) {
        self =
            switch status {
            case FC_STATUS_INVALID_ARGUMENT: .invalidArgument
            case FC_STATUS_NOT_FOUND: .notFound
            case FC_STATUS_ALREADY_EXISTS: .alreadyExists
            case FC_STATUS_CLOSED: .closed
            case FC_STATUS_READ_ONLY: .readOnly
            case FC_STATUS_TOO_LARGE: .tooLarge
            case FC_STATUS_INVALID_COORDINATE: .invalidCoordinate
            case FC_STATUS_UNSUPPORTED_GEOMETRY: .unsupportedGeometry
            case FC_STATUS_IDS_EXHAUSTED: .idsExhausted
            case FC_STATUS_FIELD_MISMATCH: .fieldMismatch
            case FC_STATUS_REENTRANT: .reentrant
            case FC_STATUS_CANCELLED: .cancelled
            case FC_STATUS_IO: .io
            case FC_STATUS_NO_SPACE: .noSpace
            case FC_STATUS_LOCKED: .locked
            case FC_STATUS_POISONED: .storePoisoned
            case FC_STATUS_COMMIT_OUTCOME_UNKNOWN: .commitOutcomeUnknown
            case FC_STATUS_MISSING_FILE: .missingFile
            case FC_STATUS_UNSUPPORTED: .unsupported
            case FC_STATUS_CORRUPT: .corrupt
            case FC_STATUS_NOT_OURS: .notOurs
            case FC_STATUS_TOO_OLD: .tooOld
            case FC_STATUS_TOO_NEW: .tooNew
            case FC_STATUS_MALFORMED: .malformed
            case FC_STATUS_OUT_OF_MEMORY: .outOfMemory
            default: Self(rawValue: unsafe String(cString: fc_status_name(status)))
            }
    }
}

/// Calls `body` with a place for the detail, and throws what its status says.
@safe @inline(__always)
func callCore(_ body: (UnsafeMutablePointer<fc_detail>) -> fc_status) throws {
    try unsafe withUnsafeTemporaryAllocation(of: fc_detail.self, capacity: 1) { place in
        let detail = place.baseAddress!
        unsafe fc_detail_clear(detail)
        let status = unsafe body(detail)
        if status != FC_STATUS_OK { throw unsafe FormDBError(status, detail.pointee) }
    }
}

/// Throws what a status without a detail says.
@inline(__always)
func check(_ status: fc_status, _ message: @autoclosure () -> String = "") throws {
    if status != FC_STATUS_OK {
        let code = FormDBError.Code(status)
        let message = message()
        throw FormDBError(code, message.isEmpty ? code.rawValue : message)
    }
}

private func textBeforeNUL(_ bytes: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
