#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension FeatureRequest {
    /// Writes them to a file as one GeoJSON FeatureCollection; says how many.
    ///
    /// ```swift
    /// try db.features(in: "places").bounds(intersecting: box).exportGeoJSON(to: file)
    /// ```
    ///
    /// They come in order of id if there is no order, and one by one: memory is bounded by the largest,
    /// and 4 bytes for each. A file that is there is replaced; after an error it is incomplete.
    @discardableResult
    public func exportGeoJSON(to file: URL) throws -> Int {
        try export(to: file, format: .featureCollection)
    }

    /// Writes them to a file with one GeoJSON feature a line; says how many.
    @discardableResult
    public func exportGeoJSONLines(to file: URL) throws -> Int {
        try export(to: file, format: .newlineDelimited)
    }

    private func export(to file: URL, format: GeoJSONWriter.Format) throws -> Int {
        let cursor = try cursor()
        let writer = try GeoJSONWriter(to: file, format: format)
        while let feature = try cursor.next() { try writer.write(feature) }
        try writer.finish()
        return writer.features
    }

    /// Writes them to a CSV file; says how many.
    ///
    /// Columns are `id`, `longitude` and `latitude`, where they occur `altitude`, `geometry` (GeoJSON, for
    /// what is no point), `time` and `endTime`, then one for each property, by the bytes of
    /// its name. Objects and arrays are written as JSON text.
    ///
    /// - Parameter properties: the properties that are wanted, in order; nil for all that occur, which
    ///   reads the features twice.
    @discardableResult
    public func exportCSV(to file: URL, properties: [String]? = nil) throws -> Int {
        // Both passes ask one state.
        let request = FeatureRequest(
            source: .transaction(try source.open()), query: query, options: options)
        var layout = FeatureCSVLayout()
        try request.forEach { layout.note($0) }
        if let properties { layout.properties = properties }
        let writer = try CSVWriter(to: file)
        try writer.write(layout.header)
        var count = 0
        try request.forEach { feature in
            try writer.write(layout.row(feature))
            count += 1
        }
        try writer.finish()
        return count
    }
}

/// The columns of features in a CSV file.
private struct FeatureCSVLayout {
    var properties: [String] = []
    private var names = Set<TextKey>()
    private var hasAltitude = false
    private var hasGeometry = false
    private var hasTime = false
    private var hasInterval = false

    mutating func note(_ feature: Feature) {
        if let time = feature.time {
            hasTime = true
            if !time.isInstant { hasInterval = true }
        }
        switch feature.geometry {
        case .point(let position)?: if position.altitude != nil { hasAltitude = true }
        case nil: break
        default: hasGeometry = true
        }
        for key in feature.properties?.keys ?? [] where names.insert(TextKey(key)).inserted {
            properties.append(key)
            properties.sort { TextBytes.compare($0, $1) < 0 }
        }
    }

    var header: [String] {
        var header = ["id", "longitude", "latitude"]
        if hasAltitude { header.append("altitude") }
        if hasGeometry { header.append("geometry") }
        if hasTime { header.append("time") }
        if hasInterval { header.append("endTime") }
        return header + properties
    }

    func row(_ feature: Feature) -> [String] {
        var row = [feature.id?.description ?? ""]
        var point: Position?
        if case .point(let position)? = feature.geometry { point = position }
        row.append(point.map { $0.longitude.description } ?? "")
        row.append(point.map { $0.latitude.description } ?? "")
        if hasAltitude { row.append(point?.altitude?.description ?? "") }
        if hasGeometry {
            row.append(
                point == nil ? feature.geometry.map { GeoJSONWriter.text(of: $0) } ?? "" : "")
        }
        if hasTime { row.append(feature.time.map { Self.text($0.start) } ?? "") }
        if hasInterval {
            row.append(feature.time.map { $0.isInstant ? "" : Self.text($0.end) } ?? "")
        }
        for property in properties { row.append(Self.text(feature.properties?[property])) }
        return row
    }

    /// A time that is open at that end is left out.
    private static func text(_ time: Timestamp) -> String {
        time == .min || time == .max ? "" : time.description
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null?: ""
        case .string(let text)?: text
        case let value?: value.description
        }
    }
}

extension SeriesRequest {
    /// Writes them to a CSV file, with a column for the time and one for each field; says how many.
    ///
    /// A field without a value is empty. Metadata, where any point has some, is a column of JSON text.
    @discardableResult
    public func exportCSV(to file: URL) throws -> Int {
        try withView { view in
            let all = try view.owner.describe(.series, view.series).fields
            let fields = try view.fieldIndices(query)
            var hasMetadata = false
            try scan(view) { stretch, _ in if stretch.hasMetadata { hasMetadata = true } }
            let writer = try CSVWriter(to: file)
            try writer.write(
                ["time"] + fields.map { all[$0] } + (hasMetadata ? ["metadata"] : []))
            var written = 0
            try scan(view) { stretch, count in
                for index in 0..<count {
                    let point = try stretch.point(index, fields)
                    var row = [point.time.description]
                    row += point.values.map { $0.isNaN ? "" : $0.description }
                    if hasMetadata { row.append(point.metadata?.description ?? "") }
                    try writer.write(row)
                }
                written += count
            }
            try writer.finish()
            return written
        }
    }
}
