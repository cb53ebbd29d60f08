// The sample files read by readers of their own, so that what was imported can be compared with them.
import FormDB
import Foundation
import Testing

/// A file of features, and how it is imported.
struct RealFile: CustomTestStringConvertible, Sendable {
    let name: String
    var columns = CSVFeatureColumns()
    var timeProperty: String?

    var testDescription: String { name }
    var isCSV: Bool { name.hasSuffix(".csv") }
    var url: URL { TestData.url(name) }

    static let all: [RealFile] =
        TestData.geoJSONFiles.map {
            RealFile(name: $0, timeProperty: $0.hasPrefix("earthquakes") ? "time" : nil)
        } + [
            RealFile(name: "cities_1000.csv"),
            RealFile(name: "us_airports.csv", columns: CSVFeatureColumns(id: "iata")),
            RealFile(
                name: "earthquakes_2022_month.csv",
                columns: CSVFeatureColumns(id: "id", time: "time")),
            RealFile(name: "atlantic_storms.csv", columns: CSVFeatureColumns(time: "time")),
            RealFile(name: "bus_limerick_304.csv", columns: CSVFeatureColumns(time: "time")),
            // Its ids are those of messages, each once.
            RealFile(
                name: "bus_liverpool_14.csv",
                columns: CSVFeatureColumns(id: "id", time: "time")),
        ]

    func importFile(into database: Database, collection: String = "file") throws -> ImportReport {
        if isCSV {
            return try database.importCSV(
                from: url, into: collection, columns: columns,
                by: Provenance(actor: "test", source: name))
        }
        return try database.importGeoJSON(
            from: url, into: collection, by: Provenance(actor: "test", source: name),
            options: ImportOptions(timeProperty: timeProperty))
    }

    /// The features of the file by themselves: id, geometry and time.
    func features() throws -> [Feature] {
        isCSV ? try csvFeatures() : try geoJSONFeatures()
    }

    private func csvFeatures() throws -> [Feature] {
        let rows = try PlainCSV.rows(of: url)
        let header = rows[0]
        let longitude = header.firstIndex { ["longitude", "lon"].contains($0) }!
        let latitude = header.firstIndex { ["latitude", "lat"].contains($0) }!
        let id = columns.id.map { header.firstIndex(of: $0)! }
        let time = columns.time.map { header.firstIndex(of: $0)! }
        return rows.dropFirst().map { row in
            Feature(
                id: id.map { Int64(row[$0]).map { .integer($0) } ?? .text(row[$0]) },
                geometry: .point(
                    longitude: Double(row[longitude])!, latitude: Double(row[latitude])!),
                time: time.map { .instant(PlainTime.microseconds(row[$0])) })
        }
    }

    private func geoJSONFeatures() throws -> [Feature] {
        // Foundation's own reader rounds coordinates in the last place.
        let text = [UInt8](try Data(contentsOf: url))
        let objects: [PlainJSON]
        if name.hasSuffix("l") {
            objects = text.split(separator: UInt8(ascii: "\n")).map { PlainJSON(Array($0)) }
        } else {
            objects = PlainJSON(text)["features"].elements
        }
        return objects.map { object in
            var feature = Feature(
                id: object["id"].text.map { .text($0) }
                    ?? object["id"].number.map { .integer(Int64($0)) },
                geometry: Self.geometry(object["geometry"]))
            if let timeProperty, let milliseconds = object["properties"][timeProperty].number {
                feature.time = .instant(Timestamp(microseconds: Int64(milliseconds) * 1000))
            }
            return feature
        }
    }

    private static func geometry(_ object: PlainJSON) -> Geometry? {
        func position(_ value: PlainJSON) -> Position {
            let numbers = value.elements.map { $0.number! }
            return Position(
                longitude: numbers[0], latitude: numbers[1],
                altitude: numbers.count > 2 ? numbers[2] : nil)
        }
        func line(_ value: PlainJSON) -> [Position] { value.elements.map(position) }
        func lines(_ value: PlainJSON) -> [[Position]] { value.elements.map(line) }
        let coordinates = object["coordinates"]
        return switch object["type"].text {
        case "Point": .point(position(coordinates))
        case "MultiPoint": .multiPoint(line(coordinates))
        case "LineString": .lineString(line(coordinates))
        case "MultiLineString": .multiLineString(lines(coordinates))
        case "Polygon": .polygon(lines(coordinates))
        case "MultiPolygon": .multiPolygon(coordinates.elements.map(lines))
        default: nil
        }
    }
}

