// Random writes, each done to the database and to the model, and compared.
import FormDB

enum WriteVerb: String, CaseIterable {
    case insert, insertGenerated, insertMany, upsert, upsertMany, updateWhole, updateByClosure
    case updateNothing, merge, delete, updateByQuery, deleteByQuery
    case appendInOrder, appendLate, appendEqual, appendOne, appendNothing, appendMismatched
    case appendColumns, appendManyColumns, appendSpans, replacePoints, replaceColumns, deletePoints
    case createCollection, createSeries, renameCollection, renameSeries, dropCollection, dropSeries
    case provenance
}

/// The writes of one transaction.
struct RandomOperations {
    let material: RandomMaterial
    var model: NaiveModel
    /// How many rows a large upsert has, and among how many ids.
    let bulkRows: Int
    let bulkIDs: Int
    /// The collection that large upserts go to, which is never dropped or renamed.
    static let bulkCollection = "points of bulk"

    private static let verbs: [(Int, WriteVerb)] = [
        (16, .insert), (14, .insertGenerated), (3, .insertMany), (20, .upsert), (2, .upsertMany),
        (6, .updateWhole), (8, .updateByClosure), (3, .updateNothing), (6, .merge), (10, .delete),
        (2, .updateByQuery), (3, .deleteByQuery), (20, .appendInOrder), (6, .appendLate),
        (4, .appendEqual), (6, .appendOne), (2, .appendNothing), (2, .appendMismatched),
        (4, .appendColumns), (4, .appendManyColumns), (3, .appendSpans), (3, .replacePoints),
        (2, .replaceColumns), (3, .deletePoints), (2, .createCollection), (2, .createSeries),
        (2, .renameCollection), (2, .renameSeries), (1, .dropCollection), (1, .dropSeries),
        (2, .provenance),
    ]

    func nextVerb() -> WriteVerb {
        // What has grown large is cut first, so that the model stays quick.
        if largeCollection != nil { return .deleteByQuery }
        if model.series.contains(where: { $0.points.count > 2500 }) { return .deletePoints }
        return material.weighted(Self.verbs)
    }

    private var largeCollection: ModelCollection? {
        model.collections.first {
            $0.features.count > (isBulk($0.name) ? max(1500, bulkIDs) : 1500)
        }
    }

    mutating func perform(_ verb: WriteVerb, _ tx: borrowing WriteTransaction) throws {
        switch verb {
        case .insert: try put(material.featureID(), replacing: false, tx)
        case .insertGenerated: try put(nil, replacing: material.chance(0.3), tx)
        case .upsert: try put(material.featureID(), replacing: true, tx)
        case .insertMany: try insertMany(tx)
        case .upsertMany: try upsertMany(tx)
        case .updateWhole: try updateWhole(tx)
        case .updateByClosure: try updateByClosure(changing: true, tx)
        case .updateNothing: try updateByClosure(changing: false, tx)
        case .merge: try merge(tx)
        case .delete: try delete(tx)
        case .updateByQuery: try updateByQuery(tx)
        case .deleteByQuery: try deleteByQuery(tx)
        case .createCollection:
            let name = collectionName()
            try both("create \(name)") { model in
                try model.createCollection(name, isPointsOnly: Self.isPointsOnly(name))
            } _: {
                try tx.createCollection(name)
            }
        case .renameCollection:
            let names = (someCollection(), collectionName())
            if isBulk(names.0) || NaiveModel.isSame(names.0, names.1) { return }
            try both("rename \(names)") { model in
                try model.rename(collection: names.0, to: names.1)
            } _: {
                try tx.rename(collection: names.0, to: names.1)
            }
        case .dropCollection:
            let name = someCollection()
            if isBulk(name) { return }
            try both("drop \(name)") { model in
                try model.drop(collection: name)
            } _: {
                try tx.drop(collection: name)
            }
        case .provenance: try withProvenance(tx)
        default: try performOnSeries(verb, tx)
        }
    }

    // MARK: Both at once

    /// Does the same to the model and the database: both give the same, or refuse for the same reason.
    mutating func both<Value>(
        _ what: @autoclosure () -> String, same: (Value, Value) -> Bool,
        _ onModel: (inout NaiveModel) throws -> Value, _ onDatabase: () throws -> Value
    ) throws {
        var changed = model
        let expected: Result<Value, Refusal>
        do {
            expected = .success(try onModel(&changed))
            model = changed
        } catch let refusal as Refusal {
            model.change = changed.change
            expected = .failure(refusal)
        }
        let given: Result<Value, FormDBError>
        do {
            given = .success(try onDatabase())
        } catch let error as FormDBError {
            given = .failure(error)
        }
        switch (expected, given) {
        case (.success(let a), .success(let b)) where same(a, b): return
        case (.failure(let refusal), .failure(let error)) where refusal.code == error.code: return
        default: throw Difference("\(what()): \(given) instead of \(expected)")
        }
    }

