import FormDB
import Foundation

/// A first walk through FormDB: write, ask, correct, and see who wrote what.
@main
struct Tour {
    static func main() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "formdb-tour-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let db = try Database(at: folder)
        let me = Provenance(
            actor: "tour", kind: .person, source: "notebook", reason: "a first walk")
        let noon = try Timestamp(iso8601: "2024-05-01T12:00:00Z")

        // One transaction: everything in it is on disk when write returns, or nothing is.
        let commit = try db.write(by: me) { tx in
            let places = [
                ("Ferry Building", -122.3937, 37.7955), ("Coit Tower", -122.4058, 37.8024),
                ("Alcatraz", -122.4230, 37.8267),
            ]
            for (minute, (name, longitude, latitude)) in places.enumerated() {
                try tx.insert(
                    Feature(
                        geometry: .point(longitude: longitude, latitude: latitude),
                        properties: ["name": .string(name)],
                        time: .instant(noon + .seconds(60 * minute))), into: "places")
            }
            for minute in 0..<60 {
                let bpm = 90 + 20 * sin(Double(minute) / 9)
                try tx.append(DataPoint(at: noon + .seconds(60 * minute), bpm), to: "heart-rate")
            }
        }
        print("transaction \(commit.sequence), block \(commit.block)")

        let here = Position(longitude: -122.40, latitude: 37.80)
        for near in try db.features(in: "places").nearest(to: here, limit: 2).fetchAll() {
            print(near.feature.properties?["name"] ?? .null, "at", near.distance)
        }
        let early = try db.features(in: "places").during(noon..<noon + .seconds(60)).fetchCount()
        print("seen in the first minute:", early)
        for window in try db.series("heart-rate").windows(.minutes(15)).mean() {
            print(window.start, window.value ?? .nan)
        }

        try db.write(by: Provenance(actor: "editor", reason: "full name")) { tx in
            try tx.merge(2, in: "places", patch: ["name": "Coit Memorial Tower"])
        }
        try db.journal().forEach { print($0) }
        try db.close()
    }
}
