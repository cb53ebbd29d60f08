import FormDB
import Foundation
import Testing

/// A real process, a real disk, and SIGKILL.
@Suite("Kills", .serialized)
struct KillTests {
    @Test(
        "Every acknowledged transaction survives kill -9, and no half of another is there",
        arguments: ["full", "direct"])
    func killedWriter(durability: String) throws {
        let rounds = Thoroughness.isSoak ? 5_000 : Thoroughness.isQuick ? 2 : 30
        let directory = TemporaryDirectory()
        guard durability == "full" || offersDirectWrites(directory.path) else {
            print("kills, direct: not tried, the file system has no direct writes")
            return
        }
        var generator = SeededGenerator(seed: 42)
        var acknowledged: Int64 = -1
        for round in 0..<rounds {
            let wait = Double.random(in: 0.002...0.06, using: &generator)
            acknowledged = max(
                acknowledged, try killOnce(directory.path, durability: durability, after: wait))
            try check(directory.path, holdsUpTo: acknowledged, round: round)
        }
        print(
            "kills, \(durability): \(rounds), transactions acknowledged: \(acknowledged + 1), lost: 0"
        )
        #expect(acknowledged > Int64(rounds))
    }

    @Test("At lower durability a kill loses at most a suffix", arguments: ["batched", "none"])
    func killedWriterAtLowerDurability(durability: String) throws {
        let directory = TemporaryDirectory()
        for round in 0..<(Thoroughness.isQuick ? 2 : 8) {
            _ = try killOnce(directory.path, durability: durability, after: 0.05)
            try check(directory.path, holdsUpTo: -1, round: round)
        }
    }

    private func offersDirectWrites(_ path: String) -> Bool {
        var configuration = Database.Configuration()
        configuration.directLog = .on
        do {
            try Database(path: path, configuration: configuration).close()
            return true
        } catch {
            return false
        }
    }

    /// Runs the writer, kills it, and returns the largest number that it acknowledged.
    private func killOnce(_ path: String, durability: String, after seconds: Double) throws -> Int64
    {
        let process = Process()
        process.executableURL = try writerURL()
        process.arguments = [path, durability]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        // Wait for the first acknowledgement, so that the kill falls into work, not into start-up.
        var bytes = output.readSome()
        Thread.sleep(forTimeInterval: seconds)
        kill(process.processIdentifier, SIGKILL)
        bytes.append(output.readToEnd())
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        // A last line without its newline was cut by the kill; its number may be cut as well.
        let end = text.lastIndex(of: "\n") ?? text.startIndex
        return text[..<end].split(separator: "\n").last.flatMap { Int64($0) } ?? -1
    }

    private func check(_ path: String, holdsUpTo acknowledged: Int64, round: Int) throws {
        let database = try Database(path: path)
        defer { try? database.close() }
        guard try database.collectionNames().contains("left") else {
            #expect(acknowledged < 0, "round \(round): nothing is left")
            return
        }
        let left = try database.features(in: "left").fetchIntegerIDs().sorted()
        let right = try database.features(in: "right").fetchIntegerIDs().sorted()
        let points = try database.series("points").fetchAll().map { Int64($0.values[0]) }
        #expect(left == right, "round \(round): half a transaction")
        #expect(left == points, "round \(round): half a transaction")
        #expect(left == Array(0..<Int64(left.count)), "round \(round): a hole")
        #expect(Int64(left.count) > acknowledged, "round \(round): \(acknowledged) is lost")
    }

    private func writerURL() throws -> URL {
        let candidates = [
            Bundle.main.executableURL, CommandLine.arguments.first.map { URL(fileURLWithPath: $0) },
        ]
        for case let start? in candidates {
            var folder = start.deletingLastPathComponent()
            for _ in 0..<5 {
                let url = folder.appendingPathComponent("CrashWriter")
                if FileManager.default.isExecutableFile(atPath: url.path) { return url }
                folder.deleteLastPathComponent()
            }
        }
        throw FormDBError(.missingFile, "CrashWriter was not built beside the tests")
    }
}
