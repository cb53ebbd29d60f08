// Between the core's plain structs and Swift's values.
internal import CFormCore

extension fc_bytes {
    /// A run of bytes that somebody else keeps alive.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.init(
            data: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), length: bytes.count)
    }

    @inline(__always)
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(data: bytes.baseAddress, length: bytes.count)
    }

    /// No bytes.
    static var none: fc_bytes { unsafe fc_bytes(data: nil, length: 0) }

    /// The bytes in place.
    @inline(__always)
    var raw: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: data, count: length)
    }

    /// The bytes as text.
    var text: String { unsafe String(decoding: raw, as: UTF8.self) }
}

extension fc_feature_id {
    /// The id as a value of its own.
    @inline(__always)
    var value: FeatureID {
        unsafe text.data == nil ? .integer(integer) : .text(text.text)
    }
}

extension FeatureID {
    /// Calls `body` with the id as the core wants it, borrowed for the call.
    @inline(__always)
    func withCoreID<Result>(_ body: (UnsafePointer<fc_feature_id>) throws -> Result) rethrows
        -> Result
    {
        switch self {
        case .integer(let integer):
            var id = unsafe fc_feature_id(integer: integer, text: .none)
            return try unsafe body(&id)
        case .text(let text):
            return try unsafe text.withUTF8Bytes { bytes in
                // An empty text must not look like an integer.
                if bytes.isEmpty {
                    var nothing: UInt8 = 0
                    return try unsafe withUnsafePointer(to: &nothing) { place in
                        var id = unsafe fc_feature_id(
                            integer: 0, text: fc_bytes(data: place, length: 0))
                        return try unsafe body(&id)
                    }
                }
                var id = unsafe fc_feature_id(integer: 0, text: fc_bytes(bytes))
                return try unsafe body(&id)
            }
        }
    }
}

extension BoundingBox {
    @inline(__always)
    init(_ box: fc_box) {
        self.init(west: box.west, south: box.south, east: box.east, north: box.north)
    }
}

extension fc_box {
    @inline(__always)
    init(_ box: BoundingBox) {
        self.init(west: box.west, south: box.south, east: box.east, north: box.north)
    }
}

extension fc_time_range {
    @inline(__always)
    init(_ range: TimeRange) {
        self.init(
            start_is_open: range.start == nil, end_is_open: range.end == nil,
            start_us: range.start?.microseconds ?? .min, end_us: range.end?.microseconds ?? .max)
    }
}

extension BlockID {
    init(_ hash: fc_hash128) {
        var hash = hash
        self = unsafe withUnsafeBytes(of: &hash.bytes) { unsafe BlockID(bytes: $0) }
    }
}

/// What a question about features asks of the index: place and time must both hold.
struct CoreQuestion {
    var box: BoundingBox?
    var isWithin = false
    var time: TimeRange?

    @inline(__always)
    var value: fc_question {
        unsafe fc_question(
            has_box: box != nil, within: isWithin, box: box.map { fc_box($0) } ?? fc_box(),
            has_time: time != nil, start_is_open: time?.start == nil,
            end_is_open: time?.end == nil, time_start_us: time?.start?.microseconds ?? 0,
            time_end_us: time?.end?.microseconds ?? 0, watch: nil)
    }
}
