/// A property index that a question can use: for the ranges that its filter sets, for its order, or both.
struct UsableIndex {
    let index: CoreIndex
    /// What the filter asks of the property, exactly; nil when it asks nothing that an index could answer.
    let ranges: PropertyRanges?
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
        return try view.indexes().compactMap { index in
            let number = conjuncts.firstIndex { $0.ranges?.path == index.path }
            let hasOrder = index.path == orderPath
            if number == nil && !hasOrder { return nil }
            var others = conjuncts
            if let number { others.remove(at: number) }
            let rest = others.isEmpty ? nil : Filter.all(of: others)
            return UsableIndex(
                index: index, ranges: number.flatMap { conjuncts[$0].ranges }, restFilter: rest,
                rest: try rest.map { try CorePredicate($0) }, hasOrder: hasOrder)
        }
    }
}
