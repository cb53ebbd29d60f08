// Geometries of RFC 7946, section 3.1, straight from text into arrays of positions.

/// A geometry as read: itself (nil for null), and its further members.
struct ReadGeometry {
    var geometry: Geometry?
    var members = JSONObject()
}

extension JSONCursor {
    /// Reads a geometry object or null.
    mutating func readGeometry(_ report: inout GeoJSONReport, depth: Int = 1) throws -> ReadGeometry
    {
        if try acceptNull() { return ReadGeometry() }
        return try readGeometryObject(&report, depth: depth)
    }

    /// The members of a geometry object, where they lie.
    private struct GeometryParts {
        var start: Int
        var type: String?
        var coordinates: Int?
        var geometries: Int?
        var members = JSONObject()
    }

    mutating func readGeometryObject(
        _ report: inout GeoJSONReport, depth: Int
    ) throws -> ReadGeometry {
        skipWhitespace()
        var parts = GeometryParts(start: position)
        var read: ReadGeometry?
        try readMembers { cursor, key, keyStart in
            if cursor.matches(key, "type") {
                if parts.type != nil { try cursor.noteDuplicate("type", at: keyStart) }
                parts.type = try cursor.readString()
            } else if cursor.matches(key, "coordinates") {
                if parts.coordinates != nil {
                    try cursor.noteDuplicate("coordinates", at: keyStart)
                }
                cursor.skipWhitespace()
                parts.coordinates = cursor.position
                if let type = parts.type, type != "GeometryCollection" {
                    read = ReadGeometry(
                        geometry: try cursor.readCoordinates(of: type, &report, at: parts.start))
                } else {
                    try cursor.skipValue()
                }
            } else if cursor.matches(key, "geometries") {
                if parts.geometries != nil { try cursor.noteDuplicate("geometries", at: keyStart) }
                cursor.skipWhitespace()
                parts.geometries = cursor.position
                if parts.type == "GeometryCollection" {
                    read = try cursor.readCollection(&report, depth: depth)
                } else {
                    try cursor.skipValue()
                }
            } else {
                let text = try cursor.decode(key)
                let value = try cursor.readValue(depth: 2)
                if !parts.members.appendIfNew(text, value) {
                    try cursor.noteDuplicate(text, at: keyStart)
                    parts.members[text] = value
                }
            }
        }
        return try finish(parts, read, &report, depth: depth)
    }

    /// Reads coordinates that came before the type, and puts the members together.
    private mutating func finish(
        _ parts: GeometryParts, _ read: ReadGeometry?, _ report: inout GeoJSONReport, depth: Int
    ) throws -> ReadGeometry {
        guard let type = parts.type else {
            throw failure("a geometry without a type", at: parts.start)
        }
        let end = position
        var result: ReadGeometry
        if let read {
            result = read
        } else if type == "GeometryCollection" {
            guard let start = parts.geometries else {
                throw failure("a GeometryCollection without geometries", at: parts.start)
            }
            position = start
            result = try readCollection(&report, depth: depth)
        } else {
            guard let start = parts.coordinates else {
                throw failure("a \(type.prefix(32)) without coordinates", at: parts.start)
            }
            position = start
            result = ReadGeometry(
                geometry: try readCoordinates(of: type, &report, at: parts.start))
        }
        position = end
        if result.members.isEmpty {
            result.members = parts.members
        } else {
            var members = parts.members
            for (key, value) in result.members { members[key] = value }
            result.members = members
        }
        return result
    }

    private mutating func readCollection(
        _ report: inout GeoJSONReport, depth: Int
    ) throws -> ReadGeometry {
        if depth > Geometry.depthMax {
            throw failure(Geometry.tooDeep.message, code: .tooLarge)
        }
        var geometries: [Geometry] = []
        var members: [JSONValue] = []
        var hasMembers = false
        try readElements { cursor in
            let read = try cursor.readGeometryObject(&report, depth: depth + 1)
            // An empty point has no place in a collection of the model; as no points it has one.
            geometries.append(read.geometry ?? .multiPoint([]))
            hasMembers = hasMembers || !read.members.isEmpty
            members.append(read.members.isEmpty ? .null : .object(read.members))
        }
        return ReadGeometry(
            geometry: .geometryCollection(geometries),
            members: hasMembers ? ["geometries": .array(members)] : [:])
    }

