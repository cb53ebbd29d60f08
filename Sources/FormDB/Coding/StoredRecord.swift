/// One record of a batch, and the parts of its feature, decoded each time they are asked for.
///
/// The header and the kinds of the extras were checked when it was made, the rest when the record
/// entered the database: applied (``FeatureRecord`` made it, or the core checked it) or replayed
/// (the core checked it). So nothing here throws. Reading stays within the record whatever the bytes
/// are; should they no longer be what was checked, the process ends (``recordIsDamaged(_:)``).
///
/// A record of 256 properties or more gets none: looking up a key would walk over all before it.
@safe
struct StoredRecord: Sendable {
    let batch: RecordBatch
    /// Where it starts in the batch.
    let offset: UInt32

    private var base: UnsafeRawPointer { unsafe UnsafeRawPointer(batch.base) + Int(offset) }

    private func word(_ at: Int) -> UInt32 {
        unsafe base.loadUnaligned(fromByteOffset: at, as: UInt32.self)
    }

    private var flags: UInt8 {
        unsafe base.load(fromByteOffset: FeatureRecord.atFlags, as: UInt8.self)
    }

    /// Where the geometry starts in the record.
    private var geometryStart: UInt32 {
        UInt32(
            FeatureRecord.headerBytes
                + (flags & FeatureRecord.Flags.hasTime != 0 ? FeatureRecord.timeBytes : 0))
    }

    /// The bytes of the record, good while the batch is.
    var bytes: UnsafeRawBufferPointer {
        unsafe batch.bytes(offset, word(FeatureRecord.atLength))
    }

    /// The record taken apart; good while the batch is.
    private func withView<Result>(_ body: (FeatureRecordView) throws -> Result) -> Result {
        do {
            return try withExtendedLifetime(batch) { try body(unsafe FeatureRecordView(bytes)) }
        } catch { recordIsDamaged(error) }
    }

    // MARK: Parts

    var id: FeatureID {
        if flags & FeatureRecord.Flags.textID != 0 { return withView { try $0.id() } }
        return .integer(
            unsafe base.loadUnaligned(fromByteOffset: FeatureRecord.atID, as: Int64.self))
    }

    /// A point, as most geometries are, without taking the record apart; nil for anything else.
    @inline(__always)
    private var point: Position? {
        guard
            unsafe base.load(fromByteOffset: FeatureRecord.atKind, as: UInt8.self)
                == FeatureRecord.Kind.point, flags & FeatureRecord.Flags.hasZ == 0,
            word(FeatureRecord.atGeometryBytes) == 16
        else { return nil }
        let start = Int(geometryStart)
        return unsafe Position(
            longitude: base.loadUnaligned(fromByteOffset: start, as: Double.self),
            latitude: base.loadUnaligned(fromByteOffset: start + 8, as: Double.self),
            third: .nan)
    }

    var geometry: Geometry? { point.map { .point($0) } ?? decodedGeometry }

    @inline(never)
    private var decodedGeometry: Geometry? { withView { try $0.geometry() } }

    var properties: JSONObject? {
        let length = word(FeatureRecord.atPropertiesBytes)
        if length == 0 { return nil }
        let start = offset + geometryStart + word(FeatureRecord.atGeometryBytes)
        return JSONObject(EncodedObject(batch: batch, start: start, length: length))
    }

    var time: FeatureTime? {
        if flags & FeatureRecord.Flags.hasTime == 0 { return nil }
        return withView { try $0.time() }
    }

    var extras: FeatureRecordView.Extras {
        if word(FeatureRecord.atExtrasBytes) == 0 { return FeatureRecordView.Extras() }
        return withView { try $0.extras() }
    }

    /// All parts; properties stay encoded.
    var parts: FeatureParts {
        let extras = extras
        return FeatureParts(
            id: id, geometry: geometry, properties: properties, time: time, bbox: extras.bbox,
            foreign: extras.foreignMembers.nonEmpty,
            geometryForeign: extras.geometryMembers.nonEmpty)
    }

    /// Appends the record as it is.
    func append(to output: inout OutputBuffer) {
        unsafe output.append(bytes)
        withExtendedLifetime(batch) {}
    }

    /// Whether both are the same bytes, and so equal features.
    func hasSameBytes(as other: StoredRecord) -> Bool {
        if batch === other.batch && offset == other.offset { return true }
        return withExtendedLifetime((batch, other.batch)) {
            unsafe bytes.elementsEqual(other.bytes)
        }
    }
}
