// Random questions about features, of every shape.
import FormDB

/// What a question about features asks for; counted, so that none is left out.
enum QueryShape: String, CaseIterable {
    case all, intersecting, within, during, at, boxAndTime, withinBoxAndTime, ids, idsAndBox
    case twoBoxes, twoTimes, orderedByID, orderedByTime, limited, orderedAndLimited
    case nearest, nearestWithMaximum, nearestFiltered, nearestOfIDs, withinDistance
    case withinDistanceFiltered, withinTwoDistances, withinDistanceOrdered, missingCollection
}

struct QueryShapes {
    let material: RandomMaterial
    let model: NaiveModel

    func query(_ shape: QueryShape) -> ModelQuery {
        var query = ModelQuery(collection: collection(forDistance: shape.asksDistance))
        guard let index = model.index(of: query.collection) else { return query }
        let features = model.collections[index].features
        switch shape {
        case .missingCollection: query.collection = "nothing here"
        case .all: break
        case .intersecting: query.boxes = [(box(features), false)]
        case .within: query.boxes = [(box(features), true)]
        case .during: query.times = [range(features)]
        case .at: query.times = [.at(someTime(features))]
        case .boxAndTime:
            query.boxes = [(box(features), false)]
            query.times = [range(features)]
        case .withinBoxAndTime:
            query.boxes = [(box(features), true)]
            query.times = [range(features)]
        case .ids: query.ids = ids(features)
        case .idsAndBox:
            query.ids = ids(features)
            query.boxes = [(wideBox(), false)]
        case .twoBoxes:
            query.boxes = [(box(features), false), (wideBox(), material.chance(0.5))]
        case .twoTimes: query.times = [range(features), range(features)]
        case .orderedByID: query.order = .id
        case .orderedByTime: query.order = .time
        case .limited: query.boxes = [(wideBox(), false)]
        case .orderedAndLimited: query.order = material.chance(0.5) ? .id : .time
        case .nearest: query.nearest = (place(features), material.below(20) + 1, nil)
        case .nearestWithMaximum:
            query.nearest = (place(features), material.below(50) + 1, meters())
        case .nearestFiltered:
            query.nearest = (place(features), material.below(20) + 1, nil)
            filter(&query, features)
        case .nearestOfIDs:
            query.nearest = (place(features), material.below(5) + 1, nil)
            query.ids = ids(features)
        case .withinDistance: query.radii = [(place(features), meters())]
        case .withinDistanceFiltered:
            query.radii = [(place(features), meters())]
            filter(&query, features)
        case .withinTwoDistances:
            query.radii = [(place(features), meters()), (place(features), 20_003_931)]
        case .withinDistanceOrdered:
            query.radii = [(place(features), meters())]
            query.order = material.chance(0.5) ? .id : .time
        }
        refine(&query, shape)
        return query
    }

    private func filter(_ query: inout ModelQuery, _ features: ModelFeatures) {
        if material.chance(0.7) { query.boxes = [(wideBox(), material.chance(0.3))] }
        if material.chance(0.3) || query.boxes.isEmpty { query.times = [range(features)] }
    }

    private func refine(_ query: inout ModelQuery, _ shape: QueryShape) {
        if query.order != nil { query.isDescending = material.chance(0.5) }
        let isLimited = [.limited, .orderedAndLimited].contains(shape)
        if isLimited || material.chance(0.08) {
            query.limit = material.pick([0, 1, 1, 2, 5, 20, 3000])
        }
    }

    /// One with features mostly; for distances one of points.
    private func collection(forDistance: Bool) -> String {
        let all = model.collections
        let full = all.filter { !$0.features.isEmpty }
        let points = full.filter(\.isPointsOnly)
        if forDistance, !points.isEmpty, material.chance(0.93) { return material.pick(points).name }
        if !full.isEmpty, material.chance(0.97) { return material.pick(full).name }
        return all.isEmpty ? "nothing here" : material.pick(all).name
    }
}

