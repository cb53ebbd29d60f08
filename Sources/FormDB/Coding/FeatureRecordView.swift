/// A feature record read in place: each part is decoded when it is asked for.
///
/// Hostile bytes end in a `corrupt` or `tooNew` error: the header is checked when the view is made,
/// and each part when it is decoded; no access is outside the bytes.
///
/// OWNERSHIP: borrows the bytes (of any alignment); must not outlive them.
@safe
struct FeatureRecordView {
    private let bytes: UnsafeRawBufferPointer
    /// The kind of geometry, ``FeatureRecord/Kind``.
    let kind: UInt8
    private let flags: UInt8
    /// Whether what is in the parts was checked before, and is not checked again.
    private let isTrusted: Bool
    private let geometryStart, propertiesStart, extrasStart, idStart, idEnd: UInt32

    /// A record at the start of `bytes`, which may go on after it. COST: O(1).
    init(_ bytes: UnsafeRawBufferPointer, isTrusted: Bool = false) throws {
        self.isTrusted = isTrusted
        guard bytes.count >= FeatureRecord.headerBytes else {
            throw Self.corrupt("shorter than its header")
        }
        func word(_ offset: Int) -> Int {
            unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let length = word(FeatureRecord.atLength)
        guard length <= bytes.count, length >= FeatureRecord.headerBytes,
            length <= FeatureRecord.lengthMax
        else { throw Self.corrupt("its length is wrong") }
        let version = unsafe bytes[FeatureRecord.atVersion]
        kind = unsafe bytes[FeatureRecord.atKind]
        flags = unsafe bytes[FeatureRecord.atFlags]
        guard version == FeatureRecord.version, kind <= FeatureRecord.Kind.rectangle,
            flags & ~FeatureRecord.Flags.known == 0
        else {
            throw FormDBError(
                .tooNew, "a feature record of version \(version), kind \(kind), flags \(flags)")
        }
        let geometryStart =
            FeatureRecord.headerBytes
            + (flags & FeatureRecord.Flags.hasTime != 0 ? FeatureRecord.timeBytes : 0)
        // 32-bit lengths add up in 64 bits without overflow.
        let propertiesStart = geometryStart + word(FeatureRecord.atGeometryBytes)
        let extrasStart = propertiesStart + word(FeatureRecord.atPropertiesBytes)
        let idStart = extrasStart + word(FeatureRecord.atExtrasBytes)
        var idLength = 0
        if flags & FeatureRecord.Flags.textID != 0 {
            let stored = unsafe bytes.loadUnaligned(
                fromByteOffset: FeatureRecord.atID, as: UInt64.self)
            guard stored >= 1, stored <= UInt64(FeatureID.textBytesMax) else {
                throw Self.corrupt("the length of its id is wrong")
            }
            idLength = Int(stored)
        }
        guard idStart + idLength <= length else {
            throw Self.corrupt("its parts do not add up to its length")
        }
        unsafe self.bytes = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<length])
        // Nothing is beyond the length, which has 32 bits.
        self.geometryStart = UInt32(truncatingIfNeeded: geometryStart)
        self.propertiesStart = UInt32(truncatingIfNeeded: propertiesStart)
        self.extrasStart = UInt32(truncatingIfNeeded: extrasStart)
        self.idStart = UInt32(truncatingIfNeeded: idStart)
        idEnd = UInt32(truncatingIfNeeded: idStart + idLength)
    }

    private var geometryRange: Range<Int> { Int(geometryStart)..<Int(propertiesStart) }
    private var propertiesRange: Range<Int> { Int(propertiesStart)..<Int(extrasStart) }
    private var extrasRange: Range<Int> { Int(extrasStart)..<Int(idStart) }
    private var idRange: Range<Int> { Int(idStart)..<Int(idEnd) }

    static func corrupt(_ what: String) -> FormDBError {
        FormDBError(.corrupt, "feature record: \(what)")
    }

    /// The length of the record in bytes.
    var byteCount: Int { unsafe bytes.count }

    /// Whether the geometry is that of the version before.
    var keepsGeometry: Bool { flags & FeatureRecord.Flags.keepsGeometry != 0 }

    /// The whole feature.
    func feature() throws -> Feature {
        let extras = try extras()
        return Feature(
            id: try id(), geometry: try geometry(), properties: try properties(),
            time: time(source: extras.time), bbox: extras.bbox,
            foreignMembers: extras.foreignMembers, geometryMembers: extras.geometryMembers)
    }

    /// The id if it is an integer.
    @inline(__always)
    var integerID: Int64? {
        if flags & FeatureRecord.Flags.textID != 0 { return nil }
        return unsafe bytes.loadUnaligned(fromByteOffset: FeatureRecord.atID, as: Int64.self)
    }

    func id() throws -> FeatureID {
        if let integerID { return .integer(integerID) }
        guard
            let text = unsafe TextBytes.validated(UnsafeRawBufferPointer(rebasing: bytes[idRange]))
        else { throw Self.corrupt("its id is not UTF-8") }
        return .text(text)
    }

    /// The geometry; nil for none and for an empty point (RFC 7946, section 3.1).
    func geometry() throws -> Geometry? {
        if let point { return .point(point) }
        var reader = unsafe RecordGeometryReader(
            UnsafeRawBufferPointer(rebasing: bytes[geometryRange]),
            hasAltitude: flags & FeatureRecord.Flags.hasZ != 0)
        return try reader.read(kind: kind, depth: 1)
    }

    /// The position of a point, without making a geometry; nil for what is no point.
    var point: Position? {
        let hasAltitude = flags & FeatureRecord.Flags.hasZ != 0
        guard kind == FeatureRecord.Kind.point, geometryRange.count == (hasAltitude ? 24 : 16)
        else {
            return nil
        }
        let start = geometryRange.lowerBound
        return unsafe Position(
            longitude: bytes.loadUnaligned(fromByteOffset: start, as: Double.self),
            latitude: bytes.loadUnaligned(fromByteOffset: start + 8, as: Double.self),
            third: hasAltitude
                ? bytes.loadUnaligned(fromByteOffset: start + 16, as: Double.self) : .nan)
    }

    func properties() throws -> JSONObject? {
        if propertiesRange.isEmpty { return nil }
        var decoder = unsafe CBORDecoder(
            UnsafeRawBufferPointer(rebasing: bytes[propertiesRange]), isTrusted: isTrusted)
        let properties = try decoder.readObject()
        guard decoder.isAtEnd else { throw decoder.failure("bytes follow the properties") }
        return properties
    }

    /// Whether there are 256 properties or more: whether the count takes more than a byte.
    var hasManyProperties: Bool {
        unsafe !propertiesRange.isEmpty && bytes[propertiesRange.lowerBound] > 0xb8
    }

    /// One property, without decoding the others; nil if there is none.
    func property(_ key: String) throws -> JSONValue? {
        if propertiesRange.isEmpty { return nil }
        let properties = unsafe UnsafeRawBufferPointer(rebasing: bytes[propertiesRange])
        var decoder = unsafe CBORDecoder(properties, isTrusted: isTrusted)
        return try decoder.value(forKey: key)
    }

    /// First and last microsecond of the feature's time, without its source.
    var interval: (start: Timestamp, end: Timestamp)? {
        guard flags & FeatureRecord.Flags.hasTime != 0 else { return nil }
        let offset = FeatureRecord.headerBytes
        return unsafe (
            Timestamp(
                microseconds: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)),
            Timestamp(
                microseconds: bytes.loadUnaligned(fromByteOffset: offset + 8, as: Int64.self))
        )
    }

    func time() throws -> FeatureTime? {
        guard interval != nil else { return nil }
        return time(source: try extras().time)
    }

    private func time(source: JSONObject?) -> FeatureTime? {
        interval.map { FeatureTime(start: $0.start, end: $0.end, source: source) }
    }

    /// What a record may hold besides.
    struct Extras {
        var bbox: [Double]?
        var foreignMembers = JSONObject()
        var time: JSONObject?
        var geometryMembers = JSONObject()
    }

    func extras() throws -> Extras {
        var extras = Extras()
        if extrasRange.isEmpty { return extras }
        var decoder = unsafe CBORDecoder(UnsafeRawBufferPointer(rebasing: bytes[extrasRange]))
        let (major, count, _) = try decoder.readHead()
        guard major == 5 else { throw decoder.failure("extras are not a map") }
        var previous: UInt64 = 0
        for _ in 0..<count {
            let (keyMajor, key, _) = try decoder.readHead()
            guard keyMajor == 0, key > previous else {
                throw decoder.failure("a key of the extras is no integer, or out of order")
            }
            previous = key
            switch key {
            case FeatureRecord.Extra.bbox: extras.bbox = try Self.numbers(&decoder)
            case FeatureRecord.Extra.foreignMembers:
                extras.foreignMembers = try decoder.readObject(depth: 2)
            case FeatureRecord.Extra.time: extras.time = try decoder.readObject(depth: 2)
            case FeatureRecord.Extra.geometryMembers:
                extras.geometryMembers = try decoder.readObject(depth: 2)
            default: throw FormDBError(.tooNew, "feature record: unknown extra \(key)")
            }
        }
        guard decoder.isAtEnd else { throw decoder.failure("bytes follow the extras") }
        return extras
    }

    /// Throws what reading the extras would throw: the core checks that they are a map, not what is
    /// in it. Most records have none.
    @inline(__always)
    func checkExtras() throws { if !extrasRange.isEmpty { _ = try extras() } }

    private static func numbers(_ decoder: inout CBORDecoder) throws -> [Double] {
        let (major, count, _) = try decoder.readHead()
        guard major == 4 else { throw decoder.failure("a bbox is not an array") }
        return try decoder.readArray(count, depth: 2).map {
            guard let number = $0.doubleValue else {
                throw decoder.failure("a bbox holds no number")
            }
            return number
        }
    }
}
