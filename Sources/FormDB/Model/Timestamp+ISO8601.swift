// RFC 3339 / ISO 8601 by exact integer arithmetic on the proleptic Gregorian calendar.
// SOURCE of the day arithmetic: H. Hinnant, "chrono-compatible low-level date algorithms".

/// A day of the proleptic Gregorian calendar.
struct CivilDay: Hashable, Sendable {
    var year: Int
    var month: Int
    var day: Int

    /// Days since 1970-01-01.
    var daysSinceEpoch: Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSinceEpoch: Int) {
        let z = daysSinceEpoch + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let mp = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * mp + 2) / 5 + 1
        month = mp < 10 ? mp + 3 : mp - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Whether the month and the day of the month exist.
    var isValid: Bool {
        guard (1...12).contains(month), day >= 1 else { return false }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= lengths[month - 1]
    }
}

extension Timestamp {
    /// How strictly text is read.
    public struct Parsing: Hashable, Sendable {
        let isLenient: Bool
        /// RFC 3339 with `T` and `Z` in upper case, and no other offset.
        public static let strict = Parsing(isLenient: false)
        /// Offsets such as `+02:00` too, lower case, and a space in place of `T`.
        public static let lenient = Parsing(isLenient: true)
    }

    /// Reads RFC 3339 text such as `2024-05-01T12:00:00.25Z`.
    ///
    /// Digits beyond the microsecond round to nearest, ties to even; a second of 60 is the next
    /// second. Years outside 0000…9999 have a sign and six digits.
    public init(iso8601 text: String, parsing: Parsing = .strict) throws {
        let found = unsafe text.withUTF8Bytes { bytes in
            unsafe ISO8601Parser.timestamp(bytes, lenient: parsing.isLenient)
        }
        guard let found else {
            throw FormDBError(
                .malformed,
                "\"\(text.prefix(64))\" is not a time such as 2024-05-01T12:00:00Z"
                    + (parsing.isLenient ? "" : " (other offsets than Z only in lenient reading)"))
        }
        self.init(microseconds: found)
    }

