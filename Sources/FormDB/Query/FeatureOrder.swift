/// The order in which features come.
///
/// ```swift
/// let strongest = try db.features(in: "quakes")
///     .order(by: .property("magnitude"), descending: true).limit(10).fetchAll()
/// ```
public struct FeatureOrder: Hashable, Sendable, CustomStringConvertible {
    enum Kind: Hashable, Sendable {
        case id
        case time
        case property(PropertyPath)
    }

    let kind: Kind

    /// By id: integers, then texts by their UTF-8 bytes.
    public static let id = FeatureOrder(kind: .id)
    /// By the start of the time; features without a time come last, equal times by id.
    public static let time = FeatureOrder(kind: .time)
    /// By a property: numbers, then texts by their UTF-8 bytes, booleans, arrays and objects; null, and then features
    /// that don't have the property, come last, descending too; equal values by id.
    public static func property(_ path: PropertyPath) -> FeatureOrder {
        FeatureOrder(kind: .property(path))
    }
    /// By a property, given by the names that lead to it.
    public static func property(_ name: String, _ further: String...) -> FeatureOrder {
        FeatureOrder(kind: .property(PropertyPath(names: [name] + further, reading: .value)))
    }
    /// By a property that is read as a time; what is no time comes last.
    public static func property(_ property: TimestampProperty) -> FeatureOrder {
        FeatureOrder(kind: .property(property.path))
    }

    public var description: String {
        switch kind {
        case .id: "id"
        case .time: "time"
        case .property(let path): "property(\(path))"
        }
    }
}

/// What is read of each feature.
struct FeatureProjection: Hashable, Sendable, CustomStringConvertible {
    /// Sorted, each once.
    private let names: [TextKey]
    private let hasGeometry: Bool

    init(_ names: [String], hasGeometry: Bool) {
        self.names = Set(names.map { TextKey($0) }).sorted {
            TextBytes.compare($0.text, $1.text) < 0
        }
        self.hasGeometry = hasGeometry
    }

    /// The feature without what isn't asked for.
    func apply(to feature: Feature) -> Feature {
        var kept: [JSONObject.Member] = []
        if let properties = feature.properties {
            for name in names {
                if let value = properties[name.text] {
                    kept.append(.init(key: name.text, value: value))
                }
            }
        }
        return Feature(
            id: feature.id, geometry: hasGeometry ? feature.geometry : nil,
            properties: feature.properties == nil ? nil : JSONObject(uniqueMembers: kept),
            time: feature.time)
    }

    var description: String {
        "properties: [\(names.map(\.text.debugDescription).joined(separator: ", "))]"
            + (hasGeometry ? "" : ", geometry: false")
    }
}