/// JSON of the sample files, read as plainly as can be; it trusts the text.
enum PlainJSON {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case array([PlainJSON])
    case object([(String, PlainJSON)])

    init(_ bytes: [UInt8]) {
        var at = 0
        self = Self.value(bytes, &at)
    }

    subscript(key: String) -> PlainJSON {
        if case .object(let members) = self {
            members.first { $0.0 == key }?.1 ?? .null
        } else {
            .null
        }
    }
    var elements: [PlainJSON] { if case .array(let elements) = self { elements } else { [] } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }

    private static func skip(_ bytes: [UInt8], _ at: inout Int) {
        while at < bytes.count, bytes[at] <= 0x20 || bytes[at] == 0x2c || bytes[at] == 0x3a {
            at += 1
        }
    }

    private static func value(_ bytes: [UInt8], _ at: inout Int) -> PlainJSON {
        skip(bytes, &at)
        switch bytes[at] {
        case UInt8(ascii: "{"):
            at += 1
            var members: [(String, PlainJSON)] = []
            while true {
                skip(bytes, &at)
                if bytes[at] == UInt8(ascii: "}") { break }
                let key = string(bytes, &at)
                members.append((key, value(bytes, &at)))
            }
            at += 1
            return .object(members)
        case UInt8(ascii: "["):
            at += 1
            var elements: [PlainJSON] = []
            while true {
                skip(bytes, &at)
                if bytes[at] == UInt8(ascii: "]") { break }
                elements.append(value(bytes, &at))
            }
            at += 1
            return .array(elements)
        case UInt8(ascii: "\""): return .text(string(bytes, &at))
        default:
            let start = at
            while at < bytes.count, !" \n\r\t,:]}".utf8.contains(bytes[at]) { at += 1 }
            let word = String(decoding: bytes[start..<at], as: UTF8.self)
            return Double(word).map { .number($0) }
                ?? (word == "null" ? .null : .bool(word == "true"))
        }
    }

    /// Escapes are left as they are: nothing that is compared has any.
    private static func string(_ bytes: [UInt8], _ at: inout Int) -> String {
        at += 1
        let start = at
        while bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        at += 1
        return String(decoding: bytes[start..<at - 1], as: UTF8.self)
    }
}

/// RFC 4180, as plainly as it can be read.
enum PlainCSV {
    static func rows(of url: URL) throws -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        let bytes = [UInt8](try Data(contentsOf: url))
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if at < bytes.count, bytes[at] == byte {
                    field.append(byte)
                    at += 1
                } else {
                    isQuoted = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isQuoted = true
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") {
                row.append(String(decoding: field, as: UTF8.self))
                field = []
                if byte == UInt8(ascii: "\n") {
                    rows.append(row)
                    row = []
                }
            } else {
                field.append(byte)
            }
        }
        return rows
    }
}

/// Times of the files, `2022-03-08T01:02:03.456Z`.
enum PlainTime {
    static func microseconds(_ text: String) -> Timestamp {
        let digits = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int64 {
            digits[from..<from + count].reduce(0) { $0 * 10 + Int64($1) - 48 }
        }
        let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
        // Days from the civil calendar: years begin in March.
        let y = month <= 2 ? year - 1 : year
        let shifted = (month + 9) % 12
        let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719_468
        guard digits.count > 10 else { return Timestamp(microseconds: days * 86_400_000_000) }
        var micros = (number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2)) * 1_000_000
        if digits.count > 20, digits[19] == UInt8(ascii: ".") {
            var unit: Int64 = 100_000
            for digit in digits[20...] where digit >= 48 && digit <= 57 {
                micros += (Int64(digit) - 48) * unit
                unit /= 10
            }
        }
        return Timestamp(microseconds: days * 86_400_000_000 + micros)
    }
}
