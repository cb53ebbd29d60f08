/// Chooses how to answer a question: a pure function of the question and the statistics.
///
/// For each source it estimates each way in (tree of places, tree of times, both in one walk, property index, ids,
/// scan) and what is left to test, and takes the cheapest; then it holds gathering all rows against taking them in
/// order, or by distance, until there are enough.
///
/// Of many small sources a few are judged, and all are asked as is best for these.
///
/// COST: about half a microsecond; for each source beyond the first 0.4 µs, or some nanoseconds for each of many small
/// ones (`make bench ONLY=regret`, lines `planning`).
struct Planner {
    let costs: CostModel
    let input: PlanInput

    init(_ input: PlanInput, costs: CostModel = .standard) {
        self.input = input
        self.costs = costs
    }

    /// The plan; where something is forced, the cheapest of those that obey, or nil when there is none.
    func plan(forcing forced: ForcedPlan? = nil) -> Plan? {
        let shares = SourceShares(input)
        guard let gather = gather(shares, forced?.path) else { return nil }
        var best = forced?.strategy == nil || forced?.strategy == .gather ? gather : nil
        if input.distance != nil {
            // Distances decide the order.
            best = nil
            consider(measured(gather), &best, forced)
            if forced?.path == nil { consider(nearest(gather, shares), &best, forced) }
            return best
        }
        if input.limit != nil && forced?.path == nil {
            if input.order == .time { consider(timeOrder(gather, shares), &best, forced) }
            for index in input.indexes.indices where input.indexes[index].hasOrder {
                consider(indexOrder(index, gather, shares), &best, forced)
            }
        }
        return best
    }

    private func consider(_ plan: Plan?, _ best: inout Plan?, _ forced: ForcedPlan?) {
        guard let plan else { return }
        if let strategy = forced?.strategy, strategy != plan.strategy { return }
        if plan.cost < best?.cost ?? .infinity { best = plan }
    }

    // MARK: One source

    private func sourcePlan(_ path: AccessPath, _ shares: SourceShares.Of) -> SourcePlan? {
        let condition = input.condition
        let matches = shares.rows * shares.all
        // What has to be tested of each candidate afterwards.
        var leavesBox = condition.box != nil
        var leavesTime = condition.time != nil
        var candidates: Double
        var cost: Double
        switch path {
        case .pruned: return nil
        case .ids:
            guard let count = input.idCount else { return nil }
            candidates = Double(count)
            cost = candidates * costs.id
        case .scan:
            candidates = shares.rows * shares.place * shares.time
            cost = shares.positions * costs.scannedRow
            if leavesTime { cost += shares.positions * costs.scannedTime }
            if leavesBox { cost += shares.positions * shares.time * costs.scannedBox }
            leavesBox = false
            leavesTime = false
        case .place:
            guard leavesBox else { return nil }
            candidates = shares.rows * shares.place
            cost = treeCost(shares.rows, shares.place, handing: candidates)
            leavesBox = false
        case .time:
            guard leavesTime else { return nil }
            candidates = shares.rows * shares.time
            cost = treeCost(shares.rows, shares.time, handing: candidates)
            leavesTime = false
        case .placeAndTime:
            guard leavesBox, leavesTime else { return nil }
            candidates = shares.rows * shares.place * shares.time
            cost =
                costs.bothFactor
                * treeCost(
                    shares.rows, shares.place, handing: candidates, narrowing: shares.time)
            leavesBox = false
            leavesTime = false
        case .index(let number):
            guard let share = input.indexes[number].share else { return nil }
            candidates = shares.rows * share
            cost = costs.index + candidates * costs.indexRow
        }
        if let count = input.idCount, path != .ids { cost += Double(count) * costs.idOfSet }
        cost += candidates * tests(path, leavesBox || leavesTime, shares)
        return SourcePlan(path: path, candidates: candidates, matches: matches, cost: cost)
    }

