import Foundation
import Testing

@testable import FormDB

@Suite("Import and export")
struct RoundTripTests {
    @Test("A GeoJSON file comes back as it was", arguments: RealFile.all.filter { !$0.isCSV })
    func geoJSON(file: RealFile) throws {
        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(
            at: directory.url, withIntermediateDirectories: true)
        let first = try Database.inMemory()
        let report = try file.importFile(into: first)
        let exports = ["a.geojson", "b.geojson", "c.geojsonl"].map {
            directory.url.appendingPathComponent($0)
        }
        #expect(try first.features(in: "file").exportGeoJSON(to: exports[0]) == report.features)
        let second = try Database.inMemory()
        var options = ImportOptions()
        options.batchSize = 100
        try second.importGeoJSON(from: exports[0], into: "file", options: options)
        try compare(first, second)
        try second.features(in: "file").exportGeoJSON(to: exports[1])
        let texts = try exports[0...1].map { try Data(contentsOf: $0) }
        #expect(texts[0] == texts[1])
        try second.features(in: "file").exportGeoJSONLines(to: exports[2])
        let third = try Database.inMemory()
        try third.importGeoJSONLines(from: exports[2], into: "file")
        try compare(first, third)
    }

    private func compare(_ a: Database, _ b: Database) throws {
        let one = try a.features(in: "file").order(by: .id).fetchAll()
        let other = try b.features(in: "file").order(by: .id).fetchAll()
        #expect(one.count == other.count)
        let different = zip(one, other).first { !FeatureComparison.areSame($0, $1) }
        #expect(different == nil, "\(different.map { "\($0.0) and \($0.1)" } ?? "")")
    }

    @Test("A CSV file of features comes back as it was", arguments: RealFile.all.filter(\.isCSV))
    func csv(file: RealFile) throws {
        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(
            at: directory.url, withIntermediateDirectories: true)
        let first = try Database.inMemory()
        let report = try file.importFile(into: first)
        let export = directory.url.appendingPathComponent("out.csv")
        // Columns that make the feature aren't needed twice.
        let names = try PlainCSV.rows(of: file.url)[0].filter {
            ![file.columns.id, file.columns.time, "longitude", "latitude", "lon", "lat"].contains(
                $0)
        }
        let written = try first.features(in: "file").exportCSV(to: export, properties: names)
        #expect(written == report.features)
        let second = try Database.inMemory()
        try second.importCSV(
            from: export, into: "file",
            columns: CSVFeatureColumns(id: "id", time: file.columns.time == nil ? nil : "time"))
        try compare(first, second)
    }

    @Test("The weather of New York comes back as it was, and its means are right")
    func series() throws {
        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(
            at: directory.url, withIntermediateDirectories: true)
        let rows = try PlainCSV.rows(of: TestData.url("nyc_weather_2013.csv"))
        let fields = Array(rows[0][2...])
        let database = try Database.inMemory()
        let report = try database.importCSV(
            from: TestData.url("nyc_weather_2013.csv"), intoSeries: "weather",
            columns: CSVPointColumns(time: "time", fields: fields, series: "station"))
        #expect(report.points == rows.count - 1)
        for station in Set(rows.dropFirst().map { $0[0] }).sorted() {
            let own = rows.dropFirst().filter { $0[0] == station }
            var model = ModelSeries(name: station, created: 1, fields: fields)
            model.append(
                own.map { row in
                    DataPoint(
                        at: PlainTime.microseconds(row[1]),
                        values: row[2...].map { $0.isEmpty ? .nan : Double($0)! })
                })
            let request = database.series("weather/\(station)")
            #expect(try request.fetchAll() == model.points)
            for (index, field) in fields.enumerated() {
                for length in [WindowLength.days(1), .hours(5), .weeks(3)] {
                    let found = try request.field(field).windows(length).all()
                    let expected = model.windows(
                        .all, field: index, .fixed(length: length.microseconds, origin: 0),
                        includingEmpty: false)
                    #expect(found.count == expected.count)
                    let problem = zip(found, expected).lazy.compactMap {
                        WindowComparison.problem($0, $1)
                    }.first
                    #expect(problem == nil, "\(station) \(field) \(length)")
                }
            }
            let file = directory.url.appendingPathComponent("\(station).csv")
            #expect(try request.exportCSV(to: file) == own.count)
            try database.importCSV(
                from: file, intoSeries: "again/\(station)",
                columns: CSVPointColumns(time: "time", fields: fields))
            #expect(try database.series("again/\(station)").fetchAll() == model.points)
        }
    }

    @Test("A buoy's repeated time keeps both values, in order of arrival")
    func repeatedTime() throws {
        let database = try Database.inMemory()
        try database.importCSV(
            from: TestData.url("sea_temperature_b01.csv"), intoSeries: "buoy",
            columns: CSVPointColumns(time: "time", fields: ["temperature_c"]))
        let rows = try PlainCSV.rows(of: TestData.url("sea_temperature_b01.csv")).dropFirst()
        #expect(try database.series("buoy").fetchCount() == rows.count)
        let time = try Timestamp(iso8601: "2017-03-21T16:30:00Z")
        let expected = rows.filter { PlainTime.microseconds($0[0]) == time }.map { Double($0[1])! }
        #expect(try database.series("buoy").during(.at(time)).fetchAll().map(\.value) == expected)
        if TestData.isComplete { #expect(expected == [4.276, 4.289]) }
    }

    @Test("Days without a time of day go to their start")
    func days() throws {
        let database = try Database.inMemory()
        let fields = ["precipitation", "temp_max", "temp_min", "wind"]
        let file = TestData.url("daily_weather_seattle_newyork.csv")
        try database.importCSV(
            from: file, intoSeries: "",
            columns: CSVPointColumns(time: "date", fields: fields, series: "location"))
        let rows = try PlainCSV.rows(of: file)
        let column = rows[0].firstIndex(of: "temp_max")!
        for name in try database.seriesNames() {
            let own = rows.dropFirst().filter { $0[0] == name }
            let january = own.filter { $0[1].hasPrefix("2012-01") || $0[1].hasPrefix("2012/01") }
            let range =
                try Timestamp(
                    iso8601: "2012-01-01T00:00:00Z")..<Timestamp(iso8601: "2012-02-01T00:00:00Z")
            let highest = try database.series(name).field("temp_max").during(range).max()
            #expect(highest == january.map { Double($0[column])! }.max())
            #expect(try database.series(name).fetchCount() == own.count)
        }
    }
}
