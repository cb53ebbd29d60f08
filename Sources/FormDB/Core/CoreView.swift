internal import CFormCore

/// The rows of one collection as a transaction sees them.
///
/// OWNERSHIP: good while its transaction is; a writer's until the next operation. Records and positions
/// are borrowed from it.
@safe struct CoreView {
    let pointer: OpaquePointer
    let collection: UInt32
    let owner: CoreTransaction
    private let changes: Int

    init(_ pointer: OpaquePointer, collection: UInt32, owner: CoreTransaction) {
        unsafe self.pointer = pointer
        self.collection = collection
        self.owner = owner
        changes = owner.changes
    }

    /// Whether nothing was written since; a reader's view always is.
    var isCurrent: Bool { changes == owner.changes }

    // MARK: Asking

    /// Adds the positions of up to `limit` rows that answer, in no order.
    func search(
        _ question: CoreQuestion, limit: Int = .max, into positions: CorePositions,
        _ watch: inout CoreWatch
    ) throws {
        var question = unsafe question.value
        let view = unsafe pointer
        let status = try unsafe watch.over { watch in
            unsafe question.watch = watch
            return unsafe fc_view_search(view, &question, limit, positions.list)
        }
        try check(status, "the search failed")
    }

    func count(_ question: CoreQuestion, _ watch: inout CoreWatch) throws -> Int {
        var question = unsafe question.value
        var count: UInt64 = 0
        let view = unsafe pointer
        let status = try unsafe watch.over { watch in
            unsafe question.watch = watch
            return unsafe fc_view_count(view, &question, &count)
        }
        try check(status, "the count failed")
        return Int(count)
    }

    /// Fills `ids` with the integer ids of the rows that answer, in no order; false (and nothing) when
    /// one of them is a text.
    func integerIDs(
        _ question: CoreQuestion, into ids: inout [Int64], _ watch: inout CoreWatch
    ) throws -> Bool {
        var question = unsafe question.value
        // What the array had room for before, it gets again; one more try has the exact number.
        var capacity = max(ids.capacity, 256)
        while true {
            var found = 0
            var status = FC_STATUS_OK
            ids.removeAll(keepingCapacity: true)
            let view = unsafe pointer
            var stopped: (any Error)?
            unsafe ids.append(addingCapacity: capacity) { place in
                do {
                    status = try unsafe watch.over { watch in
                        unsafe question.watch = watch
                        return unsafe fc_view_integer_ids(
                            view, &question, place.baseAddress, place.count, &found)
                    }
                } catch { stopped = error }
                return stopped == nil && status == FC_STATUS_OK ? min(found, place.count) : 0
            }
            if let stopped { throw stopped }
            if status == FC_STATUS_UNSUPPORTED {
                ids.removeAll(keepingCapacity: true)
                return false
            }
            try check(status, "the search failed")
            if found <= capacity { return true }
            capacity = found
        }
    }

    /// Fills `ids` with the integer ids of some rows, in their order; false (and nothing) when one is a text.
    func integerIDs(at positions: CorePositions, into ids: inout [Int64]) -> Bool {
        ids.removeAll(keepingCapacity: true)
        var areIntegers = true
        let view = unsafe pointer
        unsafe ids.append(addingCapacity: positions.count) { place in
            areIntegers = unsafe fc_view_integer_ids_at(
                view, positions.list.pointee.data, positions.count, place.baseAddress)
            return areIntegers ? positions.count : 0
        }
        return areIntegers
    }

    /// A row and how far away it is.
    struct Near {
        var position: UInt32
        var meters: Double
    }

    /// The `limit` nearest of the rows that answer (nil: all within `meters`), by distance, then id.
    func nearest(
        to place: Position, limit: Int?, within meters: Double, _ question: CoreQuestion,
        _ watch: inout CoreWatch
    ) throws -> [Near] {
        var question = unsafe question.value
        var found = unsafe fc_neighbors()
        unsafe fc_neighbors_init(&found, CoreMemory.allocator)
        defer { unsafe fc_neighbors_deinit(&found) }
        var offender: UInt32 = 0
        let view = unsafe pointer
        let status = try unsafe watch.over { watch in
            unsafe question.watch = watch
            return unsafe fc_view_nearest_m(
                view, place.longitude, place.latitude, limit ?? .max, meters, &question, &found,
                &offender)
        }
        if status == FC_STATUS_UNSUPPORTED_GEOMETRY { throw Self.unmeasurable(id(at: offender)) }
        try check(status, "the search failed")
        return unsafe (0..<found.count).map { index in
            unsafe Near(position: found.data[index].position, meters: found.data[index].distance)
        }
    }

    static func unmeasurable(_ id: FeatureID) -> FormDBError {
        FormDBError(
            .unsupportedGeometry,
            "feature \(id.debugDescription) is neither a point nor a multipoint, so its distance "
                + "can't be measured",
            advice: "narrow the question to points, or keep them in a collection of their own")
    }

