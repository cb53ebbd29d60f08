import Foundation
import Testing

@testable import FormDB

/// Two collections and a series that every transaction keeps in step, so that a snapshot which shows
/// half of one, or one out of order, is told at once.
private struct Step {
    static let left = "left"
    static let right = "right"
    static let series = "values"
    /// Every so many transactions the oldest features are deleted.
    static let deletesEvery = 10
    static let deleted = 4

    /// What must be there after a transaction: ids from `first`, up to its number.
    static func first(at sequence: UInt64) -> Int64 {
        Int64(sequence) / Int64(deletesEvery) * Int64(deleted) + 1
    }

    static func write(_ number: Int64, _ tx: borrowing WriteTransaction) throws {
        let feature = Feature(
            id: .integer(number),
            geometry: .point(longitude: Double(number % 360) - 180, latitude: 1),
            properties: ["n": .int(number)], time: .instant(Timestamp(microseconds: number)))
        try tx.insert(feature, into: left)
        try tx.append(DataPoint(at: Timestamp(microseconds: number), Double(number)), to: series)
        // A version more, of one that is there.
        if number > 2 {
            for name in [left, right] {
                try tx.update(.integer(number - 1), in: name) {
                    $0.properties?["next"] = .int(number)
                }
            }
        }
        if number % Int64(deletesEvery) == 0 {
            let before = first(at: UInt64(number - 1))
            for id in before..<before + Int64(deleted) {
                try tx.delete(.integer(id), in: left)
                try tx.delete(.integer(id), in: right)
            }
        }
        try tx.insert(feature, into: right)
    }

    /// Throws if the snapshot isn't a state between two transactions.
    static func check(_ snapshot: Snapshot, whole: Bool) throws {
        let sequence = snapshot.sequence
        if sequence == 0 { return }
        let last = Int64(sequence)
        let expected = Array(first(at: sequence)...last)
        for name in [left, right] {
            let count = try snapshot.features(in: name).fetchCount()
            if count != expected.count {
                throw Difference("\(count) in \(name) at \(sequence) instead of \(expected.count)")
            }
            let box = BoundingBox(west: 100, south: 0, east: -100, north: 2)
            let inside = expected.filter { abs($0 % 360 - 180) >= 100 }
            let found = try snapshot.features(in: name).bounds(intersecting: box).order(by: .id)
                .fetchIntegerIDs()
            if found != inside {
                throw Difference("a box finds \(found.count) instead of \(inside.count)")
            }
        }
        let values = snapshot.series(series)
        if try values.fetchCount() != Int(last) {
            throw Difference("the series isn't in step at \(sequence)")
        }
        let sum = try values.sum()
        if sum != Double(last * (last + 1) / 2) {
            throw Difference("the sum at \(sequence) is \(sum)")
        }
        if whole { try checkFeatures(snapshot, expected, last) }
    }

    private static func checkFeatures(_ snapshot: Snapshot, _ expected: [Int64], _ last: Int64)
        throws
    {
        for name in [left, right] {
            let features = try snapshot.features(in: name).order(by: .time).fetchAll()
            if features.map(\.id) != expected.map({ .integer($0) }) {
                throw Difference("ids in \(name)")
            }
            for feature in features {
                let number = feature.id!.integerValue!
                let next = feature.properties?["next"]
                if (next == .int(number + 1)) != (number < last && number > 1) {
                    throw Difference(
                        "\(name) \(number) is of another version at \(last): \(feature)")
                }
            }
        }
    }
}

@Suite("Readers beside a writer")
struct SnapshotConsistencyTests {
    private static let transactions =
        Thoroughness.isSoak ? 20_000 : Thoroughness.isQuick ? 120 : 1200

