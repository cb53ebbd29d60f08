import Foundation
import Testing

@testable import FormDB

@Suite("Opening, closing, reading only")
struct LifeTests {
    private let directory = TemporaryDirectory()

    private func open(_ access: Database.Access = .readWrite) throws -> Database {
        var configuration = Database.Configuration()
        configuration.access = access
        return try Database(at: directory.url, configuration: configuration)
    }

    private func add(_ db: Database, _ id: FeatureID) throws {
        try db.write { tx in
            try tx.insert(Feature(id: id, geometry: .point(longitude: 0, latitude: 0)), into: "f")
        }
    }

    private func ids(_ source: borrowing some Asked & ~Copyable) throws -> [FeatureID] {
        try source.features(FeatureQuery(in: "f").order(by: .id)).fetchIDs()
    }

    @Test("A closed database refuses all work, and closing again is nothing")
    func closed() throws {
        let db = try open()
        try add(db, 1)
        let request = db.features(in: "f")
        let journal = db.journal()
        try db.close()
        try db.close()
        #expect(db.isClosed)
        #expect(errorCode { try add(db, 2) } == .closed)
        #expect(errorCode { _ = try request.fetchCount() } == .closed)
        #expect(errorCode { _ = try db.snapshot() } == .closed)
        #expect(errorCode { _ = try db.schema() } == .closed)
        #expect(errorCode { _ = try journal.fetchAll() } == .closed)
        #expect(errorCode { try db.sync() } == .closed)
        #expect(db.durableSequence == 1 && !db.isPoisoned)
        _ = db.statistics()
    }

    @Test("A snapshot stays readable after close, and after the database is gone")
    func snapshotAfterClose() throws {
        var db: Database? = try open()
        try add(db!, 1)
        let snapshot = try db!.snapshot()
        let cursor = try db!.features(in: "f").cursor()
        try add(db!, 2)
        try db!.close()
        #expect(try ids(snapshot) == [1])
        db = nil
        #expect(try ids(snapshot) == [1])
        #expect(try cursor.fetchAll().map(\.id) == [1])
        // Another handle works beside it.
        let next = try open()
        try add(next, 3)
        #expect(try ids(snapshot) == [1])
        #expect(try ids(next) == [1, 2, 3])
    }

    @Test("Dropping the last reference closes")
    func dropped() throws {
        var db: Database? = try open()
        try add(db!, 1)
        db = nil
        let again = try open()
        #expect(try ids(again) == [1])
        #expect(again.statistics().recoveredBlocks == 0)
    }

    @Test("A transaction can't be used after its closure")
    func requestOutlivesTransaction() throws {
        let db = try Database.inMemory()
        var kept: FeatureRequest?
        try db.write { tx in
            try tx.insert(Feature(geometry: nil), into: "f")
            kept = tx.features(in: "f")
            #expect(try kept?.fetchCount() == 1)
        }
        #expect(errorCode { _ = try kept?.fetchCount() } == .closed)
    }

