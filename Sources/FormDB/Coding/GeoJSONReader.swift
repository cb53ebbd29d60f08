#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Reads features one after another, in bounded memory.
///
/// It takes a FeatureCollection (its members in any order), a single Feature or geometry,
/// newline-delimited GeoJSON, and GeoJSON text sequences (RFC 8142).
///
/// ```swift
/// let reader = try GeoJSONReader(contentsOf: file)
/// while let feature = try reader.next() { print(feature) }
/// ```
///
/// Errors name the line and the offset. A reader is not `Sendable`: it is a position in an input.
public final class GeoJSONReader {
    private let window: InputWindow
    private let options: GeoJSONOptions
    private var state = State.betweenTexts

    private enum State {
        case betweenTexts
        case inFeatures(isFirst: Bool)
        case afterFeatures
        case ended
    }

    /// What was met so far.
    public private(set) var report = GeoJSONReport()
    /// Members of the FeatureCollection other than `type` and `features`; complete at the end.
    public private(set) var collectionMembers = JSONObject()
    private var collectionType: String?
    private var collections = 0

    /// Opens a file.
    public convenience init(contentsOf url: URL, options: GeoJSONOptions = .strict) throws {
        self.init(source: try ByteSource(url: url), options: options)
    }

    /// Reads what is in memory.
    public convenience init(_ text: String, options: GeoJSONOptions = .strict) {
        self.init(source: ByteSource([UInt8](text.utf8)), options: options)
    }

    /// Reads what is in memory.
    public convenience init(_ bytes: some Sequence<UInt8>, options: GeoJSONOptions = .strict) {
        self.init(source: ByteSource([UInt8](bytes)), options: options)
    }

    init(source: ByteSource, options: GeoJSONOptions) {
        self.options = options
        window = InputWindow(source, limits: options.limits)
    }

    /// Bytes read so far, for progress.
    public var bytesRead: UInt64 { window.offset }
    /// The length of the input, where it is known.
    public var byteCount: UInt64? { window.byteCount }
    /// The line (from 1) that reading has come to.
    public var line: Int { window.line }

    /// The next feature; nil at the end. After an error the reader is at its end.
    public func next() throws -> Feature? {
        do {
            return try readNext()
        } catch {
            state = .ended
            throw error
        }
    }

    private func readNext() throws -> Feature? {
        while true {
            switch state {
            case .betweenTexts:
                if let feature = try readText() { return feature }
            case .inFeatures(let isFirst):
                if let feature = try readElement(isFirst: isFirst) { return feature }
            case .afterFeatures: try readMembersAfterFeatures()
            case .ended: return nil
            }
        }
    }

    // MARK: A text

    /// Reads a single feature, or up to the features of a collection (and gives nil).
    private func readText() throws -> Feature? {
        try skipBetweenTexts()
        guard let first = try window.byte(at: 0) else {
            state = .ended
            return nil
        }
        if collections > 0 && !options.isLenient {
            throw window.failure("more text after the FeatureCollection", at: 0)
        }
        guard first == UInt8(ascii: "{") else {
            throw window.failure("GeoJSON must be an object, which starts with \"{\"", at: 0)
        }
        if try window.starts(with: "{\"type\":\"Feature\",") {
            // What nearly every line looks like needs no look at each member.
            return try readFeature(0..<window.endOfValue(from: 0))
        }
        var members: [(key: Range<Int>, value: Range<Int>)] = []
        var type: String?
        var index = try window.skipWhitespace(from: 1)
        while try window.byte(at: index) != UInt8(ascii: "}") {
            if !members.isEmpty { index = try expect(",", at: index) }
            let (key, valueStart) = try readKey(at: index)
            let name = try decode(key)
            if name == "features", type == nil || type == "FeatureCollection",
                try window.byte(at: valueStart) == UInt8(ascii: "[")
            {
                try beginCollection(members, type: type)
                window.consume(valueStart + 1)
                state = .inFeatures(isFirst: true)
                return nil
            }
            let valueEnd = try window.endOfValue(from: valueStart)
            if name == "type" { type = try decode(valueStart..<valueEnd) }
            members.append((key, valueStart..<valueEnd))
            index = try window.skipWhitespace(from: valueEnd)
        }
        if type == "FeatureCollection" {
            throw window.failure("a FeatureCollection without an array of features", at: 0)
        }
        return try readFeature(0..<(index + 1))
    }

    private func skipBetweenTexts() throws {
        if window.offset == 0, try window.byte(at: 0) == 0xef, try window.byte(at: 1) == 0xbb,
            try window.byte(at: 2) == 0xbf
        {
            guard options.isLenient else {
                throw window.failure("a byte order mark, which JSON must not have", at: 0)
            }
            window.consume(3)
        }
        // A record separator starts each text of a sequence (RFC 8142).
        while let byte = try window.byte(at: 0),
            byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 || byte == 0x1e
        { window.consume(1) }
    }

