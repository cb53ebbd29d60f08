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

func scenarioOptions(
    _ level: DurabilityLevel, seed: UInt64 = 1, transactions: UInt32 = 40,
    seedsPerCut: UInt32 = 4, stride: UInt32 = 1, compress: Bool = true
) -> scenario_options {
    scenario_options(
        seed: seed, durability: level.rawValue, transactions: transactions,
        log_file_bytes: 64 << 10, seeds_per_cut: seedsPerCut, io_stride: stride,
        compress: compress)
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
    _ name: String, _ body: (UnsafeMutablePointer<scenario_report>) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) -> scenario_report {
    var report = scenario_report()
    unsafe body(&report)
    let text = failure(of: report)
    #expect(text.isEmpty, "\(name): \(text)", sourceLocation: sourceLocation)
    print(
        "\(name): \(report.runs) runs, \(report.images) images, \(report.distinct_images) distinct,",
        "\(report.recovered) opened, \(report.refused) refused, \(report.ambiguous) ambiguous,",
        "\(report.io_calls) calls, \(report.rotations) rotations")
    return report
}