    private mutating func readCoordinates(
        of type: String, _ report: inout GeoJSONReport, at start: Int
    ) throws -> Geometry? {
        switch type {
        case "Point":
            let before = position
            try expect("[")
            if accept("]") {
                guard isLenient else { throw failure("a Point without a position", at: before) }
                report.emptyPoints += 1
                return nil
            }
            position = before
            return .point(try readPosition(&report))
        case "MultiPoint": return .multiPoint(try readPositions(&report))
        case "LineString": return .lineString(try readLine(&report))
        case "MultiLineString":
            var lines: [[Position]] = []
            try readElements { lines.append(try $0.readLine(&report)) }
            return .multiLineString(lines)
        case "Polygon": return .polygon(try readRings(&report))
        case "MultiPolygon":
            var polygons: [[[Position]]] = []
            try readElements { polygons.append(try $0.readRings(&report)) }
            return .multiPolygon(polygons)
        default:
            throw failure("\"\(type.prefix(32))\" is no type of geometry", at: start)
        }
    }

    private mutating func readLine(_ report: inout GeoJSONReport) throws -> [Position] {
        let start = position
        let line = try readPositions(&report)
        if line.count == 1 && !isLenient {
            throw failure("a line of one position; it needs two or more", at: start)
        }
        return line
    }

    private mutating func readRings(_ report: inout GeoJSONReport) throws -> [[Position]] {
        var rings: [[Position]] = []
        try readElements { cursor in
            let start = cursor.position
            let ring = try cursor.readPositions(&report)
            if !cursor.isLenient {
                if ring.count < 4 {
                    throw cursor.failure(
                        "a ring of \(ring.count) positions; it needs four or more", at: start)
                }
                if ring[0] != ring[ring.count - 1] {
                    throw cursor.failure("a ring whose last position is not its first", at: start)
                }
            }
            rings.append(ring)
        }
        return rings
    }

    private mutating func readPositions(_ report: inout GeoJSONReport) throws -> [Position] {
        var positions: [Position] = []
        try expect("[")
        if accept("]") { return positions }
        repeat {
            positions.append(try readPosition(&report))
        } while accept(",")
        try expect("]")
        return positions
    }

    private mutating func readPosition(_ report: inout GeoJSONReport) throws -> Position {
        try countElements()
        try expect("[")
        let start = position
        let longitude = try readDouble()
        guard accept(",") else { throw failure("a position of one number", at: start) }
        let latitude = try readDouble()
        var read = Position(longitude: longitude, latitude: latitude, third: .nan)
        if accept(",") {
            read.third = try readDouble()
            if accept(",") {
                guard isLenient else {
                    throw failure("a position of more than three numbers", at: start)
                }
                repeat { _ = try readDouble() } while accept(",")
                report.droppedNumbers += 1
            }
        }
        try expect("]")
        if !read.isValid { throw invalid(read, at: start) }
        return read
    }

    private func invalid(_ position: Position, at start: Int) -> FormDBError {
        do {
            try position.validate()
        } catch let error as FormDBError {
            return failure(error.message, at: start, code: error.code)
        } catch {}
        return failure("an invalid position", at: start, code: .invalidCoordinate)
    }

    // MARK: Arrays and objects piece by piece

    /// Reads an array; `body` reads each element.
    mutating func readElements(_ body: (inout JSONCursor) throws -> Void) throws {
        try expect("[")
        if accept("]") { return }
        repeat {
            try countElements()
            try body(&self)
        } while accept(",")
        try expect("]")
    }

    /// Reads an object; `body` gets each key and where it starts, and reads the value.
    mutating func readMembers(
        _ body: (inout JSONCursor, TextToken, Int) throws -> Void
    ) throws {
        try expect("{")
        if accept("}") { return }
        repeat {
            try countElements()
            skipWhitespace()
            let keyStart = position
            let key = try scanString()
            try expect(":")
            try body(&self, key, keyStart)
        } while accept(",")
        try expect("}")
    }
}