    /// ISO 8601 in UTC, with as many digits of the second as needed.
    public var iso8601: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        ISO8601Format.append(self, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Writing of days and timestamps.
enum ISO8601Format {
    static let microsecondsPerDay: Int64 = 86_400_000_000

    static func append(_ timestamp: Timestamp, to bytes: inout [UInt8]) {
        var (days, rest) = timestamp.microseconds.quotientAndRemainder(
            dividingBy: microsecondsPerDay)
        if rest < 0 {
            days -= 1
            rest += microsecondsPerDay
        }
        append(CivilDay(daysSinceEpoch: Int(days)), to: &bytes)
        let seconds = rest / 1_000_000
        var micros = rest % 1_000_000
        bytes.append(UInt8(ascii: "T"))
        append(Int(seconds / 3600), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(Int(seconds / 60 % 60), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(Int(seconds % 60), digits: 2, to: &bytes)
        if micros != 0 {
            var digits = 6
            while micros % 10 == 0 {
                micros /= 10
                digits -= 1
            }
            bytes.append(UInt8(ascii: "."))
            append(Int(micros), digits: digits, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    static func append(_ day: CivilDay, to bytes: inout [UInt8]) {
        if (0...9999).contains(day.year) {
            append(day.year, digits: 4, to: &bytes)
        } else {
            bytes.append(UInt8(ascii: day.year < 0 ? "-" : "+"))
            append(abs(day.year), digits: 6, to: &bytes)
        }
        bytes.append(UInt8(ascii: "-"))
        append(day.month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        append(day.day, digits: 2, to: &bytes)
    }

    private static func append(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

/// Reading of days and timestamps; nil for anything malformed or out of range.
@safe
struct ISO8601Parser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { unsafe self.bytes = unsafe bytes }

    /// Microseconds since 1970.
    static func timestamp(_ bytes: UnsafeBufferPointer<UInt8>, lenient: Bool) -> Int64? {
        var parser = unsafe ISO8601Parser(bytes)
        guard let day = parser.readDay(), parser.readSeparator(lenient: lenient),
            let time = parser.readTimeOfDay(),
            let offset = parser.readOffset(lenient: lenient),
            parser.position == bytes.count
        else { return nil }
        // Seconds fit easily (years have at most six digits); microseconds may not.
        let seconds = Int64(day.daysSinceEpoch) * 86_400 + time.seconds - offset
        let (micros, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow {
            // The earliest representable time: its second starts before Int64.min.
            let (next, still) = (seconds + 1).multipliedReportingOverflow(by: 1_000_000)
            let (sum, below) = next.addingReportingOverflow(time.microseconds - 1_000_000)
            return still || below ? nil : sum
        }
        let (sum, above) = micros.addingReportingOverflow(time.microseconds)
        return above ? nil : sum
    }

    /// A whole day, `2024-05-01`.
    static func day(_ bytes: UnsafeBufferPointer<UInt8>) -> CivilDay? {
        var parser = unsafe ISO8601Parser(bytes)
        guard let day = parser.readDay(), parser.position == bytes.count else {
            return nil
        }
        return day
    }

    private mutating func readDay() -> CivilDay? {
        var year: Int
        if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") {
            let negative = peek() == UInt8(ascii: "-")
            position += 1
            guard let digits = readDigits(6), !(negative && digits == 0) else { return nil }
            year = negative ? -digits : digits
        } else {
            guard let digits = readDigits(4) else { return nil }
            year = digits
        }
        guard accept("-"), let month = readDigits(2), accept("-"),
            let dayOfMonth = readDigits(2)
        else { return nil }
        let day = CivilDay(year: year, month: month, day: dayOfMonth)
        return day.isValid ? day : nil
    }

    private mutating func readSeparator(lenient: Bool) -> Bool {
        if accept("T") { return true }
        return lenient && (accept("t") || accept(" "))
    }

    private mutating func readTimeOfDay() -> (seconds: Int64, microseconds: Int64)? {
        guard let hour = readDigits(2), hour <= 23, accept(":"),
            let minute = readDigits(2), minute <= 59, accept(":"),
            let second = readDigits(2), second <= 60
        else { return nil }
        var microseconds: Int64 = 0
        if accept(".") {
            guard let fraction = readFraction() else { return nil }
            microseconds = fraction
        }
        return (Int64(hour * 3600 + minute * 60 + second), microseconds)
    }

    /// Digits of a second as microseconds, 0…1,000,000, rounded to nearest, ties to even.
    private mutating func readFraction() -> Int64? {
        var micros: Int64 = 0
        var count = 0
        var first = 0  // the first digit beyond the microsecond
        var beyond = false  // whether any after it is not zero
        while let byte = peek(), byte >= 0x30, byte <= 0x39 {
            let digit = Int(byte - 0x30)
            if count < 6 {
                micros = micros * 10 + Int64(digit)
            } else if count == 6 {
                first = digit
            } else if digit != 0 {
                beyond = true
            }
            count += 1
            position += 1
        }
        guard count > 0 else { return nil }
        for _ in Swift.min(count, 6)..<6 { micros *= 10 }
        if first > 5 || (first == 5 && (beyond || micros % 2 != 0)) { micros += 1 }
        return micros
    }

    /// Seconds to subtract.
    private mutating func readOffset(lenient: Bool) -> Int64? {
        if accept("Z") { return 0 }
        guard lenient else { return nil }
        if accept("z") { return 0 }
        let sign: Int64
        if accept("+") {
            sign = 1
        } else if accept("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = readDigits(2), hours <= 23 else { return nil }
        var minutes = 0
        let colon = accept(":")
        if colon || peek() != nil {
            guard let digits = readDigits(2), digits <= 59 else { return nil }
            minutes = digits
        }
        return sign * Int64(hours * 3600 + minutes * 60)
    }

    private func peek() -> UInt8? {
        unsafe position < bytes.count ? bytes[position] : nil
    }

    private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func readDigits(_ count: Int) -> Int? {
        guard unsafe bytes.count - position >= count else { return nil }
        var value = 0
        for _ in 0..<count {
            let byte = unsafe bytes[position]
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
            position += 1
        }
        return value
    }
}
