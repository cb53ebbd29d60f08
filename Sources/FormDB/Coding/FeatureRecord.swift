// Feature records: the one encoding of a feature. SOURCE: docs/FORMAT.md, "Feature record"; the
// layout table is in the core's codec/record.h. Numbers are little-endian.

/// The constants that the encoder and the view share.
enum FeatureRecord {
    static let version: UInt8 = 1
    static let headerBytes = 32
    static let timeBytes = 16
    static let lengthMax = 256 << 20

    // Offsets in the header.
    static let atLength = 0
    static let atVersion = 4
    static let atKind = 5
    static let atFlags = 6
    static let atID = 8
    static let atGeometryBytes = 16
    static let atPropertiesBytes = 20
    static let atExtrasBytes = 24

    enum Flags {
        static let hasZ: UInt8 = 1
        static let hasTime: UInt8 = 2
        static let textID: UInt8 = 4
        static let keepsGeometry: UInt8 = 8
        static let known: UInt8 = 15
    }

    enum Kind {
        static let none: UInt8 = 0
        static let point: UInt8 = 1
        static let lineString: UInt8 = 2
        static let polygon: UInt8 = 3
        static let multiPoint: UInt8 = 4
        static let multiLineString: UInt8 = 5
        static let multiPolygon: UInt8 = 6
        static let collection: UInt8 = 7
        /// A polygon that is a box, as its corners; never in a collection.
        static let rectangle: UInt8 = 8
    }

    /// Keys of the extras map.
    enum Extra {
        /// The feature's `bbox`, an array of numbers.
        static let bbox: UInt64 = 1
        /// Foreign members, a map.
        static let foreignMembers: UInt64 = 2
        /// The JSON-FG `time` as read, where start and end can't reproduce it, a map.
        static let time: UInt64 = 3
        /// Further members of the geometry, a map.
        static let geometryMembers: UInt64 = 4
    }
}

extension Geometry {
    /// The kind of geometry in a record; that of a box as a polygon is ``FeatureRecord/Kind/rectangle`` instead, where
    /// it isn't in a collection.
    var recordKind: UInt8 {
        switch self {
        case .point: FeatureRecord.Kind.point
        case .lineString: FeatureRecord.Kind.lineString
        case .polygon: FeatureRecord.Kind.polygon
        case .multiPoint: FeatureRecord.Kind.multiPoint
        case .multiLineString: FeatureRecord.Kind.multiLineString
        case .multiPolygon: FeatureRecord.Kind.multiPolygon
        case .geometryCollection: FeatureRecord.Kind.collection
        }
    }
}
