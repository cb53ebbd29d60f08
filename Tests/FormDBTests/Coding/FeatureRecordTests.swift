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
