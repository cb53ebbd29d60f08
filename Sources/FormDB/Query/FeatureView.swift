/// A feature read in place: each part is decoded when it is asked for, and nothing else is.
///
/// What ``FeatureRequest/forEachView(_:)`` lends to its closure; it can't be kept.
public struct FeatureView: ~Copyable {
    private let view: CoreView
    private let position: UInt32

    init(_ view: CoreView, _ position: UInt32) {
        self.view = view
        self.position = position
    }

    private func withRecord<Result>(_ body: (FeatureRecordView) throws -> Result) throws -> Result {
        try withExtendedLifetime(view.owner) {
            try unsafe body(FeatureRecordView(view.record(at: position)))
        }
    }

    /// The id.
    public var id: FeatureID { view.id(at: position) }

    /// The bounding box; nil for a feature without a place.
    public var boundingBox: BoundingBox? { view.boundingBox(at: position) }

    /// The first and last microsecond of its time, both included; nil for none.
    public var interval: (start: Timestamp, end: Timestamp)? { view.time(at: position) }

    /// The position of a point; nil for other geometries.
    public var point: Position? { get throws { try withRecord { $0.point } } }

    /// One property, without decoding the others; nil if there is none.
    public func property(_ name: String) throws -> JSONValue? {
        try withRecord { try $0.property(name) }
    }

    /// All properties; nil for GeoJSON's null.
    public func properties() throws -> JSONObject? { try withRecord { try $0.properties() } }

    /// The geometry; nil for none.
    public func geometry() throws -> Geometry? { try withRecord { try $0.geometry() } }

    /// The time with what was read of it.
    public func time() throws -> FeatureTime? { try withRecord { try $0.time() } }

    /// The whole feature.
    public func feature() throws -> Feature { try view.feature(at: position) }
}
