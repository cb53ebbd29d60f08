/// A property index that a question can use: for the ranges that its filter sets, for its order, or both.
struct UsableIndex {
    let id: UInt32
    let path: PropertyPath
    /// What the filter asks of the property, exactly; nil when it asks nothing that an index could answer.
    let ranges: CoreValueRanges?
    /// The part of the filter that says so.
    let condition: Filter?
    /// What is left of the filter.
    let restFilter: Filter?
    let rest: CorePredicate?
    let hasOrder: Bool

    /// The indexes of a view that are of use to a question.
    static func all(for query: FeatureQuery, in view: CoreView) throws -> [UsableIndex] {
        var orderPath: PropertyPath?
        if case .property(let path)? = query.order?.kind { orderPath = path }
        if query.filter == nil && orderPath == nil { return [] }
        let conjuncts = query.filter?.conjuncts ?? []
        var usable: [UsableIndex] = []
        for (number, conjunct) in conjuncts.enumerated() {
            guard let ranges = conjunct.ranges, let id = view.index(on: ranges.path) else {
                continue
            }
            var others = conjuncts
            others.remove(at: number)
            let rest = others.isEmpty ? nil : Filter.all(of: others)
            usable.append(
                UsableIndex(
                    id: id, path: ranges.path, ranges: try CoreValueRanges(ranges.ranges),
                    condition: conjunct,
                    restFilter: rest, rest: try rest.map { try CorePredicate($0) },
                    hasOrder: ranges.path == orderPath))
        }
        if let orderPath, !usable.contains(where: \.hasOrder), let id = view.index(on: orderPath) {
            usable.append(
                UsableIndex(
                    id: id, path: orderPath, ranges: nil, condition: nil, restFilter: query.filter,
                    rest: try query.filter.map { try CorePredicate($0) }, hasOrder: true))
        }
        return usable
    }
}
