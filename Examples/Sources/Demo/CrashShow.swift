import FormDB
import Foundation

/// One kill, and what was found after it.
struct CrashRound {
    let manner: String
    let acknowledged: Int
    let found: Int
    /// Acknowledged transactions that are not there, whole.
    let lost: Int
    /// Transactions of which only a part is there.
    let halves: Int
    let reopening: Duration
}

/// What all the kills came to.
struct CrashReport {
    let rounds: [CrashRound]
    let acknowledged: Int
}

/// Kills its own writer, again and again, and looks what the store holds then.
///
/// The writer is a child process that reports each transaction after `write` returned. The parent
/// keeps that log; after SIGKILL it opens the store and compares. Every transaction writes the same
/// number in three places, so that half of one would show.
struct CrashShow {
    private let store: URL
    private static let rounds = 8

    init(store: URL) { self.store = store }

    func run() throws -> CrashReport {
        print(
            "  A child writes transactions and reports each that was acknowledged. SIGKILL ends it;"
        )
        print(
            "  then the store is opened again: every reported one must be there, and no half of another.\n"
        )
        var rounds: [CrashRound] = []
        var rows = [
            ["", "killed", "acknowledged", "in the store", "lost", "halves", "reopened in"]
        ]
        var acknowledged = 0
        for number in 1...Self.rounds {
            // Every other child stops in the middle of a transaction and is killed there.
            let isCaught = number % 2 == 1
            let log = try killWriter(after: 20 * number, inTheMiddle: isCaught)
            acknowledged = max(acknowledged, log)
            let round = try inspect(
                manner: isCaught ? "between two writes of one transaction" : "at no chosen moment",
                acknowledged: acknowledged)
            rounds.append(round)
            rows.append([
                "\(number)", round.manner, Console.number(round.acknowledged),
                Console.number(round.found), "\(round.lost)", "\(round.halves)",
                Console.time(round.reopening),
            ])
        }
        Console.table(rows, right: [0, 2, 3, 4, 5, 6], indent: "  ")
        guard rounds.allSatisfy({ $0.lost == 0 && $0.halves == 0 }) else {
            throw DemoError("the store lost something that it had acknowledged, or kept a half")
        }
        print(
            "\n  \(Self.rounds) kills, \(Console.number(acknowledged)) acknowledged transactions, none lost, no halves."
        )
        print(
            "  (Found may exceed acknowledged by one a kill: committed, but killed before it could say so.)"
        )
        return CrashReport(rounds: rounds, acknowledged: acknowledged)
    }

    /// Starts a writer, kills it after so many acknowledgements, and returns the largest number that it
    /// acknowledged.
    private func killWriter(after count: Int, inTheMiddle: Bool) throws -> Int {
        let child = Process()
        child.executableURL = try Self.ownExecutable()
        child.arguments = ["--crash-writer", store.path, inTheMiddle ? String(count) : "never"]
        let pipe = Pipe()
        child.standardOutput = pipe
        try child.run()
        var log = AcknowledgementLog()
        while log.isOpen {
            log.take(pipe.fileHandleForReading.availableData)
            if inTheMiddle ? log.isInTheMiddle : log.count >= count { break }
        }
        kill(child.processIdentifier, SIGKILL)
        // What it had acknowledged before the signal arrived still lies in the pipe.
        while log.isOpen { log.take(pipe.fileHandleForReading.availableData) }
        child.waitUntilExit()
        guard child.terminationReason == .uncaughtSignal, child.terminationStatus == SIGKILL else {
            throw DemoError("the writer ended by itself, with status \(child.terminationStatus)")
        }
        return log.last
    }

    /// Opens the store after a kill and counts what is there.
    private func inspect(manner: String, acknowledged: Int) throws -> CrashRound {
        let clock = ContinuousClock()
        let start = clock.now
        let db = try Database(at: store)
        let reopening = clock.now - start
        defer { try? db.close() }
        return try db.read { snapshot in
            let debits = Set(try snapshot.features(in: CrashWriter.debits).fetchIntegerIDs())
            let credits = Set(try snapshot.features(in: CrashWriter.credits).fetchIntegerIDs())
            let totals = Set(
                try snapshot.series(CrashWriter.totals).fetchAll().map { Int64($0.value) })
            let whole = debits.intersection(credits).intersection(totals)
            let any = debits.union(credits).union(totals)
            return CrashRound(
                manner: manner, acknowledged: acknowledged, found: whole.count,
                lost: Set(1..<Int64(acknowledged + 1)).subtracting(whole).count,
                halves: any.subtracting(whole).count, reopening: reopening)
        }
    }

    private static func ownExecutable() throws -> URL {
        guard let url = Bundle.main.executableURL else {
            throw DemoError("the demo doesn't know its own executable")
        }
        return url
    }
}

/// What the child said so far: lines such as "middle 7" and "done 7".
private struct AcknowledgementLog {
    private var rest: [UInt8] = []
    private(set) var count = 0
    private(set) var last = 0
    private(set) var isInTheMiddle = false
    private(set) var isOpen = true

    mutating func take(_ data: Data) {
        if data.isEmpty { isOpen = false }
        rest += data
        // A line without its end was cut by the kill and counts for nothing.
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            rest.removeSubrange(...end)
            if words.first == "done", let number = words.last.flatMap({ Int($0) }) {
                count += 1
                last = number
            }
            if words.first == "middle" { isInTheMiddle = true }
        }
    }
}

/// The child: writes transactions until it is killed.
struct CrashWriter {
    static let debits = "ledger-debits"
    static let credits = "ledger-credits"
    static let totals = "ledger-totals"

    let store: URL
    /// After so many transactions, stop in the middle of the next and wait for the end.
    let pauseAfter: Int?

    func run() throws {
        let db = try Database(at: store)
        let me = Provenance(actor: "crash-writer", kind: .service, reason: "to be killed")
        let hasStarted = try db.collections.contains(Self.debits)
        var number = hasStarted ? try db.features(in: Self.debits).fetchCount() : 0
        var written = 0
        while true {
            number += 1
            let id = FeatureID(number)
            let isLast = written == pauseAfter
            try db.write(by: me) { tx in
                let place = Geometry.point(longitude: Double(number % 360) - 180, latitude: 10)
                try tx.insert(Feature(id: id, geometry: place), into: Self.debits)
                try tx.append([DataPoint(at: .now, Double(number))], to: Self.totals)
                if isLast {
                    say("middle \(number)")
                    while true { Thread.sleep(forTimeInterval: 1) }
                }
                try tx.insert(Feature(id: id, geometry: place), into: Self.credits)
            }
            // Only now, after write returned, is it acknowledged.
            say("done \(number)")
            written += 1
        }
    }

    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
