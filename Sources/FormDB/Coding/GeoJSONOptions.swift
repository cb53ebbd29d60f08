/// How GeoJSON is read.
///
/// ```swift
/// var options = GeoJSONOptions.lenient
/// options.timeProperty = "time"
/// ```
public struct GeoJSONOptions: Hashable, Sendable {
    /// Lenient reading takes what strict reading refuses, and counts it in ``GeoJSONReport``:
    /// duplicate keys (the last wins), a fourth number in a position (dropped), integers beyond 64
    /// bits (the nearest `Double`), text that is not UTF-8 (repaired), times with an offset, lines
    /// and rings that are too short or not closed (kept), a `time` or `bbox` of another meaning
    /// (the first kept as a foreign member, the second dropped), `id: null`, a missing `type`.
    public var isLenient: Bool
    /// A property that holds the feature's time: milliseconds since 1970, or ISO 8601 text (a day
    /// or a time). A JSON-FG `time` member wins over it; the property stays where it is.
    public var timeProperty: String?
    /// What a reader accepts.
    public var limits: InputLimits

    public init(
        isLenient: Bool = false, timeProperty: String? = nil, limits: InputLimits = .init()
    ) {
        self.isLenient = isLenient
        self.timeProperty = timeProperty
        self.limits = limits
    }

    /// Refuses what RFC 7946 and JSON-FG don't allow.
    public static let strict = GeoJSONOptions()
    /// Takes what can be taken without guessing.
    public static let lenient = GeoJSONOptions(isLenient: true)
}

/// What a reader met on the way.
public struct GeoJSONReport: Hashable, Sendable {
    /// Features read.
    public var features = 0
    /// Features with a JSON-FG `place` or `coordRefSys` but no geometry: these are kept as foreign
    /// members and never indexed.
    public var placeOnlyFeatures = 0
    /// Positions whose fourth and further numbers were dropped.
    public var droppedNumbers = 0
    /// Keys that came twice in an object, where the last won.
    public var duplicateKeys = 0
    /// `time` members and time properties that were no time.
    public var unreadTimes = 0
    /// `bbox` members that were no four or six numbers, and were dropped.
    public var droppedBoxes = 0
    /// Points without coordinates, read as null geometries (RFC 7946, section 3.1).
    public var emptyPoints = 0

    public init() {}
}
