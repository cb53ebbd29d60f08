import Testing

@Suite("The database against a naive model")
struct OracleTests {
    /// 10^5 operations over all configurations; 10^7 in a soak.
    private static let operations =
        Thoroughness.isSoak ? 1_250_000 : Thoroughness.isQuick ? 375 : 12_500
    /// More than so many in one database would be slow.
    private static let operationsOfRun = 25_000

    @Test("answers every question as the model does", arguments: OracleConfiguration.chosen)
    func agreesWithModel(configuration: OracleConfiguration) throws {
        var seeds = SeededGenerator.printed("oracle, \(configuration.name)")
        // The name tells configurations apart when one seed is given for all.
        for byte in configuration.name.utf8 {
            seeds = SeededGenerator(seed: seeds.next() ^ UInt64(byte))
        }
        var counters = OracleCounters()
        while counters.operations < Self.operations {
            let wanted = min(Self.operationsOfRun, Self.operations - counters.operations)
            var run = try OracleRun(configuration, seed: seeds.next())
            try run.run(wanted)
            counters.add(run.counters)
        }
        print("\(configuration.name): \(counters)")
        let shortfalls = counters.shortfalls(configuration)
        #expect(shortfalls.isEmpty, "too few of: \(shortfalls.joined(separator: "; "))")
    }
}
