extension JSONCursor {
    /// A number taken apart.
    private struct NumberToken {
        var range: Range<Int>
        var isNegative: Bool
        /// Whether there is neither fraction nor exponent.
        var isInteger: Bool
        /// The digits without point, when they fit.
        var digits: UInt64
        var digitsOverflow: Bool
        /// The power of ten to apply to the digits.
        var exponent: Int
    }

    /// Reads a number: Int64, else UInt64, else Double.
    mutating func readNumber() throws -> JSONValue {
        let token = try scanNumber()
        if token.isInteger {
            if !token.digitsOverflow {
                if !token.isNegative {
                    return Int64(exactly: token.digits).map { .int($0) } ?? .uint(token.digits)
                }
                // The sign of -0 is kept, which an integer can't.
                if token.digits == 0 { return .double(-0.0) }
                if token.digits <= UInt64(1) << 63 {
                    return .int(Int64(truncatingIfNeeded: 0 &- token.digits))
                }
            }
            guard isLenient else {
                throw failure("an integer beyond 64 bits", at: token.range.lowerBound)
            }
        }
        return .double(try double(token))
    }

    /// Reads a number as the nearest `Double`.
    @inline(__always)
    mutating func readDouble() throws -> Double {
        try double(scanNumber())
    }

    private func double(_ token: NumberToken) throws -> Double {
        if !token.digitsOverflow,
            let value = DecimalNumber.double(token.digits, exponent: token.exponent)
        {
            return token.isNegative ? -value : value
        }
        let text = unsafe String(decoding: bytes(token.range), as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw failure("a number beyond what 64 bits can hold", at: token.range.lowerBound)
        }
        return value
    }

    private mutating func scanNumber() throws -> NumberToken {
        skipWhitespace()
        let start = position
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position += 1 }
        var digits: UInt64 = 0
        var overflow = false
        let whole = scanDigits(&digits, &overflow)
        if whole == 0 { throw unexpected("a value") }
        if whole > 1 && byte(at: position - whole) == UInt8(ascii: "0") {
            throw failure("a number with a needless zero in front", at: start)
        }
        var exponent = 0
        var isInteger = true
        if current == UInt8(ascii: ".") {
            position += 1
            let fraction = scanDigits(&digits, &overflow)
            if fraction == 0 { throw unexpected("a digit") }
            exponent = -fraction
            isInteger = false
        }
        if current | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            exponent += try scanExponent()
        }
        return NumberToken(
            range: start..<position, isNegative: isNegative, isInteger: isInteger, digits: digits,
            digitsOverflow: overflow, exponent: exponent)
    }

    @inline(__always)
    private mutating func scanDigits(_ digits: inout UInt64, _ overflow: inout Bool) -> Int {
        let start = position
        while true {
            let digit = current &- 0x30
            if digit > 9 { return position - start }
            if digits < UInt64.max / 10 {
                digits = digits * 10 + UInt64(digit)
            } else {
                let (product, tooLarge) = digits.multipliedReportingOverflow(by: 10)
                let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
                if tooLarge || carried { overflow = true }
                digits = sum
            }
            position += 1
        }
    }

    private mutating func scanExponent() throws -> Int {
        let isNegative = current == UInt8(ascii: "-")
        if isNegative || current == UInt8(ascii: "+") { position += 1 }
        var value = 0
        let start = position
        while current &- 0x30 <= 9 {
            // Beyond any double, and never so large that adding up overflows.
            value = min(value * 10 + Int(current - 0x30), 1_000_000)
            position += 1
        }
        if position == start { throw unexpected("a digit") }
        return isNegative ? -value : value
    }
}

/// Decimal numbers to the nearest `Double`, exactly, for the numbers that data has.
enum DecimalNumber {
    /// 5^0 … 5^27, the powers that fit 63 bits.
    private static let powersOfFive: [UInt64] = {
        var powers: [UInt64] = [1]
        for _ in 1...27 { powers.append(powers[powers.count - 1] * 5) }
        return powers
    }()

    /// 10^0 … 10^22, the powers that a double holds exactly.
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// The double nearest to digits · 10^exponent, ties to even; nil where this takes more than
    /// 128-bit arithmetic.
    @inline(__always)
    static func double(_ digits: UInt64, exponent: Int) -> Double? {
        if digits == 0 { return 0 }
        if digits <= 1 << 53 && exponent >= -22 && exponent <= 22 {
            // Both factors are exact, so the one rounding is that of the result.
            let value = Double(digits)
            return exponent < 0 ? value / powersOfTen[-exponent] : value * powersOfTen[exponent]
        }
        if exponent == 0 { return Double(digits) }
        guard exponent < 0, exponent >= -27 else { return nil }
        return quotient(digits, powersOfFive[-exponent], binaryExponent: exponent)
    }

    /// The double nearest to (numerator / denominator) · 2^binaryExponent. REQUIRES: both not zero,
    /// the result in the normal range.
    private static func quotient(
        _ numerator: UInt64, _ denominator: UInt64, binaryExponent: Int
    ) -> Double {
        // Both are shifted to 64 bits; their quotient times 2^63 then has 63 or 64 bits, and the
        // remainder says whether anything was cut off.
        let numeratorShift = numerator.leadingZeroBitCount
        let denominatorShift = denominator.leadingZeroBitCount
        let n = numerator << numeratorShift
        let d = denominator << denominatorShift
        let (q, remainder) = d.dividingFullWidth((high: n >> 1, low: (n & 1) << 63))
        let shift = 64 - q.leadingZeroBitCount - 53
        var significand = q >> UInt64(shift)
        let cut = q & ((1 << UInt64(shift)) - 1)
        let half: UInt64 = 1 << UInt64(shift - 1)
        if cut > half || (cut == half && (remainder != 0 || significand & 1 == 1)) {
            significand += 1
        }
        let exponent = shift + denominatorShift - numeratorShift - 63 + binaryExponent
        return Double(significand) * Double(bitPattern: UInt64(1023 + exponent) << 52)
    }
}
