/// The workloads of place beyond W1, W2 and W4.
extension FormDBBench {
    func runMorePlaces() throws {
        let runs = options.runs ?? (options.isQuick ? 1 : 5)
        if options.wants(workload: "W2") {
            try runScaling(runs: runs)
        }
        if options.wants(workload: "W2t") { try run(.w2t(), runs: runs) }
        if options.wants(workload: "W5") {
            try run(.w5(isTimed: false), runs: runs)
            if !options.isQuick { try run(.w5(isTimed: true), runs: runs) }
        }
    }

    /// The memory of a process that took W2's rows, for each of them. Once is enough: it hardly varies.
    func measureResident() throws {
        for kind in PlaceEngineKind.all {
            guard options.wants(engine: kind.name), !kind.isOnDisk,
                !options.isQuick || kind.name == "formdb-core"
            else { continue }
            Progress.show("W2 resident memory: \(kind.name)")
            try recorder.add(
                workload: "W2", operation: "resident-entry", engine: kind.name,
                unit: .bytes, value: try Resident.measure(kind, surroundings), hits: 1_000_000)
        }
        Progress.clear()
    }

    private func runScaling(runs: Int) throws {
        // Quick: without the largest, W2 itself and peers.
        try ScalingRunner(
            sizes: ScalingRunner.sizes.filter { !options.isQuick || $0.rows < 1_000_000 },
            kinds: ScalingRunner.kinds.filter {
                options.wants(engine: $0.name) && !(options.isQuick && $0.isPeer)
            }, runs: runs, surroundings: surroundings, recorder: recorder
        ).run()
        ScalingRunner.report(recorder.measurements)
    }

    private func run(_ workload: TimedWorkload, runs: Int) throws {
        let kinds = TimedEngineKind.all.filter {
            options.wants(engine: $0.name) && !(options.isQuick && $0.isSlow)
        }
        try TimedRunner(
            workload: workload, kinds: kinds, runs: runs, surroundings: surroundings,
            recorder: recorder
        ).run()
        report(workload: workload.name, title: workload.title)
    }

    private func run(_ workload: UpsertWorkload, runs: Int) throws {
        var kinds: [PlaceEngineKind] = [.core, .coreJournalOnly]
        // The peers' trees have no second key that costs nothing: with a time they are not run.
        if !workload.isTimed { kinds += [.boostLinear, .boostPacked] }
        if !workload.isTimed, !options.isQuick { kinds += [.boostRStar, .sqliteRTree] }
        try UpsertRunner(
            workload: workload, kinds: kinds.filter { options.wants(engine: $0.name) }, runs: runs,
            surroundings: surroundings, recorder: recorder
        ).run()
        report(workload: workload.name, title: workload.title)
    }
}
