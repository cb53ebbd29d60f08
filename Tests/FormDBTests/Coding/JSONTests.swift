import Testing

@testable import FormDB

struct JSONTests {
    private func read(_ text: String, lenient: Bool = false) throws -> JSONValue {
        try JSONValue(jsonText: text, lenient: lenient)
    }

    @Test(arguments: [
        "0", "-1", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.0",
        "-0.0", "0.1", "1e+300", "5e-324", "1.7976931348623157e+308", "true", "false", "null", "[]",
        "{}", "\"\"", #"["a",1,{"b":[null,1.5]}]"#, #"{"":1}"#, #""\"\\\n\r\t\u0001""#,
        "1.2345678901234568e+17",
    ])
    func writesWhatItRead(_ text: String) throws {
        #expect(try read(text).jsonText() == text)
    }

    @Test func kindsOfNumbers() throws {
        #expect(try read("1").isIdentical(to: .int(1)))
        #expect(try read("1.0").isIdentical(to: .double(1)))
        #expect(try read("1e0").isIdentical(to: .double(1)))
        #expect(try read("9223372036854775808").isIdentical(to: .uint(1 << 63)))
        #expect(try read("-0").isIdentical(to: .double(-0.0)))
        #expect(
            try read("18446744073709551616", lenient: true) == .double(18_446_744_073_709_551_616))
        #expect(throws: FormDBError.self) { try read("18446744073709551616") }
        #expect(throws: FormDBError.self) { try read("-9223372036854775809") }
        #expect(throws: FormDBError.self) { try read("1e400", lenient: true) }
    }

    @Test(arguments: [
        "", " ", "tru", "nul", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN",
        "Infinity", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "[",
        "{",
        "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "1 1", "[]]", "\u{1}", "]", "}", ",",
        ":",
        "{\"a\":1 \"b\":2}", "[1}", "// c", "--1", "1..2", "1e1.5", "{\"a\":1,\"b\"", "\u{feff}1",
    ])
    func refusesWhatIsNoJSON(_ text: String) {
        #expect(throws: FormDBError.self) { try read(text) }
        #expect(throws: FormDBError.self) { try read(text, lenient: true) }
    }

    @Test func duplicateKeysAreRefusedOrTheLastWins() throws {
        let text = #"{"a":1,"b":2,"\u0061":3}"#
        #expect(throws: FormDBError.self) { try read(text) }
        #expect(try read(text, lenient: true).description == #"{"a":3,"b":2}"#)
    }

    @Test func textsOfEveryKindOfEscape() throws {
        #expect(try read(#""\u00e9\ud83d\ude00\/""#) == .string("\u{e9}\u{1f600}/"))
        #expect(throws: FormDBError.self) { try read(#""\ud83d""#) }
        #expect(throws: FormDBError.self) { try read(#""\ude00\ud83d""#) }
        #expect(try read(#""\ud83dx""#, lenient: true) == .string("\u{fffd}x"))
        #expect(throws: FormDBError.self) { try read("\"a\nb\"") }
        #expect(try read("\"a\nb\"", lenient: true) == .string("a\nb"))
    }

    @Test func textThatIsNotUTF8() throws {
        let bytes: [UInt8] = [0x22, 0xc3, 0x28, 0x22]
        func parse(_ lenient: Bool) throws -> JSONValue {
            unsafe try bytes.withUnsafeBytes { bytes in
                var cursor = unsafe JSONCursor(bytes, lenient: lenient, limits: .init())
                return try cursor.readDocument()
            }
        }
        #expect(throws: FormDBError.self) { try parse(false) }
        #expect(try parse(true) == .string("\u{fffd}("))
    }

    @Test func limitsAreKept() {
        let deep = String(repeating: "[", count: 101) + String(repeating: "]", count: 101)
        func code(_ text: String, _ limits: InputLimits) -> FormDBError.Code? {
            do {
                _ = try JSONValue(jsonText: text, limits: limits)
                return nil
            } catch { return (error as? FormDBError)?.code }
        }
        #expect(code(deep, .init()) == .tooLarge)
        #expect(code(deep, .init(depth: 101)) == nil)
        #expect(code("[1,2,3,4]", .init(elements: 4)) == .tooLarge)
        let deepest = String(repeating: "[", count: 1_000_000)
        #expect(code(deepest, .init()) == .tooLarge)
    }

    @Test func errorsNameLineAndOffset() {
        do {
            _ = try read("{\n \"a\": 1,\n \"b\": x\n}")
            Issue.record("read what is no JSON")
        } catch {
            let error = error as? FormDBError
            #expect(error?.line == 3 && error?.offset == 17 && error?.code == .malformed)
        }
    }

    @Test func notFiniteNumbersAreNotWritten() {
        #expect(throws: FormDBError.self) { try JSONValue.array([.double(.nan)]).jsonText() }
        #expect(throws: FormDBError.self) { try JSONValue.double(.infinity).jsonText() }
    }

    /// Every decimal against the standard library, which rounds correctly.
    @Test func decimalsAreTheNearestDoubles() throws {
        var random = SeededGenerator.printed()
        for round in 0..<20_000 {
            let digits = random.next() >> (random.next() % 64)
            let scale = Int(random.next() % 30)
            var text = String(digits)
            if text.utf8.count <= scale {
                text = String(repeating: "0", count: scale - text.utf8.count + 1) + text
            }
            let point = text.index(text.endIndex, offsetBy: -scale)
            text = text[..<point] + (scale > 0 ? "." : "") + text[point...]
            if round % 3 == 0 { text += "e\(Int(random.next() % 40) - 20)" }
            let expected = try #require(Double(text))
            let found = try read(text.contains(".") || text.contains("e") ? text : text + ".0")
            if found.doubleValue?.bitPattern != expected.bitPattern { Issue.record("\(text)") }
        }
    }

    /// Halfway cases of 17 digits are where a careless reader rounds the wrong way.
    @Test func doublesReadBackTheSame() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            let degrees = Double.random(in: -180...180, using: &random)
            for double in [value, degrees] {
                let read = try read(double.description).doubleValue
                if read?.bitPattern != double.bitPattern { Issue.record("\(double)") }
            }
        }
    }

    @Test func randomValuesRoundTrip() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<3000 {
            let value = RandomValues.value(&random, depth: 4)
            #expect(try read(value.jsonText()).isIdentical(to: value))
        }
    }

    /// Cutting or changing bytes must end in an error or a value, never in a crash.
    @Test func damagedTextNeverCrashes() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<3000 {
            var bytes = [UInt8](try RandomValues.value(&random, depth: 4).jsonText().utf8)
            for _ in 0..<(1 + random.next() % 3) where !bytes.isEmpty {
                let index = Int(random.next() % UInt64(bytes.count))
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            bytes.removeLast(Int(random.next() % UInt64(bytes.count + 1)) / 2)
            for lenient in [false, true] {
                unsafe bytes.withUnsafeBytes { bytes in
                    var cursor = unsafe JSONCursor(bytes, lenient: lenient, limits: .init())
                    _ = try? cursor.readDocument()
                    cursor.position = 0
                    _ = try? cursor.skipValue()
                }
            }
        }
    }
}