extension QueryShape {
    var asksDistance: Bool { rawValue.hasPrefix("nearest") || rawValue.contains("Distance") }
}

// MARK: - Parts

extension QueryShapes {
    private func somePosition(_ features: ModelFeatures) -> Position {
        guard let feature = material.any(features.rows),
            let position = feature.feature.geometry?.positions.first
        else { return material.position() }
        return position
    }

    private func place(_ features: ModelFeatures) -> Position {
        material.chance(0.5) ? somePosition(features) : material.position()
    }

    private func someTime(_ features: ModelFeatures) -> Timestamp {
        guard material.chance(0.8),
            let time = material.any(features.rows)?.feature.time
        else { return material.timestamp() }
        return material.chance(0.5) ? time.start : time.end
    }

    /// Its ends are mostly those of features, so that open and closed are told apart.
    private func range(_ features: ModelFeatures) -> TimeRange {
        if material.chance(0.4) { return material.timeRange() }
        let ends = [someTime(features), someTime(features)].sorted()
        return switch material.below(5) {
        case 0: TimeRange(start: ends[0])
        case 1: TimeRange(end: ends[1])
        default: TimeRange(start: ends[0], end: ends[1])
        }
    }

    private func ids(_ features: ModelFeatures) -> [FeatureID] {
        (0..<(material.below(20) + 1)).map { _ in
            material.chance(0.6)
                ? material.any(features.rows)?.id.featureID ?? .integer(1)
                : material.featureID()
        }
    }

    private func meters() -> Double {
        material.pick([0, 1, 1000, 100_000, 1_000_000, 5_000_000, 20_003_931, 3e7])
    }

    private func wideBox() -> BoundingBox {
        switch material.below(10) {
        case 0: return .world
        case 1: return BoundingBox(west: -540, south: -90, east: 540, north: 90)
        case ..<6:  // across ±180
            let west = material.double(60...179)
            return BoundingBox(
                west: west, south: -90, east: material.double(-180 ... -60), north: 80)
        default:
            let west = material.double(-180...90)
            return BoundingBox(
                west: west, south: -80, east: west + material.double(30...200), north: 90)
        }
    }

    /// Around a feature, its edges often right on the coordinates or beside them.
    private func box(_ features: ModelFeatures) -> BoundingBox {
        switch material.below(20) {
        case 0: return BoundingBox(west: 180, south: -90, east: -180, north: 90)
        case 1: return .world
        case 2: return polarBox()
        case ..<8:
            let wide = wideBox()
            return BoundingBox(
                west: wide.west, south: material.double(-90...0), east: wide.east,
                north: material.double(0...90))
        default: break
        }
        let place = somePosition(features)
        let turn = material.pick([0, 0, 0, 360, -360].filter { abs(place.longitude + $0) <= 540 })
        let longitude = place.longitude + turn
        let west = edge(longitude, -1, 540)
        var east = edge(longitude, 1, 540)
        // Across ±180 it may be written with west > east.
        if east > 180, west <= 180, material.chance(0.7) { east -= 360 }
        let latitudes = [edge(place.latitude, -1, 90), edge(place.latitude, 1, 90)]
        return BoundingBox(
            west: west, south: latitudes.min()!, east: east, north: latitudes.max()!)
    }

    private func edge(_ coordinate: Double, _ direction: Double, _ limit: Double) -> Double {
        let edge =
            switch material.below(8) {
            case ..<2: coordinate
            case 2: direction > 0 ? coordinate.nextUp : coordinate.nextDown
            case 3: direction > 0 ? coordinate.nextDown : coordinate.nextUp
            default: coordinate + direction * material.pick([0.001, 1, 10, 40, 100])
            }
        return min(limit, max(-limit, edge))
    }

    private func polarBox() -> BoundingBox {
        let isNorth = material.chance(0.5)
        let edge = material.double(60...90)
        return BoundingBox(
            west: material.longitude(), south: isNorth ? edge : -90, east: material.longitude(),
            north: isNorth ? 90 : -edge)
    }
}
