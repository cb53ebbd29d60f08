/// A 128-bit hash of a question, seeded by the handle that asks: fast, not cryptographic.
///
/// Two lanes of multiply and fold. Questions that collide cost a miss, never a wrong answer, as the
/// whole question is compared; the seed keeps who chooses the questions from choosing collisions.
struct Fingerprint: Sendable {
    private var low, high: UInt64

    /// What a handle's fingerprints begin with.
    struct Seed: Sendable {
        var low, high: UInt64
        static var random: Seed {
            Seed(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
        }
    }

    @inline(__always)
    init(_ seed: Seed) {
        low = seed.low
        high = seed.high
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inline(__always)
    mutating func combine(_ word: UInt64) {
        low = Self.fold(low ^ word, 0xa076_1d64_78bd_642f)
        high = Self.fold(high ^ word, 0xe703_7ed1_a0b4_28db) &+ 0x9e37_79b9_7f4a_7c15
    }

    @inline(__always)
    mutating func combine(_ value: Int64) { combine(UInt64(bitPattern: value)) }

    @inline(__always)
    mutating func combine(_ value: Int) { combine(UInt64(bitPattern: Int64(value))) }

    /// By value: −0 is 0.
    @inline(__always)
    mutating func combine(_ value: Double) { combine((value + 0).bitPattern) }

    @inline(__always)
    mutating func combine(_ value: Bool) { combine(value ? 1 as UInt64 : 0) }

    /// The UTF-8 bytes, and how many they are.
    @inline(__always)
    mutating func combine(_ text: String) {
        unsafe text.withUTF8Bytes { unsafe combine(UnsafeRawBufferPointer($0)) }
    }

    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        combine(UInt64(bytes.count))
        var at = 0
        while at + 8 <= bytes.count {
            unsafe combine(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        var rest: UInt64 = 0
        while at < bytes.count {
            unsafe rest = rest << 8 | UInt64(bytes[at])
            at += 1
        }
        combine(rest)
    }

    @inline(__always)
    mutating func combine(_ box: BoundingBox) {
        combine(box.west)
        combine(box.south)
        combine(box.east)
        combine(box.north)
    }

    @inline(__always)
    mutating func combine(_ range: TimeRange) {
        combine(UInt64(range.start == nil ? 1 : 0) | UInt64(range.end == nil ? 2 : 0))
        combine(range.start?.microseconds ?? 0)
        combine(range.end?.microseconds ?? 0)
    }

    @inline(__always)
    mutating func combine(_ position: Position) {
        combine(position.longitude)
        combine(position.latitude)
    }

    mutating func combine(_ id: FeatureID) {
        switch id {
        case .integer(let integer):
            combine(0 as UInt64)
            combine(integer)
        case .text(let text):
            combine(1 as UInt64)
            combine(text)
        }
    }

    /// The key under which the answer is kept.
    @inline(__always)
    var key: LRUKey {
        LRUKey(
            low: Self.fold(low ^ high, 0x8ebc_6af0_9c88_c6e3),
            high: Self.fold(high, low | 0x5899_65cc_7537_4cc3))
    }
}
