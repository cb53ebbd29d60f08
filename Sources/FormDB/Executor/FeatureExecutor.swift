/// Answers a query from the rows of one view: plans, and carries the plan out.
///
/// What is gathered from the sources is tested for the rest of the conditions, put in order and cut off. Every plan
/// of a question gives the same answer.
struct FeatureExecutor {
    let query: FeatureQuery
    let view: CoreView
    var options: Options
    let sources: RowSources
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
        @inline(__always)
        func watching<Result>(
            atMost nodesMax: Int? = nil, _ body: (inout CoreWatch) throws -> Result
        ) rethrows -> Result {
            var watch = CoreWatch(interruption, nodesMax: nodesMax)
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
        sources = RowSources(of: view)
    }

    /// What is known of the sources.
    var statistics: CollectionStatistics {
        view.owner.store.statistics.statistics(of: view, sources)
    }

    func planner(_ input: PlanInput) -> Planner {
        Planner(input, costs: view.owner.store.costs)
    }

    /// Whether the tree of the one source answers all but order and limit.
    private var isOneQuestion: Bool {
        query.isSimple && !query.hasDistance && options.forced == nil && sources.count == 1
    }

    /// How many nodes a walk looks at before it is worth a plan.
    private static let unplannedNodes = 64

    /// Asks the tree without a plan; nil where one is needed: place and time are asked for together, and more has to
    /// be looked at than planning is worth. REQUIRES: ``isOneQuestion``.
    ///
    /// (W2t, 1° and a week, 23 nodes: 4.8 µs with a plan; the walk alone takes one.)
    @inline(__always)
    func withoutPlan<Result>(_ ask: (inout CoreWatch) throws -> Result) throws -> Result? {
        if query.condition.box == nil || query.condition.time == nil {
            return try options.watching(ask)
        }
        do {
            return try options.watching(atMost: Self.unplannedNodes, ask)
        } catch is CoreWatch.TooManyNodes { return nil }
    }

    private enum TreeAnswer<Result> {
        case found(Result)
        /// Another plan than to ask the tree is better.
        case planned(Plan)
    }

    /// Asks the tree without a plan, or, where one is needed, by that plan if it says so. REQUIRES: ``isOneQuestion``.
    @inline(__always)
    private func askTree<Result>(
        planning plan: () throws -> Plan, _ ask: (inout CoreWatch) throws -> Result
    ) throws -> TreeAnswer<Result> {
        if let result = try withoutPlan(ask) { return .found(result) }
        let plan = try plan()
        return plan.isOneWalk ? .found(try options.watching(ask)) : .planned(plan)
    }

    /// Whether place and time are answered together by a walk without a plan.
    var isShortWalk: Bool {
        get throws {
            guard isOneQuestion, query.order == nil, query.condition.box != nil,
                query.condition.time != nil
            else { return false }
            return try withoutPlan { try view.count(query.condition.question, &$0) } != nil
        }
    }

    /// The positions of the answer, in its order, into an empty list; by a plan that was made already, if there is one.
    func run(into positions: CorePositions, by made: Plan? = nil) throws {
        if query.isImpossible { return }
        if query.hasDistance {
            for near in try neighbors() { positions.append(near.position) }
            return
        }
        if made == nil && isOneQuestion && query.order == nil && options.touched == nil {
            let limit = query.limitCount ?? .max
            let isAnswered = try withoutPlan {
                try view.search(query.condition.question, limit: limit, into: positions, &$0)
                return true
            }
            if isAnswered == true { return }
        }
        try carryOut(made ?? plan(.rows), into: positions)
    }

    func count() throws -> Int {
        if query.isImpossible { return 0 }
        var made: Plan?
        if isOneQuestion {
            let answer = try askTree(planning: { try unordered.plan(.count) }) {
                try view.count(query.condition.question, &$0)
            }
            switch answer {
            case .found(let count): return min(count, query.limitCount ?? .max)
            case .planned(let plan): made = plan
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
        isOneQuestion && (query.order == nil || query.order == .id)
            && (query.order != nil || query.limitCount == nil)
    }

    /// Fills `ids` when all are integers; false (and none) when one is a text.
    func integerIDs(into ids: inout [Int64]) throws -> Bool {
        ids.removeAll(keepingCapacity: true)
        if query.isImpossible { return true }
        var made: Plan?
        if idsAreSimple {
            let answer = try askTree(planning: { try plan(.rows) }) {
                try view.integerIDs(query.condition.question, into: &ids, &$0)
            }
            switch answer {
            case .found(true):
                if query.order != nil {
                    if query.isDescending { ids.sort(by: >) } else { ids.sort() }
                }
                if let limit = query.limitCount, ids.count > limit {
                    ids.removeLast(ids.count - limit)
                }
                return true
            case .found(false):
                // Texts beyond the limit don't count.
                if query.limitCount == nil { return false }
            case .planned(let plan): made = plan
            }
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
