import BenchCore
import Foundation

/// How much memory an engine really takes: in a process of its own, since memory that was in use
/// before is used again and does not show.
enum Resident {
    /// Bytes that became resident while `kind` took the rows of W2, each.
    static func measure(_ kind: PlaceEngineKind, _ surroundings: Surroundings) throws -> Double {
        let child = Process()
        child.executableURL = Bundle.main.executableURL
        child.arguments = ["--resident", kind.name, "--directory", surroundings.scratch.path]
        let output = Pipe()
        child.standardOutput = output
        try child.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        child.waitUntilExit()
        guard child.terminationStatus == 0,
            let bytes = Double(
                String(decoding: data, as: UTF8.self).trimmingCharacters(
                    in: .whitespacesAndNewlines))
        else { throw BenchError("resident memory of \(kind.name): the child failed") }
        return bytes
    }

    /// The child's side.
    static func report(_ name: String, _ surroundings: Surroundings) throws {
        guard let kind = PlaceEngineKind.all.first(where: { $0.name == name }) else {
            throw BenchError("no engine \(name)")
        }
        let rows = PlaceWorkload.w2().data.boxes
        let setup = PlaceSetup(isPlanar: false, arePoints: false, surroundings: surroundings)
        let engine = try kind.make(setup)
        let bulk = kind.isBulkOnly ? engine as? any BulkPlaceEngine : nil
        try bulk?.prepare(rows)
        let before = bench_resident_bytes()
        if let bulk {
            try bulk.build(rows)
        } else {
            try engine.insert(rows)
        }
        let after = bench_resident_bytes()
        try engine.close()
        print(Double(after > before ? after - before : 0) / Double(rows.count))
    }
}
