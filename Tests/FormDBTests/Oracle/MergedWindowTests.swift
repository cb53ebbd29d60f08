import Foundation
import Testing

// Windows over several series together are those of one series that has all their points.
@testable import FormDB

@Suite("Windows over several series")
struct MergedWindowTests {
    private static let minute: Int64 = 60_000_000

    /// Times in a few hours, many of them equal; out of order now and then.
    private static func points(_ material: RandomMaterial, _ count: Int) -> [DataPoint] {
        (0..<count).map { _ in
            DataPoint(
                at: Timestamp(microseconds: Int64(material.below(300)) * minute),
                values: [material.value(strange: 0.1), material.value(strange: 0.05)])
        }
    }

    @Test("are those of one series with all points, whatever came late or was deleted")
    func mergedWindows() throws {
        var seeds = SeededGenerator.printed()
        for _ in 0..<12 {
            let material = RandomMaterial(seed: seeds.next())
            var configuration = Database.Configuration()
            configuration.tuning.seriesChunkPoints = material.pick([8, 0])
            let database = try Database.inMemory(configuration: configuration)
            let count = 1 + material.below(5)
            var models: [ModelSeries] = []
            try database.write { tx in
                for number in 0..<count {
                    // The field that is asked for is not everywhere the first.
                    let fields = number % 2 == 0 ? ["a", "b"] : ["b", "a"]
                    try tx.createSeries(
                        "s\(number)", fields: fields,
                        describedBy: Feature(geometry: nil, properties: ["kind": "t"]))
                    models.append(ModelSeries(name: "s\(number)", created: 0, fields: fields))
                }
            }
            for _ in 0..<6 {
                let number = material.below(count)
                let added = Self.points(material, material.below(60))
                let gap = Int64(material.below(300)) * Self.minute
                let doomed = TimeRange(
                    start: Timestamp(microseconds: gap),
                    end: Timestamp(microseconds: gap + 9 * Self.minute))
                try database.write { tx in
                    try tx.append(added, to: "s\(number)")
                    _ = try tx.delete(series: "s\(number)", during: doomed)
                }
                models[number].append(added)
                models[number].points.removeAll {
                    doomed.start! <= $0.time && $0.time < doomed.end!
                }
            }
            try Self.check(database, Self.together(models), material)
        }
    }

    /// The series' points in order of time, of equal times those of earlier series first; the field "a" alone.
    private static func together(_ models: [ModelSeries]) -> ModelSeries {
        var all = ModelSeries(name: "all", created: 0, fields: ["a"])
        for model in models {
            let field = model.fields.firstIndex(of: "a")!
            all.append(model.points.map { DataPoint(at: $0.time, values: [$0.values[field]]) })
        }
        return all
    }

    private static func check(
        _ database: Database, _ all: ModelSeries, _ material: RandomMaterial
    ) throws {
        let series = database.series(where: .property("kind") == "t").field("a")
        for _ in 0..<12 {
            let start = Timestamp(microseconds: Int64(material.below(300)) * minute - 7)
            let end = Timestamp(
                microseconds: start.microseconds + Int64(material.below(200)) * minute)
            let range = material.pick([
                .all, TimeRange(start: start), TimeRange(end: end),
                TimeRange(start: start, end: end),
            ])
            let isEmptyIncluded = material.chance(0.5)
            let empty: EmptyWindows = isEmptyIncluded ? .included : .omitted
            let edges = Set((0..<5).map { _ in Int64(material.below(400)) * minute - 1 }).sorted()
            let usesEdges = material.chance(0.3) && edges.count > 1
            let length = Int64(1 + material.below(50)) * minute + Int64(material.below(2))
            let windows: Windows =
                usesEdges
                ? .edges(edges.map { Timestamp(microseconds: $0) })
                : .length(.microseconds(length), origin: Timestamp(microseconds: -13))
            let request = series.during(range).windows(windows, empty: empty)
            let expected = all.windows(
                range, field: 0, usesEdges ? .edges(edges) : .fixed(length: length, origin: -13),
                includingEmpty: isEmptyIncluded)
            let found = try request.all()
            #expect(found.count == expected.count)
            for (window, model) in zip(found, expected) {
                let problem = WindowComparison.problem(window, model)
                #expect(problem == nil, "\(windows) during \(range)")
            }
            #expect(try request.count().map(\.value) == found.map(\.count))
            #expect(try request.min().map(\.value) == found.map(\.minimum))
            let reversed = try series.during(range).reversed().windows(windows, empty: empty).all()
            #expect(reversed.map(\.start) == found.reversed().map(\.start))
            try checkFills(series.during(range), windows, found, isEmptyIncluded)
        }
    }

    /// Filled means are those of the windows that have one, repeated.
    private static func checkFills(
        _ series: SeriesCollectionRequest, _ windows: Windows, _ found: [WindowedAggregate],
        _ isEmptyIncluded: Bool
    ) throws {
        guard isEmptyIncluded else { return }
        var last: Double?
        let expected = found.map { window in
            if let mean = window.mean { last = mean }
            return last?.bitPattern
        }
        let filled = try series.windows(windows, empty: .filled(.previous)).mean()
        #expect(filled.map { $0.value?.bitPattern } == expected)
    }

    @Test("of no series there are none, and a field that one lacks is not found")
    func missing() throws {
        let database = try Database.inMemory()
        try database.write { tx in
            for (name, field) in [("a", "x"), ("b", "y")] {
                try tx.createSeries(
                    name, fields: [field],
                    describedBy: Feature(geometry: nil, properties: ["kind": "t"]))
                try tx.append([DataPoint(at: Timestamp(microseconds: 0), values: [1])], to: name)
            }
        }
        let day = Windows.length(.days(1))
        let none = database.series(where: .property("kind") == "other")
        #expect(try none.windows(day, empty: .included).all().isEmpty)
        #expect(try none.windows(.calendar(.day, .init(identifier: .gregorian))).all().isEmpty)
        let both = database.series(where: .property("kind") == "t")
        #expect(try both.windows(day).sum().map(\.value) == [2])
        #expect(throws: FormDBError.self) { try both.field("x").windows(day).sum() }
        #expect(throws: FormDBError.self) { try both.limit(3).windows(day).sum() }
    }
}
