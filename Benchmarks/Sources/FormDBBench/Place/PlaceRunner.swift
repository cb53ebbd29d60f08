import BenchCore
import Foundation

/// Runs one place workload over all engines, interleaved, and checks every answer.
struct PlaceRunner {
    let workload: PlaceWorkload
    let kinds: [PlaceEngineKind]
    let runs: Int
    let surroundings: Surroundings
    let recorder: Recorder

    func run() throws {
        let truths = (
            native: try PlaceTruth(workload.data, deleted: workload.deletedIDs),
            globe: workload.isPlanar
                ? try PlaceTruth(workload.globe, deleted: workload.deletedIDs) : nil
        )
        for run in 0..<runs {
            // Each run begins with another engine, so that none always follows the same one.
            for offset in kinds.indices {
                let kind = kinds[(run + offset) % kinds.count]
                Progress.show("\(workload.name) run \(run + 1) of \(runs): \(kind.name)")
                let usesGlobe = workload.isPlanar && kind.plane == .globeOnly
                let one = PlaceRun(
                    workload: workload, kind: kind,
                    data: usesGlobe ? workload.globe : workload.data,
                    truth: usesGlobe ? truths.globe ?? truths.native : truths.native,
                    setup: PlaceSetup(
                        isPlanar: workload.isPlanar && !usesGlobe, arePoints: workload.arePoints,
                        surroundings: surroundings),
                    recorder: recorder)
                try one.run()
            }
        }
        Progress.clear()
    }
}

/// One engine, once, from empty to closed.
struct PlaceRun {
    let workload: PlaceWorkload
    let kind: PlaceEngineKind
    let data: PlaceData
    let truth: PlaceTruth
    let setup: PlaceSetup
    let recorder: Recorder

    func run() throws {
        if !kind.isBulkOnly { try runDynamic() }
        try runPacked()
        try runObserved()
    }

    private func runDynamic() throws {
        let engine = try kind.make(setup)
        try measure("insert", .nanoseconds, data.boxes.count, hits: data.boxes.count) {
            try engine.insert(data.boxes)
        }
        try askAll(engine, suffix: "")
        if workload.arePoints { try askMetres(engine) }
        if let bytes = try engine.indexBytes() {
            try record(
                "bytes-entry", .bytes, Double(bytes) / Double(data.boxes.count),
                hits: data.boxes.count)
        }
        if let engine = engine as? any LatencyPlaceEngine { try recordLatencies(engine) }
        let ids = workload.deletedIDs
        try measure("delete", .nanoseconds, ids.count, hits: ids.count) { try engine.delete(ids) }
        try askWindows(
            engine, "window-small-deleted", data.small, truth.smallDeleted,
            truth.smallDeletedFloat32)
        try engine.close()
    }

    /// Built at once and packed, from empty; then readers beside a writer.
    private func runPacked() throws {
        guard let engine = try kind.make(setup) as? any BulkPlaceEngine else { return }
        try engine.prepare(data.boxes)
        try measure("build", .nanoseconds, data.boxes.count, hits: data.boxes.count) {
            try engine.build(data.boxes)
        }
        try engine.pack()
        try askAll(engine, suffix: "-packed")
        if let bytes = try engine.indexBytes() {
            try record(
                "bytes-entry-packed", .bytes, Double(bytes) / Double(data.boxes.count),
                hits: data.boxes.count)
        }
        if workload.hasReaders, let engine = engine as? any ObservablePlaceEngine {
            try runReaders(engine)
        }
        try engine.close()
    }

    private func askAll(_ engine: any PlaceEngine, suffix: String) throws {
        try askWindows(
            engine, "window-small" + suffix, data.small, truth.small, truth.smallFloat32)
        try askWindows(
            engine, "window-large" + suffix, data.large, truth.large, truth.largeFloat32)
        let k = PlaceTruth.k
        guard try checkNearest(engine, "nearest-10" + suffix) else { return }
        let points = data.places.points()
        let (answer, time) = try Stopwatch.time { try engine.nearest(points, k: k) }
        try record(
            "nearest-10" + suffix, .microseconds,
            Unit.microseconds.value(nanoseconds: time, count: points.count),
            hits: Int(answer?.hits ?? 0))
    }

    /// Whether the engine knows nearest rows at all; throws when it knows wrong ones. Of rows equally
    /// far a tree may pick any: then the ids must differ from each other and be as far as the
    /// reference's.
    private func checkNearest(_ engine: any PlaceEngine, _ operation: String) throws -> Bool {
        let k = PlaceTruth.k
        let prefix = data.places.points(prefix: PlaceTruth.nearestChecked)
        guard let some = try engine.nearest(prefix, k: k) else { return false }
        if let ids = try engine.nearestInAnyOrder(prefix, k: k) {
            let distances = Reference.distances(of: ids, in: data.boxes, from: prefix, k: k)
            guard distances == truth.nearestDistances else {
                throw BenchError("\(workload.name) \(operation): \(kind.name) found farther rows")
            }
        } else if some != truth.nearestPrefix {
            throw wrong(operation, some, truth.nearestPrefix)
        }
        return true
    }

    private func askMetres(_ engine: any PlaceEngine) throws {
        let points = data.places.points()
        // Its hits are the sum of the ids: engines must agree on every neighbour.
        let (answer, time) = try Stopwatch.time {
            try engine.nearestInMetres(points, k: PlaceTruth.k)
        }
        guard let answer else { return }
        try recorder.add(
            workload: "api", operation: "nearest-metres", engine: kind.name, unit: .microseconds,
            value: Unit.microseconds.value(nanoseconds: time, count: points.count),
            hits: Int64(answer.id_sum))
    }

    private func askWindows(
        _ engine: any PlaceEngine, _ operation: String, _ windows: Boxes, _ exact: bench_answer,
        _ rounded: bench_answer
    ) throws {
        let (answer, time) = try Stopwatch.time { try engine.windows(windows) }
        var note = ""
        if kind.isFloat32 {
            guard answer == rounded else { throw wrong(operation, answer, rounded) }
            let extra = Int64(rounded.hits) - Int64(exact.hits)
            if extra != 0 { note = "+\(extra) rows that are not there (float32 boxes)" }
        } else if answer != exact {
            throw wrong(operation, answer, exact)
        }
        try recorder.add(
            workload: workload.name, operation: operation, engine: kind.name,
            unit: workload.windowUnit,
            value: workload.windowUnit.value(nanoseconds: time, count: windows.count),
            hits: Int64(answer.hits), note: note)
    }

    func wrong(
        _ operation: String, _ found: bench_answer, _ expected: bench_answer
    ) -> BenchError {
        BenchError(
            "\(workload.name) \(operation): \(kind.name) found \(found), the reference \(expected)")
    }

    func measure(
        _ operation: String, _ unit: Unit, _ count: Int, hits: Int, _ body: () throws -> Void
    ) throws {
        let time = try Stopwatch.time(body).nanoseconds
        try record(operation, unit, unit.value(nanoseconds: time, count: count), hits: hits)
    }

    func record(_ operation: String, _ unit: Unit, _ value: Double, hits: Int) throws {
        try recorder.add(
            workload: workload.name, operation: operation, engine: kind.name, unit: unit,
            value: value, hits: Int64(hits))
    }
}
