import Foundation

/// Finds the sample data: whole files beside the repository, else the excerpts in Fixtures.
enum TestData {
    /// The folder with the whole files, if it is there.
    static let folder: URL? = {
        // This file is in Tests/FormDBTests/Support of the repository.
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let folder = root.deletingLastPathComponent().appendingPathComponent("shared/data")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// Whether files are whole rather than excerpts.
    static var isComplete: Bool { folder != nil }

    /// A sample file by name.
    static func url(_ name: String) -> URL {
        if let folder {
            let url = folder.appendingPathComponent(name)
            if FileManager.default.fileExists(atPath: url.path) { return url }
        }
        let fixtures = Bundle.module.resourceURL ?? Bundle.module.bundleURL
        return fixtures.appendingPathComponent("Fixtures").appendingPathComponent(name)
    }

    static let geoJSONFiles = [
        "cities_50k.geojsonl", "places_110m.geojson", "earthquakes_2018_week.geojson",
        "countries_110m.geojson", "countries_50m.geojson", "lakes_50m.geojson",
        "rivers_50m.geojson", "geographic_lines.geojson", "nyc_weather_stations.geojson",
    ]

    static let csvFiles = [
        "cities_1000.csv", "us_airports.csv", "earthquakes_2022_month.csv", "nyc_weather_2013.csv",
        "sea_temperature_b01.csv", "daily_weather_seattle_newyork.csv", "atlantic_storms.csv",
        "bus_limerick_304.csv", "bus_liverpool_14.csv",
    ]

    /// Rows of the whole files.
    static let rowCounts = [
        "cities_1000.csv": 144_563, "cities_50k.geojsonl": 12_325, "places_110m.geojson": 243,
        "us_airports.csv": 3376, "earthquakes_2018_week.geojson": 1707,
        "earthquakes_2022_month.csv": 10_134, "countries_110m.geojson": 177,
        "countries_50m.geojson": 241, "lakes_50m.geojson": 405, "rivers_50m.geojson": 462,
        "geographic_lines.geojson": 6, "nyc_weather_2013.csv": 26_115,
        "nyc_weather_stations.geojson": 3, "sea_temperature_b01.csv": 19_226,
        "daily_weather_seattle_newyork.csv": 2922, "atlantic_storms.csv": 19_537,
        "bus_limerick_304.csv": 2144, "bus_liverpool_14.csv": 1533,
    ]
}
