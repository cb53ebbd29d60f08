// Features of RFC 7946, section 3.2, with the `time` member of OGC JSON-FG.

extension JSONCursor {
    /// Reads a Feature or a bare geometry, whatever the order of its members.
    mutating func readFeature(
        _ options: GeoJSONOptions, _ report: inout GeoJSONReport
    ) throws -> Feature {
        skipWhitespace()
        let start = position
        let feature: Feature
        switch try peekType() {
        case "Feature": feature = try readFeatureObject(options, &report)
        case "FeatureCollection": throw failure("a FeatureCollection where a feature should be")
        case nil:
            guard isLenient else { throw failure("an object without a type", at: start) }
            feature = try readFeatureObject(options, &report)
        default:
            let read = try readGeometryObject(&report, depth: 1)
            feature = Feature(geometry: read.geometry, geometryMembers: read.members)
        }
        report.features += 1
        report.duplicateKeys += duplicateKeys
        duplicateKeys = 0
        return feature
    }

    /// The `type` member of the object that is next, which is not read over.
    mutating func peekType() throws -> String? {
        let start = position
        defer { position = start }
        try expect("{")
        if accept("}") { return nil }
        var type: String?
        repeat {
            let key = try scanString()
            try expect(":")
            if matches(key, "type") {
                type = try readString()
                // Almost always the first; in lenient reading a later one would win.
                if !isLenient { return type }
            } else {
                try skipValue()
            }
        } while accept(",")
        return type
    }

    private mutating func readFeatureObject(
        _ options: GeoJSONOptions, _ report: inout GeoJSONReport
    ) throws -> Feature {
        let start = position
        var feature = Feature(geometry: nil)
        var geometry = ReadGeometry()
        var bbox: [Double]?
        var seen = SeenMembers()
        try readMembers { cursor, key, keyStart in
            if cursor.matches(key, "type") {
                try cursor.note(&seen, .type, at: keyStart)
                _ = try cursor.readString()
            } else if cursor.matches(key, "geometry") {
                try cursor.note(&seen, .geometry, at: keyStart)
                geometry = try cursor.readGeometry(&report)
            } else if cursor.matches(key, "properties") {
                try cursor.note(&seen, .properties, at: keyStart)
                feature.properties =
                    try cursor.acceptNull() ? nil : try cursor.readObject(depth: 1)
            } else if cursor.matches(key, "id") {
                try cursor.note(&seen, .id, at: keyStart)
                feature.id = try cursor.readID()
            } else if cursor.matches(key, "bbox") {
                try cursor.note(&seen, .bbox, at: keyStart)
                bbox = try cursor.readBox(&report)
            } else if cursor.matches(key, "time") {
                try cursor.note(&seen, .time, at: keyStart)
                try cursor.readTime(into: &feature, &report)
            } else {
                let text = try cursor.decode(key)
                let value = try cursor.readValue(depth: 2)
                if text == "crs" { try GeoJSONReference.check(value, cursor, at: keyStart) }
                if !feature.foreignMembers.appendIfNew(text, value) {
                    try cursor.noteDuplicate(text, at: keyStart)
                    feature.foreignMembers[text] = value
                }
            }
        }
        try requireMembers(seen, at: start)
        feature.geometry = geometry.geometry
        feature.geometryMembers = geometry.members
        feature.bbox = bbox
        try applyTimeProperty(to: &feature, options, &report, at: start)
        countPlaceOnly(feature, &report)
        return feature
    }

    private struct SeenMembers: OptionSet {
        var rawValue: UInt8
        static let type = SeenMembers(rawValue: 1)
        static let geometry = SeenMembers(rawValue: 2)
        static let properties = SeenMembers(rawValue: 4)
        static let id = SeenMembers(rawValue: 8)
        static let bbox = SeenMembers(rawValue: 16)
        static let time = SeenMembers(rawValue: 32)
    }

    private mutating func note(
        _ seen: inout SeenMembers, _ member: SeenMembers, at index: Int
    ) throws {
        if seen.contains(member) { try noteDuplicate("a member of the feature", at: index) }
        seen.insert(member)
    }

    private func requireMembers(_ seen: SeenMembers, at start: Int) throws {
        if isLenient { return }
        if !seen.contains(.geometry) {
            throw failure("a Feature without a geometry (null would do)", at: start)
        }
        if !seen.contains(.properties) {
            throw failure("a Feature without properties (null would do)", at: start)
        }
    }

