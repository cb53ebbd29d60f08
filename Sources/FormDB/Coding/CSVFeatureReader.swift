#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Something that gives features one after another.
protocol FeatureStreamReader: AnyObject {
    /// The next feature; nil at the end.
    func next() throws -> Feature?
    /// Bytes read so far, for progress.
    var bytesRead: UInt64 { get }
    /// The length of the input, where it is known.
    var byteCount: UInt64? { get }
}

extension GeoJSONReader: FeatureStreamReader {}
extension CSVFeatureReader: FeatureStreamReader {}

/// Which columns of a CSV text make a feature; the others become properties.
public struct CSVFeatureColumns: Hashable, Sendable {
    /// Degrees east. Nil looks for `longitude`, `lon`, `lng` or `long`, in any case of letters.
    public var longitude: String?
    /// Degrees north. Nil looks for `latitude` or `lat`, in any case of letters.
    public var latitude: String?
    /// The third number of the position.
    public var altitude: String?
    /// The feature's id: an integer where it reads as one, else a text.
    public var id: String?
    /// When: ISO 8601 text (a day or a time), or milliseconds since 1970.
    public var time: String?
    /// The end of an interval that `time` starts.
    public var endTime: String?
    /// Whether a field that reads as a number, `true` or `false` becomes that rather than a text.
    public var infersTypes: Bool

    public init(
        longitude: String? = nil, latitude: String? = nil, altitude: String? = nil,
        id: String? = nil, time: String? = nil, endTime: String? = nil, infersTypes: Bool = true
    ) {
        self.longitude = longitude
        self.latitude = latitude
        self.altitude = altitude
        self.id = id
        self.time = time
        self.endTime = endTime
        self.infersTypes = infersTypes
    }
}

/// Reads the rows of a CSV text as point features.
///
/// An empty field means "missing": no property, no time, no id. A row without a position is a
/// feature without a geometry.
///
/// ```swift
/// let reader = try CSVFeatureReader(contentsOf: file, columns: .init(id: "iata"))
/// while let airport = try reader.next() { print(airport) }
/// ```
public final class CSVFeatureReader {
    private let reader: CSVReader
    private let columns: CSVFeatureColumns
    private let isLenient: Bool
    private let longitude: Int?
    private let latitude: Int?
    private let altitude: Int?
    private let id: Int?
    private let time: Int?
    private let endTime: Int?
    private let properties: [(index: Int, name: String)]

    /// Opens a file and finds the columns.
    public convenience init(
        contentsOf url: URL, columns: CSVFeatureColumns = .init(), options: CSVOptions = .strict
    ) throws {
        try self.init(
            CSVReader(contentsOf: url, options: options), columns: columns, options: options)
    }

    /// Finds the columns of a text whose header was read.
    public init(
        _ reader: CSVReader, columns: CSVFeatureColumns = .init(), options: CSVOptions = .strict
    ) throws {
        self.reader = reader
        self.columns = columns
        isLenient = options.isLenient
        let names = reader.columnNames
        func find(_ name: String?, or others: [String] = []) throws -> Int? {
            if let name {
                if let index = names.firstIndex(where: { TextBytes.areEqual($0, name) }) {
                    return index
                }
                throw FormDBError(
                    .notFound, "there is no column \"\(name)\"",
                    advice: "the columns are \(names.joined(separator: ", "))")
            }
            for other in others {
                if let index = names.firstIndex(where: { $0.lowercased() == other }) {
                    return index
                }
            }
            return nil
        }
        longitude = try find(columns.longitude, or: ["longitude", "lon", "lng", "long"])
        latitude = try find(columns.latitude, or: ["latitude", "lat"])
        guard (longitude == nil) == (latitude == nil) else {
            throw FormDBError(
                .notFound, "only one of the columns for longitude and latitude was found",
                advice: "the columns are \(names.joined(separator: ", "))")
        }
        altitude = try find(columns.altitude)
        id = try find(columns.id)
        time = try find(columns.time)
        endTime = try find(columns.endTime)
        let used = [longitude, latitude, altitude, id, time, endTime]
        properties = names.enumerated().filter { !used.contains($0.offset) }
            .map { ($0.offset, $0.element) }
    }

    /// Bytes read so far, for progress.
    public var bytesRead: UInt64 { reader.bytesRead }
    /// The length of the input, where it is known.
    public var byteCount: UInt64? { reader.byteCount }

    /// The next feature; nil at the end.
    public func next() throws -> Feature? {
        guard let row = try reader.next() else { return nil }
        do {
            return try feature(row)
        } catch var error as FormDBError {
            if error.line == nil { error.line = row.line }
            throw error
        }
    }

    private func feature(_ row: CSVRow) throws -> Feature {
        var feature = Feature(geometry: try geometry(row), properties: [:])
        if let text = field(id, row) {
            // Only what an integer is written back as is one: "0E0" and "007" are texts.
            feature.id =
                Int64(text).flatMap { String($0) == text ? .integer($0) : nil } ?? .text(text)
        }
        feature.time = try featureTime(row)
        for (index, name) in properties {
            guard let text = field(index, row) else { continue }
            feature.properties?[name] = columns.infersTypes ? Self.value(text) : .string(text)
        }
        try feature.validate()
        return feature
    }

    private func field(_ index: Int?, _ row: CSVRow) -> String? {
        guard let index, index < row.fields.count, !row.fields[index].isEmpty else { return nil }
        return row.fields[index]
    }

    private func geometry(_ row: CSVRow) throws -> Geometry? {
        guard let longitude = try number(longitude, row), let latitude = try number(latitude, row)
        else { return nil }
        return .point(
            longitude: longitude, latitude: latitude, altitude: try number(altitude, row))
    }

    private func number(_ index: Int?, _ row: CSVRow) throws -> Double? {
        guard let index, let text = field(index, row) else { return nil }
        guard let number = CSVNumber.double(text) else {
            throw FormDBError(
                .malformed,
                "\"\(text.prefix(64))\" in column \"\(reader.columnNames[index])\" "
                    + "is no number", line: row.line)
        }
        return number
    }

    private func featureTime(_ row: CSVRow) throws -> FeatureTime? {
        guard let text = field(time, row) else { return nil }
        let start = try FeatureTime(property: Self.value(text), lenient: isLenient)
        guard let endText = field(endTime, row) else { return start }
        let end = try FeatureTime(property: Self.value(endText), lenient: isLenient)
        return .interval(start.start, end.end)
    }

    /// A number, `true` or `false` where the text reads as one in JSON, else the text.
    static func value(_ text: String) -> JSONValue {
        guard let first = text.utf8.first else { return .string(text) }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            if let value = try? JSONValue(jsonText: text) { return value }
        case UInt8(ascii: "t") where text == "true": return true
        case UInt8(ascii: "f") where text == "false": return false
        default: break
        }
        return .string(text)
    }
}

/// Numbers as CSV has them.
enum CSVNumber {
    /// A finite number; a sign of `+` is taken.
    static func double(_ text: String) -> Double? {
        let read = unsafe text.withUTF8Bytes { bytes -> Double? in
            var cursor = unsafe JSONCursor(
                UnsafeRawBufferPointer(bytes), lenient: true, limits: InputLimits())
            guard let value = try? cursor.readDouble(), cursor.position == cursor.count else {
                return nil
            }
            return value
        }
        if let read { return read }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
