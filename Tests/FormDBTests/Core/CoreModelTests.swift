import CoreScenarios
import Testing

// Parts of the C core beside naive models of them. The models are in C, where they are fast enough to be asked
// thousands of questions; seeds are fixed, and `make soak` tries more of them.

private let rounds: UInt64 = Thoroughness.isSoak ? 50 : Thoroughness.isQuick ? 1 : 3

@Suite("Collections in memory beside a model")
struct MemtableModelTests {
    /// Runs `seeds` models and returns what they counted.
    private func run(
        _ name: String, seeds: UInt64, _ base: memtable_model_options,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> memtable_model_counts {
        var counts = memtable_model_counts()
        unsafe runScenario(
            name,
            { report in
                for seed in 1...seeds {
                    var options = base
                    options.seed = seed
                    unsafe scenario_memtable_model(&options, &counts, report)
                    if unsafe !failure(of: report.pointee).isEmpty { return }
                }
            }, sourceLocation: sourceLocation)
        print("\(name): \(counts)")
        return counts
    }

    @Test(
        "Every question is answered as a scan of all rows answers it, with tiny tails and runs",
        arguments: [false, true], [false, true])
    func tiny(planar: Bool, scalar: Bool) {
        let counts = run(
            "memtable, tiny, \(planar ? "plane" : "sphere"), \(scalar ? "scalar" : "SIMD")",
            seeds: 20 * rounds,
            memtable_model_options(
                seed: 0, transactions: 60, planar: planar, scalar: scalar, tiny: true,
                journal_only: false, failing: false, sparse: false))
        #expect(counts.seals > 500 && counts.merges > 1000 && counts.dropped > 1000)
        #expect(counts.aborts_after_merge > 50)
        #expect(counts.id_runs > 100)
        #expect(counts.nearest > 1000)
        #expect(counts.questions_with_hits * 3 > counts.questions)
        if !planar {
            #expect(counts.crossing * 10 > counts.questions)
            #expect(counts.offenders > 10)
        }
    }

    @Test("The same with default tails and runs", arguments: [false, true], [false, true])
    func defaultSizes(planar: Bool, scalar: Bool) {
        let counts = run(
            "memtable, default, \(planar ? "plane" : "sphere"), \(scalar ? "scalar" : "SIMD")",
            seeds: rounds,
            memtable_model_options(
                seed: 0, transactions: 50, planar: planar, scalar: scalar, tiny: false,
                journal_only: false, failing: false, sparse: false))
        #expect(counts.seals > 2 && counts.merges > 2)
        #expect(counts.questions_with_hits * 3 > counts.questions)
    }

    @Test("Any allocation fails: nothing has changed, nothing leaks", arguments: [false, true])
    func failingAllocations(tiny: Bool) {
        let counts = run(
            "memtable, failing allocations", seeds: tiny ? 20 * rounds : rounds,
            memtable_model_options(
                seed: 0, transactions: tiny ? 60 : 50, planar: false, scalar: false, tiny: tiny,
                journal_only: false, failing: true, sparse: false))
        #expect(counts.faults > (tiny ? 200 : 20))
    }

    @Test(
        "With history in the journal only, chunks of dead rows are given back",
        .disabled(if: Thoroughness.isQuick))
    func journalOnly() {
        let small = run(
            "memtable, journal only", seeds: 10 * rounds,
            memtable_model_options(
                seed: 0, transactions: 60, planar: false, scalar: false, tiny: true,
                journal_only: true, failing: false, sparse: false))
        #expect(small.dropped > 500)
        let long = run(
            "memtable, journal only, long", seeds: 4,
            memtable_model_options(
                seed: 0, transactions: 1500, planar: false, scalar: false, tiny: false,
                journal_only: true, failing: false, sparse: true))
        #expect(long.freed_chunks > 0 && long.id_runs > 0)
    }

    @Test(
        "An old snapshot whose tail names rows of a freed chunk is answered",
        arguments: [false, true])
    func tailOfFreedChunk(scalar: Bool) {
        let report = unsafe runScenario("freed chunk") { unsafe scenario_freed_chunk(scalar, $0) }
        #expect(report.runs == 1)
    }

    @Test(
        "Half a million small ids in no order are told apart, and from as many large ones",
        arguments: [false, true])
    func manyIDs(inBulk: Bool) {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of manyIDs(\(inBulk)): \(seed)")
        let report = unsafe runScenario("ids") {
            unsafe scenario_id_model(seed, 1 << 19, inBulk, $0)
        }
        #expect(report.images == 7 << 19)
    }
}

@Suite("Property indexes beside a model")
struct PropertyModelTests {
    private func run(
        _ name: String, seeds: UInt64, _ base: property_model_options,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> property_model_counts {
        var counts = property_model_counts()
        unsafe runScenario(
            name,
            { report in
                for seed in 1...seeds {
                    var options = base
                    options.seed = seed
                    unsafe scenario_property_model(&options, &counts, report)
                    if unsafe !failure(of: report.pointee).isEmpty { return }
                }
            }, sourceLocation: sourceLocation)
        print("\(name): \(counts)")
        return counts
    }

    @Test(
        "Ranges, orders, different values and aggregates are those of a list, with tiny runs",
        arguments: [false, true], [false, true])
    func tiny(journalOnly: Bool, numbersOnly: Bool) {
        let counts = run(
            "property indexes, tiny", seeds: 30 * rounds,
            property_model_options(
                seed: 0, transactions: 40, tiny: true, journal_only: journalOnly, failing: false,
                numbers_only: numbersOnly))
        #expect(counts.builds > 50 && counts.merges > 500)
        #expect(counts.hits > 20_000 && counts.walks > 1000)
    }

    @Test("The same with default tails and runs")
    func defaultSizes() {
        let counts = run(
            "property indexes, default", seeds: 2 * rounds,
            property_model_options(
                seed: 0, transactions: 40, tiny: false, journal_only: false, failing: false,
                numbers_only: true))
        #expect(counts.builds > 2 && counts.merges > 5)
    }

    @Test("Any allocation fails: nothing has changed, nothing leaks")
    func failingAllocations() {
        let counts = run(
            "property indexes, failing allocations", seeds: 20 * rounds,
            property_model_options(
                seed: 0, transactions: 40, tiny: true, journal_only: false, failing: true,
                numbers_only: false))
        #expect(counts.faults > 200)
    }

    @Test(
        "With history in the journal only, chunks of dead rows are given back",
        .disabled(if: Thoroughness.isQuick))
    func journalOnly() {
        let counts = run(
            "property indexes, journal only", seeds: 1,
            property_model_options(
                seed: 0, transactions: 400, tiny: false, journal_only: true, failing: false,
                numbers_only: true))
        #expect(counts.freed_chunks > 0)
    }
}

@Suite("Series beside a model")
struct SeriesModelTests {
    @Test(
        "Scans, copies, ends and windows of any snapshot are those of a plain array",
        arguments: [UInt32(8), 16, 64, 0])
    func views(chunkPoints: UInt32) {
        let isDefault = chunkPoints == 0
        var counts = series_model_counts()
        unsafe runScenario("series, chunks of \(chunkPoints)") { report in
            // Every third one with failing allocations.
            for seed in 1...(isDefault ? 3 : 8 * rounds) {
                var options = series_model_options(
                    seed: seed, steps: isDefault ? 500 : 1200, chunk_points: chunkPoints,
                    batch_points: isDefault ? 3000 : chunkPoints == 64 ? 300 : 40,
                    failing: seed % 3 == 0)
                unsafe scenario_series_model(&options, &counts, report)
                if unsafe !failure(of: report.pointee).isEmpty { return }
            }
        }
        print("series, chunks of \(chunkPoints): \(counts)")
        #expect(counts.late_points > 1000 && counts.late_merges > 3)
        #expect(counts.aborts > 20 && counts.faults > 5)
        #expect(counts.windows > 1000)
        #expect(counts.questions_with_points * 2 > counts.questions)
    }

