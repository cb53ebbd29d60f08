import Foundation
import Testing

@testable import FormDB

struct GeoJSONTests {
    private func readAll(
        _ text: String, _ options: GeoJSONOptions = .strict
    ) throws -> (features: [Feature], reader: GeoJSONReader) {
        let reader = GeoJSONReader(text, options: options)
        var features: [Feature] = []
        while let feature = try reader.next() { features.append(feature) }
        return (features, reader)
    }

    private func write(
        _ features: [Feature], _ format: GeoJSONWriter.Format = .featureCollection,
        members: JSONObject = [:]
    ) throws -> String {
        var bytes: [UInt8] = []
        let sink = unsafe ByteSink { unsafe bytes.append(contentsOf: $0) }
        let writer = try GeoJSONWriter(sink: sink, format: format, collectionMembers: members)
        for feature in features { try writer.write(feature) }
        try writer.finish()
        #expect(writer.bytesWritten == bytes.count && writer.features == features.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    private let ferry = #"""
        {"type":"Feature","id":"ferry","geometry":{"type":"Point","coordinates":[-122.4,37.8]},"properties":{"a":1.0}}
        """#

    @Test func writesWhatItRead() throws {
        for text in [
            ferry,
            #"{"type":"Feature","id":-5,"bbox":[1.0,2.0,3.0,4.0],"time":{"date":"2024-05-01"},"geometry":null,"properties":null}"#,
            #"{"type":"Feature","geometry":{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1.0,2.0,3.0],"x":1},{"type":"LineString","coordinates":[[1.0,2.0],[3.0,4.0]]}],"y":2},"properties":{},"links":[1,2]}"#,
            #"{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,0.0]]],[]],"bbox":[0,0,1,1]},"properties":{}}"#,
            #"{"type":"Feature","time":{"interval":["..","2024-05-01T00:00:00.000Z"],"x":1},"geometry":{"type":"MultiPoint","coordinates":[]},"properties":{}}"#,
        ] {
            let feature = try Feature(geoJSON: text)
            #expect(try feature.geoJSON() == text)
        }
    }

    @Test func membersComeInAnyOrder() throws {
        let collection = #"""
            {"name":"x","features":[
              {"properties":{"n":1},"geometry":{"coordinates":[[[0,0],[0,1],[1,1],[0,0]]],"type":"Polygon"},
               "bbox":[0,0,1,1],"id":1.0,"type":"Feature"},
              {"geometry":{"geometries":[{"coordinates":[1,2],"type":"Point"}],"type":"GeometryCollection"},
               "type":"Feature","properties":null}
            ],"extra":{"a":[1,2]},"type":"FeatureCollection"}
            """#
        let (features, reader) = try readAll(collection)
        #expect(features.count == 2 && features[0].id == 1)
        #expect(features[1].geometry == .geometryCollection([.point(longitude: 1, latitude: 2)]))
        #expect(reader.collectionMembers == ["name": "x", "extra": ["a": [1, 2]]])
        #expect(reader.report.features == 2)
        #expect(reader.bytesRead == reader.byteCount)
    }

    @Test func linesSequencesGeometriesAndSingleFeatures() throws {
        #expect(try readAll(ferry).features.count == 1)
        #expect(try readAll("\(ferry)\n\(ferry)\r\n\n\(ferry)").features.count == 3)
        #expect(try readAll("\u{1e}\(ferry)\n\u{1e}\(ferry)\n").features.count == 2)
        #expect(
            try readAll(#"{"type":"Point","coordinates":[1,2]}"#).features[0].geometry
                == .point(longitude: 1, latitude: 2))
        #expect(try readAll("").features.isEmpty && readAll(" \n").features.isEmpty)
        #expect(try readAll(#"{"type":"FeatureCollection","features":[]}"#).features.isEmpty)
        // A feature may have a foreign member of that name.
        let odd = #"{"type":"Feature","features":[1],"geometry":null,"properties":null}"#
        #expect(try readAll(odd).features[0].foreignMembers == ["features": [1]])
    }

    @Test(arguments: [
        "[]", "1", "{}", "{", #"{"type":"Feature"}"#, #"{"type":"FeatureCollection"}"#,
        #"{"type":"FeatureCollection","features":{}}"#,
        #"{"type":"FeatureCollection","features":[1]}"#,
        #"{"type":"FeatureCollection","features":[{}"#,
        #"{"type":"FeatureCollection","features":[]"#,
        #"{"type":"FeatureCollection","features":[]}}"#,
        #"{"type":"FeatureCollection","features":[],"features":[]}"#,
        #"{"type":"FeatureCollection","type":"FeatureCollection","features":[],"a":1,"a":2}"#,
        #"{"features":[],"type":"Feature"}"#, #"{"features":[]}"#,
        #"{"type":"Feature","geometry":{"type":"Circle","coordinates":[1,2]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"coordinates":[1,2]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point"},"properties":{}}"#,
        #"{"type":"Feature","geometry":5,"properties":{}}"#,
        #"{"type":"Feature","geometry":null,"properties":[]}"#,
        #"{"type":"Feature","geometry":null,"properties":{},"id":true}"#,
        #"{"type":"Feature","geometry":null,"properties":{},"id":1.5}"#,
        #"{"type":"Feature","geometry":null,"properties":{},"id":""}"#,
        #"{"type":"Feature","geometry":null,"properties":{},"id":1e300}"#,
        #"{"type":"Feature","geometry":null,"geometry":null,"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[1]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":["1","2"]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[[1,2]]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,91]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[541,1]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,null]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2,"x"]},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"GeometryCollection"},"properties":{}}"#,
        #"{"type":"Feature","geometry":{"type":"GeometryCollection","geometries":[null]},"properties":{}}"#,
    ])
    func refuses(_ text: String) {
        #expect(throws: FormDBError.self) { try readAll(text) }
    }

    /// Strict refuses; lenient takes and counts.
    @Test func lenientReadingTakesWhatItCan() throws {
        func feature(_ geometry: String, _ more: String = "") -> String {
            #"{"type":"Feature","geometry":\#(geometry),"properties":{}\#(more)}"#
        }
        let cases: [(String, KeyPath<GeoJSONReport, Int>?)] = [
            (feature(#"{"type":"Point","coordinates":[1,2,3,4]}"#), \.droppedNumbers),
            (feature(#"{"type":"Point","coordinates":[]}"#), \.emptyPoints),
            (feature(#"{"type":"LineString","coordinates":[[1,2]]}"#), nil),
            (feature(#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}"#), nil),
            (feature(#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[2,2]]]}"#), nil),
            (feature("null", #","a":1,"a":2"#), \.duplicateKeys),
            (feature("null", #","id":null"#), nil),
            (feature("null", #","bbox":[1]"#), \.droppedBoxes),
            (feature("null", #","time":5"#), \.unreadTimes),
            (feature("null", #","time":{"date":"x"}"#), \.unreadTimes),
            (#"{"type":"Feature","geometry":null}"#, nil),
            (#"{"geometry":null,"properties":{}}"#, nil),
            ("\u{feff}" + feature("null"), nil),
        ]
        for (text, counter) in cases {
            #expect(throws: FormDBError.self, "\(text)") { try readAll(text) }
            let (features, reader) = try readAll(text, .lenient)
            #expect(features.count == 1)
            if let counter { #expect(reader.report[keyPath: counter] == 1, "\(text)") }
        }
        let kept = try readAll(feature("null", #","time":5"#), .lenient).features[0]
        #expect(kept.time == nil && kept.foreignMembers == ["time": 5])
        #expect(try kept.geoJSON().contains(#""time":5"#))
    }

    @Test func otherReferenceSystemsAreRefused() throws {
        func text(_ name: String, first: Bool) -> String {
            let crs = #""crs":{"type":"name","properties":{"name":"\#(name)"}}"#
            return first
                ? #"{"type":"FeatureCollection",\#(crs),"features":[]}"#
                : #"{"type":"FeatureCollection","features":[],\#(crs)}"#
        }
        for first in [true, false] {
            for good in [
                "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326",
                "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            ] { #expect(try readAll(text(good, first: first)).features.isEmpty) }
            for bad in ["EPSG:3857", "urn:ogc:def:crs:EPSG::25832", "", "EPSG:14326"] {
                #expect(throws: FormDBError.self) { try readAll(text(bad, first: first), .lenient) }
            }
        }
    }

    @Test func placeOnlyFeaturesAreCounted() throws {
        let text =
            #"{"type":"Feature","geometry":null,"properties":{},"place":{"type":"Point"},"coordRefSys":"x"}"#
        let (features, reader) = try readAll(text)
        #expect(reader.report.placeOnlyFeatures == 1)
        #expect(features[0].foreignMembers.keys == ["place", "coordRefSys"])
    }

    @Test func aPropertyCanBeTheTime() throws {
        var options = GeoJSONOptions.strict
        options.timeProperty = "t"
        func time(_ value: String, _ member: String = "") throws -> FeatureTime? {
            try readAll(
                #"{"type":"Feature","geometry":null,"properties":{"t":\#(value)}\#(member)}"#,
                options
            ).features[0].time
        }
        #expect(try time("1500") == .instant(Timestamp(microseconds: 1_500_000)))
        #expect(try time("-1") == .instant(Timestamp(microseconds: -1000)))
        #expect(try time("1.5") == .instant(Timestamp(microseconds: 1500)))
        #expect(try time("null") == nil)
        #expect(try time(#""2024-05-01""#)?.granularity == .day)
        #expect(
            try time("5", #","time":{"timestamp":"1970-01-01T00:00:00Z"}"#)?.start.microseconds == 0
        )
        #expect(throws: FormDBError.self) { try time(#""soon""#) }
        #expect(throws: FormDBError.self) { try time("9223372036854775807") }
        #expect(throws: FormDBError.self) { try time("true") }
    }

    @Test func errorsNameTheLineAcrossChunks() throws {
        var text = #"{"type":"FeatureCollection","features":["# + "\n"
        for _ in 0..<10_000 { text += ferry + ",\n" }
        text += #"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,"# + "\n95]}}]}"
        do {
            _ = try readAll(text)
            Issue.record("read a latitude of 95")
        } catch {
            let error = error as? FormDBError
            #expect(error?.line == 10_002 && error?.code == .invalidCoordinate)
        }
    }

    @Test func aLargeInputIsReadInBoundedPieces() throws {
        // One feature larger than a chunk, then many small ones.
        let ring = (0..<60_000).map { "[\(Double($0) / 1000),0]" }.joined(separator: ",")
        let large =
            #"{"type":"Feature","geometry":{"type":"LineString","coordinates":[\#(ring)]},"properties":{}}"#
        let text = ([large] + Array(repeating: ferry, count: 5000)).joined(separator: "\n")
        #expect(try readAll(text).features.count == 5001)
        var options = GeoJSONOptions.strict
        options.limits.recordBytes = 300_000
        #expect(throws: FormDBError.self) { try readAll(text, options) }
        options.limits = InputLimits(elements: 1000)
        #expect(throws: FormDBError.self) { try readAll(text, options) }
    }

    @Test func deepCollectionsAreRefused() {
        let deep =
            String(repeating: #"{"type":"GeometryCollection","geometries":["#, count: 40)
            + String(repeating: "]}", count: 40)
        #expect(throws: FormDBError.self) { try readAll(deep) }
        #expect(throws: FormDBError.self) {
            try readAll(String(repeating: #"{"geometry":"#, count: 100_000), .lenient)
        }
    }

    @Test(arguments: TestData.geoJSONFiles)
    func sampleFilesRoundTripThroughTextAndRecords(_ name: String) throws {
        let reader = try GeoJSONReader(contentsOf: TestData.url(name))
        var features: [Feature] = []
        var record = OutputBuffer()
        while let feature = try reader.next() {
            features.append(feature)
            record.removeAll()
            try FeatureRecord.append(feature, id: feature.id ?? 1, to: &record)
            var read = unsafe try record.withBytes { unsafe try FeatureRecordView($0).feature() }
            if feature.id == nil { read.id = nil }
            #expect(read == feature)
        }
        if TestData.isComplete { #expect(features.count == TestData.rowCounts[name]) }
        #expect(reader.bytesRead == reader.byteCount)
        for format in [GeoJSONWriter.Format.featureCollection, .newlineDelimited, .textSequence] {
            let text = try write(features, format, members: reader.collectionMembers)
            let again = try readAll(text)
            #expect(again.features == features)
            if format == .featureCollection {
                #expect(again.reader.collectionMembers == reader.collectionMembers)
                #expect(try write(again.features, members: reader.collectionMembers) == text)
            }
        }
    }

    @Test func randomFeaturesRoundTripThroughText() throws {
        var random = SeededGenerator.printed()
        let features = (0..<2000).map { _ in RandomValues.feature(&random) }
        let text = try write(features)
        var options = GeoJSONOptions.lenient  // random lines and rings are too short
        options.limits.depth = 128
        let read = try readAll(text, options).features
        #expect(read.count == features.count)
        for (a, b) in zip(read, features) { #expect(a == b) }
    }

    @Test func damagedTextNeverCrashes() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<2000 {
            let features = (0..<3).map { _ in RandomValues.feature(&random) }
            var bytes = [UInt8](try write(features).utf8)
            for _ in 0..<(1 + random.next() % 4) {
                let index = Int(random.next() % UInt64(bytes.count))
                bytes[index] = Array(#"{}[]",:\ 0e-"#.utf8).randomElement(using: &random)!
            }
            let reader = GeoJSONReader(bytes, options: random.next() % 2 == 0 ? .strict : .lenient)
            while let feature = try? reader.next() { _ = feature }
        }
    }

    @Test func filesThatAreNotThere() {
        do {
            _ = try GeoJSONReader(contentsOf: URL(fileURLWithPath: "/nowhere/at/all.geojson"))
            Issue.record("opened a file that is not there")
        } catch { #expect((error as? FormDBError)?.code == .missingFile) }
        #expect(throws: FormDBError.self) {
            try GeoJSONReader(contentsOf: URL(string: "https://example.org/x.geojson")!)
        }
    }
}