/// Random JSON values, with texts that differ in normalisation only.
enum RandomValues {
    static let texts = [
        "", "a", "name", "caf\u{e9}", "cafe\u{301}", "日本", "\u{1f600}", "a\"b\\c", "line\nfeed",
        "\u{0}",
        "a rather long text, longer than fifteen bytes", "\u{10ffff}", "zeta", "b",
    ]

    static func text(_ random: inout SeededGenerator) -> String {
        texts.randomElement(using: &random)!
    }

    static func double(_ random: inout SeededGenerator) -> Double {
        switch random.next() % 5 {
        case 0:
            return [0.0, -0.0, 1, -1, 0.5, 65504, 65505, 0x1p-24, 0x1p-25, 3.4e38]
                .randomElement(using: &random)!
        case 1:
            return Double(
                Float(bitPattern: UInt32(truncatingIfNeeded: random.next()) & 0x7f7f_ffff))
        case 2: return Double(Int16(truncatingIfNeeded: random.next())) / 16
        case 3: return Double.random(in: -180...180, using: &random)
        default:
            let value = Double(bitPattern: random.next())
            return value.isFinite ? value : 1.5
        }
    }

    static func value(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
        switch random.next() % (depth > 0 ? 9 : 7) {
        case 0: return .null
        case 1: return .bool(random.next() % 2 == 0)
        case 2: return .int(Int64(bitPattern: random.next()) >> Int64(random.next() % 64))
        case 3: return .uint(UInt64(1) << 63 | random.next() >> (1 + random.next() % 63))
        case 4: return .double(double(&random))
        case 5, 6: return .string(text(&random))
        case 7:
            return .array((0..<(random.next() % 5)).map { _ in value(&random, depth: depth - 1) })
        default: return .object(object(&random, depth: depth - 1))
        }
    }

