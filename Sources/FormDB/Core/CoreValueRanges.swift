internal import CFormCore

/// The kinds of JSON value, in the order in which they sort.
enum CoreValueKind: UInt32, Sendable, CaseIterable {
    case number = 0
    case text, boolean, array, object, null, missing

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .int, .uint, .double: self = .number
        case .string: self = .text
        case .array: self = .array
        case .object: self = .object
        }
    }

    init(_ kind: ValueKind) {
        self =
            switch kind {
            case .number: .number
            case .text: .text
            case .boolean: .boolean
            case .array: .array
            case .object: .object
            }
    }

    fileprivate var raw: fc_value_kind { fc_value_kind(rawValue: rawValue) }
}

/// Values of one kind between two bounds; nil is as far as values of the kind go.
struct CoreValueRange: Hashable, Sendable {
    struct Bound: Hashable, Sendable {
        var value: JSONValue
        var isInclusive: Bool
    }

    var kind: CoreValueKind
    var lower, upper: Bound?

    /// All values of a kind.
    init(_ kind: CoreValueKind, lower: Bound? = nil, upper: Bound? = nil) {
        self.kind = kind
        self.lower = lower
        self.upper = upper
    }

    /// One value.
    init(equalTo value: JSONValue) {
        let bound = Bound(value: value, isInclusive: true)
        self.init(CoreValueKind(value), lower: bound, upper: bound)
    }
}

/// Ranges as the core takes them: sorted, joined where they meet, the values encoded.
///
/// THREADS: any; it does not change.
@safe final class CoreValueRanges: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer
    private let ranges: UnsafeMutableBufferPointer<fc_value_range>
    let count: Int

    var pointer: UnsafePointer<fc_value_range>? { unsafe UnsafePointer(ranges.baseAddress) }

    /// Throws for values that JSON has not.
    init(_ asked: [CoreValueRange]) throws {
        var output = OutputBuffer(capacity: 64)
        var offsets: [(lower: Int, upper: Int)] = []
        for range in asked {
            let lower = output.bytes.count
            if let bound = range.lower { try CBOREncoder.append(bound.value, to: &output) }
            let upper = output.bytes.count
            if let bound = range.upper { try CBOREncoder.append(bound.value, to: &output) }
            offsets.append((lower, upper))
        }
        unsafe bytes = .allocate(byteCount: max(1, output.bytes.count), alignment: 8)
        unsafe bytes.copyBytes(from: output.bytes)
        unsafe ranges = .allocate(capacity: max(1, asked.count))
        let base = unsafe bytes.baseAddress!
        for (index, range) in asked.enumerated() {
            unsafe ranges.initializeElement(
                at: index,
                to: fc_value_range(
                    kind: range.kind.raw,
                    lower: bound(range.lower, base + offsets[index].lower),
                    upper: bound(range.upper, base + offsets[index].upper)))
        }
        count = unsafe fc_value_ranges_normalize(ranges.baseAddress, asked.count)
    }

    /// The ranges of a filter.
    convenience init(_ ranges: [PropertyRange]) throws {
        try self.init(
            ranges.map { range in
                CoreValueRange(
                    CoreValueKind(range.kind),
                    lower: range.lower.map { .init(value: $0.value, isInclusive: $0.isIncluded) },
                    upper: range.upper.map { .init(value: $0.value, isInclusive: $0.isIncluded) })
            })
    }

    deinit {
        unsafe ranges.deallocate()
        unsafe bytes.deallocate()
    }
}

private func bound(_ bound: CoreValueRange.Bound?, _ item: UnsafeMutableRawPointer)
    -> fc_value_bound
{
    var raw = unsafe fc_value_bound()
    guard let bound else {
        unsafe raw.is_open = true
        return unsafe raw
    }
    unsafe raw.is_inclusive = bound.isInclusive
    _ = unsafe fc_value_read(item.assumingMemoryBound(to: UInt8.self), &raw.value)
    return unsafe raw
}

extension JSONValue {
    /// The core's value, with memory of its own; nil when it is missing.
    init?(_ raw: fc_value) throws {
        switch unsafe raw.kind {
        case FC_VALUE_NUMBER:
            switch unsafe raw.number {
            case FC_NUMBER_INTEGER: self = unsafe .int(raw.integer)
            case FC_NUMBER_NATURAL: self = unsafe .uint(raw.natural)
            default: self = unsafe .double(raw.real)
            }
        case FC_VALUE_TEXT: self = unsafe .string(raw.bytes.text)
        case FC_VALUE_BOOLEAN: self = unsafe .bool(raw.boolean)
        case FC_VALUE_NULL: self = .null
        case FC_VALUE_MISSING: return nil
        default:
            var output = OutputBuffer(capacity: 64)
            CBOREncoder.appendHead(
                unsafe raw.kind == FC_VALUE_ARRAY ? 0x80 : 0xa0, unsafe raw.count, to: &output)
            let content = unsafe Array(raw.bytes.raw)
            let item = output.bytes + content
            self = try unsafe item.withUnsafeBytes { unsafe try CBORDecoder.decode($0) }
        }
    }
}
