import Testing

@testable import FormDB

struct FeatureRecordTests {
    private func encode(
        _ feature: Feature, id: FeatureID = 1, keepsGeometry: Bool = false
    ) throws -> [UInt8] {
        var output = OutputBuffer(capacity: 64)
        output.append(littleEndian: 0 as UInt64)  // records need not come first
        try FeatureRecord.append(feature, id: id, keepsGeometry: keepsGeometry, to: &output)
        return Array(output.bytes.dropFirst(8))
    }

    private func decode(_ bytes: [UInt8]) throws -> Feature {
        unsafe try bytes.withUnsafeBytes { unsafe try FeatureRecordView($0).feature() }
    }

    @Test func aPointIsLaidOutAsDocumented() throws {
        let feature = Feature(
            geometry: .point(longitude: 1, latitude: 2), properties: ["a": 1],
            time: .instant(Timestamp(microseconds: 3)))
        let bytes: [UInt8] =
            // length, version, kind, flags (time, text id), zero
            [72, 0, 0, 0, 1, 1, 6, 0]
            // id length; lengths of geometry, properties, extras; zeros
            + [2, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            // start and end
            + [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
            // longitude and latitude
            + [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40]
            // {"a": 1}, "hi", zeros
            + [0xa1, 0x61, 0x61, 0x01, 0x68, 0x69, 0, 0]
        #expect(try encode(feature, id: "hi") == bytes)
    }

    @Test func aBoxIsLaidOutAsDocumented() throws {
        let box = Geometry.rectangle(BoundingBox(west: 1, south: -0.0, east: 2, north: 0))
        let bytes: [UInt8] =
            [64, 0, 0, 0, 1, 8, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]
            + [32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            + [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x80]
            + [0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(try encode(Feature(geometry: box), id: 7) == bytes)
        let read = try decode(bytes)
        #expect(read == Feature(id: 7, geometry: box))
        #expect(read.geometry?.rectangleCorners?.south.sign == .minus)
        // As older versions wrote it: a polygon like others.
        var old: [UInt8] =
            [120, 0, 0, 0, 1, 3, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]
            + [88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0, 5, 0, 0, 0]
        let ring: [Double] = [1, -0.0, 2, -0.0, 2, 0, 1, 0, 1, -0.0]
        for number in ring {
            unsafe withUnsafeBytes(of: number.bitPattern.littleEndian) {
                unsafe old.append(contentsOf: $0)
            }
        }
        #expect(try decode(old) == read)
    }

    /// What is a box but for one number, its order or its company keeps all its positions.
    @Test func onlyABoxIsOne() throws {
        let ring = [(-3.5, 1.0), (4.25, 1.0), (4.25, 9.0), (-3.5, 9.0), (-3.5, 1.0)]
            .map { Position(longitude: $0.0, latitude: $0.1) }
        func kind(_ geometry: Geometry) throws -> UInt8 {
            let feature = Feature(id: 1, geometry: geometry)
            let bytes = try encode(feature)
            #expect(try decode(bytes) == feature)
            return bytes[FeatureRecord.atKind]
        }
        #expect(try kind(.polygon([ring])) == FeatureRecord.Kind.rectangle)
        for index in ring.indices {
            for change in 0..<3 {
                var other = ring
                switch change {
                case 0: other[index].longitude = other[index].longitude.nextUp
                case 1: other[index].latitude = other[index].latitude.nextDown
                default: other[index].altitude = 0
                }
                #expect(try kind(.polygon([other])) == FeatureRecord.Kind.polygon)
            }
            if index > 0 && index < 4 {
                let turned = Array(ring[index..<4] + ring[0...index])
                #expect(try kind(.polygon([turned])) == FeatureRecord.Kind.polygon)
            }
        }
        let zero = [(0.0, 0.0), (1, 0), (1, 1), (0, 1), (-0.0, 0)]
            .map { Position(longitude: $0.0, latitude: $0.1) }
        #expect(try kind(.polygon([zero])) == FeatureRecord.Kind.polygon)
        #expect(try kind(.polygon([ring.reversed()])) == FeatureRecord.Kind.polygon)
        #expect(try kind(.polygon([ring, ring])) == FeatureRecord.Kind.polygon)
        #expect(try kind(.polygon([ring + [ring[0]]])) == FeatureRecord.Kind.polygon)
        #expect(try kind(.multiLineString([ring])) == FeatureRecord.Kind.multiLineString)
        #expect(
            try kind(.geometryCollection([.polygon([ring])])) == FeatureRecord.Kind.collection)
        let flat = [Position](repeating: ring[0], count: 5)
        #expect(try kind(.polygon([flat])) == FeatureRecord.Kind.rectangle)
    }

    @Test func aBoxThatIsNoneIsRefused() throws {
        let bytes = try encode(
            Feature(geometry: .rectangle(BoundingBox(west: 1, south: 2, east: 3, north: 4))))
        var raised = bytes
        raised[FeatureRecord.atFlags] |= FeatureRecord.Flags.hasZ
        #expect(throws: FormDBError.self) { try decode(raised) }
        var short = bytes
        short[FeatureRecord.atGeometryBytes] = 24
        #expect(throws: FormDBError.self) { try decode(short) }
        var unknown = bytes
        unknown[FeatureRecord.atKind] = 9
        #expect(throws: FormDBError.self) { try decode(unknown) }
    }

    @Test func nullsAndEmptiesStayApart() throws {
        for feature in [
            Feature(id: 1, geometry: nil), Feature(id: 1, geometry: nil, properties: [:]),
            Feature(id: 1, geometry: .multiPoint([]), properties: [:]),
            Feature(id: 1, geometry: .lineString([])), Feature(id: 1, geometry: .polygon([])),
            Feature(id: 1, geometry: .polygon([[]])), Feature(id: 1, geometry: .multiPolygon([])),
            Feature(id: 1, geometry: .multiPolygon([[], [[]]])),
            Feature(id: 1, geometry: .geometryCollection([])),
        ] {
            #expect(try decode(encode(feature)) == feature)
        }
    }

    @Test func randomFeaturesRoundTrip() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<5000 {
            let feature = RandomValues.feature(&random)
            let bytes = try encode(feature, id: feature.id!)
            #expect(bytes.count % 8 == 0)
            let read = try decode(bytes)
            #expect(read == feature)
            #expect(read.time?.source == feature.time?.source)
            #expect(try encode(read, id: read.id!) == bytes)
            unsafe try bytes.withUnsafeBytes { bytes in
                let view = unsafe try FeatureRecordView(bytes)
                #expect(try view.id() == feature.id)
                #expect(try view.geometry() == feature.geometry)
                #expect(try view.properties() == feature.properties)
                #expect(try view.time() == feature.time)
                if case .point(let position) = feature.geometry { #expect(view.point == position) }
                for (key, value) in feature.properties ?? [:] {
                    #expect(try view.property(key) == value)
                }
            }
        }
    }

    @Test func anAmendmentKeepsTheGeometryOfTheVersionBefore() throws {
        let feature = Feature(geometry: .point(longitude: 1, latitude: 2), properties: ["a": 1])
        let bytes = try encode(feature, keepsGeometry: true)
        unsafe try bytes.withUnsafeBytes { bytes in
            let view = unsafe try FeatureRecordView(bytes)
            #expect(view.keepsGeometry && view.kind == FeatureRecord.Kind.none)
            #expect(try view.geometry() == nil && view.properties() == ["a": 1])
        }
    }

    @Test func whatCannotBeStoredIsRefusedAndLeavesTheBufferAsItWas() throws {
        var output = OutputBuffer()
        output.append(littleEndian: 7 as UInt64)
        let point = Geometry.point(longitude: 1, latitude: 2)
        let bad: [(Feature, FeatureID, FormDBError.Code)] = [
            (Feature(geometry: .point(longitude: 1, latitude: 95)), 1, .invalidCoordinate),
            (Feature(geometry: .point(longitude: .nan, latitude: 5)), 1, .invalidCoordinate),
            (Feature(geometry: point, properties: ["a": .double(.nan)]), 1, .invalidArgument),
            (Feature(geometry: point), "", .invalidArgument),
            (Feature(geometry: point), .text(String(repeating: "x", count: 65_536)), .tooLarge),
            (
                Feature(
                    geometry: point,
                    time: .interval(Timestamp(microseconds: 2), Timestamp(microseconds: 1))), 1,
                .invalidArgument
            ),
        ]
        for (feature, id, code) in bad {
            do {
                try FeatureRecord.append(feature, id: id, to: &output)
                Issue.record("stored \(feature)")
            } catch {
                #expect((error as? FormDBError)?.code == code)
            }
            #expect(output.count == 8)
        }
        try FeatureRecord.append(
            Feature(geometry: point), id: .text(String(repeating: "x", count: 65_535)), to: &output)
    }

    @Test func damagedRecordsNeverCrash() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<10_000 {
            let feature = RandomValues.feature(&random)
            var bytes = try encode(feature, id: feature.id!)
            for _ in 0..<(1 + random.next() % 3) {
                let limit = random.next() % 2 == 0 ? min(bytes.count, 80) : bytes.count
                let index = Int(random.next() % UInt64(limit))
                bytes[index] = UInt8(truncatingIfNeeded: random.next() >> (random.next() % 8))
            }
            if random.next() % 4 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            _ = try? decode(bytes)
        }
    }
}
