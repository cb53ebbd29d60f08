/// How the rows of one source are found.
enum AccessPath: Hashable, Sendable {
    /// Not at all: no row of it can answer.
    case pruned
    /// By ids, one look-up each.
    case ids
    /// All rows, from the columns.
    case scan
    /// By the tree of places; times are tested afterwards.
    case place
    /// By the tree of times; places are tested afterwards.
    case time
    /// By the tree of places, whose nodes know the times of what lies beneath them.
    case placeAndTime
    /// By a range of a property index: the number of the index among those that the question can use.
    case index(Int)
}

/// One way to find the rows of one source.
struct SourcePlan: Hashable, Sendable {
    var path: AccessPath
    /// Rows that the path hands on, estimated.
    var candidates: Double
    /// Rows of these that meet place, time and ids.
    var matches: Double
    /// In nanoseconds, all that is done with the rows until they are filtered included.
    var cost: Double

    static let pruned = SourcePlan(path: .pruned, candidates: 0, matches: 0, cost: 0)

    /// The same for so many times the rows.
    func scaled(by factor: Double) -> SourcePlan {
        SourcePlan(
            path: path, candidates: candidates * factor, matches: matches * factor,
            cost: cost * factor)
    }
}

/// How a question is answered: a value, made by the planner, carried out by the executor.
struct Plan: Hashable, Sendable {
    enum Strategy: Hashable, Sendable {
        /// All rows that answer are gathered, then put in order and cut off.
        case gather
        /// Rows come in order of time, stretch by stretch, until there are enough.
        case timeOrder
        /// Rows come in the order of a property index until there are enough.
        case indexOrder(Int)
        /// Rows come by distance until there are enough.
        case nearest
        /// Rows are gathered, and all their distances measured.
        case measured
    }

    var strategy: Strategy
    /// For each source, how its rows are gathered. An ordered strategy that finds too little for what it costs
    /// goes on with these.
    var sources: [SourcePlan]
    /// Rows of the answer.
    var rows: Double
    /// Rows that meet all conditions, of which a limit leaves `rows`.
    var matches: Double
    /// In nanoseconds.
    var cost: Double
    /// How many rows an ordered strategy may look at before it gives way to gathering.
    var budget = 0.0

    /// The same plan as far as what is done is concerned.
    func doesTheSame(as other: Plan) -> Bool {
        strategy == other.strategy && sources.map(\.path) == other.sources.map(\.path)
    }
}

/// What a test, or a benchmark, makes the planner choose.
struct ForcedPlan: Hashable, Sendable, CustomStringConvertible {
    /// The path for all sources; nil leaves it to the planner.
    var path: AccessPath?
    /// nil leaves it to the planner.
    var strategy: Plan.Strategy?

    var description: String {
        [strategy.map { "\($0)" }, path.map { "\($0)" }].compactMap { $0 }.joined(separator: " ")
    }
}
