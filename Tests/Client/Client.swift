import FormDB
import Foundation

/// A program outside of the package, with nothing but the public API.
@main
struct Client {
    static func main() async throws {
        let db = try Database.inMemory()
        let start = Timestamp(microseconds: 0)
        try await db.write(by: Provenance(actor: "client", kind: "test")) { tx in
            for number in 0..<10 {
                try tx.insert(
                    Feature(
                        geometry: .point(longitude: 179 + Double(number) / 10, latitude: 0),
                        properties: ["name": "place", "floors": .int(Int64(number))],
                        time: .instant(start + .seconds(number))), into: "places")
            }
            try tx.insert(
                Feature(
                    id: "ferry", geometry: .point(longitude: -122.39, latitude: 37.8),
                    properties: ["name": "Ferry Building", "note": .null]), into: "places")
            try tx.createSeries("pulse", fields: ["bpm", "load"])
            for number in 0..<600 {
                try tx.append(
                    DataPoint(at: start + .seconds(number), 60 + Double(number % 40), 0.5),
                    to: "pulse")
            }
        }
        var streamed = 0
        for try await _ in db.features(in: "places").stream { streamed += 1 }
        let answered = try Queries(db: db).ask()
        print(
            "types \(publicTypes.count), streamed \(streamed), answered \(answered) of \(Queries.count)"
        )
        try db.close()
    }
}
