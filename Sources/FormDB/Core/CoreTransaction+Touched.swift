internal import CFormCore

/// What an answer depends on, as the core is asked about it.
struct CoreRegion: Hashable, Sendable {
    var kind: CoreTargetKind
    var target: UInt32
    /// Absent parts match everything; present ones nothing that lacks them.
    var box: BoundingBox?
    var time: TimeRange?
    /// ``CoreTransaction/footprint(of:)`` of each id, ascending; nil for any.
    var ids: [UInt64]?
    /// Only what is neither a point nor a multipoint: what makes measuring distances throw.
    var shapesOnly = false
}

/// What became of a region.
enum CoreChange {
    case none, some, unknown
}

extension CoreTransaction {
    /// Whether a commit after `sequence`, up to what this transaction sees, changed the region.
    ///
    /// What happened before a collection or series was first asked about is unknown.
    func change(of region: CoreRegion, since sequence: UInt64) throws -> CoreChange {
        var raw = unsafe fc_region()
        if let box = region.box {
            unsafe raw.has_box = true
            unsafe raw.box = fc_box(box)
        }
        if let time = region.time {
            unsafe raw.has_time = true
            unsafe raw.start_is_open = time.start == nil
            unsafe raw.end_is_open = time.end == nil
            unsafe raw.time_start_us = time.start?.microseconds ?? 0
            unsafe raw.time_end_us = time.end?.microseconds ?? 0
        }
        unsafe raw.shapes_only = region.shapesOnly
        var change = FC_CHANGE_UNKNOWN
        let status: fc_status
        if let ids = region.ids {
            // No ids are no pointer, which would mean all of them.
            if ids.isEmpty { return .none }
            status = unsafe try ids.withUnsafeBufferPointer { ids in
                unsafe raw.ids = ids.baseAddress
                unsafe raw.id_count = ids.count
                return unsafe fc_touched(
                    try pointer(), region.kind.raw, region.target, sequence, &raw, &change)
            }
        } else {
            status = unsafe fc_touched(
                try pointer(), region.kind.raw, region.target, sequence, &raw, &change)
        }
        try check(status, "what changed can't be told")
        return switch change {
        case FC_CHANGE_NONE: .none
        case FC_CHANGE_SOME: .some
        default: .unknown
        }
    }

    /// What a region's ids hold for an id.
    static func footprint(of id: FeatureID) -> UInt64 {
        unsafe id.withCoreID { unsafe fc_footprint_id($0) }
    }
}
