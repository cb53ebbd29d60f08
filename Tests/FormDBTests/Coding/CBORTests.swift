import Testing

@testable import FormDB

struct CBORTests {
    private func encode(_ value: JSONValue) throws -> [UInt8] {
        var output = OutputBuffer()
        try CBOREncoder.append(value, to: &output)
        return output.bytes
    }

    private func decode(_ bytes: [UInt8]) throws -> JSONValue {
        unsafe try bytes.withUnsafeBytes { unsafe try CBORDecoder.decode($0) }
    }

    private func hex(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard let digit = character.hexDigitValue else { continue }
            if let first = high {
                bytes.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        return bytes
    }

    /// RFC 8949, appendix A.
    @Test(
        arguments: [
            (.int(0), "00"), (.int(23), "17"), (.int(24), "1818"), (.int(255), "18ff"),
            (.int(256), "190100"), (.int(1_000_000), "1a000f4240"),
            (.int(1_000_000_000_000), "1b000000e8d4a51000"), (.uint(.max), "1bffffffffffffffff"),
            (.int(-1), "20"), (.int(-100), "3863"), (.int(-1000), "3903e7"),
            (.int(.min), "3b7fffffffffffffff"),
            (.double(0), "f90000"), (.double(-0.0), "f98000"), (.double(1), "f93c00"),
            (.double(1.1), "fb3ff199999999999a"), (.double(1.5), "f93e00"),
            (.double(65504), "f97bff"),
            (.double(100_000), "fa47c35000"), (.double(3.4028234663852886e+38), "fa7f7fffff"),
            (.double(1.0e+300), "fb7e37e43c8800759c"), (.double(5.960464477539063e-8), "f90001"),
            (.double(0.00006103515625), "f90400"), (.double(-4), "f9c400"),
            (.double(-4.1), "fbc010666666666666"),
            (false, "f4"), (true, "f5"), (.null, "f6"), ("", "60"), ("a", "6161"),
            ("IETF", "6449455446"),
            ("\u{fc}", "62c3bc"), ("\u{6c34}", "63e6b0b4"), ([], "80"), ([1, 2, 3], "83010203"),
            ([:], "a0"), (["a": 1, "b": [2, 3]], "a26161016162820203"),
        ] as [(JSONValue, String)])
    func vectorsOfTheStandard(_ value: JSONValue, _ text: String) throws {
        #expect(try encode(value) == hex(text))
        #expect(try decode(hex(text)).isIdentical(to: value))
        // Trusted bytes are read another way, whatever follows them.
        for padding in [0, 1, 8, 20] {
            let bytes = hex(text) + [UInt8](repeating: 0, count: padding)
            let (read, end) = try decodeTrusted(bytes)
            #expect(read.isIdentical(to: value) && end == hex(text).count, "\(padding) more")
        }
    }

    private func decodeTrusted(_ bytes: [UInt8]) throws -> (value: JSONValue, end: Int) {
        unsafe try bytes.withUnsafeBytes { bytes in
            var decoder = unsafe CBORDecoder(bytes, isTrusted: true)
            return (try decoder.readValue(), decoder.position)
        }
    }

    @Test func trustedValuesAreReadAsOthersAre() throws {
        var random = SeededGenerator.printed()
        var values: [JSONValue] = []
        for bits in 0...63 {
            for near: Int64 in [-1, 0, 1] {
                let power = Int64(1) << Int64(min(bits, 62))
                values += [.int(power + near), .int(-power - near)]
            }
        }
        for length in [0, 1, 22, 23, 24, 25, 254, 255, 256, 70_000] {
            values.append(.string(String(repeating: "x", count: length)))
        }
        values += (0..<2000).map { _ in RandomValues.value(&random, depth: 3) }
        for value in values {
            let bytes = try encode(value)
            for padding in [0, 16] {
                let read = try decodeTrusted(bytes + [UInt8](repeating: 0xff, count: padding))
                #expect(try read.value.isIdentical(to: decode(bytes)) && read.end == bytes.count)
            }
            // Cut short it throws, or ends within the bytes.
            let cut = Int(random.next() % UInt64(bytes.count))
            if let read = try? decodeTrusted(Array(bytes[..<cut])) { #expect(read.end <= cut) }
        }
    }

    @Test func keysAreSortedByTheirEncodedBytes() throws {
        let value: JSONValue = ["aa": 1, "b": 2, "": 3, "a": 4, "z": 5, "\u{e9}": 6]
        let sorted: JSONValue = ["": 3, "a": 4, "b": 2, "z": 5, "aa": 1, "\u{e9}": 6]
        #expect(try decode(encode(value)).isIdentical(to: sorted))
        #expect(try encode(value) == encode(sorted))
    }

    @Test(arguments: [
        ("", "nothing"), ("18 17", "a head that is too long"), ("19 00ff", "a head too long"),
        ("1a 0000ffff", "a head too long"), ("1b 00000000ffffffff", "a head too long"),
        ("3b ffffffffffffffff", "below Int64"), ("5f", "indefinite"), ("9f ff", "indefinite"),
        ("bf ff", "indefinite"), ("ff", "break"), ("40", "byte string"), ("c0 00", "tag"),
        ("e0", "simple"), ("f7", "undefined"), ("f8 20", "simple"), ("f9 7c00", "infinity"),
        ("f9 7e00", "NaN"), ("fa 3f800000", "float of half"),
        ("fb 3ff0000000000000", "double of half"),
        ("fb 40f86a0000000000", "double of float"), ("fa 7f800000", "infinity"),
        ("fb 7ff8000000000000", "NaN"), ("62 61", "cut short"), ("82 01", "cut short"),
        ("a1 6161", "cut short"), ("a2 6161 01 6161 02", "repeated key"),
        ("a2 6162 01 6161 02", "unsorted keys"), ("a2 626161 01 6162 02", "unsorted keys"),
        ("a1 01 02", "key that is no text"), ("61 ff", "not UTF-8"), ("00 00", "bytes after"),
        ("9b ffffffffffffffff", "huge array"), ("bb 7fffffffffffffff", "huge map"),
        ("7b ffffffffffffffff 61", "huge text"), ("9a ffffffff 00", "large array"),
    ])
    func refuses(_ text: String, _ why: String) {
        #expect(throws: FormDBError.self, "\(why)") { try decode(hex(text)) }
    }

    @Test func nestingIsLimited() throws {
        var value: JSONValue = 1
        for _ in 0..<128 { value = [value] }
        let bytes = try encode(value)
        #expect(try decode(bytes) == value)
        #expect(throws: FormDBError.self) { try encode([value]) }
        #expect(throws: FormDBError.self) { try decode([0x81] + bytes) }
        let hostile = [UInt8](repeating: 0x81, count: 1_000_000)
        #expect(throws: FormDBError.self) { try decode(hostile) }
    }

    @Test func notFiniteNumbersAreRefused() {
        for value in [Double.nan, .infinity, -.infinity] {
            #expect(throws: FormDBError.self) { try encode(["a": .double(value)]) }
        }
    }

    @Test func everyHalfHasOneEncoding() throws {
        for bits in UInt16.min ... .max {
            guard let value = HalfFloat.value(of: bits) else { continue }
            #expect(HalfFloat.bits(of: Float(value)) == bits)
        }
    }

    @Test func randomValuesRoundTrip() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<5000 {
            let value = RandomValues.value(&random, depth: 4)
            let bytes = try encode(value)
            let read = try decode(bytes)
            #expect(read == value)
            #expect(try encode(read) == bytes)
        }
    }

    @Test func oneValueOfAMapIsFoundWithoutTheOthers() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<1000 {
            let object = RandomValues.object(&random, depth: 2)
            let bytes = try encode(.object(object))
            for key in object.keys + ["missing", "zzzzzzzzzzzzzzzzzz"] {
                let found = unsafe try bytes.withUnsafeBytes { bytes in
                    var decoder = unsafe CBORDecoder(bytes)
                    return try decoder.value(forKey: key)
                }
                #expect(found == object[key])
                let trusted = unsafe try (bytes + [0, 0, 0, 0, 0, 0, 0, 0, 0]).withUnsafeBytes {
                    var decoder = unsafe CBORDecoder($0, isTrusted: true)
                    return try decoder.value(forKey: key)
                }
                #expect(trusted == found)
            }
        }
    }

    @Test func damagedBytesNeverCrash() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<5000 {
            var bytes = try encode(RandomValues.value(&random, depth: 4))
            let index = Int(random.next() % UInt64(bytes.count))
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
            if let value = try? decode(bytes) {
                // What is accepted is exactly what would be written.
                #expect(try encode(value) == bytes)
            }
            unsafe bytes.withUnsafeBytes { bytes in
                var decoder = unsafe CBORDecoder(bytes)
                _ = try? decoder.value(forKey: "name")
            }
        }
    }
}
