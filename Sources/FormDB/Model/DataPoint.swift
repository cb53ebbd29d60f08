#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// One point of a series: a time, a value for each of the series' fields, and perhaps metadata.
///
/// ```swift
/// try tx.append([DataPoint(at: .now, 92.0)], to: "heart-rate")
/// try tx.append([DataPoint(at: .now, 21.5, 0.43)], to: "room")      // two fields
/// ```
///
/// NaN in a field means *no value*.
public struct DataPoint: Sendable {
    /// When.
    public var time: Timestamp
    /// One value for each field, in the series' order.
    public var values: [Double]
    /// What else is known of this point.
    public var metadata: JSONObject?

    public init(at time: Timestamp, values: [Double], metadata: JSONObject? = nil) {
        self.time = time
        self.values = values
        self.metadata = metadata
    }

    public init(at time: Timestamp, _ values: Double..., metadata: JSONObject? = nil) {
        self.init(at: time, values: values, metadata: metadata)
    }

    /// At a date, rounded to the nearest microsecond.
    @_disfavoredOverload
    public init(at date: Date, values: [Double], metadata: JSONObject? = nil) {
        self.init(at: Timestamp(date), values: values, metadata: metadata)
    }

    /// At a date, rounded to the nearest microsecond.
    @_disfavoredOverload
    public init(at date: Date, _ values: Double..., metadata: JSONObject? = nil) {
        self.init(at: Timestamp(date), values: values, metadata: metadata)
    }

    /// The value of the first field.
    public var value: Double { values.first ?? .nan }
}

extension DataPoint: Hashable {
    /// Values are equal bit for bit, so that a point without a value equals itself.
    public static func == (a: DataPoint, b: DataPoint) -> Bool {
        a.time == b.time && a.metadata == b.metadata
            && a.values.elementsEqual(b.values) { $0.bitPattern == $1.bitPattern }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(time)
        for value in values { hasher.combine(value.bitPattern) }
        hasher.combine(metadata)
    }
}

extension DataPoint: Codable {
    private enum CodingKeys: String, CodingKey { case time, values, metadata }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        time = try container.decode(Timestamp.self, forKey: .time)
        values = try container.decode([Double?].self, forKey: .values).map { $0 ?? .nan }
        metadata = try container.decodeIfPresent(JSONObject.self, forKey: .metadata)
    }

    /// *No value* (NaN) is encoded as null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(time, forKey: .time)
        try container.encode(values.map { $0.isNaN ? nil : $0 }, forKey: .values)
        try container.encodeIfPresent(metadata, forKey: .metadata)
    }
}
