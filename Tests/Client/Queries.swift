import FormDB
import Foundation

/// Typical questions, as a user writes them: each must compile quickly.
struct Queries {
    let db: Database
    let box = BoundingBox(west: 170, south: -40, east: -170, north: 40)
    let here = Position(longitude: 179.5, latitude: 0.5)
    let start = Timestamp(microseconds: 0)
    var range: TimeRange { start..<start + .seconds(3600) }

    /// Asks all of them; returns how many had an answer.
    func ask() throws -> Int {
        var answered = 0
        func has(_ isThere: Bool) { if isThere { answered += 1 } }
        let places = db.features(in: "places")
        let pulse = db.series("pulse")

        has(try !places.bounds(intersecting: box).fetchAll().isEmpty)
        has(try places.bounds(within: box).during(range).fetchCount() > 0)
        has(
            try places.during(start...).order(by: .time, descending: true).limit(3).fetchOne()
                != nil)
        has(try places.ids(1, 2, "ferry").fetchIDs().count == 3)
        has(
            try places.nearest(to: here, limit: 5, maxDistance: .kilometers(200)).fetchAll().count
                == 5)
        has(try places.during(range).within(.miles(100), of: here).fetchFeatures().count > 0)
        has(try db.feature("ferry", in: "places")?.properties?["name"] == "Ferry Building")
        has(try places.filter { $0.properties?["floors"]?.intValue ?? 0 > 2 }.count > 0)
        has(
            try places.order(by: .id).fetchAll().map { $0.properties?["name"]?.stringValue ?? "?" }
                .count > 0)
        has(
            try places.fetchAll().reduce(0) { $0 + ($1.properties?["floors"]?.doubleValue ?? 0) }
                > 0)
        has(try pulse.during(range).fetchAll().map(\.value).max() ?? 0 > 0)
        has(try pulse.latest()?.time ?? start > start)
        has(try pulse.field("bpm").windows(.minutes(5)).mean().compactMap(\.value).count > 0)
        has(
            try pulse.field("bpm").windows(edges: [start, start + .seconds(60)]).all().first?
                .maximum != nil)
        has(try pulse.field("bpm").during(..<(start + .seconds(60))).mean() != nil)
        has(try pulse.fetchColumns()["bpm"]?.count ?? 0 == pulse.fetchCount())
        has(
            try db.read {
                try $0.features(in: "places").fetchCount() + $0.series("pulse").fetchCount()
            } > 0)
        has(
            try db.journal(since: 0).fetchAll().flatMap(\.operations).contains {
                $0.featureID == "ferry"
            })
        has(try db.schema().series.first { $0.name == "pulse" }?.fields == ["bpm", "load"])
        has(
            try db.fetchNeighbors(FeatureQuery(in: "places").nearest(to: here, limit: 1))
                .first?.distance ?? .zero > .meters(10))
        return answered
    }

    static let count = 20
}
