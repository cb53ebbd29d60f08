import Foundation
import Testing

@testable import FormDB

@Suite("Real data against brute force")
struct RealDataTests {
    private static let shapes: [QueryShape] = [
        .intersecting, .within, .intersecting, .during, .boxAndTime, .withinBoxAndTime, .nearest,
        .nearestWithMaximum, .nearestFiltered, .withinDistance, .withinDistanceFiltered,
        .orderedAndLimited, .twoBoxes,
    ]

    @Test("Every file answers by box, time and nearest", arguments: RealFile.all)
    func file(file: RealFile) throws {
        let database = try Database.inMemory()
        let report = try file.importFile(into: database)
        let features = try file.features()
        if TestData.isComplete { #expect(features.count == TestData.rowCounts[file.name]) }
        #expect(report.features == features.count)
        let model = try Self.model(of: features)
        try Self.checkImport(database, model)
        let generator = SeededGenerator.printed(file.name)
        let material = RandomMaterial(seed: 0)
        material.generator = generator
        // Many where that is cheap: of twenty rounds over lakes, seed 13036554758946778715 had one question with rows
        // too few.
        let rounds =
            Thoroughness.isQuick
            ? 1 : features.count > 50_000 ? 8 : features.count > 5_000 ? 20 : 80
        var withRows = 0
        for _ in 0..<rounds {
            for shape in Self.shapes {
                let query = QueryShapes(material: material, model: model).query(shape)
                let fetch: FeatureFetch = material.pick(
                    query.hasDistance
                        ? [.neighborIDs, .idsWithDistances, .neighborCount] : [.ids, .count])
                if try FeatureChecks(model: model).check(query, fetch, database) { withRows += 1 }
            }
        }
        // Of lines and polygons distances are refused.
        #expect(withRows >= rounds * Self.shapes.count / 5, "\(withRows) questions had rows")
    }

    private static func model(of features: [Feature]) throws -> NaiveModel {
        var model = NaiveModel()
        try model.createCollection("file", isPointsOnly: true)
        for feature in features {
            _ = try model.put(feature, into: "file", replacing: false, isPointsOnly: true)
        }
        return model
    }

    /// Ids, coordinates to the bit, and times are those of the file.
    private static func checkImport(_ database: Database, _ model: NaiveModel) throws {
        let expected = model.collections[0].features
        let found = try database.features(in: "file").fetchAll()
        #expect(found.count == expected.count)
        for feature in found {
            let other = try #require(expected[ModelID(feature.id!)]).feature
            guard FeatureComparison.areSame(feature.geometry, other.geometry),
                feature.time?.start == other.time?.start, feature.time?.end == other.time?.end
            else {
                Issue.record("\(feature) instead of \(other)")
                return
            }
        }
    }

    // MARK: Exactness

    @Test("Edges between a coordinate and its float32 rounding are told apart")
    func float32() throws {
        let database = try Database.inMemory()
        let file = RealFile(name: "cities_1000.csv")
        _ = try file.importFile(into: database)
        let points = try file.features().map { $0.geometry!.positions[0] }
        var generator = SeededGenerator.printed()
        var tried = 0
        var apart = 0
        while tried < (Thoroughness.isQuick ? 20 : 200) {
            let place = points.randomElement(using: &generator)!
            let (x, y) = (place.longitude, place.latitude)
            guard Double(Float(x)) != x, Double(Float(y)) != y else { continue }
            tried += 1
            // From each coordinate halfway to its rounding, and by one unit in the last place.
            let xs = [x, (x + Double(Float(x))) / 2, Double(Float(x)), x.nextUp, x.nextDown]
            let ys = [y, (y + Double(Float(y))) / 2, Double(Float(y)), y.nextUp, y.nextDown]
            for (edgeX, edgeY) in zip(xs, ys) {
                let boxes = [
                    BoundingBox(west: edgeX, south: y - 0.1, east: x + 0.1, north: y + 0.1),
                    BoundingBox(west: x - 0.1, south: y - 0.1, east: edgeX, north: y + 0.1),
                    BoundingBox(west: x - 0.1, south: edgeY, east: x + 0.1, north: y + 0.1),
                    BoundingBox(west: x - 0.1, south: y - 0.1, east: x + 0.1, north: edgeY),
                ]
                for box in boxes where abs(x) < 179 {
                    let expected = points.lazy.filter {
                        box.west <= $0.longitude && $0.longitude <= box.east
                            && box.south <= $0.latitude && $0.latitude <= box.north
                    }.count
                    let found = try database.features(in: "file").bounds(intersecting: box)
                        .fetchCount()
                    #expect(found == expected, "\(box)")
                    let isIn = box.west <= x && x <= box.east && box.south <= y && y <= box.north
                    let single = (Double(Float(x)), Double(Float(y)))
                    let isRoundedIn =
                        box.west <= single.0 && single.0 <= box.east && box.south <= single.1
                        && single.1 <= box.north
                    if isIn != isRoundedIn { apart += 1 }
                }
            }
        }
        // The boxes would show a tree that keeps float32 alone.
        #expect(apart > tried)
    }

    @Test("Zero-area boxes find exactly the features they touch")
    func zeroArea() throws {
        let database = try Database.inMemory()
        let file = RealFile.all.first { $0.name == "earthquakes_2022_month.csv" }!
        _ = try file.importFile(into: database)
        let features = try file.features()
        for feature in features.prefix(Thoroughness.isQuick ? 50 : 500) {
            let place = feature.geometry!.positions[0]
            let expected = features.filter { $0.geometry!.positions[0] == place }.map { $0.id! }
            for turn in [0.0, 360, -360] where abs(place.longitude + turn) <= 540 {
                // Only where the moved edge is exact.
                guard place.longitude + turn - turn == place.longitude,
                    ExactLongitude.compare(
                        place.longitude + turn, 0, place.longitude, Int(turn / 360)) == 0
                else { continue }
                let moved = Position(longitude: place.longitude + turn, latitude: place.latitude)
                let found = try database.features(in: "file")
                    .bounds(intersecting: BoundingBox(moved)).fetchIDs()
                #expect(Set(found) == Set(expected))
            }
        }
    }

    // MARK: The antimeridian and the poles

    private func ids(
        _ database: Database, _ west: Double, _ south: Double, _ east: Double, _ north: Double
    )
        throws -> [String]
    {
        let box = BoundingBox(west: west, south: south, east: east, north: north)
        return try database.features(in: "file").bounds(intersecting: box).order(by: .id).fetchIDs()
            .map(\.description)
    }

    @Test("Countries split at ±180 are found where they are, and only there")
    func countries() throws {
        let database = try Database.inMemory()
        _ = try RealFile(name: "countries_50m.geojson").importFile(into: database)
        guard TestData.isComplete else { return }
        let africa = try ids(database, 10, -20, 30, 20)
        #expect(!africa.contains("USA") && !africa.contains("RUS") && !africa.contains("FJI"))
        #expect(!africa.contains("NZL") && !africa.contains("KIR"))
        #expect(africa.contains("COD") && africa.contains("CMR"))
        // The Aleutians on both sides, also by a box across ±180 and one moved by a turn.
        #expect(try ids(database, 172, 50, 174, 54).contains("USA"))
        #expect(try ids(database, 179.9, 50, -179.9, 53).contains("USA"))
        #expect(try ids(database, -188, 50, -186, 54).contains("USA"))
        #expect(try ids(database, 532, 50, 534, 54).contains("USA"))
        // Chukotka, and not Canada.
        #expect(try ids(database, -175, 65, -170, 67).contains("RUS"))
        #expect(try !ids(database, -110, 60, -90, 70).contains("RUS"))
        #expect(try ids(database, 180, -90, -180, 90).contains("FJI"))
        #expect(try !ids(database, -10, -20, 10, -15).contains("FJI"))
        // Antarctica goes all the way round.
        #expect(try ids(database, 12, -89.9, 12, -89.9) == ["ATA"])
    }

    @Test("Boxes on and across ±180 and at the poles find what touches them")
    func edges() throws {
        let database = try Database.inMemory()
        let places: [(String, Double, Double)] = [
            ("plus", 180, 0), ("minus", -180, 0), ("beyond", 180.5, 0), ("below", 179.5, 0),
            ("above", -179.5, 0), ("turned", 540, 0), ("north", 77, 90), ("south", -33, -90),
        ]
        try database.write { tx in
            for (id, longitude, latitude) in places {
                try tx.insert(
                    Feature(
                        id: .text(id),
                        geometry: .point(longitude: longitude, latitude: latitude)), into: "file")
            }
        }
        let meridian = ["minus", "plus", "turned"]
        #expect(try ids(database, 180, -1, -180, 1) == meridian)
        #expect(try ids(database, 180, -1, 180, 1) == meridian)
        #expect(try ids(database, -180, -1, -180, 1) == meridian)
        #expect(try ids(database, 179, -1, 180, 1) == ["below"] + meridian)
        #expect(try ids(database, -180, -1, -179.6, 1) == meridian)
        #expect(
            try ids(database, -180, -1, -179, 1) == ["above", "beyond", "minus", "plus", "turned"])
        #expect(
            try ids(database, 179, -1, -179, 1) == [
                "above", "below", "beyond", "minus", "plus", "turned",
            ])
        #expect(try ids(database, 180.nextUp, -1, 181, 1) == ["above", "beyond"])
        #expect(try ids(database, -179, -1, 179, 1).isEmpty)
        #expect(try ids(database, -180, -90, 180, 90).count == places.count)
        #expect(try ids(database, -540, -90, 540, 90).count == places.count)
        // At the poles boxes are planar, distances aren't.
        #expect(try ids(database, 70, 80, 80, 90) == ["north"])
        #expect(try ids(database, 80, 80, 90, 90).isEmpty)
        let nearest = try database.features(in: "file")
            .nearest(to: Position(longitude: -100, latitude: 90), limit: 1).fetchAll()
        #expect(nearest.first?.feature.id == "north" && nearest.first?.distance == .zero)
    }
}
