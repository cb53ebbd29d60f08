#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Writes features one after another, in bounded memory.
///
/// ```swift
/// let writer = try GeoJSONWriter(to: file)
/// for feature in features { try writer.write(feature) }
/// try writer.finish()
/// ```
///
/// Coordinates are written as they are stored: rings keep their direction, doubles are the shortest
/// that read back the same. A writer is not `Sendable`: it is a position in an output.
public final class GeoJSONWriter {
    /// How features follow one another.
    public struct Format: Hashable, Sendable {
        let name: String
        /// One FeatureCollection.
        public static let featureCollection = Format(name: "featureCollection")
        /// One feature a line.
        public static let newlineDelimited = Format(name: "newlineDelimited")
        /// One feature a line, each after a record separator (RFC 8142).
        public static let textSequence = Format(name: "textSequence")
    }

    private let sink: ByteSink
    private let format: Format
    private let members: JSONObject
    private var output = OutputBuffer(capacity: 96 << 10)
    private var isFinished = false
    private static let flushBytes = 64 << 10

    /// Features written so far.
    public private(set) var features = 0
    /// Bytes written so far.
    public private(set) var bytesWritten: UInt64 = 0

    /// Creates a file, or replaces one.
    ///
    /// - Parameter collectionMembers: further members of the FeatureCollection.
    public convenience init(
        to url: URL, format: Format = .featureCollection, collectionMembers: JSONObject = [:]
    ) throws {
        try self.init(
            sink: ByteSink(url: url), format: format, collectionMembers: collectionMembers)
    }

    init(
        sink: ByteSink, format: Format = .featureCollection, collectionMembers: JSONObject = [:]
    ) throws {
        self.sink = sink
        self.format = format
        var members = collectionMembers
        members["type"] = nil
        members["features"] = nil
        try JSONWriter.checkFinite(.object(members))
        self.members = members
    }

    /// Writes a feature. Throws `invalidArgument` for numbers that JSON lacks, and then writes
    /// nothing.
    public func write(_ feature: Feature) throws {
        guard !isFinished else { throw FormDBError(.closed, "the writer has finished") }
        let before = output.count
        do {
            try appendSeparator()
            try Self.append(feature, to: &output)
        } catch {
            output.truncate(to: before)
            throw error
        }
        if format != .featureCollection { output.append(UInt8(ascii: "\n")) }
        features += 1
        if output.count >= Self.flushBytes { try flush() }
    }

    private func appendSeparator() throws {
        switch format {
        case .featureCollection:
            if features > 0 {
                output.append(",\n")
            } else {
                try appendOpening()
            }
        case .textSequence: output.append(0x1e)
        default: break
        }
    }

    private func appendOpening() throws {
        output.append("{\"type\":\"FeatureCollection\",")
        for (key, value) in members {
            JSONWriter.append(member: key, value, to: &output)
            output.append(UInt8(ascii: ","))
        }
        output.append("\"features\":[\n")
    }

    /// Writes the end. A writer that is released without it leaves an incomplete text.
    public func finish() throws {
        if isFinished { return }
        if format == .featureCollection {
            if features == 0 { try appendOpening() }
            output.append("\n]}\n")
        }
        isFinished = true
        try flush()
    }

    private func flush() throws {
        unsafe try output.withBytes { unsafe try sink.write($0) }
        bytesWritten += UInt64(output.count)
        output.removeAll()
    }
}

// MARK: - Features and geometries

extension GeoJSONWriter {
    static func text(of feature: Feature) -> String {
        var output = OutputBuffer()
        appendUnchecked(feature, to: &output)
        return output.text
    }

    static func text(of geometry: Geometry) -> String {
        var output = OutputBuffer()
        append(geometry, members: [:], to: &output)
        return output.text
    }

    static func append(_ feature: Feature, to output: inout OutputBuffer) throws {
        try feature.geometry?.validate()
        if let properties = feature.properties { try JSONWriter.checkFinite(.object(properties)) }
        try JSONWriter.checkFinite(.object(feature.foreignMembers))
        try JSONWriter.checkFinite(.object(feature.geometryMembers))
        if let bbox = feature.bbox, !bbox.allSatisfy(\.isFinite) {
            throw FormDBError(.invalidArgument, "a bbox with a number that JSON lacks")
        }
        appendUnchecked(feature, to: &output)
    }