    /// Notes the members that came before the features.
    private func beginCollection(
        _ members: [(key: Range<Int>, value: Range<Int>)], type: String?
    ) throws {
        collectionMembers = [:]
        collectionType = type
        collections += 1
        for member in members { try noteMember(decode(member.key), member.value) }
    }

    // MARK: Inside a collection

    /// Reads an element of `features`, or its end (and gives nil).
    private func readElement(isFirst: Bool) throws -> Feature? {
        window.consume(try window.skipWhitespace(from: 0))
        var start = 0
        if try window.byte(at: 0) == UInt8(ascii: "]") {
            window.consume(1)
            state = .afterFeatures
            return nil
        }
        if !isFirst { start = try expect(",", at: 0) }
        guard try window.byte(at: start) == UInt8(ascii: "{") else {
            throw window.failure("a feature must be an object, which starts with \"{\"", at: start)
        }
        state = .inFeatures(isFirst: false)
        return try readFeature(start..<window.endOfValue(from: start))
    }

    private func readMembersAfterFeatures() throws {
        let index = try window.skipWhitespace(from: 0)
        if try window.byte(at: index) == UInt8(ascii: "}") {
            if collectionType != "FeatureCollection" {
                guard options.isLenient && collectionType == nil else {
                    throw window.failure("features outside a FeatureCollection", at: index)
                }
            }
            window.consume(index + 1)
            state = .betweenTexts
            return
        }
        let (key, valueStart) = try readKey(at: expect(",", at: index))
        let valueEnd = try window.endOfValue(from: valueStart)
        try noteMember(decode(key), valueStart..<valueEnd)
        window.consume(valueEnd)
    }

    /// Keeps a member of the collection; refuses another reference system and a second `features`.
    private func noteMember(_ key: String, _ range: Range<Int>) throws {
        var cursor = window.cursor(range, lenient: options.isLenient)
        let value = try cursor.readDocument()
        report.duplicateKeys += cursor.duplicateKeys
        switch key {
        case "type":
            if let type = collectionType, type != value.stringValue {
                throw window.failure("two types in one object", at: range.lowerBound)
            }
            collectionType = value.stringValue ?? ""
        case "features":
            throw window.failure("features come twice, or are no array", at: range.lowerBound)
        default:
            if key == "crs" { try GeoJSONReference.check(value, cursor, at: 0) }
            if !collectionMembers.appendIfNew(key, value) {
                guard options.isLenient else {
                    throw window.failure("the key \"\(key)\" comes twice", at: range.lowerBound)
                }
                report.duplicateKeys += 1
                collectionMembers[key] = value
            }
        }
    }

    // MARK: Pieces

    private func readFeature(_ range: Range<Int>) throws -> Feature {
        var cursor = window.cursor(range, lenient: options.isLenient)
        let feature = try cursor.readFeature(options, &report)
        try cursor.readEnd()
        window.consume(range.upperBound)
        return feature
    }

    /// A key's bytes with quotes, and where its value starts.
    private func readKey(at index: Int) throws -> (key: Range<Int>, valueStart: Int) {
        guard try window.byte(at: index) == UInt8(ascii: "\"") else {
            throw window.failure("something other than a key in quotes", at: index)
        }
        let end = try window.endOfValue(from: index)
        return (index..<end, try expect(":", at: window.skipWhitespace(from: end)))
    }

    /// The index of what follows a byte and white space.
    private func expect(_ scalar: Unicode.Scalar, at index: Int) throws -> Int {
        guard try window.byte(at: index) == UInt8(ascii: scalar) else {
            throw window.failure("\"\(scalar)\" is missing", at: index)
        }
        return try window.skipWhitespace(from: index + 1)
    }

    /// A text with its quotes, decoded.
    private func decode(_ range: Range<Int>) throws -> String {
        var cursor = window.cursor(range, lenient: options.isLenient)
        return try cursor.readString()
    }
}

extension Feature {
    /// Reads one GeoJSON feature.
    ///
    /// ```swift
    /// let feature = try Feature(geoJSON: #"{"type": "Feature", "geometry": null, "properties": {}}"#)
    /// ```
    public init(geoJSON text: String, options: GeoJSONOptions = .strict) throws {
        let reader = GeoJSONReader(text, options: options)
        guard let feature = try reader.next() else {
            throw FormDBError(.malformed, "the text holds no feature")
        }
        guard try reader.next() == nil else {
            throw FormDBError(.malformed, "the text holds more than one feature")
        }
        self = feature
    }
}

extension Geometry {
    /// Reads one GeoJSON geometry.
    public init(geoJSON text: String, options: GeoJSONOptions = .strict) throws {
        var report = GeoJSONReport()
        let geometry = unsafe try text.withUTF8Bytes { bytes in
            var cursor = unsafe JSONCursor(
                UnsafeRawBufferPointer(bytes), lenient: options.isLenient, limits: options.limits)
            let read = try cursor.readGeometry(&report)
            try cursor.readEnd()
            return read.geometry
        }
        guard let geometry else {
            throw FormDBError(.malformed, "a geometry that is null or empty")
        }
        self = geometry
    }
}