    static func object(_ random: inout SeededGenerator, depth: Int) -> JSONObject {
        var object = JSONObject()
        let count = random.next() % 16 == 0 ? 40 : random.next() % 6
        for _ in 0..<count {
            let key = text(&random) + (random.next() % 2 == 0 ? "\(random.next() % 100)" : "")
            object[key] = value(&random, depth: depth)
        }
        return object
    }

    static func position(_ random: inout SeededGenerator, altitude: Bool) -> Position {
        Position(
            longitude: Double.random(in: -540...540, using: &random),
            latitude: Double.random(in: -90...90, using: &random),
            altitude: altitude && random.next() % 3 != 0 ? double(&random) : nil)
    }

    static func geometry(_ random: inout SeededGenerator, depth: Int) -> Geometry {
        let altitude = random.next() % 3 == 0
        func run() -> [Position] {
            (0..<(random.next() % 6)).map { _ in position(&random, altitude: altitude) }
        }
        func runs() -> [[Position]] { (0..<(random.next() % 4)).map { _ in run() } }
        switch random.next() % (depth > 0 ? 7 : 6) {
        case 0: return .point(position(&random, altitude: altitude))
        case 1: return .lineString(run())
        case 2: return .polygon(runs())
        case 3: return .multiPoint(run())
        case 4: return .multiLineString(runs())
        case 5: return .multiPolygon((0..<(random.next() % 4)).map { _ in runs() })
        default:
            return .geometryCollection(
                (0..<(random.next() % 4)).map { _ in geometry(&random, depth: depth - 1) })
        }
    }

    static func time(_ random: inout SeededGenerator) -> FeatureTime? {
        let time = Timestamp(microseconds: Int64(bitPattern: random.next()) >> 8)
        switch random.next() % 5 {
        case 0: return nil
        case 1: return .instant(time)
        case 2: return .interval(time, time + .seconds(5))
        case 3: return .interval(nil, time)
        default: return .day(year: 2024, month: 2, day: 29)
        }
    }

    static func feature(_ random: inout SeededGenerator) -> Feature {
        let hasGeometry = random.next() % 8 != 0
        var feature = Feature(
            id: random.next() % 2 == 0
                ? .integer(Int64(bitPattern: random.next())) : .text("id" + text(&random)),
            geometry: hasGeometry ? geometry(&random, depth: 3) : nil,
            properties: random.next() % 8 == 0 ? nil : object(&random, depth: 3),
            time: time(&random))
        if random.next() % 4 == 0 { feature.bbox = [-1, -2.5, 3, 4] }
        if random.next() % 4 == 0 { feature.foreignMembers["links"] = value(&random, depth: 2) }
        if random.next() % 4 == 0, hasGeometry { feature.geometryMembers["note"] = "x" }
        return feature
    }
}
