// One run of the oracle: random operations on a database and on the model side by side.
@testable import FormDB

struct OracleRun {
    let configuration: OracleConfiguration
    let seed: UInt64
    private let material: RandomMaterial
    private let directory = TemporaryDirectory()
    private var database: Database
    private var model = NaiveModel()
    private var held: [Held] = []
    private(set) var counters = OracleCounters()

    /// A snapshot with what it must show, whatever happens after.
    private struct Held {
        let snapshot: Snapshot
        let model: NaiveModel
    }

    /// What an aborted transaction throws.
    private struct Abort: Error {}

    private static let heldMax = 6

    init(_ configuration: OracleConfiguration, seed: UInt64) throws {
        self.configuration = configuration
        self.seed = seed
        material = RandomMaterial(seed: seed)
        database = try Self.open(configuration, directory)
    }

    private static func open(
        _ configuration: OracleConfiguration, _ directory: TemporaryDirectory
    ) throws -> Database {
        configuration.isOnDisk
            ? try Database(at: directory.url, configuration: configuration.configuration)
            : try Database.inMemory(configuration: configuration.configuration)
    }

    /// Runs so many operations; an error says how to run it again.
    mutating func run(_ operations: Int) throws {
        do {
            while counters.operations < operations { try step() }
            try finish()
        } catch {
            throw Difference(
                "\(configuration.name), seed \(seed), after \(counters.operations) operations "
                    + "at sequence \(model.sequence): \(error)")
        }
    }

    private mutating func step() throws {
        switch material.below(1000) {
        case ..<420: try transact()
        case ..<780: try ask(database, model)
        case ..<920: try askSnapshot()
        case ..<950: try takeSnapshot()
        case ..<990: if !held.isEmpty { held.remove(at: material.below(held.count)) }
        case ..<994: database.store.checkInvariants()
        case ..<996: try database.sync()
        default: try reopen()
        }
    }

    // MARK: Writing

    private mutating func transact() throws {
        var operations = RandomOperations(
            material: material, model: model,
            bulkRows: configuration.hasTinySizes ? 60 : 2000,
            bulkIDs: configuration.hasTinySizes ? 1400 : 40_000)
        operations.model.change = .none
        let aborts = material.chance(0.12)
        let count = material.pick([1, 1, 2, 3, 5, 12])
        let actor = "actor \(material.below(5))"
        let verbs: [WriteVerb] = material.chance(0.003) ? [.upsertMany] : []
        let sequence = model.sequence
        var reads = OracleCounters()
        let commit: Commit<Void>
        do {
            commit = try database.write(by: Provenance(actor: actor)) { tx in
                if tx.sequence != sequence + 1 { throw Difference("tx.sequence is \(tx.sequence)") }
                for index in 0..<count {
                    let verb = index < verbs.count ? verbs[index] : operations.nextVerb()
                    try operations.perform(verb, tx)
                    reads.verbs[verb, default: 0] += 1
                    reads.operations += 1
                    if material.chance(0.25) {
                        try Self.ask(tx, operations.model, material, &reads)
                        reads.transactionReads += 1
                    }
                }
                if aborts { throw Abort() }
            }
        } catch is Abort {
            counters.add(reads)
            counters.aborts += 1
            return
        }
        counters.add(reads)
        try settle(commit, operations.model, actor)
    }

    private mutating func settle(
        _ commit: Commit<Void>, _ after: NaiveModel, _ actor: String
    ) throws {
        counters.commits += 1
        if commit.isEmpty {
            counters.emptyCommits += 1
            if after.change == .some {
                throw Difference("a commit that changed something is empty")
            }
            return
        }
        if after.change == .none { throw Difference("a commit of no changes wrote a block") }
        if commit.sequence != model.sequence + 1 {
            throw Difference("sequence \(commit.sequence) after \(model.sequence)")
        }
        model = after
        model.sequence = commit.sequence
        if material.chance(0.02) { try checkBlock(commit, actor) }
    }

    private func checkBlock(_ commit: Commit<Void>, _ actor: String) throws {
        let blocks = try database.journal(since: commit.sequence - 1).fetchAll()
        guard blocks.count == 1, blocks[0].sequence == commit.sequence,
            blocks[0].id == commit.block, blocks[0].provenance?.actor == actor,
            blocks[0].time == commit.time, !blocks[0].operations.isEmpty
        else { throw Difference("block \(commit.sequence) is not in the journal as committed") }
    }

    // MARK: Asking

    private mutating func ask(_ database: Database, _ model: NaiveModel) throws {
        try Self.ask(database, model, material, &counters)
        counters.operations += 1
    }

