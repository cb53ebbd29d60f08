import Foundation
import Testing

@testable import FormDB

private struct Quake: Codable, Hashable {
    struct Source: Codable, Hashable {
        var net: String
        var weight: Double
    }
    enum Status: String, Codable { case automatic, reviewed }

    var magnitude: Double
    var type: String
    var status: Status?
    var felt: Int?
    var sources: [Source]
    var updated: Timestamp
    var further: JSONObject = [:]

    static let magnitude = Field<Quake, Double>("magnitude")
    static let type = Field<Quake, String>("type")
    static let updated = Field<Quake, Timestamp>("updated")
    static let felt = Field<Quake, Int>("felt")
    static let codes = Field<Quake, [String]>("codes")
}

@Suite("Typed records")
struct TypedRecordTests {
    private let quake = Quake(
        magnitude: 5, type: "earthquake", status: .reviewed, felt: nil,
        sources: [.init(net: "us", weight: 0.5), .init(net: "ak", weight: 1)],
        updated: Timestamp(microseconds: 1_700_000_000_250_000),
        further: ["z": 1, "a": [.null, 2.5]])

    @Test("What is encoded is decoded as the same, through the store too")
    func roundTrip() throws {
        let directory = TemporaryDirectory()
        let db = try Database(at: directory.url)
        let feature = try Feature(
            id: 7, geometry: .point(longitude: 1, latitude: 2), time: .instant(quake.updated),
            value: quake)
        #expect(feature.properties?["felt"] == nil)
        #expect(
            feature.properties?["sources"] == [
                ["net": "us", "weight": 0.5], ["net": "ak", "weight": 1],
            ])
        try db.write { tx in try tx.insert(feature, into: "quakes") }
        let stored = try #require(try db.features(in: "quakes").fetchOne())
        let record = try stored.record(as: Quake.self)
        #expect(record.value == quake)
        #expect(
            record.id == 7 && record.geometry == feature.geometry && record.time == feature.time)
        #expect(try Feature(record) == feature)
        let request = db.features(in: "quakes", as: Quake.self).order(by: .id)
        #expect(try request.fetchAll() == [record] && request.fetchOne() == record)
        #expect(try request.fetchCount() == 1)
        let predicate = try CorePredicate(Quake.magnitude >= 5 && Quake.updated < .max)
        try db.features(in: "quakes").withAnswer { view, positions in
            view.filter(positions, predicate)
            #expect(positions.count == 1)
        }
        try db.close()
    }

    @Test("A cursor and a stream give what fetching gives, and go on behind what does not fit")
    func cursorAndStream() async throws {
        let db = try Database.inMemory()
        try await db.write { tx in
            for id in 1...40 {
                var value = quake
                value.magnitude = Double(id % 9)
                try tx.insert(
                    Feature(id: .integer(Int64(id)), geometry: nil, value: value), into: "quakes")
            }
        }
        let strong = db.features(in: "quakes", as: Quake.self).filter(Quake.magnitude >= 5)
        let all = try strong.order(by: .id).fetchAll()
        #expect(all.count == 16)
        let cursor = try strong.cursor()
        #expect(try cursor.next() == all[0])
        #expect(try cursor.fetchAll() == Array(all.dropFirst()) && cursor.next() == nil)
        var streamed: [Feature.Record<Quake>] = []
        for try await record in strong.stream { streamed.append(record) }
        #expect(streamed == all)

        try await db.write { tx in
            try tx.upsert(Feature(id: 2, geometry: nil, properties: [:]), into: "quakes")
        }
        let rest = try db.features(in: "quakes", as: Quake.self).cursor()
        #expect(try rest.next()?.id == 1)
        #expect(throws: FormDBError.self) { try rest.next() }
        #expect(try rest.next()?.id == 3)
    }

    @Test("An error names the feature, the key and what was found")
    func errors() throws {
        func message(_ properties: JSONObject) throws -> String {
            let feature = Feature(id: "q", geometry: nil, properties: properties)
            do {
                _ = try feature.record(as: Quake.self)
                return "nothing thrown"
            } catch let error as FormDBError {
                #expect(error.code == .malformed)
                return error.message
            }
        }
        var properties = try JSONObject(encoding: quake)
        properties["magnitude"] = nil
        #expect(try message(properties) == "feature \"q\" is no Quake: magnitude is missing")
        properties["magnitude"] = "big"
        #expect(
            try message(properties)
                == "feature \"q\" is no Quake: magnitude: a number is expected, and it is \"big\"")
        properties["magnitude"] = .null
        #expect(
            try message(properties)
                == "feature \"q\" is no Quake: magnitude: a number is expected, and it is null")
        properties["magnitude"] = .int((1 << 53) + 1)
        #expect(try message(properties).hasSuffix("magnitude: 9007199254740993 is no Double"))
        properties["magnitude"] = 5
        properties["felt"] = 2.5
        #expect(try message(properties).hasSuffix("felt: 2.5 is no Int"))
        properties["felt"] = 2.0
        properties["sources"] = [["net": "us", "weight": 1], ["net": "us"]]
        #expect(try message(properties).hasSuffix("sources.[1].weight is missing"))
        properties["sources"] = []
        properties["status"] = "unheard"
        #expect(try message(properties).contains("status"))
        #expect(throws: FormDBError.self) { try Feature(geometry: nil, value: [1, 2]) }
        #expect(throws: FormDBError.self) { try Feature(geometry: nil, value: ["a": Double.nan]) }
    }

    @Test("Types that encode themselves in unusual ways")
    func unusual() throws {
        class Base: Codable { var a = 1 }
        class Derived: Base {
            var b = [[1], []] as [[Int]]
            enum Key: CodingKey { case b }
            override init() { super.init() }
            required init(from decoder: any Decoder) throws {
                b = try decoder.container(keyedBy: Key.self).decode([[Int]].self, forKey: .b)
                try super.init(from: decoder)
            }
            override func encode(to encoder: any Encoder) throws {
                try super.encode(to: encoder)
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(b, forKey: .b)
            }
        }
        let object = try JSONObject(encoding: Derived())
        #expect(object == ["a": 1, "b": [[1], []]])
        let again = try Feature(geometry: nil, properties: object).value(as: Derived.self)
        #expect(again.a == 1 && again.b == [[1], []])

        enum Shape: Codable, Equatable { case circle(radius: Double), none }
        let shapes: [String: [Shape?]] = ["x": [.circle(radius: 2), nil, Shape.none]]
        let encoded = try JSONObject(encoding: shapes)
        #expect(encoded == ["x": [["circle": ["radius": 2]], .null, ["none": [:]]]])
        #expect(try Feature(geometry: nil, properties: encoded).value() == shapes)
        struct Empty: Codable {}
        #expect(try JSONObject(encoding: Empty()).isEmpty)
        _ = try Feature(geometry: nil).value(as: Empty.self)
        let big: [String: UInt64] = ["x": .max]
        #expect(try Feature(geometry: nil, value: big).value() == big)
    }

    @Test("Decoding agrees with Foundation's decoder where both can decode")
    func foundation() throws {
        let text = try JSONObject(encoding: quake).jsonText()
        let other = try JSONDecoder().decode(Quake.self, from: Data(text.utf8))
        #expect(other == quake)
    }

    @Test("Fields make the same filters as properties")
    func fields() {
        #expect(
            (Quake.magnitude >= 5 && Quake.type == "x")
                == (.property("magnitude") >= 5 && .property("type") == "x"))
        #expect(Quake.magnitude.between(2.5...4) == PropertyPath("magnitude").between(2.5, and: 4))
        #expect(Quake.type.beginsWith("q") == PropertyPath("type").beginsWith("q"))
        #expect(Quake.type.isIn(["a", "b"]) == PropertyPath("type").isIn(["a", "b"]))
        #expect(Quake.codes.containsElement("us") == PropertyPath("codes").containsElement("us"))
        let time = Timestamp(microseconds: 5)
        #expect((Quake.updated < time) == (PropertyPath("updated").asTimestamp < time))
        #expect(Quake.felt.isNull == PropertyPath("felt").isNull)
        #expect(Quake.updated.path.reading == .timestamp)
    }
}
