@testable import FormDB

/// What an asked question came to; equal for equal answers, in whatever order they came.
enum CacheOutcome: Equatable {
    case count(Int)
    case ids([FeatureID])
    case neighbors([Neighbor])
    case aggregate(WindowedAggregate)
    case windows([WindowedAggregate])
    case groups([String])
    case error(FormDBError.Code)
}

/// A question of each kind of region, on a grid on which edges meet.
struct CacheQuestion {
    enum Kind: Int, CaseIterable {
        case box, within, boxAndTime, time, whole, ids, nearest, radius, series, aggregate
        case groups, windows
    }

    static let collection = "places"
    static let series = "values"
    let kind: Kind
    private let features: FeatureQuery
    private let points: SeriesQuery

    init(_ kind: Kind, _ random: inout SeededGenerator) {
        self.kind = kind
        let base = FeatureQuery(in: Self.collection)
        points = SeriesQuery(Self.series).during(Self.time(&random))
        let box = Self.box(&random)
        features =
            switch kind {
            case .box: base.bounds(intersecting: box)
            case .within: base.bounds(within: box)
            case .boxAndTime, .groups:
                base.bounds(intersecting: box).during(Self.time(&random))
            case .time: base.during(Self.time(&random))
            case .whole, .series, .aggregate, .windows: base
            case .ids: base.ids((0..<3).map { _ in Self.id(&random) })
            case .nearest:
                base.during(Self.time(&random)).nearest(to: Self.place(&random), limit: 3)
            case .radius: base.within(.kilometers(1600), of: Self.place(&random))
            }
    }

    func ask(_ snapshot: Snapshot, cached: Bool) throws -> CacheOutcome {
        let request = snapshot.features(features)
        let neighbors = NeighborRequest(source: request.source, query: features)
        let points = cached ? snapshot.series(self.points) : snapshot.series(self.points).uncached()
        do {
            return switch kind {
            case .box, .boxAndTime, .whole, .radius:
                .count(try (cached ? request : request.uncached()).fetchCount())
            case .within, .time, .ids:
                .ids(try (cached ? request : request.uncached()).fetchIDs().sorted())
            case .nearest: .neighbors(try (cached ? neighbors : neighbors.uncached()).fetchAll())
            case .series: .count(try points.fetchCount())
            case .aggregate: .aggregate(try points.aggregate())
            case .groups: .groups(try groups(request, cached))
            case .windows: .windows(try windows(points, cached))
            }
        } catch let error as FormDBError { return .error(error.code) }
    }

    /// Counted and summed by kind and window, kept as groups.
    private func groups(_ request: FeatureRequest, _ cached: Bool) throws -> [String] {
        let aggregation = CoreAggregation(
            key: .property("kind"), value: .property("size"),
            windowing: .init(length: 4), from: 3)
        let computed = request.uncached()
        let groups =
            cached
            ? try request.source.cached(
                features, request.options, .groups(aggregation), bytes: { MemorySize.of($0) }
            ) { _ in try computed.groups(aggregation) }
            : try computed.groups(aggregation)
        return groups.map { "\($0)" }
    }

    private func windows(_ points: SeriesRequest, _ cached: Bool) throws -> [WindowedAggregate] {
        let windows = Windows.length(.microseconds(4))
        let computed = points.uncached().windows(windows)
        if !cached { return try computed.all() }
        return try points.source.cached(
            points.query, .windows(windows, .omitted),
            bytes: { $0.count * MemoryLayout<WindowedAggregate>.stride }
        ) { _ in try computed.all() }
    }

    // MARK: Random parts

    static func id(_ random: inout SeededGenerator) -> FeatureID {
        let number = Int64.random(in: 0..<120, using: &random)
        return number % 10 == 0 ? .text("t\(number)") : .integer(number)
    }

    static func place(_ random: inout SeededGenerator) -> Position {
        Position(
            longitude: Double(Int.random(in: -19...19, using: &random) * 10),
            latitude: Double(Int.random(in: -9...9, using: &random) * 10))
    }