    /// The distance in metres to the nearest point of a row; nil when it has no place.
    func distance(to place: Position, at position: UInt32) throws -> Double? {
        var record = unsafe fc_record()
        unsafe fc_record_read(fc_view_record(pointer, position).data, &record)
        if boundingBox(at: position) == nil { return nil }
        struct Visit {
            var place: Position
            var nearest = Double.infinity
        }
        var visit = Visit(place: place)
        let isMeasurable = unsafe withUnsafeMutablePointer(to: &visit) { visit in
            unsafe fc_record_visit_points(
                &record,
                { visitor, longitude, latitude in
                    let visit = unsafe visitor!.assumingMemoryBound(to: Visit.self)
                    let place = unsafe visit.pointee.place
                    let meters = fc_geodesic_distance_m(
                        place.longitude, place.latitude, longitude, latitude)
                    unsafe visit.pointee.nearest = min(visit.pointee.nearest, meters)
                }, visit)
        }
        if !isMeasurable { throw Self.unmeasurable(id(at: position)) }
        return visit.nearest
    }

    /// Where the visible version of an id is.
    func find(_ id: FeatureID) -> UInt32? {
        unsafe id.withCoreID { id in
            var position: UInt32 = 0
            return unsafe fc_view_find(pointer, id, &position) ? position : nil
        }
    }

    /// Whether a row answers exactly.
    func matches(_ question: CoreQuestion, at position: UInt32) -> Bool {
        var question = unsafe question.value
        return unsafe fc_view_matches(pointer, position, &question)
    }

    // MARK: A row's parts

    /// A row's record, in place.
    @inline(__always)
    func record(at position: UInt32) -> UnsafeRawBufferPointer {
        unsafe fc_view_record(pointer, position).raw
    }

    /// How many records are loaded into the cache ahead of what is read.
    static let ahead = 16

    /// Calls `body` with each position of a list, whose records are loaded into the cache ahead of it.
    @inline(__always)
    func forEach(_ positions: CorePositions, _ body: (UInt32) throws -> Void) rethrows {
        let ahead = Self.ahead
        let count = positions.count
        prefetch(positions, 0, min(ahead, count))
        var start = 0
        while start < count {
            let end = min(start + ahead, count)
            prefetch(positions, end, min(end + ahead, count))
            for index in start..<end { try body(positions[index]) }
            start = end
        }
    }

    func prefetch(_ positions: CorePositions, _ start: Int, _ end: Int) {
        if start < end {
            unsafe fc_view_prefetch(pointer, positions.list.pointee.data + start, end - start)
        }
    }

    @inline(__always)
    func id(at position: UInt32) -> FeatureID {
        unsafe fc_view_id(pointer, position).value
    }

    @inline(__always)
    func boundingBox(at position: UInt32) -> BoundingBox? {
        var box = fc_box()
        return unsafe fc_view_box(pointer, position, &box) ? BoundingBox(box) : nil
    }

    /// The first and last microsecond, both included.
    @inline(__always)
    func time(at position: UInt32) -> (start: Timestamp, end: Timestamp)? {
        var start: Int64 = 0
        var end: Int64 = 0
        guard unsafe fc_view_time(pointer, position, &start, &end) else { return nil }
        return (Timestamp(microseconds: start), Timestamp(microseconds: end))
    }

    // MARK: Order

    /// Sorts by id: integers, then texts by their bytes.
    func sortByID(_ positions: CorePositions, descending: Bool = false) {
        sort(positions) { a, b in
            var x = unsafe fc_view_id(pointer, a)
            var y = unsafe fc_view_id(pointer, b)
            let order = unsafe fc_feature_id_compare(&x, &y)
            return descending ? order > 0 : order < 0
        } integers: { ids in
            // Integers alone are sorted without asking for each pair.
            if descending { ids.sort { $0.0 > $1.0 } } else { ids.sort { $0.0 < $1.0 } }
        }
    }

    /// Sorts by the start of the time; rows without one last, equal times by id.
    func sortByTime(_ positions: CorePositions, descending: Bool) {
        struct Key {
            var time: Int64
            var hasTime: Bool
            var position: UInt32
        }
        var keys = (0..<positions.count).map { index in
            let position = positions[index]
            let time = time(at: position)
            return Key(
                time: time?.start.microseconds ?? 0, hasTime: time != nil, position: position)
        }
        keys.sort { a, b in
            if a.hasTime != b.hasTime { return a.hasTime }
            if a.time != b.time { return descending ? a.time > b.time : a.time < b.time }
            var x = unsafe fc_view_id(pointer, a.position)
            var y = unsafe fc_view_id(pointer, b.position)
            return unsafe fc_feature_id_compare(&x, &y) < 0
        }
        positions.replace(with: keys.lazy.map(\.position))
    }

    private func sort(
        _ positions: CorePositions, by areInOrder: (UInt32, UInt32) -> Bool,
        integers sortIntegers: (inout [(Int64, UInt32)]) -> Void
    ) {
        var ids: [(Int64, UInt32)] = []
        ids.reserveCapacity(positions.count)
        for index in 0..<positions.count {
            let position = positions[index]
            let id = unsafe fc_view_id(pointer, position)
            if unsafe id.text.data != nil { break }
            unsafe ids.append((id.integer, position))
        }
        if ids.count == positions.count {
            sortIntegers(&ids)
            positions.replace(with: ids.lazy.map(\.1))
        } else {
            positions.replace(with: positions.array.sorted(by: areInOrder))
        }
    }
}
