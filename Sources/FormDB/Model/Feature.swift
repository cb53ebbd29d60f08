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

    /// The record that was fetched, from which each part is decoded when it is read; nil once a part was
    /// changed, and for a feature that was made.
    private(set) var record: StoredRecord?
    /// All parts when there is no record. In an object of their own, so that fetched features are small: gathering
    /// and going through them is mostly copying them.
    private var own: OwnParts?

    /// Parts that one feature has, or several copies of it until one is changed. (A buffer's header is
    /// lent where it lies; a stored property of an object is copied first, with each part of it counted.)
    private struct OwnParts: @unchecked Sendable {
        private var buffer: ManagedBuffer<FeatureParts, Never>

        /// Takes the parts: copying them first would count a reference of each.
        init(_ parts: consuming FeatureParts) {
            var given = Optional(parts)
            buffer = .create(minimumCapacity: 0) { _ in given.take()! }
        }

        var isUnique: Bool {
            mutating get { isKnownUniquelyReferenced(&buffer) }
        }

        /// Where they lie, while `body` runs.
        @inline(__always)
        func withParts<Result>(
            _ body: (UnsafePointer<FeatureParts>) throws -> Result
        ) rethrows -> Result {
            try unsafe buffer.withUnsafeMutablePointerToHeader {
                try unsafe body(UnsafePointer($0))
            }
        }

        var parts: FeatureParts {
            _read { yield unsafe buffer.withUnsafeMutablePointerToHeader { unsafe $0 }.pointee }
            nonmutating _modify {
                yield unsafe &buffer.withUnsafeMutablePointerToHeader { unsafe $0 }.pointee
            }
        }
    }

    /// Creates a feature; it is checked when it is written.
    public init(
        id: FeatureID? = nil, geometry: Geometry?, properties: JSONObject? = nil,
        time: FeatureTime? = nil, bbox: [Double]? = nil,
        foreignMembers: JSONObject = JSONObject(), geometryMembers: JSONObject = JSONObject()
    ) {
        record = nil
        own = OwnParts(
            FeatureParts(
                id: id, geometry: geometry, properties: properties, time: time, bbox: bbox,
                foreign: foreignMembers.nonEmpty, geometryForeign: geometryMembers.nonEmpty))
    }

    @inline(__always)
    init(_ record: StoredRecord) {
        self.record = record
        own = nil
    }

    /// All parts; properties of a fetched feature stay encoded.
    var parts: FeatureParts {
        _read { if let record { yield record.parts } else { yield own!.parts } }
    }

    /// Calls `body` with all parts where they lie: lending them by ``parts`` copies them first, and counts a reference
    /// of each.
    @inline(__always)
    func withParts<Result>(
        _ body: (UnsafePointer<FeatureParts>) throws -> Result
    ) rethrows -> Result {
        if let own { return try unsafe own.withParts(body) }
        return try unsafe withUnsafePointer(to: record!.parts) { try unsafe body($0) }
    }

    /// All parts, to be changed in place: taken out of the record, and of what copies share.
    private var changing: FeatureParts {
        get { parts }
        _modify {
            if let record {
                own = OwnParts(record.parts)
                self.record = nil
            } else if !own!.isUnique {
                own = OwnParts(own!.parts)
            }
            yield &own!.parts
        }
    }

    /// The id; nil lets the database choose one.
    public var id: FeatureID? {
        get { if let record { record.id } else { own!.parts.id } }
        set {
            changing.id = newValue
        }
    }

    /// The geometry; nil is GeoJSON's `null`: a feature without a place. Changing it drops ``bbox``
    /// and ``geometryMembers``, which spoke of the one before.
    public var geometry: Geometry? {
        get { if let record { record.geometry } else { own!.parts.geometry } }
        set {
            if newValue == geometry { return }
            changing.geometry = newValue
            changing.bbox = nil
            changing.geometryForeign = nil
        }
    }

    /// The properties; nil is GeoJSON's `null`.
    public var properties: JSONObject? {
        get { if let record { record.properties } else { own!.parts.properties } }
        // In place, so that setting one key copies no other.
        _modify {
            yield &changing.properties
        }
    }

    /// When it is valid; nil for no time.
    public var time: FeatureTime? {
        get { if let record { record.time } else { own!.parts.time } }
        set {
            changing.time = newValue
        }
    }

    /// The `bbox` member as read: kept and written back, never used for answers.
    public var bbox: [Double]? {
        get { if let record { record.extras.bbox } else { own!.parts.bbox } }
        set {
            changing.bbox = newValue
        }
    }

    /// Members that neither RFC 7946 nor JSON-FG's `time` name, kept and written back.
    public var foreignMembers: JSONObject {
        get { (record.map { $0.extras.foreignMembers } ?? own!.parts.foreign) ?? JSONObject() }
        set {
            changing.foreign = newValue.nonEmpty
        }
    }

    /// Further members of the geometry object (`bbox`, foreign ones), kept and written back.
    ///
    /// Those inside a geometry collection are under the key `geometries`, an array with one object
    /// (or null) for each geometry.
    public var geometryMembers: JSONObject {
        get {
            (record.map { $0.extras.geometryMembers } ?? own!.parts.geometryForeign) ?? JSONObject()
        }
        set {
            changing.geometryForeign = newValue.nonEmpty
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
    /// Nil when there are none, as nearly always: nothing to count references of.
    var foreign: JSONObject?
    var geometryForeign: JSONObject?
}

extension JSONObject {
    /// Nil when there are no members.
    @inline(__always)
    var nonEmpty: JSONObject? { isEmpty ? nil : self }
}

extension Feature: Hashable {
    public static func == (a: Feature, b: Feature) -> Bool {
        if let x = a.record, let y = b.record, x.hasSameBytes(as: y) { return true }
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
