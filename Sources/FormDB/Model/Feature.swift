/// A GeoJSON feature: a geometry, properties, and perhaps an id and a time.
///
/// ```swift
/// let feature = Feature(
///     geometry: .point(longitude: -122.42, latitude: 37.77),
///     properties: ["name": "Ferry Building"], time: .instant(.now))
/// ```
public struct Feature: Hashable, Sendable {
    /// When a feature is valid.
    public typealias Time = FeatureTime

    /// The id; nil lets the database choose one.
    public var id: FeatureID?
    /// The geometry; nil is GeoJSON's `null`: a feature without a place. Changing it drops ``bbox``
    /// and ``geometryMembers``, which spoke of the one before.
    public var geometry: Geometry? {
        didSet {
            if geometry != oldValue {
                bbox = nil
                geometryMembers = [:]
            }
        }
    }
    /// The properties; nil is GeoJSON's `null`.
    public var properties: JSONObject?
    /// When it is valid; nil for no time.
    public var time: FeatureTime?
    /// The `bbox` member as read: kept and written back, never used for answers.
    public var bbox: [Double]?
    /// Members that neither RFC 7946 nor JSON-FG's `time` name, kept and written back.
    public var foreignMembers: JSONObject
    /// Further members of the geometry object (`bbox`, foreign ones), kept and written back.
    ///
    /// Those inside a geometry collection are under the key `geometries`, an array with one object
    /// (or null) for each geometry.
    public var geometryMembers: JSONObject

    /// Creates a feature; it is checked when it is written.
    public init(
        id: FeatureID? = nil, geometry: Geometry?, properties: JSONObject? = nil,
        time: FeatureTime? = nil, bbox: [Double]? = nil, foreignMembers: JSONObject = [:],
        geometryMembers: JSONObject = [:]
    ) {
        self.id = id
        self.geometry = geometry
        self.properties = properties
        self.time = time
        self.bbox = bbox
        self.foreignMembers = foreignMembers
        self.geometryMembers = geometryMembers
    }

    /// Throws if the id, geometry or time can't be stored.
    public func validate() throws {
        try id?.validate()
        try geometry?.validate()
        try time?.validate()
    }
}

extension Feature: CustomStringConvertible {
    /// GeoJSON text on one line.
    public var description: String { GeoJSONWriter.text(of: self) }
}

extension Feature: Codable {
    /// Decodes a GeoJSON feature.
    public init(from decoder: any Decoder) throws {
        let object = try JSONObject(from: decoder)
        self = try Feature(geoJSON: object.jsonText(), options: .lenient)
    }

    /// Encodes a GeoJSON feature.
    public func encode(to encoder: any Encoder) throws {
        try JSONObject(jsonText: GeoJSONWriter.text(of: self), lenient: true).encode(to: encoder)
    }
}

extension Geometry: Codable {
    /// Decodes a GeoJSON geometry.
    public init(from decoder: any Decoder) throws {
        let object = try JSONObject(from: decoder)
        self = try Geometry(geoJSON: object.jsonText(), options: .lenient)
    }

    /// Encodes a GeoJSON geometry.
    public func encode(to encoder: any Encoder) throws {
        try JSONObject(jsonText: GeoJSONWriter.text(of: self), lenient: true).encode(to: encoder)
    }
}
