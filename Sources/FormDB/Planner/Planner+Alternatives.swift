extension Planner {
    /// What can be chosen: each path for all sources, and each strategy, as far as the question has them.
    var choices: [ForcedPlan] {
        var paths: [AccessPath] = [.ids, .scan, .place, .time, .placeAndTime]
        paths += input.indexes.indices.map { .index($0) }
        var strategies: [Plan.Strategy] = [.timeOrder, .nearest]
        strategies += input.indexes.indices.map { .indexOrder($0) }
        let gathering: Plan.Strategy = input.distance == nil ? .gather : .measured
        let all =
            paths.map { ForcedPlan(path: $0, strategy: gathering) }
            + strategies.map { ForcedPlan(path: nil, strategy: $0) }
        return all.filter { plan(forcing: $0) != nil }
    }

    /// Every plan there is for the question, cheapest first.
    func alternatives() -> [Plan] {
        var plans: [Plan] = []
        for choice in choices {
            guard let plan = self.plan(forcing: choice) else { continue }
            if !plans.contains(where: { $0.doesTheSame(as: plan) }) { plans.append(plan) }
        }
        return plans.sorted { $0.cost < $1.cost }
    }
}
