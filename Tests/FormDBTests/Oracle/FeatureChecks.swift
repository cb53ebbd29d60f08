// Asks the database in every way there is, and compares with the model.
@testable import FormDB

/// What can be asked: a database, a snapshot, a transaction.
protocol Asked: ~Copyable {
    func features(_ query: FeatureQuery) -> FeatureRequest
    func series(_ query: SeriesQuery) -> SeriesRequest
    func feature(_ id: FeatureID, in collection: String) throws -> Feature?
    func schema() throws -> DatabaseSchema
}

extension Database: Asked {}
extension Snapshot: Asked {}
extension WriteTransaction: Asked {}

/// How an answer is fetched.
enum FeatureFetch: String, CaseIterable {
    case all, one, count, ids, integerIDs, cursor, views
    case neighbors, nearestOne, neighborFeatures, neighborIDs, idsWithDistances, neighborCount
    case neighborCursor

    static let plain: [FeatureFetch] = [.all, .one, .count, .ids, .integerIDs, .cursor, .views]
    static let measured: [FeatureFetch] = [
        .neighbors, .nearestOne, .neighborFeatures, .neighborIDs, .idsWithDistances,
        .neighborCount, .neighborCursor,
    ]
}

struct FeatureChecks {
    let model: NaiveModel

    /// Throws a ``Difference``; says whether there were rows.
    @discardableResult
    func check<Source: Asked & ~Copyable>(
        _ query: ModelQuery, _ fetch: FeatureFetch, _ source: borrowing Source,
        forcing forced: ForcedPlan? = nil
    ) throws -> Bool {
        var request = source.features(query.query)
        request.options.forced = forced
        var answer: ModelAnswer
        do {
            answer = try model.answer(query)
        } catch let refusal as Refusal {
            try refuses(refusal.code, request, fetch)
            return false
        }
        if fetch == .integerIDs, answer.hasText(within: answer.isOrdered) {
            // Without an order any may be taken, texts or not.
            if answer.limit != .max && !answer.isOrdered { return answer.count > 0 }
            try refuses(.invalidArgument, request, fetch)
            return false
        }
        let wanted = fetch == .one || fetch == .nearestOne ? min(answer.limit, 1) : answer.limit
        answer.limit = wanted
        if let problem = try problem(request, fetch, answer) {
            throw Difference("\(query.query), fetched by \(fetch): \(problem)")
        }
        return answer.count > 0
    }

    private func refuses(
        _ code: FormDBError.Code, _ request: FeatureRequest, _ fetch: FeatureFetch
    ) throws {
        do {
            _ = try problem(request, fetch, ModelAnswer())
        } catch let error as FormDBError {
            if error.code == code { return }
            throw Difference("\(request.query) throws \(error) instead of \(code)")
        }
        throw Difference("\(request.query), fetched by \(fetch), doesn't throw \(code)")
    }

    private func problem(
        _ request: FeatureRequest, _ fetch: FeatureFetch, _ answer: ModelAnswer
    ) throws -> String? {
        let neighbors = NeighborRequest(
            source: request.source, query: request.query, options: request.options)
        switch fetch {
        case .all: return compare(try request.fetchAll(), answer)
        case .one: return compare(try request.fetchOne().map { [$0] } ?? [], answer)
        case .count: return compare(try request.fetchCount(), answer)
        case .ids: return compare(ids: try request.fetchIDs(), answer)
        case .integerIDs:
            return compare(ids: try request.fetchIntegerIDs().map { .integer($0) }, answer)
        case .cursor, .neighborCursor:
            // Cursors come in order of id unless there is another.
            var ordered = answer
            if !answer.isOrdered { ordered.features.sort { $0.id < $1.id } }
            ordered.isOrdered = true
            return compare(try request.cursor().fetchAll(), ordered)
        case .views: return try compareViews(request, answer)
        case .neighbors:
            let found = try neighbors.fetchAll()
            return compare(found.map(\.feature), answer)
                ?? compare(meters: found.map(\.distance.meters), answer)
        case .nearestOne:
            let found = try neighbors.fetchOne().map { [$0] } ?? []
            return compare(found.map(\.feature), answer)
                ?? compare(meters: found.map(\.distance.meters), answer)
        case .neighborFeatures: return compare(try neighbors.fetchFeatures(), answer)
        case .neighborIDs: return compare(ids: try neighbors.fetchIDs(), answer)
        case .idsWithDistances:
            let found = try neighbors.fetchIDsWithDistances()
            return compare(ids: found.map(\.id), answer)
                ?? compare(meters: found.map(\.distance.meters), answer)
        case .neighborCount: return compare(try neighbors.fetchCount(), answer)
        }
    }

