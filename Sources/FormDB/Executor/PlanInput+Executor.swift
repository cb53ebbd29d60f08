extension PlanInput {
    /// What the planner is told of a question: its parts, and what statistics, indexes and samples say of them.
    init(_ executor: FeatureExecutor, _ need: Need) throws {
        let query = executor.query
        let view = executor.view
        condition = query.condition
        further = query.further
        idCount = query.idList?.count
        limit = query.limitCount
        self.need = need
        order =
            switch query.order?.kind {
            case nil: query.pageToken == nil ? .none : .id
            case .id: .id
            case .time: .time
            case .property: .property
            }
        statistics = executor.statistics
        isExcluded = statistics.summaries.map { source in
            source.excludes(query.condition) || query.further.contains { source.excludes($0) }
        }
        if let filter = query.filter, let predicate = executor.predicate {
            hasFilter = true
            filterShare = try view.share(of: filter, predicate)
        }
        if query.hasDistance { distance = DistanceNeed(query) }
        let rows = statistics.rows
        indexes = try executor.usableIndexes.map { usable in
            var index = Index(
                id: usable.id, path: usable.path, hasOrder: usable.hasOrder)
            index.answersFilter = hasFilter && usable.rest == nil
            if let ranges = usable.ranges, let condition = usable.condition {
                let share = view.share(of: condition, ranges, index: usable.id, rows: rows)
                index.share = share
                // An estimate of none is looked into: where it is so, for certain, nothing has to be asked.
                if try share == 0 && !view.hasAny(index: usable.id, ranges) {
                    isExcluded = isExcluded.map { _ in true }
                }
                // A range says more of a property than a sample does.
                if index.answersFilter { filterShare = share }
                filterShare = min(filterShare, share)
            }
            return index
        }
        for number in indexes.indices {
            guard let share = indexes[number].share, share > 0 else { continue }
            indexes[number].restShare = min(filterShare / share, 1)
        }
    }
}

extension PlanInput.DistanceNeed {
    fileprivate init(_ query: FeatureQuery) {
        let place = query.place
        limit = [query.nearest?.limit, query.order == nil ? query.limitCount : nil]
            .compactMap { $0 }.min()
        isOnePlace = query.radii.allSatisfy { $0.place == place }
        let bounds = [query.nearest?.maxDistance].compactMap { $0 } + query.radii.map(\.distance)
        if let place, let most = bounds.min() {
            reach = BoundingBox(around: place, within: most)
        }
    }
}

extension CoreView {
    /// The share of the rows in some ranges of an index. Kept while the collection hardly changes: texts that share
    /// their first bytes are told apart by their records, which takes 40 µs among a million.
    fileprivate func share(
        of condition: Filter, _ ranges: CoreValueRanges, index: UInt32, rows: Double
    ) -> Double {
        let statistics = owner.store.statistics
        if let share = statistics.share(of: condition, byIndex: true, in: self) { return share }
        let found = Double(estimate(index: index, ranges))
        let share = rows > 0 ? min(found / rows, 1) : 0
        statistics.note(share, of: condition, byIndex: true, in: self)
        return share
    }
}
