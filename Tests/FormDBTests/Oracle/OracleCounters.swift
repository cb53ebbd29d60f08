// What a run of the oracle came upon: a run that misses a path proves nothing about it.
import CFormCore

@testable import FormDB

struct OracleCounters {
    var operations = 0
    var verbs: [WriteVerb: Int] = [:]
    var shapes: [QueryShape: Int] = [:]
    var seriesShapes: [SeriesShape: Int] = [:]
    var fetches: [FeatureFetch: Int] = [:]
    var queries = 0
    var queriesWithRows = 0
    var queriesAcrossAntimeridian = 0
    var commits = 0
    var emptyCommits = 0
    var aborts = 0
    var transactionReads = 0
    var snapshots = 0
    var snapshotChecks = 0
    var snapshotChecksAfterClose = 0
    var reopenings = 0

    // Of the engine, summed over all stores that were opened.
    var seals: UInt64 = 0
    var merges = [UInt64](repeating: 0, count: 8)
    var droppedRows: UInt64 = 0
    var abortsAfterMerge: UInt64 = 0
    var lateMerges: UInt64 = 0
    var tombstones: UInt64 = 0
    var rotations: UInt64 = 0

    /// Adds what a store has counted since it was opened.
    mutating func add(_ database: Database) {
        let counters = unsafe fc_store_read_counters(database.store.pointer)
        let tables = counters.memtables
        seals += tables.seals
        let levels = tables.merges
        let all = [
            levels.0, levels.1, levels.2, levels.3, levels.4, levels.5, levels.6, levels.7,
        ]
        for (level, count) in all.enumerated() { merges[level] += count }
        droppedRows += tables.dropped_rows
        abortsAfterMerge += tables.aborts_after_merge
        lateMerges += counters.series.late_merges
        tombstones += counters.series.tombstones
        rotations += database.store.state.logRotations
    }

    mutating func add(_ other: OracleCounters) {
        operations += other.operations
        verbs.merge(other.verbs, uniquingKeysWith: +)
        shapes.merge(other.shapes, uniquingKeysWith: +)
        seriesShapes.merge(other.seriesShapes, uniquingKeysWith: +)
        fetches.merge(other.fetches, uniquingKeysWith: +)
        queries += other.queries
        queriesWithRows += other.queriesWithRows
        queriesAcrossAntimeridian += other.queriesAcrossAntimeridian
        commits += other.commits
        emptyCommits += other.emptyCommits
        aborts += other.aborts
        transactionReads += other.transactionReads
        snapshots += other.snapshots
        snapshotChecks += other.snapshotChecks
        snapshotChecksAfterClose += other.snapshotChecksAfterClose
        reopenings += other.reopenings
        seals += other.seals
        for level in merges.indices { merges[level] += other.merges[level] }
        droppedRows += other.droppedRows
        abortsAfterMerge += other.abortsAfterMerge
        lateMerges += other.lateMerges
        tombstones += other.tombstones
        rotations += other.rotations
    }
}

// MARK: - Minima

extension OracleCounters {
    /// What fell short of its minimum, as text.
    func shortfalls(_ configuration: OracleConfiguration) -> [String] {
        var shortfalls: [String] = []
        func require(_ what: String, _ count: Int, _ minimum: Int) {
            if count < minimum { shortfalls.append("\(what): \(count) of \(minimum)") }
        }
        if operations < 2000 { return shortfalls }  // chance alone could miss anything
        let few = operations / 1500
        for verb in WriteVerb.allCases { require("\(verb)", verbs[verb] ?? 0, few) }
        for shape in QueryShape.allCases { require("\(shape)", shapes[shape] ?? 0, few) }
        for shape in SeriesShape.allCases {
            require("series \(shape)", seriesShapes[shape] ?? 0, few)
        }
        for fetch in FeatureFetch.allCases { require("fetch \(fetch)", fetches[fetch] ?? 0, few) }
        require("queries", queries, operations / 3)
        require("queries with rows", queriesWithRows, (queries + 1) / 2)
        require("queries across ±180", queriesAcrossAntimeridian, (queries + 9) / 10)
        require("commits", commits, operations / 20)
        require("aborts", aborts, operations / 200)
        require("reads in transactions", transactionReads, operations / 20)
        require("snapshot checks", snapshotChecks, operations / 40)
        if configuration.isOnDisk { require("reopenings", reopenings, operations / 2000) }
        if operations < 10_000 { return shortfalls }
        // The engine's own paths, which small runs can't be sure to reach.
        require("empty commits", emptyCommits, 5)
        require("seals", Int(seals), configuration.hasTinySizes ? 1000 : 40)
        // Opening packs everything, so that a store on disk with large tails seldom gets to level 1.
        let levels =
            configuration.hasTinySizes
            ? [500, 100, 50, 20, 5] : configuration.isOnDisk ? [20] : [20, 2]
        for (level, minimum) in levels.enumerated() {
            require("merges at level \(level)", Int(merges[level]), minimum)
        }
        require("dropped rows", Int(droppedRows), 1000)
        require("late merges", Int(lateMerges), configuration.hasTinySizes ? 50 : 1)
        require("tombstones", Int(tombstones), 10)
        require("aborts after merges", Int(abortsAfterMerge), configuration.hasTinySizes ? 10 : 1)
        if configuration.hasTinySizes { require("rotations", Int(rotations), 10) }
        if configuration.isOnDisk {
            require("snapshots read after close", snapshotChecksAfterClose, 5)
        }
        return shortfalls
    }
}

extension OracleCounters: CustomStringConvertible {
    var description: String {
        """
        \(operations) operations: \(commits) commits (\(emptyCommits) empty), \(aborts) aborts, \
        \(queries) queries (\(queriesWithRows) with rows, \(queriesAcrossAntimeridian) across ±180), \
        \(transactionReads) in transactions, \(snapshotChecks) of \(snapshots) snapshots \
        (\(snapshotChecksAfterClose) after close), \(reopenings) reopenings; \
        \(seals) seals, merges \(merges), \(droppedRows) rows dropped, \
        \(abortsAfterMerge) aborts after merges, \(lateMerges) late merges, \
        \(tombstones) tombstones, \(rotations) rotations
        """
    }
}
