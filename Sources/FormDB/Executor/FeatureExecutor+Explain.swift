extension FeatureRequest {
    /// How the question is answered, and why so; with `analyze`, asks it too and says what that took.
    public func explain(analyze: Bool = false) throws -> QueryExplanation {
        try explain(analyze: analyze, .features, as: [Feature].self)
    }

    /// - Parameter answer: what is looked for among the kept answers.
    fileprivate func explain<Value: Sendable>(
        analyze: Bool, _ answer: FeatureQuestion.Answer, as type: Value.Type
    ) throws -> QueryExplanation {
        try source.withView(of: query.collection) { view in
            let executor = try FeatureExecutor(query, view, options.executor)
            let outcome =
                analyze
                ? try source.cacheOutcome(
                    FeatureQuestion(query: query, answer: answer), of: view, options, as: type)
                : nil
            var explanation = try executor.explain(analyze: analyze)
            explanation.cache = outcome
            return explanation
        }
    }
}

extension FeatureRequest {
    /// What the planner can choose from; for tests and benchmarks.
    func planChoices() throws -> [ForcedPlan] {
        try source.withView(of: query.collection) { view in
            let executor = try FeatureExecutor(query, view, options.executor)
            return executor.planner(try PlanInput(executor, .rows)).choices
        }
    }
}

extension NeighborRequest {
    /// How the question is answered, and why so; with `analyze`, asks it too and says what that took.
    public func explain(analyze: Bool = false) throws -> QueryExplanation {
        try features.explain(analyze: analyze, .neighbors, as: [Neighbor].self)
    }
}

extension FeatureExecutor {
    func explain(analyze: Bool) throws -> QueryExplanation {
        let input = try PlanInput(self, .rows)
        let planner = planner(input)
        let isShort = try isShortWalk
        let forced =
            isShort ? ForcedPlan(path: .placeAndTime, strategy: .gather) : options.forced
        guard let plan = planner.plan(forcing: forced) else {
            throw FormDBError(.unsupported, "the question can't be answered by \(forced!)")
        }
        let rejected = planner.alternatives().filter { !$0.doesTheSame(as: plan) }
        return QueryExplanation(
            question: query.description, chosen: option(plan, input, isShort: isShort),
            rejected: rejected.map { option($0, input) },
            sources: zip(plan.sources, input.statistics.summaries).map { planned, source in
                QueryExplanation.Source(
                    path: words(planned.path, input), rows: source.rows,
                    estimatedCandidates: planned.candidates)
            }, tests: tests(plan), actual: analyze ? try ask(plan) : nil)
    }

    private func ask(_ plan: Plan) throws -> QueryExplanation.Actual {
        var counted = self
        let touched = Touched()
        counted.options.touched = touched
        let start = ContinuousClock.now
        let rows = try view.owner.store.scratch.withPositions { positions in
            try counted.run(into: positions)
            return positions.count
        }
        let time = ContinuousClock.now - start
        return QueryExplanation.Actual(
            rows: rows, candidates: max(touched.candidates, rows), nodesRead: touched.nodes,
            recordsRead: touched.records,
            bytesRead: touched.bytes, changedPlan: touched.changedPlan, time: time)
    }

    // MARK: Words

    private func option(
        _ plan: Plan, _ input: PlanInput, isShort: Bool = false
    ) -> QueryExplanation.Option {
        QueryExplanation.Option(
            description: words(plan, input)
                + (isShort ? ", without a plan: few nodes have to be looked at" : ""),
            estimatedCandidates: plan.sources.reduce(0) { $0 + $1.candidates },
            estimatedRows: plan.rows, estimatedTime: .nanoseconds(Int64(min(plan.cost, 1e15))))
    }

    private func words(_ plan: Plan, _ input: PlanInput) -> String {
        switch plan.strategy {
        case .timeOrder: return "in order of time, until there are enough"
        case .indexOrder(let number):
            return "index on \(input.indexes[number].path) in order, until there are enough"
        case .nearest: return "by distance, until there are enough"
        case .gather, .measured: break
        }
        let paths = Set(plan.sources.map(\.path)).subtracting([.pruned])
        var text =
            paths.count == 1
            ? words(paths.first!, input)
            : paths.isEmpty ? "nothing: no row can answer" : "each source by its own path"
        if plan.strategy == .measured { text += ", all distances measured" }
        if let order = query.order {
            text += query.limitCount == nil ? ", sorted by \(order)" : ", the first by \(order)"
        }
        return text
    }

    private func words(_ path: AccessPath, _ input: PlanInput) -> String {
        switch path {
        case .pruned: "none of its rows can answer"
        case .ids: "look-up by id"
        case .scan: "scan of all rows"
        case .place: "tree of places"
        case .time: "tree of times"
        case .placeAndTime: "tree of places with times"
        case .index(let number): "index on \(input.indexes[number].path)"
        }
    }

    /// What is tested on rows that were found; where sources differ, by the path of the first.
    private func tests(_ plan: Plan) -> [String] {
        var tests: [String] = []
        var rest = query.condition
        var filter = query.filter
        guard var path = plan.sources.first(where: { $0.path != .pruned })?.path else { return [] }
        switch plan.strategy {
        case .timeOrder: path = .time
        case .indexOrder(let number): path = .index(number)
        case .nearest: path = .placeAndTime
        case .gather, .measured: break
        }
        switch path {
        case .pruned, .scan, .placeAndTime: rest = .init()
        case .place: rest.box = nil
        case .time: rest.time = nil
        case .ids: break
        case .index(let number): filter = usableIndexes[number].restFilter
        }
        if let box = rest.box { tests.append("bounds \(rest.isWithin ? "within" : "meet") \(box)") }
        if let time = rest.time { tests.append("time meets \(time)") }
        for condition in query.further {
            if let box = condition.box {
                tests.append("bounds \(condition.isWithin ? "within" : "meet") \(box)")
            }
            if let time = condition.time { tests.append("time meets \(time)") }
        }
        if query.idList != nil && path != .ids { tests.append("id is one of those asked for") }
        if let filter { tests.append(filter.description) }
        return tests
    }
}

/// What answering a question touched; counted only when it is to be explained.
///
/// Not `Sendable`: used by the thread that asks.
final class Touched: @unchecked Sendable {
    var candidates = 0
    var nodes = 0
    var records = 0
    var bytes = 0
    var changedPlan = false

    /// Notes that the records of rows are read.
    func read(_ positions: CorePositions, of view: CoreView) {
        records += positions.count
        for index in 0..<positions.count {
            bytes += unsafe view.record(at: positions[index]).count
        }
    }
}
