/// Answers a query from the rows of one view.
struct FeatureExecutor {
    let query: FeatureQuery
    let view: CoreView

    init(_ query: FeatureQuery, _ view: CoreView) throws {
        try query.validate()
        self.query = query
        self.view = view
    }

    /// The positions of the answer, in its order, into an empty list.
    func run(into positions: CorePositions) throws {
        if query.isImpossible { return }
        if query.hasDistance {
            for near in try neighbors() { positions.append(near.position) }
            return
        }
        try candidates(
            into: positions, limit: query.order == nil ? query.limitCount ?? .max : .max)
        sort(positions)
        if let limit = query.limitCount { positions.truncate(to: limit) }
    }

    func count() throws -> Int {
        if query.isImpossible { return 0 }
        if query.isSimple && !query.hasDistance {
            let count = try view.count(query.condition.question)
            return min(count, query.limitCount ?? .max)
        }
        return try view.owner.store.scratch.withPositions { positions in
            try run(into: positions)
            return positions.count
        }
    }

    /// Whether the ids alone can be had without their rows.
    private var idsAreSimple: Bool {
        query.isSimple && !query.hasDistance && (query.order == nil || query.order == .id)
            && (query.order != nil || query.limitCount == nil)
    }

    /// Fills `ids` when all are integers; false (and none) when one is a text.
    func integerIDs(into ids: inout [Int64]) throws -> Bool {
        ids.removeAll(keepingCapacity: true)
        if query.isImpossible { return true }
        if idsAreSimple {
            if try view.integerIDs(query.condition.question, into: &ids) {
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
            try run(into: positions)
            for index in 0..<positions.count {
                guard let id = view.id(at: positions[index]).integerValue else {
                    ids.removeAll(keepingCapacity: true)
                    return false
                }
                ids.append(id)
            }
            return true
        }
    }

    // MARK: Distance

    /// The answer with distances. REQUIRES: the query has one.
    func neighbors() throws -> [CoreView.Near] {
        guard let place = query.place, !query.isImpossible else { return [] }
        // The k of nearest and a limit besides both bound the answer.
        let limit = [query.nearest?.limit, query.order == nil ? query.limitCount : nil]
            .compactMap { $0 }.min()
        var near: [CoreView.Near]
        if query.isSimple && query.radii.allSatisfy({ $0.place == place }) {
            let bounds =
                [query.nearest?.maxDistance].compactMap { $0 } + query.radii.map(\.distance)
            near = try view.nearest(
                to: place, limit: limit, within: bounds.min()?.meters ?? .infinity,
                query.condition.question)
        } else {
            near = try measured(from: place)
            if let limit, near.count > limit { near.removeLast(near.count - limit) }
        }
        if query.order != nil { reorder(&near) }
        return near
    }

    /// Measures each candidate: for what the index can't answer in one walk.
    private func measured(from place: Position) throws -> [CoreView.Near] {
        var near: [CoreView.Near] = []
        try view.owner.store.scratch.withPositions { positions in
            try candidates(into: positions, limit: .max)
            // By id first: the sort by distance is stable then by its second key.
            view.sortByID(positions)
            for index in 0..<positions.count {
                let position = positions[index]
                guard let meters = try view.distance(to: place, at: position) else { continue }
                if let most = query.nearest?.maxDistance, meters > most.meters { continue }
                let isWithin = try query.radii.allSatisfy { radius in
                    try view.distance(to: radius.place, at: position) ?? .infinity
                        <= radius.distance.meters
                }
                if isWithin { near.append(CoreView.Near(position: position, meters: meters)) }
            }
        }
        let order = near.indices.sorted {
            (near[$0].meters, $0) < (near[$1].meters, $1)
        }
        return order.map { near[$0] }
    }

    private func reorder(_ near: inout [CoreView.Near]) {
        let meters = Dictionary(uniqueKeysWithValues: near.map { ($0.position, $0.meters) })
        view.owner.store.scratch.withPositions { positions in
            for item in near { positions.append(item.position) }
            sort(positions)
            if let limit = query.limitCount { positions.truncate(to: limit) }
            near = positions.array.map {
                CoreView.Near(position: $0, meters: meters[$0] ?? .nan)
            }
        }
    }

    // MARK: Parts

    /// The rows that meet all conditions but distance, in no order.
    private func candidates(into positions: CorePositions, limit: Int) throws {
        let question = query.condition.question
        if let ids = query.idList {
            for id in ids {
                if positions.count == limit { return }
                if let position = view.find(id), view.matches(question, at: position),
                    meetsFurther(position)
                {
                    positions.append(position)
                }
            }
        } else if query.further.isEmpty {
            try view.search(question, limit: limit, into: positions)
        } else {
            try view.search(question, into: positions)
            positions.filter(meetsFurther)
            positions.truncate(to: limit)
        }
    }

    private func meetsFurther(_ position: UInt32) -> Bool {
        query.further.allSatisfy { view.matches($0.question, at: position) }
    }

    private func sort(_ positions: CorePositions) {
        switch query.order {
        case .id?: view.sortByID(positions, descending: query.isDescending)
        case .time?: view.sortByTime(positions, descending: query.isDescending)
        default: break
        }
    }
}
