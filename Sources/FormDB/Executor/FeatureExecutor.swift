/// Answers a query from the rows of one view: plans, and carries the plan out.
///
/// What is gathered from the sources is tested for the rest of the conditions, put in order and cut off. Every plan
/// of a question gives the same answer.
struct FeatureExecutor {
    let query: FeatureQuery
    let view: CoreView
    var options: Options
    let sources: [RowSource]
    let predicate: CorePredicate?
    let usableIndexes: [UsableIndex]

    /// What is asked beside the question.
    struct Options: Sendable {
        var interruption = Interruption()
        /// For tests and benchmarks.
        var forced: ForcedPlan?
        /// Where to count what is touched.
        var touched: Touched?

        /// Calls `body` with what watches over its searches.
        func watching<Result>(_ body: (inout CoreWatch) throws -> Result) rethrows -> Result {
            var watch = CoreWatch(interruption)
            defer { touched?.nodes += watch.nodes }
            return try body(&watch)
        }
    }

    init(_ query: FeatureQuery, _ view: CoreView, _ options: Options = Options()) throws {
        try query.validate()
        self.query = query
        self.view = view
        self.options = options
        predicate = try query.filter.map { try CorePredicate($0) }
        usableIndexes = try UsableIndex.all(for: query, in: view)
        sources = RowSource.sources(of: view)
    }

    /// What is known of the sources.
    var statistics: CollectionStatistics {
        view.owner.store.statistics.statistics(of: view, sources)
    }

    func planner(_ input: PlanInput) -> Planner {
        Planner(input, costs: view.owner.store.costs)
    }

    /// Whether the trees answer by themselves, and nothing is to be weighed.
    private var needsNoPlan: Bool {
        query.isSimple && query.order == nil && options.forced == nil && sources.count == 1
            && options.touched == nil && isOneWalk
    }

    /// Whether place and time are asked in one walk: as there is only one of them, or as the planner says.
    var isOneWalk: Bool {
        let condition = query.condition
        guard let box = condition.box, condition.time != nil else { return true }
        let statistics = statistics
        return Planner.meetsFew(
            statistics.share(ofSource: 0, in: box, isWithin: condition.isWithin),
            of: statistics.summaries[0].rows, view.owner.store.costs)
    }

    /// The positions of the answer, in its order, into an empty list; by a plan that was made already, if there is one.
    func run(into positions: CorePositions, by made: Plan? = nil) throws {
        if query.isImpossible { return }
        if query.hasDistance {
            for near in try neighbors() { positions.append(near.position) }
            return
        }
        if made == nil && needsNoPlan {
            return try options.watching { watch in
                try view.search(
                    query.condition.question, limit: query.limitCount ?? .max, into: positions,
                    &watch)
            }
        }
        try carryOut(made ?? plan(.rows), into: positions)
    }

    func count() throws -> Int {
        if query.isImpossible { return 0 }
        var made: Plan?
        if !query.hasDistance && query.isSimple && options.forced == nil && sources.count == 1 {
            if !isOneWalk { made = try unordered.plan(.count) }
            if made?.isOneWalk ?? true {
                let count = try options.watching {
                    try view.count(query.condition.question, &$0)
                }
                return min(count, query.limitCount ?? .max)
            }
        }
        return try view.owner.store.scratch.withPositions { positions in
            if query.hasDistance {
                try run(into: positions)
            } else {
                let unordered = try unordered
                try unordered.carryOut(made ?? unordered.plan(.count), into: positions)
            }
            return positions.count
        }
    }

    /// The same question without an order, where only the number matters.
    var unordered: FeatureExecutor {
        get throws {
            // A page begins at a place in the order.
            if query.order == nil || query.pageToken != nil { return self }
            var plain = query
            plain.order = nil
            plain.isDescending = false
            return try FeatureExecutor(plain, view, options)
        }
    }

    /// Whether the ids alone can be had without their rows.
    private var idsAreSimple: Bool {
        query.isSimple && !query.hasDistance && (query.order == nil || query.order == .id)
            && (query.order != nil || query.limitCount == nil) && options.forced == nil
            && sources.count == 1
    }

    /// Fills `ids` when all are integers; false (and none) when one is a text.
    func integerIDs(into ids: inout [Int64]) throws -> Bool {
        ids.removeAll(keepingCapacity: true)
        if query.isImpossible { return true }
        var made: Plan?
        if idsAreSimple && !isOneWalk { made = try plan(.rows) }
        if idsAreSimple && made?.isOneWalk ?? true {
            let areIntegers = try options.watching {
                try view.integerIDs(query.condition.question, into: &ids, &$0)
            }
            if areIntegers {
                if query.order != nil {
                    if query.isDescending { ids.sort(by: >) } else { ids.sort() }
                }
                if let limit = query.limitCount, ids.count > limit {
                    ids.removeLast(ids.count - limit)
                }
                return true
            }
            // Texts beyond the limit don't count.
            if query.limitCount == nil { return false }
        }
        return try view.owner.store.scratch.withPositions { positions in
            try run(into: positions, by: made)
            return view.integerIDs(at: positions, into: &ids)
        }
    }

    // MARK: Carrying out

    /// The plan that is carried out.
    func plan(_ need: PlanInput.Need) throws -> Plan {
        let input = try PlanInput(self, need)
        if let plan = planner(input).plan(forcing: options.forced) { return plan }
        throw FormDBError(.unsupported, "the question can't be answered by \(options.forced!)")
    }

    func carryOut(_ plan: Plan, into positions: CorePositions) throws {
        switch plan.strategy {
        case .gather, .nearest, .measured: break
        case .timeOrder:
            if try OrderedRows(self, plan).byTime(into: positions) { return }
        case .indexOrder(let number):
            if try OrderedRows(self, plan).byIndex(number, into: positions) { return }
        }
        // Also where an ordered plan found too little for what it cost.
        if plan.strategy != .gather { options.touched?.changedPlan = true }
        positions.clear()
        try gatherInOrder(plan, into: positions)
    }

    private func gatherInOrder(_ plan: Plan, into positions: CorePositions) throws {
        let gathering = Gathering(self, plan)
        guard let order = query.order ?? (query.pageToken == nil ? nil : .id) else {
            return try gathering.rows(limit: query.limitCount ?? .max, into: positions)
        }
        let sorter = try CoreSorter(
            view, CoreOrder(order.kind, descending: query.isDescending),
            limit: query.limitCount ?? .max, after: query.pageToken?.key)
        try gathering.forEachBatch { batch in
            try sorter.add(batch)
            return true
        }
        try sorter.finish(into: positions, options.interruption)
    }
}

extension Plan {
    /// Whether the one source is asked for place and time together.
    fileprivate var isOneWalk: Bool {
        strategy == .gather && sources.count == 1 && sources[0].path == .placeAndTime
    }
}
