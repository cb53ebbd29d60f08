import Foundation

/// Measures FormDB and its peers on the same data, checks that all give the same answers, prints
/// tables and writes the result file.
@main
struct FormDBBench {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            let surroundings = try Surroundings(options)
            defer { surroundings.removeScratch() }
            if let engine = options.resident { return try Resident.report(engine, surroundings) }
            try FormDBBench(options: options, surroundings: surroundings).run()
        } catch {
            Progress.clear()
            FileHandle.standardError.write(Data("formdb-bench: \(error)\n".utf8))
            exit(1)
        }
    }

    let options: Options
    let surroundings: Surroundings
    let recorder = Recorder()

    var runs: Int { options.runs ?? (options.isQuick ? 3 : 5) }

    private func run() throws {
        Stopwatch.countsProcessorTimeOnly = options.countsProcessorTimeOnly
        var machine = Machine.current(disk: surroundings.scratch)
        if options.countsProcessorTimeOnly { machine.clock = "processor time" }
        print("\(machine.cpu), \(machine.cores) cores, \(machine.memory), \(machine.kernel)")
        print("disk: \(machine.disk); \(machine.clock); medians of \(runs) interleaved runs")
        if machine.isBusy {
            print("the machine is busy (load \(machine.load)): figures are worse than they need be")
        }
        if !surroundings.hasDisk {
            print("a memory disk keeps nothing: engines on disk are left out (see --directory)")
        }
        if options.wants(workload: "W1") {
            // Its batches take a millisecond: more runs, so that one pause of the machine is no median.
            try run(.w1(), runs: options.runs ?? (options.isQuick ? 9 : 25))
        }
        if options.wants(workload: "W2") {
            // A million rows through every engine takes a while: once is enough for a first look.
            try run(.w2(), runs: options.runs ?? (options.isQuick ? 1 : 5))
        }
        if options.wants(workload: "W4") {
            if let cities = try PlaceWorkload.w4(surroundings) {
                try run(cities, runs: options.runs ?? (options.isQuick ? 2 : 5))
            } else {
                print("\nW4: left out, there is no \(surroundings.data.path)/cities_1000.csv")
            }
        }
        try runMorePlaces()
        try runSeries()
        try runThroughSwift()
        try ResultFile.write(recorder.measurements, machine: machine, to: surroundings.results)
        let page = surroundings.results.deletingPathExtension().appendingPathExtension("html")
        try Page(measurements: recorder.measurements, machine: machine, report: results)
            .write(to: page)
        print("\nAll answers agree. Results: \(surroundings.results.path) and \(page.path)")
    }

    private func run(_ workload: PlaceWorkload, runs: Int) throws {
        let leavesOut = options.isQuick && workload.data.boxes.count > 500_000
        let kinds = PlaceEngineKind.all.filter {
            options.wants(engine: $0.name) && (surroundings.hasDisk || !$0.isOnDisk)
                && !(leavesOut && $0.isPeer && ($0.isOnDisk || $0.isSlow))
        }
        try PlaceRunner(
            workload: workload, kinds: kinds, runs: runs, surroundings: surroundings,
            recorder: recorder
        ).run()
        if workload.name == "W2" { try measureResident() }
        report(workload: workload.name, title: workload.title)
    }

    var results: Report {
        let peers =
            PlaceEngineKind.all.filter(\.isPeer).map(\.name)
            + SeriesEngineKind.all.filter(\.isPeer).map(\.name)
            + CommitEngineKind.all.filter(\.isPeer).map(\.name)
            + ApiEngineKind.all.filter(\.isPeer).map(\.name) + [
                "grdb-codable", GeodesicRunner.peer, CacheRunner.peer, CombinedRunner.duckdb,
            ] + CombinedRunner.sqlite
        return Report(
            measurements: recorder.measurements, peers: Set(peers), titles: recorder.titles)
    }

    func report(workload: String, title: String) {
        recorder.titles[workload] = title
        results.print(workload: workload, title: title)
        results.printAims(workload: workload)
    }
}
