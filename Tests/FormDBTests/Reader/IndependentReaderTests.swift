import FormDB
import Foundation
import Testing

/// Tests/reader/formdb_dump.py knows docs/FORMAT.md and none of this code; both must read the same.
@Suite("Independent reader")
struct IndependentReaderTests {
    @Test("A reader written from the format alone dumps what the library's journal says")
    func dumpsAlike() throws {
        let directory = TemporaryDirectory()
        try writeEverything(to: directory.path)
        let lines = try dump(directory.url)
        let database = try Database(path: directory.path)
        defer { try? database.close() }
        let blocks = try database.journal().fetchAll()
        #expect(lines.count == blocks.count)
        #expect(blocks.count > 20)
        var compared = 0
        for (line, block) in zip(lines, blocks) {
            #expect(line["sequence"]?.intValue == Int64(block.sequence))
            #expect(line["id"]?.stringValue == block.id.description)
            #expect(line["previous"]?.stringValue == block.previous.description)
            #expect(line["wall_time_us"]?.intValue == block.time.microseconds)
            let operations = try #require(line["operations"]?.arrayValue)
            try #require(operations.count == block.operations.count)
            for (theirs, ours) in zip(operations, block.operations) {
                try compare(theirs, ours)
                compared += 1
            }
        }
        #expect(compared > 300)
    }

    /// Uses every operation that the journal knows, and more than one log file.
    private func writeEverything(to path: String) throws {
        var configuration = Database.Configuration()
        configuration.logFileBytes = 64 << 10
        let database = try Database(path: path, configuration: configuration)
        let by = Provenance(actor: "tester", source: "random", reason: "a reader's test")
        let ring: [Position] = [
            Position(longitude: 1, latitude: 1), Position(longitude: 5, latitude: 1),
            Position(longitude: 5, latitude: 5), Position(longitude: 1, latitude: 1),
        ]
        for round in 0..<24 {
            try database.write(by: by) { transaction in
                for number in 0..<10 {
                    let id = Int64(round * 10 + number)
                    let feature = Feature(
                        id: number % 3 == 0 ? .text("id-\(id)-é") : .integer(id),
                        geometry: number % 4 == 0
                            ? .polygon([ring])
                            : .point(longitude: Double(id) / 7, latitude: -12.5),
                        properties: [
                            "n": .int(id), "half": 0.5, "text": "æ", "list": [1, .null, true],
                        ] as JSONObject,
                        time: number % 2 == 0 ? .instant(Timestamp(microseconds: id * 1000)) : nil)
                    try transaction.upsert(feature, into: "places")
                }
                try transaction.append(
                    (0..<50).map {
                        DataPoint(
                            at: Timestamp(microseconds: Int64(round * 50 + $0)), Double($0) / 8)
                    }, to: "pulse")
                if round > 2 {
                    try transaction.merge(
                        .text("id-0-é"), in: "places", patch: ["round": .int(Int64(round))])
                    try transaction.delete(.integer(Int64(round * 10 - 8)), in: "places")
                    try transaction.delete(
                        series: "pulse",
                        during: TimeRange(
                            start: Timestamp(microseconds: Int64(round)),
                            end: Timestamp(microseconds: Int64(round + 2))))
                }
                if round == 4 {
                    try transaction.createIndex(on: "n", in: "places")
                    try transaction.createIndex(
                        on: .property("address", "é").asTimestamp, in: "places")
                }
                if round == 6 { try transaction.dropIndex(on: "n", in: "places") }
                if round == 5 { try transaction.createCollection("extra") }
                if round == 6 { try transaction.rename(collection: "extra", to: "other") }
                if round == 7 { try transaction.drop(collection: "other") }
            }
        }
        try database.close()
    }

    private func dump(_ directory: URL) throws -> [JSONValue] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = root.appendingPathComponent("reader/formdb-dump")
        process.arguments = [directory.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.readToEnd()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "the reader refuses the store")
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try JSONValue(jsonText: String(decoding: $0, as: UTF8.self))
        }
    }

    private func compare(_ theirs: JSONValue, _ ours: JournalOperation) throws {
        #expect(theirs["tag"]?.stringValue == ours.kind.description)
        #expect(theirs["target"]?.intValue == Int64(ours.targetID))
        if let property = theirs["property"] {
            #expect(property == .array(ours.property?.names.map { .string($0) } ?? []))
        }
        #expect(theirs["provenance"]?["actor"]?.stringValue == ours.provenance.actor)
        guard let record = theirs["record"], let feature = try ours.feature() else { return }
        switch feature.id {
        case .integer(let id)?: #expect(record["id"] == .int(id))
        case .text(let id)?: #expect(record["id"] == .string(id))
        case nil: Issue.record("a feature in the journal has an id")
        }
        #expect(record["properties"]?.objectValue == feature.properties)
        if case .point(let position)? = feature.geometry {
            #expect(
                record["geometry"]?["coordinates"]
                    == .array([.double(position.longitude), .double(position.latitude)]))
        }
    }
}
