extension WriteTransaction {
    // MARK: Inserting

    /// Inserts a feature; gives its id, which is generated if the feature has none.
    ///
    /// Throws `alreadyExists` if the id is taken.
    @discardableResult
    public func insert(_ feature: Feature, into collection: String) throws -> FeatureID {
        try write(.insert, feature, collection)
    }

    /// Inserts features one after another; says how many. One that can't be inserted throws, and leaves
    /// those before it inserted.
    @discardableResult
    public func insert(
        contentsOf features: some Swift.Sequence<Feature>, into collection: String
    ) throws -> Int {
        var count = 0
        for feature in features {
            try write(.insert, feature, collection)
            count += 1
        }
        return count
    }

    /// Inserts a feature, or replaces the one of its id; gives the id, which is generated if the
    /// feature has none.
    @discardableResult
    public func upsert(_ feature: Feature, into collection: String) throws -> FeatureID {
        try write(.upsert, feature, collection)
    }

    /// Inserts or replaces features one after another; says how many.
    @discardableResult
    public func upsert(
        contentsOf features: some Swift.Sequence<Feature>, into collection: String
    ) throws -> Int {
        var count = 0
        for feature in features {
            try write(.upsert, feature, collection)
            count += 1
        }
        return count
    }

    /// Encodes once, and hands the record over in one call.
    @discardableResult
    @inline(__always)
    private func write(
        _ operation: CoreRecordOperation, _ feature: Feature, _ collection: String
    ) throws -> FeatureID {
        scratch.record.removeAll()
        let id = feature.id
        // Encoding checks the feature, so that a bad one creates no collection.
        try FeatureRecord.append(feature, id: id ?? .integer(0), to: &scratch.record)
        let generated = try inCollection(collection) { target in
            try unsafe scratch.record.withBytes { record in
                try unsafe core.put(
                    id == nil ? .insert : operation, record, in: target, generateID: id == nil)
            }
        }
        return id ?? .integer(generated)
    }

    // MARK: Changing

    /// Replaces the feature of the same id. Throws `notFound` if there is none.
    public func update(_ feature: Feature, in collection: String) throws {
        guard let id = feature.id else {
            throw FormDBError(
                .invalidArgument, "a feature without an id can't replace another",
                advice: "set its id, or insert it")
        }
        let target = try require(.collection, collection)
        scratch.record.removeAll()
        try FeatureRecord.append(feature, id: id, to: &scratch.record)
        try unsafe scratch.record.withBytes { record in
            _ = try unsafe core.put(.update, record, in: target.id, generateID: false)
        }
    }

    /// Changes the feature of an id; gives what it became. Throws `notFound` if there is none.
    ///
    /// ```swift
    /// try tx.update("ferry", in: "places") { $0.properties?["open"] = true }
    /// ```
    ///
    /// A closure that changes nothing writes nothing. The id can't be changed.
    @discardableResult
    public func update(
        _ id: FeatureID, in collection: String, _ body: (inout Feature) throws -> Void
    ) throws -> Feature {
        let target = try require(.collection, collection)
        let view = try core.view(of: target.id)
        guard let position = view.find(id) else {
            throw FormDBError(
                .notFound, "there is no feature \(id.debugDescription) in \"\(collection)\"")
        }
        var feature = try view.feature(at: position)
        try change(&feature, id, position, target.id, body)
        return feature
    }

    /// Changes the properties of a feature by a merge patch (RFC 7396); gives what it became. Throws
    /// `notFound` if there is none.
    ///
    /// ```swift
    /// try tx.merge("ferry", in: "places", patch: ["open": true, "note": .null])   // null removes
    /// ```
    @discardableResult
    public func merge(
        _ id: FeatureID, in collection: String, patch: JSONObject
    ) throws -> Feature {
        try update(id, in: collection) { feature in
            var properties = feature.properties ?? JSONObject()
            properties.merge(patch)
            feature.properties = properties
        }
    }

    /// Changes each feature that a query asks for; says how many were changed.
    ///
    /// What it asks for is decided before the first change. COST: 4 bytes a feature beside a few
    /// hundred features at a time.
    @discardableResult
    public func update(
        _ query: FeatureQuery, _ body: (inout Feature) throws -> Void
    ) throws -> Int {
        let target = try require(.collection, query.collection)
        let positions = try self.positions(query, target.id)
        var changed = 0
        for start in stride(from: 0, to: positions.count, by: 256) {
            let chunk = positions[start..<min(start + 256, positions.count)]
            let view = try core.view(of: target.id)
            let features = try chunk.map { try view.feature(at: $0) }
            for (position, original) in zip(chunk, features) {
                guard let id = original.id else { continue }
                var feature = original
                if try change(&feature, id, position, target.id, body) { changed += 1 }
            }
        }
        return changed
    }

    /// Runs the closure and writes what came of it; false if nothing changed.
    @discardableResult
    private func change(
        _ feature: inout Feature, _ id: FeatureID, _ position: UInt32, _ collection: UInt32,
        _ body: (inout Feature) throws -> Void
    ) throws -> Bool {
        try body(&feature)
        guard feature.id == id else {
            throw FormDBError(
                .invalidArgument, "the id of feature \(id.debugDescription) can't be changed",
                advice: "insert the feature under its new id, and delete the old one")
        }
        scratch.record.removeAll()
        try FeatureRecord.append(feature, id: id, to: &scratch.record)
        // The closure may have written too, so the row is looked at through a view of now.
        let view = try core.view(of: collection)
        return try unsafe scratch.record.withBytes { record in
            if unsafe record.elementsEqual(view.record(at: position)) { return false }
            _ = try unsafe core.put(.update, record, in: collection, generateID: false)
            return true
        }
    }

    // MARK: Deleting

    /// Deletes the feature of an id; says whether there was one.
    @discardableResult
    public func delete(_ id: FeatureID, in collection: String) throws -> Bool {
        try core.delete(id, in: require(.collection, collection).id)
    }

    /// Deletes all features that a query asks for; says how many.
    @discardableResult
    public func delete(_ query: FeatureQuery) throws -> Int {
        let target = try require(.collection, query.collection)
        let positions = try self.positions(query, target.id)
        let view = try core.view(of: target.id)
        let ids = positions.map { view.id(at: $0) }
        var count = 0
        for id in ids where try core.delete(id, in: target.id) { count += 1 }
        return count
    }

    /// The rows that a query asks for; in order of id if it has none, so that the journal doesn't
    /// depend on how the rows lie.
    private func positions(_ query: FeatureQuery, _ collection: UInt32) throws -> [UInt32] {
        var query = query
        if query.order == nil, query.nearest == nil, query.limitCount == nil {
            query.order = .id
        }
        return try core.store.scratch.withPositions { positions in
            try FeatureExecutor(query, core.view(of: collection)).run(into: positions)
            return positions.array
        }
    }
}
