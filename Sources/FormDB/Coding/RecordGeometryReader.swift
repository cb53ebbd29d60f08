/// Decodes the geometry of a record. Counts are compared with what is left before they are
/// believed.
@safe
struct RecordGeometryReader {
    private let bytes: UnsafeRawBufferPointer
    private let hasAltitude: Bool
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer, hasAltitude: Bool) {
        unsafe self.bytes = unsafe bytes
        self.hasAltitude = hasAltitude
    }

    private var positionBytes: Int { hasAltitude ? 24 : 16 }
    private var remaining: Int { unsafe bytes.count - position }

    /// The geometry that fills all of the bytes; nil for none and for an empty point.
    mutating func read(kind: UInt8, depth: Int) throws -> Geometry? {
        let geometry = try readUnfinished(kind: kind, depth: depth)
        guard remaining == 0 else { throw wrongLength }
        return geometry
    }

    private var wrongLength: FormDBError {
        FeatureRecordView.corrupt("its geometry has the wrong length")
    }

    private mutating func readUnfinished(kind: UInt8, depth: Int) throws -> Geometry? {
        switch kind {
        case FeatureRecord.Kind.none: return nil
        case FeatureRecord.Kind.point:
            if remaining == 0 { return nil }
            return .point(try readPositions(1)[0])
        case FeatureRecord.Kind.lineString: return .lineString(try readRemaining())
        case FeatureRecord.Kind.multiPoint: return .multiPoint(try readRemaining())
        case FeatureRecord.Kind.polygon: return .polygon(try readRuns())
        case FeatureRecord.Kind.multiLineString: return .multiLineString(try readRuns())
        case FeatureRecord.Kind.multiPolygon: return .multiPolygon(try readPolygons())
        case FeatureRecord.Kind.collection: return .geometryCollection(try readMembers(depth))
        case FeatureRecord.Kind.rectangle:
            guard !hasAltitude else { throw wrongLength }
            let corners = try readPositions(2)
            return .rectangle(southWest: corners[0], northEast: corners[1])
        default: throw FormDBError(.tooNew, "feature record: unknown geometry kind \(kind)")
        }
    }

    private mutating func readWord() throws -> Int {
        guard remaining >= 4 else { throw wrongLength }
        defer { position += 4 }
        return unsafe Int(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }

    private mutating func align(from start: Int) throws {
        let aligned = start + (position - start + 7) & ~7
        guard unsafe aligned <= bytes.count else { throw wrongLength }
        position = aligned
    }

    /// Counts that run up to each part's end, as lengths.
    private mutating func readLengths(_ count: Int) throws -> [Int] {
        guard count <= remaining / 4 else { throw wrongLength }
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        var previous = 0
        for _ in 0..<count {
            let end = try readWord()
            guard end >= previous else {
                throw FeatureRecordView.corrupt("the ends of its geometry's parts go backwards")
            }
            lengths.append(end - previous)
            previous = end
        }
        return lengths
    }

    private mutating func readRemaining() throws -> [Position] {
        try readPositions(remaining / positionBytes)
    }

    private mutating func readPositions(_ count: Int) throws -> [Position] {
        guard count <= remaining / positionBytes else { throw wrongLength }
        if count == 0 { return [] }
        let stride = positionBytes
        let start = position
        position += count * stride
        return unsafe [Position](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                let offset = start + index * stride
                let third =
                    hasAltitude
                    ? unsafe bytes.loadUnaligned(fromByteOffset: offset + 16, as: Double.self)
                    : .nan
                unsafe buffer.initializeElement(
                    at: index,
                    to: Position(
                        longitude: bytes.loadUnaligned(fromByteOffset: offset, as: Double.self),
                        latitude: bytes.loadUnaligned(fromByteOffset: offset + 8, as: Double.self),
                        third: third))
            }
            initialized = count
        }
    }

    private mutating func readRuns() throws -> [[Position]] {
        let start = position
        let lengths = try readLengths(readWord())
        try align(from: start)
        return try lengths.map { try readPositions($0) }
    }

    private mutating func readPolygons() throws -> [[[Position]]] {
        let start = position
        let polygonCount = try readWord()
        let ringCount = try readWord()
        let ringsOfPolygons = try readLengths(polygonCount)
        let ringLengths = try readLengths(ringCount)
        guard ringsOfPolygons.reduce(0, +) == ringCount else {
            throw FeatureRecordView.corrupt("its geometry's rings do not add up")
        }
        try align(from: start)
        var ring = 0
        return try ringsOfPolygons.map { count in
            defer { ring += count }
            return try ringLengths[ring..<(ring + count)].map { try readPositions($0) }
        }
    }

    private mutating func readMembers(_ depth: Int) throws -> [Geometry] {
        guard depth <= Geometry.depthMax else {
            throw FeatureRecordView.corrupt("its geometry is nested too deep")
        }
        let count = try readWord()
        _ = try readWord()
        guard count <= remaining / 8 else { throw wrongLength }
        var members: [Geometry] = []
        members.reserveCapacity(count)
        for _ in 0..<count {
            let kind = try readWord()
            let length = try readWord()
            guard length <= remaining, kind >= 1, kind <= 7 else { throw wrongLength }
            var reader = unsafe RecordGeometryReader(
                UnsafeRawBufferPointer(rebasing: bytes[position..<(position + length)]),
                hasAltitude: hasAltitude)
            // An empty point has no place in a collection of the model; as no points it has one.
            let member = try reader.read(kind: UInt8(kind), depth: depth + 1)
            members.append(member ?? .multiPoint([]))
            position += length
        }
        return members
    }
}
