/// What FormDB is to reach, as ratios between lines of the same run; a few in absolute figures.
struct Aim {
    enum Bound {
        /// So many times as good as the best peer at the same operation.
        case bestPeer(times: Double)
        /// So many times as good as another line, "operation/engine" of the same workload.
        case line(String, times: Double)
        case absolute(Double)
        /// `times` another line's nanoseconds ("workload/operation/engine") plus microseconds.
        case inverses(String, times: Double, plusMicroseconds: Double)
    }

    let workload, operation, engine: String
    let bound: Bound

    init(_ line: String, _ bound: Bound) {
        let parts = line.split(separator: "/").map(String.init)
        (workload, operation, engine) = (parts[0], parts[1], parts[2])
        self.bound = bound
    }

    static let all: [Aim] = [
        Aim("T1/insert/formdb-core", .bestPeer(times: 3)),
        Aim("T1/insert/formdb", .bestPeer(times: 1)),
        Aim("T1/append-1000/formdb", .absolute(10e6)),
        // Against a key a point: reading packed duplicates is as fast as reading memory.
        Aim("T1/range-hour/formdb-core", .line("range-hour/lmdb", times: 2.5)),
        Aim("T1/range-day/formdb-core", .line("range-day/lmdb", times: 4)),
        Aim("T1/range-week/formdb-core", .line("range-week/lmdb", times: 4)),
        Aim("T3/commit-1/formdb-durable", .line("commit-1/sqlite-table-file", times: 1.2)),
        Aim("T3/commit-1/formdb-durable", .line("floor-4k/raw-disk", times: 1 / 1.2)),
        Aim("T3/commit-8/formdb-durable", .line("commit-1/formdb-durable", times: 2.7)),
        Aim("T3/commit-32/formdb-durable", .line("commit-1/formdb-durable", times: 6)),
        Aim("T3/commit-32/formdb-durable", .line("commit-32/rocksdb", times: 1.3)),
        // Blocks of 16 KiB are what a thousand points take at most.
        Aim("T3/batch-1000-columns/formdb-durable", .line("floor-16k/raw-disk", times: 1000 / 1.5)),
        Aim("api/insert-1000/formdb-durable", .bestPeer(times: 10)),
        Aim("api/insert-1/formdb-durable", .bestPeer(times: 1.2)),
        Aim("api/box-features/formdb-durable", .bestPeer(times: 10)),
        Aim("api/box-ids/formdb-durable", .bestPeer(times: 10)),
        Aim("api/box-count/formdb-durable", .bestPeer(times: 10)),
        Aim("regret/p50/formdb", .absolute(1.005)),
        Aim("regret/p95/formdb", .absolute(1.3)),
        Aim("regret/p99/formdb", .absolute(3)),
        Aim("regret/worst/formdb", .absolute(10)),
        Aim("regret/rows-p95/formdb", .absolute(4)),
        // One source.
        Aim("regret/planning/formdb", .absolute(1015)),
        Aim("regret/planning-200-sources/formdb", .absolute(1000 + 200 * 15)),
        Aim(
            "combined/box-week-magnitude/formdb",
            .line("box-week-magnitude/sqlite-rtree", times: 20)),
        Aim("combined/box-week-magnitude/formdb", .line("box-week-magnitude/duckdb", times: 1)),
        Aim("combined/mean-indexed/formdb", .absolute(3)),
        Aim("combined/per-day/formdb", .absolute(5)),
        Aim("cache/get-1k/formdb", .absolute(40)),
        Aim("cache/get-1k/formdb", .bestPeer(times: 1)),
        Aim("cache/get-100k/formdb", .absolute(150)),
        Aim("cache/get-100k/formdb", .bestPeer(times: 1)),
        Aim("cache/miss/formdb", .absolute(25)),
        Aim("cache/miss/formdb", .bestPeer(times: 1)),
        Aim("cache/put/formdb", .absolute(50)),
        Aim("cache/put/formdb", .bestPeer(times: 1)),
        Aim("cache/put-evict/formdb", .absolute(100)),
        Aim("cache/put-evict/formdb", .bestPeer(times: 1)),
        Aim("cache/fingerprint/formdb", .absolute(100)),
        Aim("cache/read-loop/formdb", .absolute(10e6)),
        Aim("cache/read-loop/formdb", .bestPeer(times: 1)),
        Aim("cache/valid-after-writes/formdb", .absolute(0.01)),
        Aim(
            "api/nearest-metres/formdb",
            .inverses("geometry/geodesic-inverse/proj", times: 12, plusMicroseconds: 4)),
    ]
}

/// An aim held against the figures of a run.
struct AimOutcome {
    let aim: Aim
    let measured, bound: Double
    let unit: Unit
    let text: String

    var isReached: Bool { unit.higherIsBetter ? measured >= bound : measured <= bound }

    /// nil when a line that it speaks of was not measured.
    init?(_ aim: Aim, _ measurements: [Measurement], peers: Set<String>) {
        func line(_ name: String) -> Measurement? {
            measurements.first { "\($0.workload)/\($0.operation)/\($0.engine)" == name }
        }
        guard let own = line("\(aim.workload)/\(aim.operation)/\(aim.engine)") else { return nil }
        self.aim = aim
        measured = own.median
        unit = own.unit
        func scaled(_ value: Double, _ times: Double) -> Double {
            own.unit.higherIsBetter ? value * times : value / times
        }
        switch aim.bound {
        case .bestPeer(let times):
            let others = measurements.filter {
                $0.workload == aim.workload && $0.operation == aim.operation
                    && peers.contains($0.engine)
            }.sorted { $0.median < $1.median }
            guard let best = unit.higherIsBetter ? others.last : others.first else { return nil }
            bound = scaled(best.median, times)
            text = (times == 1 ? "" : "\(Self.number(times)) times ") + "as good as \(best.engine)"
        case .line(let name, let times):
            guard let other = line("\(aim.workload)/\(name)") else { return nil }
            bound = scaled(other.median, times)
            text = "\(Self.number(times)) times \(name)"
        case .absolute(let value):
            bound = value
            text = "in absolute figures"
        case .inverses(let name, let times, let microseconds):
            guard let other = line(name) else { return nil }
            bound = other.median * times / 1e3 + microseconds
            text = "\(Self.number(times)) times \(name) + \(Self.number(microseconds)) us"
        }
    }

    /// "3", "1.2", "0.83".
    private static func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    /// "commit-1 of formdb-durable: 5.0 k/s; aim >= 8.2 k/s (0.83 times floor-4k/raw-disk): no".
    var description: String {
        let sign = unit.higherIsBetter ? ">=" : "<="
        return "\(aim.operation) of \(aim.engine): \(Report.figure(measured, unit)); aim \(sign) "
            + "\(Report.figure(bound, unit)) (\(text)): \(isReached ? "ok" : "no")"
    }
}

extension Report {
    var aims: [AimOutcome] {
        Aim.all.compactMap { AimOutcome($0, measurements, peers: peers) }
    }

    func printAims(workload: String) {
        for outcome in aims where outcome.aim.workload == workload {
            Swift.print("  \(outcome.description)")
        }
    }
}