    @Test("Every snapshot is a state between two transactions", arguments: OracleConfiguration.all)
    func consistentPrefix(configuration: OracleConfiguration) throws {
        let directory = TemporaryDirectory()
        let database =
            configuration.isOnDisk
            ? try Database(at: directory.url, configuration: configuration.configuration)
            : try Database.inMemory(configuration: configuration.configuration)
        let isDone = Shared(false)
        let checks = Shared(0)
        let sequences = Shared(Set<UInt64>())
        let readers = ThreadGroup(
            (0..<3).map { reader in
                {
                    var rounds = 0
                    var newest: UInt64 = 0
                    while !isDone.value {
                        let snapshot = try database.snapshot()
                        if snapshot.sequence < newest { throw Difference("time went backwards") }
                        newest = snapshot.sequence
                        try Step.check(snapshot, whole: rounds % 4 == reader)
                        rounds += 1
                        checks.update { $0 += 1 }
                        sequences.update { $0.insert(snapshot.sequence) }
                    }
                }
            })
        struct Abort: Error {}
        do {
            defer { isDone.update { $0 = true } }
            for number in 1...Int64(Self.transactions) {
                // What is undone is never seen.
                if number % 7 == 0 {
                    #expect(throws: Abort.self) {
                        try database.write { tx in
                            try Step.write(number, tx)
                            throw Abort()
                        }
                    }
                }
                let commit = try database.write { tx in try Step.write(number, tx) }
                #expect(commit.sequence == UInt64(number))
            }
        }
        try readers.join()
        try Step.check(database.snapshot(), whole: true)
        #expect(checks.value >= 3 && sequences.value.count >= 2)
        print("\(configuration.name): \(checks.value) checks of \(sequences.value.count) states")
        try database.close()
    }

    @Test("A snapshot held across merges and updates of everything stays as it was")
    func heldAcrossMerges() throws {
        let configuration = OracleConfiguration(
            name: "tiny", hasTinySizes: true, history: .journalOnly)
        let database = try Database.inMemory(configuration: configuration.configuration)
        for number in 1...Int64(100) { try database.write { tx in try Step.write(number, tx) } }
        let held = try (0..<20).map { index in
            if index > 0 {
                try database.write { tx in try Step.write(100 + Int64(index), tx) }
            }
            return try database.snapshot()
        }
        let rewriter = ThreadGroup([
            {
                for round in 0..<(Thoroughness.isQuick ? 5 : 40) {
                    try database.write { tx in
                        try tx.update(FeatureQuery(in: Step.left)) {
                            $0.properties?["r"] = .int(Int64(round))
                        }
                        try tx.delete(series: Step.series, during: .all)
                        try tx.append(times: [Int64(round)], values: [0], to: Step.series)
                    }
                }
                try database.write { tx in
                    try tx.drop(collection: Step.right)
                    try tx.drop(series: Step.series)
                }
            }
        ])
        try Threads.run(2) { _ in
            for round in 0..<6 {
                for snapshot in held { try Step.check(snapshot, whole: round % 2 == 0) }
            }
        }
        try rewriter.join()
        for snapshot in held { try Step.check(snapshot, whole: true) }
        #expect(throws: FormDBError.self) { try database.features(in: Step.right).fetchCount() }
        database.store.checkInvariants()
    }

    @Test("One snapshot may be read by many threads at once")
    func sharedSnapshot() throws {
        let database = try Database.inMemory()
        for number in 1...Int64(200) { try database.write { tx in try Step.write(number, tx) } }
        let snapshot = try database.snapshot()
        try Threads.run(4) { thread in
            for round in 0..<20 { try Step.check(snapshot, whole: round % 4 == thread) }
        }
    }

    @Test("Opening and releasing snapshots from many threads leaves none open")
    func manySnapshots() throws {
        let database = try Database.inMemory()
        try database.write { tx in try Step.write(1, tx) }
        try Threads.run(4) { _ in
            for _ in 0..<200 {
                let snapshots = try (0..<3).map { _ in try database.snapshot() }
                for snapshot in snapshots { try Step.check(snapshot, whole: false) }
            }
        }
        #expect(database.statistics().openSnapshots == 0)
    }
}
