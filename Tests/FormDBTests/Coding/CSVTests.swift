import Foundation
import Testing

@testable import FormDB

struct CSVTests {
    private func rows(_ text: String, _ options: CSVOptions = .strict) throws -> [[String]] {
        let reader = try CSVReader(text, options: options)
        var rows = options.hasHeader ? [reader.columnNames] : []
        while let row = try reader.next() { rows.append(row.fields) }
        return rows
    }

    private func write(_ rows: [[String]]) throws -> String {
        var bytes: [UInt8] = []
        let writer = try CSVWriter(sink: unsafe ByteSink { unsafe bytes.append(contentsOf: $0) })
        for row in rows { try writer.write(row) }
        try writer.finish()
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func quotesNewlinesAndLineEnds() throws {
        #expect(try rows("a,b\r\n1,2\r\n") == [["a", "b"], ["1", "2"]])
        #expect(try rows("a,b\n1,2") == [["a", "b"], ["1", "2"]])
        #expect(
            try rows("a,b\n\"x,\"\"y\"\"\nz\",\"\"\n,\n")
                == [["a", "b"], ["x,\"y\"\nz", ""], ["", ""]])
        #expect(try rows("\u{feff}a\n\"\u{e9}\"\n") == [["a"], ["\u{e9}"]])
        #expect(try rows("") == [[]])
        #expect(try rows("a\n\nb\n") == [["a"], [""], ["b"]])
        #expect(try rows("\"a\"") == [["a"]])
        #expect(try rows("\"a\"\"\"\n\"\"\"\"\n") == [["a\""], ["\""]])
        #expect(
            try rows("a;b\n1,5;2\n", CSVOptions(separator: ";")) == [["a", "b"], ["1,5", "2"]])
        #expect(try rows("1,2\n", CSVOptions(hasHeader: false)) == [["1", "2"]])
    }

    @Test(arguments: [
        "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n1,\"2\n", "a,b\n\"1\"x,2\n", "a,b\n1\",2\n", "a,b\r1,2\r",
        "a,b\n\n", "a,a\n1,2\n", "a,b\n1,\"", "a\n\"",
    ])
    func strictReadingRefuses(_ text: String) {
        #expect(throws: FormDBError.self) { try rows(text) }
    }

    @Test func lenientReadingTakesWhatItCan() throws {
        #expect(try rows("a,b\n1\n1,2,3\n\n", .lenient) == [["a", "b"], ["1"], ["1", "2", "3"]])
        #expect(try rows("a,b\r1,2\r", .lenient) == [["a", "b"], ["1", "2"]])
        #expect(try rows("a,b\n1\"x,\"2\"x\"\n", .lenient) == [["a", "b"], ["1\"x", "2\"x"]])
        #expect(try rows("a\nx\"y\n", .lenient) == [["a"], ["x\"y"]])
        let bytes: [UInt8] = [0x61, 0x0a, 0xff, 0x0a]
        #expect(try CSVReader(bytes, options: .lenient).next()?.fields == ["\u{fffd}"])
        #expect(throws: FormDBError.self) { try CSVReader(bytes).next() }
    }

    @Test func errorsNameTheLine() throws {
        let reader = try CSVReader("a,b\n\"1\n1\",2\n3\n")
        #expect(try reader.next()?.line == 2)
        do {
            _ = try reader.next()
            Issue.record("read a row that is too short")
        } catch { #expect((error as? FormDBError)?.line == 4) }
        #expect(try reader.next() == nil)
    }

    @Test func limitsAreKept() {
        let text = "a\n\"" + String(repeating: "x", count: 2_000_000)
        #expect(throws: FormDBError.self) {
            try rows(text, CSVOptions(limits: InputLimits(recordBytes: 500_000)))
        }
        let many = "a\n" + String(repeating: ",", count: 2000)
        #expect(throws: FormDBError.self) {
            try rows(many, CSVOptions(isLenient: true, limits: InputLimits(elements: 1000)))
        }
    }

    @Test func randomRowsRoundTrip() throws {
        var random = SeededGenerator.printed()
        let pieces = ["", "a", "\"", ",", "\n", "\r\n", "\u{e9}", "e\u{301}", "x y", "\"\"", "\r"]
        for _ in 0..<500 {
            let width = Int(1 + random.next() % 5)
            var table = (0..<(1 + random.next() % 20)).map { _ in
                (0..<width).map { _ in
                    (0..<(random.next() % 4)).map { _ in pieces.randomElement(using: &random)! }
                        .joined()
                }
            }
            table.insert((0..<width).map { "c\($0)" }, at: 0)
            let read = try rows(write(table))
            #expect(read.count == table.count)
            for (a, b) in zip(read, table) {
                #expect(a.map { Array($0.utf8) } == b.map { Array($0.utf8) })
            }
        }
    }

    @Test func damagedTextNeverCrashes() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<5000 {
            let bytes = (0..<(random.next() % 60)).map { _ in
                Array("ab,\"\n\r\u{e9}".utf8).randomElement(using: &random)!
            }
            for options in [CSVOptions.strict, .lenient] {
                guard let reader = try? CSVReader(bytes, options: options) else { continue }
                while let row = try? reader.next() { _ = row }
            }
        }
    }

    @Test(arguments: TestData.csvFiles)
    func sampleFilesRoundTrip(_ name: String) throws {
        let url = TestData.url(name)
        let reader = try CSVReader(contentsOf: url)
        var table = [reader.columnNames]
        while let row = try reader.next() { table.append(row.fields) }
        if TestData.isComplete { #expect(reader.rows == TestData.rowCounts[name]) }
        #expect(reader.bytesRead == reader.byteCount)
        let text = try write(table)
        #expect(try rows(text) == table)
    }

    @Test func rowsBecomeFeatures() throws {
        let reader = try CSVFeatureReader(
            contentsOf: TestData.url("us_airports.csv"), columns: .init(id: "iata"))
        let first = try #require(try reader.next())
        #expect(first.id == "00M")
        #expect(first.geometry == .point(longitude: -89.23450472, latitude: 31.95376472))
        #expect(
            first.properties == [
                "name": "Thigpen", "city": "Bay Springs", "state": "MS", "country": "USA",
            ])
        let quakes = try CSVFeatureReader(
            contentsOf: TestData.url("earthquakes_2022_month.csv"),
            columns: .init(id: "id", time: "time"))
        let quake = try #require(try quakes.next())
        #expect(quake.time?.start.iso8601 == "2022-03-08T17:05:53.647Z")
        #expect(quake.properties?["mag"] == 1.5 && quake.properties?["nst"] == nil)
        #expect(throws: FormDBError.self) {
            try CSVFeatureReader(CSVReader("a,b\n"), columns: .init(id: "c"))
        }
        #expect(throws: FormDBError.self) { try CSVFeatureReader(CSVReader("lat,x\n")) }
        #expect(throws: FormDBError.self) {
            try CSVFeatureReader(CSVReader("lat,lon\n95,1\n")).next()
        }
        #expect(throws: FormDBError.self) {
            try CSVFeatureReader(CSVReader("lat,lon\nx,1\n")).next()
        }
    }

    @Test func rowsBecomePoints() throws {
        let reader = try CSVPointReader(
            contentsOf: TestData.url("nyc_weather_2013.csv"),
            columns: .init(time: "time", fields: ["temp_f", "wind_gust_mph"], series: "station"))
        let (station, point) = try #require(try reader.next())
        #expect(station == "EWR" && point.time.iso8601 == "2013-01-01T06:00:00Z")
        #expect(point.values[0] == 39.02 && point.values[1].isNaN)
        let days = try CSVPointReader(
            contentsOf: TestData.url("daily_weather_seattle_newyork.csv"),
            columns: .init(time: "date", fields: ["temp_max"], series: "location"))
        #expect(try days.next()?.point.time.iso8601 == "2012-01-01T00:00:00Z")
    }
}
