// Nearest, and all within a distance.
extension FeatureExecutor {
    /// The answer with distances. REQUIRES: the query has one.
    func neighbors() throws -> [CoreView.Near] {
        guard let place = query.place, !query.isImpossible else { return [] }
        let isOnePlace = query.radii.allSatisfy { $0.place == place }
        var near: [CoreView.Near]
        if query.isSimple && isOnePlace && options.forced == nil && sources.count == 1 {
            near = try options.watching {
                try view.nearest(
                    to: place, limit: neighborLimit, within: reach, query.condition.question, &$0)
            }
        } else {
            near = try planned(from: place)
        }
        if query.order != nil { try reorder(&near) }
        return near
    }

    /// The k of nearest and a limit besides both bound the answer, unless the limit is that of another order.
    private var neighborLimit: Int? {
        [query.nearest?.limit, query.order == nil ? query.limitCount : nil]
            .compactMap { $0 }.min()
    }

    private var reach: Double {
        let bounds = [query.nearest?.maxDistance].compactMap { $0 } + query.radii.map(\.distance)
        return bounds.min()?.meters ?? .infinity
    }

    private func planned(from place: Position) throws -> [CoreView.Near] {
        let plan = try plan(.rows)
        if plan.strategy == .nearest, query.pageToken == nil || query.order != nil,
            let near = try walked(from: place, plan)
        {
            return near
        }
        var near = try measured(from: place, plan)
        if let limit = neighborLimit, near.count > limit { near.removeLast(near.count - limit) }
        return near
    }

    /// Walks by distance, for more and more rows, until enough of them meet the other conditions; nil when that
    /// takes more than the plan's budget, or when a row on the way can't be measured (which need not answer).
    private func walked(from place: Position, _ plan: Plan) throws -> [CoreView.Near]? {
        let wanted = neighborLimit
        // A limit beyond any collection is none.
        var asked = wanted.flatMap { $0 < 1 << 32 ? Swift.max($0 * 2, 16) : nil }
        while true {
            try options.interruption.check()
            var near: [CoreView.Near]
            do {
                near = try options.watching {
                    try view.nearest(
                        to: place, limit: asked, within: reach, query.condition.question, &$0)
                }
            } catch let error as FormDBError where error.code == .unsupportedGeometry {
                return nil
            }
            let isAll = asked.map { near.count < $0 } ?? true
            keepAnswers(&near)
            if let wanted, near.count >= wanted { return Array(near.prefix(wanted)) }
            if isAll { return near }
            asked = asked.flatMap { $0 < 1 << 34 ? $0 * 4 : nil }
            if let asked, Double(asked) > plan.budget { return nil }
        }
    }

    private func keepAnswers(_ near: inout [CoreView.Near]) {
        let meters = Dictionary(uniqueKeysWithValues: near.map { ($0.position, $0.meters) })
        near = view.owner.store.scratch.withPositions { positions in
            for item in near { positions.append(item.position) }
            for condition in query.further {
                view.restrict(positions, to: condition.question, in: 0..<view.size.positions)
            }
            if let ids = query.idList {
                let wanted = Set(ids)
                positions.filter { wanted.contains(view.id(at: $0)) }
            }
            if let predicate { view.filter(positions, predicate) }
            return positions.array.map {
                CoreView.Near(position: $0, meters: meters[$0] ?? .nan)
            }
        }
    }

    /// Measures each row that meets the other conditions.
    private func measured(from place: Position, _ plan: Plan) throws -> [CoreView.Near] {
        var near: [CoreView.Near] = []
        try Gathering(self, plan).forEachBatch { batch in
            for start in stride(from: 0, to: batch.count, by: 4_096) {
                try options.interruption.check()
                for index in start..<Swift.min(start + 4_096, batch.count) {
                    if let item = try measure(batch[index], from: place) { near.append(item) }
                }
            }
            return true
        }
        var comparisons = 0
        try near.sort { a, b in
            comparisons += 1
            if comparisons % 16_384 == 0 { try options.interruption.check() }
            if a.meters != b.meters { return a.meters < b.meters }
            return view.id(at: a.position) < view.id(at: b.position)
        }
        if query.order == nil, let key = query.pageToken?.key { near = after(key, near) }
        return near
    }

    private func measure(_ position: UInt32, from place: Position) throws -> CoreView.Near? {
        guard let meters = try view.distance(to: place, at: position) else { return nil }
        if let most = query.nearest?.maxDistance, meters > most.meters { return nil }
        let isWithin = try query.radii.allSatisfy { radius in
            try view.distance(to: radius.place, at: position) ?? .infinity <= radius.distance.meters
        }
        return isWithin ? CoreView.Near(position: position, meters: meters) : nil
    }

    private func after(_ key: PageToken.Key, _ near: [CoreView.Near]) -> [CoreView.Near] {
        guard let meters = key.meters else { return near }
        return near.filter {
            $0.meters > meters || ($0.meters == meters && key.id < view.id(at: $0.position))
        }
    }

    private func reorder(_ near: inout [CoreView.Near]) throws {
        guard let kind = query.order?.kind else { return }
        let meters = Dictionary(uniqueKeysWithValues: near.map { ($0.position, $0.meters) })
        near = try view.owner.store.scratch.withPositions { positions in
            for item in near { positions.append(item.position) }
            let sorter = try CoreSorter(
                view, CoreOrder(kind, descending: query.isDescending),
                limit: query.limitCount ?? .max, after: query.pageToken?.key)
            try sorter.add(positions)
            positions.clear()
            try sorter.finish(into: positions, options.interruption)
            return positions.array.map {
                CoreView.Near(position: $0, meters: meters[$0] ?? .nan)
            }
        }
    }
}
