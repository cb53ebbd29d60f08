/// A small random number generator whose seed is printed, so that a failure can be repeated
/// (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A seed by chance, or the one that `FORMDB_SEED` names; printed with the test's name.
    static func printed(_ name: String = #function) -> SeededGenerator {
        let given = EnvironmentReader.value("FORMDB_SEED").flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: .min ... .max)
        print("seed of \(name): \(seed)")
        return SeededGenerator(seed: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
