// A question about features in the model's own terms, and its answer by looking at every feature.
import CFormCore

@testable import FormDB

struct ModelQuery {
    enum Order: Equatable {
        case id, time
        case property([String])

        fileprivate var order: FeatureOrder {
            switch self {
            case .id: .id
            case .time: .time
            case .property(let names): .property(PropertyPath(names: names, reading: .value))
            }
        }
    }

    var collection: String
    var boxes: [(box: BoundingBox, isWithin: Bool)] = []
    var times: [TimeRange] = []
    var ids: [FeatureID]?
    var filter: ModelFilter?
    var radii: [(place: Position, meters: Double)] = []
    var nearest: (place: Position, count: Int, meters: Double?)?
    var order: Order?
    var isDescending = false
    var limit: Int?

    /// The same for the database.
    var query: FeatureQuery {
        var query = FeatureQuery(in: collection)
        for (box, isWithin) in boxes {
            query = isWithin ? query.bounds(within: box) : query.bounds(intersecting: box)
        }
        for time in times { query = query.during(time) }
        if let ids { query = query.ids(ids) }
        if let filter { query = query.filter(filter.filter) }
        for (place, meters) in radii { query = query.within(.meters(meters), of: place) }
        if let nearest {
            query = query.nearest(
                to: nearest.place, limit: nearest.count,
                maxDistance: nearest.meters.map { .meters($0) })
        }
        if let order {
            query = query.order(by: order.order, descending: isDescending)
        }
        if let limit { query = query.limit(limit) }
        return query
    }

    var hasDistance: Bool { nearest != nil || !radii.isEmpty }

    var crossesAntimeridian: Bool {
        boxes.contains { box, _ in
            box.east - box.west < 360 && (box.west > box.east || box.east > 180 || box.west < -180)
        }
    }
}

/// What a question must be answered.
struct ModelAnswer {
    /// All that meet the conditions; in order if the question has one.
    var features: [ModelFeature] = []
    /// For each of them, where distance is asked for.
    var meters: [Double] = []
    /// How many are wanted at most.
    var limit = Int.max
    var isOrdered = false

    var count: Int { min(features.count, limit) }
}

extension NaiveModel {
    func answer(_ query: ModelQuery) throws -> ModelAnswer {
        let index = try requireIndex(of: query.collection)
        var answer = ModelAnswer()
        answer.limit = query.limit ?? .max
        let boxes = query.boxes.map { (ModelBox($0.box), $0.isWithin) }
        let ids = query.ids.map { Set($0.map { ModelID($0) }) }
        let matches = collections[index].features.rows.filter { feature in
            for (box, isWithin) in boxes {
                guard let own = feature.box else { return false }
                if !(isWithin ? box.contains(own) : box.intersects(own)) { return false }
            }
            for time in query.times where !feature.isDuring(time) { return false }
            if let filter = query.filter, filter.truth(feature.feature.properties) != true {
                return false
            }
            return ids?.contains(feature.id) ?? true
        }
        if query.hasDistance {
            try measure(matches, query, &answer)
        } else {
            answer.features = matches
        }
        if let order = query.order {
            answer.isOrdered = true
            let meters = Dictionary(
                uniqueKeysWithValues: zip(answer.features.map(\.id), answer.meters))
            sort(&answer.features, order, query.isDescending)
            answer.meters = answer.features.compactMap { meters[$0.id] }
        }
        return answer
    }

    /// Filters first, then takes the nearest of what is left; ties by id.
    private func measure(
        _ matches: [ModelFeature], _ query: ModelQuery, _ answer: inout ModelAnswer
    ) throws {
        var near: [(feature: ModelFeature, meters: Double)] = []
        if query.limit == 0 || query.nearest?.count == 0 { return }
        for feature in matches where feature.box != nil {
            guard feature.points != nil else { throw Refusal(.unsupportedGeometry) }
            let place = query.nearest?.place ?? query.radii[0].place
            let isWithin = query.radii.allSatisfy { feature.meters(from: $0.place) <= $0.meters }
            let meters = feature.meters(from: place)
            if isWithin, meters <= query.nearest?.meters ?? .infinity {
                near.append((feature, meters))
            }
        }
        near.sort { ($0.meters, $0.feature.id) < ($1.meters, $1.feature.id) }
        if let count = query.nearest?.count { near = Array(near.prefix(count)) }
        answer.features = near.map(\.feature)
        answer.meters = near.map(\.meters)
        answer.isOrdered = true
    }

    /// By id, or by the start of the time with those without one last and ties by id.
    private func sort(
        _ features: inout [ModelFeature], _ order: ModelQuery.Order, _ isDescending: Bool
    ) {
        features.sort { a, b in
            switch order {
            case .id: return isDescending ? b.id < a.id : a.id < b.id
            case .time:
                switch (a.feature.time?.start, b.feature.time?.start) {
                case (let x?, let y?) where x != y: return isDescending ? y < x : x < y
                case (_?, nil): return true
                case (nil, _?): return false
                default: return a.id < b.id
                }
            case .property(let names):
                let x = ModelValue(at: names, in: a.feature.properties)
                let y = ModelValue(at: names, in: b.feature.properties)
                if x.rank == y.rank && x.rank >= ModelValue.null { return a.id < b.id }
                if x.rank >= ModelValue.null || y.rank >= ModelValue.null { return x.rank < y.rank }
                let order = x.compare(y)
                if order == 0 { return a.id < b.id }
                return isDescending ? order > 0 : order < 0
            }
        }
    }
}

extension ModelFeature {
    /// To the nearest of the points; the distance itself is tested elsewhere.
    func meters(from place: Position) -> Double {
        (points ?? []).map {
            fc_geodesic_distance_m(place.longitude, place.latitude, $0.longitude, $0.latitude)
        }.min() ?? .infinity
    }
}
