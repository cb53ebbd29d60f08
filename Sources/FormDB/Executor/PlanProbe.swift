/// A question as the benchmark holds its plans against each other: each plan there is, what planning takes, and what
/// the core needs to be asked the same without either.
@_spi(Benchmark) public struct PlanProbe: Sendable {
    /// A plan that the planner could choose.
    public struct Choice: Sendable {
        /// Of the gathering plans: `ids`, `scan`, `place`, `time`, `both`, `index`; of the ordered ones `time-order`,
        /// `index-order`, `nearest`.
        public let name: String
        /// The question, to be answered in this way alone.
        public let request: FeatureRequest
        /// What it is expected to take, in nanoseconds, and to find.
        public let cost, candidates: Double
    }

    private let request: FeatureRequest

    public init(_ request: FeatureRequest) { self.request = request }

    /// All there are, for one source in any order.
    public func choices() throws -> [Choice] {
        try withPlanner { _, planner in
            planner.choices.compactMap { forced in
                var request = request
                request.options.forced = forced
                guard let plan = planner.plan(forcing: forced) else { return nil }
                return Choice(
                    name: forced.name, request: request, cost: plan.cost,
                    candidates: plan.sources.reduce(0) { $0 + $1.candidates })
            }
        }
    }

    /// The name of what the planner chooses.
    public func chosen() throws -> String {
        try withPlanner { _, planner in planner.plan()?.name ?? "nothing" }
    }

    /// Plans so many times: the planner alone, or with what it is told gathered anew each time. Gives the sum of the
    /// estimates, so that no work is left out.
    public func plan(times: Int, gathering: Bool) throws -> Double {
        try withPlanner { executor, planner in
            var cost = 0.0
            for _ in 0..<times {
                let now =
                    gathering ? executor.planner(try PlanInput(executor, .rows)) : planner
                cost += now.plan()?.cost ?? 0
            }
            return cost
        }
    }

    private func withPlanner<Result>(
        _ body: (FeatureExecutor, Planner) throws -> Result
    ) throws -> Result {
        try request.source.withView(of: request.query.collection) { view in
            let executor = try FeatureExecutor(request.query, view, request.options.executor)
            return try body(executor, executor.planner(try PlanInput(executor, .rows)))
        }
    }

    /// What the core is asked with: valid inside the closure.
    @unsafe public struct Core {
        /// A `fc_view`.
        public let view: OpaquePointer
        /// A `fc_predicate`; nil without a filter.
        public let predicate: OpaquePointer?
        /// The index that has the order, where a property is one; else the first whose ranges answer a part of the
        /// filter.
        public let index: Index?

        @unsafe public struct Index {
            public let id: UInt32
            /// `fc_value_range`s; nil when the filter asks for none.
            public let ranges: UnsafeRawPointer?
            public let count: Int
            /// A `fc_predicate` for the rest of the filter; nil when there is none.
            public let rest: OpaquePointer?
        }
    }

    public func withCore<Result>(_ body: (Core) throws -> Result) throws -> Result {
        try withPlanner { executor, _ in
            var index: Core.Index?
            var isOrdered = false
            if case .property? = request.query.order?.kind { isOrdered = true }
            if let usable = executor.usableIndexes.first(where: {
                isOrdered ? $0.hasOrder : $0.ranges != nil
            }) {
                unsafe index = Core.Index(
                    id: usable.id, ranges: UnsafeRawPointer(usable.ranges?.pointer),
                    count: usable.ranges?.count ?? 0, rest: usable.rest?.pointer)
            }
            return try withExtendedLifetime(executor) {
                try unsafe body(
                    Core(
                        view: executor.view.pointer, predicate: executor.predicate?.pointer,
                        index: index))
            }
        }
    }
}

@_spi(Benchmark) extension Database.Configuration {
    /// Cuts each collection, by position, into so many sources, which are planned and asked one by one.
    public mutating func cutSources(into count: Int) { tuning.sourceCount = count }
}

extension ForcedPlan {
    fileprivate var name: String { strategy?.orderedName ?? path?.name ?? "any" }
}

extension Plan {
    fileprivate var name: String {
        strategy.orderedName ?? sources.first { $0.path != .pruned }?.path.name ?? "pruned"
    }
}

extension Plan.Strategy {
    fileprivate var orderedName: String? {
        switch self {
        case .gather, .measured: nil
        case .timeOrder: "time-order"
        case .indexOrder: "index-order"
        case .nearest: "nearest"
        }
    }
}

extension AccessPath {
    fileprivate var name: String {
        switch self {
        case .pruned: "pruned"
        case .ids: "ids"
        case .scan: "scan"
        case .place: "place"
        case .time: "time"
        case .placeAndTime: "both"
        case .index: "index"
        }
    }
}
