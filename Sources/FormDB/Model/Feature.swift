/// A GeoJSON feature: a geometry, properties, and perhaps an id and a time.
///
/// ```swift
/// let feature = Feature(
///     geometry: .point(longitude: -122.42, latitude: 37.77),
///     properties: ["name": "Ferry Building"], time: .instant(.now))
/// ```
///
/// One that was fetched holds its record, and each part is decoded when it is read: what you don't
/// read costs nothing, and what you read often is better kept in a variable. Features fetched together
/// share their memory in pieces of 64 KiB, each kept until the last of its features is gone.
public struct Feature: Sendable {
    /// When a feature is valid.
    public typealias Time = FeatureTime

    /// As it was made, or the record that was fetched: then each part is decoded when it is read.
    enum Storage: Sendable {
        case parts(FeatureParts)
        case record(StoredRecord)
    }

    private(set) var storage: Storage

    /// Creates a feature; it is checked when it is written.
    public init(
        id: FeatureID? = nil, geometry: Geometry?, properties: JSONObject? = nil,
        time: FeatureTime? = nil, bbox: [Double]? = nil, foreignMembers: JSONObject = [:],
        geometryMembers: JSONObject = [:]
    ) {
        storage = .parts(
            FeatureParts(
                id: id, geometry: geometry, properties: properties, time: time, bbox: bbox,
                foreignMembers: foreignMembers, geometryMembers: geometryMembers))
    }

    init(_ storage: Storage) { self.storage = storage }

    /// The id; nil lets the database choose one.
    public var id: FeatureID? {
        get {
            switch storage {
            case .parts(let parts): parts.id
            case .record(let record): record.id
            }
        }
        set { change { $0.id = newValue } }
    }

    /// The geometry; nil is GeoJSON's `null`: a feature without a place. Changing it drops ``bbox``
    /// and ``geometryMembers``, which spoke of the one before.
    public var geometry: Geometry? {
        get {
            switch storage {
            case .parts(let parts): parts.geometry
            case .record(let record): record.geometry
            }
        }
        set {
            change { parts in
                if parts.geometry == newValue { return }
                parts.geometry = newValue
                parts.bbox = nil
                parts.geometryMembers = [:]
            }
        }
    }

    /// The properties; nil is GeoJSON's `null`.
    public var properties: JSONObject? {
        get {
            switch storage {
            case .parts(let parts): parts.properties
            case .record(let record): record.properties
            }
        }
        // In place, so that setting one key copies no other.
        _modify {
            var parts = takeParts()
            defer { storage = .parts(parts) }
            yield &parts.properties
        }
    }

    /// When it is valid; nil for no time.
    public var time: FeatureTime? {
        get {
            switch storage {
            case .parts(let parts): parts.time
            case .record(let record): record.time
            }
        }
        set { change { $0.time = newValue } }
    }

    /// The `bbox` member as read: kept and written back, never used for answers.
    public var bbox: [Double]? {
        get {
            switch storage {
            case .parts(let parts): parts.bbox
            case .record(let record): record.extras.bbox
            }
        }
        set { change { $0.bbox = newValue } }
    }

    /// Members that neither RFC 7946 nor JSON-FG's `time` name, kept and written back.
    public var foreignMembers: JSONObject {
        get {
            switch storage {
            case .parts(let parts): parts.foreignMembers
            case .record(let record): record.extras.foreignMembers
            }
        }
        _modify {
            var parts = takeParts()
            defer { storage = .parts(parts) }
            yield &parts.foreignMembers
        }
    }

    /// Further members of the geometry object (`bbox`, foreign ones), kept and written back.
    ///
    /// Those inside a geometry collection are under the key `geometries`, an array with one object
    /// (or null) for each geometry.
    public var geometryMembers: JSONObject {
        get {
            switch storage {
            case .parts(let parts): parts.geometryMembers
            case .record(let record): record.extras.geometryMembers
            }
        }
        _modify {
            var parts = takeParts()
            defer { storage = .parts(parts) }
            yield &parts.geometryMembers
        }
    }

    /// The parts, moved out to be changed: the caller puts them back.
    private mutating func takeParts() -> FeatureParts {
        let parts = parts
        storage = .parts(FeatureParts())
        return parts
    }

    private mutating func change(_ body: (inout FeatureParts) -> Void) {
        var parts = takeParts()
        body(&parts)
        storage = .parts(parts)
    }

    /// All parts; properties of a fetched feature stay encoded.
    var parts: FeatureParts {
        switch storage {
        case .parts(let parts): parts
        case .record(let record): record.parts
        }
    }

    /// Throws if the id, geometry or time can't be stored.
    public func validate() throws {
        try id?.validate()
        try geometry?.validate()
        try time?.validate()
    }
}

/// The parts of a feature.
struct FeatureParts: Hashable, Sendable {
    var id: FeatureID?
    var geometry: Geometry?
    var properties: JSONObject?
    var time: FeatureTime?
    var bbox: [Double]?
    var foreignMembers = JSONObject()
    var geometryMembers = JSONObject()
}

extension Feature: Hashable {
    public static func == (a: Feature, b: Feature) -> Bool {
        if case .record(let x) = a.storage, case .record(let y) = b.storage,
            x.hasSameBytes(as: y)
        {
            return true
        }
        return a.parts == b.parts
    }

    public func hash(into hasher: inout Hasher) { parts.hash(into: &hasher) }
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