    private func compareViews(_ request: FeatureRequest, _ answer: ModelAnswer) throws -> String? {
        var found: [Feature] = []
        var problem: String?
        try request.forEachView { view in
            let feature = try view.feature()
            let isSame =
                try view.id == feature.id
                && FeatureComparison.areSame(view.geometry(), feature.geometry)
                && view.properties() == feature.properties
                && view.interval?.start == feature.time?.start
                && view.interval?.end == feature.time?.end
                && view.property("n") == feature.properties?["n"]
                && (view.boundingBox == nil) == (feature.geometry?.isEmpty ?? true)
            if !isSame { problem = "a view of \(feature) shows something else" }
            found.append(feature)
        }
        return problem ?? compare(found, answer)
    }
}

// MARK: - Comparing

extension ModelAnswer {
    /// Whether an id of the answer (of the first of it) is a text.
    fileprivate func hasText(within isOrdered: Bool) -> Bool {
        features.prefix(isOrdered ? count : .max).contains { feature in
            if case .text = feature.id { true } else { false }
        }
    }
}

extension FeatureChecks {
    private func compare(_ count: Int, _ answer: ModelAnswer) -> String? {
        count == answer.count ? nil : "\(count) instead of \(answer.count)"
    }

    private func compare(_ found: [Feature], _ answer: ModelAnswer) -> String? {
        guard !found.contains(where: { $0.id == nil }) else { return "a feature without an id" }
        if let problem = compare(ids: found.map { $0.id! }, answer) { return problem }
        let byID = Dictionary(uniqueKeysWithValues: answer.features.map { ($0.id, $0.feature) })
        for feature in found {
            let expected = byID[ModelID(feature.id!)]!
            if !FeatureComparison.areSame(feature, expected) {
                return "\(feature) instead of \(expected)"
            }
        }
        return nil
    }

    private func compare(ids found: [FeatureID], _ answer: ModelAnswer) -> String? {
        let found = found.map { ModelID($0) }
        if found.count != answer.count {
            let expected = Set(answer.features.map(\.id))
            let missing = expected.subtracting(found).sorted().prefix(3)
            let extra = Set(found).subtracting(expected).sorted().prefix(3)
            return
                "\(found.count) instead of \(answer.count), missing \(Array(missing)), extra \(Array(extra))"
        }
        if answer.isOrdered {
            let expected = answer.features.prefix(answer.limit).map(\.id)
            if found == expected { return nil }
            let at = zip(found, expected).enumerated().first { $1.0 != $1.1 }!.offset
            return "\(found[at]) instead of \(expected[at]) at place \(at)"
        }
        let set = Set(found)
        if set.count != found.count { return "an id comes twice" }
        let unexpected = set.subtracting(answer.features.map(\.id))
        return unexpected.isEmpty ? nil : "\(unexpected.sorted().prefix(3)) should not be there"
    }

    private func compare(meters found: [Double], _ answer: ModelAnswer) -> String? {
        let expected = answer.meters.prefix(answer.limit)
        for (a, b) in zip(found, expected) where a != b { return "\(a) m instead of \(b) m" }
        return nil
    }

    /// All collections, whole.
    func checkEverything<Source: Asked & ~Copyable>(_ source: borrowing Source) throws {
        let schema = try source.schema()
        let names = schema.collections.map { Array($0.name.utf8) }
        if names != model.collections.map({ Array($0.name.utf8) }) {
            throw Difference("the collections are \(schema.collections.map(\.name))")
        }
        if schema.collections.map(\.created) != model.collections.map(\.created) {
            throw Difference("the collections were created at \(schema.collections.map(\.created))")
        }
        if Set(schema.collections.map(\.id)).count != names.count {
            throw Difference("two collections share an id")
        }
        for collection in model.collections {
            try check(ModelQuery(collection: collection.name, order: .id), .all, source)
        }
    }
}
