import FormDB
import Foundation

extension ApiEngineKind {
    static let formdb = ApiEngineKind(name: "formdb") { _ in
        FormDBApi(try .inMemory(configuration: .measured))
    }

    static let formdbDurable = ApiEngineKind(name: "formdb-durable", isOnDisk: true) {
        let directory = try $0.makeDirectory()
        return FormDBApi(try Database(at: directory, configuration: .measured), removing: directory)
    }
}

private final class FormDBApi: ApiEngine {
    private let database: Database
    private let directory: URL?

    init(_ database: Database, removing directory: URL? = nil) {
        self.database = database
        self.directory = directory
    }

    /// Making the features is part of what a user pays.
    func insert(_ rows: ArraySlice<ApiRow>, perTransaction: Int) throws {
        for start in stride(from: rows.startIndex, to: rows.endIndex, by: perTransaction) {
            try database.write { tx in
                for row in rows[start..<min(start + perTransaction, rows.endIndex)] {
                    try tx.insert(
                        Feature(
                            id: .integer(row.id),
                            geometry: .point(longitude: row.longitude, latitude: row.latitude),
                            properties: [
                                "name": .string(row.name), "kind": .string(row.kind),
                                "score": .double(row.score), "visits": .int(row.visits),
                            ]), into: "places")
                }
            }
        }
    }

    private func request(_ box: ApiBox) -> FeatureRequest {
        database.features(in: "places").bounds(
            intersecting: BoundingBox(
                west: box.west, south: box.south, east: box.east, north: box.north))
    }

    func features(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            for feature in try request(box).fetchAll() {
                guard case .integer(let id)? = feature.id, let properties = feature.properties,
                    case .point(let place)? = feature.geometry
                else { throw BenchError("a feature without its parts") }
                answer.rows += 1
                answer.idSum += id
                answer.textBytes += properties["name"]?.stringValue?.utf8.count ?? 0
                answer.textBytes += properties["kind"]?.stringValue?.utf8.count ?? 0
                answer.scoreSum += properties["score"]?.doubleValue ?? 0
                answer.visitSum += properties["visits"]?.intValue ?? 0
                answer.positionSum += place.longitude + place.latitude
            }
        }
        return answer
    }

    func views(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            try request(box).forEachView { view in
                guard case .integer(let id) = view.id, let place = try view.point else {
                    throw BenchError("a feature without its parts")
                }
                answer.rows += 1
                answer.idSum += id
                answer.textBytes += try view.property("name")?.stringValue?.utf8.count ?? 0
                answer.textBytes += try view.property("kind")?.stringValue?.utf8.count ?? 0
                answer.scoreSum += try view.property("score")?.doubleValue ?? 0
                answer.visitSum += try view.property("visits")?.intValue ?? 0
                answer.positionSum += place.longitude + place.latitude
            }
        }
        return answer
    }

    func ids(_ boxes: [ApiBox]) throws -> ApiAnswer {
        var answer = ApiAnswer()
        for box in boxes {
            for id in try request(box).fetchIntegerIDs() { answer.add(id: id) }
        }
        return answer
    }

    func count(_ boxes: [ApiBox]) throws -> Int {
        try boxes.reduce(0) { try $0 + request($1).fetchCount() }
    }

    func close() throws {
        try database.close()
        if let directory { try FileManager.default.removeItem(at: directory) }
    }
}
