import CoreScenarios
import Testing

/// How thoroughly the durability tests look; `make soak` sets `FORMDB_SOAK=1`.
enum Thoroughness {
    static let isSoak = environmentFlag("FORMDB_SOAK")
    /// Sanitizer runs are slow: they look at a part.
    static let isQuick = environmentFlag("FORMDB_QUICK")

    private static func environmentFlag(_ name: String) -> Bool {
        EnvironmentReader.value(name) == "1"
    }
}

enum DurabilityLevel: Int32, CaseIterable, CustomTestStringConvertible {
    case full = 0
    case batched = 1
    case none = 2

    var testDescription: String { "\(self)" }
}

/// How groups reach the disk at `full`.
enum LogPath: CaseIterable, CustomTestStringConvertible {
    case synced
    case direct

    /// Of the disk's direct writes; 0: it has none.
    var alignment: UInt32 { self == .direct ? 4096 : 0 }

    var testDescription: String { "\(self)" }
}

/// A durability level, and at full each path.
struct LevelAndPath: CustomTestStringConvertible, Sendable {
    let level: DurabilityLevel
    let path: LogPath

    static let all =
        DurabilityLevel.allCases.map { LevelAndPath(level: $0, path: .synced) } + [
            LevelAndPath(level: .full, path: .direct)
        ]

    /// The two paths of full share what the other levels do alone.
    func share(of count: UInt32) -> UInt32 { level == .full ? count / 2 : count }

    var testDescription: String { level == .full ? "full, \(path)" : "\(level)" }
}

func scenarioOptions(
    _ level: DurabilityLevel, seed: UInt64 = 1, transactions: UInt32 = 40,
    seedsPerCut: UInt32 = 4, stride: UInt32 = 1, compress: Bool = true, path: LogPath = .synced
) -> scenario_options {
    scenario_options(
        seed: seed, durability: level.rawValue, transactions: transactions,
        log_file_bytes: 64 << 10, seeds_per_cut: seedsPerCut, io_stride: stride,
        compress: compress, direct: path.alignment)
}

/// The first failure of a scenario as text; empty when all held.
func failure(of report: scenario_report) -> String {
    unsafe withUnsafeBytes(of: report.failure) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Runs a scenario, fails the test with its first failure, and returns what it counted.
@discardableResult
func runScenario(
    _ name: String, path: LogPath = .synced,
    _ body: (UnsafeMutablePointer<scenario_report>) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) -> scenario_report {
    var report = scenario_report()
    report.direct = path.alignment
    unsafe body(&report)
    let text = failure(of: report)
    #expect(text.isEmpty, "\(name): \(text)", sourceLocation: sourceLocation)
    print(
        "\(name): \(report.runs) runs, \(report.images) images, \(report.distinct_images) distinct,",
        "\(report.recovered) opened, \(report.refused) refused, \(report.ambiguous) ambiguous,",
        "\(report.io_calls) calls, \(report.rotations) rotations")
    return report
}