    /// What it costs to test one candidate of a path.
    private func tests(_ path: AccessPath, _ leavesCondition: Bool, _ shares: SourceShares.Of)
        -> Double
    {
        let restricted = costs.restrictedRow.among(shares.rows)
        var cost = leavesCondition ? restricted : 0
        cost += Double(input.further.count) * restricted
        // What is aggregated is read in the order in which rows are found: a scan's is that of the columns.
        if input.need == .aggregate && path != .scan { cost += restricted }
        // Only what place and time leave is looked at closer.
        var left = shares.further
        if leavesCondition {
            if path == .place { left *= shares.time }
            if path == .time { left *= shares.place }
            if case .index = path { left *= shares.place * shares.time }
            if path == .ids { left *= shares.place * shares.time }
        }
        if input.idCount != nil && path != .ids {
            cost += left * costs.idTest
            left *= shares.ids
        }
        var isFiltered = input.hasFilter
        if case .index(let number) = path, input.indexes[number].answersFilter {
            isFiltered = false
        }
        if isFiltered {
            cost +=
                left
                * (path == .scan
                    ? costs.filteredRow : costs.scatteredFilteredRow.among(shares.rows))
        }
        return cost
    }

    private func treeCost(
        _ rows: Double, _ share: Double, handing candidates: Double, narrowing: Double = 1
    ) -> Double {
        if rows == 0 { return 0 }
        let met = rows * share
        // Leaves inside the question, and those along its edge. Where time prunes too, whole nodes fall away.
        let leaves = met / 16 * (0.75 + 0.25 * narrowing) + 2 * met.squareRoot()
        let row = input.need == .count && !input.hasFilter ? costs.countedRow : costs.treeRow
        return costs.tree + leaves * costs.leaf.among(rows) + candidates * row
    }

    // MARK: All sources

    private func gather(_ shares: SourceShares, _ forced: AccessPath?) -> Plan? {
        let summaries = input.statistics.summaries
        let typical = shares.typical.flatMap { cheapest($0, forced) }
        let typicalPart = 1 / max(shares.typical?.rows ?? 1, 1)
        var sources: [SourcePlan] = []
        sources.reserveCapacity(summaries.count)
        var next = 0
        var cost = 0.0
        var matches = 0.0
        for number in summaries.indices {
            let planned: SourcePlan?
            if input.isExcluded[number] {
                planned = .pruned
            } else if shares.standsForOthers(summaries[number]) {
                planned = typical?.scaled(by: summaries[number].rows * typicalPart)
            } else {
                planned = cheapest(shares.single[next], forced)
                next += 1
            }
            guard let planned else { return nil }
            sources.append(planned)
            cost += planned.cost
            matches += planned.matches
        }
        let found = matches * input.filterShare
        var rows = found
        if let limit = input.limit, input.distance == nil {
            rows = min(rows, Double(limit))
            // Without an order any rows will do: finding them ends early.
            if input.order == .none && found > 0 { cost *= min(1, 1.5 * Double(limit) / found) }
        }
        if input.need == .rows || input.limit != nil { cost += sorting(found) }
        return Plan(
            strategy: .gather, sources: sources, rows: rows, matches: found, cost: cost)
    }

    private func cheapest(_ shares: SourceShares.Of, _ forced: AccessPath?) -> SourcePlan? {
        if let forced { return sourcePlan(forced, shares) }
        var best = sourcePlan(.scan, shares)
        func consider(_ path: AccessPath) {
            if let plan = sourcePlan(path, shares), plan.cost < best?.cost ?? .infinity {
                best = plan
            }
        }
        if input.idCount != nil { consider(.ids) }
        if input.condition.box != nil { consider(.place) }
        if input.condition.time != nil { consider(.time) }
        if input.condition.box != nil && input.condition.time != nil { consider(.placeAndTime) }
        for index in input.indexes.indices { consider(.index(index)) }
        return best
    }

    private func sorting(_ found: Double) -> Double {
        if input.order == .none || found < 1 { return 0 }
        let key = input.order == .property ? costs.sortPropertyKey : costs.sortKey
        // With a limit most rows are told by one comparison with the last of the best.
        let kept = min(found, input.limit.map(Double.init) ?? found)
        return found * (key + costs.sortComparison) + kept * Self.depth(kept) * costs.sortComparison
    }

