/// A question as the planner sees it: its conditions, and what statistics say of each. No rows, no source: the
/// plan is a function of this value.
struct PlanInput: Hashable, Sendable {
    /// A property index that the question can use.
    struct Index: Hashable, Sendable {
        var id: UInt32
        var path: PropertyPath
        /// The share of all rows that the filter's ranges on the property take; nil when it has none, and the index
        /// is of use for the order alone.
        var share: Double?
        /// The share of the rows in those ranges that meet the rest of the filter.
        var restShare = 1.0
        /// Whether the rest of the filter is nothing.
        var answersFilter = false
        /// Whether it has the order that is asked for.
        var hasOrder = false
    }

    enum Order: Hashable, Sendable { case none, id, time, property }
    /// What is made of the rows: an answer, their number, or something of what they hold.
    enum Need: Hashable, Sendable { case rows, count, aggregate }

    /// What is asked of a tree in one go.
    var condition = FeatureQuery.Condition()
    /// Conditions of place and time beyond that.
    var further: [FeatureQuery.Condition] = []
    var idCount: Int?
    var hasFilter = false
    /// The share of all rows that meet the filter.
    var filterShare = 1.0
    var indexes: [Index] = []
    var order = Order.none
    var limit: Int?
    /// The nearest so many, or all within a distance; nil when distance is not asked for.
    var distance: DistanceNeed?
    var need = Need.rows
    var statistics = CollectionStatistics.none
    /// For each source, whether no row of it can answer, for certain.
    var isExcluded: [Bool] = []

    struct DistanceNeed: Hashable, Sendable {
        var limit: Int?
        /// A box around all that can be near enough; nil for everywhere.
        var reach: BoundingBox?
        /// Whether distances are measured from one place.
        var isOnePlace: Bool
    }
}
