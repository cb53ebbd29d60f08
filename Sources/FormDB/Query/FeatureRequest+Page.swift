extension FeatureRequest {
    /// A page of so many features, and where the next one begins.
    ///
    /// ```swift
    /// var token: PageToken?
    /// repeat {
    ///     let page = try db.features(in: "quakes").order(by: .time).page(100, after: token)
    ///     page.features.forEach { print($0) }
    ///     token = page.next
    /// } while token != nil
    /// ```
    ///
    /// Each page sees the state of its own moment: features that were written meanwhile are in the pages that are yet
    /// to come, if that is their place in the order, and none comes twice unless its place moved. In order of id if
    /// there is no order. Throws `invalidArgument` for a token of another question.
    ///
    /// COST: that of the first `size` of what comes after the token, wherever that is.
    public func page(_ size: Int, after token: PageToken? = nil) throws -> FeaturePage {
        guard size > 0 else {
            throw FormDBError(.invalidArgument, "a page of \(size) features")
        }
        var asked = query
        if asked.order == nil && !asked.hasDistance { asked.order = .id }
        let question = asked
        if let token { asked.pageToken = token }
        // A limit is that of all pages together.
        let limit = [query.limitCount, query.nearest?.limit].compactMap { $0 }.min()
        let left = token?.left ?? limit
        let most = left.map { Swift.min($0, size) } ?? size
        if let left { asked.nearest?.limit = left }
        // One more tells whether there is a next page.
        asked.limitCount = most < .max ? most + 1 : most
        return try source.withView(of: query.collection) { view in
            let executor = try FeatureExecutor(asked, view, options.executor)
            return try executor.page(
                of: question, size: most, left: left.map { $0 - most }, query.projection)
        }
    }
}

extension FeatureExecutor {
    fileprivate func page(
        of question: FeatureQuery, size: Int, left: Int?, _ projection: FeatureProjection?
    ) throws -> FeaturePage {
        func feature(_ position: UInt32) throws -> Feature {
            let feature = try view.feature(at: position)
            return projection?.apply(to: feature) ?? feature
        }
        if query.hasDistance && query.order == nil {
            let near = try neighbors()
            let page = near.prefix(size)
            var next: PageToken?
            if near.count > size, left != 0, let last = page.last {
                next = PageToken(
                    PageToken.Key(meters: last.meters, id: view.id(at: last.position)),
                    of: question, left: left)
            }
            return FeaturePage(features: try page.map { try feature($0.position) }, next: next)
        }
        return try view.owner.store.scratch.withPositions { positions in
            try run(into: positions)
            var next: PageToken?
            if positions.count > size, left != 0, let kind = query.order?.kind {
                let order = try CoreOrder(kind, descending: query.isDescending)
                next = PageToken(
                    try order.key(of: positions[size - 1], in: view), of: question, left: left)
            }
            positions.truncate(to: size)
            return FeaturePage(
                features: try positions.array.map { try feature($0) }, next: next)
        }
    }
}
