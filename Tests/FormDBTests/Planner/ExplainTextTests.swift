import Foundation
import Testing

// What explanations say, to the letter.
@testable import FormDB

/// The texts are in `Fixtures/explain`, one file a plan. Where a change of them is meant (of the costs, say),
/// `FORMDB_RENEW_TEXTS=1 make test` writes them anew, to be read before they are committed.
@Suite("Explanations, to the letter")
struct ExplainTextTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/explain")

    /// The same each time: 5,000 points, most of them in one corner, and an index.
    private static func filled() throws -> Database {
        let database = try Database.inMemory()
        var random = SeededGenerator(seed: 11)
        let day: Int64 = 86_400_000_000
        try database.write { tx in
            for id in 0..<5_000 {
                let reach = id % 10 == 0 ? 90.0 : 5.0
                let place = Geometry.point(
                    longitude: Double.random(in: -reach...reach, using: &random),
                    latitude: Double.random(in: -reach...reach, using: &random))
                try tx.insert(
                    Feature(
                        id: .integer(Int64(id)), geometry: place,
                        properties: [
                            "magnitude": .double(
                                Double(Int.random(in: 0..<90, using: &random)) / 10),
                            "kind": .string(id % 3 == 0 ? "quake" : "blast"),
                        ],
                        time: .instant(
                            Timestamp(microseconds: Int64.random(in: 0..<365 * day, using: &random))
                        )), into: "quakes")
            }
            try tx.createIndex(on: .property("magnitude"), in: "quakes")
        }
        return database
    }

    private static let week =
        Timestamp(microseconds: 0)..<Timestamp(microseconds: 7 * 86_400_000_000)

    private static let questions: [(name: String, query: FeatureQuery)] = {
        let all = FeatureQuery(in: "quakes")
        let box = BoundingBox(west: -2, south: -2, east: 2, north: 2)
        let strong = PropertyPath("magnitude") >= 8.5
        let kind = PropertyPath("kind") == "quake"
        return [
            ("everything", all),
            ("box", all.bounds(intersecting: box).limit(10)),
            ("box-and-week", all.bounds(intersecting: box).during(week)),
            ("strong", all.filter(strong && kind)),
            ("beyond-all", all.filter(PropertyPath("magnitude") >= 100 && kind)),
            ("strong-in-week", all.filter(strong).during(week).order(by: .id)),
            ("latest", all.filter(kind).order(by: .time, descending: true).limit(5)),
            (
                "strongest",
                all.order(by: .property(.property("magnitude")), descending: true).limit(3)
            ),
            ("ids", all.ids(1, 2, 3).bounds(within: box)),
            (
                "nearest",
                all.filter(kind).nearest(to: Position(longitude: 1, latitude: 1), limit: 4)
            ),
        ]
    }()

    @Test("are those of the files", arguments: questions.map(\.name))
    func texts(name: String) throws {
        let query = try #require(Self.questions.first { $0.name == name }).query
        let text = try Self.filled().features(query).explain().description + "\n"
        let file = Self.folder.appendingPathComponent("\(name).txt")
        if EnvironmentReader.value("FORMDB_RENEW_TEXTS") != nil {
            try Data(text.utf8).write(to: file)
        }
        let kept = try String(decoding: Data(contentsOf: file), as: UTF8.self)
        #expect(text == kept, "FORMDB_RENEW_TEXTS=1 writes it anew")
    }
}