    private static func appendUnchecked(_ feature: Feature, to output: inout OutputBuffer) {
        output.append("{\"type\":\"Feature\"")
        switch feature.id {
        case .integer(let id):
            output.append(",\"id\":")
            JSONWriter.append(id, to: &output)
        case .text(let id):
            output.append(",\"id\":")
            JSONWriter.append(text: id, to: &output)
        case nil: break
        }
        if let bbox = feature.bbox {
            output.append(",\"bbox\":[")
            for (index, number) in bbox.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONWriter.append(number, to: &output)
            }
            output.append("]")
        }
        if let time = feature.time {
            output.append(",\"time\":")
            JSONWriter.append(time.jsonFG, to: &output)
        }
        output.append(",\"geometry\":")
        if let geometry = feature.geometry {
            append(geometry, members: feature.geometryMembers, to: &output)
        } else {
            output.append("null")
        }
        output.append(",\"properties\":")
        if let properties = feature.properties {
            JSONWriter.append(properties, to: &output)
        } else {
            output.append("null")
        }
        for member in feature.foreignMembers.members where isForeign(member.key, in: feature) {
            output.append(",")
            JSONWriter.append(member: member.key, member.value, to: &output)
        }
        output.append("}")
    }

    /// Whether a foreign member may be written: it must not say again what the feature says itself.
    private static func isForeign(_ key: String, in feature: Feature) -> Bool {
        switch key {
        case "type", "id", "bbox", "geometry", "properties": false
        case "time": feature.time == nil
        default: true
        }
    }

    private static func append(
        _ geometry: Geometry, members: JSONObject, to output: inout OutputBuffer
    ) {
        output.append("{\"type\":\"")
        output.append(utf8: geometry.typeName)
        output.append("\",")
        if case .geometryCollection(let geometries) = geometry {
            let inner = members["geometries"]?.arrayValue ?? []
            output.append("\"geometries\":")
            appendList(geometries, to: &output) { index, geometry, output in
                let own = index < inner.count ? inner[index].objectValue : nil
                append(geometry, members: own ?? [:], to: &output)
            }
        } else {
            output.append("\"coordinates\":")
            appendCoordinates(of: geometry, to: &output)
        }
        for (key, value) in members where !["type", "coordinates", "geometries"].contains(key) {
            output.append(",")
            JSONWriter.append(member: key, value, to: &output)
        }
        output.append("}")
    }

    private static func appendCoordinates(of geometry: Geometry, to output: inout OutputBuffer) {
        switch geometry {
        case .point(let position): append(position, to: &output)
        case .multiPoint(let run), .lineString(let run): append(run, to: &output)
        case .multiLineString(let runs), .polygon(let runs): append(runs, to: &output)
        case .multiPolygon(let polygons):
            appendList(polygons, to: &output) { append($1, to: &$2) }
        case .geometryCollection: break  // has geometries instead
        }
    }

    private static func append(_ runs: [[Position]], to output: inout OutputBuffer) {
        appendList(runs, to: &output) { append($1, to: &$2) }
    }

    private static func append(_ run: [Position], to output: inout OutputBuffer) {
        appendList(run, to: &output) { append($1, to: &$2) }
    }

    private static func append(_ position: Position, to output: inout OutputBuffer) {
        output.append(UInt8(ascii: "["))
        JSONWriter.append(position.longitude, to: &output)
        output.append(UInt8(ascii: ","))
        JSONWriter.append(position.latitude, to: &output)
        if let altitude = position.altitude {
            output.append(UInt8(ascii: ","))
            JSONWriter.append(altitude, to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    @inline(__always)
    private static func appendList<Element>(
        _ elements: [Element], to output: inout OutputBuffer,
        _ append: (Int, Element, inout OutputBuffer) -> Void
    ) {
        output.append(UInt8(ascii: "["))
        for index in elements.indices {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            append(index, elements[index], &output)
        }
        output.append(UInt8(ascii: "]"))
    }
}

extension Feature {
    /// GeoJSON text on one line; throws `invalidArgument` for numbers that JSON lacks.
    public func geoJSON() throws -> String {
        var output = OutputBuffer()
        try GeoJSONWriter.append(self, to: &output)
        return output.text
    }
}