    mutating func both(
        _ what: @autoclosure () -> String, _ onModel: (inout NaiveModel) throws -> Void,
        _ onDatabase: () throws -> Void
    ) throws {
        try both(what(), same: { _, _ in true }, onModel, onDatabase)
    }

    // MARK: Names

    private static let collectionNames = [
        "points a", "points b", "points caf\u{e9}", "points cafe\u{301}", "mixed a", "mixed b",
        "Mixed b", "timed mixed", "timed points",
    ]

    static func isPointsOnly(_ name: String) -> Bool { name.contains("points") }
    func isBulk(_ name: String) -> Bool { NaiveModel.isSame(name, Self.bulkCollection) }

    func collectionName() -> String { material.pick(Self.collectionNames) }

    /// One that is there mostly.
    func someCollection() -> String {
        if model.collections.isEmpty || material.chance(0.15) { return collectionName() }
        return material.pick(model.collections).name
    }

    private func someID(in name: String) -> FeatureID {
        guard let index = model.index(of: name), material.chance(0.85),
            let feature = material.any(model.collections[index].features.rows)
        else { return material.featureID() }
        return feature.id.featureID
    }

    private func takesPointsOnly(_ name: String) -> Bool {
        model.index(of: name).map { model.collections[$0].isPointsOnly } ?? Self.isPointsOnly(name)
    }

    private func feature(_ id: FeatureID?, for name: String) -> Feature {
        // Collections without any timed row, with some, and with nothing else.
        let timed = name.hasPrefix("timed") ? 1 : name.hasSuffix(" a") ? 0 : 0.5
        return material.feature(isPointsOnly: takesPointsOnly(name), id: id, timed: timed)
    }
}

// MARK: - Features

extension RandomOperations {
    private mutating func put(
        _ id: FeatureID?, replacing: Bool, _ tx: borrowing WriteTransaction
    ) throws {
        let name = someCollection()
        var feature = feature(id, for: name)
        if material.chance(0.004) {
            feature.time = .interval(Timestamp(microseconds: 1), Timestamp(microseconds: 0))
        }
        let isPointsOnly = takesPointsOnly(name)
        try both("put \(feature) into \(name)", same: ==) { model in
            try model.put(feature, into: name, replacing: replacing, isPointsOnly: isPointsOnly)
        } _: {
            ModelID(try replacing ? tx.upsert(feature, into: name) : tx.insert(feature, into: name))
        }
    }

    /// Those before one that can't be inserted stay.
    private mutating func insertMany(_ tx: borrowing WriteTransaction) throws {
        let name = someCollection()
        let features = (0..<material.below(30)).map { _ in
            feature(material.chance(0.7) ? nil : material.featureID(), for: name)
        }
        let isPointsOnly = takesPointsOnly(name)
        var reached = model
        try both("insert many into \(name)", same: ==) { model in
            for feature in features {
                do {
                    _ = try model.put(
                        feature, into: name, replacing: false, isPointsOnly: isPointsOnly)
                } catch {
                    reached = model
                    throw error
                }
            }
            reached = model
            return features.count
        } _: {
            try tx.insert(contentsOf: features, into: name)
        }
        model = reached
    }

    private mutating func upsertMany(_ tx: borrowing WriteTransaction) throws {
        let name = Self.bulkCollection
        let features = (0..<bulkRows).map { _ in
            feature(.integer(Int64(material.below(bulkIDs) + 1)), for: name)
        }
        try both("upsert many", same: ==) { model in
            for feature in features {
                _ = try model.put(feature, into: name, replacing: true, isPointsOnly: true)
            }
            return features.count
        } _: {
            try tx.upsert(contentsOf: features, into: name)
        }
    }

    private mutating func updateWhole(_ tx: borrowing WriteTransaction) throws {
        let name = someCollection()
        let feature = feature(someID(in: name), for: name)
        try both("update \(feature) in \(name)") { model in
            try model.update(feature, in: name)
        } _: {
            try tx.update(feature, in: name)
        }
    }

    /// What a closure does to a feature: to its properties, time and place, now and then nothing.
    private func change(in name: String) -> (inout Feature) -> Void {
        let number = Int64(material.below(1000))
        let time = material.chance(0.5) ? material.featureTime() : nil
        let moved = material.chance(0.4) ? material.pointGeometry() : nil
        let moves = material.chance(0.3)
        return { feature in
            var properties = feature.properties ?? [:]
            properties["n"] = .int(number)
            feature.properties = properties
            if let time { feature.time = time }
            if moves { feature.geometry = moved }
        }
    }