    private static func ask<Source: Asked & ~Copyable>(
        _ source: borrowing Source, _ model: NaiveModel, _ material: RandomMaterial,
        _ counters: inout OracleCounters
    ) throws {
        counters.queries += 1
        if material.chance(0.3) {
            let shape = material.pick(SeriesShape.allCases)
            let shapes = SeriesShapes(material: material, model: model)
            if try shapes.check(shape, source) { counters.queriesWithRows += 1 }
            counters.seriesShapes[shape, default: 0] += 1
            return
        }
        if material.chance(0.04) { return try askOne(source, model, material, &counters) }
        let shape = material.weighted(shapeWeights)
        let query = QueryShapes(material: material, model: model).query(shape)
        let fetch = material.pick(
            query.hasDistance && material.chance(0.9) ? FeatureFetch.measured : FeatureFetch.plain)
        let isMeasured = FeatureFetch.measured.contains(fetch)
        if try FeatureChecks(model: model).check(
            query, isMeasured || !query.hasDistance ? fetch : .all, source)
        {
            counters.queriesWithRows += 1
        }
        if query.crossesAntimeridian { counters.queriesAcrossAntimeridian += 1 }
        counters.shapes[shape, default: 0] += 1
        counters.fetches[fetch, default: 0] += 1
    }

    /// Boxes come more often, so that enough of them cross ±180.
    private static let shapeWeights = QueryShape.allCases.map { shape in
        let isBoxed: [QueryShape] = [
            .intersecting, .within, .boxAndTime, .withinBoxAndTime, .idsAndBox, .twoBoxes, .limited,
            .nearestFiltered, .withinDistanceFiltered,
        ]
        return (isBoxed.contains(shape) ? 4 : shape == .missingCollection ? 1 : 2, shape)
    }

    private static func askOne<Source: Asked & ~Copyable>(
        _ source: borrowing Source, _ model: NaiveModel, _ material: RandomMaterial,
        _ counters: inout OracleCounters
    ) throws {
        guard let collection = material.any(model.collections) else {
            return
        }
        let id =
            material.chance(0.8)
            ? material.any(collection.features.rows)?.id.featureID
                ?? .integer(1) : material.featureID()
        let found = try source.feature(id, in: collection.name)
        let expected = collection.features[ModelID(id)]?.feature
        switch (found, expected) {
        case (nil, nil): return
        case (let a?, let b?) where FeatureComparison.areSame(a, b): counters.queriesWithRows += 1
        default: throw Difference("feature \(id) is \(found as Any) instead of \(expected as Any)")
        }
    }

    // MARK: Snapshots

    private mutating func takeSnapshot() throws {
        if held.count == Self.heldMax { held.remove(at: material.below(held.count)) }
        let snapshot = try database.snapshot()
        if snapshot.sequence != model.sequence {
            throw Difference("a snapshot of \(snapshot.sequence) at \(model.sequence)")
        }
        held.append(Held(snapshot: snapshot, model: model))
        counters.snapshots += 1
    }

    private mutating func askSnapshot() throws {
        guard let held = material.any(held) else {
            return try takeSnapshot()
        }
        try Self.ask(held.snapshot, held.model, material, &counters)
        if material.chance(0.02) { try Self.checkEverything(held.snapshot, held.model, material) }
        counters.operations += 1
        counters.snapshotChecks += 1
    }

    private static func checkEverything<Source: Asked & ~Copyable>(
        _ source: borrowing Source, _ model: NaiveModel, _ material: RandomMaterial
    ) throws {
        try FeatureChecks(model: model).checkEverything(source)
        try SeriesShapes(material: material, model: model).checkEverything(source)
    }

    // MARK: Life

    private mutating func reopen() throws {
        guard configuration.isOnDisk else { return }
        counters.add(database)
        try database.close()
        // What was open before stays readable, also beside the next handle.
        for held in held {
            try Self.checkEverything(held.snapshot, held.model, material)
            counters.snapshotChecksAfterClose += 1
        }
        if material.chance(0.7) { held.removeAll() }
        database = try Self.open(configuration, directory)
        counters.reopenings += 1
        try Self.checkEverything(database, model, material)
    }

    private mutating func finish() throws {
        database.store.checkInvariants()
        for held in held { try Self.checkEverything(held.snapshot, held.model, material) }
        held.removeAll()
        try Self.checkEverything(database, model, material)
        try checkJournal()
        if configuration.isOnDisk { try reopen() }
        counters.add(database)
        try database.close()
    }

    /// Every sequence number once, each block leading to the one before.
    private func checkJournal() throws {
        var sequence: UInt64 = 0
        var last = BlockID.none
        try database.journal().forEach { block in
            if block.sequence != sequence + 1 || block.previous != last {
                throw Difference("block \(block.sequence) follows \(sequence) in the journal")
            }
            sequence = block.sequence
            last = block.id
        }
        if sequence != model.sequence { throw Difference("the journal ends at \(sequence)") }
    }
}
