import BenchCore
import Foundation

/// Where the benchmark finds data and puts files.
struct Surroundings: Sendable {
    let results: URL
    /// Stores on disk go below here, each in a directory of its own that is removed afterwards.
    let scratch: URL
    let data: URL
    /// Whether something can be durable in `scratch`: it is no memory disk.
    let hasDisk: Bool

    init(_ options: Options) throws {
        // …/Benchmarks/Sources/FormDBBench/Support/Surroundings.swift
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        results = options.results ?? package.appending(path: ".results/latest.json")
        let base = options.directory ?? package.appending(path: ".results")
        let process = ProcessInfo.processInfo
        scratch = base.appending(path: "scratch-\(process.processIdentifier)")
        let repository = package.deletingLastPathComponent()
        if let path = process.environment["FORMDB_DATA"] {
            data = URL(fileURLWithPath: path)
        } else {
            data = repository.deletingLastPathComponent().appending(path: "shared/data")
        }
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        hasDisk = !bench_is_memory_disk(scratch.path)
    }

    /// A new, empty directory.
    func makeDirectory() throws -> URL {
        let directory = scratch.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    func removeScratch() { try? FileManager.default.removeItem(at: scratch) }
}
