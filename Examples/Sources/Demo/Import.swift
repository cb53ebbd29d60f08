import FormDB
import Foundation

/// What was imported from one file.
struct ImportedFile {
    let file: SampleFile
    let records: Int
    let elapsed: Duration
}

/// Imports the five files, each with its provenance and a progress bar.
struct Importing {
    private let db: Database
    private let data: SampleData

    init(_ db: Database, _ data: SampleData) {
        self.db = db
        self.data = data
    }

    func run() throws -> [ImportedFile] {
        [
            try show(.cities) { file, source, progress in
                // Place names are text, even the one of the town that is called 1770.
                try db.importCSV(
                    from: file, into: "cities", columns: CSVFeatureColumns(infersTypes: false),
                    by: source, progress: progress)
            },
            try show(.earthquakes) { file, source, progress in
                try db.importCSV(
                    from: file, into: "earthquakes",
                    columns: CSVFeatureColumns(id: "id", time: "time"),
                    by: source, progress: progress)
            },
            try show(.countries) { file, source, progress in
                try db.importGeoJSON(from: file, into: "countries", by: source, progress: progress)
            },
            try show(.stations) { file, source, progress in
                try db.importGeoJSON(from: file, into: "stations", by: source, progress: progress)
            },
            try show(.weather) { file, source, progress in
                // One series a station: weather/EWR, weather/JFK and weather/LGA.
                try db.importCSV(
                    from: file, intoSeries: "weather",
                    columns: CSVPointColumns(
                        time: "time", fields: Self.weatherFields, series: "station"),
                    by: source, progress: progress)
            },
        ]
    }

    private static let weatherFields = [
        "temp_f", "dewpoint_f", "humidity_pct", "wind_dir_deg", "wind_speed_mph", "wind_gust_mph",
        "precip_in", "pressure_hpa", "visibility_mi",
    ]

    private typealias Work = (URL, Provenance, @escaping (ImportProgress) -> Void) throws ->
        ImportReport

    private func show(_ file: SampleFile, _ work: Work) throws -> ImportedFile {
        let bar = ProgressBar(file.what)
        let report = try work(data.url(file), file.provenance) { progress in
            bar.show(progress.fraction ?? 0, Console.number(progress.count))
        }
        let records = report.features + report.points
        let noun = report.points > 0 ? "points of \(report.series) series" : "features"
        let elapsed = bar.finish { elapsed in
            let transactions =
                report.batches == 1 ? "1 transaction" : "\(report.batches) transactions"
            return "\(Console.pad(Console.number(records), -8)) \(noun), "
                + "\(transactions), \(Console.time(elapsed))"
        }
        return ImportedFile(file: file, records: records, elapsed: elapsed)
    }
}