    static func box(_ random: inout SeededGenerator) -> BoundingBox {
        let a = place(&random)
        let b = place(&random)
        let width = Double(Int.random(in: 0...6, using: &random) * 10)
        // Some cross the antimeridian, some go beyond it.
        let crosses = Int.random(in: 0..<8, using: &random) == 0
        let east = crosses ? b.longitude : min(a.longitude + width, 540)
        return BoundingBox(
            west: a.longitude, south: min(a.latitude, b.latitude), east: east,
            north: max(a.latitude, b.latitude))
    }

    static func time(_ random: inout SeededGenerator) -> TimeRange {
        let start = Timestamp(microseconds: Int64.random(in: 0..<30, using: &random))
        let end = start + .microseconds(Int64.random(in: 1..<6, using: &random))
        return switch Int.random(in: 0..<8, using: &random) {
        case 0: .from(start)
        case 1: .upTo(end)
        default: TimeRange(start: start, end: end)
        }
    }

    static func feature(_ random: inout SeededGenerator) -> Feature {
        let place = place(&random)
        let start = Timestamp(microseconds: Int64.random(in: 0..<35, using: &random))
        let time: FeatureTime? =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: nil
            case 1: .interval(start, start + .microseconds(3))
            default: .instant(start)
            }
        let geometry: Geometry? =
            switch Int.random(in: 0..<20, using: &random) {
            case 0: nil
            case 1: .multiPoint([place, Position(longitude: place.longitude, latitude: 0)])
            default: .point(place)
            }
        let properties: JSONObject = [
            "kind": .int(Int64.random(in: 0..<2, using: &random)),
            "size": .int(Int64.random(in: 0..<9, using: &random)),
        ]
        return Feature(id: id(&random), geometry: geometry, properties: properties, time: time)
    }
}

/// The writes of the never-stale tests: transactions of a few changes, some undone, some large.
struct CacheWriter {
    private struct Undo: Error {}

    let database: Database
    var random: SeededGenerator
    /// The shape that makes measuring throw, while it is there.
    private var hasShape = false

    init(_ database: Database, _ random: SeededGenerator) throws {
        self.database = database
        self.random = random
        try database.write { tx in
            try tx.createCollection(CacheQuestion.collection)
            try tx.createSeries(CacheQuestion.series)
        }
        for _ in 0..<60 { try write() }
    }

    mutating func write() throws {
        let changes =
            Int.random(in: 0..<400, using: &random) == 0
            ? 60 : Int.random(in: 1...4, using: &random)
        let isUndone = Int.random(in: 0..<30, using: &random) == 0
        var random = random
        var hasShape = hasShape
        do {
            _ = try database.write { tx in
                for _ in 0..<changes { try Self.change(tx, &random, &hasShape) }
                if isUndone { throw Undo() }
            }
            self.hasShape = hasShape
        } catch is Undo {}
        self.random = random
    }

    private static func change(
        _ tx: borrowing WriteTransaction, _ random: inout SeededGenerator, _ hasShape: inout Bool
    ) throws {
        let collection = CacheQuestion.collection
        let series = CacheQuestion.series
        let time = Timestamp(microseconds: Int64.random(in: 0..<35, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55: try tx.upsert(CacheQuestion.feature(&random), into: collection)
        case 55..<72: try tx.delete(CacheQuestion.id(&random), in: collection)
        case 72..<74:
            if hasShape {
                try tx.delete("shape", in: collection)
            } else {
                let place = CacheQuestion.place(&random)
                let line = [place, Position(longitude: place.longitude, latitude: 5)]
                try tx.upsert(
                    Feature(id: "shape", geometry: .lineString(line), time: .instant(time)),
                    into: collection)
            }
            hasShape.toggle()
        case 74..<88: try tx.append(DataPoint(at: time, Double(time.microseconds)), to: series)
        case 88..<92: try tx.replace([DataPoint(at: time, 1)], in: series)
        default: try tx.delete(series: series, during: CacheQuestion.time(&random))
        }
    }
}
