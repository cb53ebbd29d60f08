import CoreScenarios
import Testing

/// Power cuts on an in-memory disk that loses what was not synced, tears writes, and forgets
/// unsynced directory entries.
@Suite("Crashes")
struct CrashTests {
    @Test(
        "Cut at every I/O call, a prefix that holds all that was promised comes back",
        arguments: DurabilityLevel.allCases)
    func cutAtEveryCall(level: DurabilityLevel) {
        // Each workload seed gives images of its own; together at least 10^5 in `make check`.
        let seeds: UInt64 = Thoroughness.isSoak ? 300 : Thoroughness.isQuick ? 2 : 26
        var distinct: UInt64 = 0
        for seed in 1...seeds {
            // At full every second workload goes the direct way.
            let path = level == .full && seed % 2 == 0 ? LogPath.direct : .synced
            var options = scenarioOptions(
                level, seed: seed, seedsPerCut: 100, stride: Thoroughness.isQuick ? 23 : 1,
                path: path)
            let report = unsafe runScenario("crash, \(level), \(path), seed \(seed)") {
                unsafe scenario_crash(&options, $0)
            }
            #expect(report.rotations >= 1)
            #expect((report.direct_groups > 20) == (path == .direct))
            distinct += report.distinct_images
            if !failure(of: report).isEmpty { break }
        }
        print("crash, \(level): \(distinct) distinct images in all")
        if !Thoroughness.isQuick { #expect(distinct >= (level == .full ? 50_000 : 20_000)) }
    }

    @Test(
        "Cut again in recovery, and again in the recovery of that, nothing more is lost",
        arguments: LevelAndPath.all)
    func cutInRecovery(way: LevelAndPath) {
        var options = scenarioOptions(
            way.level,
            seedsPerCut: Thoroughness.isSoak
                ? 2_000 : Thoroughness.isQuick ? 4 : way.share(of: 100),
            stride: Thoroughness.isQuick ? 7 : 1, path: way.path)
        let depth: UInt32 = Thoroughness.isSoak ? 3 : 2
        let report = unsafe runScenario("crash in recovery, \(way.testDescription)") {
            unsafe scenario_crash_in_recovery(&options, depth, $0)
        }
        #expect(report.distinct_images > (Thoroughness.isQuick ? 10 : 500))
    }

    @Test(
        "A sync or direct write that fails and loses what it had is survived",
        arguments: LevelAndPath.all)
    func lyingSyncs(way: LevelAndPath) {
        var options = scenarioOptions(way.level, path: way.path)
        let report = unsafe runScenario("lying syncs, \(way.testDescription)") {
            unsafe scenario_lying_syncs(&options, $0)
        }
        #expect(report.runs > 10)
    }
}

@Suite("Faults", .serialized)
struct FaultTests {
    @Test(
        "EIO, ENOSPC, EINTR and short transfers at every call, once and for good",
        arguments: LevelAndPath.all)
    func everyCallFails(way: LevelAndPath) {
        var options = scenarioOptions(
            way.level, stride: Thoroughness.isQuick ? 17 : 1, path: way.path)
        let report = unsafe runScenario("faults, \(way.testDescription)") {
            unsafe scenario_io_faults(&options, $0)
        }
        #expect(report.runs > 20)
    }

    @Test(
        "Every allocation fails once, and nothing leaks or is half done",
        arguments: LogPath.allCases)
    func everyAllocationFails(path: LogPath) {
        var options = scenarioOptions(
            .full, transactions: 24, stride: Thoroughness.isQuick ? 17 : 1, path: path)
        let report = unsafe runScenario("allocations, \(path)") {
            unsafe scenario_allocation_faults(&options, $0)
        }
        #expect(report.runs > 20)
    }

    @Test("A full disk fails one transaction and nothing else", arguments: LogPath.allCases)
    func fullDisk(path: LogPath) {
        var options = scenarioOptions(.full, transactions: 40, path: path)
        let report = unsafe runScenario("full disk, \(path)") {
            unsafe scenario_full_disk(&options, $0)
        }
        #expect(report.runs >= 1)
    }

    @Test(
        "200 threads waiting on a failed sync or direct write are all told; nobody sees what they wrote",
        arguments: LogPath.allCases)
    func failedGroup(path: LogPath) {
        let report = unsafe runScenario("failed group, \(path)") {
            unsafe scenario_failed_group(200, path.alignment, $0)
        }
        // `recovered` counts those that were told "outcome unknown": all of them were enqueued.
        #expect(report.runs == 200)
        #expect(report.recovered == 200)
    }

    @Test("What eight writers commit while zeros are written ahead of them is all there")
    func writersBesideFiller() {
        for _ in 0..<(Thoroughness.isSoak ? 500 : 5) {
            let report = unsafe runScenario("writers beside the filler") {
                unsafe scenario_writers_beside_filler($0)
            }
            #expect(report.direct_groups == report.runs)
            #expect(report.rotations >= 1)
        }
    }

    @Test("A snapshot of a store with 100,000 series costs what one of an empty store does")
    func snapshotCost() {
        var empty = 0.0
        var full = 0.0
        unsafe runScenario("snapshot cost") {
            unsafe scenario_snapshot_cost(100_000, &empty, &full, $0)
        }
        print("snapshot: empty store \(empty) ns, with 100,000 series \(full) ns")
        // Medians on a shared machine: the same but for noise, and far from a cost a series.
        #expect(full < empty * 2 + 200)
    }
}

@Suite("Damage")
struct DamageTests {
    private static let bitStride: UInt32 = Thoroughness.isQuick ? 509 : 1
    private static let lengthStride: UInt32 = Thoroughness.isQuick ? 211 : 1

    @Test("Each flip, cut, missing or swapped file of a closed store is noticed or harmless")
    func cleanStore() {
        // Trimmed at the close, the files are the same on both paths.
        var options = scenarioOptions(.full, transactions: 14, compress: false)
        let report = unsafe runScenario("flips, clean") {
            unsafe scenario_flips(&options, true, Self.bitStride, Self.lengthStride, $0)
        }
        #expect(report.ambiguous == 0)
        #expect(report.refused > 100)
    }

    @Test(
        "After a kill, nothing before the last group can be lost unnoticed",
        arguments: LogPath.allCases)
    func killedStore(path: LogPath) {
        var options = scenarioOptions(.full, transactions: 14, compress: false, path: path)
        // On the direct path only the zeros behind the groups are other: a coarser look.
        let coarser: UInt32 = path == .direct && !Thoroughness.isQuick ? 13 : 1
        let report = unsafe runScenario("flips, killed, \(path)") {
            unsafe scenario_flips(
                &options, false, coarser * Self.bitStride, coarser * Self.lengthStride, $0)
        }
        #expect(report.refused > 100)
    }

    @Test("Stale, foreign, swapped or repeated parts are noticed or harmless")
    func foreignParts() {
        var options = scenarioOptions(.full, transactions: 40, compress: false)
        let report = unsafe runScenario("foreign parts") {
            unsafe scenario_foreign_parts(&options, $0)
        }
        #expect(report.refused > 100)
    }
}