    private mutating func updateByClosure(
        changing: Bool, _ tx: borrowing WriteTransaction
    ) throws {
        let name = someCollection()
        let id = someID(in: name)
        let change: (inout Feature) -> Void = changing ? change(in: name) : { _ in }
        try both("update \(id) in \(name)", same: FeatureComparison.areSame) { model in
            try model.update(ModelID(id), in: name, change)
        } _: {
            try tx.update(id, in: name, change)
        }
    }

    private mutating func merge(_ tx: borrowing WriteTransaction) throws {
        let name = someCollection()
        let id = someID(in: name)
        var patch: JSONObject = [:]
        if material.chance(0.6) { patch["n"] = .int(Int64(material.below(1000))) }
        if material.chance(0.4) { patch["caf\u{e9}"] = .null }
        if material.chance(0.4) { patch["inner"] = ["a": .null, "c": ["d": 1, "e": .null]] }
        if material.chance(0.2) { patch["list"] = [] }
        try both("merge \(patch) into \(id)", same: FeatureComparison.areSame) { model in
            try model.update(ModelID(id), in: name) { feature in
                feature.properties = MergePatch.apply(patch, to: feature.properties ?? [:])
            }
        } _: {
            try tx.merge(id, in: name, patch: patch)
        }
    }

    private mutating func delete(_ tx: borrowing WriteTransaction) throws {
        let name = someCollection()
        let id = someID(in: name)
        try both("delete \(id) in \(name)", same: ==) { model in
            try model.delete(ModelID(id), in: name)
        } _: {
            try tx.delete(id, in: name)
        }
    }

    /// A question whose answer is certain: one with a limit has an order.
    private func certainQuery() -> ModelQuery {
        let shapes: [QueryShape] = [
            .all, .intersecting, .within, .during, .boxAndTime, .ids, .orderedAndLimited, .nearest,
            .withinDistance, .missingCollection, .intersecting, .during,
        ]
        var query = QueryShapes(material: material, model: model).query(material.pick(shapes))
        if query.limit != nil, query.order == nil, !query.hasDistance { query.order = .id }
        return query
    }

    private mutating func updateByQuery(_ tx: borrowing WriteTransaction) throws {
        var query = certainQuery()
        if query.limit == nil, query.nearest == nil {
            query.limit = 50
            if query.order == nil, !query.hasDistance { query.order = .id }
        }
        let change = change(in: query.collection)
        // Some are left as they are.
        let part: (inout Feature) -> Void = { feature in
            if feature.properties?["n"]?.intValue ?? 0 < 700 { change(&feature) }
        }
        try both("update \(query.query)", same: ==) { model in
            var count = 0
            for feature in try model.answer(query).wanted {
                let after = try model.update(feature.id, in: query.collection, part)
                if !FeatureComparison.areSame(after, feature.feature) { count += 1 }
            }
            return count
        } _: {
            try tx.update(query.query, part)
        }
    }

    private mutating func deleteByQuery(_ tx: borrowing WriteTransaction) throws {
        var query = certainQuery()
        if let large = largeCollection {
            query = ModelQuery(collection: large.name, order: .id, limit: 900)
        } else if query.limit == nil, query.nearest == nil, material.chance(0.7) {
            query.limit = 40
            if query.order == nil, !query.hasDistance { query.order = .time }
        }
        try both("delete \(query.query)", same: ==) { model in
            let features = try model.answer(query).wanted
            for feature in features { _ = try model.delete(feature.id, in: query.collection) }
            return features.count
        } _: {
            try tx.delete(query.query)
        }
    }

    private mutating func withProvenance(_ tx: borrowing WriteTransaction) throws {
        let name = collectionName()
        let feature = feature(nil, for: name)
        let isPointsOnly = takesPointsOnly(name)
        try both("insert \(feature) into \(name) for another", same: ==) { model in
            try model.put(feature, into: name, replacing: false, isPointsOnly: isPointsOnly)
        } _: {
            try tx.with(provenance: Provenance(actor: "another")) { tx in
                ModelID(try tx.insert(feature, into: name))
            }
        }
    }
}

extension ModelAnswer {
    /// Those within the limit.
    var wanted: [ModelFeature] { Array(features.prefix(limit)) }
}

/// RFC 7396, written from its pseudocode.
enum MergePatch {
    static func apply(_ patch: JSONObject, to target: JSONObject) -> JSONObject {
        var result = target
        for (key, value) in patch {
            switch value {
            case .null: result[key] = nil
            case .object(let inner):
                var old: JSONObject = [:]
                if case .object(let object)? = result[key] { old = object }
                result[key] = .object(apply(inner, to: old))
            default: result[key] = value
            }
        }
        return result
    }
}