    private mutating func readID() throws -> FeatureID? {
        skipWhitespace()
        let start = position
        if isLenient, try acceptNull() { return nil }
        let value = try readValue(depth: 1)
        guard let id = FeatureID(json: value) else {
            throw failure("an id must be a text or an integer of 64 bits", at: start)
        }
        do {
            try id.validate()
        } catch let error as FormDBError {
            throw failure(error.message, at: start, code: error.code)
        }
        return id
    }

    private mutating func readBox(_ report: inout GeoJSONReport) throws -> [Double]? {
        skipWhitespace()
        let start = position
        let value = try readValue(depth: 1)
        let numbers = value.arrayValue?.map { $0.doubleValue }
        if let numbers, numbers.count == 4 || numbers.count == 6, !numbers.contains(nil) {
            return numbers.compactMap { $0 }
        }
        guard isLenient else {
            throw failure("a bbox must be an array of four or six numbers", at: start)
        }
        if !value.isNull { report.droppedBoxes += 1 }
        return nil
    }

    private mutating func readTime(
        into feature: inout Feature, _ report: inout GeoJSONReport
    ) throws {
        skipWhitespace()
        let start = position
        let value = try readValue(depth: 1)
        feature.time = nil
        feature.foreignMembers["time"] = nil
        switch value {
        case .null: return
        case .object(let object):
            do {
                feature.time = try FeatureTime(jsonFG: object, lenient: isLenient)
                return
            } catch let error as FormDBError {
                guard isLenient else { throw failure(error.message, at: start, code: error.code) }
            }
        default:
            guard isLenient else {
                throw failure("the time of a feature must be an object or null", at: start)
            }
        }
        report.unreadTimes += 1
        feature.foreignMembers["time"] = value
    }

    private func applyTimeProperty(
        to feature: inout Feature, _ options: GeoJSONOptions, _ report: inout GeoJSONReport,
        at start: Int
    ) throws {
        guard let name = options.timeProperty, feature.time == nil,
            let value = feature.properties?[name], !value.isNull
        else { return }
        do {
            feature.time = try FeatureTime(property: value, lenient: isLenient)
        } catch let error as FormDBError {
            guard isLenient else {
                throw failure("property \"\(name)\": \(error.message)", at: start, code: error.code)
            }
            report.unreadTimes += 1
        }
    }

    private func countPlaceOnly(_ feature: Feature, _ report: inout GeoJSONReport) {
        guard feature.geometry == nil else { return }
        let members = feature.foreignMembers
        let hasPlace = members["place"].map { !$0.isNull } ?? false
        if hasPlace || members["coordRefSys"] != nil { report.placeOnlyFeatures += 1 }
    }
}

extension FeatureTime {
    /// A property's value as a time: milliseconds since 1970, or ISO 8601 text.
    init(property value: JSONValue, lenient: Bool) throws {
        switch value {
        case .string(let text):
            self = try FeatureTime(iso8601: text, parsing: lenient ? .lenient : .strict)
        case .int(let milliseconds):
            let (micros, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
            if overflow { throw FormDBError(.malformed, "\(milliseconds) ms is out of range") }
            self = .instant(Timestamp(microseconds: micros))
        case .double(let milliseconds):
            guard let micros = Int64(exactly: (milliseconds * 1000).rounded(.toNearestOrEven))
            else {
                throw FormDBError(.malformed, "\(milliseconds) ms is out of range")
            }
            self = .instant(Timestamp(microseconds: micros))
        default:
            throw FormDBError(
                .malformed,
                "\(value.description.prefix(64)) is no time: neither a number of "
                    + "milliseconds nor a text")
        }
    }
}

/// The `crs` member of GeoJSON before RFC 7946.
enum GeoJSONReference {
    /// Refuses any reference system other than WGS84 longitude and latitude.
    static func check(_ value: JSONValue, _ cursor: JSONCursor, at index: Int) throws {
        if value.isNull { return }
        let name = value["properties"]?["name"]?.stringValue ?? ""
        let folded = name.lowercased()
        let isKnown =
            folded.hasSuffix("crs84") || folded == "epsg:4326"
            || (folded.hasPrefix("urn:") && folded.hasSuffix(":4326") && folded.contains("epsg"))
            || folded.hasSuffix("/epsg/0/4326")
        guard isKnown else {
            throw cursor.failure(
                "a crs other than CRS84 or EPSG:4326: \(value.description.prefix(100))", at: index,
                code: .unsupported)
        }
    }
}