    @Test(
        "Sums are within one unit in the last place, the same from both kernels and in any pieces")
    func sums() {
        let report = unsafe runScenario("sums") {
            unsafe scenario_sum_model(1, UInt32(1000 * rounds), $0)
        }
        #expect(report.runs >= 1000)
    }
}

@Suite("Codecs beside models")
struct CodecModelTests {
    @Test(
        "Point batches come back bit for bit; one batch has one encoding; no change goes unnoticed")
    func batches() {
        let report = unsafe runScenario("batches") {
            unsafe scenario_batch_model(1, UInt32(150 * rounds), $0)
        }
        #expect(report.images > 100_000 && report.refused > 10_000)
    }

    @Test(
        "A record's bounding box is the complement of the largest gap; changed records are refused or sound"
    )
    func records() {
        var counts = record_model_counts()
        let report = unsafe runScenario("records") {
            unsafe scenario_record_model(1, UInt32(20_000 * rounds), 200, &counts, $0)
        }
        print("records: \(counts)")
        #expect(counts.with_box > 10_000 && counts.crossing > 1000 && counts.without_memory > 10)
        #expect(report.images > 10_000 && report.refused > 5_000)
    }
}

@Suite("The in-memory disk beside a model")
struct DiskModelTests {
    @Test("A power cut leaves a subset of what was not synced, and every subset occurs")
    func subsets() {
        var possible: UInt64 = 0
        let report = unsafe runScenario("disk") {
            unsafe scenario_disk_model(1, UInt32(20 * rounds), &possible, $0)
        }
        #expect(report.distinct_images * 1000 >= possible * 998)
    }

    @Test("A torn write keeps any of its units, and any of the growth")
    func tornWrites() {
        let report = unsafe runScenario("torn writes") { unsafe scenario_torn_writes(300, $0) }
        #expect(report.images > 1000)
    }
}
