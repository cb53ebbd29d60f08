// Aggregates of what answers.
extension FeatureExecutor {
    /// What the groups of the answer come to, in order of key, then window.
    func groups(_ aggregation: CoreAggregation) throws -> [CoreGroup] {
        if query.isImpossible { return [] }
        try options.interruption.check()
        if let groups = try groupsOfIndex(aggregation) { return groups }
        let aggregator = try CoreAggregator(view, aggregation, options.interruption)
        if query.hasDistance || query.limitCount != nil || query.pageToken != nil {
            // Which rows these are their order decides.
            try view.owner.store.scratch.withPositions { positions in
                try run(into: positions)
                try aggregator.add(positions)
            }
        } else {
            try unordered.add(to: aggregator, aggregation)
        }
        return try aggregator.groups()
    }

    private func add(to aggregator: CoreAggregator, _ aggregation: CoreAggregation) throws {
        let plan = try plan(.aggregate)
        let gathering = Gathering(self, plan)
        let isOneGroup = aggregation.key == nil && aggregation.windowing == nil
        for (source, path) in zip(sources, plan.sources.map(\.path)) {
            switch path {
            case .scan
            where query.isSimple && query.condition == .init() && source.isWhole
                && aggregator.hasKeysInOrder:
                try aggregator.addAllByKey()
            case .scan where query.isSimple:
                try aggregator.add(query.condition.question, in: source.range)
            case .index(let number)
            where isOneGroup && source.isWhole && usableIndexes[number].id == aggregator.valueIndex
                && isAnswered(by: usableIndexes[number]):
                if let ranges = usableIndexes[number].ranges { try aggregator.add(ranges) }
            default:
                _ = try gathering.forEachBatch(of: source, by: path) { rows in
                    try aggregator.add(rows)
                    return true
                }
            }
        }
    }

    /// Whether all rows in an index's ranges answer, and no others.
    private func isAnswered(by index: UsableIndex) -> Bool {
        index.rest == nil && query.condition == .init() && query.further.isEmpty
            && query.idList == nil
    }

    /// How many rows have each value of an indexed property, of all rows: the index's own groups, counted without a
    /// look at rows that are seen by everybody. nil for other questions.
    private func groupsOfIndex(_ aggregation: CoreAggregation) throws -> [CoreGroup]? {
        guard let key = aggregation.key, aggregation.value == nil, aggregation.windowing == nil,
            query.isSimple, !query.hasDistance, query.condition == .init(),
            query.limitCount == nil, options.forced == nil, sources.count == 1,
            let index = view.index(on: key)
        else { return nil }
        var groups: [CoreGroup] = []
        try view.distinct(index: index) { value, rows in
            if groups.count % 4_096 == 4_095 { try options.interruption.check() }
            groups.append(
                CoreGroup(key: value, window: 0, rows: rows, values: 0, sum: 0, mean: .nan))
            return true
        }
        return groups
    }
}
