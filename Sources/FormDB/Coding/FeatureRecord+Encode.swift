extension FeatureRecord {
    /// Appends the record of a feature to `output`, starting at a multiple of 8 there.
    ///
    /// The feature is checked first as SEMANTICS demands: `invalidCoordinate`, `invalidArgument`
    /// (id, time, a number that JSON lacks) or `tooLarge`. After an error `output` is as it was.
    ///
    /// - Parameters:
    ///   - id: the id to store; the feature's own is not looked at.
    ///   - keepsGeometry: writes the record of an amendment: the geometry stays that of the version
    ///     before, and the feature's is not looked at.
    ///
    /// COST: O(bytes); nothing is allocated unless `output` grows.
    static func append(
        _ feature: Feature, id: FeatureID, keepsGeometry: Bool = false,
        to output: inout OutputBuffer
    ) throws {
        let start = output.count
        if !keepsGeometry, let record = feature.record, record.id == id {
            // Fetched and not changed: it has its record already.
            record.append(to: &output)
            return
        }
        do {
            try unsafe feature.withParts { parts in
                try unsafe appendUnchecked(
                    parts, id: id, keepsGeometry: keepsGeometry, to: &output)
            }
        } catch {
            output.truncate(to: start)
            throw error
        }
    }

    private static func appendUnchecked(
        _ feature: UnsafePointer<FeatureParts>, id: FeatureID, keepsGeometry: Bool,
        to output: inout OutputBuffer
    ) throws {
        let start = output.count
        var flags: UInt8 = keepsGeometry ? Flags.keepsGeometry : 0
        var kind = Kind.none
        output.reserve(256)
        output.appendZeros(headerBytes)
        if let time = unsafe feature.pointee.time {
            try time.validate()
            flags |= Flags.hasTime
            output.append(littleEndian: time.start.microseconds)
            output.append(littleEndian: time.end.microseconds)
        }
        let geometryStart = output.count
        if !keepsGeometry, let geometry = unsafe feature.pointee.geometry {
            let corners = geometry.rectangleCorners
            // With two corners of a box all of it is valid.
            if corners?.areValid != true { try geometry.validate() }
            if let corners {
                kind = Kind.rectangle
                output.append(littleEndian: corners.west)
                output.append(littleEndian: corners.south)
                output.append(littleEndian: corners.east)
                output.append(littleEndian: corners.north)
            } else {
                kind = geometry.recordKind
                let hasAltitude = geometry.hasAltitude
                if hasAltitude { flags |= Flags.hasZ }
                try append(geometry, hasAltitude: hasAltitude, to: &output)
            }
        }
        let propertiesStart = output.count
        if let properties = unsafe feature.pointee.properties {
            try CBOREncoder.append(properties, to: &output)
        }
        let extrasStart = output.count
        try unsafe appendExtras(of: feature, to: &output)
        let idStart = output.count
        let idWord: Int64
        switch id {
        case .integer(let value): idWord = value
        case .text(let text):
            try id.validate()
            flags |= Flags.textID
            idWord = Int64(text.utf8.count)
            output.append(utf8: text)
        }
        output.pad8(from: start)
        let length = output.count - start
        guard length <= lengthMax else {
            throw FormDBError(
                .tooLarge, "a feature of \(length) bytes; the limit is \(lengthMax)",
                advice: "split the feature, or keep large properties elsewhere")
        }
        output.overwrite(UInt32(length), at: start + atLength)
        output.overwrite(version, at: start + atVersion)
        output.overwrite(kind, at: start + atKind)
        output.overwrite(flags, at: start + atFlags)
        output.overwrite(idWord, at: start + atID)
        output.overwrite(UInt32(propertiesStart - geometryStart), at: start + atGeometryBytes)
        output.overwrite(UInt32(extrasStart - propertiesStart), at: start + atPropertiesBytes)
        output.overwrite(UInt32(idStart - extrasStart), at: start + atExtrasBytes)
    }

    // MARK: Geometry

    private static func append(
        _ geometry: Geometry, hasAltitude: Bool, to output: inout OutputBuffer
    ) throws {
        switch geometry {
        case .point(let position):
            output.append(littleEndian: position.longitude)
            output.append(littleEndian: position.latitude)
            if hasAltitude { output.append(littleEndian: position.third) }
        case .lineString(let positions), .multiPoint(let positions):
            output.append(positions, hasAltitude: hasAltitude)
        case .polygon(let runs), .multiLineString(let runs):
            let start = output.count
            output.append(littleEndian: try count(runs.count))
            var end = 0
            for run in runs {
                end += run.count
                output.append(littleEndian: try count(end))
            }
            output.pad8(from: start)
            for run in runs { output.append(run, hasAltitude: hasAltitude) }
        case .multiPolygon(let polygons):
            try append(polygons, hasAltitude: hasAltitude, to: &output)
        case .geometryCollection(let members):
            output.append(littleEndian: try count(members.count))
            output.append(littleEndian: 0 as UInt32)
            for member in members {
                output.append(littleEndian: UInt32(member.recordKind))
                let lengthAt = output.count
                output.append(littleEndian: 0 as UInt32)
                try append(member, hasAltitude: hasAltitude, to: &output)
                output.overwrite(try count(output.count - lengthAt - 4), at: lengthAt)
            }
        }
        if output.count > 2 * lengthMax { throw tooManyPositions }
    }

    private static func append(
        _ polygons: [[[Position]]], hasAltitude: Bool, to output: inout OutputBuffer
    ) throws {
        let start = output.count
        var ringCount = 0
        for rings in polygons { ringCount += rings.count }
        output.append(littleEndian: try count(polygons.count))
        output.append(littleEndian: try count(ringCount))
        ringCount = 0
        for rings in polygons {
            ringCount += rings.count
            output.append(littleEndian: UInt32(ringCount))
        }
        var end = 0
        for rings in polygons {
            for ring in rings {
                end += ring.count
                output.append(littleEndian: try count(end))
            }
        }
        output.pad8(from: start)
        for rings in polygons {
            for ring in rings { output.append(ring, hasAltitude: hasAltitude) }
        }
    }

    private static func count(_ value: Int) throws -> UInt32 {
        guard value <= lengthMax else { throw tooManyPositions }
        return UInt32(value)
    }

    private static var tooManyPositions: FormDBError {
        FormDBError(.tooLarge, "a geometry of more than \(lengthMax) bytes")
    }

    // MARK: Extras

    private static func appendExtras(
        of feature: UnsafePointer<FeatureParts>, to output: inout OutputBuffer
    ) throws {
        let timeSource = unsafe feature.pointee.time?.source
        let count =
            unsafe (feature.pointee.bbox == nil ? 0 : 1)
            + (feature.pointee.foreign == nil ? 0 : 1)
            + (timeSource == nil ? 0 : 1) + (feature.pointee.geometryForeign == nil ? 0 : 1)
        if count == 0 { return }
        CBOREncoder.appendHead(0xa0, UInt64(count), to: &output)
        if let bbox = unsafe feature.pointee.bbox {
            CBOREncoder.appendHead(0x00, Extra.bbox, to: &output)
            CBOREncoder.appendHead(0x80, UInt64(bbox.count), to: &output)
            for number in bbox { try CBOREncoder.append(number, to: &output) }
        }
        if let foreign = unsafe feature.pointee.foreign {
            CBOREncoder.appendHead(0x00, Extra.foreignMembers, to: &output)
            try CBOREncoder.append(foreign, to: &output, depth: 2)
        }
        if let timeSource {
            CBOREncoder.appendHead(0x00, Extra.time, to: &output)
            try CBOREncoder.append(timeSource, to: &output, depth: 2)
        }
        if let foreign = unsafe feature.pointee.geometryForeign {
            CBOREncoder.appendHead(0x00, Extra.geometryMembers, to: &output)
            try CBOREncoder.append(foreign, to: &output, depth: 2)
        }
    }
}
