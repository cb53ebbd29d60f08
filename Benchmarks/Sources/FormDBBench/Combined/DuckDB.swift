import Foundation

/// DuckDB through its Python package, in a process of its own that measures itself (duckdb_combined.py): the rows go
/// there in a file. Left out where the package is not installed.
struct DuckDB {
    struct Line {
        var operation: String
        var nanoseconds: Double
    }

    private let package: URL
    private let directory: URL

    init(_ surroundings: Surroundings) throws {
        // …/Benchmarks/Sources/FormDBBench/Combined/DuckDB.swift
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        self.package = package
        directory = try surroundings.makeDirectory()
    }

    func run(_ workload: CombinedWorkload, runs: Int) throws -> [Line] {
        defer { try? FileManager.default.removeItem(at: directory) }
        try write("longitude", workload.longitudes)
        try write("latitude", workload.latitudes)
        try write("magnitude", workload.magnitudes)
        try write("time", workload.times)
        try write(
            "questions",
            workload.questions.flatMap {
                [$0.west, $0.south, $0.east, $0.north, $0.magnitude]
            })
        try write("question_times", workload.questions.flatMap { [$0.from, $0.to] })
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", package.appending(path: "duckdb_combined.py").path, directory.path,
            String(runs), String(workload.middle.lowerBound), String(workload.middle.upperBound),
            String(CombinedWorkload.start), String(CombinedWorkload.day),
        ]
        var environment = ProcessInfo.processInfo.environment
        environment["PYTHONPATH"] =
            package.deletingLastPathComponent().appending(path: ".build-duckdb").path
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError("its Python package is not there (make bench installs it)")
        }
        return try read(String(decoding: data, as: UTF8.self), workload)
    }

    /// Lines of an operation, its nanoseconds and its answer.
    private func read(_ text: String, _ workload: CombinedWorkload) throws -> [Line] {
        try text.split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            guard parts.count >= 3, let nanoseconds = Double(parts[1]) else {
                throw BenchError("duckdb: \(line)")
            }
            let answer = parts[2...].joined(separator: " ")
            let agrees: Bool
            switch parts[0] {
            case "box-week-magnitude":
                agrees = answer == "\(workload.truth.rows) \(workload.truth.idSum)"
            case "mean-indexed": agrees = abs((Double(answer) ?? .nan) - workload.mean) < 1e-9
            default:
                agrees = answer == workload.perDay.map { String($0) }.joined(separator: ",")
            }
            guard agrees else {
                throw BenchError("duckdb: another answer to \(parts[0]): \(answer)")
            }
            return Line(operation: String(parts[0]), nanoseconds: nanoseconds)
        }
    }

    private func write<T>(_ name: String, _ values: [T]) throws {
        try values.withUnsafeBytes { Data($0) }.write(to: directory.appending(path: name))
    }
}
