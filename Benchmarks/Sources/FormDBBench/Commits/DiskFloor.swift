import BenchCore
import Foundation

/// The fastest way to make a few bytes durable on this disk, of those tried.
final class DiskFloor {
    private static let methods: [(method: bench_disk_method, name: String)] = [
        (BENCH_DISK_APPEND, "write at the end + fdatasync"),
        (BENCH_DISK_OVERWRITE, "write over zeros + fdatasync"),
        (BENCH_DISK_DIRECT, "O_DIRECT|O_DSYNC over zeros"),
    ]
    private static let sizes: [(operation: String, bytes: Int)] = [
        ("floor-4k", 4096), ("floor-16k", 16384),
    ]

    private let surroundings: Surroundings
    /// Blocks at a time.
    private let count: Int
    /// Nanoseconds and blocks of this run, by size and method.
    private var spent: [[(time: Double, blocks: Int)]] = []
    /// Blocks a second, of each run, by size and method.
    private var rates: [[[Double]]]

    init(surroundings: Surroundings, count: Int) {
        self.surroundings = surroundings
        self.count = count
        rates = Self.sizes.map { _ in Self.methods.map { _ in [] } }
        spent = Self.nothing
    }

    private static var nothing: [[(time: Double, blocks: Int)]] {
        sizes.map { _ in methods.map { _ in (0, 0) } }
    }

    /// How much of the full work this disk can do in reasonable time: 1 for a fast one.
    static func share(_ surroundings: Surroundings) throws -> Double {
        let directory = try surroundings.makeDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "floor").path
        var best = 0.0
        for _ in 0..<5 {
            var time: UInt64 = 0
            let error = bench_disk_floor(file, BENCH_DISK_APPEND, 32, 4096, &time)
            guard error == 0 else {
                throw BenchError("\(file): \(String(cString: strerror(error)))")
            }
            best = max(best, Unit.perSecond.value(nanoseconds: Double(time), count: 32))
        }
        return min(1, best / 2000)
    }

    /// Writes blocks of the size with this number by each method.
    func measure(_ size: Int) throws {
        let directory = try surroundings.makeDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "floor").path
        for (m, method) in Self.methods.enumerated() {
            var time: UInt64 = 0
            let error = bench_disk_floor(file, method.method, count, Self.sizes[size].bytes, &time)
            if error == EINVAL || error == ENOTSUP { continue }  // not on this system
            guard error == 0 else {
                throw BenchError("\(method.name): \(String(cString: strerror(error)))")
            }
            spent[size][m].time += Double(time)
            spent[size][m].blocks += count
        }
    }

    func endRun() {
        for (s, methods) in spent.enumerated() {
            for (m, sum) in methods.enumerated() where sum.blocks > 0 {
                rates[s][m].append(
                    Unit.perSecond.value(nanoseconds: sum.time, count: sum.blocks))
            }
        }
        spent = Self.nothing
    }

    func record(in recorder: Recorder) throws {
        for (s, size) in Self.sizes.enumerated() {
            let found = zip(Self.methods, rates[s]).filter { !$1.isEmpty }
                .map { (name: $0.name, rates: $1, median: $1.sorted()[$1.count / 2]) }
                .sorted { $0.median > $1.median }
            guard let best = found.first else { continue }
            let others = found.dropFirst().map {
                "\($0.name) \(Report.figure($0.median, .perSecond))"
            }
            for rate in best.rates {
                try recorder.add(
                    workload: "T3", operation: size.operation, engine: "raw-disk",
                    unit: .perSecond, value: rate, hits: Int64(count),
                    note: ([best.name] + others).joined(separator: "; "))
            }
        }
    }
}
