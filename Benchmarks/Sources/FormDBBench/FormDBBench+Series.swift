import Foundation

/// The workloads of series, commits and features.
extension FormDBBench {
    func runSeries() throws {
        if options.wants(workload: "T1") {
            let workload = SeriesWorkload.t1(isQuick: options.isQuick)
            let kinds = SeriesEngineKind.all.filter {
                options.wants(engine: $0.name) && (surroundings.hasDisk || !$0.isOnDisk)
                    && !(options.isQuick && $0.isPeer && $0.isOnDisk)
            }
            try SeriesRunner(
                workload: workload, kinds: kinds, runs: options.runs ?? (options.isQuick ? 2 : 5),
                surroundings: surroundings, recorder: recorder
            ).run()
            report(workload: workload.name, title: workload.title)
        }
        guard options.wants(workload: "T3") else { return }
        guard surroundings.hasDisk else {
            print("\nT3: left out, \(surroundings.scratch.path) is on a memory disk")
            return
        }
        try CommitRunner(
            kinds: CommitEngineKind.all.filter { options.wants(engine: $0.name) },
            measuresDisk: options.wants(engine: "raw-disk"),
            runs: options.runs ?? (options.isQuick ? 2 : 5), isQuick: options.isQuick,
            surroundings: surroundings, recorder: recorder
        ).run()
        let disk = Machine.current(disk: surroundings.scratch).disk
        report(workload: "T3", title: "durable commits, elapsed time, on \(disk)")
    }

    func runThroughSwift() throws {
        if options.wants(workload: "geometry") || options.wants(workload: "W4") {
            try GeodesicRunner(
                runs: runs, wants: { options.wants(engine: $0) }, recorder: recorder
            ).run()
            report(workload: "geometry", title: GeodesicRunner.title)
        }
        if options.wants(workload: "cache") {
            try CacheRunner(
                runs: runs, isQuick: options.isQuick, wants: { options.wants(engine: $0) },
                recorder: recorder
            ).run()
            report(workload: "cache", title: CacheRunner.title)
        }
        if options.wants(workload: "regret") {
            try RegretRunner(
                isQuick: options.isQuick, surroundings: surroundings, recorder: recorder
            ).run()
            report(workload: "regret", title: RegretRunner.title)
        }
        if options.wants(workload: CombinedWorkload.name) {
            let title = try CombinedRunner(
                runs: runs, isQuick: options.isQuick, wants: { options.wants(engine: $0) },
                surroundings: surroundings, recorder: recorder
            ).run()
            report(workload: CombinedWorkload.name, title: title)
        }
        if options.wants(workload: "api") {
            try ApiRunner(
                kinds: ApiEngineKind.all.filter {
                    options.wants(engine: $0.name) && (surroundings.hasDisk || !$0.isOnDisk)
                }, runs: options.runs ?? (options.isQuick ? 2 : 5), isQuick: options.isQuick,
                surroundings: surroundings, recorder: recorder
            ).run()
        }
        // W4 adds the nearest cities in metres.
        report(workload: "api", title: ApiRunner.title)
    }
}
