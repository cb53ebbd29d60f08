/// How a file is imported.
///
/// ```swift
/// var options = ImportOptions()
/// options.conflict = .replace
/// options.timeProperty = "time"
/// try db.importGeoJSON(from: file, into: "earthquakes", options: options)
/// ```
public struct ImportOptions: Hashable, Sendable {
    /// How many features or points one transaction takes at most.
    public var batchSize = 10_000
    /// Whether reading takes what a strict reader refuses, where nothing has to be guessed; what was
    /// taken is counted in the report. See ``GeoJSONOptions/isLenient``.
    public var isLenient = false
    /// What is done about a feature whose id exists.
    public var conflict = Conflict.fail
    /// GeoJSON: a property that holds the feature's time; see ``GeoJSONOptions/timeProperty``.
    public var timeProperty: String?
    /// GeoJSON: a property that holds the feature's id, for features without one; it stays where it is.
    public var idProperty: String?
    /// CSV: what separates the fields.
    public var separator: Unicode.Scalar = ","
    /// How much is read before it is refused.
    public var limits = InputLimits()

    public init(isLenient: Bool = false, timeProperty: String? = nil) {
        self.isLenient = isLenient
        self.timeProperty = timeProperty
    }

    /// Strict reading; an id that exists is an error.
    public static let strict = ImportOptions()
    /// Lenient reading; an id that exists is an error.
    public static let lenient = ImportOptions(isLenient: true)

    /// What is done about a feature whose id exists.
    public struct Conflict: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The import stops with `alreadyExists`.
        public static let fail = Conflict(description: "fail")
        /// The feature replaces the one that is there.
        public static let replace = Conflict(description: "replace")
    }
}

/// How far an import has come.
public struct ImportProgress: Hashable, Sendable {
    /// Features or points that are written.
    public var count: Int
    /// Transactions that wrote them.
    public var batches: Int
    /// Bytes of the file that were read.
    public var bytesRead: UInt64
    /// The length of the file, where it is known.
    public var byteCount: UInt64?

    /// How much of the file was read, from 0 to 1, where its length is known.
    public var fraction: Double? {
        byteCount.map { $0 == 0 ? 1 : min(1, Double(bytesRead) / Double($0)) }
    }
}

/// What an import came to.
public struct ImportReport: Hashable, Sendable {
    /// Features that were written.
    public var features = 0
    /// Points that were written.
    public var points = 0
    /// Series that points were written to.
    public var series = 0
    /// Transactions that wrote them.
    public var batches = 0
    /// The last of these transactions; 0 for none.
    public var lastSequence: UInt64 = 0
    /// Bytes of the file that were read.
    public var bytesRead: UInt64 = 0
    /// What reading met on the way, for GeoJSON.
    public var reading = GeoJSONReport()

    /// Features with a JSON-FG `place` or `coordRefSys` alone: kept, but no place question finds them.
    public var placeOnlyFeatures: Int { reading.placeOnlyFeatures }
    /// Positions whose fourth and further numbers were dropped.
    public var droppedNumbers: Int { reading.droppedNumbers }

    public init() {}
}
