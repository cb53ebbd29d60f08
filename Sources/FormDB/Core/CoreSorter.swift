internal import CFormCore

/// The order of an answer, ready for the core.
///
/// OWNERSHIP: owns what the core borrows.
@safe final class CoreOrder {
    fileprivate let order: UnsafeMutablePointer<fc_order>
    private let property: CoreProperty?
    private let kind: FeatureOrder.Kind

    init(_ kind: FeatureOrder.Kind, descending: Bool) throws {
        self.kind = kind
        unsafe order = .allocate(capacity: 1)
        unsafe order.initialize(to: fc_order())
        unsafe order.pointee.descending = descending
        switch kind {
        case .id:
            property = nil
            unsafe order.pointee.kind = FC_ORDER_ID
        case .time:
            property = nil
            unsafe order.pointee.kind = FC_ORDER_TIME
        case .property(let path):
            let property: CoreProperty
            do {
                property = try CoreProperty(path)
            } catch {
                unsafe order.deallocate()
                throw error
            }
            self.property = property
            unsafe order.pointee.kind = FC_ORDER_PROPERTY
            unsafe order.pointee.property = unsafe UnsafePointer(property.pointer)
        }
    }

    deinit { unsafe order.deallocate() }

    /// Where a row stands in it.
    func key(of position: UInt32, in view: CoreView) throws -> PageToken.Key {
        let key = unsafe fc_view_order_key(view.pointer, order, position)
        var found = PageToken.Key(id: view.id(at: position))
        if unsafe key.has_time { unsafe found.time = Timestamp(microseconds: key.time_us) }
        if property != nil { found.value = try unsafe JSONValue(key.value) }
        return found
    }
}

/// A property, ready for the core.
///
/// OWNERSHIP: owns what the core borrows.
@safe final class CoreProperty {
    let pointer: UnsafeMutablePointer<fc_property>

    init(_ path: PropertyPath) throws {
        var decoded: UnsafeMutablePointer<fc_property>?
        try callCore { detail in
            unsafe path.encoded.withUnsafeBytes { bytes in
                unsafe fc_property_decode(CoreMemory.allocator, fc_bytes(bytes), &decoded, detail)
            }
        }
        unsafe pointer = decoded!
    }

    deinit { unsafe fc_property_destroy(CoreMemory.allocator, pointer) }
}

/// A place in an order, ready for the core.
///
/// OWNERSHIP: owns what the core borrows.
@safe final class CoreOrderKey {
    fileprivate let key: UnsafeMutablePointer<fc_order_key>
    private let bytes: UnsafeMutablePointer<UInt8>

    init(_ place: PageToken.Key) throws {
        var output = OutputBuffer()
        if let value = place.value { try CBOREncoder.append(value, to: &output) }
        let valueLength = output.count
        if case .text(let text) = place.id { output.append(utf8: text) }
        let count = output.count
        unsafe bytes = .allocate(capacity: max(count, 1))
        unsafe key = .allocate(capacity: 1)
        unsafe key.initialize(to: fc_order_key())
        unsafe output.withBytes { source in
            for index in source.indices { unsafe bytes[index] = source[index] }
        }
        unsafe key.pointee.has_time = place.time != nil
        unsafe key.pointee.time_us = place.time?.microseconds ?? 0
        unsafe key.pointee.value = fc_value_missing
        if valueLength > 0 { unsafe _ = fc_value_read(bytes, &key.pointee.value) }
        switch place.id {
        case .integer(let integer): unsafe key.pointee.id.integer = integer
        case .text:
            unsafe key.pointee.id.text = fc_bytes(
                data: bytes + valueLength, length: count - valueLength)
        }
    }

    deinit {
        unsafe key.deallocate()
        unsafe bytes.deallocate()
    }
}

extension CoreOrder {
    /// Whether a row comes after a place.
    func isAfter(_ place: CoreOrderKey, _ position: UInt32, in view: CoreView) -> Bool {
        var key = unsafe fc_view_order_key(view.pointer, order, position)
        return unsafe fc_order_compare(order, &key, place.key) > 0
    }
}

/// Gathers rows, and then has them in order: the first so many of those after a place.
///
/// THREADS: one at a time. OWNERSHIP: keeps view and order.
@safe final class CoreSorter {
    private let pointer: OpaquePointer
    private let view: CoreView
    private let order: CoreOrder
    private let after: CoreOrderKey?

    /// Moves between two looks at the clock: about two milliseconds.
    private static let stepRows = 65_536

    init(_ view: CoreView, _ order: CoreOrder, limit: Int, after place: PageToken.Key?) throws {
        self.view = view
        self.order = order
        after = try place.map { try CoreOrderKey($0) }
        var created: OpaquePointer?
        let status = unsafe fc_sorter_create(
            view.pointer, order.order, limit, after?.key, CoreMemory.allocator, &created)
        try check(status, "no memory to sort with")
        unsafe pointer = created!
    }

    deinit { unsafe fc_sorter_destroy(pointer) }

    /// Adds rows; those that can't be among the first are dropped at once.
    func add(_ positions: CorePositions) throws {
        let list = unsafe positions.list.pointee
        try check(unsafe fc_sorter_add(pointer, list.data, list.count), "no memory to sort with")
    }

    /// Appends the rows in order.
    func finish(into positions: CorePositions, _ interruption: Interruption) throws {
        var isDone = false
        while !isDone {
            try check(
                unsafe fc_sorter_step(pointer, Self.stepRows, &isDone), "no memory to sort with")
            if !isDone { try interruption.check() }
        }
        try check(unsafe fc_sorter_take(pointer, positions.list), "no memory to sort with")
    }
}
