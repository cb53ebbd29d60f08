// Real arithmetic without rounding, for the model. Nothing of the engine is used.

/// A sum of `Double`s, exact: a fixed-point number from 2^-1088 up.
struct ExactSum {
    /// Digits of 32 bits, the lowest first; between normalisations they hold more, and signs.
    private var digits = [Int64](repeating: 0, count: 72)
    private var additions = 0
    private static let lowestExponent = -1088

    init() {}

    init(_ terms: [Double]) {
        for term in terms { add(term) }
    }

    /// REQUIRES: the number is finite.
    mutating func add(_ number: Double) {
        if number == 0 { return }
        let bits = number.bitPattern
        let biased = Int((bits >> 52) & 0x7ff)
        var significand = bits & 0xf_ffff_ffff_ffff
        if biased > 0 { significand |= 1 << 52 }
        let place = max(biased, 1) - 1075 - Self.lowestExponent
        let wide = UInt128(significand) << UInt128(place % 32)
        let sign: Int64 = number < 0 ? -1 : 1
        for index in 0..<3 {
            let digit = Int64((wide >> UInt128(32 * index)) & 0xffff_ffff)
            digits[place / 32 + index] += sign * digit
        }
        additions += 1
        if additions == 1 << 28 { normalize() }
    }

    /// Adds the exact product of two numbers. REQUIRES: neither it nor its error over- or underflows.
    mutating func add(_ a: Double, times b: Double) {
        let product = a * b
        add(product)
        add((-product).addingProduct(a, b))
    }

    /// All digits but the last become 0..<2^32.
    private mutating func normalize() {
        for index in 0..<digits.count - 1 {
            let carry = digits[index] >> 32
            digits[index] -= carry << 32
            digits[index + 1] += carry
        }
        additions = 0
    }

    private func normalized() -> ExactSum {
        var copy = self
        copy.normalize()
        return copy
    }

    /// -1, 0 or 1.
    var sign: Int {
        let digits = normalized().digits
        if digits[digits.count - 1] < 0 { return -1 }
        return digits.contains { $0 != 0 } ? 1 : 0
    }

    /// The magnitude, within a few units in the last place; infinite when it is too large.
    var magnitude: Double {
        var copy = self
        if sign < 0 { copy.digits = copy.digits.map { -$0 } }
        copy.normalize()
        guard let top = copy.digits.lastIndex(where: { $0 != 0 }) else { return 0 }
        // The four highest digits hold 97 bits or more.
        var value = 0.0
        for index in stride(from: top, through: max(top - 3, 0), by: -1) {
            value = value * 4_294_967_296 + Double(copy.digits[index])
        }
        let exponent = 32 * max(top - 3, 0) + Self.lowestExponent
        // In two steps, so that no factor over- or underflows on its own.
        return value * Self.powerOfTwo(exponent / 2) * Self.powerOfTwo(exponent - exponent / 2)
    }

    private static func powerOfTwo(_ exponent: Int) -> Double {
        Double(sign: .plus, exponent: exponent, significand: 1)
    }
}

/// Comparisons of longitudes moved by whole turns, in real arithmetic.
enum ExactLongitude {
    /// The sign of (a + 360 turnsA) - (b + 360 turnsB).
    static func compare(_ a: Double, _ turnsA: Int, _ b: Double, _ turnsB: Int) -> Int {
        let rough = (a - b) + 360 * Double(turnsA - turnsB)
        // All of these numbers are below 2^13: rounding errs by less than 1e-11.
        if rough > 1e-9 { return 1 }
        if rough < -1e-9 { return -1 }
        return ExactSum([a, -b, 360 * Double(turnsA - turnsB)]).sign
    }

    static func isAtMost(_ a: Double, _ turnsA: Int, _ b: Double, _ turnsB: Int) -> Bool {
        compare(a, turnsA, b, turnsB) <= 0
    }
}