    /// About the binary logarithm.
    private static func depth(_ count: Double) -> Double { Double(max(count.exponent, 0) + 1) }

    // MARK: In order

    /// The share of the rows in the order that the other conditions leave.
    private func ordered(
        _ strategy: Plan.Strategy, among: Double, gather: Plan, eachRow: Double, matches: Double,
        start: Double
    ) -> Plan? {
        guard let limit = input.limit else { return nil }
        let wanted = Double(limit)
        // Where fewer answer than are wanted, all of them are looked at.
        let looked = matches <= wanted ? among : among * (wanted + 1) / (matches + 1)
        let cost = start + looked * eachRow
        // Rows that answer may lie at the other end: then it gives way when it has cost as much as gathering.
        let budget = max(looked, gather.cost / max(eachRow, 1)) + 64
        return Plan(
            strategy: strategy, sources: gather.sources, rows: min(matches, wanted),
            matches: matches, cost: cost, budget: budget)
    }

    private func timeOrder(_ gather: Plan, _ shares: SourceShares) -> Plan? {
        let rows = shares.rows
        let place = shares.timedAndPlaced / max(shares.timed, 1)
        var each = costs.timeOrderedRow.among(rows)
        if input.condition.box != nil { each += costs.restrictedRow.among(rows) }
        if input.hasFilter { each += place * costs.scatteredFilteredRow.among(rows) }
        return ordered(
            .timeOrder, among: shares.timed, gather: gather, eachRow: each,
            matches: shares.matching * input.filterShare, start: 2 * costs.stretch)
    }

    private func indexOrder(_ number: Int, _ gather: Plan, _ shares: SourceShares) -> Plan? {
        let index = input.indexes[number]
        let rows = shares.rows
        var each = costs.orderedRow
        var left = 1.0
        if input.condition.box != nil || input.condition.time != nil {
            each += costs.restrictedRow.among(rows)
            left = shares.matching / max(1, rows)
        }
        if input.hasFilter && !index.answersFilter {
            each += left * costs.scatteredFilteredRow.among(rows)
        }
        return ordered(
            .indexOrder(number), among: rows * (index.share ?? 1), gather: gather, eachRow: each,
            matches: shares.matching * input.filterShare, start: costs.index)
    }

    // MARK: Distance

    private func measured(_ gather: Plan) -> Plan {
        var plan = gather
        plan.strategy = .measured
        let found = gather.rows
        plan.cost += found * (costs.distance + costs.sortComparison)
        if let limit = input.distance?.limit { plan.rows = min(found, Double(limit)) }
        return plan
    }

    private func nearest(_ gather: Plan, _ shares: SourceShares) -> Plan? {
        guard let distance = input.distance, distance.isOnePlace, input.idCount == nil else {
            return nil
        }
        let rows = shares.rows
        let reachable = distance.reach == nil ? rows : shares.reachable
        // The walk itself leaves out what doesn't meet place and time; the filter and the rest come afterwards.
        let answer = shares.matching * input.filterShare
        let share = rows > 0 ? answer / rows : 0
        let wanted = distance.limit.map(Double.init) ?? reachable
        let rest = max(input.filterShare, 1e-9) * shares.further
        let walked = min(wanted / max(rest, 1e-9), max(reachable * share / max(rest, 1e-9), 1))
        let each =
            costs.nearestRow + costs.distance
            + (input.hasFilter ? costs.scatteredFilteredRow.among(rows) : 0)
        var plan = gather
        plan.strategy = .nearest
        plan.rows = min(wanted, reachable * share)
        // Rows that the walk passes by because of place or time cost a little too.
        plan.cost =
            costs.tree + walked * each + min(walked / max(share, 1e-6), rows) * costs.treeRow
        plan.budget = max(walked, gather.cost / each) + 64
        return plan
    }
}
