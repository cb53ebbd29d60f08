/// A feature read in place: each part is decoded when it is asked for, and nothing else is.
///
/// What ``FeatureRequest/forEachView(_:)`` lends to its closure; it can't be kept.
public struct FeatureView: ~Copyable {
    private let view: CoreView
    private let position: UInt32
    /// Taken apart once, for all that is asked of it; in the memory of `view`.
    private let record: FeatureRecordView

    @inline(__always)
    init(_ view: CoreView, _ position: UInt32) throws {
        self.view = view
        self.position = position
        // Checked when it entered the database.
        record = unsafe try FeatureRecordView(view.record(at: position), isTrusted: true)
    }

    /// The id.
    public var id: FeatureID {
        // From the record, whose memory is looked at anyway, and not from the column of ids.
        record.integerID.map { .integer($0) } ?? view.id(at: position)
    }

    /// The bounding box; nil for a feature without a place.
    public var boundingBox: BoundingBox? { view.boundingBox(at: position) }

    /// The first and last microsecond of its time, both included; nil for none.
    public var interval: (start: Timestamp, end: Timestamp)? { record.interval }

    /// The position of a point; nil for other geometries.
    public var point: Position? { get throws { record.point } }

    /// One property, without decoding the others; nil if there is none.
    public func property(_ name: String) throws -> JSONValue? {
        try record.property(name)
    }

    /// All properties; nil for GeoJSON's null.
    public func properties() throws -> JSONObject? { try record.properties() }

    /// The geometry; nil for none.
    public func geometry() throws -> Geometry? { try record.geometry() }

    /// The time with what was read of it.
    public func time() throws -> FeatureTime? { try record.time() }

    /// The whole feature.
    public func feature() throws -> Feature { try view.feature(at: position) }
}