    /// They went on to read the views of the transaction, which were freed with it.
    @Test("Cursors that outlive their transaction throw", arguments: [true, false])
    func cursorsOutliveTransaction(commits: Bool) throws {
        struct Undone: Error {}
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createSeries("s", fields: ["value"])
            for id in 0..<2000 {
                try tx.insert(Feature(id: .integer(Int64(id)), geometry: nil), into: "f")
                try tx.append(DataPoint(at: Timestamp(microseconds: Int64(id)), 1), to: "s")
            }
        }
        var features: FeatureCursor?
        var points: SeriesCursor?
        do {
            try db.write { tx in
                try tx.insert(Feature(geometry: nil), into: "f")
                features = try tx.features(in: "f").cursor()
                points = try tx.series("s").cursor()
                #expect(try features?.next() != nil && points?.next() != nil)
                if !commits { throw Undone() }
            }
        } catch is Undone {}
        #expect(errorCode { while try features?.next() != nil {} } == .closed)
        #expect(errorCode { while try points?.next() != nil {} } == .closed)
    }

    @Test("A cursor does not go on in another collection or series of the name")
    func cursorOfWhatIsGone() throws {
        let db = try Database.inMemory()
        try db.write { tx in
            try tx.createSeries("s", fields: ["a", "b", "c"])
            for id in 0..<2000 {
                try tx.insert(Feature(id: .integer(Int64(id)), geometry: nil), into: "f")
                try tx.append(DataPoint(at: Timestamp(microseconds: Int64(id)), 1, 2, 3), to: "s")
            }
        }
        try db.write { tx in
            let features = try tx.features(in: "f").cursor()
            let points = try tx.series("s").cursor()
            #expect(try features.next() != nil && points.next() != nil)
            try tx.drop(collection: "f")
            try tx.drop(series: "s")
            try tx.insert(Feature(id: 1, geometry: nil), into: "f")
            try tx.createSeries("s", fields: ["a"])
            #expect(errorCode { while try features.next() != nil {} } == .notFound)
            #expect(errorCode { while try points.next() != nil {} } == .notFound)
        }
    }

    // MARK: Locks

    @Test("A second writer gets locked, in the same process too")
    func secondWriter() throws {
        let db = try open()
        #expect(errorCode { _ = try open() } == .locked)
        try add(db, 1)
        try db.close()
        let next = try open()
        #expect(try ids(next) == [1])
    }

    @Test("A second writer gets locked while another process writes")
    func otherProcess() throws {
        let process = Process()
        process.executableURL = try Self.writerURL()
        process.arguments = [directory.path, "full"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        _ = output.readSome()  // it has written
        #expect(errorCode { _ = try open() } == .locked)
        // A reader sees what is certainly durable, and more later.
        let reader = try open(.readOnly)
        let before = reader.publishedSequence
        try reader.close()
        _ = output.readSome()
        // Threads of the test runner block SIGTERM, and so would the child.
        kill(process.processIdentifier, SIGKILL)
        _ = output.readToEnd()
        process.waitUntilExit()
        let db = try open()
        #expect(db.publishedSequence >= before && db.publishedSequence > 0)
        #expect(try db.features(in: "left").fetchCount() == db.features(in: "right").fetchCount())
    }

    private static func writerURL() throws -> URL {
        for case let start? in [
            Bundle.main.executableURL, URL(fileURLWithPath: CommandLine.arguments[0]),
        ] {
            var folder = start.deletingLastPathComponent()
            for _ in 0..<5 {
                let url = folder.appendingPathComponent("CrashWriter")
                if FileManager.default.isExecutableFile(atPath: url.path) { return url }
                folder.deleteLastPathComponent()
            }
        }
        throw FormDBError(.missingFile, "CrashWriter was not built beside the tests")
    }

    // MARK: Reading only

    @Test("A reader beside a live writer sees what is certainly durable")
    func readOnly() throws {
        let db = try open()
        try add(db, 1)
        try add(db, 2)
        // The last commit shows with the next one, or after a sync.
        let first = try open(.readOnly)
        #expect(first.publishedSequence == 1)
        #expect(try ids(first) == [1])
        #expect(errorCode { try add(first, 9) } == .readOnly)
        try add(db, 3)
        #expect(try ids(first) == [1])
        try db.sync()
        let second = try open(.readOnly)
        #expect(try ids(second) == [1, 2, 3])
        try first.close()
        try second.close()
        try add(db, 4)
        try db.close()
        let third = try open(.readOnly)
        #expect(try ids(third) == [1, 2, 3, 4])
        #expect(try third.journal().fetchAll().count == 4)
    }

    @Test("Reading only makes no database where there is none")
    func readOnlyNowhere() throws {
        #expect(errorCode { _ = try open(.readOnly) } != nil)
        var configuration = Database.Configuration()
        configuration.createIfMissing = false
        #expect(
            errorCode { _ = try Database(at: directory.url, configuration: configuration) } != nil)
        #expect(!FileManager.default.fileExists(atPath: directory.path))
    }

    // MARK: Damage

    @Test("A damaged database is refused with file and offset, and its valid prefix can be read")
    func damaged() throws {
        let db = try open()
        for id in 1...20 { try add(db, .integer(Int64(id))) }
        try db.close()
        let log = try #require(
            try FileManager.default.subpathsOfDirectory(atPath: directory.path)
                .map { directory.url.appendingPathComponent($0) }
                .filter { try [UInt8](Data(contentsOf: $0)).count > 20 * 4096 }.first)
        var bytes = try Data(contentsOf: log)
        let middle = bytes.count / 2 / 4096 * 4096 + 100
        bytes[middle] ^= 0x40
        try bytes.write(to: log)
        let error = #expect(throws: FormDBError.self) { _ = try open() }
        #expect(error?.code == .corrupt)
        #expect(error?.file != nil && error?.offset != nil)
        #expect(errorCode { _ = try open(.readOnly) } == .corrupt)
        let prefix = try open(.readOnlyPrefix)
        let found = try ids(prefix)
        #expect(found.count > 5 && found.count < 20)
        #expect(found == (1...Int64(found.count)).map { .integer($0) })
        #expect(prefix.fault?.code == .corrupt && prefix.fault?.file != nil)
        #expect(errorCode { try add(prefix, 99) } == .readOnly)
        #expect(try prefix.journal().fetchAll().count == found.count)
        try prefix.close()
        // Nothing was repaired or cut.
        #expect(try Data(contentsOf: log) == bytes)
    }

    @Test("A whole database has no fault in its prefix")
    func wholePrefix() throws {
        let db = try open()
        try add(db, 1)
        try db.close()
        let prefix = try open(.readOnlyPrefix)
        #expect(prefix.fault == nil)
        #expect(try ids(prefix) == [1])
    }
}
