import Foundation
import Testing

@testable import FormDB

struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1),
            ("1969-12-31T23:59:59.999999Z", -1), ("2000-02-29T12:00:00Z", 951_825_600_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
            ("-000001-12-31T00:00:00Z", -62_167_305_600_000_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
            ("+010000-01-01T00:00:00Z", 253_402_300_800_000_000),
        ] as [(String, Int64)])
    func readsAndWritesKnownTimes(_ text: String, _ microseconds: Int64) throws {
        let time = try Timestamp(iso8601: text)
        #expect(time.microseconds == microseconds)
        #expect(time.iso8601 == text)
    }

    @Test func digitsBeyondTheMicrosecondRoundToNearestTiesToEven() throws {
        func micros(_ digits: String) throws -> Int64 {
            try Timestamp(iso8601: "1970-01-01T00:00:00.\(digits)Z").microseconds
        }
        #expect(try micros("0000005") == 0)
        #expect(try micros("0000015") == 2)
        #expect(try micros("0000025") == 2)
        #expect(try micros("00000250000000000000000001") == 3)
        #expect(try micros("0000024999999999999999") == 2)
        #expect(try micros("9999999") == 1_000_000)
        #expect(try micros("5") == 500_000)
    }

    @Test func aSecondOfSixtyIsTheNextSecond() throws {
        #expect(
            try Timestamp(iso8601: "2016-12-31T23:59:60Z")
                == Timestamp(iso8601: "2017-01-01T00:00:00Z"))
        #expect(throws: FormDBError.self) { try Timestamp(iso8601: "2016-12-31T23:59:61Z") }
    }

    @Test(arguments: [
        "", "2024", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00Z",
        "2024-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00:00+01:00", "2024-01-01 00:00:00Z", "2024-01-01t00:00:00z",
        "-000000-01-01T00:00:00Z", "+300000-01-01T00:00:00Z", "٢٠٢٤-01-01T00:00:00Z",
    ])
    func strictReadingRefuses(_ text: String) {
        #expect(throws: FormDBError.self) { try Timestamp(iso8601: text) }
    }

    @Test func lenientReadingTakesOffsets() throws {
        let noon = try Timestamp(iso8601: "2024-05-01T12:00:00Z")
        for text in [
            "2024-05-01T14:00:00+02:00", "2024-05-01T06:30:00-0530", "2024-05-01T13:00:00+01",
            "2024-05-01 12:00:00z", "2024-05-01t12:00:00Z", "2024-05-01T12:00:00+00:00",
        ] {
            #expect(try Timestamp(iso8601: text, parsing: .lenient) == noon, "\(text)")
        }
        #expect(throws: FormDBError.self) {
            try Timestamp(iso8601: "2024-05-01T12:00:00", parsing: .lenient)
        }
    }

    @Test func everyTimeReadsBackAsItself() throws {
        var random = SeededGenerator.printed()
        for edge in [Int64.min, .min + 1, .max, .max - 1, -1, 0, 1] {
            let time = Timestamp(microseconds: edge)
            #expect(try Timestamp(iso8601: time.iso8601) == time, "\(edge)")
        }
        for round in 0..<5000 {
            let bits = Int64(bitPattern: random.next())
            let time = Timestamp(microseconds: bits >> Int64(round % 40))
            #expect(try Timestamp(iso8601: time.iso8601) == time, "\(time.microseconds)")
        }
    }

    @Test func theDaysOfAThousandYearsFollowOneAnother() {
        var expected = CivilDay(year: 1500, month: 1, day: 1).daysSinceEpoch
        var wrong: [CivilDay] = []
        for year in 1500..<2500 {
            for month in 1...12 {
                for day in 1...31 {
                    let civil = CivilDay(year: year, month: month, day: day)
                    guard civil.isValid else { continue }
                    if civil.daysSinceEpoch != expected
                        || CivilDay(daysSinceEpoch: expected) != civil
                    {
                        wrong.append(civil)
                    }
                    expected += 1
                }
            }
        }
        #expect(wrong.isEmpty)
    }

    @Test func datesRoundToTheNearestMicrosecond() {
        #expect(Timestamp(Date(timeIntervalSince1970: 0.25)).microseconds == 250_000)
        #expect(Timestamp(Date(timeIntervalSince1970: -1.5)).microseconds == -1_500_000)
        #expect(
            Timestamp(Date(timeIntervalSinceReferenceDate: 0)).microseconds
                == 978_307_200_000_000)
        #expect(Timestamp(Date(timeIntervalSinceReferenceDate: .infinity)) == .max)
        #expect(Timestamp(Date(timeIntervalSinceReferenceDate: -1e300)) == .min)
        let now = Timestamp.now
        #expect(Timestamp(Date(now)).microseconds == now.microseconds)
    }

    @Test func durationsAddAndSubtractExactly() {
        let time = Timestamp(microseconds: 5)
        #expect((time + .nanoseconds(1500)).microseconds == 7)
        #expect((time + .nanoseconds(2500)).microseconds == 7)
        #expect((time - .seconds(1)).microseconds == -999_995)
        #expect(
            Timestamp.max - Timestamp.min == .microseconds(Int64.max) + .microseconds(Int64.max)
                + .microseconds(1))
    }

    @Test func rangesAreHalfOpen() {
        func at(_ micros: Int64) -> Timestamp { Timestamp(microseconds: micros) }
        let range = at(10)..<at(20)
        #expect(range.contains(at(10)) && range.contains(at(19)) && !range.contains(at(20)))
        #expect((at(10)..<at(10)).isEmpty)
        #expect(!(at(10)..<at(10)).meets(.interval(at(0), at(20))))
        #expect(range.meets(.interval(at(0), at(10))))
        #expect(!range.meets(.interval(at(0), at(9))))
        #expect(range.meets(.instant(at(19))) && !range.meets(.instant(at(20))))
        #expect(TimeRange.at(at(5)) == at(5)..<at(6))
        #expect(TimeRange.at(.max).contains(.max))
        #expect(TimeRange.all.meets(.instant(.min)))
        #expect(TimeRange.from(at(3)).overlaps(.upTo(at(4))))
        #expect(!TimeRange.from(at(4)).overlaps(.upTo(at(4))))
        let standard: Range<Timestamp> = at(1)..<at(2)
        #expect(TimeRange(standard) == at(1)..<at(2))
    }
}
