/// Gathers the rows that answer all conditions but order and distance, from source after source by its path.
struct Gathering {
    private let executor: FeatureExecutor
    private let plan: Plan
    private let indexes: [UsableIndex]
    /// The ids that are asked for, where rows are found by something else.
    private let wantedIDs: Set<FeatureID>?

    /// Rows that are tested, and handed on, at a time: at 80 ns a row half a millisecond.
    private static let batchRows = 8_192
    /// Rows that a scan looks at at a time.
    private static let scanRows: UInt32 = 65_536

    init(_ executor: FeatureExecutor, _ plan: Plan) {
        self.executor = executor
        self.plan = plan
        indexes = executor.usableIndexes
        let isNeeded = plan.sources.contains { $0.path != .ids && $0.path != .pruned }
        wantedIDs = isNeeded ? executor.query.idList.map { Set($0) } : nil
    }

    private var query: FeatureQuery { executor.query }
    private var view: CoreView { executor.view }

    /// Appends up to `limit` rows that answer, in no order.
    func rows(limit: Int, into positions: CorePositions) throws {
        let before = positions.count
        try forEachBatch(wanting: limit) { batch in
            positions.append(batch, limit: limit - (positions.count - before))
            return positions.count - before < limit
        }
    }

    /// Calls `body` with rows that answer, batch by batch, until it says that it has enough.
    ///
    /// `wanted`: how many will do. Sources may hand on no more than these at first, and are asked again for more.
    func forEachBatch(
        wanting wanted: Int = .max, _ body: (CorePositions) throws -> Bool
    ) throws {
        for (source, path) in zip(executor.sources, plan.sources.map(\.path)) {
            if try !forEachBatch(of: source, by: path, wanting: wanted, body) { return }
        }
    }

    /// The same with the rows of one source; says whether `body` wants more.
    func forEachBatch(
        of source: RowSource, by path: AccessPath, wanting wanted: Int = .max,
        _ body: (CorePositions) throws -> Bool
    ) throws -> Bool {
        switch path {
        case .pruned: return true
        case .scan: return try scan(source, body)
        case .ids:
            return try withList { found in
                for id in query.idList ?? [] {
                    if let position = view.find(id), source.range.contains(position) {
                        found.append(position)
                    }
                }
                return try test(found, leaving: path, in: source, body)
            }
        default: break
        }
        guard wanted < .max / 8 && source.isWhole else {
            return try withList { found in
                try search(source, by: path, limit: .max, into: found)
                return try test(found, leaving: path, in: source, body)
            }
        }
        return try withList { answers in
            // A tree hands on any rows it likes, so that asking it again means beginning again: for four times as many.
            var limit = max(wanted * 2, 256)
            while true {
                let isAll = try withList { found in
                    try search(source, by: path, limit: limit, into: found)
                    let isAll = found.count < limit
                    answers.clear()
                    _ = try test(found, leaving: path, in: source) { batch in
                        answers.append(batch, limit: wanted - answers.count)
                        return answers.count < wanted
                    }
                    return isAll
                }
                if isAll || answers.count >= wanted { break }
                limit = limit < .max / 4 ? limit * 4 : .max
            }
            return answers.isEmpty ? true : try body(answers)
        }
    }

    // MARK: Finding

    private func search(
        _ source: RowSource, by path: AccessPath, limit: Int, into found: CorePositions
    ) throws {
        try executor.options.interruption.check()
        let condition = query.condition
        try executor.options.watching { watch in
            switch path {
            case .place:
                try view.search(
                    CoreQuestion(box: condition.box, isWithin: condition.isWithin), limit: limit,
                    into: found, &watch)
            case .time:
                try view.search(
                    CoreQuestion(time: condition.time), limit: limit, into: found, &watch)
            case .placeAndTime:
                try view.search(condition.question, limit: limit, into: found, &watch)
            case .index(let number):
                guard let ranges = indexes[number].ranges else { return }
                try view.search(
                    index: indexes[number].id, ranges, limit: limit, into: found, &watch)
            case .pruned, .scan, .ids: break
            }
        }
    }

    /// A scan meets place and time as it goes, and stops wherever there is enough.
    private func scan(
        _ source: RowSource, _ body: (CorePositions) throws -> Bool
    ) throws -> Bool {
        var next = source.range.lowerBound
        let end = min(source.range.upperBound, view.size.positions)
        while next < end {
            try executor.options.interruption.check()
            let goesOn = try withList { found in
                let stop = end - next > Self.scanRows ? next + Self.scanRows : end
                next = try view.scan(
                    query.condition.question, next..<stop, limit: Self.batchRows, into: found)
                return try test(found, leaving: .scan, in: source, body)
            }
            if !goesOn { return false }
        }
        return true
    }

    // MARK: Testing

    /// What a path leaves to be tested.
    private func rest(of path: AccessPath) -> FeatureQuery.Condition? {
        let condition = query.condition
        var rest = FeatureQuery.Condition()
        switch path {
        case .pruned, .scan, .placeAndTime: return nil
        case .place: rest.time = condition.time
        case .time:
            rest.box = condition.box
            rest.isWithin = condition.isWithin
        case .ids, .index: rest = condition
        }
        return rest.box == nil && rest.time == nil ? nil : rest
    }

    private func filter(after path: AccessPath) -> CorePredicate? {
        if case .index(let number) = path { return indexes[number].rest }
        return executor.predicate
    }

    /// Keeps what answers, the cheap tests first.
    private func keepAnswers(
        _ positions: CorePositions, leaving path: AccessPath, in source: RowSource
    ) throws {
        let touched = executor.options.touched
        touched?.candidates += positions.count
        let rest = rest(of: path)
        if rest != nil || (!source.isWhole && path != .scan && path != .ids) {
            view.restrict(positions, to: (rest ?? .init()).question, in: source.range)
        }
        for condition in query.further {
            view.restrict(positions, to: condition.question, in: source.range)
        }
        if let wanted = wantedIDs, path != .ids {
            positions.filter { wanted.contains(view.id(at: $0)) }
        }
        if let predicate = filter(after: path) {
            touched?.read(positions, of: view)
            view.filter(positions, predicate)
        }
    }

    /// Tests what was found, batch by batch, and hands on what answers.
    private func test(
        _ found: CorePositions, leaving path: AccessPath, in source: RowSource,
        _ body: (CorePositions) throws -> Bool
    ) throws -> Bool {
        if found.count <= Self.batchRows {
            try executor.options.interruption.check()
            try keepAnswers(found, leaving: path, in: source)
            return found.isEmpty ? true : try body(found)
        }
        return try withList { batch in
            for start in stride(from: 0, to: found.count, by: Self.batchRows) {
                try executor.options.interruption.check()
                batch.clear()
                batch.append(found, from: start, limit: Self.batchRows)
                try keepAnswers(batch, leaving: path, in: source)
                if try !batch.isEmpty && !body(batch) { return false }
            }
            return true
        }
    }

    private func withList<Result>(_ body: (CorePositions) throws -> Result) throws -> Result {
        try view.owner.store.scratch.withPositions(body)
    }
}
