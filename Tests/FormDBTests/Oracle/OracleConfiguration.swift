import Testing

// The ways in which the oracle runs the database.
@testable import FormDB

struct OracleConfiguration: CustomTestStringConvertible, Sendable {
    let name: String
    var isOnDisk = false
    var hasTinySizes = false
    var isScalar = false
    var durability = Database.Durability.none
    var history = Database.History.kept
    var compression = true
    /// Into how many sources a collection is cut.
    var sources = 1

    var testDescription: String { name }

    var configuration: Database.Configuration {
        var configuration = Database.Configuration()
        configuration.durability = durability
        configuration.history = history
        configuration.compression = compression
        configuration.tuning.scalarKernels = isScalar
        configuration.tuning.sourceCount = sources
        if hasTinySizes {
            configuration.logFileBytes = 1 << 16
            configuration.tuning.tailRows = 8
            configuration.tuning.mergeRatioFirst = 2
            configuration.tuning.mergeRatio = 2
            configuration.tuning.idStreak = 2
            configuration.tuning.seriesChunkPoints = 8
        }
        return configuration
    }

    /// All, or those whose name is in `FORMDB_CONFIGURATIONS` (separated by semicolons), to repeat a failure.
    static let chosen: [OracleConfiguration] = {
        guard let names = EnvironmentReader.value("FORMDB_CONFIGURATIONS") else { return all }
        let wanted = Set(names.split(separator: ";").map(String.init))
        return all.filter { wanted.contains($0.name) }
    }()

    static let all = [
        OracleConfiguration(name: "default sizes, in memory"),
        OracleConfiguration(name: "default sizes, scalar, in memory", isScalar: true),
        OracleConfiguration(name: "default sizes, on disk", isOnDisk: true, sources: 8),
        OracleConfiguration(name: "tiny sizes, in memory", hasTinySizes: true),
        OracleConfiguration(
            name: "tiny sizes, scalar, in memory", hasTinySizes: true, isScalar: true,
            history: .journalOnly),
        OracleConfiguration(
            name: "tiny sizes, on disk, batched", isOnDisk: true, hasTinySizes: true,
            durability: .batched(.milliseconds(2))),
        OracleConfiguration(
            name: "tiny sizes, scalar, on disk, uncompressed", isOnDisk: true, hasTinySizes: true,
            isScalar: true, compression: false),
        OracleConfiguration(
            name: "tiny sizes, on disk, full, journal only", isOnDisk: true, hasTinySizes: true,
            durability: .full, history: .journalOnly),
    ]
}
